//! E-mail addresses, as far as one can tell them without sending anything.

use std::{fmt, str::FromStr};

/// Longest address that a mail server takes (RFC 5321, section 4.5.3.1.3, without its brackets).
const LONGEST: usize = 254;

/// An e-mail address as it was typed, without blanks around it. It is personal data: keep it in a [`super::Pii`] where it is
/// not a member of staff's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// Not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address: give one such as name@example.com")]
pub struct BadEmail;

impl Email {
    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all ways of typing it.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim();
        let is_printable = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\",;:\\".contains(c));
        let (name, host) = text.rsplit_once('@').ok_or(BadEmail)?;
        let fits = !name.is_empty() && !name.contains('@') && !host.is_empty() && !host.starts_with(['.', '-']);
        let is_host = host.split('.').all(|label| !label.is_empty());
        if text.len() <= LONGEST && is_printable && fits && is_host { Ok(Self(text.to_owned())) } else { Err(BadEmail) }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b", " Amanda@example.com ", "o'neil+desk@mail.example.co.uk", "محمد@مثال.example"] {
            assert_eq!(good.parse::<Email>().map(|it| it.to_string()), Ok(good.trim().to_owned()));
        }
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a b@c",
            "a@b@c",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a\n@b",
            "<a@b>",
            &format!("{}@b", "x".repeat(254)),
        ] {
            assert_eq!(bad.parse::<Email>(), Err(BadEmail), "{bad}");
        }
        assert_eq!("A@Example.com".parse::<Email>().unwrap().key(), "a@example.com");
    }
}
