use super::*;

fn faults(document: &str) -> Vec<String> {
    Script::parse(document).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// A script with one more step before its end.
fn with(step: &str) -> String {
    format!(
        "name = 'test'\n[variables]\ndue = 'money'\nwho = 'name'\nat = 'date-time'\n[[step]]\nid = 'a'\n{step}\n\
         [[step]]\nid = 'end'\nend = 'done'\n"
    )
}

#[test]
fn good_documents_are_scripts() {
    for step in [
        "say = 'Hello {{who}}.'",
        "say = 'Hello {{who}}.'\nwithout = 'Hello.'\nuninterruptible = true\nnext = 'end'",
        "ask = 'Well?'\nexpect = 'yes-no'\non.yes = 'end'\non.no = 'end'",
        "ask = 'Well?'\nexpect = 'yes-no'\nnext = 'end'",
        "ask = 'Well?'\nexpect = 'amount'\nat_least = 1.5\nat_most = 'due'\nsave = 'x'\nconfirm = 'So {{answer}}?'",
        "ask = 'Well?'\nexpect = 'digits'\nlength = [4, 6]\nretries = 0",
        "ask = 'Well?'\nexpect = 'choice'\nanswers.one = 'the one'\nanswers.two = ['two', 'both']\nnext = 'end'\non.human = 'end'",
        "converse = 'Chat.'\nsay = 'Hi.'\nfacts = ['We owe {{due}}.']\nrules = ['Be nice.']\nnever = ['hell']\nturns = 3",
        "branch = [{ if = 'due > 10 and who is known', then = 'end' }]",
        "set = { x = 'one', y = 3, z = true, due2 = '{{due}}' }",
        "tool = 'https://example.com/x?y={{who}}'\nmethod = 'POST'\nsend = { a = '{{due}}' }\nsave = { b = '/b' }\ntimeout = 3\non.failed = 'end'",
        "record = 'callback'\nat = 'at'\nreason = 'Because of {{due}}'",
        "record = 'outcome'\noutcome = 'half-way'",
        "transfer = 'A reason'\nnext = 'end'",
    ] {
        assert_eq!(faults(&with(step)), [""; 0], "{step}");
    }
}

#[test]
fn faults_say_what_to_do() {
    for (step, fault) in [
        ("sai = 'Hi.'", "line 6: step `a` does nothing"),
        (
            "say = 'Hi.'\nuninteruptible = true",
            "line 9: step `a` has no `uninteruptible`: did you mean `uninterruptible`?",
        ),
        ("say = 'Hi.'\nnext = 'edn'", "line 9: step `edn` does not exist: did you mean `end`?"),
        ("say = 'Hi {{woh}}.'", "line 8: there is no variable `woh`: did you mean `who`?"),
        ("say = 'Hi {{who.'", "line 8: a variable begins with `{{` and does not end"),
        ("say = 3", "line 8: `say` must be a text in quotes"),
        ("say = ' '", "line 8: `say` is empty"),
        ("say = 'Hi {{who}}.'\nwithout = 'Hi {{who}}.'", "line 9: `without` is said when a value is missing"),
        ("ask = 'Well?'", "step `a` asks and does not say what it expects"),
        (
            "ask = 'Well?'\nexpect = 'yesno'\nnext = 'end'",
            "line 9: nothing such as `yesno` can be expected: did you mean `yes-no`?",
        ),
        ("ask = 'Well?'\nexpect = 'yes-no'\non.yes = 'end'", "step `a` leads nowhere on `no`: give `on.no`"),
        ("ask = 'Well?'\nexpect = 'choice'\nnext = 'end'", "a choice needs `answers`"),
        ("ask = 'Well?'\nexpect = 'name'\non.yes = 'end'", "line 10: step `a` has no answer `yes`"),
        ("ask = 'Well?'\nexpect = 'name'\nanswers.other = 'x'\nnext = 'end'", "`other` has a meaning of its own"),
        ("ask = 'Well?'\nexpect = 'amount'\nat_most = 'who'", "line 10: `who` is no amount"),
        ("ask = 'Well?'\nexpect = 'digits'\nlength = 0", "line 10: `length` must be a number up to 64"),
        ("ask = 'Well?'\nexpect = 'date'\nconfirm = 'Right?'", "line 10: `confirm` has to say what was understood"),
        ("ask = 'Well?'\nsay = 'Hi.'\nexpect = 'name'", "line 9: step `a` has no `say`"),
        (
            "ask = 'Well?'\nexpect = 'date'\nsave = 'due'",
            "line 10: `due` is of kind money elsewhere, and here of kind date",
        ),
        ("say = 'Hi.'\non.silence = 'end'", "line 9: nothing happens on `silence` here"),
        ("say = 'Hi.'\non.yes = 'end'", "line 9: `on.yes` is for steps that `ask` or `converse`"),
        ("ask = 'Well?'\nend = 'x'", "line 6: step `a` has both `ask` and `end`"),
        ("branch = [{ if = 'due > much', then = 'end' }]", "line 8: `much` cannot be compared with `due`"),
        ("branch = [{ then = 'end' }]", "write `branch = [{ if ="),
        ("set = { due = 'lots' }", "line 8: `lots` is no money, as `due` is"),
        ("tool = 'http://example.com/'\non.failed = 'end'", "line 8: an address begins with https://"),
        ("tool = 'https://{{who}}/'\non.failed = 'end'", "line 8: an address begins with https://"),
        ("tool = 'https://example.com{{who}}'\non.failed = 'end'", "line 8: an address begins with https://"),
        ("tool = 'https://user@example.com/{{who}}'\non.failed = 'end'", "line 8: an address begins with https://"),
        ("tool = 'https://example.com/'", "does not say where to go when there is no answer: give `on.failed`"),
        ("record = 'promis'", "line 8: `promis` cannot be recorded: did you mean `promise`?"),
        ("record = 'promise'\namount = 'who'\ndate = 'at'", "line 9: `who` is of kind name: amount needs money"),
        ("converse = 'Chat.'\nturns = 0", "line 9: `turns` must be a whole number from 1 to 50"),
        ("say = 'Hi.'\n[[step]]\nid = 'a'\nsay = 'Hi.'", "line 10: step `a` is already there on line 7"),
        ("say = 'Hi.'\nnext = 'end'\n[[step]]\nid = 'b'\nsay = 'Hi.'", "line 11: no step leads to `b`"),
        ("say = 'Hi.'\nnext = 'a'", "line 7: `a` comes back to itself without asking anything"),
        ("ask = 'Well?'\nexpect = 'name'\nnext = 'a'", "line 7: from `a` the call never ends"),
    ] {
        let faults = faults(&with(step));
        assert!(faults.iter().any(|it| it.contains(fault)), "{step}\n{faults:#?}");
    }
    let long = with(&format!("say = '{}'", "word ".repeat(101)));
    assert_eq!(faults(&long), ["line 8: `say` has 505 characters: 500 are the most"]);
}

#[test]
fn documents_may_be_anything() {
    for (document, fault) in [
        ("", "the script has no name"),
        ("name = 'x'", "the script has no steps"),
        ("name = ", "this is no TOML"),
        ("name = 'x'\nstep = 3", "write `[[step]]`"),
        ("name = 'x'\nstep = []", "the script has no steps"),
        ("name = 'x'\nlanguage = 'klingon'", "unknown language 'klingon'"),
        ("name = 'x'\n[variables]\nx = 'monney'", "there is no kind `monney`: did you mean `money`?"),
        ("name = 'x'\n[lines]\nwhoo = 'I'", "there is no line `whoo`: did you mean `who`?"),
        ("name = 'x'\n[[step]]\nid = 'a b'\nend = 'x'", "`a b` is no id"),
        ("name = 'x'\n[[step]]\nsay = 'x'", "step 1 has no `id`"),
        ("name = 'x'\n[[step]]\nid = 'a'\nsay = 'x'", "nothing comes after step `a`"),
        ("name = 'x'\n[[test]]\nexpects = 3", "a test has no `name`"),
    ] {
        let faults = faults(document);
        assert!(faults.iter().any(|it| it.contains(fault)), "{document}\n{faults:#?}");
    }
    assert!(faults(&"#".repeat(MOST_BYTES + 1))[0].contains("262144 are the most"));
    assert!(faults(&format!("x = {}", "[".repeat(10_000)))[0].contains("this is no TOML"));
    let many = format!("name = 'x'\n{}", "[[step]]\nid = 'a'\nsay = ''\n".repeat(300));
    let faults = faults(&many);
    assert_eq!(faults.len(), 51, "so many faults are told");
    assert!(faults[50].contains("more faults from here on"));
}

#[test]
fn a_promise_has_to_be_read_back() {
    let document = |confirm: &str, question: &str| {
        format!(
            "name = 'test'\n[[step]]\nid = 'm'\nask = 'How much?'\nexpect = 'amount'\nsave = 'm'\n{confirm}\n\
             [[step]]\nid = 'd'\nask = 'When?'\nexpect = 'date'\nsave = 'd'\n\
             [[step]]\nid = 'q'\nask = '{question}'\nexpect = 'yes-no'\non.yes = 'p'\non.no = 'm'\n\
             [[step]]\nid = 'p'\nrecord = 'promise'\namount = 'm'\ndate = 'd'\n[[step]]\nid = 'e'\nend = 'done'\n"
        )
    };
    assert_eq!(faults(&document("", "Sure?")), [""; 0]);
    assert_eq!(faults(&document("confirm = false", "So {{m}}?")), [""; 0]);
    let told = faults(&document("confirm = false", "Sure?"));
    assert!(told[0].contains("`m` may be promised without being read back"), "{told:?}");
}

#[test]
fn built_in_scripts_are_good_and_can_be_drawn() {
    for (name, document) in builtin::ALL {
        let script = Script::parse(document).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));
        assert!(is_guided(document), "{name}");
        assert_eq!(script.language.code(), &name[name.len() - 2..], "{name} is named after its language");
        let svg = script.graph();
        assert_eq!(svg, script.graph(), "the same script is drawn equally");
        let drawn = svg.matches("<rect ").count();
        assert_eq!(drawn, script.steps().count(), "{name} has all its steps drawn");
    }
}

