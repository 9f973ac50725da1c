//! Finds what on the path explains a refusal.
//!
//! From the value at fault the definitions are followed back: where the pointer
//! was made, where a variable offset was added and where that number came from,
//! the last comparison that could have proven the access, a call that undid the
//! proof. Each is an [`Event`]; a handful of the nearest ones is kept.

use super::flow::{Call, Flow, Made, Node, Test};
use super::names;
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{Key, Refusal};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{AluOp, JmpOp, Op};

/// Something on the path that matters to the refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Step on the path.
    pub step: usize,
    /// Slot of the instruction.
    pub insn: usize,
    /// What happened.
    pub text: String,
}

/// What the walk found.
pub(super) struct Cause {
    /// Events, oldest first.
    pub events: Vec<Event>,
    /// Where the value at fault came from, in a clause (`the result of …`).
    pub origin: Option<String>,
}

/// The most events told.
const MAX_EVENTS: usize = 6;

/// Walks a refusal's path.
pub(super) fn find(program: &Program, ops: &[Op], refusal: &Refusal) -> Cause {
    // A loop is found when its jump has been done: the path ends there.
    let mut path = refusal.path.clone();
    if path
        .last()
        .is_some_and(|&last| last as usize != refusal.insn)
    {
        path.extend(u32::try_from(refusal.insn));
    }
    let from_entry = !refusal.path_truncated && path.first() == Some(&0);
    let flow = Flow::walk(ops, &path, from_entry);
    let mut finder = Finder {
        program,
        ops,
        flow,
        path,
        events: Vec::new(),
    };
    let origin = finder.run(refusal);
    let mut events = finder.events;
    events.sort_by_key(|e| (e.step, e.insn));
    events.dedup_by(|a, b| a.insn == b.insn && a.text == b.text);
    if events.len() > MAX_EVENTS {
        // The origin and the newest events tell the most.
        events.drain(1..=events.len() - MAX_EVENTS);
    }
    Cause { events, origin }
}

/// Bytes of a frame.
const MAX_STACK: i32 = 512;

/// How far above an address writes are told.
const NEAR_BYTES: i32 = 64;

struct Finder<'a> {
    program: &'a Program,
    ops: &'a [Op],
    flow: Flow,
    path: Vec<u32>,
    events: Vec<Event>,
}

