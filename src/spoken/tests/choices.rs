//! One of several answers.

use super::{
    super::{Choice, read},
    arabic, check, english,
};

fn choose(text: &str, says: &[(&str, &[&str])], cx: &super::Context) -> Option<super::Understood<usize>> {
    let owned: Vec<(&str, Vec<String>)> =
        says.iter().map(|(id, says)| (*id, says.iter().map(|it| (*it).to_owned()).collect())).collect();
    let options: Vec<Choice<'_>> = owned.iter().map(|(id, says)| Choice { id, says }).collect();
    read::choice(text, cx, &options)
}

#[test]
fn english_choices() {
    let options: [(&str, &[&str]); 3] = [
        ("billing", &["a billing question", "my bill", "an invoice", "a payment"]),
        ("technical", &["a technical problem", "it does not work", "my internet is down", "broken"]),
        ("cancel_contract", &["cancel my contract", "I want to leave"]),
    ];
    check(
        &[
            ("billing", "0!"),
            ("it's about my bill", "0!"),
            ("a billing question", "0!"),
            ("my internet is down", "1!"),
            ("it's broken", "1!"),
            ("i want to cancel my contract", "2!"),
            ("cancel contract", "2!"),
            ("technical", "1!"),
            ("the internet seems to be down", "1?"),
            ("a question about bills", "0?"),
            ("i'd like to cancel", "2?"),
            ("cancelling my contracts", "2?"),
            ("tecnical", "1?"),
            ("payments", "0?"),
            ("the second one", "1?"),
            ("option two", "1?"),
            ("number 3", "2?"),
            ("the last one", "2?"),
            ("the first", "0?"),
            ("", ""),
            ("hello", ""),
            ("not billing", ""),
            ("option seven", ""),
            ("my bill and it does not work", "1!"),
            ("billing or technical", ""),
            ("i don't know", ""),
            ("something else", ""),
        ],
        |text| choose(text, &options, &english()),
    );
    assert_eq!(choose("anything", &[], &english()), None);
    assert_eq!(choose("the last one", &[], &english()), None);
    assert_eq!(choose("", &[("", &[""])], &english()), None);
}

#[test]
fn arabic_choices() {
    let options: [(&str, &[&str]); 3] = [
        ("billing", &["الفاتورة", "سؤال عن الفاتورة", "الدفع"]),
        ("technical", &["مشكلة تقنية", "الانترنت لا يعمل", "خربان"]),
        ("cancel", &["الغاء العقد", "بدي الغي الاشتراك"]),
    ];
    check(
        &[
            ("الفاتورة", "0!"),
            ("سؤال عن الفاتوره", "0!"),
            ("مشكلة تقنية", "1!"),
            ("النت خربان", "1!"),
            ("إلغاء العقد", "2!"),
            ("فاتورة", "0?"),
            ("بخصوص الدفع", "0!"),
            ("عندي مشكلة في الانترنت لا يعمل", "1!"),
            ("العقد بدي الغاء", "2?"),
            ("الاول", "0?"),
            ("الخيار الثاني", "1?"),
            ("رقم ثلاثة", "2?"),
            ("الاخير", "2?"),
            ("", ""),
            ("مرحبا", ""),
            ("مش الفاتورة", ""),
            ("ما بعرف", ""),
        ],
        |text| choose(text, &options, &arabic()),
    );
}
