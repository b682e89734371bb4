//! What an agent says at any step of a script, with words of its own in English and Arabic. A document puts others in their
//! places under `[lines]`.

use std::collections::BTreeMap;

use super::Template;
use crate::domain::Language;

/// An occasion for words that belong to no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aside {
    /// The caller is never called again.
    Stop,
    /// The caller is not who was called.
    WrongNumber,
    /// Asks when to call back.
    Later,
    /// Says when it will be; `{{when}}`.
    LaterDone,
    /// Somebody will call back, and nobody can say when.
    LaterSometime,
    /// No person can take over now.
    Human,
    /// Who is calling.
    Who,
    /// The caller has said nothing.
    StillThere,
    /// The caller has said nothing for too long, or does not want to talk.
    Farewell,
    /// The last word, after a call back was booked.
    Goodbye,
    /// Before a question that is asked again.
    Again,
    /// Reads back; `{{answer}}`.
    Confirm,
    /// Before a question whose answer was too low; `{{limit}}`.
    TooLittle,
    /// Before a question whose answer was too high; `{{limit}}`.
    TooMuch,
    /// Before a question whose answer was a day in the past.
    TooEarly,
    /// Before a question whose answer was too far ahead; `{{limit}}`.
    TooLate,
    /// The script cannot go on.
    Sorry,
    /// The caller was not understood as often as may be.
    GiveUp,
    /// Instead of something that may not be said.
    CannotSay,
}

impl Aside {
    /// All there are, by their names in documents.
    pub(super) const ALL: [(&'static str, Self); 19] = [
        ("stop", Self::Stop),
        ("wrong_number", Self::WrongNumber),
        ("later", Self::Later),
        ("later_done", Self::LaterDone),
        ("later_sometime", Self::LaterSometime),
        ("human", Self::Human),
        ("who", Self::Who),
        ("still_there", Self::StillThere),
        ("farewell", Self::Farewell),
        ("goodbye", Self::Goodbye),
        ("again", Self::Again),
        ("confirm", Self::Confirm),
        ("too_little", Self::TooLittle),
        ("too_much", Self::TooMuch),
        ("too_early", Self::TooEarly),
        ("too_late", Self::TooLate),
        ("sorry", Self::Sorry),
        ("give_up", Self::GiveUp),
        ("cannot_say", Self::CannotSay),
    ];

    /// The name of the value that its words may hold beside the script's variables.
    pub const fn value(self) -> Option<&'static str> {
        match self {
            Self::LaterDone => Some("when"),
            Self::Confirm => Some("answer"),
            Self::TooLittle | Self::TooMuch | Self::TooLate => Some("limit"),
            _ => None,
        }
    }

    /// The usual words: Arabic ones for Arabic, else English ones.
    pub fn usual(self, language: Language) -> &'static str {
        if language == Language::ARABIC { self.arabic() } else { self.english() }
    }

    const fn english(self) -> &'static str {
        match self {
            Self::Stop => "Of course. I have taken you off our list, and we will not call you again. Goodbye.",
            Self::WrongNumber => "I am sorry to have troubled you. I will note that this is the wrong number. Goodbye.",
            Self::Later => "Of course. On which day, and at what time, may we call you?",
            Self::LaterDone => "Thank you. We will call you {{when}}. Goodbye.",
            Self::LaterSometime => "We will call you again another time. Goodbye.",
            Self::Human => "I cannot put you through right now. I have noted that a colleague should call you back.",
            Self::Who => "I am an automated assistant, and this call is transcribed.",
            Self::StillThere => "Are you still there?",
            Self::Farewell => "I will end the call now. Goodbye.",
            Self::Goodbye => "Goodbye.",
            Self::Again => "I am sorry, I did not understand that.",
            Self::Confirm => "I understood {{answer}}. Is that right?",
            Self::TooLittle => "That is less than {{limit}}, which is the least.",
            Self::TooMuch => "That is more than {{limit}}, which is the most.",
            Self::TooEarly => "That day has already passed.",
            Self::TooLate => "That is too far ahead: the latest is {{limit}}.",
            Self::Sorry => {
                "I am sorry, I cannot go on with this call. A colleague will get in touch with you. Goodbye."
            }
            Self::GiveUp => "I am sorry that I could not understand you. A colleague will call you back. Goodbye.",
            Self::CannotSay => "I cannot say anything about that, I am sorry.",
        }
    }

    const fn arabic(self) -> &'static str {
        match self {
            Self::Stop => "بالتأكيد. لقد أزلت رقمك من قائمتنا، ولن نتصل بك مرة أخرى. مع السلامة.",
            Self::WrongNumber => "أعتذر عن الإزعاج. سأسجل أن الرقم غير صحيح. مع السلامة.",
            Self::Later => "بالتأكيد. في أي يوم وفي أي ساعة يناسبك أن نتصل بك؟",
            Self::LaterDone => "شكرا لك. سنتصل بك {{when}}. مع السلامة.",
            Self::LaterSometime => "سنعاود الاتصال بك في وقت آخر. مع السلامة.",
            Self::Human => "لا أستطيع تحويل المكالمة الآن. لقد سجلت أن يعاود أحد الزملاء الاتصال بك.",
            Self::Who => "أنا مساعد آلي، ويجري تدوين هذه المكالمة.",
            Self::StillThere => "هل ما زلت معي؟",
            Self::Farewell => "سأنهي المكالمة الآن. مع السلامة.",
            Self::Goodbye => "مع السلامة.",
            Self::Again => "عذرا، لم أفهم ذلك.",
            Self::Confirm => "فهمت {{answer}}. هل هذا صحيح؟",
            Self::TooLittle => "هذا أقل من {{limit}}، وهو الحد الأدنى.",
            Self::TooMuch => "هذا أكثر من {{limit}}، وهو الحد الأعلى.",
            Self::TooEarly => "لقد مضى هذا اليوم.",
            Self::TooLate => "هذا الموعد بعيد، وآخر موعد ممكن هو {{limit}}.",
            Self::Sorry => "عذرا، لا أستطيع متابعة هذه المكالمة. سيتواصل معك أحد الزملاء. مع السلامة.",
            Self::GiveUp => "عذرا لأنني لم أتمكن من فهمك. سيعاود أحد الزملاء الاتصال بك. مع السلامة.",
            Self::CannotSay => "عذرا، لا أستطيع أن أقول شيئا عن ذلك.",
        }
    }
}

/// The words for all occasions: a script's own, else the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asides(pub(super) BTreeMap<Aside, Template>);

impl Asides {
    /// The script's own words.
    pub fn own(&self, aside: Aside) -> Option<&Template> {
        self.0.get(&aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_words_are_templates_in_both_languages() {
        for (name, aside) in Aside::ALL {
            for (language, is_ascii) in [(Language::ENGLISH, true), (Language::ARABIC, false)] {
                let words = aside.usual(language);
                assert_eq!(words.replace(['{', '}'], "").is_ascii(), is_ascii, "{name}: {words}");
                let variables = Template::parse(words).unwrap();
                assert_eq!(variables.variables().next(), aside.value(), "{name}: {words}");
            }
        }
    }
}
