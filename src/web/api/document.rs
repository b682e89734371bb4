//! The API's own description (OpenAPI 3.1), made of what stands on the handlers (`#[utoipa::path]`). Who may use an endpoint,
//! how a refusal looks and which requests may be repeated is not written there but added here, from the table that decides it.

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header, web::Bytes};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, ObjectBuilder, OpenApi as Document, Ref, ResponseBuilder, SecurityRequirement, Type,
        path::{Operation, ParameterBuilder, ParameterIn},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    store::api_keys::Scope,
    web::{
        endpoint::{self, Access, Endpoint, Verb},
        idempotency,
        problem::{self, FieldProblem, Problem},
    },
};

/// What each table of endpoints outside of `admin` says of them: one beside every table in [`endpoint::all`].
const PARTS: &[fn() -> Document] =
    &[super::Described::openapi, super::staff::Described::openapi, super::voice::Described::openapi];

const KEY: &str = "key";
const SESSION: &str = "session";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Callstead",
        description = "A call centre in a box: rooms and tokens, agents, and what the desk works with. Refusals are problem \
            details (RFC 9457). `docs/api.md` tells the rest."
    ),
    components(schemas(Problem, FieldProblem)),
    modifiers(&Common)
)]
struct Whole;

/// What is the same for all.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        for part in PARTS.iter().chain(super::admin::DESCRIBED) {
            document.merge(part());
        }
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key: `csk_…`"));
        components.add_security_scheme(KEY, SecurityScheme::Http(bearer.build()));
        let cookie = ApiKeyValue::with_description(
            "__Host-callstead",
            "The session of a member of staff, from this server's log-in page",
        );
        components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for endpoint in endpoint::all() {
            if let Some(operation) = operation(document, endpoint) {
                complete(operation, endpoint);
            }
        }
    }
}

/// `GET /api/openapi.json`
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "server",
    summary = "This document",
    responses((status = 200, description = "An OpenAPI document", content_type = "application/json"))
)]
pub(super) async fn document() -> HttpResponse {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let json = Whole::openapi().to_json();
        Bytes::from(json.expect("texts and numbers have a form in JSON"))
    });
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(DOCUMENT.clone())
}

fn operation<'a>(document: &'a mut Document, endpoint: &Endpoint) -> Option<&'a mut Operation> {
    let item = document.paths.paths.get_mut(endpoint.path)?;
    let operation = match endpoint.verb {
        Verb::Get => &mut item.get,
        Verb::Post => &mut item.post,
        Verb::Put => &mut item.put,
        Verb::Patch => &mut item.patch,
        Verb::Delete => &mut item.delete,
    };
    operation.as_mut()
}

fn complete(operation: &mut Operation, endpoint: &Endpoint) {
    operation.operation_id = Some(operation_id(endpoint));
    operation.security = Some(security(endpoint.access));
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refused =
        ResponseBuilder::new().description("Refused, or failed").content(problem::MEDIA_TYPE, problem).build();
    operation.responses.responses.entry("default".to_owned()).or_insert_with(|| refused.into());
    if endpoint.is_idempotent {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some("For repeating this request: it is done once, and each repeat gets the first answer"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(idempotency::MOST_KEY))));
        operation.parameters.get_or_insert_default().push(key.build().into());
    }
}

/// Of method and path, as handlers of different tables have the same names: `get_api_admin_leads_id`.
fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|it: char| !it.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(endpoint.verb.name().to_ascii_lowercase(), |id, word| format!("{id}_{word}"))
}

/// Each alternative; an empty one: nothing is asked for.
fn security(access: Access) -> Vec<SecurityRequirement> {
    let key = |scope: Scope| SecurityRequirement::new(KEY, [scope.as_str()]);
    let anybody = SecurityRequirement::default;
    let staff = |roles: &[&str]| SecurityRequirement::new(SESSION, roles.iter().copied());
    match access {
        Access::Open => vec![anybody()],
        Access::Public(scope) | Access::Local(scope) => vec![anybody(), key(scope), staff(&[])],
        Access::Caller(role, scope) | Access::Staff(role, scope) => vec![key(scope), staff(&[role.as_str()])],
        Access::Person(role) => vec![staff(&[role.as_str()])],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown() -> Value {
        serde_json::from_str(&Whole::openapi().to_json().unwrap()).unwrap()
    }

    fn name(verb: Verb) -> String {
        verb.name().to_ascii_lowercase()
    }

    /// Under `/api/docs` are the files of a page.
    fn described() -> impl Iterator<Item = &'static Endpoint> {
        endpoint::all().filter(|endpoint| endpoint.is_api() && !endpoint.path.starts_with("/api/docs"))
    }

    #[test]
    fn every_endpoint_of_the_api_is_described_and_nothing_else() {
        let document = shown();
        let paths = document["paths"].as_object().unwrap();
        let missing: Vec<_> = described()
            .filter(|it| !paths.get(it.path).is_some_and(|item| item[name(it.verb)].is_object()))
            .map(|it| format!("{} {}", it.verb.name(), it.path))
            .collect();
        assert!(missing.is_empty(), "without #[utoipa::path], or not in a list of paths: {missing:#?}");
        for (path, item) in paths {
            for method in item.as_object().unwrap().keys() {
                let is_there = endpoint::all().any(|it| it.path == path && name(it.verb) == *method);
                assert!(is_there, "{method} {path} is described and not there");
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_what_the_table_says() {
        let document = shown();
        let mut ids = Vec::new();
        for endpoint in described() {
            let what = format!("{} {}", endpoint.verb.name(), endpoint.path);
            let operation = &document["paths"][endpoint.path][name(endpoint.verb)];
            assert!(operation["tags"][0].is_string(), "{what} has no tag");
            assert!(operation["responses"]["default"].is_object(), "{what}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(!ids.contains(&id), "{what}: another operation is called {id}, too");
            ids.push(id);
            let security = match endpoint.access {
                Access::Open => json!([{}]),
                Access::Public(scope) | Access::Local(scope) => json!([{}, { "key": [scope] }, { "session": [] }]),
                Access::Caller(role, scope) | Access::Staff(role, scope) => {
                    json!([{ "key": [scope] }, { "session": [role] }])
                }
                Access::Person(role) => json!([{ "session": [role] }]),
            };
            assert_eq!(operation["security"], security, "{what}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let takes_key = parameters.iter().any(|it| it["name"] == "Idempotency-Key");
            assert_eq!(takes_key, endpoint.is_idempotent, "{what}");
            for part in endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let is_described = parameters.iter().any(|it| it["in"] == "path" && it["name"] == part);
                assert!(is_described, "{what} says nothing of {part}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = shown();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        assert_eq!(document["openapi"], "3.1.0");
        assert!(!document.to_string().contains("http://"), "names no host");
    }
}
