//! Finding a wheel in a Python package index through its simple API: JSON (PEP 691), or HTML (PEP 503) from indexes that
//! know no other.

use serde::Deserialize;
use url::Url;

use super::http::{Address, FetchError, Http};
use crate::models::Digest;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// A wheel that an index offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wheel {
    /// Where it is.
    pub(super) address: Address,
    /// Its file name.
    pub(super) name: String,
    /// Its digest, if the index says.
    pub(super) sha256: Option<Digest>,
}

/// The wheel of exactly that version.
pub(super) async fn find(http: &Http, index: &Address, package: &str, version: &str) -> Result<Wheel, FetchError> {
    let (page, content_type, body) = http.page(&index.inside(&format!("{}/", normal(package))), ACCEPT).await?;
    let links = if content_type.contains("json") { json_links(&body)? } else { html_links(&body) };
    choose(index, &page, links, package, version)
        .ok_or_else(|| FetchError::Final(format!("the index has no wheel of {package} {version}")))
}

/// One file on an index page: its address, and its digest where that is not in the address.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    url: String,
    sha256: Option<Digest>,
}

fn choose(index: &Address, page: &Url, links: Vec<Link>, package: &str, version: &str) -> Option<Wheel> {
    links.into_iter().find_map(|link| {
        let address = index.follow(page, &link.url).ok()?;
        let name = address.file_name();
        let mut parts = name.strip_suffix(".whl")?.split('-');
        if normal(parts.next()?) != normal(package) || parts.next()? != version || name.contains(['/', '\\', '\0']) {
            return None;
        }
        let in_address = address.fragment().and_then(|text| text.strip_prefix("sha256=")?.parse().ok());
        Some(Wheel { sha256: link.sha256.or(in_address), address, name })
    })
}

fn json_links(body: &[u8]) -> Result<Vec<Link>, FetchError> {
    #[derive(Deserialize)]
    struct Page {
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        url: String,
        #[serde(default)]
        hashes: Hashes,
    }
    #[derive(Default, Deserialize)]
    struct Hashes {
        sha256: Option<String>,
    }
    let page: Page = serde_json::from_slice(body)
        .map_err(|error| FetchError::Final(format!("the index's answer makes no sense: {error}")))?;
    let link = |file: File| Link { url: file.url, sha256: file.hashes.sha256.and_then(|text| text.parse().ok()) };
    Ok(page.files.into_iter().map(link).collect())
}

/// The `href` of every `<a>`; PEP 503 asks for no more of a page.
fn html_links(body: &[u8]) -> Vec<Link> {
    let text = String::from_utf8_lossy(body);
    let anchors = text.split("<a").skip(1).filter(|rest| rest.starts_with(char::is_whitespace));
    anchors.filter_map(|rest| Some(Link { url: href(rest.split_once('>')?.0)?, sha256: None })).collect()
}

fn href(attributes: &str) -> Option<String> {
    let value = attributes.split_once("href")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    Some(value[1..].split_once(quote)?.0.replace("&amp;", "&"))
}

/// A package's name as indexes write it (PEP 503).
fn normal(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_wheel_of_the_version_is_found_on_pages_of_both_kinds() {
        let html = format!(
            "<!DOCTYPE html><html><abbr>x</abbr><a href=\"../p.q-1.0.tar.gz\">s</a><A href='x'>\n\
             <a data-requires-python=\"&gt;=3\"\n href='../../f/P_q-1.0-py3-none-any.whl?a=1&amp;b=2#sha256={DIGEST}'>w</a>\
             <a href=\"P_q-1.0.1-py3-none-any.whl\">w</a>"
        );
        let json = format!(
            r#"{{"meta":{{"api-version":"1.0"}},"name":"p-q","files":[{{"filename":"P_q-1.0.1-py3-none-any.whl",
            "url":"P_q-1.0.1-py3-none-any.whl","hashes":{{}}}},{{"filename":"P_q-1.0-py3-none-any.whl",
            "url":"https://index.example/f/P_q-1.0-py3-none-any.whl?a=1&b=2","hashes":{{"sha256":"{DIGEST}"}}}}]}}"#
        );
        let index = Address::parse("https://me:secret@index.example/simple").unwrap();
        let page = Url::parse("https://index.example/simple/p-q/").unwrap();
        for links in [html_links(html.as_bytes()), json_links(json.as_bytes()).unwrap()] {
            let wheel = choose(&index, &page, links, "p.Q", "1.0").unwrap();
            assert_eq!(wheel.name, "P_q-1.0-py3-none-any.whl");
            let address = Address::parse("https://index.example/f/P_q-1.0-py3-none-any.whl").unwrap();
            assert_eq!(wheel.address.fingerprint(), address.fingerprint());
            assert_eq!(wheel.sha256, Some(Digest::of(b"")));
        }
        assert_eq!(choose(&index, &page, html_links(html.as_bytes()), "p.q", "2.0"), None);
        assert!(matches!(json_links(b"{\"files\":"), Err(FetchError::Final(_))));
    }

    #[test]
    fn names_are_compared_as_indexes_write_them() {
        for name in ["Pipecat_AI", "pipecat-ai", "pipecat..ai"] {
            assert_eq!(normal(name), "pipecat-ai");
        }
    }
}
