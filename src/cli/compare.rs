//! `compare`: verdicts here beside the running kernel's.
//!
//! The target is the running kernel's series with the running kernel's BTF, so that
//! both sides link the same program. A program is offered to the kernel and dropped
//! again; nothing is attached or run.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{CompareArgs, CompareFormat};
use super::spend::Spending;
use super::walk::{self, Input};
use super::{Failure, exit, inputs, output};
use crate::budget::Budget;
use crate::check::{Options, TargetChoice, check, programs_of};
use crate::diagnostics;
use crate::kernel::{self, Kernel, Stage};
use crate::programs::{LoadError, Program};
use crate::report::{Outcome, ProgramReport};
use crate::target::{self, Rights, Target};
use crate::untrusted::{self, Untrusted, terminal, text as sentence};

/// Runs the verb.
pub(super) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    let kernel = Kernel::open()
        .map_err(|e| Failure::usage(format!("the running kernel cannot be asked: {e}")))?;
    let mut target = target_for(&kernel)?;
    inputs::surround(&mut target, &args.open)?;
    let spending = Spending::new(&args.spend)?;
    let budget = &spending.budget;
    let one = |input: &Input| object(input, args, &kernel, &target, budget);
    let mut objects = Vec::new();
    for input in walk::expand(&args.open, &args.objects, budget) {
        objects.push(spending.pool.install(|| one(&input))?);
    }
    let totals = Totals::of(&objects);
    let text = match args.format {
        CompareFormat::Text => text(&kernel, &target, &objects, &totals, args.quiet),
        CompareFormat::Json => json_text(&kernel, &target, &objects, &totals),
    };
    output::write(&text, args.output.as_deref())?;
    if objects.iter().any(|o| o.unread) {
        return Ok(exit::USAGE);
    }
    Ok(if totals.differ > 0 {
        exit::FINDINGS
    } else {
        exit::CLEAN
    })
}

/// The target of the kernel's series, with the kernel's own release.
fn target_for(kernel: &Kernel) -> Result<Target, Failure> {
    let mut target = target::by_name(&kernel.series()).ok_or_else(|| {
        let all: Vec<String> = target::all().into_iter().map(|t| t.name).collect();
        Failure::usage(format!(
            "the running kernel is {}, and no target is of its series; there are: {}",
            kernel.release,
            all.join(", ")
        ))
    })?;
    target.release = kernel.version;
    Ok(target)
}

/// What the kernel said of one program.
enum Live {
    Accept {
        processed: Option<u64>,
    },
    Refused(kernel::Refusal),
    /// We could not link it.
    NotOffered,
}

/// How the two verdicts stand to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Agree,
    Differ,
    /// Ours is `unknown`.
    Undecided,
    /// One side never came to the verifier: nothing follows.
    NotCompared,
}

impl Relation {
    const fn word(self) -> &'static str {
        match self {
            Relation::Agree => "agree",
            Relation::Differ => "differ",
            Relation::Undecided => "undecided",
            Relation::NotCompared => "not-compared",
        }
    }
}

struct Row {
    ours: ProgramReport,
    live: Live,
    relation: Relation,
}

struct Compared {
    object: Untrusted,
    error: Option<Untrusted>,
    /// It could not be read at all.
    unread: bool,
    rows: Vec<Row>,
}

fn relation(ours: &Outcome, live: &Live) -> Relation {
    match (ours, live) {
        (Outcome::LoadError { .. }, _) | (_, Live::NotOffered) => Relation::NotCompared,
        (_, Live::Refused(r)) if r.stage != Stage::Verifier => Relation::NotCompared,
        (Outcome::Unknown { .. }, _) => Relation::Undecided,
        (Outcome::Accept, Live::Accept { .. }) | (Outcome::Reject(_), Live::Refused(_)) => {
            Relation::Agree
        }
        _ => Relation::Differ,
    }
}

/// The kernel's answer to a loader with these capabilities.
fn ask(kernel: &Kernel, program: &Program, rights: Rights) -> Result<Live, Failure> {
    let load = || kernel::load(kernel, program);
    let answer = match rights {
        Rights::ALL => load(),
        _ => kernel::confined(&rights.numbers(), load)
            .map_err(|e| Failure::usage(format!("--caps {rights}: {e}")))?,
    };
    Ok(match answer {
        Ok(loaded) => Live::Accept {
            processed: loaded.processed,
        },
        Err(refusal) => Live::Refused(refusal),
    })
}

