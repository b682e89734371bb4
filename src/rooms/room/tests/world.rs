//! A room, a network and clients with real peers, in simulated time. Clients do what LiveKit's do: they answer offers, offer
//! again when asked to, and remember what they were told.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use livekit_protocol::{self as proto, signal_request::Message as Request, signal_response::Message};
use prost::Message as _;

use crate::{
    domain::RoomName,
    rooms::{
        Claims, JoinError, RoomChange, RoomOptions, SignalVersion,
        room::{ConnectionId, Input, Output, PeerId, Room},
        settings::Settings,
    },
    rtc::{
        Datagram, LocalAddress, Transport,
        peer::{AudioLevel, Channel, Event, Kind, Mid, Msid, Packet, Side},
        sim::{End, Network, Weather, packet, picture},
    },
};

const SERVER: &str = "192.0.2.1:7881";

/// A client of the room.
pub(super) struct Client {
    pub(super) connection: ConnectionId,
    version: SignalVersion,
    /// Whether it has offered its data channels.
    has_channels: bool,
    pub(super) publisher: End,
    subscriber: End,
    microphone: Option<Mid>,
    camera: Option<Mid>,
    /// Of the next picture that it sends.
    pictures: u64,
    /// Of the next packet that it sends.
    number: u64,
    offers: u32,
    /// All that it was told, in order.
    pub(super) told: Vec<Message>,
    pub(super) refused: Option<JoinError>,
    pub(super) is_closed: bool,
    /// Whether it hears and answers its signal connection.
    pub(super) is_deaf: bool,
    /// What each of its receiving sections carries.
    pub(super) carries: HashMap<String, String>,
}

/// All of it.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) wall: SystemTime,
    pub(super) room: Room,
    pub(super) network: Network,
    pub(super) clients: Vec<Client>,
    pub(super) is_closed: bool,
    /// What listeners were told, in order.
    pub(super) events: Vec<RoomChange>,
    /// A client that nothing reaches any more, though it is heard.
    pub(super) unreachable: Option<usize>,
    begin: Instant,
    peers: HashMap<String, PeerId>,
    sources: BTreeMap<SocketAddr, PeerId>,
    connections: u64,
}

pub(super) fn claims(identity: &str) -> Claims {
    let room = "call-1".parse().unwrap();
    Claims::new(
        identity.parse().unwrap(),
        room,
        SystemTime::UNIX_EPOCH + Duration::from_secs(1000),
        Duration::from_hours(1),
    )
}

pub(super) fn settings() -> Settings {
    let address = LocalAddress { transport: Transport::Udp, address: SERVER.parse().unwrap() };
    Settings::new(vec![address], "s0".to_owned())
}

