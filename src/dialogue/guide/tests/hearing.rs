//! Lines that were not heard.

use super::*;

const DOCUMENT: &str = "name = 'test'\n[[step]]\nid = 'a'\nsay = 'One.'\n[[step]]\nid = 'b'\nsay = 'Two.'\n\
     [[step]]\nid = 'c'\nask = 'Three?'\nexpect = 'yes-no'\non.yes = 'd'\non.no = 'd'\n[[step]]\nid = 'd'\nend = 'done'\n";

fn lines(guide: &mut Guide) -> Vec<LineId> {
    std::iter::from_fn(|| guide.poll())
        .filter_map(|output| match output {
            Output::Say(say) => Some(say.line),
            _ => None,
        })
        .collect()
}

#[test]
fn an_answer_to_a_question_that_was_not_begun_is_none() {
    for (heard, expected) in [
        ([Heard::Whole, Heard::Partly, Heard::Not], &["says: Two.", "says: Three?", "listens: Short"][..]),
        ([Heard::Not, Heard::Not, Heard::Not], &["says: One.", "says: Two.", "says: Three?", "listens: Short"]),
        ([Heard::Whole, Heard::Whole, Heard::Partly], &["hangs up: done"]),
        ([Heard::Whole, Heard::Whole, Heard::Whole], &["hangs up: done"]),
    ] {
        let mut guide = guide(DOCUMENT, &[], false);
        guide.handle(Input::Begin);
        for (line, heard) in lines(&mut guide).into_iter().zip(heard) {
            guide.handle(Input::Said { line, heard });
        }
        assert_eq!(say(&mut guide, "yes"), expected, "{heard:?}");
    }
}

#[test]
fn what_was_not_heard_is_said_again_once() {
    let mut guide = guide(DOCUMENT, &[], false);
    guide.handle(Input::Begin);
    for expected in ["listens: Short", "hangs up: done"] {
        for line in lines(&mut guide) {
            guide.handle(Input::Said { line, heard: Heard::Not });
        }
        guide.handle(Input::Words(Pii::new("yes".to_owned())));
        let outputs: Vec<_> = guide.outputs.iter().map(written).collect();
        assert_eq!(outputs.last().map(String::as_str), Some(expected));
    }
}

#[test]
fn a_wish_counts_even_over_a_line() {
    let mut guide = guide(DOCUMENT, &[], false);
    guide.handle(Input::Begin);
    for line in lines(&mut guide) {
        guide.handle(Input::Said { line, heard: Heard::Not });
    }
    assert_eq!(say(&mut guide, "stop calling me")[0], "act: DoNotCall");
}

#[test]
fn what_broke_off_is_said_again() {
    let mut guide = guide(DOCUMENT, &[], false);
    guide.handle(Input::Begin);
    for line in lines(&mut guide).into_iter().skip(1) {
        guide.handle(Input::Said { line, heard: Heard::Partly });
    }
    for expected in
        [&["says: Two.", "says: Three?", "listens: Short"][..], &["says: Two.", "says: Three?", "listens: Short"]]
    {
        guide.handle(Input::Again);
        let outputs: Vec<_> = std::iter::from_fn(|| guide.poll()).collect();
        assert_eq!(outputs.iter().map(written).collect::<Vec<_>>(), expected);
        for output in outputs {
            if let Output::Say(said) = output {
                guide.handle(Input::Said { line: said.line, heard: Heard::Not });
            }
        }
    }
    // When all was heard, the question is what is missing.
    guide.said.clear();
    guide.handle(Input::Again);
    assert_eq!(
        std::iter::from_fn(|| guide.poll()).map(|it| written(&it)).collect::<Vec<_>>(),
        ["says: Three?", "listens: Short"]
    );
    assert_eq!(say(&mut guide, "yes"), ["hangs up: done"]);
    guide.handle(Input::Again);
    assert_eq!(guide.poll().map(|it| written(&it)).as_deref(), Some("hangs up: done"));
}

#[test]
fn who_wants_no_more_calls_is_heard_after_the_goodbye_too() {
    let mut guide = guide(DOCUMENT, &[], false);
    guide.handle(Input::Begin);
    drop(lines(&mut guide));
    assert_eq!(say(&mut guide, "yes"), ["hangs up: done"]);
    assert_eq!(say(&mut guide, "thank you"), [""; 0]);
    assert_eq!(say(&mut guide, "and stop calling me")[0], "act: DoNotCall");
    assert_eq!(guide.outcome(), Some("do-not-call"));
}

const PAYING: &str = "name = 'test'\n[[step]]\nid = 'amount'\nask = 'How much?'\nexpect = 'amount'\nat_most = 500\nsave = 'x'\n\
     confirm = false\n[[step]]\nid = 'date'\nask = 'When?'\nexpect = 'date'\nwithin_days = 30\nsave = 'y'\nconfirm = false\n\
     [[step]]\nid = 'right'\nask = 'So {{x}} on {{y}}?'\nexpect = 'yes-no'\non.yes = 'done'\non.no = 'amount'\n\
     [[step]]\nid = 'done'\nend = 'done'\n";

#[test]
fn what_is_said_beside_an_answer_is_kept_for_the_next_question() {
    for (answers, last) in [
        (&["two hundred pounds on Friday"][..], "says: So two hundred on Friday the fifteenth of May?"),
        (&["on Friday", "two hundred"], "says: So two hundred on Friday the fifteenth of May?"),
        (&["two hundred"], "says: When?"),
        (&["the fifteenth"], "says: How much?"),
        (&["two hundred pounds on the first of September"], "says: When?"),
    ] {
        let mut guide = guide(PAYING, &[], false);
        guide.handle(Input::Begin);
        outputs(&mut guide);
        let said: Vec<_> = answers.iter().flat_map(|words| say(&mut guide, words)).collect();
        let asked = said.iter().rfind(|line| line.starts_with("says: "));
        assert_eq!(asked.map(String::as_str), Some(last), "{answers:?}: {said:?}");
    }
}
