//! Statements on kernel objects: references, pointers in maps, collections, iterators,
//! dynptrs, sections, and walks along kernel types.

use bpfassay::object::btf::Type;

use super::{Gen, Holds};

const KPTR_XCHG: u32 = 194;
const SPIN_LOCK: u32 = 93;
const SPIN_UNLOCK: u32 = 94;
const CURRENT_TASK: u32 = 158;
const DYNPTR_FROM_MEM: u32 = 197;
const RING_RESERVE_DYNPTR: u32 = 198;
const RING_SUBMIT_DYNPTR: u32 = 199;
const RING_DISCARD_DYNPTR: u32 = 200;
const DYNPTR_READ: u32 = 201;
const DYNPTR_WRITE: u32 = 202;
const DYNPTR_DATA: u32 = 203;

/// What is acquired: maker, its argument, the type, releaser.
const REFERENCES: [(&str, i32, &str, &str); 4] = [
    ("bpf_task_from_pid", 1, "task_struct", "bpf_task_release"),
    ("bpf_cgroup_from_id", 1, "cgroup", "bpf_cgroup_release"),
    (
        "bpf_cpumask_create",
        0,
        "bpf_cpumask",
        "bpf_cpumask_release",
    ),
    ("bpf_task_from_vpid", 1, "task_struct", "bpf_task_release"),
];

