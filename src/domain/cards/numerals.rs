//! Which words are numbers, as callers say them: English, and Arabic as it is written and as it is spoken from Cairo to Amman
//! and the Gulf.

/// What a word means among digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// 0 to 9.
    Digit,
    /// 10 to 19.
    Teen,
    /// 10 in Arabic, or 13 to 19 after a digit ("thalathata ashar").
    ArabicTen,
    /// 20, 30, … 90.
    Tens,
    /// So many times the digit that follows.
    Repeat(usize),
    /// So many zeros after the number before: hundred, thousand, million.
    Scale(usize),
    /// A whole number with so many zeros at its end, such as the Arabic word for 300.
    Round { digits: usize, zeros: usize },
    /// Sounds like a digit, and is one between digits: "for", "to".
    Perhaps,
    /// Joins numbers or fills the time between them.
    Pause,
}

/// No number word is longer, in bytes.
const LONGEST: usize = 40;

/// What `word` means; the second is true when the Arabic "and" is written together with it.
pub(super) fn meaning(word: &str) -> Option<(Word, bool)> {
    if word.len() > LONGEST {
        return None;
    }
    let word: String = word.chars().filter_map(plain).flat_map(char::to_lowercase).collect();
    if let Some(meaning) = english(&word).or_else(|| arabic(&word)) {
        return Some((meaning, false));
    }
    match arabic(word.strip_prefix('و')?)? {
        Word::Pause => Some((Word::Pause, false)),
        meaning => Some((meaning, true)),
    }
}

/// One way to write each Arabic letter, without vowels.
fn plain(c: char) -> Option<char> {
    match c {
        '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{640}' => None,
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ة' => Some('ه'),
        'ى' | 'ئ' => Some('ي'),
        'ؤ' => Some('و'),
        'ث' => Some('ت'),
        c => Some(c),
    }
}

fn english(word: &str) -> Option<Word> {
    Some(match word {
        "zero" | "oh" | "o" | "nought" | "naught" | "nil" | "one" | "two" | "three" | "four" | "five" | "fife"
        | "six" | "seven" | "eight" | "nine" | "niner" => Word::Digit,
        "ten" | "eleven" | "twelve" | "thirteen" | "fourteen" | "fifteen" | "sixteen" | "seventeen" | "eighteen"
        | "nineteen" => Word::Teen,
        "twenty" | "thirty" | "forty" | "fourty" | "fifty" | "sixty" | "seventy" | "eighty" | "ninety" => Word::Tens,
        "double" => Word::Repeat(2),
        "triple" | "treble" => Word::Repeat(3),
        "quadruple" => Word::Repeat(4),
        "hundred" => Word::Scale(2),
        "thousand" => Word::Scale(3),
        "million" => Word::Scale(6),
        "billion" => Word::Scale(9),
        "for" | "to" | "too" | "won" | "ate" | "tree" => Word::Perhaps,
        "and" | "then" | "next" | "uh" | "um" | "er" | "erm" | "eh" | "ah" | "hm" | "hmm" | "mm" | "mhm" | "okay"
        | "ok" | "yes" | "yeah" | "yep" | "right" | "so" | "dash" | "hyphen" | "minus" | "space" | "dot" | "point"
        | "slash" | "comma" | "period" | "x" => Word::Pause,
        _ => return None,
    })
}

/// Letters as [`plain`] leaves them: th is t.
fn arabic(word: &str) -> Option<Word> {
    Some(match word {
        "صفر" | "زيرو" | "سفر" | "واحد" | "واحده" | "وحده" | "وحد" | "احد" | "احدي" | "اتنين" | "اتنان" | "تنين"
        | "اتنتين" | "تنتين" | "اتنا" | "اتني" | "اتنتا" | "اتنتي" | "اتناي" | "تلاته" | "تلات" | "تلت" | "تلته"
        | "اربعه" | "اربع" | "خمسه" | "خمس" | "سته" | "ست" | "سبعه" | "سبع" | "تمانيه" | "تماني" | "تمان" | "تمنيه"
        | "تمن" | "تسعه" | "تسع" => Word::Digit,
        "عشره" | "عشر" => Word::ArabicTen,
        "احدعش" | "احدعشر" | "حداعش" | "حداشر" | "حدعش" | "ايداعش" | "اتنعش" | "اتناعش" | "اتناشر" | "اطنعش"
        | "اطناعش" | "طنعش" | "طناعش" | "تنعش" | "تلتاشر" | "تلاتاشر" | "تلتعش" | "تلاتعش" | "تلطعش" | "تلتطعش"
        | "تلاتطعش" | "اربعتاشر" | "اربعتعش" | "اربعطعش" | "خمستاشر" | "خمستعش" | "خمسطعش" | "خمسطاشر" | "ستاشر"
        | "سطاشر" | "ستعش" | "سطعش" | "سبعتاشر" | "سبعتعش" | "سبعطعش" | "سبعطاشر" | "تمنتاشر" | "تمانتاشر"
        | "تمنتعش" | "تمنطعش" | "تمانطعش" | "تسعتاشر" | "تسعتعش" | "تسعطعش" | "تسعطاشر" => {
            Word::Teen
        }
        "عشرين" | "عشرون" | "تلاتين" | "تلاتون" | "تلتين" | "اربعين" | "اربعون" | "خمسين" | "خمسون" | "ستين" | "ستون"
        | "سبعين" | "سبعون" | "تمانين" | "تمانون" | "تمنين" | "تسعين" | "تسعون" => {
            Word::Tens
        }
        "دبل" | "دوبل" => Word::Repeat(2),
        "تربل" | "تريبل" => Word::Repeat(3),
        "ميه" | "مايه" | "ميت" => Word::Scale(2),
        "ميتين" | "مايتين" | "ميتان" | "مايتان" | "تلاتميه" | "تلاتمايه" | "تلتميه" | "تلتمايه" | "اربعميه"
        | "اربعمايه" | "ربعميه" | "خمسميه" | "خمسمايه" | "ستميه" | "ستمايه" | "سبعميه" | "سبعمايه" | "تمانميه"
        | "تمانمايه" | "تمانيميه" | "تمنميه" | "تسعميه" | "تسعمايه" => {
            Word::Round { digits: 3, zeros: 2 }
        }
        "الف" | "الاف" | "تالاف" => Word::Scale(3),
        "الفين" | "الفان" => Word::Round { digits: 4, zeros: 3 },
        "مليون" | "ملايين" => Word::Scale(6),
        "مليونين" | "مليونان" => Word::Round { digits: 7, zeros: 6 },
        "و" | "تم" | "بعدين" | "وبعدين" | "بعدها" | "يعني" | "اه" | "ايوه" | "ايوا" | "نعم" | "طيب" | "تمام"
        | "اوكي" | "شرطه" | "داش" | "نقطه" | "فاصله" | "فراغ" | "مسافه" | "سلاش" => {
            Word::Pause
        }
        _ => return None,
    })
}
