use proptest::prelude::*;
use serde_json::json;

use super::*;

fn check(text: &str, masked: &str) {
    assert_eq!(mask(text), masked, "{text}");
}

#[test]
fn cards_in_numerals_are_masked() {
    check("4111111111111111", "411111••••••1111");
    check("My card is 4111 1111 1111 1111, thanks.", "My card is 4111 11•• •••• 1111, thanks.");
    check("4111-1111-1111-1111", "4111-11••-••••-1111");
    check("4111. 1111. 1111. 1111.", "4111. 11••. ••••. 1111.");
    check("3782 822463 10005 is it", "3782 82•••• •0005 is it");
    check("٤١١١ ١١١١ ١١١١ ١١١١", "٤١١١ ١١•• •••• ١١١١");
    check("رقمي ۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱ شكرا", "رقمي ۴۱۱۱۱۱••••••۱۱۱۱ شكرا");
    check("4111 ١١١١ 1111 one one one one", "4111 ١١•• •••• one one one one");
    check("123456789012", "123456••9012");
    check("4\u{200b}1\u{200f}11-1111 (1111) 1111", "4\u{200b}1\u{200f}11-11•• (••••) 1111");
}

#[test]
fn cards_in_words_are_masked() {
    check(
        "It's four one one one, one one one one, one one one one, and one one one two.",
        "It's four one one one, one one • •, • • • •, and one one one two.",
    );
    check(
        "double five, double five, triple six nine eight seven oh oh",
        "double five, double five, ••• • eight seven oh oh",
    );
    check(
        "forty two, forty two, forty two, forty two, forty two, forty two, forty two, forty two please",
        "forty two, forty two, forty two, ••, ••, ••, forty two, forty two please",
    );
    check(
        "four one one one uh one one dash one for one to one one then one one one one",
        "four one one one uh one one dash • • • • • • then one one one one",
    );
    check(
        "أربعة واحد واحد واحد خمسة خمسة خمسة خمسة ستة ستة ستة ستة سبعة ثمانية تسعة صفر",
        "أربعة واحد واحد واحد خمسة خمسة • • • • • • سبعة ثمانية تسعة صفر",
    );
    check(
        "تلاتة واتنين واربعين تمانية وتمانين خمسطعش زيرو تسعة وتسعين وستاشر شكرا",
        "تلاتة واتنين واربعين تمانية وتمانين •• • تسعة وتسعين وستاشر شكرا",
    );
    check("4111 1111 double, uh, 11 11", "4111 11•• double, uh, 11 11");
    check("4111 11 double 1 triple five 1 1 1", "4111 11 •• ••• 1 1 1");
    check("ثَلاثَة ٥٥٥٥ and 12 34 خمسة عشر four", "ثَلاثَة ٥٥٥٥ and 1• •4 خمسة عشر four");
}

#[test]
fn years_amounts_and_telephone_numbers_stay() {
    for text in [
        "",
        "It was in 2019, 2020 or in 2021.",
        "Call 079 123 4567 or +1 212 555 0100 today",
        "two thousand and nineteen and nineteen eighty four",
        "one hundred and twenty three thousand four hundred and fifty six dollars and seventy eight cents",
        "that is one million two hundred thousand three hundred and five, fifty and six",
        "مئة وخمسة وعشرين ألف وثلاثمئة وستين دينار وخمسة وسبعين قرش",
        "سنة ألفين وتسعة عشر الساعة خمسة ونص",
        "Press one for yes, two for no: to be or not to be, oh oh oh",
        "12345678901",
        "On 2025-11-09T19:50:30 at $1,234,567.89",
    ] {
        check(text, text);
    }
}

/// What a guard makes of turns; the last letter of each says whether it is partial (`p`) or final (`f`).
#[track_caller]
fn check_turns(turns: &[(&str, &str, &str)]) {
    let mut guard = CardGuard::new();
    for (kind, text, masked) in turns {
        let shown = if *kind == "partial" { guard.partial(text) } else { guard.finish(text) };
        assert_eq!(shown, *masked, "{kind} {text}");
    }
}

#[test]
fn partials_hold_back_after_six_digits() {
    check_turns(&[
        ("partial", "4111 11", "4111 11"),
        ("partial", "4111 1111", "4111 11••"),
        ("partial", "4111 1111 1111 1111", "4111 11•• •••• ••••"),
        ("partial", "four one one one one one for", "four one one one one one •"),
        ("partial", "079 123 4567 is my", "079 123 •••• is my"),
        ("final", "079 123 4567 is my number", "079 123 4567 is my number"),
    ]);
}

#[test]
fn a_number_goes_on_in_the_next_turn() {
    check_turns(&[
        ("final", "My card is 4111", "My card is 4111"),
        ("partial", "okay, 111", "okay, 11•"),
        ("final", "okay, 1111", "okay, 11••"),
        ("final", "uh", "uh"),
        ("final", "", ""),
        ("partial", "1111", "••••"),
        ("final", "1111", "••••"),
        ("final", "and 1112", "and 1112"),
        ("final", "123", "•••"),
        ("final", "is the code 1234", "is the code 1234"),
    ]);
    check_turns(&[
        ("final", "4111 1111 1111", "4111 11•• ••••"),
        ("final", "1112 is it. 4111 1111 1111 1112", "1112 is it. 4111 11•• •••• 1112"),
        ("final", "12 25", "•• ••"),
    ]);
    check_turns(&[("final", "it is 079 123 4567", "it is 079 123 ••••"), ("final", "in 2019", "in 2019")]);
    check_turns(&[
        ("final", "4111 1111 11", "4111 11•• ••"),
        ("final", "for one", "• •"),
        ("final", "no, ١٢٣٤٥٦٧", "no, ١٢٣٤٥٦•"),
    ]);
    check_turns(&[("final", "4111111", "411111•"), ("final", "1 is 8 digits, 2019", "1 is 8 digits, 2019")]);
}

