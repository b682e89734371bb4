//! What the desk works with, for its pages and for programs. Each entity has a file with its addresses and handlers.

mod columns;
mod communications;
mod customers;
mod entity;
mod exports;
mod imports;
mod input;
mod leads;
mod list;
mod sheet;
mod upload;

use crate::web::endpoint::Endpoint;

/// Everything under `/api/admin`, one table for each entity.
pub(in crate::web) const ENDPOINTS: &[&[Endpoint]] =
    // Imports before what has an id where they have `import`: the first address that fits is taken.
    &[imports::ENDPOINTS, exports::ENDPOINTS, leads::ENDPOINTS, customers::ENDPOINTS, communications::ENDPOINTS];
