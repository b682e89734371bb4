//! `[models]`

use super::{
    ConfigError, Secret,
    layers::Settings,
    values::{Value, parse_web_address, set},
};

const DEFAULT_HUB: &str = "https://huggingface.co";
const WEB_ADDRESS: &str = "an address that begins with https:// or http://";
const WEB_ADDRESSES: &str = "addresses that begin with https:// or http://, separated by blanks";

/// `[models]`
#[derive(Clone, Debug, PartialEq)]
pub struct Models {
    /// `hub_url`: the model hub or a mirror of it; `HF_ENDPOINT` too.
    pub hub_url: String,
    /// `index_url`: a Python package index (simple API); `PIP_INDEX_URL` too. May hold credentials: never printed.
    pub index_url: Option<Secret>,
    /// `extra_index_urls`: more indexes, separated by blanks, asked after the first; `PIP_EXTRA_INDEX_URL` too. May hold
    /// credentials: never printed.
    pub extra_index_urls: Vec<Secret>,
}

impl Models {
    pub(super) fn defaults() -> Self {
        Self { hub_url: DEFAULT_HUB.to_owned(), index_url: None, extra_index_urls: Vec::new() }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.hub_url, written.read("models.hub_url", WEB_ADDRESS, web_address)?);
        self.index_url = written.read("models.index_url", WEB_ADDRESS, web_address)?.map(Secret::from);
        set(&mut self.extra_index_urls, written.read("models.extra_index_urls", WEB_ADDRESSES, web_addresses)?);
        Ok(())
    }
}

fn web_address(value: &Value) -> Option<String> {
    written_web_address(value.text()?)
}

fn web_addresses(value: &Value) -> Option<Vec<Secret>> {
    value.each(|text| written_web_address(text).map(Secret::from))
}

fn written_web_address(text: &str) -> Option<String> {
    parse_web_address(text).map(|address| address.as_str().trim_end_matches('/').to_owned())
}
