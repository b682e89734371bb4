//! What the compiler does not check: who may import whom, how long a file may be, where `unsafe` and SQL may stand,
//! which engines are pinned. Each rule is a function from a file to its faults; beside the test that holds it over the
//! repository stands one that shows that it can fail.

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Module, and the modules that it may import, from the bottom up; those that do not exist yet are listed already.
/// `app` may import all of these, and `cli` all of these and `app`. `testing` exists in tests only: there all may.
#[rustfmt::skip]
const IMPORTS: [(&str, &[&str]); 21] = [
    ("cpu", &[]), ("domain", &[]),
    ("locale", &["domain"]),
    ("spoken", &["domain"]),
    ("script", &["domain"]),
    ("audio", &["domain"]),
    ("store", &["domain"]),
    ("config", &["domain"]),
    ("people", &["domain", "config", "store"]),
    ("dialogue", &["domain", "spoken", "script"]),
    ("telemetry", &["config"]),
    ("models", &["domain", "config"]),
    ("rtc", &["domain", "config", "audio"]),
    ("speech", &["domain", "config", "audio", "models"]),
    ("rooms", &["domain", "config", "audio", "rtc"]),
    ("workers", &["domain", "config", "rooms"]),
    ("livekit", &["domain", "config", "audio", "rtc"]),
    ("call", &["domain", "config", "audio", "spoken", "script", "dialogue", "speech", "rooms", "store"]),
    ("sms", &["domain", "config", "store"]),
    ("webhooks", &["domain", "config", "rooms"]),
    ("web", &["domain", "config", "locale", "people", "script", "call", "rooms", "models", "workers", "store", "sms",
        "telemetry"]),
];

/// The only files with `unsafe` in them: each offers a safe interface over one C library, or over the system.
const UNSAFE_FILES: [&str; 6] = [
    "crates/espeak-ng-sys/src/lib.rs",
    "src/cli/interrupt.rs",
    "src/cpu.rs",
    "src/speech/local/espeak/library.rs",
    "src/speech/local/llama/log.rs",
    "src/speech/local/whisper/abort.rs",
];

/// The bindings that bindgen makes keep C's names.
const ALLOW_FILES: [&str; 1] = ["crates/whisper-rs-sys/src/lib.rs"];

const MOST_LINES: usize = 600;
const MOST_BYTES: u64 = 24 * 1024 * 1024;

// ---- the repository ----

struct Source {
    /// From the repository's root, with forward slashes.
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What git tracks or would track, from the root.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let files: Vec<_> =
        names.split_terminator('\0').map(PathBuf::from).filter(|path| root().join(path).is_file()).collect();
    assert!(files.iter().any(|path| path == Path::new("src/lib.rs")), "the repository has no src/lib.rs");
    files
}

/// All files that are text.
fn texts() -> Vec<Source> {
    let read = |path: PathBuf| {
        let text = String::from_utf8(fs::read(root().join(&path)).expect("a listed file can be read")).ok()?;
        (!text.contains('\0')).then(|| Source { path: path.to_string_lossy().into_owned(), text })
    };
    files().into_iter().filter_map(read).collect()
}

fn rust_sources() -> Vec<Source> {
    texts().into_iter().filter(|source| source.path.ends_with(".rs")).collect()
}

/// Fails with all `faults` that `rule` finds.
fn hold(sources: &[Source], rule: impl Fn(&Source) -> Vec<String>) {
    let faults: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The faults that `rule` finds in a file with this path and text.
fn faults(rule: impl Fn(&Source) -> Vec<String>, path: &str, text: &str) -> Vec<String> {
    rule(&Source { path: path.to_owned(), text: text.to_owned() })
}

fn fault(path: &str, line: usize, what: impl Display) -> String {
    format!("{path}:{line}: {what}")
}

// ---- a lexer, as far as the rules need one ----

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind<'a> {
    Word(&'a str),
    /// A string literal with its quotes.
    Text(&'a str),
    /// `::`
    PathSeparator,
    Sign(char),
}

#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind<'a>,
    line: usize,
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

/// Everything but comments and white space.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { rest: source, line: 1 };
    std::iter::from_fn(|| lexer.token()).collect()
}

impl<'a> Lexer<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            let comment = comment_length(&self.rest[blanks..]);
            if blanks + comment == 0 {
                return;
            }
            self.take(blanks + comment);
        }
    }

    fn token(&mut self) -> Option<Token<'a>> {
        self.skip_blanks_and_comments();
        let line = self.line;
        let first = self.rest.chars().next()?;
        let kind = if let Some(length) = string_length(self.rest) {
            Kind::Text(self.take(length))
        } else if first.is_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            Kind::Word(self.take(self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len())))
        } else if self.rest.starts_with("::") {
            self.take(2);
            Kind::PathSeparator
        } else {
            self.take(if first == '\'' { quote_length(self.rest) } else { first.len_utf8() });
            Kind::Sign(first)
        };
        Some(Token { kind, line })
    }
}

