//! Program types: section names, packet access, capabilities, return values.

use super::btf_sets::{self, LsmReturn};
use super::tables;
use super::words::{AttachType, ProgType, SpecVersion};

/// How a program type reaches packet data directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketAccess {
    /// Not at all.
    None,
    /// Reads.
    ReadOnly,
    /// Reads and writes.
    ReadWrite,
    /// A socket option's value, read and written like a packet.
    Optval,
}

impl PacketAccess {
    /// Whether it may be read.
    pub const fn reads(self) -> bool {
        !matches!(self, PacketAccess::None)
    }

    /// Whether it may be written.
    pub const fn writes(self) -> bool {
        matches!(self, PacketAccess::ReadWrite | PacketAccess::Optval)
    }
}

/// What holds for a program type in every series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProgTypeFacts {
    /// The type.
    pub prog_type: ProgType,
    /// The mainline release that introduced it.
    pub since: &'static str,
    /// How it reaches packet data.
    pub packet: PacketAccess,
    /// Loading needs `CAP_NET_ADMIN` besides `CAP_BPF`.
    pub cap_net_admin: bool,
    /// Loading needs `CAP_PERFMON` besides `CAP_BPF`.
    pub cap_perfmon: bool,
    /// It may be loaded without capabilities where the system lets.
    pub unprivileged: bool,
    /// Loading fails for an attach type that the kernel doesn't know; of other types, only
    /// attaching does.
    pub attach_type_asked: bool,
    /// Its functions may have their stacks apart, where kernels do that.
    pub private_stack: bool,
    /// The context in C, as programs see it.
    pub ctx: &'static str,
    /// The context in C, as the kernel has it.
    pub kernel_ctx: &'static str,
}

/// What an argument of an iterator program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IterArg {
    /// A kernel object, or NULL.
    Nullable,
    /// A trusted kernel object, or NULL.
    NullableTrusted,
    /// A buffer, or NULL.
    Buffer,
    /// A buffer that may only be read, or NULL.
    BufferReadOnly,
}

/// The arguments of programs of an iterator (`task_file`) that are not plain kernel
/// objects, each with its place.
pub fn iter_args(target: &str, v: SpecVersion) -> impl Iterator<Item = (u32, IterArg)> {
    tables::ITER_ARGS
        .iter()
        .filter(move |(vs, t, ..)| vs & v.bit() != 0 && *t == target)
        .map(|(_, _, index, kind)| (*index, *kind))
}

/// The kernel's own struct of a program type's context (`xdp_buff`), where it has one.
pub fn kernel_context(prog_type: ProgType) -> Option<&'static str> {
    prog_type_facts(prog_type)?
        .kernel_ctx
        .strip_prefix("struct ")
}

/// The facts of a program type; none for `unspec`.
pub fn prog_type_facts(prog_type: ProgType) -> Option<&'static ProgTypeFacts> {
    tables::PROG_TYPES.iter().find(|f| f.prog_type == prog_type)
}

/// Whether the series has the program type.
pub fn prog_type_known(prog_type: ProgType, v: SpecVersion) -> bool {
    let parse = |text: &str| {
        let (major, minor) = text.trim_start_matches('v').split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    prog_type_facts(prog_type).is_some_and(|f| parse(f.since).is_some_and(|s| s <= v.series()))
}

/// A rule of libbpf's section names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SectionRule {
    /// The name; a trailing `+` stands for nothing or `/…`.
    pub pattern: &'static str,
    /// The program type.
    pub prog_type: ProgType,
    /// The attach type.
    pub attach: Option<AttachType>,
    /// Kernels that don't know the attach type get none.
    pub attach_optional: bool,
    /// The rest of the name is a function, hook or iterator to attach to.
    pub attach_btf: bool,
    /// The program may sleep.
    pub sleepable: bool,
    /// The program takes XDP frames of several buffers.
    pub xdp_frags: bool,
    /// The section is a user-space tracepoint.
    pub usdt: bool,
    /// libbpf before 1.0 takes longer names, too.
    pub loose: bool,
}

