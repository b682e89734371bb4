//! What the rows of a file would do, before anything is done.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Form;
use crate::{
    domain::{Country, ImportId},
    store::{
        Refusal, StoreError,
        imports::{Importable, OnDuplicate, Plan},
    },
    web::{
        api::admin::{
            columns::{self, Field},
            sheet::{Row, Sheet},
        },
        error::ApiError,
        problem::FieldProblem,
    },
};

/// So many rows are shown in any case,
const SHOWN: usize = 100;
/// and so many of those that are wrong.
const SHOWN_WRONG: usize = 500;

/// A row of a file on its way.
#[derive(Debug)]
pub(super) struct Draft<P> {
    pub(super) line: u64,
    /// As the file has them.
    pub(super) cells: Vec<String>,
    /// What is given, by field, with cards' numbers masked.
    pub(super) values: Map<String, Value>,
    pub(super) checked: Result<P, Vec<FieldProblem>>,
}

/// A file whose rows are checked, as far as that can be done without what is there already.
#[derive(Debug)]
pub(super) struct Drafts<P> {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Draft<P>>,
}

/// Which column is which field, besides what their names say.
#[derive(Debug)]
pub(in crate::web) enum Mapping {
    /// As a program says. It has to fit the file.
    Told(Map<String, Value>),
    /// As somebody tries on a page, who is shown the columns and chooses again.
    Tried(Map<String, Value>),
}

impl Mapping {
    const fn is_tried(&self) -> bool {
        matches!(self, Self::Tried(_))
    }

    fn assign(&self, columns: &[String], fields: &[Field]) -> Result<Vec<Option<&'static str>>, ApiError> {
        let assigned = match self {
            Self::Told(mapping) => columns::assign(columns, fields, mapping),
            // What was chosen for another file's columns says nothing of this one's.
            Self::Tried(mapping) => {
                let here = mapping.iter().filter(|(name, _)| columns.contains(name));
                columns::assign(columns, fields, &here.map(|(name, field)| (name.clone(), field.clone())).collect())
            }
        };
        assigned.map_err(|problem| ApiError::field("mapping", problem))
    }
}

/// A column, and which field it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::web) struct Column {
    /// As the file names it.
    pub(in crate::web) column: String,
    /// Null: it is not taken over.
    pub(in crate::web) field: Option<&'static str>,
}

/// A row as it is kept until it is confirmed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) values: Map<String, Value>,
    pub(super) plan: Plan,
}

/// Everything that is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptFile {
    pub(super) on_duplicate: OnDuplicate,
    pub(super) rows: Vec<Kept>,
}

/// What is done where rows are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum OnWrong {
    /// Nothing of the file is taken.
    Refuse,
    /// All others are taken.
    Leave,
}

/// The rows of a file that are wrong, for whoever mends them.
#[derive(Debug)]
pub(in crate::web) struct Wrong {
    /// As the file names them.
    pub(in crate::web) columns: Vec<String>,
    pub(in crate::web) rows: Vec<WrongRow>,
}

/// One of them.
#[derive(Debug)]
pub(in crate::web) struct WrongRow {
    /// Its line in the file, from 1.
    pub(in crate::web) line: u64,
    /// As the file has them.
    pub(in crate::web) cells: Vec<String>,
    pub(in crate::web) problems: Vec<FieldProblem>,
}

impl Wrong {
    pub(super) fn of<P>(drafts: Drafts<P>, planned: Planned) -> Self {
        let wrong =
            drafts.rows.into_iter().zip(planned).filter_map(|(draft, plan)| {
                Some(WrongRow { line: draft.line, cells: draft.cells, problems: plan.err()? })
            });
        Self { columns: drafts.columns.into_iter().map(|column| column.column).collect(), rows: wrong.collect() }
    }
}

/// What a file will do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct Preview {
    /// To be confirmed within half an hour; null while rows are wrong that are not to be left out.
    #[schema(value_type = Option<String>)]
    pub(in crate::web) import_id: Option<String>,
    /// The file's columns.
    pub(in crate::web) columns: Vec<Column>,
    /// The first 100 rows, and up to 500 that are wrong.
    pub(in crate::web) rows: Vec<PreviewRow>,
    /// Of all rows.
    pub(in crate::web) counts: Counts,
}

/// What a row will do.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct PreviewRow {
    /// Its line in the file, from 1.
    pub(in crate::web) line: u64,
    /// `create`, `update`, `skip` or `error`.
    pub(in crate::web) action: &'static str,
    /// The one that is changed, or there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::web) id: Option<String>,
    /// What is wrong with it.
    pub(in crate::web) problems: Vec<FieldProblem>,
    /// What it gives, by field.
    #[schema(value_type = Object)]
    pub(in crate::web) values: Map<String, Value>,
}

