//! What an audit finds, ready for reports and policies.

use super::attaching::Attaching;
use super::bounds::Newest;
use super::effects::Touched;
use super::guards::Guard;
use super::oldest::Oldest;
use super::sites::Site;
use crate::abstract_interp::Stats;
use crate::helpers_spec::{AttachType, Known, ProgType, Release, RiskSet};
use crate::object::Memory;
use crate::prelude::*;
use crate::programs::Place;
use crate::untrusted::Untrusted;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Callee {
    /// A helper of that number.
    Helper(u32),
    /// A kernel function.
    Kfunc {
        /// It may be absent.
        weak: bool,
    },
}

impl Callee {
    /// The stable word.
    pub const fn kind(self) -> &'static str {
        match self {
            Callee::Helper(_) => "helper",
            Callee::Kfunc { .. } => "kfunc",
        }
    }
}

/// Why no known kernel lets a program call something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacks {
    /// Some kernel does.
    Nothing,
    /// It is there since this release, for programs of other types.
    ForThisType(Release),
    /// No kernel is known to have it.
    Everywhere,
}

impl Lacks {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Lacks::Nothing => "nothing",
            Lacks::ForThisType(_) => "for-this-type",
            Lacks::Everywhere => "everywhere",
        }
    }
}

/// A helper or kernel function with all its call sites.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is.
    pub callee: Callee,
    /// Its name, with `bpf_`.
    pub name: Untrusted,
    /// What a call can do.
    pub risks: RiskSet,
    /// Only programs with a GPL-compatible licence may call it.
    pub gpl_only: bool,
    /// Since when this program's type may call it; none if no known kernel lets it.
    pub known: Option<Known>,
    /// Why none does.
    pub lacks: Lacks,
    /// Where it is called.
    pub sites: Vec<Site>,
}

impl Call {
    /// Whether any site is needed in every world.
    pub fn required(&self) -> bool {
        self.sites
            .iter()
            .any(|s| s.presence == super::Presence::Required)
    }
}

/// A part of the instruction set or of the verifier that a program uses.
#[derive(Clone, Debug)]
pub struct Feature {
    /// The stable name.
    pub name: &'static str,
    /// Whether it is an instruction.
    pub is_insn: bool,
    /// Since when kernels have it.
    pub known: Option<Known>,
    /// Where it is used; empty for what concerns the whole program.
    pub sites: Vec<Site>,
}

/// Something of the kernel's types that CO-RE relocations ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreNeed {
    /// The type, as C writes it.
    pub type_name: Untrusted,
    /// The field or enumerator; empty for the type itself.
    pub access: Untrusted,
    /// What is asked: `offset`, `size`, `exists`, ...
    pub questions: Vec<&'static str>,
    /// Number of relocations.
    pub sites: usize,
    /// The first place.
    pub place: Option<Place>,
    /// Every use stands behind a check that it exists (or asks just that).
    pub guarded: bool,
}

/// A kernel symbol whose address is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolNeed {
    /// Its name.
    pub name: Untrusted,
    /// It has a type, so the kernel's BTF must have it.
    pub typed: bool,
    /// It may be absent.
    pub weak: bool,
}

/// How a program uses one of the object's maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapUse {
    /// Index in the object's maps.
    pub map: u32,
    /// Its name.
    pub name: Untrusted,
    /// Helpers and kernel functions that are given it.
    pub calls: Vec<Untrusted>,
    /// Loads from its values.
    pub reads: usize,
    /// Stores to its values.
    pub writes: usize,
    /// Atomic operations on its values.
    pub atomics: usize,
    /// Instructions that name it.
    pub references: usize,
}

/// A way by which data leaves for user space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    /// The stable word: `ringbuf`, `perf-event`, `trace-pipe`, `map`, ...
    pub kind: &'static str,
    /// The map or call it goes through.
    pub through: Untrusted,
    /// Number of instructions that feed it.
    pub sites: usize,
}

/// A capability that loading (or running) takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capability {
    /// `CAP_BPF`, ...
    pub name: &'static str,
    /// What asks for it.
    pub because: Vec<Untrusted>,
}

/// A kernel option that something hangs on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigNeed {
    /// `CONFIG_*`.
    pub option: String,
    /// What hangs on it.
    pub because: Vec<Untrusted>,
}

/// What one kernel series said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The target.
    pub target: Untrusted,
    /// Its series.
    pub release: Release,
    /// `accept`, `reject`, `unknown` or `load-error`.
    pub verdict: &'static str,
    /// Why, if it isn't accepted.
    pub reason: Option<Untrusted>,
}

/// What verification said, on one target.
#[derive(Clone, Debug)]
pub struct Verified {
    /// `accept`, `reject`, `unknown` or `load-error`.
    pub verdict: &'static str,
    /// Why, if it isn't accepted.
    pub reason: Option<Untrusted>,
    /// What it cost; none if the verifier wasn't reached.
    pub stats: Option<Stats>,
}

