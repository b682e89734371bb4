//! Members of staff, for administrators. Who is invited, or forgot the password, gets a one-time link.

use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{Email, Language, UserId},
    people::{self, UserChange},
    store::{
        self, RandomSecret,
        list::Filter,
        users::{self, NewUser, Role, State as UserState, User, Wanted},
    },
    web::{
        State,
        access::Who,
        api::{
            body::Body,
            entity::{self, By, IfMatch},
            list::{self, List, Paging, Params, filtered, words},
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

/// Which members of staff.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct UserFilter {
    /// Words, or parts of words, of names and e-mail addresses.
    pub(in crate::web) q: Option<String>,
    /// Only with this role: `viewer`, `agent`, `supervisor` or `admin`.
    pub(in crate::web) role: Option<String>,
    /// Only in this state: `invited`, `active` or `disabled`.
    pub(in crate::web) state: Option<String>,
}

impl UserFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let wanted = Wanted {
            words: words(self.q.as_deref())?.unwrap_or_default().to_owned(),
            role: self.role.as_deref().map(role).transpose()?,
            state: filtered("state", &self.state, state)?,
        };
        Ok(wanted.filter())
    }
}

/// A member of staff to be made.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct NewMember {
    email: String,
    name: String,
    /// `viewer`, `agent`, `supervisor` or `admin`.
    role: String,
}

impl NewMember {
    pub(in crate::web) fn check(self) -> Result<NewUser, ApiError> {
        Ok(NewUser { email: email(&self.email)?, name: name(&self.name)?, role: role(&self.role)? })
    }
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
    pub(in crate::web) fn parse(self) -> Result<UserChange, ApiError> {
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

fn state(text: &str) -> Result<UserState, &'static str> {
    text.parse().map_err(|_| "must be invited, active or disabled")
}

pub(in crate::web) fn id(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("member of staff"))
}

/// The link as the one who gets it opens it.
pub(in crate::web) fn address(state: &State, request: &HttpRequest, link: &RandomSecret) -> String {
    public::page_url(state, request, &welcome_path(link))
}

/// Lists members of staff. `sort`: `email` (the usual), `name`, `createdAt`.
#[utoipa::path(
    get,
    path = "/api/admin/users",
    tag = "users",
    params(Paging, UserFilter),
    responses((status = 200, description = "A page of them", body = List<UserItem>)),
)]
pub(in crate::web) async fn list(
    paging: Paging,
    filter: Params<UserFilter>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let show = |user| UserItem::from(&user);
    list::answer_as(&state, &users::TABLE, &paging, filter.0.check()?, users::page, show).await
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
    let (user, link) = state.people.invite(body.0.check()?, by.0, store::now()).await?;
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
