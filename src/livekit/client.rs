//! The protocol of a participant with one microphone or one camera, sans-IO: what comes by the signal connection and by the
//! network goes in with the present time, what is to be sent and told comes out of [`Client::poll`].

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use livekit_protocol::{
    self as proto, TrackSource, TrackType, participant_info::Kind as Role, signal_request::Message as Request,
    signal_response::Message as Response,
};

use crate::rtc::{
    Datagram, LocalAddress, Peer,
    peer::{self, Kind, Mid, Msid, Packet, PeerError, Side},
};

/// The track's name between its announcement and its section.
const TRACK: &str = "track";
/// How often the server is told that we are there, unless it says otherwise.
const PING: Duration = Duration::from_secs(5);
/// Of other participants; who is beyond is not looked at.
const MOST_OTHERS: usize = 64;

/// One of the two peer connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// For what we send.
    Publisher,
    /// For what we hear.
    Subscriber,
}

impl Connection {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Publisher, Self::Subscriber];
}

/// What a client wants of its owner.
#[derive(Debug)]
pub enum Output {
    /// To be sent by the signal connection.
    Signal(Box<proto::SignalRequest>),
    /// To be sent now, by that connection's socket.
    Transmit(Connection, Datagram),
    /// Something happened.
    Event(Event),
    /// Nothing more, until input comes or this moment has come ([`Client::handle_timeout`]).
    Timeout(Instant),
}

/// What happens to a participant.
#[derive(Clone, Debug)]
pub enum Event {
    /// The track is published and connected: what is sent is heard by others.
    Published,
    /// The next packet of the voice (or of the pictures) that comes.
    Media(Packet),
    /// Another voice is heard from now on.
    Voice,
    /// Somebody cannot go on without a key frame.
    KeyFrameWanted,
    /// The server has ended it, in its own word: the last event.
    Left(String),
    /// A connection is lost, or could not be made: the last event.
    Lost(Connection),
}

/// See the module.
#[derive(Debug)]
pub struct Client {
    publisher: Peer,
    subscriber: Peer,
    outputs: VecDeque<Output>,
    state: State,
    offers: u32,
    /// What it publishes, and takes of others.
    kind: Kind,
    /// The section of what it publishes.
    source: Option<Mid>,
    others: BTreeMap<String, Other>,
    /// The section of the voice that is heard.
    voice: Option<Mid>,
    next_ping: Option<Instant>,
    ping: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waits for the server's first word.
    Joining,
    /// In the room.
    Joined,
    /// Over.
    Left,
}

/// Somebody else, as far as it matters who is heard.
#[derive(Clone, Debug)]
struct Other {
    is_agent: bool,
    /// The sid of the track of the kind that is taken.
    track: Option<String>,
}

impl Client {
    /// A client that waits for the server's first word; each connection has a socket of its own, for a server with one port
    /// tells connections apart by where they come from. It publishes a microphone or a camera, and takes as much of one other.
    pub fn new(now: Instant, kind: Kind, [publisher, subscriber]: [LocalAddress; 2]) -> Self {
        let peer =
            |address| Peer::new(now, &peer::Options { side: Side::Client, ufrag: None, addresses: vec![address] });
        Self {
            publisher: peer(publisher),
            subscriber: peer(subscriber),
            outputs: VecDeque::new(),
            state: State::Joining,
            offers: 0,
            kind,
            source: None,
            others: BTreeMap::new(),
            voice: None,
            next_ping: None,
            ping: PING,
        }
    }

    // ---- input ----

