//! A linked program: what `BPF_PROG_LOAD` would be given, with the references
//! that only a live kernel can number kept as indices.
//!
//! Conventions of [`Program::insns`]:
//! - a map is `LD_IMM64` with source `MAP_IDX` (5) or `MAP_IDX_VALUE` (6), the
//!   first immediate an index in [`Program::maps`];
//! - a typed kernel symbol is `LD_IMM64` with source `BTF_ID` (3), the first
//!   immediate an index in [`Program::ksyms`];
//! - a kfunc call has source `KFUNC` (2), offset 0, the immediate an index in
//!   [`Program::kfuncs`];
//! - what a loader cannot resolve is replaced as libbpf does: a call of a helper
//!   that does not exist ([`POISON_CORE`], [`POISON_MAP`], [`POISON_KFUNC`]);
//!   what the types at hand leave open likewise ([`OPEN_CORE`]).

use super::insn::Insn;
use super::lines::{Line, Lines};
pub use super::link::Extended;
use super::link::{Assumption, MapFault};
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::{Btf, MapDef};
use crate::prelude::*;
use crate::untrusted::{Untrusted, text};
use alloc::sync::Arc;

/// Helper number of a call that replaces an unresolved CO-RE relocation.
pub const POISON_CORE: i32 = 195_896_080;
/// Helper number of a call that replaces a CO-RE relocation which the types at hand
/// leave open; no loader writes it.
pub const OPEN_CORE: i32 = 195_896_081;
/// Base of the numbers that replace a map that is not created.
pub const POISON_MAP: i32 = 2_001_000_000;
/// Base of the numbers that replace an unresolved weak kfunc.
pub const POISON_KFUNC: i32 = 2_002_000_000;

/// `BPF_F_SLEEPABLE` of `prog_flags`.
pub const F_SLEEPABLE: u32 = 1 << 4;
/// `BPF_F_XDP_HAS_FRAGS` of `prog_flags`.
pub const F_XDP_HAS_FRAGS: u32 = 1 << 5;

/// Flags of the load command: bit, name, and since when kernels know it.
pub const PROG_FLAGS: &[(u32, &str, (u16, u16))] = &[
    (1 << 0, "strict_alignment", (4, 12)),
    (1 << 1, "any_alignment", (5, 0)),
    (1 << 2, "test_rnd_hi32", (5, 3)),
    (1 << 3, "test_state_freq", (5, 4)),
    (F_SLEEPABLE, "sleepable", (5, 10)),
    (F_XDP_HAS_FRAGS, "xdp_has_frags", (5, 18)),
    (1 << 6, "xdp_dev_bound_only", (6, 3)),
    (1 << 7, "test_reg_invariants", (6, 8)),
];

/// A function within a linked program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subprog {
    /// Its first instruction.
    pub start: u32,
    /// One past its last instruction.
    pub end: u32,
    /// Its name.
    pub name: Arc<str>,
    /// Its FUNC in the object's BTF; 0 if none.
    pub func_type: u32,
    /// Its BTF linkage is global: verified on its own (never the main program).
    pub global: bool,
    /// It is the program's exception callback.
    pub exception_cb: bool,
    /// Name of the section it came from.
    pub section: Arc<str>,
    /// Byte offset of its first instruction in that section.
    pub section_offset: u64,
}

/// A kernel function that a program calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KfuncRef {
    /// Its name, without flavour.
    pub name: Arc<str>,
    /// Weak: may be absent.
    pub weak: bool,
    /// The kernel has it.
    pub resolved: bool,
    /// The FUNC in the object's BTF.
    pub proto: u32,
    /// The FUNC in the kernel's BTF, if that is known.
    pub kernel_id: Option<u32>,
}

/// A kernel symbol whose address or BTF id a program takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KsymRef {
    /// Its name.
    pub name: Arc<str>,
    /// The VAR (or FUNC) in the kernel's BTF; `None` if typeless or unknown.
    pub kernel_id: Option<u32>,
    /// The VAR (or FUNC) in the object's BTF.
    pub local_id: u32,
    /// Weak: may be absent.
    pub weak: bool,
    /// The kernel has it.
    pub resolved: bool,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineInfo {
    /// The first instruction of the line.
    pub insn: u32,
    /// File name as the compiler wrote it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub col: u32,
    /// The line's text; may be empty.
    pub text: Arc<str>,
}

/// Lines above this are taken as broken line information.
pub const MAX_LINE: u32 = 1 << 20;

/// A place in a program's source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// File as the object's line information names it.
    pub file: Untrusted,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 if it isn't known.
    pub column: u32,
}

impl Place {
    /// `file:line:column`, as compilers print it.
    pub fn text(&self) -> Untrusted {
        match self.column {
            0 => text!("{}:{}", self.file, self.line),
            column => text!("{}:{}:{column}", self.file, self.line),
        }
    }
}

