//! Lists as CSV files, written page by page while the client takes them: `GET /api/admin/leads.csv`.

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Bytes},
};
use futures_util::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, OpenApi};

use super::{
    callbacks::CallbackFilter,
    calls::{CallFilter, Shown},
    customers::CustomerFilter,
    entity::By,
    leads::LeadFilter,
    list::{Paging, Params},
    promises::PromiseFilter,
    sheet,
};
use crate::{
    store::{
        audit::{Action, Actor, Entity, Entry},
        callbacks::{self, Callback},
        calls::{self, Call},
        customers::{self, Customer},
        do_not_call,
        leads::{self, Lead},
        list::{Filter, Page, Reader, Table},
        promises::{self, Promise},
    },
    web::{
        State,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

/// Rows that are in memory at a time.
const ROWS: u32 = 500;
/// What makes Excel take a file for UTF-8.
pub(in crate::web) const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/leads.csv", Access::LEAD, || web::route().to(export_leads)),
    Endpoint::get("/api/admin/customers.csv", Access::LEAD, || web::route().to(export_customers)),
    Endpoint::get("/api/admin/calls.csv", Access::LEAD, || web::route().to(export_calls)),
    Endpoint::get("/api/admin/promises.csv", Access::LEAD, || web::route().to(export_promises)),
    Endpoint::get("/api/admin/callbacks.csv", Access::LEAD, || web::route().to(export_callbacks)),
    Endpoint::get("/api/admin/do-not-call.csv", Access::LEAD, || web::route().to(export_do_not_call)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(export_leads, export_customers, export_calls, export_promises, export_callbacks, export_do_not_call))]
pub(super) struct Described;

/// A list, as a file.
struct Sheet<T: 'static> {
    entity: Entity,
    /// How the file is called.
    disposition: &'static str,
    table: &'static Table,
    read: Reader<T>,
    /// A row as the list has it.
    show: fn(T) -> Value,
    /// What is taken of it, in this order.
    columns: &'static [&'static str],
}

static LEADS: Sheet<Lead> = Sheet {
    entity: Entity::Lead,
    disposition: "attachment; filename=\"leads.csv\"",
    table: &leads::TABLE,
    read: leads::page,
    show: as_it_is,
    columns: &[
        "id",
        "name",
        "phone",
        "email",
        "company",
        "status",
        "source",
        "language",
        "scriptId",
        "notes",
        "doNotCall",
        "createdAt",
        "updatedAt",
    ],
};

static CUSTOMERS: Sheet<Customer> = Sheet {
    entity: Entity::Customer,
    disposition: "attachment; filename=\"customers.csv\"",
    table: &customers::TABLE,
    read: customers::page,
    show: as_it_is,
    columns: &[
        "id",
        "userId",
        "userName",
        "userPhone",
        "creditCardNumber",
        "bank",
        "amountDue",
        "dueMonth",
        "overduePeriodInDays",
        "language",
        "scriptId",
        "notes",
        "doNotCall",
        "createdAt",
        "updatedAt",
    ],
};

static CALLS: Sheet<Call> = Sheet {
    entity: Entity::Call,
    disposition: "attachment; filename=\"calls.csv\"",
    table: &calls::TABLE,
    read: calls::page,
    show: |call| json!(Shown::from(call)),
    columns: &[
        "id",
        "room",
        "caller",
        "callerName",
        "leadId",
        "customerId",
        "direction",
        "medium",
        "language",
        "profile",
        "startedAt",
        "answeredAt",
        "endedAt",
        "endReason",
        "outcome",
        "erasedAt",
    ],
};

static PROMISES: Sheet<Promise> = Sheet {
    entity: Entity::Promise,
    disposition: "attachment; filename=\"promises.csv\"",
    table: &promises::TABLE,
    read: promises::page,
    show: as_it_is,
    columns: &["id", "leadId", "customerId", "callId", "amount", "dueOn", "state", "note", "createdAt", "updatedAt"],
};

static CALLBACKS: Sheet<Callback> = Sheet {
    entity: Entity::Callback,
    disposition: "attachment; filename=\"callbacks.csv\"",
    table: &callbacks::TABLE,
    read: callbacks::page,
    show: as_it_is,
    columns: &["id", "leadId", "customerId", "callId", "dueAt", "reason", "state", "createdAt", "updatedAt"],
};

static DO_NOT_CALL: Sheet<do_not_call::Entry> = Sheet {
    entity: Entity::DoNotCall,
    disposition: "attachment; filename=\"do-not-call.csv\"",
    table: &do_not_call::TABLE,
    read: do_not_call::page,
    show: as_it_is,
    columns: &["id", "phone", "reason", "author", "createdAt"],
};

/// How the file is written.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportParams {
    /// `1`: with a byte order mark, for Excel.
    bom: Option<String>,
}

