//! Fetching, against a server of our own and a manifest of our own.

use std::{
    fmt::Write as _,
    fs,
    io::{Cursor, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use callstead::{
    config::{self, Secret},
    models::{
        Digest, Library, Manifest, ModelState, PullError,
        pull::{Options, Outcome, Probe, Progress, Report, Step, pull},
    },
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::server::{Fault, File, Server};

const HUB_A: &str = "/o/n/resolve/main/a.bin";
const HUB_B: &str = "/o/n/resolve/v1/b.bin";

/// Bytes that do not compress.
fn content(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A speech model `m` with one file `m.bin`; without a digest when `content` is none.
fn manifest(content: Option<&[u8]>, sources: &str) -> Manifest {
    files(&[("m.bin", content, sources)])
}

fn files(files: &[(&str, Option<&[u8]>, &str)]) -> Manifest {
    let mut text = "[sets]\n[[models]]\nid = \"m\"\nkind = \"stt\"\nabout = \"\"\nlanguages = \"multilingual\"\n\
                    licence = \"\"\nrank = 1\n"
        .to_owned();
    for (name, content, sources) in files {
        write!(text, "[[models.files]]\nname = \"{name}\"\nsources = [{sources}]\n").unwrap();
        if let Some(content) = content {
            write!(text, "bytes = {}\nsha256 = \"{}\"\n", content.len(), Digest::of(content)).unwrap();
        }
    }
    Manifest::parse(&text).unwrap()
}

const A: &str = r#"{ hub = "o/n", path = "a.bin" }"#;
const A_THEN_B: &str = r#"{ hub = "o/n", path = "a.bin" }, { hub = "o/n", path = "b.bin", revision = "v1" }"#;

fn options(server: &Server) -> Options {
    let mut options = Options::new(&config::Models {
        hub_url: server.url.clone(),
        index_url: Some(Secret::from(format!("{}/simple", server.url))),
        extra_index_urls: Vec::new(),
    })
    .unwrap();
    options.patience = Duration::ZERO;
    options
}

fn any() -> Probe {
    Arc::new(|_, _| Ok(()))
}

/// A models folder and what was done to it.
struct Place {
    dir: tempfile::TempDir,
    server: Server,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), server: Server::start() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    async fn try_pull(&self, manifest: &Manifest, options: &Options, probe: Probe) -> Result<Report, PullError> {
        let library = Library::new(self.path(), manifest);
        let models: Vec<_> = manifest.models.iter().collect();
        pull(&library, &models, options, probe, &|_| {}).await
    }

    async fn pull(&self, manifest: &Manifest) -> Outcome {
        let report = self.try_pull(manifest, &options(&self.server), any()).await.unwrap();
        report.models.into_iter().next().unwrap().outcome
    }

    fn holds(&self, name: &str, content: &[u8]) {
        assert!(fs::read(self.path().join(name)).unwrap() == content, "{name}");
        assert!(!self.path().join(".partial").exists(), "nothing is left over");
    }

    fn holds_nothing(&self) {
        let names: Vec<_> = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| name == ".lock" || name == ".partial"), "{names:?}");
    }
}

/// Why a pull failed, in one line.
fn why(outcome: Outcome) -> String {
    let Outcome::Failed { attempts } = outcome else { panic!("{outcome:?}") };
    attempts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

#[tokio::test]
async fn what_is_fetched_is_whole_and_is_not_fetched_again() {
    let it = Place::new();
    let bytes = content(1, 300_000);
    it.server.put(HUB_A, bytes.clone());
    let manifest = manifest(Some(&bytes), A);
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled);
    it.holds("m.bin", &bytes);
    assert_eq!(it.server.take_requests(HUB_A).len(), 1);
    assert_eq!(it.pull(&manifest).await, Outcome::Present);
    assert_eq!(it.server.take_requests(HUB_A).len(), 0);
    fs::write(it.path().join("m.bin"), content(2, 300_000)).unwrap();
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled, "damage of the same length is mended too");
    it.holds("m.bin", &bytes);
}

