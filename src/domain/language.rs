//! Which language is spoken.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

/// A language that some engine of ours can name: whisper's list, ISO 639-1 codes where they exist.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct Language(&'static str);

/// Code and English name, as whisper knows them (tokenizer.py of openai-whisper), the two first-class ones first.
const KNOWN: [(&str, &str); 99] = [
    ("en", "english"),
    ("ar", "arabic"),
    ("zh", "chinese"),
    ("de", "german"),
    ("es", "spanish"),
    ("ru", "russian"),
    ("ko", "korean"),
    ("fr", "french"),
    ("ja", "japanese"),
    ("pt", "portuguese"),
    ("tr", "turkish"),
    ("pl", "polish"),
    ("ca", "catalan"),
    ("nl", "dutch"),
    ("sv", "swedish"),
    ("it", "italian"),
    ("id", "indonesian"),
    ("hi", "hindi"),
    ("fi", "finnish"),
    ("vi", "vietnamese"),
    ("he", "hebrew"),
    ("uk", "ukrainian"),
    ("el", "greek"),
    ("ms", "malay"),
    ("cs", "czech"),
    ("ro", "romanian"),
    ("da", "danish"),
    ("hu", "hungarian"),
    ("ta", "tamil"),
    ("no", "norwegian"),
    ("th", "thai"),
    ("ur", "urdu"),
    ("hr", "croatian"),
    ("bg", "bulgarian"),
    ("lt", "lithuanian"),
    ("la", "latin"),
    ("mi", "maori"),
    ("ml", "malayalam"),
    ("cy", "welsh"),
    ("sk", "slovak"),
    ("te", "telugu"),
    ("fa", "persian"),
    ("lv", "latvian"),
    ("bn", "bengali"),
    ("sr", "serbian"),
    ("az", "azerbaijani"),
    ("sl", "slovenian"),
    ("kn", "kannada"),
    ("et", "estonian"),
    ("mk", "macedonian"),
    ("br", "breton"),
    ("eu", "basque"),
    ("is", "icelandic"),
    ("hy", "armenian"),
    ("ne", "nepali"),
    ("mn", "mongolian"),
    ("bs", "bosnian"),
    ("kk", "kazakh"),
    ("sq", "albanian"),
    ("sw", "swahili"),
    ("gl", "galician"),
    ("mr", "marathi"),
    ("pa", "punjabi"),
    ("si", "sinhala"),
    ("km", "khmer"),
    ("sn", "shona"),
    ("yo", "yoruba"),
    ("so", "somali"),
    ("af", "afrikaans"),
    ("oc", "occitan"),
    ("ka", "georgian"),
    ("be", "belarusian"),
    ("tg", "tajik"),
    ("sd", "sindhi"),
    ("gu", "gujarati"),
    ("am", "amharic"),
    ("yi", "yiddish"),
    ("lo", "lao"),
    ("uz", "uzbek"),
    ("fo", "faroese"),
    ("ht", "haitian creole"),
    ("ps", "pashto"),
    ("tk", "turkmen"),
    ("nn", "nynorsk"),
    ("mt", "maltese"),
    ("sa", "sanskrit"),
    ("lb", "luxembourgish"),
    ("my", "myanmar"),
    ("bo", "tibetan"),
    ("tl", "tagalog"),
    ("mg", "malagasy"),
    ("as", "assamese"),
    ("tt", "tatar"),
    ("haw", "hawaiian"),
    ("ln", "lingala"),
    ("ha", "hausa"),
    ("ba", "bashkir"),
    ("jw", "javanese"),
    ("su", "sundanese"),
];

/// A language code that nothing here knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language '{0}': give a code such as en or ar, or a name such as english")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// English
    pub const ENGLISH: Self = Self("en");
    /// Arabic
    pub const ARABIC: Self = Self("ar");

    /// All that are known, the two first-class ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|(code, _)| Self(code))
    }

    /// The code: `en`, `ar`.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// The English name in lower case: `english`.
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|(code, _)| *code == self.0).map_or(self.0, |(_, name)| name)
    }

    /// Whether the language is written from right to left.
    pub fn is_right_to_left(self) -> bool {
        matches!(self.0, "ar" | "he" | "fa" | "ur" | "ps" | "sd" | "yi")
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Takes a code, a code with a region (`en-US`, `ar_JO`), or an English name, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let wanted = text.trim().to_ascii_lowercase();
        let code = wanted.split(['-', '_']).next().unwrap_or_default();
        KNOWN
            .iter()
            .find(|(known, name)| *known == code || *name == wanted)
            .map(|(known, _)| Self(known))
            .ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}

impl TryFrom<String> for Language {
    type Error = UnknownLanguage;

    fn try_from(text: String) -> Result<Self, UnknownLanguage> {
        text.parse()
    }
}

/// By hand: serde would derive it for input that lives for ever only, because of the code inside.
impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0.to_owned()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_regions_and_names_are_understood() {
        for (text, code) in [("en", "en"), ("EN-us", "en"), ("ar_JO", "ar"), ("Arabic", "ar"), (" haw ", "haw")] {
            assert_eq!(text.parse::<Language>().map(Language::code), Ok(code), "{text}");
        }
        for text in ["", "english please", "xx", "😀"] {
            assert_eq!(text.parse::<Language>(), Err(UnknownLanguage(text.to_owned())));
        }
    }
}
