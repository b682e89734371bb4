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

use crate::web::error::ApiError;

/// Most bytes of a file.
const MOST_BYTES: usize = 5 * 1024 * 1024;
/// Most bytes of another field of the form.
const MOST_FIELD_BYTES: usize = 16 * 1024;
/// Most fields of a form.
const MOST_FIELDS: usize = 10;
/// A client that takes longer to send its file is cut off.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was sent.
#[derive(Debug, Default)]
pub(super) struct Upload {
    pub(super) file: Bytes,
    /// The form's other fields.
    pub(super) fields: HashMap<String, String>,
}

impl Upload {
    pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form =
            content_type.is_some_and(|it| it.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"));
        let read = async {
            if is_form {
                return Self::of_form(Multipart::new(request.headers(), payload)).await;
            }
            let file = payload.to_bytes_limited(MOST_BYTES).await.map_err(|_| ApiError::TooLarge(MOST_BYTES))?;
            Ok(Self { file: file.map_err(|_| ApiError::Broken)?, ..Self::default() })
        };
        timeout(PATIENCE, read).await.map_err(|_| ApiError::Slow)?
    }

    async fn of_form(mut form: Multipart) -> Result<Self, ApiError> {
        let (mut file, mut fields) = (None, HashMap::new());
        while let Some(field) = form.next().await {
            let mut field = field.map_err(|_| ApiError::Broken)?;
            let name = field.name().unwrap_or_default().to_owned();
            let most = if name == "file" { MOST_BYTES } else { MOST_FIELD_BYTES };
            let bytes = field.bytes(most).await.map_err(|_| ApiError::TooLarge(most))?.map_err(|_| ApiError::Broken)?;
            if name == "file" {
                file = Some(bytes);
            } else if fields.len() < MOST_FIELDS {
                fields.insert(name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self { file: file.ok_or_else(|| ApiError::field("file", "is missing"))?, fields })
    }
}
