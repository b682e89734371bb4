//! STUN and TURN servers that clients are told of.
//!
//! Credentials for TURN are made for each participant and expire (coturn's `use-auth-secret`; draft-uberti-behave-turn-rest-00):
//! the user name is when they do and who they are for, the password is its HMAC-SHA-1 under the shared secret.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use livekit_protocol as proto;
use sha1::Sha1;

use super::settings::IceServers;
use crate::{
    config::{Rtc, Secret},
    domain::Identity,
};

/// Longer than most calls; a client that reconnects gets new ones.
const LIFETIME: Duration = Duration::from_secs(6 * 3600);

/// What [`Rtc`] says, with fresh credentials for each who asks.
pub(super) fn servers(rtc: &Rtc) -> IceServers {
    let (urls, secret) = (rtc.ice_servers.clone(), rtc.turn_secret.clone());
    Arc::new(move |now, identity| make(&urls, secret.as_ref(), now, identity))
}

fn make(urls: &[String], secret: Option<&Secret>, now: SystemTime, identity: &Identity) -> Vec<proto::IceServer> {
    let (turn, stun): (Vec<_>, Vec<_>) = urls.iter().cloned().partition(|url| url.starts_with("turn"));
    let mut servers = Vec::new();
    if !stun.is_empty() {
        servers.push(proto::IceServer { urls: stun, ..Default::default() });
    }
    if !turn.is_empty() {
        let (username, credential) = secret.map(|secret| credentials(secret, now, identity)).unwrap_or_default();
        servers.push(proto::IceServer { urls: turn, username, credential });
    }
    servers
}

fn credentials(secret: &Secret, now: SystemTime, identity: &Identity) -> (String, String) {
    let expires = (now + LIFETIME).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let username = format!("{expires}:{identity}");
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(username.as_bytes());
    (username, BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(urls: &[&str], secret: Option<&str>) -> Vec<proto::IceServer> {
        let rtc = Rtc {
            ice_servers: urls.iter().map(|url| (*url).to_owned()).collect(),
            turn_secret: secret.map(|secret| secret.to_owned().into()),
            ..Rtc::default()
        };
        servers(&rtc)(UNIX_EPOCH + Duration::from_secs(1_700_000_000), &"ann".parse().unwrap())
    }

    #[test]
    fn turn_servers_come_with_credentials_and_stun_servers_without() {
        assert_eq!(told(&[], Some("secret")), []);
        let servers = told(&["stun:a:3478", "turn:b:3478?transport=udp", "turns:b:5349"], Some("north"));
        let [stun, turn] = servers.as_slice() else { panic!("{servers:?}") };
        assert_eq!((stun.urls.len(), stun.username.as_str(), stun.credential.as_str()), (1, "", ""));
        assert_eq!((turn.urls.len(), turn.username.as_str()), (2, "1700021600:ann"));
        // openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(turn.credential, "K6lS7LoP2yKCeEEOjRvX/cKxP3M=");
        assert_eq!(told(&["turn:b:3478"], None)[0].credential, "");
    }
}
