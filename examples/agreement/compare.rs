//! Pairs both sides and counts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use regex::Regex;
use serde_json::json;

use crate::record::Recorded;
use crate::worker::Ours;

/// How one program's two verdicts relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Both accept.
    AgreeAccept,
    /// Both refuse.
    AgreeReject,
    /// We refuse what the kernel takes.
    FalseReject,
    /// We take what the kernel refuses.
    FalseAccept,
    /// We don't say.
    Unknown,
    /// The verifier decided, but we fail before it.
    WrongStage,
    /// The kernel's verifier was not reached: stages are compared.
    Stage,
    /// We have no such program.
    Missing,
}

/// One program on both sides.
pub struct Pair {
    pub kernel: Recorded,
    pub ours: Ours,
    pub relation: Relation,
    /// Class of the kernel's message, for rejections.
    pub kernel_class: Option<String>,
    /// The instruction the kernel refused.
    pub kernel_insn: Option<usize>,
}

impl Pair {
    /// `object:program`, the way `--only` takes it.
    pub fn name(&self) -> String {
        format!("{}:{}", self.kernel.object, self.kernel.program)
    }
}

fn relation(kernel: &Recorded, ours: &Ours) -> Relation {
    if ours.verdict == "missing" {
        return Relation::Missing;
    }
    if !kernel.counts() {
        return Relation::Stage;
    }
    match (kernel.verdict.as_str(), ours.verdict.as_str()) {
        (_, "unknown") => Relation::Unknown,
        (_, "load-error") => Relation::WrongStage,
        ("accept", "accept") => Relation::AgreeAccept,
        ("accept", _) => Relation::FalseReject,
        (_, "accept") => Relation::FalseAccept,
        _ => Relation::AgreeReject,
    }
}

/// Pairs lines with answers.
pub fn pair(lines: Vec<Recorded>, ours: Vec<Ours>) -> Result<Vec<Pair>, String> {
    let classes: Vec<(&str, Regex)> = bpfassay::helpers_spec::message_classes()
        .iter()
        .map(|c| {
            Regex::new(c.regex)
                .map(|r| (c.id, r))
                .map_err(|e| format!("class {}: {e}", c.id))
        })
        .collect::<Result<_, _>>()?;
    let class_of = |text: &str| {
        classes
            .iter()
            .find(|(_, r)| r.is_match(text))
            .map(|(id, _)| (*id).to_owned())
    };
    Ok(lines
        .into_iter()
        .zip(ours)
        .map(|(kernel, ours)| {
            let refused = kernel.counts() && kernel.verdict == "reject";
            Pair {
                relation: relation(&kernel, &ours),
                kernel_class: if refused {
                    class_of(&kernel.message())
                } else {
                    None
                },
                kernel_insn: if refused { kernel.insn() } else { None },
                kernel,
                ours,
            }
        })
        .collect())
}

/// One group of disagreements.
#[derive(Default)]
pub struct Group {
    pub count: usize,
    /// Indices into the pairs.
    pub members: Vec<usize>,
}

/// The counts.
#[derive(Default)]
pub struct Summary {
    pub lines: usize,
    pub counted: usize,
    pub by_relation: BTreeMap<Relation, usize>,
    /// Kernel-accepted and kernel-rejected lines among the counted.
    pub kernel_accepts: usize,
    pub kernel_rejects: usize,
    /// Agreed rejections: with a known kernel instruction, and the same.
    pub insn_known: usize,
    pub insn_same: usize,
    pub class_known: usize,
    pub class_same: usize,
    pub reject_processed_same: usize,
    /// Ours / the kernel's, on agreed accepts.
    pub ratios: Vec<f64>,
    pub processed_equal: usize,
    pub processed_near: usize,
    pub states_equal: usize,
    pub insns_differ: Vec<usize>,
    pub stage_same: usize,
    pub stage_total: usize,
    pub groups: BTreeMap<(&'static str, String), Group>,
    pub our_us: u64,
    pub kernel_us: u64,
    /// Slowest of ours, slowest first.
    pub slowest: Vec<usize>,
}

impl Summary {
    pub fn of(&self, relation: Relation) -> usize {
        self.by_relation.get(&relation).copied().unwrap_or(0)
    }

    pub fn decided(&self) -> usize {
        self.counted - self.of(Relation::Unknown) - self.of(Relation::Missing)
    }

    pub fn agreed(&self) -> usize {
        self.of(Relation::AgreeAccept) + self.of(Relation::AgreeReject)
    }

