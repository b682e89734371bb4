//! What the corpus begins with: each message that there is, well-formed, and some that are not.

use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, Instant, SystemTime},
};

use base64::{Engine, prelude::BASE64_URL_SAFE, prelude::BASE64_URL_SAFE_NO_PAD};
use callstead::{
    rooms::token::{self, Claims},
    rtc::{
        LocalAddress, Peer, Transport,
        peer::{Kind, Msid, Options, Side},
    },
    script::builtin,
};
use flate2::{Compression, write::GzEncoder};
use livekit_protocol::{
    self as proto, data_packet::Value, data_stream, signal_request::Message as Request, simulate_scenario::Scenario,
};
use prost::Message;

use super::{
    back_ends,
    targets::{NOW, keys},
};

/// What a file holds, by its name.
pub(super) type Seeds = BTreeMap<String, Vec<u8>>;

/// By the name of the target that they are for.
pub(super) fn corpora() -> [(&'static str, Seeds); 11] {
    [
        ("control", back_ends::controls()),
        ("data_packet", framed(data_packets())),
        ("data_track", framed(data_track_packets())),
        ("datagram", framed(datagrams())),
        ("join_request", join_requests()),
        ("script", scripts()),
        ("sdp", descriptions()),
        ("signal_request", framed(signal_requests())),
        ("token", tokens()),
        ("video", framed(pictures())),
        ("worker", back_ends::worker_messages()),
    ]
}

pub(super) fn seeds<const N: usize>(named: [(&str, Vec<u8>); N]) -> Seeds {
    named.map(|(name, bytes)| (name.to_owned(), bytes)).into()
}

pub(super) fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("seeds are short");
    [&length.to_be_bytes()[..], bytes].concat()
}

/// Each message alone, and all of them in one file.
pub(super) fn framed(messages: Seeds) -> Seeds {
    let mut framed: Seeds = messages.iter().map(|(name, bytes)| (name.clone(), frame(bytes))).collect();
    framed.insert("all".to_owned(), messages.values().flat_map(|bytes| frame(bytes)).collect());
    framed
}

// ---- guided scripts ----

/// Those that Callstead brings.
fn scripts() -> Seeds {
    builtin::ALL.iter().map(|(name, document)| ((*name).to_owned(), document.as_bytes().to_vec())).collect()
}

// ---- signal messages ----

