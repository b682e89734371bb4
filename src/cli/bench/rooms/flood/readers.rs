//! Those who join, ask and ask, and never read what they are told: what the server has for them piles up until it has
//! enough of them. All are in one room, where each is told of all the others.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::SinkExt;
use livekit_protocol::{self as proto, signal_request::Message as Request};
use prost::Message as _;
use serde::Serialize;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout, timeout_at},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::{Answer, Count, PATIENCE, Target, ticks, upgrade};

/// How many there are at a time.
const READERS: usize = 20;
/// Each asks so often.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// Who is sent away is back after so long.
const COME_BACK: Duration = Duration::from_secs(1);
/// What others are to be told of each, in bytes.
const METADATA_BYTES: usize = 4096;
/// The least that the system keeps for one who does not read, in bytes: the server's own buffers are what is to fill.
const RECEIVE_BYTES: u32 = 4096;
const ROOM: &str = "slow";

/// How they fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Readers {
    #[serde(flatten)]
    pub(super) joins: Count,
    /// Sent away by the server after it had let them in.
    pub(super) cut_off: u64,
}

/// All of them, until then.
pub(super) async fn flood(target: &Arc<Target>, until: Instant) -> Readers {
    let mut running = JoinSet::new();
    for _ in 0..READERS {
        running.spawn(come_again(Arc::clone(target), until));
    }
    let mut all = Readers::default();
    for one in running.join_all().await {
        all.joins.add(one.joins);
        all.cut_off += one.cut_off;
    }
    all
}

async fn come_again(target: Arc<Target>, until: Instant) -> Readers {
    let mut readers = Readers::default();
    while Instant::now() < until {
        match timeout(PATIENCE, join(&target)).await.unwrap_or(Err(Answer::Missing)) {
            Ok(socket) => {
                readers.joins.note(Answer::LetIn);
                readers.cut_off += u64::from(ask(socket, until).await);
            }
            Err(answer) => readers.joins.note(answer),
        }
        sleep(COME_BACK).await;
    }
    readers
}

async fn join(target: &Target) -> Result<WebSocketStream<TcpStream>, Answer> {
    let url = target.place.signal("/rtc", &target.tokens.talkative(ROOM), None);
    let stream = connect(target.address).await.map_err(|_| Answer::Missing)?;
    upgrade(stream, &url).await
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    socket.connect(address).await
}

/// Asks until then and reads nothing. Whether the server ended it before.
async fn ask(mut socket: WebSocketStream<TcpStream>, until: Instant) -> bool {
    let asking = async {
        let mut ticks = ticks(ASK_EVERY);
        for nth in 0.. {
            ticks.tick().await;
            if socket.send(question(nth)).await.is_err() {
                return;
            }
        }
    };
    timeout_at(until.into(), asking).await.is_ok()
}

/// What is answered to who asks, and what all in the room are told of, in turn.
fn question(nth: u32) -> Message {
    let request = if nth.is_multiple_of(2) {
        Request::PingReq(proto::Ping { timestamp: nth.into(), rtt: 0 })
    } else {
        let metadata = format!("{nth:0METADATA_BYTES$}");
        Request::UpdateMetadata(proto::UpdateParticipantMetadata { metadata, request_id: nth, ..Default::default() })
    };
    Message::Binary(proto::SignalRequest { message: Some(request) }.encode_to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_ones_that_the_server_understands() {
        let asked = |nth| crate::rooms::signal::request(&question(nth).into_data()).unwrap().message;
        assert!(matches!(asked(0), Some(Request::PingReq(_))));
        let Some(Request::UpdateMetadata(first)) = asked(1) else { panic!("metadata are changed") };
        let Some(Request::UpdateMetadata(next)) = asked(3) else { panic!("metadata are changed") };
        assert_eq!(first.metadata.len(), METADATA_BYTES);
        assert_ne!(first.metadata, next.metadata, "what is the same is not told again");
    }
}
