//! Customers: people who owe something.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    super::{
        form::{Field, Form, Kind as Input},
        frame::Desk,
        listing::{Asked, Listing, lenient},
    },
    Party, PatchOf, Person, Scripts,
    page::{all_scripts, languages, scripts_to_choose},
    table::{Group, acts},
};
use crate::{
    domain::{Currency, CustomerId, Language, Pii},
    locale::Locale,
    store::{
        Change, Connection, Refusal, StoreError,
        audit::Actor,
        communications::Contact,
        customers::{self, Customer, CustomerPatch},
        list::{Condition, Filter, Reader, Table},
        settings,
    },
    web::{
        State,
        api::admin::{
            customers::{CustomerFilter, CustomerInput},
            exports,
        },
        error::ApiError,
        problem::FieldProblem,
    },
};

/// See the module.
pub(super) enum Customers {}

#[derive(Template)]
#[template(path = "desk/customers.html")]
struct CustomersPage {
    desk: Desk,
    list: Listing<Customer>,
    /// What can be done with those that are chosen.
    acts: Vec<Group>,
    currency: Option<Currency>,
    /// What the address asks for and cannot be.
    problems: Vec<FieldProblem>,
}

impl Customers {
    /// `GET /desk/customers`
    pub(super) async fn list(
        desk: Desk,
        asked: web::Query<BTreeMap<String, String>>,
        state: web::Data<State>,
    ) -> Result<HttpResponse, ApiError> {
        let asked = Asked::from(asked.into_inner());
        let (filter, problems) = lenient(Self::filter(&asked))?;
        let list = Listing::read(&state, (Self::PATH, &customers::TABLE), asked, filter, customers::page).await?;
        let currency = state.store.read(settings::read).await?.currency;
        let acts = acts::<Self>(desk.words, &state.store.read(all_scripts).await?);
        Ok(Desk::show(&CustomersPage { desk, list, acts, currency, problems }))
    }
}

impl Party for Customers {
    type Id = CustomerId;
    type Row = Customer;
    type Input = CustomerInput;

    const NAME: &'static str = "customer";
    const PATH: &'static str = "/desk/customers";

    fn contact(id: CustomerId) -> Contact {
        Contact::Customer(id)
    }

    fn find(connection: &Connection, id: &CustomerId) -> Result<Option<Customer>, StoreError> {
        customers::find(connection, id)
    }

    fn person(customer: &Customer) -> Person {
        let facts = [
            ("customer-amount", customer.amount_due.map(|amount| Pii::new(amount.to_string()))),
            ("customer-due-month", customer.due_month.clone().map(Pii::new)),
            ("customer-overdue", customer.overdue_days.map(|days| Pii::new(days.to_string()))),
            ("customer-bank", customer.bank.clone().map(Pii::new)),
            ("customer-card", customer.card.clone()),
            ("lead-notes", Some(customer.notes.clone()).filter(|notes| !notes.reveal().is_empty())),
        ];
        Person {
            contact: Contact::Customer(customer.id.clone()),
            path: Self::path_of(&customer.id),
            name: customer.name.clone(),
            phone: customer.phone.clone(),
            must_not_be_called: customer.do_not_call,
            language: customer.language,
            script: customer.script.clone(),
            facts: facts.into_iter().filter_map(|(label, fact)| Some((label, fact?))).collect(),
        }
    }

    fn form(words: &'static Locale, customer: Option<&Customer>, scripts: &Scripts) -> Form {
        let of = |value: fn(&Customer) -> Option<String>| customer.and_then(value).unwrap_or_default();
        let form = Form::new(vec![
            Field::line(words, "userName", "lead-name").value(of(|it| Some(it.name.reveal().clone()))),
            Field::typed(words, "userPhone", "lead-phone", "tel")
                .value(of(|it| it.phone.as_ref().map(|phone| phone.reveal().to_string())))
                .hint(words.text("lead-phone-hint")),
            Field::line(words, "userId", "customer-user-id")
                .value(of(|it| Some(it.user_id.clone())))
                .hint(words.text("customer-user-id-hint")),
            Field::line(words, "bank", "customer-bank").value(of(|it| it.bank.clone())),
            Field::line(words, "creditCardNumber", "customer-card")
                .value(of(|it| it.card.as_ref().map(|card| card.reveal().clone())))
                .hint(words.text("customer-card-hint")),
            Field::line(words, "amountDue", "customer-amount")
                .value(of(|it| it.amount_due.map(|amount| amount.to_string()))),
            Field::line(words, "dueMonth", "customer-due-month").value(of(|it| it.due_month.clone())),
            Field::line(words, "overduePeriodInDays", "customer-overdue")
                .value(of(|it| it.overdue_days.map(|days| days.to_string()))),
            Field::new(words, "language", "lead-language", Input::Choice(languages(words)))
                .value(of(|it| it.language.map(|language: Language| language.code().to_owned()))),
            Field::new(words, "scriptId", "lead-script", Input::Choice(scripts_to_choose(words, scripts)))
                .value(of(|it| it.script.as_ref().map(ToString::to_string))),
            Field::new(words, "notes", "lead-notes", Input::Text { rows: 5 })
                .value(of(|it| Some(it.notes.reveal().clone()))),
        ]);
        match customer {
            Some(customer) => form.of_version(customer.version),
            None => form,
        }
    }

    fn create(change: &Change<'_>, patch: &CustomerPatch) -> Result<Customer, Refusal> {
        customers::create(change, patch)
    }

    fn update(
        change: &Change<'_>,
        id: &CustomerId,
        version: Option<i64>,
        patch: &PatchOf<Self>,
    ) -> Result<Customer, Refusal> {
        customers::update(change, id, version, patch)
    }

    fn delete(change: &Change<'_>, id: &CustomerId, version: Option<i64>) -> Result<(), Refusal> {
        customers::delete(change, id, version)
    }

    const READ: Reader<Customer> = customers::page;

    fn table() -> &'static Table {
        &customers::TABLE
    }

    fn filter(asked: &Asked) -> Result<Filter, ApiError> {
        let wanted = CustomerFilter {
            q: asked.owned("q"),
            bank: asked.owned("bank"),
            language: asked.owned("language"),
            overdue_days_from: asked.owned("overdueDaysFrom"),
        };
        wanted.check()
    }

    fn among(ids: &[CustomerId]) -> Condition {
        customers::among(ids)
    }

    fn seen(customer: &Customer) -> (CustomerId, i64) {
        (customer.id.clone(), customer.version)
    }

    async fn export(state: &State, by: Actor, filter: Filter) -> Result<HttpResponse, ApiError> {
        exports::chosen_customers(state, by, filter).await
    }
}
