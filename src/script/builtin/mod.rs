//! Scripts to begin with, in English and Arabic: documents like those that users write, with tests of their own.

/// Name and document of each.
pub const ALL: [(&str, &str); 10] = [
    ("payment-en", include_str!("payment-en.toml")),
    ("payment-ar", include_str!("payment-ar.toml")),
    ("lead-en", include_str!("lead-en.toml")),
    ("lead-ar", include_str!("lead-ar.toml")),
    ("support-en", include_str!("support-en.toml")),
    ("support-ar", include_str!("support-ar.toml")),
    ("appointment-en", include_str!("appointment-en.toml")),
    ("appointment-ar", include_str!("appointment-ar.toml")),
    ("conversation-en", include_str!("conversation-en.toml")),
    ("conversation-ar", include_str!("conversation-ar.toml")),
];

/// The document of this name.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, document)| *document)
}
