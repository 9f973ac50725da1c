//! Where the values of a run come from.
//!
//! Beside each register and each byte that the program wrote, an expression over the
//! bytes and results that can be stated (see [`super::value`]); nothing where a value is
//! the program's own. Loads of steerable objects make sources, moves and arithmetic
//! follow them, spills and copies by helpers keep them, calls make sources of their
//! results. At each conditional jump the comparison is noted.
//!
//! An expression counts only as long as its value is what the register holds: whatever
//! is not followed (callbacks, tail calls, helpers that write) cannot lead astray.
//!
//! Not followed: addresses that depend on sources, divisions of the packet by helpers
//! that move it (its bytes count only where they are still as given), arenas.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::Thing;
use super::calls::{Pending, outcome};
use super::value::{Arena, Arg, Expr, Node, mask};
use crate::helpers_spec::ProgType;
use crate::programs::insn::{AluOp, Callee, Endness, JmpOp, Op, Src, Width};
use crate::smoke::engine::Site;
use crate::smoke::image::Image;
use crate::smoke::inputs::Input;
use crate::smoke::packet::{ETH_HLEN, byte_at};
use crate::smoke::runtime::Runtime;
use crate::smoke::semantics as sem;

/// Most expressions of a run.
pub(super) const MAX_NODES: usize = 1 << 14;
/// Most branches that are noted of a run, and most by one instruction each way.
const MAX_BRANCHES: usize = 512;
const MAX_SAME: u32 = 3;
/// Most numbers that are kept of comparisons.
const MAX_NUMBERS: usize = 32;
/// Longest value of a map that is kept.
const MAX_SNAPSHOT: u32 = 1 << 10;
/// Most bytes of memory that are followed, in a run: keys and values of maps count as
/// [`KEPT_AS`] of them. A run that leaves more behind is followed no further.
const MAX_MARKS: usize = 1 << 16;
const KEPT_AS: usize = 16;
/// Where the bytes of the task's name seem to be.
pub(super) const COMM: u64 = 1 << 60;
/// Below this nothing is at an address: it was meant to be a pointer.
const LOW: u64 = 1 << 17;

/// A table by addresses; nobody walks through it.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// Hashes numbers quickly: addresses are the runtime's, nobody can choose them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

/// What a source is.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Bytes of a thing.
    Thing(Arc<Thing>),
    /// Bytes of the packet.
    Packet,
    /// The length of the packet.
    Length,
    /// The result of a call, by its number among those of the run.
    Call(usize),
}

/// Something that can be stated, as it was.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) off: u32,
    pub(super) size: u8,
    pub(super) value: u64,
}

/// How a call's result may be stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Result {
    /// A value of a map, or none; an entry can be put there if it is `fillable`.
    Lookup {
        map: u32,
        key: Vec<u8>,
        fillable: bool,
    },
    /// An object, or none.
    Pointer,
    /// A number up to `most`.
    Free { most: u64 },
    /// Zero, an error, or a count up to `most`.
    Status { most: u64 },
}

/// A call that was made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) site: Site,
    pub(super) nth: u32,
    pub(super) of: Result,
}

/// A conditional jump that was executed.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) insn: u32,
    pub(super) taken: bool,
    /// Where it did not go.
    pub(super) other: u32,
    pub(super) op: JmpOp,
    pub(super) w: Width,
    pub(super) a: Arg,
    pub(super) b: Arg,
    /// A comparison with the packet's end: the other operand's offset from the packet's
    /// beginning, and whether the end is the first operand.
    pub(super) packet: Option<(i64, bool)>,
}

/// What was seen of a run.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) arena: Arena,
    pub(super) sources: Vec<Source>,
    pub(super) calls: Vec<Made>,
    pub(super) branches: Vec<Branch>,
    /// Places where pointers were wanted and numbers found.
    pub(super) pointers: BTreeSet<(Thing, u32)>,
    /// Values of keys when they were first found.
    pub(super) snapshots: BTreeMap<(u32, Vec<u8>), Vec<u8>>,
    /// What values were compared with.
    pub(super) numbers: Vec<u64>,
    /// The least length of a packet.
    pub(super) shortest: usize,
}