fn comment_length(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    let mut depth = 0;
    for (at, pair) in rest.as_bytes().windows(2).enumerate() {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if at == 0 { 0 } else { at + 2 };
        }
    }
    0
}

/// Of the string literal, plain or raw, that `rest` begins with.
fn string_length(rest: &str) -> Option<usize> {
    let after_prefix = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = &rest[..rest.len() - after_prefix.len()];
    let body = after_prefix.trim_start_matches('#');
    let hashes = &after_prefix[..after_prefix.len() - body.len()];
    let body = body.strip_prefix('"')?;
    let start = rest.len() - body.len();
    if prefix.ends_with('r') {
        let end = format!("\"{hashes}");
        return body.find(&end).map(|at| start + at + end.len());
    }
    if !hashes.is_empty() {
        return None;
    }
    let mut escaped = false;
    let end = body.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some(start + end + 1)
}

/// Of the character literal that `rest` begins with; 1 where the quote begins a lifetime.
fn quote_length(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((escaped, _))) => rest[escaped + 1..].find('\'').map_or(1, |at| escaped + at + 2),
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

#[test]
fn the_lexer_reads_past_comments_strings_and_lifetimes() {
    let source = "// a\n/* b /* c */ */ d<'e> 'f' '\\'' '\"' \"g \\\" h\" r#\"i \" j\"# k::l /* m */";
    let words: Vec<_> = tokens(source)
        .iter()
        .filter_map(|token| match token.kind {
            Kind::Word(word) | Kind::Text(word) => Some(word),
            _ => None,
        })
        .collect();
    assert_eq!(words, ["d", "e", "\"g \\\" h\"", "r#\"i \" j\"#", "k", "l"]);
}

// ---- who may import whom ----

/// `src/speech/local/piper.rs` → `["speech", "local", "piper"]`; `None` for the two roots and for files elsewhere.
fn module_path(path: &str) -> Option<Vec<&str>> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    (inside != "lib" && inside != "main").then(|| inside.split('/').collect())
}

