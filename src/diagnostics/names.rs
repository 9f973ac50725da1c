//! Names for what instructions refer to, and the few facts about calls that the
//! story of a value needs.

use crate::helpers_spec::{
    self, AttachType, CtxKind, HelperProto, KfFlags, KfRole, SpecVersion, TypeFlags,
};
use crate::object::Type;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::disasm::{self, Dialect, Names};
use crate::programs::insn::{Callee, Op, Size};

/// The names that a program knows, for its disassembly.
pub struct ProgramNames<'a>(pub &'a Program);

impl Names for ProgramNames<'_> {
    fn helper(&self, id: i32) -> Option<String> {
        u32::try_from(id)
            .ok()
            .and_then(helpers_spec::helper_name)
            .map(str::to_owned)
    }

    fn kfunc(&self, imm: i32, _off: i16) -> Option<String> {
        self.0
            .kfuncs
            .get(usize::try_from(imm).ok()?)
            .map(|k| k.name.to_string())
    }

    fn map(&self, idx: u32) -> Option<String> {
        self.0.maps.get(idx as usize).map(|m| m.name.to_string())
    }

    fn function(&self, slot: usize) -> Option<String> {
        self.0.function_from(slot).map(|s| s.name.to_string())
    }
}

/// One instruction of a program as text, with names.
pub fn instruction(program: &Program, ops: &[Op], insn: usize) -> String {
    ops.get(insn).map_or_else(String::new, |op| {
        disasm::disasm_with(op, insn, Dialect::Llvm, &ProgramNames(program))
    })
}

/// A called function's name.
pub(super) fn callee(program: &Program, callee: Callee, insn: usize) -> String {
    match callee {
        Callee::Helper(id) => u32::try_from(id)
            .ok()
            .and_then(helpers_spec::helper_name)
            .map_or_else(|| format!("helper {id}"), str::to_owned),
        Callee::Local(rel) => {
            let start = insn as i64 + 1 + i64::from(rel);
            usize::try_from(start)
                .ok()
                .and_then(|start| program.function_from(start))
                .map_or_else(|| "a function".to_owned(), |s| s.name.to_string())
        }
        Callee::Kfunc { imm, .. } => usize::try_from(imm)
            .ok()
            .and_then(|i| program.kfuncs.get(i))
            .map_or_else(|| format!("kernel function {imm}"), |k| k.name.to_string()),
    }
}

/// A map's name.
pub(super) fn map(program: &Program, index: u32) -> String {
    program
        .maps
        .get(index as usize)
        .map_or_else(|| format!("#{index}"), |m| m.name.to_string())
}

/// Facts of the newest series serve for every target: they only word a story.
pub(super) const FACTS: SpecVersion = SpecVersion::NEWEST;

/// The name of a context field.
pub(super) fn ctx_field(program: &Program, off: i16) -> Option<&'static str> {
    let off = u32::try_from(off).ok()?;
    helpers_spec::ctx_access(program.prog_type, program.attach_type, FACTS)?.field_name(off)
}

/// What a load from the context reads, in words: a field, or an argument of the
/// hooked function where the context is an array of those.
pub(super) fn ctx_part(program: &Program, off: i16) -> Option<String> {
    use crate::helpers_spec::ProgType as P;
    let field = ctx_field(program, off).filter(|f| !f.is_empty());
    if let Some(field) = field.or_else(|| iterated(program, off)) {
        return Some(format!("the context's `{field}`"));
    }
    let arguments = matches!(
        program.prog_type,
        P::Tracing | P::RawTracepoint | P::RawTracepointWritable | P::StructOps | P::Lsm
    );
    (arguments && off >= 0 && off % 8 == 0).then(|| format!("argument {} of the hook", off / 8 + 1))
}

/// The member of an iterator's context, which is a structure.
fn iterated(program: &Program, off: i16) -> Option<&str> {
    if program.attach_type != Some(AttachType::TraceIter) {
        return None;
    }
    let btf = program.btf.as_deref()?;
    let Type::Func { proto, .. } = btf.ty(program.subprogs.first()?.func_type)? else {
        return None;
    };
    let Type::FuncProto { params, .. } = btf.ty(proto)? else {
        return None;
    };
    let Type::Ptr { to } = btf.ty(btf.skip_mods_typedefs(params.iter().next()?.ty))? else {
        return None;
    };
    let Type::Struct(c) = btf.ty(btf.skip_mods_typedefs(to))? else {
        return None;
    };
    let bits = u32::try_from(off).ok()?.checked_mul(8)?;
    let member = c.members.iter().find(|m| m.bit_offset == bits)?;
    (!member.name.is_empty()).then_some(member.name)
}

