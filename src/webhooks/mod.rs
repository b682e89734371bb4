//! Webhooks as LiveKit has them: what happens in rooms is posted, signed, to the addresses that are set; to nobody otherwise.
//!
//! What is sent next is decided by [`queue`], which knows no clock and no network; [`post`] makes one request. The events of
//! one room arrive in their order, a slow receiver loses events, and nobody waits for it. Logs name neither rooms nor people.

mod post;
mod queue;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time;
use url::Url;

use crate::{
    config::Config,
    rooms::{RoomEvent, RoomEvents, token::Keys},
};
use post::Poster;
use queue::{Notice, Outcome, Post, Queue};

/// For what is left when the rooms have stopped.
const FAREWELL: Duration = Duration::from_secs(3);
/// When nothing is planned.
const IDLE: Duration = Duration::from_secs(3600);

/// This machine cannot make requests.
#[derive(Debug, thiserror::Error)]
#[error("webhooks cannot be sent: {0}")]
pub struct WebhooksError(#[from] reqwest::Error);

/// Tells all addresses of what happens.
#[derive(Debug)]
pub struct Webhooks {
    poster: Poster,
    queues: Vec<(Url, Queue)>,
}

/// What happens here.
enum Event {
    /// In the rooms; `None`: they have stopped.
    Rooms(Option<Arc<RoomEvent>>),
    /// A request has its answer.
    Posted(usize, Arc<Notice>, Outcome),
    /// Something may be due.
    Due,
}

impl Webhooks {
    /// To the addresses of the configuration, signed with `keys`.
    ///
    /// # Errors
    /// When this machine cannot make requests.
    pub fn new(config: &Config, keys: &Keys) -> Result<Self, WebhooksError> {
        let queues = config.webhooks.urls.iter().map(|url| (url.clone(), Queue::default()));
        Ok(Self { poster: Poster::new(keys.clone())?, queues: queues.collect() })
    }

    /// Works until the rooms have stopped and what happened in them is told, or a moment is over.
    pub async fn run(mut self, mut rooms: RoomEvents) {
        if self.queues.is_empty() {
            // Nobody is to be told, and rooms pass over listeners that are gone.
            return;
        }
        let (poster, mut posts) = (self.poster.clone(), FuturesUnordered::new());
        let mut ends: Option<Instant> = None;
        loop {
            for (nth, post) in self.begin(Instant::now()) {
                let (poster, url) = (poster.clone(), self.queues[nth].0.clone());
                posts.push(async move {
                    let outcome = poster.post(url, &post).await;
                    (nth, post.notice, outcome)
                });
            }
            let is_over = |end: Instant| Instant::now() >= end || self.queues.iter().all(|(_, queue)| queue.is_empty());
            if ends.is_some_and(is_over) {
                return;
            }
            let event = tokio::select! {
                event = rooms.recv(), if ends.is_none() => Event::Rooms(event),
                Some((nth, notice, outcome)) = posts.next() => Event::Posted(nth, notice, outcome),
                () = time::sleep_until(self.due(ends).into()) => Event::Due,
            };
            match event {
                Event::Rooms(Some(event)) => self.push(Instant::now(), &event),
                Event::Rooms(None) => ends = Some(Instant::now() + FAREWELL),
                Event::Posted(nth, notice, outcome) => {
                    self.queues[nth].1.answered(Instant::now(), &notice.room, outcome);
                }
                Event::Due => {}
            }
        }
    }

    fn push(&mut self, now: Instant, event: &RoomEvent) {
        let notice = Arc::new(Notice::of(event));
        self.queues.iter_mut().for_each(|(_, queue)| queue.push(now, Arc::clone(&notice)));
    }

    /// The requests that can be made now, by the number of their address.
    fn begin(&mut self, now: Instant) -> Vec<(usize, Post)> {
        let begun = self
            .queues
            .iter_mut()
            .enumerate()
            .map(|(nth, (_, queue))| std::iter::from_fn(move || queue.next(now)).map(move |post| (nth, post)));
        begun.flatten().collect()
    }

    fn due(&self, ends: Option<Instant>) -> Instant {
        let dues = self.queues.iter().filter_map(|(_, queue)| queue.due());
        dues.chain(ends).min().unwrap_or_else(|| Instant::now() + IDLE)
    }
}
