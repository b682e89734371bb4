//! Forms of our pages, as browsers send them without any script. Those of members of staff carry a token of their session.

use std::time::Duration;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev, error::UrlencodedError, web};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    State,
    access::Who,
    error::ApiError,
    session::{self, Staff},
};

/// Most bytes of a form: nothing that is typed here is long.
const MAX_FORM: usize = 16 * 1024;
/// A client that takes longer to send it is cut off.
const FORM_TIMEOUT: Duration = Duration::from_secs(5);

/// A form of a page that everybody can open, sent by that page.
pub(super) struct PublicForm<T>(pub(super) T);

/// A form of a member of staff, with the token of their session in `token`.
pub(super) struct StaffForm<T> {
    pub(super) staff: Staff,
    pub(super) fields: T,
}

#[derive(Deserialize)]
struct Signed<T> {
    token: String,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for PublicForm<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if !session::is_from_our_page(state(&request), &request) {
                return Err(ApiError::ForeignPage);
            }
            read(&request, payload).await.map(Self)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for StaffForm<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let staff = match request.extensions().get::<Who>() {
                Some(Who::Staff(staff)) => staff.clone(),
                _ => return Err(ApiError::NoSession),
            };
            let Signed { token, fields } = read(&request, payload).await?;
            if !session::is_form_token(state(&request), &staff.session, &token) {
                return Err(ApiError::ForeignPage);
            }
            Ok(Self { staff, fields })
        })
    }
}

fn state(request: &HttpRequest) -> &State {
    request.app_data::<web::Data<State>>().expect("the application has its state")
}

async fn read<T: DeserializeOwned + 'static>(request: &HttpRequest, mut payload: dev::Payload) -> Result<T, ApiError> {
    let body = actix_web::dev::UrlEncoded::<T>::new(request, &mut payload).limit(MAX_FORM);
    timeout(FORM_TIMEOUT, body).await.map_err(|_| ApiError::Slow)?.map_err(|error| match error {
        UrlencodedError::Overflow { .. } => ApiError::TooLarge(MAX_FORM),
        UrlencodedError::ContentType => ApiError::Form,
        UrlencodedError::Parse(_) | UrlencodedError::Encoding => ApiError::Form,
        _ => ApiError::Broken,
    })
}
