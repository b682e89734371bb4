//! What is to be done and what must not be: promises to pay, calls to be made, numbers that nobody calls, messages on their
//! way out.

mod agreed;
mod callbacks;
mod do_not_call;
mod promises;
mod sms;

use actix_web::web;

use super::{LEADER, MEMBER, WORKER, people::path_of};
use crate::{
    domain::Pii,
    store::{
        StoreError,
        communications::{self, Contact},
    },
    web::{State, endpoint::Endpoint},
};

/// See the module.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(promises::PATH, MEMBER, || web::route().to(agreed::list::<promises::Promises>)),
    Endpoint::post("/desk/promises/{id}", WORKER, || web::route().to(agreed::change::<promises::Promises>)),
    Endpoint::get(callbacks::PATH, MEMBER, || web::route().to(agreed::list::<callbacks::Callbacks>)),
    Endpoint::post("/desk/callbacks/{id}", WORKER, || web::route().to(agreed::change::<callbacks::Callbacks>)),
    Endpoint::get(do_not_call::PATH, MEMBER, || web::route().to(do_not_call::list)),
    Endpoint::post(do_not_call::PATH, WORKER, || web::route().to(do_not_call::add)),
    Endpoint::get("/desk/do-not-call/{id}", LEADER, || web::route().to(do_not_call::entry)),
    Endpoint::post("/desk/do-not-call/{id}", LEADER, || web::route().to(do_not_call::remove)),
    Endpoint::get(sms::PATH, MEMBER, || web::route().to(sms::list)),
    Endpoint::post("/desk/sms/{id}/retry", WORKER, || web::route().to(sms::retry)),
    Endpoint::post("/desk/sms/{id}/take-back", WORKER, || web::route().to(sms::take_back)),
];

/// Somebody whom a row is about.
struct Who {
    /// Where their page is.
    path: String,
    name: Pii<String>,
}

/// Whom rows are about, in their order; nobody where they are not there any more.
async fn who(state: &State, contacts: Vec<Option<Contact>>) -> Result<Vec<Option<Who>>, StoreError> {
    let found = state.store.read(move |connection| {
        let names = communications::names(connection, contacts.iter().flatten())?;
        let who = |contact: &Option<Contact>| {
            let contact = contact.as_ref()?;
            let name = names.get(contact.lead().or(contact.customer())?)?;
            Some(Who { path: path_of(contact), name: name.clone() })
        };
        Ok(contacts.iter().map(who).collect())
    });
    found.await
}

/// Where a form sends the browser back to: the page of the list that it stands on, or the list at `path`.
fn back<'a>(asked: Option<&'a String>, path: &'a str) -> &'a str {
    let is_there = |it: &&String| it.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'));
    asked.filter(is_there).filter(|it| it.bytes().all(|byte| byte.is_ascii_graphic())).map_or(path, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_its_own_list_only() {
        for (asked, expected) in [
            ("/desk/sms", "/desk/sms"),
            ("/desk/sms?state=held&cursor=a%2Fb", "/desk/sms?state=held&cursor=a%2Fb"),
            ("/desk/smsx", "/desk/sms"),
            ("//evil.example/desk/sms", "/desk/sms"),
            ("/desk/sms?\r\nX: y", "/desk/sms"),
        ] {
            assert_eq!(back(Some(&asked.to_owned()), "/desk/sms"), expected, "{asked:?}");
        }
        assert_eq!(back(None, "/desk/sms"), "/desk/sms");
    }
}
