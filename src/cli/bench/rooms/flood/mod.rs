//! A flood beside the calls: strangers who join and are gone, who bring bad tokens and garbage, who never read, and
//! datagrams of nobody. They come from a thread of their own at steady rates, so that what they cost the calls is the
//! server's work and the machine's, not the guests' clock. Only a server on this machine is flooded ([`Place`]).

mod count;
mod datagrams;
mod place;
mod readers;
mod tokens;

use std::{
    fmt::Write as _,
    future::Future,
    io,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{header::CONTENT_TYPE, redirect, retry};
use serde::Serialize;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    runtime::Builder,
    sync::oneshot,
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};
use url::{Position, Url};

pub(super) use self::place::Place;
use self::{
    count::{Answer, Count},
    datagrams::Datagrams,
    readers::Readers,
    tokens::Tokens,
};
use crate::{
    config::Secret,
    livekit::{Event, Line, LineError, ParticipantError, SignalError, Trust},
    rooms::token::Keys,
    rtc::peer::Kind,
};

/// Joins with a good token, a second.
const JOINS: u32 = 20;
/// The rooms that they join: enough that no single one has to take them all.
const ROOMS: u64 = 10;
/// WebSockets with a bad token or a join request that is none, a second.
const KNOCKS: u32 = 50;
/// HTTP requests with a bad token, a second.
const REQUESTS: u32 = 100;
/// Of one kind at a time: a server that is slow to answer is asked less often, and this process opens no more files.
const MOST_AT_ONCE: usize = 100;
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long somebody stays who goes while the media are being connected.
const GLIMPSE: Duration = Duration::from_millis(30);
/// For the last answers, once it is over.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// Until the one who looks where the media go is connected.
const CONNECTING: Duration = Duration::from_secs(20);
/// Random bytes in place of a join request.
const GARBAGE_BYTES: usize = 300;
const JSON: &str = "application/json";

/// A server on this machine, and what strangers know of it.
pub(super) struct Target {
    /// By its address: no name is looked up any more.
    place: Place,
    address: SocketAddr,
    media: SocketAddr,
    tokens: Tokens,
    trust: Trust,
    client: reqwest::Client,
}

/// What the flood did, and how it was answered.
#[derive(Debug, Serialize)]
pub(super) struct Flooded {
    /// With a good token. A third leave at once, a third go while the media are being connected, and a third as soon as
    /// they have asked: those count as not answered.
    joins: Count,
    /// WebSockets with a bad token, or with a good one and a join request that is none.
    knocks: Count,
    /// `/rtc/validate`, `/api/room/token` and the server API, with bad tokens.
    requests: Count,
    slow_readers: Readers,
    datagrams: Datagrams,
}

/// Floods until then, from a thread of its own. Dropping the receiver ends it before.
///
/// # Errors
/// When the system refuses a thread.
pub(super) fn start(target: Target, until: Instant) -> io::Result<oneshot::Receiver<io::Result<Flooded>>> {
    let (mut told, flooded) = oneshot::channel();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let target = Arc::new(target);
    thread::Builder::new().name("flood".to_owned()).spawn(move || {
        let flooded = runtime.block_on(async {
            tokio::select! {
                flooded = target.flood(until) => Some(flooded),
                () = told.closed() => None,
            }
        });
        if let Some(flooded) = flooded {
            // Who does not wait any more does not need to know.
            let _ = told.send(flooded);
        }
    })?;
    Ok(flooded)
}