fn object(
    input: &Input,
    args: &CompareArgs,
    kernel: &Kernel,
    target: &Target,
    budget: &Budget,
) -> Result<Compared, Failure> {
    let name = input.name.clone();
    let bytes = match input.read() {
        Ok(bytes) => bytes,
        Err(failure) => {
            return Ok(Compared {
                error: Some(failure.about(&name)),
                object: name.into(),
                unread: true,
                rows: Vec::new(),
            });
        }
    };
    let choices = [TargetChoice {
        target,
        kernel_btf: kernel.btf.as_deref(),
    }];
    let manifest = super::stated::manifest(&args.open)?;
    let options = Options {
        kind: input.kind(&args.open),
        prog_type: inputs::prog_type(&args.open)?,
        loader: args.open.loader.into(),
        manifest: &manifest,
        budget: Some(budget),
        ..Options::new(&name, &choices)
    };
    let linked = match programs_of(&bytes, &options) {
        Ok(linked) => linked,
        Err(error) => {
            return Ok(Compared {
                object: name.into(),
                error: Some(error.text()),
                unread: true,
                rows: Vec::new(),
            });
        }
    };
    let report = check(&bytes, &options).objects.into_iter().next();
    let (errors, ours) = report.map_or_else(Default::default, |o| (o.load_errors, o.programs));
    let wanted = |p: &ProgramReport| args.open.prog.as_ref().is_none_or(|n| p.program == *n);
    let rows = ours
        .into_iter()
        .zip(&linked)
        .filter(|(report, _)| wanted(report));
    let rows: Result<Vec<Row>, Failure> = rows
        .map(|(ours, linked)| row(kernel, ours, linked, target.rights))
        .collect();
    Ok(Compared {
        object: name.into(),
        error: errors
            .first()
            .map(|e| sentence!("{}: {}", e.stage, e.reason)),
        unread: false,
        rows: rows?,
    })
}

fn row(
    kernel: &Kernel,
    ours: ProgramReport,
    linked: &Result<Program, LoadError>,
    rights: Rights,
) -> Result<Row, Failure> {
    let live = match linked {
        Ok(program) => ask(kernel, program, rights)?,
        Err(_) => Live::NotOffered,
    };
    let relation = relation(&ours.outcome, &live);
    Ok(Row {
        ours,
        live,
        relation,
    })
}

#[derive(Default)]
struct Totals {
    programs: usize,
    agree: usize,
    differ: usize,
    undecided: usize,
    not_compared: usize,
    same_processed: usize,
    both_accept: usize,
    same_insn: usize,
    both_reject: usize,
}

impl Totals {
    fn of(objects: &[Compared]) -> Totals {
        let mut t = Totals::default();
        for row in objects.iter().flat_map(|o| &o.rows) {
            t.programs += 1;
            match row.relation {
                Relation::Agree => t.agree += 1,
                Relation::Differ => t.differ += 1,
                Relation::Undecided => t.undecided += 1,
                Relation::NotCompared => t.not_compared += 1,
            }
            match (&row.ours.outcome, &row.live) {
                (Outcome::Accept, Live::Accept { processed }) => {
                    t.both_accept += 1;
                    let here = row.ours.stats.map(|s| s.processed);
                    t.same_processed += usize::from(here == *processed);
                }
                (Outcome::Reject(d), Live::Refused(r)) if r.stage == Stage::Verifier => {
                    t.both_reject += 1;
                    t.same_insn += usize::from(r.insn.is_some_and(|i| i as usize == d.insn));
                }
                _ => {}
            }
        }
        t
    }
}

/// Our side in a line.
fn ours_text(row: &Row) -> Untrusted {
    match &row.ours.outcome {
        Outcome::Accept => match row.ours.stats {
            Some(s) => sentence!("accept, {} processed", s.processed),
            None => "accept".into(),
        },
        Outcome::Reject(d) => sentence!(
            "reject at {}: {} {} ({})",
            d.insn,
            diagnostics::number(d.code),
            d.what,
            d.kernel_words
        ),
        Outcome::Unknown { name, insn, .. } => match insn {
            Some(insn) => sentence!("unknown at {insn}: {}", name),
            None => sentence!("unknown: {}", name),
        },
        Outcome::LoadError { stage, reason, .. } => sentence!("load-error: {stage}: {}", reason),
        // A kernel lacks nothing that its verifier does not refuse.
        Outcome::Lacks(_) => "lacks".into(),
    }
}

