//! What the desk's own records know of a room: a booking of it; else, for a room `call-{userId}`, the customer whom the
//! desk's books call so. What a caller's client says of itself is not asked.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Facts;
use crate::{
    domain::{Language, Pii, RoomName},
    store::{
        Connection, Store, StoreError,
        bookings::{self, Booking},
        calls::{About, Direction, Medium},
        communications::Contact,
        customers::{self, Customer},
        leads::{self, Lead},
        scripts,
    },
};

/// Rooms of customers begin so; the rest is what the desk's books call the customer.
pub const CUSTOMER_ROOM: &str = "call-";
/// Notes may be long; of these the agent gets so many characters.
const MOST_NOTES: usize = 400;
/// Facts and script together: what is longer leaves the usual context of 2,048 tokens no room for turns.
const MOST_BYTES: usize = 3_000;
/// Stands before a script.
const HEADING: &str = "Go by this script:";

/// What is known of a call before it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The room was made for somebody: an agent is wanted there, whatever the rules say.
    pub is_booked: bool,
    /// The name of the agent's profile; `None`: by the rules.
    pub profile: Option<String>,
    /// What is spoken; `None`: by the profile.
    pub language: Option<Language>,
    /// What others see of the caller; may be empty.
    pub caller_name: Pii<String>,
    /// Who calls whom.
    pub direction: Direction,
    /// With whom, and by which script.
    pub about: About,
    /// What the agent has to know.
    pub facts: Facts,
    /// What the agent goes by; may be empty.
    pub script: Pii<String>,
    /// The lead's or customer's record, as the API writes it, for a script's variables; `null` when there is none.
    pub record: Pii<Value>,
}

impl Known {
    /// What the store knows of `room`; `None`: nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_room(store: &Store, room: &RoomName, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let room = room.clone();
        store.read(move |connection| Self::read(connection, &room, now)).await
    }

    fn read(connection: &Connection, room: &RoomName, now: Timestamp) -> Result<Option<Self>, StoreError> {
        if let Some(booking) = bookings::of_room(connection, room, now)? {
            return Self::of_booking(connection, booking);
        }
        let Some(user_id) = room.as_str().strip_prefix(CUSTOMER_ROOM) else { return Ok(None) };
        let Some(customer) = customers::with_user_id(connection, user_id)? else { return Ok(None) };
        let script = customer.script.as_ref().map(|id| scripts::live(connection, id)).transpose()?.flatten();
        let about = About {
            medium: Medium::Voice,
            party: Some(Contact::Customer(customer.id.clone())),
            script: customer.script.clone().zip(script.as_ref().map(|script| script.number)),
        };
        Ok(Some(Self {
            is_booked: false,
            profile: None,
            language: customer.language,
            caller_name: customer.name.clone(),
            direction: Direction::Inbound,
            about,
            facts: of_customer(&customer),
            script: Pii::new(script.map(|script| script.content).unwrap_or_default()),
            record: Pii::new(json!(customer)),
        }))
    }

    /// Somebody who was deleted since is not known any more.
    fn of_booking(connection: &Connection, booking: Booking) -> Result<Option<Self>, StoreError> {
        let found = match &booking.party {
            Some(Contact::Lead(id)) => leads::find(connection, id)?.map(|lead| (of_lead(&lead), record_of(&lead))),
            Some(Contact::Customer(id)) => {
                customers::find(connection, id)?.map(|customer| (of_customer(&customer), json!(customer)))
            }
            None => Some((Facts::default(), Value::Null)),
        };
        let Some((facts, record)) = found else { return Ok(None) };
        let script = match &booking.script {
            Some((id, number)) => scripts::version(connection, id, *number)?,
            None => None,
        };
        Ok(Some(Self {
            is_booked: true,
            profile: booking.profile,
            language: booking.language,
            caller_name: booking.caller_name,
            direction: booking.direction,
            about: About { medium: Medium::Voice, party: booking.party, script: booking.script },
            facts: facts.and(&Facts::cut(booking.context.reveal())),
            script: Pii::new(script.map(|script| script.content).unwrap_or_default()),
            record: Pii::new(record),
        }))
    }
}

/// What an agent is told: its task, the script that it goes by, and after them the facts, which are no instructions. Of a
/// long script the end is left out, which the log says.
pub(super) fn instructions(task: &str, script: &str, known: Option<&Known>, facts: &Facts) -> String {
    let facts = known.map_or_else(|| facts.clone(), |known| known.facts.and(facts));
    let script = script.trim();
    if script.is_empty() {
        return facts.after(task);
    }
    let most = MOST_BYTES.saturating_sub(facts.bytes());
    let kept = &script[..script.floor_char_boundary(most)];
    if kept.len() < script.len() {
        let id = known.and_then(|known| known.about.script.as_ref()).map(|(id, _)| id.as_str());
        tracing::warn!(
            script = id,
            script.bytes = script.len(),
            script.kept_bytes = kept.len(),
            "a script is cut short"
        );
    }
    facts.after(&format!("{task}\n\n{HEADING}\n{kept}"))
}

fn of_lead(lead: &Lead) -> Facts {
    Facts::of(json!({
        "name": lead.name.reveal(),
        "company": lead.company.as_ref().map(Pii::reveal),
        "source": lead.source,
        "notes": shortened(lead.notes.reveal()),
    }))
}

/// Leads are called in scripts as customers are.
fn record_of(lead: &Lead) -> Value {
    let mut record = json!(lead);
    record["userName"] = json!(lead.name.reveal());
    record["userPhone"] = record["phone"].clone();
    record
}

