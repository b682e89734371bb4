//! A network in simulated time, and peers at its ends, for tests: loss, duplication, delay and jitter (which reorders) by a
//! seeded generator, so that each run is the same.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    Datagram, LocalAddress, Peer, Transport,
    peer::{Event, Options, Output, Packet, Side, Video, VideoCodec, video::vp8},
};

/// How bad a network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// 0.0 to 1.0.
    pub(crate) loss: f64,
    /// 0.0 to 1.0.
    pub(crate) duplication: f64,
    /// At the least.
    pub(crate) delay: Duration,
    /// On top of the delay, up to this.
    pub(crate) jitter: Duration,
}

impl Weather {
    pub(crate) const FAIR: Self =
        Self { loss: 0.0, duplication: 0.0, delay: Duration::from_millis(10), jitter: Duration::ZERO };
    /// Loses 10 %, doubles 5 %, and jitters by three packets of 20 ms.
    pub(crate) const STORM: Self =
        Self { loss: 0.1, duplication: 0.05, delay: Duration::from_millis(20), jitter: Duration::from_millis(60) };
    /// Nothing arrives.
    pub(crate) const CUT: Self = Self { loss: 1.0, ..Self::FAIR };
}

/// Carries datagrams. They arrive as they were sent: source and destination are those of the sender.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    random: StdRng,
    count: u64,
    /// By arrival.
    flying: BinaryHeap<Reverse<(Instant, u64)>>,
    datagrams: BTreeMap<u64, Datagram>,
}

impl Network {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        Self {
            weather,
            random: StdRng::seed_from_u64(seed),
            count: 0,
            flying: BinaryHeap::new(),
            datagrams: BTreeMap::new(),
        }
    }

    pub(crate) fn send(&mut self, now: Instant, datagram: &Datagram) {
        let copies = 1 + usize::from(self.random.random_bool(self.weather.duplication));
        for _ in 0..copies {
            if !self.random.random_bool(self.weather.loss) {
                let arrives = now + self.weather.delay + self.weather.jitter.mul_f64(self.random.random());
                self.count += 1;
                self.flying.push(Reverse((arrives, self.count)));
                self.datagrams.insert(self.count, datagram.clone());
            }
        }
    }

    /// How many datagrams there have been.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// When the next datagram arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.flying.peek().map(|Reverse((arrives, _))| *arrives)
    }

    /// The next one that has arrived.
    pub(crate) fn receive(&mut self, now: Instant) -> Option<Datagram> {
        if self.next_arrival()? > now {
            return None;
        }
        let Reverse((_, number)) = self.flying.pop()?;
        self.datagrams.remove(&number)
    }
}

/// A peer with its address and what it told.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) peer: Peer,
    pub(crate) address: SocketAddr,
    pub(crate) events: Vec<Event>,
    pub(crate) wake: Instant,
}

impl End {
    pub(crate) fn new(now: Instant, side: Side, address: &str) -> Self {
        let address = address.parse().unwrap();
        let addresses = vec![LocalAddress { transport: Transport::Udp, address }];
        let peer = Peer::new(now, &Options { side, ufrag: None, addresses });
        Self { peer, address, events: Vec::new(), wake: now }
    }

    /// Another network: it has that address from now on.
    pub(crate) fn move_to(&mut self, address: &str) {
        self.address = address.parse().unwrap();
        self.peer.add_address(LocalAddress { transport: Transport::Udp, address: self.address });
    }

    /// Sends what the peer has to send and keeps what it tells.
    pub(crate) fn drain(&mut self, now: Instant, network: &mut Network) {
        loop {
            match self.peer.poll() {
                Output::Transmit(datagram) => network.send(now, &datagram),
                Output::Event(event) => self.events.push(event),
                Output::Timeout(wake) => {
                    self.wake = wake;
                    return;
                }
            }
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        let is_alive = !self.events.iter().any(|event| matches!(event, Event::Disconnected));
        is_alive && self.events.iter().any(|event| matches!(event, Event::Connected))
    }

    /// The media that came since the last time.
    pub(crate) fn take_media(&mut self) -> Vec<Packet> {
        let (media, rest) = self.events.drain(..).partition(|event| matches!(event, Event::Media(..)));
        self.events = rest;
        let packet = |event| if let Event::Media(_, packet) = event { Some(packet) } else { None };
        Vec::into_iter(media).filter_map(packet).collect()
    }
}

/// A server and a client with a network between them.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) network: Network,
    pub(crate) server: End,
    pub(crate) client: End,
}

impl Pair {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        let now = Instant::now();
        Self {
            now,
            network: Network::new(seed, weather),
            server: End::new(now, Side::Server, "192.0.2.1:7881"),
            client: End::new(now, Side::Client, "198.51.100.7:40000"),
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut stalled = 0;
        loop {
            self.server.drain(self.now, &mut self.network);
            self.client.drain(self.now, &mut self.network);
            let next = [Some(self.server.wake), Some(self.client.wake), self.network.next_arrival()];
            let next = next.into_iter().flatten().min().unwrap_or(end).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            stalled = if next == self.now { stalled + 1 } else { 0 };
            assert!(stalled < 1000, "time stands still");
            self.now = next;
            while let Some(datagram) = self.network.receive(self.now) {
                for end in [&mut self.server, &mut self.client] {
                    if end.address == datagram.destination {
                        end.peer.handle_datagram(self.now, &datagram);
                    }
                }
            }
            for end in [&mut self.server, &mut self.client] {
                if end.wake <= self.now {
                    end.peer.handle_timeout(self.now);
                }
            }
        }
    }

    /// The server offers, the client answers: a connection for what the server sends.
    pub(crate) fn server_offers(&mut self) {
        let offer = self.server.peer.offer(self.now).expect("something to offer");
        let answer = self.client.peer.accept_offer(self.now, &offer).unwrap();
        self.server.peer.accept_answer(self.now, &answer).unwrap();
    }

    /// The client offers, the server answers.
    pub(crate) fn client_offers(&mut self) {
        let offer = self.client.peer.offer(self.now).expect("something to offer");
        let answer = self.server.peer.accept_offer(self.now, &offer).unwrap();
        self.client.peer.accept_answer(self.now, &answer).unwrap();
    }
}

/// The `number`th picture of a camera, 33 ms each.
pub(crate) fn picture(now: Instant, number: u64, is_key: bool) -> Packet {
    let payload: Arc<[u8]> = Arc::from(vp8(number as u16, is_key));
    let video = Some(Video::of(VideoCodec::Vp8, &payload, None));
    let (seq, time) = (5000 + number, 9_000_000 + number * 3000);
    Packet { payload, seq, time, marker: true, is_red: false, level: None, video, arrived: now }
}

/// The `number`th packet of 20 ms of a stream, with bytes that tell which it is.
pub(crate) fn packet(now: Instant, number: u64) -> Packet {
    Packet {
        payload: Arc::from(number.to_be_bytes()),
        seq: 1000 + number,
        time: 5_000_000 + number * 960,
        marker: number == 0,
        is_red: false,
        level: None,
        video: None,
        arrived: now,
    }
}
