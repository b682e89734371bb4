//! Bookings: rooms that were made for somebody, and what the agent needs to know there. Whoever joins such a room has no say
//! in it. A booking may have a link by which the person it is for gets in.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use sha2::{Digest, Sha256};

use super::{
    Change, Refusal, StoreError,
    calls::Direction,
    communications::Contact,
    rows::{moment, parsed, parsed_if_any},
};
use crate::domain::{Language, Pii, RoomName, ScriptId, ids::random_name};

/// Random characters of a link: 116 bits.
const LINK: usize = 20;

/// Rooms that one key or member of staff has booked at the same time. Most are good for a day.
const MOST_OF_ONE: u32 = 10_000;

/// A room for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The room.
    pub room: RoomName,
    /// For whom it is, where that is somebody that the desk knows.
    pub party: Option<Contact>,
    /// Which version of which script the agent goes by.
    pub script: Option<(ScriptId, u32)>,
    /// The name of the agent's profile; `None`: by the rules.
    pub profile: Option<String>,
    /// What is spoken; `None`: by the profile.
    pub language: Option<Language>,
    /// What others see of the caller; may be empty.
    pub caller_name: Pii<String>,
    /// What whoever asked for the call knows, masked; may be empty.
    pub context: Pii<String>,
    /// Who calls whom.
    pub direction: Direction,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it does not count.
    pub expires_at: Timestamp,
}

/// What lets one person into a booked room. Only its SHA-256 is kept, as with API keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// A new one.
    pub fn random() -> Self {
        Self(random_name("", LINK))
    }

    /// One as somebody sent it; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == LINK && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the person: never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[link]")
    }
}

/// Keeps a booking instead of an earlier one of its room, whose link is worth nothing then; forgets those that are over.
///
/// # Errors
/// [`Refusal::Conflict`] when whoever asks has booked as many rooms as one may; when the database fails. Whom and which script
/// it names must be there.
pub fn keep(change: &Change<'_>, booking: &Booking, link: Option<&Link>) -> Result<(), Refusal> {
    let (transaction, owner) = (change.transaction, &change.actor.id);
    forget(transaction, booking.created_at)?;
    let mut others = transaction.prepare_cached("SELECT count(*) FROM bookings WHERE owner = ?1 AND room != ?2")?;
    let others: u32 = others.query_row((owner, booking.room.as_str()), |row| row.get(0))?;
    if others >= MOST_OF_ONE {
        return Err(Refusal::Conflict(
            "10,000 rooms are booked by this key or member of staff already: wait until some of them are over",
        ));
    }
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO bookings (room, lead, customer, script, script_version, profile, language, caller_name,
             context, direction, created_at, expires_at, link, owner)
         VALUES (:room, :lead, :customer, :script, :script_version, :profile, :language, :caller_name, :context,
             :direction, :created_at, :expires_at, :link, :owner)",
    )?;
    let party = booking.party.as_ref();
    statement.execute(named_params! {
        ":room": booking.room.as_str(),
        ":lead": party.and_then(Contact::lead),
        ":customer": party.and_then(Contact::customer),
        ":script": booking.script.as_ref().map(|(id, _)| id.as_str()),
        ":script_version": booking.script.as_ref().map(|(_, number)| number),
        ":profile": booking.profile,
        ":language": booking.language.map(Language::code),
        ":caller_name": booking.caller_name.reveal(),
        ":context": booking.context.reveal(),
        ":direction": booking.direction.as_str(),
        ":created_at": booking.created_at.as_millisecond(),
        ":expires_at": booking.expires_at.as_millisecond(),
        ":link": link.map(Link::digest),
        ":owner": owner,
    })?;
    Ok(())
}

/// Deletes those that are over, and says how many that were.
///
/// # Errors
/// When the database fails.
pub fn forget(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    let mut statement = transaction.prepare_cached("DELETE FROM bookings WHERE expires_at <= ?1")?;
    Ok(statement.execute([now.as_millisecond()])?)
}

/// The booking of this room that counts at `now`.
///
/// # Errors
/// When the database fails.
pub fn of_room(connection: &Connection, room: &RoomName, now: Timestamp) -> Result<Option<Booking>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM bookings WHERE room = ?1 AND expires_at > ?2")?;
    Ok(statement.query_row((room.as_str(), now.as_millisecond()), booking).optional()?)
}

/// The booking that has this link and counts at `now`.
///
/// # Errors
/// When the database fails.
pub fn with_link(connection: &Connection, link: &Link, now: Timestamp) -> Result<Option<Booking>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM bookings WHERE link = ?1 AND expires_at > ?2")?;
    Ok(statement.query_row((link.digest(), now.as_millisecond()), booking).optional()?)
}

fn booking(row: &Row<'_>) -> rusqlite::Result<Booking> {
    let script = match (parsed_if_any(row, "script")?, row.get("script_version")?) {
        (Some(script), Some(number)) => Some((script, number)),
        _ => None,
    };
    Ok(Booking {
        room: parsed(row, "room")?,
        party: Contact::of(&parsed_if_any(row, "lead")?, &parsed_if_any(row, "customer")?),
        script,
        profile: row.get("profile")?,
        language: parsed_if_any(row, "language")?,
        caller_name: Pii::new(row.get("caller_name")?),
        context: Pii::new(row.get("context")?),
        direction: parsed(row, "direction")?,
        created_at: moment(row, "created_at")?,
        expires_at: moment(row, "expires_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn room(name: &str, expires: i64) -> Booking {
        Booking {
            room: name.parse().unwrap(),
            party: None,
            script: None,
            profile: Some("sales".to_owned()),
            language: Some(Language::ARABIC),
            caller_name: Pii::new("Amanda".to_owned()),
            context: Pii::new("has a dog".to_owned()),
            direction: Direction::Outbound,
            created_at: at(0),
            expires_at: at(expires),
        }
    }

    #[tokio::test]
    async fn a_booking_counts_until_it_is_over_or_another_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (first, second) = (Link::random(), Link::random());
        let (old, new, other) = (room("a", 100), room("a", 200), room("b", 50));
        let link = (first.clone(), second.clone());
        let (kept, renewed) = (new.clone(), Booking { created_at: at(60), ..room("c", 300) });
        let counts = store.change(Actor::console(), at(0), move |change| {
            keep(change, &old, Some(&link.0))?;
            keep(change, &kept, Some(&link.1))?;
            keep(change, &other, None)?;
            keep(change, &renewed, None)?;
            Ok::<_, Refusal>(
                change.transaction.query_row("SELECT count(*) FROM bookings", [], |row| row.get::<_, u32>(0))?,
            )
        });
        assert_eq!(counts.await.unwrap(), 2, "what is over is forgotten");
        let read = store.read(move |connection| {
            assert!(with_link(connection, &first, at(1))?.is_none());
            assert!(with_link(connection, &second, at(200))?.is_none());
            assert_eq!(with_link(connection, &second, at(199))?, of_room(connection, &new.room, at(199))?);
            of_room(connection, &new.room, at(1)).map(|found| (found, new))
        });
        let (found, new) = read.await.unwrap();
        assert_eq!(found, Some(new));
    }

    #[test]
    fn links_are_recognised_and_not_shown() {
        let link = Link::random();
        assert_eq!(Link::parse(link.reveal()).as_ref(), Some(&link));
        assert_eq!(format!("{link:?}"), "[link]");
        for bad in ["", "x", "عربيعربيعربيعربيعربي", &"x".repeat(21), "aaaaaaaaaa aaaaaaaaa"] {
            assert_eq!(Link::parse(bad), None);
        }
    }
}
