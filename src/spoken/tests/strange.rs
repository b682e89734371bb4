//! Text that nobody says: nothing panics, spans are inside, and what is whole stays.

use proptest::prelude::*;

use super::{
    super::{Choice, hangs, read, say},
    arabic, context, english,
};
use crate::domain::Language;

/// Words that mean something, in any order.
fn jumble() -> impl Strategy<Value = String> {
    let words = "one two five fifteen twenty hundred thousand million a and half point oh double for to the of may friday next week month in at past \
        quarter pm morning pounds pence fils 5 15 250 2026 00 : . , / - £ % th not no yes minutes hours days k \
        واحد خمسة خمسة عشر عشرين مية ميتين الف الفين مليون و ونص الا ربع دينار دينارين فلس فلسان يوم الجمعة بعد بكرة شهر اسبوع الساعة الصبح من مايو كانون \
        الثاني لا مش صفر دبل ١٥ ٥ يوم بين او كل ساعة دقيقة إلا تلت الخامس عشرة ٪ 99999999999999999999 1,000,000,000,000,000";
    prop::collection::vec(prop::sample::select(words.split_whitespace().collect::<Vec<_>>()), 0..12)
        .prop_map(|words| words.join(" "))
}

fn check(text: &str) -> Result<(), TestCaseError> {
    for cx in [english(), arabic(), context("fr".parse().unwrap(), "")] {
        let says = [text.to_owned(), "a b".to_owned()];
        let options = [Choice { id: "a", says: &says }, Choice { id: text, says: &[] }];
        let spans = [
            read::yes_no(text, &cx).map(|it| it.span),
            read::number(text, &cx).map(|it| it.span),
            read::amount(text, &cx).map(|it| it.span),
            read::date(text, &cx).map(|it| it.span),
            read::time(text, &cx).map(|it| it.span),
            read::moment(text, &cx).map(|it| it.span),
            read::digits(text, &cx).map(|it| it.span),
            read::phone(text, &cx).map(|it| it.span),
            read::name(text, &cx).map(|it| it.span),
            read::intent(text, &cx).map(|it| it.span),
            read::choice(text, &cx, &options).map(|it| it.span),
        ];
        for (at, span) in spans.into_iter().enumerate().filter_map(|(at, span)| Some((at, span?))) {
            prop_assert!(text.get(span.clone()).is_some_and(|said| !said.is_empty()), "{at}: {span:?} of {text:?}");
        }
        hangs(text, cx.language);
        say::text(text, cx.language);
        say::digits(text, cx.language);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_characters_are_borne(text in "\\PC{0,60}|[ا-ي٠-٩ 0-9.,:/+-]{0,60}|[a-z0-9 £$.,:/%+-]{0,60}") {
        check(&text)?;
    }

    #[test]
    fn any_words_are_borne(text in jumble()) {
        check(&text)?;
    }

    #[test]
    fn numbers_leave_no_digits_behind(text in jumble(), in_arabic: bool) {
        let language = if in_arabic { Language::ARABIC } else { Language::ENGLISH };
        let said = say::text(&text, language);
        prop_assert!(!said.contains(|c: char| c.is_ascii_digit() || ('٠'..='٩').contains(&c)), "{said}");
        prop_assert_eq!(say::text(&said, language), said.clone());
    }
}

#[test]
fn endless_text_is_borne() {
    for piece in [
        "one ",
        "خمسة و",
        "1,000,",
        "a hundred ",
        "friday ",
        "at five ",
        "دينار و",
        "double ",
        "not 5 but ",
        "(",
        "5:",
        "half past ",
    ] {
        check(&piece.repeat(2000)).unwrap();
    }
}
