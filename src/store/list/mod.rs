//! Lists of anything: in an order of a closed set, a page at a time, with a cursor that neither loses nor repeats a row while
//! others are added.
//!
//! A [`Table`] says how an entity is listed. [`page`] walks an index in its order and stops when the page is full; what is
//! searched for comes out of the index of words, which [`words`](Search) describes. Nothing but the rows of a page is sorted or
//! read, so that the length of the table does not matter, with one exception: what is searched for and ordered otherwise than
//! by time is told from the rest by going through an index.

mod cursor;
mod words;

use rusqlite::{Connection, Row, params_from_iter, types::Value};

use super::StoreError;
use cursor::Cursor;
pub(super) use words::Searchable;
pub use words::{Facet, Search, Words};

/// Rows on a page when nobody says how many.
pub const USUAL_LIMIT: u32 = 50;
/// Most rows on a page.
pub const MOST_LIMIT: u32 = 200;
/// Rows are counted up to here.
const COUNTED: u32 = 10_000;
/// Most words that are looked for without an index of words.
const MOST_WORDS: usize = 8;
/// So few rows are fetched and sorted, instead of going through the index that has them in order.
const FEW: u32 = 2000;

/// How an entity is listed. All texts are SQL, of the program's own.
#[derive(Debug)]
pub struct Table {
    /// The table.
    pub name: &'static str,
    /// What is read of each row.
    pub columns: &'static str,
    /// A unique column, which tells rows with equal values apart: `id`, or the `rowid` of the index of words.
    pub tie: &'static str,
    /// What holds for rows that are not deleted.
    pub alive: Option<&'static str>,
    /// The index of words, by `tie`.
    pub search: Option<&'static str>,
    /// The orders there are.
    pub sorts: &'static [Sort],
    /// The order when nobody names one: `-createdAt`.
    pub usual: &'static str,
}

/// One order.
#[derive(Debug)]
pub struct Sort {
    /// As programs name it; with `-` before it, it is the other way round.
    pub name: &'static str,
    /// A column that is never null, and indexed together with `tie`.
    pub by: &'static str,
    /// The index to walk, where SQLite is not to choose.
    pub index: Option<&'static str>,
}

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    sort: &'static Sort,
    is_descending: bool,
    /// As it was named.
    order: String,
    after: Option<Cursor>,
    limit: u32,
}

/// What is wrong with what was asked for; each begins with the parameter's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPage {
    /// Not a number, or out of range.
    #[error("must be a number from 1 to {MOST_LIMIT}")]
    Limit,
    /// Not one of the table's orders.
    #[error("must be one of {0}, or one of these with - before it")]
    Sort(String),
    /// Mistyped, or of another list or order.
    #[error("is not one that this list gave: begin again without it")]
    Cursor,
}

impl BadPage {
    /// The parameter's name.
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Sort(_) => "sort",
            Self::Cursor => "cursor",
        }
    }
}

impl Page {
    /// The page that was asked for; `None` stands for the usual.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn parse(
        table: &Table,
        limit: Option<&str>,
        sort: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Self, Vec<BadPage>> {
        let mut bad = Vec::new();
        let limit = limit.map_or(Some(USUAL_LIMIT), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=MOST_LIMIT).contains(limit)).unwrap_or_else(|| {
            bad.push(BadPage::Limit);
            USUAL_LIMIT
        });
        let Some(mut page) = Self::in_order(table, sort.unwrap_or(table.usual), limit) else {
            let names: Vec<_> = table.sorts.iter().map(|sort| sort.name).collect();
            bad.push(BadPage::Sort(names.join(", ")));
            return Err(bad);
        };
        if let Some(text) = cursor {
            page.after = Cursor::read(text, &page.order);
            if page.after.is_none() {
                bad.push(BadPage::Cursor);
            }
        }
        if bad.is_empty() { Ok(page) } else { Err(bad) }
    }

    /// The first page in the usual order.
    pub fn first(table: &Table, limit: u32) -> Self {
        Self::in_order(table, table.usual, limit).expect("the usual order is one of the table's, which a test holds")
    }

    fn in_order(table: &Table, order: &str, limit: u32) -> Option<Self> {
        let name = order.strip_prefix('-').unwrap_or(order);
        let sort = table.sorts.iter().find(|sort| sort.name == name)?;
        let is_descending = order.starts_with('-');
        Some(Self { sort, is_descending, order: order.to_owned(), after: None, limit })
    }

    /// The same with so many rows.
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// The page after the one that gave this cursor.
    pub fn after(mut self, cursor: &str) -> Self {
        self.after = Cursor::read(cursor, &self.order);
        self
    }
}

