//! Where what a shard's rooms want goes: to sockets and to signal connections. Nothing here waits.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, atomic::Ordering},
};

use livekit_protocol as proto;

use super::{
    Census, RoomKey,
    routes::{Place, Routes, Source},
};
use crate::{
    rooms::{
        JoinError,
        outgoing::{self, NotSent},
        room::{ConnectionId, Output},
    },
    rtc::net,
};

/// Somebody's signal connection.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) room: RoomKey,
    pub(super) outgoing: outgoing::Sender,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) routes: Routes,
    sockets: net::Sender,
    census: Arc<Census>,
    seats: HashMap<ConnectionId, Seat>,
    /// Those whose connection did not take a message, since it was last asked.
    lagging: Vec<ConnectionId>,
    refusal: Option<(ConnectionId, JoinError)>,
    closed: Option<RoomKey>,
}

impl Outlet {
    pub(super) fn new(sockets: net::Sender, census: Arc<Census>) -> Self {
        let (routes, seats, lagging) = (Routes::default(), HashMap::new(), Vec::new());
        Self { routes, sockets, census, seats, lagging, refusal: None, closed: None }
    }

    /// Does what a room wants.
    pub(super) fn take(&mut self, room: RoomKey, output: Output) {
        match output {
            Output::Transmit(datagram) => self.sockets.send(&datagram),
            Output::Signal { connection, response } => self.signal(connection, response),
            Output::CloseSignal { connection } => drop(self.seats.remove(&connection)),
            Output::Refused { connection, error } => {
                self.seats.remove(&connection);
                self.refusal = Some((connection, error));
            }
            Output::PeerOpened { peer, ufrag } => {
                let is_new = self.routes.open((room, peer), ufrag);
                self.census.peers.fetch_add(usize::from(is_new), Ordering::Relaxed);
            }
            Output::PeerClosed { peer } => {
                let before = self.routes.len();
                let sources = self.routes.close((room, peer));
                self.forget_peers(before, &sources);
            }
            Output::Closed => self.closed = Some(room),
            // The shard's: it knows the room.
            Output::Event(_) => {}
        }
    }

    /// A client that does not keep up, or whose socket is gone, loses its connection; it may resume.
    fn signal(&mut self, connection: ConnectionId, response: Arc<proto::SignalResponse>) {
        let Some(seat) = self.seats.get(&connection) else { return };
        if let Err(error) = seat.outgoing.try_send(response) {
            if error == NotSent::Full {
                tracing::info!(
                    signal.connection = connection.0,
                    "a client does not read its signal connection: dropped"
                );
            }
            self.seats.remove(&connection);
            self.lagging.push(connection);
        }
    }

    // ---- connections ----

    pub(super) fn seat(&mut self, connection: ConnectionId, seat: Seat) {
        self.seats.insert(connection, seat);
    }

    pub(super) fn unseat(&mut self, connection: ConnectionId) -> Option<RoomKey> {
        self.seats.remove(&connection).map(|seat| seat.room)
    }

    pub(super) fn room_of(&self, connection: ConnectionId) -> Option<RoomKey> {
        self.seats.get(&connection).map(|seat| seat.room)
    }

    pub(super) fn take_lagging(&mut self) -> Vec<ConnectionId> {
        mem::take(&mut self.lagging)
    }

    /// Why this connection's join was refused, if it was.
    pub(super) fn take_refusal(&mut self, connection: ConnectionId) -> Option<JoinError> {
        self.refusal.take().filter(|(refused, _)| *refused == connection).map(|(_, error)| error)
    }

    // ---- rooms and peers ----

    pub(super) fn take_closed(&mut self, room: RoomKey) -> bool {
        self.closed.take() == Some(room)
    }

    /// A peer has proved that it is there; `anew`: by a request of its own, which finds it wherever it is. Another shard may
    /// have learnt the address since this one did.
    pub(super) fn learn(&mut self, source: Source, place: Place, anew: bool) {
        let learnt = self.routes.learn(source, place);
        if anew || learnt.is_some() {
            self.sockets.learn(source.transport, source.address);
        }
        if let Some(old) = learnt.and_then(|learnt| learnt.forgotten) {
            self.sockets.forget(old.transport, old.address);
        }
    }

    /// Nothing of a room remains.
    pub(super) fn clear_room(&mut self, room: RoomKey) {
        self.seats.retain(|_, seat| seat.room != room);
        let before = self.routes.len();
        let sources = self.routes.close_room(room);
        self.forget_peers(before, &sources);
    }

    fn forget_peers(&mut self, before: usize, sources: &[Source]) {
        self.census.peers.fetch_sub(before - self.routes.len(), Ordering::Relaxed);
        for source in sources {
            self.sockets.forget(source.transport, source.address);
        }
    }
}
