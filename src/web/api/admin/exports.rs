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
use utoipa::IntoParams;

use super::{
    customers::CustomerFilter,
    entity::By,
    leads::LeadFilter,
    list::{Paging, Params},
    sheet,
};
use crate::{
    store::{
        Store, StoreError,
        api_keys::Scope,
        audit::{Action, Entity, Entry},
        customers, leads,
        list::{Filter, Page, Rows},
        users::Role,
    },
    web::{
        State,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

const LEAD: Access = Access::Staff(Role::Supervisor, Scope::Admin);
/// Rows that are in memory at a time.
const ROWS: u32 = 500;
/// What makes Excel take a file for UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/leads.csv", LEAD, || web::route().to(export_leads)),
    Endpoint::get("/api/admin/customers.csv", LEAD, || web::route().to(export_customers)),
];

/// What the API's document says of them.
#[derive(utoipa::OpenApi)]
#[openapi(paths(export_leads, export_customers))]
pub(super) struct Described;

const LEADS: &[&str] = &[
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
];
const CUSTOMERS: &[&str] = &[
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
];

/// How the file is written.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportParams {
    /// `1`: with a byte order mark, for Excel.
    bom: Option<String>,
}

/// Which rows, and how they are got.
#[derive(Clone, Copy, Debug)]
enum What {
    Leads,
    Customers,
}

/// Leads as CSV, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/leads.csv", tag = "leads", params(Paging, LeadFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_leads(
    by: By,
    paging: Params<Paging>,
    filter: Params<LeadFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (page, filter) = (paging.0.of(&leads::TABLE)?, filter.0.check()?);
    export(What::Leads, by, page, filter, &params.0, &state).await
}

/// Customers as CSV, with the list's filters and orders.
#[utoipa::path(
    get, path = "/api/admin/customers.csv", tag = "customers", params(Paging, CustomerFilter, ExportParams),
    responses((status = 200, description = "CSV", body = String, content_type = "text/csv"))
)]
async fn export_customers(
    by: By,
    paging: Params<Paging>,
    filter: Params<CustomerFilter>,
    params: Params<ExportParams>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (page, filter) = (paging.0.of(&customers::TABLE)?, filter.0.check()?);
    export(What::Customers, by, page, filter, &params.0, &state).await
}

impl What {
    const fn entity(self) -> Entity {
        match self {
            Self::Leads => Entity::Lead,
            Self::Customers => Entity::Customer,
        }
    }

    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Leads => LEADS,
            Self::Customers => CUSTOMERS,
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Leads => "attachment; filename=\"leads.csv\"",
            Self::Customers => "attachment; filename=\"customers.csv\"",
        }
    }

    async fn rows(self, store: &Store, filter: Filter, page: Page) -> Result<Rows<String>, StoreError> {
        store
            .read(move |connection| {
                Ok(match self {
                    Self::Leads => self.written(leads::page(connection, &filter, &page)?),
                    Self::Customers => self.written(customers::page(connection, &filter, &page)?),
                })
            })
            .await
    }

    fn written(self, rows: Rows<impl Serialize>) -> Rows<String> {
        let items = rows.items.iter().map(|row| self.line(&json!(row))).collect();
        Rows { items, next: rows.next }
    }

    fn line(self, row: &Value) -> String {
        let cells = self.columns().iter().map(|column| match &row[column] {
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

async fn export(
    what: What,
    by: By,
    page: Page,
    filter: Filter,
    params: &ExportParams,
    state: &State,
) -> Result<HttpResponse, ApiError> {
    // That it was taken out is known before the first row is.
    let entry = Entry::new(Action::Export, what.entity(), "");
    let recorded = state.store.change(by.0, Timestamp::now(), move |change| change.record(&entry));
    recorded.await?;
    let page = page.with_limit(ROWS);
    let (store, head) = (state.store.clone(), Next::Head { with_mark: params.bom.as_deref() == Some("1") });
    let rows = stream::try_unfold((head, store), move |(next, store)| {
        let (page, filter) = (page.clone(), filter.clone());
        async move {
            let page = match next {
                Next::Nothing => return Ok::<_, ApiError>(None),
                Next::Head { with_mark } => {
                    let mark = if with_mark { BYTE_ORDER_MARK } else { "" };
                    let head = format!("{mark}{}", sheet::row(what.columns().iter().copied()));
                    return Ok(Some((Bytes::from(head), (Next::Rows(page), store))));
                }
                Next::Rows(page) => page,
            };
            let rows = what.rows(&store, filter, page.clone()).await?;
            let next = rows.next.map_or(Next::Nothing, |cursor| Next::Rows(page.after(&cursor)));
            Ok(Some((Bytes::from(rows.items.concat()), (next, store))))
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, what.file()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(rows))
}
