//! `callstead demo`: fills an empty desk with made-up people, calls, promises and callbacks in both languages, so that its pages
//! can be looked at.

mod calls;

use std::collections::HashMap;

use clap::Subcommand;
use jiff::{Timestamp, ToSpan, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Context, exit::UsageError, runtime};
use crate::{
    domain::{Language, Money, PhoneNumber, Pii, ScriptId},
    script::{Script, builtin},
    store::{
        Refusal, Store, StoreError,
        audit::Actor,
        calls as kept_calls,
        communications::Contact,
        customers::{self, CustomerPatch},
        do_not_call,
        leads::{self, LeadPatch, LeadStatus},
        list::{self, Filter, Table},
        scripts,
        settings::{self, Settings},
    },
};

/// The desk, as it is written down.
const DESK: &str = include_str!("desk.toml");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fill an empty desk with made-up people, calls, promises and callbacks, in English and Arabic
    Seed,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Command::Seed = args.command;
    let store = context.store()?;
    let seeded = runtime::block_on(&context.interrupt, seed(&store, Timestamp::now(), TimeZone::system()))?;
    Ok(context.output.result(&seeded, |it| {
        format!(
            "{} leads, {} customers, {} scripts and {} calls are there; make somebody who looks at them: callstead admin create \
             --email you@example.com",
            it.leads, it.customers, it.scripts, it.calls
        )
    })?)
}