impl Finder<'_> {
    fn run(&mut self, v: &Refusal) -> Option<String> {
        match v.code() {
            Code::RefLeak => return self.leak(v),
            Code::InfiniteLoop | Code::BackEdge | Code::ProgramTooLarge | Code::TooManyJumps => {
                self.loops();
                return None;
            }
            Code::HoldingLock
            | Code::SpinLock
            | Code::Rcu
            | Code::RcuAtEnd
            | Code::SleepInRcu
            | Code::Preempt
            | Code::SleepInPreempt
            | Code::Irq => {
                self.last_section(v);
                return None;
            }
            _ => {}
        }
        let reg = v.reg.or_else(|| self.address_register(v.insn))?;
        let node = *self.flow.regs.get(reg as usize)?;
        let origin = self.value(node, true);
        let root = self.flow.root(node);
        match v.code() {
            Code::PacketOob => self.packet_proof(node, root),
            Code::NullArg | Code::MemAccessType => self.null_proof(node, root),
            Code::StackUninit => self.stack_writes(v, node),
            Code::StackOob
                if matches!(
                    v.key(),
                    Some(
                        Key::StackUnreadable
                            | Key::StackArgumentUnreadable
                            | Key::StackArgumentUnreadableVariable
                    )
                ) =>
            {
                self.stack_writes(v, node)
            }
            Code::SameInsn | Code::UninitRegister => {}
            _ => self.bound_proof(node),
        }
        origin
    }

    /// The base register of the refused memory access.
    fn address_register(&self, insn: usize) -> Option<u8> {
        match *self.ops.get(insn)? {
            Op::Load { base, .. }
            | Op::Store { base, .. }
            | Op::Atomic { base, .. }
            | Op::LoadAcquire { base, .. }
            | Op::StoreRelease { base, .. } => Some(base),
            Op::Alu { dst, .. } | Op::Jmp { dst, .. } => Some(dst),
            Op::Exit => Some(0),
            _ => None,
        }
    }

    fn push(&mut self, step: usize, insn: usize, text: impl Into<String>) {
        let text = text.into();
        if !self.events.iter().any(|e| e.insn == insn && e.text == text) {
            self.events.push(Event { step, insn, text });
        }
    }

    /// Tells a value's making, and that of the numbers added to it.
    fn value(&mut self, node: Node, is_subject: bool) -> Option<String> {
        let mut at = node;
        let mut offsets = Vec::new();
        while let Made::Arith { op, a, b } = self.flow.def(at).made {
            let def = self.flow.def(at);
            let number = b.filter(|&b| !matches!(self.flow.def(b).made, Made::Const(_)));
            if let Some(b) = number {
                let verb = match op {
                    Some(AluOp::Add) => "a variable is added here",
                    Some(AluOp::Sub) => "a variable is subtracted here",
                    _ => "computed from two variables here",
                };
                self.push(def.step, def.insn, verb);
                offsets.push(b);
            } else if let Some(AluOp::And) = op {
                self.push(def.step, def.insn, "masked here");
            } else if op.is_none() && b.is_none() {
                self.push(def.step, def.insn, "converted here");
            }
            at = a;
        }
        let origin = self.making(at, is_subject);
        for b in offsets.into_iter().take(2) {
            let root = self.flow.root(b);
            self.making(root, false);
        }
        origin
    }

    /// Tells how a root value was made; gives the clause for the sentence.
    fn making(&mut self, node: Node, is_subject: bool) -> Option<String> {
        let def = self.flow.def(node);
        let (event, clause) = match def.made {
            Made::Call(callee) => {
                let name = names::callee(self.program, callee, def.insn);
                let map = self.map_of_call(node);
                let of = map.map_or(String::new(), |m| format!(" on map `{m}`"));
                let null = if names::may_return_null(self.program, callee) {
                    ", which may be NULL"
                } else {
                    ""
                };
                (
                    format!("returned by `{name}`{of}{null}"),
                    Some(format!("the result of `{name}`{of}")),
                )
            }
            Made::Load { base, off, .. } => {
                let place = self.memory_name(base);
                let field = match self.flow.def(self.flow.root(base)).made {
                    Made::Context => names::ctx_part(self.program, off),
                    _ => None,
                };
                match field {
                    Some(part) => (
                        format!("{part} is read here"),
                        Some(format!("read from {part}")),
                    ),
                    None => (
                        format!("read from {place} here"),
                        Some(format!("read from {place}")),
                    ),
                }
            }
            Made::Map { index, value } => {
                let name = names::map(self.program, index);
                let what = if value { "the value of map" } else { "map" };
                (
                    format!("{what} `{name}` enters here"),
                    Some(format!("{what} `{name}`")),
                )
            }
            Made::Wiped => ("this call wipes R1 to R5".to_owned(), None),
            Made::CallbackArg(n) => (
                format!("argument {n} of the callback"),
                Some(format!("argument {n} of the callback")),
            ),
            Made::Const(c) if !is_subject => (format!("the constant {c}"), None),
            Made::Context => return Some("the context".into()),
            Made::Frame => return Some("the stack".into()),
            _ => return None,
        };
        // A wiped register's node stands at the call itself.
        self.push(def.step, def.insn, event);
        clause
    }

    fn memory_name(&self, base: Node) -> String {
        match self.flow.def(self.flow.root(base)).made {
            Made::Context => "the context".into(),
            Made::Frame => "the stack".into(),
            Made::Map { index, .. } => {
                format!("the value of map `{}`", names::map(self.program, index))
            }
            Made::Call(callee) => {
                let name = names::callee(self.program, callee, 0);
                match self.map_of_call(self.flow.root(base)) {
                    Some(map) => format!("the value of map `{map}`"),
                    None => format!("what `{name}` returned"),
                }
            }
            Made::Load { base, off, .. } => match self.flow.def(self.flow.root(base)).made {
                Made::Context => match names::ctx_field(self.program, off) {
                    Some("data" | "data_meta") => "the packet".into(),
                    Some(f) => format!("what the context's `{f}` points to"),
                    None => "memory".into(),
                },
                _ => "memory".into(),
            },
            _ => "memory".into(),
        }
    }

    /// The map that a call's first argument names.
    fn map_of_call(&self, result: Node) -> Option<String> {
        let call = self.flow.calls.iter().find(|c| c.result == result)?;
        match self.flow.def(call.args[0]).made {
            Made::Map {
                index,
                value: false,
            } => Some(names::map(self.program, index)),
            _ => None,
        }
    }

    /// The last comparison of a packet pointer, and calls that undid it.
    fn packet_proof(&mut self, node: Node, root: Node) {
        let made_at = self.flow.def(root).step;
        let test = self
            .flow
            .tests
            .iter()
            .rev()
            .find(|t| {
                let shares = |n: Node| self.flow.root(n) == root;
                shares(t.a) || t.b.is_ok_and(shares)
            })
            .copied();
        if let Some(t) = test {
            let way = if t.taken { "taken" } else { "not taken" };
            self.push(t.step, t.insn, format!("the last comparison with `data_end`, {way}, proves too few bytes for this access"));
        }
        let same_source = self.other_packet_test(node, root);
        if let (None, Some(t)) = (test, same_source) {
            self.push(
                t.step,
                t.insn,
                "this comparison is on another copy of the packet pointer",
            );
        }
        let moved: Vec<Call> = self
            .flow
            .calls
            .iter()
            .filter(|c| c.step > made_at && names::moves_packet(self.program, c.callee))
            .copied()
            .collect();
        if let Some(c) = moved.last() {
            let name = names::callee(self.program, c.callee, c.insn);
            self.push(
                c.step,
                c.insn,
                format!("`{name}` may move the packet: pointers made before are void"),
            );
        }
    }

    /// A comparison whose operands come from the context as this one does, but
    /// by another read or with another variable offset.
    fn other_packet_test(&self, node: Node, root: Node) -> Option<Test> {
        let Made::Load { off, .. } = self.flow.def(root).made else {
            return None;
        };
        self.flow
            .tests
            .iter()
            .rev()
            .find(|t| {
                [Some(t.a), t.b.ok()].into_iter().flatten().any(|n| {
                    let r = self.flow.root(n);
                    n != node
                        && r != root
                        && matches!(self.flow.def(r).made, Made::Load { off: o, .. } if o == off)
                })
            })
            .copied()
    }

    /// Whether and where a pointer that may be NULL was compared.
    fn null_proof(&mut self, node: Node, root: Node) {
        let tests: Vec<Test> = self.flow.tests.clone();
        let compared = tests.iter().rev().find(|t| {
            matches!(t.op, JmpOp::Eq | JmpOp::Ne)
                && t.b == Err(0)
                && (t.a == node || self.flow.root(t.a) == root)
        });
        if let Some(t) = compared {
            let null_here = (t.op == JmpOp::Eq) == t.taken;
            let text = if null_here {
                "on this path it compared equal to NULL"
            } else {
                "compared with NULL here"
            };
            self.push(t.step, t.insn, text);
            return;
        }
        // The same field or the same lookup, checked on another copy.
        let Made::Load { base, off, .. } = self.flow.def(root).made else {
            return;
        };
        let other = tests.iter().rev().find(|t| {
            t.b == Err(0)
                && matches!(self.flow.def(t.a).made, Made::Load { base: b, off: o, .. }
                    if o == off && self.flow.root(b) == self.flow.root(base))
        });
        if let Some(t) = other {
            self.push(
                t.step,
                t.insn,
                "this check is on an earlier read of the same memory",
            );
        }
    }

    /// The last comparison of each number that the value depends on.
    fn bound_proof(&mut self, node: Node) {
        // Whether a pointer is NULL says nothing of bounds.
        let null_test = |t: &Test| matches!(t.op, JmpOp::Eq | JmpOp::Ne) && t.b == Err(0);
        let tests: Vec<Test> = self
            .flow
            .tests
            .iter()
            .filter(|t| !null_test(t))
            .copied()
            .collect();
        for number in self.numbers(node) {
            let root = self.flow.root(number);
            let on_it = tests
                .iter()
                .rev()
                .find(|t| t.a == number || t.b == Ok(number))
                .copied();
            if let Some(t) = on_it {
                self.push(t.step, t.insn, format!("bounded here: {}", names::test(&t)));
                continue;
            }
            let shares = |n: Node| self.flow.root(n) == root;
            let near = tests
                .iter()
                .rev()
                .find(|t| shares(t.a) || t.b.is_ok_and(shares))
                .copied();
            if let Some(t) = near {
                let scaled =
                    self.scaled_from(number, t.a) || t.b.is_ok_and(|b| self.scaled_from(number, b));
                let text = if scaled {
                    format!("bounded here: {}, which does not suffice", names::test(&t))
                } else {
                    format!(
                        "{}: tested before the value changed, or on another copy of it",
                        names::test(&t)
                    )
                };
                self.push(t.step, t.insn, text);
                continue;
            }
            let Made::Load { base, off, .. } = self.flow.def(root).made else {
                continue;
            };
            let earlier = tests.iter().rev()
                .find(|t| {
                    matches!(self.flow.def(self.flow.root(t.a)).made, Made::Load { base: b, off: o, .. }
                        if o == off && self.flow.root(b) == self.flow.root(base))
                })
                .copied();
            if let Some(t) = earlier {
                self.push(
                    t.step,
                    t.insn,
                    "this test is on an earlier read; the memory was read again after it",
                );
            }
        }
    }

    /// Whether a value was made from another one by constants alone.
    fn scaled_from(&self, mut value: Node, origin: Node) -> bool {
        while value != origin {
            match self.flow.def(value).made {
                Made::Arith { a, b: None, .. } => value = a,
                _ => return false,
            }
        }
        true
    }

    /// The value itself and the variables in its computation.
    fn numbers(&self, node: Node) -> Vec<Node> {
        let mut found = vec![node];
        let mut at = node;
        while let Made::Arith { a, b, .. } = self.flow.def(at).made {
            found.extend(b);
            at = a;
        }
        found.truncate(4);
        found
    }

    /// The acquiring calls whose results no later releasing call took.
    fn leak(&mut self, v: &Refusal) -> Option<String> {
        let named = v.number("acquired").and_then(|n| usize::try_from(n).ok());
        if let Some(insn) = named
            && let Some(&Op::Call(callee)) = self.ops.get(insn)
        {
            let step = v
                .path
                .iter()
                .rposition(|&p| p as usize == insn)
                .unwrap_or(0);
            let name = names::callee(self.program, callee, insn);
            self.push(step, insn, format!("acquired by `{name}` here"));
            self.way_out(step);
            return Some(format!("by `{name}`"));
        }
        let held: Vec<Call> = self
            .flow
            .calls
            .iter()
            .filter(|c| names::acquires(self.program, c.callee))
            .filter(|c| {
                !self.flow.calls.iter().any(|r| {
                    r.step > c.step
                        && names::releases(self.program, r.callee)
                        && r.args.iter().any(|&a| self.flow.root(a) == c.result)
                })
            })
            .copied()
            .collect();
        let last = *held.last()?;
        let name = names::callee(self.program, last.callee, last.insn);
        for c in held.iter().rev().take(2) {
            let name = names::callee(self.program, c.callee, c.insn);
            self.push(c.step, c.insn, format!("acquired by `{name}` here"));
        }
        self.way_out(last.step);
        Some(format!("by `{name}`"))
    }

    /// The last comparison after a step.
    fn way_out(&mut self, after: usize) {
        let last = self.flow.tests.iter().rfind(|t| t.step > after).copied();
        if let Some(t) = last {
            let text = format!("{}: this way leads to the leak", names::test(&t));
            self.push(t.step, t.insn, text);
        }
    }

    /// What was written to the stack at or above the address at fault.
    fn stack_writes(&mut self, v: &Refusal, node: Node) {
        let off = match self.ops.get(v.insn) {
            Some(Op::Load { off, .. } | Op::LoadAcquire { off, .. }) => i32::from(*off),
            _ => 0,
        };
        let Some((frame, at)) = self.flow.stack(node) else {
            return;
        };
        let at = at + off;
        if !(-MAX_STACK..0).contains(&at) {
            return;
        }
        let near: Vec<_> = self
            .flow
            .writes
            .iter()
            .filter(|w| w.frame == frame && w.at + w.size as i32 > at && w.at < at + NEAR_BYTES)
            .copied()
            .collect();
        for w in near.iter().rev().take(3) {
            let text = format!("{} bytes at fp{} are written here", w.size, w.at);
            self.push(w.step, w.insn, text);
        }
        if near.is_empty() {
            self.push(
                usize::MAX,
                v.insn,
                format!("nothing was written at fp{at} on this path"),
            );
        }
    }

    /// The backward jumps of the path, and how often each was taken.
    fn loops(&mut self) {
        let mut jumps: Vec<(usize, usize, usize)> = Vec::new();
        for (step, pair) in self.path.windows(2).enumerate() {
            let &[from, to] = pair else { continue };
            let (from, to) = (from as usize, to as usize);
            let is_jump = self
                .ops
                .get(from)
                .is_some_and(|op| op.jump_offset().is_some());
            if to <= from && is_jump {
                match jumps.iter_mut().find(|j| j.0 == from) {
                    Some(j) => *j = (from, step, j.2 + 1),
                    None => jumps.push((from, step, 1)),
                }
            }
        }
        for &(insn, step, times) in jumps.iter().rev().take(3) {
            let s = if times == 1 { "" } else { "s" };
            self.push(
                step,
                insn,
                format!("jumps back here, {times} time{s} on this path"),
            );
        }
    }

    /// The last call that opened or closed a lock or a critical section.
    fn last_section(&mut self, v: &Refusal) {
        let calls: Vec<(Call, String)> = self
            .flow
            .calls
            .iter()
            .filter(|c| c.insn != v.insn)
            .filter_map(|c| {
                let name = names::callee(self.program, c.callee, c.insn);
                names::guards(&name).then_some((*c, name))
            })
            .collect();
        for (c, name) in calls.iter().rev().take(2) {
            self.push(c.step, c.insn, format!("`{name}` here"));
        }
    }
}
