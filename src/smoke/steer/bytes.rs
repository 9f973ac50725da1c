//! Where the bytes of a run's memory come from: what the program wrote, what helpers
//! copied, what can be stated of objects.

use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::Thing;
use super::shadow::{COMM, MAX_NODES, Mark, Origin, Shadow, Source};
use super::value::{Arg, Expr, Node, mask};
use crate::object::F_RDONLY_PROG;
use crate::programs::insn::{AluOp, Width};
use crate::smoke::maps::{Body, is_percpu};
use crate::smoke::memory::{Kind, RegionId};
use crate::smoke::packet::byte_at;
use crate::smoke::runtime::Runtime;

impl Shadow {
    /// The program wrote a value.
    pub(super) fn mark(&mut self, addr: u64, size: u8, arg: Arg) {
        for i in 0..size {
            let mark = match arg {
                Arg::Of(node) => Mark::Of(node, i),
                Arg::Const(_) => Mark::Own,
            };
            self.marks.insert(addr.wrapping_add(u64::from(i)), mark);
        }
    }

    /// The expression of bytes in memory.
    pub(super) fn loaded(&mut self, addr: u64, size: u8, rt: &Runtime) -> Option<Node> {
        let marks: Vec<Option<Mark>> = (0..u64::from(size))
            .map(|i| self.marks.get(&addr.wrapping_add(i)).copied())
            .collect();
        match marks.first()? {
            _ if marks.iter().all(Option::is_none) => return self.source(addr, size, rt),
            Some(Mark::Copy(from)) => {
                let row = |(m, i): (&Option<Mark>, u64)| matches!(m, Some(Mark::Copy(at)) if *at == from.wrapping_add(i));
                if marks.iter().zip(0..).all(row) {
                    return self.source(*from, size, rt);
                }
            }
            Some(Mark::Of(node, first)) => {
                let row = |(m, i): (&Option<Mark>, u8)| matches!(m, Some(Mark::Of(n, at)) if n == node && *at == first.wrapping_add(i));
                if marks.iter().zip(0..).all(row) {
                    return self.part(*node, *first, size);
                }
            }
            _ => {}
        }
        self.gathered(addr, &marks, rt)
    }

    /// Some bytes of an expression.
    fn part(&mut self, node: Node, first: u8, size: u8) -> Option<Node> {
        let w = Width::W64;
        let mut node = node;
        if first > 0 {
            let (a, b) = (Arg::Of(node), Arg::Const(u64::from(first) * 8));
            node = self.add(Expr::Alu {
                w,
                op: AluOp::Rsh,
                a,
                b,
            })?;
        }
        let all = mask(u32::from(size) * 8);
        if self.notes.arena.value(node) <= all && self.is_narrow(node) && size >= 4 {
            return Some(node);
        }
        if size < 8 {
            let (a, b) = (Arg::Of(node), Arg::Const(all));
            node = self.add(Expr::Alu {
                w,
                op: AluOp::And,
                a,
                b,
            })?;
        }
        Some(node)
    }

    /// Bytes of several origins, put together.
    fn gathered(&mut self, addr: u64, marks: &[Option<Mark>], rt: &Runtime) -> Option<Node> {
        let mut sum: Option<Node> = None;
        let mut own = 0u64;
        let w = Width::W64;
        for (mark, i) in marks.iter().zip(0u64..) {
            let at = addr.wrapping_add(i);
            let byte = match mark {
                Some(Mark::Of(node, at)) => self.part(*node, *at, 1),
                Some(Mark::Copy(from)) => self.source(*from, 1, rt),
                Some(Mark::Own) => None,
                None => self.source(at, 1, rt),
            };
            let Some(byte) = byte else {
                own |= rt.mem.load(at, 1).unwrap_or(0) << (8 * i);
                continue;
            };
            let (a, b) = (Arg::Of(byte), Arg::Const(8 * i));
            let moved = self.add(Expr::Alu {
                w,
                op: AluOp::Lsh,
                a,
                b,
            })?;
            sum = match sum {
                Some(sum) => {
                    let (a, b) = (Arg::Of(sum), Arg::Of(moved));
                    Some(self.add(Expr::Alu {
                        w,
                        op: AluOp::Or,
                        a,
                        b,
                    })?)
                }
                None => Some(moved),
            };
        }
        let (a, b) = (Arg::Of(sum?), Arg::Const(own));
        self.add(Expr::Alu {
            w,
            op: AluOp::Or,
            a,
            b,
        })
    }

