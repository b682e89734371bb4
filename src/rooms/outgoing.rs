//! Messages on their way to one client. What waits is bounded in number and in bytes, until the socket takes it: a client
//! that does not read costs a little memory, and then its connection.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use livekit_protocol as proto;
use prost::Message as _;
use tokio::sync::mpsc;

/// Messages that wait for one client.
pub(super) const MOST_MESSAGES: usize = 128;
/// Their bytes. The first messages tell of all who are in the room, at most twice what these may say about themselves.
pub(super) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A queue for one client.
pub(super) fn queue() -> (Sender, Outgoing) {
    let (sender, receiver) = mpsc::channel(MOST_MESSAGES);
    (Sender { messages: sender, waiting: Arc::default() }, Outgoing(receiver))
}

/// Where a room puts messages.
#[derive(Debug)]
pub(super) struct Sender {
    messages: mpsc::Sender<Outbound>,
    waiting: Arc<AtomicUsize>,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The client does not read.
    Full,
    /// The client is gone.
    Closed,
}

impl Sender {
    /// Never waits. A message to many is shared by all of them, and counts for each.
    pub(super) fn try_send(&self, response: Arc<proto::SignalResponse>) -> Result<(), NotSent> {
        let bytes = response.encoded_len();
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        // Given back when it is dropped, unsent too.
        let share = Share { bytes, waiting: self.waiting.clone() };
        if before.saturating_add(bytes) > MOST_BYTES {
            return Err(NotSent::Full);
        }
        self.messages.try_send(Outbound { response, share }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotSent::Full,
            mpsc::error::TrySendError::Closed(_) => NotSent::Closed,
        })
    }
}

/// What to send to a client, in order.
#[derive(Debug)]
pub struct Outgoing(mpsc::Receiver<Outbound>);

impl Outgoing {
    /// The next message; `None` when the server has closed the connection. Cancel safe.
    pub async fn recv(&mut self) -> Option<Outbound> {
        self.0.recv().await
    }

    #[cfg(test)]
    pub(super) fn try_recv(&mut self) -> Option<Outbound> {
        self.0.try_recv().ok()
    }
}

/// A message. It counts as waiting until it, or its [bytes](Self::into_bytes), are dropped.
#[derive(Debug)]
pub struct Outbound {
    response: Arc<proto::SignalResponse>,
    share: Share,
}

impl Outbound {
    /// As it goes over the wire.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(Encoded { bytes: self.response.encode_to_vec(), _share: self.share })
    }

    /// What it says.
    #[cfg(test)]
    pub(super) fn message(&self) -> Option<proto::signal_response::Message> {
        self.response.message.clone()
    }
}

struct Encoded {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A part of what may wait.
#[derive(Debug)]
struct Share {
    bytes: usize,
    waiting: Arc<AtomicUsize>,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proto::signal_response::Message;

    use super::*;

    fn token(bytes: usize) -> Arc<proto::SignalResponse> {
        Arc::new(proto::SignalResponse { message: Some(Message::RefreshToken("x".repeat(bytes))) })
    }

    #[test]
    fn neither_messages_nor_bytes_pile_up() {
        for (bytes, expect) in [(10, MOST_MESSAGES), (MOST_BYTES / 4, 3), (MOST_BYTES, 0)] {
            let (sender, mut outgoing) = queue();
            let message = token(bytes);
            let sent = (0..1000).take_while(|_| sender.try_send(message.clone()).is_ok()).count();
            assert_eq!(sent, expect, "{bytes} bytes");
            assert_eq!(sender.try_send(message.clone()), Err(NotSent::Full));
            assert_eq!(std::iter::from_fn(|| outgoing.try_recv()).count(), sent);
            assert_eq!(
                sender.waiting.load(Ordering::Relaxed),
                0,
                "what was read, and what was refused, counts no more"
            );
        }
    }

    #[test]
    fn what_a_socket_has_not_taken_still_waits() {
        let (sender, mut outgoing) = queue();
        sender.try_send(token(1000)).unwrap();
        let bytes = outgoing.try_recv().unwrap().into_bytes();
        assert_eq!(proto::SignalResponse::decode(bytes.clone()).unwrap(), *token(1000));
        assert_eq!(sender.waiting.load(Ordering::Relaxed), bytes.len());
        drop(bytes);
        assert_eq!(sender.waiting.load(Ordering::Relaxed), 0);
        drop(outgoing);
        assert_eq!(sender.try_send(token(1)), Err(NotSent::Closed));
    }
}
