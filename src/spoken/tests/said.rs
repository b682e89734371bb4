//! Values as people say them, and that what is said is understood.

use jiff::{
    ToSpan,
    civil::{date, time},
};
use proptest::prelude::*;

use super::{
    super::{read, say},
    Context, arabic, english,
};
use crate::domain::{Language, Money, PhoneNumber};

const EN: Language = Language::ENGLISH;
const AR: Language = Language::ARABIC;

#[test]
fn numbers() {
    for (number, in_english, in_arabic) in [
        (0, "zero", "صفر"),
        (1, "one", "واحد"),
        (12, "twelve", "اثني عشر"),
        (25, "twenty-five", "خمسة وعشرين"),
        (100, "one hundred", "مئة"),
        (250, "two hundred and fifty", "مئتين وخمسين"),
        (1000, "one thousand", "ألف"),
        (1005, "one thousand and five", "ألف وخمسة"),
        (2345, "two thousand three hundred and forty-five", "ألفين وثلاثمئة وخمسة وأربعين"),
        (15_000, "fifteen thousand", "خمسة عشر ألفًا"),
        (101_000, "one hundred and one thousand", "مئة وواحد ألف"),
        (1_000_000, "one million", "مليون"),
        (-5, "minus five", "سالب خمسة"),
        (
            i64::MAX,
            "nine quintillion two hundred and twenty-three quadrillion three hundred and seventy-two trillion thirty-six billion eight hundred and fifty-four million seven hundred and seventy-five thousand eight hundred and seven",
            "تسعة كوينتليونات ومئتين وثلاثة وعشرين كوادرليونًا وثلاثمئة واثنين وسبعين تريليونًا وستة وثلاثين مليارًا وثمانمئة وأربعة وخمسين مليونًا وسبعمئة وخمسة وسبعين ألفًا وثمانمئة وسبعة",
        ),
    ] {
        assert_eq!(say::number(number, EN), in_english);
        assert_eq!(say::number(number, AR), in_arabic);
    }
    assert_eq!(say::number(25, "fr".parse().unwrap()), "25");
    assert!(say::number(i64::MIN, AR).starts_with("سالب"));
}

#[test]
fn ordinals() {
    for (number, in_english, in_arabic) in [
        (1, "first", "الأول"),
        (2, "second", "الثاني"),
        (8, "eighth", "الثامن"),
        (11, "eleventh", "الحادي عشر"),
        (12, "twelfth", "الثاني عشر"),
        (15, "fifteenth", "الخامس عشر"),
        (20, "twentieth", "العشرين"),
        (21, "twenty-first", "الحادي والعشرين"),
        (30, "thirtieth", "الثلاثين"),
        (33, "thirty-third", "الثالث والثلاثين"),
        (100, "one hundredth", "مئة"),
    ] {
        assert_eq!(say::ordinal(number, EN), in_english);
        assert_eq!(say::ordinal(number, AR), in_arabic);
    }
}

#[test]
fn amounts() {
    for (amount, currency, in_english, in_arabic) in [
        ("250", Some("GBP"), "two hundred and fifty pounds", "مئتين وخمسين جنيهًا"),
        ("250.50", Some("GBP"), "two hundred and fifty pounds and fifty pence", "مئتين وخمسين جنيهًا وخمسين بنسًا"),
        ("1", Some("JOD"), "one dinar", "دينار واحد"),
        ("2", Some("JOD"), "two dinars", "دينارين"),
        ("3", Some("JOD"), "three dinars", "ثلاثة دنانير"),
        ("10", Some("JOD"), "ten dinars", "عشرة دنانير"),
        ("11", Some("JOD"), "eleven dinars", "أحد عشر دينارًا"),
        ("25", Some("JOD"), "twenty-five dinars", "خمسة وعشرين دينارًا"),
        ("100", Some("JOD"), "one hundred dinars", "مئة دينار"),
        ("101", Some("JOD"), "one hundred and one dinars", "مئة دينار ودينار واحد"),
        ("102", Some("JOD"), "one hundred and two dinars", "مئة دينار ودينارين"),
        ("103", Some("JOD"), "one hundred and three dinars", "مئة وثلاثة دنانير"),
        ("200", Some("JOD"), "two hundred dinars", "مئتي دينار"),
        ("2000", Some("JOD"), "two thousand dinars", "ألفي دينار"),
        ("15000", Some("JOD"), "fifteen thousand dinars", "خمسة عشر ألف دينار"),
        ("5.25", Some("KWD"), "five dinars and two hundred and fifty fils", "خمسة دنانير ومئتين وخمسين فلسًا"),
        ("0.001", Some("KWD"), "one fils", "فلس واحد"),
        ("3", Some("SYP"), "three lira", "ثلاث ليرات"),
        ("11", Some("SYP"), "eleven lira", "إحدى عشرة ليرة"),
        ("21", Some("SYP"), "twenty-one lira", "إحدى وعشرين ليرة"),
        ("0.02", Some("USD"), "two cents", "اثنين سنت"),
        ("200.02", Some("EUR"), "two hundred euros and two cents", "مئتي يورو واثنين سنت"),
        ("2", Some("EUR"), "two euros", "يوروين"),
        ("2", Some("SYP"), "two lira", "ليرتين"),
        ("0.5", Some("EGP"), "fifty piastres", "خمسين قرشًا"),
        ("0.01", Some("GBP"), "one penny", "بنس واحد"),
        ("0", Some("USD"), "zero dollars", "صفر دولار"),
        ("2.505", Some("USD"), "two point five zero five dollars", "اثنين فاصلة خمسة صفر خمسة دولار"),
        ("12.5", None, "twelve point five zero", "اثني عشر فاصلة خمسة صفر"),
        ("12", None, "twelve", "اثني عشر"),
        ("12", Some("XYZ"), "twelve X Y Z", "اثني عشر X Y Z"),
    ] {
        let money: Money = amount.parse().unwrap();
        assert_eq!(say::amount(money, currency, EN), in_english);
        assert_eq!(say::amount(money, currency, AR), in_arabic);
    }
}

