//! From text to rows of cells.

use csv::{ReaderBuilder, StringRecord};

use super::{FORMULA, TEXT_MARK};

/// Most rows of a sheet.
const MOST_ROWS: usize = 50_000;
/// Most columns.
const MOST_COLUMNS: usize = 100;
/// Most bytes in the name of a column.
const LONGEST_NAME: usize = 200;

/// What separates cells.
const SEPARATORS: [u8; 3] = *b",;\t";

/// Why a file is no sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::web::api::admin) enum BadSheet {
    /// Nothing in it, or no row below the first.
    #[error("has no rows: the first is to name the columns, and at least one is to follow")]
    Empty,
    #[error("has more than {MOST_ROWS} rows: divide it")]
    TooManyRows,
    #[error("has more than {MOST_COLUMNS} columns, or names of columns that are too long")]
    TooManyColumns,
    /// Not CSV.
    #[error("cannot be read as CSV")]
    Unreadable,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::api::admin) struct Row {
    /// Where it begins in the file, from 1.
    pub(in crate::web::api::admin) line: u64,
    /// Without blanks around; there may be fewer than columns, or more.
    pub(in crate::web::api::admin) cells: Vec<String>,
}

/// Named columns and rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::api::admin) struct Sheet {
    pub(in crate::web::api::admin) columns: Vec<String>,
    pub(in crate::web::api::admin) rows: Vec<Row>,
}

impl Sheet {
    /// Reads CSV (RFC 4180) whose first row names the columns; rows without a single cell are passed over.
    pub(in crate::web::api::admin) fn parse(text: &str) -> Result<Self, BadSheet> {
        let (separator, skipped, text) = separator(text);
        let mut reader =
            ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut records = reader.records().map(|record| record.map_err(|_| BadSheet::Unreadable));
        let columns = cells(&records.next().ok_or(BadSheet::Empty)??);
        if columns.len() > MOST_COLUMNS || columns.iter().any(|name| name.len() > LONGEST_NAME) {
            return Err(BadSheet::TooManyColumns);
        }
        let mut rows = Vec::new();
        for record in records {
            let record = record?;
            let row = Row { line: skipped + record.position().map_or(0, csv::Position::line), cells: cells(&record) };
            match rows.len() {
                _ if row.cells.iter().all(String::is_empty) => {}
                MOST_ROWS => return Err(BadSheet::TooManyRows),
                _ => rows.push(row),
            }
        }
        if rows.is_empty() { Err(BadSheet::Empty) } else { Ok(Self { columns, rows }) }
    }
}

/// The separator, how many lines stand before the sheet, and the sheet. Excel may name it in a line of its own (`sep=;`);
/// else it is what stands most often in the first line.
fn separator(text: &str) -> (u8, u64, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let [named] = first.trim_end_matches('\r').strip_prefix("sep=").unwrap_or_default().as_bytes()
        && named.is_ascii()
    {
        return (*named, 1, rest);
    }
    let count = |separator: u8| {
        let (mut quoted, mut count) = (false, 0);
        for byte in first.bytes() {
            quoted ^= byte == b'"';
            count += usize::from(byte == separator && !quoted);
        }
        count
    };
    // The first of those that are as frequent.
    let usual = SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator));
    (usual.unwrap_or(b','), 0, text)
}

fn cells(record: &StringRecord) -> Vec<String> {
    record.iter().map(|cell| unguarded(cell.trim()).to_owned()).collect()
}

/// A cell without the mark that keeps spreadsheets from calculating it.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix(TEXT_MARK).filter(|rest| rest.starts_with(FORMULA)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, BadSheet> {
        let sheet = Sheet::parse(text)?;
        let row = |row: &Row| format!("{}:{}", row.line, row.cells.join("|"));
        let rows: Vec<_> = sheet.rows.iter().map(row).collect();
        Ok(format!("{} / {}", sheet.columns.join("|"), rows.join(" / ")))
    }

    #[test]
    fn separators_quotes_and_lines_are_understood() {
        for (text, sheet) in [
            ("a,b\n1,2\n", "a|b / 2:1|2"),
            ("a;b\r\n1;2,5\r\n\r\n;\r\n3;4", "a|b / 2:1|2,5 / 5:3|4"),
            ("a\tb\n1\t\"x\ny\"\n3\t4", "a|b / 2:1|x\ny / 4:3|4"),
            ("sep=;\na;b\n1;2\n", "a|b / 3:1|2"),
            ("\"a;x\",b\n1,2", "a;x|b / 2:1|2"),
            ("a,b\n 1 ,\n1,2,3\n", "a|b / 2:1| / 3:1|2|3"),
            ("name\nسارة\n", "name / 2:سارة"),
            ("a,b\n'+44,'quoted'\n'=1,-5", "a|b / 2:+44|'quoted' / 3:=1|-5"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(sheet), "{text}");
        }
    }

    #[test]
    fn what_is_no_sheet_is_refused() {
        for (text, why) in [
            ("", BadSheet::Empty),
            ("a,b", BadSheet::Empty),
            ("a,b\n,\n\n", BadSheet::Empty),
            (&format!("a\n{}", "1\n".repeat(MOST_ROWS + 1)), BadSheet::TooManyRows),
            (&format!("{}\n1", ",".repeat(MOST_COLUMNS)), BadSheet::TooManyColumns),
            (&format!("{}\n1", "x".repeat(LONGEST_NAME + 1)), BadSheet::TooManyColumns),
        ] {
            assert_eq!(read(text), Err(why));
        }
        assert!(read(&format!("a\n{}", "1\n".repeat(MOST_ROWS))).is_ok());
    }
}
