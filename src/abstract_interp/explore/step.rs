//! One instruction: who carries it out.

use crate::abstract_interp::checks::operand;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::transfer::{
    alu, atomic, branch, call, gotox, imm64, kfunc, ld_abs, mem, subprog,
};
use crate::abstract_interp::vm::{Check, Next, Vm};
use crate::programs::insn::{Callee, DecodeFault, Op, Reserved};

impl Vm<'_> {
    pub(super) fn step(&mut self) -> Check<Next> {
        let op = self.op();
        self.aux[self.insn].seen |= !self.cur.mispredicted;
        match op {
            Op::Alu { .. }
            | Op::Neg { .. }
            | Op::MovSx { .. }
            | Op::End { .. }
            | Op::AddrSpaceCast { .. } => alu::step(self, op),
            Op::Load { .. } => mem::load(self, op),
            Op::Store { .. } => mem::store(self, op),
            Op::LoadAcquire { .. } => mem::load_acquire(self, op),
            Op::StoreRelease { .. } => mem::store_release(self, op),
            Op::Atomic { .. } => atomic::step(self, op),
            Op::LdImm64 { .. } => imm64::step(self, op),
            Op::LdAbs { .. } | Op::LdInd { .. } => ld_abs::step(self, op),
            Op::Jmp { .. } | Op::Ja { .. } | Op::MayGoto { .. } => {
                self.explorer.jumps += 1;
                branch::step(self, op)
            }
            Op::Exit => {
                self.explorer.jumps += 1;
                subprog::exit(self)
            }
            Op::Call(callee) => {
                self.explorer.jumps += 1;
                match callee {
                    Callee::Helper(id) => call::helper(self, id),
                    Callee::Local(_) => match self.env.callee(self.insn) {
                        Some(at) => subprog::call_local(self, at),
                        None => refuse(Fault::CallNowhere),
                    },
                    Callee::Kfunc { imm, off } => kfunc::call(self, imm, off),
                }
            }
            Op::LoadArg { off, .. } => mem::argument(off > 0, off),
            Op::StoreArg { off, .. } => mem::argument(off < 0, off),
            Op::CallX { .. } => refuse(Fault::Undecodable {
                fault: DecodeFault::UnknownOpcode(0x8d),
            }),
            Op::Gotox { dst } => {
                self.explorer.jumps += 1;
                gotox::step(self, dst)
            }
            Op::Second => refuse(Fault::JumpIntoWide),
            Op::Invalid(fault) => {
                // What a conditional jump compares is read before its unused fields.
                let slot = self.env.program.insns.get(self.insn);
                if let (DecodeFault::Reserved(Reserved::Jmp), Some(slot)) = (fault, slot) {
                    operand::read_ok(self, slot.dst)?;
                }
                refuse(Fault::Undecodable { fault })
            }
        }
    }
}
