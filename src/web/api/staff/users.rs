//! Members of staff, for administrators. Who is invited, or forgot the password, gets a one-time link.

use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{limit, query};
use crate::{
    domain::{Email, Language, UserId},
    people::{self, UserChange},
    store::{
        self, RandomSecret,
        users::{NewUser, Role, User},
    },
    web::{
        State,
        access::Who,
        api::{
            body::Body,
            entity::{self, By, IfMatch},
        },
        error::ApiError,
        public, welcome_path,
    },
};

/// A member of staff.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct UserItem {
    id: String,
    email: String,
    name: String,
    /// `viewer`, `agent`, `supervisor` or `admin`.
    role: &'static str,
    language: Option<String>,
    /// `invited` (has no password yet), `active` or `disabled`.
    state: &'static str,
    /// Whether they log in with a code too.
    totp: bool,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    version: i64,
}

impl From<&User> for UserItem {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.clone(),
            role: user.role.as_str(),
            language: user.language.clone(),
            state: user.state().as_str(),
            totp: user.has_totp,
            last_login_at: user.last_login_at.map(|at| at.to_string()),
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
            version: user.version,
        }
    }
}

/// One page of them, by e-mail address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct UserList {
    items: Vec<UserItem>,
    /// For the next page; null: this is the last.
    next_cursor: Option<String>,
}

/// A member of staff who was just made.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct Invited {
    #[serde(flatten)]
    user: UserItem,
    /// Where they set their password: once, within a day. Not shown again.
    link: String,
}

/// A one-time link.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct Link {
    /// Where a password is set: once, within a day. Not shown again.
    link: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A member of staff to be made.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct NewMember {
    email: String,
    name: String,
    /// `viewer`, `agent`, `supervisor` or `admin`.
    role: String,
}

/// What is to change; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct MemberChange {
    email: Option<String>,
    name: Option<String>,
    /// `viewer`, `agent`, `supervisor` or `admin`.
    role: Option<String>,
    /// A code such as `ar`; null: what the browser asks for.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    /// Whether they may not log in.
    disabled: Option<bool>,
    /// Only `false`: takes a second factor off that was lost.
    totp: Option<bool>,
}

/// Tells null from what is left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl MemberChange {
    fn parse(self) -> Result<UserChange, ApiError> {
        if self.totp == Some(true) {
            return Err(ApiError::field("totp", "can only be taken off: its owner sets it up"));
        }
        let language = |code: String| code.parse::<Language>().map(|language| language.code().to_owned());
        let language = self.language.map(|code| code.map(language).transpose()).transpose();
        Ok(UserChange {
            email: self.email.as_deref().map(email).transpose()?,
            name: self.name.as_deref().map(name).transpose()?,
            role: self.role.as_deref().map(role).transpose()?,
            language: language.map_err(|problem| ApiError::field("language", problem))?,
            disabled: self.disabled,
            forget_factor: self.totp == Some(false),
        })
    }
}

fn email(text: &str) -> Result<Email, ApiError> {
    text.parse().map_err(|problem| ApiError::field("email", problem))
}

fn name(text: &str) -> Result<String, ApiError> {
    people::parse_name(text).map_err(|problem| ApiError::field("name", format!("is wrong: {problem}")))
}

fn role(text: &str) -> Result<Role, ApiError> {
    let known = || Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    Role::from_str(text).map_err(|_| ApiError::field("role", format!("is not known: give one of {}", known())))
}

fn id(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("member of staff"))
}

/// The link as the one who gets it opens it.
fn address(state: &State, request: &HttpRequest, link: &RandomSecret) -> String {
    public::page_url(state, request, &welcome_path(link))
}

/// Lists members of staff by their e-mail addresses.
#[utoipa::path(
    get,
    path = "/api/admin/users",
    tag = "users",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of them", body = UserList)),
)]
pub(in crate::web) async fn list(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let Listing { limit: asked, cursor } = query(&request)?;
    let limit = limit(asked)?;
    let users = state.people.users(cursor.as_deref().map(after).transpose()?, limit + 1).await?;
    let page = &users[..users.len().min(limit as usize)];
    let last = page.last().filter(|_| users.len() > page.len());
    let next_cursor = last.map(|user| BASE64_URL_SAFE_NO_PAD.encode(user.email.as_str()));
    Ok(HttpResponse::Ok().json(UserList { items: page.iter().map(UserItem::from).collect(), next_cursor }))
}

