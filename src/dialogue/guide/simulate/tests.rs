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
                failed.push(format!("{name}: {}: {unmet}\n{:#?}", test.name, run.transcript));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
