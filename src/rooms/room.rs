//! One room, sans-IO.
