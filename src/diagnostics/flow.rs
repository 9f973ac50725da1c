//! The flow of values along one path.
//!
//! The path to a refusal is straight-line code, so every register and stack slot
//! on it has one definition at each step. [`Flow::walk`] runs over the path once,
//! oldest step first, and gives each defined value a node: what made it, at which
//! step, from which other values. Moves, spills and fills copy a node's number;
//! they make none. Comparisons are kept apart as [`Test`]s of nodes.
//!
//! Stack slots are known where the address is the frame pointer plus constants;
//! other stores are ignored, which can name too old an origin but never one that
//! isn't on the path. When the path lost its beginning, registers start unknown.

use alloc::collections::BTreeMap;

use crate::prelude::*;
use crate::programs::insn::{AluOp, Callee, ImmRef, JmpOp, Op, Src};

/// Index of a node.
pub(super) type Node = usize;

/// What made a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It was there before the path begins.
    Before,
    /// The context, at the entry of the program.
    Context,
    /// The frame pointer of a frame.
    Frame,
    /// Never written.
    Never,
    /// Wiped by a call.
    Wiped,
    /// A constant.
    Const(i64),
    /// The address of a map, or of a place in its value.
    Map {
        /// Index into the program's maps.
        index: u32,
        /// The value's address rather than the map's.
        value: bool,
    },
    /// Another wide immediate.
    Symbol,
    /// The result of a call that is not entered.
    Call(Callee),
    /// Given to a callback by the helper that calls it.
    CallbackArg(u8),
    /// Read from memory at a node's address.
    Load {
        /// Address.
        base: Node,
        /// Constant offset.
        off: i16,
        /// Bytes.
        size: u32,
    },
    /// Computed from one value and perhaps another.
    Arith {
        /// Operation; `None` for one-operand ones.
        op: Option<AluOp>,
        /// Whether it is the same number, perhaps in another width.
        kept: bool,
        /// Left operand, whose place the result takes.
        a: Node,
        /// Right operand, if it is a register.
        b: Option<Node>,
        /// Right operand, if it is a constant.
        imm: Option<i64>,
        /// Whether only the low half goes on.
        narrow: bool,
    },
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Def {
    /// What made it.
    pub made: Made,
    /// The slot of the instruction that did.
    pub insn: usize,
    /// The step on the path.
    pub step: usize,
    /// Frame number and offset, for addresses of stack.
    stack: Option<(usize, i32)>,
    /// Of a sum: its register held the number, the other one the address.
    pub swapped: bool,
}

/// A comparison on the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Test {
    /// Step on the path.
    pub step: usize,
    /// Slot of the jump.
    pub insn: usize,
    /// Left operand.
    pub a: Node,
    /// Right operand.
    pub b: Result<Node, i32>,
    /// Comparison.
    pub op: JmpOp,
    /// Whether the jump was taken.
    pub taken: bool,
}

impl Test {
    /// Whether it shows, the way it went, that the left operand is zero, or NULL.
    pub fn shows_zero(&self) -> bool {
        let equal = matches!(self.op, JmpOp::Eq | JmpOp::Ne);
        equal && self.b == Err(0) && (self.op == JmpOp::Eq) == self.taken
    }
}

/// A call on the path that is not entered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// Step on the path.
    pub step: usize,
    /// Slot.
    pub insn: usize,
    /// Function.
    pub callee: Callee,
    /// R1 to R5 at the call.
    pub args: [Node; 5],
    /// The result's node.
    pub result: Node,
}

/// A store to a known place of the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write {
    /// Step on the path.
    pub step: usize,
    /// Slot.
    pub insn: usize,
    /// Frame number.
    pub frame: usize,
    /// Offset from the frame pointer.
    pub at: i32,
    /// Bytes.
    pub size: u32,
}

/// Values, comparisons and calls of one path.
pub(super) struct Flow {
    defs: Vec<Def>,
    /// Comparisons, oldest first.
    pub tests: Vec<Test>,
    /// Calls, oldest first.
    pub calls: Vec<Call>,
    /// Stores to the stack, oldest first.
    pub writes: Vec<Write>,
    /// Registers of the innermost frame before the last instruction.
    pub regs: [Node; 11],
    /// What the known stack slots hold before the last instruction, by frame and offset.
    pub slots: BTreeMap<(usize, i32), Node>,
    /// The innermost frame before the last instruction.
    pub frame: usize,
}

