//! Second factors: codes that change every 30 seconds (TOTP, RFC 6238). The clocks may differ by one step; each code counts
//! once, which its step is kept for.

use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::domain::{Email, UserId};
use crate::store::{Purpose, Vault};

/// What programs for codes show above them.
const ISSUER: &str = "Callstead";
const STEP_SECONDS: u64 = 30;
/// RFC 6238, section 5.2: one step.
const SKEW: u16 = 1;
/// SHA-1's length, as RFC 4226, section 4, recommends.
const SECRET_BYTES: usize = 20;

/// A second factor's secret. `Debug` redacts it.
#[derive(Clone)]
pub struct Factor([u8; SECRET_BYTES]);

impl Factor {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The secret, as people type it into a program for codes.
    pub fn base32(&self) -> String {
        Secret::new_stack(self.0).to_base32()
    }

    /// The same as an address that such programs open, for the account of `email`.
    pub fn uri(&self, email: &Email) -> String {
        // A colon would part the issuer from the name.
        let name = email.as_str().replace(':', " ");
        self.totp(&name).to_url().unwrap_or_default()
    }

    /// The time step of which `code` is the code, if it is one of those around `now`. Blanks do not count.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let seconds = u64::try_from(now.as_second()).ok()?;
        self.totp(ISSUER).check(&code, seconds).and_then(|step| step.try_into().ok())
    }

    /// The code of this moment.
    #[cfg(test)]
    pub(super) fn code(&self, now: Timestamp) -> String {
        self.totp(ISSUER).generate(now.as_second() as u64).to_string()
    }

    fn totp(&self, account: &str) -> Totp {
        // SHA-1 and six digits: what all programs for codes know.
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECONDS)
            .with_secret(Secret::new_stack(self.0))
            .with_account_name(account)
            .with_issuer(Some(ISSUER))
            .build_noncompliant()
    }

    pub(super) fn seal(&self, vault: &Vault, user: &UserId) -> Vec<u8> {
        vault.seal(Purpose::Totp, user.as_str(), &self.0)
    }

    /// `None` when it was sealed with another key.
    pub(super) fn unseal(vault: &Vault, user: &UserId, sealed: &[u8]) -> Option<Self> {
        Some(Self(vault.unseal(Purpose::Totp, user.as_str(), sealed)?.try_into().ok()?))
    }
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let factor = Factor(*b"12345678901234567890");
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(factor.code(at(seconds)), code);
            let step = seconds / 30;
            for (later, expected) in [(-30, Some(step)), (0, Some(step)), (30, Some(step)), (60, None), (-60, None)] {
                assert_eq!(factor.step_of(code, at(seconds + later)), expected, "{seconds} {later}");
            }
        }
        assert_eq!(factor.step_of(" 287 082 ", at(59)), Some(1));
        for bad in ["", "28708", "2870822", "+87082", "２８７０８２", "abcdef"] {
            assert_eq!(factor.step_of(bad, at(59)), None, "{bad}");
        }
        assert_eq!(factor.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn programs_for_codes_can_open_it() {
        let factor = Factor(*b"12345678901234567890");
        let uri = factor.uri(&"o'neil+desk@example.com".parse().unwrap());
        assert!(uri.starts_with("otpauth://totp/Callstead:") && uri.contains("issuer=Callstead"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert_eq!(format!("{factor:?}"), "[secret]");
    }
}