#[test]
fn days_and_times() {
    assert_eq!(say::date(date(2026, 5, 15), EN), "Friday the fifteenth of May");
    assert_eq!(say::date(date(2026, 5, 15), AR), "الجمعة، الخامس عشر من مايو");
    assert_eq!(say::date(date(2026, 5, 31), AR), "الأحد، الحادي والثلاثين من مايو");
    for (hour, minute, in_english, in_arabic) in [
        (0, 0, "midnight", "منتصف الليل"),
        (12, 0, "noon", "الساعة الثانية عشرة ظهرًا"),
        (9, 0, "nine o'clock in the morning", "الساعة التاسعة صباحًا"),
        (13, 0, "one o'clock in the afternoon", "الساعة الواحدة بعد الظهر"),
        (17, 30, "half past five in the afternoon", "الساعة الخامسة والنصف بعد الظهر"),
        (18, 15, "quarter past six in the evening", "الساعة السادسة والربع مساءً"),
        (9, 45, "quarter to ten in the morning", "الساعة العاشرة إلا ربعًا صباحًا"),
        (9, 5, "nine oh five in the morning", "الساعة التاسعة وخمس دقائق صباحًا"),
        (21, 20, "nine twenty at night", "الساعة التاسعة وعشرين دقيقة مساءً"),
        (0, 30, "half past twelve at night", "الساعة الثانية عشرة والنصف ليلًا"),
    ] {
        assert_eq!(say::time(time(hour, minute, 0, 0), EN), in_english);
        assert_eq!(say::time(time(hour, minute, 0, 0), AR), in_arabic);
    }
}

#[test]
fn digits_and_telephone_numbers() {
    let phone: PhoneNumber = "+442079460958".parse().unwrap();
    assert_eq!(say::phone(&phone, EN), "plus four four, two zero seven, nine four six, zero nine five eight");
    assert_eq!(say::card_ending("4421", EN), "four four two one");
    assert_eq!(say::card_ending("٤٤٢١", AR), "أربعة أربعة اثنين واحد");
    assert_eq!(say::digits("1234567", EN), "one two three, four five six seven");
    assert_eq!(say::digits("12-34", EN), "one two, three four");
    assert_eq!(say::digits("A12", EN), "A one two");
    assert_eq!(say::digits("", EN), "");
}