struct Frame {
    id: usize,
    regs: [Node; 11],
    callback: bool,
}

struct Walker<'a> {
    ops: &'a [Op],
    pointers: &'a [i16],
    flow: Flow,
    frames: Vec<Frame>,
    next_frame: usize,
    slots: BTreeMap<(usize, i32), Node>,
    step: usize,
    insn: usize,
}

impl Flow {
    /// Walks a path; its last element is the refused instruction, whose own
    /// effect is not walked. `pointers` are the offsets of context fields that hold
    /// addresses.
    pub fn walk(ops: &[Op], path: &[u32], from_entry: bool, pointers: &[i16]) -> Flow {
        let first = path.first().map_or(0, |&p| p as usize);
        let mut w = Walker {
            ops,
            pointers,
            flow: Flow {
                defs: Vec::new(),
                tests: Vec::new(),
                calls: Vec::new(),
                writes: Vec::new(),
                regs: [0; 11],
                slots: BTreeMap::new(),
                frame: 0,
            },
            frames: Vec::new(),
            next_frame: 0,
            slots: BTreeMap::new(),
            step: 0,
            insn: first,
        };
        let unset = w.node(if from_entry {
            Made::Never
        } else {
            Made::Before
        });
        let mut regs = [unset; 11];
        if from_entry {
            regs[1] = w.node(Made::Context);
        }
        w.push_frame(regs, false);
        for (step, pair) in path.windows(2).enumerate() {
            let &[insn, next] = pair else { continue };
            w.step = step;
            w.insn = insn as usize;
            w.exec(next as usize);
        }
        w.flow.regs = w.regs();
        w.flow.frame = w.frames.last().map_or(0, |f| f.id);
        w.flow.slots = w.slots;
        w.flow
    }

    /// A value's definition.
    pub fn def(&self, node: Node) -> Def {
        self.defs[node]
    }

    /// The frame and offset that a value is the address of.
    pub fn stack(&self, node: Node) -> Option<(usize, i32)> {
        self.defs[node].stack
    }

    /// The value that this one was computed from, by its left operands.
    pub fn root(&self, mut node: Node) -> Node {
        while let Made::Arith { a, .. } = self.defs[node].made {
            node = a;
        }
        node
    }
}

impl Flow {
    /// The number that this one is a copy of, in another width or not: moves, extensions,
    /// shifts up and down again by as much.
    pub fn kept(&self, mut node: Node) -> Node {
        while let Some(from) = self.kept_from(node) {
            node = from;
        }
        node
    }

    /// One step of [`Flow::kept`].
    pub fn kept_from(&self, node: Node) -> Option<Node> {
        match self.defs[node].made {
            Made::Arith { kept: true, a, .. } => Some(a),
            Made::Arith {
                op: Some(AluOp::Rsh | AluOp::Arsh),
                a,
                imm: Some(down),
                ..
            } => match self.defs[a].made {
                Made::Arith {
                    op: Some(AluOp::Lsh),
                    a,
                    imm: Some(up),
                    ..
                } if up == down => Some(a),
                _ => None,
            },
            _ => None,
        }
    }

    /// The newest value that an instruction made by adding a number.
    pub fn sum(&self, number: Node, insn: usize) -> Option<Node> {
        let mut defs = self.defs.iter().enumerate().rev();
        let is = |d: &Def| {
            d.insn == insn && matches!(d.made, Made::Arith { b: Some(b), .. } if b == number)
        };
        defs.find(|(_, d)| is(d)).map(|(n, _)| n)
    }

    /// The sum of the constants that were added to a value's root; none if anything
    /// else was done to it.
    pub fn distance(&self, mut node: Node) -> Option<i64> {
        let mut sum = 0i64;
        while let Made::Arith {
            op,
            kept,
            a,
            imm,
            b,
            ..
        } = self.defs.get(node)?.made
        {
            let by = match (b, imm) {
                (Some(b), _) => match self.defs.get(b)?.made {
                    Made::Const(c) => c,
                    _ => return None,
                },
                (None, Some(imm)) => imm,
                (None, None) => 0,
            };
            sum = match op {
                Some(AluOp::Add) => sum.checked_add(by)?,
                Some(AluOp::Sub) => sum.checked_sub(by)?,
                None if kept => sum,
                _ => return None,
            };
            node = a;
        }
        Some(sum)
    }
}