#[tokio::test]
async fn a_broken_line_is_gone_on_from() {
    for (ranges, etag, expect) in [
        (true, None, [None, Some("bytes=100000-"), Some("bytes=150000-")]),
        (true, Some("\"e\""), [None, Some("bytes=100000-"), Some("bytes=150000-")]),
        (false, None, [None, Some("bytes=100000-"), Some("bytes=100000-")]),
    ] {
        let it = Place::new();
        let bytes = content(1, 300_000);
        let file = File { body: bytes.clone(), content_type: "application/octet-stream", ranges, etag };
        it.server.put_file(HUB_A, file);
        let second = if ranges { 50_000 } else { 100_000 };
        it.server.fail(HUB_A, [Fault::CutAfter(100_000), Fault::CutAfter(second)]);
        assert_eq!(it.pull(&manifest(Some(&bytes), A)).await, Outcome::Pulled);
        it.holds("m.bin", &bytes);
        let asked: Vec<_> = it.server.take_requests(HUB_A).iter().map(|r| r.headers.get("range").cloned()).collect();
        assert_eq!(asked.iter().map(Option::as_deref).collect::<Vec<_>>(), expect);
    }
}

#[tokio::test]
async fn a_pull_that_was_dropped_is_gone_on_from() {
    let it = Place::new();
    let bytes = content(1, 300_000);
    it.server.put(HUB_A, bytes.clone());
    it.server.fail(HUB_A, [Fault::StallAfter(200_000)]);
    let manifest = manifest(Some(&bytes), A);
    let library = Library::new(it.path(), &manifest);
    let models = [&manifest.models[0]];
    let far = tokio::sync::Notify::new();
    let options = options(&it.server);
    let progress = |progress: Progress<'_>| {
        if let Step::Bytes { have: 200_000, .. } = progress.step {
            far.notify_one();
        }
    };
    tokio::select! {
        result = pull(&library, &models, &options, any(), &progress) => panic!("{result:?}"),
        () = far.notified() => {}
    }
    it.holds_nothing();
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled);
    it.holds("m.bin", &bytes);
    let asked = it.server.take_requests(HUB_A);
    assert!(asked[1].headers.get("range").is_some_and(|range| range != "bytes=0-"), "{asked:?}");
}

#[tokio::test]
async fn another_edition_never_continues_an_unverified_file() {
    let it = Place::new();
    let (old, new) = (content(1, 300_000), content(2, 300_000));
    let put = |body: &[u8], etag| {
        let file =
            File { body: body.to_vec(), content_type: "application/octet-stream", ranges: true, etag: Some(etag) };
        it.server.put_file(HUB_A, file);
    };
    let manifest = manifest(None, A);
    let mut options = options(&it.server);
    options.allow_unverified = true;
    put(&old, "\"old\"");
    it.server.fail(HUB_A, [Fault::CutAfter(1000), Fault::Status(404)]);
    it.try_pull(&manifest, &options, any()).await.unwrap().check().unwrap_err();
    put(&new, "\"new\"");
    it.try_pull(&manifest, &options, any()).await.unwrap().check().unwrap();
    assert!(fs::read(it.path().join("m.bin")).unwrap() == new);
    let asked = it.server.take_requests(HUB_A);
    assert_eq!(asked.last().unwrap().headers.get("if-range").map(String::as_str), Some("\"old\""));
}

