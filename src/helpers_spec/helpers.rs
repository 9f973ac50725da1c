//! Helpers: signatures, what calls do, and which programs may make them.
//!
//! A helper has one main signature in a series; some program types see another
//! one under the same number. Availability is a set of numbers: the base set of
//! the program type, plus what its attach type, its hook and sleeping add.

use super::tables::{self, Set, helper};
use super::words::{
    ArgSpec, ArgType, AttachType, ProgType, RegClass, RetSpec, Semantics, SpecVersion,
};
use crate::prelude::*;

/// A helper's signature and what a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HelperProto {
    /// Its number.
    pub id: u32,
    /// Its name, with `bpf_`.
    pub name: &'static str,
    /// Only programs with a GPL-compatible licence may call it.
    pub gpl_only: bool,
    /// Its memory arguments may be packet memory.
    pub pkt_access: bool,
    /// It may sleep.
    pub might_sleep: bool,
    /// It keeps the registers that hold no argument, where it is inlined.
    pub allow_fastcall: bool,
    /// What it returns.
    pub ret: RetSpec,
    /// Its arguments; [`ArgType::DontCare`] ends the list.
    pub args: [ArgSpec; 5],
    /// The classes below, as a set.
    pub semantics: Semantics,
    /// See [`Semantics::ACQUIRE`].
    pub acquire: bool,
    /// See [`Semantics::RELEASE`].
    pub release: bool,
    /// See [`Semantics::PTR_CAST`].
    pub ptr_cast: bool,
    /// See [`Semantics::DYNPTR_REF`].
    pub dynptr_ref: bool,
    /// See [`Semantics::CALLBACK_SYNC`].
    pub callback_sync: bool,
    /// See [`Semantics::CALLBACK_ASYNC`].
    pub callback_async: bool,
    /// See [`Semantics::STORAGE_GET`].
    pub storage_get: bool,
    /// See [`Semantics::RETVAL_REFINED`].
    pub retval_refined: bool,
    /// See [`Semantics::CHANGES_PKT_DATA`].
    pub changes_pkt_data: bool,
}

impl HelperProto {
    /// The arguments it has.
    pub fn arguments(&self) -> impl Iterator<Item = &ArgSpec> {
        self.args.iter().take_while(|a| a.base != ArgType::DontCare)
    }
}

/// The signatures of one helper in one series.
pub(super) struct HelperSlot {
    pub(super) main: u16,
    /// Program types, attach types (0 is any), whether for sleeping programs only,
    /// the signature.
    pub(super) variants: &'static [(u64, u64, bool, u16)],
}

fn in_set(set: &Set, id: u32) -> bool {
    set.get(id as usize / 64)
        .is_some_and(|w| w >> (id % 64) & 1 == 1)
}

/// Which helpers one program type may call.
pub(super) struct Availability {
    pub(super) base: Set,
    /// By attach type; 255 for any.
    pub(super) attach: &'static [(u8, Set)],
    pub(super) sleepable: &'static [(u8, Set)],
    pub(super) cap_bpf: Set,
    pub(super) cap_perfmon: Set,
    pub(super) cap_sys_admin: Set,
    pub(super) sockopt_hook: Set,
    pub(super) iters: &'static [(&'static str, Set)],
    pub(super) not_member: &'static [(&'static str, Set)],
}

/// What a helper needs besides the program type's own capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HelperCap {
    /// Nothing more.
    None,
    /// `CAP_BPF`.
    Bpf,
    /// `CAP_PERFMON`.
    Perfmon,
    /// `CAP_SYS_ADMIN`.
    SysAdmin,
}

fn slot(id: u32, v: SpecVersion) -> Option<&'static HelperSlot> {
    tables::HELPER_SLOTS[v.index()]
        .get(id as usize)
        .filter(|s| s.main != u16::MAX)
}

/// The signature that a program of that type sees; none when the series lacks
/// the helper. Whether it may be called is [`helper_allowed`].
pub fn helper_proto(
    id: u32,
    prog_type: ProgType,
    attach: Option<AttachType>,
    v: SpecVersion,
) -> Option<&'static HelperProto> {
    helper_proto_for(id, prog_type, attach, false, v)
}

