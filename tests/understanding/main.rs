//! How well callers' answers are understood: labelled sets, held out from who writes the readers (README.md beside this
//! file), and what the readers make of them. The figures are printed; what is asserted is that the sets are sound and that
//! answers are not misread more often than was measured, for a wrong amount in a promise is worse than asking again.

mod choices;
mod model;
mod report;
mod sets;
mod values;

use std::{collections::HashSet, num::NonZeroUsize};

use callstead::domain::{Language, fold};
use choices::Verdict;
use model::{Model, Waits};
use report::{Figures, Outcome, score};
use sets::{Kind, NONE, Set, Type};
use values::Written;

/// What may be misread of a set whose values end in promises, dates and calls: as much as was measured, and no more. Lower
/// it when the readers get better.
struct Limit {
    language: Language,
    of: Type,
    wrong: usize,
    /// Those of the wrong ones that the agent would not even ask about.
    certainly_wrong: usize,
}

const fn limit(language: Language, of: Type, wrong: usize, certainly_wrong: usize) -> Limit {
    Limit { language, of, wrong, certainly_wrong }
}

const LIMITS: [Limit; 12] = [
    limit(Language::ENGLISH, Type::YesNo, 17, 7),
    limit(Language::ENGLISH, Type::Amount, 15, 1),
    limit(Language::ENGLISH, Type::Date, 12, 9),
    limit(Language::ENGLISH, Type::Phone, 32, 0),
    limit(Language::ENGLISH, Type::Digits, 25, 17),
    limit(Language::ENGLISH, Type::Intent, 12, 9),
    limit(Language::ARABIC, Type::YesNo, 18, 6),
    limit(Language::ARABIC, Type::Amount, 17, 2),
    limit(Language::ARABIC, Type::Date, 11, 10),
    limit(Language::ARABIC, Type::Phone, 15, 1),
    limit(Language::ARABIC, Type::Digits, 15, 14),
    limit(Language::ARABIC, Type::Intent, 23, 18),
];

/// Requests to be called no more that may be heard as nothing or as something else: as many as were measured.
const MOST_UNHEARD_STOPS: [(Language, usize); 2] = [(Language::ENGLISH, 7), (Language::ARABIC, 15)];

#[test]
fn print_the_figures() {
    println!("{}", Figures::HEADING);
    for set in Set::all() {
        println!("{}", Figures::of(&set));
    }
}

#[test]
fn answers_are_not_misread() {
    for Limit { language, of, wrong, certainly_wrong } in LIMITS {
        let figures = Figures::of(&Set::load(language, of));
        assert!(
            figures.wrong <= wrong && figures.certainly_wrong <= certainly_wrong,
            "{} {of}: {} misread, {} of them with certainty; at most {wrong} and {certainly_wrong} were measured. \
             To see them: cargo test --release --test understanding list_misread -- --ignored --nocapture",
            language.code(),
            figures.wrong,
            figures.certainly_wrong,
        );
    }
}

#[test]
fn who_wants_no_more_calls_is_heard() {
    for (language, most) in MOST_UNHEARD_STOPS {
        let set = Set::load(language, Type::Intent);
        let scored = score(&set);
        let unheard: Vec<_> = scored
            .iter()
            .filter(|one| one.answer.label == "stop-calling" && one.outcome != Outcome::Right)
            .map(|one| &one.answer.text)
            .collect();
        assert!(unheard.len() <= most, "{} of at most {most}: {unheard:?}", unheard.len());
    }
}

/// A language model that is asked misleads hardly anybody: below the threshold the caller is asked again. Of a few answers; all
/// of them take minutes.
#[test]
fn a_model_does_not_mislead() {
    // Others test beside this.
    let model = Model::load(Some(NonZeroUsize::MIN));
    for set in choices::sets() {
        let judged = choices::judge(&model.llama, &set, 12, &mut Waits::default());
        let verdict = choices::verdict(&judged, model.understanding.temperature);
        assert!(judged.len() > 5 && verdict.wrong <= 1, "{} {}: {verdict:?}", set.language.code(), set.of);
    }
}

