//! What currencies are called, in the forms that counting asks for.

use super::number::{
    Gender::{Feminine, Masculine},
    Noun,
};

/// A currency's unit and its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// ISO 4217.
    pub(super) code: &'static str,
    /// Signs that mean it.
    pub(super) sign: Option<char>,
    pub(super) english: Forms,
    pub(super) english_part: Forms,
    pub(super) arabic: Noun,
    pub(super) arabic_part: Noun,
    /// Thousandths of the unit that one part is worth.
    pub(super) part: i64,
}

/// One and more of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forms {
    pub(super) one: &'static str,
    pub(super) more: &'static str,
}

impl Forms {
    pub(super) fn of(&self, is_one: bool) -> &'static str {
        if is_one { self.one } else { self.more }
    }
}

const fn forms(one: &'static str, more: &'static str) -> Forms {
    Forms { one, more }
}

const fn he(one: &'static str, two: &'static str, few: &'static str, many: &'static str) -> Noun {
    Noun { gender: Masculine, one, two, few, many }
}

const fn she(one: &'static str, two: &'static str, few: &'static str, many: &'static str) -> Noun {
    Noun { gender: Feminine, one, two, few, many }
}

const DINAR: Noun = he("دينار", "دينارين", "دنانير", "دينارًا");
const DIRHAM: Noun = he("درهم", "درهمين", "دراهم", "درهمًا");
const RIYAL: Noun = he("ريال", "ريالين", "ريالات", "ريالًا");
const POUND: Noun = he("جنيه", "جنيهين", "جنيهات", "جنيهًا");
const DOLLAR: Noun = he("دولار", "دولارين", "دولارات", "دولارًا");
const EURO: Noun = he("يورو", "يوروين", "يورو", "يورو");
const LIRA: Noun = she("ليرة", "ليرتين", "ليرات", "ليرة");
const SHEKEL: Noun = he("شيكل", "شيكلين", "شواكل", "شيكلًا");
const FRANC: Noun = he("فرنك", "فرنكين", "فرنكات", "فرنكًا");
const RUPEE: Noun = she("روبية", "روبيتين", "روبيات", "روبية");
const FILS: Noun = he("فلس", "فلسين", "فلسات", "فلسًا");
const PIASTRE: Noun = he("قرش", "قرشين", "قروش", "قرشًا");
/// "سنتين" are two years.
const CENT: Noun = he("سنت", "اثنين سنت", "سنتات", "سنتًا");
const PENNY: Noun = he("بنس", "بنسين", "بنسات", "بنسًا");
const HALALA: Noun = she("هللة", "هللتين", "هللات", "هللة");
const BAISA: Noun = she("بيسة", "بيستين", "بيسات", "بيسة");
const MILLIME: Noun = he("مليم", "مليمين", "مليمات", "مليمًا");
const CENTIME: Noun = he("سنتيم", "سنتيمين", "سنتيمات", "سنتيمًا");

const fn names(
    code: &'static str,
    english: Forms,
    english_part: Forms,
    arabic: Noun,
    arabic_part: Noun,
    part: i64,
) -> Names {
    Names { code, sign: None, english, english_part, arabic, arabic_part, part }
}

const fn signed(sign: char, names: Names) -> Names {
    Names { sign: Some(sign), ..names }
}

const CENTS: Forms = forms("cent", "cents");
const FILSES: Forms = forms("fils", "fils");
const PIASTRES: Forms = forms("piastre", "piastres");
const DINARS: Forms = forms("dinar", "dinars");
const DIRHAMS: Forms = forms("dirham", "dirhams");
const DOLLARS: Forms = forms("dollar", "dollars");
const POUNDS: Forms = forms("pound", "pounds");
const RIYALS: Forms = forms("riyal", "riyals");
const LIRAS: Forms = forms("lira", "lira");
const CENTIMES: Forms = forms("centime", "centimes");

const CURRENCIES: [Names; 26] = [
    signed('£', names("GBP", POUNDS, forms("penny", "pence"), POUND, PENNY, 10)),
    signed('$', names("USD", DOLLARS, CENTS, DOLLAR, CENT, 10)),
    signed('€', names("EUR", forms("euro", "euros"), CENTS, EURO, CENT, 10)),
    names("EGP", POUNDS, PIASTRES, POUND, PIASTRE, 10),
    names("JOD", DINARS, FILSES, DINAR, FILS, 1),
    names("KWD", DINARS, FILSES, DINAR, FILS, 1),
    names("BHD", DINARS, FILSES, DINAR, FILS, 1),
    names("IQD", DINARS, FILSES, DINAR, FILS, 1),
    names("SAR", RIYALS, forms("halala", "halalas"), RIYAL, HALALA, 10),
    names("AED", DIRHAMS, FILSES, DIRHAM, FILS, 10),
    names("QAR", RIYALS, forms("dirham", "dirhams"), RIYAL, DIRHAM, 10),
    names("OMR", RIYALS, forms("baisa", "baisas"), RIYAL, BAISA, 1),
    names("YER", RIYALS, FILSES, RIYAL, FILS, 10),
    names("LBP", LIRAS, PIASTRES, LIRA, PIASTRE, 10),
    names("SYP", LIRAS, PIASTRES, LIRA, PIASTRE, 10),
    names("TRY", LIRAS, forms("kurush", "kurush"), LIRA, PIASTRE, 10),
    signed(
        '₪',
        names(
            "ILS",
            forms("shekel", "shekels"),
            forms("agora", "agorot"),
            SHEKEL,
            he("أغورة", "أغورتين", "أغورات", "أغورة"),
            10,
        ),
    ),
    names("SDG", POUNDS, PIASTRES, POUND, PIASTRE, 10),
    names("MAD", DIRHAMS, CENTIMES, DIRHAM, CENTIME, 10),
    names("DZD", DINARS, CENTIMES, DINAR, CENTIME, 10),
    names("TND", DINARS, forms("millime", "millimes"), DINAR, MILLIME, 1),
    names("LYD", DINARS, forms("dirham", "dirhams"), DINAR, DIRHAM, 1),
    signed(
        '₹',
        names(
            "INR",
            forms("rupee", "rupees"),
            forms("paisa", "paise"),
            RUPEE,
            he("بيسة", "بيستين", "بيسات", "بيسة"),
            10,
        ),
    ),
    names("CAD", DOLLARS, CENTS, DOLLAR, CENT, 10),
    names("AUD", DOLLARS, CENTS, DOLLAR, CENT, 10),
    names("CHF", forms("franc", "francs"), CENTIMES, FRANC, CENTIME, 10),
];

/// The names of a currency by its code.
pub(super) fn by_code(code: &str) -> Option<&'static Names> {
    CURRENCIES.iter().find(|names| names.code.eq_ignore_ascii_case(code))
}

/// The names of a currency by its sign.
pub(super) fn by_sign(sign: &str) -> Option<&'static Names> {
    CURRENCIES.iter().find(|names| names.sign.is_some_and(|known| sign.starts_with(known)))
}

/// The names of a currency by its Arabic name in any form; `plain` is the table's spelling of a word.
pub(super) fn by_arabic_name(word: &str, plain: impl Fn(&str) -> String) -> Option<&'static Names> {
    CURRENCIES.iter().find(|names| {
        let Noun { one, two, few, many, .. } = names.arabic;
        // Who writes "2 ديناران" means the same.
        let written_two = plain(two).strip_suffix("ين").map(|stem| format!("{stem}ان"));
        [one, two, few, many].iter().any(|form| plain(form) == word) || written_two.is_some_and(|two| two == word)
    })
}
