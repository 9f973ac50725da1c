//! The matrix: programs by targets (and variants), and below it why what fails where.
//!
//! A cell is worked out from the verdict alone; a cause is what several programs
//! fail of in the same words on the same targets, so that one missing helper is
//! one line however many programs call it. Programs are named with the line at
//! fault. With fewer than two targets there is no matrix.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{ObjectReport, Outcome, ProgramReport, Report};
use crate::diagnostics::Place;
use crate::rules::why_undecided;
use crate::untrusted::{Foreign, Untrusted, code, joined, markdown as marked, terminal, text};

/// Programs of one cause that text and Markdown name.
const MAX_NAMED: usize = 8;
/// Rows up to which Markdown shows programs that work everywhere.
const MAX_WORKING: usize = 30;

/// What became of a program on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cell {
    /// It works there.
    Works,
    /// It does not.
    Fails,
    /// Not decided.
    Open,
    /// Not loaded there.
    Left,
}

impl Cell {
    /// The sign.
    pub const fn sign(self) -> char {
        match self {
            Cell::Works => '✓',
            Cell::Fails => '✗',
            Cell::Open => '?',
            Cell::Left => '–',
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Cell::Works => "works",
            Cell::Fails => "fails",
            Cell::Open => "undecided",
            Cell::Left => "not-loaded",
        }
    }
}

/// One program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its object.
    pub object: Untrusted,
    /// Its name; empty for an object that gave no programs anywhere.
    pub program: Untrusted,
    /// By target.
    pub cells: Vec<Cell>,
}

/// Why programs fail, or are not decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Number of the rule, if one refused.
    pub code: Option<String>,
    /// What is wrong.
    pub why: Untrusted,
    /// Whether it is a failure or a verdict left open.
    pub cell: Cell,
    /// Where.
    pub on: Vec<Untrusted>,
    /// Where all of these programs work.
    pub works: Vec<Untrusted>,
    /// Object, program and place at fault.
    pub programs: Vec<(Untrusted, Untrusted, Option<Place>)>,
}

/// Programs by targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The columns.
    pub targets: Vec<Untrusted>,
    /// The rows, in the order of the report.
    pub rows: Vec<Row>,
    /// The causes, those with most programs first.
    pub causes: Vec<Cause>,
}

/// One thing at fault in one program on one target.
struct Fault {
    code: Option<String>,
    why: Untrusted,
    cell: Cell,
    place: Option<Place>,
}

/// The words that programs share: without the target's name, its note, and the
/// names of maps.
fn shared<'a>(what: &'a str, target: &str) -> &'a str {
    let rest = what.strip_prefix(target).map_or(what, str::trim_start);
    let rest = rest.split(": ").next().unwrap_or(rest);
    rest.split(" (map ").next().unwrap_or(rest)
}

fn faults(p: &ProgramReport) -> Vec<Fault> {
    match &p.outcome {
        Outcome::Accept => Vec::new(),
        Outcome::Reject(d) => {
            let words = if d.shared_words.is_empty() {
                &d.what
            } else {
                &d.shared_words
            };
            vec![Fault {
                code: Some(d.number()),
                why: text!("{}: {}", d.code.name(), words),
                cell: Cell::Fails,
                place: d.place.clone(),
            }]
        }
        Outcome::Lacks(lacks) => lacks
            .iter()
            .map(|f| Fault {
                code: Some(f.rule.id()),
                why: shared(f.what.data(), p.target.data()).into(),
                cell: Cell::Fails,
                place: f.place.clone(),
            })
            .collect(),
        Outcome::Unknown { name, place, .. } => vec![Fault {
            code: None,
            why: why_undecided(name.data(), "").into(),
            cell: Cell::Open,
            place: place.clone(),
        }],
        Outcome::LoadError {
            stage,
            reason,
            rule,
        } => vec![Fault {
            code: rule.map(|r| r.id()),
            why: text!("{stage}: {}", reason),
            cell: Cell::Fails,
            place: None,
        }],
    }
}

fn cell(p: &ProgramReport) -> Cell {
    match &p.outcome {
        Outcome::Accept => Cell::Works,
        Outcome::Unknown { .. } => Cell::Open,
        Outcome::Reject(_) | Outcome::Lacks(_) | Outcome::LoadError { .. } => Cell::Fails,
    }
}

/// The columns, a target and variant each, in the order in which the report has them.
fn targets(report: &Report) -> Vec<Untrusted> {
    let mut out: Vec<Untrusted> = Vec::new();
    let mut add = |name: Untrusted| {
        if !name.is_empty() && !out.contains(&name) {
            out.push(name);
        }
    };
    let whole = |o: &&ObjectReport| o.load_errors.is_empty();
    let first = report.objects.iter().filter(whole);
    let rest = report.objects.iter().filter(|o| !whole(o));
    for o in first.chain(rest) {
        o.programs.iter().for_each(|p| add(p.column()));
        o.load_errors.iter().for_each(|e| add(e.column()));
    }
    out
}

/// What one program's causes are gathered under.
type Key = (Cell, Option<String>, Untrusted);

