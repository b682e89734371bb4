//! `[server]`: pages, API, and who may be in front of them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
};

use ipnet::IpNet;

use super::{
    ConfigError,
    layers::Settings,
    values::{self, Value, set, within},
};

pub(super) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
pub(super) const DEFAULT_RTC_PORT: u16 = 7882;
pub(super) const DEFAULT_REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("is not zero");

const ADDRESS: &str = "an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
const PUBLIC_URL: &str = "an address such as https://calls.example.com, without user, path, question mark and hash";
const PROXIES: &str = "a list of addresses and networks, such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
const RATE: &str = "a whole number from 1 to 1000000";
const ORIGINS: &str = "a list of origins, such as [\"https://app.example.com\"], without paths";

/// `[server]`
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// `listen`: address and port of the pages and the API.
    pub listen: SocketAddr,
    /// `rtc_port`: UDP (and ICE-TCP) port of the media.
    pub rtc_port: u16,
    /// `dev`: opens the caller-facing endpoints, on loopback only; for development.
    pub dev: bool,
    /// `public_calls`: whether callers of the page need no key, as rooms and identities are made here; `None`: as an
    /// administrator sets it in the desk.
    pub public_calls: Option<bool>,
    /// `public_url`: how callers reach this server, where it cannot know that itself; without a path.
    pub public_url: Option<String>,
    /// `trusted_proxies`: whose `Forwarded` and `X-Forwarded-*` headers count.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// `cors_origins`: whose pages may call the API from a browser.
    pub cors_origins: Vec<String>,
    /// `requests_per_second`: what one API key, one member of staff, or one address without either may ask for.
    pub requests_per_second: NonZeroU32,
}

impl Server {
    pub(super) fn defaults() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            rtc_port: DEFAULT_RTC_PORT,
            dev: false,
            public_calls: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            requests_per_second: DEFAULT_REQUESTS_PER_SECOND,
        }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.listen, written.read("server.listen", ADDRESS, |value| parse_address(value.text()?))?);
        set(&mut self.rtc_port, written.read("server.rtc_port", "a port from 0 to 65535", within(0, 65_535))?);
        set(&mut self.dev, written.read("server.dev", "true or false", Value::truth)?);
        self.public_calls = written.read("server.public_calls", "true or false", Value::truth)?;
        self.public_url = written.read("server.public_url", PUBLIC_URL, public_url)?;
        set(&mut self.trusted_proxies, written.read("server.trusted_proxies", PROXIES, |value| value.each(network))?);
        set(&mut self.cors_origins, written.read("server.cors_origins", ORIGINS, |value| value.each(origin))?);
        let rate = written.read("server.requests_per_second", RATE, within(1, 1_000_000))?;
        set(&mut self.requests_per_second, rate.and_then(NonZeroU32::new));
        Ok(())
    }
}

/// An address to listen on; `localhost` is understood.
pub fn parse_address(text: &str) -> Option<SocketAddr> {
    match text.trim().strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?)),
        None => text.trim().parse().ok(),
    }
}

/// Has no path: the addresses on our own pages begin at the root.
fn public_url(value: &Value) -> Option<String> {
    origin(value.text()?)
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().map(IpAddr::into).ok())
}

/// As browsers write it: `https://app.example.com`, `http://localhost:3000`.
fn origin(text: &str) -> Option<String> {
    let address = values::parse_web_address(text)?;
    let origin = address.origin().ascii_serialization();
    (address.as_str().trim_end_matches('/') == origin).then_some(origin)
}
