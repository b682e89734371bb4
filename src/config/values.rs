//! A value as it is written, and what it may be: each function gives `None` for one that is not allowed, and says nothing
//! about why. The sentence that does stands beside the key.

use std::{
    net::IpAddr,
    path::{self, PathBuf},
};

use toml::de::DeValue;

use super::environment::truth;
use crate::domain::Language;

pub(super) const LANGUAGE: &str = "auto, a code such as en or ar, or a name such as english";
pub(super) const SPEED: &str = "from 0.5 to 2.0";

/// A value as written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// From the environment, which has no types.
    Raw(String),
    Text(String),
    Whole(i64),
    Real(f64),
    Truth(bool),
    /// An array of texts.
    List(Vec<String>),
    /// Another array, a table, a date: nothing of ours.
    Other(&'static str),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Raw(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Raw(text) => text.trim().parse().ok(),
            Self::Whole(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn real(&self) -> Option<f64> {
        match self {
            Self::Raw(text) => text.trim().parse().ok(),
            Self::Real(number) => Some(*number),
            Self::Whole(number) => i32::try_from(*number).ok().map(f64::from),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Raw(text) => truth(text),
            Self::Truth(value) => Some(*value),
            _ => None,
        }
    }

    /// Each piece of a list; one text counts as a list too, of pieces separated by blanks or commas. A piece that `parse`
    /// does not take spoils the list.
    pub(super) fn each<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        match self {
            Self::List(texts) => texts.iter().map(|text| parse(text.trim())).collect(),
            _ => {
                let pieces = self.text()?.split(|c: char| c.is_whitespace() || c == ',');
                pieces.filter(|piece| !piece.is_empty()).map(parse).collect()
            }
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Raw(text) | Self::Text(text) => format!("'{text}'"),
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Truth(value) => value.to_string(),
            Self::List(texts) => format!("{texts:?}"),
            Self::Other(kind) => format!("of type {kind}"),
        }
    }
}

impl From<&DeValue<'_>> for Value {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Self::Other("integer"), Self::Whole)
            }
            DeValue::Float(number) => number.as_str().parse().map_or(Self::Other("float"), Self::Real),
            DeValue::Boolean(value) => Self::Truth(*value),
            DeValue::Array(array) => {
                let texts = array.iter().map(|entry| entry.get_ref().as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Self::Other("array"), Self::List)
            }
            other => Self::Other(other.type_str()),
        }
    }
}

/// What is written takes the place of what was there.
pub(super) fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

pub(super) fn path(value: &Value) -> Option<PathBuf> {
    path::absolute(words(value)?).ok()
}

/// A text that is not empty, without blanks around it.
pub(super) fn words(value: &Value) -> Option<String> {
    value.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn within<T: TryFrom<i64>>(least: i64, most: i64) -> impl Fn(&Value) -> Option<T> {
    move |value| {
        value.whole().filter(|number| (least..=most).contains(number)).and_then(|number| number.try_into().ok())
    }
}

pub(super) fn speed(value: &Value) -> Option<f32> {
    value.real().filter(|speed| (0.5..=2.0).contains(speed)).map(|speed| speed as f32)
}

pub(super) fn language(value: &Value) -> Option<Option<Language>> {
    match value.text()?.trim() {
        "auto" => Some(None),
        name => name.parse().ok().map(Some),
    }
}

pub(super) fn parse_web_address(text: &str) -> Option<url::Url> {
    text.trim().parse().ok().filter(|address: &url::Url| matches!(address.scheme(), "http" | "https"))
}

/// Where another program takes personal data: in the clear only where nobody else listens.
pub(super) fn parse_service_address(text: &str) -> Option<url::Url> {
    let url = parse_web_address(text)?;
    let is_bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (is_bare && (url.scheme() == "https" || is_near(&url))).then_some(url)
}

fn is_near(url: &url::Url) -> bool {
    let is_private = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    };
    match url.host() {
        Some(url::Host::Ipv4(ip)) => is_private(ip.into()),
        Some(url::Host::Ipv6(ip)) => is_private(ip.into()),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
