//! What a language model adds, and what it may not do.

use super::*;

fn with_model(document: &str) -> Guide {
    let mut guide = guide(document, &[], true);
    guide.handle(Input::Begin);
    outputs(&mut guide);
    guide
}

#[test]
fn a_choice_counts_when_it_is_likely_enough() {
    let document = asking("expect = 'yes-no'\non.yes = 'end'\non.no = 'no'\n[[step]]\nid = 'no'\nend = 'declined'");
    for (shares, last) in [
        (&[0.9, 0.05, 0.05][..], "hangs up: answered"),
        (&[0.1, 0.8, 0.1], "hangs up: declined"),
        (&[0.6, 0.3, 0.1], "listens: Short"),
        (&[0.0, 0.1, 0.9], "listens: Short"),
        (&[f32::NAN, 0.0, 0.0], "listens: Short"),
        (&[9.0, 0.0, 0.0], "listens: Short"),
        (&[1.0], "listens: Short"),
        (&[], "listens: Short"),
    ] {
        let mut guide = with_model(&document);
        assert_eq!(say(&mut guide, "bananas are blue"), ["scores: yes no other"]);
        guide.handle(Input::Scored { request: RequestId(0), shares: vec![1.0, 0.0, 0.0] });
        assert_eq!(outputs(&mut guide), [""; 0], "an answer to something else is ignored");
        guide.handle(Input::Scored { request: RequestId(1), shares: shares.to_vec() });
        assert_eq!(outputs(&mut guide).last().map(String::as_str), Some(last), "{shares:?}");
    }
}

#[test]
fn a_value_of_a_models_is_read_back() {
    let document = asking("expect = 'amount'\nsave = 'x'\nconfirm = false");
    for (text, last) in [
        (Some("250"), "listens: Short"),
        (Some("none"), "listens: Digits"),
        (Some("drop table"), "listens: Digits"),
        (Some(""), "listens: Digits"),
        (None, "listens: Digits"),
    ] {
        let mut guide = with_model(&document);
        assert_eq!(say(&mut guide, "bananas are blue"), ["fills: Amount"]);
        guide.handle(Input::Filled { request: RequestId(1), text: text.map(|text| Pii::new(text.to_owned())) });
        assert_eq!(outputs(&mut guide).last().map(String::as_str), Some(last), "{text:?}");
    }
}

#[test]
fn nobody_but_the_caller_says_yes_to_what_is_read_back() {
    let document = "name = 'test'\n[variables]\ndue = 'money'\n[[step]]\nid = 'a'\nask = 'So {{due}}?'\nexpect = 'yes-no'\n\
         on.yes = 'b'\non.no = 'b'\n[[step]]\nid = 'b'\nend = 'done'\n";
    let mut guide = guide(document, &[("due", "5")], true);
    guide.handle(Input::Begin);
    outputs(&mut guide);
    assert_eq!(say(&mut guide, "bananas are blue").last().map(String::as_str), Some("listens: Short"));
}

#[test]
fn words_that_follow_belong_to_those_before() {
    let mut guide = with_model(&asking("expect = 'amount'\nsave = 'x'\nconfirm = '{{answer}}?'"));
    assert_eq!(say(&mut guide, "bananas are"), ["fills: Amount"]);
    assert!(say(&mut guide, "250")[0].contains("fifty"), "both together are read back");
    assert_eq!(say(&mut guide, "yes").last().map(String::as_str), Some("hangs up: answered"));
}

#[test]
fn a_conversation_has_a_budget_and_ways_out() {
    let document = "name = 'test'\n[[step]]\nid = 'talk'\nconverse = 'Chat.'\nsay = 'Hi.'\nturns = 2\n\
         answers.buy = ['I want to buy']\non.buy = 'sold'\n[[step]]\nid = 'end'\nend = 'done'\n[[step]]\nid = 'sold'\nend = 'sold'\n";
    let think = |guide: &mut Guide, request, is_good| {
        guide.handle(Input::Thought { request: RequestId(request), is_good });
        outputs(guide)
    };
    let mut guide = with_model(document);
    assert_eq!(say(&mut guide, "what is new"), ["thinks"]);
    assert_eq!(think(&mut guide, 1, true), ["listens: Anything"]);
    assert_eq!(say(&mut guide, "and what else"), ["thinks"]);
    assert_eq!(think(&mut guide, 2, true), ["hangs up: done"]);
    for (words, last) in [("I want to buy", "hangs up: sold"), ("that's all", "hangs up: done")] {
        assert_eq!(say(&mut with_model(document), words), [last]);
    }
    let mut guide = with_model(document);
    say(&mut guide, "what is new");
    let held_back = think(&mut guide, 1, false);
    assert_eq!(held_back[0], "trouble: the language model had no answer at step `talk`");
    assert_eq!(held_back.last().map(String::as_str), Some("listens: Anything"));
}