/// In the words that an agent says: `amount due`, not `amountDue`.
fn of_customer(customer: &Customer) -> Facts {
    Facts::of(json!({
        "name": customer.name.reveal(),
        "bank": customer.bank,
        "card": customer.card.as_ref().map(Pii::reveal),
        "amount due": customer.amount_due,
        "due month": customer.due_month,
        "days overdue": customer.overdue_days,
        "notes": shortened(customer.notes.reveal()),
    }))
}

fn shortened(notes: &str) -> String {
    notes.chars().take(MOST_NOTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Change, Refusal, audit::Actor, customers::CustomerPatch};

    fn known(script: &str, facts: &str) -> Known {
        Known {
            is_booked: true,
            profile: None,
            language: None,
            caller_name: Pii::default(),
            direction: Direction::Outbound,
            about: About::default(),
            facts: Facts::parse(facts).unwrap(),
            script: Pii::new(script.to_owned()),
            record: Pii::default(),
        }
    }

    async fn change<T: Send + 'static>(
        store: &Store,
        work: impl FnOnce(&Change<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> T {
        store.change(Actor::console(), Timestamp::UNIX_EPOCH, work).await.unwrap()
    }

    #[tokio::test]
    async fn a_customers_room_is_known_by_its_name_and_a_booked_one_by_its_booking() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let customer = CustomerPatch {
            user_id: Some("77".to_owned()),
            name: Some(Pii::new("Amanda".to_owned())),
            card: Some(Some(Pii::new("411111******1111".to_owned()))),
            amount_due: Some(Some("120.5".parse().unwrap())),
            notes: Some(Pii::new(format!("{} 4111 1111 1111 1111", "x".repeat(300)))),
            ..CustomerPatch::default()
        };
        let about = scripts::About { name: "Dunning".to_owned(), language: None, description: String::new() };
        let made = change(&store, move |change| {
            let script = scripts::create(change, &about, "Ask when it will be paid.", true)?;
            let customer = CustomerPatch { script: Some(Some(script.id.clone())), ..customer };
            let customer = customers::create(change, &customer)?;
            let booking = Booking {
                room: "voice-1".parse().unwrap(),
                party: Some(Contact::Customer(customer.id.clone())),
                script: None,
                profile: None,
                language: Some(Language::ARABIC),
                caller_name: Pii::new("Bilal".to_owned()),
                context: Pii::new("has a dog".to_owned()),
                direction: Direction::Outbound,
                created_at: change.now,
                expires_at: "2100-01-01T00:00:00Z".parse().unwrap(),
            };
            bookings::keep(change, &booking, None)?;
            Ok((script, customer))
        });
        let (script, customer) = made.await;
        let known = async |room: &str| Known::of_room(&store, &room.parse().unwrap(), Timestamp::now()).await.unwrap();
        let by_name = known("call-77").await.unwrap();
        let party = Some(Contact::Customer(customer.id.clone()));
        assert_eq!((by_name.is_booked, by_name.direction), (false, Direction::Inbound));
        assert_eq!(by_name.about, About { medium: Medium::Voice, party: party.clone(), script: Some((script.id, 1)) });
        let told = instructions("Be kind.", by_name.script.reveal(), Some(&by_name), &Facts::default());
        for part in ["Ask when it will be paid.", "name: Amanda", "amount due: 120.5", "card: 411111"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.replace(' ', "").contains("4111111111111111"), "{told}");

        let booked = known("voice-1").await.unwrap();
        assert_eq!((booked.about.party.clone(), booked.language), (party, Some(Language::ARABIC)));
        assert_eq!(booked.record.reveal()["amountDue"], 120.5);
        let told = instructions("Be kind.", booked.script.reveal(), Some(&booked), &Facts::default());
        assert!(told.contains("name: Amanda") && told.ends_with("has a dog") && !told.contains("Ask when"), "{told}");

        change(&store, move |change| customers::delete(change, &customer.id, None)).await;
        for room in ["call-77", "voice-1", "call-", "77"] {
            assert_eq!(known(room).await, None, "{room}");
        }
    }

    #[test]
    fn the_script_follows_the_task_and_facts_come_last() {
        let told = |known: Option<&Known>, facts: &str| {
            let script = known.map_or("", |known| known.script.reveal());
            instructions("Be kind.", script, known, &Facts::parse(facts).unwrap())
        };
        assert_eq!(told(None, ""), "Be kind.");
        assert_eq!(told(Some(&known("", "")), ""), "Be kind.");
        assert_eq!(
            told(Some(&known(" Ask for the name.\n", "")), ""),
            format!("Be kind.\n\n{HEADING}\nAsk for the name.")
        );
        let all = told(Some(&known("Ask.", r#"{"name":"Amanda"}"#)), "has a dog");
        assert!(all.starts_with(&format!("Be kind.\n\n{HEADING}\nAsk.\n\n")), "{all}");
        assert!(all.ends_with("\nname: Amanda\nhas a dog"), "{all}");
    }

    #[test]
    fn a_long_script_is_cut_and_facts_are_not() {
        let facts = "x".repeat(1_500);
        let told = instructions("", &"é".repeat(5_000), Some(&known("", &facts)), &Facts::default());
        assert!(told.ends_with(&facts));
        assert!((MOST_BYTES - 1..MOST_BYTES + 300).contains(&told.len()), "{}", told.len());
    }
}
