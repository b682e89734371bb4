//! Where clients reach this server, as they see it themselves: what is set, else what the request says. Proxies may say it
//! for the client, but only those that are known: anybody can write a header.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    HttpRequest,
    http::{
        header::{self, HeaderMap},
        uri::Authority,
    },
};
use ipnet::IpNet;

use super::State;
use crate::config::TlsMode;

/// The address of the signal connection: `wss://calls.example.com`.
pub(super) fn signal_url(state: &State, request: &HttpRequest) -> String {
    let server = &state.config.server;
    if let Some(url) = &server.public_url {
        return as_websocket(url);
    }
    let peer = request.peer_addr().map(|address| address.ip());
    let seen = Seen::of(peer, request.headers(), &server.trusted_proxies);
    let is_tls = seen.is_tls.unwrap_or(state.config.tls.mode != TlsMode::Off);
    let host = seen.host.unwrap_or_else(|| request.app_config().local_addr().to_string());
    format!("{}://{host}", if is_tls { "wss" } else { "ws" })
}

/// Where this server's own pages are from, as a browser says it: `https://calls.example.com`.
pub(super) fn origin(state: &State, request: &HttpRequest) -> String {
    let url = signal_url(state, request).replacen("ws", "http", 1);
    let path = url.find("://").and_then(|at| url[at + 3..].find('/').map(|slash| at + 3 + slash));
    path.map_or(url.as_str(), |path| &url[..path]).to_owned()
}

/// The address of a page of this server, as somebody elsewhere opens it; behind a proxy it may have a path before.
pub(super) fn page_url(state: &State, request: &HttpRequest, path: &str) -> String {
    format!("{}{path}", signal_url(state, request).replacen("ws", "http", 1))
}

/// Whose request it is: the other side of the connection, or whom a proxy that we trust names.
pub(super) fn client(state: &State, request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    Some(named_client(peer, request.headers(), &state.config.server.trusted_proxies))
}

/// A proxy writes one of the two headers and may pass the other on as the client wrote it. Where they name different clients
/// one of them is made up: whoever does that is no more than the proxy itself.
fn named_client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let forwarded = last(headers, "forwarded").and_then(|pairs| pairs.split(';').find_map(forwarded_for));
    let listed = last(headers, "x-forwarded-for").and_then(|text| text.parse::<IpAddr>().ok());
    match (forwarded, listed) {
        (Some(one), Some(other)) if one.to_canonical() != other.to_canonical() => peer,
        (one, other) => one.or(other).unwrap_or(peer),
    }
}

/// Whether somebody says that they pass a request on.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    let is_forwarding = |name: &str| name == "forwarded" || name.starts_with("x-forwarded-") || name == "x-real-ip";
    headers.keys().any(|name| is_forwarding(name.as_str()))
}

/// The proxy that passes a request on and is not listed: all of its clients are one for us. Only of this machine or a private
/// network: from elsewhere anybody may send such a header.
pub(super) fn unlisted_proxy(state: &State, request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let is_near = match peer {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    };
    let is_unlisted = is_near && !is_trusted(peer, &state.config.server.trusted_proxies);
    (is_unlisted && is_forwarded(request.headers())).then_some(peer)
}

/// The address in `for=192.0.2.1`, `for="[2001:db8::1]:4711"`.
fn forwarded_for(pair: &str) -> Option<IpAddr> {
    let (name, value) = pair.split_once('=')?;
    let value = value.trim().trim_matches('"');
    let address = || value.parse::<IpAddr>().ok().or_else(|| Some(value.parse::<SocketAddr>().ok()?.ip()));
    let bracketed = || value.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    if name.trim().eq_ignore_ascii_case("for") { address().or_else(bracketed) } else { None }
}

/// Whether `peer` is a proxy that may speak for its clients.
pub(super) fn is_trusted(peer: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&peer.to_canonical()))
}

fn as_websocket(url: &str) -> String {
    url.replacen("http", "ws", 1)
}

/// How the client reached the outermost proxy that we trust, as far as anybody says.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    host: Option<String>,
    is_tls: Option<bool>,
}

