//! Yes or no.

use std::ops::Range;

use super::super::{
    Sureness::{self, Certain, Likely},
    Understood,
    phrases::{Phrases, Words, phrases},
    tokens::{Found, tokens},
};

/// How a phrase answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes(Sureness),
    No(Sureness),
    /// It sounds like an answer and is none.
    Neither,
}

/// Longer matches come first, and among those as long the earlier pattern; each word has its meaning from one match.
static PHRASES: [(Answer, &Phrases); 9] = [
    (
        Answer::Neither,
        phrases![
            "dont|not|no|doesnt know|sure|certain|idea|clue|remember|understand|hear|catch|get",
            "do you not",
            "^ no way to *",
            "yes or no",
            "yes and no",
            "who|what|why|when|where|how|which is|are|do|did|was|were|can|about|would|will|does|for",
            "^ what|who|why|when|where|how|huh|pardon $",
            "are you|they|we",
            "is it|this|that|there a|an|the|about",
            "do you|they|we",
            "right now|away",
            "right number|person|time",
            "say no more",
            "i am|im good|fine|okay|alright",
            "^ im|i good|fine $",
            "in|within no time",
            "no one",
            "ما|مش|مو|لا|ماني|لست بعرف|عارف|عارفه|ادري|اعرف|متاكد|متاكده|متاكدا|اعلم|فاهم|سامع|فاكر|متدكر",
            "معرفش|مادري|مدري|مابعرف|مااعرف|ماادري|مبعرفش|مافهمت",
            "شو|ايش|وش|ايه|مين|من|ليش|متي|وين|كيف|كم هدا|هاد|بدك|انت|معي|الموضوع|يعني|ده|انتو|حضرتك",
            "اه ولا لا",
            "نعم ام|او لا",
            "مش|مو عارف",
        ],
    ),
    (
        Answer::Yes(Certain),
        phrases![
            "no problem|worries|objection|doubt|issue|issues",
            "why not",
            "not a problem",
            "dont mind",
            "wouldnt mind",
            "yes yes|yeah|please|sure|sir|madam|correct|absolutely|definitely",
            "thats|that|its|this|it is? correct|right|true|me|him|her|it|fine|okay|ok|good|accurate",
            "this is he|she|him|her|me",
            "you are? right|correct",
            "you have|got it right?",
            "youre|your right|correct",
            "you got|have it|me|him|her|that|the right",
            "hell|oh|heck yes|yeah",
            "sounds|seems|looks good|fine|great|right|okay|ok|perfect",
            "go ahead",
            "that would be me|fine|great|good|lovely|perfect",
            "id|i would? love|like to|that",
            "that|it|friday|which? works|suits",
            "thatll|that will do",
            "by all means",
            "please do",
            "lets do it|that",
            "i agree|accept|confirm",
            "^ confirmed|accepted $",
            "ماعنديش|مفيش مانع|مشكله",
            "of course",
            "لا باس|مانع|مشكله|اشكال|شك",
            "ما|مافي|مفيش|ماكو في|عندي? مشكله|مانع|اشكال|باس",
            "ماعندي|معنديش مانع|مشكله",
            "ليش|ليه|لم لا",
            "بكل|بكل سرور|تاكيد|ممنونيه",
            "من عيوني",
            "علي|ع راسي|عيني",
            "انا هو|هي|نفسه|نفسها|نفسو",
            "هو|هي نفسه|نفسها",
            "كلامك صح|صحيح|مضبوط|سليم",
            "صح كلامك",
        ],
    ),
    (
        Answer::No(Certain),
        phrases![
            "of course|course not",
            "certainly|absolutely|definitely|probably|surely not",
            "not at all",
            "no way|chance|thanks|no|sir|madam|sorry|never",
            "no thank you?",
            "no no no",
            "thats|that|its|it|this is? not|isnt|wrong|false|incorrect|never * right|correct|true|me|him|her|it?",
            "thats|that|its|it|this is? not|wrong|incorrect|false|untrue",
            "thats|that|it|this isnt|wasnt",
            "isnt|not|never me|him|her|true|right|correct|possible|okay|ok|interested|good|fine",
            "youre|you are? wrong|mistaken",
            "over my dead",
            "out of the question",
            "i disagree|decline",
            "لا|ما|مش اقبل|بقبل|اوافق|بوافق",
            "نو",
            "لا والله|شكرا|لا|طبعا|مستحيل|يا|ابدا|للاسف|تسلم|معليش|انا|هو|مو|غلط",
            "مش|مو|مب|موب|ليس|غير|مهو صح|صحيح|صحيحا|مضبوط|انا|هو|هي|موافق|موافقه|سليم|دقيق|ممكن|تمام|مهتم|مهتمه|لازم|الحين|معقول|كده|هيك",
            "مستحيل|ابدا|اطلاقا|بتاتا|نهاييا",
            "لست انا|هو|هي|موافق|موافقه|مهتما|مهتم",
            "طبعا|اكيد لا",
            "بالطبع لا",
            "لست",
        ],
    ),
    (
        Answer::No(Likely),
        phrases![
            "please dont",
            "^ dont $",
            "doesnt|wont|not work|suit|do",
            "cant do",
            "مش|مو|ما|مهو موجود|موجوده|هون|هنا",
            "ما|مافيني فيني|فيه|فيا?",
            "مافيني",
            "not really|quite|exactly|yet|now|today|right|that|anymore|yes|this|necessarily|entirely|completely",
            "dont think|believe|suppose so?",
            "do not think|believe|suppose so?",
            "i|we|he|she|it dont|do|does|cant|cannot|can|wont|will|would|wouldnt|havent|have|am|is|isnt|did|didnt|doesnt|was|wasnt|couldnt|could not",
            "i|we|he|she|it dont|cant|cannot|wont|wouldnt|havent|isnt|didnt|doesnt|wasnt|couldnt|arent",
            "im|hes|shes|were not",
            "id|i would? rather not",
            "yeah nah|no",
            "im afraid not",
            "hardly|never",
            "^ know $",
            "^ uh uh $",
            "^ nuh uh $",
            "ما|مش|مو|ماني|مابدي|مب بدي|اضن|بضن|اعتقد|اضن|بقدر|اقدر|قادر|قادره|عايز|عاوز|عايزه|ابي|ابغي|بدنا|بنفع|ينفع|هينفع|حابب|حابه|هقدر|حقدر|رح|راح|لسه|الان|اليوم|هلا|دلوقتي",
            "ما|لا ضني|اضن|استطيع|يمكن|يمكنني|اريد|اقدر|اوافق|ارغب|بقدر|احد|حدا|عندي|بدي|يوجد|يناسبني|بناسبني",
            "مابدي|مابقدر|مقدرش|مينفعش|معتقدش|مااقدر|ماقدر|مابي|ماابي|ماابغي|ماضن|مابضن|مااعتقد",
            "ليس بعد|الان|اليوم|حقا",
            "مش|مو كتير|بالضبط|بالزبط",
            "لسه لا",
        ],
    ),
    (
        Answer::Yes(Certain),
        phrases![
            "yes|yeah|yep|yup|yea|yah|ya|yess|yas|aye|affirmative|absolutely|definitely|certainly|indeed|exactly|precisely|correct|agreed|totally|yeh|yeap",
            "^ sure|speaking|course|please $",
            "^ sure",
            "ايوه|ايوا|ايو|ايه|اي|اه|نعم|اكيد|طبعا|بالطبع|بالتاكيد|اجل|بلي|صح|صحيح|مضبوط|ايواه|موافق|موافقه|اوافق|بوافق|اقبل|حاضر|ابشر|اوكيه|بالضبط|بالزبط|تاكيد|ايي|يب|يس|هيه",
            "i|we|he|she|it am|do|can|will|is|have|did|was|would|could|does",
            "^ its|its me",
        ],
    ),
    (
        Answer::No(Certain),
        phrases!["no|nope|nah|nay|negative|noo|nooo|naw|neither|noway", "لا|كلا|لالا|لاا|لع|لاه", "^ مش|مو|مب|موب $"],
    ),
    (Answer::No(Likely), phrases!["^ never|wrong|incorrect|false|غلط|خطا|لا", "غلط|خطا|غلطان|غلطانه", "^ not|stop $"]),
    (
        Answer::Yes(Likely),
        phrases![
            "think|guess|believe|suppose|hope so",
            "i guess|suppose $",
            "could say that",
            "^ do it|that $",
            "^ positive $",
            "yeah right",
            "بادن الله",
            "يا ريت",
            "^ عادي|تفضل|اتفضل|قبول $",
            "^ okay|ok|right|fine|alright|good|great|true|perfect|cool|deal|true|mhm|mmhm|mm|uhhuh|yo $",
            "^ uh huh $",
            "^ mm hmm|hm|mm $",
            "^ all right $",
            "^ i|he|she am|do|can|will|is $",
            "okay|ok|alright|fine|speaking",
            "^ my|a pleasure $",
            "that will|would|ll be|do fine|good|great|okay|ok|perfect|lovely|nice",
            "ماشي|تمام|طيب|اوكي|اوك|زين|يلا|انشالله|انشا|بصير|خلاص|كويس|منيح|مناسب|معك|معاك|وياك|متفقين|اتفقنا|مزبوط",
            "ان شا الله?",
            "^ ممكن $",
            "^ انا $",
            "^ وياك|معاك|معك",
        ],
    ),
    (Answer::Neither, phrases!["maybe|perhaps|possibly|depends|يمكن|ربما|بجوز|احتمال|حسب"]),
];

