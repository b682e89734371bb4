//! Logs. Modules speak through `tracing`; only this one says where it goes.