/// What a load of a context field gives, if it is an address of the packet.
pub(super) fn packet_part(program: &Program, off: i16) -> Option<CtxKind> {
    let layout = helpers_spec::ctx_access(program.prog_type, program.attach_type, FACTS)?;
    let off = u32::try_from(off).ok()?;
    let access = |size| layout.access(off, size, false).map(|f| f.kind);
    access(4).into_iter().chain(access(8)).find(|kind| {
        matches!(
            kind,
            CtxKind::Packet | CtxKind::PacketMeta | CtxKind::PacketEnd
        )
    })
}

/// The context field that holds an address of the packet: name, offset and size.
pub(super) fn packet_field(program: &Program, kind: CtxKind) -> Option<(&'static str, i16, Size)> {
    let layout = helpers_spec::ctx_access(program.prog_type, program.attach_type, FACTS)?;
    layout.fields().iter().find_map(|&(name, off, bytes)| {
        let off = i16::try_from(off).ok()?;
        let size = if bytes == 8 { Size::DW } else { Size::W };
        (packet_part(program, off) == Some(kind)).then_some((name, off, size))
    })
}

/// The offsets of context fields that hold addresses of the packet.
pub(super) fn packet_fields(program: &Program) -> Vec<i16> {
    [CtxKind::Packet, CtxKind::PacketMeta, CtxKind::PacketEnd]
        .into_iter()
        .filter_map(|kind| Some(packet_field(program, kind)?.1))
        .collect()
}

fn helper(callee: Callee) -> Option<&'static HelperProto> {
    match callee {
        Callee::Helper(id) => helpers_spec::helper_main(u32::try_from(id).ok()?, FACTS),
        _ => None,
    }
}

/// A called kernel function's flags.
fn kfunc_flags(program: &Program, callee: Callee) -> KfFlags {
    let Callee::Kfunc { imm, .. } = callee else {
        return KfFlags::NONE;
    };
    let kfunc = usize::try_from(imm)
        .ok()
        .and_then(|i| program.kfuncs.get(i));
    kfunc
        .and_then(|k| helpers_spec::kfunc(&k.name, FACTS))
        .map_or(KfFlags::NONE, |spec| spec.flags_for(program.prog_type))
}

/// Whether a function's result may be NULL.
pub(super) fn may_return_null(program: &Program, callee: Callee) -> bool {
    helper(callee).is_some_and(|h| h.ret.flags.contains(TypeFlags::MAYBE_NULL))
        || kfunc_flags(program, callee).contains(KfFlags::RET_NULL)
}

/// Whether a call may move the packet, which voids pointers into it.
pub(super) fn moves_packet(program: &Program, callee: Callee) -> bool {
    helper(callee).is_some_and(|h| h.changes_pkt_data)
        || matches!(callee, Callee::Kfunc { imm, .. } if usize::try_from(imm)
            .ok()
            .and_then(|i| program.kfuncs.get(i))
            .is_some_and(|k| helpers_spec::kfunc_role(&k.name) == KfRole::ChangesPacket))
}

/// Whether a call may sleep.
pub(super) fn may_sleep(program: &Program, callee: Callee) -> bool {
    helper(callee).is_some_and(|h| h.might_sleep)
        || kfunc_flags(program, callee).contains(KfFlags::SLEEPABLE)
}

/// Whether a call's result must be released.
pub(super) fn acquires(program: &Program, callee: Callee) -> bool {
    helper(callee).is_some_and(|h| h.acquire && h.name != "bpf_map_lookup_elem")
        || kfunc_flags(program, callee).contains(KfFlags::ACQUIRE)
}

/// Whether a call releases its argument.
pub(super) fn releases(program: &Program, callee: Callee) -> bool {
    helper(callee).is_some_and(|h| h.release)
        || kfunc_flags(program, callee).contains(KfFlags::RELEASE)
}
