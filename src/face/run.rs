//! What programs do.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Object, Span, Target};
use crate::check::{Options, programs_of};
use crate::programs::Program;
use crate::smoke::context::has_packet;
use crate::smoke::{self, Input, RunReport as Done, SmokeOptions, SmokeReport, SmokeVerdict};

/// Runs one program of an object in the embedded interpreters, which must agree.
///
/// Nothing set, the object's only program is run on inputs that its type and its
/// constants suggest.
#[derive(Clone, Debug, Default)]
pub struct Run {
    program: Option<String>,
    target: Target,
    packets: Vec<Vec<u8>>,
    seed: Option<u64>,
    inputs: Option<usize>,
    fuel: Option<u64>,
}

impl Run {
    /// Nothing set.
    pub fn new() -> Run {
        Run::default()
    }

    /// The program to run.
    #[must_use]
    pub fn program(mut self, name: impl Into<String>) -> Run {
        self.program = Some(name.into());
        self
    }

    /// The target that the program is linked for.
    #[must_use]
    pub fn target(mut self, target: Target) -> Run {
        self.target = target;
        self
    }

    /// Runs on this packet (too), in place of made inputs. It begins where the hook's
    /// does: with the link header, or the network header.
    #[must_use]
    pub fn packet(mut self, packet: impl Into<Vec<u8>>) -> Run {
        self.packets.push(packet.into());
        self
    }

    /// The seed of inputs, clocks and random numbers.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Run {
        self.seed = Some(seed);
        self
    }

    /// The least number of made inputs.
    #[must_use]
    pub fn inputs(mut self, inputs: usize) -> Run {
        self.inputs = Some(inputs);
        self
    }

    /// Instructions that one run may take.
    #[must_use]
    pub fn fuel(mut self, fuel: u64) -> Run {
        self.fuel = Some(fuel);
        self
    }

    /// Runs.
    ///
    /// # Errors
    ///
    /// If there is no such program, or none was named and there isn't just one; if it
    /// does not load; if it has no packet and one was given.
    pub fn on(&self, object: &Object) -> Result<RunReport, RunError> {
        let choices = [self.target.choice()];
        let options = Options::new(object.name(), &choices);
        let linked = programs_of(object.bytes(), &options)
            .map_err(|e| RunError::DoesNotLoad(e.text().into_data()))?;
        let (mut programs, mut reasons) = (Vec::new(), BTreeMap::new());
        for entry in linked {
            match entry {
                Ok(program) => programs.push(Arc::new(program)),
                Err(e) => {
                    reasons.insert(e.program.unwrap_or_default(), e.reason);
                }
            }
        }
        let program = self.choose(&programs, &reasons)?;
        if !self.packets.is_empty() && !has_packet(program.prog_type) {
            return Err(RunError::NoPacket);
        }
        let defaults = SmokeOptions::default();
        let seed = self.seed.unwrap_or(defaults.seed);
        let given = self.packets.iter().enumerate();
        let given = given
            .map(|(i, packet)| Input {
                label: format!("packet {}", i + 1),
                seed,
                packet: packet.clone(),
                ..Input::default()
            })
            .collect::<Vec<_>>();
        let report = smoke::run(
            program,
            &SmokeOptions {
                inputs: self.inputs.unwrap_or(defaults.inputs),
                seed,
                fuel: self.fuel.unwrap_or(defaults.fuel),
                only: (!given.is_empty()).then_some(&given[..]),
                siblings: &programs,
                kernel_btf: choices.first().and_then(|c| c.kernel_btf),
                ..defaults
            },
        );
        Ok(RunReport::of(program, report))
    }

    fn choose<'a>(
        &self,
        programs: &'a [Arc<Program>],
        reasons: &BTreeMap<String, String>,
    ) -> Result<&'a Arc<Program>, RunError> {
        let found = match (&self.program, programs) {
            (Some(name), _) => programs.iter().find(|p| p.name == *name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let reason = self.program.as_ref().and_then(|name| reasons.get(name));
        found.ok_or_else(|| match reason {
            Some(reason) => RunError::DoesNotLoad(reason.clone()),
            None => RunError::NoSuchProgram {
                there: programs.iter().map(|p| p.name.clone()).collect(),
            },
        })
    }
}

