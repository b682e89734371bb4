//! Which server may be flooded: one on this machine, so that nobody else is by mistake; and its addresses.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use tokio::{net::TcpStream, time::timeout};
use url::{Host, Url};

use super::PATIENCE;
use crate::livekit::PROTOCOL;

/// The address of a server on this machine, without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::bench::rooms) struct Place(Url);

impl Place {
    /// Names count as elsewhere, whatever they lead to, but for `localhost`.
    ///
    /// # Errors
    /// For every address that is not a loopback one.
    pub(in crate::cli::bench::rooms) fn parse(server: &str) -> anyhow::Result<Self> {
        let url: Url = server.parse().with_context(|| format!("'{server}' is no address of a LiveKit server"))?;
        let is_here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        ensure!(is_here, "--flood is for a server on this machine only: give --url ws://127.0.0.1:PORT, or none");
        let is_plain = matches!(url.scheme(), "ws" | "http");
        ensure!(is_plain, "--flood needs a server without TLS: give --url ws://127.0.0.1:PORT, or none");
        Ok(Self(url))
    }

    /// The same by the address that answers, and that address.
    ///
    /// # Errors
    /// When nobody is there.
    pub(super) async fn resolved(&self) -> anyhow::Result<(Self, SocketAddr)> {
        let host = self.0.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = self.0.port_or_known_default().unwrap_or(80);
        let connected = timeout(PATIENCE, TcpStream::connect((bare, port))).await;
        let stream =
            connected.context("the server does not answer")?.with_context(|| format!("cannot reach {host}"))?;
        let address = stream.peer_addr()?;
        ensure!(address.ip().is_loopback(), "{host} is not this machine: --flood is for a server on it only");
        Ok((self.at(address), address))
    }

    fn at(&self, address: SocketAddr) -> Self {
        let mut url = self.0.clone();
        url.set_ip_host(address.ip()).expect("an address with a host can have another one");
        Self(url)
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where to ask by HTTP.
    pub(super) fn http(&self, path: &str, query: &[(&str, &str)]) -> Url {
        self.url("http", path, query)
    }

    /// Where to join.
    pub(super) fn signal(&self, path: &str, token: &str, wanted: Option<&str>) -> Url {
        let mut query = vec![("access_token", token), ("protocol", PROTOCOL), ("auto_subscribe", "1")];
        query.extend(wanted.map(|wanted| ("join_request", wanted)));
        self.url("ws", path, &query)
    }

    fn url(&self, scheme: &str, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        url.set_scheme(scheme).expect("ws and http can take each other's place");
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url.set_fragment(None);
        url.set_query(None);
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }
}

/// Whether media that go to this address stay on this machine.
///
/// # Errors
/// When they do not.
pub(super) fn check_media(media: SocketAddr) -> anyhow::Result<()> {
    let ip = media.ip().to_canonical();
    let is_here = ip.is_loopback() || if_addrs::get_if_addrs()?.iter().any(|interface| interface.ip() == ip);
    ensure!(is_here, "the server's media go to {ip}, which is not this machine: --flood is for a server on it only");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_flooded() {
        for server in ["ws://127.0.0.1:7880", "http://localhost:8080/", "ws://[::1]:8080", "ws://127.8.9.1"] {
            assert!(Place::parse(server).is_ok(), "{server}");
        }
        for server in [
            "ws://192.0.2.1:7880",
            "ws://livekit.example",
            "ws://localhost.example",
            "ws://127.0.0.1.example",
            "ws://0.0.0.0:7880",
            "ws://[2001:db8::1]:7880",
            "wss://livekit.example",
        ] {
            let refused = Place::parse(server).unwrap_err().to_string();
            assert!(refused.contains("on this machine only"), "{server}: {refused}");
        }
        assert!(Place::parse("wss://localhost").unwrap_err().to_string().contains("without TLS"));
        assert!(Place::parse("nonsense").unwrap_err().to_string().contains("no address"));
        assert!(check_media("127.0.0.1:50000".parse().unwrap()).is_ok());
        let elsewhere = check_media("203.0.113.7:50000".parse().unwrap()).unwrap_err();
        assert!(elsewhere.to_string().contains("203.0.113.7"), "{elsewhere}");
    }

    #[test]
    fn addresses_keep_the_path_in_front() {
        let place = Place::parse("http://localhost:7880/livekit/?a=b#c").unwrap().at("[::1]:7880".parse().unwrap());
        let http = place.http("/rtc/validate", &[("access_token", "a.b")]);
        assert_eq!(http.as_str(), "http://[::1]:7880/livekit/rtc/validate?access_token=a.b");
        assert_eq!(place.http("/twirp", &[]).as_str(), "http://[::1]:7880/livekit/twirp");
        let signal = place.signal("/rtc/v1", "a.b", Some("x y"));
        let expected = "ws://[::1]:7880/livekit/rtc/v1?access_token=a.b&protocol=17&auto_subscribe=1&join_request=x+y";
        assert_eq!(signal.as_str(), expected);
    }
}
