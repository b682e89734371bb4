//! What is done with all that are chosen in a table: those that are ticked on this page, or all that fit what the table is
//! filtered by.

use std::{borrow::Cow, sync::Arc};

use actix_web::{HttpResponse, web};
use jiff::Timestamp;

use super::{
    super::{
        form::{Field, Kind},
        frame::Desk,
        listing::Asked,
        notice::{Done, Tally, Why},
        undo,
    },
    Party, PatchOf, Scripts,
};
use crate::{
    domain::Pii,
    locale::Locale,
    store::{
        self, Change, Refusal, StoreError, do_not_call,
        list::{self, Filter, MOST_LIMIT, Page},
    },
    web::{State, api::admin::imports::Form as _, error::ApiError, form::StaffPairs},
};

/// Most that are ticked: those of one page.
const MOST_TICKED: usize = 200;

/// What stands between the id of a row that is ticked and the version that was shown.
const VERSION_MARK: char = '.';

const DELETE: &str = "delete";
const BLOCK: &str = "block";
/// The fields that many can be given the same value of.
const TOGETHER: [&str; 3] = ["status", "language", "scriptId"];

/// What is chosen.
enum Chosen<K: Party> {
    /// Which, in the versions that were shown.
    Ticked(Vec<(K::Id, i64)>),
    /// All that fit; so many they were when that was asked.
    All { filter: Filter, count: u32 },
}

impl<K: Party> Chosen<K> {
    /// What a form has sent.
    ///
    /// # Errors
    /// When it is not what our form sends: then nothing is chosen, rather than everything.
    fn of(sent: &[(String, String)]) -> Result<Self, ApiError> {
        let value = |wanted: &str| sent.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if let Some(count) = value("all") {
            let asked = Asked::parse(value("where").ok_or(ApiError::Form)?);
            let count = count.parse().map_err(|_| ApiError::Form)?;
            return Ok(Self::All { filter: K::filter(&asked)?, count });
        }
        let ticked = sent.iter().filter(|(name, _)| name == "id").take(MOST_TICKED).map(|(_, row)| {
            let (id, version) = row.split_once(VERSION_MARK).ok_or(ApiError::Form)?;
            Ok((K::id(id)?, version.parse().map_err(|_| ApiError::Form)?))
        });
        Ok(Self::Ticked(ticked.collect::<Result<_, ApiError>>()?))
    }

    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Ticked(rows) if rows.is_empty())
    }

    /// What holds for them.
    fn filter(self) -> Filter {
        match self {
            Self::All { filter, .. } => filter,
            Self::Ticked(rows) => {
                let ids: Vec<_> = rows.into_iter().map(|(id, _)| id).collect();
                Filter { conditions: vec![K::among(&ids)], ..Filter::default() }
            }
        }
    }

    /// Which they are, with their versions.
    async fn rows(self, state: &State) -> Result<Vec<(K::Id, i64)>, ApiError> {
        let (filter, count) = match self {
            Self::Ticked(rows) => return Ok(rows),
            Self::All { filter, count } => (filter, count),
        };
        let read = state.store.read(move |connection| {
            let total = list::count(connection, K::table(), &filter)?;
            if !total.is_exact || total.count != count {
                return Ok(None);
            }
            let (mut rows, mut page) = (Vec::new(), Page::first(K::table(), MOST_LIMIT));
            loop {
                let found = (K::READ)(connection, &filter, &page)?;
                rows.extend(found.items.iter().map(K::seen));
                match found.next {
                    Some(next) => page = page.after(&next),
                    None => return Ok(Some(rows)),
                }
            }
        });
        let changed = "there are more or fewer rows now than you were asked about: look at the table, and choose again";
        read.await?.ok_or_else(|| ApiError::Conflict(changed.to_owned()))
    }
}

/// What is done with them.
enum Deed<K: Party> {
    Change(PatchOf<K>),
    Delete,
    /// Their numbers are put on the do-not-call list.
    Block,
}

impl<K: Party> Deed<K> {
    fn parse(act: &str) -> Result<Self, ApiError> {
        Ok(match act.split_once(':') {
            Some((field, value)) if TOGETHER.contains(&field) => {
                let values = [(field.to_owned(), value.into())].into_iter().collect();
                Self::Change(K::Input::check_values(&values, None).map_err(ApiError::Fields)?)
            }
            None if act == DELETE => Self::Delete,
            None if act == BLOCK => Self::Block,
            _ => return Err(ApiError::Form),
        })
    }

    /// The words of it are under `done-leads-deleted`.
    fn done(&self) -> String {
        let done = match self {
            Self::Change(_) => "changed",
            Self::Delete => "deleted",
            Self::Block => "blocked",
        };
        format!("{}s-{done}", K::NAME)
    }

