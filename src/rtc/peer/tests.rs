//! Two real peers, a server and a client, over a simulated network.

use std::time::Duration;

use str0m::rtp::{RedDecoder, RedEncoder, RedundantBlock};

use super::*;
use crate::rtc::sim::{Pair, Weather, packet};

const SECOND: Duration = Duration::from_secs(1);
const PACKET: Duration = Duration::from_millis(20);

fn msid(track: &str) -> Msid {
    Msid { stream: format!("PA_1|{track}"), track: track.to_owned() }
}

/// LiveKit's v0 subscriber connection: the server offers one track and the data channels.
fn subscriber(seed: u64, weather: Weather) -> (Pair, Mid) {
    let mut pair = Pair::new(seed, weather);
    let mid = pair.server.peer.add_sender(Kind::Audio, msid("TR_1")).unwrap();
    pair.server.peer.add_channels();
    pair.server_offers();
    pair.run(5 * SECOND);
    assert!(pair.server.is_connected() && pair.client.is_connected(), "not connected: {pair:?}");
    (pair, mid)
}

/// LiveKit's v1 connection: the client offers its microphone, three sections to receive in, and the data channels.
/// Gives the microphone's section and those.
fn single(seed: u64, weather: Weather) -> (Pair, Mid, Vec<Mid>) {
    let mut pair = Pair::new(seed, weather);
    let microphone =
        pair.client.peer.add_sender(Kind::Audio, Msid { stream: "s".into(), track: "cid".into() }).unwrap();
    let receiving = (0..3).map(|_| pair.client.peer.add_receiver(Kind::Audio).unwrap()).collect();
    pair.client.peer.add_channels();
    pair.client_offers();
    pair.run(5 * SECOND);
    assert!(pair.server.is_connected() && pair.client.is_connected(), "not connected: {pair:?}");
    (pair, microphone, receiving)
}

/// Sends packets `numbers` at 20 ms each, from the server.
fn send(pair: &mut Pair, mid: Mid, numbers: std::ops::Range<u64>) {
    for number in numbers {
        pair.server.peer.send(pair.now, mid, &packet(pair.now, number));
        pair.run(PACKET);
    }
}

fn number(packet: &Packet) -> u64 {
    u64::from_be_bytes(packet.payload[..].try_into().unwrap())
}

fn disconnected(end: &crate::rtc::sim::End) -> bool {
    end.events.iter().any(|event| matches!(event, Event::Disconnected))
}

#[test]
fn audio_arrives_with_its_numbers_through_a_storm() {
    let (mut pair, mid) = subscriber(1, Weather::STORM);
    send(&mut pair, mid, 0..1000);
    pair.run(SECOND);
    let media = pair.client.take_media();
    assert!((850..=950).contains(&media.len()), "{} of 1000 arrived", media.len());
    for packet in &media {
        let (number, first) = (number(packet), number(&media[0]));
        // A receiver counts from the first packet that it gets.
        assert_eq!(packet.seq - media[0].seq, number - first);
        assert_eq!(packet.time - media[0].time, (number - first) * 960);
    }
    let mut numbers: Vec<_> = media.iter().map(number).collect();
    assert!(!numbers.is_sorted(), "the network reorders, and nobody may wait for that here");
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), media.len(), "a doubled packet is told once");
}
