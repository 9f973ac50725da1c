//! Values as expressions over what can be stated, and what the sources of one must be
//! for it to become another.
//!
//! An expression is a node of an arena: a source, or an operation on nodes and numbers.
//! Evaluating gives f(s) for other sources s; inverting looks for s with f(s) = wanted,
//! from the result back through each operation, and leaves bits that it need not touch
//! as they are. Inversion is a guess where an operation loses bits: whoever uses it
//! evaluates again.

use std::cell::Cell;

use super::super::semantics as sem;
use crate::programs::insn::{AluOp, Endness, Width};

/// Names a node.
pub type Node = u32;
/// Deepest expression that is looked into.
const MAX_DEPTH: u32 = 48;
/// Nodes looked at for one question: operands are shared, so that there are far more ways
/// down an expression than it has nodes.
const MAX_STEPS: u32 = 2000;
/// Nodes looked at for all questions about a run: some milliseconds.
pub const MAX_ALL_STEPS: u32 = 1 << 19;

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A node.
    Of(Node),
    /// A number, or an address.
    Const(u64),
}

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub enum Expr {
    /// So many bytes of a source, by its number.
    Source { source: u32, size: u8 },
    /// Arithmetic.
    Alu { w: Width, op: AluOp, a: Arg, b: Arg },
    /// Bytes the other way round, or cut.
    End { kind: Endness, bits: u8, a: Node },
    /// Sign extension.
    Sx { w: Width, bits: u8, a: Node },
}

/// New values of sources.
pub type Wanted = Vec<(u32, u64)>;

/// The nodes of a run, with the values that they had.
#[derive(Debug, Default)]
pub struct Arena {
    nodes: Vec<(Expr, u64)>,
    /// Steps left for the question that is being answered.
    left: Cell<u32>,
    /// Steps taken for all questions.
    taken: Cell<u32>,
}

/// The lowest bits, as many as `bits`.
pub fn mask(bits: u32) -> u64 {
    1u64.checked_shl(bits).map_or(u64::MAX, |top| top - 1)
}

fn width(w: Width) -> u64 {
    match w {
        Width::W32 => mask(32),
        Width::W64 => u64::MAX,
    }
}

impl Arena {
    /// Whether another node may be looked at; a question begins at depth 0.
    fn step(&self, depth: u32) -> bool {
        if depth == 0 {
            self.left.set(MAX_STEPS);
        }
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        self.taken.set(self.taken.get().saturating_add(1));
        depth <= MAX_DEPTH && left > 0
    }

    /// Nodes that were looked at.
    #[cfg(test)]
    pub fn taken(&self) -> u32 {
        self.taken.get()
    }

    /// Whether no more questions are to be asked: what has been answered holds.
    pub fn is_spent(&self) -> bool {
        self.taken.get() >= MAX_ALL_STEPS
    }

    /// Bytes that are held.
    pub fn bytes(&self) -> usize {
        self.nodes
            .capacity()
            .saturating_mul(size_of::<(Expr, u64)>())
    }