/// The same, for a program that may or may not sleep.
pub fn helper_proto_for(
    id: u32,
    prog_type: ProgType,
    attach: Option<AttachType>,
    sleepable: bool,
    v: SpecVersion,
) -> Option<&'static HelperProto> {
    let slot = slot(id, v)?;
    let bit = 1u64 << prog_type.id();
    let attach = attach.map_or(0, |a| 1u64 << a.id());
    let fits = |sleep: bool| {
        slot.variants
            .iter()
            .filter(|(types, attaches, s, _)| {
                *s == sleep && types & bit != 0 && (*attaches == 0 || attaches & attach != 0)
            })
            .max_by_key(|(_, attaches, ..)| *attaches != 0)
            .map(|x| x.3)
    };
    let own = if sleepable {
        fits(true).or_else(|| fits(false))
    } else {
        fits(false)
    };
    tables::PROTOS.get(usize::from(own.unwrap_or(slot.main)))
}

/// The main signature, whatever the program.
pub fn helper_main(id: u32, v: SpecVersion) -> Option<&'static HelperProto> {
    slot(id, v).and_then(|s| tables::PROTOS.get(usize::from(s.main)))
}

/// One more than the highest helper number of the series.
pub fn helper_count(v: SpecVersion) -> u32 {
    tables::HELPER_COUNTS[v.index()]
}

/// The name of a helper (`bpf_map_lookup_elem`).
pub fn helper_name(id: u32) -> Option<&'static str> {
    tables::HELPER_NAMES
        .get(id as usize)
        .copied()
        .flatten()
        .map(|(name, _)| name)
}

/// The mainline release that introduced a helper (`v3.18`).
pub fn helper_since(id: u32) -> Option<&'static str> {
    tables::HELPER_NAMES
        .get(id as usize)
        .copied()
        .flatten()
        .map(|(_, since)| since)
}

/// The number of a helper, by its name with or without `bpf_`, or by a former or
/// other name of the same helper.
pub fn helper_id(name: &str) -> Option<u32> {
    helper_id_exact(name).or_else(|| {
        let other = super::features::alias(name).filter(|a| a.kind == "helper")?;
        helper_id_exact(other.name)
    })
}

/// The number of a helper, by its own name with or without `bpf_`.
pub(super) fn helper_id_exact(name: &str) -> Option<u32> {
    let table = &tables::HELPERS_BY_NAME;
    let find = |name: &str| table.binary_search_by(|(n, _)| (*n).cmp(name)).ok();
    let at = find(name).or_else(|| find(&format!("bpf_{name}")))?;
    table.get(at).map(|(_, id)| *id)
}

/// The signature of that name in a series.
pub fn helper_by_name(name: &str, v: SpecVersion) -> Option<&'static HelperProto> {
    helper_main(helper_id(name)?, v)
}

/// Every helper of a series with its main signature, by number.
pub fn helpers(v: SpecVersion) -> impl Iterator<Item = &'static HelperProto> {
    (0..helper_count(v)).filter_map(move |id| helper_main(id, v))
}

/// Every helper of any series: number and name.
pub fn all_helpers() -> impl Iterator<Item = (u32, &'static str)> {
    (0..)
        .zip(tables::HELPER_NAMES.iter())
        .filter_map(|(id, n)| n.map(|(name, _)| (id, name)))
}

/// Register types that an argument type accepts in a series.
pub fn accepted_registers(arg: ArgType, v: SpecVersion) -> &'static [RegClass] {
    tables::ARG_REGISTERS[v.index()]
        .get(arg as usize)
        .copied()
        .unwrap_or(&[])
}

fn availability(
    prog_type: ProgType,
    attach_to: Option<&str>,
    v: SpecVersion,
) -> Option<&'static Availability> {
    if prog_type == ProgType::StructOps
        && let Some(ops) = attach_to.map(ops_of)
        && let Some(row) = tables::STRUCT_OPS_AVAILABILITY
            .iter()
            .find(|(version, name, _)| usize::from(*version) == v.index() && *name == ops)
    {
        return tables::AVAILABILITY.get(usize::from(row.2));
    }
    let at = tables::AVAILABILITY_INDEX[v.index()].get(prog_type.id() as usize)?;
    tables::AVAILABILITY.get(usize::from(*at))
}

/// The struct of a struct_ops target: `tcp_congestion_ops` of `tcp_congestion_ops/init`.
fn ops_of(target: &str) -> &str {
    target.split(['/', '.', ':']).next().unwrap_or(target)
}

/// The member of a struct_ops target.
fn member_of(target: &str) -> Option<&str> {
    target.split(['/', '.', ':']).nth(1)
}

fn by_attach(sets: &[(u8, Set)], attach: Option<AttachType>, id: u32) -> bool {
    sets.iter().any(|(a, set)| {
        (*a == 255 || attach.is_some_and(|t| t.id() == u32::from(*a))) && in_set(set, id)
    })
}

