use std::{fs, time::Duration};

use super::*;
use crate::domain::Language;

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
        ("[tls]\nmode = 'on'", "FILE line 2: tls.mode is 'on': it must be off, self-signed or files"),
        ("[tls]\nmode = 'files'\ncert = 'c'", "FILE line 2: tls.mode is files: set tls.cert and tls.key too"),
        ("[tls]\nkey = 'k'", "FILE line 2: tls.key needs tls.mode = \"files\""),
        ("[rtc]\nice_servers = 'turn:t'", "FILE line 2: rtc.ice_servers names a TURN server: set rtc.turn_secret too"),
        (
            "[rtc]\naddresses = ['0.0.0.0']",
            "FILE line 2: rtc.addresses is [\"0.0.0.0\"]: it must be a list of IP addresses that callers can reach, such as \
             [\"203.0.113.7\"]",
        ),
        (
            "[livekit]\napi_secret = 7",
            "FILE line 2: livekit.api_secret is not right (it may hold a password and is not shown): it must be a secret",
        ),
    ] {
        assert_eq!(load(toml, &[]).unwrap_err(), message, "{toml}");
    }
    let broken = load("[server]\nlisten = ", &[]).unwrap_err();
    assert!(broken.starts_with("FILE line 2: ") && !broken.contains('\n'), "{broken}");
    assert_eq!(
        load("", &[("CALLSTEAD_LOG_LEVEL", "inof")]).unwrap_err(),
        format!("environment variable CALLSTEAD_LOG_LEVEL: log.level is 'inof': it must be {}", log::LEVEL),
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

#[test]
fn lists_are_arrays_or_words() {
    let toml = "[server]\ntrusted_proxies = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']\n\
        cors_origins = ['https://App.example.com/', 'http://localhost:3000']\n\
        public_url = 'https://calls.example.com/'\n[rtc]\naddresses = []\n[tls]\nnames = 'box.lan ::1'";
    let config = load(toml, &[("CALLSTEAD_RTC_ADDRESSES", "203.0.113.7, 2001:db8::7")]).unwrap();
    let networks: Vec<_> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]);
    assert_eq!(config.server.cors_origins, ["https://app.example.com", "http://localhost:3000"]);
    assert_eq!(config.server.public_url.as_deref(), Some("https://calls.example.com"));
    let addresses: Vec<_> = config.rtc.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["203.0.113.7", "2001:db8::7"]);
    assert_eq!(config.tls.names, ["box.lan", "::1"]);
    for wrong in [
        "server.trusted_proxies = ['10.0.0.0/33']",
        "server.trusted_proxies = [1]",
        "server.trusted_proxies = true",
        "server.cors_origins = ['*']",
        "server.cors_origins = ['https://app.example.com/path']",
        "server.cors_origins = ['app.example.com']",
        "server.public_url = 'calls.example.com'",
        "server.public_url = 'https://user@calls.example.com'",
        "server.public_url = 'https://calls.example.com/desk'",
        "server.public_url = 'https://calls.example.com/?a=b'",
        "rtc.ice_servers = ['https://stun.example.com']",
        "tls.names = ['two words']",
        "tls.names = ['*.example.com']",
        "livekit.url = 'ftp://example.com'",
        "livekit.agent_name = '   '",
        "agent.max_calls = 0",
    ] {
        assert!(load(wrong, &[]).unwrap_err().contains("it must be"), "{wrong}");
    }
}

#[test]
fn livekits_own_variables_are_understood() {
    let config = load(
        "[livekit]\nagent_name = 'from-the-file'",
        &[
            ("LIVEKIT_URL", "wss://livekit.example.com/"),
            ("LIVEKIT_API_KEY", "APIabc"),
            ("LIVEKIT_API_SECRET", "hunter2"),
            ("LIVEKIT_AGENT_NAME", "desk"),
        ],
    );
    let livekit = config.unwrap().livekit;
    assert_eq!(livekit.url.as_deref(), Some("wss://livekit.example.com"));
    assert_eq!((livekit.api_key.as_deref(), livekit.agent_name.as_str()), (Some("APIabc"), "desk"));
    assert!(!format!("{livekit:?}").contains("hunter2"));
}

#[test]
fn profiles_build_on_what_is_set_for_all() {
    let toml = "[speech]\nlanguage = 'en'\nvoice = 'amy'\nspeed = 1.5\n[agent]\nprompt = 'Sell.'\n\
        [[agent.profiles]]\nname = 'arabic'\nlanguage = 'ar'\ngreeting_ar = 'مرحبا'\ngreeting_fr = 'Bonjour'\n\
        silence_seconds = 12\nmax_minutes = 1\n\
        [[agent.profiles]]\nname = 'slow'\nspeed = 0.5\n\
        [[agent.rules]]\nrooms = 'call-*'\nprofile = 'arabic'\n\
        [[agent.rules]]\nrooms = 'test'\nprofile = 'none'\n\
        [[agent.rules]]\nrooms = '*'";
    let agent = load(toml, &[]).unwrap().agent;
    let [default, arabic, slow] = agent.profiles.as_slice() else { panic!("{:?}", agent.profiles) };
    assert_eq!((default.name.as_str(), default.voice.as_deref(), default.speed), ("default", Some("amy"), 1.5));
    assert_eq!((arabic.language, &arabic.voice, arabic.prompt.as_str()), (Some(Language::ARABIC), &None, "Sell."));
    let french = "fr".parse().unwrap();
    assert_eq!(arabic.greetings, [(Language::ARABIC, "مرحبا".to_owned()), (french, "Bonjour".to_owned())]);
    assert_eq!((arabic.silence, arabic.longest), (Some(Duration::from_secs(12)), Some(Duration::from_mins(1))));
    assert_eq!((slow.voice.as_deref(), slow.speed), (Some("amy"), 0.5));
    assert_eq!((slow.silence, slow.longest), (None, None));
    let left_open = [default, arabic, slow].map(|profile| (profile.open.language, profile.open.voice));
    assert_eq!(left_open, [(true, true), (false, true), (true, true)]);
    let rule = |rooms: &str, profile: Option<&str>| Rule { rooms: rooms.into(), profile: profile.map(str::to_owned) };
    assert_eq!(agent.rules, [rule("call-*", Some("arabic")), rule("test", None), rule("*", Some("default"))]);

    let toml = "[[agent.profiles]]\nname = 'a'\n[[agent.profiles]]\nname = 'default'\nprompt = 'Mine.'";
    let profiles = load(toml, &[]).unwrap().agent.profiles;
    let names: Vec<_> = profiles.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((names.as_slice(), profiles[0].prompt.as_str()), (&["default", "a"][..], "Mine."));
    assert!(load("agent.rules = []", &[]).unwrap().agent.rules.is_empty());
}

