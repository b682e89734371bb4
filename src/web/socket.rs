//! WebSockets that carry LiveKit's messages: signal connections of participants, and connections of workers. What frames mean is
//! their [`Partner`]'s business; here they are bounded, carried until either side ends, and who falls silent is noticed.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    rt,
    web::{self, Bytes},
};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How often a client is asked whether it is still there; stock clients say so themselves every 5 s, too.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// A client that has been silent for so long is gone; the same as it is told to wait for us.
const SILENCE: Duration = Duration::from_secs(15);
/// A client that takes nothing for so long does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// What lies in buffers when a socket goes is there at once.
const LAST_WORDS: Duration = Duration::from_millis(100);
const MOST_LAST_WORDS: usize = 64;

/// A message, as it goes over the wire.
#[derive(Debug)]
pub(super) enum Frame {
    Binary(Bytes),
    Text(String),
}

/// Whom a client speaks with. Dropping it is the connection's end.
pub(super) trait Partner {
    /// The next thing to say; `Err` when there is nothing more. Cancel safe.
    async fn next(&mut self) -> Result<Frame, End>;

    /// What the client says.
    ///
    /// # Errors
    /// When it is the last thing that it says.
    async fn hear(&mut self, frame: Frame) -> Result<(), End>;
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The client closed it.
    Left,
    /// The client is gone.
    Lost,
    /// The client does not answer, or does not read.
    Silent,
    /// The server closed it, after all that it had to say.
    Closed,
    /// The client sent what is not understood, or too much of it.
    Refused(CloseCode, String),
}

/// Whether this wants to become a WebSocket.
pub(super) fn is_upgrade(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// LiveKit's token, from the header or the query.
pub(super) fn token(request: &HttpRequest) -> Option<String> {
    if let Some(header) = request.headers().get(header::AUTHORIZATION) {
        return header.to_str().ok()?.strip_prefix("Bearer ").map(|token| token.trim().to_owned());
    }
    let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    parameters.find(|(name, _)| name == "access_token").map(|(_, token)| token.into_owned())
}

/// Begins to speak with a client, in a task of its own. No message is longer than `longest` bytes.
pub(super) fn serve(
    request: &HttpRequest,
    payload: web::Payload,
    longest: usize,
    partner: impl Partner + 'static,
) -> HttpResponse {
    match actix_ws::handle(request, payload) {
        Ok((response, session, messages)) => {
            let messages = messages.max_frame_size(longest).aggregate_continuations().max_continuation_size(longest);
            rt::spawn(Socket { session, messages }.serve(partner));
            response
        }
        Err(error) => error.error_response(),
    }
}

/// A client's end of a connection.
struct Socket {
    session: Session,
    messages: AggregatedMessageStream,
}

impl Socket {
    /// Carries messages until either side ends.
    async fn serve(mut self, mut partner: impl Partner) {
        let end = self.carry(&mut partner).await;
        if matches!(end, End::Lost) {
            self.hear_out(&mut partner).await;
        }
        drop(partner);
        tracing::debug!(?end, "a connection ended");
        let reason = match end {
            // A socket that takes nothing takes no good-bye either.
            End::Lost | End::Silent => return,
            End::Left | End::Closed => CloseReason::from(CloseCode::Normal),
            End::Refused(code, why) => CloseReason::from((code, why)),
        };
        drop(timeout(SEND_TIMEOUT, self.session.close(Some(reason))).await);
    }

    /// What a client said before its socket went: a good-bye, for one. actix-ws tells of the end before it gives the last
    /// frames, and who sends may notice it earlier still.
    async fn hear_out(&mut self, partner: &mut impl Partner) {
        for _ in 0..MOST_LAST_WORDS {
            match timeout(LAST_WORDS, self.messages.recv()).await {
                Ok(message @ Some(Ok(AggregatedMessage::Binary(_) | AggregatedMessage::Text(_)))) => {
                    if self.receive(partner, message).await.is_err() {
                        return;
                    }
                }
                Ok(Some(Ok(_))) => {}
                Ok(None | Some(Err(_))) | Err(_) => return,
            }
        }
    }

    async fn carry(&mut self, partner: &mut impl Partner) -> End {
        let mut heard = Instant::now();
        let mut ping = interval(PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                frame = partner.next() => match frame {
                    Ok(Frame::Binary(bytes)) => taken(self.session.binary(bytes)).await,
                    Ok(Frame::Text(text)) => taken(self.session.text(text)).await,
                    Err(end) => Err(end),
                },
                message = self.messages.recv() => {
                    heard = Instant::now();
                    self.receive(partner, message).await
                }
                _ = ping.tick() => match heard.elapsed() > SILENCE {
                    true => Err(End::Silent),
                    false => taken(self.session.ping(b"")).await,
                },
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn receive(
        &mut self,
        partner: &mut impl Partner,
        message: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<(), End> {
        match message {
            Some(Ok(AggregatedMessage::Binary(bytes))) => partner.hear(Frame::Binary(bytes)).await,
            Some(Ok(AggregatedMessage::Text(text))) => partner.hear(Frame::Text(text.to_string())).await,
            Some(Ok(AggregatedMessage::Ping(bytes))) => taken(self.session.pong(&bytes)).await,
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(()),
            Some(Err(ProtocolError::Overflow)) => {
                Err(End::Refused(CloseCode::Size, "the message is too large".to_owned()))
            }
            // Too long in pieces, or a socket that has gone without a word; the two look the same.
            Some(Err(ProtocolError::Io(_))) | None => Err(End::Lost),
            Some(Ok(AggregatedMessage::Close(_))) => Err(End::Left),
            Some(Err(error)) => Err(End::Refused(CloseCode::Protocol, error.to_string())),
        }
    }
}

/// Whether the client took it.
async fn taken(sending: impl Future<Output = Result<(), actix_ws::Closed>>) -> Result<(), End> {
    match timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Lost),
        Err(_) => Err(End::Silent),
    }
}
