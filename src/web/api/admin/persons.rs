//! `POST /api/admin/persons/erase`: one person's data goes, wherever it is.

use actix_web::{HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    entity::By,
    input::{self, Checks, Given},
};
use crate::{
    domain::{Country, Pii},
    store::{
        communications::Contact,
        erasure::{self, EraseError, Erased, Target},
        persons,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] =
    &[Endpoint::post("/api/admin/persons/erase", Access::ADMIN, || web::route().to(erase))];

/// What the API's document says of it.
#[derive(OpenApi)]
#[openapi(paths(erase))]
pub(super) struct Described;

/// Whom to erase: one of the first three.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct EraseInput {
    #[schema(value_type = Option<String>)]
    lead_id: Given,
    #[schema(value_type = Option<String>)]
    customer_id: Given,
    /// With the country's code, or as it is dialled in the desk's country.
    #[schema(value_type = Option<String>)]
    phone: Given,
    /// Also delete the copies of the database that older versions left: they hold everybody's data.
    also_copies: bool,
}

impl EraseInput {
    fn check(self, home: Option<Country>) -> Result<Target, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let lead = checks.optional("leadId", self.lead_id, input::id).flatten();
        let customer = checks.optional("customerId", self.customer_id, input::id).flatten();
        let phone = checks.optional("phone", self.phone.or_number(), input::phone(home)).flatten();
        let lead = lead.map(|id| Target::Contact(Contact::Lead(id)));
        let customer = customer.map(|id| Target::Contact(Contact::Customer(id)));
        let given = [lead, customer, phone.map(Pii::into_inner).map(Target::Phone)];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(target), None) => input::checked(checks, target),
            (None, _) if checks.is_wrong(&["leadId", "customerId", "phone"]) => Err(checks.problems()),
            _ => {
                checks.wrong("leadId", "or customerId or phone must be given, and only one of them");
                Err(checks.problems())
            }
        }
    }
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ErasedAnswer {
    erased: Erased,
    /// The database was written anew: no byte is left in its files. False: that failed, the log says why, and remains of
    /// deleted rows may be found by whoever has the files.
    is_wiped: bool,
    /// Copies of the database beside it that still hold the data: delete them, or ask with `alsoCopies`.
    copies: Vec<String>,
}

impl From<EraseError> for ApiError {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Nobody => Self::NotFound("person"),
            EraseError::OnCall => Self::Conflict(error.to_string()),
            EraseError::Store(error) => Self::Store(error),
        }
    }
}

/// Erases a person: leads, customers, what they said, how to reach them, and what the audit log says of them.
#[utoipa::path(
    post, path = "/api/admin/persons/erase", tag = "persons", request_body = EraseInput,
    responses(
        (status = 200, description = "What was erased", body = ErasedAnswer),
        (status = 404, description = "Nothing is kept of such a person"),
        (status = 409, description = "A call with this person is going on"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn erase(by: By, body: Body<EraseInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (also_copies, home) = (body.0.also_copies, state.store.read(persons::home).await?);
    let target = body.0.check(home).map_err(ApiError::Fields)?;
    let erased = state.store.change(by.0, Timestamp::now(), move |change| erasure::erase(change, &target));
    let erased = erased.await.map_err(ApiError::from)?;
    let wiped = state.store.wipe().await;
    if let Err(error) = &wiped {
        tracing::error!(%error, "writing the database anew after an erasure");
    }
    let copies = if also_copies { state.store.delete_copies().await? } else { state.store.copies().await? };
    let answer = ErasedAnswer { erased, is_wiped: wiped.is_ok(), copies };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}
