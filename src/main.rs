//! The `bpfassay` command: argv in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(bpfassay::cli::main(std::env::args_os()))
}
