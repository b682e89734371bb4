//! `/api/admin/customers`. `{id}` is our id or the desk's own (`userId`).

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params, filtered, search},
};
use crate::{
    domain::{Country, CustomerId},
    store::{
        Change, Refusal,
        customers::{self, Customer, CustomerPatch},
        list::{Facet, Filter},
        persons,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/customers", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/customers", Access::WORK, || web::route().to(create)),
    Endpoint::get("/api/admin/customers/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/customers/{id}", Access::WORK, || web::route().to(update)),
    Endpoint::delete("/api/admin/customers/{id}", Access::LEAD, || web::route().to(delete)),
    Endpoint::post("/api/admin/customers/{id}/restore", Access::LEAD, || web::route().to(restore)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete, restore))]
pub(super) struct Described;

/// A customer as it is given. Absent fields are left as they are, null empties one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::web) struct CustomerInput {
    /// Text or number; made where a new customer has none.
    #[schema(value_type = Option<String>)]
    user_id: Given,
    #[schema(value_type = Option<String>)]
    user_name: Given,
    /// With the country's code, or as it is dialled in the desk's country.
    #[schema(value_type = Option<String>)]
    user_phone: Given,
    /// Masked as soon as it is here.
    #[schema(value_type = Option<String>)]
    credit_card_number: Given,
    #[schema(value_type = Option<String>)]
    bank: Given,
    /// Number or text, at least 0.
    #[schema(value_type = Option<f64>)]
    amount_due: Given,
    #[schema(value_type = Option<String>)]
    due_month: Given,
    #[schema(value_type = Option<u32>)]
    overdue_period_in_days: Given,
    #[schema(value_type = Option<String>)]
    language: Given,
    #[schema(value_type = Option<String>)]
    script_id: Given,
    #[schema(value_type = Option<String>)]
    notes: Given,
}

impl CustomerInput {
    pub(in crate::web) fn check(self, home: Option<Country>) -> Result<CustomerPatch, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let patch = CustomerPatch {
            // One that is blank is as good as none: a customer always has one.
            user_id: checks.optional("userId", self.user_id.or_number(), input::user_id).flatten(),
            name: checks.or_usual("userName", self.user_name, input::personal_line),
            phone: checks.optional("userPhone", self.user_phone.or_number(), input::phone(home)),
            card: checks.optional("creditCardNumber", self.credit_card_number.or_number(), input::card),
            bank: checks.optional("bank", self.bank, input::line),
            amount_due: checks.optional("amountDue", self.amount_due.or_number(), str::parse),
            due_month: checks.optional("dueMonth", self.due_month.or_number(), input::line),
            overdue_days: checks.optional("overduePeriodInDays", self.overdue_period_in_days.or_number(), input::days),
            language: checks.optional("language", self.language, input::language),
            script: checks.optional("scriptId", self.script_id, input::script),
            notes: checks.or_usual("notes", self.notes, input::personal_text),
        };
        input::checked(checks, patch)
    }
}

/// Which customers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct CustomerFilter {
    /// Words, or their beginnings, of names, numbers, ids and notes.
    pub(in crate::web) q: Option<String>,
    /// Only of this bank.
    pub(in crate::web) bank: Option<String>,
    /// Only who speaks this language.
    pub(in crate::web) language: Option<String>,
    /// Only who is overdue for so many days or more.
    pub(in crate::web) overdue_days_from: Option<String>,
}

impl CustomerFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let mut filter = Filter { search: search(self.q.as_deref())?, ..Filter::default() };
        if let Some(bank) = &self.bank {
            filter.search = filter.search.facet(Facet::Bank, bank);
        }
        if let Some(language) = filtered("language", &self.language, input::language)? {
            filter.search = filter.search.facet(Facet::Language, language.code());
        }
        if let Some(days) = filtered("overdueDaysFrom", &self.overdue_days_from, input::days)? {
            filter.conditions.push(customers::overdue_from(days));
        }
        Ok(filter)
    }
}

/// Customers, the latest first. `sort`: `createdAt`, `updatedAt`, `name`, `amountDue`.
#[utoipa::path(
    get, path = "/api/admin/customers", tag = "customers", params(Paging, CustomerFilter),
    responses((status = 200, description = "A page of customers", body = List<Customer>))
)]
async fn list(
    paging: Paging,
    filter: Params<CustomerFilter>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    list::answer(&state, &customers::TABLE, &paging, filter.0.check()?, customers::page).await
}

/// Makes a customer.
#[utoipa::path(
    post, path = "/api/admin/customers", tag = "customers", request_body = CustomerInput,
    responses(
        (status = 201, description = "It was made", body = Customer),
        (status = 409, description = "Another customer has this userId"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn create(by: By, body: Body<CustomerInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let home = state.store.read(persons::home).await?;
    let patch = body.0.check(home).map_err(ApiError::Fields)?;
    let customer = state.store.change(by.0, Timestamp::now(), move |change| customers::create(change, &patch)).await?;
    Ok(entity::made(format!("/api/admin/customers/{}", customer.id), customer.version, &customer))
}

/// A customer.
#[utoipa::path(
    get, path = "/api/admin/customers/{id}", tag = "customers", params(("id" = String, Path)),
    responses((status = 200, description = "The customer", body = Customer), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let customer = state.store.read(move |connection| customers::named(connection, &id)).await?;
    let customer = customer.ok_or(ApiError::NotFound("customer"))?;
    Ok(entity::found(customer.version, &customer))
}

/// Changes a customer. With `If-Match`, only the version that was read.
#[utoipa::path(
    patch, path = "/api/admin/customers/{id}", tag = "customers", params(("id" = String, Path)),
    request_body = CustomerInput,
    responses(
        (status = 200, description = "As it is now", body = Customer),
        (status = 404, description = "There is none"),
        (status = 409, description = "Another customer has this userId"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<CustomerInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let home = state.store.read(persons::home).await?;
    let patch = body.0.check(home).map_err(ApiError::Fields)?;
    let changed = state.store.change(by.0, Timestamp::now(), move |change| {
        customers::update(change, &named(change, &id)?.id, expected.0, &patch)
    });
    let customer = changed.await?;
    Ok(entity::found(customer.version, &customer))
}

/// Deletes a customer. What passed with them is kept.
#[utoipa::path(
    delete, path = "/api/admin/customers/{id}", tag = "customers", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn delete(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let deleted = state
        .store
        .change(by.0, Timestamp::now(), move |change| customers::delete(change, &named(change, &id)?.id, expected.0));
    deleted.await?;
    Ok(entity::gone())
}

fn named(change: &Change<'_>, name: &str) -> Result<Customer, Refusal> {
    customers::named(change.transaction, name)?.ok_or(Refusal::Missing("customer"))
}

/// Brings back a customer that was deleted, by our id. One that is there stays as it is.
#[utoipa::path(
    post, path = "/api/admin/customers/{id}/restore", tag = "customers", params(("id" = String, Path)),
    responses(
        (status = 200, description = "As it is now", body = Customer),
        (status = 404, description = "There is none, not even a deleted one"),
        (status = 409, description = "Another customer has its userId by now"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn restore(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id: CustomerId = id.parse().map_err(|_| ApiError::NotFound("customer"))?;
    let restored =
        state.store.change(by.0, Timestamp::now(), move |change| customers::restore(change, &id, expected.0));
    let customer = restored.await?;
    Ok(entity::found(customer.version, &customer))
}
