//! What is asked of this server, and how it goes: for Prometheus by route, and as one figure for the last hour.
//!
//! Routes are patterns (`/api/admin/leads/{id}`), never addresses: those hold ids, and there is no end to them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

const MINUTES: usize = 60;
/// Of what is at no address of ours.
const NO_ROUTE: &str = "none";

/// Requests, and those of them that went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    /// All that were answered.
    pub(super) requests: u64,
    /// Those that were refused: 4xx.
    pub(super) client_errors: u64,
    /// Those that failed here: 5xx.
    pub(super) server_errors: u64,
}

/// The last hour, minute by minute.
#[derive(Debug)]
struct Hour {
    /// The latest minute that was counted in, since the beginning.
    latest: u64,
    /// Each minute's place is its number modulo their count.
    minutes: [Counts; MINUTES],
}

impl Default for Hour {
    fn default() -> Self {
        Self { latest: 0, minutes: [Counts::default(); MINUTES] }
    }
}

impl Hour {
    fn count(&mut self, minute: u64, status: StatusCode) {
        self.go_on_to(minute);
        let counts = &mut self.minutes[place(minute)];
        counts.requests += 1;
        counts.client_errors += u64::from(status.is_client_error());
        counts.server_errors += u64::from(status.is_server_error());
    }

    fn sum(&mut self, minute: u64) -> Counts {
        self.go_on_to(minute);
        self.minutes.iter().fold(Counts::default(), |sum, it| Counts {
            requests: sum.requests + it.requests,
            client_errors: sum.client_errors + it.client_errors,
            server_errors: sum.server_errors + it.server_errors,
        })
    }

    /// Empties the places of the minutes that have passed since the latest.
    fn go_on_to(&mut self, minute: u64) {
        let passed = minute.saturating_sub(self.latest).min(MINUTES as u64);
        for old in 0..passed {
            self.minutes[place(minute - old)] = Counts::default();
        }
        self.latest = self.latest.max(minute);
    }
}

fn place(minute: u64) -> usize {
    (minute % MINUTES as u64) as usize
}

/// See the module. Clones share it.
#[derive(Clone, Debug)]
pub struct Traffic {
    since: Instant,
    hour: Arc<Mutex<Hour>>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { since: Instant::now(), hour: Arc::default() }
    }
}

impl Traffic {
    /// Notes an answer. `route` is `None` for what is at no address of ours.
    pub(super) fn count(&self, method: &Method, route: Option<String>, status: StatusCode, took: Duration) {
        let (method, route) = (known(method), route.map_or_else(|| NO_ROUTE.into(), metrics::SharedString::from));
        let labels = [("method", metrics::SharedString::from(method)), ("route", route.clone())];
        metrics::histogram!("callstead_http_request_duration_seconds", &labels).record(took);
        let status_label = metrics::SharedString::from(status.as_u16().to_string());
        let labels = [("method", method.into()), ("route", route), ("status", status_label)];
        metrics::counter!("callstead_http_requests_total", &labels).increment(1);
        self.hour.lock().unwrap_or_else(PoisonError::into_inner).count(self.minute(), status);
    }

    /// What there was in the last hour, the minute that is running included.
    pub(super) fn last_hour(&self) -> Counts {
        self.hour.lock().unwrap_or_else(PoisonError::into_inner).sum(self.minute())
    }

    /// How long the server has been here.
    pub(super) fn uptime(&self) -> Duration {
        self.since.elapsed()
    }

    fn minute(&self) -> u64 {
        self.since.elapsed().as_secs() / 60
    }
}

/// A client may make methods up.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_remembered_and_no_more() {
        let mut hour = Hour::default();
        let counts = |requests, client_errors, server_errors| Counts { requests, client_errors, server_errors };
        for (minute, status) in [(0, 200), (0, 404), (1, 500), (59, 204), (59, 429)] {
            hour.count(minute, StatusCode::from_u16(status).unwrap());
        }
        for (minute, sum) in [
            (59, counts(5, 2, 1)),
            (60, counts(3, 1, 1)),
            (61, counts(2, 1, 0)),
            (118, counts(2, 1, 0)),
            (119, counts(0, 0, 0)),
        ] {
            assert_eq!(hour.sum(minute), sum, "{minute}");
        }
        hour.count(10_000, StatusCode::OK);
        hour.count(9_999, StatusCode::OK);
        assert_eq!(hour.sum(10_000), counts(2, 0, 0), "two workers may see a minute's end in another order");
    }

    #[test]
    fn nobody_makes_labels_up() {
        assert_eq!(known(&Method::PATCH), "PATCH");
        assert_eq!(known(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}
