//! From cells to text that a spreadsheet opens without calculating anything.

use super::{FORMULA, TEXT_MARK};

/// A row of CSV (RFC 4180). A cell that a spreadsheet would take for a formula has an apostrophe before it, which
/// [`super::Sheet`] takes away again.
pub(in crate::web) fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<_> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let mark = if text.starts_with(FORMULA) { TEXT_MARK.to_string() } else { String::new() };
    let needs_quotes = text.contains([',', '"', '\n', '\r', ';', '\t']) || text.starts_with(' ') || text.ends_with(' ');
    if needs_quotes { format!("\"{mark}{}\"", text.replace('"', "\"\"")) } else { format!("{mark}{text}") }
}

#[cfg(test)]
mod tests {
    use super::{super::Sheet, *};

    #[test]
    fn what_is_written_is_no_formula_and_reads_as_it_was() {
        let cells = [
            "=HYPERLINK(\"http://x\",\"y\")",
            "+44 20",
            "-1",
            "@SUM(1)",
            "＝1+1",
            "سارة, \"x\"",
            "a;b",
            "two\nlines",
            "it's",
            "",
        ];
        let line = row(cells);
        assert_eq!(
            line,
            "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",'+44 20,'-1,'@SUM(1),'＝1+1,\"سارة, \"\"x\"\"\",\"a;b\",\"two\nlines\",it's,\r\n"
        );
        let sheet =
            Sheet::parse(&format!("{}{line}", row(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]))).unwrap();
        assert_eq!(sheet.rows[0].cells, cells);
    }
}
