//! What arrives on a signal connection, parsed at the edge: the join request in the address (protobuf on `/rtc/v1`, query
//! parameters on `/rtc`), and the messages after it. Everything here is from strangers: each size, and each list's length,
//! is bounded before anything is decoded.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, Read},
};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use flate2::read::GzDecoder;
use livekit_protocol::{
    self as proto,
    client_info::{Capability, Sdk},
    wrapped_join_request::Compression,
};
use prost::Message;

use super::{
    SignalVersion,
    bounds::{self, Refused, field},
};

/// Largest message on a signal connection, in bytes; livekit-server's limit.
pub const MAX_MESSAGE: usize = 2 * 1024 * 1024;
/// Largest message that is neither a session description nor metadata.
const MAX_LISTS: usize = 64 * 1024;
/// Largest state that a client tells after a resume: two descriptions, and a list of its tracks.
const MAX_SYNC_STATE: usize = 256 * 1024;
/// Largest join request, decompressed.
const MAX_JOIN_REQUEST: u64 = 256 * 1024;

/// URL-safe base64; stock clients pad it, others need not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a client's words are not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// `/rtc/v1` without its parameter.
    #[error("join_request is required")]
    NoJoinRequest,
    /// It cannot be decoded.
    #[error("join_request cannot be read")]
    BadJoinRequest,
    /// It is too long.
    #[error("join request too large")]
    JoinRequestTooLarge,
    /// The parameter `attributes` is no JSON object of texts.
    #[error("cannot decode attributes")]
    BadAttributes,
    /// A message cannot be decoded.
    #[error("not a signal request")]
    BadMessage,
    /// A message is too long.
    #[error("signal request too large")]
    MessageTooLarge,
}

impl From<Refused> for SignalError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooMany => Self::MessageTooLarge,
            Refused::Malformed => Self::BadMessage,
        }
    }
}

/// Who wants to join, and how, from the query of `/rtc` or `/rtc/v1` (without its question mark). A `join_request` means
/// one peer connection on either path, as livekit-server has it.
///
/// # Errors
/// When a parameter cannot be understood, or is too long.
pub fn join_request(path: SignalVersion, query: &str) -> Result<(SignalVersion, proto::JoinRequest), SignalError> {
    let parameters: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).collect();
    match (parameters.get("join_request").filter(|text| !text.is_empty()), path) {
        (Some(text), _) => Ok((SignalVersion::V1, unwrap_join_request(text)?)),
        (None, SignalVersion::V1) => Err(SignalError::NoJoinRequest),
        (None, SignalVersion::V0) => Ok((SignalVersion::V0, join_request_of(&Parameters(parameters))?)),
    }
}

/// One message from a client.
///
/// # Errors
/// When it is too long or no such message.
pub fn request(bytes: &[u8]) -> Result<proto::SignalRequest, SignalError> {
    check_size(bytes)?;
    bounds::check(bytes, &bounds::SIGNAL)?;
    proto::SignalRequest::decode(bytes).map_err(|_| SignalError::BadMessage)
}

fn unwrap_join_request(text: &str) -> Result<proto::JoinRequest, SignalError> {
    let unreadable = |_| SignalError::BadJoinRequest;
    let bytes = BASE64.decode(text).map_err(|_| SignalError::BadJoinRequest)?;
    let wrapped = proto::WrappedJoinRequest::decode(bytes.as_slice()).map_err(unreadable)?;
    let plain = match Compression::try_from(wrapped.compression).map_err(|_| SignalError::BadJoinRequest)? {
        Compression::None => read_bounded(wrapped.join_request.as_slice())?,
        Compression::Gzip => read_bounded(GzDecoder::new(wrapped.join_request.as_slice()))?,
    };
    bounds::check(&plain, &bounds::JOIN).map_err(|refused| match refused {
        Refused::TooMany => SignalError::JoinRequestTooLarge,
        Refused::Malformed => SignalError::BadJoinRequest,
    })?;
    proto::JoinRequest::decode(plain.as_slice()).map_err(unreadable)
}

fn read_bounded(from: impl Read) -> Result<Vec<u8>, SignalError> {
    let mut bytes = Vec::new();
    let read: io::Result<usize> = from.take(MAX_JOIN_REQUEST + 1).read_to_end(&mut bytes);
    match read {
        Err(_) => Err(SignalError::BadJoinRequest),
        Ok(count) if count as u64 > MAX_JOIN_REQUEST => Err(SignalError::JoinRequestTooLarge),
        Ok(_) => Ok(bytes),
    }
}

/// The query's parameters. Unknown ones are ignored; a number that is none counts as 0, as livekit-server has it.
struct Parameters<'a>(HashMap<Cow<'a, str>, Cow<'a, str>>);

impl Parameters<'_> {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value)
    }

    fn owned(&self, name: &str) -> String {
        self.text(name).to_owned()
    }

    fn number(&self, name: &str) -> i32 {
        self.text(name).parse().unwrap_or_default()
    }

    /// `None` when it was not said.
    fn truth(&self, name: &str) -> Option<bool> {
        match self.text(name) {
            "" => None,
            value => Some(matches!(value, "1" | "true")),
        }
    }
}