    /// A message of the server.
    ///
    /// # Errors
    /// When a description is refused: nothing more can come of this connection.
    pub fn handle_signal(&mut self, now: Instant, message: proto::SignalResponse) -> Result<(), PeerError> {
        match message.message {
            Some(Response::Join(join)) => self.joined(now, &join),
            Some(Response::TrackPublished(published)) if published.cid == TRACK => self.offer_track(now),
            Some(Response::Answer(answer)) => self.answered(now, &answer)?,
            Some(Response::Offer(offer)) => self.offered(now, &offer)?,
            Some(Response::Trickle(trickle)) => self.trickled(&trickle),
            Some(Response::Update(update)) => {
                self.note(&update.participants);
                self.choose_voice();
            }
            Some(Response::Leave(leave)) => self.end(Event::Left(leave.reason().as_str_name().to_owned())),
            _ => {}
        }
        Ok(())
    }

    /// A packet came to a connection's socket.
    pub fn handle_datagram(&mut self, now: Instant, connection: Connection, datagram: &Datagram) {
        self.peer(connection).handle_datagram(now, datagram);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.publisher.handle_timeout(now);
        self.subscriber.handle_timeout(now);
        if self.next_ping.is_some_and(|at| at <= now) {
            self.next_ping = Some(now + self.ping);
            self.ask(Request::PingReq(proto::Ping::default()));
        }
    }

    /// Sends the track's next packet; dropped until [`Event::Published`].
    pub fn send(&mut self, now: Instant, packet: &Packet) {
        if let Some(mid) = self.source {
            self.publisher.send(now, mid, packet);
        }
    }

    /// Says good-bye; poll what is to be sent.
    pub fn leave(&mut self, now: Instant) {
        self.ask(Request::Leave(proto::LeaveRequest {
            reason: proto::DisconnectReason::ClientInitiated.into(),
            ..Default::default()
        }));
        self.publisher.close(now);
        self.subscriber.close(now);
        self.next_ping = None;
        self.state = State::Left;
    }

    // ---- output ----

