//! Markdown for a comment on a pull request: totals, the matrix of programs and
//! targets, what was refused in folds, and the findings.

use std::fmt::Write as _;

use super::items::{Item, Kind, items};
use super::paths::Paths;
use super::text::{self, Style};
use super::{Outcome, ProgramReport, Report};
use crate::rules::Severity;
use crate::untrusted::{Untrusted, code, fenced, html, markdown as escaped, text as sentence};

/// Most folds; a comment has a limited length.
const MAX_FOLDS: usize = 40;

/// Characters of a comment on a pull request, less what the note on the rest takes.
const MAX_COMMENT: usize = 65_536 - 400;

/// Rows above which a table is folded.
const LONG_TABLE: usize = 20;

/// Columns of the drawings.
const WIDTH: usize = 90;

/// Renders a report.
pub fn render(report: &Report, paths: &Paths<'_>) -> String {
    let all = items(report);
    let mut out = String::from("## bpfassay\n\n");
    out.push_str(&headline(report));
    for object in &report.objects {
        if let Some(error) = &object.error {
            let _ = writeln!(
                out,
                "- **unreadable** {}: {}",
                code(&paths.input(&object.object).text()),
                escaped(&error.text())
            );
        }
    }
    matrix(&mut out, report, paths);
    let causes = super::matrix::markdown_causes(report);
    if !causes.is_empty() {
        out.push('\n');
        out.push_str(&causes);
    }
    let refused: Vec<&Item<'_>> = all.iter().filter(|i| i.kind == Kind::Refused).collect();
    if !refused.is_empty() {
        out.push_str("\n### Rejected\n\n");
        for item in refused.iter().take(MAX_FOLDS) {
            fold(&mut out, item, paths);
        }
        if refused.len() > MAX_FOLDS {
            let _ = writeln!(out, "and {} more.\n", refused.len() - MAX_FOLDS);
        }
    }
    let other = |kinds: &[Kind]| -> Vec<&Item<'_>> {
        let of_kind = all.iter().filter(|i| kinds.contains(&i.kind));
        of_kind.filter(|i| i.suppressed.is_none()).collect()
    };
    let lacking = other(&[Kind::Lacks]);
    table(&mut out, "Lacking in a runtime", &lacking, paths);
    table(
        &mut out,
        "Not loadable or not decided",
        &other(&[Kind::LoadError, Kind::Undecided, Kind::Internal]),
        paths,
    );
    table(&mut out, "Findings", &other(&[Kind::Finding]), paths);
    suppressed(&mut out, &all);
    bounded(out)
}

/// As much as a comment may hold, in whole lines, with what is open closed again.
fn bounded(text: String) -> String {
    if text.chars().count() <= MAX_COMMENT {
        return text;
    }
    let (mut out, mut left) = (String::with_capacity(text.len()), MAX_COMMENT);
    let (mut fence, mut folds) = (None, 0usize);
    let mut lines = text.lines();
    for line in lines.by_ref() {
        let letters = line.chars().count() + 1;
        let Some(rest) = left.checked_sub(letters) else {
            break;
        };
        left = rest;
        let mark = line.trim_start();
        let ticks = mark.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(open) if ticks >= open && mark.len() == ticks => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                folds += line.matches("<details>").count();
                folds = folds.saturating_sub(line.matches("</details>").count());
            }
            Some(_) => {}
        }
        out.push_str(line);
        out.push('\n');
    }
    if let Some(ticks) = fence {
        out.push_str(&"`".repeat(ticks));
        out.push('\n');
    }
    for _ in 0..folds {
        out.push_str("\n</details>\n");
    }
    let _ = write!(
        out,
        "\n{} lines more are left out: a comment holds 65,536 characters. `--report html=FILE` or \
         `--report sarif=FILE` has everything.\n",
        lines.count() + 1
    );
    out
}

fn headline(report: &Report) -> String {
    let t = report.totals();
    let mark = match (t.reject + t.load_error + t.unreadable + t.errors, t.unknown) {
        (0, 0) => "✅",
        (0, _) => "❓",
        _ => "❌",
    };
    format!("{mark} {}\n", text::summary(report).trim_end())
}

