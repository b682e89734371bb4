//! Many conversations in one language model: answers made together, held to grammars, compared without being made.

use std::{sync::mpsc, thread};

use callstead::speech::{
    Candidate, Chooser, Chunk, Grammar, Priority, Prompt, Question, Responder, Results, Sampling, SpeechError, Urgency,
    Usage, local::llama::Llama,
};
use serde_json::Value;

use crate::llama::{Fixture, INSTRUCTIONS, answer, asking, fixture, prompt};

/// What a caller promises.
const PROMISE: &str = r#"
    root   ::= "{\"amount\": " amount ", \"date\": \"" date "\"}"
    amount ::= [1-9] [0-9]{0,5} ("." [0-9] [0-9])?
    date   ::= "2026-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])
"#;
/// So long that it does not end while others are answered.
const LONG: &str = "root ::= ([a-z]{3} \" \"){100}";

fn grammar(source: &str) -> Option<Grammar> {
    Some(Grammar::new(source).expect("a grammar"))
}

fn read(mut results: Results<Chunk>) -> Result<(String, Usage), SpeechError> {
    let mut text = String::new();
    while let Some(result) = results.blocking_recv() {
        match result? {
            Chunk::Text(piece) => text.push_str(&piece),
            Chunk::Done(usage) => return Ok((text, usage)),
        }
    }
    panic!("the answer has no end: {text:?}");
}

/// The answers to all of these, asked at once.
fn together(llama: &Llama, prompts: Vec<Prompt>) -> Vec<(String, Usage)> {
    let results: Vec<_> = prompts.into_iter().map(|prompt| llama.respond(prompt)).collect();
    // Nobody waits for another's reader.
    let readers: Vec<_> = results.into_iter().map(|results| thread::spawn(move || read(results))).collect();
    readers.into_iter().map(|reader| reader.join().unwrap().unwrap()).collect()
}

fn questions() -> Vec<Prompt> {
    [
        "What is the capital of France?",
        "Name a colour of the rainbow.",
        "My bell is broken. Can you mend it?",
        "How many wheels does a bicycle have?",
        "Do you sell red bicycles for children?",
        "What is two plus two?",
    ]
    .iter()
    .zip(1..)
    .map(|(text, conversation)| prompt(conversation, &asking(text), 24))
    .collect()
}

#[test]
fn answers_made_together_are_those_made_alone() {
    let alone: Vec<String> = {
        let Fixture { llama, _turn } = fixture(1024);
        questions().into_iter().map(|prompt| answer(&llama, prompt).unwrap().0).collect()
    };
    let Fixture { llama, _turn } = fixture(1024);
    let together: Vec<String> = together(&llama, questions()).into_iter().map(|(text, _)| text).collect();
    assert_eq!(together, alone);
}

#[test]
fn candidates_compared_together_are_as_likely_as_alone() {
    let Fixture { llama, _turn } = fixture(1024);
    let answers = ["The capital of France is Paris.", "I do not know", "Yes", "مرحبا"];
    let choose = |candidates: &[&str], conversation| {
        let messages = asking("What is the capital of France?");
        let question = Question::choice(&messages, candidates.iter().copied(), conversation, Priority::Reply);
        llama.choose(question).blocking_recv().unwrap().unwrap()
    };
    let together = choose(&answers, 1);
    assert!(together.scores[0].log_probability > together.scores[1].log_probability, "{together:?}");
    for (answer, score) in answers.iter().zip(&together.scores) {
        let alone = choose(&[*answer], 2).scores[0];
        assert!((alone.log_probability - score.log_probability).abs() < 0.01, "{answer}: {alone:?} {score:?}");
    }
    assert!(together.scores.iter().all(|score| score.log_probability < 0.0 && score.tokens > 0), "{together:?}");
    assert_eq!(together.usage.generated_tokens, 0);
    assert!(choose(&answers, 3).usage.cached_tokens > 20, "what was asked before is in the cache");
}

