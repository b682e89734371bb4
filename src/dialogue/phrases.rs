//! What the agent says word for word, in the languages that every box speaks.

use crate::domain::Language;

/// An occasion for fixed words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phrase {
    /// The first words, unless a profile has its own: that an automated agent speaks, and that the call is transcribed.
    Greeting,
    /// The box cannot hear.
    TypedOnly,
    /// Something failed, once.
    Apology,
    /// Speech came twice without words.
    NotHeard,
    /// The caller has been silent.
    StillThere,
    /// The caller has been silent again.
    StillThereAgain,
    /// The caller has been silent for too long.
    NobodyThere,
    /// The call will soon have taken too long.
    LittleTime,
    /// The call took too long.
    Farewell,
    /// A colleague had the call, and the agent has it again.
    Back,
    /// Everything was said.
    Goodbye,
    /// Nobody can answer this call.
    OutOfService,
    /// As many calls as may be are under way.
    Busy,
}

impl Phrase {
    /// The languages that they are in.
    pub const LANGUAGES: [Language; 2] = [Language::ENGLISH, Language::ARABIC];
    /// All there are.
    pub const ALL: [Self; 13] = [
        Self::Greeting,
        Self::TypedOnly,
        Self::Apology,
        Self::NotHeard,
        Self::StillThere,
        Self::StillThereAgain,
        Self::NobodyThere,
        Self::LittleTime,
        Self::Farewell,
        Self::Back,
        Self::Goodbye,
        Self::OutOfService,
        Self::Busy,
    ];

    /// The words in `language`, or in English where there are none in it; and the language they are in.
    pub fn spoken(self, language: Language) -> (Language, &'static str) {
        if language == Language::ARABIC {
            (Language::ARABIC, self.arabic())
        } else {
            (Language::ENGLISH, self.english())
        }
    }

    const fn english(self) -> &'static str {
        match self {
            Self::Greeting => {
                "Hello! You are talking to an automated agent, and this call is transcribed. How can I help you?"
            }
            Self::TypedOnly => "I cannot hear you on this line. Please type what you would like to say.",
            Self::Apology => "I am sorry, something went wrong. Could you say that again?",
            Self::NotHeard => "I am sorry, I did not catch that. Could you say it again, please?",
            Self::StillThere => "Are you still there?",
            Self::StillThereAgain => "I cannot hear you. Is there anything else that I can do for you?",
            Self::NobodyThere => {
                "I still cannot hear you, so I am ending this call. Please call again at any time. Goodbye."
            }
            Self::LittleTime => "Just so that you know: this call will end in about a minute.",
            Self::Farewell => "Our time is up, so I am ending this call now. Thank you, and goodbye.",
            Self::Back => "You are talking to the automated agent again. Let us go on.",
            Self::Goodbye => "Thank you for the call. Goodbye!",
            Self::OutOfService => "I am sorry, this line is out of service. Please call again later. Goodbye.",
            Self::Busy => "All our lines are busy at the moment. Please call again later. Goodbye.",
        }
    }

    const fn arabic(self) -> &'static str {
        match self {
            Self::Greeting => "مرحبا! أنت تتحدث إلى مساعد آلي، ويجري تدوين هذه المكالمة. كيف يمكنني مساعدتك؟",
            Self::TypedOnly => "لا أستطيع سماعك على هذا الخط. يرجى كتابة ما تود قوله.",
            Self::Apology => "عذرا، حدث خطأ ما. هل يمكنك إعادة ما قلته؟",
            Self::NotHeard => "عذرا، لم أسمعك جيدا. هل يمكنك إعادة ذلك من فضلك؟",
            Self::StillThere => "هل ما زلت معي؟",
            Self::StillThereAgain => "لا أستطيع سماعك. هل هناك شيء آخر يمكنني مساعدتك به؟",
            Self::NobodyThere => "ما زلت لا أسمعك، لذلك سأنهي هذه المكالمة. يمكنك الاتصال في أي وقت. مع السلامة.",
            Self::LittleTime => "للعلم، ستنتهي هذه المكالمة خلال دقيقة تقريبا.",
            Self::Farewell => "انتهى وقتنا، لذلك سأنهي هذه المكالمة الآن. شكرا لك، ومع السلامة.",
            Self::Back => "أنت تتحدث إلى المساعد الآلي مجددا. لنتابع معا.",
            Self::Goodbye => "شكرا على اتصالك. مع السلامة!",
            Self::OutOfService => "عذرا، هذا الخط خارج الخدمة. يرجى الاتصال لاحقا. مع السلامة.",
            Self::Busy => "جميع خطوطنا مشغولة حاليا. يرجى الاتصال لاحقا. مع السلامة.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_is_in_the_language_that_it_says() {
        for phrase in Phrase::ALL {
            let (language, words) = phrase.spoken(Language::ARABIC);
            assert_eq!((language, words.is_ascii()), (Language::ARABIC, false), "{phrase:?}");
            let german = "de".parse().unwrap();
            for asked in [Language::ENGLISH, german] {
                let (language, words) = phrase.spoken(asked);
                assert_eq!((language, words.is_ascii()), (Language::ENGLISH, true), "{phrase:?}");
            }
        }
    }
}
