//! Answers in JSON: proto3's mapping with the names of the fields as the `.proto` files have them (`num_participants`), as
//! Twirp's Go servers write it. Values that are zero or empty are left out, which every reader of that mapping takes.

use serde::Serialize;
use serde_json::Value;

/// Fields that are maps: their keys are nobody's field names. All that there are in LiveKit's answers.
const MAPS: [&str; 2] = ["attributes", "tags"];

/// A message as it goes over the wire.
///
/// # Errors
/// When an enumeration in it has a number that nobody knows.
pub(super) fn write(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut value = serde_json::to_value(message)?;
    rename(&mut value);
    Ok(value.to_string().into_bytes())
}

fn rename(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, mut field) in std::mem::take(fields) {
                if !MAPS.contains(&name.as_str()) {
                    rename(&mut field);
                }
                fields.insert(proto_name(&name), field);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(rename),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `numParticipants`: `num_participants`.
fn proto_name(name: &str) -> String {
    let letters = name.chars().flat_map(|letter| {
        let underscore = letter.is_ascii_uppercase().then_some('_');
        underscore.into_iter().chain([letter.to_ascii_lowercase()])
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use livekit_protocol as proto;

    use super::*;

    #[test]
    fn fields_have_their_names_and_keys_stay_as_they_are() {
        let info = proto::ParticipantInfo {
            joined_at_ms: 5,
            tracks: vec![proto::TrackInfo { mime_type: "audio/opus".to_owned(), ..Default::default() }],
            attributes: [("myKey".to_owned(), "V".to_owned())].into(),
            state: proto::participant_info::State::Active.into(),
            ..Default::default()
        };
        let response = proto::ListParticipantsResponse { participants: vec![info] };
        let told: Value = serde_json::from_slice(&write(&response).unwrap()).unwrap();
        let info = &told["participants"][0];
        assert_eq!((&info["joined_at_ms"], &info["state"]), (&"5".into(), &"ACTIVE".into()));
        assert_eq!(info["tracks"][0]["mime_type"], "audio/opus");
        assert_eq!(info["attributes"]["myKey"], "V");
        let read: proto::ListParticipantsResponse = serde_json::from_value(told).unwrap();
        assert_eq!(read, response, "both spellings are read");
    }
}