impl Target {
    /// The server at `place`: joins it once, to learn where media go.
    ///
    /// # Errors
    /// When it cannot be joined, or when its media are not on this machine: signalling may be forwarded from here.
    pub(super) async fn find(place: &Place, keys: &Keys, trust: &Trust) -> anyhow::Result<Self> {
        let (place, address) = place.resolved().await?;
        let tokens = Tokens::new(keys);
        let token = Secret::from(tokens.good("look"));
        let mut line = Line::open(place.as_str(), &token, trust, Kind::Audio).await?;
        let due = Instant::now() + CONNECTING;
        let media = loop {
            match line.next(due).await? {
                Some(Event::Published) => break line.media_address().ok_or(ParticipantError::NotPublished)?,
                Some(Event::Left(why)) => return Err(ParticipantError::Left(why).into()),
                Some(Event::Lost(_)) => return Err(ParticipantError::Lost.into()),
                Some(_) => {}
                None => return Err(ParticipantError::NotPublished.into()),
            }
        };
        line.leave()?;
        place::check_media(media)?;
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Each stranger comes by a connection of its own.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { place, address, media, tokens, trust: trust.clone(), client })
    }

    async fn flood(self: &Arc<Self>, until: Instant) -> io::Result<Flooded> {
        let (joins, knocks, requests, slow_readers, datagrams) = tokio::join!(
            steadily(JOINS, until, |nth| Arc::clone(self).join(nth)),
            steadily(KNOCKS, until, |nth| Arc::clone(self).knock(nth)),
            steadily(REQUESTS, until, |nth| Arc::clone(self).request(nth)),
            readers::flood(self, until),
            datagrams::flood(self.media, until),
        );
        Ok(Flooded { joins, knocks, requests, slow_readers, datagrams: datagrams? })
    }

    /// Comes with a good token, and does not stay.
    async fn join(self: Arc<Self>, nth: u64) -> Answer {
        let token = self.tokens.good(&(nth % ROOMS).to_string());
        if nth % 3 == 2 {
            return self.ask_and_go(&token).await;
        }
        let mut line = match Line::open(self.place.as_str(), &Secret::from(token), &self.trust, Kind::Audio).await {
            Ok(line) => line,
            Err(LineError::Signal(SignalError::Refused(_))) => return Answer::Refused,
            Err(_) => return Answer::Missing,
        };
        // What comes of it does not matter to somebody who goes.
        if nth.is_multiple_of(3) {
            let _ = line.leave();
        } else {
            let _ = line.next(Instant::now() + GLIMPSE).await;
        }
        Answer::LetIn
    }

    /// Asks for a WebSocket, and is gone before there is an answer.
    async fn ask_and_go(&self, token: &str) -> Answer {
        let url = self.place.signal("/rtc", token, None);
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {}\r\n\r\n",
            &url[Position::BeforePath..],
            self.address,
            tungstenite::handshake::client::generate_key(),
        );
        // Neither who is not there nor who does not take it answers.
        let _ = timeout(PATIENCE, async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(head.as_bytes()).await
        })
        .await;
        Answer::Missing
    }

    /// Comes with a bad token, or with a good one and garbage.
    async fn knock(self: Arc<Self>, nth: u64) -> Answer {
        let url = match nth % 4 {
            0 => self.place.signal("/rtc", &self.tokens.bad(nth / 4), None),
            1 => self.place.signal("/rtc/v1", &self.tokens.bad(nth / 4), Some("")),
            2 => self.place.signal("/rtc/v1", &self.tokens.good("garbage"), Some("this is no join request")),
            _ => {
                let garbage: [u8; GARBAGE_BYTES] = rand::random();
                let garbage = BASE64_URL_SAFE_NO_PAD.encode(garbage);
                self.place.signal("/rtc/v1", &self.tokens.good("garbage"), Some(garbage.as_str()))
            }
        };
        let opened = timeout(PATIENCE, async {
            let stream = TcpStream::connect(self.address).await.map_err(|_| Answer::Missing)?;
            upgrade(stream, &url).await
        });
        match opened.await {
            Ok(Ok(_)) => Answer::LetIn,
            Ok(Err(answer)) => answer,
            Err(_) => Answer::Missing,
        }
    }

    /// Asks by HTTP, with a bad token.
    async fn request(self: Arc<Self>, nth: u64) -> Answer {
        let token = self.tokens.bad(nth / 3);
        let post = |path: &str, body: &'static str| {
            let request = self.client.post(self.place.http(path, &[])).bearer_auth(&token);
            request.header(CONTENT_TYPE, JSON).body(body)
        };
        let request = match nth % 3 {
            0 => self.client.get(self.place.http("/rtc/validate", &[("access_token", token.as_str())])),
            1 => post("/api/room/token", r#"{"room_name":"flood","user_name":"stranger"}"#),
            _ => post("/twirp/livekit.RoomService/ListRooms", "{}"),
        };
        match request.send().await {
            Ok(response) => Answer::of_status(response.status().as_u16()),
            Err(_) => Answer::Missing,
        }
    }
}

