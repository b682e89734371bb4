//! Days and times of day.

use jiff::civil::{Date, Time, Weekday};

use super::number::{self, Gender, Noun};

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ARABIC_MONTHS: [&str; 12] =
    ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"];

fn month(date: Date, names: &[&'static str; 12]) -> &'static str {
    names.iter().zip(1..).find(|(_, month)| *month == date.month()).map_or("", |(name, _)| name)
}

/// "Friday the fifteenth of May".
pub(super) fn english(date: Date) -> String {
    let weekday = match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    format!("{weekday} {}", english_day(date))
}

/// "the fifteenth of May".
pub(super) fn english_day(date: Date) -> String {
    format!("the {} of {}", number::english_ordinal(u64::from(date.day().unsigned_abs())), month(date, &ENGLISH_MONTHS))
}

/// "الجمعة، الخامس عشر من مايو".
pub(super) fn arabic(date: Date) -> String {
    let weekday = match date.weekday() {
        Weekday::Monday => "الاثنين",
        Weekday::Tuesday => "الثلاثاء",
        Weekday::Wednesday => "الأربعاء",
        Weekday::Thursday => "الخميس",
        Weekday::Friday => "الجمعة",
        Weekday::Saturday => "السبت",
        Weekday::Sunday => "الأحد",
    };
    format!("{weekday}، {}", arabic_day(date))
}

/// "الخامس عشر من مايو".
pub(super) fn arabic_day(date: Date) -> String {
    let day = number::arabic_ordinal(u64::from(date.day().unsigned_abs()), Gender::Masculine);
    format!("{day} من {}", month(date, &ARABIC_MONTHS))
}

/// "twenty twenty-six", "two thousand and five".
pub(super) fn english_year(year: i16) -> String {
    let year = u64::from(year.unsigned_abs());
    let (century, rest) = (number::english_below_hundred(year / 100), year % 100);
    match (year, rest) {
        (2000..=2009, _) | (..1100, _) | (10_000.., _) => number::english(year),
        (_, 0) => format!("{century} hundred"),
        (_, 1..=9) => format!("{century} oh {}", number::english(rest)),
        _ => format!("{century} {}", number::english_below_hundred(rest)),
    }
}

// ---- times ----

/// "half past five in the afternoon".
pub(super) fn english_time(time: Time) -> String {
    let hour = |hour: i8| number::english(u64::from((hour + 11).rem_euclid(12).unsigned_abs()) + 1);
    let (now, next) = (hour(time.hour()), hour(time.hour() + 1));
    let clock = match (time.hour(), time.minute()) {
        (0, 0) => return "midnight".to_owned(),
        (12, 0) => return "noon".to_owned(),
        (_, 0) => format!("{now} o'clock"),
        (_, 15) => format!("quarter past {now}"),
        (_, 30) => format!("half past {now}"),
        // By its own hour where the next one is in another part of the day.
        (hour, 45) if !matches!(hour, 11 | 17 | 20 | 23) => format!("quarter to {next}"),
        (_, minute @ 1..=9) => format!("{now} oh {}", number::english(u64::from(minute.unsigned_abs()))),
        (_, minute) => format!("{now} {}", number::english(u64::from(minute.unsigned_abs()))),
    };
    let period = match time.hour() {
        0 | 21..=23 => "at night",
        1..=11 => "in the morning",
        12..=17 => "in the afternoon",
        _ => "in the evening",
    };
    format!("{clock} {period}")
}

const MINUTE: Noun =
    Noun { gender: Gender::Feminine, one: "دقيقة", two: "دقيقتين", few: "دقائق", many: "دقيقة" };

/// "الساعة الخامسة والنصف بعد الظهر".
pub(super) fn arabic_time(time: Time) -> String {
    let hour = |hour: i8| match u64::from((hour + 11).rem_euclid(12).unsigned_abs()) + 1 {
        1 => "الواحدة".to_owned(),
        hour => number::arabic_ordinal(hour, Gender::Feminine),
    };
    let minutes = |count: i8| number::counted(u64::from(count.unsigned_abs()), &MINUTE);
    let now = hour(time.hour());
    let clock = match (time.hour(), time.minute()) {
        (0, 0) => return "منتصف الليل".to_owned(),
        (_, 0) => now,
        (_, 15) => format!("{now} والربع"),
        (_, 30) => format!("{now} والنصف"),
        (hour_now, 45) if !matches!(hour_now, 11 | 12 | 17 | 23) => format!("{} إلا ربعًا", hour(hour_now + 1)),
        (_, minute) => format!("{now} و{}", minutes(minute)),
    };
    let period = match time.hour() {
        0 => "ليلًا",
        1..=11 => "صباحًا",
        12 => "ظهرًا",
        13..=17 => "بعد الظهر",
        _ => "مساءً",
    };
    format!("الساعة {clock} {period}")
}