/// Line and name of what is taken from the crate's root, by `crate::` or by enough `super::`.
fn imports(source: &str, depth: usize) -> Vec<(usize, &str)> {
    let tokens = tokens(source);
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let mut found = Vec::new();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.kind {
            Kind::Sign('{') => blocks.push(at >= 2 && kind(at - 2) == Some(Kind::Word("mod"))),
            Kind::Sign('}') => drop(blocks.pop()),
            Kind::Word("crate") if kind(at + 1) == Some(Kind::PathSeparator) => {
                found.extend(first_names(&tokens[at + 2..]));
            }
            Kind::Word("super") => {
                let inline_modules = blocks.iter().filter(|is_module| **is_module).count();
                let mut supers = 1;
                while kind(at + 1) == Some(Kind::PathSeparator) && kind(at + 2) == Some(Kind::Word("super")) {
                    supers += 1;
                    at += 2;
                }
                if supers >= depth + inline_modules && kind(at + 1) == Some(Kind::PathSeparator) {
                    found.extend(first_names(&tokens[at + 2..]));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// `a::b` → a; `{a::b, c::{d, e}}` → a, c; `*` → `*`
fn first_names<'a>(tokens: &[Token<'a>]) -> Vec<(usize, &'a str)> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut expected = true;
    for token in tokens {
        match token.kind {
            Kind::Sign('{') => {
                depth += 1;
                continue;
            }
            Kind::Sign('}') => depth -= 1,
            Kind::Sign(',') if depth == 1 => {
                expected = true;
                continue;
            }
            Kind::Word(name) if expected => names.push((token.line, name)),
            Kind::Sign('*') if expected => names.push((token.line, "*")),
            _ => {}
        }
        expected = false;
        if depth <= 0 {
            break;
        }
    }
    names
}

/// Whether `module` may import `name`; `None` when the table does not know `module`.
fn may_import(module: &str, name: &str) -> Option<bool> {
    let below_app = IMPORTS.iter().any(|(known, _)| *known == name);
    match module {
        _ if name == "testing" => Some(true),
        "app" | "testing" => Some(below_app),
        "cli" => Some(below_app || name == "app"),
        _ => IMPORTS.iter().find(|(known, _)| *known == module).map(|(_, allowed)| allowed.contains(&name)),
    }
}

fn forbidden_imports(source: &Source) -> Vec<String> {
    let Some(path) = module_path(&source.path) else { return Vec::new() };
    let module = path[0];
    let refusal = |name| match may_import(module, name) {
        Some(true) => None,
        Some(false) => Some(format!("`{module}` may not import `{name}`")),
        None => Some(format!("`{module}` is not in the import table of tests/tidy.rs")),
    };
    imports(&source.text, path.len())
        .into_iter()
        .filter(|(_, name)| *name != module)
        .filter_map(|(line, name)| Some(fault(&source.path, line, refusal(name)?)))
        .collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    hold(&rust_sources(), forbidden_imports);
}

#[test]
fn forbidden_imports_are_found() {
    for (path, text, expected) in [
        ("src/domain/mod.rs", "use crate::audio::Frame;", 1),
        ("src/domain/mod.rs", "use crate::domain::Turn;", 0),
        ("src/audio/mod.rs", "use crate::{\n    domain::{Turn, TurnId},\n    web::Page,\n    cli,\n};", 2),
        ("src/audio/mod.rs", "fn f() -> crate::speech::Results<u8> {}", 1),
        ("src/audio/mod.rs", "// crate::web\n/* crate::web */ const A: &str = \"crate::web\";", 0),
        ("src/audio/mod.rs", "use crate::*;", 1),
        ("src/audio/mod.rs", "pub(crate) fn f() {}", 0),
        ("src/audio/mod.rs", "use super::web;", 1),
        ("src/audio/mod.rs", "mod tests { use super::*; }", 0),
        ("src/audio/mod.rs", "mod tests { use super::super::web; }", 1),
        ("src/audio/wav.rs", "use super::Frame; mod tests { use super::super::Frame; }", 0),
        ("src/audio/wav.rs", "use super::super::web;", 1),
        ("src/audio/wav.rs", "mod tests { use crate::testing::scheduler; }", 0),
        ("src/app/mod.rs", "use crate::cli::Output; use crate::web;", 1),
        ("src/cli/mod.rs", "use crate::{app, web};", 0),
        ("src/unheard/mod.rs", "use crate::domain::Turn;", 1),
        ("src/main.rs", "fn main() { callstead::cli::main() }", 0),
    ] {
        assert_eq!(faults(forbidden_imports, path, text).len(), expected, "{path}: {text}");
    }
}

#[test]
fn the_import_table_has_no_circle() {
    for (at, (module, allowed)) in IMPORTS.iter().enumerate() {
        let below = |name: &&str| IMPORTS[..at].iter().any(|(known, _)| known == name);
        assert!(allowed.iter().all(below), "`{module}` imports what stands above it");
    }
}

// ---- files ----

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let excess = (lines > MOST_LINES).then(|| format!("{lines} lines, {MOST_LINES} at most: split it by subject"));
    excess.map(|what| fault(&source.path, lines, what)).into_iter().collect()
}

#[test]
fn no_file_is_too_long() {
    hold(&rust_sources(), too_long);
}

#[test]
fn long_files_are_found() {
    assert!(faults(too_long, "a.rs", &"\n".repeat(MOST_LINES)).is_empty());
    assert_eq!(faults(too_long, "a.rs", &"\n".repeat(MOST_LINES + 1)).len(), 1);
}

/// `tests.rs` beside a module is part of that module.
fn lacks_contract(source: &Source) -> Vec<String> {
    let is_held = source.text.starts_with("//!") || source.path.ends_with("/tests.rs");
    (!is_held).then(|| fault(&source.path, 1, "begins with no `//!`: say what it promises")).into_iter().collect()
}

#[test]
fn each_module_states_its_contract() {
    hold(&rust_sources(), lacks_contract);
}

#[test]
fn modules_without_contract_are_found() {
    assert!(faults(lacks_contract, "src/a.rs", "//! Counts.\n").is_empty());
    assert!(faults(lacks_contract, "src/a/tests.rs", "use super::*;\n").is_empty());
    assert_eq!(faults(lacks_contract, "src/a.rs", "// Counts.\n").len(), 1);
}

#[test]
fn no_file_is_too_large() {
    let is_large = |path: &PathBuf| fs::metadata(root().join(path)).is_ok_and(|file| file.len() > MOST_BYTES);
    let large: Vec<_> = files().into_iter().filter(is_large).collect();
    assert!(large.is_empty(), "over {MOST_BYTES} bytes, too much for a repository: {large:?}");
}

fn machine_paths(source: &Source) -> Vec<String> {
    // Of a user called `me` examples may speak.
    let example = format!("/{}/me", "home");
    let homes = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    let is_absolute = |line: &str, at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}~*".contains(c)) && !line[at..].starts_with(&example)
    };
    let names_home =
        |line: &str| homes.iter().any(|home| line.match_indices(home).any(|(at, _)| is_absolute(line, at)));
    let lines = source.text.lines().enumerate().filter(|(_, line)| names_home(line));
    lines.map(|(at, line)| fault(&source.path, at + 1, format!("a path of one machine: {}", line.trim()))).collect()
}

