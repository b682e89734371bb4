//! Sheets as people exchange them: CSV, in whatever encoding and with whatever separator their program wrote it.

mod decode;
mod read;
mod write;

pub(super) use decode::decode;
pub(super) use read::{Row, Sheet};
pub(in crate::web) use write::row;

/// What a spreadsheet takes for the beginning of a formula, in the width of East Asian writing too (OWASP, "CSV Injection").
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Before such a cell it says that this is text.
const TEXT_MARK: char = '\'';
