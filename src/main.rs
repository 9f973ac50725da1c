//! The `bpfassay` command: argv in, exit code out.
fn main() {}
