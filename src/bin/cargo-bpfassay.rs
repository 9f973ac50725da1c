//! `cargo bpfassay`: argv in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(bpfassay::cli::cargo_main(std::env::args_os()))
}
