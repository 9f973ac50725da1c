//! Holes of kernels: what a target accepts although it goes wrong.
//!
//! A program that was accepted and whose run faults is a contradiction: of the
//! verdict, of the run, or of the kernel itself. The last only where a row of this
//! table names the check that the target lacks, and the check would have prevented
//! the fault: either the fault is the very one, or with the check the program is
//! refused. Every other fault is ours.

use super::TargetChoice;
use crate::abstract_interp::{self, Input, Verdict};
use crate::helpers_spec::{self, TypeFlags};
use crate::programs::Program;
use crate::programs::insn::{Callee, Op};
use crate::smoke::engine::{Fault, FaultKind};
use crate::target::Behaviour;

/// A check that some kernels lack.
#[derive(Debug)]
pub(super) struct Hole {
    /// What the target doesn't check, as the end of a sentence.
    pub(super) lacks: &'static str,
    check: Check,
}

/// How the check is known to be the one.
#[derive(Debug)]
enum Check {
    /// It is part of a signature that the target doesn't have: where, and the fault.
    Signature(fn(&Place<'_>) -> bool, FaultKind),
    /// It is a behaviour of later kernels: whether the target has it, and the way to
    /// have it.
    Behaviour(fn(&mut Behaviour) -> &mut bool),
}

/// Where a run faulted.
struct Place<'a> {
    program: &'a Program,
    choice: &'a TargetChoice<'a>,
    /// The helper called there.
    helper: Option<u32>,
}

static HOLES: &[Hole] = &[
    Hole {
        lacks: "that a record is given back by the address at which it was reserved",
        check: Check::Signature(|place| place.releases_unsaid(), FaultKind::NotReserved),
    },
    Hole {
        lacks: "that a helper writes only where the program might write",
        check: Check::Behaviour(|b| &mut b.helper_writes_declared),
    },
    Hole {
        lacks: "that a pointer to flow keys was moved",
        check: Check::Behaviour(|b| &mut b.flow_keys_offset_checked),
    },
    Hole {
        lacks: "that a packet pointer found beyond the end may be inside once it moves",
        check: Check::Behaviour(|b| &mut b.moves_clear_packet_end),
    },
    Hole {
        lacks: "that numbers a distance apart are so in a state that covers them, too",
        check: Check::Behaviour(|b| &mut b.links_grouped),
    },
    Hole {
        lacks: "what a pointer that was added to a number still stands for",
        check: Check::Behaviour(|b| &mut b.sums_keep_reference),
    },
];

impl Place<'_> {
    /// Whether the helper's signature on the target doesn't name the argument that
    /// is released, which is then not checked.
    fn releases_unsaid(&self) -> bool {
        let (program, spec) = (self.program, self.choice.target.spec);
        let proto = self.helper.and_then(|id| {
            helpers_spec::helper_proto(id, program.prog_type, program.attach_type, spec)
        });
        proto.is_some_and(|proto| {
            let mut arguments = proto.arguments();
            !arguments.any(|argument| argument.flags.has(TypeFlags::RELEASE))
        })
    }

    /// Whether the target refuses the program once it has the check.
    fn refused_with(&self, check: fn(&mut Behaviour) -> &mut bool) -> bool {
        let mut target = self.choice.target.clone();
        if std::mem::replace(check(&mut target.behaviour), true) {
            return false;
        }
        let verification = abstract_interp::verify(&Input {
            program: self.program,
            target: &target,
            kernel_btf: self.choice.kernel_btf,
        });
        matches!(verification.verdict, Verdict::Reject(_))
    }
}

/// The hole of the target that lets the fault happen, if it is one.
pub(super) fn of(
    program: &Program,
    ops: &[Op],
    choice: &TargetChoice<'_>,
    fault: &Fault,
) -> Option<&'static Hole> {
    let at = usize::try_from(fault.site.insn).ok()?;
    let helper = match ops.get(at).filter(|_| fault.site.program == 0) {
        Some(Op::Call(Callee::Helper(id))) => u32::try_from(*id).ok(),
        _ => None,
    };
    let place = Place {
        program,
        choice,
        helper,
    };
    HOLES.iter().find(|hole| match &hole.check {
        Check::Signature(lacks, kind) => *kind == fault.kind && lacks(&place),
        Check::Behaviour(check) => place.refused_with(*check),
    })
}
