//! `explain`: a code's page.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::{Failure, exit, output};
use crate::abstract_interp::Code;
use crate::diagnostics::{find_code, number, wording};

/// Runs the verb.
pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let text = match &args.code {
        None => list(),
        Some(text) => {
            let code = find_code(text).ok_or_else(|| {
                Failure::usage(format!("no code {text}; `bpfassay explain` lists them"))
            })?;
            page(code)
        }
    };
    output::write(&text, None)?;
    Ok(exit::CLEAN)
}

fn list() -> String {
    let mut out = String::new();
    for &code in Code::ALL {
        let _ = writeln!(out, "{}  {}", number(code), code.name());
    }
    out
}

fn page(code: Code) -> String {
    let page = wording::page(code);
    let what = (page.what)(&wording::Facts::default());
    format!(
        "{} {}\n\n{what}\n\nWhy: {}\n\nRemedy: {}\n\nClass of the kernel's message: {}\n",
        number(code),
        code.name(),
        page.why,
        page.remedy,
        code.class()
    )
}
