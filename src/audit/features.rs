//! Instructions and features of the verifier that a program uses.
//!
//! Older kernels look through a program for instructions that they don't know
//! before they follow it, so most of these are needed even where control never
//! goes. Signed division and the sign-extending move share opcodes with old
//! instructions and are found only when they are reached.

use alloc::collections::BTreeMap;

use super::model::Feature;
use super::oldest::Need;
use super::reach;
use super::sites::Sites;
use crate::cfg::Cfg;
use crate::helpers_spec::{Known, SinceKind, since};
use crate::object::{Btf, MapOrigin, Type};
use crate::prelude::*;
use crate::programs::insn::{AluOp, AtomicOp, Callee, Endness, ImmRef, JmpOp, Op, Size, Width};
use crate::programs::{KsymRef, Program};

/// Instruction kinds: name, row of `since.tsv`, version of the instruction set,
/// and whether it is met only when it is reached.
struct Kind(&'static str, &'static str, u8, bool);

fn kind_of(op: &Op) -> Option<Kind> {
    let alu32 = Kind("alu32", "alu32", 3, true);
    Some(match *op {
        Op::Alu { op, w, .. } => match op {
            AluOp::SDiv => Kind("sdiv", "sdiv", 4, true),
            AluOp::SMod => Kind("smod", "smod", 4, true),
            _ if w == Width::W32 => alu32,
            _ => return None,
        },
        Op::Neg { w: Width::W32, .. } => alu32,
        Op::MovSx { .. } => Kind("movsx", "movsx", 4, true),
        Op::End {
            kind: Endness::Swap,
            ..
        } => Kind("bswap", "bswap", 4, false),
        Op::AddrSpaceCast { .. } => Kind("addr_space_cast", "addr_space_cast", 5, true),
        Op::Load { sx: true, .. } => Kind("ldsx", "ldsx", 4, false),
        Op::Atomic {
            size: Size::B | Size::H,
            ..
        } => Kind("atomic_narrow", "atomic_narrow", 5, false),
        Op::Atomic { op, fetch, .. } => match (op, fetch) {
            (AtomicOp::Add, false) => Kind("atomic_add", "xadd", 1, false),
            (AtomicOp::Add, true) => Kind("atomic_fetch_add", "atomic_fetch", 3, false),
            (AtomicOp::And, false) => Kind("atomic_and", "atomic_fetch", 3, false),
            (AtomicOp::And, true) => Kind("atomic_fetch_and", "atomic_fetch", 3, false),
            (AtomicOp::Or, false) => Kind("atomic_or", "atomic_fetch", 3, false),
            (AtomicOp::Or, true) => Kind("atomic_fetch_or", "atomic_fetch", 3, false),
            (AtomicOp::Xor, false) => Kind("atomic_xor", "atomic_fetch", 3, false),
            (AtomicOp::Xor, true) => Kind("atomic_fetch_xor", "atomic_fetch", 3, false),
            (AtomicOp::Xchg, _) => Kind("atomic_xchg", "atomic_fetch", 3, false),
            (AtomicOp::CmpXchg, _) => Kind("atomic_cmpxchg", "atomic_fetch", 3, false),
        },
        Op::LoadAcquire { .. } => Kind("load_acquire", "load_acquire", 5, false),
        Op::StoreRelease { .. } => Kind("store_release", "store_release", 5, false),
        Op::Jmp { w: Width::W32, .. } => Kind("jmp32", "jmp32", 3, false),
        Op::Jmp {
            op: JmpOp::Lt | JmpOp::Le | JmpOp::Slt | JmpOp::Sle,
            ..
        } => Kind("jlt", "jlt", 2, false),
        Op::Ja { long: true, .. } => Kind("gotol", "gotol", 4, false),
        Op::MayGoto { .. } => Kind("may_goto", "may_goto", 5, false),
        Op::Gotox { .. } => Kind("gotox", "gotox", 5, false),
        _ => return None,
    })
}

/// What a program uses, and the version of the instruction set.
pub struct Used {
    /// Instructions, then features, by name.
    pub features: Vec<Feature>,
    /// 1 to 4; 5 for what came after version 4.
    pub isa: u8,
    /// What they ask of a kernel.
    pub needs: Vec<Need>,
}

