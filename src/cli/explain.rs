//! `explain`: a rule's page.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::{Failure, exit, output};
use crate::rules::{self, Message, Rule, RuleKind};

/// Runs the verb.
pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let text = match &args.code {
        None => list(),
        Some(text) => page(rules::find(text).ok_or_else(|| {
            Failure::usage(format!("no rule {text}; `bpfassay explain` lists them"))
        })?),
    };
    output::write(&text, None)?;
    Ok(exit::CLEAN)
}

fn list() -> String {
    let mut out = String::new();
    for rule in rules::all() {
        let _ = writeln!(out, "{}  {}", rule.id(), rule.name);
    }
    out
}

/// The page as Markdown that reads well on a terminal.
pub(super) fn page(rule: &Rule) -> String {
    let mut out = format!("{} {}\n\n{}\n", rule.id(), rule.name, rule.title);
    for (name, body) in [
        ("What", rule.what),
        ("Why", rule.why),
        ("Bad", rule.bad),
        ("Good", rule.good),
        ("Remedy", rule.remedy),
    ] {
        let _ = write!(out, "\n{name}\n\n{}", indented(body));
    }
    if !rule.messages.is_empty() {
        out.push_str("\nIn the kernel's log\n\n");
        for message in rule.messages {
            let _ = writeln!(out, "    {}{}", message.words, printed_by(message));
        }
    }
    let _ = write!(
        out,
        "\n{} of family {}; severity {}, confidence {}",
        rule.kind.name(),
        rule.family,
        rule.severity.name(),
        rule.confidence.name()
    );
    let which = if rule.kind == RuleKind::Rejection {
        "every kernel"
    } else {
        "every target"
    };
    let _ = writeln!(
        out,
        "; on {}",
        span(rule.since, rule.until).unwrap_or_else(|| which.into())
    );
    out
}

/// Indents, and turns fences into indented blocks with their options as a line.
fn indented(body: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in body.lines() {
        match line.strip_prefix("```") {
            Some(info) => {
                fenced = !fenced;
                if let Some(place) = info.strip_prefix("object ") {
                    let _ = writeln!(out, "      // {place}");
                }
            }
            None if line.trim().is_empty() => out.push('\n'),
            None if fenced => {
                let _ = writeln!(out, "      {line}");
            }
            None => {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    out
}

/// `, Linux 6.12 and later`, where only some kernels print it.
fn printed_by(message: &Message) -> String {
    span(message.since, message.until).map_or_else(String::new, |text| format!("    ({text})"))
}

fn span(since: Option<(u16, u16)>, until: Option<(u16, u16)>) -> Option<String> {
    match (since, until) {
        (None, None) => None,
        (Some((a, b)), None) => Some(format!("Linux {a}.{b} and later")),
        (None, Some((a, b))) => Some(format!("up to Linux {a}.{b}")),
        (Some((a, b)), Some((c, d))) => Some(format!("Linux {a}.{b} to {c}.{d}")),
    }
}
