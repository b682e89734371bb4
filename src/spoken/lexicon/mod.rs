//! Which words mean what, in the spelling of [`super::tokens::plain`]: tables of English and of Arabic, which never share a
//! word, so that callers may mix both.

mod arabic;
mod english;

/// A word of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numeral {
    /// 0 to 9.
    Unit(i64),
    /// 10 to 19.
    Teen(i64),
    /// 20, 30, … 90.
    Tens(i64),
    /// "Hundred".
    Hundred,
    /// Several hundreds in one word: "ميتين".
    Hundreds(i64),
    /// A thousand or more, so many times.
    Scale(i64),
    /// Two of a scale in one word: "الفين".
    TwoOf(i64),
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Morning,
    Noon,
    Afternoon,
    Evening,
    Night,
}

/// A word for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coin {
    /// A currency's unit, such as a pound.
    Major,
    /// Two of them in one word.
    TwoMajor,
    /// So many thousandths of the unit, such as a penny: 10.
    Minor(i64),
    /// Two of them in one word.
    TwoMinor(i64),
    /// A thousandth of a dinar, a hundredth of a dirham: one of them, or two in one word.
    Fils(i64),
}

pub(super) fn numeral(word: &str) -> Option<Numeral> {
    english::numeral(word).or_else(|| arabic::numeral(word))
}

/// 1 to 31, "the fifteenth"; in Arabic of either gender, tens in the other table.
pub(super) fn ordinal(word: &str) -> Option<i64> {
    english::ordinal(word).or_else(|| arabic::ordinal(word))
}

/// A half or a quarter, in thousandths.
pub(super) fn fraction(word: &str) -> Option<i64> {
    match word {
        "half" | "نص" | "نصف" => Some(500),
        "quarter" | "ربع" => Some(250),
        _ => None,
    }
}

/// The unit, and how many of them the word means by itself (2 for an Arabic dual).
pub(super) fn unit(word: &str) -> Option<(Unit, i64)> {
    english::unit(word).or_else(|| arabic::unit(word))
}

pub(super) fn period(word: &str) -> Option<Period> {
    english::period(word).or_else(|| arabic::period(word))
}

pub(super) fn coin(word: &str) -> Option<Coin> {
    english::coin(word).or_else(|| arabic::coin(word))
}

/// 1 (Monday) to 7. The second is false for words that are more often something else without "on" or "the".
pub(super) fn weekday(word: &str) -> Option<(i8, bool)> {
    english::weekday(word).or_else(|| arabic::weekday(word))
}

/// 1 to 12.
pub(super) fn month(word: &str) -> Option<i8> {
    english::month(word).or_else(|| arabic::month(word))
}

/// Digits that a recogniser takes for another word.
pub(super) fn sounds_like(word: &str) -> Option<i64> {
    Some(match word {
        "for" | "fore" => 4,
        "to" | "too" => 2,
        "won" => 1,
        "ate" => 8,
        "tree" | "free" => 3,
        "sex" => 6,
        "fife" => 5,
        "niner" | "nein" => 9,
        _ => return None,
    })
}

/// Words that say nothing: what is left without them is what was said.
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: &[&str] = &[
        "uh",
        "um",
        "er",
        "erm",
        "ah",
        "eh",
        "hm",
        "hmm",
        "mm",
        "mmm",
        "oh",
        "well",
        "so",
        "like",
        "okay",
        "ok",
        "please",
        "just",
        "yeah",
        "yes",
        "yep",
        "the",
        "then",
        "you",
        "know",
        "i",
        "mean",
        "think",
        "guess",
        "say",
        "lets",
        "maybe",
        "sir",
        "madam",
        "thanks",
        "thank",
        "its",
        "is",
        "it",
        "thats",
        "that",
        "be",
        "hi",
        "hello",
        "right",
        "sure",
        "علي",
        "والله",
        "يعني",
        "اه",
        "ايوه",
        "ايوا",
        "نعم",
        "طيب",
        "خلص",
        "خلاص",
        "تمام",
        "اوكي",
        "لو",
        "سمحت",
        "فضلك",
        "من",
        "يمكن",
        "ممكن",
        "هو",
        "هي",
        "هلا",
        "بس",
        "كده",
        "اي",
        "ام",
        "امم",
        "مم",
        "شكرا",
    ];
    FILLERS.contains(&word)
}

/// Words that begin with letters that only look like clitics.
pub(super) fn is_opaque(word: &str) -> bool {
    matches!(
        word,
        "لست"
            | "لسته"
            | "واحد"
            | "واحده"
            | "وحده"
            | "الف"
            | "بعد"
            | "باي"
            | "بست"
            | "لحد"
            | "ولا"
            | "وين"
            | "لما"
            | "بدي"
            | "بلا"
            | "بالميه"
            | "بالمايه"
    )
}

/// Whether the word is part of a number, an amount, a date or a time.
pub(super) fn is_value(word: &str) -> bool {
    let is_known = |word: &str| {
        numeral(word).is_some()
            || fraction(word).is_some()
            || coin(word).is_some()
            || unit(word).is_some()
            || weekday(word).is_some()
            || month(word).is_some()
            || arabic::ordinal(word).is_some()
            || matches!(word, "تلت" | "تلاتين")
    };
    is_known(word) || ["ال", "ب", "ل"].iter().any(|prefix| word.strip_prefix(prefix).is_some_and(is_known))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::plain;

    #[test]
    fn tables_are_written_as_words_are_spelt() {
        let sources = [
            include_str!("arabic.rs"),
            include_str!("english.rs"),
            include_str!("mod.rs"),
            include_str!("../hangs.rs"),
            include_str!("../numerals.rs"),
            include_str!("../read/amount.rs"),
            include_str!("../read/date/calendar.rs"),
            include_str!("../read/date/mod.rs"),
            include_str!("../read/date/relative.rs"),
            include_str!("../read/date/weekday.rs"),
            include_str!("../read/digits.rs"),
            include_str!("../read/intent.rs"),
            include_str!("../read/moment.rs"),
            include_str!("../read/name.rs"),
            include_str!("../read/pick.rs"),
            include_str!("../read/clock.rs"),
            include_str!("../read/yes_no.rs"),
        ];
        for source in sources {
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let literals = code.flat_map(|line| line.split('"').skip(1).step_by(2));
            for word in literals.flat_map(|literal| literal.split([' ', '|', '?'])).filter(|word| *word != "US") {
                assert_eq!(plain(word), word);
            }
        }
    }
}
