//! CO-RE: "compile once, run everywhere" relocations.
//!
//! Each record ties an instruction to a question about a type of the object: at
//! which offset is `task_struct.mm.pgd`, is there such a field, what is the
//! value of this enumerator? The answer is sought in the target's types. A
//! *candidate* is a target type of compatible kind with the same name, flavour
//! suffixes ignored; the access must lead somewhere in it (see [`spec`]), all
//! candidates in which it does must agree, and the instruction takes the answer
//! ([`patch`]). Where nothing matches, questions of existence are answered with
//! no, and instructions that need the answer are poisoned: they become a call of
//! a helper that does not exist, which harms only if it can be reached. Where the
//! types at hand cannot tell (there are none, or not the kernel's whole, or two
//! kernels' that differ), the question stays *open*: no verdict may rest on it.
#![warn(clippy::arithmetic_side_effects)]

mod compat;
mod patch;
mod spec;
#[cfg(test)]
mod tests;

pub(super) use compat::types_compatible;
pub(super) use patch::poison;

use super::insn::Insn;
use super::program::CoreOutcome;
use crate::object::btf::essential_name;
use crate::object::{Btf, CoreRelo, Kind, Type};
use crate::prelude::*;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::cell::Cell;
use spec::{Spec, parse};

/// Steps left for comparing types. Honest objects need thousands; hostile ones
/// nest types so that comparing them takes forever.
pub(super) struct Budget(Cell<u32>);

impl Budget {
    pub fn new() -> Budget {
        Budget(Cell::new(64 << 20))
    }

    pub fn spend(&self, steps: u32) -> Result<(), String> {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        if left.is_some() {
            Ok(())
        } else {
            Err("types too intricate to compare".into())
        }
    }
}

/// What a relocation asks (`enum bpf_core_relo_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    FieldOffset,
    FieldSize,
    FieldExists,
    FieldSigned,
    FieldLeftShift,
    FieldRightShift,
    LocalTypeId,
    TargetTypeId,
    TypeExists,
    TypeSize,
    EnumeratorExists,
    EnumeratorValue,
    TypeMatches,
}

impl Question {
    fn from_number(n: u32) -> Option<Question> {
        use Question::*;
        const ALL: [Question; 13] = [
            FieldOffset,
            FieldSize,
            FieldExists,
            FieldSigned,
            FieldLeftShift,
            FieldRightShift,
            LocalTypeId,
            TargetTypeId,
            TypeExists,
            TypeSize,
            EnumeratorExists,
            EnumeratorValue,
            TypeMatches,
        ];
        ALL.get(n as usize).copied()
    }

    fn about_fields(self) -> bool {
        matches!(
            self,
            Question::FieldOffset
                | Question::FieldSize
                | Question::FieldExists
                | Question::FieldSigned
                | Question::FieldLeftShift
                | Question::FieldRightShift
        )
    }

    fn about_enumerators(self) -> bool {
        matches!(self, Question::EnumeratorExists | Question::EnumeratorValue)
    }
}

/// An answer read off one side: a value, and for field offsets the type and size
/// of what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Answer {
    value: u64,
    /// Bytes of the field or array element; 0 if it does not matter.
    size: u32,
    /// Type of the field.
    ty: u32,
    /// The compiler's idea of the value is known to be the same as ours.
    certain: bool,
}

/// What to do to an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// The types at hand do not tell.
    Open,
    Poison,
    Change {
        from: Answer,
        to: Answer,
        /// A load or store of another size would read something else.
        bad_size: bool,
    },
}

/// The answer that a spec gives. `Ok(None)` asks for poison.
fn answer(q: Question, spec: Option<&Spec<'_>>) -> Result<Option<Answer>, String> {
    let certain = |value| {
        Ok(Some(Answer {
            value,
            certain: true,
            ..Answer::default()
        }))
    };
    match (q, spec) {
        (Question::FieldExists | Question::EnumeratorExists, spec) => {
            certain(u64::from(spec.is_some()))
        }
        (Question::TypeExists | Question::TypeMatches, spec) => certain(u64::from(spec.is_some())),
        (Question::TargetTypeId | Question::TypeSize, None) => certain(0),
        (_, None) => Ok(None),
        (Question::TargetTypeId, Some(s)) => Ok(Some(Answer {
            value: s.root.into(),
            ..Answer::default()
        })),
        (Question::TypeSize, Some(s)) => match s.btf.resolve_size(s.root) {
            Some(size) => certain(size.into()),
            None => Err("a type without size".into()),
        },
        (Question::EnumeratorValue, Some(s)) => certain(s.enumerator_value()),
        (Question::LocalTypeId, Some(s)) => certain(s.root.into()),
        (_, Some(s)) => field_answer(q, s).map(Some),
    }
}

