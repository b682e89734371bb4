//! Leads and customers from a file: `POST …/import` says what each row would do, `POST …/import/{importId}/confirm` does it,
//! all of it or nothing.

mod preview;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes},
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{IntoParams, OpenApi};

use super::{
    columns::{self, Field},
    customers::CustomerInput,
    entity::{self, By},
    leads::LeadInput,
    list::Params,
    sheet::{Sheet, decode},
    upload::Upload,
};
use crate::{
    domain::{Country, ImportId, cards},
    store::{
        StoreError,
        audit::Actor,
        customers::CustomerPatch,
        imports::{self, Importable, OnDuplicate, Plan, Written},
        leads::LeadPatch,
        persons,
    },
    web::{
        State,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};
pub(in crate::web) use preview::{Column, Mapping, OnWrong, Preview, PreviewRow, Wrong};
use preview::{Drafts, KeptFile, Planned};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/admin/leads/import", Access::LEAD, || web::route().to(preview_leads)),
    Endpoint::post("/api/admin/leads/import/{id}/confirm", Access::LEAD, || web::route().to(confirm_leads)),
    Endpoint::delete("/api/admin/leads/import/{id}", Access::LEAD, || web::route().to(discard_leads)),
    Endpoint::post("/api/admin/customers/import", Access::LEAD, || web::route().to(preview_customers)),
    Endpoint::post("/api/admin/customers/import/{id}/confirm", Access::LEAD, || web::route().to(confirm_customers)),
    Endpoint::delete("/api/admin/customers/import/{id}", Access::LEAD, || web::route().to(discard_customers)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(preview_leads, confirm_leads, discard_leads, preview_customers, confirm_customers, discard_customers))]
pub(super) struct Described;

/// What rows are of.
pub(in crate::web) trait Form: DeserializeOwned + 'static {
    type Patch: Importable;
    const FIELDS: &'static [Field];

    fn check(self, home: Option<Country>) -> Result<Self::Patch, Vec<FieldProblem>>;

    /// A row's values, by field.
    fn check_values(values: &Map<String, Value>, home: Option<Country>) -> Result<Self::Patch, Vec<FieldProblem>> {
        let form: Self = serde_json::from_value(Value::Object(values.clone()))
            .map_err(|problem| vec![FieldProblem::new("row", problem)])?;
        form.check(home)
    }

    /// A cell without a card's number; a telephone number or an id that may be one is refused later.
    fn masked(field: &str, cell: &str) -> String {
        match field {
            "creditCardNumber" => cards::mask_number(cell),
            "phone" | "userPhone" | "userId" if !cards::is_number(cell) => cell.to_owned(),
            _ => cards::mask(cell),
        }
    }
}

impl Form for LeadInput {
    type Patch = LeadPatch;
    const FIELDS: &'static [Field] = columns::LEADS;

    fn check(self, home: Option<Country>) -> Result<LeadPatch, Vec<FieldProblem>> {
        self.check(home)
    }
}

impl Form for CustomerInput {
    type Patch = CustomerPatch;
    const FIELDS: &'static [Field] = columns::CUSTOMERS;

    fn check(self, home: Option<Country>) -> Result<CustomerPatch, Vec<FieldProblem>> {
        self.check(home)
    }
}

/// How a file is to be read. A form may have these as fields beside `file`, too.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ImportParams {
    /// `update` (the usual): a row whose telephone number or `userId` is there already changes the fields that it has;
    /// `skip`: it does nothing.
    on_duplicate: Option<String>,
    /// `refuse` (the usual): while a row is wrong, nothing can be confirmed; `leave`: such rows are left out.
    on_wrong: Option<String>,
    /// JSON: the file's names of columns, and the field of each, or null to leave it out.
    mapping: Option<String>,
}

/// The same, understood.
#[derive(Debug)]
pub(in crate::web) struct Wanted {
    pub(in crate::web) on_duplicate: OnDuplicate,
    pub(in crate::web) on_wrong: OnWrong,
    pub(in crate::web) mapping: Mapping,
}

