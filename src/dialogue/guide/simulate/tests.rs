use super::*;
use crate::script::builtin;

#[test]
fn tests_of_built_in_scripts_hold() {
    let mut failed = Vec::new();
    for (name, document) in builtin::ALL {
        let script = Arc::new(Script::parse(document).unwrap());
        assert!(!script.tests.is_empty(), "{name} has no tests");
        for test in &script.tests {
            let run = run(&script, &Scene::of(test));
            for unmet in unmet(&script, test, &run) {
                failed.push(format!("{name}: {}: {unmet}\n{}", test.name, shown(&run)));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn shown(run: &Run) -> String {
    let lines = run.transcript.iter().map(|spoken| match spoken {
        Spoken::Agent { text, .. } => format!("    agent: {text}\n"),
        Spoken::Caller(text) => format!("    caller: {}\n", text.as_deref().unwrap_or("(silence)")),
        Spoken::Model => "    model\n".to_owned(),
    });
    lines.collect::<String>() + &format!("    {:?} {:?}", run.acts, run.outcome)
}

#[test]
fn every_caller_comes_to_an_end_and_none_of_the_unwilling_promises() {
    for (name, document) in builtin::ALL {
        let script = Arc::new(Script::parse(document).unwrap());
        for (manner, persona) in Persona::ALL {
            for seed in 0..10 {
                let scene =
                    Scene { persona, seed, says: Vec::new(), answers: BTreeMap::new(), ..Scene::of(&script.tests[0]) };
                let run = run(&script, &scene);
                assert!(run.outcome.is_some(), "{name}, {manner}, {seed}: {}", shown(&run));
                let is_willing = matches!(persona, Persona::Cooperative | Persona::Terse | Persona::Rambling);
                let promised = run.acts.iter().any(|act| matches!(act, Act::Promise { .. }));
                assert!(is_willing || !promised, "{name}, {manner}, {seed}: {}", shown(&run));
            }
        }
    }
}

#[test]
fn the_example_of_the_documentation_is_good() {
    let blocks =
        include_str!("../../../../docs/scripts.md").split("```").filter_map(|block| block.strip_prefix("toml\n"));
    let whole: Vec<_> = blocks.filter(|block| block.starts_with("name =")).collect();
    assert_eq!(whole.len(), 1);
    let script = Arc::new(Script::parse(whole[0]).unwrap());
    for test in &script.tests {
        let run = run(&script, &Scene::of(test));
        assert_eq!(unmet(&script, test, &run), [""; 0], "{}", shown(&run));
    }
}

#[test]
fn expectations_can_fail() {
    let document = "name = 'x'\n[[step]]\nid = 'a'\nend = 'done'\n[[test]]\nname = 't'\n\
         expect = { outcome = 'other', amount = 3, date = '2026-05-12', promise = true, callback = true, do_not_call = true, never = ['a'] }\n";
    let script = Arc::new(Script::parse(document).unwrap());
    let test = &script.tests[0];
    assert_eq!(unmet(&script, test, &run(&script, &Scene::of(test))).len(), 7);
}

#[test]
fn equal_seeds_give_equal_calls() {
    let script = Arc::new(Script::parse(builtin::find("support-en").unwrap()).unwrap());
    let scene =
        |seed| Scene { persona: Persona::Rambling, seed, answers: BTreeMap::new(), ..Scene::of(&script.tests[0]) };
    let calls: Vec<_> = (0..20).map(|seed| run(&script, &scene(seed)).transcript).collect();
    assert_eq!(calls[7], run(&script, &scene(7)).transcript);
    assert!(calls.iter().any(|call| *call != calls[0]), "seeds differ");
}
