//! A room with a stranger and a listener in it, in simulated time. The stranger has a real peer where one is needed; the
//! listener has a signal connection only, and must not be harmed by anything.

use std::{
    cell::Cell,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use callstead::{
    rooms::{
        Claims, RoomOptions, SignalVersion,
        room::{ConnectionId, Input, Output, PeerId, Room},
        settings::Settings,
        signal,
    },
    rtc::{
        Datagram, LocalAddress, Peer, Transport,
        peer::{self, Channel, Event, Kind, Options, Side},
    },
};
use livekit_protocol::{self as proto, signal_response::Message};

const LISTENER: ConnectionId = ConnectionId(1);
const STRANGER: ConnectionId = ConnectionId(2);
/// A connection is used for so many inputs: making one takes hundreds of times as long as an input.
const MOST_USES: u32 = 500;
/// What one step may make a room say: a join tells everybody of everybody, and each track of its negotiation.
const MOST_OUTPUTS: usize = 2_000;

thread_local! {
    static CONNECTED: Cell<Option<Call>> = const { Cell::new(None) };
}

/// Lets `act` use a call whose stranger is connected.
pub(crate) fn with_connected(act: impl FnOnce(&mut Call)) {
    let kept = CONNECTED.take().filter(|call| call.is_open && call.uses < MOST_USES);
    let mut call = kept.unwrap_or_else(Call::connected);
    call.uses += 1;
    act(&mut call);
    CONNECTED.set(Some(call));
}

/// See the module.
pub(crate) struct Call {
    began: Instant,
    now: Instant,
    room: Room,
    /// The stranger's.
    peer: Peer,
    wake: Instant,
    /// The room's end of the stranger's connection.
    link: Option<PeerId>,
    is_open: bool,
    is_harmed: bool,
    uses: u32,
}

fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 7881))
}

fn stranger() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], 40_000))
}

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + super::NOW
}

fn claims(identity: &str) -> Claims {
    let name = |text: &str| text.parse().expect("a name");
    let room = "call-1".parse().expect("a room's name");
    Claims::new(name(identity), room, wall(), Duration::from_hours(1))
}

impl Call {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let local = |address| vec![LocalAddress { transport: Transport::Udp, address }];
        let settings = Settings::new(local(server()), "00".to_owned());
        let options = Options { side: Side::Client, ufrag: None, addresses: local(stranger()) };
        Self {
            began: now,
            now,
            room: Room::new(
                now,
                wall(),
                "call-1".parse().expect("a room's name"),
                Arc::new(settings),
                RoomOptions::default(),
            ),
            peer: Peer::new(now, &options),
            wake: now,
            link: None,
            is_open: false,
            is_harmed: false,
            uses: 0,
        }
    }

    fn connected() -> Self {
        let mut call = Self::new();
        call.join_listener();
        call.peer.add_channels();
        call.peer.add_receiver(Kind::Audio);
        let sdp = call.peer.offer(call.now).expect("channels are something to offer");
        let offer = proto::SessionDescription { r#type: "offer".to_owned(), sdp, id: 1, ..Default::default() };
        call.join_offering(SignalVersion::V1, Some(offer));
        for _ in 0..100 {
            call.run_ms(20);
            if call.is_open {
                return call;
            }
        }
        panic!("a peer does not connect with the room");
    }

    // ---- what the two do ----

    pub(crate) fn join_listener(&mut self) {
        let request = proto::JoinRequest::default();
        self.join(LISTENER, claims("listener"), SignalVersion::V0, request);
    }

    pub(crate) fn join_stranger(&mut self, path: SignalVersion, query: &str) {
        if let Ok((version, request)) = signal::join_request(path, query) {
            self.join(STRANGER, claims("stranger"), version, request);
        }
    }

    pub(crate) fn join_offering(&mut self, version: SignalVersion, offer: Option<proto::SessionDescription>) {
        let request = proto::JoinRequest { publisher_offer: offer, ..Default::default() };
        self.join(STRANGER, claims("stranger"), version, request);
    }

    fn join(&mut self, connection: ConnectionId, claims: Claims, version: SignalVersion, request: proto::JoinRequest) {
        self.handle(Input::Join { connection, claims, version, request: Box::new(request) });
    }

    pub(crate) fn say(&mut self, request: proto::SignalRequest) {
        self.handle(Input::Signal { connection: STRANGER, request: Box::new(request) });
    }

    pub(crate) fn send_data(&mut self, message: &[u8]) {
        // What does not fit is not sent, as in a browser that looks at what is buffered.
        let _ = self.peer.send_data(Channel::Reliable, message);
        self.drain();
    }

    pub(crate) fn send_datagram(&mut self, contents: &[u8]) {
        let (source, destination) = (stranger(), server());
        let datagram = Datagram { transport: Transport::Udp, source, destination, contents: contents.to_vec() };
        let Some(peer) = self.link else { return };
        // What the demultiplexer asks of each.
        let _ = (datagram.ufrag(), self.room.accepts(peer, &datagram));
        self.handle(Input::Datagram { peer, datagram });
    }

    /// Nobody was sent away or cut off because of what the stranger did.
    pub(crate) fn assert_unharmed(&self) {
        assert!(!self.is_harmed, "the listener was sent away");
        assert!((1..=2).contains(&self.room.len()), "{} in the room", self.room.len());
    }

    // ---- time, network ----

    pub(crate) fn run_ms(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        let mut steps = 0;
        loop {
            self.drain();
            let next = self.room.next_timeout().into_iter().chain([self.wake]).min().unwrap_or(end).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            steps += 1;
            assert!(steps < 1_000, "time stands still");
            self.now = next;
            if self.wake <= self.now {
                self.peer.handle_timeout(self.now);
            }
            if self.room.next_timeout().is_some_and(|due| due <= self.now) {
                self.handle(Input::Timeout);
            }
        }
    }

    /// Takes what the stranger's peer has to say.
    fn drain(&mut self) {
        loop {
            match self.peer.poll() {
                peer::Output::Transmit(datagram) => {
                    if let Some(peer) = self.link {
                        self.handle(Input::Datagram { peer, datagram });
                    }
                }
                peer::Output::Event(Event::ChannelOpen(Channel::Reliable)) => self.is_open = true,
                peer::Output::Event(Event::Disconnected) => self.is_open = false,
                peer::Output::Event(_) => {}
                peer::Output::Timeout(wake) => {
                    self.wake = wake;
                    return;
                }
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.room.handle(self.now, wall() + (self.now - self.began), input);
        let mut count = 0;
        while let Some(output) = self.room.poll() {
            count += 1;
            assert!(count < MOST_OUTPUTS, "one input makes the room say too much");
            self.act(output);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Transmit(datagram) if datagram.destination == stranger() => {
                self.peer.handle_datagram(self.now, &datagram);
            }
            Output::PeerOpened { peer, .. } => self.link = Some(peer),
            Output::PeerClosed { peer } if self.link == Some(peer) => {
                self.link = None;
                self.is_open = false;
            }
            Output::CloseSignal { connection: LISTENER } | Output::Closed => self.is_harmed = true,
            Output::Signal { connection: LISTENER, response } => {
                self.is_harmed |= matches!(response.message, Some(Message::Leave(_)));
            }
            Output::Signal { connection: STRANGER, response } => {
                if let Some(Message::Answer(answer)) = &response.message {
                    // Of an offer that the stranger did not make, mostly.
                    let _ = self.peer.accept_answer(self.now, &answer.sdp);
                }
            }
            _ => {}
        }
    }
}