#[test]
fn the_likeliest_meaning_is_that_of_the_words() {
    let Fixture { llama, _turn } = fixture(1024);
    let readings = ["will pay later", "is the wrong person", "wants to speak with a person"];
    for (said, meant) in [
        ("can I pay next month instead", 0),
        ("you have the wrong number", 1),
        ("I want to speak with your manager", 2),
    ] {
        let question = Question::meaning("Can you pay the bill today?", said, &readings, 1, Priority::Reply);
        let shares = llama.choose(question).blocking_recv().unwrap().unwrap().shares();
        let likeliest = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
        assert_eq!(likeliest, Some(meant), "{said}: {shares:?}");
    }
}

#[test]
fn questions_that_cannot_be_answered_are_refused() {
    let Fixture { llama, _turn } = fixture(512);
    let ask = |question: Question| llama.choose(question).blocking_recv().unwrap();
    let choices = |choices: Vec<String>| Question::choice(&asking("Well?"), choices, 1, Priority::Reply);
    let many_words = vec!["many words to compare, far more than there is room for, and still more. ".repeat(7); 16];
    for question in [
        choices(vec![]),
        choices(vec![String::new()]),
        choices(many_words),
        Question { candidates: vec![Candidate { messages: vec![], answer: "x".to_owned() }], ..choices(vec![]) },
    ] {
        assert!(matches!(ask(question), Err(SpeechError::Unsupported(_))));
    }
    assert!(ask(choices(vec!["yes".to_owned(), "no".to_owned()])).is_ok(), "the engine goes on");
}

#[test]
fn answers_follow_their_grammar_whatever_the_model_would_say() {
    let Fixture { llama, _turn } = fixture(1024);
    let promise = |seed: u32, temperature| Prompt {
        grammar: grammar(PROMISE),
        sampling: Sampling { temperature, top_p: 1.0, seed },
        ..prompt(u64::from(seed), &asking("Tell me a long story about a bicycle."), 60)
    };
    let prompts = (1..=8).map(|seed| promise(seed, 3.0)).chain([promise(9, 0.0)]).collect();
    for (text, usage) in together(&llama, prompts) {
        let said: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(!usage.truncated && said["amount"].as_f64().is_some_and(|amount| amount >= 1.0), "{text}");
        let date: Vec<u32> = said["date"].as_str().unwrap().split('-').map(|part| part.parse().unwrap()).collect();
        assert!(matches!(date[..], [2026, 1..=12, 1..=31]), "{text}");
    }
    let arabic = Prompt {
        grammar: grammar("root ::= \"نعم\" | \"لا\""), ..prompt(1, &asking("هل تدفع غدا؟"), 20)
    };
    let (text, _) = answer(&llama, arabic).unwrap();
    assert!(["نعم", "لا"].contains(&text.as_str()), "{text:?}");
    let cut = Prompt { grammar: grammar(LONG), ..prompt(1, &asking("Hi"), 10) };
    let (text, usage) = answer(&llama, cut).unwrap();
    assert!(usage.truncated && !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_lowercase()));
}

#[test]
fn a_guess_waits_for_replies_until_it_has_become_one() {
    let Fixture { llama, _turn } = fixture(1024);
    let mut ends = Vec::new();
    for is_right in [false, true] {
        let (sender, order) = mpsc::channel();
        let reply = Prompt { grammar: grammar(LONG), ..prompt(1, &asking("Tell me everything."), 150) };
        let mut reply = llama.respond(reply);
        assert!(matches!(reply.blocking_recv(), Some(Ok(Chunk::Text(_)))), "it has begun");
        let urgency = Urgency::new(Priority::Speculation);
        let guess = llama.respond(Prompt { priority: urgency.clone(), ..prompt(2, &asking("Hello."), 4) });
        if is_right {
            urgency.raise(Priority::Reply);
        }
        let readers = [("reply", reply), ("guess", guess)].map(|(name, results)| {
            let sender = sender.clone();
            thread::spawn(move || {
                read(results).unwrap();
                sender.send(name).unwrap();
            })
        });
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        ends.push(order.try_iter().collect::<Vec<_>>());
    }
    assert_eq!(ends, [["reply", "guess"], ["guess", "reply"]]);
}

