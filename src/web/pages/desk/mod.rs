//! The pages of the desk, for members of staff: leads, calls and all else that they work with.
//!
//! A page is HTML made here; forms are forms, and links are links. htmx sends them without loading all of the page anew
//! (`frontend/src/desk.js`), so that what was typed is still there when something goes wrong. A handler answers with a page, with
//! a form that says what is wrong with it (422), or by sending the browser on to what it has changed ([`frame::Desk::see`]).

mod account;
mod audit;
mod calls;
mod dashboard;
mod faults;
mod form;
mod frame;
mod keys;
mod listing;
mod models;
mod notice;
mod people;
mod problems;
mod profiles;
mod rules;
mod scripts;
mod settings;
mod setup;
mod stream;
mod team;
mod todo;
mod undo;

use actix_web::web;

pub(super) use problems::detail;
pub(in crate::web) use problems::{of as localized, said};

use super::MEMBER;
use crate::store::users::Role;
use crate::web::endpoint::{Access, Endpoint};

/// Where members of staff come after they have logged in.
pub(super) const DESK_PATH: &str = "/desk";

/// Those who work with leads and customers, in their own name.
const WORKER: Access = Access::Person(Role::Agent);
/// Those who lead the desk.
const LEADER: Access = Access::Person(Role::Supervisor);
/// Those who administrate.
const ADMIN: Access = Access::Person(Role::Admin);

/// See the module.
pub(in crate::web) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(DESK_PATH, MEMBER, || web::route().to(dashboard::page)),
    Endpoint::get("/desk/form-token", MEMBER, || web::route().to(frame::token)),
    Endpoint::post(undo::PATH, WORKER, || web::route().to(undo::undo)),
    Endpoint::get(dashboard::EVENTS_PATH, MEMBER, || web::route().to(dashboard::events)),
    Endpoint::get(calls::PATH, MEMBER, || web::route().to(calls::list)),
    Endpoint::get("/desk/calls/{id}", MEMBER, || web::route().to(calls::call)),
    Endpoint::post("/desk/calls/{id}", WORKER, || web::route().to(calls::update)),
    Endpoint::post("/desk/calls/{id}/delete", LEADER, || web::route().to(calls::delete)),
    Endpoint::get("/desk/calls/{id}/events", MEMBER, || web::route().to(calls::live::events)),
    Endpoint::get("/desk/calls/{id}/graph.svg", MEMBER, || web::route().to(calls::live::graph)),
    Endpoint::post("/desk/calls/{id}/say", WORKER, || web::route().to(calls::live::say)),
    Endpoint::post("/desk/calls/{id}/end", WORKER, || web::route().to(calls::live::end)),
    // ---- one's own account ----
    Endpoint::get(account::PATH, MEMBER, || web::route().to(account::account)),
    Endpoint::post("/account/password", MEMBER, || web::route().to(account::change_password)),
    Endpoint::post("/account/factor", MEMBER, || web::route().to(account::begin_factor)),
    Endpoint::post("/account/factor/confirm", MEMBER, || web::route().to(account::confirm_factor)),
    Endpoint::post("/account/factor/end", MEMBER, || web::route().to(account::end_factor)),
    Endpoint::post("/account/sessions/end", MEMBER, || web::route().to(account::end_sessions)),
    // ---- administration ----
    Endpoint::get(settings::PATH, ADMIN, || web::route().to(settings::page)),
    Endpoint::post(settings::PATH, ADMIN, || web::route().to(settings::save)),
    Endpoint::post("/desk/settings/keys", ADMIN, || web::route().to(settings::put_key)),
    Endpoint::post("/desk/settings/keys/{provider}/delete", ADMIN, || web::route().to(settings::delete_key)),
    Endpoint::get(setup::PATH, ADMIN, || web::route().to(setup::page)),
    Endpoint::post(setup::PATH, ADMIN, || web::route().to(setup::save)),
    Endpoint::post("/desk/setup/skip", ADMIN, || web::route().to(setup::skip)),
    Endpoint::post("/desk/setup/finish", ADMIN, || web::route().to(setup::finish)),
    Endpoint::get(models::PATH, ADMIN, || web::route().to(models::page)),
    Endpoint::get("/desk/models/pull", ADMIN, || web::route().to(models::progress)),
    Endpoint::post("/desk/models/pull", ADMIN, || web::route().to(models::pull)),
    Endpoint::post("/desk/models/pull/cancel", ADMIN, || web::route().to(models::cancel)),
    Endpoint::get("/desk/models/engines", ADMIN, || web::route().to(models::engines)),
    Endpoint::post("/desk/models/load", ADMIN, || web::route().to(models::load)),
    Endpoint::post("/desk/models/{id}/delete", ADMIN, || web::route().to(models::delete)),
    Endpoint::get(team::PATH, ADMIN, || web::route().to(team::list)),
    Endpoint::post(team::PATH, ADMIN, || web::route().to(team::invite)),
    Endpoint::get("/desk/team/new", ADMIN, || web::route().to(team::blank)),
    Endpoint::get("/desk/team/{id}", ADMIN, || web::route().to(team::member)),
    Endpoint::post("/desk/team/{id}", ADMIN, || web::route().to(team::update)),
    Endpoint::post("/desk/team/{id}/link", ADMIN, || web::route().to(team::link)),
    Endpoint::post("/desk/team/{id}/factor/end", ADMIN, || web::route().to(team::end_factor)),
    Endpoint::post("/desk/team/{id}/delete", ADMIN, || web::route().to(team::delete)),
    Endpoint::get(keys::PATH, ADMIN, || web::route().to(keys::list)),
    Endpoint::post(keys::PATH, ADMIN, || web::route().to(keys::create)),
    Endpoint::get("/desk/keys/new", ADMIN, || web::route().to(keys::blank)),
    Endpoint::post("/desk/keys/{id}/revoke", ADMIN, || web::route().to(keys::revoke)),
    Endpoint::get(audit::PATH, ADMIN, || web::route().to(audit::list)),
    // Scripts. What has a name of its own stands before what has an id.
    Endpoint::get(scripts::PATH, MEMBER, || web::route().to(scripts::list)),
    Endpoint::post(scripts::PATH, LEADER, || web::route().to(scripts::editor::create)),
    Endpoint::get("/desk/scripts/begin", LEADER, || web::route().to(scripts::begin)),
    Endpoint::get("/desk/scripts/new", LEADER, || web::route().to(scripts::editor::blank)),
    Endpoint::post("/desk/scripts/check", LEADER, || web::route().to(scripts::check::check)),
    Endpoint::post("/desk/scripts/form", LEADER, || web::route().to(scripts::sheet::act)),
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

/// Those of parts that have tables of their own.
pub(in crate::web) const TABLES: &[&[Endpoint]] = &[people::LEADS, people::CUSTOMERS, todo::ENDPOINTS];
