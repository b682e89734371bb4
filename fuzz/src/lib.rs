//! What strangers send, one function for each way in. The functions panic when they find a fault, and use nothing but the
//! program's public interface: libFuzzer calls them with what it thinks of (`fuzz_targets/`), `tests/black_box/fuzz.rs` with
//! the kept corpus and small changes of it.
//!
//! Where order matters (signal messages, data packets, datagrams, pictures, a worker's words) one input holds several, each after its length in two
//! bytes, as on ICE-TCP (RFC 4571).

mod call;
mod control;
mod office;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use callstead::{
    dialogue::guide::simulate::{self, Scene},
    rooms::{
        SignalVersion::{V0, V1},
        signal,
        token::{self, Keys},
    },
    script::{MOST_BYTES, Script},
};
use livekit_protocol::{self as proto, signal_request::Message as Request};

use self::{call::Call, control::Asked, office::Office};

/// At most so many messages of one input are looked at: what takes longer to show does not show in a fuzzer either.
const MOST_MESSAGES: usize = 64;
/// Of a script's tests so many are played.
const MOST_TESTS: usize = 3;
/// What one call may come to: a hundred steps a round.
const MOST_LINES: usize = 300 * 200;

/// A function that takes what strangers send.
pub type Target = fn(&[u8]);

/// All of them, by the name of their corpus.
pub const TARGETS: [(&str, Target); 11] = [
    ("control", control),
    ("data_packet", data_packet),
    ("data_track", data_track),
    ("datagram", datagram),
    ("join_request", join_request),
    ("script", script),
    ("sdp", sdp),
    ("signal_request", signal_request),
    ("token", token),
    ("video", video),
    ("worker", worker),
];

/// Messages of a client's signal connection, one after the other.
pub fn signal_request(bytes: &[u8]) {
    let mut call = Call::new();
    call.join_listener();
    call.join_stranger(V0, "auto_subscribe=1");
    for message in messages(bytes) {
        if let Ok(request) = signal::request(message) {
            call.say(request);
        }
    }
    call.run_ms(100);
    call.assert_unharmed();
}

/// The query of a signal connection's address, without `join_request=` where that is what comes.
pub fn join_request(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let queries = [(V0, text.to_owned()), (V1, format!("join_request={text}"))];
    for (path, query) in queries {
        let mut call = Call::new();
        call.join_listener();
        call.join_stranger(path, &query);
        call.run_ms(100);
        call.assert_unharmed();
    }
}

/// A session description, as the offer of either kind of client and as an answer.
pub fn sdp(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let description =
        || proto::SessionDescription { r#type: "offer".to_owned(), sdp: text.to_owned(), id: 1, ..Default::default() };
    for (version, message) in
        [(V0, Request::Offer(description())), (V0, Request::Answer(description())), (V1, Request::Offer(description()))]
    {
        let mut call = Call::new();
        call.join_listener();
        call.join_offering(version, (version == V1).then(description));
        call.say(proto::SignalRequest { message: Some(message) });
        call.run_ms(100);
        call.assert_unharmed();
    }
}

/// Messages of a reliable data channel.
pub fn data_packet(bytes: &[u8]) {
    call::with_connected(|call| {
        for message in messages(bytes) {
            call.send_data(message);
        }
        call.run_ms(2);
        call.assert_unharmed();
    });
}

/// Packets of data tracks, of which the listener receives one. It goes on receiving it.
pub fn data_track(bytes: &[u8]) {
    call::with_watched(|call| {
        for packet in messages(bytes) {
            call.send_frame(packet);
        }
        call.run_ms(2);
        call.assert_frames_arrive();
        call.assert_unharmed();
    });
}

/// Packets of a camera that the listener sees: see `Call::show`. It goes on seeing it.
pub fn video(bytes: &[u8]) {
    call::with_watched(|call| {
        for packet in messages(bytes) {
            call.show(packet);
            call.run_ms(5);
        }
        call.assert_watched();
        call.assert_unharmed();
    });
}

/// What a back end asks of a room: see `Asked::read`. Each request is answered, and sends nobody away but whom it names.
pub fn control(bytes: &[u8]) {
    if Asked::read(bytes, "").is_none() {
        return;
    }
    let mut call = Call::administered();
    let Some(asked) = Asked::read(bytes, call.track_sid()) else { return };
    let spares_the_listener = !asked.sends_away("listener");
    call.control(asked.control);
    // Nobody acknowledges a call of a method within two seconds.
    for _ in 0..22 {
        call.run_ms(100);
    }
    assert!((asked.has_answer)(), "a request is not answered");
    if spares_the_listener {
        call.assert_unharmed();
    }
}

/// Messages of an outside worker: see `Office::hear`.
pub fn worker(bytes: &[u8]) {
    let mut office = Office::new();
    messages(bytes).for_each(|message| office.hear(message));
    office.assert_unharmed();
}

/// Datagrams from the address of a client that is connected.
pub fn datagram(bytes: &[u8]) {
    call::with_connected(|call| {
        for contents in messages(bytes) {
            call.send_datagram(contents);
        }
        call.run_ms(2);
        call.assert_unharmed();
    });
}

/// A guided script, as somebody saves it. What is read can be drawn, asks only hosts that it names, and leads calls that end or
/// wait for the caller; what is not is faulted within the document.
pub fn script(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Script::parse(text) {
        Ok(script) => {
            assert!(text.len() <= MOST_BYTES);
            assert!(script.graph().starts_with("<svg "));
            let hosts: Vec<_> = script.hosts().map(|(host, _)| host.clone()).collect();
            assert!(script.refused_hosts(&hosts).is_empty());
            assert_eq!(script.refused_hosts(&[]).len(), hosts.len());
            assert_never_stuck(&Arc::new(script));
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            let lines = text.split('\n').count();
            for fault in faults {
                assert!(
                    (1..=lines).contains(&fault.line) && fault.column > 0 && !fault.problem.to_string().is_empty(),
                    "{fault:?}"
                );
            }
        }
    }
}

/// The script's own tests, played: whatever they expect.
fn assert_never_stuck(script: &Arc<Script>) {
    for test in script.tests.iter().take(MOST_TESTS) {
        let run = simulate::run(script, &Scene::of(test));
        assert!(run.outcome.is_some() || run.rounds == simulate::MOST_ROUNDS, "it neither ends nor listens: {run:?}");
        assert!(run.transcript.len() < MOST_LINES, "{} lines in {} rounds", run.transcript.len(), run.rounds);
    }
}

/// An access token. None but our own is let in, and what it says can be said again.
pub fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (keys, now) = (keys(), SystemTime::UNIX_EPOCH + NOW);
    let Ok(claims) = token::verify(&keys, text, now) else { return };
    assert!(text.len() <= token::MAX_BYTES);
    let again = token::verify(&keys, &token::mint(&keys, &claims), now).expect("a token of ours is let in");
    assert!(claims == again, "{claims:?} became {again:?}");
}

/// When the tokens of the corpus are valid, since the Unix epoch.
pub const NOW: Duration = Duration::from_secs(2_000_000_000);

/// Those that sign the tokens of the corpus.
pub fn keys() -> Keys {
    Keys { api_key: "APIfuzz".to_owned(), api_secret: "a-secret-that-protects-nothing-at-all".to_owned().into() }
}

fn messages(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let next = move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (message, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        bytes = rest;
        Some(message)
    };
    std::iter::from_fn(next).take(MOST_MESSAGES)
}
