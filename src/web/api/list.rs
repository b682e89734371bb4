//! Lists over HTTP: what the query string asks for, and how a page is answered.

use std::{
    convert::identity,
    fmt::Display,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web::Query};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::{
    store::list::{self, Filter, Page, Reader, Rows, Search, Table, Total},
    web::{State, endpoint, error::ApiError, problem::FieldProblem},
};

/// Most characters that are searched for.
const LONGEST_SEARCH: usize = 200;
/// What stands after a list's address for the same as CSV.
const CSV: &str = ".csv";

/// The parameters of a query string; what cannot be read is refused like everything else.
pub(in crate::web) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request).map(Self))
    }
}

fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let read = Query::<T>::from_query(request.query_string());
    read.map(Query::into_inner).map_err(|error| ApiError::field("query", error))
}

/// Which page of a list, and in which order.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct Paging {
    /// Items on a page: 1 to 200, 50 by default.
    limit: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// What to sort by, with `-` before it the other way round; each list has its usual order.
    sort: Option<String>,
    /// `json`. What is there as CSV too has an address of its own, which ends with `.csv`.
    format: Option<String>,
}

impl FromRequest for Paging {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = query(request).and_then(|paging: Self| {
            check_format(paging.format.as_deref(), request.path())?;
            Ok(paging)
        });
        ready(read)
    }
}

/// The address says what the format is; who asks for another one is told where that is.
fn check_format(asked: Option<&str>, path: &str) -> Result<(), ApiError> {
    let here = if path.ends_with(CSV) { "csv" } else { "json" };
    if asked.is_none_or(|asked| asked.eq_ignore_ascii_case(here)) {
        return Ok(());
    }
    let (problem, there) = match path.strip_suffix(CSV) {
        Some(list) => ("the list as JSON", list.to_owned()),
        None => ("the list as CSV", format!("{path}{CSV}")),
    };
    let is_there = endpoint::all().any(|endpoint| endpoint.path == there);
    let advice = if is_there { format!("; {problem} is at {there}") } else { String::new() };
    Err(ApiError::field("format", format!("must be {here} at this address{advice}")))
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
    Ok(words(q)?.map(|q| Search::default().words(q)).unwrap_or_default())
}

/// The same, where there is no index of words.
pub(super) fn words(q: Option<&str>) -> Result<Option<&str>, ApiError> {
    match q {
        Some(q) if q.chars().count() > LONGEST_SEARCH => {
            Err(ApiError::field("q", format!("is longer than {LONGEST_SEARCH} characters")))
        }
        q => Ok(q),
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

/// Answers with the page that is asked for, of what fits the filter.
pub(super) async fn answer<T: Serialize + Send + 'static>(
    state: &State,
    table: &'static Table,
    paging: &Paging,
    filter: Filter,
    read: Reader<T>,
) -> Result<HttpResponse, ApiError> {
    answer_as(state, table, paging, filter, read, identity).await
}

/// The same where rows are shown otherwise than they are kept.
pub(super) async fn answer_as<T: Send + 'static, S: Serialize>(
    state: &State,
    table: &'static Table,
    paging: &Paging,
    filter: Filter,
    read: Reader<T>,
    show: fn(T) -> S,
) -> Result<HttpResponse, ApiError> {
    let page = paging.of(table)?;
    let found = state
        .store
        .read(move |connection| Ok((read(connection, &filter, &page)?, list::count(connection, table, &filter)?)));
    let (rows, total) = found.await?;
    Ok(List::answer(rows.map(show), total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_another_format_is_told_where_it_is() {
        let check = |asked, path| check_format(asked, path).map_err(|error| error.to_string());
        for (asked, path) in [
            (None, "/api/admin/leads"),
            (Some("JSON"), "/api/admin/leads"),
            (None, "/api/admin/leads.csv"),
            (Some("csv"), "/api/admin/leads.csv"),
        ] {
            assert_eq!(check(asked, path), Ok(()), "{asked:?} {path}");
        }
        for (asked, path, says) in [
            (
                "csv",
                "/api/admin/leads",
                "format must be json at this address; the list as CSV is at /api/admin/leads.csv",
            ),
            (
                "json",
                "/api/admin/leads.csv",
                "format must be csv at this address; the list as JSON is at /api/admin/leads",
            ),
            ("csv", "/api/admin/sms", "format must be json at this address"),
            ("xml", "/api/admin/sms", "format must be json at this address"),
        ] {
            assert_eq!(check(Some(asked), path), Err(says.to_owned()));
        }
    }
}
