//! What the black-box tests share: the program in a data folder of its own, one turn for whoever runs an engine,
//! recordings, and conditions that only some machines allow.

use std::{
    env, fs,
    io::{BufRead, BufReader, Cursor},
    net::SocketAddr,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use callstead::{
    audio::{self, Clip},
    store::{
        Store,
        api_keys::{self, NewKey, Scope},
    },
};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde_json::Value;
use tempfile::TempDir;

use crate::http::ask;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_callstead");
/// A caller's; the agent has the usual one.
pub(crate) const CALLER_VOICE: &str = "espeak:en-gb";

// ---- the program ----

/// The turn of a test that runs an engine, in this process or in a child: one at a time, however many tests run, because
/// ggml's threads spin at their barriers and collapse beside others. A test takes it once and holds it to its end.
pub(crate) fn engines() -> Turn {
    static TURN: Mutex<()> = Mutex::new(());
    let holder = || HOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let me = thread::current().id();
    assert_ne!(*holder(), Some(me), "a test that takes the turn twice would wait for itself for ever");
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    *holder() = Some(me);
    Turn(turn)
}

/// Which test's thread has the turn.
static HOLDER: Mutex<Option<ThreadId>> = Mutex::new(None);

/// See [`engines`].
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not looked at")] MutexGuard<'static, ()>);

impl Drop for Turn {
    fn drop(&mut self) {
        *HOLDER.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Gives a command that runs the program this data folder and nothing of this machine's settings. Nothing is fetched
/// from outside: whoever needs a server sets one.
pub(crate) fn isolate(command: &mut Command, data_dir: &Path) {
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CALLSTEAD_DATA_DIR", data_dir);
    command.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple").env("HF_ENDPOINT", "http://127.0.0.1:9");
    command.stdin(Stdio::null());
}

/// The program with a data folder.
pub(crate) fn program(data_dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    isolate(command.args(words), data_dir);
    command
}

/// The program with a data folder and as a user who owns nothing; says why when that cannot be.
pub(crate) fn program_as_nobody(data_dir: &Path, words: &[&str]) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return None;
    }
    let as_nobody = |words: &[&str]| {
        let mut command = Command::new("setpriv");
        isolate(command.args(["--reuid=65534", "--clear-groups"]).args(words), data_dir);
        command
    };
    if !as_nobody(&["test", "-x", PROGRAM]).status().is_ok_and(|status| status.success()) {
        println!("skipped: {PROGRAM} lies where other users may not look");
        return None;
    }
    Some(as_nobody(&[&[PROGRAM], words].concat()))
}

/// Node's test runner in a folder of `tests`, with nothing of this machine's settings: the files to run are still to be said.
pub(crate) fn node_tests(folder: &str, desk: &Desk) -> Command {
    let tests = repository("tests").join(folder);
    let modules = tests.join("node_modules/playwright-core");
    assert!(modules.is_dir(), "{} is missing: run `make cargo-test`", modules.display());
    let mut command = Command::new("node");
    isolate(&mut command, &desk.data_dir());
    // Chromium keeps a few things beside its profile.
    command.arg("--test").current_dir(tests).env("HOME", desk.file("."));
    command
}

/// A folder where one test works, with a data folder in it.
pub(crate) struct Desk {
    folder: TempDir,
    _turn: Option<Turn>,
}

impl Desk {
    /// Without models: not for a test that runs an engine.
    pub(crate) fn new() -> Self {
        Self::in_turn(None)
    }

    /// For a test that runs engines without models, such as the built-in voice.
    pub(crate) fn with_engines() -> Self {
        Self::in_turn(Some(engines()))
    }

    /// With the starter models. Their files are links: remove one before you write in its place.
    pub(crate) fn with_models() -> Self {
        let desk = Self::with_engines();
        desk.install_models();
        desk
    }

    /// Puts the test models where they are looked for.
    pub(crate) fn install_models(&self) {
        fs::create_dir(self.models_dir()).unwrap();
        for name in [STT, LLM, VAD, TURN] {
            symlink(model(name), self.models_dir().join(name)).unwrap();
        }
    }

    fn in_turn(turn: Option<Turn>) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), _turn: turn };
        fs::create_dir(desk.data_dir()).unwrap();
        // Tests that try as another user need a way in.
        fs::set_permissions(desk.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        desk
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.file("data")
    }

    pub(crate) fn models_dir(&self) -> PathBuf {
        self.data_dir().join("models")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the folder; gives its name, which is its path for the program.
    pub(crate) fn put<'a>(&self, name: &'a str, content: &[u8]) -> &'a str {
        fs::write(self.file(name), content).unwrap();
        name
    }

    /// The program, working in this folder.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = program(&self.data_dir(), words);
        command.current_dir(self.folder.path());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A caller's words, in a voice of our own that our ears know.
    pub(crate) fn said(&self, words: &str) -> Clip {
        json(&self.run(&["say", words, "--voice", CALLER_VOICE, "-o", "said.wav", "--json"]));
        audio::read(&self.file("said.wav")).unwrap()
    }
}

/// For a test that asks more often than a program does.
pub(crate) const NO_LIMIT: [(&str, &str); 1] = [("CALLSTEAD_REQUESTS_PER_SECOND", "1000000")];