fn signal_requests() -> Seeds {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let sids = || texts(&["TR_unknown", "TR_x"]);
    let description = |kind: &str, sdp: String| proto::SessionDescription {
        r#type: kind.to_owned(),
        sdp,
        id: 1,
        ..Default::default()
    };
    let track = proto::AddTrackRequest {
        cid: "cid".to_owned(),
        name: "microphone".to_owned(),
        source: proto::TrackSource::Microphone.into(),
        audio_features: vec![proto::AudioTrackFeature::TfStereo.into()],
        ..Default::default()
    };
    let candidate_init = r#"{"candidate":"candidate:1 1 udp 1 203.0.113.9 9 typ host","sdpMid":"0"}"#.to_owned();
    let permission = proto::TrackPermission {
        participant_identity: "listener".to_owned(),
        all_tracks: true,
        track_sids: sids(),
        ..Default::default()
    };
    let state = proto::SyncState {
        answer: Some(description("answer", offer(false, false))),
        offer: Some(description("offer", offer(false, true))),
        subscription: Some(proto::UpdateSubscription { track_sids: sids(), subscribe: true, ..Default::default() }),
        track_sids_disabled: sids(),
        ..Default::default()
    };
    let attributes = [("desk".to_owned(), "7".to_owned()), ("language".to_owned(), String::new())].into();
    let metadata = proto::UpdateParticipantMetadata {
        metadata: "about".to_owned(),
        name: "Stranger".to_owned(),
        attributes,
        request_id: 3,
    };
    let simulated = |scenario| Request::Simulate(proto::SimulateScenario { scenario: Some(scenario) });
    let requests = [
        ("add_track", Request::AddTrack(track)),
        ("answer", Request::Answer(description("answer", offer(false, false)))),
        ("leave", Request::Leave(proto::LeaveRequest::default())),
        ("mute", Request::Mute(proto::MuteTrackRequest { sid: "TR_x".to_owned(), muted: true })),
        ("offer", Request::Offer(description("offer", offer(true, true)))),
        ("ping", Request::Ping(7)),
        ("ping_req", Request::PingReq(proto::Ping { timestamp: 7, rtt: 3 })),
        ("simulate_speaker", simulated(Scenario::SpeakerUpdate(3))),
        ("simulate_failure", simulated(Scenario::NodeFailure(true))),
        (
            "subscription",
            Request::Subscription(proto::UpdateSubscription {
                track_sids: sids(),
                subscribe: true,
                ..Default::default()
            }),
        ),
        (
            "subscription_permission",
            Request::SubscriptionPermission(proto::SubscriptionPermission {
                all_participants: false,
                track_permissions: vec![permission],
            }),
        ),
        ("sync_state", Request::SyncState(state)),
        (
            "track_setting",
            Request::TrackSetting(proto::UpdateTrackSettings {
                track_sids: sids(),
                disabled: true,
                ..Default::default()
            }),
        ),
        ("trickle", Request::Trickle(proto::TrickleRequest { candidate_init, target: 1, r#final: true })),
        (
            "update_audio_track",
            Request::UpdateAudioTrack(proto::UpdateLocalAudioTrack {
                track_sid: "TR_x".to_owned(),
                features: vec![0, 6],
            }),
        ),
        ("update_metadata", Request::UpdateMetadata(metadata)),
    ];
    let encoded = |message| proto::SignalRequest { message: Some(message) }.encode_to_vec();
    requests.into_iter().map(|(name, message)| (name.to_owned(), encoded(message))).collect()
}

/// What a client offers.
fn offer(has_microphone: bool, has_channels: bool) -> String {
    let addresses = [Transport::Udp, Transport::Tcp]
        .map(|transport| LocalAddress { transport, address: "198.51.100.1:40000".parse().expect("an address") });
    let now = Instant::now();
    let mut peer = Peer::new(now, &Options { side: Side::Client, ufrag: None, addresses: addresses.into() });
    if has_microphone {
        peer.add_sender(Kind::Audio, Msid { stream: "stream".to_owned(), track: "cid".to_owned() });
    } else {
        peer.add_receiver(Kind::Audio);
    }
    if has_channels {
        peer.add_channels();
    }
    peer.offer(now).expect("something to offer")
}

fn descriptions() -> Seeds {
    let both = offer(true, true);
    let lines =
        |keep: fn(&str) -> bool| both.lines().filter(|line| keep(line)).collect::<Vec<_>>().join("\r\n") + "\r\n";
    let section = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:1\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
        a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=ssrc:7 cname:c\r\na=ssrc:7 msid:stream track\r\n";
    seeds([
        ("listens", offer(false, false).into()),
        ("listens_with_channels", offer(false, true).into()),
        ("speaks", offer(true, false).into()),
        ("speaks_with_channels", both.clone().into()),
        ("without_credentials", lines(|line| !line.starts_with("a=ice")).into()),
        ("without_fingerprint", lines(|line| !line.starts_with("a=fingerprint")).into()),
        ("without_names", lines(|line| !line.starts_with("a=mid")).into()),
        ("without_codecs", lines(|line| !line.starts_with("a=rtpmap")).into()),
        ("video", both.replace("m=audio", "m=video").into()),
        ("twice", format!("{both}{section}").into()),
        ("candidates", format!("{both}a=candidate:1 1 udp 1 203.0.113.9 9 typ host ufrag x\r\na=candidate:2 1 tcp 1 ::1 9 typ host tcptype active\r\n").into()),
        ("unix_lines", both.replace("\r\n", "\n").into()),
        ("many_sections", section.repeat(20).into()),
        ("head", b"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_vec()),
        ("empty", Vec::new()),
    ])
}

// ---- join requests ----

fn join_requests() -> Seeds {
    let plain = proto::JoinRequest {
        client_info: Some(proto::ClientInfo {
            sdk: 1,
            protocol: 16,
            version: "2.0".to_owned(),
            capabilities: vec![0, 1, 99],
            ..Default::default()
        }),
        connection_settings: Some(proto::ConnectionSettings { auto_subscribe: true, ..Default::default() }),
        metadata: "about".to_owned(),
        participant_attributes: [("desk".to_owned(), "7".to_owned())].into(),
        add_track_requests: vec![proto::AddTrackRequest { cid: "cid".to_owned(), source: 2, ..Default::default() }],
        ..Default::default()
    };
    let offering = proto::JoinRequest {
        publisher_offer: Some(proto::SessionDescription {
            r#type: "offer".to_owned(),
            sdp: offer(true, false),
            ..Default::default()
        }),
        ..plain.clone()
    };
    let again = proto::JoinRequest {
        reconnect: true,
        participant_sid: "PA_x".to_owned(),
        sync_state: Some(proto::SyncState::default()),
        ..plain.clone()
    };
    let wrapped = |join_request: Vec<u8>, compression| {
        BASE64_URL_SAFE.encode(proto::WrappedJoinRequest { join_request, compression }.encode_to_vec()).into_bytes()
    };
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    };
    seeds([
        ("v0", b"auto_subscribe=1&protocol=16&sdk=python&version=1.0&adaptive_stream=0".to_vec()),
        ("v0_again", b"reconnect=1&sid=PA_x&reconnect_reason=2&protocol=16".to_vec()),
        ("v0_attributes", b"attributes=eyJhIjoiYiJ9&capabilities=CAP_PACKET_TRAILER,x&os=Linux%20x".to_vec()),
        ("v1_plain", wrapped(plain.encode_to_vec(), 0)),
        ("v1_packed", wrapped(gzip(&plain.encode_to_vec()), 1)),
        ("v1_offering", wrapped(gzip(&offering.encode_to_vec()), 1)),
        ("v1_again", wrapped(again.encode_to_vec(), 0)),
        ("v1_empty", wrapped(Vec::new(), 0)),
        ("v1_bomb", wrapped(gzip(&vec![0; 512 * 1024]), 1)),
        ("v1_unknown_packing", wrapped(plain.encode_to_vec(), 7)),
        ("garbage", b"____%%%".to_vec()),
    ])
}

// ---- data ----

fn data_packets() -> Seeds {
    let user =
        proto::UserPacket { payload: b"hello".to_vec(), topic: Some("lk.chat".to_owned()), ..Default::default() };
    let call = proto::RpcRequest {
        id: "1".to_owned(),
        method: "greet".to_owned(),
        payload: "hello".to_owned(),
        response_timeout_ms: 5000,
        version: 1,
        ..Default::default()
    };
    let header = data_stream::Header {
        stream_id: "s".to_owned(),
        topic: "lk.chat".to_owned(),
        mime_type: "text/plain".to_owned(),
        total_length: Some(5),
        content_header: Some(data_stream::header::ContentHeader::TextHeader(data_stream::TextHeader::default())),
        ..Default::default()
    };
    let chunk = data_stream::Chunk { stream_id: "s".to_owned(), content: b"hello".to_vec(), ..Default::default() };
    let words = proto::TranscriptionSegment { id: "1".to_owned(), text: "hello".to_owned(), ..Default::default() };
    let transcription = proto::Transcription { segments: vec![words], ..Default::default() };
    let packets = [
        ("chat", Value::ChatMessage(proto::ChatMessage { message: "hello".to_owned(), ..Default::default() })),
        ("encrypted", Value::EncryptedPacket(proto::EncryptedPacket::default())),
        ("metrics", Value::Metrics(proto::MetricsBatch::default())),
        ("rpc_ack", Value::RpcAck(proto::RpcAck { request_id: "1".to_owned() })),
        ("rpc_request", Value::RpcRequest(call)),
        ("rpc_response", Value::RpcResponse(proto::RpcResponse { request_id: "1".to_owned(), ..Default::default() })),
        ("sip", Value::SipDtmf(proto::SipDtmf { code: 5, digit: "5".to_owned() })),
        ("stream_header", Value::StreamHeader(header)),
        ("stream_chunk", Value::StreamChunk(chunk)),
        (
            "stream_trailer",
            Value::StreamTrailer(data_stream::Trailer { stream_id: "s".to_owned(), ..Default::default() }),
        ),
        ("transcription", Value::Transcription(transcription)),
        ("user", Value::User(user)),
    ];
    let encoded = |(number, (name, value)): (usize, (&str, Value))| {
        let packet = proto::DataPacket {
            sequence: number as u32,
            destination_identities: vec!["listener".to_owned()],
            value: Some(value),
            ..Default::default()
        };
        (name.to_owned(), packet.encode_to_vec())
    };
    packets.into_iter().enumerate().map(encoded).collect()
}

// ---- data tracks ----

/// The handle is that of the track which the targets publish: one.
fn data_track_packets() -> Seeds {
    let packet = |flags: u8, handle: u16, rest: &[u8]| {
        [&[flags, 0][..], &handle.to_be_bytes(), &[0, 1, 0, 1, 0, 0, 0, 9], rest].concat()
    };
    seeds([
        ("whole", packet(0b0001_1000, 1, b"frame")),
        ("start", packet(0b0001_0000, 1, &[7; 1000])),
        ("end", packet(0b0000_1000, 1, &[7; 10])),
        ("empty_frame", packet(0b0001_1000, 1, b"")),
        ("extended", packet(0b0001_1100, 1, &[0, 1, 1, 4, 7, 7, 7, 7, 7, 7, b'x'])),
        ("extended_by_nothing", packet(0b0001_1100, 1, &[0, 0, 1, 0, 7, 7])),
        ("extended_too_far", packet(0b0001_1100, 1, &[0xff, 0xff, 1, 4])),
        ("later_version", packet(0b1111_1000, 1, b"frame")),
        ("of_another", packet(0b0001_1000, 2, b"frame")),
        ("of_nobody", packet(0b0001_1000, 0, b"frame")),
        ("cut", packet(0b0001_1000, 1, b"")[..11].to_vec()),
        ("empty", Vec::new()),
    ])
}

// ---- pictures ----

/// A byte that says the codec and that a picture ends, then AV1's dependency descriptor, then the payload: `Call::show`.
fn pictures() -> Seeds {
    let [vp8, vp9, h264] = [0, 1, 2].map(|codec| move |payload: &[u8]| [&[0x80 | codec][..], payload].concat());
    let av1 = |descriptor: &[u8], payload: &[u8]| {
        [&[0x83, u8::try_from(descriptor.len()).expect("it is short")][..], descriptor, payload].concat()
    };
    // Two spatial layers in three templates from 62 on, as in the tests of `rtc::peer::video`.
    let structure = [0xfe, 0, 1, 0x87, 0xc1, 0x6c];
    seeds([
        ("vp8_key", vp8(&[0x90, 0x80, 0x81, 0x02, 0x00, 1, 2, 3])),
        ("vp8_delta", vp8(&[0x90, 0x80, 0x81, 0x03, 0x01, 1, 2, 3])),
        ("vp8_layers", vp8(&[0x90, 0xf0, 0x81, 0x23, 0x07, 0x20, 0x00])),
        ("vp8_short_number", vp8(&[0x90, 0x80, 0x7f, 0x00])),
        ("vp8_cut", vp8(&[0x90, 0xf0, 0x81])),
        ("vp9_key", vp9(&[0x8c, 0x05, 1, 2, 3])),
        ("vp9_base_layer", vp9(&[0xac, 0x81, 0x02, 0x00, 0x07, 0xff])),
        ("vp9_upper_layer", vp9(&[0xac, 0x81, 0x02, 0x04, 0x07, 0xff])),
        ("vp9_flexible", vp9(&[0xfc, 0x85, 0x02, 0x02, 0x03, 0x04])),
        ("vp9_cut", vp9(&[0xa8, 0x81])),
        ("h264_idr", h264(&[0x65, 1, 2, 3])),
        ("h264_part", h264(&[0x7c, 0x85, 1, 2])),
        ("h264_several", h264(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x68])),
        ("h264_several_cut", h264(&[0x78, 0xff, 0xff, 0x67])),
        ("av1_key", av1(&structure, &[0x18, 1, 2, 3])),
        ("av1_upper_layer", av1(&[0xc0, 0, 2], &[0x10, 1, 2, 3])),
        ("av1_bare", av1(&[], &[0x18, 1, 2, 3])),
        ("av1_long", av1(&[0xff; 100], &[0x18])),
        ("empty", Vec::new()),
    ])
}

// ---- datagrams ----

fn datagrams() -> Seeds {
    let stun = |kind: u16, attributes: &[(u16, &[u8])]| {
        let mut body = Vec::new();
        for (number, value) in attributes {
            body.extend(number.to_be_bytes());
            body.extend((value.len() as u16).to_be_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let head = [&kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), &[0x21, 0x12, 0xa4, 0x42], &[7; 12]];
        [head.concat(), body].concat()
    };
    let rtp = |kind: u8, rest: &[u8]| [&[0x80, kind, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7], rest].concat();
    let rtcp = |count: u8, kind: u8, rest: &[u8]| {
        let words = (rest.len() / 4) as u16 + 1;
        [&[0x80 | count, kind], &words.to_be_bytes()[..], &[0, 0, 0, 7], rest].concat()
    };
    let dtls = |kind: u8, body: &[u8]| {
        [&[kind, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0], &(body.len() as u16).to_be_bytes()[..], body].concat()
    };
    let hello =
        [&[1, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40, 254, 253][..], &[9; 32], &[0, 0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    seeds([
        ("stun_request", stun(1, &[(6, b"00ab:cd"), (0x24, &[0x6e, 0, 1, 255]), (0x802a, &[1; 8]), (8, &[3; 20])])),
        ("stun_nominating", stun(1, &[(6, b"00ab+1:cd"), (0x25, b""), (8, &[3; 20]), (0x8028, &[1, 2, 3, 4])])),
        ("stun_response", stun(0x101, &[(0x20, &[0, 1, 0x9c, 0x40, 1, 2, 3, 4]), (8, &[3; 20])])),
        ("stun_error", stun(0x111, &[(9, &[0, 0, 4, 87, b'x'])])),
        ("stun_bare", stun(1, &[])),
        ("dtls_hello", dtls(22, &hello)),
        ("dtls_alert", dtls(21, &[1, 0])),
        ("dtls_data", dtls(23, &[5; 40])),
        ("dtls_cipher", dtls(20, &[1])),
        ("rtp_opus", rtp(111, &[0xf8; 40])),
        ("rtp_red", rtp(63, &[111 | 0x80, 0, 4, 2, 111, 1, 2, 3, 4, 5])),
        ("rtp_extended", [&[0x90][..], &rtp(111, &[0xbe, 0xde, 0, 1, 0x10, 5, 0, 0, 1, 2, 3])[1..]].concat()),
        ("rtcp_sender", rtcp(0, 200, &[0; 20])),
        ("rtcp_receiver", rtcp(1, 201, &[1; 24])),
        ("rtcp_nack", rtcp(1, 205, &[0, 0, 0, 9, 0, 1, 0xff, 0xff])),
        ("rtcp_pli", rtcp(1, 206, &[0, 0, 0, 9])),
        ("rtcp_bye", rtcp(1, 203, &[])),
        ("rtcp_twcc", rtcp(15, 205, &[0, 0, 0, 9, 0, 1, 0, 2, 0, 0, 0, 1, 0x20, 2, 4, 4])),
        ("nobody", vec![0xff; 20]),
    ])
}

// ---- tokens ----

fn tokens() -> Seeds {
    let now = SystemTime::UNIX_EPOCH + NOW;
    let (identity, room) = ("ann".parse().expect("a name"), "call-1".parse().expect("a room's name"));
    let plain = Claims::new(identity, room, now, Duration::from_hours(1));
    let mut rich = plain.clone();
    rich.name = "Ann".to_owned();
    rich.metadata = "{\"a\":1}".to_owned();
    rich.attributes = [("desk".to_owned(), "7".to_owned())].into();
    rich.grants.can_publish_sources = vec!["microphone".to_owned()];
    rich.grants.hidden = true;
    let good = token::mint(&keys(), &plain);
    let unsigned = |head: &str, claims: &str| {
        [head, claims].map(|json| BASE64_URL_SAFE_NO_PAD.encode(json)).join(".").into_bytes()
    };
    let parts = |text: &[u8], signature: &str| [text, b".", signature.as_bytes()].concat();
    let claims = r#"{"iss":"APIfuzz","sub":"ann","exp":2000003600,"video":{"room":"call-1","roomJoin":true}}"#;
    seeds([
        ("plain", good.clone().into()),
        ("rich", token::mint(&keys(), &rich).into()),
        ("expired", token::mint(&keys(), &Claims { expires: 1, ..plain.clone() }).into()),
        ("of_tomorrow", token::mint(&keys(), &Claims { not_before: 2_100_000_000, ..plain }).into()),
        ("cut", good[..good.len() - 5].into()),
        ("none", parts(&unsigned(r#"{"alg":"none"}"#, claims), "")),
        ("rs256", parts(&unsigned(r#"{"alg":"RS256","typ":"JWT"}"#, claims), "AAAA")),
        ("wrong_signature", parts(&unsigned(r#"{"alg":"HS256"}"#, claims), "AAAA")),
        ("dots", b"...".to_vec()),
        ("empty", Vec::new()),
    ])
}