/// What became of a CO-RE relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreOutcome {
    /// The instruction holds this value now.
    Value(u64),
    /// Nothing in the target matches: the instruction is poisoned.
    Poisoned,
    /// There are no types, or not enough, to tell.
    Open,
}

/// A CO-RE relocation that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreRecord {
    /// The instruction.
    pub insn: u32,
    /// `BPF_CORE_*` kind.
    pub kind: u32,
    /// The root type, as C writes it.
    pub type_name: Arc<str>,
    /// The access in C, such as `.mm.pgd`; empty for relocations of types.
    pub access: Arc<str>,
    /// What became of it.
    pub outcome: CoreOutcome,
}

/// Which member of which structure of the kernel a struct_ops program is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructOpsSlot {
    /// Index of the map in [`Program::maps`].
    pub map: u32,
    /// Name of the structure, without flavour.
    pub structure: Arc<str>,
    /// Name of the member.
    pub member: Arc<str>,
    /// Index of the member in the kernel's structure, if that is known.
    pub kernel_member: Option<u32>,
    /// The structure in the kernel's BTF, if that is known.
    pub kernel_type: Option<u32>,
}

/// A program, linked.
#[derive(Clone, Debug)]
pub struct Program {
    /// Name of the function.
    pub name: String,
    /// Section, without a leading `?`.
    pub section: String,
    /// What it is.
    pub prog_type: ProgType,
    /// Expected attach type, if the section (or the user) says one.
    pub attach_type: Option<AttachType>,
    /// What it attaches to: a kernel function, hook, tracepoint,
    /// `structure.member`, as far as the section says it.
    pub attach_to: Option<String>,
    /// The attach target in the kernel's BTF (FUNC, or TYPEDEF for tp_btf).
    pub attach_btf_id: Option<u32>,
    /// The function of another program that it replaces: it then is of that one's type.
    pub extends: Option<Arc<Extended>>,
    /// Of a struct_ops program.
    pub struct_ops: Option<StructOpsSlot>,
    /// Loaded with `BPF_F_SLEEPABLE`.
    pub sleepable: bool,
    /// `BPF_F_*` of the load command.
    pub prog_flags: u32,
    /// Loaded by default (no `?` before the section).
    pub autoload: bool,
    /// The instructions: main function first, then every function it needs.
    pub insns: Arc<[Insn]>,
    /// The object's maps, then the program's jump tables.
    pub maps: Arc<[MapDef]>,
    /// What was assumed of the maps that it refers to.
    pub assumes: Arc<[Assumption]>,
    /// The functions in order of their instructions; the first is the main one.
    pub subprogs: Arc<[Subprog]>,
    /// Kernel functions called.
    pub kfuncs: Vec<KfuncRef>,
    /// Kernel symbols used.
    pub ksyms: Vec<KsymRef>,
    /// Poisoned instructions with what they were for, by instruction.
    pub poisoned: Vec<(u32, Arc<str>)>,
    /// CO-RE relocations applied, by instruction.
    pub core_relocs: Vec<CoreRecord>,
    /// Lines, by instruction.
    pub line_info: Lines,
    /// (instruction, FUNC in the object's BTF), by instruction; empty if the
    /// loader would pass none.
    pub func_info: Vec<(u32, u32)>,
    /// The object's BTF as the kernel gets it; `None` also if it refuses it.
    pub btf: Option<Arc<Btf>>,
    /// Why the kernel refuses the object's BTF; lines are then for people only.
    pub btf_refused: Option<String>,
    /// The licence.
    pub license: String,
    /// The kernel takes the licence for GPL compatible.
    pub gpl_compatible: bool,
    /// `kern_version` of the load command, from the `version` section.
    pub kern_version: u32,
}

