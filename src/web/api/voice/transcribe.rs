//! `POST /api/transcribe`: a recording in the body, or in a form's field `file` or `audio`, becomes text.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes},
};
use futures_util::TryStreamExt;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::{
    call::transcribe::{Heard, Piece, Times},
    domain::{Language, Pii},
    web::{State, api::body, error::ApiError},
};

/// Most bytes of a recording: half an hour in all formats but WAV, and 13 minutes of that at 16 kHz.
const MOST_BYTES: usize = 25 * 1024 * 1024;
/// A form has some bytes beside the recording.
const MOST_FORM_BYTES: usize = MOST_BYTES + 64 * 1024;
/// A field that is no recording.
const MOST_TEXT_BYTES: usize = 1024;
/// A client that takes longer to send its recording is cut off: 2 Mbit/s are enough.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Serialize, ToSchema)]
struct Transcribed<'a> {
    /// All the words; empty when nobody spoke.
    text: &'a str,
    /// Its code.
    #[schema(value_type = String)]
    language: Language,
    /// Of the recording, in seconds.
    duration: f64,
    segments: Vec<Segment<'a>>,
    timings_ms: TimingsMs,
}

/// A piece of the text; times are seconds from the beginning.
#[derive(Serialize, ToSchema)]
struct Segment<'a> {
    start: f64,
    end: f64,
    text: &'a str,
    /// Only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<Word<'a>>>,
}

/// A word; times are seconds from the beginning, right within a few tenths.
#[derive(Serialize, ToSchema)]
struct Word<'a> {
    start: f64,
    end: f64,
    text: &'a str,
}

/// How long each step took, in milliseconds.
#[derive(Serialize, ToSchema)]
struct TimingsMs {
    /// For others to be done.
    wait: u64,
    decode: u64,
    transcribe: u64,
}

impl<'a> From<&'a (Duration, Duration, Pii<String>)> for Word<'a> {
    fn from((start, end, text): &'a (Duration, Duration, Pii<String>)) -> Self {
        Self { start: seconds(*start), end: seconds(*end), text: text.reveal() }
    }
}

/// What was sent.
#[derive(Default)]
struct Upload {
    recording: Bytes,
    language: Option<Language>,
    /// Whether the words' times are wanted.
    words: bool,
}

/// Makes text of a recording: WAV, Ogg, WebM, MP3, FLAC or M4A, 25 MiB and half an hour at most, in the body or in a form's
/// field `file` or `audio`. `language` is a parameter of the address or a field, and so is `words`: `true` to have the time of each word.
#[utoipa::path(
    post, path = "/api/transcribe", tag = "voice", params(("language" = Option<String>, Query), ("words" = Option<bool>, Query)),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The words", body = Transcribed),
        (status = 413, description = "It is longer than 25 MiB"),
        (status = 422, description = "It is no recording, is damaged, or plays longer than half an hour"),
        (status = 503, description = "Others are being transcribed, or there is no model"),
    )
)]
pub(super) async fn transcribe(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let place = state.scribe.place()?;
    let upload = timeout(PATIENCE, Upload::read(&request, payload)).await.map_err(|_| ApiError::Slow)??;
    if upload.recording.is_empty() {
        return Err(ApiError::field("file", "is missing: send a recording as the body, or in a form's field file"));
    }
    let times = if upload.words { Times::Words } else { Times::Segments };
    let heard = place.transcribe(upload.recording, upload.language, times).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(shown(&heard, upload.words)))
}

impl Upload {
    async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Self, ApiError> {
        let parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
        let parameter = |name: &str| parameters.clone().find(|(key, _)| key == name).map(|(_, value)| value);
        let upload = Self {
            recording: Bytes::new(),
            language: body::language(parameter("language").as_deref().unwrap_or_default())?,
            words: flag("words", parameter("words").as_deref().unwrap_or_default())?,
        };
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if content_type.is_some_and(|it| it.trim_start().to_ascii_lowercase().starts_with("multipart/")) {
            return upload.read_form(Multipart::new(request.headers(), body::bounded(payload, MOST_FORM_BYTES))).await;
        }
        let recording = payload.to_bytes_limited(MOST_BYTES).await.map_err(|_| ApiError::TooLarge(MOST_BYTES))?;
        Ok(Self { recording: recording.map_err(|_| ApiError::Broken)?, ..upload })
    }

