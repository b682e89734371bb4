//! `callstead version`

use serde::Serialize;

use super::Context;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// What this program is made of.
#[derive(Debug, Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    /// The revision of the source, where the build knew it.
    revision: Option<&'static str>,
    engines: Engines,
}

#[derive(Debug, Serialize)]
struct Engines {
    ggml: &'static str,
    #[serde(rename = "whisper.cpp")]
    whisper: &'static str,
    /// llama.cpp has no versions of its own: that of the crate which carries it.
    #[serde(rename = "llama.cpp")]
    llama: &'static str,
    #[serde(rename = "espeak-ng")]
    espeak: &'static str,
}

const VERSION: Version = Version {
    name: "callstead",
    version: env!("CARGO_PKG_VERSION"),
    revision: option_env!("GIT_REVISION"),
    engines: Engines { ggml: "0.26.0", whisper: "1.8.3", llama: "llama-cpp-sys-2 0.1.161", espeak: "1.52.0" },
};

pub(super) fn run(_args: Args, context: &Context) -> anyhow::Result<()> {
    Ok(context.output.result(&VERSION, text)?)
}

fn text(version: &Version) -> String {
    let Engines { ggml, whisper, llama, espeak } = &version.engines;
    let revision = version.revision.map(|it| format!(" ({it})")).unwrap_or_default();
    format!(
        "{} {}{revision}\nggml {ggml}\nwhisper.cpp {whisper}\nllama.cpp in {llama}\nespeak-ng {espeak}",
        version.name, version.version
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_are_those_that_are_pinned() {
        let lock = include_str!("../../Cargo.lock");
        let (name, version) = VERSION.engines.llama.split_once(' ').unwrap();
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")));
        assert_eq!(whisper_rs::WHISPER_CPP_VERSION, VERSION.engines.whisper);
    }
}
