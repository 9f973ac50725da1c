//! May a pointer be moved so, and where does it come to lie?
//!
//! A pointer is a place in an object: a fixed offset `f` and a variable one, of which
//! an interval is known. Adding a number moves it. Whether it may be moved is a table,
//! kind of pointer × how well the number is known (`Reach`); what an operator does to
//! an offset is another (`direction`). Both come before any interval.
//!
//! Offsets are sums, and a sum must never wrap: each distance that goes into one, and
//! the one that comes out, lies strictly within `WINDOW` either way. A distance is
//! the number itself where it is known, the fixed offset, and the lower end of an
//! interval; its upper end shows when the pointer is used.
//!
//! Nothing is moved here: the answer is a [`Move`], which `transfer::pointer` carries out.

#![expect(clippy::result_large_err, reason = "a refusal ends the verification")]

use crate::abstract_interp::domain::{Bounds, ScalarRules};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::Check;
use crate::programs::insn::{AluOp, Src, Width};
use crate::target::Limits;

/// Distances this large, either way, are refused.
const WINDOW: i64 = Limits::VAR_OFF as i64;

/// Which operand is the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `pointer op number`.
    PointerNumber,
    /// `number op pointer`.
    NumberPointer,
}

/// An operation with one pointer and one number.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic {
    /// Flow keys move by known numbers only.
    pub flow_keys_fixed: bool,
    /// The parts of a pointer's offset are one number.
    pub offsets_joined: bool,
    /// No part of an address may become a number.
    pub confined: bool,
    /// Of which width.
    pub width: Width,
    /// Which.
    pub op: AluOp,
    /// The register that gets the result.
    pub dst: u8,
    /// The other operand.
    pub src: Src,
    /// Which operand is the pointer.
    pub order: Order,
}

impl Arithmetic {
    /// What a pointer's own offset puts into a sum.
    fn distances(&self, bounds: &Bounds, off: i32) -> Distances {
        match self.offsets_joined {
            true => Distances::joined(bounds, off),
            false => Distances::of(bounds, off),
        }
    }
}

/// Where a pointer comes to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It stays: reads through it are safe wherever it points.
    Stays,
    /// The result is a number of which nothing is known.
    Lost,
    /// The fixed offset becomes this.
    Fixed(i32),
    /// The variable offset becomes this.
    Variable {
        /// The offset, not yet synchronised.
        bounds: Bounds,
        /// The fixed offset that is left beside it.
        off: i32,
        /// The pointer may have gone on: bytes found from the old place say nothing of
        /// the new one.
        on: bool,
    },
}

/// How far pointers of a kind may be moved, from less to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Not at all.
    Nowhere,
    /// By adding zero.
    Zero,
    /// By a number that is known.
    Known,
    /// By any number.
    Anywhere,
}

impl Reach {
    const fn of(kind: &Kind, flow_keys_fixed: bool) -> Reach {
        match kind {
            Kind::ConstMap { .. } => Reach::Zero,
            Kind::FlowKeys if flow_keys_fixed => Reach::Known,
            Kind::FlowKeys => Reach::Anywhere,
            Kind::Ctx
            | Kind::Stack { .. }
            | Kind::MapKey { .. }
            | Kind::MapValue { .. }
            | Kind::Mem { .. }
            | Kind::Buf
            | Kind::Packet
            | Kind::PacketMeta
            | Kind::TpBuffer
            | Kind::Btf { .. }
            | Kind::Func { .. }
            | Kind::Insn { .. }
            | Kind::ConstDynptr { .. } => Reach::Anywhere,
            _ => Reach::Nowhere,
        }
    }

    /// What moving by a number of which this is known takes.
    fn taken(op: AluOp, known: Option<u64>) -> Reach {
        match known {
            Some(0) if op == AluOp::Add => Reach::Zero,
            Some(_) => Reach::Known,
            None => Reach::Anywhere,
        }
    }
}

