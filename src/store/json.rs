//! How values of ours stand in JSON, where an entity has one form for the API and for the audit log.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use crate::domain::Pii;

/// As it is shown: ids, moments.
pub(super) fn shown<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The same where there may be nothing.
pub(super) fn shown_if_any<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

/// What is about a person, for those who may see it.
pub(super) fn revealed<T: Display, S: Serializer>(value: &Pii<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value.reveal())
}

/// The same where there may be nothing.
pub(super) fn revealed_if_any<T: Display, S: Serializer>(
    value: &Option<Pii<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(|value| value.reveal().to_string()).serialize(serializer)
}
