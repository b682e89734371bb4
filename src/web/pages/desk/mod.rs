//! The pages of the desk, for members of staff: leads, calls and all else that they work with.
//!
//! A page is HTML made here; forms are forms, and links are links. htmx sends them without loading all of the page anew
//! (`frontend/src/desk.js`), so that what was typed is still there when something goes wrong. A handler answers with a page, with
//! a form that says what is wrong with it (422), or by sending the browser on to what it has changed ([`frame::Desk::see`]).

mod dashboard;
mod form;
mod frame;
mod language;
mod leads;
mod listing;
mod problems;
mod profiles;
mod rules;
mod scripts;

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
    Endpoint::get(leads::PATH, MEMBER, || web::route().to(leads::list)),
    Endpoint::post("/desk/leads/bulk", LEADER, || web::route().to(leads::bulk)),
    Endpoint::get("/desk/leads/new", WORKER, || web::route().to(leads::blank)),
    Endpoint::post(leads::PATH, WORKER, || web::route().to(leads::create)),
    Endpoint::get("/desk/leads/{id}", MEMBER, || web::route().to(leads::lead)),
    Endpoint::post("/desk/leads/{id}", WORKER, || web::route().to(leads::update)),
    Endpoint::post("/desk/leads/{id}/delete", LEADER, || web::route().to(leads::delete)),
    // Scripts. What has a name of its own stands before what has an id.
    Endpoint::get(scripts::PATH, MEMBER, || web::route().to(scripts::list)),
    Endpoint::post(scripts::PATH, LEADER, || web::route().to(scripts::editor::create)),
    Endpoint::get("/desk/scripts/begin", LEADER, || web::route().to(scripts::begin)),
    Endpoint::get("/desk/scripts/new", LEADER, || web::route().to(scripts::editor::blank)),
    Endpoint::post("/desk/scripts/check", LEADER, || web::route().to(scripts::check::check)),
    Endpoint::post("/desk/scripts/chat", LEADER, || web::route().to(scripts::trial::chat)),
    Endpoint::post("/desk/scripts/simulate", LEADER, || web::route().to(scripts::trial::simulate)),
    Endpoint::get("/desk/scripts/{id}", MEMBER, || web::route().to(scripts::editor::script)),
    Endpoint::post("/desk/scripts/{id}", LEADER, || web::route().to(scripts::editor::update)),
    Endpoint::post("/desk/scripts/{id}/live", LEADER, || web::route().to(scripts::versions::live)),
    Endpoint::post("/desk/scripts/{id}/duplicate", LEADER, || web::route().to(scripts::versions::duplicate)),
    Endpoint::post("/desk/scripts/{id}/delete", LEADER, || web::route().to(scripts::versions::delete)),
    Endpoint::get("/desk/scripts/{id}/versions/{number}", MEMBER, || web::route().to(scripts::versions::version)),
    // Agent profiles and room rules.
    Endpoint::get(profiles::PATH, MEMBER, || web::route().to(profiles::list)),
    Endpoint::post(profiles::PATH, LEADER, || web::route().to(profiles::create)),
    Endpoint::get("/desk/profiles/new", LEADER, || web::route().to(profiles::blank)),
    Endpoint::get("/desk/voice-sample", LEADER, || web::route().to(profiles::sample)),
    Endpoint::get("/desk/profiles/{id}", MEMBER, || web::route().to(profiles::profile)),
    Endpoint::post("/desk/profiles/{id}", LEADER, || web::route().to(profiles::update)),
    Endpoint::post("/desk/profiles/{id}/delete", LEADER, || web::route().to(profiles::delete)),
    Endpoint::get(rules::PATH, MEMBER, || web::route().to(rules::list)),
    Endpoint::post(rules::PATH, LEADER, || web::route().to(rules::create)),
    Endpoint::get("/desk/rules/new", LEADER, || web::route().to(rules::blank)),
    Endpoint::get("/desk/rules/{id}", MEMBER, || web::route().to(rules::rule)),
    Endpoint::post("/desk/rules/{id}", LEADER, || web::route().to(rules::update)),
    Endpoint::post("/desk/rules/{id}/place", LEADER, || web::route().to(rules::put)),
    Endpoint::post("/desk/rules/{id}/delete", LEADER, || web::route().to(rules::delete)),
];
