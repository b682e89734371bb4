//! A short run over what fuzzing (`make fuzz`) begins with: the kept corpus as it is, and with a few changes. The functions
//! that take it, and panic at a fault, are libFuzzer's own.

mod back_ends;
mod seeds;
#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "they are the public items of another crate, which is `fuzz/`")]
mod targets;

use std::{fs, path::PathBuf};

use proptest::{prelude::*, sample::Index, test_runner::TestRunner};

use self::targets::{TARGETS, Target};
use crate::support::repository;

/// Of each target; a minute of libFuzzer tries some hundred times as many.
const CASES: u32 = 200;
/// Beginnings, not recordings: what is longer belongs into a test of its own.
const MOST_BYTES: usize = 12 * 1024;

/// A small change, as libFuzzer makes them.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        6 => (at(), any::<u8>()).prop_map(|(at, flip)| Change::Flip(at, flip)),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (at(), 1..9_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (at(), 1..33_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn changed(seed: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for change in changes {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match change {
            Change::Flip(at, flip) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            Change::Flip(..) => {}
            Change::Insert(at, more) => {
                let at = place(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Remove(at, count) => {
                let at = place(at);
                let end = bytes.len().min(at + count);
                bytes.drain(at..end);
            }
            Change::Repeat(at, count) => {
                let at = place(at);
                let again = bytes[at..bytes.len().min(at + count)].to_vec();
                bytes.splice(at..at, again);
            }
            Change::Cut(at) => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
    bytes
}

fn folder(target: &str) -> PathBuf {
    repository("fuzz/corpus").join(target)
}

/// The files of a target, in the order of their names.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Holds one target over its corpus, and over changes of it.
fn replay(name: &str, target: Target) {
    let corpus = corpus(name);
    assert!(corpus.len() >= 10, "{name}: only {} files", corpus.len());
    for (path, bytes) in &corpus {
        assert!(bytes.len() <= MOST_BYTES, "{}: {} bytes", path.display(), bytes.len());
        println!("{}", path.display());
        target(bytes);
    }
    let seeds = prop::sample::select(corpus.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    let inputs = (seeds, prop::collection::vec(change(), 1..5)).prop_map(|(seed, changes)| changed(&seed, &changes));
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&inputs, |bytes| {
        target(&bytes);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

#[test]
fn the_corpus_and_what_is_like_it_is_borne() {
    for (name, target) in TARGETS {
        replay(name, target);
    }
}

#[test]
fn each_target_has_seeds_and_a_fuzzer() {
    let seeds = seeds::corpora().map(|(name, _)| name);
    assert_eq!(seeds, TARGETS.map(|(name, _)| name));
    for name in seeds {
        assert!(repository("fuzz/fuzz_targets").join(format!("{name}.rs")).is_file(), "{name}");
    }
}

/// Files that are there already, such as those of faults once found, stay.
#[test]
#[ignore = "writes the corpus anew"]
fn write_the_corpus() {
    for (target, seeds) in seeds::corpora() {
        fs::create_dir_all(folder(target)).unwrap();
        for (name, bytes) in seeds {
            fs::write(folder(target).join(name), bytes).unwrap();
        }
    }
}
