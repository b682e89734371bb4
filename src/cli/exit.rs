//! Exit codes, the same for every command. Documented in docs/cli.md.
