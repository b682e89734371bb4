//! A [`Client`] with a clock: joins, and asks a [`Device`] every 20 ms for what the microphone takes, with what the loudspeaker
//! gives. The device's clock is that of the media: its ticks are due at absolute moments, and one that could not be on time is
//! made up for, as a sound card's buffer would.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use livekit_protocol as proto;
use tokio::{net::UdpSocket, time::sleep_until};

use super::{
    client::{Client, Connection, Event, Output},
    signal::{Signal, SignalError},
    trust::Trust,
};
use crate::{
    audio::{
        FRAME_MS, FRAME_SAMPLES, Frame,
        jitter::{Incoming, Playout},
        opus::{Encoder, OpusError},
    },
    config::Secret,
    rtc::{
        Datagram, LocalAddress, Transport,
        peer::{Packet, PeerError},
    },
};

const TICK: Duration = Duration::from_millis(FRAME_MS as u64);
/// From the open signal connection to the published microphone.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any path carries in one datagram.
const MOST_BYTES: usize = 2048;

/// Why somebody could not take part, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum ParticipantError {
    /// About the signal connection.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// A session description is refused.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// No socket for media.
    #[error("cannot open a socket for media: {0}")]
    Socket(#[from] io::Error),
    /// libopus refuses.
    #[error(transparent)]
    Opus(#[from] OpusError),
    /// The microphone is not connected in time: is UDP let through?
    #[error("the media do not connect within {} s: is UDP let through?", PATIENCE.as_secs())]
    NotPublished,
    /// The media are not heard any more.
    #[error("the media connection is lost")]
    Lost,
    /// The server said so, in its own word.
    #[error("the server ended it: {0}")]
    Left(String),
}

/// What comes with a tick.
#[derive(Debug)]
pub struct Heard<'a> {
    /// What the loudspeaker plays in the next 20 ms, from this tick on; silence while there is nothing to be heard.
    pub frame: &'a Frame,
    /// How much later than due the tick is made.
    pub late: Duration,
    /// How long the sound waits in the jitter buffer; `None` in silence.
    pub buffered: Option<Duration>,
}

/// What is to be done after a tick.
#[derive(Debug)]
pub enum Step<'a> {
    /// The microphone took this in the 20 ms before this tick.
    Say(&'a Frame),
    /// Leave.
    Leave,
}

/// A microphone and a loudspeaker on one clock.
pub trait Device {
    /// The next 20 ms. Must not wait: network and clock wait for it.
    fn tick(&mut self, heard: Heard<'_>) -> Step<'_>;
}

/// Joins the room that `token` is for, at the LiveKit server `server`, which over TLS has to be one that `trust` believes; from the moment on that its microphone is heard, ticks
/// `device`, until that leaves.
///
/// # Errors
/// See [`ParticipantError`].
pub async fn participate(
    server: &str,
    token: &Secret,
    trust: &Trust,
    device: &mut impl Device,
) -> Result<(), ParticipantError> {
    let signal = Signal::open(server, token, trust).await?;
    let sockets = [socket(signal.local).await?, socket(signal.local).await?];
    let local = |socket: &Socket| LocalAddress { transport: Transport::Udp, address: socket.address };
    let client = Client::new(Instant::now(), local(&sockets[0]), local(&sockets[1]));
    let mut participant =
        Participant { client, sockets, signal, wake: Instant::now(), studio: None, give_up: Instant::now() + PATIENCE };
    participant.run(device).await
}

struct Socket {
    udp: UdpSocket,
    address: SocketAddr,
}

async fn socket(local: IpAddr) -> io::Result<Socket> {
    let udp = UdpSocket::bind((local, 0)).await?;
    Ok(Socket { address: udp.local_addr()?, udp })
}

struct Participant {
    client: Client,
    /// In the order of [`Connection::ALL`].
    sockets: [Socket; 2],
    signal: Signal,
    wake: Instant,
    /// From the moment on that the microphone is heard.
    studio: Option<Studio>,
    give_up: Instant,
}

/// What an event of the loop was.
enum Woken {
    Tick,
    Timeout,
    Signal(Result<Box<proto::SignalResponse>, SignalError>),
    Datagram(Connection, io::Result<Datagram>),
}

impl Participant {
    async fn run(&mut self, device: &mut impl Device) -> Result<(), ParticipantError> {
        loop {
            self.act()?;
            match self.wait().await {
                Woken::Tick => {
                    if self.tick(device)? {
                        self.client.leave(Instant::now());
                        return self.act();
                    }
                }
                Woken::Timeout => self.client.handle_timeout(Instant::now()),
                Woken::Signal(message) => self.client.handle_signal(Instant::now(), *message?)?,
                Woken::Datagram(connection, Ok(datagram)) => {
                    self.client.handle_datagram(Instant::now(), connection, &datagram);
                }
                // A port that nobody listens on any more is told so: ICE finds out by itself.
                Woken::Datagram(_, Err(_)) => {}
            }
            if self.studio.is_none() && Instant::now() >= self.give_up {
                return Err(ParticipantError::NotPublished);
            }
        }
    }