    async fn read_form(mut self, mut form: Multipart) -> Result<Self, ApiError> {
        while let Some(mut field) = form.try_next().await.map_err(broken)? {
            match field.name() {
                Some("file" | "audio") => self.recording = bytes(&mut field, MOST_BYTES).await?,
                Some("language") => {
                    let text = bytes(&mut field, MOST_TEXT_BYTES).await?;
                    self.language = body::language(&String::from_utf8_lossy(&text))?.or(self.language);
                }
                Some("words") => {
                    let text = bytes(&mut field, MOST_TEXT_BYTES).await?;
                    self.words = flag("words", &String::from_utf8_lossy(&text))?;
                }
                // What the client says of itself; it is passed over.
                _ => drop(bytes(&mut field, MOST_BYTES).await?),
            }
        }
        Ok(self)
    }
}

fn flag(name: &'static str, text: &str) -> Result<bool, ApiError> {
    match text.trim() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(ApiError::field(name, "is neither true nor false")),
    }
}

async fn bytes(field: &mut Field, most: usize) -> Result<Bytes, ApiError> {
    field.bytes(most).await.map_err(|_| ApiError::TooLarge(most))?.map_err(broken)
}

fn broken(error: MultipartError) -> ApiError {
    body::broken_form(&error, MOST_BYTES)
}

fn shown(heard: &Heard, with_words: bool) -> Transcribed<'_> {
    let segments = heard.segments.iter().map(|Piece { start, end, text, words }| Segment {
        start: seconds(*start),
        end: seconds(*end),
        text: text.reveal(),
        words: with_words.then(|| words.iter().map(Word::from).collect()),
    });
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Transcribed {
        text: heard.text.reveal(),
        language: heard.language,
        duration: seconds(heard.duration),
        segments: segments.collect(),
        timings_ms: TimingsMs { wait: ms(heard.waited), decode: ms(heard.decoded), transcribe: ms(heard.transcribed) },
    }
}

/// To the millisecond.
fn seconds(span: Duration) -> f64 {
    span.as_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest, rt::System, test::TestRequest};

    use super::*;

    const FORM: (&str, &str) = ("content-type", "Multipart/form-data; boundary=limit");

    fn read(header: Option<(&str, &str)>, body: Vec<u8>) -> Result<Upload, ApiError> {
        System::new().block_on(async {
            let request =
                header.into_iter().fold(TestRequest::with_uri("/?language=ar&words=true"), TestRequest::insert_header);
            let (request, mut payload) = request.set_payload(body).to_http_parts();
            let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
            Upload::read(&request, payload).await
        })
    }

    fn part(field: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("--limit\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    }

    #[test]
    fn a_recording_comes_as_a_body_or_in_a_form() {
        let upload = read(None, b"RIFF".to_vec()).unwrap();
        assert_eq!((&*upload.recording, upload.language, upload.words), (&b"RIFF"[..], Some(Language::ARABIC), true));
        let form =
            [part("words", b"false"), part("audio", b"OggS"), part("language", b"en"), b"--limit--".to_vec()].concat();
        let upload = read(Some(FORM), form).unwrap();
        assert_eq!((&*upload.recording, upload.language, upload.words), (&b"OggS"[..], Some(Language::ENGLISH), false));
        let form = [part("note", b"?"), part("words", b"perhaps"), b"--limit--".to_vec()].concat();
        assert!(matches!(read(Some(FORM), form), Err(ApiError::Fields(_))));
        for broken in [&b"--limit"[..], b"", b"--limit\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nRIFF"] {
            assert!(matches!(read(Some(FORM), broken.to_vec()), Err(ApiError::Broken)));
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let most = vec![0; MOST_BYTES];
        assert_eq!(read(None, most.clone()).unwrap().recording.len(), MOST_BYTES);
        assert!(matches!(read(None, [&most[..], &[0]].concat()), Err(ApiError::TooLarge(MOST_BYTES))));
        let form = |field: &str| [part(field, &most), part("file", b"RIFF"), b"--limit--".to_vec()].concat();
        assert_eq!(read(Some(FORM), form("file")).unwrap().recording.len(), 4);
        let twice = [part("note", &most), form("note")].concat();
        assert!(matches!(read(Some(FORM), twice), Err(ApiError::TooLarge(MOST_BYTES))));
    }
}
