//! How values of ours stand in columns, for all entities.

use std::{error::Error, str::FromStr, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, Row, types::Type};

use super::StoreError;
use crate::domain::{Money, Pii, ScriptId};

/// A column of text that one of our types can read.
pub(super) fn parsed<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let at = row.as_ref().column_index(column)?;
    let text: String = row.get(at)?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}

/// The same where there may be nothing.
pub(super) fn parsed_if_any<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    match row.get::<_, Option<String>>(column)? {
        Some(_) => parsed(row, column).map(Some),
        None => Ok(None),
    }
}

/// A moment: milliseconds since 1970, UTC.
pub(super) fn moment(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    let at = row.as_ref().column_index(column)?;
    let failed = |error| rusqlite::Error::FromSqlConversionFailure(at, Type::Integer, Box::new(error));
    Timestamp::from_millisecond(row.get(at)?).map_err(failed)
}

/// The same where there may be none.
pub(super) fn moment_if_any(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => moment(row, column).map(Some),
        None => Ok(None),
    }
}

/// A text about a person, where there may be none.
pub(super) fn personal_if_any(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Pii<String>>> {
    Ok(row.get::<_, Option<String>>(column)?.map(Pii::new))
}

/// An amount, where there may be none: thousandths.
pub(super) fn money_if_any(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Money>> {
    let at = row.as_ref().column_index(column)?;
    let failed = |error| rusqlite::Error::FromSqlConversionFailure(at, Type::Integer, Box::new(error));
    row.get::<_, Option<i64>>(at)?.map(|thousandths| Money::from_thousandths(thousandths).map_err(failed)).transpose()
}

/// Takes a new value over, if there is one.
pub(super) fn set<T: Clone>(value: &mut T, new: &Option<T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}

/// Whether there is such a script, not deleted.
pub(super) fn script_exists(connection: &Connection, id: &ScriptId) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM scripts WHERE id = ?1 AND deleted_at IS NULL")?;
    Ok(statement.exists([id.as_str()])?)
}

/// A span as it is stored: milliseconds.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// A span that was stored.
pub(super) fn span(row: &Row<'_>, column: &str) -> rusqlite::Result<Duration> {
    Ok(to_span(row.get(column)?))
}

/// The same where there may be none.
pub(super) fn span_if_any(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Duration>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(to_span))
}

fn to_span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A word of the database that this program does not know.
#[derive(Debug, thiserror::Error)]
#[error("unknown word '{0}'")]
pub struct UnknownWord(pub(super) String);

/// An enumeration whose values are stored, and shown to programs, as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for it in the database, in JSON and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::store::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|value| value.as_str() == text);
                found.copied().ok_or_else(|| $crate::store::UnknownWord(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(super) use words;