/// Makes a connection a WebSocket.
///
/// # Errors
/// How that was answered otherwise.
async fn upgrade(stream: TcpStream, url: &Url) -> Result<WebSocketStream<TcpStream>, Answer> {
    match client_async(url.as_str(), stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(_)) => Err(Answer::Refused),
        Err(_) => Err(Answer::Missing),
    }
}

/// Tries so many times a second until then, without waiting for answers as long as they are not too many.
async fn steadily<F>(a_second: u32, until: Instant, mut attempt: impl FnMut(u64) -> F) -> Count
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut ticks = ticks(Duration::from_secs(1) / a_second);
    let (mut count, mut running) = (Count::default(), JoinSet::new());
    for nth in 0.. {
        ticks.tick().await;
        if Instant::now() >= until {
            break;
        }
        while let Some(ended) = running.try_join_next() {
            count.note(ended.unwrap_or(Answer::Missing));
        }
        if running.len() < MOST_AT_ONCE {
            running.spawn(attempt(nth));
        }
    }
    let last = async {
        while let Some(ended) = running.join_next().await {
            count.note(ended.unwrap_or(Answer::Missing));
        }
    };
    // Who is not answered by then is not answered at all.
    let _ = timeout(LAST_ANSWERS, last).await;
    (0..running.len()).for_each(|_| count.note(Answer::Missing));
    count
}

/// What is late is left out: a rate is never exceeded.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

impl Flooded {
    /// For people.
    pub(super) fn as_text(&self) -> String {
        let Self { joins, knocks, requests, slow_readers, datagrams } = self;
        let mut text = format!("{:32} {:>7} {:>7} {:>7} {:>7}", "the flood", "TRIED", "LET IN", "REFUSED", "NONE");
        for (name, Count { tried, let_in, refused, not_answered }) in [
            ("joins that do not stay", joins),
            ("joins with bad tokens, garbage", knocks),
            ("requests with bad tokens", requests),
            ("joins of those who never read", &slow_readers.joins),
        ] {
            let _ = write!(text, "\n{name:32} {tried:>7} {let_in:>7} {refused:>7} {not_answered:>7}");
        }
        let Datagrams { sent, not_sent, answered } = datagrams;
        let _ = write!(text, "\nwho never reads, cut off by the server: {}", slow_readers.cut_off);
        let _ = write!(text, "\ndatagrams of nobody: {sent} sent, {not_sent} not taken here, {answered} answered");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_tells_each_kind() {
        let joins = Count { tried: 201, let_in: 134, refused: 0, not_answered: 67 };
        let count = |tried| Count { tried, let_in: 0, refused: tried, not_answered: 0 };
        let flooded = Flooded {
            joins,
            knocks: count(500),
            requests: count(1000),
            slow_readers: Readers { joins: Count { tried: 25, let_in: 25, ..Count::default() }, cut_off: 5 },
            datagrams: Datagrams { sent: 50_000, not_sent: 0, answered: 3 },
        };
        let text = flooded.as_text();
        for line in [
            "joins that do not stay               201     134       0      67",
            "requests with bad tokens            1000       0    1000       0",
            "who never reads, cut off by the server: 5",
            "datagrams of nobody: 50000 sent, 0 not taken here, 3 answered",
        ] {
            assert!(text.lines().any(|one| one == line), "{text}");
        }
        let json = serde_json::to_value(&flooded).unwrap();
        assert_eq!(json["joins"]["not_answered"], 67);
        assert_eq!(json["slow_readers"]["cut_off"], 5);
    }
}
