//! What a verification reads and nothing in it changes: program, target, types.
//!
//! Checks ask it for what is true of the whole program; what is true of a path is in
//! `state`. It is made once per verification, and making it already refuses programs
//! whose attach target is none.

use alloc::rc::Rc;
use core::cell::OnceCell;

use super::asked::{AskedTarget, AskedTypes, Case};
use super::btf_record::{self, Pointees, Records};
use super::checks::args::kfunc::Kfunc;
use super::domain::ScalarRules;
use super::halt::Check;
use super::setup::attach::{self, Attach};
use super::value::{Flags, Kind, MapRef, Reg};
use super::verify::{Input, Prepared};
use crate::cfg::Cfg;
use crate::helpers_spec::{MapType, ProgType};
use crate::object::MapDef;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee, ImmRef, Op};
use crate::target::Capability;

/// `BPF_F_STRICT_ALIGNMENT`.
const F_STRICT_ALIGNMENT: u32 = 1;

/// What a verification reads.
pub struct Env<'a> {
    /// The program.
    pub program: &'a Program,
    /// Its instructions, decoded; one per slot.
    pub ops: &'a [Op],
    /// Its control flow graph.
    pub cfg: &'a Cfg,
    /// The target and its behaviours.
    pub target: AskedTarget<'a>,
    /// The kernel's BTF, or the program's own as stand-in.
    pub types: AskedTypes<'a>,
    /// The loader may not learn addresses: it lacks `CAP_PERFMON`.
    pub confined: bool,
    /// Nor may a processor that runs ahead of a comparison give any away.
    pub speculates: bool,
    /// The loader has `CAP_BPF`.
    pub capable: bool,
    /// Attachment facts resolved before exploring.
    pub attach: Attach,
    /// Special fields of maps and types.
    pub records: Records<'a>,
    /// Whether the program refers to an arena.
    pub has_arena: bool,
    /// The program's kfuncs, each made when it is first called.
    pub kfuncs: Vec<OnceCell<Rc<Kfunc<'a>>>>,
}

impl<'a> Env<'a> {
    /// Reads all that exploration needs.
    pub fn new(input: &Input<'a>, prepared: &'a Prepared) -> Check<Env<'a>> {
        Env::of(&input.case(None), prepared)
    }

    /// The same, of what notes its questions.
    pub(super) fn of(case: &Case<'a>, prepared: &'a Prepared) -> Check<Env<'a>> {
        let Case {
            program,
            target,
            types,
        } = *case;
        let rights = target.rights();
        let confined = !rights.meets(Capability::Perfmon);
        Ok(Env {
            program,
            ops: &prepared.ops,
            cfg: &prepared.cfg,
            target,
            types,
            confined,
            speculates: confined && target.config().mitigations(),
            capable: rights.meets(Capability::Bpf),
            attach: attach::resolve(case)?,
            records: Records::new(
                &program.maps,
                program.btf.as_deref(),
                Pointees::of(types, target),
            ),
            has_arena: has_arena(program, &prepared.ops),
            kfuncs: vec![OnceCell::new(); program.kfuncs.len()],
        })
    }

    /// How the target computes on scalars.
    #[inline]
    pub fn rules(&self) -> &'a ScalarRules {
        self.target.behaviour().scalar_rules()
    }

    /// The definition of a map (or of its inner template).
    pub fn map(&self, map: MapRef) -> Option<&'a MapDef> {
        let outer = self.program.maps.get(map.index())?;
        if map.is_inner() {
            outer.inner.as_deref()
        } else {
            Some(outer)
        }
    }
    /// Whether a map's value type is known.
    pub fn map_has_btf(&self, map: MapRef) -> bool {
        self.map(map).is_some_and(|m| m.value_type != 0)
    }
    /// The subprogram that the local call (or function reference) at `insn`
    /// names.
    pub fn callee(&self, insn: usize) -> Option<usize> {
        let rel = match self.ops.get(insn)? {
            Op::Call(Callee::Local(rel)) => *rel,
            Op::LdImm64 {
                src: ImmRef::Func(rel),
                ..
            } => *rel,
            _ => return None,
        };
        let start = u32::try_from(insn as i64 + 1 + i64::from(rel)).ok()?;
        let subprogs = &self.program.subprogs;
        subprogs.binary_search_by_key(&start, |s| s.start).ok()
    }
    /// The program's exception callback.
    pub fn exception_callback(&self) -> Option<usize> {
        self.program.subprogs.iter().position(|s| s.exception_cb)
    }
    /// How many maps the instructions refer to.
    pub fn used_maps(&self) -> usize {
        let mut used: Vec<u32> = self
            .ops
            .iter()
            .filter_map(|op| match op {
                Op::LdImm64 {
                    src: ImmRef::MapIdx(m),
                    ..
                } => Some(*m),
                Op::LdImm64 {
                    src: ImmRef::MapIdxValue { idx, .. },
                    ..
                } => Some(*idx),
                _ => None,
            })
            .collect();
        used.sort_unstable();
        used.dedup();
        used.len()
    }

    /// The program's type; for an extension, that of the program it extends.
    pub fn prog_type(&self) -> ProgType {
        self.program.prog_type
    }

    /// What the program hangs on, as `helpers_spec` names it: a function, a hook,
    /// or the struct and member of a struct_ops program.
    pub fn hook_name(&self) -> Option<alloc::borrow::Cow<'_, str>> {
        self.program.hook_name()
    }

    /// Whether every access must be aligned.
    pub fn strict_alignment(&self) -> bool {
        self.program.prog_flags & F_STRICT_ALIGNMENT != 0
    }

    /// Makes of a nullable pointer what it is once it is known not to be null.
    pub fn known_not_null(&self, reg: &mut Reg) {
        reg.flags = reg.flags.without(Flags::MAYBE_NULL);
        let Kind::MapValue { map, .. } = reg.kind else {
            return;
        };
        let Some(def) = self.map(map) else {
            return;
        };
        if def.inner.is_some() {
            let inner = map.inner();
            let told = btf_record::inner_needs_uid(self, inner);
            reg.kind = Kind::ConstMap {
                map: inner,
                uid: if told { reg.id } else { 0 },
            };
            return;
        }
        match MapType::from_id(def.map_type) {
            Some(MapType::Xskmap) => reg.kind = Kind::XdpSock,
            Some(MapType::Sockmap | MapType::Sockhash) => reg.kind = Kind::Socket,
            _ => {}
        }
    }
}

fn has_arena(program: &Program, ops: &[Op]) -> bool {
    let arena = |map: &MapDef| MapType::from_id(map.map_type) == Some(MapType::Arena);
    let of_arena = |op: &Op| match op {
        Op::LdImm64 {
            src: ImmRef::MapIdx(idx) | ImmRef::MapIdxValue { idx, .. },
            ..
        } => program.maps.get(*idx as usize).is_some_and(arena),
        _ => false,
    };
    program.maps.iter().any(arena) && ops.iter().any(of_arena)
}