    /// Does what the client wants.
    fn act(&mut self) -> Result<(), ParticipantError> {
        loop {
            match self.client.poll() {
                Output::Signal(request) => self.signal.send(&request)?,
                // What the socket does not take now is lost, as it may be on the network.
                Output::Transmit(connection, datagram) => {
                    let socket = &self.sockets[connection as usize].udp;
                    drop(socket.try_send_to(&datagram.contents, datagram.destination));
                }
                Output::Event(event) => self.handle(event)?,
                Output::Timeout(at) => {
                    self.wake = at;
                    return Ok(());
                }
            }
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), ParticipantError> {
        match event {
            Event::Published => {
                self.studio.get_or_insert_with(|| Studio::new(Instant::now()));
            }
            Event::Voice => {
                if let Some(studio) = &mut self.studio {
                    studio.ear.restart();
                }
            }
            Event::Media(packet) => {
                if let Some(studio) = &mut self.studio {
                    studio.hear(packet);
                }
            }
            Event::Left(why) => return Err(ParticipantError::Left(why)),
            Event::Lost(_) => return Err(ParticipantError::Lost),
        }
        Ok(())
    }

    async fn wait(&mut self) -> Woken {
        let tick = self.studio.as_ref().map_or(self.give_up, |studio| studio.due);
        let [publisher, subscriber] = &self.sockets;
        tokio::select! {
            biased;
            () = sleep_until(tick.into()) => Woken::Tick,
            () = sleep_until(self.wake.into()) => Woken::Timeout,
            datagram = publisher.receive() => Woken::Datagram(Connection::Publisher, datagram),
            datagram = subscriber.receive() => Woken::Datagram(Connection::Subscriber, datagram),
            message = self.signal.receive() => Woken::Signal(message.map(Box::new)),
        }
    }

    /// All ticks that are due; whether the device leaves.
    fn tick(&mut self, device: &mut impl Device) -> Result<bool, ParticipantError> {
        let Some(studio) = &mut self.studio else { return Ok(false) };
        let now = Instant::now();
        while studio.due <= now {
            let heard = studio.ear.pull(studio.due);
            let late = now - studio.due;
            studio.due += TICK;
            let buffered = studio.ear.delay(studio.due);
            match device.tick(Heard { frame: &heard, late, buffered }) {
                Step::Say(frame) => {
                    let packet = studio.packet(now, frame)?;
                    self.client.send(now, &packet);
                }
                Step::Leave => return Ok(true),
            }
        }
        Ok(false)
    }
}

impl Socket {
    async fn receive(&self) -> io::Result<Datagram> {
        let mut buffer = [0; MOST_BYTES];
        let (length, source) = self.udp.recv_from(&mut buffer).await?;
        let contents = buffer[..length].to_vec();
        Ok(Datagram { transport: Transport::Udp, source, destination: self.address, contents })
    }
}

/// Sound in both directions.
struct Studio {
    /// The next tick.
    due: Instant,
    ear: Playout,
    encoder: Encoder,
    seq: u64,
}

impl Studio {
    fn new(now: Instant) -> Self {
        Self { due: now + TICK, ear: Playout::new(now), encoder: Encoder::new(), seq: 0 }
    }

    fn hear(&mut self, packet: Packet) {
        let Packet { payload, seq, time, is_red, arrived, .. } = packet;
        self.ear.push(&Incoming { payload, seq, time, is_red, arrived });
    }

    fn packet(&mut self, now: Instant, frame: &Frame) -> Result<Packet, ParticipantError> {
        let payload = self.encoder.encode(frame)?;
        let (seq, time) = (self.seq, self.seq.wrapping_mul(FRAME_SAMPLES as u64));
        self.seq = self.seq.wrapping_add(1);
        Ok(Packet { payload, seq, time, marker: seq == 0, is_red: false, level: None, video: None, arrived: now })
    }
}