fn join_request_of(parameters: &Parameters<'_>) -> Result<proto::JoinRequest, SignalError> {
    let reconnect = parameters.truth("reconnect").unwrap_or(false);
    Ok(proto::JoinRequest {
        client_info: Some(client_info(parameters)),
        connection_settings: Some(proto::ConnectionSettings {
            auto_subscribe: parameters.truth("auto_subscribe").unwrap_or(true),
            adaptive_stream: parameters.truth("adaptive_stream").unwrap_or(false),
            subscriber_allow_pause: parameters.truth("subscriber_allow_pause"),
            disable_ice_lite: parameters.truth("disable_ice_lite").unwrap_or(false),
            auto_subscribe_data_track: parameters.truth("auto_subscribe_data_track"),
        }),
        participant_attributes: attributes(parameters.text("attributes"))?,
        reconnect,
        reconnect_reason: parameters.number("reconnect_reason"),
        participant_sid: if reconnect { parameters.owned("sid") } else { String::new() },
        ..proto::JoinRequest::default()
    })
}

/// URL-safe base64 of a JSON object.
fn attributes(text: &str) -> Result<HashMap<String, String>, SignalError> {
    if text.is_empty() {
        return Ok(HashMap::new());
    }
    let json = BASE64.decode(text).map_err(|_| SignalError::BadAttributes)?;
    serde_json::from_slice(&json).map_err(|_| SignalError::BadAttributes)
}

fn client_info(parameters: &Parameters<'_>) -> proto::ClientInfo {
    let capabilities = parameters.text("capabilities").split(',').map(str::trim);
    proto::ClientInfo {
        sdk: sdk(parameters.text("sdk")) as i32,
        version: parameters.owned("version"),
        protocol: parameters.number("protocol"),
        os: parameters.owned("os"),
        os_version: parameters.owned("os_version"),
        device_model: parameters.owned("device_model"),
        browser: parameters.owned("browser"),
        browser_version: parameters.owned("browser_version"),
        network: parameters.owned("network"),
        other_sdks: parameters.owned("other_sdks"),
        client_protocol: parameters.number("client_protocol"),
        capabilities: capabilities.filter_map(Capability::from_str_name).map(i32::from).collect(),
        ..proto::ClientInfo::default()
    }
}

/// The names that clients give themselves in the query.
fn sdk(name: &str) -> Sdk {
    match name {
        "js" => Sdk::Js,
        "ios" | "swift" => Sdk::Swift,
        "android" => Sdk::Android,
        "flutter" => Sdk::Flutter,
        "go" => Sdk::Go,
        "unity" => Sdk::Unity,
        "reactnative" => Sdk::ReactNative,
        "rust" => Sdk::Rust,
        "python" => Sdk::Python,
        "cpp" => Sdk::Cpp,
        "unityweb" => Sdk::UnityWeb,
        "node" => Sdk::Node,
        "esp32" => Sdk::Esp32,
        _ => Sdk::Unknown,
    }
}

