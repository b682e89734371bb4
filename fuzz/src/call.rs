//! A room with a stranger and a listener in it, in simulated time. The stranger has a real peer where one is needed; the
//! listener has one where the stranger publishes, else a signal connection only, and must not be harmed by anything.

use std::{
    cell::Cell,
    collections::HashSet,
    net::SocketAddr,
    sync::Arc,
    thread::LocalKey,
    time::{Duration, Instant, SystemTime},
};

use callstead::{
    rooms::{
        Claims, RoomOptions, SignalVersion,
        room::{ConnectionId, Control, Input, Output, PeerId, Room},
        settings::Settings,
        signal, token,
    },
    rtc::{
        Datagram, LocalAddress, Peer, Transport,
        peer::{self, Channel, Event, Kind, Mid, Msid, Options, Packet, Side, Video, VideoCodec},
    },
};
use livekit_protocol::{self as proto, signal_request::Message as Request, signal_response::Message};

const LISTENER: ConnectionId = ConnectionId(1);
const STRANGER: ConnectionId = ConnectionId(2);
/// A connection is used for so many inputs: making one takes hundreds of times as long as an input.
const MOST_USES: u32 = 500;
/// No clock stands still between two looks at it.
const TICK: Duration = Duration::from_micros(100);
/// What one step may make a room say: a join tells everybody of everybody, and each track of its negotiation.
const MOST_OUTPUTS: usize = 2_000;
/// What the stranger publishes.
const CAMERA: &str = "camera";
const MICROPHONE: &str = "microphone";
/// The handle of its data track.
const DATA_TRACK: u16 = 1;
/// How many packets of its own the stranger tries until one has arrived; 33 ms are between two. Layers that come no more are
/// given up after two seconds.
const MOST_TRIES: usize = 120;
const EVERY_MS: u64 = 33;

thread_local! {
    static CONNECTED: Cell<Option<Call>> = const { Cell::new(None) };
    static WATCHED: Cell<Option<Call>> = const { Cell::new(None) };
}

/// Lets `act` use a call whose stranger is connected.
pub(crate) fn with_connected(act: impl FnOnce(&mut Call)) {
    with(&CONNECTED, Call::connected, act);
}

/// Lets `act` use a call whose stranger publishes a camera and a data track, both of which the listener receives.
pub(crate) fn with_watched(act: impl FnOnce(&mut Call)) {
    with(&WATCHED, Call::watched, act);
}

fn with(kept: &'static LocalKey<Cell<Option<Call>>>, make: fn() -> Call, act: impl FnOnce(&mut Call)) {
    let usable = kept.take().filter(|call| call.stranger.is_open && call.uses < MOST_USES);
    let mut call = usable.unwrap_or_else(make);
    call.uses += 1;
    act(&mut call);
    kept.set(Some(call));
}

/// See the module.
pub(crate) struct Call {
    began: Instant,
    now: Instant,
    room: Room,
    stranger: End,
    /// `None`: it has a signal connection only.
    listener: Option<End>,
    /// Who comes in at present.
    joining: ConnectionId,
    /// The stranger's, as the room calls it.
    track_sid: String,
    camera: Option<Mid>,
    /// Of the next packet of its camera.
    seq: u64,
    /// What stands for data tracks at the listener's.
    handles: HashSet<u32>,
    is_harmed: bool,
    uses: u32,
}

/// A peer of a participant.
struct End {
    peer: Peer,
    wake: Instant,
    /// The room's end of its connection.
    link: Option<PeerId>,
    is_open: bool,
    /// Packets of pictures, and of data tracks, that it got.
    pictures: u64,
    frames: u64,
}

impl End {
    fn new(now: Instant, address: SocketAddr) -> Self {
        let peer = Peer::new(now, &Options { side: Side::Client, ufrag: None, addresses: local(address) });
        Self { peer, wake: now, link: None, is_open: false, pictures: 0, frames: 0 }
    }

    fn hear(&mut self, event: &Event, handles: &HashSet<u32>) {
        match event {
            Event::ChannelOpen(Channel::Reliable) => self.is_open = true,
            Event::Disconnected => self.is_open = false,
            Event::Media(..) => self.pictures += 1,
            Event::Data(Channel::DataTrack, packet) => {
                self.frames += 1;
                let handle = packet.get(2..4).map(|handle| u32::from(handle[0]) << 8 | u32::from(handle[1]));
                assert!(
                    handle.is_some_and(|handle| handles.contains(&handle)),
                    "nobody knows the track of {packet:02x?}"
                );
            }
            _ => {}
        }
    }
}

fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 7881))
}

fn stranger() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], 40_000))
}

