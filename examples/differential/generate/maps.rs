//! Statements on maps: look-ups, maps in maps, ring buffers, locks, timers.

use super::{Gen, Holds};

const LOOKUP: u32 = 1;
const UPDATE: u32 = 2;
const DELETE: u32 = 3;
const TAIL_CALL: u32 = 12;
const PUSH: u32 = 87;
const POP: u32 = 88;
const PEEK: u32 = 89;
const SPIN_LOCK: u32 = 93;
const SPIN_UNLOCK: u32 = 94;
const RING_OUTPUT: u32 = 130;
const RING_RESERVE: u32 = 131;
const RING_SUBMIT: u32 = 132;
const RING_DISCARD: u32 = 133;
const RING_QUERY: u32 = 134;
const TIMER_INIT: u32 = 169;
const TIMER_SET_CALLBACK: u32 = 170;
const TIMER_START: u32 = 171;
const TIMER_CANCEL: u32 = 172;
const LOOKUP_PERCPU: u32 = 195;

/// Maps of plain values of 64 bytes: name and bytes of the key.
const PLAIN: [(&str, i16); 5] = [
    ("array", 4),
    ("hash", 8),
    ("lru", 4),
    ("percpu", 4),
    ("percpu_hash", 4),
];

impl Gen<'_> {
    /// A key on the stack, its address in r2.
    fn key(&mut self, at: i16, bytes: i16) {
        if self.rng.chance(25) {
            let r = self.scalar();
            self.f.code.store_imm(8, 10, at, 0);
            self.f.code.store(bytes as usize, 10, at, r);
        } else if !self.slip() {
            let imm = self.rng.below(6) as i32;
            self.f.code.store_imm(bytes as usize, 10, at, imm);
        }
        self.stack_address(2, at);
    }

    /// Looks something up; `body` has its address in the register, and it is not NULL.
    pub(super) fn found(
        &mut self,
        name: &str,
        key: i16,
        bytes: u16,
        body: impl FnOnce(&mut Self, u8),
    ) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let Some(r) = self.free() else {
            return self.arithmetic();
        };
        let map = self.stock.map(name);
        self.room(8, |g, at| {
            g.key(at, key);
            g.f.code.map(1, map);
            if name.starts_with("percpu") && g.rng.chance(50) {
                g.f.code.imm(3, 0);
                g.f.code.helper(LOOKUP_PERCPU);
            } else {
                g.f.code.helper(LOOKUP);
            }
            g.called(Holds::Nothing);
        });
        if self.rng.chance(50) {
            self.f.code.mov(r, 0);
            self.unless_null(r, |g| g.pinned(r, Holds::Memory(bytes), |g| body(g, r)));
        } else {
            self.unless_null(0, |g| {
                g.f.code.mov(r, 0);
                g.pinned(r, Holds::Memory(bytes), |g| body(g, r));
            });
        }
    }

    pub(super) fn lookup(&mut self) {
        let (map, key) = self.rng.pick(&PLAIN);
        self.found(map, key, 64, |g, r| {
            for _ in 0..g.rng.below(3) {
                g.access(r, 64);
            }
            g.block(3);
        });
    }

    pub(super) fn update(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let (map, key) = self.rng.pick(&PLAIN);
        self.room(72, |g, at| {
            match g.rng.below(4) {
                0 => {
                    g.key(at, key);
                    g.f.code.map(1, g.stock.map(map));
                    g.f.code.helper(DELETE);
                }
                1 | 2 => {
                    if !g.slip() {
                        g.clear(at, 64);
                    }
                    g.key(at + 64, key);
                    g.stack_address(3, at);
                    g.f.code.imm(4, 0);
                    g.f.code.map(1, g.stock.map(map));
                    g.f.code.helper(UPDATE);
                }
                _ => {
                    let map = g.rng.pick(&["queue", "stack"]);
                    let id = g.rng.pick(&[PUSH, POP, PEEK]);
                    if id == PUSH {
                        g.clear(at, 8);
                        g.f.code.imm(3, 0);
                    }
                    g.stack_address(2, at);
                    g.f.code.map(1, g.stock.map(map));
                    g.f.code.helper(id);
                }
            }
            g.called(Holds::Scalar);
        });
    }

    pub(super) fn map_in_map(&mut self) {
        let outer = self
            .rng
            .pick(&["arrays", "arrays", "hashes", "guarded_arrays"]);
        self.found(outer, 4, 0, |g, r| {
            let Some(v) = g.free() else { return };
            g.room(8, |g, at| {
                g.key(at, 4);
                g.f.code.mov(1, r);
                g.f.code.helper(LOOKUP);
                g.called(Holds::Nothing);
            });
            g.unless_null(0, |g| {
                g.f.code.mov(v, 0);
                let (holds, guarded) = if outer == "guarded_arrays" {
                    (Holds::Other, true)
                } else {
                    (Holds::Memory(64), false)
                };
                g.pinned(v, holds, |g| {
                    if guarded {
                        g.under_lock(v, 0, SPIN_LOCK, SPIN_UNLOCK, |g| g.access_guarded(v));
                    } else {
                        g.access(v, 64);
                        g.block(2);
                    }
                });
            });
        });
    }

    pub(super) fn ring(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let ring = self.stock.map("ring");
        match self.rng.below(4) {
            0 => self.room(16, |g, at| {
                g.clear(at, 16);
                g.stack_address(2, at);
                g.f.code.imm(3, 16);
                g.f.code.imm(4, 0);
                g.f.code.map(1, ring);
                g.f.code.helper(RING_OUTPUT);
                g.called(Holds::Scalar);
            }),
            1 => {
                self.f.code.imm(2, 1);
                self.f.code.map(1, ring);
                self.f.code.helper(RING_QUERY);
                self.called(Holds::Scalar);
            }
            _ => {
                let Some(r) = self.free() else { return };
                let bytes = self.rng.pick(&[8i32, 16, 40, 64]);
                self.f.code.imm(2, bytes);
                self.f.code.imm(3, 0);
                self.f.code.map(1, ring);
                self.f.code.helper(RING_RESERVE);
                self.called(Holds::Nothing);
                self.f.code.mov(r, 0);
                self.unless_null(r, |g| {
                    g.pinned(r, Holds::Memory(bytes as u16), |g| {
                        g.access(r, bytes as u16);
                        g.block(3);
                    });
                    if g.slip() {
                        return;
                    }
                    g.f.code.mov(1, r);
                    g.f.code.imm(2, 0);
                    let id = g.rng.pick(&[RING_SUBMIT, RING_DISCARD]);
                    g.f.code.helper(id);
                    g.called(Holds::Nothing);
                });
            }
        }
    }

    // ---- locks ---------------------------------------------------------------

    /// Takes the lock at that offset of what `r` points to, by helpers.
    fn under_lock(
        &mut self,
        r: u8,
        off: i32,
        lock: u32,
        unlock: u32,
        body: impl FnOnce(&mut Self),
    ) {
        let quiet = std::mem::replace(&mut self.quiet, true);
        self.f.code.mov(1, r);
        self.f.code.add(1, off);
        self.f.code.helper(lock);
        self.called(Holds::Nothing);
        body(self);
        if !self.slip() {
            self.f.code.mov(1, r);
            self.f.code.add(1, off);
            self.f.code.helper(unlock);
            self.called(Holds::Nothing);
        }
        self.quiet = quiet;
    }

    fn access_guarded(&mut self, r: u8) {
        for _ in 0..1 + self.rng.below(3) {
            let off = self.rng.pick(&[8i16, 16, 24]);
            match self.rng.below(3) {
                0 => {
                    self.f.code.load(8, 0, r, off);
                    self.f.regs[0] = Holds::Scalar;
                }
                1 => self.f.code.store_imm(8, r, off, 7),
                _ => {
                    self.budget -= 1;
                    self.compare();
                }
            }
        }
        if self.slip() {
            self.f.code.load(4, 0, r, 0);
        }
    }

    pub(super) fn locked(&mut self) {
        if (self.quiet || self.no_locks()) && !self.slip() {
            return self.arithmetic();
        }
        match self.rng.below(3) {
            0 => {
                let (map, key) = self.rng.pick(&[("guarded_map", 4), ("guarded_hash", 4)]);
                self.found(map, key, 0, |g, r| {
                    g.under_lock(r, 0, SPIN_LOCK, SPIN_UNLOCK, |g| g.access_guarded(r));
                });
            }
            1 => self.resilient(),
            _ => {
                let Some(r) = self.free() else { return };
                let map = self.stock.map(".data.one");
                self.f.code.variable(r, map, 0);
                self.pinned(r, Holds::Other, |g| {
                    g.under_lock(r, 0, SPIN_LOCK, SPIN_UNLOCK, |g| g.block(1));
                });
            }
        }
    }

    fn resilient(&mut self) {
        let irq = self.rng.chance(40);
        let names = if irq {
            [
                "bpf_res_spin_lock_irqsave",
                "bpf_res_spin_unlock_irqrestore",
            ]
        } else {
            ["bpf_res_spin_lock", "bpf_res_spin_unlock"]
        };
        let [Some(lock), Some(unlock)] = names.map(|n| self.usable(n)) else {
            return;
        };
        self.found("resilient_map", 4, 0, |g, r| {
            g.room(8, |g, at| {
                let quiet = std::mem::replace(&mut g.quiet, true);
                let done = g.f.code.label();
                g.f.code.mov(1, r);
                g.stack_address(2, at);
                g.f.code.kfunc(lock);
                g.called(Holds::Scalar);
                if !g.slip() {
                    g.f.code.jump(0x55, 0, 0, 0, done);
                }
                let before = g.f.regs;
                g.access_guarded(r);
                if !g.slip() {
                    g.f.code.mov(1, r);
                    g.stack_address(2, at);
                    g.f.code.kfunc(unlock);
                    g.called(Holds::Nothing);
                }
                g.f.code.place(done);
                g.merge(&before);
                g.quiet = quiet;
            });
        });
    }

    // ---- what runs later -------------------------------------------------------

    pub(super) fn deferred(&mut self) {
        if (self.quiet || self.no_locks()) && !self.slip() {
            return self.arithmetic();
        }
        match self.rng.below(3) {
            0 => self.timer(),
            1 => self.work(),
            _ => self.task_work(),
        }
    }

    fn timer(&mut self) {
        self.found("timed_map", 4, 0, |g, r| {
            let timer = g.stock.map("timed_map");
            let at = if g.slip() { 0 } else { 8 };
            let callback = g.callback_of_value(16);
            let arg = |g: &mut Self| {
                g.f.code.mov(1, r);
                g.f.code.add(1, at);
            };
            arg(g);
            g.f.code.map(2, timer);
            g.f.code.imm(3, 1);
            g.f.code.helper(TIMER_INIT);
            g.called(Holds::Scalar);
            if g.rng.chance(95) {
                arg(g);
                g.f.code.function(2, callback);
                g.f.code.helper(TIMER_SET_CALLBACK);
                g.called(Holds::Scalar);
            }
            arg(g);
            g.f.code.imm(2, 1000);
            g.f.code.imm(3, 0);
            let start = g.rng.chance(70);
            g.f.code
                .helper(if start { TIMER_START } else { TIMER_CANCEL });
            g.called(Holds::Scalar);
        });
    }

    fn work(&mut self) {
        let names = ["bpf_wq_init", "bpf_wq_set_callback_impl", "bpf_wq_start"];
        let [Some(init), Some(set), Some(start)] = names.map(|n| self.usable(n)) else {
            return;
        };
        self.found("queued_map", 4, 0, |g, r| {
            let map = g.stock.map("queued_map");
            let arg = |g: &mut Self| {
                g.f.code.mov(1, r);
                g.f.code.add(1, 8);
            };
            arg(g);
            g.f.code.map(2, map);
            g.f.code.imm(3, 0);
            g.f.code.kfunc(init);
            g.called(Holds::Scalar);
            let callback = g.callback_of_value(16);
            arg(g);
            g.f.code.function(2, callback);
            g.f.code.imm(3, 0);
            g.f.code.imm(4, 0);
            g.f.code.kfunc(set);
            g.called(Holds::Scalar);
            arg(g);
            g.f.code.imm(2, 0);
            g.f.code.kfunc(start);
            g.called(Holds::Scalar);
        });
    }

    fn task_work(&mut self) {
        let name = self.rng.pick(&[
            "bpf_task_work_schedule_signal_impl",
            "bpf_task_work_schedule_resume_impl",
        ]);
        let Some(schedule) = self.usable(name) else {
            return;
        };
        let Some(t) = self.free() else { return };
        self.f.code.helper(158);
        self.called(Holds::Nothing);
        self.f.code.mov(t, 0);
        self.pinned(t, Holds::Other, |g| {
            g.found("deferred_map", 4, 0, |g, r| {
                let map = g.stock.map("deferred_map");
                let callback = g.callback_of_value(16);
                g.f.code.mov(1, t);
                g.f.code.mov(2, r);
                g.f.code.add(2, 8);
                g.f.code.map(3, map);
                g.f.code.function(4, callback);
                g.f.code.imm(5, 0);
                g.f.code.kfunc(schedule);
                g.called(Holds::Scalar);
            });
        });
    }

    pub(super) fn tail_call(&mut self) {
        if self.f.regs[6] != Holds::Ctx || self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let index = self.scalar();
        self.f.code.mov(3, index);
        self.f.code.map(2, self.stock.map("jumps"));
        self.f.code.mov(1, 6);
        self.f.code.helper(TAIL_CALL);
        self.called(Holds::Scalar);
    }
}
