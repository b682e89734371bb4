//! The `callstead` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    callstead::cli::main()
}
