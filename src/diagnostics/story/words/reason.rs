//! Why the kernel insists, of this very claim.

use crate::diagnostics::story::{Claim, Voided};
use crate::prelude::*;

/// One more sentence for a headline; the page's where there is none.
pub(in crate::diagnostics) fn reason(claim: &Claim) -> Option<String> {
    let text = match claim {
        Claim::MayBeNull { moved: true, .. } => {
            "A moved NULL would be NULL no more, and pass any check after."
        }
        Claim::MayBeNull { .. } => {
            "An address may be followed only after a comparison has shown that it is not NULL."
        }
        Claim::IsNull { .. } => {
            "The verifier follows every path: on this one no other value was put there."
        }
        Claim::Stale {
            how: Voided::Packet,
            ..
        } => {
            "After a call that may move the packet, every pointer into it counts as a plain number; comparisons made before say nothing of the new packet."
        }
        Claim::Stale {
            how: Voided::Released | Voided::Parent,
            ..
        } => "What is given back may be freed at once, by anyone.",
        Claim::Stale {
            how: Voided::Dynptr,
            ..
        } => "A slice is valid as long as its dynptr is, and until the data behind it may move.",
        Claim::Stale {
            how: Voided::Section,
            ..
        } => "Outside of the section the object may be freed at any time.",
        Claim::KernelAddress { .. } => {
            "Only memory of which type and size are known may be followed; any other address needs a helper that survives a fault."
        }
        Claim::PlainNumber { .. } => "Only a pointer whose memory is known may be followed.",
        Claim::PacketShort { compared: true, .. } => {
            "Bytes count as there up to where the comparison with `data_end` reached."
        }
        Claim::PacketShort {
            compared: false, ..
        } => {
            "A packet has any length: an access needs a comparison with `data_end` on this path, by the same pointer."
        }
        Claim::PacketFar { .. } => {
            "The verifier takes nothing from a comparison when the offset could exceed that."
        }
        Claim::Outside { .. } => {
            "Every byte of an access must be shown to lie inside, for the least and the greatest offset."
        }
        Claim::Unbounded { .. } => {
            "A number that is added to a pointer needs both bounds: a comparison with a constant on every way, after it is last changed."
        }
        Claim::WrongKind { .. } => {
            "The function follows what it is given without a check of its own."
        }
        Claim::Returns { .. } => "The kernel acts on the number, and has no meaning for others.",
        Claim::Sleeps { .. } => "It runs where the kernel cannot switch to another task.",
        Claim::NotForType { .. } => {
            "Each type of program has its own list of functions that are safe where it runs."
        }
        Claim::ContextField { .. } => {
            "Each type of program sees certain fields of its context, each with a size and direction."
        }
        Claim::StillOpen { callee: None, .. } => {
            "What is begun must be ended on every way, in the same function."
        }
        Claim::StillOpen {
            opened,
            callee: Some(callee),
            ..
        } if opened == callee => {
            "Who waits for a lock of its own waits for ever; with two locks others may wait the other way round."
        }
        Claim::StillOpen { opened, .. } if opened.contains("spin_lock") => {
            "Others wait while a lock is held: only a few functions, which are short and take no lock, may be called meanwhile."
        }
        Claim::StillOpen { sleeps: false, .. } => {
            "Where the call leaves the program, nothing behind it runs: the section would not end."
        }
        Claim::StillOpen { .. } => {
            "The function may sleep, and nothing may sleep inside of such a section."
        }
        Claim::PacketBeyond { .. } => {
            "On the other way of the same comparison the bytes are there."
        }
        Claim::Unwritten { written: 1.., .. } => {
            "Members may be set one by one, but padding between them is set by none; it would show what the stack held before."
        }
        Claim::Unwritten { .. } => "It would show what the stack held before.",
        Claim::TooLong { .. } => {
            "The function accesses as many bytes as the length says; the greatest that it may be must fit."
        }
        Claim::NegativeLength { unsigned: true, .. } => {
            "A number of 64 bits that may be so great counts as one that may be negative."
        }
        Claim::NegativeLength { .. } => "A negative length would be an enormous one.",
        Claim::ZeroLength { .. } => "The function takes memory of at least one byte.",
        Claim::Leak { .. } => "What is never given back stays in the kernel's memory for ever.",
        Claim::StackChain { .. } => {
            "All frames of a chain lie on the kernel's stack at the same time; each is rounded up to 32 bytes, or 16."
        }
        Claim::StackObject { .. } => {
            "What lies in them belongs to the kernel: programs reach it by its functions only."
        }
        Claim::NeverSet {
            parameter: Some(_), ..
        } => "Programs are entered with the context in R1 and nothing else.",
        _ => return None,
    };
    Some(text.to_owned())
}