/// The kernel's side in a line.
fn live_text(live: &Live) -> String {
    match live {
        Live::Accept { processed: Some(n) } => format!("accept, {n} processed"),
        Live::Accept { processed: None } => "accept".into(),
        Live::Refused(r) => {
            let at = r.insn.map_or_else(String::new, |i| format!(" at {i}"));
            let last = r.message.lines().last().unwrap_or("");
            match r.stage {
                Stage::Verifier => format!("reject{at}: {last}"),
                stage => format!("refused before the verifier ({}): {last}", stage.name()),
            }
        }
        Live::NotOffered => "not offered".into(),
    }
}

fn text(
    kernel: &Kernel,
    target: &Target,
    objects: &[Compared],
    totals: &Totals,
    quiet: bool,
) -> String {
    let mut out = format!(
        "kernel {}, target {}\n",
        terminal(&kernel.release),
        terminal(&target.name)
    );
    for object in objects {
        let shown: Vec<&Row> = object
            .rows
            .iter()
            .filter(|r| !quiet || r.relation == Relation::Differ)
            .collect();
        if shown.is_empty() && object.error.is_none() {
            continue;
        }
        let _ = writeln!(out, "\n{}", terminal(&object.object));
        if let Some(error) = &object.error {
            let _ = writeln!(out, "  {}", terminal(error));
        }
        for row in shown {
            let (here, there) = (ours_text(row), live_text(&row.live));
            let (here, there) = (terminal(&here), terminal(&there));
            let head = sentence!("{} ({})", row.ours.program, row.ours.prog_type);
            let head = terminal(&head);
            let relation = row.relation.word();
            if row.relation == Relation::Agree && here == there {
                let _ = writeln!(out, "  {relation:<13} {head}: {here}");
            } else {
                let _ = writeln!(out, "  {relation:<13} {head}");
                let _ = writeln!(out, "      here:   {here}");
                let _ = writeln!(out, "      kernel: {there}");
            }
        }
    }
    let t = totals;
    let _ = writeln!(
        out,
        "\n{} programs: {} agree, {} differ, {} undecided, {} not compared",
        t.programs, t.agree, t.differ, t.undecided, t.not_compared
    );
    let _ = writeln!(
        out,
        "accepted by both: {}, with as many instructions processed {}; rejected by both: {}, at the same instruction {}",
        t.both_accept, t.same_processed, t.both_reject, t.same_insn
    );
    out
}

fn json_text(kernel: &Kernel, target: &Target, objects: &[Compared], t: &Totals) -> String {
    let rows = |o: &Compared| -> Vec<Value> { o.rows.iter().map(json_row).collect() };
    let objects: Vec<Value> = objects
        .iter()
        .map(|o| json!({ "object": o.object, "error": o.error, "programs": rows(o) }))
        .collect();
    let document = json!({
        "schema": "bpfassay-compare-v1",
        "version": 1,
        "kernel": kernel.release,
        "target": target.name,
        "totals": {
            "programs": t.programs,
            "agree": t.agree,
            "differ": t.differ,
            "undecided": t.undecided,
            "not_compared": t.not_compared,
            "both_accept": t.both_accept,
            "same_processed": t.same_processed,
            "both_reject": t.both_reject,
            "same_insn": t.same_insn,
        },
        "objects": objects,
    });
    untrusted::pretty(&document)
}

fn json_row(row: &Row) -> Value {
    let mut here = json!({ "verdict": row.ours.outcome.word() });
    match &row.ours.outcome {
        Outcome::Reject(d) => {
            here["code"] = d.code.name().into();
            here["insn"] = d.insn.into();
            here["message"] = json!(d.what);
        }
        Outcome::Unknown { name, insn, .. } => {
            here["message"] = json!(name);
            here["insn"] = (*insn).into();
        }
        Outcome::LoadError { stage, reason, .. } => {
            here["stage"] = json!(stage);
            here["message"] = json!(reason);
        }
        Outcome::Accept | Outcome::Lacks(_) => {}
    }
    here["processed"] = row.ours.stats.map(|s| s.processed).into();
    let there = match &row.live {
        Live::Accept { processed } => json!({ "verdict": "accept", "processed": processed }),
        Live::Refused(r) => json!({
            "verdict": "reject",
            "stage": r.stage.name(),
            "errno": r.errno,
            "insn": r.insn,
            "message": r.message,
        }),
        Live::NotOffered => Value::Null,
    };
    json!({
        "program": row.ours.program,
        "section": row.ours.section,
        "prog_type": row.ours.prog_type,
        "attach_type": row.ours.attach_type,
        "relation": row.relation.word(),
        "here": here,
        "kernel": there,
    })
}
