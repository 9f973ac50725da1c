//! The plugin protocol of bpf_conformance: a program in hexadecimal digits on
//! standard input, its memory as an argument, r0 in digits on standard output.

use std::ffi::OsString;

use super::engines;
use crate::check::{InputKind, Options, programs_of};
use crate::cli::args::RunArgs;
use crate::cli::{Failure, bytes, console, exit, inputs as files, output};
use crate::helpers_spec::ProgType;
use crate::limits;
use crate::report::values::unhex;
use crate::smoke::plain;
use crate::untrusted::terminal;

/// The suite passes the memory before its plugin's own arguments: put behind.
pub(in crate::cli) fn reorder(mut argv: Vec<OsString>) -> Vec<OsString> {
    let text = |i: usize| argv.get(i).and_then(|a| a.to_str());
    let memory = text(1).is_some_and(|t| t.contains(' ') && unhex(t).is_some());
    if memory && text(2) == Some("run") && argv.iter().any(|a| a == "--plugin") {
        let memory = argv.remove(1);
        argv.push(memory);
    }
    argv
}

/// Runs the program that standard input holds.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let memory = match &args.object {
        Some(text) => unhex(text).ok_or_else(|| Failure::usage("the memory is not hexadecimal"))?,
        None => Vec::new(),
    };
    let fail = |e: String| Failure::usage(format!("standard input: {e}"));
    let text = bytes::bounded(std::io::stdin(), limits::MAX_STREAM_BYTES).map_err(fail)?;
    let text = String::from_utf8(text).map_err(|e| fail(e.to_string()))?;
    let bytes =
        unhex(&text).ok_or_else(|| Failure::usage("standard input is not hexadecimal digits"))?;
    let targets = files::Targets::open(&args.open)?;
    let choices = targets.choices();
    let options = Options {
        kind: if args.elf {
            InputKind::Elf
        } else {
            InputKind::Binary
        },
        prog_type: Some((ProgType::SocketFilter, None)),
        ..Options::new("standard input", &choices)
    };
    let programs = programs_of(&bytes, &options).map_err(|e| Failure::usage(e.text()))?;
    let program = match programs.into_iter().next() {
        Some(Ok(program)) => program,
        Some(Err(e)) => return Err(Failure::usage(e.reason.to_string())),
        None => return Err(Failure::usage("no program")),
    };
    match plain::run(program, &memory, engines(args.engine)) {
        Ok(outcome) => {
            output::write(&format!("{:x}\n", outcome.ret), None)?;
            Ok(exit::CLEAN)
        }
        Err(fault) => {
            console::raw(&terminal(&fault.to_string()));
            Ok(exit::FINDINGS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_in_front_goes_behind() {
        let of = |args: &[&str]| -> Vec<String> {
            let argv = args.iter().map(OsString::from).collect();
            let out = reorder(argv);
            out.iter()
                .map(|a| a.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(
            of(&["bpfassay", "aa bb ", "run", "--plugin"]),
            ["bpfassay", "run", "--plugin", "aa bb "]
        );
        let usual = ["bpfassay", "run", "--plugin", "aabb"];
        assert_eq!(of(&usual), usual);
    }
}