    /// The next thing to do, until [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let first = match self.poll_peer(Connection::Publisher) {
            Output::Timeout(at) => self.next_ping.map_or(at, |ping| ping.min(at)),
            output => return output,
        };
        match self.poll_peer(Connection::Subscriber) {
            Output::Timeout(at) => Output::Timeout(at.min(first)),
            output => output,
        }
    }

    /// What a connection wants, as far as it matters here.
    fn poll_peer(&mut self, connection: Connection) -> Output {
        loop {
            match self.peer(connection).poll() {
                peer::Output::Transmit(datagram) => return Output::Transmit(connection, datagram),
                peer::Output::Timeout(at) => return Output::Timeout(at),
                peer::Output::Event(event) => {
                    if let Some(event) = self.told(connection, event) {
                        return Output::Event(event);
                    }
                }
            }
        }
    }

    fn told(&mut self, connection: Connection, event: peer::Event) -> Option<Event> {
        match event {
            peer::Event::Connected if connection == Connection::Publisher => Some(Event::Published),
            peer::Event::Media(mid, packet) if self.voice == Some(mid) => Some(Event::Media(packet)),
            peer::Event::KeyFrameWanted(_) => Some(Event::KeyFrameWanted),
            peer::Event::Disconnected if self.state != State::Left => {
                self.state = State::Left;
                Some(Event::Lost(connection))
            }
            _ => None,
        }
    }

    fn peer(&mut self, connection: Connection) -> &mut Peer {
        match connection {
            Connection::Publisher => &mut self.publisher,
            Connection::Subscriber => &mut self.subscriber,
        }
    }

    fn ask(&mut self, message: Request) {
        let request = proto::SignalRequest { message: Some(message) };
        self.outputs.push_back(Output::Signal(Box::new(request)));
    }

    fn end(&mut self, event: Event) {
        self.state = State::Left;
        self.outputs.push_back(Output::Event(event));
    }

    // ---- signalling ----

    fn joined(&mut self, now: Instant, join: &proto::JoinResponse) {
        if self.state != State::Joining {
            return;
        }
        self.state = State::Joined;
        self.ping = u64::try_from(join.ping_interval).ok().filter(|s| *s > 0).map_or(PING, Duration::from_secs);
        self.next_ping = Some(now + self.ping);
        self.note(&join.other_participants);
        let source = match self.kind {
            Kind::Audio => TrackSource::Microphone,
            Kind::Video => TrackSource::Camera,
        };
        self.ask(Request::AddTrack(proto::AddTrackRequest {
            cid: TRACK.to_owned(),
            name: source.as_str_name().to_ascii_lowercase(),
            r#type: self.track_type().into(),
            source: source.into(),
            disable_red: true,
            ..Default::default()
        }));
    }

    fn track_type(&self) -> TrackType {
        match self.kind {
            Kind::Audio => TrackType::Audio,
            Kind::Video => TrackType::Video,
        }
    }

    fn offer_track(&mut self, now: Instant) {
        if self.source.is_some() {
            return;
        }
        let msid = Msid { stream: TRACK.to_owned(), track: TRACK.to_owned() };
        self.source = self.publisher.add_sender(self.kind, msid);
        if let Some(sdp) = self.publisher.offer(now) {
            self.offers = self.offers.wrapping_add(1);
            self.ask(Request::Offer(description("offer", sdp, self.offers)));
        }
    }

    /// An answer to an older offer was overtaken. Old servers number nothing.
    fn answered(&mut self, now: Instant, answer: &proto::SessionDescription) -> Result<(), PeerError> {
        if answer.id != 0 && answer.id != self.offers {
            return Ok(());
        }
        self.publisher.accept_answer(now, &answer.sdp)
    }

    fn offered(&mut self, now: Instant, offer: &proto::SessionDescription) -> Result<(), PeerError> {
        let sdp = self.subscriber.accept_offer(now, &offer.sdp)?;
        self.ask(Request::Answer(description("answer", sdp, offer.id)));
        self.choose_voice();
        Ok(())
    }

    /// Candidates come as JSON (`RTCIceCandidateInit`).
    fn trickled(&mut self, trickle: &proto::TrickleRequest) {
        let init: Option<serde_json::Value> = serde_json::from_str(&trickle.candidate_init).ok();
        let candidate = init.as_ref().and_then(|init| init.get("candidate")?.as_str());
        let Some(candidate) = candidate.filter(|candidate| !candidate.is_empty()) else { return };
        let connection = match trickle.target() {
            proto::SignalTarget::Publisher => Connection::Publisher,
            proto::SignalTarget::Subscriber => Connection::Subscriber,
        };
        self.peer(connection).add_candidate(candidate);
    }

    // ---- who is heard ----

    fn note(&mut self, participants: &[proto::ParticipantInfo]) {
        let wanted = self.track_type();
        for info in participants {
            if info.state() == proto::participant_info::State::Disconnected {
                self.others.remove(&info.sid);
            } else if self.others.contains_key(&info.sid) || self.others.len() < MOST_OTHERS {
                let track = info.tracks.iter().find(|track| track.r#type() == wanted);
                let track = track.map(|track| track.sid.clone());
                self.others.insert(info.sid.clone(), Other { is_agent: info.kind() == Role::Agent, track });
            }
        }
    }

    /// The agent's section, or that of somebody else. Our own track has no section of the subscriber's.
    fn choose_voice(&mut self) {
        let sections = self.subscriber.sections();
        let section = |other: &Other| {
            let track = other.track.as_deref()?;
            let carries = |msid: &Msid| msid.track == track || msid.stream.split('|').nth(1) == Some(track);
            let is_it = |section: &&peer::Section| section.sends && section.msid.as_ref().is_some_and(carries);
            sections.iter().find(is_it).map(|section| section.mid)
        };
        let found = |is_agent: bool| self.others.values().filter(|other| other.is_agent == is_agent).find_map(section);
        let voice = found(true).or_else(|| found(false));
        if voice.is_some() && voice != self.voice {
            self.voice = voice;
            self.outputs.push_back(Output::Event(Event::Voice));
        }
    }
}