impl Matrix {
    /// The matrix of a report with at least two targets.
    pub fn of(report: &Report) -> Option<Matrix> {
        let targets = targets(report);
        if targets.len() < 2 {
            return None;
        }
        let (mut rows, mut causes) = (Vec::new(), Vec::new());
        for object in &report.objects {
            of_object(object, &targets, &mut rows, &mut causes);
        }
        Some(Matrix {
            targets,
            rows,
            causes: gather(causes),
        })
    }
}

/// A cause of one program, before those of others join it.
struct Single {
    key: Key,
    on: Vec<Untrusted>,
    works: Vec<Untrusted>,
    program: (Untrusted, Untrusted, Option<Place>),
}

/// Whether other programs of an object are loaded in a column.
fn loads(object: &ObjectReport, column: &Untrusted) -> bool {
    object.programs.iter().any(|p| p.column() == *column)
}

/// Rows and causes of one object.
fn of_object(
    object: &ObjectReport,
    targets: &[Untrusted],
    rows: &mut Vec<Row>,
    causes: &mut Vec<Single>,
) {
    let nameless = Untrusted::new();
    let mut names: Vec<(&Untrusted, &Untrusted)> = Vec::new();
    for p in &object.programs {
        let name = (&p.program, &p.section);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() && !object.load_errors.is_empty() {
        names.push((&nameless, &nameless));
    }
    for (program, section) in names {
        let own: Vec<&ProgramReport> = object
            .programs
            .iter()
            .filter(|p| p.program == *program && p.section == *section)
            .collect();
        let mut found: BTreeMap<Key, (Vec<Untrusted>, Option<Place>)> = BTreeMap::new();
        let mut cells = Vec::with_capacity(targets.len());
        for target in targets {
            let report = own.iter().find(|p| p.column() == *target);
            let told = match report {
                Some(p) => faults(p),
                // The loader gave the object up before it came to programs.
                None => object
                    .load_errors
                    .iter()
                    .filter(|e| e.column() == *target)
                    .map(|e| Fault {
                        code: None,
                        why: text!("{}: {}", e.stage, e.reason),
                        cell: Cell::Fails,
                        place: None,
                    })
                    .collect(),
            };
            cells.push(match report {
                Some(p) => cell(p),
                None if told.is_empty() && loads(object, target) => Cell::Left,
                None if told.is_empty() => Cell::Open,
                None => Cell::Fails,
            });
            for f in told {
                let entry = found.entry((f.cell, f.code, f.why)).or_default();
                if entry.0.last() != Some(target) {
                    entry.0.push(target.clone());
                }
                entry.1 = entry.1.take().or(f.place);
            }
        }
        let works = targets.iter().zip(&cells);
        let works = works.filter(|(_, c)| **c == Cell::Works);
        let works: Vec<Untrusted> = works.map(|(t, _)| t.clone()).collect();
        causes.extend(found.into_iter().map(|(key, (on, place))| Single {
            key,
            on,
            works: works.clone(),
            program: (object.object.clone(), program.clone(), place),
        }));
        rows.push(Row {
            object: object.object.clone(),
            program: program.clone(),
            cells,
        });
    }
}

/// Joins causes that are the same on the same targets.
fn gather(singles: Vec<Single>) -> Vec<Cause> {
    let mut out: Vec<(Key, Cause)> = Vec::new();
    let mut index: BTreeMap<(Key, Vec<Untrusted>), usize> = BTreeMap::new();
    for s in singles {
        match index.get(&(s.key.clone(), s.on.clone())) {
            Some(&at) => {
                let cause = &mut out[at].1;
                cause.works.retain(|t| s.works.contains(t));
                cause.programs.push(s.program);
            }
            None => {
                index.insert((s.key.clone(), s.on.clone()), out.len());
                let cause = Cause {
                    code: s.key.1.clone(),
                    why: s.key.2.clone(),
                    cell: s.key.0,
                    on: s.on,
                    works: s.works,
                    programs: vec![s.program],
                };
                out.push((s.key, cause));
            }
        }
    }
    out.sort_by(|(ka, a), (kb, b)| {
        let size = b.programs.len().cmp(&a.programs.len());
        size.then_with(|| ka.cmp(kb)).then_with(|| a.on.cmp(&b.on))
    });
    out.into_iter().map(|(_, cause)| cause).collect()
}

impl Cause {
    /// `BPF0701 lacks helper bpf_x`.
    fn reason(&self) -> Untrusted {
        match &self.code {
            Some(code) => text!("{code} {}", self.why),
            None => self.why.clone(),
        }
    }

    /// Where it works and where it doesn't, as a clause.
    fn clause(&self) -> Untrusted {
        let fails = match self.cell {
            Cell::Open => "not decided on",
            _ => "fails on",
        };
        let on = joined(&self.on, ", ");
        if self.works.is_empty() {
            text!("{fails} {}", on)
        } else {
            text!("works on {}, {fails} {}", joined(&self.works, ", "), on)
        }
    }

    /// The programs; their names and places shown by these.
    fn named(&self, quoted: &dyn Fn(&str) -> String, plain: &dyn Fn(&str) -> String) -> String {
        let name = |(object, program, place): &(Untrusted, Untrusted, Option<Place>)| {
            let object = object.data();
            let file = object.rsplit('/').next().unwrap_or(object);
            let line = place.as_ref().map_or(String::new(), |p| {
                let file = p.file.data();
                let file = file.rsplit('/').next().unwrap_or(file);
                format!(" ({}:{})", plain(file), p.line)
            });
            let both = text!("{file} {}", program);
            format!("{}{line}", quoted(both.data().trim_end()))
        };
        let list: Vec<String> = self.programs.iter().take(MAX_NAMED).map(name).collect();
        let more = self.programs.len().saturating_sub(MAX_NAMED);
        let mut text = list.join(", ");
        if more > 0 {
            let _ = write!(text, " and {more} more");
        }
        text
    }
}

/// A row's name: the object's file and the program.
fn short(row: &Row) -> Untrusted {
    let object = row.object.data();
    let file = object.rsplit('/').next().unwrap_or(object);
    text!("{file} {}", row.program)
}

fn programs(n: usize) -> String {
    format!("{n} program{}", if n == 1 { "" } else { "s" })
}

/// The matrix as text; nothing with fewer than two targets.
pub fn text(report: &Report) -> String {
    let Some(m) = Matrix::of(report) else {
        return String::new();
    };
    let mut out = String::from("\n");
    let label = |r: &Row| terminal(short(r).data().trim_end()).into_owned();
    let text = |t: &str| terminal(t).into_owned();
    let wide = |s: &dyn Foreign| terminal(s.data()).chars().count();
    let width = m.rows.iter().map(|r| wide(&label(r))).max().unwrap_or(0);
    let _ = write!(out, "{:width$}", "");
    for t in &m.targets {
        let _ = write!(out, "  {}", terminal(t));
    }
    out.push('\n');
    for r in &m.rows {
        let name = label(r);
        let _ = write!(out, "{name}{:1$}", "", width - wide(&name));
        let mut line = String::new();
        for (t, c) in m.targets.iter().zip(&r.cells) {
            let _ = write!(line, "  {}{:2$}", c.sign(), "", wide(t).saturating_sub(1));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out.push('\n');
    for c in &m.causes {
        let _ = writeln!(
            out,
            "{} because {}\n    {}: {}",
            terminal(&c.clause()),
            terminal(&c.reason()),
            programs(c.programs.len()),
            c.named(&text, &text)
        );
    }
    if m.causes.is_empty() {
        out.push_str("everything works on every target\n");
    }
    out.push('\n');
    out
}

/// The matrix in the JSON report; null with fewer than two targets.
pub fn value(report: &Report) -> Value {
    let Some(m) = Matrix::of(report) else {
        return Value::Null;
    };
    json!({
        "targets": m.targets,
        "programs": m.rows.iter().map(|r| json!({
            "object": r.object,
            "program": r.program,
            "cells": r.cells.iter().map(|c| c.word()).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "causes": m.causes.iter().map(|c| json!({
            "code": c.code,
            "why": c.why,
            "verdict": c.cell.word(),
            "on": c.on,
            "works_on": c.works,
            "programs": c.programs.iter().map(|(object, program, place)| json!({
                "object": object,
                "program": program,
                "file": place.as_ref().map(|p| &p.file),
                "line": place.as_ref().map(|p| p.line),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// The matrix as Markdown, as for a comment on a pull request; nothing with fewer
/// than two targets.
pub fn markdown(report: &Report) -> String {
    let Some(m) = Matrix::of(report) else {
        return String::new();
    };
    let mut out = String::from("| program |");
    for t in &m.targets {
        let _ = write!(out, " {} |", marked(t));
    }
    out.push_str("\n|---|");
    out.push_str(&":-:|".repeat(m.targets.len()));
    out.push('\n');
    let brief = m.rows.len() > MAX_WORKING;
    let mut working = 0;
    for r in &m.rows {
        if brief && r.cells.iter().all(|c| *c == Cell::Works) {
            working += 1;
            continue;
        }
        let _ = write!(out, "| {} |", code(short(r).data().trim_end()));
        for c in &r.cells {
            let _ = write!(out, " {} |", c.sign());
        }
        out.push('\n');
    }
    if working > 0 {
        let _ = writeln!(out, "\n{} more work on every target.", programs(working));
    }
    out.push('\n');
    causes(&mut out, &m);
    out
}

/// The causes alone as Markdown, below a table drawn elsewhere; nothing with fewer
/// than two targets.
pub fn markdown_causes(report: &Report) -> String {
    let mut out = String::new();
    if let Some(m) = Matrix::of(report) {
        causes(&mut out, &m);
    }
    out
}

fn causes(out: &mut String, m: &Matrix) {
    for c in &m.causes {
        let _ = writeln!(
            out,
            "- {} because **{}**: {}",
            marked(&c.clause()),
            marked(&c.reason()),
            c.named(&code::<str>, &marked::<str>)
        );
    }
    if m.causes.is_empty() {
        out.push_str("Everything works on every target.\n");
    }
}