/// The program, serving in its own process on a port of its own; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it said of itself when it was ready.
    pub(crate) started: Value,
}

impl Server {
    /// In the data folder of `desk`, with these `words` after the usual ones and with these variables.
    pub(crate) fn start(desk: &Desk, words: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = desk.command(&["serve", "--json", "--listen", "127.0.0.1:0", "--rtc-port", "0"]);
        command.args(words).envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let started: Value = serde_json::from_str(&first).unwrap();
        let (_, address) = started["url"].as_str().unwrap().split_once("://").unwrap();
        Self { address: address.parse().unwrap(), child, started }
    }

    /// Ends it as a power cut would: it can do nothing more.
    pub(crate) fn kill(self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until its engines are loaded, or found missing.
    pub(crate) fn when_ready(self) -> Self {
        while ask(self.address, "GET", "/api/health", &[]).status == 503 {
            thread::sleep(Duration::from_millis(50));
        }
        self
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

/// What a program sends as `Authorization` with a new key for these scopes, made beside the server as the command line
/// does it.
pub(crate) fn key(desk: &Desk, scopes: &[Scope]) -> String {
    let new = NewKey { name: "test".to_owned(), scopes: scopes.to_vec(), created_at: jiff::Timestamp::now() };
    let store = Store::open(&desk.data_dir()).unwrap();
    let made = store.write(move |transaction| api_keys::create(transaction, &new));
    let (_, secret) = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(made).unwrap();
    format!("Bearer {}", secret.reveal())
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The result of a command that worked.
pub(crate) fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stderr), text(&output.stdout));
    first_json(output)
}

/// The first object that a command printed, whether it worked or not.
pub(crate) fn first_json(output: &Output) -> Value {
    serde_json::from_str(text(&output.stdout).lines().next().unwrap_or_default()).unwrap()
}

/// The error that a command ended with, once it is sure that it is one line and nothing else was said.
#[track_caller]
pub(crate) fn error(output: &Output, code: i32) -> String {
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    error_after_notes(output, code)
}

/// The same for a command that tells how far it is.
#[track_caller]
pub(crate) fn error_after_notes(output: &Output, code: i32) -> String {
    let stderr = text(&output.stderr);
    // A program that was killed by a signal has no code.
    assert_eq!(output.status.code(), Some(code), "{:?}: {stderr}", output.status);
    let errors: Vec<_> = stderr.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    errors[0].to_owned()
}

// ---- models and recordings ----

pub(crate) const STT: &str = "ggml-starter.en-ts-q5_0.bin";
pub(crate) const LLM: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
pub(crate) const VAD: &str = "silero_vad.onnx";
pub(crate) const TURN: &str = "smart-turn-v3.2-cpu.onnx";

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file of the starter models, as `make test` fetches them.
pub(crate) fn model(file: &str) -> PathBuf {
    let folder = env::var_os("CALLSTEAD_TEST_MODELS_DIR").map_or_else(|| repository("target/models"), PathBuf::from);
    let path = folder.join(file);
    assert!(path.is_file(), "{} is missing: run `make models`, or set CALLSTEAD_TEST_MODELS_DIR", path.display());
    path
}

/// One of the starter speech model's test recordings: 16 kHz, mono.
pub(crate) fn recording(name: &str) -> Clip {
    audio::read(&repository("models/starter-stt/test-wavs").join(name)).unwrap()
}

/// Samples as WAV, the same on every channel; those beyond full scale are clipped.
pub(crate) fn wav(samples: &[f32], rate_hz: u32, channels: u16, bits: u16, format: SampleFormat) -> Vec<u8> {
    let spec = WavSpec { channels, sample_rate: rate_hz, bits_per_sample: bits, sample_format: format };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples.iter().map(|sample| sample.clamp(-1.0, 1.0)) {
        for _ in 0..channels {
            match format {
                SampleFormat::Float => writer.write_sample(sample).unwrap(),
                SampleFormat::Int => {
                    let full = (1_i64 << (bits - 1)) as f64 - 1.0;
                    writer.write_sample((f64::from(sample) * full) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// Holds that this is a WAV file as the program writes them, and that it can be heard: loud enough, and nowhere at full
/// scale for long. Gives its length in seconds.
#[track_caller]
pub(crate) fn assert_speaks(wav: &[u8]) -> f64 {
    let reader = WavReader::new(wav).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 48_000, 16));
    let samples: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
    let power = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64;
    assert!(power.sqrt() > 300.0, "root mean square {} of 32767", power.sqrt());
    let is_full = |sample: &i16| sample.unsigned_abs() >= 32_767;
    assert!(!samples.windows(4).any(|run| run.iter().all(is_full)), "the sound is clipped");
    samples.len() as f64 / 48_000.0
}

// ---- conditions that only some machines allow ----

/// A file system with little room, gone with the value.
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    /// `size` as mount takes it: `64k`. Says why when that cannot be.
    pub(crate) fn new(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={size}");
        match Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output() {
            Ok(output) if output.status.success() => Some(Self(dir)),
            other => {
                println!("skipped: a small file system cannot be mounted here: {other:?}");
                None
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}
