//! What both engines have in common: how a run is asked for and how it ends.
//!
//! An engine executes an [`Image`] over a [`Runtime`]. All state that a program
//! can see (memory, maps, clock, random numbers, packets) is the runtime's, and
//! addresses mean the same to both engines, so that two runs over equal runtimes
//! must end equal: same result, same memory. [`Fault`] is the one way to end
//! badly, and it names the instruction of the program as loaded, whatever an
//! engine made of it.

use std::fmt;
use std::sync::Arc;

use super::image::Image;
use super::memory::{AccessError, Denied};
use super::runtime::Runtime;
use crate::budget::Ended;
use crate::programs::insn::DecodeFault;

/// Something that executes programs.
pub trait Engine {
    /// The word by which it is chosen: `reference` or `rbpf`.
    fn name(&self) -> &'static str;

    /// Runs a program of the image from its first instruction with `r1 = ctx`.
    fn run(&mut self, image: &Arc<Image>, program: u32, ctx: u64, rt: &mut Runtime) -> RunResult {
        self.call(image, Site { program, insn: 0 }, [ctx, 0, 0, 0, 0], rt)
    }

    /// Runs a function of the image on its own, as timers and callbacks run.
    fn call(
        &mut self,
        image: &Arc<Image>,
        site: Site,
        args: [u64; 5],
        rt: &mut Runtime,
    ) -> RunResult;
}

/// How a run ends.
pub type RunResult = Result<Outcome, Fault>;

/// A run that ended by `exit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What r0 held.
    pub ret: u64,
    /// The program ended by an exception (`bpf_throw`).
    pub thrown: bool,
}

/// Where an instruction is: a program of the image and a slot in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// Index of the program in the image.
    pub program: u32,
    /// Index of the instruction.
    pub insn: u32,
}

/// A run that did not end as programs should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The instruction.
    pub site: Site,
    /// What happened there.
    pub kind: FaultKind,
}

/// Whether two engines ended alike. Where control leaves the program, compiled text does
/// not know which instruction let it out: only where to is compared.
pub fn alike(a: &RunResult, b: &RunResult) -> bool {
    match (a, b) {
        (Err(a), Err(b)) if matches!(a.kind, FaultKind::OutOfProgram(_)) => a.kind == b.kind,
        _ => a == b,
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An access outside every object, or against an object's permissions.
    Memory(AccessError),
    /// The instruction budget is spent.
    Budget,
    /// The byte budget is spent.
    Bytes,
    /// The budget of the whole run ended.
    Ended(Ended),
    /// Too many frames, one within another.
    CallDepth,
    /// The instruction has no meaning.
    Invalid(DecodeFault),
    /// An instruction that a loader resolves was left over.
    Unresolved(&'static str),
    /// A jump or call leads out of the program.
    OutOfProgram(i64),
    /// No helper of this number.
    UnknownHelper(i32),
    /// No kfunc behind this call.
    UnknownKfunc(String),
    /// An argument that no accepted program passes, such as a map that is none.
    BadArgument(&'static str),
    /// A record is given back that was not reserved, or not by this address.
    NotReserved,
    /// A call through a register or a table that holds no code address.
    BadCodeAddress(u64),
    /// A lock taken twice or released untaken, a reference lost.
    Misuse(&'static str),
    /// The runtime that the run is made for has no such thing.
    Absent(String),
    /// Nothing wrong with the program: the runtime cannot model this.
    NotModelled(String),
}

impl FaultKind {
    /// Something that a run may spend is spent.
    pub fn is_budget(&self) -> bool {
        match self {
            FaultKind::Budget | FaultKind::Bytes | FaultKind::Ended(_) => true,
            FaultKind::Memory(error) => error.why == Denied::Spent,
            _ => false,
        }
    }

    /// The program is not to blame: nothing follows from this ending.
    pub fn is_inconclusive(&self) -> bool {
        self.is_budget() || matches!(self, FaultKind::NotModelled(_))
    }

    /// Puts the fault at an instruction.
    pub fn at(self, site: Site) -> Fault {
        Fault { site, kind: self }
    }
}

impl From<AccessError> for FaultKind {
    fn from(error: AccessError) -> FaultKind {
        FaultKind::Memory(error)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultKind::Memory(e) => write!(f, "{e}"),
            FaultKind::Budget => write!(f, "instruction budget spent"),
            FaultKind::Bytes => write!(f, "byte budget spent"),
            FaultKind::Ended(ended) => f.write_str(ended.name()),
            FaultKind::CallDepth => write!(f, "calls nested too deep"),
            FaultKind::Invalid(why) => write!(f, "invalid instruction: {why}"),
            FaultKind::Unresolved(what) => write!(f, "unresolved {what}"),
            FaultKind::OutOfProgram(to) => write!(f, "control leaves the program to {to}"),
            FaultKind::UnknownHelper(id) => write!(f, "unknown helper {id}"),
            FaultKind::UnknownKfunc(name) => write!(f, "unknown kfunc {name}"),
            FaultKind::BadArgument(what) => write!(f, "bad argument: {what}"),
            FaultKind::NotReserved => write!(f, "bad argument: not a reserved record"),
            FaultKind::BadCodeAddress(a) => write!(f, "{a:#x} is no code address"),
            FaultKind::Misuse(what) => write!(f, "{what}"),
            FaultKind::Absent(what) => write!(f, "{what}"),
            FaultKind::NotModelled(what) => write!(f, "not modelled: {what}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.site.insn, self.kind)
    }
}

impl std::error::Error for Fault {}

/// Why execution stops short of `exit`, inside an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A fault; its place is filled in by the engine.
    Fault(FaultKind),
    /// A fault within a callback, already placed.
    Placed(Fault),
    /// An exception with its cookie.
    Throw(u64),
}

impl Stop {
    /// Places a fault that has no place yet.
    pub fn at(self, site: Site) -> Stop {
        match self {
            Stop::Fault(kind) => Stop::Placed(kind.at(site)),
            other => other,
        }
    }
}

impl From<FaultKind> for Stop {
    fn from(kind: FaultKind) -> Stop {
        Stop::Fault(kind)
    }
}

impl From<AccessError> for Stop {
    fn from(error: AccessError) -> Stop {
        Stop::Fault(FaultKind::Memory(error))
    }
}

/// The way back from a helper into the program, for callbacks.
pub trait Invoke {
    /// Calls the function behind a code address (see [`super::image`]).
    fn invoke(&mut self, rt: &mut Runtime, function: u64, args: [u64; 5]) -> Result<u64, Stop>;
}