#[test]
fn running_text() {
    for (text, expected) in [
        ("Your balance is £250.50.", "Your balance is two hundred and fifty pounds and fifty pence."),
        ("You owe 250 JOD", "You owe two hundred and fifty dinars"),
        ("JOD 2 and USD 1", "two dinars and one dollar"),
        ("It costs $1.5 million", "It costs one point five million dollars"),
        ("250 pounds", "two hundred and fifty pounds"),
        ("1,500 people", "one thousand five hundred people"),
        ("Pay by 2026-05-15, please.", "Pay by the fifteenth of May twenty twenty-six, please."),
        ("on 15/5/2026", "on the fifteenth of May twenty twenty-six"),
        ("on May 15th, 2026", "on the fifteenth of May twenty twenty-six"),
        ("on 15 May", "on the fifteenth of May"),
        ("on the 15th of May", "on the fifteenth of May"),
        ("on the 3rd", "on the third"),
        ("I may call 3 people", "I may call three people"),
        ("at 17:30", "at half past five in the afternoon"),
        ("at 5:30 pm.", "at half past five in the afternoon."),
        ("Call +44 20 7946 0958.", "Call plus four four, two zero, seven nine four six, zero nine five eight."),
        ("Call 07911 123456 now", "Call zero seven nine one one, one two three four five six now"),
        ("your card ending in 4421", "your card ending in four four two one"),
        ("Hi. Card ending in 4421.", "Hi. Card ending in four four two one."),
        ("card •••• 4421", "card four four two one"),
        ("card ****4421", "card four four two one"),
        ("10% off", "ten percent off"),
        ("2.5 hours", "two point five hours"),
        ("since 1999", "since nineteen ninety-nine"),
        ("code 1234", "code one two three four"),
        ("order 12345678", "order one two three, four five six, seven eight"),
        ("007", "zero zero seven"),
        ("5-7 days", "five to seven days"),
        ("Dial 5G and A12", "Dial five G and A twelve"),
        ("mail me at a1@b2.com", "mail me at a1@b2.com"),
        ("Nothing to change here.", "Nothing to change here."),
        ("", ""),
    ] {
        assert_eq!(say::text(text, EN), expected, "{text}");
    }
    for (text, expected) in [
        ("رصيدك 250 دينار.", "رصيدك مئتين وخمسين دينارًا."),
        ("المبلغ ٣ جنيه", "المبلغ ثلاثة جنيهات"),
        ("المبلغ 2 ريال", "المبلغ ريالين"),
        ("المبلغ 2 ريالان", "المبلغ ريالين"),
        ("عليك 100.5 JOD", "عليك مئة دينار وخمسمئة فلس"),
        ("يوم 15 مايو 2026", "يوم الخامس عشر من مايو ألفين وستة وعشرين"),
        ("بتاريخ 2026-05-15", "بتاريخ الخامس عشر من مايو ألفين وستة وعشرين"),
        ("الساعة 17:30", "الساعة الخامسة والنصف بعد الظهر"),
        ("البطاقة المنتهية ب 4421", "البطاقة المنتهية ب أربعة أربعة اثنين واحد"),
        ("خصم ١٠٪", "خصم عشرة بالمئة"),
        ("عندي 3 أسئلة", "عندي ثلاثة أسئلة"),
        ("لا شيء", "لا شيء"),
    ] {
        assert_eq!(say::text(text, AR), expected, "{text}");
    }
    assert_eq!(say::text("25 francs", "fr".parse().unwrap()), "25 francs");
}

fn context(language: Language) -> Context {
    if language == AR { arabic() } else { english() }
}

proptest! {
    #[test]
    fn numbers_are_understood(number in prop_oneof![-2000_i64..2000, 0_i64..1_000_000, 0_i64..999_999_999_999], in_arabic: bool) {
        let language = if in_arabic { AR } else { EN };
        let said = say::number(number, language);
        prop_assert_eq!(read::number(&said, &context(language)).map(|it| it.value), Some(number), "{}", said);
    }

    #[test]
    fn amounts_are_understood(
        whole in prop_oneof![0_i64..300, 0_i64..20_000, 0_i64..10_000_000],
        part in 0_i64..100,
        currency in prop::sample::select(&["GBP", "USD", "EUR", "EGP", "JOD", "KWD", "SAR", "AED", "OMR", "LBP", "TND", "MAD", ""][..]),
        in_arabic: bool,
    ) {
        let language = if in_arabic { AR } else { EN };
        // Fils alone may be those of a dinar or of a dirham.
        let whole = if currency == "AED" { whole + 1 } else { whole };
        let money = Money::from_thousandths(whole * 1000 + part * 10).unwrap();
        let said = say::amount(money, Some(currency).filter(|code| !code.is_empty()), language);
        prop_assert_eq!(read::amount(&said, &context(language)).map(|it| it.value), Some(money), "{}", said);
    }

    #[test]
    fn days_are_understood(days in 0_i64..365, in_arabic: bool) {
        let language = if in_arabic { AR } else { EN };
        let cx = context(language);
        let day = cx.today.checked_add(days.days()).unwrap();
        let said = say::date(day, language);
        prop_assert_eq!(read::date(&said, &cx).map(|it| it.value), Some(day), "{}", said);
    }

    #[test]
    fn times_are_understood(hour in 0_i8..24, minute in 0_i8..60, in_arabic: bool) {
        let language = if in_arabic { AR } else { EN };
        let cx = context(language);
        let said = say::time(time(hour, minute, 0, 0), language);
        prop_assert_eq!(read::time(&said, &cx).map(|it| it.value), Some(time(hour, minute, 0, 0)), "{}", said);
    }

    #[test]
    fn digits_are_understood(digits in "[0-9]{1,19}", in_arabic: bool) {
        let language = if in_arabic { AR } else { EN };
        for said in [say::digits(&digits, language), say::card_ending(&digits, language)] {
            prop_assert_eq!(read::digits(&said, &context(language)).map(|it| it.value), Some(digits.clone()), "{}", said);
        }
    }

    #[test]
    fn telephone_numbers_are_understood(
        digits in prop_oneof!["\\+4479[0-9]{8}", "\\+20100[0-9]{7}", "\\+9627[789][0-9]{7}", "\\+1650[2-9][0-9]{6}"],
        in_arabic: bool,
    ) {
        let language = if in_arabic { AR } else { EN };
        let phone: PhoneNumber = digits.parse().unwrap();
        let said = say::phone(&phone, language);
        prop_assert_eq!(read::phone(&said, &context(language)).map(|it| it.value), Some(phone), "{}", said);
    }
}