/// How many rows do what.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(in crate::web) struct Counts {
    pub(in crate::web) create: u32,
    pub(in crate::web) update: u32,
    pub(in crate::web) skip: u32,
    pub(in crate::web) error: u32,
    pub(in crate::web) total: u32,
}

impl<P: Importable> Drafts<P> {
    /// Checks all rows of a sheet: each by itself, and that no two are the same one.
    pub(super) fn check<F: Form<Patch = P>>(
        sheet: Sheet,
        mapping: &Mapping,
        home: Option<Country>,
    ) -> Result<Self, ApiError> {
        let fields = mapping.assign(&sheet.columns, F::FIELDS)?;
        if fields.iter().all(Option::is_none) && !mapping.is_tried() {
            let names: Vec<_> = F::FIELDS.iter().map(|(field, _)| *field).collect();
            let problem =
                format!("has no column that is known: its first row is to name them, such as {}", names.join(", "));
            return Err(ApiError::field("file", problem));
        }
        let mut lines: HashMap<String, u64> = HashMap::new();
        let mut rows: Vec<Draft<P>> = sheet.rows.into_iter().map(|row| draft::<F>(row, &fields, home)).collect();
        for row in &mut rows {
            let Some((field, value)) = row.checked.as_ref().ok().and_then(Importable::key) else { continue };
            if let Some(line) = lines.get(&value) {
                row.checked = Err(vec![FieldProblem::new(field, format!("is the same as in line {line}"))]);
            } else {
                lines.insert(value, row.line);
            }
        }
        let columns = sheet.columns.into_iter().zip(fields).map(|(column, field)| Column { column, field }).collect();
        Ok(Self { columns, rows })
    }
}

fn draft<F: Form>(row: Row, fields: &[Option<&'static str>], home: Option<Country>) -> Draft<F::Patch> {
    let given = row.cells.iter().zip(fields).filter_map(|(cell, field)| Some(((*field)?, cell)));
    // A blank cell says nothing: it never empties what is there.
    let given = given.filter(|(_, cell)| !cell.is_empty());
    let values: Map<String, Value> =
        given.map(|(field, cell)| (field.to_owned(), F::masked(field, cell).into())).collect();
    let checked = if row.cells.iter().skip(fields.len()).any(|cell| !cell.is_empty()) {
        Err(vec![FieldProblem::new("row", "has more cells than there are columns")])
    } else {
        F::check_values(&values, home)
    };
    Draft { line: row.line, cells: row.cells, values, checked }
}

/// What was found out about each row with the help of what is there.
pub(super) type Planned = Vec<Result<Plan, Vec<FieldProblem>>>;

impl Preview {
    /// Puts together what will happen and what is to be kept for it.
    pub(super) fn of<P>(
        drafts: Drafts<P>,
        planned: Planned,
        on_duplicate: OnDuplicate,
        on_wrong: OnWrong,
    ) -> (Self, Option<KeptFile>) {
        let (mut counts, mut shown, mut kept) = (Counts::default(), Vec::new(), Vec::new());
        for (at, (draft, plan)) in drafts.rows.into_iter().zip(planned).enumerate() {
            counts.total += 1;
            let (action, id) = match &plan {
                Ok(Plan::Create) => (count(&mut counts.create, "create"), None),
                Ok(Plan::Update { id, .. }) => (count(&mut counts.update, "update"), Some(id.clone())),
                Ok(Plan::Skip { id }) => (count(&mut counts.skip, "skip"), Some(id.clone())),
                Err(_) => (count(&mut counts.error, "error"), None),
            };
            if at < SHOWN || (plan.is_err() && counts.error as usize <= SHOWN_WRONG) {
                let problems = plan.as_ref().err().cloned().unwrap_or_default();
                shown.push(PreviewRow { line: draft.line, action, id, problems, values: draft.values.clone() });
            }
            if let Ok(plan) = plan {
                kept.push(Kept { values: draft.values, plan });
            }
        }
        let is_good = counts.error == 0 || (on_wrong == OnWrong::Leave && !kept.is_empty());
        let kept = is_good.then_some(KeptFile { on_duplicate, rows: kept });
        (Self { import_id: None, columns: drafts.columns, rows: shown, counts }, kept)
    }

    pub(super) fn kept_as(mut self, id: Option<&ImportId>) -> Self {
        self.import_id = id.map(ToString::to_string);
        self
    }
}

fn count(counter: &mut u32, action: &'static str) -> &'static str {
    *counter += 1;
    action
}

/// A row that cannot be written is wrong; that the database fails is not the row's fault.
pub(super) fn planned(plan: Result<Plan, Refusal>) -> Result<Result<Plan, Vec<FieldProblem>>, StoreError> {
    Ok(match plan {
        Ok(plan) => Ok(plan),
        Err(Refusal::Store(error)) => return Err(error),
        Err(Refusal::Field(field, problem)) => Err(vec![FieldProblem::new(field, problem)]),
        Err(refusal) => Err(vec![FieldProblem::new("row", refusal)]),
    })
}
