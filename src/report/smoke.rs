//! What smoke runs add to a report.

use std::fmt::Write as _;

use super::Report;
use crate::programs::Program;
use crate::smoke::{Coverage, Input, SmokeReport, SmokeVerdict};
use crate::untrusted::{Untrusted, text};

/// What came of running an accepted program.
#[derive(Clone, Debug)]
pub struct Smoke {
    /// In a word.
    pub verdict: SmokeVerdict,
    /// Inputs it ran on.
    pub runs: usize,
    /// Instructions executed.
    pub insns: u64,
    /// How much of it was reached of what verification reached.
    pub coverage: Coverage,
    /// The slots that no run reached and verification did.
    pub unreached: Vec<u32>,
    /// The first fault or disagreement of the engines.
    pub fault: Option<SmokeFault>,
}

/// A fault after `accept`: the tool contradicts itself.
#[derive(Clone, Debug)]
pub struct SmokeFault {
    /// What happened.
    pub what: Untrusted,
    /// The instruction, if it is one of the program's.
    pub insn: Option<u32>,
    /// Source file and line of that instruction.
    pub place: Option<(Untrusted, u32)>,
    /// The input that leads there; `None` if the runner itself failed.
    pub input: Option<Input>,
    /// The file that states the world that it ran in.
    pub scenario: Option<Untrusted>,
}

impl Smoke {
    /// From what the runner says.
    pub fn of(program: &Program, report: &SmokeReport) -> Smoke {
        let fault = match report.fault() {
            Some((input, fault)) => {
                let insn = (fault.site.program == 0).then_some(fault.site.insn);
                let line = insn.and_then(|i| program.line_at(i));
                Some(SmokeFault {
                    what: fault.to_string().into(),
                    insn,
                    place: line.map(|l| ((&l.file).into(), l.line)),
                    input: Some(input.clone()),
                    scenario: None,
                })
            }
            None => report.disagreements().next().map(|run| SmokeFault {
                what: text!(
                    "the engines disagree: {}",
                    run.disagreement.as_deref().unwrap_or("")
                ),
                insn: None,
                place: None,
                input: Some(run.input.clone()),
                scenario: None,
            }),
        };
        Smoke {
            verdict: report.verdict.clone(),
            runs: report.runs.len(),
            insns: report.insns(),
            coverage: report.coverage,
            unreached: report.unreached.clone(),
            fault,
        }
    }

    /// The runner panicked.
    pub fn internal(what: String) -> Smoke {
        Smoke {
            verdict: SmokeVerdict::Skipped("internal error".into()),
            runs: 0,
            insns: 0,
            coverage: Coverage::default(),
            unreached: Vec::new(),
            fault: Some(SmokeFault {
                what: text!("the smoke run panicked: {what}"),
                insn: None,
                place: None,
                input: None,
                scenario: None,
            }),
        }
    }
}

impl Smoke {
    /// The verdict, with how much of the program it rests on.
    pub fn words(&self) -> String {
        match self.verdict {
            SmokeVerdict::Pass if self.coverage.is_known() => {
                format!("pass ({} %)", self.coverage.percent())
            }
            ref other => other.to_string(),
        }
    }
}

impl SmokeFault {
    /// The command that shows it again.
    pub fn reproducer(&self, object: &Untrusted, program: &Untrusted) -> Option<Untrusted> {
        let input = self.input.as_ref()?;
        let world = match &self.scenario {
            Some(file) => text!(" --scenario {}", file),
            None => text!(""),
        };
        let mut text = String::new();
        if input.populated {
            text.push_str(" --populated");
        }
        if !input.steer.is_empty() {
            let _ = write!(text, " --steer {}", input.steer);
        }
        if !input.packet.is_empty() {
            text.push_str(" --packet ");
            for byte in &input.packet {
                let _ = write!(text, "{byte:02x}");
            }
        }
        Some(text!(
            "bpfassay run {} --prog {}{} --input-seed {}{text}",
            object,
            program,
            world,
            input.seed
        ))
    }
}

/// How smoke runs ended, over all programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SmokeTotals {
    /// Programs that passed.
    pub pass: usize,
    /// Programs that faulted, or whose run failed for a fault of ours.
    pub fault: usize,
    /// Programs of which nothing can be said.
    pub skipped: usize,
    /// Runs.
    pub runs: usize,
    /// Instructions executed.
    pub insns: u64,
    /// Instructions reached.
    pub reached: usize,
    /// Instructions there are.
    pub slots: usize,
    /// Blocks reached.
    pub blocks_reached: usize,
    /// Blocks there are.
    pub blocks: usize,
}

/// Counts the smoke runs of a report.
pub fn totals(report: &Report) -> SmokeTotals {
    let mut t = SmokeTotals::default();
    let programs = report.objects.iter().flat_map(|o| &o.programs);
    for smoke in programs.filter_map(|p| p.smoke.as_ref()) {
        match (&smoke.verdict, &smoke.fault) {
            (SmokeVerdict::Fault, _) | (_, Some(_)) => t.fault += 1,
            (SmokeVerdict::Pass, None) => t.pass += 1,
            (SmokeVerdict::Skipped(_), None) => t.skipped += 1,
        }
        t.runs += smoke.runs;
        t.insns += smoke.insns;
        let Coverage { insns, blocks } = smoke.coverage;
        t.reached += insns.0;
        t.slots += insns.1;
        t.blocks_reached += blocks.0;
        t.blocks += blocks.1;
    }
    t
}
