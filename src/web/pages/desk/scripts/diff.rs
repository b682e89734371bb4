//! Two texts, line by line: what is in one of them only, with some lines around it.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// Lines around a difference.
const AROUND: usize = 3;
/// Texts of a quarter of a megabyte that have nothing in common would take long: after this the differences are told more coarsely.
const PATIENCE: Duration = Duration::from_millis(300);

/// What two texts differ in; empty when they are the same.
#[derive(Debug, Default)]
pub(super) struct Diff {
    pub(super) pieces: Vec<Vec<DiffLine>>,
}

/// A line of either text, or of both.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DiffLine {
    pub(super) side: Side,
    /// Its number there, from 1.
    pub(super) old: Option<usize>,
    pub(super) new: Option<usize>,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Old,
    New,
}

impl Diff {
    /// May take some hundred milliseconds.
    pub(super) fn of(old: &str, new: &str) -> Self {
        let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
        let line = |change: similar::Change<&str>| DiffLine {
            side: match change.tag() {
                ChangeTag::Equal => Side::Both,
                ChangeTag::Delete => Side::Old,
                ChangeTag::Insert => Side::New,
            },
            old: change.old_index().map(|index| index + 1),
            new: change.new_index().map(|index| index + 1),
            text: change.value().trim_end_matches('\n').to_owned(),
        };
        let groups = diff.grouped_ops(AROUND);
        let piece = |ops: &Vec<similar::DiffOp>| ops.iter().flat_map(|op| diff.iter_changes(op)).map(line).collect();
        Self { pieces: groups.iter().map(piece).collect() }
    }
}

impl DiffLine {
    // ---- for templates ----

    /// The word of its class.
    pub(super) const fn class(&self) -> &'static str {
        match self.side {
            Side::Both => "both",
            Side::Old => "old",
            Side::New => "new",
        }
    }

    /// What stands before it, as in diffs everywhere.
    pub(super) const fn sign(&self) -> &'static str {
        match self.side {
            Side::Both => " ",
            Side::Old => "−",
            Side::New => "+",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_their_lines_and_what_is_around_them() {
        let old: String = (1..=20).map(|number| format!("line {number}\n")).collect();
        let new = old.replace("line 2\n", "line two\n").replace("line 19\n", "");
        let diff = Diff::of(&old, &new);
        assert_eq!(diff.pieces.len(), 2);
        let signs: String = diff.pieces[0].iter().map(DiffLine::sign).collect();
        assert_eq!(signs, " −+   ");
        let changed: Vec<_> =
            diff.pieces[0].iter().filter(|it| it.side != Side::Both).map(|it| (it.old, it.new, &*it.text)).collect();
        assert_eq!(changed, [(Some(2), None, "line 2"), (None, Some(2), "line two")]);
        let gone = diff.pieces[1].iter().find(|line| line.side == Side::Old).unwrap();
        assert_eq!((gone.old, gone.class(), gone.text.as_str()), (Some(19), "old", "line 19"));
        assert!(Diff::of(&old, &old).pieces.is_empty());
    }

    #[test]
    fn an_end_without_a_new_line_is_no_trouble() {
        let diff = Diff::of("a\nb", "a\nb\nc");
        assert!(diff.pieces[0].iter().any(|line| line.side == Side::New && line.text == "c"));
    }
}
