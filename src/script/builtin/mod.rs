//! Scripts to begin with, in English and Arabic: documents like those that users write, with tests of their own.

/// Name and document of each.
pub const ALL: [(&str, &str); 1] = [("payment-en", include_str!("payment-en.toml"))];

/// The document of this name.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, document)| *document)
}