#[test]
fn no_path_of_one_machine_is_kept() {
    hold(&texts(), machine_paths);
}

#[test]
fn paths_of_one_machine_are_found() {
    for folder in ["work", "root", "home"] {
        assert_eq!(faults(machine_paths, "a.sh", &format!("cd /{folder}/a")).len(), 1);
        assert_eq!(faults(machine_paths, "a.sh", &format!("a=\"/{folder}/a\"\nb")).len(), 1);
        assert!(faults(machine_paths, "a.sh", &format!("cd a/{folder}/b /{folder}s")).is_empty());
    }
    assert!(faults(machine_paths, "a.sh", &format!("cd /{}/me/a", "home")).is_empty());
}

// ---- code ----

fn unsafe_code(source: &Source) -> Vec<String> {
    if UNSAFE_FILES.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let uses = tokens(&source.text).into_iter().filter(|token| token.kind == Kind::Word("unsafe"));
    uses.map(|token| fault(&source.path, token.line, "`unsafe` outside of the modules named for it")).collect()
}

#[test]
fn unsafe_stands_only_where_it_is_named() {
    hold(&rust_sources(), unsafe_code);
}

#[test]
fn the_files_named_for_unsafe_need_it() {
    for path in UNSAFE_FILES {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(tokens(&text).iter().any(|token| token.kind == Kind::Word("unsafe")), "{path}: no `unsafe` there");
    }
}

#[test]
fn stray_unsafe_is_found() {
    assert_eq!(faults(unsafe_code, "src/a.rs", "fn f() { unsafe { g() } }").len(), 1);
    assert!(faults(unsafe_code, "src/a.rs", "// unsafe\n#![deny(unsafe_code)] const A: &str = \"unsafe\";").is_empty());
    assert!(faults(unsafe_code, UNSAFE_FILES[0], "unsafe extern \"C\" {}").is_empty());
}

/// SQL in a string, or the database's crate, outside of `store`.
fn stray_sql(source: &Source) -> Vec<String> {
    const STATEMENTS: [&str; 9] = [
        "SELECT ",
        "INSERT INTO ",
        "INSERT OR ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "CREATE INDEX ",
        "ALTER TABLE ",
        "PRAGMA ",
    ];
    if !source.path.starts_with("src/") || source.path.starts_with("src/store/") {
        return Vec::new();
    }
    let is_sql = |kind| match kind {
        Kind::Word(word) => word == "rusqlite",
        Kind::Text(text) => {
            let inside = text.trim_start_matches(|c: char| c.is_whitespace() || "bcr#\"\\".contains(c));
            STATEMENTS.iter().any(|statement| inside.starts_with(statement))
        }
        _ => false,
    };
    let uses = tokens(&source.text).into_iter().filter(|token| is_sql(token.kind));
    uses.map(|token| fault(&source.path, token.line, "SQL outside of `store`")).collect()
}

#[test]
fn sql_stands_only_in_the_store() {
    hold(&rust_sources(), stray_sql);
}

#[test]
fn stray_sql_is_found() {
    assert_eq!(faults(stray_sql, "src/web/a.rs", "let a = \"SELECT id FROM call\";").len(), 1);
    assert_eq!(faults(stray_sql, "src/web/a.rs", "let a = r#\"\n    UPDATE call SET a = 1\"#;").len(), 1);
    assert_eq!(faults(stray_sql, "src/web/a.rs", "use rusqlite::Connection;").len(), 1);
    assert!(faults(stray_sql, "src/web/a.rs", "let a = \"Select a file\"; // SELECT a").is_empty());
    assert!(faults(stray_sql, "src/store/call.rs", "use rusqlite::Connection;").is_empty());
}

