//! `[webhooks]`: who is told what happens in rooms. Nobody, unless an address is set.

use url::Url;

use super::{
    ConfigError,
    layers::Settings,
    values::{self, set},
};

const MOST_URLS: usize = 8;
const URLS: &str = "a list of at most 8 addresses that begin with https://, without user and hash; http:// only to this machine or an address of a private network";

/// `[webhooks]`
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Webhooks {
    /// `urls`: where events are posted to, signed with the key pair of `[livekit]`.
    pub urls: Vec<Url>,
}

impl Webhooks {
    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        let urls = written.read("webhooks.urls", URLS, |value| {
            value.each(values::parse_service_address).filter(|urls| urls.len() <= MOST_URLS)
        })?;
        set(&mut self.urls, urls);
        Ok(())
    }
}
