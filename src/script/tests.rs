use super::*;

fn faults(document: &str) -> Vec<String> {
    Script::parse(document).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn placeholder() {
    assert_eq!(faults("x = 1").len(), 3);
}

#[test]
fn built_in_scripts_are_good() {
    for (name, document) in builtin::ALL {
        let script = Script::parse(document);
        assert!(script.is_ok(), "{name}: {:#?}", script.err());
        std::fs::write("/tmp/scratch-script/out.svg", script.unwrap().graph()).unwrap();
    }
}