#[test]
fn what_is_wrong_in_a_table_is_said_in_one_line() {
    let profile = "[[agent.profiles]]\nname = 'a'\n";
    for (toml, message) in [
        (
            "\n[[agent.profiles]]\nspeed = 1",
            "FILE line 2: agent.profiles.name is missing: it must be a name that is not empty, and not none",
        ),
        (
            "[[agent.profiles]]\nname = 'none'",
            "FILE line 2: agent.profiles.name is 'none': it must be a name that is not empty, and not none",
        ),
        (
            &format!("{profile}[[agent.profiles]]\nname = 'a'"),
            "FILE line 4: agent.profiles.name is 'a': it must be a name that no other profile has",
        ),
        (
            &format!("{profile}langage = 'en'"),
            "FILE line 3: unknown key 'agent.profiles.langage': did you mean 'agent.profiles.language'?",
        ),
        (
            &format!("{profile}greeting_english = 'x'"),
            "FILE line 3: unknown key 'agent.profiles.greeting_english': did you mean 'agent.profiles.greeting_en'?",
        ),
        (&format!("{profile}speed = 3"), "FILE line 3: agent.profiles.speed is 3: it must be from 0.5 to 2.0"),
        (
            &format!("{profile}greeting_en = ''"),
            "FILE line 3: agent.profiles.greeting_en is '': it must be a text that is not empty",
        ),
        (
            &format!("{profile}[[agent.rules]]\nrooms = '*'\nprofile = 'b'"),
            "FILE line 5: agent.rules.profile is 'b': it must be the name of a profile (default, a), or none",
        ),
        (
            "[[agent.rules]]\nprofile = 'none'",
            "FILE line 1: agent.rules.rooms is missing: it must be a pattern for names of rooms, such as call-*",
        ),
        ("[[agent.rule]]\nrooms = '*'", "FILE line 1: unknown key 'agent.rule': did you mean 'agent.rules'?"),
        (
            "[agent.rules]\nrooms = '*'",
            "FILE line 1: agent.rules is of type table: it must be written as tables, each under [[agent.rules]]",
        ),
        (
            "[agent]\nrules = ['*']",
            "FILE line 2: agent.rules is [\"*\"]: it must be written as tables, each under [[agent.rules]]",
        ),
    ] {
        assert_eq!(load(toml, &[]).unwrap_err(), message, "{toml}");
    }
}

#[test]
fn text_messages_leave_only_when_all_is_set() {
    let transport = |toml: &str, variables: &[(&str, &str)]| load(toml, variables).map(|config| config.sms.transport);
    assert_eq!(transport("", &[("CALLSTEAD_SMS_SECRET", "hunter2")]), Ok(SmsTransport::Outbox));
    let secret = [("CALLSTEAD_SMS_SECRET", "hunter2")];
    let twilio = transport("[sms]\ntransport = 'twilio'\naccount = 'AC1'\nfrom = '+442079460958'", &secret).unwrap();
    let SmsTransport::Twilio { url, .. } = &twilio else { panic!("{twilio:?}") };
    assert_eq!(url.as_str(), "https://api.twilio.com/");
    assert!(!format!("{twilio:?}").contains("hunter2"));
    for (toml, message) in [
        ("transport = 'fax'", "sms.transport is 'fax': it must be outbox, twilio or webhook"),
        ("transport = 'twilio'", "sms.transport is twilio: set sms.account, sms.secret and sms.from too"),
        ("transport = 'webhook'", "sms.transport is webhook: set sms.url and sms.secret too"),
        ("timeout_seconds = 61", "sms.timeout_seconds is 61: it must be a number from 1 to 60"),
    ] {
        assert_eq!(transport(&format!("[sms]\n{toml}"), &secret).unwrap_err(), format!("FILE line 2: {message}"));
    }
    for (url, is_right) in [
        ("https://messages.example.com/hook?key=1", true),
        ("http://127.0.0.1:9000/hook", true),
        ("http://192.168.1.20/hook", true),
        ("http://[fd00::1]/hook", true),
        ("http://localhost:9000", true),
        ("http://messages.example.com/hook", false),
        ("http://8.8.8.8/", false),
        ("https://user:password@messages.example.com", false),
        ("ftp://127.0.0.1", false),
    ] {
        let toml = format!("[sms]\ntransport = 'webhook'\nurl = '{url}'");
        assert_eq!(transport(&toml, &secret).is_ok(), is_right, "{url}");
    }
}
