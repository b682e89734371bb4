//! `[rtc]`: where media goes, and what helps it through firewalls.

use std::net::IpAddr;

use super::{
    ConfigError, Secret,
    layers::Settings,
    values::{self, Value, set},
};

const ADDRESSES: &str = "a list of IP addresses that callers can reach, such as [\"203.0.113.7\"]";
const ICE_SERVERS: &str = "a list of servers such as [\"stun:stun.example.com\", \"turn:turn.example.com:3478\"]";
const ICE_SCHEMES: [&str; 4] = ["stun", "stuns", "turn", "turns"];

/// `[rtc]`
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rtc {
    /// `addresses`: where callers reach the media port; those of this machine's interfaces unless set.
    pub addresses: Vec<IpAddr>,
    /// `ice_servers`: STUN and TURN servers that clients are told of (`stun:…`, `turn:…`, `turns:…`).
    pub ice_servers: Vec<String>,
    /// `remote_unmute`: whether the server API may unmute a track of somebody who muted it.
    pub remote_unmute: bool,
    /// `turn_secret`: shared with the TURN server, for credentials that expire (coturn's `use-auth-secret`).
    pub turn_secret: Option<Secret>,
}

impl Rtc {
    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.addresses, written.read("rtc.addresses", ADDRESSES, |value| value.each(reachable))?);
        set(&mut self.ice_servers, written.read("rtc.ice_servers", ICE_SERVERS, |value| value.each(ice_server))?);
        set(&mut self.remote_unmute, written.read("rtc.remote_unmute", "true or false", Value::truth)?);
        self.turn_secret = written.read("rtc.turn_secret", "a secret", values::words)?.map(Secret::from);
        // Browsers refuse a TURN server without credentials, and with it the whole call.
        if self.ice_servers.iter().any(|it| it.starts_with("turn")) && self.turn_secret.is_none() {
            return Err(written.incomplete("rtc.ice_servers", "names a TURN server: set rtc.turn_secret too"));
        }
        Ok(())
    }
}

fn reachable(text: &str) -> Option<IpAddr> {
    text.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast())
}

fn ice_server(text: &str) -> Option<String> {
    let (scheme, host) = text.split_once(':')?;
    (ICE_SCHEMES.contains(&scheme) && !host.is_empty() && !host.starts_with('/')).then(|| text.to_owned())
}
