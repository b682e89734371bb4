//! Lists of leads and customers, in real files: nothing is lost or repeated, and nothing is scanned or sorted that need not be.

use jiff::Timestamp;
use rusqlite::StatementStatus;
use tempfile::TempDir;

use super::*;
use crate::{
    domain::Pii,
    store::{
        Refusal, Store,
        audit::Actor,
        communications::{self, Contact},
        customers,
        leads::{self, LeadPatch},
    },
};

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

fn lead(name: &str) -> LeadPatch {
    LeadPatch { name: Some(Pii::new(name.to_owned())), ..LeadPatch::default() }
}

async fn add(store: &Store, new: Vec<LeadPatch>) {
    let added = store.change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| {
        new.iter().try_for_each(|new| leads::create(change, new).map(drop))
    });
    added.await.map_err(|refusal: Refusal| refusal.to_string()).unwrap();
}

async fn names(store: &Store, search: Search, sort: &str, cursor: Option<String>) -> (Vec<String>, Option<String>) {
    let filter = Filter { search, ..Filter::default() };
    let page = Page::parse(&leads::TABLE, Some("7"), Some(sort), cursor.as_deref()).unwrap();
    let rows = store.read(move |connection| leads::page(connection, &filter, &page)).await.unwrap();
    (rows.items.into_iter().map(|lead| lead.name.into_inner()).collect(), rows.next)
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_while_rows_are_added() {
    let (_folder, store) = store();
    let numbered = |numbers: std::ops::Range<u32>| numbers.map(|it| lead(&format!("Sara {it:04}"))).collect();
    add(&store, numbered(0..50)).await;
    let mut later = 9000;
    for search in [Search::default(), Search::default().words("sara")] {
        for sort in ["createdAt", "-createdAt", "name", "-name", "updatedAt"] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let (names, next) = names(&store, search.clone(), sort, cursor).await;
                seen.extend(names);
                add(&store, numbered(later..later + 1)).await;
                later += 1;
                cursor = next;
                if cursor.is_none() || seen.len() > 500 {
                    break;
                }
            }
            let mut first: Vec<_> = seen.iter().filter(|name| name.as_str() < "Sara 0050").collect();
            let sorted = first.is_sorted() || first.iter().rev().is_sorted();
            first.sort_unstable();
            first.dedup();
            assert_eq!((first.len(), sorted), (50, true), "{sort}: {seen:?}");
            let mut all = seen.clone();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), seen.len(), "{sort}");
        }
    }
}

#[tokio::test]
async fn both_languages_are_found_and_sorted() {
    let (_folder, store) = store();
    let mut fatima = lead("فاطمة الزهراء");
    fatima.phone = Some(Some(Pii::new("+201001234567".parse().unwrap())));
    fatima.source = Some(Some("Web site".to_owned()));
    let mut amelie = lead("Amélie Öz");
    amelie.email = Some(Some(Pii::new("amelie@example.com".parse().unwrap())));
    amelie.status = Some(leads::LeadStatus::Won);
    add(&store, vec![fatima, amelie, lead("أحمد"), lead("zoe"), lead("Bruno"), lead("إبراهيم")]).await;
    let (sorted, _) = names(&store, Search::default(), "name", None).await;
    assert_eq!(sorted, ["Amélie Öz", "Bruno", "zoe", "إبراهيم", "أحمد", "فاطمة الزهراء"]);
    let words = |text: &str| Search::default().words(text);
    for (search, found) in [
        (words("فاطمه"), "فاطمة الزهراء"),
        (words("الزه فا"), "فاطمة الزهراء"),
        (words("٠١٠٠ ١٢٣"), "فاطمة الزهراء"),
        (words("+20 100"), "فاطمة الزهراء"),
        (words("01001234567"), "فاطمة الزهراء"),
        (words("احمد"), "أحمد"),
        (words("ame oz"), "Amélie Öz"),
        (words("amelie@exam"), "Amélie Öz"),
        (words("sara"), ""),
        (words("new"), ""),
        (words("???"), ""),
        (words("a").facet(Facet::Status, "won"), "Amélie Öz"),
        (words("").facet(Facet::Source, "web SITE"), "فاطمة الزهراء"),
        (words("a").facet(Facet::Status, "lost"), ""),
    ] {
        for sort in ["name", "-createdAt"] {
            let (names, _) = names(&store, search.clone(), sort, None).await;
            assert_eq!(names.join("+"), found, "{search:?} {sort}");
        }
    }
}

#[test]
fn what_cannot_be_listed_is_told_by_parameter() {
    let cursor = Cursor { value: Value::Integer(1), tie: Value::Integer(1) };
    let (ours, other) = (cursor.write("-createdAt"), cursor.write("name"));
    for (limit, sort, cursor, bad) in [
        (None, None, None, vec![]),
        (Some("200"), Some("-name"), None, vec![]),
        (None, None, Some(ours.as_str()), vec![]),
        (Some("0"), None, None, vec!["limit"]),
        (Some("201"), None, Some(other.as_str()), vec!["limit", "cursor"]),
        (Some("many"), Some("seq; DROP TABLE leads"), None, vec!["limit", "sort"]),
        (None, Some("--name"), None, vec!["sort"]),
        (None, Some(""), None, vec!["sort"]),
    ] {
        let parsed = Page::parse(&leads::TABLE, limit, sort, cursor);
        let found: Vec<_> = parsed.err().unwrap_or_default().iter().map(BadPage::parameter).collect();
        assert_eq!(found, bad, "{limit:?} {sort:?} {cursor:?}");
    }
    for table in [leads::TABLE, customers::TABLE, communications::TABLE] {
        assert_eq!(Page::parse(&table, None, None, None).unwrap().limit, USUAL_LIMIT, "{}", table.name);
    }
}