/// What docs/understanding.md says of a model.
#[test]
#[ignore = "takes minutes"]
fn print_what_a_model_adds() {
    let (Model { llama, name, understanding }, step) = (Model::load(None), model::every());
    println!("\n{name}, {understanding:?}, every answer of {step} that the readers have nothing for\n");
    let mut waits = Waits::default();
    let judged = |set: Set| {
        let judged = choices::judge(&llama, &set, step, &mut waits);
        (set, judged)
    };
    let judged: Vec<_> = choices::sets().map(judged).collect();
    let chosen = choices::Report { sets: &judged, understanding };
    println!("{chosen}\nAnswers: {}\n", waits.report());
    for (set, _) in &judged {
        let [all, read, judged] = choices::beside_the_readers(&llama, set, step);
        let (language, of) = (set.language.code(), set.of);
        println!("{language} {of}, likely for the readers: {all}; they have {read} right, the model {judged}");
    }
    println!();
    let mut waits = Waits::default();
    let written = values::write(&llama, step, &mut waits);
    println!("{}", values::Written::HEADING);
    written.iter().for_each(|set| println!("{set}"));
    println!("\nValues: {}\n", waits.report());
    let temperature = chosen.best_temperature();
    let asked = is_worth_asking(chosen.verdict(temperature), &written);
    println!("For models/manifest.toml:\nunderstanding = {{ asked = {asked}, temperature = {temperature:?} }}");
}

/// Whether callers are better off when a model is asked: it helps with one answer in ten, and misleads with one in ten of
/// those at most; of the values that it writes, which are read back, more are right than wrong.
fn is_worth_asking(chosen: Verdict, written: &[Written]) -> bool {
    let Verdict { right, wrong, refused } = chosen;
    let sum = |count: fn(&Written) -> usize| written.iter().map(count).sum::<usize>();
    let (good, bad) = (sum(|it| it.right), sum(|it| it.misread + it.made_up));
    right * 10 >= right + wrong + refused && wrong * 10 <= right && good > bad
}

/// What was misread or refused, one by one. Who changes the readers after looking at these owes the sets new answers.
#[test]
#[ignore = "spoils the sets for who writes the readers"]
fn list_misread() {
    for set in Set::all() {
        for one in score(&set).iter().filter(|one| one.outcome != Outcome::Right) {
            println!(
                "{} {}: {:?} ({}) is {}, {:?}: {:?}",
                set.language.code(),
                set.of,
                one.answer.text,
                one.answer.context,
                one.answer.label,
                one.outcome,
                one.understood
            );
        }
    }
}

#[test]
fn the_sets_are_sound() {
    for set in Set::all() {
        let name = format!("{} {}", set.language.code(), set.of);
        let mut seen = HashSet::new();
        for answer in &set.answers {
            let text = &answer.text;
            assert!(seen.insert((text.to_lowercase(), &answer.context)), "{name}: {text:?} stands twice");
            assert!(!fold(text).is_empty(), "{name}: an answer is empty");
            if let Err(error) = set.normal(answer) {
                panic!("{name}: {text:?}: {:?} {error}", answer.label);
            }
            let may_have_a_value = answer.kind != Kind::Refusal;
            assert!(may_have_a_value || answer.label == NONE, "{name}: {text:?} is a refusal and has a value");
        }
        let (answers, none) = (set.answers.len(), set.answers.iter().filter(|answer| answer.label == NONE).count());
        assert!(answers >= 200, "{name}: {answers} answers");
        assert!(none * 100 >= answers * 15, "{name}: only {none} of {answers} have to be asked again");
        for kind in Kind::ALL {
            assert!(set.answers.iter().any(|answer| answer.kind == kind), "{name}: none is {kind:?}");
        }
    }
}