/// Size of a field for the purpose of loads: of an array, its element's.
fn access_size(btf: &Btf, id: u32) -> Option<u32> {
    let mut id = btf.skip_mods_typedefs(id);
    for _ in 0..32 {
        match btf.ty(id)? {
            Type::Array { elem, .. } => id = btf.skip_mods_typedefs(elem),
            _ => return btf.resolve_size(id),
        }
    }
    None
}

/// The multiple of `unit` at or below an offset.
fn down(offset: u32, unit: u32) -> u32 {
    let rest = offset.checked_rem(unit).unwrap_or(0);
    offset.saturating_sub(rest)
}

fn field_answer(q: Question, s: &Spec<'_>) -> Result<Answer, String> {
    let no_size = || "a field without size".to_string();
    let Some(member) = s.last_member() else {
        // An array element, or the root itself.
        let id = s.last_type();
        let value = match q {
            Question::FieldOffset => u64::from(s.bit_offset / 8),
            Question::FieldSize => s.btf.resolve_size(id).ok_or_else(no_size)?.into(),
            _ => return Err("a question about array elements that has no answer".into()),
        };
        let size = if q == Question::FieldOffset {
            access_size(s.btf, id).ok_or_else(no_size)?
        } else {
            0
        };
        return Ok(Answer {
            value,
            size,
            ty: id,
            certain: true,
        });
    };
    let id = s.btf.skip_mods_typedefs(member.ty);
    let bits = u32::from(member.bitfield_size);
    let bitfield = bits > 0;
    let mut byte_size = s.btf.resolve_size(id).ok_or_else(no_size)?;
    let mut byte_offset = s.bit_offset / 8;
    let mut bit_size = byte_size.saturating_mul(8);
    if bitfield {
        if byte_size == 0 {
            return Err(no_size());
        }
        bit_size = bits;
        byte_offset = down(byte_offset, byte_size);
        // The smallest naturally aligned load that covers the field.
        let end = u64::from(s.bit_offset).saturating_add(bits.into());
        while end
            > u64::from(byte_offset)
                .saturating_add(byte_size.into())
                .saturating_mul(8)
        {
            if byte_size >= 8 {
                return Err("a bit field that no load covers".into());
            }
            byte_size = byte_size.saturating_mul(2);
            byte_offset = down(s.bit_offset / 8, byte_size);
        }
    }
    let mut a = Answer {
        certain: !bitfield,
        ty: id,
        ..Answer::default()
    };
    match q {
        Question::FieldOffset => {
            a.value = byte_offset.into();
            if !bitfield {
                a.size = access_size(s.btf, id).ok_or_else(no_size)?;
            }
        }
        Question::FieldSize => a.value = byte_size.into(),
        Question::FieldSigned => {
            a.value = u64::from(
                matches!(
                    s.btf.ty(id),
                    Some(Type::Enum { signed: true, .. } | Type::Enum64 { signed: true, .. })
                ) || matches!(s.btf.ty(id), Some(Type::Int { encoding, .. }) if encoding.signed),
            );
            a.certain = true;
        }
        Question::FieldLeftShift => {
            let end = u64::from(s.bit_offset).saturating_add(bit_size.into());
            let load = u64::from(byte_offset).saturating_mul(8);
            a.value = 64u64.wrapping_sub(end.wrapping_sub(load));
        }
        Question::FieldRightShift => {
            a.value = 64u64.wrapping_sub(bit_size.into());
            a.certain = true;
        }
        _ => return Err("not a question about a field".into()),
    }
    Ok(a)
}