#[tokio::test]
async fn a_server_that_recovers_is_asked_again_and_one_that_does_not_is_left() {
    let it = Place::new();
    let bytes = content(1, 10_000);
    it.server.put(HUB_A, bytes.clone());
    it.server.fail(HUB_A, [Fault::Status(500), Fault::Status(503)]);
    let manifest = manifest(Some(&bytes), A_THEN_B);
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled);
    assert_eq!((it.server.take_requests(HUB_A).len(), it.server.take_requests(HUB_B).len()), (3, 0));

    let it = Place::new();
    it.server.put(HUB_B, bytes.clone());
    it.server.put(HUB_A, bytes.clone());
    it.server.fail(HUB_A, [Fault::Status(500); 4]);
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled);
    it.holds("m.bin", &bytes);
    assert_eq!((it.server.take_requests(HUB_A).len(), it.server.take_requests(HUB_B).len()), (4, 1));
}

#[tokio::test]
async fn every_source_that_fails_is_named_with_its_reason() {
    let it = Place::new();
    let bytes = content(1, 10_000);
    it.server.put(HUB_B, content(2, 10_000));
    let manifest = manifest(Some(&bytes), A_THEN_B);
    let report = it.try_pull(&manifest, &options(&it.server), any()).await.unwrap();
    assert_eq!(
        why(report.models[0].outcome.clone()),
        "m.bin from hub o/n: not there (404) | m.bin from hub o/n: its digest is not the one expected"
    );
    let error = report.check().unwrap_err().to_string();
    assert_eq!(error, "could not get m: m.bin from hub o/n: not there (404)");
    it.holds_nothing();
}

#[tokio::test]
async fn a_file_of_another_length_is_refused() {
    for (length, expect) in
        [(9_999, "it has 9999 bytes instead of 10000"), (10_001, "it has 10001 bytes instead of 10000")]
    {
        let it = Place::new();
        it.server.put(HUB_A, content(1, length));
        assert!(why(it.pull(&manifest(Some(&content(1, 10_000)), A)).await).ends_with(expect));
        it.holds_nothing();
    }
}

