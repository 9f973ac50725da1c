//! Statements that call: functions of the program, callbacks, helpers and kernel
//! functions by their prototypes.

use bpfassay::helpers_spec::{self, ArgSpec, ArgType, KfFlags, ProgType, RetType};

use super::{Gen, Holds};
use crate::stock::Param;

const LOOP: u32 = 181;
const FOR_EACH: u32 = 164;
const FIND_VMA: u32 = 180;
const DRAIN: u32 = 209;

impl Gen<'_> {
    /// The body of a function whose first parameters hold this.
    fn body(&mut self, holds: &[Holds], returns: i64) {
        let keep = if self.quiet {
            0
        } else {
            self.rng.below(holds.len() + 1)
        };
        for (i, h) in holds.iter().enumerate() {
            self.f.regs[i + 1] = *h;
        }
        // One parameter outlives calls.
        if let Some(h) = keep.checked_sub(1).and_then(|i| holds.get(i)) {
            self.f.code.mov(6, keep as u8);
            self.f.regs[6] = *h;
        }
        self.block(4);
        match self.rng.below(30) {
            0 if self.is_scalar(0) => {}
            1 if self.f.ty != "callback" => {
                let imm = self.rng.imm();
                self.f.code.imm(0, imm);
            }
            _ => {
                let r = self.rng.range(0, returns) as i32;
                self.f.code.imm(0, r);
            }
        }
        self.f.code.exit();
    }

    /// A callback that gets a map, a key and a value.
    pub(super) fn callback_of_value(&mut self, bytes: u16) -> usize {
        self.function("callback", |g| {
            g.body(&[Holds::Other, Holds::Other, Holds::Memory(bytes)], 0)
        })
    }

    pub(super) fn callback(&mut self) {
        if (self.quiet || self.depth > 4) && !self.slip() {
            return self.arithmetic();
        }
        match self.rng.below(6) {
            0..=2 => self.bpf_loop(),
            3 => {
                let map = self.rng.pick(&["array", "hash", "percpu", "lru", "hashes"]);
                let value = if map == "hashes" {
                    Holds::Other
                } else {
                    Holds::Memory(64)
                };
                let callback = self.function("callback", |g| {
                    g.body(&[Holds::Other, Holds::Other, value, Holds::Memory(8)], 1)
                });
                self.room(8, |g, at| {
                    g.clear(at, 8);
                    g.f.code.map(1, g.stock.map(map));
                    g.f.code.function(2, callback);
                    g.stack_address(3, at);
                    g.f.code.imm(4, 0);
                    g.f.code.helper(FOR_EACH);
                    g.called(Holds::Scalar);
                });
            }
            4 => {
                let callback = self.function("callback", |g| {
                    g.body(&[Holds::Other, Holds::Other, Holds::Memory(8)], 1)
                });
                self.room(8, |g, at| {
                    g.clear(at, 8);
                    g.f.code.helper(158);
                    g.f.code.mov(1, 0);
                    g.f.code.imm(2, 0);
                    g.f.code.function(3, callback);
                    g.stack_address(4, at);
                    g.f.code.imm(5, 0);
                    g.f.code.helper(FIND_VMA);
                    g.called(Holds::Scalar);
                });
            }
            _ => {
                let callback = self.function("callback", |g| g.body_of_dynptr());
                self.room(8, |g, at| {
                    g.clear(at, 8);
                    g.f.code.map(1, g.stock.map("commands"));
                    g.f.code.function(2, callback);
                    g.stack_address(3, at);
                    g.f.code.imm(4, 0);
                    g.f.code.helper(DRAIN);
                    g.called(Holds::Scalar);
                });
            }
        }
    }

    fn body_of_dynptr(&mut self) {
        self.f.code.mov(6, 1);
        self.f.code.mov(1, 6);
        self.f.code.imm(2, 0);
        self.f.code.imm(3, 8);
        self.f.code.helper(203);
        self.called(Holds::Nothing);
        self.unless_null(0, |g| {
            g.f.code.load(8, 1, 0, 0);
            g.f.regs[1] = Holds::Scalar;
        });
        self.body(&[], 1);
    }

    fn bpf_loop(&mut self) {
        let callback = self.function("callback", |g| {
            g.body(&[Holds::Scalar, Holds::Memory(8)], 1)
        });
        self.room(8, |g, at| {
            g.clear(at, 8);
            if g.rng.chance(70) {
                let times = g.rng.pick(&[1i32, 3, 10, 100, 1 << 23]);
                g.f.code.imm(1, times);
            } else {
                g.number_quietly(1);
            }
            g.f.code.function(2, callback);
            if g.rng.chance(85) {
                g.stack_address(3, at);
            } else {
                g.f.code.imm(3, 0);
            }
            g.f.code.imm(4, 0);
            g.f.code.helper(LOOP);
            g.called(Holds::Scalar);
            g.f.code.load(8, 1, 10, at);
            g.f.regs[1] = Holds::Scalar;
        });
    }

    pub(super) fn subprogram(&mut self) {
        if (self.quiet || self.depth > 4) && !self.slip() {
            return self.arithmetic();
        }
        // Kernels verify a global function once, for all callers.
        let (ty, wants): (&'static str, &[Holds]) = match self.rng.below(12) {
            0..=3 => ("callback", &[Holds::Scalar, Holds::Memory(16)]),
            4..=6 if self.rng.chance(95) => ("global_scalars", &[Holds::Scalar; 3]),
            4..=6 => ("global_void", &[Holds::Scalar]),
            7 => ("global_memory", &[Holds::Other, Holds::Scalar]),
            8 => ("global_present", &[Holds::Memory(64), Holds::Scalar]),
            9 => ("global_ctx", &[Holds::Ctx, Holds::Scalar]),
            10 => ("global_dynptr", &[Holds::Other, Holds::Scalar]),
            _ => (
                self.rng.pick(&["global_skb", "global_xdp", "global_task"]),
                &[Holds::Other, Holds::Scalar],
            ),
        };
        let ctx = self.f.regs[6] == Holds::Ctx;
        let fits = match ty {
            "global_skb" => self.layout_is("__sk_buff"),
            "global_xdp" => self.layout_is("xdp_md"),
            "global_task" | "global_dynptr" => self.rng.chance(10),
            _ => true,
        };
        if !fits && !self.slip() {
            return self.arithmetic();
        }
        if wants[0] == Holds::Ctx && !ctx {
            return self.arithmetic();
        }
        let number = self.function(ty, |g| {
            if ty == "global_memory" {
                g.f.code.imm(0, 0);
                let out = g.f.code.label();
                g.f.code.jump(0x55, 1, 0, 0, out);
                g.f.code.exit();
                g.f.code.place(out);
                g.body(&[Holds::Memory(64), Holds::Scalar], 3);
            } else {
                g.body(wants, 3);
            }
        });
        self.room(64, |g, at| {
            g.clear(at, 64);
            let again = if g.rng.chance(20) { 2 } else { 1 };
            for _ in 0..again {
                for (i, want) in wants.iter().enumerate().skip(1) {
                    if *want == Holds::Scalar {
                        g.number_quietly(i as u8 + 1);
                    } else {
                        g.stack_address(i as u8 + 1, at);
                    }
                }
                match (wants[0], ctx) {
                    (Holds::Ctx, _) => g.f.code.mov(1, 6),
                    (Holds::Other, true) if ty != "global_memory" && ty != "global_dynptr" => {
                        g.f.code.mov(1, 6)
                    }
                    (Holds::Scalar, _) => g.number_quietly(1),
                    _ if g.rng.chance(10) => g.f.code.imm(1, 0),
                    _ => g.stack_address(1, at),
                }
                g.f.code.call(number);
                g.called(if ty == "global_void" {
                    Holds::Nothing
                } else {
                    Holds::Scalar
                });
            }
        });
    }

    // ---- by prototype ----------------------------------------------------------

    /// Any helper that this kind of program may call (or, by a slip, any).
    pub(super) fn some_helper(&mut self) {
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let p = &self.stub.program;
        let spec = self.stock.spec;
        let mut id = 0;
        for _ in 0..6 {
            id = 1 + self.rng.below(211) as u32;
            let allowed = helpers_spec::helper_allowed(
                id,
                p.prog_type,
                p.attach_type,
                p.attach_to.as_deref(),
                p.sleepable,
                spec,
            );
            if !crate::ask::OWN.contains(&id) && (allowed || self.slip()) {
                break;
            }
            id = 0;
        }
        let proto =
            helpers_spec::helper_proto_for(id, p.prog_type, p.attach_type, p.sleepable, spec);
        let Some(proto) = proto else {
            return self.arithmetic();
        };
        // Those that open something have statements of their own, most of the time.
        let opens = proto.acquire || proto.release || proto.callback_sync || proto.callback_async;
        let sleeps = proto.might_sleep && !p.sleepable;
        if opens && !self.rng.chance(15) || sleeps && !self.slip() {
            return self.arithmetic();
        }
        let args: Vec<&ArgSpec> = proto.arguments().collect();
        // What takes objects or dynptrs has statements of its own, too.
        let plain = |a: &&ArgSpec| {
            matches!(
                a.base,
                ArgType::Anything
                    | ArgType::Scalar
                    | ArgType::ConstMapPtr
                    | ArgType::MapKey
                    | ArgType::MapValue
                    | ArgType::Mem
                    | ArgType::ConstSize
                    | ArgType::ConstSizeOrZero
                    | ArgType::Ctx
                    | ArgType::ConstStr
            )
        };
        if !args.iter().all(plain) && !self.rng.chance(15) {
            return self.arithmetic();
        }
        let takes_map = args.iter().any(|a| a.base == ArgType::ConstMapPtr);
        self.room(64, |g, at| {
            if !g.slip() {
                g.clear(at, 64);
            }
            let map = if takes_map { g.map_for(id) } else { 0 };
            // Numbers first: they may take calls.
            let mut order: Vec<usize> = (0..args.len()).collect();
            order.sort_by_key(|i| args[*i].base != ArgType::Anything);
            for i in order {
                g.argument(i as u8 + 1, args[i], at, map);
            }
            g.f.code.helper(id);
            let number = matches!(proto.ret.base, RetType::Integer);
            g.called(if number {
                Holds::Scalar
            } else {
                Holds::Nothing
            });
            // What it returned is looked at, checked or not.
            if !number && proto.ret.base != RetType::Void && g.rng.chance(50) {
                g.unless_null(0, |g| {
                    let off = g.rng.pick(&[0i16, 4, 8, 16]);
                    g.f.code.load(4, 1, 0, off);
                    g.f.regs[1] = Holds::Scalar;
                });
                g.f.regs[0] = Holds::Nothing;
            }
        });
    }

    /// Whether the context is of that structure.
    fn layout_is(&self, name: &str) -> bool {
        let of = |t: ProgType| match t {
            ProgType::Xdp => "xdp_md",
            ProgType::SchedCls
            | ProgType::SchedAct
            | ProgType::SocketFilter
            | ProgType::CgroupSkb
            | ProgType::SkSkb
            | ProgType::LwtIn
            | ProgType::LwtXmit => "__sk_buff",
            _ => "",
        };
        of(self.prog_type()) == name
    }

    /// A map that the helper takes, if one is found soon.
    fn map_for(&mut self, id: u32) -> usize {
        let maps = &self.stub.program.maps;
        let mut at = 0;
        for _ in 0..20 {
            at = self.rng.below(maps.len());
            let locked = self.no_locks() && maps[at].name.contains("ed_");
            if !locked && helpers_spec::map_helper_compat(maps[at].map_type, id, self.stock.spec) {
                break;
            }
        }
        at
    }

    fn argument(&mut self, r: u8, arg: &ArgSpec, at: i16, map: usize) {
        match arg.base {
            ArgType::Anything | ArgType::Scalar => {
                if self.rng.chance(75) {
                    let imm = self.rng.pick(&[0, 0, 1, 8, -1]);
                    self.f.code.imm(r, imm);
                } else {
                    let from = self.rng.below(10) as u8;
                    if self.f.regs[usize::from(from)] == Holds::Nothing {
                        self.f.code.imm(r, 0);
                    } else {
                        self.f.code.mov(r, from);
                    }
                }
            }
            ArgType::ConstMapPtr => self.f.code.map(r, map),
            ArgType::ConstSize | ArgType::ConstSizeOrZero | ArgType::ConstAllocSizeOrZero => {
                let bytes = self.rng.pick(&[1, 4, 8, 16, 32, 64]);
                self.f.code.imm(r, bytes);
            }
            ArgType::Ctx if self.f.regs[6] == Holds::Ctx => self.f.code.mov(r, 6),
            ArgType::BtfId | ArgType::BtfIdSockCommon | ArgType::SockCommon | ArgType::Socket => {
                self.object_argument(r)
            }
            ArgType::ConstStr => self.f.code.variable(r, self.stock.map(".rodata"), 32),
            ArgType::MapValue
            | ArgType::Mem
            | ArgType::MapKey
            | ArgType::Stack
            | ArgType::Dynptr => {
                if self.rng.chance(80) {
                    self.stack_address(r, at);
                } else {
                    self.f.code.variable(r, self.stock.map(".bss"), 0);
                }
            }
            _ => self.stack_address(r, at),
        }
        self.f.regs[usize::from(r)] = Holds::Nothing;
    }

    /// Some kernel object, or what might be one.
    fn object_argument(&mut self, r: u8) {
        let known: Vec<u8> = (0..10u8)
            .filter(|r| {
                matches!(
                    self.f.regs[usize::from(*r)],
                    Holds::Object(_) | Holds::Other
                )
            })
            .collect();
        if !known.is_empty() && self.rng.chance(70) {
            let from = self.rng.pick(&known);
            self.f.code.mov(r, from);
        } else if self.f.regs[6] == Holds::Ctx {
            let off = self.rng.pick(&[0i16, 8, 16, 168]);
            self.f.code.load(8, r, 6, off);
        } else {
            self.f.code.imm(r, 0);
        }
    }

    /// Any kernel function, with arguments as its prototype asks.
    pub(super) fn some_kfunc(&mut self) {
        if self.quiet && !self.slip() || self.stock.kfuncs.is_empty() || !self.rng.chance(40) {
            return self.arithmetic();
        }
        let bit = 1u64 << self.prog_type().id();
        let mut which = 0;
        for _ in 0..6 {
            which = self.rng.below(self.stock.kfuncs.len());
            let spec = self.stock.kfuncs[which].spec;
            let sleeps = spec.flags.contains(KfFlags::SLEEPABLE) && !self.sleepable();
            let opens = spec.flags.contains(KfFlags::ACQUIRE)
                || spec.flags.contains(KfFlags::ITER_NEW)
                || spec.name.contains("lock")
                || spec.name.contains("_disable");
            if spec.sets.iter().any(|s| !s.fmod_ret && s.types & bit != 0)
                && !sleeps
                && (!opens || self.rng.chance(10))
            {
                break;
            }
        }
        let stock = self.stock;
        let kfunc = &stock.kfuncs[which];
        self.room(64, |g, at| {
            if !g.slip() {
                g.clear(at, 64);
            }
            for (i, (name, param)) in kfunc.params.iter().enumerate().take(5) {
                let r = i as u8 + 1;
                match *param {
                    _ if name.ends_with("__ign") || name.ends_with("__prog") => g.f.code.imm(r, 0),
                    Param::Scalar if name.ends_with("__k") => {
                        let ty = g.rng.pick(&["node", "shared", "plain"]);
                        g.f.code.imm(r, stock.local_type(ty) as i32);
                    }
                    Param::Scalar => {
                        let imm = g.rng.pick(&[0, 1, 8, 16]);
                        g.f.code.imm(r, imm);
                    }
                    Param::Function => {
                        let callback = g.callback_of_value(16);
                        g.f.code.function(r, callback);
                    }
                    Param::Pointer(_) if name.ends_with("__map") => {
                        let map = g.rng.pick(&["array", "queued_map", "arena"]);
                        g.f.code.map(r, stock.map(map));
                    }
                    Param::Pointer(_) if name.ends_with("__str") => {
                        g.f.code.variable(r, stock.map(".rodata"), 32)
                    }
                    Param::Pointer(to) => g.pointer_argument(r, to, at),
                }
                g.f.regs[usize::from(r)] = Holds::Other;
            }
            g.f.code.kfunc(which);
            g.called(if kfunc.spec.ret.contains('*') {
                Holds::Nothing
            } else {
                Holds::Scalar
            });
            if kfunc.spec.ret == "void" {
                g.f.regs[0] = Holds::Nothing;
            }
        });
    }

    fn pointer_argument(&mut self, r: u8, to: u32, at: i16) {
        let same: Vec<u8> = (0..10u8)
            .filter(|r| self.f.regs[usize::from(*r)] == Holds::Object(to))
            .collect();
        if !same.is_empty() && self.rng.chance(80) {
            let from = self.rng.pick(&same);
            return self.f.code.mov(r, from);
        }
        match self.rng.below(10) {
            0..=4 => self.stack_address(r, at),
            5 | 6 if self.f.regs[6] == Holds::Ctx => self.f.code.mov(r, 6),
            7 => self.f.code.variable(r, self.stock.map(".bss"), 0),
            8 => self.f.code.imm(r, 0),
            _ => self.object_argument(r),
        }
    }
}