    pub(super) fn new_source(
        &mut self,
        origin: Origin,
        off: u32,
        size: u8,
        value: u64,
    ) -> Option<Node> {
        let source = u32::try_from(self.notes.sources.len()).ok()?;
        if self.notes.arena.len() >= MAX_NODES {
            return None;
        }
        self.notes.sources.push(Source {
            origin,
            off,
            size,
            value,
        });
        self.add(Expr::Source { source, size })
    }

    /// Bytes of something that can be stated.
    pub(super) fn source(&mut self, addr: u64, size: u8, rt: &Runtime) -> Option<Node> {
        if (COMM..COMM + 16).contains(&addr) {
            let off = (addr - COMM) as usize;
            let bytes = rt.task.comm.get(off..off + usize::from(size))?;
            let value = bytes.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b));
            let thing = Origin::Thing(Arc::new(Thing::Comm));
            return self.new_source(thing, off as u32, size, value);
        }
        let value = rt.mem.load(addr, u32::from(size)).ok()?;
        if let Some(node) = self.known.get(&(addr, size)).copied()
            && self.notes.arena.value(node) == value
        {
            return Some(node);
        }
        let id = rt.mem.find(addr)?;
        let (origin, off) = self.origin(id, addr, size, value, rt)?;
        let node = self.new_source(origin, off, size, value)?;
        self.known.insert((addr, size), node);
        Some(node)
    }

    fn origin(
        &mut self,
        id: RegionId,
        addr: u64,
        size: u8,
        value: u64,
        rt: &Runtime,
    ) -> Option<(Origin, u32)> {
        let off = u32::try_from(addr.checked_sub(rt.mem.base(id))?).ok()?;
        match rt.mem.kind(id)? {
            Kind::Context if rt.ctx == Some(id) => {
                let fields = rt.packet.as_ref().and_then(|p| p.ctx).map(|(_, f)| f);
                if fields.is_some_and(|f| f.len == Some(off)) {
                    return Some((Origin::Length, 0));
                }
                let packet = rt.mem.kind_at(value) == Some(Kind::Packet);
                let thing = Arc::new(Thing::Context);
                (!packet).then_some((Origin::Thing(thing), off))
            }
            Kind::Packet => {
                let at = u32::try_from(byte_at(i64::from(off))).ok()?;
                let end = at as usize + usize::from(size);
                let given = self.packet.get(at as usize..end)?;
                let as_given = given.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b));
                (as_given == value).then_some((Origin::Packet, at))
            }
            Kind::Kernel => {
                let base = rt.mem.base(id);
                let thing = match self.names.entry(base) {
                    Entry::Occupied(known) => Arc::clone(known.get()),
                    Entry::Vacant(free) => {
                        let name = rt.kernel.iter().find(|(_, at)| **at == base)?.0;
                        Arc::clone(free.insert(Arc::new(Thing::Kernel(name.clone()))))
                    }
                };
                Some((Origin::Thing(thing), off))
            }
            Kind::Buffer if rt.user == Some(id) => {
                Some((Origin::Thing(Arc::new(Thing::User)), off))
            }
            Kind::MapValue(map) => self.entry(map, addr, size, rt),
            _ => None,
        }
    }

    /// Bytes of a map's value.
    fn entry(&mut self, map: u32, addr: u64, size: u8, rt: &Runtime) -> Option<(Origin, u32)> {
        let m = rt.maps.get(map as usize)?;
        let (region, cell) = rt.mem.cell_of(addr)?;
        let start = rt.mem.cell(region, cell);
        let off = u32::try_from(addr.checked_sub(start)?).ok()?;
        let kept = |(at, len): &(u32, u32)| off < at + len && *at < off + u32::from(size);
        if m.def.flags & F_RDONLY_PROG != 0 || m.special.iter().any(kept) {
            return None;
        }
        let thing = match (&m.body, self.keys.get(&start)) {
            (_, Some(thing)) => Arc::clone(thing),
            (Body::Array { .. } | Body::PercpuArray { .. }, None) => {
                let wide = if is_percpu(m.def.map_type) {
                    u64::from(rt.config.cpus)
                } else {
                    1
                };
                let key = ((cell / wide) as u32).to_le_bytes().to_vec();
                let thing = Arc::new(Thing::Entry { map, key });
                self.keys.insert(start, Arc::clone(&thing));
                thing
            }
            _ => return None,
        };
        let Thing::Entry { map, key } = &*thing else {
            return None;
        };
        if self.updated.contains(&(*map, key.clone())) {
            return None;
        }
        Some((Origin::Thing(thing), off))
    }
}
