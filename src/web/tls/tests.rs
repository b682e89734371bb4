use std::{os::unix::fs::PermissionsExt, time::Duration};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder for certificates of a machine with these names.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The authority's and the server's certificate after a start `days` from now under `names`.
    fn start(&self, names: &[&str], days: u32) -> (String, String) {
        let names: Vec<Name> = names
            .iter()
            .map(|name| name.parse().map_or_else(|_| Name::Host((*name).to_owned()), Name::Address))
            .collect();
        let files = authority::open(self.folder.path(), &names, SystemTime::now() + DAY * days).unwrap();
        (read(&files.authority).unwrap(), read(&files.cert).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

const NAMES: [&str; 3] = ["calls.lan", "192.168.1.20", "::1"];

#[test]
fn certificates_are_made_once_and_renewed_in_time() {
    let here = Machine::new();
    let (authority, first) = here.start(&NAMES, 0);
    assert_eq!(here.start(&NAMES, 0), (authority.clone(), first.clone()));
    assert_eq!(here.start(&NAMES, 360), (authority.clone(), first.clone()));
    let (same_authority, renewed) = here.start(&NAMES, 380);
    assert_eq!(same_authority, authority);
    assert_ne!(renewed, first);
}

#[test]
fn fewer_names_keep_the_authority_and_others_need_a_new_one() {
    let here = Machine::new();
    let (authority, first) = here.start(&NAMES, 0);
    assert_eq!(here.start(&NAMES[..1], 0), (authority.clone(), first));
    assert_eq!(here.start(&["calls.lan", "desk.calls.lan"], 0).0, authority, "a part of a permitted name is permitted");
    let (another, _) = here.start(&["192.168.1.21"], 0);
    assert_ne!(another, authority);
}

#[test]
fn files_are_their_owners_only_and_damage_is_repaired() {
    let here = Machine::new();
    let (authority, _) = here.start(&NAMES, 0);
    for name in ["ca.crt", "ca.key", "server.crt", "server.key"] {
        let mode = fs::metadata(here.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    for (name, keeps_authority) in [("server.key", true), ("server.crt", true), ("ca.key", true), ("ca.crt", false)] {
        fs::write(here.path(name), "nonsense").unwrap();
        assert_eq!(here.start(&NAMES, 0).0 == authority, keeps_authority, "{name}");
    }
}

#[test]
fn files_of_the_owner_are_checked() {
    let (here, other) = (Machine::new(), Machine::new());
    here.start(&NAMES, 0);
    other.start(&NAMES, 0);
    let open = |cert: PathBuf, key: PathBuf| {
        let settings = Tls { mode: TlsMode::Files { cert, key }, names: Vec::new() };
        open(&settings, Path::new("/unused"), ([0, 0, 0, 0], 0).into())
            .map(|it| it.is_some_and(|it| it.authority.is_none()))
    };
    assert!(open(here.path("server.crt"), here.path("server.key")).unwrap());
    let wrong_key = open(here.path("server.crt"), other.path("server.key"));
    assert!(matches!(wrong_key, Err(TlsError::Mismatch { .. })), "{wrong_key:?}");
    let swapped = open(here.path("server.key"), here.path("server.crt"));
    assert!(matches!(swapped, Err(TlsError::NotPem { what: "a certificate", .. })), "{swapped:?}");
    let no_key = open(here.path("server.crt"), here.path("server.crt"));
    assert!(matches!(no_key, Err(TlsError::NotPem { what: "a private key", .. })), "{no_key:?}");
    let none = open(here.path("none.crt"), here.path("server.key")).unwrap_err().to_string();
    assert!(none.contains("none.crt: No such file"), "{none}");
}