/// What holds for a row besides the words in it: SQL of the program's own with one `?`, and the value for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(pub &'static str, pub Value);

impl Condition {
    /// A row's value is one of these; `sql` has `IN (SELECT value FROM json_each(?))`.
    pub(super) fn one_of(sql: &'static str, texts: &[&str]) -> Self {
        Self(sql, serde_json::json!(texts).to_string().into())
    }

    /// One for each word of `text`: it stands in what `sql` looks through, in part at least. For short tables, which need no
    /// index of words.
    pub fn for_words(sql: &'static str, text: &str) -> Vec<Self> {
        text.split_whitespace().take(MOST_WORDS).map(|word| Self(sql, word.to_owned().into())).collect()
    }
}

/// Which rows of a table.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// By the index of words.
    pub search: Search,
    /// By columns.
    pub conditions: Vec<Condition>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What gives the next one; `None`: this is the last.
    pub next: Option<String>,
}

impl<T> Rows<T> {
    /// The same rows in another form.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Rows<U> {
        Rows { items: self.items.into_iter().map(show).collect(), next: self.next }
    }
}

/// What reads a page of an entity.
pub type Reader<T> = fn(&Connection, &Filter, &Page) -> Result<Rows<T>, StoreError>;

/// How many rows there are on all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// So many, if that is exact; else there are more.
    pub count: u32,
    /// Rows are counted up to 10,000.
    pub is_exact: bool,
}

/// The rows of a page; `read` gets one with the table's columns.
///
/// # Errors
/// When the database fails.
pub fn page<T>(
    connection: &Connection,
    table: &Table,
    filter: &Filter,
    page: &Page,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Rows<T>, StoreError> {
    let way = Way::choose(connection, table, filter, page)?;
    let query = Query::new(table, filter, page, way);
    let mut statement = connection.prepare_cached(&query.sql)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    let (mut items, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        if items.len() == page.limit as usize {
            return Ok(Rows { items, next: last.map(|last: Cursor| last.write(&page.order)) });
        }
        items.push(read(row)?);
        last = Some(Cursor { value: row.get("list_value")?, tie: row.get("list_tie")? });
    }
    Ok(Rows { items, next: None })
}

/// How many rows fit, up to 10,000.
///
/// # Errors
/// When the database fails.
pub fn count(connection: &Connection, table: &Table, filter: &Filter) -> Result<Total, StoreError> {
    let counted = count_up_to(connection, table, filter, COUNTED + 1)?;
    Ok(Total { count: counted.min(COUNTED), is_exact: counted <= COUNTED })
}

fn count_up_to(connection: &Connection, table: &Table, filter: &Filter, most: u32) -> Result<u32, StoreError> {
    let query = Query::counting(table, filter, most);
    let mut statement = connection.prepare_cached(&query.sql)?;
    Ok(statement.query_row(params_from_iter(query.values), |row| row.get(0))?)
}

/// How a page's rows are come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Along an index, or the table itself.
    Walk,
    /// Along the index of words, which has the order of `tie`.
    Found,
    /// The few that are found, sorted.
    Sorted,
    /// Along an index, passing over what is not among those found.
    Among,
}

impl Way {
    fn choose(connection: &Connection, table: &Table, filter: &Filter, page: &Page) -> Result<Self, StoreError> {
        if filter.search == Search::default() || table.search.is_none() {
            return Ok(Self::Walk);
        }
        if page.sort.by == table.tie {
            return Ok(Self::Found);
        }
        let found = count_up_to(connection, table, filter, FEW + 1)?;
        Ok(if found > FEW { Self::Among } else { Self::Sorted })
    }
}

/// A statement, and the values for its question marks.
#[derive(Debug, Default)]
struct Query {
    sql: String,
    values: Vec<Value>,
    has_where: bool,
}

