//! Hosts of other programs, as an administrator lists those that may be asked.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

/// Longest name of a host (RFC 1035) with a port behind it.
const LONGEST: usize = 253 + ":65535".len();

/// A host, with its port unless that is the one of HTTPS: `crm.example.com`, `127.0.0.1:8080`. Names are in lower case and, where
/// they are not ASCII, in Punycode.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// What is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a host such as crm.example.com or 127.0.0.1:8080, without https://, path or wildcards")]
pub struct BadHost;

impl Host {
    /// The host that has to be listed for this address to be asked. `None`: it may never be, for it is neither HTTPS nor on
    /// this machine.
    pub fn of(url: &Url) -> Option<Self> {
        let name = url.host_str().filter(|name| !name.is_empty())?;
        match url.scheme() {
            "https" => Some(Self(url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}")))),
            "http" if is_this_machine(url) => Some(Self(format!("{name}:{}", url.port_or_known_default()?))),
            _ => None,
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// By its name alone: what a name is resolved to is not asked.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(url::Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}

impl FromStr for Host {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        let text = text.trim();
        // What an address could hold besides, and what its reader would pass over.
        let is_strange = |c: char| c.is_control() || c.is_whitespace() || "/\\?#@*%".contains(c);
        if text.is_empty() || text.len() > LONGEST || text.contains(is_strange) {
            return Err(BadHost);
        }
        let url: Url = format!("https://{text}/").parse().map_err(|_| BadHost)?;
        Self::of(&url).ok_or(BadHost)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_into_one_form() {
        for (text, host) in [
            ("crm.example.com", "crm.example.com"),
            (" CRM.Example.com ", "crm.example.com"),
            ("crm.example.com:443", "crm.example.com"),
            ("crm.example.com:8443", "crm.example.com:8443"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:8080", "[::1]:8080"),
            ("münchen.example", "xn--mnchen-3ya.example"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().as_str(), host, "{text}");
        }
        let long = "x".repeat(300);
        for text in [
            "",
            " ",
            ":8080",
            "https://crm.example.com",
            "crm.example.com/path",
            "crm.example.com?x",
            "me@crm.example.com",
            "*.example.com",
            "a b",
            "a\tb",
            "crm.example.com:99999",
            "%41.example.com",
            &long,
        ] {
            assert_eq!(text.parse::<Host>(), Err(BadHost), "{text}");
        }
    }

    #[test]
    fn an_address_is_asked_by_https_or_on_this_machine() {
        for (url, host) in [
            ("https://crm.example.com/x?y", Some("crm.example.com")),
            ("https://CRM.example.com:443/", Some("crm.example.com")),
            ("https://crm.example.com:8443/", Some("crm.example.com:8443")),
            ("https://me:pass@crm.example.com/", Some("crm.example.com")),
            ("http://127.0.0.1:8080/", Some("127.0.0.1:8080")),
            ("http://127.8.9.1/", Some("127.8.9.1:80")),
            ("http://localhost:8080/", Some("localhost:8080")),
            ("http://[::1]:8080/", Some("[::1]:8080")),
            ("http://crm.example.com/", None),
            ("http://localhost.example.com:8080/", None),
            ("http://192.168.0.1:8080/", None),
            ("ftp://localhost:21/", None),
            ("file:///etc/passwd", None),
            ("data:,x", None),
        ] {
            let found = Host::of(&url.parse().unwrap());
            assert_eq!(found.as_ref().map(Host::as_str), host, "{url}");
            // Whoever lists what is found lists it as it is.
            assert!(found.is_none_or(|host| host.as_str().parse() == Ok(host)), "{url}");
        }
    }
}
