//! Structural faults as violations.

use crate::abstract_interp::violation::{Code, Violation};
use crate::cfg::Fault;
use crate::programs::insn::DecodeFault;

/// The violation of a fault of the program's structure.
pub fn violation(fault: &Fault) -> Box<Violation> {
    let code = match fault {
        Fault::Empty | Fault::TooLarge { .. } => Code::ProgramTooLarge,
        Fault::CallNotAllowed { .. } => Code::Privilege,
        Fault::CallOutOfRange { .. } => Code::CallDestination,
        Fault::TooManySubprogs { .. } => Code::TooManySubprogs,
        Fault::CallRefused { .. } => Code::Kfunc,
        Fault::JumpOutOfRange { .. }
        | Fault::IntoWide { .. }
        | Fault::NoJumpTable { .. }
        | Fault::JumpTableRange { .. } => Code::JumpOutOfRange,
        Fault::FallThrough { .. } => Code::FallThrough,
        Fault::Decode { fault, .. } => decode_code(fault),
        Fault::Unreachable { .. } => Code::UnreachableInsn,
        Fault::BackEdge { .. } => Code::BackEdge,
    };
    Violation::new(code, fault.to_string()).at(fault.insn() as usize)
}

/// The code of an instruction without meaning.
pub fn decode_code(fault: &DecodeFault) -> Code {
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