impl SectionRule {
    /// Whether a section name (without a leading `?`) is this rule's.
    pub fn matches(&self, section: &str) -> bool {
        match self.pattern.strip_suffix('+') {
            Some(stem) => section
                .strip_prefix(stem)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            None => section == self.pattern,
        }
    }

    /// The same for libbpf before 1.0.
    pub fn matches_loosely(&self, section: &str) -> bool {
        self.matches(section) || self.loose && section.starts_with(self.pattern)
    }
}

/// libbpf's section names, in the order in which they are tried.
pub fn sections() -> &'static [SectionRule] {
    &tables::SECTIONS
}

/// What a section name (without a leading `?`) says; none if nothing. `legacy`: as libbpf
/// before 1.0 reads it.
pub fn section(name: &str, legacy: bool) -> Option<&'static SectionRule> {
    let mut rules = sections().iter();
    rules.find(|rule| match legacy {
        true => rule.matches_loosely(name),
        false => rule.matches(name),
    })
}

/// What follows the first `/` of a section name.
pub fn section_target(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, target)| target)
}

/// Values that R0 may have when the main program ends, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetRange {
    /// The least.
    pub min: i64,
    /// The greatest.
    pub max: i64,
    /// Compared in 32 bits: the hook's caller reads an `int`.
    pub bits32: bool,
}

/// The range of a program's return value; none when it isn't checked.
///
/// `attach_to` is the hook of an LSM program, with or without `bpf_lsm_`; for a
/// raw tracepoint its presence means that the program hangs on a BTF tracepoint.
pub fn ret_range(
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    v: SpecVersion,
) -> Option<RetRange> {
    if prog_type == ProgType::Lsm {
        return lsm_range(attach, attach_to, v);
    }
    let table = &tables::RETURNS;
    let find = |a: u8| {
        let key = (v.index() as u8, prog_type.id() as u8, a);
        let at = table
            .binary_search_by(|(v, p, a, ..)| (*v, *p, *a).cmp(&key))
            .ok()?;
        table.get(at)
    };
    let row = attach
        .and_then(|a| find(a.id() as u8))
        .or_else(|| find(255))?;
    Some(RetRange {
        min: row.3,
        max: row.4,
        bits32: false,
    })
}

fn lsm_range(
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    v: SpecVersion,
) -> Option<RetRange> {
    let returns = attach_to.and_then(|hook| btf_sets::lsm_hook_return(hook, v));
    if attach == Some(AttachType::LsmCgroup) {
        let void = returns == Some(LsmReturn::Void);
        return Some(RetRange {
            min: i64::from(void),
            max: 1,
            bits32: false,
        });
    }
    if v < SpecVersion::V6_12 {
        return None;
    }
    match returns? {
        LsmReturn::Void => None,
        LsmReturn::Bool => Some(RetRange {
            min: 0,
            max: 1,
            bits32: true,
        }),
        LsmReturn::Int => Some(RetRange {
            min: -4095,
            max: 0,
            bits32: true,
        }),
    }
}

/// Whether programs of the type may be loaded as sleeping ones. LSM hooks and
/// traced functions have their own say: `lsm_hook_sleepable`, `sleepable_target`.
pub fn sleepable_allowed(prog_type: ProgType, attach: Option<AttachType>, v: SpecVersion) -> bool {
    use AttachType as A;
    match prog_type {
        ProgType::Tracing => match attach {
            Some(A::TraceFentry | A::TraceFexit | A::ModifyReturn) => true,
            Some(A::TraceIter) => v >= SpecVersion::V6_1,
            Some(
                A::TraceRawTp
                | A::TraceFsession
                | A::TraceFentryMulti
                | A::TraceFexitMulti
                | A::TraceFsessionMulti,
            ) => v >= SpecVersion::V7_3,
            _ => false,
        },
        ProgType::Lsm => attach != Some(A::LsmCgroup),
        ProgType::Kprobe => v >= SpecVersion::V6_1,
        ProgType::Syscall => true,
        ProgType::StructOps => v >= SpecVersion::V6_6,
        ProgType::RawTracepoint | ProgType::Tracepoint => v >= SpecVersion::V7_3,
        _ => false,
    }
}