/// Collects them.
pub fn used(program: &Program, ops: &[Op], cfg: Option<&Cfg>, sites: &Sites<'_>) -> Used {
    let mut kinds: BTreeMap<&'static str, (Kind, Vec<usize>)> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        if let Some(kind) = kind_of(op) {
            let entry = kinds.entry(kind.0).or_insert((kind, Vec::new()));
            entry.1.push(at);
        }
    }
    let mut used = Used {
        features: Vec::new(),
        isa: 1,
        needs: Vec::new(),
    };
    for (Kind(name, row, isa, reached), insns) in kinds.into_values() {
        let known = since(SinceKind::Insn, row).map(Known::exactly);
        used.isa = used.isa.max(isa);
        used.needs.push(Need {
            what: format!("instruction {name}").into(),
            known,
            insns: if reached { insns.clone() } else { Vec::new() },
            at_attach: false,
        });
        used.features.push(Feature {
            name,
            is_insn: true,
            known,
            sites: insns.iter().map(|i| sites.at(*i)).collect(),
        });
    }
    for (name, insns, counts) in features(program, ops, cfg) {
        let known = since(SinceKind::Feature, name).map(Known::exactly);
        if counts {
            used.needs.push(Need {
                what: format!("feature {name}").into(),
                known,
                insns: if name == "bounded_loops" {
                    insns.clone()
                } else {
                    Vec::new()
                },
                at_attach: false,
            });
        }
        used.features.push(Feature {
            name,
            is_insn: false,
            known,
            sites: insns.iter().map(|i| sites.at(*i)).collect(),
        });
    }
    used
}

