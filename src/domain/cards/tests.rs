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
    check("4\u{200b}1\u{200f}1111-1111 (1111) 1111", "4\u{200b}1\u{200f}1111-•••• (••••) 1111");
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
        "تلاتة واتنين واربعين تمانية وتمانين •• • •• •• شكرا".replace(" •• شكرا", " وستاشر شكرا").as_str(),
    );
}
