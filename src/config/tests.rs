use std::fs;

use super::*;

/// A folder with `config.toml`, and the settings that come of it and of `variables`.
fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, toml).unwrap();
    let overrides = Overrides { data_dir: Some(folder.path().to_owned()), ..Overrides::default() };
    let shown = |error: ConfigError| error.to_string().replace(&file.display().to_string(), "FILE");
    Config::load(&overrides, &variables.iter().copied().collect()).map_err(shown)
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let toml = "[server]\nlisten = '127.0.0.1:1'\nrtc_port = 1\n[speech]\nspeed = 1\nlanguage = 'arabic'";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.toml");
    fs::write(&file, toml).unwrap();
    let overrides = Overrides {
        config_file: Some(file),
        data_dir: Some(folder.path().to_owned()),
        listen: Some(([127, 0, 0, 1], 3).into()),
        ..Overrides::default()
    };
    let environment = [("CALLSTEAD_LISTEN", "127.0.0.1:2"), ("CALLSTEAD_RTC_PORT", "2"), ("CALLSTEAD_VOICE", "")]
        .into_iter()
        .collect();
    let config = Config::load(&overrides, &environment).unwrap();
    assert_eq!(
        config.server,
        Server { listen: ([127, 0, 0, 1], 3).into(), rtc_port: 2, ..Config::defaults(folder.path()).server }
    );
    assert_eq!((config.speech.speed, config.speech.language), (1.0, Some(Language::ARABIC)));
    assert_eq!(config.speech.voice, None);
    assert_eq!(config.paths.models_dir, folder.path().join("models"));
}

#[test]
fn the_data_folder_is_where_other_programs_keep_theirs() {
    let dir = |variables: &[(&str, &str)]| {
        let config = Config::load(&Overrides::default(), &variables.iter().copied().collect());
        config.map(|config| config.paths.data_dir)
    };
    assert_eq!(dir(&[("HOME", "/home/me")]).unwrap(), Path::new("/home/me/.local/share/callstead"));
    assert_eq!(dir(&[("HOME", "/home/me"), ("XDG_DATA_HOME", "/data")]).unwrap(), Path::new("/data/callstead"));
    assert_eq!(
        dir(&[("HOME", "/home/me"), ("XDG_DATA_HOME", "data")]).unwrap(),
        Path::new("/home/me/.local/share/callstead")
    );
    assert!(matches!(dir(&[]), Err(ConfigError::NoHome)));
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    for (toml, message) in [
        ("[server]\n\nlisen = 1", "FILE line 3: unknown key 'server.lisen': did you mean 'server.listen'?"),
        ("listen = '127.0.0.1:1'", "FILE line 1: unknown key 'listen': did you mean 'server.listen'?"),
        ("[sever]", "FILE line 1: unknown key 'sever': did you mean 'server'?"),
        ("[zzz]", "FILE line 1: unknown key 'zzz'"),
        ("[server]\nrtc_port = 70000", "FILE line 2: server.rtc_port is 70000: it must be a port from 0 to 65535"),
        ("[server]\nrtc_port = '1'", "FILE line 2: server.rtc_port is '1': it must be a port from 0 to 65535"),
        ("[server]\ndev = 'yes'", "FILE line 2: server.dev is 'yes': it must be true or false"),
        ("[speech]\nspeed = 2.1", "FILE line 2: speech.speed is 2.1: it must be from 0.5 to 2.0"),
        ("[speech]\nspeed = nan", "FILE line 2: speech.speed is NaN: it must be from 0.5 to 2.0"),
        ("[speech.voice]\nid = 'x'", "FILE line 1: speech.voice is of type table: it must be the id of a voice"),
        ("[log]\nformat = 'xml'", "FILE line 2: log.format is 'xml': it must be text or json"),
    ] {
        assert_eq!(load(toml, &[]).unwrap_err(), message, "{toml}");
    }
    let broken = load("[server]\nlisten = ", &[]).unwrap_err();
    assert!(broken.starts_with("FILE line 2: ") && !broken.contains('\n'), "{broken}");
    assert_eq!(
        load("", &[("CALLSTEAD_LOG_LEVEL", "inof")]).unwrap_err(),
        format!("environment variable CALLSTEAD_LOG_LEVEL: log.level is 'inof': it must be {LEVEL}"),
    );
}

#[test]
fn a_missing_file_is_an_error_only_when_it_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut overrides = Overrides { data_dir: Some(folder.path().to_owned()), ..Overrides::default() };
    assert_eq!(Config::load(&overrides, &Environment::default()).unwrap(), Config::defaults(folder.path()));
    overrides.config_file = Some(folder.path().join("none.toml"));
    assert!(matches!(Config::load(&overrides, &Environment::default()), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn an_index_with_a_password_is_never_shown() {
    let secret = "https://user:hunter2@index.example/simple/";
    let config = load("", &[("PIP_INDEX_URL", secret)]).unwrap();
    assert_eq!(config.models.index_url.as_ref().unwrap().reveal(), secret.trim_end_matches('/'));
    assert!(!format!("{config:?}").contains("hunter2"));
    let config = load("", &[("PIP_EXTRA_INDEX_URL", &format!("https://other.example/  {secret}"))]).unwrap();
    assert_eq!(config.models.extra_index_urls.len(), 2);
    assert!(!format!("{config:?}").contains("hunter2"));
    let wrong = load("", &[("CALLSTEAD_INDEX_URL", "user:hunter2@index.example")]).unwrap_err();
    assert!(!wrong.contains("hunter2"), "{wrong}");
}

#[test]
fn every_default_would_be_accepted_if_it_were_written() {
    let defaults = Config::defaults(Path::new("/data"));
    let toml = format!(
        "[server]\nlisten = '{}'\nrtc_port = {}\n[log]\nlevel = '{}'\n[models]\nhub_url = '{}'\n[speech]\nspeed = {}\n\
         context_tokens = {}\n[agent]\nprompt = '{}'\nmax_tokens = {}",
        defaults.server.listen,
        defaults.server.rtc_port,
        defaults.log.level,
        defaults.models.hub_url,
        defaults.speech.speed,
        defaults.speech.context_tokens,
        defaults.agent.prompt,
        defaults.agent.max_tokens,
    );
    let written = load(&toml, &[]).unwrap();
    assert_eq!(Config { paths: defaults.paths.clone(), ..written }, defaults);
}

#[test]
fn a_slip_in_a_variable_is_noticed() {
    let environment: Environment =
        [("CALLSTEAD_DATADIR", "x"), ("CALLSTEAD_LISTEN", "x"), ("PATH", "x")].into_iter().collect();
    let slip = "environment variable CALLSTEAD_DATADIR is unknown: did you mean CALLSTEAD_DATA_DIR?";
    assert_eq!(environment.slips(), [slip]);
}
