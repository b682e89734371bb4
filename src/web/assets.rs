//! Styles, scripts and images, inside the program. Their addresses carry a digest of their content, so that a browser
//! may keep them for ever and still sees a new version at once.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag, Header, IfNoneMatch},
    web,
};
use rust_embed::{Embed, EmbeddedFile};

use super::error;

#[derive(Embed)]
#[folder = "assets"]
struct Assets;

/// What `make bundle` makes of `frontend/`.
#[derive(Embed)]
#[folder = "frontend/dist"]
struct Bundle;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// The address of an asset: `/assets/1f2e3d4c5b6a7980/app.css`.
pub(super) fn address(name: &str) -> String {
    let file = find(name).expect("templates name only assets that exist, which a test of each page holds");
    format!("/assets/{}/{name}", digest(&file))
}

/// An asset. One that is asked for by the digest of another version is still served, but may not be kept.
pub(super) async fn asset(request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (asked_digest, name) = path.into_inner();
    let Some(file) = find(&name) else { return error::not_found(request).await };
    let digest = digest(&file);
    // Weak, because the same tag goes with the file and with its compressed form.
    let tag = EntityTag::new_weak(digest.clone());
    let mut response = if is_known(&request, &tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, if asked_digest == digest { FOR_EVER } else { ASK_EACH_TIME }))
        .insert_header(ETag(tag.clone()));
    if is_known(&request, &tag) {
        return response.finish();
    }
    response.content_type(content_type(&name)).body(file.data.into_owned())
}

fn find(name: &str) -> Option<EmbeddedFile> {
    Assets::get(name).or_else(|| Bundle::get(name))
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|it| it.weak_eq(tag)),
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Err(_) => false,
    }
}

fn digest(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_type() {
        for name in Assets::iter().chain(Bundle::iter()) {
            assert_ne!(content_type(&name), "application/octet-stream", "{name}");
        }
    }
}