impl ImportParams {
    fn check(self, upload: &mut Upload) -> Result<Wanted, ApiError> {
        let on_duplicate = match self.on_duplicate.or_else(|| upload.fields.remove("onDuplicate")).as_deref() {
            None | Some("update") => OnDuplicate::Update,
            Some("skip") => OnDuplicate::Skip,
            Some(_) => return Err(ApiError::field("onDuplicate", "must be update or skip")),
        };
        let on_wrong = match self.on_wrong.or_else(|| upload.fields.remove("onWrong")).as_deref() {
            None | Some("refuse") => OnWrong::Refuse,
            Some("leave") => OnWrong::Leave,
            Some(_) => return Err(ApiError::field("onWrong", "must be refuse or leave")),
        };
        let mapping = match self.mapping.or_else(|| upload.fields.remove("mapping")) {
            None => Map::new(),
            Some(json) => serde_json::from_str(&json)
                .map_err(|_| ApiError::field("mapping", "must be a JSON object of columns and fields"))?,
        };
        Ok(Wanted { on_duplicate, on_wrong, mapping: Mapping::Told(mapping) })
    }
}

/// What the rows of a file of leads would do. Nothing is written.
#[utoipa::path(
    post, path = "/api/admin/leads/import", tag = "leads", params(ImportParams),
    request_body(content = String, content_type = "text/csv", description = "CSV, 5 MiB and 50,000 rows at most"),
    responses(
        (status = 200, description = "What it would do", body = Preview),
        (status = 422, description = "The file cannot be read"),
    )
)]
async fn preview_leads(
    by: By,
    params: Params<ImportParams>,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let upload = Upload::read(&request, payload).await?;
    Ok(answer(&preview_file::<LeadInput>(&state, by.0, upload, params.0).await?))
}

/// Writes the leads of a file, all or none.
#[utoipa::path(
    post, path = "/api/admin/leads/import/{id}/confirm", tag = "leads", params(("id" = String, Path)),
    responses(
        (status = 200, description = "They are written"),
        (status = 404, description = "There is no such import, or not any more"),
        (status = 409, description = "What is there has changed since the preview"),
    )
)]
async fn confirm_leads(by: By, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    Ok(answer(&confirm::<LeadInput>(&state, by.0, &id).await?))
}

/// Forgets a file of leads.
#[utoipa::path(
    delete, path = "/api/admin/leads/import/{id}", tag = "leads", params(("id" = String, Path)),
    responses((status = 204, description = "It is forgotten"), (status = 404, description = "There is no such import"))
)]
async fn discard_leads(by: By, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    discard::<LeadInput>(&state, by.0, &id).await?;
    Ok(entity::gone())
}

/// What the rows of a file of customers would do. Nothing is written.
#[utoipa::path(
    post, path = "/api/admin/customers/import", tag = "customers", params(ImportParams),
    request_body(content = String, content_type = "text/csv", description = "CSV, 5 MiB and 50,000 rows at most"),
    responses(
        (status = 200, description = "What it would do", body = Preview),
        (status = 422, description = "The file cannot be read"),
    )
)]
async fn preview_customers(
    by: By,
    params: Params<ImportParams>,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let upload = Upload::read(&request, payload).await?;
    Ok(answer(&preview_file::<CustomerInput>(&state, by.0, upload, params.0).await?))
}

/// Writes the customers of a file, all or none.
#[utoipa::path(
    post, path = "/api/admin/customers/import/{id}/confirm", tag = "customers", params(("id" = String, Path)),
    responses(
        (status = 200, description = "They are written"),
        (status = 404, description = "There is no such import, or not any more"),
        (status = 409, description = "What is there has changed since the preview"),
    )
)]
async fn confirm_customers(by: By, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    Ok(answer(&confirm::<CustomerInput>(&state, by.0, &id).await?))
}

/// Forgets a file of customers.
#[utoipa::path(
    delete, path = "/api/admin/customers/import/{id}", tag = "customers", params(("id" = String, Path)),
    responses((status = 204, description = "It is forgotten"), (status = 404, description = "There is no such import"))
)]
async fn discard_customers(by: By, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    discard::<CustomerInput>(&state, by.0, &id).await?;
    Ok(entity::gone())
}

/// What the rows of a file would do. What `params` leaves open the upload's other fields may say.
async fn preview_file<F: Form>(
    state: &State,
    by: Actor,
    mut upload: Upload,
    params: ImportParams,
) -> Result<Preview, ApiError> {
    let wanted = params.check(&mut upload)?;
    preview::<F>(state, by, upload.file, wanted).await
}

