//! Names of people.

use super::{super::read, arabic, check, english};

#[test]
fn english_names() {
    check(
        &[
            ("my name is Sara Ali", "Sara Ali!"),
            ("my name is sara ali", "Sara Ali!"),
            ("My name's John.", "John!"),
            ("hi, my name is John Smith and I'm calling about my bill", "John Smith!"),
            ("name is O'Brien", "O'Brien!"),
            ("you can call me Tom", "Tom!"),
            ("the name is bond", "Bond!"),
            ("my name is abdul rahman al khatib", "Abdul Rahman Al Khatib!"),
            ("my name is uh peter", "Peter!"),
            ("this is Sara", "Sara?"),
            ("yes this is maria lopez", "Maria Lopez?"),
            ("i'm John", "John?"),
            ("it's April", "April?"),
            ("Sara Ali speaking", "Sara Ali?"),
            ("Sara Ali", "Sara Ali?"),
            ("sara", "Sara?"),
            ("um, john smith", "John Smith?"),
            ("John Smith please", "John Smith?"),
            ("mr john smith", "John Smith?"),
            ("s a r a", "Sara?"),
            ("S-A-R-A", "Sara?"),
            ("my name is s a r a", "Sara?"),
            ("McDonald", "McDonald?"),
            ("jean-pierre", "Jean Pierre?"),
            ("", ""),
            ("yes", ""),
            ("no", ""),
            ("i'm not sure", ""),
            ("i'm busy", ""),
            ("i'm calling about my bill", ""),
            ("who is this", ""),
            ("what", ""),
            ("hello", ""),
            ("wrong number", ""),
            ("this is not sara", ""),
            ("i don't know", ""),
            ("two hundred", ""),
            ("tomorrow", ""),
            ("i want to speak to a manager", ""),
            ("my name is", ""),
            ("1234", ""),
            ("speaking", ""),
            ("sorry", ""),
        ],
        |text| read::name(text, &english()),
    );
}

#[test]
fn arabic_names() {
    check(
        &[
            ("اسمي أحمد", "أحمد!"),
            ("انا اسمي سارة علي", "سارة علي!"),
            ("اسمي محمد عبد الله", "محمد عبد الله!"),
            ("الاسم خالد", "خالد!"),
            ("معك أحمد", "أحمد?"),
            ("انا ليلى", "ليلى?"),
            ("نعم معك سامي حداد", "سامي حداد?"),
            ("أحمد", "أحمد?"),
            ("سارة علي", "سارة علي?"),
            ("اسمي فاطمة وبدي اسأل", "فاطمة!"),
            ("", ""),
            ("نعم", ""),
            ("لا", ""),
            ("ما بعرف", ""),
            ("مين معي", ""),
            ("الرقم غلط", ""),
            ("انا مشغول", ""),
            ("انا مش احمد", ""),
            ("ميتين", ""),
            ("بكرة", ""),
            ("مرحبا", ""),
        ],
        |text| read::name(text, &arabic()),
    );
}
