//! Pages that are told what happens while they are open, by server-sent events (HTML, "Server-sent events"): each has a piece of
//! HTML, which takes the place of the one before. A stream ends when what it tells of is over, and when its reader's session is.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentEncoding},
    web::Bytes,
};
use futures_util::{future::LocalBoxFuture, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, Interval, interval, sleep_until},
};

use crate::web::{State, error::ApiError, session};

/// What happens within this time is told together.
const PACE: Duration = Duration::from_millis(250);
/// How often it is seen whether the reader, and the session, are still there.
const BEAT: Duration = Duration::from_secs(15);
/// What a page is told at the end: the name of the event.
const OVER: &str = "over";

/// What a page shows of something; nothing when it is over.
type Shown<T> = dyn Fn(T) -> Option<String>;

/// Something that changes.
pub(super) struct Feed<T> {
    pub(super) changes: watch::Receiver<T>,
    pub(super) show: Box<Shown<T>>,
    /// What has to come about after its end before the page is told.
    pub(super) last: LocalBoxFuture<'static, ()>,
}

/// Answers with what a feed has to tell, from now on.
///
/// # Errors
/// When nobody is logged in, and when too many pages listen.
pub(super) fn answer<T: Clone + 'static>(
    state: &State,
    request: &HttpRequest,
    mut feed: Feed<T>,
) -> Result<HttpResponse, ApiError> {
    let busy = || ApiError::Busy("too many pages follow what happens here: close some".to_owned());
    let permit = state.limits.stream().ok_or_else(busy)?;
    // As it is now is told first.
    feed.changes.mark_changed();
    let telling = Telling {
        feed,
        session: session::Watch::of(state, request)?,
        beat: interval(BEAT),
        next: Instant::now(),
        is_over: false,
        _permit: permit,
    };
    let pieces = stream::unfold(telling, move |mut telling| async move {
        let piece = telling.next().await?;
        Some((Ok::<_, ApiError>(piece), telling))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compressed, a piece would wait until a block is full.
        .insert_header(ContentEncoding::Identity)
        .streaming(pieces))
}

struct Telling<T> {
    feed: Feed<T>,
    session: session::Watch,
    beat: Interval,
    /// Nothing is told before.
    next: Instant,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl<T: Clone> Telling<T> {
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        sleep_until(self.next).await;
        tokio::select! {
            changed = self.feed.changes.changed() => {
                // Shown after it was let go: what goes on does not wait for a page.
                let now = changed.ok().map(|()| self.feed.changes.borrow_and_update().clone());
                self.next = Instant::now() + PACE;
                Some(match now.and_then(&self.feed.show) {
                    Some(html) => message(&html),
                    None => self.end().await,
                })
            }
            _ = self.beat.tick() => self.session.goes_on().await.then(|| Bytes::from_static(b":\n\n")),
        }
    }

    async fn end(&mut self) -> Bytes {
        self.is_over = true;
        (&mut self.feed.last).await;
        Bytes::from(format!("event: {OVER}\ndata: {OVER}\n\n"))
    }
}

/// A line of its own for each line of HTML.
fn message(html: &str) -> Bytes {
    let lines = html.lines().filter(|line| !line.trim().is_empty());
    let mut text: String = lines.flat_map(|line| ["data: ", line, "\n"]).collect();
    text.push('\n');
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_html_is_a_line_of_data() {
        assert_eq!(message("<p>\n\n  Hello</p>\n"), "data: <p>\ndata:   Hello</p>\n\n");
        // A line that ends within words of a caller is none of the protocol's.
        assert_eq!(message("a\r\nevent: over"), "data: a\ndata: event: over\n\n");
    }
}
