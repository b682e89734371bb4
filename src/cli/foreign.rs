//! Words of callers on a terminal: they must not move its cursor, colour it, or turn a line's order round.

use crate::domain::text::is_right_to_left;

/// `text` on one line, without control characters and direction overrides. Where it has letters that are written from right to
/// left it is isolated (Unicode's FSI … PDI), so that what stands beside it stays where it is.
pub(super) fn shown(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_direction_mark(*c));
    let line: String = visible.map(|c| if c.is_control() || is_line_end(c) { ' ' } else { c }).collect();
    let line = line.trim();
    if line.chars().any(is_right_to_left) { format!("\u{2068}{line}\u{2069}") } else { line.to_owned() }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Those that embed, override or isolate; the harmless ones beside letters may stay.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_words_stay_on_their_line() {
        for (text, expected) in [
            ("Hello, world", "Hello, world"),
            ("\u{1b}[31mred\u{7}\nnext\u{2028}\u{85}", "[31mred  next"),
            ("مرحبا 12", "\u{2068}مرحبا 12\u{2069}"),
            ("a\u{202e}b\u{2067}", "ab"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
