//! Pages for people. Each template's struct sits beside its handler.

mod start;

pub(super) use start::start;
