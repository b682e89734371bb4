//! Ids that this program gives: a prefix that says of what, and random characters that nobody can guess or mistake for
//! others.

use rand::RngExt;

/// LiveKit's alphabet for ids (shortuuid's base 57): no 0, 1, I, O or l.
const ALPHABET: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Random characters after the prefix: 70 bits.
const RANDOM: usize = 12;

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an id: one looks like {0} and {RANDOM} letters and digits")]
pub struct BadId(&'static str);

/// `prefix` and `count` random characters, of 5.8 bits each.
pub(crate) fn random_name(prefix: &str, count: usize) -> String {
    let mut rng = rand::rng();
    let random = (0..count).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
    prefix.chars().chain(random).collect()
}

/// A new id.
pub(crate) fn random(prefix: &str) -> String {
    random_name(prefix, RANDOM)
}

/// An id as somebody wrote it.
pub(crate) fn parse(text: &str, prefix: &'static str) -> Result<String, BadId> {
    let is_random = |rest: &str| rest.len() == RANDOM && rest.bytes().all(|c| ALPHABET.contains(&c));
    if text.strip_prefix(prefix).is_some_and(is_random) { Ok(text.to_owned()) } else { Err(BadId(prefix)) }
}

/// A type for ids with a prefix of their own.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A new one.
            pub fn random() -> Self {
                Self($crate::domain::ids::random($prefix))
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::domain::BadId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::domain::ids::parse(text, $prefix).map(Self)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
pub(crate) use id;

id! {
    /// A call's id: `CA_` and 12 random characters.
    CallId, "CA_"
}
id! {
    /// An API key's id, which is no secret: `AK_` and 12 random characters.
    ApiKeyId, "AK_"
}

id! {
    /// A person's id, whoever keeps data of that person: `PE_` and 12 random characters.
    PersonId, "PE_"
}
id! {
    /// A lead's id: `LE_` and 12 random characters.
    LeadId, "LE_"
}
id! {
    /// A customer's id: `CU_` and 12 random characters. What the desk's own books call the customer is something else.
    CustomerId, "CU_"
}
id! {
    /// A script's id: `SC_` and 12 random characters.
    ScriptId, "SC_"
}
id! {
    /// An agent profile's id: `AP_` and 12 random characters.
    ProfileId, "AP_"
}
id! {
    /// A room rule's id: `RR_` and 12 random characters.
    RuleId, "RR_"
}
id! {
    /// The id of a call, message or note with somebody: `CO_` and 12 random characters.
    CommunicationId, "CO_"
}
id! {
    /// A promise's id: `PM_` and 12 random characters.
    PromiseId, "PM_"
}
id! {
    /// A callback's id: `CB_` and 12 random characters.
    CallbackId, "CB_"
}
id! {
    /// The id of an entry of the do-not-call list: `DN_` and 12 random characters.
    DoNotCallId, "DN_"
}
id! {
    /// A text message's id: `SM_` and 12 random characters.
    SmsId, "SM_"
}
id! {
    /// An import's id: `IM_` and 12 random characters.
    ImportId, "IM_"
}
id! {
    /// The id of a member of staff: `US_` and 12 random characters.
    UserId, "US_"
}
id! {
    /// A session's id, which is no secret: `SE_` and 12 random characters.
    SessionId, "SE_"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_recognised_and_others_are_not() {
        let id = CallId::random();
        assert_eq!(id.as_str().parse::<CallId>().as_ref(), Ok(&id));
        assert_ne!(CallId::random(), id);
        for bad in ["", "CA_", "CA_234", "CA_2345678901lI", "AK_23456789ABCD", "CA_عربيعربي", "CA_23456789ABCD "]
        {
            assert_eq!(bad.parse::<CallId>(), Err(BadId("CA_")), "{bad}");
        }
        assert!("AK_23456789ABCD".parse::<ApiKeyId>().is_ok());
    }
}