/// `allow` stays when its cause is gone; `expect` does not, and is asked for its reason.
fn silenced_lints(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.text);
    let attribute = |at: usize, name: &str| {
        let begins: Vec<_> = tokens[at..].iter().take(3).map(|token| token.kind).collect();
        begins == [Kind::Sign('['), Kind::Word(name), Kind::Sign('(')]
    };
    let has_reason = |at: usize| {
        let mut inside = tokens[at..].iter().take_while(|token| token.kind != Kind::Sign(']'));
        inside.any(|token| token.kind == Kind::Word("reason"))
    };
    let may_allow = ALLOW_FILES.contains(&source.path.as_str());
    let silence = |at: usize| match at {
        at if attribute(at, "allow") && !may_allow => Some("`allow` outlives its cause: use `expect` with a reason"),
        at if attribute(at, "expect") && !has_reason(at) => Some("`expect` without a reason"),
        _ => None,
    };
    (0..tokens.len()).filter_map(|at| Some(fault(&source.path, tokens[at].line, silence(at)?))).collect()
}

#[test]
fn lints_are_silenced_with_a_reason() {
    hold(&rust_sources(), silenced_lints);
}

#[test]
fn silenced_lints_are_found() {
    assert_eq!(faults(silenced_lints, "src/a.rs", "#[allow(dead_code)]\nfn f() {}").len(), 1);
    assert_eq!(faults(silenced_lints, "src/a.rs", "#![allow(dead_code)]").len(), 1);
    assert_eq!(faults(silenced_lints, "src/a.rs", "#[expect(dead_code)]\nfn reason() {}").len(), 1);
    assert!(faults(silenced_lints, "src/a.rs", "#[expect(dead_code, reason = \"later\")]\nfn f() {}").is_empty());
    assert!(faults(silenced_lints, "src/a.rs", "fn f() { [a.expect(\"whole\")]; }").is_empty());
}

// ---- pins ----

/// Manifest (or lock file), crate and the one version that may stand there.
const PINS: [(&str, &str, &str); 6] = [
    ("Cargo.toml", "llama-cpp-2", "=0.1.160"),
    ("Cargo.toml", "llama-cpp-sys-2", "=0.1.161"),
    ("Cargo.toml", "whisper-rs", "=0.16.0"),
    ("Cargo.toml", "whisper-rs-sys", "=0.15.0"),
    ("crates/whisper-rs-sys/upstream/Cargo.toml", "whisper-rs-sys", "=0.15.0"),
    ("crates/espeak-ng-sys/upstream/Cargo.toml", "espeak-rs-sys", "=0.2.0"),
];

/// Whether `manifest` asks for exactly this version of the crate.
fn is_pinned(manifest: &str, name: &str, version: &str) -> bool {
    let manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
    let dependency = manifest.get("dependencies").and_then(|dependencies| dependencies.get(name));
    let found = dependency.and_then(|found| found.as_str().or_else(|| found.get("version")?.as_str()));
    found == Some(version)
}

#[test]
fn engines_are_pinned_exactly() {
    for (path, name, version) in PINS {
        let manifest = fs::read_to_string(root().join(path)).expect("the manifest can be read");
        assert!(
            is_pinned(&manifest, name, version),
            "{path}: {name} is not \"{version}\". whisper.cpp is compiled against the ggml of llama-cpp-sys-2, which is \
             not the version it was released with: that pair was proved to give upstream's results, another is a guess \
             that links silently. Prove the new pair (ARCHITECTURE.md, \"One ggml\"), then change PINS in tests/tidy.rs"
        );
    }
}

#[test]
fn loose_pins_are_found() {
    for (manifest, expected) in [
        ("[dependencies]\na = \"=1.2.3\"", true),
        ("[dependencies]\na = { version = \"=1.2.3\", features = [] }", true),
        ("[dependencies]\na = \"1.2.3\"", false),
        ("[dependencies]\na = { path = \"b\" }", false),
        ("[dependencies]\nb = \"=1.2.3\"", false),
    ] {
        assert_eq!(is_pinned(manifest, "a", "=1.2.3"), expected, "{manifest}");
    }
}
