//! Statements on memory that is there: variables, values, packets, atomics, the arena.

use bpfassay::helpers_spec::ProgType;

use super::{Gen, Holds};
use crate::code::size_bits;

/// Offsets of packet pointers in a context: data, data_end, data_meta.
fn packet_fields(of: ProgType) -> Option<(i16, i16, usize)> {
    match of {
        ProgType::Xdp => Some((0, 4, 4)),
        ProgType::SchedCls
        | ProgType::SchedAct
        | ProgType::LwtXmit
        | ProgType::LwtIn
        | ProgType::SkSkb
        | ProgType::CgroupSkb
        | ProgType::FlowDissector => Some((76, 80, 4)),
        ProgType::SkMsg | ProgType::SkReuseport => Some((0, 8, 8)),
        _ => None,
    }
}

impl Gen<'_> {
    /// A map of variables and an offset in it.
    pub(super) fn some_variable(&mut self) -> (usize, i32) {
        let name = self.rng.pick(&[".data", ".bss", ".rodata", ".bss"]);
        let off = self.rng.below(4) as i32 * 8;
        (self.stock.map(name), off)
    }

    pub(super) fn variable(&mut self) {
        let name = self
            .rng
            .pick(&[".data", ".bss", ".rodata", ".data.one", "one"]);
        let map = self.stock.map(name);
        let r = self.rng.pick(&[1u8, 2, 3, 4, 5]);
        let off = match name {
            ".data.one" => self.rng.below(8) as i32 * 8,
            "one" => 0,
            ".rodata" => self.rng.below(4) as i32 * 8,
            _ => self.rng.below(8) as i32 * 8,
        };
        // Private data holds a lock and its collections.
        if name == ".data.one" && !self.slip() {
            return self.arithmetic();
        }
        self.f.code.variable(r, map, off);
        let room = match name {
            "one" => 8,
            _ => 64 - off as u16,
        };
        self.f.regs[usize::from(r)] = Holds::Memory(room);
        if name == ".rodata" && !self.slip() {
            let bytes = self.rng.pick(&[1usize, 2, 4, 8]);
            if bytes as u16 <= 32u16.saturating_sub(off as u16) {
                self.f.code.load(bytes, 0, r, 0);
                self.f.regs[0] = Holds::Scalar;
            }
            self.f.regs[usize::from(r)] = Holds::Nothing;
            return;
        }
        self.access(r, room);
    }

    /// Reads or writes memory of which there are `room` bytes.
    pub(super) fn access(&mut self, r: u8, room: u16) {
        let bytes = self.rng.pick(&[1usize, 2, 4, 8]);
        if (room as usize) < bytes {
            return;
        }
        let last = room as usize - bytes;
        let mut off = self.rng.below(last / bytes + 1) * bytes;
        if self.slip() {
            off += self.rng.pick(&[1, room as usize, 8]);
        }
        match self.rng.below(6) {
            0 | 1 => {
                let to = self.scalar();
                if to == r {
                    return;
                }
                self.f.code.load(bytes, to, r, off as i16);
                self.f.regs[usize::from(to)] = Holds::Scalar;
            }
            2 => {
                let imm = self.rng.imm();
                self.f.code.store_imm(bytes, r, off as i16, imm);
            }
            3 => {
                let from = self.scalar();
                if self.f.regs[usize::from(r)] != Holds::Nothing && from != r {
                    self.f.code.store(bytes, r, off as i16, from);
                }
            }
            // At an offset that isn't constant.
            4 => {
                let Some(i) = self.free() else { return };
                let holds = self.f.regs[usize::from(r)];
                self.bounded(i, last as u32);
                if self.f.regs[usize::from(r)] != holds || r == i {
                    return;
                }
                let to = self.rng.pick(&[1u8, 2, 3, 4]);
                if to != r {
                    self.f.code.mov(to, r);
                }
                self.f.code.emit(0x0f, to, i, 0, 0);
                if self.rng.chance(50) {
                    self.f.code.load(bytes, 0, to, 0);
                    self.f.regs[0] = Holds::Scalar;
                } else {
                    self.f.code.store_imm(bytes, to, 0, 1);
                }
                self.f.regs[usize::from(to)] = Holds::Nothing;
            }
            _ => self.atomic_at(r, (off & !7) as i16),
        }
    }

    /// Uses what a register points to.
    pub(super) fn use_memory(&mut self) {
        let known: Vec<(u8, u16)> = (0..10u8)
            .filter_map(|r| match self.f.regs[usize::from(r)] {
                Holds::Memory(room) => Some((r, room)),
                _ => None,
            })
            .collect();
        if known.is_empty() {
            return self.variable();
        }
        let (r, room) = self.rng.pick(&known);
        self.access(r, room);
    }

    pub(super) fn atomic(&mut self) {
        if self.rng.chance(50) {
            return self.room(16, |g, at| {
                g.clear(at, 16);
                g.atomic_at(10, at);
            });
        }
        let name = self.rng.pick(&[".data", ".bss"]);
        let map = self.stock.map(name);
        let off = self.rng.below(8) as i32 * 8;
        self.f.code.variable(1, map, off);
        self.f.regs[1] = Holds::Memory(8);
        self.atomic_at(1, 0);
        self.f.regs[1] = Holds::Nothing;
    }

    fn atomic_at(&mut self, r: u8, off: i16) {
        let holds = |g: &Self| {
            if r == 10 {
                Holds::Other
            } else {
                g.f.regs[usize::from(r)]
            }
        };
        let before = holds(self);
        let value = self.scalar();
        if value == r || holds(self) != before {
            return;
        }
        let bytes = self.rng.pick(&[4usize, 8]);
        if self.rng.chance(30) {
            // With acquire or release; of every width.
            let bytes = self.rng.pick(&[1usize, 2, 4, 8]);
            let imm = self.rng.pick(&[0x100, 0x110]);
            let (dst, src) = if imm == 0x100 { (value, r) } else { (r, value) };
            self.f
                .code
                .emit(0xc3 | size_bits(bytes), dst, src, off, imm);
            return;
        }
        let imm = self
            .rng
            .pick(&[0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1]);
        if imm == 0xf1 && !self.is_scalar(0) {
            if r == 0 {
                return;
            }
            self.f.code.imm(0, 1);
            self.f.regs[0] = Holds::Scalar;
        }
        self.f
            .code
            .emit(0xc3 | size_bits(bytes), r, value, off, imm);
    }

    // ---- packets -----------------------------------------------------------

    pub(super) fn packet(&mut self) {
        let Some((data, end, bytes)) = packet_fields(self.prog_type()) else {
            return self.packet_load();
        };
        if self.f.regs[6] != Holds::Ctx || self.rng.chance(15) {
            return self.packet_load();
        }
        let Some(r) = self.free() else {
            return self.packet_load();
        };
        self.f.code.load(bytes, r, 6, data);
        self.f.regs[usize::from(r)] = Holds::Nothing;
        let room = self.rng.range(1, 40) as i32;
        // Some way into it.
        if self.rng.chance(40) {
            let i = self.rng.pick(&[1u8, 2, 3]);
            let most = self.rng.pick(&[3u32, 15, 60, 0xffff]);
            self.f.pinned |= 1 << r;
            self.bounded(i, most);
            self.f.pinned &= !(1 << r);
            self.f.code.load(bytes, r, 6, data);
            self.f.code.emit(0x0f, r, i, 0, 0);
        }
        let (at_end, far) = (4u8, 5u8);
        self.f.code.load(bytes, at_end, 6, end);
        self.f.code.mov(far, r);
        self.f.code.add(far, room);
        let skip = self.f.code.label();
        let (op, a, b) = self.rng.pick(&[
            (0x2du8, far, at_end),
            (0xad, at_end, far),
            (0x3d, far, at_end),
        ]);
        if !self.slip() {
            self.f.code.jump(op, a, b, 0, skip);
        }
        self.f.regs[4] = Holds::Nothing;
        self.f.regs[5] = Holds::Nothing;
        let before = self.f.regs;
        self.pinned(r, Holds::Memory(room as u16), |g| {
            for _ in 0..1 + g.rng.below(3) {
                g.access(r, room as u16);
            }
            if g.rng.chance(40) {
                g.block(2);
            }
        });
        self.f.code.place(skip);
        self.merge(&before);
    }

    // ---- arena and per-CPU variables -----------------------------------------

    pub(super) fn arena(&mut self) {
        let r = self.rng.pick(&[1u8, 2, 3]);
        let Some(n) = self.free() else { return };
        // An address of the arena: any number, cast.
        self.number(n);
        self.f.code.map(r, self.stock.map("arena"));
        self.f.code.emit(0xbf, n, n, 1, 1);
        for _ in 0..1 + self.rng.below(3) {
            let bytes = self.rng.pick(&[1usize, 2, 4, 8]);
            match self.rng.below(4) {
                0 => self.f.code.load(bytes, 0, n, 0),
                1 => self.f.code.store_imm(bytes, n, 8, 1),
                2 => {
                    self.f.code.imm(4, 1);
                    self.f
                        .code
                        .emit(0xdb, n, 4, 0, self.rng.pick(&[0, 1, 0x40, 0xe1]));
                    self.f.regs[4] = Holds::Scalar;
                }
                _ => {
                    self.f.code.add(n, 8);
                    continue;
                }
            }
            if self.f.regs[0] == Holds::Nothing {
                self.f.code.imm(0, 0);
            }
            self.f.regs[0] = Holds::Scalar;
        }
        self.f.regs[usize::from(r)] = Holds::Nothing;
        self.f.regs[usize::from(n)] = Holds::Nothing;
        if self.rng.chance(30) {
            self.f.code.emit(0xbf, n, n, 1, 1 << 16);
        }
    }

    /// A variable of the kernel, this CPU's or another's.
    pub(super) fn symbol(&mut self) {
        if self.stock.ksyms.is_empty() || self.quiet {
            return self.arithmetic();
        }
        let which = self.rng.below(self.stock.ksyms.len());
        self.f.code.wide(1, 3, which as i32, 0);
        if self.rng.chance(50) {
            self.f.code.helper(154);
            self.called(Holds::Other);
            self.f.code.load(4, 0, 0, 0);
            self.f.regs[0] = Holds::Scalar;
        } else {
            self.f.code.imm(2, 0);
            self.f.code.helper(153);
            self.called(Holds::Other);
            self.unless_null(0, |g| {
                g.f.code.load(4, 1, 0, 0);
                g.f.regs[1] = Holds::Scalar;
            });
            self.f.regs[0] = Holds::Nothing;
        }
    }
}
