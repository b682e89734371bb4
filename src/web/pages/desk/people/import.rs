//! Leads or customers from a file: what each row would do is shown first.

use std::{borrow::Cow, collections::HashMap};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use serde_json::Value;

use super::{
    super::{form::Sent, frame::Desk, problems},
    Party,
};
use crate::store::imports::OnDuplicate;
use crate::web::{
    State,
    api::admin::{
        exports::BYTE_ORDER_MARK,
        imports::{self, Column, Mapping, OnWrong, Preview, PreviewRow, Wanted},
        sheet,
        upload::Upload,
    },
    error::ApiError,
    form::StaffForm,
    problem::FieldProblem,
    session,
};

#[derive(Template)]
#[template(path = "desk/import.html")]
struct ImportPage {
    desk: Desk,
    /// What words about it begin with.
    name: &'static str,
    /// Where the table is.
    list: &'static str,
    /// The fields that a column can be, and what they are called.
    labels: Vec<(&'static str, Cow<'static, str>)>,
    /// Why the file cannot be taken.
    problem: Option<String>,
    preview: Option<Preview>,
}

impl ImportPage {
    fn new<K: Party>(desk: Desk) -> Self {
        let fields = K::form(desk.words, None, &Vec::new()).fields;
        let labels = fields.into_iter().map(|field| (field.name, field.label)).collect();
        Self { desk, name: K::NAME, list: K::PATH, labels, problem: None, preview: None }
    }

    /// Words about it.
    fn t(&self, key: &str) -> Cow<'static, str> {
        self.desk.t(&format!("{}-{key}", self.name))
    }

    /// What the table is called.
    fn heading(&self) -> Cow<'static, str> {
        self.desk.t(&format!("nav-{}s", self.name))
    }

    /// What a row gives for a field.
    fn cell<'a>(&self, row: &'a PreviewRow, field: &str) -> &'a str {
        row.values.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether there are more rows than are shown.
    fn is_cut(&self, preview: &Preview) -> bool {
        preview.rows.len() < preview.counts.total as usize
    }

    fn label<'a>(&'a self, field: &'a str) -> &'a str {
        self.labels.iter().find(|(name, _)| *name == field).map_or(field, |(_, label)| &**label)
    }

    /// Whether a column is this field.
    fn is_field(&self, column: &Column, field: &str) -> bool {
        column.field == Some(field)
    }

    /// The columns that are not taken over.
    fn ignored<'a>(&self, preview: &'a Preview) -> Vec<&'a str> {
        preview.columns.iter().filter(|it| it.field.is_none()).map(|it| it.column.as_str()).collect()
    }

    fn detail(&self, detail: &str) -> String {
        problems::detail(self.desk.words, detail)
    }
}

/// `GET /desk/leads/import`
pub(super) async fn begin<K: Party>(desk: Desk) -> HttpResponse {
    Desk::show(&ImportPage::new::<K>(desk))
}

/// `POST /desk/leads/import`: what the file's rows would do.
pub(super) async fn preview<K: Party>(
    desk: Desk,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (file, wanted) = sent(&state, &desk, &request, payload).await?;
    let made = imports::preview::<K::Input>(&state, desk.actor(), file, wanted).await;
    let page = ImportPage::new::<K>(desk);
    match made {
        Ok(preview) => Ok(Desk::show(&ImportPage { preview: Some(preview), ..page })),
        Err(ApiError::Fields(wrong)) => {
            let problem = wrong.iter().map(|it| page.detail(&it.detail)).collect::<Vec<_>>().join(". ");
            let problem = page.desk.words.named("import-refused", &problem).into_owned();
            Ok(Desk::show_again(&ImportPage { problem: Some(problem), ..page }))
        }
        Err(error) => Err(error),
    }
}

/// How a form's file is to be read. For each column there may be a field `map-…` with what it is and how it is called:
/// `phone:Tel`; with nothing before the colon it is left out.
fn wanted(fields: &HashMap<String, String>) -> Wanted {
    let is = |field: &str, word: &str| fields.get(field).is_some_and(|value| value == word);
    let chosen = fields.iter().filter(|(name, _)| name.starts_with("map-"));
    let chosen = chosen.filter_map(|(_, value)| value.split_once(':')).map(|(field, column)| {
        (column.to_owned(), if field.is_empty() { Value::Null } else { Value::String(field.to_owned()) })
    });
    Wanted {
        on_duplicate: if is("onDuplicate", "skip") { OnDuplicate::Skip } else { OnDuplicate::Update },
        on_wrong: if is("onWrong", "leave") { OnWrong::Leave } else { OnWrong::Refuse },
        mapping: Mapping::Tried(chosen.collect()),
    }
}

/// `POST /desk/leads/import/wrong`: the rows that are wrong, with what is wrong with each, as a file to mend.
pub(super) async fn wrong<K: Party>(
    desk: Desk,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (file, wanted) = sent(&state, &desk, &request, payload).await?;
    let wrong = imports::wrong::<K::Input>(&state, file, wanted).await?;
    let page = ImportPage::new::<K>(desk);
    let [line, why] = ["import-line", "import-why"].map(|key| page.desk.t(key));
    let head = [&*line, &*why].into_iter().chain(wrong.columns.iter().map(String::as_str));
    let mut file = format!("{BYTE_ORDER_MARK}{}", sheet::row(head));
    for row in &wrong.rows {
        let problem = |it: &FieldProblem| format!("{}: {}", page.label(&it.field), page.detail(&it.detail));
        let why = row.problems.iter().map(problem).collect::<Vec<_>>().join("; ");
        let line = row.line.to_string();
        let cells = [line.as_str(), why.as_str()].into_iter().chain(row.cells.iter().map(String::as_str));
        file.push_str(&sheet::row(cells));
    }
    let disposition = format!("attachment; filename=\"{}s-to-mend.csv\"", K::NAME);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(file))
}

/// The file that a page of this session has sent, and how it is to be read.
async fn sent(
    state: &State,
    desk: &Desk,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(web::Bytes, Wanted), ApiError> {
    let upload = Upload::read(request, payload).await?;
    let token = upload.fields.get("token").ok_or(ApiError::Form)?;
    if !session::is_form_token(state, &desk.staff.session, token) {
        return Err(ApiError::ForeignPage);
    }
    Ok((upload.file, wanted(&upload.fields)))
}

/// `POST /desk/leads/import/{id}/confirm`
pub(super) async fn confirm<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    imports::confirm::<K::Input>(&state, desk.actor(), &id).await?;
    Ok(Desk::see(K::PATH, "imported"))
}

/// `POST /desk/leads/import/{id}/discard`
pub(super) async fn discard<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    imports::discard::<K::Input>(&state, desk.actor(), &id).await?;
    Ok(Desk::see(K::PATH, "import-forgotten"))
}
