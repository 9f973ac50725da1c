//! Classes of instructions that came after the base set: what a runtime may lack.

use super::insn::{AluOp, AtomicOp, Endness, Op, Width};
use crate::helpers_spec::InsnClass;

/// The classes of an instruction beyond the base.
pub fn classes(op: &Op) -> [Option<InsnClass>; 2] {
    use InsnClass as C;
    let one = |class| [Some(class), None];
    match op {
        Op::Alu {
            op: AluOp::SDiv | AluOp::SMod,
            ..
        } => one(C::Sdiv),
        Op::MovSx { .. } => one(C::Movsx),
        Op::End {
            kind: Endness::Swap,
            ..
        } => one(C::Bswap),
        Op::AddrSpaceCast { .. } => one(C::AddrSpaceCast),
        Op::Load { sx: true, .. } => one(C::Ldsx),
        Op::Atomic { op, fetch, .. } => {
            let class = match op {
                AtomicOp::Add => C::AtomicAdd,
                AtomicOp::And => C::AtomicAnd,
                AtomicOp::Or => C::AtomicOr,
                AtomicOp::Xor => C::AtomicXor,
                AtomicOp::Xchg => return one(C::AtomicXchg),
                AtomicOp::CmpXchg => return one(C::AtomicCmpxchg),
            };
            [Some(class), fetch.then_some(C::AtomicFetch)]
        }
        Op::LoadAcquire { .. } => one(C::LoadAcquire),
        Op::StoreRelease { .. } => one(C::StoreRelease),
        Op::LdAbs { .. } | Op::LdInd { .. } => one(C::LdAbs),
        Op::Jmp { w: Width::W32, .. } => one(C::Jmp32),
        Op::Ja { long: true, .. } => one(C::Gotol),
        Op::Gotox { .. } => one(C::Gotox),
        Op::MayGoto { .. } => one(C::MayGoto),
        _ => [None, None],
    }
}