impl Gen<'_> {
    fn kcall(&mut self, name: &str, returns: Holds) -> bool {
        let Some(k) = self.usable(name) else {
            return false;
        };
        self.f.code.kfunc(k);
        self.called(returns);
        true
    }

    // ---- references --------------------------------------------------------

    pub(super) fn reference(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let Some(r) = self.free() else {
            return self.arithmetic();
        };
        if self.rng.chance(25) {
            return self.current_task(r);
        }
        let (make, arg, ty, release) = self.rng.pick(&REFERENCES);
        self.f.code.imm(1, arg);
        if !self.kcall(make, Holds::Nothing) {
            self.f.regs[1] = Holds::Scalar;
            return;
        }
        self.f.code.mov(r, 0);
        let object = Holds::Object(self.stock.kernel_type(ty));
        self.unless_null(r, |g| {
            g.pinned(r, object, |g| {
                match ty {
                    "bpf_cpumask" => g.cpumask(r),
                    "cgroup" if g.rng.chance(30) => {
                        g.f.code.mov(1, r);
                        g.f.code.imm(2, 1);
                        if g.kcall("bpf_cgroup_ancestor", Holds::Nothing) {
                            g.unless_null(0, |g| {
                                g.f.code.mov(1, 0);
                                g.kcall("bpf_cgroup_release", Holds::Nothing);
                            });
                        }
                    }
                    _ => g.walk_from(r),
                }
                g.block(3);
            });
            if !g.slip() {
                g.f.code.mov(1, r);
                g.kcall(release, Holds::Nothing);
            }
        });
    }

    fn cpumask(&mut self, r: u8) {
        let numbered = self.rng.chance(50);
        let name = if numbered {
            self.f.code.imm(1, 1);
            self.f.code.mov(2, r);
            self.rng.pick(&[
                "bpf_cpumask_set_cpu",
                "bpf_cpumask_clear_cpu",
                "bpf_cpumask_test_cpu",
                "bpf_cpumask_test_and_set_cpu",
            ])
        } else {
            self.f.code.mov(1, r);
            self.f.code.mov(2, r);
            self.f.code.mov(3, r);
            self.rng.pick(&[
                "bpf_cpumask_setall",
                "bpf_cpumask_clear",
                "bpf_cpumask_and",
                "bpf_cpumask_first",
                "bpf_cpumask_weight",
                "bpf_cpumask_copy",
                "bpf_cpumask_equal",
            ])
        };
        self.kcall(name, Holds::Nothing);
    }

    fn current_task(&mut self, r: u8) {
        self.f.code.helper(CURRENT_TASK);
        self.called(Holds::Nothing);
        self.f.code.mov(r, 0);
        let task = Holds::Object(self.stock.kernel_type("task_struct"));
        self.pinned(r, task, |g| {
            g.walk_from(r);
            if g.rng.chance(40) {
                g.f.code.mov(1, r);
                if g.kcall("bpf_task_acquire", Holds::Nothing) {
                    g.unless_null(0, |g| {
                        g.f.code.mov(1, 0);
                        g.kcall("bpf_task_release", Holds::Nothing);
                    });
                }
            }
            g.block(3);
        });
    }

    // ---- walks along types -------------------------------------------------

    pub(super) fn walk(&mut self) {
        let known: Vec<u8> = (0..10u8)
            .filter(|r| matches!(self.f.regs[usize::from(*r)], Holds::Object(_)))
            .collect();
        if known.is_empty() {
            return self.context_load();
        }
        let r = self.rng.pick(&known);
        self.walk_from(r);
    }

    /// Loads members, and members of what they point to.
    fn walk_from(&mut self, from: u8) {
        let Holds::Object(mut ty) = self.f.regs[usize::from(from)] else {
            return;
        };
        let stock = self.stock;
        let btf = &stock.kernel_btf;
        let mut at = from;
        for _ in 0..1 + self.rng.below(3) {
            let Some(Type::Struct(s)) = btf.ty(ty) else {
                return;
            };
            let Some(member) = s
                .members
                .get(self.rng.below(s.members.len() as usize) as u32)
            else {
                return;
            };
            let id = btf.skip_mods_typedefs(member.ty);
            let mut off = (member.bit_offset / 8) as i32;
            let bytes = match btf.ty(id) {
                Some(Type::Ptr { .. }) => 8,
                _ => btf
                    .resolve_size(id)
                    .filter(|s| [1, 2, 4, 8].contains(s))
                    .unwrap_or(8),
            };
            if self.rng.chance(4) {
                off += self.rng.pick(&[1, 4, 8]);
            }
            let Ok(off) = i16::try_from(off) else { return };
            let to = self.rng.pick(&[0u8, 1, 2, 3]);
            if self.rng.chance(2) {
                self.f.code.store_imm(bytes as usize, at, off, 0);
            }
            self.f.code.load(bytes as usize, to, at, off);
            self.f.regs[usize::from(to)] = Holds::Other;
            match btf.ty(id) {
                Some(Type::Ptr { to: next }) => {
                    ty = btf.skip_mods_typedefs(next);
                    self.f.regs[usize::from(to)] = Holds::Object(ty);
                    at = to;
                    if self.rng.chance(30) {
                        let skip = self.f.code.label();
                        self.f.code.jump(0x15, to, 0, 0, skip);
                        self.f.code.load(8, 0, to, 0);
                        self.f.code.place(skip);
                        self.f.regs[0] = Holds::Nothing;
                        return;
                    }
                }
                Some(Type::Int { .. } | Type::Enum { .. }) => {
                    self.f.regs[usize::from(to)] = Holds::Scalar;
                    return;
                }
                _ => return,
            }
        }
    }

    // ---- pointers in maps ----------------------------------------------------

    pub(super) fn kptr(&mut self) {
        let map = self.rng.pick(&["kept_map", "kept_hash"]);
        let Some(held) = self.free() else {
            return self.arithmetic();
        };
        self.f.pinned |= 1 << held;
        let which = self.rng.below(3);
        let (make, arg, release, off) = [
            ("bpf_task_from_pid", 1, "bpf_task_release", 8),
            ("bpf_cpumask_create", 0, "bpf_cpumask_release", 16),
            ("bpf_cgroup_from_id", 1, "bpf_cgroup_release", 24),
        ][which];
        self.found(map, 4, 0, |g, r| {
            // What is there now, for as long as nobody frees it.
            if g.rng.chance(30) {
                let rcu = g.rng.chance(70) && g.kcall("bpf_rcu_read_lock", Holds::Nothing);
                let field = g.rng.pick(&[8i16, 16, 24, 32, 40]);
                g.f.code.load(8, 0, r, field);
                g.unless_null(0, |g| {
                    g.f.code.load(8, 1, 0, 0);
                });
                g.f.regs[0] = Holds::Nothing;
                if rcu {
                    g.kcall("bpf_rcu_read_unlock", Holds::Nothing);
                }
            }
            if g.rng.chance(50) {
                g.f.code.imm(1, arg);
                if !g.kcall(make, Holds::Nothing) {
                    return;
                }
                g.f.code.mov(2, 0);
                let skip = g.f.code.label();
                if !g.slip() {
                    g.f.code.jump(0x15, 2, 0, 0, skip);
                }
                let before = g.f.regs;
                g.exchange(r, off, held, release);
                g.f.code.place(skip);
                g.merge(&before);
            } else {
                g.f.code.imm(2, 0);
                g.exchange(r, off, held, release);
            }
        });
        self.f.pinned &= !(1 << held);
        self.f.regs[usize::from(held)] = Holds::Nothing;
    }

    /// Puts r2 into a field and gives back what was there.
    fn exchange(&mut self, r: u8, off: i32, held: u8, release: &str) {
        self.f.code.mov(1, r);
        self.f.code.add(1, off);
        self.f.code.helper(KPTR_XCHG);
        self.called(Holds::Nothing);
        self.f.code.mov(held, 0);
        self.unless_null(held, |g| {
            if g.rng.chance(40) {
                g.block(1);
            }
            if !g.slip() {
                g.f.code.mov(1, held);
                g.kcall(release, Holds::Nothing);
            }
        });
    }

    // ---- lists and trees -----------------------------------------------------

    pub(super) fn collection(&mut self) {
        if (self.quiet || self.no_locks()) && !self.slip() {
            return self.arithmetic();
        }
        let Some(r) = self.free() else {
            return self.arithmetic();
        };
        let ty = self
            .rng
            .pick(&["node", "leaf", "shared", "shared", "plain"]);
        self.f.code.imm(1, self.stock.local_type(ty) as i32);
        self.f.code.imm(2, 0);
        if !self.kcall("bpf_obj_new_impl", Holds::Nothing) {
            return;
        }
        self.f.code.mov(r, 0);
        self.unless_null(r, |g| {
            g.pinned(r, Holds::Memory(8), |g| {
                g.f.code.store_imm(8, r, 0, 5);
                if ty == "shared" && g.rng.chance(50) {
                    g.twin(r);
                }
                g.block(1);
                if ty == "plain" || g.rng.chance(20) {
                    return g.drop_object(r);
                }
                g.under_global_lock(r, ty);
            });
        });
    }

    fn drop_object(&mut self, r: u8) {
        if !self.slip() {
            self.f.code.mov(1, r);
            self.f.code.imm(2, 0);
            self.kcall("bpf_obj_drop_impl", Holds::Nothing);
        }
    }

    /// Another reference to the same object, and its release.
    fn twin(&mut self, r: u8) {
        self.f.code.mov(1, r);
        self.f.code.imm(2, 0);
        self.kcall("bpf_refcount_acquire_impl", Holds::Nothing);
        let check = self.rng.chance(50);
        if check {
            self.unless_null(0, |g| g.drop_object(0));
        } else {
            self.drop_object(0);
        }
    }

    /// Inserts and looks, under the lock of its data.
    fn under_global_lock(&mut self, r: u8, ty: &str) {
        let tree = ty == "leaf" || ty == "shared" && self.rng.chance(50);
        // Where the collection is: each of the two sections has a lock, a list and a tree.
        let (section, var) = match (ty, tree) {
            ("node", _) => (".data.one", "list_one"),
            ("leaf", _) => (".data.two", "tree_one"),
            (_, false) => (".data.two", "list_two"),
            _ => (".data.one", "tree_two"),
        };
        let section = if self.slip() { ".data.one" } else { section };
        let map = self.stock.map(section);
        let lock = self.stock.offset(if section == ".data.one" {
            "lock_one"
        } else {
            "lock_two"
        });
        let off = self.stock.offset(var);
        let quiet = std::mem::replace(&mut self.quiet, true);
        let node = if tree && ty == "shared" { 32 } else { 8 };
        let less = if tree {
            Some(self.function("less", |g| g.less(node as i16)))
        } else {
            None
        };
        self.f.code.variable(1, map, lock);
        self.f.code.helper(SPIN_LOCK);
        self.called(Holds::Nothing);
        self.f.code.variable(1, map, off);
        self.f.code.mov(2, r);
        self.f.code.add(2, node);
        if let Some(less) = less {
            self.f.code.function(3, less);
            self.f.code.imm(4, 0);
            self.f.code.imm(5, 0);
            self.kcall("bpf_rbtree_add_impl", Holds::Scalar);
        } else {
            self.f.code.imm(3, 0);
            self.f.code.imm(4, 0);
            let push = self
                .rng
                .pick(&["bpf_list_push_front_impl", "bpf_list_push_back_impl"]);
            self.kcall(push, Holds::Scalar);
        }
        if self.rng.chance(30) {
            // A node may still be read where it was put, until the lock is gone.
            self.f.code.load(8, 0, r, 0);
            self.f.regs[0] = Holds::Scalar;
        }
        if self.rng.chance(60) {
            self.take_out(map, off, tree);
        } else {
            self.f.code.variable(1, map, lock);
            self.f.code.helper(SPIN_UNLOCK);
            self.called(Holds::Nothing);
            self.quiet = quiet;
            return;
        }
        // r0 is what came out, or NULL.
        self.f.code.mov(r, 0);
        self.f.code.variable(1, map, lock);
        self.f.code.helper(SPIN_UNLOCK);
        self.called(Holds::Nothing);
        self.quiet = quiet;
        let back = if self.slip() { 0 } else { -node };
        self.unless_null(r, |g| {
            g.f.code.mov(1, r);
            g.f.code.add(1, back);
            g.f.code.imm(2, 0);
            g.kcall("bpf_obj_drop_impl", Holds::Nothing);
        });
    }

    fn take_out(&mut self, map: usize, off: i32, tree: bool) {
        self.f.code.variable(1, map, off);
        if !tree {
            let pop = self.rng.pick(&["bpf_list_pop_front", "bpf_list_pop_back"]);
            self.kcall(pop, Holds::Nothing);
            return;
        }
        let first = self
            .rng
            .pick(&["bpf_rbtree_first", "bpf_rbtree_first", "bpf_rbtree_root"]);
        self.kcall(first, Holds::Nothing);
        let none = self.f.code.label();
        self.f.code.jump(0x15, 0, 0, 0, none);
        self.f.code.mov(2, 0);
        self.f.code.variable(1, map, off);
        self.kcall("bpf_rbtree_remove", Holds::Nothing);
        self.f.code.place(none);
    }

    fn less(&mut self, node: i16) {
        self.f.code.load(8, 3, 1, -node);
        self.f.code.load(8, 4, 2, -node);
        self.f.code.imm(0, 1);
        let end = self.f.code.label();
        self.f.code.jump(0xad, 3, 4, 0, end);
        self.f.code.imm(0, 0);
        self.f.code.place(end);
        self.f.code.exit();
    }

    // ---- iterators -----------------------------------------------------------

    pub(super) fn iterate(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let Some(v) = self.free() else {
            return self.arithmetic();
        };
        let (kind, bytes) = self.rng.pick(&[
            ("num", 8),
            ("num", 8),
            ("num", 8),
            ("num", 8),
            ("bits", 16),
            ("task", 24),
            ("task_vma", 8),
            ("css", 24),
            ("kmem_cache", 8),
        ]);
        if kind == "css" && !self.rng.chance(20) || kind == "kmem_cache" && !self.sleepable() {
            return self.arithmetic();
        }
        let name = |what: &str| format!("bpf_iter_{kind}_{what}");
        let [Some(new), Some(next), Some(destroy)] =
            ["new", "next", "destroy"].map(|w| self.stock.kfunc(&name(w)))
        else {
            return;
        };
        let section = matches!(kind, "task" | "css")
            && !self.slip()
            && self.kcall("bpf_rcu_read_lock", Holds::Nothing);
        self.room(bytes, |g, at| {
            if kind == "task_vma" {
                g.f.code.helper(CURRENT_TASK);
                g.called(Holds::Nothing);
                g.f.code.mov(2, 0);
                g.f.code.imm(3, 0);
            } else if kind == "bits" {
                g.f.code.store_imm(8, 10, at - 8, 5);
                g.stack_address(2, at - 8);
                g.f.code.imm(3, 1);
            } else if kind == "num" && g.rng.chance(30) {
                g.number_quietly(3);
                g.f.code.imm(2, 0);
            } else {
                let (from, to) = if kind == "num" {
                    (0, g.rng.range(0, 200) as i32)
                } else {
                    (0, 0)
                };
                g.f.code.imm(2, from);
                g.f.code.imm(3, to);
            }
            g.f.stack += 8;
            g.stack_address(1, at);
            g.f.code.kfunc(new);
            g.called(Holds::Scalar);
            for i in 0..10 {
                if g.f.pinned >> i & 1 == 0 {
                    g.f.regs[i] = Holds::Nothing;
                }
            }
            let entry = g.f.regs;
            let out = g.f.code.label();
            let again = g.here();
            g.stack_address(1, at);
            g.f.code.kfunc(next);
            g.called(Holds::Nothing);
            if !g.slip() {
                g.f.code.jump(0x15, 0, 0, 0, out);
            }
            g.f.code.mov(v, 0);
            let holds = match kind {
                "num" | "bits" => Holds::Memory(4),
                "task" => Holds::Object(g.stock.kernel_type("task_struct")),
                "task_vma" => Holds::Object(g.stock.kernel_type("vm_area_struct")),
                "kmem_cache" => Holds::Object(g.stock.kernel_type("kmem_cache")),
                _ => Holds::Object(g.stock.kernel_type("cgroup_subsys_state")),
            };
            g.pinned(v, holds, |g| {
                if holds == Holds::Memory(4) {
                    let r = g.scalar();
                    if r != v {
                        g.f.code.load(4, r, v, 0);
                    }
                } else {
                    g.walk_from(v);
                }
                g.block(3);
            });
            if g.rng.chance(25) {
                let r = g.scalar();
                let imm = g.rng.imm();
                g.f.code.jump(0x15, r, 0, imm, out);
            }
            g.f.code.goto(again);
            g.f.code.place(out);
            g.merge(&entry);
            if !g.slip() {
                g.stack_address(1, at);
                g.f.code.kfunc(destroy);
                g.called(Holds::Nothing);
            }
        });
        if section {
            self.kcall("bpf_rcu_read_unlock", Holds::Nothing);
        }
    }

    // ---- sections --------------------------------------------------------------

    pub(super) fn section(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        match self.rng.below(3) {
            0 => {
                if !self.kcall("bpf_rcu_read_lock", Holds::Nothing) {
                    return;
                }
                self.block(3);
                if !self.slip() {
                    self.kcall("bpf_rcu_read_unlock", Holds::Nothing);
                }
            }
            1 => {
                if !self.kcall("bpf_preempt_disable", Holds::Nothing) {
                    return;
                }
                self.block(3);
                if !self.slip() {
                    self.kcall("bpf_preempt_enable", Holds::Nothing);
                }
            }
            _ => self.room(8, |g, at| {
                g.stack_address(1, at);
                if !g.kcall("bpf_local_irq_save", Holds::Nothing) {
                    return;
                }
                g.block(3);
                if !g.slip() {
                    g.stack_address(1, at);
                    g.kcall("bpf_local_irq_restore", Holds::Nothing);
                }
            }),
        }
    }

    // ---- dynptrs -----------------------------------------------------------------

    pub(super) fn dynptr(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        self.room(48, |g, at| {
            let mut reserved = false;
            match g.rng.below(4) {
                0 | 1 => {
                    g.f.code.variable(1, g.stock.map(".bss"), 0);
                    let bytes = g.rng.pick(&[8i32, 16, 64]);
                    g.f.code.imm(2, bytes);
                    g.f.code.imm(3, 0);
                    g.stack_address(4, at);
                    g.f.code.helper(DYNPTR_FROM_MEM);
                }
                2 => {
                    reserved = true;
                    g.f.code.map(1, g.stock.map("ring"));
                    let bytes = g.rng.pick(&[8i32, 16, 64]);
                    g.f.code.imm(2, bytes);
                    g.f.code.imm(3, 0);
                    g.stack_address(4, at);
                    g.f.code.helper(RING_RESERVE_DYNPTR);
                }
                _ => {
                    let make = match g.prog_type() {
                        bpfassay::helpers_spec::ProgType::Xdp => "bpf_dynptr_from_xdp",
                        _ => g.rng.pick(&[
                            "bpf_dynptr_from_skb",
                            "bpf_dynptr_from_skb",
                            "bpf_dynptr_from_skb_meta",
                        ]),
                    };
                    let Some(make) = g.usable(make) else { return };
                    if g.f.regs[6] != Holds::Ctx {
                        return;
                    }
                    g.f.code.mov(1, 6);
                    g.f.code.imm(2, 0);
                    g.stack_address(3, at);
                    g.f.code.kfunc(make);
                }
            }
            g.called(Holds::Scalar);
            for _ in 0..1 + g.rng.below(3) {
                g.use_dynptr(at);
            }
            g.block(2);
            if reserved && !g.slip() {
                g.stack_address(1, at);
                g.f.code.imm(2, 0);
                let id = g.rng.pick(&[RING_SUBMIT_DYNPTR, RING_DISCARD_DYNPTR]);
                g.f.code.helper(id);
                g.called(Holds::Nothing);
            }
        });
    }

    fn use_dynptr(&mut self, at: i16) {
        let buffer = at + 16;
        match self.rng.below(9) {
            0 => {
                self.stack_address(1, buffer);
                self.f.code.imm(2, 8);
                self.stack_address(3, at);
                self.f.code.imm(4, 0);
                self.f.code.imm(5, 0);
                self.f.code.helper(DYNPTR_READ);
                self.called(Holds::Scalar);
            }
            1 => {
                self.clear(buffer, 8);
                self.stack_address(1, at);
                self.f.code.imm(2, 0);
                self.stack_address(3, buffer);
                self.f.code.imm(4, 8);
                self.f.code.imm(5, 0);
                self.f.code.helper(DYNPTR_WRITE);
                self.called(Holds::Scalar);
            }
            2 => {
                self.stack_address(1, at);
                self.f.code.imm(2, 0);
                self.f.code.imm(3, 8);
                self.f.code.helper(DYNPTR_DATA);
                self.called(Holds::Nothing);
                self.unless_null(0, |g| {
                    g.f.code.load(8, 1, 0, 0);
                    g.f.regs[1] = Holds::Scalar;
                });
            }
            3 | 4 => {
                let name = self
                    .rng
                    .pick(&["bpf_dynptr_slice", "bpf_dynptr_slice_rdwr"]);
                let Some(r) = self.free() else { return };
                self.stack_address(1, at);
                self.f.code.imm(2, 0);
                if self.rng.chance(80) {
                    self.stack_address(3, buffer);
                } else {
                    self.f.code.imm(3, 0);
                }
                let bytes = self.rng.pick(&[4, 8, 16]);
                self.f.code.imm(4, bytes);
                self.kcall(name, Holds::Nothing);
                self.f.code.mov(r, 0);
                self.unless_null(r, |g| {
                    g.pinned(r, Holds::Memory(bytes as u16), |g| {
                        g.f.code.load(4, 1, r, 0);
                        g.f.regs[1] = Holds::Scalar;
                        if name.ends_with("rdwr") {
                            g.access(r, bytes as u16);
                        }
                        g.block(1);
                    });
                });
            }
            5 => {
                self.stack_address(1, at);
                self.f.code.imm(2, 1);
                self.f.code.imm(3, 4);
                self.kcall("bpf_dynptr_adjust", Holds::Scalar);
            }
            6 => {
                self.stack_address(1, at);
                self.stack_address(2, buffer);
                self.kcall("bpf_dynptr_clone", Holds::Scalar);
                self.stack_address(1, buffer);
                self.kcall("bpf_dynptr_size", Holds::Scalar);
            }
            _ => {
                let name = self.rng.pick(&[
                    "bpf_dynptr_size",
                    "bpf_dynptr_is_null",
                    "bpf_dynptr_is_rdonly",
                ]);
                self.stack_address(1, at);
                self.kcall(name, Holds::Scalar);
            }
        }
    }
}