pub(super) fn join_request() -> proto::JoinRequest {
    let connection_settings = proto::ConnectionSettings { auto_subscribe: true, ..Default::default() };
    proto::JoinRequest { connection_settings: Some(connection_settings), ..Default::default() }
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(settings())
    }

    pub(super) fn with(settings: Settings) -> Self {
        Self::opened(settings, RoomOptions::default())
    }

    pub(super) fn opened(settings: Settings, options: RoomOptions) -> Self {
        let now = Instant::now();
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(2000);
        let name: RoomName = "call-1".parse().unwrap();
        Self {
            now,
            wall,
            room: Room::new(now, wall, name, Arc::new(settings), options),
            network: Network::new(7, Weather::FAIR),
            clients: Vec::new(),
            is_closed: false,
            events: Vec::new(),
            unreachable: None,
            begin: now,
            peers: HashMap::new(),
            sources: BTreeMap::new(),
            connections: 0,
        }
    }

    pub(super) fn wall(&self) -> SystemTime {
        self.wall + (self.now - self.begin)
    }

    /// Somebody sets the system's clock.
    pub(super) fn set_wall(&mut self, wall: SystemTime) {
        self.wall = wall - (self.now - self.begin);
    }

    // ---- coming in ----

    /// A client that joins and connects; its number.
    pub(super) fn join(&mut self, version: SignalVersion, identity: &str) -> usize {
        self.join_with(version, claims(identity), join_request())
    }

    pub(super) fn join_with(
        &mut self,
        version: SignalVersion,
        claims: Claims,
        mut request: proto::JoinRequest,
    ) -> usize {
        let nth = self.clients.len();
        self.connections += 1;
        let address = |port: u16| format!("198.51.100.{}:{port}", nth + 1);
        let mut client = Client {
            connection: ConnectionId(self.connections),
            version,
            has_channels: version == SignalVersion::V1,
            publisher: End::new(self.now, Side::Client, &address(40_000)),
            subscriber: End::new(self.now, Side::Client, &address(50_000)),
            microphone: None,
            camera: None,
            pictures: 0,
            number: 0,
            offers: 0,
            told: Vec::new(),
            refused: None,
            is_closed: false,
            is_deaf: false,
            carries: HashMap::new(),
        };
        if version == SignalVersion::V1 {
            client.publisher.peer.add_channels();
            (0..3).for_each(|_| _ = client.publisher.peer.add_receiver(Kind::Audio));
            request.publisher_offer = client.offer(self.now);
        }
        let connection = client.connection;
        self.clients.push(client);
        self.handle(Input::Join { connection, claims, version, request: Box::new(request) });
        self.run_ms(500);
        nth
    }

    /// A new signal connection for a client that lost its own.
    pub(super) fn resume(&mut self, nth: usize, claims: Claims, sid: &str) {
        self.connections += 1;
        let client = &mut self.clients[nth];
        client.connection = ConnectionId(self.connections);
        client.is_closed = false;
        client.is_deaf = false;
        client.told.clear();
        let (connection, version) = (client.connection, client.version);
        let request =
            Box::new(proto::JoinRequest { reconnect: true, participant_sid: sid.to_owned(), ..Default::default() });
        self.handle(Input::Join { connection, claims, version, request });
    }

    // ---- what clients do ----

    pub(super) fn say(&mut self, nth: usize, message: Request) {
        let connection = self.clients[nth].connection;
        let request = Box::new(proto::SignalRequest { message: Some(message) });
        self.handle(Input::Signal { connection, request });
    }

    /// Publishes a microphone, or tries to; its sid.
    pub(super) fn publish(&mut self, nth: usize) -> Option<String> {
        self.publish_as(nth, false)
    }

    /// The same, perhaps muted from the start.
    pub(super) fn publish_as(&mut self, nth: usize, muted: bool) -> Option<String> {
        let cid = format!("mic-{nth}");
        let source = proto::TrackSource::Microphone.into();
        let request = proto::AddTrackRequest { cid: cid.clone(), source, muted, ..Default::default() };
        self.say(nth, Request::AddTrack(request));
        let published = self.clients[nth].told.iter().rev().find_map(|message| match message {
            Message::TrackPublished(published) if published.cid == cid => published.track.clone(),
            _ => None,
        })?;
        self.offer_microphone(nth, &cid);
        self.run_ms(500);
        Some(published.sid)
    }

    pub(super) fn offer_microphone(&mut self, nth: usize, cid: &str) {
        let client = &mut self.clients[nth];
        let msid = Msid { stream: "stream".to_owned(), track: cid.to_owned() };
        client.microphone = client.publisher.peer.add_sender(Kind::Audio, msid);
        let offer = client.offer(self.now).expect("a track is something to offer");
        self.say(nth, Request::Offer(offer));
    }

    /// Publishes a camera; its sid.
    pub(super) fn show(&mut self, nth: usize) -> String {
        let (cid, source) = (format!("cam-{nth}"), proto::TrackSource::Camera.into());
        let r#type = proto::TrackType::Video.into();
        let request = proto::AddTrackRequest { cid: cid.clone(), source, r#type, ..Default::default() };
        self.say(nth, Request::AddTrack(request));
        let client = &mut self.clients[nth];
        let msid = Msid { stream: "stream".to_owned(), track: cid };
        client.camera = client.publisher.peer.add_sender(Kind::Video, msid);
        let offer = client.offer(self.now).expect("a track is something to offer");
        self.say(nth, Request::Offer(offer));
        self.run_ms(500);
        let published = self.clients[nth].told.iter().rev().find_map(|message| match message {
            Message::TrackPublished(published) => published.track.clone(),
            _ => None,
        });
        published.expect("it may publish").sid
    }

    /// Sends so many pictures from a client's camera; a key frame whenever it is asked for one.
    pub(super) fn film(&mut self, nth: usize, pictures: u64) {
        for _ in 0..pictures {
            let client = &mut self.clients[nth];
            let camera = client.camera.expect("it publishes");
            let is_asked = |event: &Event| matches!(event, Event::KeyFrameWanted(mid) if *mid == camera);
            let is_key = client.publisher.events.iter().any(is_asked);
            client.publisher.events.retain(|event| !is_asked(event));
            let picture = picture(self.now, client.pictures, is_key);
            client.pictures += 1;
            client.publisher.peer.send(self.now, camera, &picture);
            self.run_ms(33);
        }
    }

    pub(super) fn unpublish(&mut self, nth: usize) {
        let client = &mut self.clients[nth];
        let mid = client.microphone.take().expect("it publishes");
        client.publisher.peer.release(mid);
        let offer = client.offer(self.now).expect("a released track is something to offer");
        self.say(nth, Request::Offer(offer));
    }

    /// Sends so many packets of 20 ms each from a client's microphone.
    pub(super) fn speak(&mut self, nth: usize, packets: u64) {
        for _ in 0..packets {
            let client = &mut self.clients[nth];
            let level = Some(AudioLevel { dbov: -15, voice: true });
            let packet = Packet { level, ..packet(self.now, client.number) };
            client.number += 1;
            client.publisher.peer.send(self.now, client.microphone.expect("it publishes"), &packet);
            self.run_ms(20);
        }
    }

    /// A client with two connections opens the one that it publishes by only when it has something to say.
    pub(super) fn open_channels(&mut self, nth: usize) {
        let client = &mut self.clients[nth];
        if !std::mem::replace(&mut client.has_channels, true) {
            client.publisher.peer.add_channels();
            let offer = client.offer(self.now).expect("channels are something to offer");
            self.say(nth, Request::Offer(offer));
            self.run_ms(500);
        }
    }

    /// Sends a reliable message.
    pub(super) fn send_data(&mut self, nth: usize, packet: &proto::DataPacket) {
        self.open_channels(nth);
        // One that does not fit is not sent, as in a browser that looks at what is buffered.
        self.try_send_data(nth, packet);
        self.run_ms(100);
    }

    /// Whether a reliable message goes into the channel now.
    pub(super) fn try_send_data(&mut self, nth: usize, packet: &proto::DataPacket) -> bool {
        self.clients[nth].publisher.peer.send_data(Channel::Reliable, &packet.encode_to_vec()).is_ok()
    }

    // ---- what clients know ----

    /// The payloads' numbers that came since the last time.
    pub(super) fn heard(&mut self, nth: usize) -> Vec<Packet> {
        let client = &mut self.clients[nth];
        let mut heard = client.publisher.take_media();
        heard.extend(client.subscriber.take_media());
        heard
    }

    /// Data packets that came since the last time.
    pub(super) fn received(&mut self, nth: usize) -> Vec<proto::DataPacket> {
        let client = &mut self.clients[nth];
        let mut received = Vec::new();
        for end in [&mut client.publisher, &mut client.subscriber] {
            end.events.retain(|event| match event {
                Event::Data(_, message) => {
                    received.push(proto::DataPacket::decode(&message[..]).unwrap());
                    false
                }
                _ => true,
            });
        }
        received
    }

    /// Packets of data tracks that came since the last time.
    pub(super) fn frames(&mut self, nth: usize) -> Vec<Vec<u8>> {
        let client = &mut self.clients[nth];
        let ends = [&mut client.publisher, &mut client.subscriber];
        let is_frame = |event: &mut Event| matches!(event, Event::Data(Channel::DataTrack, _));
        let events = ends.into_iter().flat_map(|end| end.events.extract_if(.., is_frame).collect::<Vec<_>>());
        events.filter_map(|event| if let Event::Data(_, packet) = event { Some(packet) } else { None }).collect()
    }

    pub(super) fn sid(&self, nth: usize) -> String {
        self.joined(nth).participant.clone().unwrap().sid
    }

    pub(super) fn joined(&self, nth: usize) -> &proto::JoinResponse {
        match self.clients[nth].told.first() {
            Some(Message::Join(response)) => response,
            other => panic!("the first message is {other:?}"),
        }
    }

    /// The latest that a client was told of another.
    pub(super) fn sees(&self, nth: usize, identity: &str) -> Option<proto::ParticipantInfo> {
        let mut seen = None;
        for message in &self.clients[nth].told {
            let told = match message {
                Message::Join(join) => join.other_participants.clone(),
                Message::Update(update) => update.participants.clone(),
                _ => continue,
            };
            seen = told.into_iter().rfind(|info| info.identity == identity).or(seen);
        }
        seen
    }

    /// Whether a client was sent away, and how.
    pub(super) fn left(&self, nth: usize) -> Option<&proto::LeaveRequest> {
        self.clients[nth].told.iter().find_map(|message| match message {
            Message::Leave(leave) => Some(leave),
            _ => None,
        })
    }

    // ---- time, network ----

    pub(super) fn run_ms(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        let mut stalled = 0;
        loop {
            self.clients.iter_mut().for_each(|client| client.drain(self.now, &mut self.network));
            let ends = self.clients.iter().flat_map(|client| [client.publisher.wake, client.subscriber.wake]);
            let next = ends.chain(self.room.next_timeout()).chain(self.network.next_arrival()).min();
            let Some(next) = next.map(|next| next.max(self.now)).filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            stalled = if next == self.now { stalled + 1 } else { 0 };
            assert!(stalled < 1000, "time stands still");
            self.now = next;
            self.arrive();
            self.wake();
        }
    }

    fn wake(&mut self) {
        for client in &mut self.clients {
            for end in [&mut client.publisher, &mut client.subscriber] {
                if end.wake <= self.now {
                    end.peer.handle_timeout(self.now);
                }
            }
        }
        if self.room.next_timeout().is_some_and(|at| at <= self.now) {
            self.handle(Input::Timeout);
        }
    }

    fn arrive(&mut self) {
        while let Some(datagram) = self.network.receive(self.now) {
            if datagram.destination == SERVER.parse().unwrap() {
                self.arrive_at_room(datagram);
                continue;
            }
            for client in &mut self.clients {
                for end in [&mut client.publisher, &mut client.subscriber] {
                    if end.address == datagram.destination {
                        end.peer.handle_datagram(self.now, &datagram);
                    }
                }
            }
        }
    }

    fn arrive_at_room(&mut self, datagram: Datagram) {
        if let Some(peer) = datagram.ufrag().and_then(|ufrag| self.peers.get(ufrag)) {
            self.sources.insert(datagram.source, *peer);
        }
        if let Some(peer) = self.sources.get(&datagram.source) {
            self.handle(Input::Datagram { peer: *peer, datagram });
        }
    }

    pub(super) fn handle(&mut self, input: Input) {
        self.room.handle(self.now, self.wall(), input);
        let mut answers = Vec::new();
        while let Some(output) = self.room.poll() {
            answers.extend(self.act(output));
        }
        for (nth, request) in answers {
            self.say(nth, request);
        }
    }

    fn act(&mut self, output: Output) -> Option<(usize, Request)> {
        match output {
            Output::Transmit(datagram) => {
                let cut = self.unreachable.map(|nth| self.clients[nth].addresses());
                if !cut.is_some_and(|cut| cut.contains(&datagram.destination)) {
                    self.network.send(self.now, &datagram);
                }
            }
            Output::PeerOpened { peer, ufrag } => drop(self.peers.insert(ufrag, peer)),
            Output::PeerClosed { peer } => self.peers.retain(|_, known| *known != peer),
            Output::Closed => self.is_closed = true,
            Output::Event(change) => self.events.push(change),
            Output::Refused { connection, error } => {
                let nth = self.nth(connection)?;
                self.clients[nth].refused = Some(error);
            }
            Output::CloseSignal { connection } => {
                let nth = self.nth(connection)?;
                self.clients[nth].is_closed = true;
            }
            Output::Signal { connection, response } => {
                let nth = self.nth(connection)?;
                let answer = self.clients[nth].hear(self.now, response.message.clone().unwrap())?;
                return Some((nth, answer));
            }
        }
        None
    }

    fn nth(&self, connection: ConnectionId) -> Option<usize> {
        self.clients.iter().position(|client| client.connection == connection)
    }
}

