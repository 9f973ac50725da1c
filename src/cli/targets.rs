//! `targets`: the kernels that can be asked, and how each behaves.

use std::fmt::Write as _;

use super::args::TargetsArgs;
use super::{Failure, exit, inputs, output};
use crate::target::{self, Target};

/// Runs the verb.
pub(super) fn run(args: &TargetsArgs) -> Result<u8, Failure> {
    let text = match &args.target {
        Some(name) => behaviours(&inputs::find(name)?),
        None => list(),
    };
    output::write(&text, None)?;
    Ok(exit::CLEAN)
}

fn list() -> String {
    let mut out = String::new();
    for t in target::all() {
        let mark = if t.name == target::DEFAULT {
            "  (default)"
        } else {
            ""
        };
        let _ = writeln!(out, "{:<14} release {}{mark}", t.name, t.release_name);
    }
    out.push_str("\n`bpfassay targets TARGET` prints how a target's verifier behaves.\n");
    out
}

fn behaviours(t: &Target) -> String {
    let mut out = format!("{} (release {})\n", t.name, t.release_name);
    for switch in t.behaviour.list() {
        let _ = writeln!(
            out,
            "\n  {} = {}\n      {} (Linux: {})",
            switch.name, switch.value, switch.what, switch.since
        );
    }
    out
}
