//! Lattices: tnum, ranges, and their product. No instructions, no diagnostics.
//!
//! A scalar is known through five views of one machine word: the bits that are
//! fixed ([`Tnum`]), and its range read as unsigned and as signed, both as the
//! whole word and as its lower half ([`Bounds`]). A value belongs to a `Bounds`
//! when every view admits it:
//!
//! ```text
//! γ(b) = { x | x ∈ γ(tnum), umin ≤ x ≤ umax, smin ≤ s(x) ≤ smax,
//!              u32min ≤ low(x) ≤ u32max, s32min ≤ s(low(x)) ≤ s32max }
//! ```
//!
//! An operation computes each view by its own rule, then `sync` lets the views
//! narrow one another for a fixed number of rounds. Not the best abstraction,
//! on purpose: it must be exactly as precise as the verifier modelled, for a
//! better one would accept programs that the kernel refuses, and would prune,
//! hence count, differently. What differs between kernels is a field of
//! [`ScalarRules`], which a target brings along.
//!
//! Every file is generic in the word's width and in that of its lower half, so
//! that the tests can enumerate words of four to eight bits through the code
//! that runs at 64 ([`Bounds`] is [`Scalar<64, 32>`]). Widths are constants:
//! what they cost at 64 bits is nothing.
//!
//! | file | holds |
//! |---|---|
//! | `tnum` | known bits |
//! | `span` | one width's unsigned and signed range |
//! | `arc` | one width's range as an arc of the circle of values (7.3) |
//! | `bounds` | the product, its order, constructors and printing |
//! | `sync` | the views narrow one another |
//! | `alu`, `divmod` | arithmetic |
//! | `cast` | truncation, sign extension, byte order |
//! | `branch` | does a condition always, or never, hold |
//! | `refine` | what a branch taken teaches |
//! | `legacy` | the same, as kernels before 6.8 did it |
//! | `circular` | arithmetic and refinement over arcs |

mod alu;
mod arc;
mod bounds;
mod branch;
mod cast;
mod circular;
mod divmod;
mod legacy;
mod refine;
mod span;
mod sync;
#[cfg(test)]
mod tests;
mod tnum;

pub use alu::ScalarOp;
pub use bounds::{Bounds, Hole, Scalar};
pub use branch::Cond;
pub use tnum::Tnum;

pub use crate::target::scalars::{BranchRule, Model, MulAlgorithm, ScalarRules};

/// All ones in the low `bits`.
pub(crate) const fn mask(bits: u32) -> u64 {
    if bits == 0 {
        0
    } else {
        u64::MAX >> (64 - bits)
    }
}

/// `x`, whose low `bits` are two's complement.
pub(crate) const fn sign_extend(x: u64, bits: u32) -> i64 {
    ((x << (64 - bits)) as i64) >> (64 - bits)
}

/// The greatest signed value of `bits`.
pub(crate) const fn signed_max(bits: u32) -> i64 {
    (mask(bits) >> 1) as i64
}

/// The least signed value of `bits`.
pub(crate) const fn signed_min(bits: u32) -> i64 {
    !signed_max(bits)
}