/// Holds a message's parts to their limits. Fields of the same number are merged when decoded, so their sizes add up.
fn check_size(bytes: &[u8]) -> Result<(), SignalError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(SignalError::MessageTooLarge);
    }
    let (mut rest, mut lists, mut state) = (bytes, 0_usize, 0_usize);
    while !rest.is_empty() {
        let field = bounds::next_field(&mut rest)?;
        match field.number {
            field::OFFER | field::ANSWER | field::UPDATE_METADATA => {}
            field::SYNC_STATE => state += field.size,
            _ => lists += field.size,
        }
    }
    if lists > MAX_LISTS || state > MAX_SYNC_STATE { Err(SignalError::MessageTooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression as Level, write::GzEncoder};
    use livekit_protocol::signal_request::Message as Request;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn query(join_request: Vec<u8>, compression: i32) -> String {
        let wrapped = proto::WrappedJoinRequest { compression, join_request };
        format!("x=1&join_request={}", base64::engine::general_purpose::URL_SAFE.encode(wrapped.encode_to_vec()))
    }

    fn request_of(message: Request) -> Vec<u8> {
        proto::SignalRequest { message: Some(message) }.encode_to_vec()
    }

    #[test]
    fn a_join_request_is_read_plain_or_compressed_on_either_path() {
        let wanted = proto::JoinRequest { metadata: "m".repeat(1000), reconnect: true, ..Default::default() };
        let bytes = wanted.encode_to_vec();
        for query in [query(bytes.clone(), 0), query(gzip(&bytes), 1), query(bytes, 0).replace('=', "%3D")] {
            let query = query.replacen("x%3D1&join_request%3D", "x=1&join_request=", 1);
            for path in [SignalVersion::V0, SignalVersion::V1] {
                assert_eq!(join_request(path, &query), Ok((SignalVersion::V1, wanted.clone())), "{query}");
            }
        }
    }

    #[test]
    fn a_join_request_that_is_none_is_refused() {
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        let long = vec![0; MAX_JOIN_REQUEST as usize + 1];
        let lists = proto::JoinRequest { add_track_requests: vec![Default::default(); 100_000], ..Default::default() };
        for (query, why) in [
            (String::new(), SignalError::NoJoinRequest),
            ("join_request=".to_owned(), SignalError::NoJoinRequest),
            ("join_request=%%%".to_owned(), SignalError::BadJoinRequest),
            ("join_request=____".to_owned(), SignalError::BadJoinRequest),
            (query(vec![0xff; 10], 0), SignalError::BadJoinRequest),
            (query(vec![0; 10], 1), SignalError::BadJoinRequest),
            (query(Vec::new(), 7), SignalError::BadJoinRequest),
            (query(long, 0), SignalError::JoinRequestTooLarge),
            (query(lists.encode_to_vec(), 0), SignalError::JoinRequestTooLarge),
            (query(bomb, 1), SignalError::JoinRequestTooLarge),
        ] {
            assert_eq!(join_request(SignalVersion::V1, &query), Err(why));
        }
    }

    #[test]
    fn query_parameters_say_the_same_as_a_join_request() {
        let query = "sdk=js&version=2.23.0&protocol=17&client_protocol=x&adaptive_stream=1&auto_subscribe=0&os=Linux%20x\
            &capabilities=CAP_PACKET_TRAILER,%20CAP_UNHEARD_OF&attributes=eyJhIjoiYiJ9&reconnect=true&sid=PA_x&reconnect_reason=3";
        let (version, request) = join_request(SignalVersion::V0, query).unwrap();
        assert_eq!(version, SignalVersion::V0);
        let client = request.client_info.unwrap();
        assert_eq!((client.sdk, client.protocol, client.client_protocol), (Sdk::Js as i32, 17, 0));
        assert_eq!((client.version.as_str(), client.os.as_str()), ("2.23.0", "Linux x"));
        assert_eq!(client.capabilities, [Capability::CapPacketTrailer as i32]);
        let settings = request.connection_settings.unwrap();
        assert!(settings.adaptive_stream && !settings.auto_subscribe);
        assert_eq!(request.participant_attributes["a"], "b");
        assert!(request.reconnect);
        assert_eq!((request.participant_sid.as_str(), request.reconnect_reason), ("PA_x", 3));

        let (_, bare) = join_request(SignalVersion::V0, "sid=PA_x").unwrap();
        assert!(bare.connection_settings.unwrap().auto_subscribe, "unless a client says otherwise");
        assert!(!bare.reconnect && bare.participant_sid.is_empty());
        assert_eq!(join_request(SignalVersion::V0, "attributes=W10="), Err(SignalError::BadAttributes));
    }

    #[test]
    fn long_messages_are_refused_by_what_they_are() {
        let description = |bytes: usize| proto::SessionDescription { sdp: "s".repeat(bytes), ..Default::default() };
        let metadata = proto::UpdateParticipantMetadata { metadata: "m".repeat(500 * 1024), ..Default::default() };
        let sids = |count, bytes| vec!["s".repeat(bytes); count];
        let tracks = |bytes| proto::UpdateSubscription { track_sids: sids(1000, bytes), ..Default::default() };
        let sync = |bytes| proto::SyncState { track_sids_disabled: sids(1000, bytes), ..Default::default() };
        let empty = |count| proto::UpdateSubscription { track_sids: sids(count, 0), ..Default::default() };
        let merged = [request_of(Request::Subscription(tracks(40))), request_of(Request::Subscription(tracks(40)))];
        let merged_lists =
            [request_of(Request::Subscription(empty(3000))), request_of(Request::Subscription(empty(3000)))];
        let hidden = [request_of(Request::Offer(description(0))), request_of(Request::SyncState(sync(300)))];
        for (bytes, refused) in [
            (request_of(Request::Offer(description(1024 * 1024))), false),
            (request_of(Request::Offer(description(MAX_MESSAGE))), true),
            (request_of(Request::UpdateMetadata(metadata)), false),
            (request_of(Request::Subscription(tracks(40))), false),
            (request_of(Request::Subscription(tracks(80))), true),
            (merged.concat(), true),
            (request_of(Request::Subscription(empty(3000))), false),
            (request_of(Request::Subscription(empty(5000))), true),
            (merged_lists.concat(), true),
            (request_of(Request::SyncState(sync(200))), false),
            (hidden.concat(), true),
        ] {
            let result = request(&bytes);
            assert_eq!(result.is_err(), refused, "{} bytes", bytes.len());
            assert!(!refused || result == Err(SignalError::MessageTooLarge));
        }
    }

    #[test]
    fn garbage_is_no_message() {
        for bytes in [
            &[0xff; 3][..],
            &[0x0a, 0xff, 0x01],
            &[0x0a],
            b"hello",
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            assert_eq!(request(bytes), Err(SignalError::BadMessage), "{bytes:?}");
        }
        assert_eq!(request(&[]), Ok(proto::SignalRequest { message: None }), "an empty message says nothing");
        assert!(request(&[0xfa, 0x3f, 0x00]).is_ok(), "a message of a newer version is ignored by whoever reads it");
    }
}
