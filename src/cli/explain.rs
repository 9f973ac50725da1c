//! `explain`: a rule's page, what a name stands for, or the story of a kernel's log.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::nearest::nearest;
use super::{Failure, exit, explain_log, explain_name, output};
use crate::rules::{self, Message, Rule, RuleKind};

/// Columns of text; examples are left as they are.
const WIDTH: usize = 88;

/// Runs the verb.
pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    if let Some(log) = &args.log {
        return explain_log::run(log, args);
    }
    output::write(&told(args.code.as_deref())?, None)?;
    Ok(exit::CLEAN)
}

/// The page of what is named; of nothing, the list of rules.
pub(super) fn told(name: Option<&str>) -> Result<String, Failure> {
    match name {
        None => Ok(list()),
        Some(text) => rules::find(text)
            .or_else(|| rules::find_undecided(text))
            .map(page)
            .or_else(|| explain_name::page(text))
            .ok_or_else(|| {
                Failure::usage(format!(
                    "{text}{}: no rule (`bpfassay explain` lists them), helper, kernel function, map \
                     type, instruction, mechanism or command",
                    nearest(text, rules::all().iter().map(|r| r.name))
                ))
            }),
    }
}

fn list() -> String {
    let mut out = String::new();
    for rule in rules::all() {
        let _ = writeln!(out, "{}  {}", rule.id(), rule.name);
    }
    out
}

/// The page as it reads well on a terminal.
fn page(rule: &Rule) -> String {
    let mut out = format!("{} {}\n\n{}\n", rule.id(), rule.name, rule.title);
    for (name, body) in [
        ("What", rule.what),
        ("Why", rule.why),
        ("Bad", rule.bad),
        ("Good", rule.good),
        ("Remedy", rule.remedy),
    ] {
        let _ = write!(out, "\n{name}\n\n{}", section(&c_first(body)));
    }
    if !rule.messages.is_empty() {
        out.push_str("\nIn the kernel's log\n\n");
        for message in rule.messages {
            let _ = writeln!(out, "    {}{}", message.words, printed_by(message));
        }
    }
    if let Some(why) = rule.unmodelled {
        let _ = writeln!(out, "\nNever reported: {why}.");
    }
    if let Some(other) = rule.reported_as {
        let _ = writeln!(out, "\nReported as {other}.");
    }
    let everywhere = match rule.kind {
        RuleKind::Rejection => "every kernel",
        _ => "every target",
    };
    let _ = writeln!(
        out,
        "\n{}, family {}; severity {}, confidence {}; on {}",
        rule.kind.name(),
        rule.family,
        rule.severity.name(),
        rule.confidence.name(),
        span(rule.since, rule.until).unwrap_or_else(|| everywhere.into())
    );
    out
}

/// The examples in C, which most write, before those in assembler.
fn c_first(body: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let (mut from, mut at, mut fenced) = (0, 0, false);
    for line in body.split_inclusive('\n') {
        let fence = line.starts_with("```");
        if fence && !fenced {
            parts.extend(body.get(from..at));
            from = at;
        }
        at += line.len();
        if fence && fenced {
            parts.extend(body.get(from..at));
            from = at;
        }
        fenced ^= fence;
    }
    parts.extend(body.get(from..));
    let is_c = |part: &&&str| part.starts_with("```c\n") || part.starts_with("```object ");
    let examples = parts.iter().filter(|p| p.starts_with("```")).count();
    let only_examples = parts
        .iter()
        .all(|p| p.starts_with("```") || p.trim().is_empty());
    if examples < 2 || !only_examples {
        return body.to_owned();
    }
    let c = parts.iter().filter(is_c);
    let rest = parts.iter().filter(|p| !is_c(p) && !p.trim().is_empty());
    c.chain(rest).copied().collect::<Vec<_>>().join("\n")
}

/// Paragraphs filled and indented; examples indented further.
fn section(body: &str) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in body.lines() {
        let fence = line.strip_prefix("```");
        if fence.is_some() || fenced || line.trim().is_empty() || line.starts_with("- ") {
            fill(&mut out, &paragraph);
            paragraph.clear();
        }
        match fence {
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
                paragraph.push(' ');
                paragraph.push_str(line);
            }
        }
    }
    fill(&mut out, &paragraph);
    out
}

fn fill(out: &mut String, paragraph: &str) {
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        }
        out.push_str(if column == 0 { "  " } else { " " });
        out.push_str(word);
        column += length + if column == 0 { 2 } else { 1 };
    }
    if column > 0 {
        out.push('\n');
    }
}

/// Which kernels print a message, where only some do.
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
