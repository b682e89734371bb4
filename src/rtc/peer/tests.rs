//! Two real peers, a server and a client, over a simulated network.

use std::time::Duration;

use proptest::prelude::*;
use str0m::rtp::{RedEncoder, RedundantBlock};

use super::*;
use crate::rtc::sim::{End, Pair, Weather, packet};

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

/// How many packets come of one that the client sends.
fn send_from_client(pair: &mut Pair, mid: Mid, number: u64) -> usize {
    pair.client.peer.send(pair.now, mid, &packet(pair.now, number));
    pair.run(SECOND);
    pair.server.take_media().len()
}

fn number(packet: &Packet) -> u64 {
    u64::from_be_bytes(packet.payload[..].try_into().unwrap())
}

fn count(end: &End, is_it: impl Fn(&Event) -> bool) -> usize {
    end.events.iter().filter(|event| is_it(event)).count()
}

fn is_disconnected(end: &End) -> bool {
    count(end, |event| matches!(event, Event::Disconnected)) == 1
}

/// What came over a channel, as numbers.
fn messages(end: &End, channel: Channel) -> Vec<u32> {
    let number = |event: &Event| match event {
        Event::Data(from, message) if *from == channel => Some(u32::from_be_bytes(message[..4].try_into().unwrap())),
        _ => None,
    };
    end.events.iter().filter_map(number).collect()
}

