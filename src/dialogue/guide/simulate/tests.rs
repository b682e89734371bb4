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