/// One row a program, one column a target.
fn matrix(out: &mut String, report: &Report, paths: &Paths<'_>) {
    let mut targets: Vec<Untrusted> = Vec::new();
    for p in report.objects.iter().flat_map(|o| &o.programs) {
        let column = p.column();
        if !targets.contains(&column) {
            targets.push(column);
        }
    }
    if targets.is_empty() {
        return;
    }
    let rows: usize = report.objects.iter().map(|o| o.programs.len()).sum();
    let rows = rows / targets.len();
    if rows > LONG_TABLE {
        let _ = writeln!(out, "\n<details><summary>{rows} programs</summary>");
    }
    out.push_str("\n| object | program |");
    for target in &targets {
        let _ = write!(out, " {} |", escaped(target));
    }
    out.push_str("\n|---|---|");
    out.push_str(&":-:|".repeat(targets.len()));
    out.push('\n');
    for object in &report.objects {
        let mut rows: Vec<(&Untrusted, &Untrusted)> = Vec::new();
        for p in &object.programs {
            let row = (&p.program, &p.section);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        for (program, section) in rows {
            let _ = write!(
                out,
                "| {} | {} |",
                code(&paths.input(&object.object).text()),
                code(program)
            );
            for target in &targets {
                let cell = object.programs.iter().find(|p| {
                    p.column() == *target && p.program == *program && p.section == *section
                });
                let _ = write!(out, " {} |", cell.map_or_else(String::new, mark));
            }
            out.push('\n');
        }
    }
    if rows > LONG_TABLE {
        out.push_str("\n</details>\n");
    }
}

fn mark(p: &ProgramReport) -> String {
    let known = if p.suppressed.is_some() {
        " (known)"
    } else {
        ""
    };
    match &p.outcome {
        Outcome::Accept => "✓".into(),
        Outcome::Reject(d) => format!("✗ {}{known}", d.number()),
        Outcome::Unknown { .. } => format!("?{known}"),
        Outcome::Lacks(lacks) => {
            let first = lacks.first().map_or_else(String::new, |f| f.rule.id());
            format!("✗ {first}{known}")
        }
        Outcome::LoadError { stage, .. } => format!("✗ {stage}{known}"),
    }
}

/// A refusal with its drawing, folded.
fn fold(out: &mut String, item: &Item<'_>, paths: &Paths<'_>) {
    let Some(d) = item.diagnostic else {
        return;
    };
    let place = item.region(paths).map_or_else(Untrusted::new, |r| {
        sentence!(" at {}:{}", r.file.text(), r.line)
    });
    let known = item.suppressed.map_or_else(String::new, |reason| {
        format!(" (suppressed: {})", html(reason))
    });
    let _ = writeln!(
        out,
        "<details><summary><code>{}</code> in <code>{}</code>: <b>{} {}</b>{}{known}</summary>\n",
        html(item.program.map_or("", Untrusted::data)),
        html(&paths.input(item.object).text()),
        html(&item.id),
        html(item.name()),
        html(&place)
    );
    let _ = writeln!(
        out,
        "{}\n\non {}\n",
        escaped(&d.what),
        escaped(&item.places())
    );
    let mut drawing = String::new();
    let style = Style {
        width: WIDTH,
        ..Style::default()
    };
    text::render_diagnostic(&mut drawing, d, style);
    let _ = writeln!(out, "{}</details>\n", fenced("text", &drawing));
}

fn table(out: &mut String, title: &str, items: &[&Item<'_>], paths: &Paths<'_>) {
    if items.is_empty() {
        return;
    }
    let _ = write!(out, "\n### {title}\n");
    let folded = items.len() > LONG_TABLE;
    if folded {
        let of = |s: Severity| items.iter().filter(|i| i.severity == s).count();
        let _ = writeln!(
            out,
            "\n<details><summary>{} errors, {} warnings, {} notes</summary>",
            of(Severity::Error),
            of(Severity::Warning),
            of(Severity::Note)
        );
    }
    out.push_str("\n| level | code | where | what | targets |\n|---|---|---|---|---|\n");
    let mut items = items.to_vec();
    items.sort_by_key(|i| std::cmp::Reverse(i.severity));
    for item in items {
        let place = match item.region(paths) {
            Some(r) => sentence!("{}:{}", r.file.text(), r.line),
            None => match item.program {
                Some(program) => program.clone(),
                None => paths.input(item.object).text(),
            },
        };
        let code_cell = match item.rule {
            Some(rule) => format!("{} {}", item.id, rule.name),
            None => item.id.clone(),
        };
        let targets = match item.places() {
            all if all.is_empty() => "all".into(),
            some => some,
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            item.severity.name(),
            escaped(&code_cell),
            code(&place),
            escaped(&item.what),
            escaped(&targets)
        );
    }
    if folded {
        out.push_str("\n</details>\n");
    }
}

fn suppressed(out: &mut String, all: &[Item<'_>]) {
    let known: Vec<&Item<'_>> = all.iter().filter(|i| i.suppressed.is_some()).collect();
    if known.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n<details><summary>{} suppressed</summary>\n",
        known.len()
    );
    for item in known {
        let _ = writeln!(
            out,
            "- {} {}: {} ({})",
            escaped(&item.id),
            code(item.program.unwrap_or(item.object)),
            escaped(&item.what),
            escaped(item.suppressed.map_or("", Untrusted::data))
        );
    }
    out.push_str("\n</details>\n");
}
