//! A file that is sent: as the body itself, or as the field `file` of a form, with other fields beside it.

use std::{collections::HashMap, time::Duration};

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest,
    http::header,
    web::{Bytes, Payload},
};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::web::{api::body, error::ApiError};

/// Most bytes of a file.
const MOST_BYTES: usize = 5 * 1024 * 1024;
/// Most bytes of another field of the form.
const MOST_FIELD_BYTES: usize = 16 * 1024;
/// Most fields of a form that count: one for each column of a sheet, and some more.
const MOST_FIELDS: usize = 110;
/// Most bytes of a form.
const MOST_FORM_BYTES: usize = MOST_BYTES + (MOST_FIELDS + 1) * MOST_FIELD_BYTES;
/// A client that takes longer to send its file is cut off.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was sent.
#[derive(Debug, Default)]
pub(in crate::web) struct Upload {
    pub(in crate::web) file: Bytes,
    /// The form's other fields.
    pub(in crate::web) fields: HashMap<String, String>,
}

impl Upload {
    pub(in crate::web) async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form =
            content_type.is_some_and(|it| it.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"));
        let read = async {
            if is_form {
                return Self::of_form(Multipart::new(request.headers(), body::bounded(payload, MOST_FORM_BYTES))).await;
            }
            let file = payload.to_bytes_limited(MOST_BYTES).await.map_err(|_| ApiError::TooLarge(MOST_BYTES))?;
            Ok(Self { file: file.map_err(|_| ApiError::Broken)?, ..Self::default() })
        };
        timeout(PATIENCE, read).await.map_err(|_| ApiError::Slow)?
    }

    async fn of_form(mut form: Multipart) -> Result<Self, ApiError> {
        let broken = |error| body::broken_form(&error, MOST_BYTES);
        let (mut file, mut fields) = (None, HashMap::new());
        while let Some(field) = form.next().await {
            let mut field = field.map_err(broken)?;
            let name = field.name().unwrap_or_default().to_owned();
            let most = if name == "file" { MOST_BYTES } else { MOST_FIELD_BYTES };
            let bytes = field.bytes(most).await.map_err(|_| ApiError::TooLarge(most))?.map_err(broken)?;
            if name == "file" {
                file = Some(bytes);
            } else if fields.len() < MOST_FIELDS {
                fields.insert(name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self { file: file.ok_or_else(|| ApiError::field("file", "is missing"))?, fields })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest, rt::System, test::TestRequest};

    use super::*;

    fn read(body: Vec<u8>) -> Result<Upload, ApiError> {
        System::new().block_on(async {
            let request = TestRequest::default().insert_header(("content-type", "multipart/form-data; boundary=limit"));
            let (request, mut payload) = request.set_payload(body).to_http_parts();
            let payload = Payload::from_request(&request, &mut payload).await.unwrap();
            Upload::read(&request, payload).await
        })
    }

    fn part(field: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("--limit\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    }

    #[test]
    fn a_form_has_a_file_and_an_end() {
        let end = b"--limit--".to_vec();
        let whole = [part("onDuplicate", b"skip"), part("file", &vec![b'x'; MOST_BYTES]), end.clone()].concat();
        let upload = read(whole).unwrap();
        assert_eq!((upload.file.len(), upload.fields["onDuplicate"].as_str()), (MOST_BYTES, "skip"));
        assert!(matches!(read(part("mapping", b"{}")), Err(ApiError::Broken)));
        let files = [part("file", &vec![b'x'; MOST_BYTES / 2]).repeat(3), end.clone()].concat();
        let head = [b"--limit\r\nContent-Disposition: form-data; x=".to_vec(), vec![b'x'; MOST_FORM_BYTES]].concat();
        for endless in [files, head, [part("note", b"x").repeat(MOST_FORM_BYTES / 32), end].concat()] {
            assert!(matches!(read(endless), Err(ApiError::TooLarge(MOST_BYTES))));
        }
    }
}
