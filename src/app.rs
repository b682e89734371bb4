//! The composition root: makes the parts from the configuration, and joins them.
