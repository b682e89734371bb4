//! Leads and customers. They are different things with the same pages: a table, a form, beside it what passed with them and
//! what can be done, an import, and a call with the agent. What differs each [`Party`] says.

mod acts;
mod agent_call;
mod customers;
mod import;
mod leads;
mod page;
mod table;

use std::{fmt::Display, str::FromStr};

use actix_web::{HttpResponse, web};

use super::{LEADER, MEMBER, WORKER, form::Form, listing::Asked};
use crate::{
    domain::{Language, PhoneNumber, Pii, ScriptId},
    locale::Locale,
    store::{
        Change, Connection, Refusal, StoreError,
        audit::Actor,
        communications::{Contact, Whose},
        list::{Condition, Filter, Reader, Table},
    },
    web::{State, api::admin::imports, endpoint::Endpoint, error::ApiError},
};
use customers::Customers;
use leads::Leads;
pub(super) use page::all_scripts;

/// The scripts that there are, by name.
type Scripts = Vec<(ScriptId, String)>;

/// Leads or customers: with whom the desk has to do.
trait Party: Sized + 'static {
    /// What one is known by.
    type Id: FromStr + Display + Clone + Send + 'static;
    /// One of them.
    type Row: Send + 'static;
    /// One as a form or a file has it.
    type Input: imports::Form;

    /// What refusals call one, and what the words about it begin with: `lead-new`.
    const NAME: &'static str;
    /// Where the table is; all else is below.
    const PATH: &'static str;

    fn contact(id: Self::Id) -> Contact;

    fn find(connection: &Connection, id: &Self::Id) -> Result<Option<Self::Row>, StoreError>;

    /// What they have in common.
    fn person(row: &Self::Row) -> Person;

    /// The form for one that is there, or a new one.
    fn form(words: &'static Locale, row: Option<&Self::Row>, scripts: &Scripts) -> Form;

    fn create(change: &Change<'_>, patch: &PatchOf<Self>) -> Result<Self::Row, Refusal>;

    fn update(
        change: &Change<'_>,
        id: &Self::Id,
        version: Option<i64>,
        patch: &PatchOf<Self>,
    ) -> Result<Self::Row, Refusal>;

    fn delete(change: &Change<'_>, id: &Self::Id, version: Option<i64>) -> Result<(), Refusal>;

    /// How the table is read.
    const READ: Reader<Self::Row>;

    fn table() -> &'static Table;

    /// What the table's address asks for.
    fn filter(asked: &Asked) -> Result<Filter, ApiError>;

    /// What holds for these.
    fn among(ids: &[Self::Id]) -> Condition;

    /// Which one it is, and its version.
    fn seen(row: &Self::Row) -> (Self::Id, i64);

    /// Those that fit, as a file.
    async fn export(state: &State, by: Actor, filter: Filter) -> Result<HttpResponse, ApiError>;

    /// An id in an address; what is no id is nobody's.
    fn id(text: &str) -> Result<Self::Id, ApiError> {
        text.parse().map_err(|_| ApiError::NotFound(Self::NAME))
    }

    fn path_of(id: &Self::Id) -> String {
        format!("{}/{id}", Self::PATH)
    }
}

/// What is to be changed of one.
type PatchOf<K> = <<K as Party>::Input as imports::Form>::Patch;

/// What the pages show of a lead or a customer, whichever it is.
#[derive(Clone, Debug)]
struct Person {
    contact: Contact,
    /// Where their page is.
    path: String,
    name: Pii<String>,
    phone: Option<Pii<PhoneNumber>>,
    must_not_be_called: bool,
    language: Option<Language>,
    script: Option<ScriptId>,
    /// What an agent is told of them besides: the label's words, and the value.
    facts: Vec<(&'static str, Pii<String>)>,
}

impl Person {
    /// Their name, or their telephone number where they have none.
    fn title(&self) -> String {
        match &self.phone {
            Some(phone) if self.name.reveal().is_empty() => phone.reveal().to_string(),
            _ => self.name.reveal().clone(),
        }
    }

    fn whose(&self) -> Whose {
        whose(&self.contact)
    }
}

fn whose(contact: &Contact) -> Whose {
    match contact {
        Contact::Lead(id) => Whose::Lead(id.clone()),
        Contact::Customer(id) => Whose::Customer(id.to_string()),
    }
}

/// The page of a lead or a customer.
pub(super) fn path_of(contact: &Contact) -> String {
    match contact {
        Contact::Lead(id) => Leads::path_of(id),
        Contact::Customer(id) => Customers::path_of(id),
    }
}

/// The addresses of one kind's pages. Those with fixed names come before those with an id.
macro_rules! endpoints {
    ($kind:ty, $path:literal) => {
        &[
            Endpoint::get($path, MEMBER, || web::route().to(<$kind>::list)),
            Endpoint::post($path, WORKER, || web::route().to(page::create::<$kind>)),
            Endpoint::post(concat!($path, "/bulk"), LEADER, || web::route().to(table::bulk::<$kind>)),
            Endpoint::post(concat!($path, "/export"), LEADER, || web::route().to(table::export::<$kind>)),
            Endpoint::get(concat!($path, "/new"), WORKER, || web::route().to(page::blank::<$kind>)),
            Endpoint::get(concat!($path, "/import"), LEADER, || web::route().to(import::begin::<$kind>)),
            Endpoint::post(concat!($path, "/import"), LEADER, || web::route().to(import::preview::<$kind>)),
            Endpoint::post(concat!($path, "/import/wrong"), LEADER, || web::route().to(import::wrong::<$kind>)),
            Endpoint::post(concat!($path, "/import/{id}/confirm"), LEADER, || {
                web::route().to(import::confirm::<$kind>)
            }),
            Endpoint::post(concat!($path, "/import/{id}/discard"), LEADER, || {
                web::route().to(import::discard::<$kind>)
            }),
            Endpoint::get(concat!($path, "/{id}"), MEMBER, || web::route().to(page::page::<$kind>)),
            Endpoint::post(concat!($path, "/{id}"), WORKER, || web::route().to(page::update::<$kind>)),
            Endpoint::post(concat!($path, "/{id}/delete"), LEADER, || web::route().to(page::delete::<$kind>)),
            Endpoint::get(concat!($path, "/{id}/agent-call"), WORKER, || web::route().to(agent_call::page::<$kind>)),
            Endpoint::post(concat!($path, "/{id}/call"), WORKER, || web::route().to(acts::invite::<$kind>)),
            Endpoint::post(concat!($path, "/{id}/unblock"), LEADER, || web::route().to(acts::unblock::<$kind>)),
            Endpoint::post(concat!($path, "/{id}/{act}"), WORKER, || web::route().to(acts::act::<$kind>)),
        ]
    };
}

pub(super) const LEADS: &[Endpoint] = endpoints!(Leads, "/desk/leads");
pub(super) const CUSTOMERS: &[Endpoint] = endpoints!(Customers, "/desk/customers");
