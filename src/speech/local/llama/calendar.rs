//! Dates for chat templates: as much of C's `strftime` as they use.

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
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

/// The moment `seconds` after 1970 began, in UTC; `None` when the format holds something unknown.
pub(super) fn format(format: &str, seconds: u64) -> Option<String> {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    // The 1st of January 1970 was a Thursday.
    let weekday = DAYS[usize::try_from((days + 4) % 7).ok()?];
    let month_name = MONTHS[usize::try_from(month - 1).ok()?];
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        text.push_str(&match characters.next()? {
            'Y' => format!("{year}"),
            'y' => format!("{:02}", year % 100),
            'm' => format!("{month:02}"),
            'd' => format!("{day:02}"),
            'B' => month_name.to_owned(),
            'b' => month_name[..3].to_owned(),
            'A' => weekday.to_owned(),
            'a' => weekday[..3].to_owned(),
            'H' => format!("{:02}", time / 3600),
            'M' => format!("{:02}", time / 60 % 60),
            'S' => format!("{:02}", time % 60),
            '%' => "%".to_owned(),
            _ => return None,
        });
    }
    Some(text)
}

/// Year, month and day of the Gregorian calendar, `days` after the 1st of January 1970. After Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the leap day is the last one.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_calendars() {
        for (seconds, pattern, expected) in [
            (0, "%A %d %B %Y %H:%M:%S", Some("Thursday 01 January 1970 00:00:00")),
            (951_782_400, "%d %b %Y", Some("29 Feb 2000")),
            (1_709_251_199, "%a %Y-%m-%d %H:%M:%S", Some("Thu 2024-02-29 23:59:59")),
            (4_107_542_400, "%d.%m.%y 100%%", Some("01.03.00 100%")),
            (0, "%Q", None),
            (0, "%", None),
        ] {
            assert_eq!(format(pattern, seconds).as_deref(), expected, "{pattern}");
        }
    }
}