impl Program {
    /// What it hangs on, as `helpers_spec` names it: a function, a hook, or the struct and
    /// member of a struct_ops program.
    pub fn hook_name(&self) -> Option<alloc::borrow::Cow<'_, str>> {
        match &self.struct_ops {
            Some(slot) => Some(format!("{}/{}", slot.structure, slot.member).into()),
            None => self.attach_to.as_deref().map(Into::into),
        }
    }

    /// A program of bare instructions: no maps, no BTF, GPL.
    pub fn raw(
        name: &str,
        prog_type: ProgType,
        attach_type: Option<AttachType>,
        insns: Vec<Insn>,
    ) -> Program {
        let subprogs = vec![Subprog {
            start: 0,
            end: insns.len() as u32,
            name: name.into(),
            func_type: 0,
            global: false,
            exception_cb: false,
            section: "".into(),
            section_offset: 0,
        }]
        .into();
        Program {
            name: name.into(),
            section: String::new(),
            prog_type,
            attach_type,
            attach_to: None,
            attach_btf_id: None,
            extends: None,
            struct_ops: None,
            sleepable: false,
            prog_flags: 0,
            autoload: true,
            insns: insns.into(),
            maps: Arc::from([]),
            assumes: Arc::from([]),
            subprogs,
            kfuncs: Vec::new(),
            ksyms: Vec::new(),
            poisoned: Vec::new(),
            core_relocs: Vec::new(),
            line_info: Lines::default(),
            func_info: Vec::new(),
            btf: None,
            btf_refused: None,
            license: "GPL".into(),
            gpl_compatible: true,
            kern_version: 0,
        }
    }

    /// Index of the function an instruction belongs to.
    pub fn subprog_at(&self, insn: u32) -> Option<usize> {
        let i = self
            .subprogs
            .partition_point(|s| s.start <= insn)
            .checked_sub(1)?;
        self.subprogs.get(i).filter(|s| insn < s.end).map(|_| i)
    }

    /// The function that begins at an instruction.
    pub fn function_from(&self, insn: usize) -> Option<&Subprog> {
        let at = self
            .subprogs
            .binary_search_by_key(&u32::try_from(insn).ok()?, |s| s.start);
        self.subprogs.get(at.ok()?)
    }

    /// The line an instruction comes from.
    pub fn line_at(&self, insn: u32) -> Option<Line<'_>> {
        let start = self
            .subprog_at(insn)
            .and_then(|s| self.subprogs.get(s))
            .map_or(0, |s| s.start);
        self.line_info.until(insn).filter(|l| l.insn >= start)
    }

    /// Where an instruction stands in the source.
    pub fn place(&self, insn: u32) -> Option<Place> {
        self.line_at(insn)
            .filter(|l| (1..=MAX_LINE).contains(&l.line))
            .map(|l| Place {
                file: (&l.file).into(),
                line: l.line,
                column: l.col,
            })
    }

    /// Where an instruction was in the file: section and byte offset.
    pub fn origin(&self, insn: u32) -> Option<(&str, u64)> {
        let s = self.subprogs.get(self.subprog_at(insn)?)?;
        Some((&s.section, s.section_offset + u64::from(insn - s.start) * 8))
    }

    /// What a poisoned instruction was for.
    pub fn poison_at(&self, insn: u32) -> Option<&str> {
        let i = self.poisoned.binary_search_by_key(&insn, |p| p.0).ok()?;
        self.poisoned.get(i).map(|p| &*p.1)
    }
}

/// Licences that Linux takes for GPL compatible.
pub fn license_is_gpl_compatible(license: &str) -> bool {
    matches!(
        license,
        "GPL"
            | "GPL v2"
            | "GPL and additional rights"
            | "Dual BSD/GPL"
            | "Dual MIT/GPL"
            | "Dual MPL/GPL"
    )
}

/// At which step of loading a program fails; the words of the agreement lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LoadErrorKind {
    /// The loader cannot open the object.
    Open,
    /// The object has no program.
    Empty,
    /// No program type is known for the section.
    Section,
    /// The kernel would refuse to create a map.
    Map,
    /// The loader fails before it offers the program to the kernel.
    Prepare,
    /// The load command itself is refused.
    Syscall,
    /// Linking it takes more than the tool may spend: nothing is known of it.
    Budget,
}

impl LoadErrorKind {
    /// Every step.
    pub const ALL: [LoadErrorKind; 7] = [
        LoadErrorKind::Open,
        LoadErrorKind::Empty,
        LoadErrorKind::Section,
        LoadErrorKind::Map,
        LoadErrorKind::Prepare,
        LoadErrorKind::Syscall,
        LoadErrorKind::Budget,
    ];

    /// The stable word: `open`, `empty`, `section`, `map`, `prepare`, `syscall`, `budget`.
    pub const fn stage(self) -> &'static str {
        match self {
            LoadErrorKind::Open => "open",
            LoadErrorKind::Empty => "empty",
            LoadErrorKind::Section => "section",
            LoadErrorKind::Map => "map",
            LoadErrorKind::Prepare => "prepare",
            LoadErrorKind::Syscall => "syscall",
            LoadErrorKind::Budget => "budget",
        }
    }
}

/// Why a program does not reach the verifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", kind.stage())]
pub struct LoadError {
    /// At which step.
    pub kind: LoadErrorKind,
    /// The program; `None` if the whole object fails.
    pub program: Option<String>,
    /// Its section.
    pub section: Option<String>,
    /// What the section says it is, if it says.
    pub prog_type: Option<ProgType>,
    /// The attach type the section says.
    pub attach_type: Option<AttachType>,
    /// The program's own number of instructions.
    pub insns: usize,
    /// What is wrong.
    pub reason: String,
    /// Byte offset in the section, where it is known.
    pub offset: Option<u64>,
    /// The map that the kernel would not create.
    pub map: Option<MapFault>,
}