/// What a byte is that was written in the run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// A byte of an expression.
    Of(Node, u8),
    /// A copy of the byte at an address.
    Copy(u64),
    /// The program's own.
    Own,
}

#[derive(Clone, Debug, Default)]
struct Frame {
    regs: [Option<Node>; 11],
    pending: Option<Pending>,
    /// It waits for a function of the program.
    local: bool,
}

/// Follows runs.
#[derive(Debug)]
pub struct Shadow {
    image: Arc<Image>,
    pub(super) notes: Notes,
    frames: Vec<Frame>,
    pub(super) marks: Table<u64, Mark>,
    pub(super) known: Table<(u64, u8), Node>,
    pub(super) names: BTreeMap<u64, Arc<Thing>>,
    pub(super) keys: BTreeMap<u64, Arc<Thing>>,
    pub(super) updated: BTreeSet<(u32, Vec<u8>)>,
    counts: BTreeMap<u32, u32>,
    same: BTreeMap<(u32, bool), u32>,
    pub(super) packet: Vec<u8>,
    /// Nothing is followed any more.
    lost: bool,
}

impl Shadow {
    /// Follows runs of an image's first program.
    pub fn new(image: Arc<Image>) -> Shadow {
        Shadow {
            image,
            notes: Notes::default(),
            frames: Vec::new(),
            marks: Table::default(),
            known: Table::default(),
            names: BTreeMap::new(),
            keys: BTreeMap::new(),
            updated: BTreeSet::new(),
            counts: BTreeMap::new(),
            same: BTreeMap::new(),
            packet: Vec::new(),
            lost: false,
        }
    }

    /// A run on this input begins.
    pub fn begin(&mut self, input: &Input) {
        let first = self.image.programs.first();
        let xdp = first.is_some_and(|c| c.program.prog_type == ProgType::Xdp);
        *self = Shadow {
            packet: input.packet.clone(),
            notes: Notes {
                shortest: if xdp { ETH_HLEN } else { 0 },
                ..Notes::default()
            },
            ..Shadow::new(Arc::clone(&self.image))
        };
    }

