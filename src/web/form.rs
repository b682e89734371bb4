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

/// Most bytes of a form: little that is typed here is long.
const MAX_FORM: usize = 16 * 1024;
/// A client that takes longer to send it is cut off.
const FORM_TIMEOUT: Duration = Duration::from_secs(5);

/// The field of a form that shows that a page of ours has sent it.
const TOKEN: &str = "token";

/// A form of a page that everybody can open, sent by that page.
pub(super) struct PublicForm<T>(pub(super) T);

/// A form of a member of staff, with the token of their session in `token`; of `MOST` bytes at most.
pub(super) struct StaffForm<T, const MOST: usize = MAX_FORM> {
    pub(super) staff: Staff,
    pub(super) fields: T,
}

/// The same where a field may come more than once, such as boxes that are ticked: all of them, in order.
pub(super) struct StaffPairs(pub(super) Vec<(String, String)>);

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
            read(&request, payload, MAX_FORM).await.map(Self)
        })
    }
}

impl<T: DeserializeOwned + 'static, const MOST: usize> FromRequest for StaffForm<T, MOST> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let staff = staff(&request)?;
            let Signed { token, fields } = read(&request, payload, MOST).await?;
            check(&request, &staff, &token)?;
            Ok(Self { staff, fields })
        })
    }
}

impl FromRequest for StaffPairs {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let staff = staff(&request)?;
            let pairs: Vec<(String, String)> = read(&request, payload, MAX_FORM).await?;
            let token = pairs.iter().find(|(name, _)| name == TOKEN).map(|(_, token)| token.as_str());
            check(&request, &staff, token.ok_or(ApiError::Form)?)?;
            Ok(Self(pairs))
        })
    }
}

/// Whose form it is.
fn staff(request: &HttpRequest) -> Result<Staff, ApiError> {
    match request.extensions().get::<Who>() {
        Some(Who::Staff(staff)) => Ok(staff.clone()),
        _ => Err(ApiError::NoSession),
    }
}

/// Holds that it comes from a page of this session.
fn check(request: &HttpRequest, staff: &Staff, token: &str) -> Result<(), ApiError> {
    let is_ours = session::is_form_token(state(request), &staff.session, token);
    if is_ours { Ok(()) } else { Err(ApiError::ForeignPage) }
}

fn state(request: &HttpRequest) -> &State {
    request.app_data::<web::Data<State>>().expect("the application has its state")
}

async fn read<T: DeserializeOwned + 'static>(
    request: &HttpRequest,
    mut payload: dev::Payload,
    most: usize,
) -> Result<T, ApiError> {
    let body = actix_web::dev::UrlEncoded::<T>::new(request, &mut payload).limit(most);
    timeout(FORM_TIMEOUT, body).await.map_err(|_| ApiError::Slow)?.map_err(|error| match error {
        UrlencodedError::Overflow { .. } => ApiError::TooLarge(most),
        UrlencodedError::ContentType => ApiError::Form,
        UrlencodedError::Parse(_) | UrlencodedError::Encoding => ApiError::Form,
        _ => ApiError::Broken,
    })
}
