//! LiveKit's access tokens: JWT, HS256 only, checked and made.
//!
//! Claims are those of LiveKit's SDKs: `iss` (API key), `sub` (identity), `nbf`, `exp`, `name`, `kind`, `metadata`,
//! `attributes`, `roomConfig`, `roomPreset` and the grants under `video`. `aud` and `iat` may be missing, as they are in LiveKit's tokens; an audience
//! that is there must be [`AUDIENCE`]. A token lets somebody into a room ([`verify`]), or use the server API
//! ([`verify_api`]), or both.

mod api;
mod claims;
mod keys;
#[cfg(test)]
mod tests;
mod wire;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};

use crate::domain::BadName;
pub use api::{ApiClaims, ApiGrants};
pub use claims::{Claims, Grants};
pub use keys::{Keys, KeysError, SHORTEST_SECRET};
use wire::WireClaims;

/// How far the clocks of who makes a token and of this machine may be apart. livekit-server takes a minute; a machine that
/// has any time service is within a second.
pub const LEEWAY: Duration = Duration::from_secs(10);
/// The only audience that a token may name.
pub const AUDIENCE: &str = "callstead";
/// Longest token: it travels in the address of a WebSocket, whose longest is 64 KiB.
pub const MAX_BYTES: usize = 56 * 1024;

/// Why a token is not accepted. The texts are safe to show to whoever brought it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts with JSON in them.
    #[error("this is not an access token: it must be a JWT with the claims of LiveKit's SDKs")]
    Malformed,
    /// Longer than [`MAX_BYTES`].
    #[error("the token is longer than {} KiB: put less into its metadata and attributes", MAX_BYTES / 1024)]
    TooLong,
    /// `none`, RS256, …
    #[error("the token must be signed with HS256")]
    Algorithm,
    /// Made with another secret, or changed since.
    #[error("the token's signature does not fit: make it with this server's API key and secret")]
    Signature,
    /// The secret is right, the key's name is not.
    #[error("the token's issuer is not this server's API key: make it with the key and secret that this server has")]
    Issuer,
    /// For somebody else.
    #[error("the token is for another audience: leave 'aud' out, or set it to '{AUDIENCE}'")]
    Audience,
    /// Valid for ever.
    #[error("the token has no expiry: add 'exp'")]
    NoExpiry,
    /// Too late.
    #[error("the token has expired: get a new one")]
    Expired,
    /// Too early.
    #[error("the token is not valid yet: if it was made just now, the clocks of the two machines differ")]
    NotYet,
    /// `roomJoin` is missing or false.
    #[error("the token does not allow to join a room: grant 'roomJoin'")]
    NoJoin,
    /// `room` is not a room's name.
    #[error("the token's room name {0}")]
    Room(BadName),
    /// `sub` is nobody's name.
    #[error("the token's identity (its subject) {0}")]
    Identity(BadName),
}

/// What `token` says, when it was made with `keys` and is valid at `now`, give or take [`LEEWAY`].
///
/// # Errors
/// See [`TokenError`].
pub fn verify(keys: &Keys, token: &str, now: SystemTime) -> Result<Claims, TokenError> {
    decode(keys, token, now)?.parse()
}

/// What `token` allows its holder to do with the server API; it need not be for joining a room. See [`verify`].
///
/// # Errors
/// See [`TokenError`].
pub fn verify_api(keys: &Keys, token: &str, now: SystemTime) -> Result<ApiClaims, TokenError> {
    Ok(decode(keys, token, now)?.parse_api())
}

/// The claims of a token whose signature, issuer, audience and times are right.
fn decode(keys: &Keys, token: &str, now: SystemTime) -> Result<WireClaims, TokenError> {
    if token.len() > MAX_BYTES {
        return Err(TokenError::TooLong);
    }
    check_algorithm(token)?;
    let mut validation = Validation::new(Algorithm::HS256);
    // Times and audience are checked below: against a clock that tests can set, and with an error of our own for each.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_secret(keys.api_secret.reveal().as_bytes());
    let claims = match jsonwebtoken::decode::<WireClaims>(token, &key, &validation) {
        Ok(token) => token.claims,
        Err(error) => {
            return Err(match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                _ => TokenError::Malformed,
            });
        }
    };
    if claims.iss.as_deref() != Some(keys.api_key.as_str()) {
        return Err(TokenError::Issuer);
    }
    if claims.aud.as_ref().is_some_and(|audience| !audience.contains(AUDIENCE)) {
        return Err(TokenError::Audience);
    }
    check_times(&claims, seconds(now))?;
    Ok(claims)
}

/// A token that says `claims`, signed with `keys`.
pub fn mint(keys: &Keys, claims: &Claims) -> String {
    sign(keys, &WireClaims::new(keys, claims))
}

/// A token that vouches for a body: what LiveKit's webhook receivers ask for in `Authorization`. `sha256` is the digest of
/// the body, in base64. Good for five minutes.
pub fn mint_for_body(keys: &Keys, sha256: String, now: SystemTime) -> String {
    sign(keys, &WireClaims::of_body(keys, sha256, seconds(now)))
}

fn sign(keys: &Keys, claims: &WireClaims) -> String {
    let key = EncodingKey::from_secret(keys.api_secret.reveal().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
        .expect("strings and numbers can be written as JSON, and HMAC takes a key of any length")
}

/// Asked first, because `none` is no name to the library: it would only call the token malformed.
fn check_algorithm(token: &str) -> Result<(), TokenError> {
    #[derive(serde::Deserialize)]
    struct Algorithm {
        alg: String,
    }
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
    let header: Algorithm = serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
    if header.alg == "HS256" { Ok(()) } else { Err(TokenError::Algorithm) }
}

fn check_times(claims: &WireClaims, now: u64) -> Result<(), TokenError> {
    let leeway = LEEWAY.as_secs();
    let Some(expires) = claims.expires() else { return Err(TokenError::NoExpiry) };
    if expires.saturating_add(leeway) <= now {
        return Err(TokenError::Expired);
    }
    if claims.not_before() > now.saturating_add(leeway) {
        return Err(TokenError::NotYet);
    }
    Ok(())
}

/// Since the Unix epoch, as tokens count; a clock that stands before it reads as the epoch.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
