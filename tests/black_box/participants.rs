//! Our own client of LiveKit rooms, in rooms of the program: real sockets, real WebRTC.

use std::{
    env,
    f32::consts::TAU,
    time::{Duration, SystemTime},
};

use callstead::{
    audio::{FRAME_SAMPLES, Frame},
    config::Secret,
    domain::RoomName,
    livekit::{Device, Heard, LineError, ParticipantError, SignalError, Step, Trust, participate},
    rooms::{
        Claims,
        token::{Keys, mint},
    },
};

use crate::{
    support::{Desk, Server},
    tls::SELF_SIGNED,
};

/// In ticks of 20 ms: much longer than anything here takes.
const PATIENCE: u32 = 1_500;
/// What Opus makes of silence is softer.
const LOUD: i16 = 4_000;

/// Says one tone until it has heard another.
struct Tone {
    frame: Frame,
    ticks: u32,
    heard: u32,
}

impl Tone {
    fn new() -> Self {
        let mut frame = Frame::SILENCE;
        for (nth, sample) in frame.samples.iter_mut().enumerate() {
            *sample = ((nth as f32 * TAU * 10.0 / FRAME_SAMPLES as f32).sin() * 16_000.0) as i16;
        }
        Self { frame, ticks: 0, heard: 0 }
    }
}

impl Device for Tone {
    fn tick(&mut self, heard: Heard<'_>) -> Step<'_> {
        self.ticks += 1;
        self.heard += u32::from(heard.frame.samples.iter().any(|sample| *sample > LOUD));
        // The other hears the rest of what was said.
        if self.heard >= 50 || self.ticks > PATIENCE { Step::Leave } else { Step::Say(&self.frame) }
    }
}

fn keys() -> Keys {
    Keys { api_key: "APIbench".to_owned(), api_secret: Secret::from("0123456789abcdef0123456789abcdef") }
}

fn token(identity: &str, keys: &Keys) -> Secret {
    let room: RoomName = "tones".parse().unwrap();
    let claims = Claims::new(identity.parse().unwrap(), room, SystemTime::now(), Duration::from_mins(10));
    Secret::from(mint(keys, &claims))
}

/// A server whose rooms no agent joins.
fn server(desk: &Desk) -> Server {
    desk.put("data/config.toml", b"[[agent.rules]]\nrooms = \"*\"\nprofile = \"none\"\n");
    let keys = keys();
    let pair = [("LIVEKIT_API_KEY", keys.api_key.as_str()), ("LIVEKIT_API_SECRET", keys.api_secret.reveal())];
    Server::start(desk, &["--dev"], &pair)
}

#[tokio::test]
async fn two_participants_hear_each_other() {
    let desk = Desk::new();
    let server = server(&desk);
    let url = format!("ws://{}", server.address);
    talk(&url, &keys()).await;
}

/// Start one with `livekit-server --dev --node-ip 127.0.0.1`, or any other, and name it in CALLSTEAD_TEST_LIVEKIT_URL; its
/// key is in LIVEKIT_API_KEY and LIVEKIT_API_SECRET.
#[tokio::test]
async fn at_a_real_livekit_server_too() {
    let variables = ["CALLSTEAD_TEST_LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"].map(env::var);
    let [Ok(url), Ok(api_key), Ok(api_secret)] = variables else {
        println!("skipped: CALLSTEAD_TEST_LIVEKIT_URL names no server");
        return;
    };
    talk(&url, &Keys { api_key, api_secret: Secret::from(api_secret) }).await;
}

#[tokio::test]
async fn over_tls_the_server_has_to_be_believed() {
    let desk = Desk::new();
    let keys = keys();
    let pair = [("LIVEKIT_API_KEY", keys.api_key.as_str()), ("LIVEKIT_API_SECRET", keys.api_secret.reveal())];
    let server = Server::start(&desk, &[], &[SELF_SIGNED, pair].concat());
    let authority = desk.data_dir().join("tls/ca.crt");
    let url = format!("wss://localhost:{}", server.address.port());
    let believed = Trust::new(Some(&authority)).unwrap();
    let mut tone = Tone::new();
    tone.heard = 50;
    participate(&url, &token("anna", &keys), &believed, &mut tone).await.unwrap();
    assert_eq!(tone.ticks, 1, "the microphone was published");
    let stranger = Trust::new(None).unwrap();
    let refused = participate(&url, &token("anna", &keys), &stranger, &mut Tone::new()).await;
    assert!(
        matches!(refused, Err(ParticipantError::Line(LineError::Signal(SignalError::Certificate(_))))),
        "{refused:?}"
    );
}

async fn talk(url: &str, keys: &Keys) {
    let (mut anna, mut bert) = (Tone::new(), Tone::new());
    let (first, second) = (token("anna", keys), token("bert", keys));
    let trust = Trust::new(None).unwrap();
    let (first, second) =
        tokio::join!(participate(url, &first, &trust, &mut anna), participate(url, &second, &trust, &mut bert));
    first.unwrap();
    second.unwrap();
    // Who leaves first may be the only one who has heard enough.
    assert!(anna.heard.max(bert.heard) >= 50 && anna.heard.min(bert.heard) > 10, "{} {}", anna.heard, bert.heard);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let desk = Desk::new();
    let server = server(&desk);
    let url = format!("ws://{}", server.address);
    let trust = Trust::new(None).unwrap();
    let others = Keys { api_secret: Secret::from("another-secret-of-thirty-two-bytes"), ..keys() };
    let refused = participate(&url, &token("anna", &others), &trust, &mut Tone::new()).await;
    assert!(
        matches!(refused, Err(ParticipantError::Line(LineError::Signal(SignalError::Refused(401))))),
        "{refused:?}"
    );
    drop(server);
    let gone = participate(&url, &token("anna", &keys()), &trust, &mut Tone::new()).await;
    assert!(
        matches!(gone, Err(ParticipantError::Line(LineError::Signal(SignalError::Unreachable { .. })))),
        "{gone:?}"
    );
}
