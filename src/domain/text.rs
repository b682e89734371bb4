//! Text as it is spoken: sentences and clauses.