/// What there is now, as `--json` shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Seeded {
    leads: usize,
    customers: usize,
    scripts: usize,
    calls: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Desk {
    leads: Vec<LeadData>,
    customers: Vec<CustomerData>,
    calls: Vec<calls::CallData>,
    do_not_call: Vec<DoNotCallData>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadData {
    name: String,
    phone: String,
    email: Option<String>,
    company: Option<String>,
    status: String,
    source: String,
    language: Language,
    script: Option<String>,
    #[serde(default)]
    notes: String,
    /// Made so many days ago.
    days: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerData {
    user_id: String,
    name: String,
    phone: String,
    bank: String,
    amount_due: Option<String>,
    overdue_days: Option<u32>,
    language: Language,
    script: String,
    #[serde(default)]
    notes: String,
    days: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoNotCallData {
    phone: String,
    reason: String,
}

/// When things happen: days count from today.
#[derive(Clone, Debug)]
struct Calendar {
    now: Timestamp,
    zone: TimeZone,
}

impl Calendar {
    /// A moment, so many days from today.
    fn at(&self, days: i64, time: Time) -> anyhow::Result<Timestamp> {
        let day = self.now.to_zoned(self.zone.clone()).date().checked_add(days.days())?;
        Ok(day.to_datetime(time).to_zoned(self.zone.clone())?.timestamp())
    }

    /// The same, but not after now.
    fn past(&self, days: i64, time: Time) -> anyhow::Result<Timestamp> {
        Ok(self.at(days, time)?.min(self.now))
    }
}

/// Who is there, by name: whom calls are with.
type People = HashMap<String, (Contact, Language, Option<ScriptId>)>;

/// Does all of it, but for what is there already.
async fn seed(store: &Store, now: Timestamp, zone: TimeZone) -> anyhow::Result<Seeded> {
    if !is_empty(store).await? {
        let problem =
            "this desk has leads, customers, scripts or calls already: give an empty folder with --data-dir DIR";
        return Err(UsageError(problem.to_owned()).into());
    }
    let desk: Desk = toml::from_str(DESK)?;
    let calendar = Calendar { now, zone };
    let set = Settings {
        desk_name: Some("Callstead demo".to_owned()),
        country: "GB".parse().ok(),
        currency: "GBP".parse().ok(),
        ..Settings::default()
    };
    store.change(Actor::console(), now, move |change| settings::replace(change, &set)).await?;
    let scripts = bring_scripts(store, now).await?;
    let mut people = People::new();
    for lead in &desk.leads {
        bring_lead(store, &calendar, lead, &scripts, &mut people).await?;
    }
    for customer in &desk.customers {
        bring_customer(store, &calendar, customer, &scripts, &mut people).await?;
    }
    for (number, call) in desk.calls.iter().enumerate() {
        calls::bring(store, &calendar, number, call, &people).await?;
    }
    for entry in &desk.do_not_call {
        let (phone, reason) = (PhoneNumber::parse(&entry.phone, None)?, Pii::new(entry.reason.clone()));
        store.change(Actor::console(), now, move |change| do_not_call::add(change, &phone, &reason)).await?;
    }
    Ok(Seeded {
        leads: desk.leads.len(),
        customers: desk.customers.len(),
        scripts: scripts.len(),
        calls: desk.calls.len(),
    })
}

/// Whether there is nothing that the desk works with. Members of staff and settings may be there.
async fn is_empty(store: &Store) -> Result<bool, StoreError> {
    const TABLES: [&Table; 4] = [&leads::TABLE, &customers::TABLE, &scripts::TABLE, &kept_calls::TABLE];
    let count = store.read(|connection| {
        let counts = TABLES.into_iter().map(|table| list::count(connection, table, &Filter::default()));
        counts.map(|total| total.map(|total| total.count)).sum::<Result<u32, _>>()
    });
    Ok(count.await? == 0)
}

/// The built-in scripts, each live; gives their ids by their names in the program.
async fn bring_scripts(store: &Store, now: Timestamp) -> anyhow::Result<HashMap<&'static str, ScriptId>> {
    let mut ids = HashMap::new();
    for (name, document) in builtin::ALL {
        let script = Script::parse(document).map_err(|_| anyhow::anyhow!("the script {name} is damaged"))?;
        let about =
            scripts::About { name: script.name, language: Some(script.language), description: script.description };
        let made = store.change(Actor::console(), now, move |change| scripts::create(change, &about, document, true));
        ids.insert(name, made.await?.id);
    }
    Ok(ids)
}

async fn bring_lead(
    store: &Store,
    calendar: &Calendar,
    lead: &LeadData,
    scripts: &HashMap<&'static str, ScriptId>,
    people: &mut People,
) -> anyhow::Result<()> {
    let script = lead.script.as_deref().and_then(|name| scripts.get(name)).cloned();
    let email = lead.email.as_deref().map(str::parse).transpose()?;
    let patch = LeadPatch {
        name: Some(Pii::new(lead.name.clone())),
        phone: Some(Some(Pii::new(PhoneNumber::parse(&lead.phone, None)?))),
        email: Some(email.map(Pii::new)),
        company: Some(lead.company.clone().map(Pii::new)),
        status: Some(lead.status.parse::<LeadStatus>()?),
        source: Some(Some(lead.source.clone())),
        language: Some(Some(lead.language)),
        script: Some(script.clone()),
        notes: Some(Pii::new(lead.notes.clone())),
    };
    let at = calendar.past(-lead.days, jiff::civil::time(9, 30, 0, 0))?;
    let made: Result<_, Refusal> =
        store.change(Actor::console(), at, move |change| leads::create(change, &patch)).await;
    people.insert(lead.name.clone(), (Contact::Lead(made.map_err(refused)?.id), lead.language, script));
    Ok(())
}

async fn bring_customer(
    store: &Store,
    calendar: &Calendar,
    customer: &CustomerData,
    scripts: &HashMap<&'static str, ScriptId>,
    people: &mut People,
) -> anyhow::Result<()> {
    let script = scripts.get(customer.script.as_str()).cloned();
    let amount = customer.amount_due.as_deref().map(str::parse::<Money>).transpose()?;
    let patch = CustomerPatch {
        user_id: Some(customer.user_id.clone()),
        name: Some(Pii::new(customer.name.clone())),
        phone: Some(Some(Pii::new(PhoneNumber::parse(&customer.phone, None)?))),
        card: None,
        bank: Some(Some(customer.bank.clone())),
        amount_due: Some(amount),
        due_month: None,
        overdue_days: Some(customer.overdue_days),
        language: Some(Some(customer.language)),
        script: Some(script.clone()),
        notes: Some(Pii::new(customer.notes.clone())),
    };
    let at = calendar.past(-customer.days, jiff::civil::time(9, 0, 0, 0))?;
    let made: Result<_, Refusal> =
        store.change(Actor::console(), at, move |change| customers::create(change, &patch)).await;
    people.insert(customer.name.clone(), (Contact::Customer(made.map_err(refused)?.id), customer.language, script));
    Ok(())
}

fn refused(refusal: Refusal) -> anyhow::Error {
    match refusal {
        Refusal::Store(error) => error.into(),
        refusal => anyhow::anyhow!("the demo desk does not fit: {refusal:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{callbacks, promises, turns};

    #[tokio::test]
    async fn an_empty_desk_is_filled_once_and_in_both_languages() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let now = "2026-11-21T18:00:00Z".parse().unwrap();
        let seeded = seed(&store, now, TimeZone::UTC).await.unwrap();
        assert_eq!((seeded.leads, seeded.customers, seeded.scripts, seeded.calls), (12, 7, 10, 12));
        let (calls, turns, open, due) = store
            .read(|connection| {
                let calls = kept_calls::list(connection, kept_calls::Filter { since: None, limit: 100 })?;
                let turns = turns::of_call(connection, &calls[0].id)?;
                let open = list::count(connection, &promises::TABLE, &Filter::default())?.count;
                let due = list::count(connection, &callbacks::TABLE, &Filter::default())?.count;
                Ok((calls, turns, open, due))
            })
            .await
            .unwrap();
        assert!(calls.iter().all(|call| call.ended.is_some() && call.outcome.is_some() && call.started_at <= now));
        assert_eq!(calls.iter().filter(|call| call.language == Some(Language::ARABIC)).count(), 5);
        assert!(turns.len() >= 3 && turns[0].turn.timings.first_audio.is_none());
        assert!(turns[2].turn.timings.first_audio.is_some(), "an answer came about somehow");
        assert_eq!((open, due), (4, 5));
        let again = seed(&store, now, TimeZone::UTC).await.unwrap_err();
        assert!(again.to_string().contains("already"), "{again}");
    }
}