    /// An instruction is about to be executed.
    pub fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, rt: &Runtime) {
        if site.program != 0 || self.kept() > MAX_MARKS {
            self.lost = true;
        }
        if self.lost || depth == 0 {
            return;
        }
        self.settle(depth, regs, rt);
        let image = Arc::clone(&self.image);
        let op = image
            .programs
            .first()
            .and_then(|c| c.ops.get(site.insn as usize));
        let Some(op) = op.copied() else { return };
        self.follow(site, op, regs, rt);
    }

    /// What is remembered of memory and maps, in marks.
    fn kept(&self) -> usize {
        let things = self.updated.len() + self.keys.len() + self.notes.snapshots.len();
        self.marks.len() + KEPT_AS * (things + self.notes.calls.len())
    }

    /// About so many bytes are held.
    pub fn bytes(&self) -> u64 {
        // Tables are at most half empty.
        let mark = 2 * size_of::<(u64, Mark)>();
        let known = 2 * size_of::<((u64, u8), Node)>();
        let bytes = self.kept().saturating_mul(mark)
            + self.known.len().saturating_mul(known)
            + self.notes.sources.len().saturating_mul(size_of::<Source>())
            + self.notes.arena.bytes();
        bytes as u64
    }

    /// Frames are left and entered, calls have come back.
    fn settle(&mut self, depth: usize, regs: &[u64; 11], rt: &Runtime) {
        while self.frames.len() > depth {
            let left = self.frames.pop().unwrap_or_default();
            if let Some(caller) = self.frames.last_mut().filter(|f| f.local) {
                caller.local = false;
                let [r0, ..] = left.regs;
                caller.regs[0] = r0;
                caller.regs[1..6].fill(None);
            }
        }
        while self.frames.len() < depth {
            let mut frame = Frame::default();
            if let Some(caller) = self.frames.last().filter(|f| f.local) {
                frame.regs[1..6].copy_from_slice(&caller.regs[1..6]);
            }
            self.frames.push(frame);
        }
        if let Some(pending) = self.frames.last_mut().and_then(|f| f.pending.take()) {
            let result = self.returned(pending, regs[0], rt);
            if let Some(frame) = self.frames.last_mut() {
                frame.regs[..6].fill(None);
                frame.regs[0] = result;
            }
        }
    }

    /// The expression of a register, as long as it has its value.
    pub(super) fn reg(&self, r: u8, regs: &[u64; 11]) -> Option<Node> {
        let node = (*self.frames.last()?.regs.get(usize::from(r))?)?;
        let value = *regs.get(usize::from(r))?;
        (self.notes.arena.value(node) == value).then_some(node)
    }

    fn arg(&self, src: Src, regs: &[u64; 11]) -> Arg {
        match src {
            Src::Reg(r) => match self.reg(r, regs) {
                Some(node) => Arg::Of(node),
                None => Arg::Const(regs.get(usize::from(r)).copied().unwrap_or(0)),
            },
            Src::Imm(imm) => Arg::Const(imm as i64 as u64),
        }
    }

    fn set(&mut self, r: u8, node: Option<Node>) {
        if let Some(place) = self
            .frames
            .last_mut()
            .and_then(|f| f.regs.get_mut(usize::from(r)))
        {
            *place = node;
        }
    }

    pub(super) fn add(&mut self, expr: Expr) -> Option<Node> {
        if self.notes.arena.len() >= MAX_NODES {
            return None;
        }
        let was = |a| self.notes.arena.was(a);
        let value = match expr {
            Expr::Source { source, .. } => self.notes.sources.get(source as usize)?.value,
            Expr::Alu { w, op, a, b } => sem::alu(w, op, was(a), was(b)),
            Expr::End { kind, bits, a } => sem::end(kind, bits, was(Arg::Of(a))),
            Expr::Sx { w, bits, a } => sem::sign_extend(w, was(Arg::Of(a)), bits),
        };
        self.notes.arena.add(expr, value)
    }

    fn alu(&mut self, w: Width, op: AluOp, a: Arg, b: Arg) -> Option<Node> {
        match (op, w, b) {
            (AluOp::Mov, Width::W64, Arg::Of(node)) => Some(node),
            (AluOp::Mov, Width::W32, Arg::Of(node)) => {
                if self.notes.arena.value(node) <= mask(32) && self.is_narrow(node) {
                    return Some(node);
                }
                let (a, b) = (b, Arg::Const(mask(32)));
                let (w, op) = (Width::W64, AluOp::And);
                self.add(Expr::Alu { w, op, a, b })
            }
            (AluOp::Mov, ..) => None,
            _ if matches!((a, b), (Arg::Const(_), Arg::Const(_))) => None,
            _ => self.add(Expr::Alu { w, op, a, b }),
        }
    }

    /// Whether an expression never has more than 32 bits.
    pub(super) fn is_narrow(&self, node: Node) -> bool {
        matches!(self.notes.arena.expr(node), Some(Expr::Source { size, .. }) if size <= 4)
    }

    fn follow(&mut self, site: Site, op: Op, regs: &[u64; 11], rt: &Runtime) {
        let at = |r: u8, off: i16| {
            let base = regs.get(usize::from(r)).copied().unwrap_or(0);
            base.wrapping_add(off as i64 as u64)
        };
        match op {
            Op::Alu { w, op, dst, src } => {
                let (a, b) = (self.arg(Src::Reg(dst), regs), self.arg(src, regs));
                let node = self.alu(w, op, a, b);
                self.set(dst, node);
            }
            Op::Neg { w, dst } => {
                let (a, b) = (Arg::Const(0), self.arg(Src::Reg(dst), regs));
                let node = self.alu(w, AluOp::Sub, a, b);
                self.set(dst, node);
            }
            Op::MovSx { w, dst, src, bits } => {
                let a = self.reg(src, regs);
                let node = a.and_then(|a| self.add(Expr::Sx { w, bits, a }));
                self.set(dst, node);
            }
            Op::End { dst, kind, bits } => {
                let a = self.reg(dst, regs);
                let node = a.and_then(|a| self.add(Expr::End { kind, bits, a }));
                self.set(dst, node);
            }
            Op::AddrSpaceCast { dst, .. } | Op::LdImm64 { dst, .. } => self.set(dst, None),
            Op::Load {
                dst,
                base,
                off,
                size,
                sx,
            } => {
                self.want_pointer(base, at(base, off), regs);
                let bits = size.bytes() as u8 * 8;
                let node = self.loaded(at(base, off), size.bytes() as u8, rt);
                let w = Width::W64;
                let node = match node {
                    Some(a) if sx => self.add(Expr::Sx { w, bits, a }),
                    node => node,
                };
                self.set(dst, node);
            }
            Op::LoadAcquire {
                dst,
                base,
                off,
                size,
            } => {
                let node = self.loaded(at(base, off), size.bytes() as u8, rt);
                self.set(dst, node);
            }
            Op::Store {
                base,
                off,
                size,
                src,
            } => {
                let arg = self.arg(src, regs);
                self.mark(at(base, off), size.bytes() as u8, arg);
            }
            Op::StoreRelease {
                base,
                off,
                size,
                src,
            } => {
                let arg = self.arg(Src::Reg(src), regs);
                self.mark(at(base, off), size.bytes() as u8, arg);
            }
            Op::Atomic {
                size,
                base,
                off,
                src,
                fetch,
                ..
            } => {
                self.mark(at(base, off), size.bytes() as u8, Arg::Const(0));
                if fetch {
                    self.set(src, None);
                    self.set(0, None);
                }
            }
            Op::Jmp {
                w,
                op,
                dst,
                src,
                off,
            } => self.branch(site, (w, op, dst, src, off), regs, rt),
            Op::Call(Callee::Local(_)) | Op::CallX { .. } => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.local = true;
                }
            }
            Op::Call(callee) => self.calls(site, callee, regs),
            Op::LdAbs { size, .. } | Op::LdInd { size, .. } => {
                let off = match op {
                    Op::LdInd { src, imm, .. } => at(src, 0) as u32 as i64 + i64::from(imm),
                    Op::LdAbs { imm, .. } => i64::from(imm),
                    _ => 0,
                };
                let bits = size.bytes() as u8 * 8;
                let kind = Endness::Be;
                let from = rt
                    .packet
                    .as_ref()
                    .map(|p| rt.mem.base(p.region) + p.data as u64);
                let from = from
                    .filter(|_| off >= 0)
                    .map(|from| from.wrapping_add(off as u64));
                let a = from.and_then(|from| self.source(from, size.bytes() as u8, rt));
                let node = a.and_then(|a| match bits {
                    8 => Some(a),
                    _ => self.add(Expr::End { kind, bits, a }),
                });
                self.set(0, node);
            }
            _ => {}
        }
    }

    fn calls(&mut self, site: Site, callee: Callee, regs: &[u64; 11]) {
        let nth = self.counts.entry(site.insn).or_insert(0);
        let pending = Pending {
            site,
            nth: *nth,
            callee,
            args: [regs[1], regs[2], regs[3], regs[4], regs[5]],
            from: None,
        };
        *nth = nth.saturating_add(1);
        let from = self.reg(3, regs).and_then(|node| self.place_of(node));
        if let Some(frame) = self.frames.last_mut() {
            frame.pending = Some(Pending { from, ..pending });
        }
    }

    /// What is known of a call's result, now that it is there.
    fn returned(&mut self, pending: Pending, value: u64, rt: &Runtime) -> Option<Node> {
        self.effects(&pending, value, rt);
        let of = outcome(&pending, &self.image, rt)?;
        if let Result::Lookup { map, key, .. } = &of
            && value != 0
        {
            self.found(*map, key.clone(), value, rt);
        }
        self.notes.calls.push(Made {
            site: pending.site,
            nth: pending.nth,
            of,
        });
        let origin = Origin::Call(self.notes.calls.len() - 1);
        self.new_source(origin, 0, 8, value)
    }

    /// A lookup found a value.
    fn found(&mut self, map: u32, key: Vec<u8>, addr: u64, rt: &Runtime) {
        let size = rt.maps.get(map as usize).map_or(0, |m| m.def.value_size);
        if size <= MAX_SNAPSHOT
            && !self.notes.snapshots.contains_key(&(map, key.clone()))
            && let Ok(bytes) = rt.mem.read(addr, size as usize)
        {
            self.notes.snapshots.insert((map, key.clone()), bytes);
        }
        let thing = Arc::new(Thing::Entry { map, key });
        self.keys.insert(addr, thing);
    }

    /// A number was used as an address.
    fn want_pointer(&mut self, base: u8, addr: u64, regs: &[u64; 11]) {
        if addr < LOW
            && let Some(node) = self.reg(base, regs)
            && let Some(place) = self.place_of(node)
        {
            self.notes.pointers.insert(place);
        }
    }

    /// Where a number stands that could be a pointer.
    pub(super) fn place_of(&self, node: Node) -> Option<(Thing, u32)> {
        let (source, size) = self.notes.arena.root(node)?;
        let source = self.notes.sources.get(source as usize)?;
        match &source.origin {
            Origin::Thing(thing)
                if size == 8
                    && source.value < LOW
                    && matches!(**thing, Thing::Kernel(_) | Thing::Context) =>
            {
                Some(((**thing).clone(), source.off))
            }
            _ => None,
        }
    }

    fn branch(
        &mut self,
        site: Site,
        (w, op, dst, src, off): (Width, JmpOp, u8, Src, i16),
        regs: &[u64; 11],
        rt: &Runtime,
    ) {
        let (a, b) = (self.arg(Src::Reg(dst), regs), self.arg(src, regs));
        let (x, y) = (self.notes.arena.was(a), self.notes.arena.was(b));
        let taken = op.holds(w, x, y);
        let packet = packet_end(x, y, rt);
        let symbolic = !matches!((a, b), (Arg::Const(_), Arg::Const(_)));
        if !symbolic && packet.is_none() || self.notes.branches.len() >= MAX_BRANCHES {
            return;
        }
        for arg in [a, b] {
            if let Arg::Const(number) = arg
                && packet.is_none()
                && self.notes.numbers.len() < MAX_NUMBERS
                && !self.notes.numbers.contains(&number)
            {
                self.notes.numbers.push(number);
            }
        }
        let count = self.same.entry((site.insn, taken)).or_insert(0);
        *count = count.saturating_add(1);
        if *count > MAX_SAME {
            return;
        }
        let next = i64::from(site.insn) + 1;
        let other = if taken { next } else { next + i64::from(off) };
        self.notes.branches.push(Branch {
            insn: site.insn,
            taken,
            other: u32::try_from(other).unwrap_or(0),
            op,
            w,
            a,
            b,
            packet,
        });
    }
}

/// Whether one of two values is the packet's end, and the other an address in it: its
/// offset from where the packet began, and whether the end comes first.
fn packet_end(a: u64, b: u64, rt: &Runtime) -> Option<(i64, bool)> {
    let packet = rt.packet.as_ref()?;
    let base = rt.mem.base(packet.region);
    let end = base.wrapping_add(packet.end as u64);
    if a != end && b != end {
        return None;
    }
    let other = if b == end { a } else { b };
    (rt.mem.find(other) == Some(packet.region)).then(|| {
        let off = other.wrapping_sub(base) as i64;
        (byte_at(off), b != end)
    })
}
