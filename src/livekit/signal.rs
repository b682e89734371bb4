//! The signal connection: a WebSocket to `/rtc`, opened and carried. Messages out go through a bounded queue and a task of
//! their own, so that a server that reads nothing keeps no clock waiting.

use std::{io, net::IpAddr, time::Duration};

use futures_util::{SinkExt, StreamExt, stream::SplitStream};
use livekit_protocol as proto;
use prost::Message as _;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};
use url::Url;

use super::Trust;
use crate::config::Secret;

/// To the first answer, at the most.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest message; livekit-server's limit.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Messages that the server has not taken yet.
const WAITING: usize = 64;
/// LiveKit's protocol: 18 would mean data channels that are negotiated beforehand.
pub const PROTOCOL: &str = "17";

/// Why there is no signal connection, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// Not an address of a LiveKit server.
    #[error("'{0}' is no address of a LiveKit server: give one such as wss://host or ws://host:port")]
    Address(String),
    /// It may be another server.
    #[error("the server's certificate is not good ({0}): give the certificate of its authority with --ca FILE")]
    Certificate(rustls::CertificateError),
    /// Nobody is there.
    #[error("cannot reach {address}: {source}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The server does not let us in: the token may be for another server.
    #[error("the server refuses the connection: HTTP status {0}")]
    Refused(u16),
    /// What it says is no WebSocket.
    #[error("the signal connection failed: {0}")]
    WebSocket(Box<tungstenite::Error>),
    /// It does not answer.
    #[error("the server does not answer")]
    Silent,
    /// A message cannot be understood.
    #[error("the server sent a message that is none")]
    Malformed,
    /// The server closed it.
    #[error("the server closed the signal connection")]
    Closed,
    /// The server does not read.
    #[error("the server takes no more messages")]
    Full,
}

/// An open signal connection.
pub(super) struct Signal {
    incoming: SplitStream<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    outgoing: mpsc::Sender<Message>,
    /// This machine's end of it: what a socket for media to the same server is bound to.
    pub(super) local: IpAddr,
}

impl Signal {
    /// Joins with `token` at `server`, the address that LiveKit's tools call `LIVEKIT_URL`. With `wss` or `https` it has to show a
    /// certificate that `trust` believes.
    ///
    /// # Errors
    /// See [`SignalError`].
    pub(super) async fn open(server: &str, token: &Secret, trust: &Trust) -> Result<Self, SignalError> {
        let url = address(server, token)?;
        timeout(PATIENCE, Self::connect(&url, trust)).await.map_err(|_| SignalError::Silent)?
    }

    async fn connect(url: &Url, trust: &Trust) -> Result<Self, SignalError> {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80));
        let unreachable = |source| SignalError::Unreachable { address: format!("{host}:{port}"), source };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<_> = lookup_host((bare, port)).await.map_err(unreachable)?.collect();
        let stream = TcpStream::connect(&addresses[..]).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let local = stream.local_addr().map_err(unreachable)?.ip();
        let config = WebSocketConfig::default().max_message_size(Some(MOST_BYTES)).max_frame_size(Some(MOST_BYTES));
        // Where the address is one without TLS, that is not used.
        let connector = Connector::Rustls(trust.config());
        let opened = client_async_tls_with_config(url.as_str(), stream, Some(config), Some(connector)).await;
        let (socket, _) = opened.map_err(refusal)?;
        let (mut sink, incoming) = socket.split();
        let (outgoing, mut waiting) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            while let Some(message) = waiting.recv().await {
                if sink.send(message).await.is_err() {
                    return;
                }
            }
            // The other side may be gone already.
            let _ = sink.close().await;
        });
        Ok(Self { incoming, outgoing, local })
    }

    /// Never waits.
    ///
    /// # Errors
    /// When the server does not read, or is gone.
    pub(super) fn send(&self, request: &proto::SignalRequest) -> Result<(), SignalError> {
        let message = Message::Binary(request.encode_to_vec().into());
        self.outgoing.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SignalError::Full,
            mpsc::error::TrySendError::Closed(_) => SignalError::Closed,
        })
    }

    /// The server's next message. May be dropped and asked again.
    ///
    /// # Errors
    /// When the connection is over.
    pub(super) async fn receive(&mut self) -> Result<proto::SignalResponse, SignalError> {
        loop {
            match self.incoming.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    return proto::SignalResponse::decode(bytes).map_err(|_| SignalError::Malformed);
                }
                // The WebSocket itself answers pings with its next message.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Err(SignalError::Closed),
                Some(Err(error)) => return Err(SignalError::WebSocket(Box::new(error))),
            }
        }
    }
}

/// Why no connection is opened.
fn refusal(error: tungstenite::Error) -> SignalError {
    let tls = match &error {
        tungstenite::Error::Http(response) => return SignalError::Refused(response.status().as_u16()),
        tungstenite::Error::Io(error) => error.get_ref().and_then(|source| source.downcast_ref()),
        tungstenite::Error::Tls(tungstenite::error::TlsError::Rustls(error)) => Some(&**error),
        _ => None,
    };
    match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => SignalError::Certificate(reason.clone()),
        _ => SignalError::WebSocket(Box::new(error)),
    }
}

/// Where to join: the query has the token in it, so that it is for no log.
fn address(server: &str, token: &Secret) -> Result<Url, SignalError> {
    let bad = || SignalError::Address(server.to_owned());
    let mut url: Url = server.parse().map_err(|_| bad())?;
    let scheme = match url.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err(bad()),
    };
    if !url.has_host() || url.set_scheme(scheme).is_err() {
        return Err(bad());
    }
    let path = format!("{}/rtc", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_fragment(None);
    url.query_pairs_mut()
        .clear()
        .append_pair("access_token", token.reveal())
        .append_pair("protocol", PROTOCOL)
        .append_pair("auto_subscribe", "1")
        .append_pair("sdk", "rust")
        .append_pair("version", env!("CARGO_PKG_VERSION"));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_signal_connection() {
        let token = Secret::from("a.b.c");
        for (server, expected) in [
            ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880/rtc"),
            ("http://localhost:8080/", "ws://localhost:8080/rtc"),
            ("http://[::1]:8080/livekit/", "ws://[::1]:8080/livekit/rtc"),
            ("wss://livekit.example", "wss://livekit.example/rtc"),
            ("https://livekit.example:7880/", "wss://livekit.example:7880/rtc"),
        ] {
            let url = address(server, &token).unwrap();
            let (before, query) = url.as_str().split_once('?').unwrap();
            assert_eq!(before, expected);
            assert!(query.starts_with("access_token=a.b.c&protocol=17&"), "{query}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let refused = |server: &str| address(server, &Secret::from("t")).unwrap_err().to_string();
        for server in ["", "localhost:7880", "ftp://localhost", "nonsense"] {
            assert!(refused(server).contains("no address of a LiveKit server"), "{server}");
        }
    }
}