impl Seen {
    fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let direct = Self { host: text(headers, header::HOST.as_str()).and_then(host), is_tls: None };
        if !peer.is_some_and(|ip| is_trusted(ip, trusted)) {
            return direct;
        }
        let said = Self::forwarded(headers).unwrap_or_else(|| Self {
            host: last(headers, "x-forwarded-host").and_then(host),
            is_tls: last(headers, "x-forwarded-proto").and_then(is_tls),
        });
        Self { host: said.host.or(direct.host), is_tls: said.is_tls }
    }

    /// The `Forwarded` header (RFC 7239).
    fn forwarded(headers: &HeaderMap) -> Option<Self> {
        let mut seen = Self::default();
        for pair in last(headers, "forwarded")?.split(';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "host" => seen.host = host(value),
                "proto" => seen.is_tls = is_tls(value),
                _ => {}
            }
        }
        Some(seen)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The last entry of a list: what the proxy before us wrote itself. Those before it came from further away.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).last()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// A host, with a port or without, and nothing else: it becomes a part of an address.
fn host(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    (!authority.as_str().contains('@') && !authority.host().is_empty()).then(|| authority.to_string())
}

fn is_tls(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const PROXY: &str = "10.0.0.7";

    fn seen(peer: &str, headers: &[(&str, &str)]) -> (String, Option<bool>) {
        let mut request = TestRequest::default().insert_header(("host", "box:8080"));
        for header in headers {
            request = request.append_header(*header);
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let seen = Seen::of(peer.parse().ok(), request.to_http_request().headers(), &trusted);
        (seen.host.unwrap_or_default(), seen.is_tls)
    }

    #[test]
    fn only_known_proxies_speak_for_clients() {
        let says = [("x-forwarded-host", "calls.example.com"), ("x-forwarded-proto", "https")];
        let forwarded = [("forwarded", r#"for=192.0.2.1;Host="calls.example.com:8443";proto=https"#)];
        for (peer, headers, host, is_tls) in [
            (PROXY, &says[..], "calls.example.com", Some(true)),
            ("::ffff:10.0.0.7", &says, "calls.example.com", Some(true)),
            ("::1", &says, "calls.example.com", Some(true)),
            ("192.0.2.1", &says, "box:8080", None),
            ("", &says, "box:8080", None),
            (PROXY, &forwarded, "calls.example.com:8443", Some(true)),
            ("192.0.2.1", &forwarded, "box:8080", None),
            (PROXY, &[("x-forwarded-proto", "https")], "box:8080", Some(true)),
            // What came before the proxy's own word is a stranger's.
            (PROXY, &[("x-forwarded-host", "evil.example, calls.example.com")], "calls.example.com", None),
            (
                PROXY,
                &[("x-forwarded-host", "evil.example"), ("x-forwarded-host", "calls.example.com")],
                "calls.example.com",
                None,
            ),
            (PROXY, &[("forwarded", "host=evil.example, host=calls.example.com")], "calls.example.com", None),
            (PROXY, &[("x-forwarded-host", "user@calls.example.com")], "box:8080", None),
            (PROXY, &[("x-forwarded-host", "calls.example.com/path")], "box:8080", None),
            (PROXY, &[("x-forwarded-proto", "gopher")], "box:8080", None),
            (PROXY, &[], "box:8080", None),
        ] {
            assert_eq!(seen(peer, headers), (host.to_owned(), is_tls), "{peer} {headers:?}");
        }
    }

    #[test]
    fn nobody_chooses_an_address() {
        for (peer, headers, client) in [
            (PROXY, &[][..], PROXY),
            (PROXY, &[("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            (PROXY, &[("x-forwarded-for", "198.51.100.9, 192.0.2.1")], "192.0.2.1"),
            (PROXY, &[("forwarded", "for=198.51.100.9, for=192.0.2.1;proto=https")], "192.0.2.1"),
            (PROXY, &[("forwarded", r#"For="[2001:db8::1]:4711""#)], "2001:db8::1"),
            (PROXY, &[("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            (PROXY, &[("forwarded", "proto=https"), ("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            // A proxy that writes one of them passes the other on.
            (PROXY, &[("forwarded", "for=198.51.100.9"), ("x-forwarded-for", "192.0.2.1")], PROXY),
            ("192.0.2.7", &[("x-forwarded-for", "192.0.2.1")], "192.0.2.7"),
            ("192.0.2.7", &[("forwarded", "for=192.0.2.1")], "192.0.2.7"),
        ] {
            let request = headers.iter().fold(TestRequest::default(), |it, header| it.append_header(*header));
            let trusted = ["10.0.0.0/8".parse().unwrap()];
            let named = named_client(peer.parse().unwrap(), request.to_http_request().headers(), &trusted);
            assert_eq!(named.to_string(), client, "{peer} {headers:?}");
        }
    }

    #[test]
    fn a_set_address_becomes_one_for_websockets() {
        assert_eq!(as_websocket("https://http.example.com"), "wss://http.example.com");
        assert_eq!(as_websocket("http://box:8080"), "ws://box:8080");
    }
}