/// Leads as CSV, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/leads.csv", tag = "leads", params(Paging, LeadFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_leads(
    by: By,
    paging: Paging,
    filter: Params<LeadFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    export(&LEADS, by, &paging, filter.0.check()?, &params.0, &state).await
}

/// Customers as CSV, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/customers.csv", tag = "customers", params(Paging, CustomerFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_customers(
    by: By,
    paging: Paging,
    filter: Params<CustomerFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    export(&CUSTOMERS, by, &paging, filter.0.check()?, &params.0, &state).await
}

/// Calls as CSV, without what was said, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/calls.csv", tag = "calls", params(Paging, CallFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_calls(
    by: By,
    paging: Paging,
    filter: Params<CallFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    export(&CALLS, by, &paging, filter.0.check()?, &params.0, &state).await
}

/// Promises as CSV, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/promises.csv", tag = "promises", params(Paging, PromiseFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_promises(
    by: By,
    paging: Paging,
    filter: Params<PromiseFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    export(&PROMISES, by, &paging, filter.0.check()?, &params.0, &state).await
}

/// Callbacks as CSV, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/callbacks.csv", tag = "callbacks", params(Paging, CallbackFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_callbacks(
    by: By,
    paging: Paging,
    filter: Params<CallbackFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    export(&CALLBACKS, by, &paging, filter.0.check()?, &params.0, &state).await
}

/// The do-not-call list as CSV.
#[utoipa::path(
    get, path = "/api/admin/do-not-call.csv", tag = "do-not-call", params(Paging, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_do_not_call(
    by: By,
    paging: Paging,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    export(&DO_NOT_CALL, by, &paging, Filter::default(), &params.0, &state).await
}

fn as_it_is(row: impl Serialize) -> Value {
    json!(row)
}

impl<T> Sheet<T> {
    fn line(&self, row: T) -> String {
        let row = (self.show)(row);
        let cells = self.columns.iter().map(|column| match &row[column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let cells: Vec<_> = cells.collect();
        sheet::row(cells.iter().map(String::as_str))
    }
}

/// What is still to be written.
enum Next {
    Head { with_mark: bool },
    Rows(Page),
    Nothing,
}

async fn export<T: 'static>(
    what: &'static Sheet<T>,
    by: By,
    paging: &Paging,
    filter: Filter,
    params: &ExportParams,
    state: &State,
) -> Result<HttpResponse, ApiError> {
    write(what, by.0, paging.of(what.table)?, filter, params.bom.as_deref() == Some("1"), state).await
}

/// Leads that somebody has chosen on a page, for their spreadsheet.
///
/// # Errors
/// When the database fails.
pub(in crate::web) async fn chosen_leads(state: &State, by: Actor, filter: Filter) -> Result<HttpResponse, ApiError> {
    write(&LEADS, by, Page::first(LEADS.table, ROWS), filter, true, state).await
}

/// The same with customers.
///
/// # Errors
/// When the database fails.
pub(in crate::web) async fn chosen_customers(
    state: &State,
    by: Actor,
    filter: Filter,
) -> Result<HttpResponse, ApiError> {
    write(&CUSTOMERS, by, Page::first(CUSTOMERS.table, ROWS), filter, true, state).await
}

async fn write<T: 'static>(
    what: &'static Sheet<T>,
    by: Actor,
    page: Page,
    filter: Filter,
    with_mark: bool,
    state: &State,
) -> Result<HttpResponse, ApiError> {
    let page = page.with_limit(ROWS);
    // That it was taken out is known before the first row is.
    let entry = Entry::new(Action::Export, what.entity, "");
    let recorded = state.store.change(by, Timestamp::now(), move |change| change.record(&entry));
    recorded.await?;
    let (store, head) = (state.store.clone(), Next::Head { with_mark });
    let rows = stream::try_unfold((head, store), move |(next, store)| {
        let (page, filter) = (page.clone(), filter.clone());
        async move {
            let page = match next {
                Next::Nothing => return Ok::<_, ApiError>(None),
                Next::Head { with_mark } => {
                    let mark = if with_mark { BYTE_ORDER_MARK } else { "" };
                    let head = format!("{mark}{}", sheet::row(what.columns.iter().copied()));
                    return Ok(Some((Bytes::from(head), (Next::Rows(page), store))));
                }
                Next::Rows(page) => page,
            };
            let after = page.clone();
            let read = store.read(move |connection| {
                let rows = (what.read)(connection, &filter, &page)?;
                Ok(rows.map(|row| what.line(row)))
            });
            let rows = read.await?;
            let next = rows.next.map_or(Next::Nothing, |cursor| Next::Rows(after.after(&cursor)));
            Ok(Some((Bytes::from(rows.items.concat()), (next, store))))
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, what.disposition))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(rows))
}