/// Whether a program may call a helper (with every capability).
///
/// `attach_to` is the function or hook that a tracing or LSM program hangs on,
/// the target of an iterator, or the struct (and `/member`) of a struct_ops
/// program. An `ext` program has the helpers of the program that it extends:
/// ask with that one's type; with its own it has none.
pub fn helper_allowed(
    id: u32,
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    sleepable: bool,
    v: SpecVersion,
) -> bool {
    let Some(a) = availability(prog_type, attach_to, v) else {
        return false;
    };
    if let Some(member) = attach_to.and_then(member_of)
        && a.not_member
            .iter()
            .any(|(m, set)| *m == member && in_set(set, id))
    {
        return false;
    }
    let hook = attach_to.unwrap_or_default();
    let present = in_set(&a.base, id)
        || by_attach(a.attach, attach, id)
        || sleepable && by_attach(a.sleepable, attach, id)
        || in_set(&a.sockopt_hook, id)
            && attach == Some(AttachType::LsmCgroup)
            && super::btf_sets::lsm_sockopt_hook(hook, v)
        || attach == Some(AttachType::TraceIter)
            && a.iters
                .iter()
                .any(|(t, set)| *t == iterator_of(hook) && in_set(set, id));
    present && hook_allows(id, prog_type, attach, attach_to, v)
}

fn iterator_of(target: &str) -> &str {
    target.strip_prefix("bpf_iter_").unwrap_or(target)
}

/// Helpers that look at the function the program hangs on.
fn hook_allows(
    id: u32,
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    v: SpecVersion,
) -> bool {
    match (id, attach_to) {
        // There for tracing programs, and then barred: no hook is the right one.
        (helper::D_PATH | helper::SK_STORAGE_GET | helper::SK_STORAGE_DELETE, _)
            if prog_type == ProgType::Syscall =>
        {
            false
        }
        (helper::D_PATH, Some(hook)) => match prog_type {
            ProgType::Lsm => super::btf_sets::lsm_hook_sleepable(hook, v),
            _ if attach == Some(AttachType::TraceIter) => v > SpecVersion::V5_10,
            _ => super::btf_sets::d_path_allowed(hook, v),
        },
        (helper::IMA_INODE_HASH | helper::IMA_FILE_HASH, Some(hook))
            if prog_type == ProgType::Lsm =>
        {
            super::btf_sets::lsm_hook_sleepable(hook, v)
        }
        // Not from inside the storage's own code, and not where R0 is the function's.
        (helper::SK_STORAGE_GET | helper::SK_STORAGE_DELETE, Some(hook))
            if prog_type == ProgType::Tracing =>
        {
            match attach {
                Some(AttachType::TraceFentry | AttachType::TraceFexit) => {
                    !hook.starts_with("bpf_sk_storage")
                }
                Some(AttachType::TraceIter) => v > SpecVersion::V5_10,
                Some(AttachType::TraceRawTp) => true,
                _ => false,
            }
        }
        _ => true,
    }
}

/// Whether the series lets any program of the type call the helper, under some
/// attach type or hook.
pub fn helper_ever_allowed(id: u32, prog_type: ProgType, v: SpecVersion) -> bool {
    let sets = |a: &Availability| {
        in_set(&a.base, id)
            || in_set(&a.sockopt_hook, id)
            || a.attach
                .iter()
                .chain(a.sleepable)
                .any(|(_, s)| in_set(s, id))
            || a.iters.iter().any(|(_, s)| in_set(s, id))
    };
    let ops = tables::STRUCT_OPS_AVAILABILITY
        .iter()
        .filter(|row| prog_type == ProgType::StructOps && usize::from(row.0) == v.index())
        .filter_map(|row| tables::AVAILABILITY.get(usize::from(row.2)));
    availability(prog_type, None, v)
        .into_iter()
        .chain(ops)
        .any(sets)
}

/// The capability that a call needs besides those of the program type.
pub fn helper_cap(id: u32, prog_type: ProgType, v: SpecVersion) -> HelperCap {
    let Some(a) = availability(prog_type, None, v) else {
        return HelperCap::None;
    };
    if in_set(&a.cap_sys_admin, id) {
        HelperCap::SysAdmin
    } else if in_set(&a.cap_perfmon, id) {
        HelperCap::Perfmon
    } else if in_set(&a.cap_bpf, id) {
        HelperCap::Bpf
    } else {
        HelperCap::None
    }
}
