//! Calls that are under way, for who has something to say in one without being in its room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use crate::domain::{CallId, Pii, RoomName};

/// What is said into one call waits here until the call takes it; with more the call is busy.
const WAITING: usize = 8;

/// Something that is said for the caller, to be answered with the agent's words.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) text: Pii<String>,
    /// Dropped when the call ends before the answer.
    pub(super) answer: oneshot::Sender<Pii<String>>,
}

/// Why nothing was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No such call is under way.
    #[error("no such call is under way")]
    NoCall,
    /// Too much was said that is not answered yet.
    #[error("this call has enough to answer: try again in a moment")]
    Busy,
    /// The call ended before the answer.
    #[error("the call ended before this was answered")]
    Ended,
}

/// The calls. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Live(Arc<Mutex<HashMap<CallId, (RoomName, mpsc::Sender<Ask>)>>>);

/// A call's place among them: it is not under way any more when this is dropped.
#[derive(Debug)]
pub(super) struct Presence {
    live: Live,
    id: CallId,
    pub(super) asked: mpsc::Receiver<Ask>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.live.lock().remove(&self.id);
    }
}

impl Live {
    /// A call begins.
    pub(super) fn enter(&self, id: &CallId, room: &RoomName) -> Presence {
        let (sender, asked) = mpsc::channel(WAITING);
        self.lock().insert(id.clone(), (room.clone(), sender));
        Presence { live: self.clone(), id: id.clone(), asked }
    }

    /// Says `text` into the call of this id, or in the room of this name, and waits for the agent's answer.
    pub(super) async fn ask(&self, call: &str, text: Pii<String>) -> Result<Pii<String>, AskError> {
        let sender = {
            let calls = self.lock();
            let named = |(id, (room, _)): &(&CallId, &(RoomName, _))| id.as_str() == call || room.as_str() == call;
            calls.iter().find(named).map(|(_, (_, sender))| sender.clone())
        };
        let (answer, answered) = oneshot::channel();
        sender.ok_or(AskError::NoCall)?.try_send(Ask { text, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AskError::Busy,
            mpsc::error::TrySendError::Closed(_) => AskError::Ended,
        })?;
        answered.await.map_err(|_| AskError::Ended)
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, (RoomName, mpsc::Sender<Ask>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_found_by_its_id_and_its_room_as_long_as_it_lasts() {
        let (live, id, room) = (Live::default(), CallId::random(), "call-7".parse().unwrap());
        let mut presence = live.enter(&id, &room);
        for name in [id.as_str(), "call-7"] {
            let answer = async {
                let Ask { text, answer } = presence.asked.recv().await.unwrap();
                answer.send(Pii::new(format!("{}?", text.reveal()))).unwrap();
            };
            let (answer, ()) = tokio::join!(live.ask(name, Pii::new("Hello".to_owned())), answer);
            assert_eq!(answer.unwrap().reveal(), "Hello?");
        }
        assert_eq!(live.ask("call-8", Pii::default()).await, Err(AskError::NoCall));
        let unanswered = async { drop(presence.asked.recv().await) };
        let (answer, ()) = tokio::join!(live.ask("call-7", Pii::default()), unanswered);
        assert_eq!(answer, Err(AskError::Ended));
        drop(presence);
        assert_eq!(live.ask("call-7", Pii::default()).await, Err(AskError::NoCall));
    }

    #[tokio::test]
    async fn not_everything_waits() {
        let (live, id) = (Live::default(), CallId::random());
        let _presence = live.enter(&id, &"call-7".parse().unwrap());
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(live.ask("call-7", Pii::default()))).collect();
        for ask in &mut waiting {
            assert!(futures_util::poll!(ask).is_pending());
        }
        assert_eq!(live.ask("call-7", Pii::default()).await, Err(AskError::Busy));
    }
}
