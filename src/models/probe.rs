//! Opening a model file in a child process first. ggml aborts the whole process on some malformed files; the child may
//! die, we may not. The child is `callstead models probe KIND FILE`.

use std::{
    io::{self, Read},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use super::Kind;

/// Longer than the largest model takes to open on a slow disk.
const LIMIT: Duration = Duration::from_secs(120);

/// Has `program` (this program: `std::env::current_exe`) open a model file; blocks until it has.
///
/// # Errors
/// Why the file cannot be used, in a few words.
pub fn in_child(program: &Path, kind: Kind, file: &Path) -> Result<(), String> {
    probe_with(Command::new(program).args(["models", "probe", kind.as_str()]).arg(file), LIMIT)
}

fn probe_with(command: &mut Command, limit: Duration) -> Result<(), String> {
    let cannot = |error: io::Error| format!("cannot be checked: {error}");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(cannot)?;
    let mut stderr = child.stderr.take().expect("stderr is piped");
    let (said, saying) = mpsc::channel();
    // The pipe closes when the child ends: waiting for that, with a limit, is waiting for the child.
    let listener = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        let _ = said.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    let words = saying.recv_timeout(limit);
    if words.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(cannot)?;
    let _ = listener.join();
    match words {
        Err(_) => Err(format!("did not open within {} s", limit.as_secs())),
        Ok(_) if status.success() => Ok(()),
        Ok(words) => Err(reason(&words, status)),
    }
}

/// The last line of what the child said, or how it died.
fn reason(words: &str, status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    if let Some(signal) = status.signal() {
        return format!("is malformed: its engine crashes on it (signal {signal})");
    }
    let line = words.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.map_or_else(
        || format!("cannot be used ({status})"),
        |line| line.strip_prefix("error: ").unwrap_or(line).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_may_refuse_crash_or_hang() {
        for (script, limit, expect) in [
            ("exit 0", 60, Ok(())),
            ("echo noise >&2; echo 'error: not a voice' >&2; exit 3", 60, Err("not a voice")),
            ("kill -ABRT $$", 60, Err("is malformed: its engine crashes on it (signal 6)")),
            ("exec sleep 600", 0, Err("did not open within 0 s")),
        ] {
            let result = probe_with(Command::new("sh").args(["-c", script]), Duration::from_secs(limit));
            assert_eq!(result, expect.map_err(str::to_owned), "{script}");
        }
        assert!(probe_with(&mut Command::new("/nowhere"), LIMIT).unwrap_err().starts_with("cannot be checked"));
    }
}