#[test]
fn a_security_code_is_not_taken_for_the_last_four() {
    check("4111 1111 1111 1111, 12 25, 123", "4111 11•• •••• ••••, •• ••, •••");
    check("6304000000000000123", "630400•••••••••••••");
}

#[test]
fn json_is_masked_at_any_depth() {
    let mut value = json!({
        "userName": "Amanda",
        "creditCardNumber": "4111 1111 1111 1111",
        "nested": [{"credit_card_number": 4111111111111111_u64, "note": "card ٤١١١١١١١١١١١١١١١"}],
        "short": {"creditCardNumber": "4111-1111"},
        "parts": {"creditCardNumber": ["411111", {"a": 4111111}, null]},
        "last": {"creditCardNumber": "1111"},
        "masked": {"creditCardNumber": "411111******1111"},
        "amountDue": 1234.5,
        "at": 1731181830123_u64,
        "elsewhere": 4111111111111111_u64,
        "float": 4111111111111111.0,
        "fraction": 0.1234567890123,
        "4111111111111111": true,
    });
    mask_json(&mut value);
    let expected = json!({
        "userName": "Amanda",
        "creditCardNumber": "4111 11•• •••• 1111",
        "nested": [{"credit_card_number": "411111••••••1111", "note": "card ٤١١١١١••••••١١١١"}],
        "short": {"creditCardNumber": "••••-1111"},
        "parts": {"creditCardNumber": ["••1111", {"a": "•••1111"}, null]},
        "last": {"creditCardNumber": "1111"},
        "masked": {"creditCardNumber": "411111******1111"},
        "amountDue": 1234.5,
        "at": 1731181830123_u64,
        "elsewhere": "411111••••••1111",
        "float": "411111••••••1111",
        "fraction": 0.1234567890123,
        "411111••••••1111": true,
    });
    assert_eq!(value, expected);
}

/// One digit in some form, without a word that could be part of another number.
fn digit() -> impl Strategy<Value = String> {
    const WORDS: [&str; 8] = ["seven", "zero", "oh", "Nine", "سبعة", "ثمانية", "صفر", "تِسعة"];
    prop_oneof![
        (0..10_u32).prop_map(|digit| digit.to_string()),
        (0..10_u32).prop_map(|digit| char::from_u32(0x660 + digit).unwrap_or('٠').to_string()),
        (0..10_u32).prop_map(|digit| char::from_u32(0x6f0 + digit).unwrap_or('۰').to_string()),
        prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
    ]
}

fn pause() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&[" ", " - ", ". ", ", ", " uh ", " and ", "؛ ", " ثم ", " \u{200f}"][..])
}

/// Digits that can be seen: in these texts every word of [`digit`] is one.
fn visible(text: &str) -> usize {
    let words = |text: &str| runs::find(text, true).runs.iter().map(Run::digits).sum::<usize>();
    words(text)
}

proptest! {
    #[test]
    fn nothing_shows_more_than_ten_digits_of_a_card(
        parts in prop::collection::vec((digit(), pause(), prop::bool::weighted(0.15)), 12..30),
    ) {
        let spoken: String = parts.iter().map(|(digit, pause, _)| format!("{digit}{pause}")).collect();
        prop_assert!(visible(&mask(&spoken)) <= 10, "{}", mask(&spoken));

        // The same over several turns, with all partials on the way.
        let mut guard = CardGuard::new();
        let (mut finals, mut turn) = (String::new(), String::new());
        for (digit, pause, ends) in &parts {
            turn.push_str(digit);
            turn.push_str(pause);
            let partial = guard.partial(&turn);
            prop_assert!(visible(&finals) + visible(&partial) <= 10, "{finals} | {partial}");
            if *ends {
                finals.push_str(&guard.finish(&turn));
                turn.clear();
            }
        }
        finals.push_str(&guard.finish(&turn));
        prop_assert!(visible(&finals) <= 10, "{finals}");
    }

    #[test]
    fn any_text_is_masked_without_harm(turns in prop::collection::vec("(\\PC|[0-9٠-٩ .]|one |for |hundred |و|مئة ){0,40}", 0..4)) {
        let mut guard = CardGuard::new();
        for turn in &turns {
            let masked = mask(turn);
            prop_assert_eq!(mask(&masked), masked.clone(), "what is masked stays");
            prop_assert!(runs::find(&masked, false).runs.iter().all(|run| run.digits() < SHORTEST), "{masked}");
            guard.partial(turn);
            guard.finish(turn);
        }
    }
}

#[test]
fn a_number_with_the_right_check_digit_is_a_card() {
    for (text, is_card) in [
        ("4111111111111111", true),
        ("4111 1111 1111 1111", true),
        ("371449635398431", true),
        ("4111111111111112", false),
        ("29001011234567", false),
        ("customer 4111111111111111", false),
        ("CU_4111", false),
        ("", false),
    ] {
        assert_eq!(is_number(text), is_card, "{text}");
    }
}
