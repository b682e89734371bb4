//! What the desk works with, for its pages and for programs. Each entity has a file with its addresses and handlers.

mod communications;
mod customers;
mod entity;
mod input;
mod leads;
mod list;

use crate::web::endpoint::Endpoint;

/// Everything under `/api/admin`, one table for each entity.
pub(in crate::web) const ENDPOINTS: &[&[Endpoint]] =
    &[leads::ENDPOINTS, customers::ENDPOINTS, communications::ENDPOINTS];
