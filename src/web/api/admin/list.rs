//! Lists over HTTP: what the query string asks for, and how a page is answered.

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web::Query};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fmt::Display,
    future::{Ready, ready},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    store::list::{Page, Rows, Search, Table, Total},
    web::{error::ApiError, problem::FieldProblem},
};

/// Most characters that are searched for.
const LONGEST_SEARCH: usize = 200;

/// The parameters of a query string; what cannot be read is refused like everything else.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = Query::<T>::from_query(request.query_string());
        ready(read.map(|query| Self(query.into_inner())).map_err(|error| ApiError::field("query", error)))
    }
}

/// Which page of a list, and in which order.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Items on a page: 1 to 200, 50 by default.
    limit: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// What to sort by, with `-` before it the other way round; `-createdAt` by default.
    sort: Option<String>,
}

impl Paging {
    pub(super) fn of(&self, table: &Table) -> Result<Page, ApiError> {
        let page = Page::parse(table, self.limit.as_deref(), self.sort.as_deref(), self.cursor.as_deref());
        page.map_err(|bad| {
            ApiError::Fields(bad.into_iter().map(|bad| FieldProblem::new(bad.parameter(), &bad)).collect())
        })
    }
}

/// The words that are searched for, if there are any.
pub(super) fn search(q: Option<&str>) -> Result<Search, ApiError> {
    match q {
        Some(q) if q.chars().count() > LONGEST_SEARCH => {
            Err(ApiError::field("q", format!("is longer than {LONGEST_SEARCH} characters")))
        }
        Some(q) => Ok(Search::default().words(q)),
        None => Ok(Search::default()),
    }
}

/// A value that is filtered by, if there is one.
pub(super) fn filtered<T, E: Display>(
    name: &'static str,
    text: &Option<String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, ApiError> {
    text.as_deref().map(parse).transpose().map_err(|problem| ApiError::field(name, problem))
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    items: Vec<T>,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
    /// How many fit, on all pages.
    total: u32,
    /// False: there are more than `total`.
    total_is_exact: bool,
}

impl<T: Serialize> List<T> {
    pub(super) fn answer(rows: Rows<T>, total: Total) -> HttpResponse {
        let list =
            Self { items: rows.items, next_cursor: rows.next, total: total.count, total_is_exact: total.is_exact };
        HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(list)
    }
}
