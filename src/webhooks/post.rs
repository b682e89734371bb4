//! One signed request. The token in `Authorization` vouches for the body: it has its SHA-256, and LiveKit's receivers
//! compare.

use std::time::{Duration, SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Client, StatusCode, header, redirect, retry};
use sha2::{Digest, Sha256};
use url::Url;

use super::queue::{Outcome, Post};
use crate::rooms::token::{self, Keys};

/// Its own media type, so that receivers check the signature before they parse.
const MEDIA_TYPE: &str = "application/webhook+json";
/// A receiver that takes longer is tried again.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes requests. Clones share the connections.
#[derive(Clone, Debug)]
pub(super) struct Poster {
    client: Client,
    keys: Keys,
}

impl Poster {
    /// Certificates are the system's (or SSL_CERT_FILE), and so are proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
    pub(super) fn new(keys: Keys) -> reqwest::Result<Self> {
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("callstead/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(retry::never());
        Ok(Self { client: client.build()?, keys })
    }

    pub(super) async fn post(&self, url: Url, post: &Post) -> Outcome {
        let name = post.notice.name();
        let body = match post.notice.body(post.dropped) {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(webhook.event = name, %error, "an event has no form in JSON");
                return Outcome::Refused;
            }
        };
        let token = signature(&self.keys, &body, SystemTime::now());
        let request = self.client.post(url).header(header::AUTHORIZATION, token);
        match request.header(header::CONTENT_TYPE, MEDIA_TYPE).body(body).send().await {
            Ok(response) => {
                let outcome = judge(response.status());
                tracing::debug!(webhook.event = name, http.status = response.status().as_u16(), ?outcome, "a webhook");
                outcome
            }
            Err(error) => {
                // Without the address, which may hold a secret.
                tracing::info!(webhook.event = name, error = ?error.without_url(), "a webhook does not arrive");
                Outcome::Busy
            }
        }
    }
}

fn signature(keys: &Keys, body: &[u8], now: SystemTime) -> String {
    token::mint_for_body(keys, BASE64_STANDARD.encode(Sha256::digest(body)), now)
}

/// What may pass is tried again: too many requests, and the receiver's own trouble.
fn judge(status: StatusCode) -> Outcome {
    match status {
        _ if status.is_success() => Outcome::Taken,
        StatusCode::TOO_MANY_REQUESTS => Outcome::Busy,
        StatusCode::NOT_IMPLEMENTED => Outcome::Refused,
        _ if status.is_server_error() => Outcome::Busy,
        _ => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, expect) in [
            (200, Outcome::Taken),
            (204, Outcome::Taken),
            (302, Outcome::Refused),
            (404, Outcome::Refused),
            (429, Outcome::Busy),
            (500, Outcome::Busy),
            (501, Outcome::Refused),
            (503, Outcome::Busy),
        ] {
            assert_eq!(judge(StatusCode::from_u16(status).unwrap()), expect, "{status}");
        }
    }

    #[test]
    fn the_token_vouches_for_the_body() {
        let secret = "secret-of-the-tests-32-bytes-long".to_owned();
        let keys = Keys { api_key: "APItest".to_owned(), api_secret: secret.into() };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let token = signature(&keys, b"{}", now);
        let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        // printf '{}' | openssl dgst -sha256 -binary | base64
        assert_eq!(claims["sha256"], "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
        assert_eq!((&claims["iss"], &claims["exp"]), (&"APItest".into(), &1300.into()));
        assert!(claims.get("video").is_none() && claims.get("sub").is_none());
    }
}