fn description(kind: &str, sdp: String, id: u32) -> proto::SessionDescription {
    proto::SessionDescription { r#type: kind.to_owned(), sdp, id, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtc::{
        Transport,
        sim::{End, Network, Weather, packet},
    };

    const CLIENT: [&str; 2] = ["198.51.100.7:40000", "198.51.100.7:40001"];

    fn local(address: &str) -> LocalAddress {
        LocalAddress { transport: Transport::Udp, address: address.parse().unwrap() }
    }

    fn agent(track: Option<&str>) -> proto::ParticipantInfo {
        let info = |sid: &str| proto::TrackInfo { sid: sid.to_owned(), ..Default::default() };
        let tracks = track.into_iter().map(info).collect();
        proto::ParticipantInfo {
            sid: "PA_agent".to_owned(),
            kind: Role::Agent.into(),
            state: proto::participant_info::State::Active.into(),
            tracks,
            ..Default::default()
        }
    }

    /// A server of one client: it answers what is published, and offers the agent's track.
    struct Server {
        now: Instant,
        network: Network,
        ends: [End; 2],
        client: Client,
        wake: Instant,
        asked: Vec<Request>,
        events: Vec<Event>,
    }

    impl Server {
        fn new() -> Self {
            let now = Instant::now();
            let end = |address| End::new(now, Side::Server, address);
            Self {
                now,
                network: Network::new(7, Weather::FAIR),
                ends: [end("192.0.2.1:7881"), end("192.0.2.1:7882")],
                client: Client::new(now, Kind::Audio, CLIENT.map(local)),
                wake: now,
                asked: Vec::new(),
                events: Vec::new(),
            }
        }

        fn say(&mut self, message: Response) {
            let message = proto::SignalResponse { message: Some(message) };
            self.client.handle_signal(self.now, message).unwrap();
            self.drain();
        }

        fn drain(&mut self) {
            loop {
                match self.client.poll() {
                    Output::Signal(request) => self.asked.extend(request.message),
                    Output::Transmit(_, datagram) => self.network.send(self.now, &datagram),
                    Output::Event(event) => self.events.push(event),
                    Output::Timeout(at) => {
                        self.wake = at;
                        break;
                    }
                }
            }
            self.ends.iter_mut().for_each(|end| end.drain(self.now, &mut self.network));
        }

        fn run(&mut self, time: Duration) {
            let end = self.now + time;
            loop {
                self.drain();
                let wakes = [self.wake, self.ends[0].wake, self.ends[1].wake];
                let next = wakes.into_iter().chain(self.network.next_arrival()).min().unwrap_or(end).max(self.now);
                if next > end {
                    self.now = end;
                    return;
                }
                self.now = next;
                while let Some(datagram) = self.network.receive(self.now) {
                    let to = datagram.destination.to_string();
                    match CLIENT.iter().position(|address| *address == to) {
                        Some(nth) => self.client.handle_datagram(self.now, Connection::ALL[nth], &datagram),
                        None => {
                            let end = self.ends.iter_mut().find(|end| end.address == datagram.destination).unwrap();
                            end.peer.handle_datagram(self.now, &datagram);
                        }
                    }
                }
                self.client.handle_timeout(self.now);
                self.ends.iter_mut().for_each(|end| end.peer.handle_timeout(self.now));
            }
        }

        /// Lets the client in, and takes its microphone.
        fn let_in(&mut self) {
            self.say(Response::Join(proto::JoinResponse { ping_interval: 5, ..Default::default() }));
            let Some(Request::AddTrack(track)) = self.asked.pop() else { panic!("a track is asked for") };
            self.say(Response::TrackPublished(proto::TrackPublishedResponse { cid: track.cid, track: None }));
            let Some(Request::Offer(offer)) = self.asked.pop() else { panic!("the microphone is offered") };
            let sdp = self.ends[0].peer.accept_offer(self.now, &offer.sdp).unwrap();
            self.say(Response::Answer(description("answer", sdp, offer.id)));
            self.run(Duration::from_millis(500));
        }

        /// Offers the agent's track; gives its section.
        fn offer_agent(&mut self) -> Mid {
            let msid = Msid { stream: "PA_agent|TR_voice".to_owned(), track: "TR_voice".to_owned() };
            let mid = self.ends[1].peer.add_sender(Kind::Audio, msid).unwrap();
            let sdp = self.ends[1].peer.offer(self.now).unwrap();
            self.say(Response::Offer(description("offer", sdp, 1)));
            let Some(Request::Answer(answer)) = self.asked.pop() else { panic!("the offer is answered") };
            self.ends[1].peer.accept_answer(self.now, &answer.sdp).unwrap();
            self.run(Duration::from_millis(500));
            mid
        }
    }

    fn update(info: proto::ParticipantInfo) -> Response {
        Response::Update(proto::ParticipantUpdate { participants: vec![info] })
    }

    #[test]
    fn its_microphone_is_heard_and_it_hears_the_agent() {
        let mut server = Server::new();
        server.let_in();
        assert!(server.events.iter().any(|event| matches!(event, Event::Published)));
        for number in 0..5 {
            server.client.send(server.now, &packet(server.now, number));
            server.run(Duration::from_millis(20));
        }
        server.run(Duration::from_millis(100));
        assert_eq!(server.ends[0].take_media().len(), 5);

        let mid = server.offer_agent();
        server.say(update(agent(Some("TR_voice"))));
        assert!(matches!(server.events.last(), Some(Event::Voice)));
        server.ends[1].peer.send(server.now, mid, &packet(server.now, 0));
        server.run(Duration::from_millis(100));
        assert!(matches!(server.events.last(), Some(Event::Media(_))));
    }

    #[test]
    fn a_voice_of_nobody_known_is_not_heard() {
        let mut server = Server::new();
        server.let_in();
        let mid = server.offer_agent();
        server.say(update(agent(None)));
        server.ends[1].peer.send(server.now, mid, &packet(server.now, 0));
        server.run(Duration::from_millis(100));
        assert!(!server.events.iter().any(|event| matches!(event, Event::Voice | Event::Media(_))));
    }

    #[test]
    fn the_server_is_told_every_few_seconds_that_it_is_there() {
        let mut server = Server::new();
        server.let_in();
        server.asked.clear();
        server.run(Duration::from_secs(11));
        assert_eq!(server.asked.iter().filter(|asked| matches!(asked, Request::PingReq(_))).count(), 2);
    }

    #[test]
    fn the_end_is_told_once_and_whoever_leaves_says_so() {
        let mut server = Server::new();
        server.let_in();
        let reason = proto::DisconnectReason::RoomDeleted.into();
        server.say(Response::Leave(proto::LeaveRequest { reason, ..Default::default() }));
        assert!(matches!(server.events.last(), Some(Event::Left(why)) if why == "ROOM_DELETED"));
        server.client.leave(server.now);
        server.run(Duration::from_secs(40));
        assert!(matches!(server.asked.last(), Some(Request::Leave(_))));
        assert!(!server.events.iter().any(|event| matches!(event, Event::Lost(_))));
    }

    #[test]
    fn messages_with_nothing_in_them_are_borne() {
        let mut server = Server::new();
        server.let_in();
        for message in [
            Response::Join(proto::JoinResponse::default()),
            Response::TrackPublished(proto::TrackPublishedResponse::default()),
            Response::Trickle(proto::TrickleRequest {
                candidate_init: "{\"candidate\":7}".to_owned(),
                ..Default::default()
            }),
            Response::Update(proto::ParticipantUpdate { participants: vec![proto::ParticipantInfo::default()] }),
        ] {
            server.say(message);
        }
        let nothing = proto::SignalResponse { message: None };
        server.client.handle_signal(server.now, nothing).unwrap();
        let answer = proto::SignalResponse { message: Some(Response::Answer(description("answer", String::new(), 0))) };
        assert!(server.client.handle_signal(server.now, answer).is_err());
    }
}