#[tokio::test]
async fn rows_are_counted_up_to_a_bound() {
    let (_folder, store) = store();
    add(&store, (0..30).map(|it| lead(&format!("Sara {it}"))).collect()).await;
    let count = |search: Search, most| {
        let filter = Filter { search, ..Filter::default() };
        store.read(move |connection| count_up_to(connection, &leads::TABLE, &filter, most))
    };
    let sara = Search::default().words("sara");
    for (search, most, expected) in [
        (Search::default(), 100, 30),
        (Search::default(), 10, 10),
        (sara.clone(), 100, 30),
        (sara, 10, 10),
        (Search::default().words("sara 7"), 100, 1),
    ] {
        assert_eq!(count(search.clone(), most).await.unwrap(), expected, "{search:?} {most}");
    }
}

/// The steps of SQLite's plan for a page.
fn plan(connection: &Connection, query: &Query) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
    let steps = statement.query_map(params_from_iter(query.values.clone()), |row| row.get("detail")).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

/// No page is sorted, but for the few rows that are fetched to be; no table is read from its beginning to its end: what walks
/// does so along an index and stops when the page is full.
#[tokio::test]
async fn plans_walk_indexes_and_sort_nothing() {
    let (_folder, store) = store();
    let check = store.read(|connection| {
        let search = Search::default().words("sara").facet(Facet::Language, "ar");
        for table in [&leads::TABLE, &customers::TABLE] {
            for sort in table.sorts {
                for (way, is_descending, is_first) in [Way::Walk, Way::Found, Way::Among, Way::Sorted]
                    .into_iter()
                    .flat_map(|way| [(way, true, true), (way, true, false), (way, false, false)])
                {
                    let is_tied = sort.by == table.tie;
                    if way == Way::Found && !is_tied || matches!(way, Way::Among | Way::Sorted) && is_tied {
                        continue;
                    }
                    let after = (!is_first).then_some(Cursor { value: Value::Integer(5), tie: Value::Integer(5) });
                    let page = Page { sort, is_descending, order: String::new(), after, limit: 50 };
                    let search = if way == Way::Walk { Search::default() } else { search.clone() };
                    let filter = Filter { search, ..Filter::default() };
                    let steps = plan(connection, &Query::new(table, &filter, &page, way));
                    let what = format!("{} by {} {way:?}: {steps:#?}", table.name, sort.name);
                    let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
                    assert_eq!(sorts, way == Way::Sorted, "{what}");
                    let own = steps.iter().find(|step| step.split(' ').nth(1) == Some(table.name)).unwrap();
                    assert!(own.starts_with("SEARCH") || is_first && !matches!(way, Way::Sorted), "{what}");
                    if way == Way::Among || way == Way::Walk && !is_tied {
                        assert!(own.contains(&format!("USING INDEX {}", sort.index.unwrap())), "{what}");
                    }
                }
            }
            let counted = plan(connection, &Query::counting(table, &Filter::default(), 100));
            assert!(counted.iter().any(|step| step.contains("COVERING INDEX")), "{counted:?}");
        }
        let contact = Contact::Lead("LE_23456789ABCD".parse().unwrap());
        let page = Page::first(&communications::TABLE, 50);
        let filter = communications::with(&contact);
        let steps = plan(connection, &Query::new(&communications::TABLE, &filter, &page, Way::Walk));
        assert_eq!(steps, ["SEARCH communications USING INDEX communications_by_lead (lead=?)"]);
        Ok(())
    });
    check.await.unwrap();
}

/// What the plans say, seen from the work that is done.
#[tokio::test]
async fn a_page_takes_the_same_work_however_long_the_list_is() {
    let (_folder, store) = store();
    let mut work = Vec::new();
    for round in 0..2 {
        add(&store, (0..300).map(|it| lead(&format!("Sara {round} {it}"))).collect()).await;
        let steps = store.read(|connection| {
            let page = Page::parse(&leads::TABLE, Some("20"), Some("-createdAt"), None).unwrap();
            let ways = [(Way::Walk, Search::default()), (Way::Found, Search::default().words("sara"))];
            let steps = ways.map(|(way, search)| {
                let query = Query::new(&leads::TABLE, &Filter { search, ..Filter::default() }, &page, way);
                let mut statement = connection.prepare(&query.sql).unwrap();
                let rows = statement.query_map(params_from_iter(query.values), |_| Ok(())).unwrap().count();
                assert_eq!(rows, 21);
                statement.get_status(StatementStatus::VmStep)
            });
            Ok(steps)
        });
        work.push(steps.await.unwrap());
    }
    assert_eq!(work[0], work[1]);
}
