//! The pages of the desk, for members of staff: leads, calls and all else that they work with.
//!
//! A page is HTML made here; forms are forms, and links are links. htmx sends them without loading all of the page anew
//! (`frontend/src/desk.js`), so that what was typed is still there when something goes wrong. A handler answers with a page, with
//! a form that says what is wrong with it (422), or by sending the browser on to what it has changed ([`frame::Desk::see`]).

mod calls;
mod dashboard;
mod form;
mod frame;
mod language;
mod listing;
mod people;
mod problems;
mod stream;
mod todo;

use actix_web::web;

pub(in crate::web) use frame::wanted_language;
pub(in crate::web) use problems::of as localized;

use super::MEMBER;
use crate::store::users::Role;
use crate::web::endpoint::{Access, Endpoint};

/// Where members of staff come after they have logged in.
pub(super) const DESK_PATH: &str = "/desk";

/// Those who work with leads and customers, in their own name.
const WORKER: Access = Access::Person(Role::Agent);
/// Those who lead the desk.
const LEADER: Access = Access::Person(Role::Supervisor);

/// See the module.
pub(in crate::web) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(DESK_PATH, MEMBER, || web::route().to(dashboard::page)),
    Endpoint::post("/desk/language", MEMBER, || web::route().to(language::choose)),
    Endpoint::get("/desk/form-token", MEMBER, || web::route().to(frame::token)),
    Endpoint::get(dashboard::EVENTS_PATH, MEMBER, || web::route().to(dashboard::events)),
    Endpoint::get(calls::PATH, MEMBER, || web::route().to(calls::list)),
    Endpoint::get("/desk/calls/{id}", MEMBER, || web::route().to(calls::call)),
    Endpoint::post("/desk/calls/{id}", WORKER, || web::route().to(calls::update)),
    Endpoint::post("/desk/calls/{id}/delete", LEADER, || web::route().to(calls::delete)),
    Endpoint::get("/desk/calls/{id}/events", MEMBER, || web::route().to(calls::live::events)),
    Endpoint::get("/desk/calls/{id}/graph.svg", MEMBER, || web::route().to(calls::live::graph)),
    Endpoint::post("/desk/calls/{id}/say", WORKER, || web::route().to(calls::live::say)),
    Endpoint::post("/desk/calls/{id}/end", WORKER, || web::route().to(calls::live::end)),
];

/// Those of parts that have tables of their own.
pub(in crate::web) const TABLES: &[&[Endpoint]] = &[people::LEADS, people::CUSTOMERS, todo::ENDPOINTS];
