//! `kernel-read-without-core`: a field of a kernel structure is read at the
//! offset that the compiler knew, with no relocation to the offset that the
//! running kernel has.
//!
//! Two forms count: a load through a typed kernel pointer, and a probe read of
//! the kernel's memory from a pointer plus a constant. Reads at offset zero don't
//! show, since adding zero leaves no trace; nor does what the compiler computed
//! from a relocated offset.
//!
//! Layouts that never change look the same: the saved registers that system call
//! probes read are left out by the probe's name or the line's text.

use super::facts::{Called, Facts};
use super::flow::{Flow, Root};
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::ProgType;
use crate::helpers_spec::helper;
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const EITHER: &[u32] = &[helper::PROBE_READ, helper::PROBE_READ_STR];
const KERNEL: &[u32] = &[helper::PROBE_READ_KERNEL, helper::PROBE_READ_KERNEL_STR];

/// Larger offsets are no fields.
const LARGEST: i32 = 1 << 15;
/// Where x86 saves the frame pointer in `struct pt_regs`.
const SAVED_FRAME: i16 = 32;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    loads(facts, hits);
    probe_reads(facts, hits);
}

fn loads(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Load { base, off, .. } = *op else {
            continue;
        };
        if off <= 0
            || !matches!(facts.observed.bases(at), [Pointee::Kernel(_)])
            || facts.core_at(at).is_some()
        {
            continue;
        }
        let Some(flow) = facts.flow() else { return };
        if !address_relocated(facts, flow, at, base) {
            hits.push(Hit::at(
                LINT.rule,
                at,
                format!(
                    "a kernel structure is read at the fixed offset {off}, which other kernels place elsewhere"
                ),
            ));
        }
    }
}

fn probe_reads(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let readers = [EITHER, KERNEL].concat();
    let calls: Vec<(usize, u32)> = facts
        .reached_helpers(&readers)
        .map(|(call, id)| (call.insn, id))
        .collect();
    for (insn, id) in calls {
        let Some(flow) = facts.flow() else { return };
        let Some((add, reg, offset)) = constant_add(facts, flow, insn) else {
            continue;
        };
        let kernel = flow.roots(add, reg).iter().all(|root| match root {
            Root::Call(at) => matches!(
                facts.call_at(*at as usize),
                Some(Called::Helper(
                    helper::GET_CURRENT_TASK | helper::GET_CURRENT_TASK_BTF
                ))
            ),
            // The helper says that it is the kernel's.
            Root::Load(at) => KERNEL.contains(&id) && !frame_pointer(facts, *at as usize),
            _ => false,
        });
        if kernel && !saved_registers(facts, insn) {
            hits.push(Hit::at(
                LINT.rule,
                insn,
                format!(
                    "a kernel structure is read at the fixed offset {offset}, which other kernels place elsewhere"
                ),
            ));
        }
    }
}

/// Whether a load is of the saved frame pointer: what lies there is no structure.
fn frame_pointer(facts: &Facts<'_>, at: usize) -> bool {
    facts.program.prog_type == ProgType::Kprobe
        && facts.observed.bases(at) == [Pointee::Ctx]
        && matches!(
            facts.ops.get(at),
            Some(Op::Load {
                off: SAVED_FRAME,
                ..
            })
        )
}

/// The addition of a constant, unrelocated, that makes the third argument: where
/// it is, the register and the constant.
fn constant_add(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize) -> Option<(usize, u8, i32)> {
    let (mut at, mut reg) = (insn, 3);
    for _ in 0..4 {
        at = flow.def(at, reg)?;
        match *facts.ops.get(at)? {
            Op::Alu {
                op: AluOp::Mov,
                src: Src::Reg(from),
                ..
            } => reg = from,
            Op::Alu {
                op: AluOp::Add,
                src: Src::Imm(imm),
                ..
            } if (1..LARGEST).contains(&imm)
                && facts.core_at(at).is_none()
                && !address_relocated(facts, flow, at, reg) =>
            {
                return Some((at, reg, imm));
            }
            _ => return None,
        }
    }
    None
}

/// The third argument comes from saved registers, whose layout is the machine's.
fn saved_registers(facts: &Facts<'_>, insn: usize) -> bool {
    let hook = facts.program.attach_to.as_deref().unwrap_or("");
    let text = facts
        .program
        .line_at(insn as u32)
        .map_or("", |l| &*l.info.text);
    hook.contains("sys_")
        || facts.program.section.contains("sys_")
        || text.contains("regs")
        || text.contains("REGS")
}

/// Whether a relocation took part in making an address since the pointer that it
/// starts from was read. What can't be followed counts as relocated.
fn address_relocated(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize, reg: u8) -> bool {
    let mut work = vec![(insn, reg)];
    let mut steps = 0;
    while let Some((insn, reg)) = work.pop() {
        steps += 1;
        let Some(at) = flow.def(insn, reg).filter(|_| steps < 24) else {
            return true;
        };
        let Some(op) = facts.ops.get(at) else {
            return true;
        };
        let arithmetic = matches!(op, Op::Alu { .. } | Op::LdImm64 { .. });
        if arithmetic && facts.core_at(at).is_some() {
            return true;
        }
        if let Op::Alu { op, dst, src, .. } = *op {
            if op != AluOp::Mov {
                work.push((at, dst));
            }
            if let Src::Reg(src) = src {
                work.push((at, src));
            }
        }
    }
    false
}