    pub fn median_ratio(&self) -> f64 {
        self.ratios
            .get(self.ratios.len() / 2)
            .copied()
            .unwrap_or(f64::NAN)
    }
}

/// Counts everything.
pub fn summarize(pairs: &[Pair]) -> Summary {
    let mut s = Summary {
        lines: pairs.len(),
        ..Summary::default()
    };
    for (i, p) in pairs.iter().enumerate() {
        *s.by_relation.entry(p.relation).or_default() += 1;
        if p.kernel.counts() {
            s.counted += 1;
            if p.kernel.verdict == "accept" {
                s.kernel_accepts += 1;
            } else {
                s.kernel_rejects += 1;
            }
            if let (Some(a), Some(b)) = (p.kernel.insns, p.ours.insns)
                && a != b
            {
                s.insns_differ.push(i);
            }
            if let (Some(a), Some(b), true) = (
                p.ours.verify_us,
                p.kernel.verif_us,
                p.ours.verdict != "unknown",
            ) {
                s.our_us += a;
                s.kernel_us += b;
            }
        }
        group(&mut s, i, p);
        match p.relation {
            Relation::AgreeAccept => accepted(&mut s, p),
            Relation::AgreeReject => rejected(&mut s, i, p),
            Relation::Stage => {
                s.stage_total += 1;
                s.stage_same += usize::from(p.ours.name.as_deref() == Some(&p.kernel.stage));
            }
            _ => {}
        }
    }
    s.ratios.sort_by(f64::total_cmp);
    let mut slowest: Vec<usize> = (0..pairs.len()).collect();
    slowest.sort_by_key(|&i| std::cmp::Reverse(pairs[i].ours.verify_us.unwrap_or(0)));
    slowest.truncate(10);
    s.slowest = slowest;
    s
}

fn accepted(s: &mut Summary, p: &Pair) {
    let (Some(ours), Some(kernel)) = (p.ours.processed, p.kernel.processed) else {
        return;
    };
    s.ratios.push(ours as f64 / (kernel as f64).max(1.0));
    s.processed_equal += usize::from(ours == kernel);
    s.processed_near += usize::from(ours.abs_diff(kernel) as f64 <= kernel as f64 * 0.1);
    let states = |a: Option<u64>, b: Option<u64>| a == b;
    s.states_equal += usize::from(
        states(p.ours.total_states, p.kernel.total_states)
            && states(p.ours.peak_states, p.kernel.peak_states),
    );
}

fn rejected(s: &mut Summary, i: usize, p: &Pair) {
    s.reject_processed_same += usize::from(p.ours.processed == p.kernel.processed);
    let mut note = |kind: &'static str, name: String| {
        let g = s.groups.entry((kind, name)).or_default();
        g.count += 1;
        g.members.push(i);
    };
    if let Some(at) = p.kernel_insn {
        s.insn_known += 1;
        if p.ours.insn == Some(at) {
            s.insn_same += 1;
        } else {
            note(
                "agreed rejection, other instruction",
                p.ours.code.clone().unwrap_or_default(),
            );
        }
    }
    if let Some(class) = &p.kernel_class {
        s.class_known += 1;
        if p.ours.class.as_ref() == Some(class) {
            s.class_same += 1;
        } else {
            let name = format!(
                "{class} (kernel) / {} (ours)",
                p.ours.class.as_deref().unwrap_or("?")
            );
            note("agreed rejection, other class", name);
        }
    }
}

fn group(s: &mut Summary, i: usize, p: &Pair) {
    let ours = |o: &Option<String>| o.clone().unwrap_or_else(|| "?".into());
    let (kind, name) = match p.relation {
        Relation::FalseReject => ("false reject, by our code", ours(&p.ours.code)),
        Relation::FalseAccept => ("false accept, by the kernel's class", ours(&p.kernel_class)),
        Relation::Unknown => ("unknown, by name", ours(&p.ours.name)),
        Relation::WrongStage => ("load error where the verifier decided", ours(&p.ours.name)),
        Relation::Missing => ("missing program", p.kernel.stage.clone()),
        Relation::Stage if p.ours.name.as_deref() != Some(&p.kernel.stage) => {
            let said = match p.ours.verdict.as_str() {
                "load-error" => ours(&p.ours.name),
                other => other.to_owned(),
            };
            (
                "other stage",
                format!("{} (kernel) / {said} (ours)", p.kernel.stage),
            )
        }
        _ => return,
    };
    let g = s.groups.entry((kind, name)).or_default();
    g.count += 1;
    g.members.push(i);
}

/// Writes both sides of every program, one JSON line each.
pub fn dump(path: &Path, pairs: &[Pair]) -> Result<(), String> {
    let file = std::fs::File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut out = std::io::BufWriter::new(file);
    for p in pairs {
        let line = json!({
            "relation": format!("{:?}", p.relation),
            "object": p.kernel.object,
            "program": p.kernel.program,
            "kernel": p.kernel,
            "kernel_class": p.kernel_class,
            "kernel_insn": p.kernel_insn,
            "ours": p.ours,
        });
        writeln!(out, "{line}").map_err(|e| e.to_string())?;
    }
    out.flush().map_err(|e| e.to_string())
}