impl Query {
    fn new(table: &Table, filter: &Filter, page: &Page, way: Way) -> Self {
        let Table { name, columns, tie, .. } = table;
        let by = page.sort.by;
        let columns = if way == Way::Sorted { String::new() } else { format!("{columns}, ") };
        let mut query = Self::default();
        query.push(&format!("SELECT {columns}{by} AS list_value, {name}.{tie} AS list_tie FROM "));
        match (way, table.search, page.sort.index) {
            (Way::Found, Some(words), _) => {
                query.push(&format!("{words} CROSS JOIN {name} ON {name}.{tie} = {words}.rowid"));
            }
            (Way::Sorted, ..) => query.push(&format!("{name} NOT INDEXED")),
            (_, _, Some(index)) => query.push(&format!("{name} INDEXED BY {index}")),
            (_, _, None) => query.push(name),
        }
        query.filter(table, filter, way);
        let key = match (way, table.search) {
            (Way::Found, Some(words)) => format!("{words}.rowid"),
            _ => format!("{name}.{tie}"),
        };
        query.order(table, page, &key);
        if way == Way::Sorted {
            query.fetch(table, page);
        }
        query
    }

    /// From where, in which order, and how many.
    fn order(&mut self, table: &Table, page: &Page, key: &str) {
        let by = page.sort.by;
        let is_tied = by == table.tie;
        let (direction, beyond) = if page.is_descending { ("DESC", "<") } else { ("ASC", ">") };
        match &page.after {
            Some(after) if is_tied => self.and(&format!("{key} {beyond} ?"), [after.tie.clone()]),
            Some(after) => {
                self.and(&format!("({by}, {key}) {beyond} (?, ?)"), [after.value.clone(), after.tie.clone()])
            }
            None => {}
        }
        let order = if is_tied { String::new() } else { format!("{by} {direction}, ") };
        self.push(&format!(" ORDER BY {order}{key} {direction} LIMIT ?"));
        // One more, to see whether there is a next page.
        self.values.push(Value::Integer(i64::from(page.limit) + 1));
    }

    /// Reads the rows of which only what they are sorted by was read so far.
    fn fetch(&mut self, table: &Table, page: &Page) {
        let Table { name, columns, tie, .. } = table;
        let direction = if page.is_descending { "DESC" } else { "ASC" };
        self.sql = format!(
            "SELECT {columns}, list_value, list_tie FROM ({}) CROSS JOIN {name} ON {name}.{tie} = list_tie
             ORDER BY list_value {direction}, list_tie {direction}",
            self.sql
        );
    }

    fn counting(table: &Table, filter: &Filter, most: u32) -> Self {
        let mut query = Self::default();
        query.push("SELECT count(*) FROM (SELECT 1 FROM ");
        let way = match table.search {
            Some(words) if filter.search != Search::default() => {
                query.push(words);
                if !filter.conditions.is_empty() {
                    query.push(&format!(" CROSS JOIN {0} ON {0}.{1} = {words}.rowid", table.name, table.tie));
                }
                Way::Found
            }
            _ => {
                query.push(table.name);
                Way::Walk
            }
        };
        // What is deleted is not in the index of words.
        let alive = if way == Way::Found { None } else { table.alive };
        query.filter(&Table { alive, ..*table }, filter, way);
        query.push(" LIMIT ?)");
        query.values.push(Value::Integer(most.into()));
        query
    }

    fn filter(&mut self, table: &Table, filter: &Filter, way: Way) {
        if let Some(alive) = table.alive {
            self.and(alive, []);
        }
        if let (Some(words), Some(expression)) = (table.search, filter.search.expression()) {
            let found = format!("{words} MATCH ?");
            let condition = match way {
                Way::Found => found,
                Way::Sorted => format!("{} IN (SELECT rowid FROM {words} WHERE {found})", table.tie),
                // The sign keeps SQLite from fetching the rows one by one in place of walking.
                Way::Among | Way::Walk => format!("+{} IN (SELECT rowid FROM {words} WHERE {found})", table.tie),
            };
            self.and(&condition, [Value::Text(expression)]);
        }
        for Condition(sql, value) in &filter.conditions {
            self.and(sql, [value.clone()]);
        }
    }

    fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        let word = if self.has_where { "AND" } else { "WHERE" };
        self.has_where = true;
        self.push(&format!(" {word} {condition}"));
        self.values.extend(values);
    }

    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }
}

#[cfg(test)]
mod tests;
