//! Holes of kernels: what a target accepts although it goes wrong.
//!
//! A program that was accepted and whose run faults is a contradiction: of the
//! verdict, of the run, or of the kernel itself. The last only where a row of this
//! table names the check that the target lacks, and the fault is the one that the
//! check would have prevented. Every other fault is ours.

use crate::helpers_spec::{self, TypeFlags};
use crate::programs::Program;
use crate::programs::insn::{Callee, Op};
use crate::smoke::engine::{Fault, FaultKind};
use crate::smoke::memory::Denied;
use crate::target::Target;

/// A check that some kernels lack.
#[derive(Debug)]
pub(super) struct Hole {
    /// What the target doesn't check, as the end of a sentence.
    pub(super) lacks: &'static str,
    explains: fn(&Place<'_>, &FaultKind) -> bool,
}

/// Where a run faulted.
struct Place<'a> {
    program: &'a Program,
    target: &'a Target,
    /// The helper called there.
    helper: Option<u32>,
}

static HOLES: &[Hole] = &[
    Hole {
        lacks: "that a released record is given back by the address at which it was reserved",
        explains: |place, fault| *fault == FaultKind::NotReserved && !place.says_what_is_released(),
    },
    Hole {
        lacks: "that a helper writes only where the program might write",
        explains: |place, fault| {
            let read_only = matches!(fault, FaultKind::Memory(e) if e.why == Denied::ReadOnly);
            read_only && place.helper.is_some() && !place.target.behaviour.helper_writes_declared
        },
    },
];

impl Place<'_> {
    /// Whether the helper's signature on the target names the argument that is
    /// released, which is then checked.
    fn says_what_is_released(&self) -> bool {
        let (program, spec) = (self.program, self.target.spec);
        let proto = self.helper.and_then(|id| {
            helpers_spec::helper_proto(id, program.prog_type, program.attach_type, spec)
        });
        proto.is_none_or(|proto| {
            let mut arguments = proto.arguments();
            arguments.any(|argument| argument.flags.has(TypeFlags::RELEASE))
        })
    }
}

/// The hole of the target that lets the fault happen, if it is one.
pub(super) fn of(
    program: &Program,
    ops: &[Op],
    target: &Target,
    fault: &Fault,
) -> Option<&'static Hole> {
    let at = usize::try_from(fault.site.insn).ok()?;
    let helper = match ops.get(at).filter(|_| fault.site.program == 0) {
        Some(Op::Call(Callee::Helper(id))) => u32::try_from(*id).ok(),
        _ => None,
    };
    let place = Place {
        program,
        target,
        helper,
    };
    HOLES
        .iter()
        .find(|hole| (hole.explains)(&place, &fault.kind))
}
