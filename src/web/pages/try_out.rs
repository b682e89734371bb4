//! The page on which the API can be tried out: Swagger UI, as it is in this program. It loads nothing from elsewhere.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;

use crate::web::{assets, error};

/// Where it is.
pub(super) const PATH: &str = "/api/docs";
/// Its files.
pub(super) const FILES_PATH: &str = "/api/docs/{file}";
/// Those of Swagger UI that the page needs.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];
/// Files change with the program only.
const A_DAY: &str = "public, max-age=86400";

/// Beyond what other pages may: Swagger UI writes `style` attributes, and has images within its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "try_out.html")]
struct TryOut {
    script: String,
    icon: String,
}

pub(super) async fn page() -> HttpResponse {
    let page = TryOut { script: assets::address("try_out.js"), icon: assets::address("icon.svg") };
    let mut response = super::fresh(&page);
    let policy = header::HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

pub(super) async fn file(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let is_needed = FILES.contains(&name.as_str());
    let file = is_needed.then(|| utoipa_swagger_ui::serve(&name, Arc::default()).ok().flatten()).flatten();
    let Some(file) = file else { return error::not_found(request).await };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, A_DAY))
        .content_type(file.content_type)
        .body(file.bytes.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_in_the_program() {
        for name in FILES {
            let file = utoipa_swagger_ui::serve(name, Arc::default()).unwrap().unwrap();
            assert!(file.bytes.len() > 10_000 && !file.gzpipped, "{name}");
        }
    }
}
