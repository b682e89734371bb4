//! Digits read out, and telephone numbers.

use super::{super::read, arabic, check, context, english};
use crate::domain::Language;

#[test]
fn english_digits() {
    check(
        &[
            ("one two three four", "1234!"),
            ("1234", "1234!"),
            ("1 2 3 4", "1234!"),
            ("12-34", "1234!"),
            ("four double two one", "4221!"),
            ("triple five", "555!"),
            ("oh seven nine double one", "07911!"),
            ("zero zero four", "004!"),
            ("double oh seven", "007!"),
            ("o seven nine", "079!"),
            ("forty two seventeen", "4217!"),
            ("twenty five sixty", "2560!"),
            ("nineteen eighty four", "1984!"),
            ("three zeros five", "0005!"),
            ("two fives and a six", "556!"),
            ("one two uh three four", "1234!"),
            ("one two, three four", "1234!"),
            ("one two and then three", "123!"),
            ("one dash two dash three", "123!"),
            ("it's 4 4 2 1", "4421!"),
            ("the last four are 4421", "4421!"),
            ("my code is 0 0 7 7", "0077!"),
            ("five", "5!"),
            ("5", "5!"),
            ("five hundred twelve", "512?"),
            ("eight hundred", "800?"),
            ("two thousand and nineteen", "2019?"),
            ("one two for five", "1245?"),
            ("five to four", "524?"),
            ("for for two one", "4421?"),
            ("for two one", "21?"),
            ("six six won eight", "6618?"),
            ("four four two to", "4422?"),
            ("1234 no sorry 1243", "1243?"),
            ("not 1234 but 4321", "4321?"),
            // Refused.
            ("", ""),
            ("hello", ""),
            ("for", ""),
            ("to", ""),
            ("the second one", ""),
            ("four digits", ""),
            ("the four digits", ""),
            ("i only see 4 digits here", ""),
            ("it has three numbers", ""),
            ("two times", ""),
            ("i am seventy five years old", ""),
            ("at five o'clock", ""),
            ("the last four digits are 4421", "4421!"),
            ("four digits, one two three four", "1234!"),
            ("i don't know", ""),
            ("double", ""),
            ("1234 or 4321", ""),
            ("oh i see", ""),
            ("oh", ""),
        ],
        |text| read::digits(text, &english()),
    );
}

#[test]
fn arabic_digits() {
    check(
        &[
            ("خمسة خمسة صفر", "550!"),
            ("واحد اثنين ثلاثة اربعة", "1234!"),
            ("٤٤٢١", "4421!"),
            ("٤ ٤ ٢ ١", "4421!"),
            ("صفر سبعة تسعة", "079!"),
            ("زيرو سبعة تسعة", "079!"),
            ("دبل خمسة", "55!"),
            ("خمسة وعشرين", "25!"),
            ("اتنين وعشرين خمسة وستين", "2265!"),
            ("اربعة و اربعة و اتنين", "442!"),
            ("ثلاث اصفار", "000!"),
            ("صفرين واحد", "001!"),
            ("حداشر اتناشر", "1112!"),
            ("خمستاشر تمانية", "158!"),
            ("مية وعشرين", "120?"),
            ("ميتين وخمسين", "250?"),
            ("اخر اربع ارقام 4421", "4421!"),
            ("الرقم ١٢٣٤", "1234!"),
            ("واحد يعني اتنين تلاتة", "123!"),
            ("تسعه تمنيه سبعه", "987!"),
            ("وحدة ثنتين ثلاث", "123!"),
            ("احد عشر", "11!"),
            ("خمسة", "5!"),
            ("1234 لا قصدي 4321", "4321?"),
            ("", ""),
            ("مرحبا", ""),
            ("ما بعرف", ""),
            ("لست متاكدا", ""),
            ("اربع ارقام", ""),
            ("فيها اربع خانات", ""),
            ("قلتها ثلاث مرات", ""),
            ("الارقام الاربعة هي 4421", "4421!"),
            ("دبل", ""),
        ],
        |text| read::digits(text, &arabic()),
    );
}

#[test]
fn english_phones() {
    check(
        &[
            ("020 7946 0958", "+442079460958!"),
            ("oh two oh seven nine four six oh nine five eight", "+442079460958!"),
            ("zero two zero seven nine four six zero nine five eight", "+442079460958!"),
            ("plus four four two zero seven nine four six zero nine five eight", "+442079460958!"),
            ("+44 20 7946 0958", "+442079460958!"),
            ("my number is 07911 123456", "+447911123456!"),
            ("oh seven nine double one, one two three, four five six", "+447911123456!"),
            ("it's oh seven nine eleven twelve thirty four fifty six", "+447911123456!"),
            ("(0044) 20 7946 0958", "+442079460958!"),
            ("oh seven nine double one one two three for five six", "+447911123456?"),
            ("07911 123456 no sorry 07911 123457", "+447911123457?"),
            ("07911123456", "+447911123456!"),
            ("", ""),
            ("five five zero", ""),
            ("250", ""),
            ("i don't have one", ""),
            ("07911 123456 or 07911 123457", ""),
            ("0791", ""),
        ],
        |text| read::phone(text, &english()),
    );
    let nowhere = context(Language::ENGLISH, "");
    check(&[("07911 123456", ""), ("+447911123456", "+447911123456!")], |text| read::phone(text, &nowhere));
}

#[test]
fn arabic_phones() {
    check(
        &[
            ("٠١٠٠١٢٣٤٥٦٧", "+201001234567!"),
            ("0100 123 4567", "+201001234567!"),
            ("صفر واحد صفر صفر واحد اتنين تلاتة اربعة خمسة ستة سبعة", "+201001234567!"),
            ("زيرو عشرة زيرو واحد اتنين تلاتة اربعة خمسة ستة سبعة", "+201001234567!"),
            ("زائد عشرين مية واحد", ""),
            ("زائد اثنين صفر واحد صفر صفر واحد اثنين ثلاثة اربعة خمسة ستة سبعة", "+201001234567!"),
            ("+٩٦٥ ٢٢٢٢ ١١١١", "+96522221111!"),
            ("رقمي 01001234567", "+201001234567!"),
            ("", ""),
            ("ما عندي", ""),
            ("خمسة خمسة صفر", ""),
        ],
        |text| read::phone(text, &arabic()),
    );
}