#[tokio::test]
async fn a_wrong_partial_file_is_begun_anew() {
    let it = Place::new();
    let bytes = content(1, 10_000);
    it.server.put(HUB_A, bytes.clone());
    let partial = it.path().join(".partial").join(format!("{}.m.bin", &Digest::of(&bytes).to_string()[..16]));
    for garbage in [5_000, 10_000, 20_000] {
        fs::create_dir_all(partial.parent().unwrap()).unwrap();
        fs::write(&partial, content(3, garbage)).unwrap();
        assert_eq!(it.pull(&manifest(Some(&bytes), A)).await, Outcome::Pulled, "{garbage}");
        it.holds("m.bin", &bytes);
        fs::remove_file(it.path().join("m.bin")).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_its_engine_refuses_gets_no_name() {
    let it = Place::new();
    let bytes = content(1, 10_000);
    it.server.put(HUB_A, bytes.clone());
    let expect = bytes.clone();
    let refuse: Probe = Arc::new(move |kind, path| {
        assert!(fs::read(path).unwrap() == expect, "probed when whole");
        Err(format!("it is no {kind} model"))
    });
    let report = it.try_pull(&manifest(Some(&bytes), A), &options(&it.server), refuse).await.unwrap();
    assert_eq!(why(report.models[0].outcome.clone()), "m.bin from hub o/n: it is no stt model");
    it.holds_nothing();
}

#[tokio::test]
async fn an_unverified_file_is_taken_when_allowed_and_held_to_its_pin() {
    let it = Place::new();
    let bytes = content(1, 10_000);
    it.server.put(HUB_A, bytes.clone());
    let manifest = manifest(None, A);
    let refused = why(it.pull(&manifest).await);
    assert_eq!(refused, "m.bin: its digest is not known: to take it all the same, pull with --allow-unverified");
    assert_eq!(it.server.take_requests(HUB_A).len(), 0);
    let mut allow = options(&it.server);
    allow.allow_unverified = true;
    it.try_pull(&manifest, &allow, any()).await.unwrap().check().unwrap();
    it.holds("m.bin", &bytes);
    let library = Library::new(it.path(), &manifest);
    assert_eq!(library.verify(&manifest.models[0]), ModelState::Unverified);
    fs::remove_file(it.path().join("m.bin")).unwrap();
    it.server.put(HUB_A, content(2, 10_000));
    let report = it.try_pull(&manifest, &allow, any()).await.unwrap();
    assert!(why(report.models[0].outcome.clone()).ends_with("its digest is not the one expected"));
    it.server.put(HUB_A, bytes.clone());
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled, "pinned is as good as known");
}

/// A wheel with a stored and a deflated file behind a large stranger.
fn wheel(stored: &[u8], deflated: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let files = [
        ("p/stranger", CompressionMethod::Stored, &content(9, 3_000_000)[..]),
        ("p/stored.bin", CompressionMethod::Stored, stored),
        ("p/deflated.bin", CompressionMethod::Deflated, deflated),
    ];
    for (name, method, bytes) in files {
        writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const STORED: &str = r#"{ pypi = "P.q", version = "1.0", member = "p/stored.bin" }"#;
const DEFLATED: &str = r#"{ pypi = "P.q", version = "1.0", member = "p/deflated.bin" }"#;
const WHEEL: &str = "/files/p_q-1.0-py3-none-any.whl";

fn put_index(server: &Server, digest: Option<Digest>, json: bool) {
    let (content_type, body) = match json {
        true => {
            let hashes = digest.map(|digest| format!("\"sha256\":\"{digest}\"")).unwrap_or_default();
            let file = format!("{{\"url\":\"../../files/p_q-1.0-py3-none-any.whl\",\"hashes\":{{{hashes}}}}}");
            ("application/vnd.pypi.simple.v1+json", format!("{{\"files\":[{file}]}}"))
        }
        false => {
            let fragment = digest.map(|digest| format!("#sha256={digest}")).unwrap_or_default();
            ("text/html; charset=utf-8", format!("<a href=\"{WHEEL}{fragment}\">p</a>"))
        }
    };
    server.put_file("/simple/p-q/", File { body: body.into(), content_type, ranges: false, etag: None });
}

#[tokio::test]
async fn a_wheel_that_is_served_in_parts_is_fetched_in_parts() {
    let (stored, deflated) = (content(1, 200_000), b"again and ".repeat(50_000));
    for json in [true, false] {
        let it = Place::new();
        let wheel = wheel(&stored, &deflated);
        put_index(&it.server, None, json);
        it.server.put(WHEEL, wheel.clone());
        let manifest = files(&[("s.bin", Some(&stored), STORED), ("d.bin", Some(&deflated), DEFLATED)]);
        assert_eq!(it.pull(&manifest).await, Outcome::Pulled);
        it.holds("s.bin", &stored);
        it.holds("d.bin", &deflated);
        assert!(it.server.bytes_sent() < 1_000_000, "{} of {}", it.server.bytes_sent(), wheel.len());
    }
}

#[tokio::test]
async fn a_part_of_a_wheel_is_gone_on_from() {
    let it = Place::new();
    let stored = content(1, 200_000);
    put_index(&it.server, None, true);
    it.server.put(WHEEL, wheel(&stored, b""));
    // The table of contents, the file's header, then its bytes.
    it.server.fail(WHEEL, [Fault::CutAfter(0), Fault::Status(503), Fault::CutAfter(0)]);
    assert_eq!(it.pull(&files(&[("s.bin", Some(&stored), STORED)])).await, Outcome::Pulled);
    it.holds("s.bin", &stored);
}

#[tokio::test]
async fn a_wheel_that_is_served_whole_only_is_fetched_whole_once() {
    let (stored, deflated) = (content(1, 200_000), b"again and ".repeat(50_000));
    let it = Place::new();
    let wheel = wheel(&stored, &deflated);
    let file = File { body: wheel.clone(), content_type: "application/octet-stream", ranges: false, etag: None };
    it.server.put_file(WHEEL, file);
    let manifest = files(&[("s.bin", Some(&stored), STORED), ("d.bin", Some(&deflated), DEFLATED)]);
    put_index(&it.server, Some(Digest::of(b"another wheel")), true);
    let refused = why(it.pull(&manifest).await);
    assert!(refused.contains("the wheel's digest is not the index's"), "{refused}");
    it.holds_nothing();
    it.server.take_requests(WHEEL);
    put_index(&it.server, Some(Digest::of(&wheel)), false);
    assert_eq!(it.pull(&manifest).await, Outcome::Pulled);
    it.holds("s.bin", &stored);
    it.holds("d.bin", &deflated);
    let whole = it.server.take_requests(WHEEL).iter().filter(|request| !request.headers.contains_key("range")).count();
    assert_eq!(whole, 1);

    // One whose content does not fit, and that the server names an edition of.
    let file =
        File { body: wheel.clone(), content_type: "application/octet-stream", ranges: false, etag: Some("\"e\"") };
    it.server.put_file(WHEEL, file);
    fs::remove_file(it.path().join("d.bin")).unwrap();
    let short = files(&[("d.bin", Some(&deflated[..1000]), DEFLATED)]);
    let refused = why(it.pull(&short).await);
    assert!(refused.ends_with("unpacked, it is longer than 1000 bytes"), "{refused}");
    assert!(!it.path().join(".partial").exists(), "nothing is left over");
}

#[tokio::test]
async fn what_an_index_lacks_is_said() {
    let it = Place::new();
    let manifest = files(&[("s.bin", Some(b"x"), STORED)]);
    let index = &it.server.url;
    assert_eq!(why(it.pull(&manifest).await), format!("s.bin from package P.q 1.0: {index}: not there (404)"));
    put_index(&it.server, None, true);
    it.server.put(WHEEL, b"no zip at all".to_vec());
    assert!(why(it.pull(&manifest).await).contains("the wheel is no zip file"));
    it.server.put(WHEEL, wheel(b"ab", b""));
    assert!(why(it.pull(&manifest).await).ends_with("p/stored.bin has 2 bytes instead of 1"));
    it.server.put(WHEEL, wheel(b"", b"")[..2_000_000].to_vec());
    assert!(why(it.pull(&manifest).await).contains("the wheel is no zip file"));
    let other = r#"{ pypi = "P.q", version = "1.0", member = "p/other.bin" }"#;
    it.server.put(WHEEL, wheel(b"x", b""));
    assert!(why(it.pull(&files(&[("s.bin", Some(b"x"), other)])).await).ends_with("the wheel has no p/other.bin"));
}

#[tokio::test]
async fn credentials_reach_the_index_and_its_files_and_no_message() {
    let it = Place::new();
    let stored = content(1, 20_000);
    it.server.demand("dXNlcjpodW50ZXIyIQ==");
    put_index(&it.server, None, true);
    it.server.put(WHEEL, wheel(&stored, b""));
    let manifest = files(&[("s.bin", Some(&stored), STORED)]);
    let with = |user: &str| {
        let index = format!("{}/simple", it.server.url.replace("http://", &format!("http://{user}@")));
        let settings = config::Models {
            hub_url: it.server.url.clone(),
            index_url: Some(Secret::from("http://127.0.0.1:9/simple")),
            extra_index_urls: vec![Secret::from(index)],
        };
        let mut options = Options::new(&settings).unwrap();
        options.patience = Duration::ZERO;
        options
    };
    let wrong = with("user:hunter3");
    let report = it.try_pull(&manifest, &wrong, any()).await.unwrap();
    let said = format!("{report:?} {wrong:?} {}", report.check().unwrap_err());
    assert!(said.contains("access refused (401)") && said.contains("connection refused"), "{said}");
    assert!(!said.contains("hunter") && !said.contains("user"), "{said}");
    it.try_pull(&manifest, &with("user:hunter2%21"), any()).await.unwrap().check().unwrap();
    it.holds("s.bin", &stored);
}