/// Why nothing was run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// No program is so named, or one has to be chosen.
    NoSuchProgram {
        /// The programs that can be run.
        there: Vec<String>,
    },
    /// A loader fails: why.
    DoesNotLoad(String),
    /// A packet was given, and programs of this type have none.
    NoPacket,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::NoSuchProgram { there } if there.is_empty() => {
                f.write_str("no program can be run")
            }
            RunError::NoSuchProgram { there } => {
                write!(f, "name one of the programs: {}", there.join(", "))
            }
            RunError::NoPacket => f.write_str("programs of this type have no packet"),
            RunError::DoesNotLoad(why) => write!(f, "the program does not load: {why}"),
        }
    }
}

impl std::error::Error for RunError {}

/// What [`Run`] saw.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunReport {
    /// Each run.
    pub runs: Vec<OneRun>,
    /// Why nothing can be said, if so: nothing was run, or no run came to an end.
    pub skipped: Option<String>,
    /// Helpers and kernel functions called, with counts over all runs.
    pub called: BTreeMap<String, u64>,
    /// Instructions that some run reached, and all instructions.
    pub reached: (usize, usize),
}

/// One run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OneRun {
    /// What it was run on.
    pub input: String,
    /// What it returned, or what went wrong.
    pub result: Result<u64, RunFault>,
    /// What the return value means to the hook (`XDP_PASS`), if that has a name.
    pub meaning: Option<&'static str>,
    /// Instructions executed.
    pub insns: u64,
    /// The packet afterwards, if it changed.
    pub packet: Option<Vec<u8>>,
    /// Names of the maps that changed.
    pub maps_changed: Vec<String>,
    /// Lines that it printed.
    pub printed: Vec<String>,
    /// How the second interpreter ended, if it disagrees: a fault of this library.
    pub disagreement: Option<String>,
}

/// A run that did not end by `exit`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunFault {
    /// What happened.
    pub what: String,
    /// Whether nothing follows from it: the fuel ended, or something isn't modelled.
    pub inconclusive: bool,
    /// The instruction, if it is one of the program's own.
    pub insn: Option<u32>,
    /// Where that stands in the source.
    pub span: Option<Span>,
}

impl RunReport {
    /// Whether some run ended by `exit`, none went wrong, and the interpreters agree.
    pub fn passed(&self) -> bool {
        let fine = |run: &OneRun| {
            let ended = run
                .result
                .as_ref()
                .map_or_else(|f| f.inconclusive, |_| true);
            ended && run.disagreement.is_none()
        };
        self.skipped.is_none() && self.runs.iter().all(fine)
    }

    fn of(program: &Program, report: SmokeReport) -> RunReport {
        let skipped = match report.verdict {
            SmokeVerdict::Skipped(why) => Some(why),
            SmokeVerdict::Pass | SmokeVerdict::Fault => None,
        };
        let runs = report.runs.into_iter();
        RunReport {
            runs: runs.map(|run| OneRun::of(program, run)).collect(),
            skipped,
            called: report.called,
            reached: report.coverage.insns,
        }
    }
}

impl OneRun {
    fn of(program: &Program, run: Done) -> OneRun {
        OneRun {
            input: run.input.label,
            result: match run.result {
                Ok(outcome) => Ok(outcome.ret),
                Err(fault) => {
                    let insn = (fault.site.program == 0).then_some(fault.site.insn);
                    let place = insn.and_then(|i| program.place(i));
                    Err(RunFault {
                        what: fault.kind.to_string(),
                        inconclusive: fault.kind.is_inconclusive(),
                        insn,
                        span: place.as_ref().map(Span::bare),
                    })
                }
            },
            meaning: run.meaning,
            insns: run.insns,
            packet: run.packet,
            maps_changed: run.maps_changed.into_iter().collect(),
            printed: run.output.printk,
            disagreement: run.disagreement,
        }
    }
}
