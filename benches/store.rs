//! How long a record takes to be safe: turns of a call at a steady rate, each answered when it is on the disk
//! (`synchronous=FULL`).
//!
//! `cargo bench --bench store [-- FOLDER]`, with a folder on the disk that is meant; by default one of the build's. To reach:
//! 500 a second, with no growing delay.
#![expect(clippy::print_stdout, reason = "a bench's result")]

mod open_loop;

use std::{env, time::Duration};

use callstead::{
    domain::{CallId, Pii},
    store::{
        Store,
        calls::{self, About, Direction, NewCall},
        turns::{self, NewTurn, Providers, Timings, Who},
    },
};
use jiff::Timestamp;
use open_loop::Load;
use tokio::runtime::Builder;

/// More threads than writes in one commit: each waits for its own.
const LOAD: Load = Load { rate: 500, seconds: 10, askers: 64 };

fn main() {
    let folder = env::args().skip(1).find(|word| !word.starts_with('-'));
    let folder = folder.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").to_owned());
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    let store = Store::open(folder.path()).expect("a database");
    let call = NewCall {
        id: CallId::random(),
        room: "bench".parse().expect("a name"),
        caller: "bench".parse().expect("a name"),
        caller_name: Pii::default(),
        language: None,
        profile: "default".to_owned(),
        direction: Direction::Inbound,
        started_at: Timestamp::now(),
        about: About::default(),
    };
    let id = call.id.clone();
    let runtime = || Builder::new_current_thread().build().expect("a runtime");
    runtime().block_on(store.write(move |transaction| calls::start(transaction, &call))).expect("a call");
    let late = LOAD.run(|| {
        let (store, id, runtime) = (store.clone(), id.clone(), runtime());
        move |number| {
            let (id, turn) = (id.clone(), turn(number));
            let write = store.write(move |transaction| turns::add(transaction, &id, &turn));
            runtime.block_on(write).expect("the turn is kept");
        }
    });
    println!("{} records a second, each on the disk when it is answered: {}", LOAD.rate, late.summary());
}

fn turn(number: u32) -> NewTurn {
    let at = Duration::from_secs(number.into());
    NewTurn {
        who: Who::Caller,
        text: Pii::new("I would like to move my appointment to next week, if that can be done.".to_owned()),
        started: at,
        ended: at + Duration::from_secs(1),
        heard: None,
        interrupted: false,
        timings: Timings::default(),
        providers: Providers::default(),
        tokens: None,
    }
}