/// What the rows of a file would do.
///
/// # Errors
/// When the file cannot be read, or the database fails.
pub(in crate::web) async fn preview<F: Form>(
    state: &State,
    by: Actor,
    file: Bytes,
    wanted: Wanted,
) -> Result<Preview, ApiError> {
    let Wanted { on_duplicate, on_wrong, mapping } = wanted;
    let (drafts, planned) = plan::<F>(state, file, mapping, on_duplicate).await?;
    let (preview, kept) = Preview::of(drafts, planned, on_duplicate, on_wrong);
    let Some(kept) = kept else { return Ok(preview) };
    let rows = serde_json::to_string(&kept).map_err(ApiError::Json)?;
    let (now, owner) = (Timestamp::now(), by.id);
    let keep = state.store.write(move |transaction| imports::keep(transaction, F::Patch::IMPORTED, &rows, &owner, now));
    Ok(preview.kept_as(Some(&keep.await?)))
}

/// The rows of a file that are wrong. Nothing is kept.
///
/// # Errors
/// When the file cannot be read, or the database fails.
pub(in crate::web) async fn wrong<F: Form>(state: &State, file: Bytes, wanted: Wanted) -> Result<Wrong, ApiError> {
    let (drafts, planned) = plan::<F>(state, file, wanted.mapping, wanted.on_duplicate).await?;
    Ok(Wrong::of(drafts, planned))
}

/// Reads a file, and finds out about each row.
async fn plan<F: Form>(
    state: &State,
    file: Bytes,
    mapping: Mapping,
    on_duplicate: OnDuplicate,
) -> Result<(Drafts<F::Patch>, Planned), ApiError> {
    let home = state.store.read(persons::home).await?;
    let read = move || {
        let sheet = Sheet::parse(&decode(&file)).map_err(|bad| ApiError::field("file", bad))?;
        Drafts::<F::Patch>::check::<F>(sheet, &mapping, home)
    };
    let drafts = web::block(read).await.map_err(|_| ApiError::Store(StoreError::Stopped))??;
    let planned = state.store.read(move |connection| {
        let mut planned = Vec::with_capacity(drafts.rows.len());
        for draft in &drafts.rows {
            planned.push(match &draft.checked {
                Ok(patch) => preview::planned(imports::plan(connection, patch, on_duplicate))?,
                Err(problems) => Err(problems.clone()),
            });
        }
        Ok((drafts, planned))
    });
    Ok(planned.await?)
}

/// Writes what a preview has shown.
///
/// # Errors
/// When there is no such import of this person's, what is there has changed, or the database fails.
pub(in crate::web) async fn confirm<F: Form>(state: &State, by: Actor, id: &str) -> Result<Written, ApiError> {
    let id = import_id(id)?;
    let (asked, owner, now) = (id.clone(), by.id.clone(), Timestamp::now());
    let found = state.store.read(move |connection| {
        let rows = imports::find(connection, F::Patch::IMPORTED, &asked, &owner, now)?;
        Ok((rows, persons::home(connection)?))
    });
    let (rows, home) = found.await?;
    let rows = rows.ok_or(ApiError::NotFound("import"))?;
    let read = move || {
        let kept: KeptFile = serde_json::from_str(&rows).map_err(ApiError::Json)?;
        let patch = |values: &Map<String, Value>| F::check_values(values, home).map_err(ApiError::Fields);
        let rows: Result<Vec<(F::Patch, Plan)>, ApiError> =
            kept.rows.into_iter().map(|row| Ok((patch(&row.values)?, row.plan))).collect();
        Ok::<_, ApiError>((rows?, kept.on_duplicate))
    };
    let (rows, on_duplicate) = web::block(read).await.map_err(|_| ApiError::Store(StoreError::Stopped))??;
    Ok(imports::confirm(&state.store, by, now, id, on_duplicate, rows).await?)
}

/// Forgets a file.
///
/// # Errors
/// When there is no such import of this person's, or the database fails.
pub(in crate::web) async fn discard<F: Form>(state: &State, by: Actor, id: &str) -> Result<(), ApiError> {
    let id = import_id(id)?;
    let discarded =
        state.store.erase(move |transaction| imports::discard(transaction, F::Patch::IMPORTED, &id, &by.id));
    if discarded.await? { Ok(()) } else { Err(ApiError::NotFound("import")) }
}

fn import_id(text: &str) -> Result<ImportId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("import"))
}

fn answer(body: &impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