/// Compares the two sides' answers.
fn decide(q: Question, local: &Spec<'_>, target: Option<&Spec<'_>>) -> Result<Decision, String> {
    let (Some(from), Some(to)) = (answer(q, Some(local))?, answer(q, target)?) else {
        return Ok(Decision::Poison);
    };
    let mut bad_size = false;
    if q.about_fields() && from.size != to.size {
        let unsigned = |btf: &Btf, id| match btf.ty(id) {
            // A `char` or `bool` is no plain signed integer either.
            Some(Type::Int { encoding: e, .. }) => !e.signed || e.char || e.bool,
            _ => false,
        };
        let pointers = local.btf.kind(from.ty) == Some(Kind::Ptr)
            && target.is_some_and(|t| t.btf.kind(to.ty) == Some(Kind::Ptr));
        let integers =
            unsigned(local.btf, from.ty) && target.is_some_and(|t| unsigned(t.btf, to.ty));
        // A bit field has no size: it is not made into a whole one, nor back.
        let whole = from.size != 0 && to.size != 0;
        bad_size = !whole || !pointers && !integers;
    }
    Ok(Decision::Change { from, to, bad_size })
}

/// Structures that every kernel has and only ever appends to: contexts of programs,
/// and the registers of the machine. Without a kernel's types the object's own do.
const STABLE: &[&str] = &[
    "__sk_buff",
    "bpf_cgroup_dev_ctx",
    "bpf_perf_event_data",
    "bpf_raw_tracepoint_args",
    "bpf_sk_lookup",
    "bpf_sock",
    "bpf_sock_addr",
    "bpf_sock_ops",
    "bpf_sockopt",
    "bpf_sysctl",
    "pt_regs",
    "sk_msg_md",
    "sk_reuseport_md",
    "xdp_md",
];

/// The types of one kernel.
struct Side<'a> {
    target: &'a Btf,
    /// Candidates by local root type. Types in which an access did not exist are
    /// dropped once another candidate had it, as libbpf does.
    candidates: BTreeMap<u32, Vec<u32>>,
}

/// Where a relocation's answer is sought.
enum Place<'a> {
    /// In no types: only what is the same everywhere has an answer.
    Nowhere,
    /// Each type of the object is only itself.
    Itself,
    /// In a kernel's types.
    Kernel(Side<'a>),
    /// In the types of two kernels, which must agree; the newer one's count.
    Between(Side<'a>, Side<'a>),
}

/// Resolves the relocations of one object against one target.
pub(super) struct Resolver<'a> {
    local: &'a Btf,
    place: Place<'a>,
    /// Root types in words.
    type_names: BTreeMap<u32, Arc<str>>,
    budget: Budget,
}

/// A relocation that was applied, in words.
pub(super) struct Applied {
    pub outcome: CoreOutcome,
    pub type_name: Arc<str>,
    pub access: String,
}

impl<'a> Side<'a> {
    fn new(target: &'a Btf) -> Side<'a> {
        Side {
            target,
            candidates: BTreeMap::new(),
        }
    }

    fn find_candidates(&self, local: &Btf, root: u32) -> Result<Vec<u32>, String> {
        let name = named(local, root)?;
        let kind = local.kind(root);
        let fits = |id: &u32| compat::kinds_compatible(kind, self.target.kind(*id));
        Ok(self
            .target
            .candidates(essential_name(name))
            .filter(fits)
            .collect())
    }

    fn resolve(
        &mut self,
        q: Question,
        local: &Spec<'_>,
        budget: &Budget,
    ) -> Result<Decision, String> {
        let root = local.root;
        let candidates = match self.candidates.remove(&root) {
            Some(known) => known,
            None => self.find_candidates(local.btf, root)?,
        };
        let result = choose(q, local, self.target, &candidates, budget);
        let kept = match &result {
            Ok((_, kept)) if !kept.is_empty() => kept.clone(),
            _ => candidates,
        };
        self.candidates.insert(root, kept);
        let (decision, kept) = result?;
        // Absence is told by whole types only.
        if kept.is_empty() && !self.target.is_whole() {
            return Ok(Decision::Open);
        }
        Ok(decision)
    }
}

/// The name of a relocation's root type.
fn named(local: &Btf, root: u32) -> Result<&str, String> {
    match local.name(root) {
        "" => Err("relocations of anonymous types are not supported".into()),
        name => Ok(name),
    }
}

/// The decision on which all candidates that match agree, and those candidates.
fn choose(
    q: Question,
    local: &Spec<'_>,
    btf: &Btf,
    candidates: &[u32],
    budget: &Budget,
) -> Result<(Decision, Vec<u32>), String> {
    let mut kept = Vec::new();
    let mut chosen: Option<(Decision, u32)> = None;
    for id in candidates {
        let Some(target) = local.find_in(q, btf, *id, budget)? else {
            continue;
        };
        let decision = decide(q, local, Some(&target))?;
        let value = |d: &Decision| match d {
            Decision::Poison | Decision::Open => None,
            Decision::Change { to, .. } => Some(to.value),
        };
        match &chosen {
            None => chosen = Some((decision, target.bit_offset)),
            Some((first, offset))
                if *offset != target.bit_offset || value(first) != value(&decision) =>
            {
                return Err(format!("{} is ambiguous in the target", local.describe()));
            }
            Some(_) => {}
        }
        kept.push(*id);
    }
    match chosen {
        Some((decision, _)) => Ok((decision, kept)),
        None => Ok((decide(q, local, None)?, kept)),
    }
}

/// Whether two kernels answer alike. Where a field lies is a matter of each build;
/// that it is there, and how large, is not.
fn alike(q: Question, newer: &Decision, older: &Decision) -> bool {
    match (newer, older) {
        (
            Decision::Change {
                to: x, bad_size: a, ..
            },
            Decision::Change {
                to: y, bad_size: b, ..
            },
        ) => {
            let same = match q {
                Question::FieldOffset => true,
                Question::TargetTypeId => (x.value == 0) == (y.value == 0),
                _ => x.value == y.value,
            };
            same && x.size == y.size && a == b
        }
        (x, y) => x == y,
    }
}

impl<'a> Resolver<'a> {
    fn at(local: &'a Btf, place: Place<'a>) -> Resolver<'a> {
        Resolver {
            local,
            place,
            type_names: BTreeMap::new(),
            budget: Budget::new(),
        }
    }