/// Features by name: where, and whether older kernels refuse the program for it
/// (loaders make global functions static where kernels know none).
fn features(
    program: &Program,
    ops: &[Op],
    cfg: Option<&Cfg>,
) -> Vec<(&'static str, Vec<usize>, bool)> {
    let all = |wanted: &dyn Fn(&Op) -> bool| -> Vec<usize> {
        let slots = ops.iter().enumerate();
        slots.filter(|(_, op)| wanted(op)).map(|(i, _)| i).collect()
    };
    let mut found: Vec<(&'static str, Vec<usize>, bool)> = Vec::new();
    let mut add = |name, insns: Vec<usize>, counts| {
        if !insns.is_empty() {
            found.push((name, insns, counts));
        }
    };
    add(
        "bpf_to_bpf_calls",
        all(&|op| matches!(op, Op::Call(Callee::Local(_)))),
        true,
    );
    add(
        "callbacks",
        all(&|op| {
            matches!(
                op,
                Op::LdImm64 {
                    src: ImmRef::Func(_),
                    ..
                }
            )
        }),
        true,
    );
    let called: Vec<(usize, usize)> = ops
        .iter()
        .enumerate()
        .filter_map(|(at, op)| Some((at, reach::callee(at, op)?)))
        .collect();
    let calls_of = |wanted: &dyn Fn(&crate::programs::Subprog) -> bool| -> Vec<usize> {
        let subprog = |start: usize| program.function_from(start);
        let hits = called
            .iter()
            .filter(|(_, start)| subprog(*start).is_some_and(wanted));
        hits.map(|(at, _)| *at).collect()
    };
    add("global_functions", calls_of(&|s| s.global), false);
    let btf = program.btf.as_deref();
    add(
        "global_function_pointers",
        calls_of(&|s| s.global && btf.is_some_and(|b| takes_pointers(b, s.func_type))),
        true,
    );
    add("exceptions", exception_calls(program, ops), true);
    add(
        "bounded_loops",
        cfg.map_or_else(Vec::new, loop_headers),
        true,
    );
    let data = |i: u32| {
        let map = program.maps.get(i as usize);
        map.is_some_and(|m| m.is_data() || m.kind == MapOrigin::Btf)
    };
    add(
        "global_data",
        all(
            &|op| matches!(op, Op::LdImm64 { src: ImmRef::MapIdxValue { idx, .. }, .. } if data(*idx)),
        ),
        true,
    );
    let typed =
        |i: i32| -> Option<&KsymRef> { usize::try_from(i).ok().and_then(|i| program.ksyms.get(i)) };
    add(
        "typed_ksyms",
        all(&|op| {
            matches!(op, Op::LdImm64 { src: ImmRef::BtfId { imm, .. }, .. }
                if typed(*imm).is_some_and(|k| !k.weak))
        }),
        true,
    );
    let has_subprogs = program.subprogs.len() > 1;
    add(
        "tail_calls_in_subprograms",
        all(&|op| matches!(op, Op::Call(Callee::TAIL_CALL)))
            .into_iter()
            .filter(|_| has_subprogs)
            .collect(),
        true,
    );
    let large = since(SinceKind::Feature, "large_program").is_some() && program.insns.len() > 4096;
    add(
        "large_program",
        large.then_some(0).into_iter().collect(),
        true,
    );
    found.sort_by_key(|f| f.0);
    found
}

fn exception_calls(program: &Program, ops: &[Op]) -> Vec<usize> {
    let throws = |imm: i32| {
        let k = usize::try_from(imm)
            .ok()
            .and_then(|i| program.kfuncs.get(i));
        k.is_some_and(|k| &*k.name == "bpf_throw")
    };
    let slots = ops.iter().enumerate();
    slots
        .filter(|(_, op)| matches!(op, Op::Call(Callee::Kfunc { imm, .. }) if throws(*imm)))
        .map(|(at, _)| at)
        .collect()
}

/// Sources of edges back to a slot that they may be reached from.
fn loop_headers(cfg: &Cfg) -> Vec<usize> {
    let mut headers = Vec::new();
    for subprog in 0..cfg.subprogs().len() {
        let blocks = cfg.blocks(subprog);
        for (header, _) in blocks.loops() {
            if let Some(block) = blocks.graph.node_weight(header) {
                headers.push(block.start as usize);
            }
        }
    }
    headers
}

/// Whether a global function takes the context: kernels then look its type up in their own
/// types.
pub fn takes_context(program: &Program) -> bool {
    let Some(btf) = program.btf.as_deref() else {
        return false;
    };
    let own = crate::helpers_spec::prog_type_facts(program.prog_type);
    let context = own.and_then(|f| f.ctx.strip_prefix("struct "));
    let is_context = |ty: u32| match btf.ty(btf.skip_mods_typedefs(ty)) {
        Some(Type::Ptr { to }) => {
            let to = btf.skip_mods_typedefs(to);
            context.is_some_and(|name| name == btf.name(to))
        }
        _ => false,
    };
    program.subprogs.iter().filter(|s| s.global).any(|s| {
        let Some(Type::Func { proto, .. }) = btf.ty(s.func_type) else {
            return false;
        };
        match btf.ty(proto) {
            Some(Type::FuncProto { params, .. }) => params.iter().any(|p| is_context(p.ty)),
            _ => false,
        }
    })
}

/// Whether a function takes pointers to anything but a context or other struct
/// that kernels before 5.12 could pass.
fn takes_pointers(btf: &Btf, func: u32) -> bool {
    let proto = match btf.ty(func) {
        Some(Type::Func { proto, .. }) => proto,
        _ => return false,
    };
    let Some(Type::FuncProto { params, .. }) = btf.ty(proto) else {
        return false;
    };
    params.iter().any(|p| {
        let ty = btf.skip_mods_typedefs(p.ty);
        match btf.ty(ty) {
            Some(Type::Ptr { to }) => {
                // A typedef hides the registers, whose structure depends on the machine.
                let named = btf.name(btf.skip_mods(to));
                let to = btf.skip_mods_typedefs(to);
                let registers = ["bpf_user_pt_regs_t", "user_pt_regs", "pt_regs"];
                let is_registers = [named, btf.name(to)].iter().any(|n| registers.contains(n));
                let is_context = is_registers
                    || btf.ty(to).is_some_and(|t| t.composite().is_some())
                        && crate::helpers_spec::ProgType::ALL.iter().any(|t| {
                            crate::helpers_spec::prog_type_facts(*t).is_some_and(|f| {
                                f.ctx.strip_prefix("struct ") == Some(btf.name(to))
                            })
                        });
                !is_context
            }
            _ => false,
        }
    })
}