#[test]
fn drawings_hold_no_markup_of_the_document() {
    let document = "name = '<script>\"&'\n[[step]]\nid = 'a'\nsay = '</text><script>alert(1)</script>'\n\
         [[step]]\nid = 'b'\nend = 'x'\n";
    let script = Script::parse(document).unwrap();
    for svg in [script.graph(), script.drawing(script.find("b"))] {
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains("&lt;/text&gt;"), "{svg}");
        assert!(svg.contains("<title>&lt;script&gt;&quot;&amp;</title>"), "{svg}");
    }
    let part = script.drawing(script.find("b"));
    assert!(!part.contains("<style") && part.contains(r#"class="step ends here" id="step-2" data-line="5""#), "{part}");
}

#[test]
fn a_record_brings_the_values_of_variables() {
    let script = Script::parse(&with("say = 'Hi.'")).unwrap();
    let record = serde_json::json!({ "who": "Nadia", "due": 12.5, "at": "soon", "other": 3 });
    let values: Vec<_> =
        script.values(&record, None).iter().map(|(name, value)| (name.clone(), value.written())).collect();
    assert_eq!(values, [("due".to_owned(), "12.50".to_owned()), ("who".to_owned(), "Nadia".to_owned())]);
    assert!(script.values(&serde_json::json!([1]), None).is_empty());
}

#[test]
fn hosts_have_to_be_allowed() {
    let script = Script::parse(&with("tool = 'https://crm.example.com/'\non.failed = 'end'")).unwrap();
    assert_eq!(script.refused_hosts(&["CRM.example.com".parse().unwrap()]), []);
    for other in ["example.com", "crm.example.com:8443"] {
        let refused = script.refused_hosts(&[other.parse().unwrap()]);
        assert_eq!((refused.len(), refused[0].line), (1, 6));
    }
}

#[test]
fn programs_are_asked_by_https_or_on_this_machine() {
    for (address, host) in [
        ("https://crm.example.com", Some("crm.example.com")),
        ("https://crm.example.com:8443/{{who}}", Some("crm.example.com:8443")),
        ("http://127.0.0.1:9000/{{who}}", Some("127.0.0.1:9000")),
        ("http://localhost/", Some("localhost:80")),
        ("http://crm.example.com/", None),
        ("http://localhost.{{who}}/", None),
        ("http://me@127.0.0.1:9000/", None),
        ("https://crm.example.com:x@evil.example/", None),
    ] {
        let script = Script::parse(&with(&format!("tool = '{address}'\non.failed = 'end'")));
        let found = script.as_ref().ok().and_then(|script| script.hosts().next());
        assert_eq!(found.map(|(host, _)| host.as_str()), host, "{address}");
    }
}

#[test]
fn free_instructions_are_no_guided_script() {
    assert!(!is_guided("Be nice. Ask when it will be paid."));
    assert!(is_guided("name = 'x'\n  [[step]]  \n"));
}

#[test]
fn what_is_said_in_every_call_is_known_beforehand() {
    let document = "name = 'x'\n[variables]\nuserName = 'name'\n[lines]\ngoodbye = 'So long.'\nagain = 'Again, {{userName}}?'\n\
        [[step]]\nid = 'a'\nask = 'Is it {{userName}}?'\nwithout = 'Who is it?'\nrephrase = ['Say your name.']\nexpect = 'name'\n\
        save = 'userName'\nnext = 'b'\n[[step]]\nid = 'b'\nsay = 'Thank you.'\nend = 'done'\n";
    let lines = Script::parse(document).unwrap().fixed_lines();
    assert_eq!(lines[..3], ["Who is it?", "Say your name.", "Thank you."]);
    assert!(lines.iter().any(|line| line == "So long."));
    assert!(!lines.iter().any(|line| line.contains("{{") || line.starts_with("Again")), "{lines:?}");
}
