//! `callstead admin`, beside a program that has the database open, as a server has.
use std::os::unix::fs::PermissionsExt;

use callstead::store::{
    Store,
    api_keys::{self, KeySecret, Scope},
};

use crate::support::{Desk, SmallDisk, error, json, program, text};

fn find(store: &Store, secret: &str) -> Option<api_keys::ApiKey> {
    let secret = KeySecret::parse(secret).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.read(move |connection| api_keys::find(connection, &secret))).unwrap()
}

#[test]
fn a_key_is_made_beside_a_running_server_and_without_one() {
    let desk = Desk::new();
    let create = ["admin", "api-key", "create", "--scope", "token,dispatch", "--scope", "token", "--name", "front end"];
    // Nobody has made a database yet.
    let printed = text(&desk.run(&create).stdout);
    let store = Store::open(&desk.data_dir()).unwrap();
    assert!(find(&store, printed.trim_end()).is_some_and(|key| key.name == "front end"));

    let made = json(&desk.run(&[&create[..], &["--json"]].concat()));
    let key = find(&store, made["key"].as_str().unwrap()).unwrap();
    assert_eq!((key.id.as_str(), &*key.scopes), (made["id"].as_str().unwrap(), &[Scope::Token, Scope::Dispatch][..]));
    assert_eq!(made["scopes"], serde_json::json!(["token", "dispatch"]));
    let file = std::fs::metadata(desk.data_dir().join("callstead.db")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    let listed = desk.run(&["admin", "api-key", "list", "--json"]);
    let secret = made["key"].as_str().unwrap();
    assert!(!text(&listed.stdout).contains(secret), "a secret is shown once");
    let keys = json(&listed)["api_keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key["revoked_at"].is_null() && key["last_used_at"].is_null()), "{keys:?}");

    let revoke = ["admin", "api-key", "revoke", key.id.as_str()];
    assert!(desk.run(&revoke).status.success());
    assert!(find(&store, secret).is_none());
    assert!(error(&desk.run(&revoke), 3).contains("no valid API key"));
    let table = text(&desk.run(&["admin", "api-key", "list"]).stdout);
    assert!(table.contains("revoked 2") && table.contains("valid"), "{table}");
}

#[test]
fn a_wrong_scope_or_name_is_told_with_the_right_ones() {
    let desk = Desk::new();
    let create = ["admin", "api-key", "create"];
    for words in [
        &["--scope", "root", "--name", "n"][..],
        &["--scope", "token,", "--name", "n"],
        &["--scope", "", "--name", "n"],
    ] {
        let output = desk.run(&[&create[..], words].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(told.contains("token, dispatch, converse, transcribe, read, desk, admin, metrics, openai"), "{told}");
    }
    for words in [&["--scope", "token"][..], &["--name", "n"], &["--scope", "token", "--name", " "]] {
        assert_eq!(desk.run(&[&create[..], words].concat()).status.code(), Some(2), "{words:?}");
    }
    assert!(error(&desk.run(&["admin", "api-key", "revoke", "front end"]), 3).contains("api-key list"));
}

#[test]
fn a_full_disk_is_told() {
    let Some(disk) = SmallDisk::new("64k") else { return };
    std::fs::write(disk.path().join("filler"), [0; 48 * 1024]).unwrap();
    let create = ["admin", "api-key", "create", "--scope", "token", "--name", "n"];
    let output = program(disk.path(), &create).output().unwrap();
    let told = error(&output, 1);
    assert!(told.contains("full") || told.contains("database"), "{told}");
    assert!(output.stdout.is_empty(), "a key that was not kept is not shown");
}

#[test]
fn a_database_whose_key_is_lost_gets_a_new_one() {
    let desk = Desk::new();
    let list = ["admin", "api-key", "list"];
    let new_key = ["admin", "new-key", "--forget-secrets", "--yes", "--json"];
    assert!(desk.run(&["admin", "api-key", "create", "--scope", "read", "--name", "n"]).status.success());
    assert_eq!(json(&desk.run(&new_key)), serde_json::json!({ "forgotten": null }), "the key fits");
    std::fs::remove_file(desk.data_dir().join("secret.key")).unwrap();
    assert!(error(&desk.run(&list), 1).contains("callstead admin new-key --help"));
    assert_eq!(desk.run(&["admin", "new-key", "--yes"]).status.code(), Some(2), "what is lost has to be named");
    assert!(error(&desk.run(&list), 1).contains("secret.key"), "nothing was done");
    assert_eq!(json(&desk.run(&new_key))["forgotten"]["provider_keys"], 0);
    assert!(text(&desk.run(&list).stdout).contains("valid"));
}