    /// Why nothing was to be done, if so.
    fn perform(&self, change: &Change<'_>, id: &K::Id, version: i64) -> Result<Option<Why>, Refusal> {
        match self {
            Self::Change(patch) => {
                let row = K::update(change, id, Some(version), patch)?;
                Ok((K::seen(&row).1 == version).then_some(Why::Same))
            }
            Self::Delete => K::delete(change, id, Some(version)).map(|()| None),
            Self::Block => {
                let row = K::find(change.transaction, id)?.ok_or(Refusal::Missing(K::NAME))?;
                let Some(phone) = K::person(&row).phone else { return Ok(Some(Why::Numberless)) };
                let (_, is_new) = do_not_call::add(change, phone.reveal(), &Pii::default())?;
                Ok((!is_new).then_some(Why::Same))
            }
        }
    }
}

/// Acts that belong together.
pub(super) struct Group {
    pub(super) label: Cow<'static, str>,
    pub(super) acts: Vec<Offered>,
}

/// An act that can be chosen.
pub(super) struct Offered {
    /// As the form sends it: `status:won`.
    pub(super) value: String,
    pub(super) words: String,
    /// What is asked before it is done, with `#` for how many there are.
    pub(super) sure: Option<String>,
}

/// What can be done with those that are chosen: another value in a field that has a choice, and more.
pub(super) fn acts<K: Party>(words: &'static Locale, scripts: &Scripts) -> Vec<Group> {
    let of_field = |field: Field| match field.kind {
        Kind::Choice(choices) => {
            let act = |(value, words)| Offered { value: format!("{}:{value}", field.name), words, sure: None };
            Some(Group { label: field.label, acts: choices.into_iter().map(act).collect() })
        }
        _ => None,
    };
    let sure = |key: &str| Some(words.count(key, "#").into_owned());
    let others = vec![
        Offered { value: BLOCK.to_owned(), words: words.text("act-block").into_owned(), sure: sure("bulk-block-sure") },
        Offered {
            value: DELETE.to_owned(),
            words: words.text("delete").into_owned(),
            sure: sure(&format!("{}s-delete-sure", K::NAME)),
        },
    ];
    let others = Group { label: words.text("actions"), acts: others };
    K::form(words, None, scripts).fields.into_iter().filter_map(of_field).chain([others]).collect()
}

/// `POST /desk/leads/bulk`
pub(super) async fn bulk<K: Party>(
    desk: Desk,
    StaffPairs(sent): StaffPairs,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let value = |wanted: &str| sent.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let back = match Asked::parse(value("where").unwrap_or_default()).with(&[]) {
        query if query.is_empty() => K::PATH.to_owned(),
        query => format!("{}?{query}", K::PATH),
    };
    let (chosen, deed) = (Chosen::<K>::of(&sent)?, Deed::<K>::parse(value("act").ok_or(ApiError::Form)?)?);
    if chosen.is_nothing() {
        return Ok(Desk::see(&back, "nothing-ticked"));
    }
    let done = deed.done();
    let (now, tally) = perform(&state, &desk, chosen.rows(&state).await?, deed).await?;
    let undo = tally.has_changed().then_some(now);
    Ok(Desk::see_done(&back, &Done { word: &done, tally: Some(&tally), undo }))
}

/// Does it, some at a time, so that nobody who writes meanwhile waits for long; all of it at one moment for the audit log.
async fn perform<K: Party>(
    state: &State,
    desk: &Desk,
    rows: Vec<(K::Id, i64)>,
    deed: Deed<K>,
) -> Result<(Timestamp, Tally), ApiError> {
    let (now, deed) = (store::now(), Arc::new(deed));
    let mut tally = Tally::default();
    for step in rows.chunks(undo::STEP) {
        let (step, deed) = (step.to_vec(), deed.clone());
        let done = state.store.change(desk.actor(), now, move |change| {
            let mut tally = Tally::default();
            for (id, version) in &step {
                tally.count(deed.perform(change, id, *version))?;
            }
            Ok::<_, StoreError>(tally)
        });
        tally.add(done.await?);
    }
    Ok((now, tally))
}

/// `POST /desk/leads/export`: those that are chosen, as a file.
pub(super) async fn export<K: Party>(
    desk: Desk,
    StaffPairs(sent): StaffPairs,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let chosen = Chosen::<K>::of(&sent)?;
    if chosen.is_nothing() {
        return Ok(Desk::see(K::PATH, "nothing-ticked"));
    }
    K::export(&state, desk.actor(), chosen.filter()).await
}
