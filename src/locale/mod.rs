//! The words of the pages, in each language that they are written in: [Fluent](https://projectfluent.org) files of `locales/`,
//! inside the program. What a language lacks is said in English; a test holds that none lacks anything.

use std::{borrow::Cow, sync::LazyLock};

pub use fluent_bundle::FluentValue as Value;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use jiff::{Timestamp, tz::TimeZone};
use rust_embed::Embed;

use crate::domain::{Language, text::is_right_to_left};

#[derive(Embed)]
#[folder = "locales"]
struct Files;

/// The pages' languages, English first.
const LANGUAGES: [Language; 2] = [Language::ENGLISH, Language::ARABIC];

static ALL: LazyLock<Vec<Locale>> = LazyLock::new(|| LANGUAGES.into_iter().map(Locale::load).collect());

/// The words of one language.
pub struct Locale {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Locale").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Locale {
    /// Those of `language`, if the pages are written in it.
    pub fn of(language: Language) -> Option<&'static Self> {
        ALL.iter().find(|locale| locale.language == language)
    }

    /// The first of `wanted` that the pages are written in, or English.
    pub fn first(wanted: impl IntoIterator<Item = Language>) -> &'static Self {
        wanted.into_iter().find_map(Self::of).unwrap_or(&ALL[0])
    }

    /// All there are, English first.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    fn load(language: Language) -> Self {
        let id = language.code().parse().expect("a language's code is a language tag");
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // What is filled in is isolated by `isolated`, where it has to be.
        bundle.set_use_isolating(false);
        let folder = format!("{}/", language.code());
        for path in Files::iter().filter(|path| path.starts_with(&folder)) {
            let text = Files::get(&path).map(|file| file.data.into_owned()).unwrap_or_default();
            let text = String::from_utf8(text).expect("words are UTF-8, which a test holds");
            let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
                tracing::error!(%path, ?errors, "words that cannot be read");
                resource
            });
            if let Err(errors) = bundle.add_resource(resource) {
                tracing::error!(%path, ?errors, "words that are there twice");
            }
        }
        Self { language, bundle }
    }

    /// Which language.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// `ltr` or `rtl`, as HTML's `dir` has it.
    pub fn direction(&self) -> &'static str {
        if self.language.is_right_to_left() { "rtl" } else { "ltr" }
    }

    /// Words without anything to fill in.
    pub fn text(&self, key: &str) -> Cow<'_, str> {
        self.format(key, None)
    }

    /// Words about a number, `$count`: each language has its own forms for one, two, few, many.
    pub fn count(&self, key: &str, count: impl Into<Value<'static>>) -> Cow<'_, str> {
        self.with(key, &[("count", count.into())])
    }

    /// Words about something that has a name, `$name`.
    pub fn named(&self, key: &str, name: &str) -> Cow<'_, str> {
        self.with(key, &[("name", Value::from(name.to_owned()))])
    }

    /// Words with something to fill in. Text that runs the other way is isolated (Unicode's FSI … PDI), so that it stays in its
    /// place.
    pub fn with(&self, key: &str, values: &[(&'static str, Value<'static>)]) -> Cow<'_, str> {
        let values: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, self.isolated(value))).collect();
        self.format(key, Some(&values))
    }

    fn isolated(&self, value: &Value<'static>) -> Value<'static> {
        let is_rtl = self.language.is_right_to_left();
        let runs_otherwise = |c: char| (is_rtl && c == '+') || (c.is_alphabetic() && is_right_to_left(c) != is_rtl);
        match value {
            Value::String(text) if text.chars().any(runs_otherwise) => format!("\u{2068}{text}\u{2069}").into(),
            other => other.clone(),
        }
    }

    /// Whether there are such words.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The words of a closed set's word: those of `status` + `won` are under `status-won`. One without any stands for itself.
    pub fn word(&self, set: &str, word: &str) -> Cow<'_, str> {
        let key = format!("{set}-{}", word.replace('_', "-"));
        if self.has(&key) { Cow::Owned(self.text(&key).into_owned()) } else { Cow::Owned(word.to_owned()) }
    }

    /// A day and a time: "21 Nov 2026, 14:05".
    pub fn moment(&self, at: Timestamp, zone: &TimeZone) -> String {
        let time = at.to_zoned(zone.clone());
        let day = self.day(time.date());
        self.with("moment", &[("day", day.into()), ("time", time.strftime("%H:%M").to_string().into())]).into_owned()
    }

    /// A day: "21 Nov 2026".
    pub fn day(&self, day: jiff::civil::Date) -> String {
        let month = self.text(&format!("month-{}", day.month())).into_owned();
        let values =
            [("day", day.day().to_string().into()), ("month", month.into()), ("year", day.year().to_string().into())];
        self.with("day", &values).into_owned()
    }

    fn format(&self, key: &str, values: Option<&FluentArgs<'_>>) -> Cow<'_, str> {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            let english = &ALL[0];
            if std::ptr::eq(self, english) {
                tracing::error!(key, "words that are nowhere");
                return Cow::Owned(key.to_owned());
            }
            return Cow::Owned(english.format(key, values).into_owned());
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, values, &mut errors);
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "words that cannot be filled in");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_bundle::FluentResource;

    use super::*;

    /// Each message of a language, and the names of what is filled in.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let folder = format!("{}/", language.code());
        let mut found = BTreeMap::new();
        for path in Files::iter().filter(|path| path.starts_with(&folder)) {
            let text = String::from_utf8(Files::get(&path).unwrap().data.into_owned()).unwrap();
            FluentResource::try_new(text.clone()).unwrap_or_else(|(_, errors)| panic!("{path}: {errors:?}"));
            let mut key = String::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
                    key = name.to_owned();
                    assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{path}: {key} is there twice");
                }
                let names = line.split('$').skip(1).map(|rest| {
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
                });
                if let Some(values) = found.get_mut(&key) {
                    values.extend(names);
                }
            }
        }
        found
    }

    #[test]
    fn every_language_says_everything() {
        let english = messages(Language::ENGLISH);
        assert!(english.len() > 50);
        for language in LANGUAGES {
            let words = messages(language);
            let lacking: Vec<_> = english.keys().filter(|key| !words.contains_key(*key)).collect();
            // What is wrong with a field is said in English already.
            let too_many = words.keys().filter(|key| !english.contains_key(*key) && !key.starts_with("problem-"));
            let too_many: Vec<_> = too_many.collect();
            assert!(lacking.is_empty() && too_many.is_empty(), "{language:?} lacks {lacking:?}, and has {too_many:?}");
            for (key, values) in &english {
                assert_eq!(&words[key], values, "{language:?} {key}");
            }
        }
    }

    #[test]
    fn words_are_filled_in() {
        let (english, arabic) = (Locale::of(Language::ENGLISH).unwrap(), Locale::of(Language::ARABIC).unwrap());
        let at: Timestamp = "2026-11-21T14:05:00Z".parse().unwrap();
        assert_eq!(english.moment(at, &TimeZone::UTC), "21 Nov 2026, 14:05");
        assert_eq!(arabic.moment(at, &TimeZone::UTC), "21 نوفمبر 2026، 14:05");
        assert_eq!(english.named("version", "Sara"), "Version Sara");
        assert_eq!(english.named("version", "سارة"), "Version \u{2068}سارة\u{2069}");
        assert!(arabic.named("version", "0.1.0").ends_with(" 0.1.0"));
        assert!(arabic.named("version", "Sara").ends_with(" \u{2068}Sara\u{2069}"));
        assert_eq!((english.direction(), arabic.direction()), ("ltr", "rtl"));
        assert!(Locale::of("de".parse().unwrap()).is_none());
        assert_eq!(Locale::first(["de".parse().unwrap(), Language::ARABIC]).language(), Language::ARABIC);
        assert_eq!(Locale::first([]).language(), Language::ENGLISH);
        assert_eq!(english.word("no-such-set", "some_word"), "some_word");
    }
}