fn directions(end: &End) -> Vec<(bool, bool)> {
    end.peer.sections().iter().map(|section| (section.sends, section.receives)).collect()
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

#[test]
fn messages_arrive_in_order_through_a_storm() {
    let (mut pair, _) = subscriber(2, Weather::STORM);
    for end in [&pair.server, &pair.client] {
        assert_eq!(count(end, |event| matches!(event, Event::ChannelOpen(_))), 3);
    }
    for number in 0_u32..300 {
        let message = [&number.to_be_bytes()[..], &[7; 500]].concat();
        pair.server.peer.send_data(Channel::Reliable, &message).unwrap();
        pair.client.peer.send_data(Channel::Lossy, &message).unwrap();
        pair.run(PACKET);
    }
    pair.run(10 * SECOND);
    assert_eq!(messages(&pair.client, Channel::Reliable), (0..300).collect::<Vec<_>>());
    let mut lossy = messages(&pair.server, Channel::Lossy);
    lossy.sort_unstable();
    lossy.dedup();
    assert!((200..300).contains(&lossy.len()), "{} of 300 arrived", lossy.len());
}

#[test]
fn a_channel_that_nobody_reads_takes_no_more() {
    let (mut pair, mut late) = (subscriber(3, Weather::FAIR).0, subscriber(3, Weather::FAIR).0);
    (pair.network.weather, late.network.weather) = (Weather::CUT, Weather::CUT);
    let sent = (0..1000).take_while(|_| pair.server.peer.send_data(Channel::Reliable, &[0; 4096]).is_ok()).count();
    assert!((1..=MOST_WAITING / 4096).contains(&sent), "{sent} messages wait");
    let frames = (0..sent).take_while(|_| late.server.peer.send_data(Channel::DataTrack, &[0; 4096]).is_ok());
    assert!((1..sent / 4).contains(&frames.count()), "frames do not wait long");
    late.server.peer.send_data(Channel::Reliable, &[0; 4096]).unwrap();
    pair.network.weather = Weather::FAIR;
    pair.run(5 * SECOND);
    pair.server.peer.send_data(Channel::Reliable, &[0; 4096]).unwrap();
}

#[test]
fn a_single_connection_carries_both_ways() {
    let (mut pair, microphone, receiving) = single(4, Weather::STORM);
    let speaks = Msid { stream: "s".into(), track: "cid".into() };
    assert_eq!(pair.server.peer.sections()[0].msid.as_ref(), Some(&speaks), "the publisher names its track");
    assert_eq!(directions(&pair.client)[1..], [(false, false); 3], "nothing is assigned");

    pair.server.peer.assign(receiving[1], Kind::Audio, msid("TR_2"));
    pair.client_offers();
    assert_eq!(directions(&pair.client)[1..], [(false, false), (true, false), (false, false)]);
    assert_eq!(pair.client.peer.sections()[2].msid.as_ref(), Some(&msid("TR_2")));
    for number in 0..200 {
        pair.client.peer.send(pair.now, microphone, &packet(pair.now, number));
        pair.server.peer.send(pair.now, receiving[1], &packet(pair.now, number));
        pair.server.peer.send(pair.now, receiving[0], &packet(pair.now, number));
        pair.run(PACKET);
    }
    let from = |end: &End, mid: Mid| count(end, |event| matches!(event, Event::Media(from, _) if *from == mid));
    assert!(from(&pair.server, microphone) > 150);
    assert!(from(&pair.client, receiving[1]) > 150);
    assert_eq!(from(&pair.client, receiving[0]), 0, "not assigned");

    pair.server.peer.release(receiving[1]);
    pair.client_offers();
    assert_eq!(directions(&pair.client)[2], (false, false));
}

#[test]
fn a_section_is_used_again_by_another_stream() {
    let (mut pair, mid) = subscriber(5, Weather::FAIR);
    send(&mut pair, mid, 0..10);
    pair.server.peer.release(mid);
    pair.server_offers();
    assert_eq!(directions(&pair.client), [(false, false)]);
    send(&mut pair, mid, 10..20);
    assert_eq!(pair.client.take_media().len(), 10, "nothing is sent in a free section");
    pair.run(SECOND);

    assert_eq!(pair.server.peer.add_sender(Kind::Audio, msid("TR_2")), Some(mid));
    pair.server_offers();
    assert_eq!(pair.client.peer.sections()[0].msid.as_ref(), Some(&msid("TR_2")));
    let other = Packet { seq: 60_000, time: 7, ..packet(pair.now, 0) };
    pair.server.peer.send(pair.now, mid, &other);
    pair.server.peer.send(pair.now, mid, &Packet { seq: 59_999, ..other });
    pair.run(SECOND);
    let media = pair.client.take_media();
    assert_eq!(media.iter().map(|packet| packet.seq).collect::<Vec<_>>(), [60_000], "numbers of its own");
}

#[test]
fn an_offer_is_made_when_something_has_changed_and_none_is_under_way() {
    let mut pair = Pair::new(6, Weather::FAIR);
    assert!(pair.server.peer.offer(pair.now).is_none());
    pair.server.peer.add_channels();
    let offer = pair.server.peer.offer(pair.now).unwrap();
    assert!(pair.server.peer.offer(pair.now).is_none());
    assert_eq!(pair.server.peer.add_sender(Kind::Audio, msid("TR_1")), None);
    pair.server.peer.add_channels();
    let answer = pair.client.peer.accept_offer(pair.now, &offer).unwrap();
    pair.server.peer.accept_answer(pair.now, &answer).unwrap();
    assert!(matches!(pair.server.peer.accept_answer(pair.now, &answer), Err(PeerError::NoOffer)));
    assert!(pair.server.peer.offer(pair.now).is_none());
    pair.server.peer.add_sender(Kind::Audio, msid("TR_1")).unwrap();
    pair.server_offers();
    pair.run(5 * SECOND);
    assert!(pair.client.is_connected());
    assert_eq!(count(&pair.client, |event| matches!(event, Event::ChannelOpen(_))), 3);
}

// ---- RED ----

fn red(now: Instant, number: u64) -> Packet {
    let block = |number: u64| packet(now, number).payload.to_vec();
    let redundant = RedundantBlock { pt: 111, timestamp_offset: 960, payload: block(number - 1) };
    let payload = RedEncoder::encode(111, &block(number), &[redundant]).into();
    Packet { payload, is_red: true, ..packet(now, number) }
}

#[test]
fn red_passes_through_where_it_is_taken() {
    let (mut pair, microphone, _) = single(7, Weather::FAIR);
    assert!(pair.client.peer.takes_red(microphone));
    let level = Some(AudioLevel { dbov: -30, voice: true });
    let sent = Packet { level, marker: true, ..red(pair.now, 1) };
    pair.client.peer.send(pair.now, microphone, &sent);
    pair.client.peer.send(pair.now, microphone, &packet(pair.now, 2));
    pair.run(SECOND);
    let media = pair.server.take_media();
    assert_eq!(media.iter().map(|packet| packet.is_red).collect::<Vec<_>>(), [true, false]);
    assert_eq!((&media[0].payload, media[0].level, media[0].marker), (&sent.payload, level, true));
}

#[test]
fn red_is_unwrapped_for_who_does_not_take_it() {
    let mut pair = Pair::new(8, Weather::FAIR);
    let mid = pair.server.peer.add_sender(Kind::Audio, msid("TR_1")).unwrap();
    let offer = pair.server.peer.offer(pair.now).unwrap();
    let plain = |line: &&str| !line.contains("red/48000") && !line.starts_with("a=fmtp:63");
    let offer: Vec<_> = offer.lines().filter(plain).map(|line| line.replace(" 111 63", " 111")).collect();
    let answer = pair.client.peer.accept_offer(pair.now, &(offer.join("\r\n") + "\r\n")).unwrap();
    pair.server.peer.accept_answer(pair.now, &answer).unwrap();
    pair.run(5 * SECOND);
    assert!(pair.client.is_connected() && !pair.server.peer.takes_red(mid));
    pair.server.peer.send(pair.now, mid, &red(pair.now, 5));
    pair.run(SECOND);
    assert_eq!(
        pair.client.take_media().iter().map(|packet| (number(packet), packet.is_red)).collect::<Vec<_>>(),
        [(5, false)]
    );
}

#[test]
fn red_is_asked_for_in_the_answer() {
    let mut pair = Pair::new(9, Weather::FAIR);
    let mid = pair.client.peer.add_sender(Kind::Audio, msid("cid")).unwrap();
    let offer = pair.client.peer.offer(pair.now).unwrap();
    pair.server.peer.prefer(mid, "red");
    let answer = pair.server.peer.accept_offer(pair.now, &offer).unwrap();
    assert!(offer.contains(" 111 63\r\n") && answer.contains(" 63 111\r\n"), "{answer}");
    pair.client.peer.accept_answer(pair.now, &answer).unwrap();
}

// ---- the end, and what is not yet the end ----

#[test]
fn the_server_restarts_ice() {
    let (mut pair, mid) = subscriber(10, Weather::STORM);
    let ufrag = pair.server.peer.ufrag().to_owned();
    let offer = pair.server.peer.restart_ice(pair.now).unwrap();
    assert!(offer.contains(&format!("a=ice-ufrag:{ufrag}+1\r\n")));
    let answer = pair.client.peer.accept_offer(pair.now, &offer).unwrap();
    pair.server.peer.accept_answer(pair.now, &answer).unwrap();
    pair.run(20 * SECOND);
    assert_eq!(pair.server.peer.ufrag(), ufrag);
    assert!(pair.server.is_connected() && pair.client.is_connected());
    pair.client.take_media();
    send(&mut pair, mid, 0..50);
    pair.run(SECOND);
    assert!(pair.client.take_media().len() > 30);
}

/// Another network: the client comes from another address after a while without any.
#[test]
fn the_client_restarts_ice_from_elsewhere() {
    let (mut pair, microphone, _) = single(11, Weather::FAIR);
    let weather = std::mem::replace(&mut pair.network.weather, Weather::CUT);
    pair.run(20 * SECOND);
    assert!(is_disconnected(&pair.server), "given up for now");
    pair.network.weather = weather;
    pair.server.events.clear();
    pair.client.move_to("203.0.113.5:50000");
    let offer = pair.client.peer.restart_ice(pair.now).unwrap();
    let answer = pair.server.peer.accept_offer(pair.now, &offer).unwrap();
    assert!(answer.contains(&format!("a=ice-ufrag:{}+1\r\n", pair.server.peer.ufrag())));
    pair.client.peer.accept_answer(pair.now, &answer).unwrap();
    pair.run(5 * SECOND);
    assert!(pair.server.is_connected(), "it is back: {:?}", pair.server);
    pair.client.peer.send(pair.now, microphone, &packet(pair.now, 1));
    pair.run(SECOND);
    assert_eq!(pair.server.take_media().len(), 1);
}

#[test]
fn silence_is_told_after_a_while() {
    let (mut pair, _) = subscriber(12, Weather::FAIR);
    pair.network.weather = Weather::CUT;
    pair.run(SILENCE - 5 * SECOND);
    assert!(pair.server.is_connected());
    pair.run(10 * SECOND);
    assert!(is_disconnected(&pair.server) && is_disconnected(&pair.client));
}

#[test]
fn who_never_comes_is_given_up() {
    let mut pair = Pair::new(13, Weather::CUT);
    pair.client.peer.add_channels();
    pair.client_offers();
    pair.run(CONNECT - SECOND);
    assert!(!is_disconnected(&pair.server));
    pair.run(2 * SECOND);
    assert!(is_disconnected(&pair.server));
}

#[test]
fn a_good_bye_ends_both_sides() {
    let (mut pair, _) = subscriber(14, Weather::FAIR);
    pair.client.peer.close(pair.now);
    pair.run(SECOND);
    assert!(is_disconnected(&pair.server));
    assert!(!is_disconnected(&pair.client), "who closes knows");
    let before = pair.server.events.len();
    pair.run(60 * SECOND);
    assert_eq!(pair.server.events.len(), before);
}

#[test]
fn quality_is_told_as_the_network_is() {
    // The last that the server was told, and the worst loss on the way to the client: it is told now and then.
    let quality = |weather| {
        let (mut pair, mid) = subscriber(15, weather);
        send(&mut pair, mid, 0..1000);
        let told = |event: &Event| if let Event::Quality(quality) = event { Some(*quality) } else { None };
        let told: Vec<Quality> = pair.server.events.iter().filter_map(told).collect();
        (*told.last().unwrap(), told.iter().map(|quality| quality.loss_down).fold(0.0, f32::max))
    };
    let (last, worst) = quality(Weather::FAIR);
    assert_eq!((worst, last.loss_up), (0.0, 0.0));
    let round_trip = last.round_trip.expect("measured once, it is known");
    // Reports may wait as long as a connection without pictures rests.
    assert!((15..150).contains(&round_trip.as_millis()), "{round_trip:?}");
    let (_, worst) = quality(Weather::STORM);
    assert!((0.02..0.5).contains(&worst), "{worst}");
}

// ---- what strangers send ----

#[test]
fn what_is_too_large_or_senseless_is_refused() {
    let mut pair = Pair::new(16, Weather::FAIR);
    pair.client.peer.add_channels();
    let offer = pair.client.peer.offer(pair.now).unwrap();
    let section = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:x\r\na=rtpmap:111 opus/48000/2\r\n";
    let (bundle, _) = offer.split_once("\r\nm=").unwrap();
    let check = |sdp: &str, expected: &str| {
        let error = Peer::new(pair.now, &Options { side: Side::Server, ufrag: None, addresses: Vec::new() })
            .accept_offer(pair.now, sdp)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&(offer.clone() + &section.repeat(1000)), "more than 128 sections");
    check(&(offer.clone() + &"a=x:y\r\n".repeat(100_000)), "longer than");
    check("", "refused");
    check("hello", "refused");
    check(bundle, "refused");
    check(&offer.replace("a=fingerprint", "a=nothing"), "fingerprint");
    check(&offer.replace("a=ice-ufrag", "a=nothing"), "ice-ufrag");
}

#[test]
fn neither_candidates_nor_addresses_nor_channels_pile_up() {
    let (mut pair, _) = subscriber(17, Weather::FAIR);
    for number in 0..10_000 {
        let port = number % 60_000 + 1;
        pair.server.peer.add_candidate(&format!("candidate:{number} 1 udp 1 192.0.2.9 {port} typ host"));
    }
    for nonsense in
        ["", "candidate:", "candidate:1 1 udp 1 x.local 9 typ host", "a=candidate:1 1 udp 1 ::1 99999 typ host"]
    {
        pair.server.peer.add_candidate(nonsense);
    }
    assert!(pair.server.peer.negotiation.trickled() <= 64);

    // The client's own requests, as if sent from many places.
    let mut requests = Vec::new();
    let until = pair.now + 10 * SECOND;
    while pair.client.wake < until {
        pair.client.peer.handle_timeout(pair.client.wake);
        while let Output::Transmit(datagram) = pair.client.peer.poll() {
            requests.push(datagram);
        }
        if let Output::Timeout(wake) = pair.client.peer.poll() {
            pair.client.wake = wake;
        }
    }
    let request = requests.into_iter().find(|datagram| datagram.ufrag().is_some()).expect("a client asks");
    for port in 1..1000 {
        let source = SocketAddr::from(([203, 0, 113, 1], port));
        pair.server.peer.handle_datagram(pair.now, &Datagram { source, ..request.clone() });
    }
    assert!(pair.server.peer.sources.len() <= MOST_SOURCES);
}

#[test]
fn nobody_looks_for_bandwidth_where_there_are_no_pictures() {
    let (mut pair, _) = subscriber(21, Weather::FAIR);
    let (before, mut wakes) = (pair.network.count(), 0);
    for _ in 0..2000 {
        let wake = pair.server.wake;
        pair.run(Duration::from_millis(5));
        wakes += u32::from(pair.server.wake != wake);
    }
    let datagrams = pair.network.count() - before;
    assert!(wakes < 130 && datagrams < 60, "{wakes} times, {datagrams} datagrams in ten seconds");
}

#[test]
fn who_opens_channel_after_channel_is_shown_the_door() {
    let (mut pair, _) = subscriber(20, Weather::FAIR);
    let open = |pair: &mut Pair, count| {
        for number in 0..count {
            let config = str0m::channel::ChannelConfig { label: format!("c{number}"), ..Default::default() };
            pair.client.peer.with(|rtc| rtc.direct_api().create_data_channel(config));
        }
        pair.client.peer.handle_timeout(pair.now);
        pair.run(SECOND);
    };
    open(&mut pair, MOST_STRANGE_CHANNELS);
    assert!(pair.server.is_connected());
    open(&mut pair, 1);
    assert!(is_disconnected(&pair.server));
    pair.run(60 * SECOND);
}

#[test]
fn a_wrong_answer_ends_it_and_an_unreadable_one_does_not() {
    let mut pair = Pair::new(21, Weather::FAIR);
    pair.server.peer.add_sender(Kind::Audio, msid("TR_1"));
    let offer = pair.server.peer.offer(pair.now).unwrap();
    let answer = pair.client.peer.accept_offer(pair.now, &offer).unwrap();
    for unreadable in ["m=audio 9 x", "", &(answer.clone() + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n")] {
        pair.server.peer.accept_answer(pair.now, unreadable).unwrap_err();
    }
    pair.run(SECOND);
    assert!(!is_disconnected(&pair.server));
    let error = pair.server.peer.accept_answer(pair.now, &answer.replace("a=fingerprint", "a=x")).unwrap_err();
    assert!(error.to_string().contains("fingerprint"), "{error}");
    pair.run(SECOND);
    assert!(is_disconnected(&pair.server));
}

/// What `peer` is asked to do at some time.
type Deed = fn(&mut Peer, Instant, Mid, &Datagram);

/// A panic in str0m, wherever it happens, ends the connection; nobody who asks for something afterwards suffers.
#[test]
fn a_panic_ends_one_connection() {
    let deeds: [(&str, Deed); 11] = [
        ("send", |peer, now, mid, _| peer.send(now, mid, &packet(now, 1))),
        ("send data", |peer, _, _, _| drop(peer.send_data(Channel::Reliable, b"x"))),
        ("add a sender", |peer, _, _, _| assert_eq!(peer.add_sender(Kind::Audio, msid("TR_2")), None)),
        ("use a sender again", |peer, _, mid, _| {
            peer.release(mid);
            peer.add_sender(Kind::Audio, msid("TR_2"));
        }),
        ("assign", |peer, _, mid, _| {
            peer.release(mid);
            peer.assign(mid, Kind::Audio, msid("TR_2"));
        }),
        ("offer", |peer, now, _, _| {
            peer.add_channels();
            assert_eq!(peer.offer(now), None);
        }),
        ("restart", |peer, now, _, _| assert_eq!(peer.restart_ice(now), None)),
        ("candidate", |peer, _, _, _| peer.add_candidate("candidate:1 1 udp 1 192.0.2.9 9 typ host")),
        ("datagram", |peer, now, _, datagram| {
            peer.handle_datagram(now, datagram);
            peer.handle_timeout(now);
        }),
        ("timeout", |peer, now, _, _| peer.handle_timeout(now)),
        ("close", |peer, now, _, _| peer.close(now)),
    ];
    for (name, deed) in deeds {
        let (mut pair, mid) = subscriber(22, Weather::FAIR);
        let (source, destination) = (pair.client.address, pair.server.address);
        let datagram = Datagram { transport: Transport::Udp, source, destination, contents: vec![128; 40] };
        let broken: Option<()> = pair.server.peer.with(|_| panic!("a mistake in str0m"));
        assert_eq!(broken, None);
        deed(&mut pair.server.peer, pair.now, mid, &datagram);
        let told = std::iter::from_fn(|| match pair.server.peer.poll() {
            Output::Timeout(_) => None,
            other => Some(other),
        });
        let ends = told.filter(|output| matches!(output, Output::Event(Event::Disconnected))).count();
        assert_eq!(ends, 1, "{name}");
        assert!(pair.server.peer.accept_offer(pair.now, "v=0\r\n").is_err());
        assert!(!pair.server.peer.accepts(&datagram));
        pair.run(SECOND);
    }
}

#[test]
fn the_last_of_many_restarts_counts() {
    let (mut pair, _) = subscriber(23, Weather::FAIR);
    let first = pair.server.peer.restart_ice(pair.now).unwrap();
    let mut last = String::new();
    (0..100).for_each(|_| last = pair.server.peer.restart_ice(pair.now).unwrap());
    let credentials = |sdp: &str| sdp::Description::parse(sdp).unwrap().credentials();
    assert_ne!(credentials(&first), credentials(&last));
    let answer = pair.client.peer.accept_offer(pair.now, &last).unwrap();
    pair.server.peer.accept_answer(pair.now, &answer).unwrap();
    pair.run(5 * SECOND);
    assert!(pair.server.is_connected() && pair.client.is_connected());
}

#[test]
fn no_more_sections_are_offered_than_one_side_takes() {
    let mut pair = Pair::new(24, Weather::FAIR);
    pair.server.peer.add_channels();
    let added =
        (0..1000).filter_map(|nth| pair.server.peer.add_sender(Kind::Audio, msid(&format!("TR_{nth}")))).count();
    assert_eq!(added, 127, "one is for the data channels");
    pair.server_offers();
    pair.run(5 * SECOND);
    assert!(pair.server.is_connected());
}

/// Bytes that begin like the protocols of WebRTC.
fn datagrams() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let first =
        prop_oneof![Just(0_u8), Just(1), Just(20), Just(22), Just(23), Just(128), Just(129), Just(144), any::<u8>()];
    let second = prop_oneof![Just(1_u8), Just(111), Just(63), Just(200), Just(201), Just(205), Just(206), any::<u8>()];
    let rest = proptest::collection::vec(any::<u8>(), 0..200);
    let datagram = (first, second, rest).prop_map(|(first, second, rest)| [&[first, second][..], &rest].concat());
    proptest::collection::vec(datagram, 1..50)
}

proptest! {
    /// Garbage, and real packets with a few bytes changed, from the other side's own address.
    #[test]
    fn garbage_from_the_right_address_harms_nobody(garbage in datagrams(), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let (mut pair, microphone, _) = single(18, Weather::FAIR);
        send_from_client(&mut pair, microphone, 0);
        let (source, destination) = (pair.client.address, pair.server.address);
        for contents in garbage {
            pair.server.peer.handle_datagram(pair.now, &Datagram { transport: Transport::Udp, source, destination, contents });
        }
        for (number, (index, flip)) in flips.into_iter().enumerate() {
            pair.client.peer.send(pair.now, microphone, &packet(pair.now, number as u64 + 1));
            while let Output::Transmit(mut datagram) = pair.client.peer.poll() {
                let at = index.index(datagram.contents.len());
                datagram.contents[at] ^= flip;
                pair.server.peer.handle_datagram(pair.now, &datagram);
            }
        }
        prop_assert!(pair.server.is_connected());
        pair.run(SECOND);
        pair.server.take_media();
        prop_assert_eq!(send_from_client(&mut pair, microphone, 100), 1, "it still hears");
    }

    /// Real descriptions with lines lost, doubled, moved and damaged.
    #[test]
    fn damaged_descriptions_are_taken_or_refused(edits in proptest::collection::vec((0_u8..4, any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[ -~]"), 0..12)) {
        let mut pair = Pair::new(19, Weather::FAIR);
        pair.client.peer.add_sender(Kind::Audio, msid("cid"));
        pair.client.peer.add_receiver(Kind::Video);
        pair.client.peer.add_channels();
        let damaged = |sdp: &str| {
            let mut lines: Vec<String> = sdp.lines().map(str::to_owned).collect();
            for (edit, at, to, text) in &edits {
                let (at, to) = (at.index(lines.len()), to.index(lines.len()));
                match edit {
                    0 if lines.len() > 1 => drop(lines.remove(at)),
                    1 => lines.insert(to, lines[at].clone()),
                    2 => lines.swap(at, to),
                    _ => {
                        let byte = to % (lines[at].len() + 1);
                        if lines[at].is_char_boundary(byte) { lines[at].insert_str(byte, text) }
                    }
                }
            }
            lines.join("\r\n") + "\r\n"
        };
        let offer = pair.client.peer.offer(pair.now).unwrap();
        if let Ok(answer) = pair.server.peer.accept_offer(pair.now, &damaged(&offer)) {
            let _ = pair.client.peer.accept_answer(pair.now, &damaged(&answer));
        }
        pair.run(2 * SECOND);
        let _ = pair.server.peer.accept_offer(pair.now, &offer);
        pair.run(SECOND);
    }
}
