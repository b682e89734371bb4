//! What the desk works with, for its pages and for programs. Each entity has a file with its addresses and handlers.

pub(in crate::web) mod callbacks;
pub(in crate::web) mod calls;
mod columns;
pub(in crate::web) mod communications;
pub(in crate::web) mod customers;
pub(in crate::web) mod do_not_call;
pub(in crate::web) mod exports;
pub(in crate::web) mod imports;
pub(in crate::web) mod input;
pub(in crate::web) mod leads;
mod persons;
pub(in crate::web) mod profiles;
pub(in crate::web) mod promises;
pub(in crate::web) mod provider_keys;
pub(in crate::web) mod rules;
pub(in crate::web) mod scripts;
pub(in crate::web) mod settings;
pub(in crate::web) mod sheet;
pub(in crate::web) mod sms;
mod supervision;
pub(in crate::web) mod upload;

use utoipa::{OpenApi, openapi};

use super::{entity, list};
use crate::web::endpoint::Endpoint;

/// Everything under `/api/admin`, one table for each entity.
pub(in crate::web) const ENDPOINTS: &[&[Endpoint]] = &[
    // Imports before what has an id where they have `import`: the first address that fits is taken.
    imports::ENDPOINTS,
    exports::ENDPOINTS,
    leads::ENDPOINTS,
    customers::ENDPOINTS,
    communications::ENDPOINTS,
    scripts::ENDPOINTS,
    profiles::ENDPOINTS,
    rules::ENDPOINTS,
    calls::ENDPOINTS,
    supervision::ENDPOINTS,
    promises::ENDPOINTS,
    callbacks::ENDPOINTS,
    do_not_call::ENDPOINTS,
    sms::ENDPOINTS,
    settings::ENDPOINTS,
    provider_keys::ENDPOINTS,
    persons::ENDPOINTS,
];

/// What the API's document says of them, table by table.
pub(in crate::web) const DESCRIBED: &[fn() -> openapi::OpenApi] = &[
    imports::Described::openapi,
    exports::Described::openapi,
    leads::Described::openapi,
    customers::Described::openapi,
    communications::Described::openapi,
    scripts::Described::openapi,
    profiles::Described::openapi,
    rules::Described::openapi,
    calls::Described::openapi,
    supervision::Described::openapi,
    promises::Described::openapi,
    callbacks::Described::openapi,
    do_not_call::Described::openapi,
    sms::Described::openapi,
    settings::Described::openapi,
    provider_keys::Described::openapi,
    persons::Described::openapi,
];
