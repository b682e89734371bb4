//! Lists as tables: what is asked for in the address (words, filters, order, page), and the addresses of what one may ask for next.

use std::collections::BTreeMap;

use super::notice;
use crate::{
    store::list::{self, Filter, Page, Reader, Table, Total},
    web::{State, error::ApiError, problem::FieldProblem},
};

/// Rows on a page.
const ROWS: &str = "50";

/// What the address asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// A parameter; blank ones are not there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The same, owned.
    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The query string with `changes`; nothing takes one out.
    pub(super) fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = self.0.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        query.extend_pairs(kept.filter(|(name, value)| !notice::is_parameter(name) && !value.trim().is_empty()));
        query.extend_pairs(changes.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        query.finish()
    }
}

impl Asked {
    /// The same from a query string that a form has sent.
    pub(super) fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }
}

impl From<BTreeMap<String, String>> for Asked {
    fn from(parameters: BTreeMap<String, String>) -> Self {
        Self(parameters)
    }
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct Listing<T> {
    pub(super) rows: Vec<T>,
    pub(super) total: Total,
    path: &'static str,
    asked: Asked,
    /// The order in force.
    sort: String,
    next: Option<String>,
}

impl<T: Send + 'static> Listing<T> {
    /// Reads what is asked for. An order or a page that there is not is the usual one: it may be an old address.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn read(
        state: &State,
        (path, table): (&'static str, &'static Table),
        asked: Asked,
        filter: Filter,
        read: Reader<T>,
    ) -> Result<Self, ApiError> {
        let page = Page::parse(table, Some(ROWS), asked.get("sort"), asked.get("cursor"))
            .unwrap_or_else(|_| Page::first(table, list::USUAL_LIMIT));
        let sort = asked.owned("sort").unwrap_or_else(|| table.usual.to_owned());
        let found = state
            .store
            .read(move |connection| Ok((read(connection, &filter, &page)?, list::count(connection, table, &filter)?)));
        let (rows, total) = found.await?;
        Ok(Self { rows: rows.items, total, path, asked, sort, next: rows.next })
    }
}

impl<T> Listing<T> {
    /// The same with its rows in another form.
    pub(super) fn map<U>(self, show: impl FnMut(T) -> U) -> Listing<U> {
        let Self { rows, total, path, asked, sort, next } = self;
        Listing { rows: rows.into_iter().map(show).collect(), total, path, asked, sort, next }
    }

    // ---- for templates ----

    /// What a filter's field holds.
    pub(super) fn value(&self, name: &str) -> &str {
        self.asked.get(name).unwrap_or_default()
    }

    /// Whether anything is searched or filtered for.
    pub(super) fn is_filtered(&self) -> bool {
        let is_filter = |name: &str| !matches!(name, "sort" | "cursor") && !notice::is_parameter(name);
        self.asked.0.iter().any(|(name, value)| is_filter(name) && !value.trim().is_empty())
    }

    /// Where the list is in the order of a column, the other way round where that is its order now.
    pub(super) fn sorted_by(&self, column: &str) -> String {
        let wanted = if self.sort == column { format!("-{column}") } else { column.to_owned() };
        self.address(&[("sort", Some(&wanted)), ("cursor", None)])
    }

    /// `ascending`, `descending` or `none`, as `aria-sort` has it.
    pub(super) fn order_of(&self, column: &str) -> &'static str {
        match self.sort.strip_prefix('-') {
            Some(sort) if sort == column => "descending",
            None if self.sort == column => "ascending",
            _ => "none",
        }
    }

    /// Where the next page is.
    pub(super) fn next(&self) -> Option<String> {
        self.next.as_deref().map(|cursor| self.address(&[("cursor", Some(cursor))]))
    }

    /// Where the first page is, from another one.
    pub(super) fn first(&self) -> Option<String> {
        self.asked.get("cursor").map(|_| self.address(&[("cursor", None)]))
    }

    /// Where this page of it is.
    pub(super) fn here(&self) -> String {
        self.address(&[])
    }

    /// What is asked for here, for a form that acts on all that fits.
    pub(super) fn query(&self) -> String {
        self.asked.with(&[("cursor", None)])
    }

    /// How many there are on all pages, where there is more than this one and they were counted.
    pub(super) fn all_pages(&self) -> Option<u32> {
        let is_more = self.next.is_some() || self.asked.get("cursor").is_some();
        (is_more && self.total.is_exact).then_some(self.total.count)
    }

    /// The list without any filter.
    pub(super) const fn all(&self) -> &'static str {
        self.path
    }

    fn address(&self, changes: &[(&str, Option<&str>)]) -> String {
        let query = self.asked.with(changes);
        if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) }
    }
}

/// A filter that the address holds wrongly is none: the field shows what is there.
pub(super) fn lenient<T: Default>(checked: Result<T, ApiError>) -> Result<(T, Vec<FieldProblem>), ApiError> {
    match checked {
        Ok(filter) => Ok((filter, Vec::new())),
        Err(ApiError::Fields(problems)) => Ok((T::default(), problems)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(asked: &[(&str, &str)], sort: &str) -> Listing<()> {
        let asked = asked.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Listing {
            rows: Vec::new(),
            total: Total { count: 0, is_exact: true },
            path: "/desk/leads",
            asked: Asked(asked.collect()),
            sort: sort.to_owned(),
            next: Some("c/1".to_owned()),
        }
    }

    #[test]
    fn addresses_keep_what_is_asked_for() {
        let list = listing(&[("q", "a&b"), ("status", " "), ("cursor", "x"), ("done", "lead-saved")], "name");
        assert_eq!(list.next().as_deref(), Some("/desk/leads?q=a%26b&cursor=c%2F1"));
        assert_eq!(list.first().as_deref(), Some("/desk/leads?q=a%26b"));
        assert_eq!(list.sorted_by("name"), "/desk/leads?q=a%26b&sort=-name");
        assert_eq!(list.sorted_by("createdAt"), "/desk/leads?q=a%26b&sort=createdAt");
        assert!(list.is_filtered());
        let list = listing(&[("sort", "name")], "-name");
        assert_eq!((list.order_of("name"), list.order_of("createdAt")), ("descending", "none"));
        assert!(!list.is_filtered() && list.first().is_none());
    }
}
