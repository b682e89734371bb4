//! What every response tells the browser not to do.

use actix_web::middleware::DefaultHeaders;

use crate::config::TlsMode;

/// Everything comes from this server and nothing is inline, so that words of a caller that end up in a page stay words.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Half a year. Only for a certificate of the owner's: a browser that does not trust one made here could not go on any more.
const TRANSPORT_SECURITY: &str = "max-age=15552000";

pub(super) fn security(tls: &TlsMode) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("Content-Security-Policy", CONTENT_SECURITY_POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "DENY"))
        // To no other site. With `no-referrer` a browser would not say either where a form of ours comes from.
        .add(("Referrer-Policy", "same-origin"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
        .add(("Permissions-Policy", "camera=(), geolocation=(), microphone=(self)"));
    match tls {
        TlsMode::Files { .. } => headers.add(("Strict-Transport-Security", TRANSPORT_SECURITY)),
        TlsMode::Off | TlsMode::SelfSigned => headers,
    }
}