/// What one program needs.
#[derive(Clone, Debug)]
pub struct Requirements {
    /// Its name.
    pub program: Untrusted,
    /// Its section.
    pub section: Untrusted,
    /// Its type.
    pub prog_type: ProgType,
    /// Its expected attach type.
    pub attach_type: Option<AttachType>,
    /// What it attaches to.
    pub attach_to: Option<Untrusted>,
    /// Loaded by default.
    pub autoload: bool,
    /// It may sleep.
    pub sleepable: bool,
    /// Instruction slots, functions included.
    pub insns: usize,
    /// Its functions, the main one first.
    pub functions: Vec<Untrusted>,
    /// Its licence.
    pub license: Untrusted,
    /// Kernels take the licence for GPL compatible.
    pub gpl_compatible: bool,
    /// Helpers and kernel functions, helpers first, by number and name.
    pub calls: Vec<Call>,
    /// The least version of the instruction set (1 to 4; 5 for what came later).
    pub isa: u8,
    /// Instructions and features of the verifier.
    pub features: Vec<Feature>,
    /// CO-RE, by type and access.
    pub core: Vec<CoreNeed>,
    /// Kernel symbols.
    pub symbols: Vec<SymbolNeed>,
    /// What it asks before it uses something.
    pub guards: Vec<Guard>,
    /// Maps.
    pub maps: Vec<MapUse>,
    /// Ways to user space.
    pub channels: Vec<Channel>,
    /// Capabilities.
    pub capabilities: Vec<Capability>,
    /// Kernel options.
    pub config: Vec<ConfigNeed>,
    /// The oldest kernel.
    pub oldest: Oldest,
    /// The newest kernel, if newer ones are known to refuse it.
    pub newest: Option<Newest>,
    /// The verdict on the target of the audit.
    pub verified: Verified,
    /// The verdicts of kernel series.
    pub checked: Vec<Checked>,
    /// What attaching it takes, if it is known.
    pub attaching: Option<Attaching>,
    /// What it does without a call; none if its exploration did not come to its end.
    pub touched: Option<Touched>,
    /// What could not be told of it.
    pub unknown: Vec<Untrusted>,
}

impl Requirements {
    /// The calls that only GPL-compatible programs may make.
    pub fn gpl_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|c| c.gpl_only)
    }
}

/// A program of which nothing more is known than its name.
#[derive(Clone, Debug)]
pub struct Unlinked {
    /// Its name.
    pub program: Untrusted,
    /// Its section.
    pub section: Untrusted,
    /// At which step a loader fails.
    pub stage: &'static str,
    /// Why.
    pub reason: Untrusted,
}

/// A map of the object.
#[derive(Clone, Debug)]
pub struct MapNeed {
    /// Its name.
    pub name: Untrusted,
    /// Its type's name; `type N` for one that isn't known.
    pub type_name: String,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Entries.
    pub max_entries: u32,
    /// Flags by name.
    pub flags: Vec<&'static str>,
    /// The key's type in C, if BTF says.
    pub key_type: Option<Untrusted>,
    /// The value's type in C, if BTF says.
    pub value_type: Option<Untrusted>,
    /// Where the definition is from: `btf`, `legacy`, `data`, ...
    pub origin: &'static str,
    /// Pinned by name.
    pub pinned: bool,
    /// Special fields of its value.
    pub fields: Vec<&'static str>,
    /// What the maps that it holds look like.
    pub inner: Option<Box<MapNeed>>,
    /// Its initial entries: index, and `program NAME` or `map NAME`.
    pub slots: Vec<(u32, SlotHolds)>,
    /// Since when kernels have all of it.
    pub known: Option<Known>,
    /// What sets that.
    pub known_because: Untrusted,
    /// Since when kernels create it, and what sets that: to an older kernel special
    /// fields are bytes like others.
    pub created: (Option<Known>, Untrusted),
    /// Kernel memory.
    pub memory: Memory,
}

/// What an initial entry of a map holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotHolds {
    /// A program.
    Program(Untrusted),
    /// A map.
    Map(Untrusted),
}

/// What an object needs.
#[derive(Clone, Debug)]
pub struct ObjectAudit {
    /// The input's name.
    pub object: Untrusted,
    /// Why it could not be read.
    pub error: Option<Untrusted>,
    /// The target of the verdicts.
    pub target: Untrusted,
    /// CPUs that per-CPU memory is counted for.
    pub cpus: u32,
    /// Bytes of the file.
    pub bytes: usize,
    /// Its licence.
    pub license: Untrusted,
    /// Whether it holds BTF, and why kernels refuse it if they do.
    pub btf: BtfState,
    /// What would keep a loader from the whole object.
    pub load_errors: Vec<Untrusted>,
    /// Its maps, in the order of their creation.
    pub maps: Vec<MapNeed>,
    /// Kernel memory of all maps.
    pub memory: Memory,
    /// Its programs.
    pub programs: Vec<Requirements>,
    /// Programs that could not be put together.
    pub unlinked: Vec<Unlinked>,
    /// The oldest kernel for all programs that are loaded by default.
    pub oldest: Oldest,
    /// The newest one, if newer ones are known to refuse some.
    pub newest: Option<Newest>,
    /// What could not be told.
    pub unknown: Vec<Untrusted>,
    /// Capabilities for all of it.
    pub capabilities: Vec<Capability>,
    /// Kernel options for all of it.
    pub config: Vec<ConfigNeed>,
}

/// The object's own types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BtfState {
    /// It has none.
    Absent,
    /// It has them.
    Present,
    /// It has them, and kernels refuse them.
    Refused(Untrusted),
}
