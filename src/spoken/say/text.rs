//! Numbers in running text.

use crate::domain::Language;

pub(super) fn normalized(text: &str, _language: Language) -> String {
    text.to_owned()
}