    /// Relocates against a kernel's types; without any, what needs them stays open.
    pub fn new(local: &'a Btf, kernel: Option<&'a Btf>) -> Resolver<'a> {
        let place = match (kernel, kernel.and_then(Btf::older)) {
            (None, _) => Place::Nowhere,
            (Some(newer), Some(older)) => Place::Between(Side::new(newer), Side::new(older)),
            (Some(kernel), None) => Place::Kernel(Side::new(kernel)),
        };
        Resolver::at(local, place)
    }

    /// Relocates within one BTF, every type to itself.
    pub fn to_itself(local: &'a Btf) -> Resolver<'a> {
        Resolver::at(local, Place::Itself)
    }

    fn resolve(&mut self, q: Question, local: &Spec<'_>) -> Result<Decision, String> {
        let root = local.root;
        if q == Question::LocalTypeId {
            let id = Answer {
                value: root.into(),
                ..Answer::default()
            };
            return Ok(Decision::Change {
                from: id,
                to: id,
                bad_size: false,
            });
        }
        let budget = &self.budget;
        let own = || {
            let name = named(local.btf, root)?;
            let (decision, _) = choose(q, local, local.btf, &[root], budget)?;
            Ok::<_, String>((name, decision))
        };
        match &mut self.place {
            Place::Nowhere => {
                let (name, decision) = own()?;
                let stable = STABLE.contains(&essential_name(name));
                Ok(if stable { decision } else { Decision::Open })
            }
            Place::Itself => Ok(own()?.1),
            Place::Kernel(kernel) => kernel.resolve(q, local, budget),
            Place::Between(newer, older) => {
                let newer = newer.resolve(q, local, budget);
                let older = older.resolve(q, local, budget);
                match (newer, older) {
                    (Ok(newer), Ok(older)) if alike(q, &newer, &older) => Ok(newer),
                    (Err(why), Err(_)) => Err(why),
                    _ => Ok(Decision::Open),
                }
            }
        }
    }

    /// Applies a relocation to the instruction at `at`.
    pub fn apply(
        &mut self,
        relo: &CoreRelo,
        insns: &mut [Insn],
        at: usize,
    ) -> Result<Applied, String> {
        let Some(q) = Question::from_number(relo.kind) else {
            return Err(format!("unknown kind of CO-RE relocation, {}", relo.kind));
        };
        let local = parse(self.local, q, relo.type_id, self.local.str_at(relo.access))?;
        let decision = self.resolve(q, &local)?;
        let outcome = patch::apply(insns, at, decision)?;
        let name = || self.local.describe(relo.type_id).into();
        let type_name = self
            .type_names
            .entry(relo.type_id)
            .or_insert_with(name)
            .clone();
        Ok(Applied {
            outcome,
            type_name,
            access: local.access(),
        })
    }
}