/// An answer that is this near to the beginning, in words, is the answer; the rest explains it.
const NEAR: usize = 3;
/// Longer texts are more than an answer.
const SHORT: usize = 7;

pub(super) fn yes_no(text: &str) -> Option<Understood<bool>> {
    let tokens = tokens(text);
    let words = Words::of(&tokens);
    let mut matches: Vec<(Range<usize>, Answer)> = Vec::new();
    for (answer, phrases) in &PHRASES {
        matches.extend(words.find_all(phrases).map(|range| (range, *answer)));
    }
    matches.sort_by_key(|(range, _)| std::cmp::Reverse(range.len()));
    let mut answers: Vec<(Range<usize>, Answer)> = Vec::new();
    for (range, answer) in matches {
        let is_taken = answers.iter().any(|(taken, _)| taken.start < range.end && range.start < taken.end);
        if !is_taken {
            answers.push((range, answer));
        }
    }
    answers.sort_by_key(|(range, _)| range.start);
    let (at, value, sure) = decide(&answers, words.len())?;
    Some(Found { value, at: words.tokens(&at), sure }.understood(&tokens))
}

fn decide(answers: &[(Range<usize>, Answer)], length: usize) -> Option<(Range<usize>, bool, Sureness)> {
    let polar = |answer: &Answer| match answer {
        Answer::Yes(sure) => Some((true, *sure)),
        Answer::No(sure) => Some((false, *sure)),
        Answer::Neither => None,
    };
    let (first, answer) = answers.first()?;
    let (value, sure) = polar(answer)?;
    let others: Vec<_> = answers[1..].iter().map(|(_, answer)| polar(answer)).collect();
    let contradicts = |other: &Option<(bool, Sureness)>| other.is_some_and(|(other, _)| other != value);
    let strongly = others.contains(&Some((!value, Certain)));
    if !others.iter().any(contradicts) {
        let alone = length <= SHORT || first.start < NEAR;
        let certain = sure == Certain && alone && !others.contains(&None);
        // What comes late in a long sentence says something else.
        if !alone && sure == Likely {
            return None;
        }
        return Some((first.clone(), value, if certain { Certain } else { Likely }));
    }
    match (sure, strongly) {
        // "Yes, but I can't today": an answer and what goes with it.
        (Certain, false) if first.start < NEAR => Some((first.clone(), value, Likely)),
        // "Okay, no": the first was no answer yet.
        (Likely, true) if answers.len() == 2 => Some((answers[1].0.clone(), !value, Likely)),
        _ => None,
    }
}