fn listener() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 2], 40_000))
}

fn local(address: SocketAddr) -> Vec<LocalAddress> {
    vec![LocalAddress { transport: Transport::Udp, address }]
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
        Self::with(Settings::new(local(server()), "00".to_owned()))
    }

    fn with(settings: Settings) -> Self {
        let now = Instant::now();
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
            stranger: End::new(now, stranger()),
            listener: None,
            joining: STRANGER,
            track_sid: String::new(),
            camera: None,
            seq: 5_000,
            handles: HashSet::new(),
            is_harmed: false,
            uses: 0,
        }
    }

    fn connected() -> Self {
        let mut call = Self::new();
        call.join_listener();
        call.stranger.peer.add_channels();
        call.stranger.peer.add_receiver(Kind::Audio);
        call.join_publishing(Vec::new());
        call.connect(STRANGER);
        call
    }

    fn watched() -> Self {
        let mut call = Self::new();
        call.listener = Some(End::new(call.now, listener()));
        let settings = proto::ConnectionSettings {
            auto_subscribe: true,
            auto_subscribe_data_track: Some(true),
            ..Default::default()
        };
        let request = proto::JoinRequest { connection_settings: Some(settings), ..Default::default() };
        call.join(LISTENER, claims("listener"), SignalVersion::V0, request);
        call.connect(LISTENER);
        call.stranger.peer.add_channels();
        call.camera = call.add_track(Kind::Video, CAMERA);
        let (r#type, source) = (proto::TrackType::Video.into(), proto::TrackSource::Camera.into());
        call.join_publishing(vec![proto::AddTrackRequest {
            cid: CAMERA.to_owned(),
            r#type,
            source,
            ..Default::default()
        }]);
        call.connect(STRANGER);
        let track = proto::PublishDataTrackRequest {
            pub_handle: DATA_TRACK.into(),
            name: "telemetry".to_owned(),
            ..Default::default()
        };
        call.say(proto::SignalRequest { message: Some(Request::PublishDataTrackRequest(track)) });
        call.assert_watched();
        call.assert_frames_arrive();
        call
    }

    /// A room that a back end may do everything with, where the stranger publishes a microphone.
    pub(crate) fn administered() -> Self {
        let mut settings = Settings::new(local(server()), "00".to_owned());
        let keys = super::keys();
        settings.token_refresh = Some(Arc::new(move |claims: &Claims| token::mint(&keys, claims)));
        settings.remote_unmute = true;
        let mut call = Self::with(settings);
        call.join_listener();
        call.add_track(Kind::Audio, MICROPHONE);
        let source = proto::TrackSource::Microphone.into();
        call.join_publishing(vec![proto::AddTrackRequest { cid: MICROPHONE.to_owned(), source, ..Default::default() }]);
        call
    }

    fn connect(&mut self, of: ConnectionId) {
        for _ in 0..100 {
            self.run_ms(20);
            if self.end(of).is_some_and(|end| end.is_open) {
                return;
            }
        }
        panic!("a peer does not connect with the room");
    }

    fn end(&mut self, of: ConnectionId) -> Option<&mut End> {
        if of == LISTENER { self.listener.as_mut() } else { Some(&mut self.stranger) }
    }

    /// Where the stranger sends a track, from its next offer on.
    fn add_track(&mut self, kind: Kind, cid: &str) -> Option<Mid> {
        self.stranger.peer.add_sender(kind, Msid { stream: "stream".to_owned(), track: cid.to_owned() })
    }

    /// The stranger joins with one connection, and offers what it has.
    fn join_publishing(&mut self, tracks: Vec<proto::AddTrackRequest>) {
        let sdp = self.stranger.peer.offer(self.now).expect("there is something to offer");
        let offer = proto::SessionDescription { r#type: "offer".to_owned(), sdp, id: 1, ..Default::default() };
        let request =
            proto::JoinRequest { publisher_offer: Some(offer), add_track_requests: tracks, ..Default::default() };
        self.join(STRANGER, claims("stranger"), SignalVersion::V1, request);
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
        self.joining = connection;
        self.handle(Input::Join { connection, claims, version, request: Box::new(request) });
    }

    pub(crate) fn say(&mut self, request: proto::SignalRequest) {
        self.handle(Input::Signal { connection: STRANGER, request: Box::new(request) });
    }

    pub(crate) fn send_data(&mut self, message: &[u8]) {
        // What does not fit is not sent, as in a browser that looks at what is buffered.
        let _ = self.stranger.peer.send_data(Channel::Reliable, message);
        self.drain();
    }

    /// The same in the channel of data tracks.
    pub(crate) fn send_frame(&mut self, packet: &[u8]) {
        let _ = self.stranger.peer.send_data(Channel::DataTrack, packet);
        self.drain();
    }

    /// Sends a packet of the stranger's camera. In a message's first byte the lowest two bits say how it is encoded, the next two
    /// how many packets before it were lost, and the highest that it ends a picture. AV1's dependency descriptor comes next,
    /// after a byte with its length (none where that is zero); the rest is the payload.
    pub(crate) fn show(&mut self, message: &[u8]) {
        let (Some((head, mut payload)), Some(camera)) = (message.split_first(), self.camera) else { return };
        let codec = VideoCodec::ALL[usize::from(head & 3)];
        let mut descriptor = None;
        if codec == VideoCodec::Av1 {
            let Some((length, rest)) = payload.split_first() else { return };
            let Some((bytes, rest)) = rest.split_at_checked(usize::from(length & 0x7f)) else { return };
            (descriptor, payload) = (Some(bytes).filter(|bytes| !bytes.is_empty()), rest);
        }
        let lost = u64::from(head >> 2 & 3);
        self.send_picture(camera, codec, payload, descriptor, lost, head & 0x80 != 0);
    }

    fn send_picture(
        &mut self,
        camera: Mid,
        codec: VideoCodec,
        payload: &[u8],
        descriptor: Option<&[u8]>,
        lost: u64,
        marker: bool,
    ) {
        let payload: Arc<[u8]> = payload.into();
        let video = Some(Video::of(codec, &payload, descriptor));
        let seq = self.seq + lost;
        self.seq = seq + 1;
        // As if each were a picture: RTP's clock has 90 steps a millisecond.
        let time = seq * EVERY_MS * 90;
        let packet = Packet { payload, seq, time, marker, is_red: false, level: None, video, arrived: self.now };
        self.stranger.peer.send(self.now, camera, &packet);
        self.drain();
    }

    /// A back end wants something done.
    pub(crate) fn control(&mut self, control: Control) {
        self.handle(Input::Control(Box::new(control)));
    }

    /// What the room calls the track that the stranger announced last; empty where it announced none.
    pub(crate) fn track_sid(&self) -> &str {
        &self.track_sid
    }

    pub(crate) fn send_datagram(&mut self, contents: &[u8]) {
        let (source, destination) = (stranger(), server());
        let datagram = Datagram { transport: Transport::Udp, source, destination, contents: contents.to_vec() };
        let Some(peer) = self.stranger.link else { return };
        // What the demultiplexer asks of each.
        let _ = (datagram.ufrag(), self.room.accepts(peer, &datagram));
        self.handle(Input::Datagram { peer, datagram });
    }

    /// Nobody was sent away or cut off because of what the stranger did.
    pub(crate) fn assert_unharmed(&self) {
        assert!(!self.is_harmed, "the listener was sent away");
        assert!((1..=2).contains(&self.room.len()), "{} in the room", self.room.len());
        assert!(self.listener.as_ref().is_none_or(|end| end.is_open), "the listener is cut off");
    }

    /// The listener sees what the stranger's camera sends from now on, unless that has cut itself off.
    pub(crate) fn assert_watched(&mut self) {
        let camera = self.camera.expect("it publishes");
        let seen = self.seen();
        for _ in 0..MOST_TRIES {
            if !self.stranger.is_open {
                return;
            }
            // A key frame in VP8, with a PictureID.
            let [high, low] = (self.seq as u16).to_be_bytes();
            let payload = [0x90, 0x80, 0x80 | high, low, 0];
            self.send_picture(camera, VideoCodec::Vp8, &payload, None, 0, true);
            self.run_ms(EVERY_MS);
            if self.seen() > seen {
                return;
            }
        }
        panic!("the listener sees nothing any more");
    }

    /// The listener gets what the stranger's data track sends from now on, with the same exception.
    pub(crate) fn assert_frames_arrive(&mut self) {
        let got = |call: &Self| call.listener.as_ref().map_or(0, |end| end.frames);
        let before = got(self);
        let [high, low] = DATA_TRACK.to_be_bytes();
        for _ in 0..MOST_TRIES {
            if !self.stranger.is_open {
                return;
            }
            self.send_frame(&[0b0001_1000, 0, high, low, 0, 1, 0, 1, 0, 0, 0, 9, b'x']);
            self.run_ms(EVERY_MS);
            if got(self) > before {
                return;
            }
        }
        panic!("the listener gets no frames any more");
    }

    fn seen(&self) -> u64 {
        self.listener.as_ref().map_or(0, |end| end.pictures)
    }

    // ---- time, network ----

    pub(crate) fn run_ms(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        let mut hurried = 0;
        loop {
            self.drain();
            let wakes = [Some(self.stranger.wake), self.listener.as_ref().map(|end| end.wake)];
            let next = self.room.next_timeout().into_iter().chain(wakes.into_iter().flatten()).min();
            let next = next.unwrap_or(end);
            // A peer may want to be called again at once, until its clock has gone on.
            hurried = if next > self.now { 0 } else { hurried + 1 };
            assert!(hurried < 1_000, "somebody never rests: {:?} of {wakes:?}", self.room.next_timeout());
            let next = next.max(self.now + TICK);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            for of in [STRANGER, LISTENER] {
                let now = self.now;
                if let Some(end) = self.end(of).filter(|end| end.wake <= now) {
                    end.peer.handle_timeout(now);
                }
            }
            if self.room.next_timeout().is_some_and(|due| due <= self.now) {
                self.handle(Input::Timeout);
            }
        }
    }

    /// Takes what the peers have to say, until none of them has more.
    fn drain(&mut self) {
        while self.drain_end(STRANGER) | self.drain_end(LISTENER) {}
    }

    /// Whether it had something to say.
    fn drain_end(&mut self, of: ConnectionId) -> bool {
        let handles = std::mem::take(&mut self.handles);
        let mut transmitted = Vec::new();
        let mut has_spoken = false;
        if let Some(end) = self.end(of) {
            loop {
                match end.peer.poll() {
                    peer::Output::Transmit(datagram) => transmitted.extend(end.link.map(|peer| (peer, datagram))),
                    peer::Output::Event(event) => end.hear(&event, &handles),
                    peer::Output::Timeout(wake) => {
                        end.wake = wake;
                        break;
                    }
                }
                has_spoken = true;
            }
        }
        self.handles = handles;
        for (peer, datagram) in transmitted {
            self.handle(Input::Datagram { peer, datagram });
        }
        has_spoken
    }

    fn handle(&mut self, input: Input) {
        self.room.handle(self.now, wall() + (self.now - self.began), input);
        let (mut count, mut answers) = (0, Vec::new());
        while let Some(output) = self.room.poll() {
            count += 1;
            assert!(count < MOST_OUTPUTS, "one input makes the room say too much");
            answers.extend(self.act(output));
        }
        for answer in answers {
            let request = Box::new(proto::SignalRequest { message: Some(answer) });
            self.handle(Input::Signal { connection: LISTENER, request });
        }
    }

    /// Does what the room wants done; what the listener answers.
    fn act(&mut self, output: Output) -> Option<Request> {
        match output {
            Output::Transmit(datagram) => {
                let now = self.now;
                let of = if datagram.destination == listener() { LISTENER } else { STRANGER };
                let is_known = [listener(), stranger()].contains(&datagram.destination);
                if let Some(end) = self.end(of).filter(|_| is_known) {
                    end.peer.handle_datagram(now, &datagram);
                }
            }
            // Of two the last one is what its client receives by.
            Output::PeerOpened { peer, .. } => {
                let of = self.joining;
                if let Some(end) = self.end(of) {
                    end.link = Some(peer);
                }
            }
            Output::PeerClosed { peer } if self.stranger.link == Some(peer) => {
                self.stranger.link = None;
                self.stranger.is_open = false;
            }
            Output::CloseSignal { connection: LISTENER } | Output::Closed => self.is_harmed = true,
            Output::Signal { connection: LISTENER, response } => return self.tell_listener(response.message.as_ref()?),
            Output::Signal { connection: STRANGER, response } => match &response.message {
                Some(Message::Answer(answer)) => {
                    // Of an offer that the stranger did not make, mostly.
                    let _ = self.stranger.peer.accept_answer(self.now, &answer.sdp);
                }
                Some(Message::TrackPublished(published)) => {
                    self.track_sid = published.track.as_ref().map(|track| track.sid.clone()).unwrap_or_default();
                }
                _ => {}
            },
            _ => {}
        }
        None
    }

    fn tell_listener(&mut self, message: &Message) -> Option<Request> {
        match message {
            Message::Leave(_) => self.is_harmed = true,
            Message::DataTrackSubscriberHandles(told) => self.handles = told.sub_handles.keys().copied().collect(),
            Message::Offer(offer) => {
                let end = self.listener.as_mut()?;
                let sdp = end.peer.accept_offer(self.now, &offer.sdp).expect("the room's offers can be answered");
                let (r#type, id) = ("answer".to_owned(), offer.id);
                return Some(Request::Answer(proto::SessionDescription { r#type, sdp, id, ..Default::default() }));
            }
            _ => {}
        }
        None
    }
}
