//! Structural faults as refusals.

use crate::abstract_interp::codes::Code;
use crate::abstract_interp::refusal::{Fault, Refusal};
use crate::cfg;
use crate::prelude::*;
use crate::programs::insn::DecodeFault;

/// The refusal of a fault of the program's structure.
pub fn refusal(fault: &cfg::Fault) -> Box<Refusal> {
    Refusal::new(of(fault)).at(fault.insn() as usize)
}

fn of(fault: &cfg::Fault) -> Fault {
    use cfg::Fault as Structure;
    match *fault {
        Structure::Empty => Fault::NoInstructions,
        Structure::TooLarge { insns, max } => Fault::TooManySlots {
            count: insns as u64,
            limit: max as u64,
        },
        Structure::CallNotAllowed { .. } => Fault::CallsPrivileged,
        Structure::CallOutOfRange { target, .. } => Fault::CallOutside { target },
        Structure::TooManySubprogs { max, .. } => Fault::TooManyFunctions { limit: max as u64 },
        Structure::CallRefused { .. } => Fault::CallRefused,
        Structure::JumpOutOfRange { target, .. } => Fault::JumpOutside { target },
        Structure::IntoWide { .. } => Fault::JumpIntoWide,
        Structure::NoJumpTable { .. } => Fault::NoJumpTable,
        Structure::JumpTableRange { target, .. } => Fault::JumpTableOutside {
            target: target.into(),
        },
        Structure::FallThrough { .. } => Fault::RunsOffEnd,
        Structure::Decode { fault, .. } => Fault::Undecodable { fault },
        Structure::Unreachable { .. } => Fault::Unreachable,
        Structure::BackEdge { target, .. } => Fault::BackEdge {
            target: target.into(),
        },
    }
}

/// The code of an instruction without meaning.
pub const fn decode_code(fault: DecodeFault) -> Code {
    match fault {
        DecodeFault::UnknownOpcode(_) => Code::UnknownOpcode,
        DecodeFault::Reserved(_) => Code::ReservedField,
        DecodeFault::Register(_) => Code::InvalidRegister,
        DecodeFault::AtomicOp(_) | DecodeFault::AtomicSize => Code::Atomic,
        DecodeFault::AddrSpaceCast(_) => Code::Arena,
        DecodeFault::LdImm64Pair | DecodeFault::LdImm64Source(_) => Code::UnknownOpcode,
        DecodeFault::MayGoto(_) => Code::InvalidOpcode,
    }
}