impl Walker<'_> {
    fn node(&mut self, made: Made) -> Node {
        self.flow.defs.push(Def {
            made,
            insn: self.insn,
            step: self.step,
            stack: None,
            swapped: false,
        });
        self.flow.defs.len() - 1
    }

    fn push_frame(&mut self, mut regs: [Node; 11], callback: bool) {
        let id = self.next_frame;
        self.next_frame += 1;
        let fp = self.node(Made::Frame);
        self.flow.defs[fp].stack = Some((id, 0));
        regs[10] = fp;
        self.frames.push(Frame { id, regs, callback });
    }

    fn regs(&self) -> [Node; 11] {
        self.frames.last().map_or([0; 11], |f| f.regs)
    }

    fn reg(&self, r: u8) -> Node {
        self.regs().get(r as usize).copied().unwrap_or(0)
    }

    fn set(&mut self, r: u8, node: Node) {
        if let Some(slot) = self
            .frames
            .last_mut()
            .and_then(|f| f.regs.get_mut(r as usize))
        {
            *slot = node;
        }
    }

    fn define(&mut self, r: u8, made: Made) -> Node {
        let node = self.node(made);
        self.set(r, node);
        node
    }

    fn stack_slot(&self, base: u8, off: i16) -> Option<(usize, i32)> {
        let (frame, at) = self.flow.defs[self.reg(base)].stack?;
        Some((frame, at + i32::from(off)))
    }

    fn exec(&mut self, next: usize) {
        let Some(&op) = self.ops.get(self.insn) else {
            return;
        };
        match op {
            Op::Alu {
                op: AluOp::Mov,
                dst,
                src: Src::Reg(src),
                w,
            } if !w.is32() => {
                let node = self.reg(src);
                self.set(dst, node);
            }
            Op::Alu {
                op: AluOp::Mov,
                dst,
                src: Src::Imm(imm),
                ..
            } => {
                self.define(dst, Made::Const(i64::from(imm)));
            }
            Op::Alu { op, dst, src, w } => self.arith(op, dst, src, w.is32()),
            Op::Neg { .. } | Op::End { .. } | Op::MovSx { .. } | Op::AddrSpaceCast { .. } => {
                let effects = op.effects();
                let kept = !matches!(op, Op::Neg { .. } | Op::End { .. });
                for (dst, from) in effects.writes.iter().zip(effects.reads.iter()) {
                    let made = Made::Arith {
                        op: None,
                        kept,
                        a: self.reg(from),
                        b: None,
                        imm: None,
                        narrow: false,
                    };
                    self.define(dst, made);
                }
            }
            Op::LdImm64 { dst, src } => {
                self.define(
                    dst,
                    match src {
                        ImmRef::Const(c) => Made::Const(c as i64),
                        ImmRef::MapIdx(index) | ImmRef::Map(index) => Made::Map {
                            index,
                            value: false,
                        },
                        ImmRef::MapIdxValue { idx, .. } => Made::Map {
                            index: idx,
                            value: true,
                        },
                        ImmRef::MapValue { map, .. } => Made::Map {
                            index: map,
                            value: true,
                        },
                        _ => Made::Symbol,
                    },
                );
            }
            Op::Load {
                dst,
                base,
                off,
                size,
                ..
            }
            | Op::LoadAcquire {
                dst,
                base,
                off,
                size,
            } => {
                let spilled = self
                    .stack_slot(base, off)
                    .and_then(|s| self.slots.get(&s).copied());
                match spilled {
                    Some(node) => self.set(dst, node),
                    None => {
                        let base = self.reg(base);
                        self.define(
                            dst,
                            Made::Load {
                                base,
                                off,
                                size: size.bytes(),
                            },
                        );
                    }
                }
            }
            Op::Store {
                base,
                off,
                src,
                size,
            } => {
                let value = match src {
                    Src::Reg(r) => self.reg(r),
                    Src::Imm(imm) => self.node(Made::Const(i64::from(imm))),
                };
                self.store(base, off, size.bytes(), Some(value));
            }
            Op::StoreRelease {
                base,
                off,
                src,
                size,
            } => {
                let value = self.reg(src);
                self.store(base, off, size.bytes(), Some(value));
            }
            Op::Atomic {
                base, off, size, ..
            } => {
                let size = size.bytes();
                self.store(base, off, size, None);
                for dst in op.effects().writes.iter() {
                    let base = self.reg(base);
                    self.define(dst, Made::Load { base, off, size });
                }
            }
            Op::LdAbs { .. } | Op::LdInd { .. } => {
                self.wipe();
                self.define(0, Made::Symbol);
            }
            Op::Jmp { op, dst, src, .. } => {
                let b = match src {
                    Src::Reg(r) => Ok(self.reg(r)),
                    Src::Imm(imm) => Err(imm),
                };
                let (step, insn, a) = (self.step, self.insn, self.reg(dst));
                self.flow.tests.push(Test {
                    step,
                    insn,
                    a,
                    b,
                    op,
                    taken: next != insn + 1,
                });
            }
            Op::Call(callee) => self.call(callee, next),
            Op::Exit => self.exit(),
            _ => {}
        }
    }

    fn arith(&mut self, op: AluOp, dst: u8, src: Src, narrow: bool) {
        let (a, b) = match (op, src) {
            (AluOp::Mov, Src::Reg(r)) => (self.reg(r), None),
            (_, Src::Reg(r)) => (self.reg(dst), Some(self.reg(r))),
            _ => (self.reg(dst), None),
        };
        let op_kept = if op == AluOp::Mov { None } else { Some(op) };
        let imm = match src {
            Src::Imm(imm) => Some(i64::from(imm)),
            Src::Reg(_) => None,
        };
        let made = |a, b| Made::Arith {
            op: op_kept,
            kept: op_kept.is_none(),
            a,
            b,
            imm,
            narrow,
        };
        let node = self.define(dst, made(a, b));
        // A number plus a pointer goes on as the pointer.
        if let (Some(b), AluOp::Add) = (b, op)
            && self.is_address(b)
            && !self.is_address(a)
        {
            self.flow.defs[node].made = made(b, Some(a));
            self.flow.defs[node].swapped = true;
        }
        if let (Some((frame, at)), Src::Imm(imm)) = (self.flow.defs[a].stack, src) {
            self.flow.defs[node].stack = match op {
                AluOp::Add => Some((frame, at.wrapping_add(imm))),
                AluOp::Sub => Some((frame, at.wrapping_sub(imm))),
                _ => None,
            };
        }
    }

    fn is_address(&self, node: Node) -> bool {
        match self.flow.defs[self.flow.root(node)].made {
            Made::Context | Made::Frame | Made::Map { .. } | Made::Call(_) => true,
            Made::Load { base, off, .. } => {
                self.pointers.contains(&off)
                    && self.flow.defs[self.flow.root(base)].made == Made::Context
            }
            _ => false,
        }
    }

    fn store(&mut self, base: u8, off: i16, size: u32, value: Option<Node>) {
        let Some((frame, at)) = self.stack_slot(base, off) else {
            return;
        };
        self.flow.writes.push(Write {
            step: self.step,
            insn: self.insn,
            frame,
            at,
            size,
        });
        for byte in -7..size as i32 {
            self.slots.remove(&(frame, at + byte));
        }
        if let (Some(value), true) = (value, size == 8 || at % 8 == 0) {
            self.slots.insert((frame, at), value);
        }
    }

    fn wipe(&mut self) {
        let wiped = self.node(Made::Wiped);
        for r in 1..=5 {
            self.set(r, wiped);
        }
    }

    fn call(&mut self, callee: Callee, next: usize) {
        let regs = self.regs();
        let entered = next != self.insn + 1;
        if let Callee::Local(rel) = callee
            && next as i64 == self.insn as i64 + 1 + i64::from(rel)
        {
            let unset = self.node(Made::Never);
            let mut inner = [unset; 11];
            inner[1..6].copy_from_slice(&regs[1..6]);
            self.push_frame(inner, false);
            return;
        }
        let args = [regs[1], regs[2], regs[3], regs[4], regs[5]];
        self.wipe();
        let result = self.define(0, Made::Call(callee));
        self.flow.calls.push(Call {
            step: self.step,
            insn: self.insn,
            callee,
            args,
            result,
        });
        if entered && !matches!(callee, Callee::Local(_)) {
            let unset = self.node(Made::Never);
            let mut inner = [unset; 11];
            for r in 1..=5u8 {
                inner[r as usize] = self.node(Made::CallbackArg(r));
            }
            self.push_frame(inner, true);
        }
    }

    fn exit(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.slots.retain(|&(id, _), _| id != frame.id);
        if self.frames.is_empty() {
            // The path began inside this function.
            let before = self.node(Made::Before);
            self.push_frame([before; 11], false);
        }
        if !frame.callback {
            self.wipe();
            self.set(0, frame.regs[0]);
        }
    }
}
