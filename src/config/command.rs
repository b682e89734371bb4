//! The command line that reaches this box, for hints that can be copied and run as they are.

use std::{env, path::Path};

use super::{
    Config, Environment,
    server::{DEFAULT_LISTEN, DEFAULT_RTC_PORT},
    usual_data_dir,
};

impl Config {
    /// `words` as a command of this program on this box's folders: `callstead --data-dir /srv/desk models pull starter`.
    /// The program is named as it was when this process was started; folders are left out where they are the usual ones.
    pub fn command(&self, words: &str) -> String {
        let program = env::args().next().filter(|name| Path::new(name).file_name().is_some_and(|it| it == "callstead"));
        let usual = usual_data_dir(&Environment::of_this_process());
        self.command_as(program.as_deref().unwrap_or("callstead"), usual.as_deref(), words)
    }

    /// The command that starts this server again, with the flags that it needs to be found where it is.
    pub fn serve_command(&self) -> String {
        let mut words = "serve".to_owned();
        let server = &self.server;
        if server.listen != DEFAULT_LISTEN {
            words.extend([" --listen ", &server.listen.to_string()]);
        }
        if server.rtc_port != DEFAULT_RTC_PORT {
            words.extend([" --rtc-port ", &server.rtc_port.to_string()]);
        }
        if server.dev {
            words.push_str(" --dev");
        }
        self.command(&words)
    }

    fn command_as(&self, program: &str, usual_data_dir: Option<&Path>, words: &str) -> String {
        let mut command = quoted(program);
        let paths = &self.paths;
        if usual_data_dir != Some(&paths.data_dir) {
            command.extend([" --data-dir ", &quoted(&paths.data_dir.to_string_lossy())]);
        }
        if paths.models_dir != paths.data_dir.join("models") {
            command.extend([" --models-dir ", &quoted(&paths.models_dir.to_string_lossy())]);
        }
        command.extend([" ", words]);
        command
    }
}

/// `word` as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_started_again_where_it_was() {
        let mut config = Config::defaults(Path::new("/data"));
        assert!(config.serve_command().ends_with(" serve"));
        config.server.listen = ([127, 0, 0, 1], 9000).into();
        config.server.dev = true;
        assert!(config.serve_command().ends_with(" serve --listen 127.0.0.1:9000 --dev"));
    }

    #[test]
    fn only_unusual_folders_are_named() {
        let config = |data_dir: &str, models_dir: &str| {
            let mut config = Config::defaults(Path::new(data_dir));
            config.paths.models_dir = models_dir.into();
            config.command_as("callstead", Some(Path::new("/usual")), "doctor")
        };
        assert_eq!(config("/usual", "/usual/models"), "callstead doctor");
        assert_eq!(config("/srv/desk", "/srv/desk/models"), "callstead --data-dir /srv/desk doctor");
        assert_eq!(config("/usual", "/my models/x's"), r"callstead --models-dir '/my models/x'\''s' doctor");
    }
}