fn after(cursor: &str) -> Result<Email, ApiError> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let email = text.and_then(|text| text.parse().ok());
    email.ok_or_else(|| ApiError::field("cursor", "is none of this list"))
}

/// Invites somebody: the link in the answer lets them set their password.
#[utoipa::path(
    post,
    path = "/api/admin/users",
    tag = "users",
    request_body = NewMember,
    responses(
        (status = 201, description = "Invited", body = Invited),
        (status = 422, description = "A field is wrong, or the e-mail address is somebody else's"),
    ),
)]
pub(in crate::web) async fn create(
    by: By,
    request: HttpRequest,
    body: Body<NewMember>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let Body(new) = body;
    let new = NewUser { email: email(&new.email)?, name: name(&new.name)?, role: role(&new.role)? };
    let (user, link) = state.people.invite(new, by.0, store::now()).await?;
    let body = Invited { user: UserItem::from(&user), link: address(&state, &request, &link) };
    Ok(entity::made(format!("/api/admin/users/{}", user.id), user.version, &body))
}

/// One member of staff.
#[utoipa::path(
    get,
    path = "/api/admin/users/{id}",
    tag = "users",
    params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = UserItem), (status = 404, description = "Nobody")),
)]
pub(in crate::web) async fn read(user: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let user = state.people.user(&id(&user)?).await?;
    Ok(entity::found(user.version, &UserItem::from(&user)))
}

/// Changes a member of staff. A new role, or being disabled, ends their sessions.
#[utoipa::path(
    patch,
    path = "/api/admin/users/{id}",
    tag = "users",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = MemberChange,
    responses(
        (status = 200, description = "Changed", body = UserItem),
        (status = 409, description = "Nobody would be an administrator any more"),
        (status = 412, description = "Somebody else has changed it meanwhile"),
        (status = 422, description = "A field is wrong"),
    ),
)]
pub(in crate::web) async fn update(
    who: Who,
    by: By,
    user: web::Path<String>,
    expected: IfMatch,
    body: Body<MemberChange>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, change) = (id(&user)?, body.0.parse()?);
    let own = if let Who::Staff(staff) = who { Some(staff.session) } else { None };
    let user = state.people.update(id, change, expected.0, own, by.0, store::now()).await?;
    Ok(entity::found(user.version, &UserItem::from(&user)))
}

/// Deletes a member of staff. What they did stays in the audit log.
#[utoipa::path(
    delete,
    path = "/api/admin/users/{id}",
    tag = "users",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "Nobody"),
        (status = 409, description = "Nobody would be an administrator any more"),
        (status = 412, description = "Somebody else has changed it meanwhile"),
    ),
)]
pub(in crate::web) async fn delete(
    by: By,
    user: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    state.people.delete(id(&user)?, expected.0, by.0, store::now()).await?;
    Ok(entity::gone())
}

/// Makes a link for somebody who forgot the password, or whose invitation is too old. Earlier links are void.
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/link",
    tag = "users",
    params(("id" = String, Path)),
    responses((status = 201, description = "The link, shown once", body = Link), (status = 404, description = "Nobody")),
)]
pub(in crate::web) async fn link(
    by: By,
    request: HttpRequest,
    user: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let link = state.people.link(id(&user)?, by.0, store::now()).await?;
    Ok(HttpResponse::Created().json(Link { link: address(&state, &request, &link) }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_stays_and_null_empties() {
        let parse = |value| serde_json::from_value::<MemberChange>(value).unwrap().parse();
        let nothing = parse(json!({})).unwrap();
        assert!(nothing.language.is_none() && nothing.role.is_none() && !nothing.forget_factor);
        let emptied = parse(json!({ "language": null, "totp": false, "disabled": true })).unwrap();
        assert_eq!((emptied.language, emptied.forget_factor, emptied.disabled), (Some(None), true, Some(true)));
        assert_eq!(parse(json!({ "language": "arabic" })).unwrap().language, Some(Some("ar".to_owned())));
        for (bad, says) in [
            (json!({ "role": "root" }), "role is not known: give one of viewer, agent, supervisor, admin"),
            (json!({ "email": "x" }), "email is not an e-mail address"),
            (json!({ "name": " " }), "name is wrong: give 1 to 100"),
            (json!({ "language": "xx" }), "language"),
            (json!({ "totp": true }), "totp can only be taken off"),
        ] {
            let problem = parse(bad).unwrap_err().to_string();
            assert!(problem.starts_with(says), "{problem}");
        }
    }
}