/// Which way an operator moves a pointer of a kind; `Err` if it makes no pointer.
fn direction(how: &Arithmetic, kind: &Kind) -> Result<Direction, Fault> {
    match (how.op, how.order) {
        (AluOp::Add, _) => Ok(Direction::Forward),
        (AluOp::Sub, Order::NumberPointer) => Err(Fault::NumberMinusPointer),
        (AluOp::Sub, _) if matches!(kind, Kind::Stack { .. }) => Err(Fault::StackPointerMinus),
        (AluOp::Sub, _) => Ok(Direction::Backward),
        (op @ (AluOp::And | AluOp::Or | AluOp::Xor), _) => Err(Fault::PointerBitwise { op }),
        (op, _) => Err(Fault::PointerOperator { op }),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// The distances that a register puts into a sum: known, fixed, lowest.
struct Distances {
    known: Option<i64>,
    fixed: i64,
    lowest: i64,
}

impl Distances {
    fn of(bounds: &Bounds, off: i32) -> Distances {
        Distances {
            known: bounds.is_const().map(|k| k as i64),
            fixed: off.into(),
            lowest: bounds.smin,
        }
    }

    /// Of a pointer whose offset is one number.
    fn joined(bounds: &Bounds, off: i32) -> Distances {
        let off = i64::from(off);
        let known = bounds.is_const();
        Distances {
            known: None,
            fixed: known.map_or(0, |k| (k as i64).saturating_add(off)),
            lowest: bounds.smin.saturating_add(off),
        }
    }

    /// The first that leaves the window; `held` is the pointer that moves.
    fn leaving(&self, held: Reg) -> Option<Fault> {
        let leaves = |d: &i64| d.checked_abs().is_none_or(|d| d >= WINDOW);
        let known = self.known.filter(leaves);
        let known = known.map(|value| Fault::MathConstant { held, value });
        let fixed = Some(self.fixed).filter(leaves);
        let fixed = fixed.map(|off| Fault::PointerOffset { held, off });
        let lowest = Some(self.lowest).filter(leaves).map(|smin| match smin {
            i64::MIN => Fault::MathUnbounded { held },
            _ => Fault::MathOutside { held, smin },
        });
        known.or(fixed).or(lowest)
    }
}

/// Whether the operands may meet at all; gives the outcome where no distance matters.
pub fn admitted(how: &Arithmetic, ptr: &Reg, num: &Reg) -> Check<Option<Move>> {
    if num.bounds.smin > num.bounds.smax || num.bounds.umin > num.bounds.umax {
        return Ok(Some(Move::Lost));
    }
    if how.width.is32() {
        return match how.op {
            AluOp::Sub if !how.confined => Ok(Some(Move::Lost)),
            _ => refuse_reg(how.dst, Fault::PointerNarrow),
        };
    }
    if ptr.maybe_null() {
        return refuse_reg(how.dst, Fault::PointerMaybeNull { held: *ptr });
    }
    if matches!(ptr.kind, Kind::Mem { .. }) && ptr.flags.has(Flags::UNTRUSTED) {
        return Ok(Some(Move::Stays));
    }
    let known = num.bounds.is_const();
    if Reach::taken(how.op, known) > Reach::of(&ptr.kind, how.flow_keys_fixed) {
        return refuse_reg(how.dst, Fault::PointerFixed { held: *ptr });
    }
    // Where offsets of pointers have a fixed part, the distance by which a number is
    // linked to others lies in its place.
    let linked = if how.offsets_joined { 0 } else { num.off };
    let operands = [
        Distances::of(&num.bounds, linked),
        how.distances(&ptr.bounds, ptr.off),
    ];
    let mut leaving = operands.iter().filter_map(|d| d.leaving(*ptr));
    leaving.next().map_or(Ok(None), refuse)
}

/// Where an operation on a pointer and a number leads.
pub fn moved(how: &Arithmetic, ptr: &Reg, num: &Reg, rules: &ScalarRules) -> Check<Move> {
    let known = num.bounds.is_const();
    let towards = match direction(how, &ptr.kind) {
        Ok(towards) => towards,
        Err(fault) => return refuse_reg(how.dst, fault),
    };
    let moved = place(how, ptr, num, known, towards, rules);
    let result = match &moved {
        Move::Fixed(off) => how.distances(&ptr.bounds, *off),
        Move::Variable { bounds, off, .. } => how.distances(bounds, *off),
        Move::Stays | Move::Lost => return Ok(moved),
    };
    result.leaving(*ptr).map_or(Ok(moved), refuse)
}

/// Where the pointer comes to lie: a known number goes into the fixed offset while that
/// has room, any other into the variable one.
///
/// Where the parts are one number, an offset that isn't known has no fixed part: the
/// ends of a sum are not the sums of ends (40 less 0 to 40 is no less than nothing, 0
/// less 0 to 40 is). A packet pointer keeps its fixed part all the same, for it is
/// what tells it from others with its id; it begins anew with each id.
fn place(
    how: &Arithmetic,
    ptr: &Reg,
    num: &Reg,
    known: Option<u64>,
    towards: Direction,
    rules: &ScalarRules,
) -> Move {
    let backward = towards == Direction::Backward;
    let by = known.map(|k| {
        let k = i128::from(k as i64);
        if backward { -k } else { k }
    });
    let one_number = how.offsets_joined && !ptr.is_packet();
    let keeps_fixed = !one_number || ptr.var_off_is_zero();
    let fixed = by.filter(|_| keeps_fixed);
    let fixed = fixed.and_then(|by| i32::try_from(i128::from(ptr.off) + by).ok());
    if let Some(off) = fixed {
        return Move::Fixed(off);
    }
    let from = match one_number {
        true => ptr.whole_offset(rules),
        false => ptr.bounds,
    };
    Move::Variable {
        bounds: Bounds::pointer_add(&from, &num.bounds, backward, rules),
        off: if one_number { 0 } else { ptr.off },
        on: !backward || num.bounds.smin < 0,
    }
}