impl Client {
    fn addresses(&self) -> [SocketAddr; 2] {
        [self.publisher.address, self.subscriber.address]
    }

    fn drain(&mut self, now: Instant, network: &mut Network) {
        self.publisher.drain(now, network);
        self.subscriber.drain(now, network);
    }

    fn offer(&mut self, now: Instant) -> Option<proto::SessionDescription> {
        let sdp = self.publisher.peer.offer(now)?;
        self.offers += 1;
        Some(proto::SessionDescription { r#type: "offer".to_owned(), sdp, id: self.offers, ..Default::default() })
    }

    fn hear(&mut self, now: Instant, message: Message) -> Option<Request> {
        assert!(!self.is_closed, "a message after the end: {message:?}");
        if self.is_deaf {
            return None;
        }
        self.told.push(message.clone());
        match message {
            Message::Answer(answer) => {
                assert_eq!(answer.id, self.offers);
                self.carries.extend(answer.mid_to_track_id);
                self.publisher.peer.accept_answer(now, &answer.sdp).unwrap();
                None
            }
            Message::Offer(offer) => {
                self.carries.extend(offer.mid_to_track_id);
                let sdp = self.subscriber.peer.accept_offer(now, &offer.sdp).unwrap();
                let id = offer.id;
                Some(Request::Answer(proto::SessionDescription {
                    r#type: "answer".to_owned(),
                    sdp,
                    id,
                    ..Default::default()
                }))
            }
            Message::MediaSectionsRequirement(wanted) => {
                (0..wanted.num_audios).for_each(|_| _ = self.publisher.peer.add_receiver(Kind::Audio));
                (0..wanted.num_videos).for_each(|_| _ = self.publisher.peer.add_receiver(Kind::Video));
                self.offer(now).map(Request::Offer)
            }
            _ => None,
        }
    }

    pub(super) fn restart_ice(&mut self, now: Instant) -> Request {
        let sdp = self.publisher.peer.restart_ice(now).expect("a restart is always something to offer");
        self.offers += 1;
        Request::Offer(proto::SessionDescription {
            r#type: "offer".to_owned(),
            sdp,
            id: self.offers,
            ..Default::default()
        })
    }
}