#[test]
fn what_all_begin_with_is_computed_once() {
    let Fixture { llama, _turn } = fixture(1024);
    let script = format!("{INSTRUCTIONS} {}", "Bicycles are sold from nine to five. ".repeat(10));
    let asking = |text: String| {
        let mut messages = asking(&text);
        messages[0].text = script.clone();
        messages
    };
    let prompts = (1..=6).map(|call| prompt(call, &asking(format!("This is caller {call}.")), 2)).collect();
    let usages: Vec<Usage> = together(&llama, prompts).into_iter().map(|(_, usage)| usage).collect();
    let cold = usages.iter().filter(|usage| usage.cached_tokens * 2 < usage.prompt_tokens).count();
    assert_eq!(cold, 1, "five wait for the first: {usages:?}");

    // Other conversations take the places of all six.
    for call in 10..30 {
        answer(&llama, prompt(call, &crate::llama::asking(&format!("{call} bells")), 1)).unwrap();
        if call % 5 == 0 {
            let (_, usage) = answer(&llama, prompt(call + 100, &asking("Hello".to_owned()), 1)).unwrap();
            assert!(usage.cached_tokens * 2 > usage.prompt_tokens, "what is used stays: {usage:?}");
        }
    }
}

#[test]
fn a_reply_takes_the_place_of_what_can_wait_and_that_goes_on_later() {
    let Fixture { llama, _turn } = fixture(256);
    let batch = || Prompt {
        grammar: grammar(LONG),
        priority: Priority::Batch.into(),
        ..prompt(1, &asking("Tell me everything."), 150)
    };
    let undisturbed = answer(&llama, batch()).unwrap();
    let mut results = llama.respond(batch());
    assert!(matches!(results.blocking_recv(), Some(Ok(Chunk::Text(_)))), "it has begun");
    let reader = thread::spawn(move || read(results).unwrap());
    // There is no room for both.
    let (_, usage) = answer(&llama, prompt(2, &asking("Hello."), 100)).unwrap();
    assert!(usage.generated_tokens > 0);
    let (text, usage) = reader.join().unwrap();
    assert!(undisturbed.0.ends_with(&text) && text.len() + 4 >= undisturbed.0.len(), "{text:?} {undisturbed:?}");
    assert_eq!(usage.generated_tokens, undisturbed.1.generated_tokens);
}

#[test]
fn places_of_answers_that_nobody_wants_any_more_are_free() {
    let Fixture { llama, _turn } = fixture(512);
    for round in 0..3 {
        let long = |call: u64| Prompt { grammar: grammar(LONG), ..prompt(call, &asking("Tell me everything."), 250) };
        let mut dropped: Vec<_> = (0..20).map(|call| llama.respond(long(round * 100 + call))).collect();
        assert!(matches!(dropped[0].blocking_recv(), Some(Ok(Chunk::Text(_)))), "some have begun, and fill the cache");
        drop(dropped);
        let before = llama.steps();
        answer(&llama, prompt(1000 + round, &asking("Hello."), 250)).unwrap();
        assert!(llama.steps() - before < 300, "{} steps", llama.steps() - before);
    }
}

#[test]
fn a_reader_who_takes_nothing_keeps_nobody_waiting() {
    let Fixture { llama, _turn } = fixture(1024);
    let unread: Vec<_> = (1..=3)
        .map(|call| llama.respond(Prompt { grammar: grammar(LONG), ..prompt(call, &asking("Go on."), 100) }))
        .collect();
    for call in 10..14 {
        answer(&llama, prompt(call, &asking("Hello."), 8)).unwrap();
    }
    for results in unread {
        assert!(read(results).unwrap().1.truncated, "what was not read is not lost");
    }
}
