//! The English words of numbers, money and time.

use super::{
    Coin, Numeral,
    Numeral::{Hundred, Scale, Teen, Tens},
    Period, Unit,
};

pub(super) fn numeral(word: &str) -> Option<Numeral> {
    Some(match word {
        "zero" | "nought" | "naught" | "nil" => Numeral::Unit(0),
        "one" => Numeral::Unit(1),
        "two" => Numeral::Unit(2),
        "three" => Numeral::Unit(3),
        "four" => Numeral::Unit(4),
        "five" => Numeral::Unit(5),
        "six" => Numeral::Unit(6),
        "seven" => Numeral::Unit(7),
        "eight" => Numeral::Unit(8),
        "nine" => Numeral::Unit(9),
        "ten" => Teen(10),
        "eleven" => Teen(11),
        "twelve" => Teen(12),
        "thirteen" => Teen(13),
        "fourteen" | "forteen" => Teen(14),
        "fifteen" => Teen(15),
        "sixteen" => Teen(16),
        "seventeen" => Teen(17),
        "eighteen" => Teen(18),
        "nineteen" => Teen(19),
        "twenty" => Tens(20),
        "thirty" => Tens(30),
        "forty" | "fourty" => Tens(40),
        "fifty" => Tens(50),
        "sixty" => Tens(60),
        "seventy" => Tens(70),
        "eighty" => Tens(80),
        "ninety" | "ninty" => Tens(90),
        "hundred" | "hundreds" => Hundred,
        "thousand" | "thousands" | "grand" | "k" => Scale(1000),
        "million" | "millions" => Scale(1_000_000),
        "billion" => Scale(1_000_000_000),
        _ => return None,
    })
}

pub(super) fn ordinal(word: &str) -> Option<i64> {
    const WORDS: [&str; 20] = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    if word == "thirtieth" {
        return Some(30);
    }
    (1..).zip(WORDS).find(|(_, ordinal)| *ordinal == word).map(|(number, _)| number)
}

pub(super) fn unit(word: &str) -> Option<(Unit, i64)> {
    Some(match word {
        "minute" | "minutes" | "min" | "mins" => (Unit::Minute, 1),
        "hour" | "hours" => (Unit::Hour, 1),
        "day" | "days" => (Unit::Day, 1),
        "week" | "weeks" => (Unit::Week, 1),
        "fortnight" => (Unit::Week, 2),
        "month" | "months" => (Unit::Month, 1),
        "year" | "years" => (Unit::Year, 1),
        _ => return None,
    })
}

pub(super) fn period(word: &str) -> Option<Period> {
    Some(match word {
        "am" | "morning" => Period::Morning,
        "afternoon" => Period::Afternoon,
        "pm" | "evening" => Period::Evening,
        "night" | "tonight" => Period::Night,
        _ => return None,
    })
}

pub(super) fn coin(word: &str) -> Option<Coin> {
    Some(match word {
        "pound" | "pounds" | "quid" | "sterling" | "dollar" | "dollars" | "buck" | "bucks" | "euro" | "euros"
        | "dinar" | "dinars" | "dirham" | "dirhams" | "riyal" | "riyals" | "rial" | "rials" | "lira" | "liras"
        | "shekel" | "shekels" | "rupee" | "rupees" | "franc" | "francs" | "gbp" | "usd" | "eur" | "egp" | "jod"
        | "aed" | "sar" | "kwd" | "qar" | "bhd" | "omr" | "iqd" | "lbp" | "syp" | "tnd" | "dzd" | "lyd" | "jd"
        | "jds" => Coin::Major,
        "pence" | "penny" | "pennies" | "p" | "cent" | "cents" | "piastre" | "piastres" | "piaster" | "piasters"
        | "halala" | "halalas" | "centime" | "centimes" | "agora" | "agorot" | "paisa" | "paise" | "kurush" => {
            Coin::Minor(10)
        }
        "baisa" | "baisas" | "millime" | "millimes" => Coin::Minor(1),
        "fils" => Coin::Fils(1),
        _ => return None,
    })
}

pub(super) fn weekday(word: &str) -> Option<(i8, bool)> {
    Some(match word {
        "monday" | "mondays" => (1, true),
        "tuesday" | "tuesdays" => (2, true),
        "wednesday" | "wednesdays" | "wensday" => (3, true),
        "thursday" | "thursdays" => (4, true),
        "friday" | "fridays" => (5, true),
        "saturday" | "saturdays" => (6, true),
        "sunday" | "sundays" => (7, true),
        "mon" => (1, false),
        "tue" | "tues" => (2, false),
        "wed" => (3, false),
        "thu" | "thur" | "thurs" => (4, false),
        "fri" => (5, false),
        "sat" => (6, false),
        "sun" => (7, false),
        _ => return None,
    })
}

pub(super) fn month(word: &str) -> Option<i8> {
    Some(match word {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sept" | "sep" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
}
