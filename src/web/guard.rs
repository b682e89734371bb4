//! Development mode asks callers for nothing, so it serves this machine only: not a proxy in front, not a page of
//! another site that is open in the same browser, not a name that was made to point here (DNS rebinding).

use std::net::IpAddr;

use actix_web::{
    Error, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Uri,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web,
};

use super::{State, error, public};

pub(super) async fn local_only_in_dev<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let dev = request.app_data::<web::Data<State>>().is_some_and(|state| state.config.server.dev);
    let peer = request.peer_addr().map(|address| address.ip());
    match check(peer, request.uri(), request.headers()) {
        Err(reason) if dev => {
            let response = error::forbidden(request.request(), reason);
            Ok(request.into_response(response).map_into_right_body())
        }
        _ => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// Whether a program or a page of this machine asks, and not a proxy on it in somebody's name.
pub(super) fn is_from_this_machine(state: &State, request: &HttpRequest) -> bool {
    let peer = request.peer_addr().map(|address| address.ip());
    let is_proxy = peer.is_some_and(|peer| public::is_trusted(peer, &state.config.server.trusted_proxies));
    !is_proxy && check(peer, request.uri(), request.headers()).is_ok()
}

/// Says why a request is not from this machine.
fn check(peer: Option<IpAddr>, uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
    if !peer.is_some_and(|ip| ip.to_canonical().is_loopback()) {
        return Err("development mode serves this machine only");
    }
    if public::is_forwarded(headers) {
        return Err("development mode serves no proxy: the request carries a forwarding header");
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let named = [host, uri.authority().map(|authority| authority.as_str())];
    if host.is_none() || named.into_iter().flatten().any(|authority| !is_local(authority)) {
        return Err("development mode is reached as localhost only: the Host header names another machine");
    }
    for origin in headers.get_all(header::ORIGIN) {
        if !origin.to_str().is_ok_and(is_local_origin) {
            return Err("development mode serves no pages of other sites: the Origin header names one");
        }
    }
    Ok(())
}

/// Whether `origin` (`http://localhost:3000`) is a page of this machine.
pub(super) fn is_local_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, authority)| is_local(authority))
}

/// Whether `authority` (`localhost:8080`, `[::1]`) names this machine.
fn is_local(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<actix_web::http::uri::Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_this_machine_is_served() {
        let local = [("host", "localhost:8080")];
        for (peer, uri, headers, served) in [
            ("127.0.0.1", "/", &local[..], true),
            ("::1", "/", &[("host", "[::1]:8080")], true),
            ("::ffff:127.0.0.1", "/", &[("host", "127.0.0.1")], true),
            ("127.0.0.1", "/", &[("host", "app.localhost"), ("origin", "http://localhost:3000")], true),
            ("192.0.2.1", "/", &local, false),
            ("127.0.0.1", "/", &[], false),
            ("127.0.0.1", "/", &[("host", "attacker.example:8080")], false),
            ("127.0.0.1", "/", &[("host", "localhost.attacker.example")], false),
            ("127.0.0.1", "/", &[("host", "localhost@attacker.example")], false),
            ("127.0.0.1", "http://attacker.example/", &local, false),
            ("127.0.0.1", "/", &[("host", "localhost"), ("origin", "https://attacker.example")], false),
            ("127.0.0.1", "/", &[("host", "localhost"), ("origin", "null")], false),
            ("127.0.0.1", "/", &[("host", "localhost"), ("forwarded", "for=192.0.2.1")], false),
            ("127.0.0.1", "/", &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")], false),
            ("127.0.0.1", "/", &[("host", "localhost"), ("X-Forwarded-Proto", "https")], false),
        ] {
            let mut request = TestRequest::with_uri(uri);
            for header in headers {
                request = request.append_header(*header);
            }
            let request = request.to_http_request();
            let result = check(peer.parse().ok(), request.uri(), request.headers());
            assert_eq!(result.is_ok(), served, "{peer} {uri} {headers:?}: {result:?}");
        }
    }
}