    /// Adds a node with its value.
    pub fn add(&mut self, expr: Expr, value: u64) -> Option<Node> {
        let id = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push((expr, value));
        Some(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The value that a node had.
    pub fn value(&self, node: Node) -> u64 {
        self.nodes.get(node as usize).map_or(0, |n| n.1)
    }

    /// What a node is.
    pub fn expr(&self, node: Node) -> Option<Expr> {
        self.nodes.get(node as usize).map(|n| n.0)
    }

    /// The value that an operand had.
    pub fn was(&self, arg: Arg) -> u64 {
        match arg {
            Arg::Of(node) => self.value(node),
            Arg::Const(value) => value,
        }
    }

    /// The source that an operand is as a whole, but for bits that are cut and for a
    /// number that is added.
    pub fn root(&self, mut node: Node) -> Option<(u32, u8)> {
        for _ in 0..MAX_DEPTH {
            node = match self.expr(node)? {
                Expr::Source { source, size } => return Some((source, size)),
                Expr::Alu {
                    op: AluOp::Add | AluOp::And | AluOp::Sub,
                    a: Arg::Of(a),
                    b: Arg::Const(_),
                    ..
                } => a,
                _ => return None,
            };
        }
        None
    }

    /// The value of an operand where some sources have others; the one that it had where
    /// that would take too long.
    pub fn eval(&self, arg: Arg, with: &[(u32, u64)], depth: u32) -> u64 {
        let Arg::Of(node) = arg else {
            return self.was(arg);
        };
        let Some((expr, was)) = self.nodes.get(node as usize).copied() else {
            return 0;
        };
        if !self.step(depth) {
            return was;
        }
        let of = |a| self.eval(a, with, depth + 1);
        match expr {
            Expr::Source { source, .. } => with
                .iter()
                .rev()
                .find(|(s, _)| *s == source)
                .map_or(was, |(_, value)| *value),
            Expr::Alu { w, op, a, b } => sem::alu(w, op, of(a), of(b)),
            Expr::End { kind, bits, a } => sem::end(kind, bits, of(Arg::Of(a))),
            Expr::Sx { w, bits, a } => sem::sign_extend(w, of(Arg::Of(a)), bits),
        }
    }

    /// The bits that an operand may have, whatever its sources are.
    fn possible(&self, arg: Arg, depth: u32) -> u64 {
        let node = match arg {
            Arg::Of(node) => node,
            Arg::Const(value) => return value,
        };
        // A question of its own is none: `invert` asks.
        if !self.step(depth.max(1)) {
            return u64::MAX;
        }
        let of = |a| self.possible(a, depth + 1);
        match self.expr(node) {
            Some(Expr::Source { size, .. }) => mask(u32::from(size) * 8),
            Some(Expr::End { bits, .. }) => mask(u32::from(bits)),
            Some(Expr::Alu { w, op, a, b }) => {
                let bits = match (op, b) {
                    (AluOp::And, _) => of(a) & of(b),
                    (AluOp::Or | AluOp::Xor, _) => of(a) | of(b),
                    (AluOp::Lsh, Arg::Const(n)) => of(a).wrapping_shl(n as u32),
                    (AluOp::Rsh, Arg::Const(n)) => (of(a) & width(w)).wrapping_shr(n as u32),
                    (AluOp::Add, _) if of(a) & of(b) == 0 => of(a) | of(b),
                    _ => u64::MAX,
                };
                bits & width(w)
            }
            _ => u64::MAX,
        }
    }

    /// Looks for sources with which an operand has a value.
    pub fn invert(&self, arg: Arg, wanted: u64, out: &mut Wanted, depth: u32) -> bool {
        let node = match arg {
            Arg::Of(node) => node,
            Arg::Const(value) => return value == wanted,
        };
        let Some((expr, was)) = self.nodes.get(node as usize).copied() else {
            return false;
        };
        if was == wanted {
            return true;
        }
        if !self.step(depth) {
            return false;
        }
        match expr {
            Expr::Source { source, size } => {
                let fits = wanted & !mask(u32::from(size) * 8) == 0;
                if fits {
                    out.push((source, wanted));
                }
                fits
            }
            Expr::End { kind, bits, a } => {
                let bits_mask = mask(u32::from(bits));
                let before = sem::end(kind, bits, wanted) | (self.value(a) & !bits_mask);
                wanted & !bits_mask == 0 && self.invert(Arg::Of(a), before, out, depth + 1)
            }
            Expr::Sx { w, bits, a } => {
                let bits_mask = mask(u32::from(bits));
                let before = (self.value(a) & !bits_mask) | (wanted & bits_mask);
                sem::sign_extend(w, before, bits) == wanted
                    && self.invert(Arg::Of(a), before, out, depth + 1)
            }
            Expr::Alu { w, op, a, b } => {
                wanted & !width(w) == 0 && self.invert_alu((w, op, a, b), wanted, out, depth + 1)
            }
        }
    }

    fn invert_alu(
        &self,
        (w, op, a, b): (Width, AluOp, Arg, Arg),
        wanted: u64,
        out: &mut Wanted,
        depth: u32,
    ) -> bool {
        if let (Arg::Of(_), Arg::Of(_)) = (a, b) {
            let (ma, mb) = (self.possible(a, depth), self.possible(b, depth));
            let parted = matches!(op, AluOp::Or | AluOp::Xor | AluOp::Add) && ma & mb == 0;
            if parted {
                return wanted & !(ma | mb) == 0
                    && self.invert(a, wanted & ma, out, depth)
                    && self.invert(b, wanted & mb, out, depth);
            }
        }
        // One operand at a time; the other stays.
        let len = out.len();
        if let Some(before) = left(w, op, self.was(a), self.was(b), wanted)
            && self.invert(a, before, out, depth)
        {
            return true;
        }
        out.truncate(len);
        if let Some(before) = right(w, op, self.was(a), self.was(b), wanted)
            && self.invert(b, before, out, depth)
        {
            return true;
        }
        out.truncate(len);
        false
    }
}

/// A left operand with which the operation gives what is wanted, near the one that was.
fn left(w: Width, op: AluOp, was: u64, b: u64, wanted: u64) -> Option<u64> {
    let all = width(w);
    let (low, b) = (was & all, b & all);
    let bits = if w == Width::W32 { 31 } else { 63 };
    let n = (b & bits) as u32;
    let value = match op {
        AluOp::Add => wanted.wrapping_sub(b),
        AluOp::Sub => wanted.wrapping_add(b),
        AluOp::Xor => wanted ^ b,
        AluOp::And => (low & !b) | wanted,
        AluOp::Or => (low & b) | (wanted & !b),
        AluOp::Lsh => (wanted >> n) | (low & !(all >> n)),
        AluOp::Rsh | AluOp::Arsh => (wanted << n) | (low & mask(n)),
        AluOp::Mul => wanted.checked_div(b)?,
        AluOp::Div | AluOp::SDiv => wanted.wrapping_mul(b),
        AluOp::Mod | AluOp::SMod => low.wrapping_sub(low.checked_rem(b)?).wrapping_add(wanted),
        AluOp::Mov => return None,
    } & all;
    // Bits above a 32-bit operation's have no part in it.
    let value = value | (was & !all);
    (sem::alu(w, op, value, b) == wanted).then_some(value)
}

/// The same for the right operand.
fn right(w: Width, op: AluOp, a: u64, was: u64, wanted: u64) -> Option<u64> {
    match op {
        AluOp::Add | AluOp::Xor | AluOp::And | AluOp::Or | AluOp::Mul => {
            left(w, op, was, a, wanted)
        }
        AluOp::Sub => {
            let value = a.wrapping_sub(wanted) & width(w);
            let value = value | (was & !width(w));
            (sem::alu(w, op, a, value) == wanted).then_some(value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An arena with one source that has the value, and its node.
    fn source(arena: &mut Arena, number: u32, size: u8, value: u64) -> Arg {
        let source = number;
        Arg::Of(arena.add(Expr::Source { source, size }, value).unwrap())
    }

    fn alu(arena: &mut Arena, w: Width, op: AluOp, a: Arg, b: Arg) -> Arg {
        let value = sem::alu(w, op, arena.was(a), arena.was(b));
        Arg::Of(arena.add(Expr::Alu { w, op, a, b }, value).unwrap())
    }

    /// Inverts, and evaluates what that gives.
    fn check(arena: &Arena, arg: Arg, wanted: u64, expect: bool) {
        let mut out = Wanted::new();
        let found = arena.invert(arg, wanted, &mut out, 0);
        assert_eq!(found, expect, "{wanted:#x}");
        if found {
            assert_eq!(arena.eval(arg, &out, 0), wanted, "{out:?}");
        }
    }

    #[test]
    fn every_operation_that_keeps_its_operand_is_inverted() {
        use AluOp as A;
        for (op, b, wanted) in [
            (A::Add, 7, 3),
            (A::Sub, 7, 300),
            (A::Xor, 0x55, 0xff),
            (A::And, 0xf0, 0x30),
            (A::Or, 0xf0, 0xf3),
            (A::Lsh, 4, 0x120),
            (A::Rsh, 4, 0x12),
            (A::Arsh, 4, 0x12),
            (A::Mul, 6, 42),
            (A::Div, 6, 7),
            (A::Mod, 10, 3),
        ] {
            for w in [Width::W32, Width::W64] {
                let mut arena = Arena::default();
                let s = source(&mut arena, 0, 8, 0x1_0000_0123);
                let of = alu(&mut arena, w, op, s, Arg::Const(b));
                check(&arena, of, wanted, true);
            }
        }
        let mut arena = Arena::default();
        let s = source(&mut arena, 0, 2, 0x1234);
        let of = alu(&mut arena, Width::W64, A::And, s, Arg::Const(0xf0));
        check(&arena, of, 0x0f, false);
        check(&arena, s, 0x1_0000, false);
    }

    #[test]
    fn bytes_that_were_put_together_are_taken_apart() {
        let mut arena = Arena::default();
        let low = source(&mut arena, 0, 1, 1);
        let high = source(&mut arena, 1, 1, 2);
        let moved = alu(&mut arena, Width::W64, AluOp::Lsh, high, Arg::Const(8));
        let both = alu(&mut arena, Width::W64, AluOp::Or, moved, low);
        check(&arena, both, 0xabcd, true);
        check(&arena, both, 0x1_abcd, false);
    }
}
