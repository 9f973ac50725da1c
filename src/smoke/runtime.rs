//! The state of a run: everything a program can see or change.
//!
//! Nothing here comes from the machine we run on: clock, random numbers, tasks
//! and devices are made from the configuration's seed, so that a run can be
//! repeated, by either engine, to the last bit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::engine::{FaultKind, Site, Stop};
use super::image::{Image, code_address, map_handle};
use super::maps::Map;
use super::memory::{Kind, Memory, RegionId};
use super::packet::Packet;
use super::scenario::Statement;
use super::steer::Thing;
pub use super::world::{Called, Config, Output, Rng, Task, Timer};
use crate::budget::Deadline;
use crate::helpers_spec::{AttachType, MapType, ProgType};
use crate::programs::Program;
use crate::programs::insn::{ImmRef, Size};

/// Bytes of a stack frame.
pub const STACK_BYTES: u32 = 512;
/// Frames within one another: eight for each program of a chain of tail calls
/// out of subprograms.
pub const MAX_FRAMES: usize = 8 * 34;
/// Callbacks within one another.
pub const MAX_NESTED: u32 = 16;
/// Instructions between two looks at the whole run's deadline.
const INTERVAL: u64 = 1 << 14;
/// Tail calls in one run.
pub const MAX_TAIL_CALLS: u32 = 33;

/// Whether a global function of the program takes untrusted pointers: the program
/// reads through them as a kernel probes memory, without a fault.
fn takes_untrusted(program: &Program) -> bool {
    let Some(btf) = &program.btf else {
        return false;
    };
    let globals = program.subprogs.iter().filter(|s| s.global);
    let mut tags = globals.flat_map(|s| btf.decl_tags(s.func_type));
    tags.any(|tag| tag.name == "arg:untrusted")
}

#[derive(Clone, Debug)]
struct Frame {
    stack: RegionId,
    may_goto: u32,
}

/// The state of a run.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// What it was made with.
    pub config: Config,
    /// Objects.
    pub mem: Memory,
    /// Maps, as the image numbers them.
    pub maps: Vec<Map>,
    /// Instructions left.
    pub fuel: u64,
    /// Program and attach type, for helpers that depend on it.
    pub prog_type: ProgType,
    /// The attach type.
    pub attach_type: Option<AttachType>,
    /// Random numbers handed to programs.
    pub rng: Rng,
    /// Nanoseconds since boot.
    pub clock: u64,
    /// The clock at the start.
    pub started: u64,
    /// The current task.
    pub task: Task,
    /// What was given out.
    pub output: Output,
    /// The packet, if the program is about one.
    pub packet: Option<Packet>,
    /// The context object.
    pub ctx: Option<RegionId>,
    /// Helpers and kfuncs called, with counts.
    pub called: BTreeMap<Called, u64>,
    /// Those that were only modelled from their signature.
    pub modelled: BTreeSet<Called>,
    /// Tail calls so far.
    pub tail_calls: u32,
    /// Timers and work items by the address of their field.
    pub timers: BTreeMap<u64, Timer>,
    /// Locks held, by address.
    pub locks: BTreeSet<u64>,
    /// Depth of nested RCU, preemption and interrupt sections.
    pub sections: [u32; 3],
    /// Kernel objects by name, so that one symbol is one object.
    pub kernel: BTreeMap<String, u64>,
    /// Stated sockets that were found, by address: their places in the list.
    pub sockets: BTreeMap<u64, usize>,
    /// Dynptrs by the address of their slot.
    pub dynptrs: BTreeMap<u64, super::helpers::dynptr::Dynptr>,
    /// Iterators by the address of their slot.
    pub iterators: BTreeMap<u64, super::helpers::iter::Iter>,
    /// Records a user-space producer put into user ring buffers.
    pub user_records: VecDeque<Vec<u8>>,
    /// Lists and trees by the address of their head: nodes in order.
    pub collections: BTreeMap<u64, VecDeque<u64>>,
    /// Reference counts of program-allocated objects, by address.
    pub refcounts: BTreeMap<u64, u32>,
    /// The value that `bpf_get_retval` gives and `bpf_set_retval` sets.
    pub retval: i64,
    /// Arguments of a tracing program, when it has any.
    pub func_args: Vec<u64>,
    /// What the traced function returned.
    pub func_ret: u64,
    /// When the whole run wants this one to end.
    pub deadline: Option<Deadline>,
    /// The user's memory: what `bpf_probe_read_user` finds.
    pub user: Option<RegionId>,
    /// How often calls were made of whose results something is stated.
    pub(super) calls_made: BTreeMap<Site, u32>,
    /// What chance decides of the call that is made now, if that is stated.
    pub(super) luck: Option<bool>,
    frames: Vec<Frame>,
    nested: u32,
}

impl Default for Runtime {
    fn default() -> Runtime {
        Runtime::empty(Config::default())
    }
}

impl Runtime {
    fn empty(config: Config) -> Runtime {
        let mut rng = Rng(config.seed);
        let tgid = 1000 + rng.below(30_000) as u32;
        let task = Task {
            pid: tgid + rng.below(3) as u32,
            tgid,
            uid: if rng.below(2) == 0 { 0 } else { 1000 },
            gid: if rng.below(2) == 0 { 0 } else { 1000 },
            comm: *b"smoke\0\0\0\0\0\0\0\0\0\0\0",
            cgroup: 1 + rng.below(1 << 20),
        };
        let clock = 1_000_000_000_000 + rng.below(1 << 40);
        let mut task = task;
        let stated = config.scenario.as_deref();
        if let Some(scenario) = stated {
            task.state(scenario);
        }
        let clock = stated.and_then(|s| s.time.monotonic).unwrap_or(clock);
        Runtime {
            mem: Memory::new(config.skew, config.bytes),
            maps: Vec::new(),
            fuel: config.fuel,
            prog_type: ProgType::Unspec,
            attach_type: None,
            clock,
            started: clock,
            rng,
            task,
            output: Output::default(),
            packet: None,
            ctx: None,
            called: BTreeMap::new(),
            modelled: BTreeSet::new(),
            tail_calls: 0,
            timers: BTreeMap::new(),
            locks: BTreeSet::new(),
            sections: [0; 3],
            kernel: BTreeMap::new(),
            sockets: BTreeMap::new(),
            dynptrs: BTreeMap::new(),
            iterators: BTreeMap::new(),
            user_records: VecDeque::new(),
            collections: BTreeMap::new(),
            refcounts: BTreeMap::new(),
            retval: 0,
            func_args: Vec::new(),
            func_ret: 0,
            deadline: None,
            user: None,
            calls_made: BTreeMap::new(),
            luck: None,
            frames: Vec::new(),
            nested: 0,
            config,
        }
    }

    /// A runtime for an image: its maps created and filled as a loader would.
    pub fn new(image: &Image, config: Config) -> Result<Runtime, FaultKind> {
        let mut rt = Runtime::empty(config);
        for (i, def) in image.maps.iter().enumerate() {
            let cpus = rt.config.cpus;
            let map = match image.uses(i) {
                true => Map::create(def, i as u32, &mut rt.mem, cpus)?,
                false => Map::unused(def, i as u32, cpus),
            };
            rt.maps.push(map);
        }
        for i in 0..image.maps.len() {
            super::maps::initialise(&mut rt, image, i as u32)?;
        }
        if rt.config.populate {
            rt.populate_arrays()?;
        }
        rt.steer_task();
        Ok(rt)
    }

    /// Pays for bytes that are made, copied or searched.
    ///
    /// # Errors
    ///
    /// Too few are left.
    pub fn spend(&self, bytes: u64) -> Result<(), FaultKind> {
        if self.mem.spend(bytes) {
            Ok(())
        } else {
            Err(FaultKind::Bytes)
        }
    }

    /// Pays for instructions.
    ///
    /// # Errors
    ///
    /// Too few are left, or the whole run ends.
    #[inline]
    pub fn burn(&mut self, insns: u64) -> Result<(), FaultKind> {
        let Some(left) = self.fuel.checked_sub(insns) else {
            self.fuel = 0;
            return Err(FaultKind::Budget);
        };
        let before = std::mem::replace(&mut self.fuel, left);
        if before / INTERVAL != left / INTERVAL {
            self.look_at_deadline()?;
        }
        Ok(())
    }

    #[cold]
    fn look_at_deadline(&self) -> Result<(), FaultKind> {
        let ended = self.deadline.as_ref().and_then(Deadline::passed);
        ended.map_or(Ok(()), |ended| Err(FaultKind::Ended(ended)))
    }

    /// Puts the runtime into the shoes of a program of the image.
    pub fn attach(&mut self, image: &Image, program: usize) {
        if let Some(code) = image.programs.get(program) {
            self.prog_type = code.program.prog_type;
            self.attach_type = code.program.attach_type;
        }
        use ProgType as P;
        // Where typed kernel pointers are walked, a null one reads as zero.
        self.mem.lenient_null = matches!(
            self.prog_type,
            P::Tracing | P::Lsm | P::StructOps | P::Ext | P::Syscall | P::Kprobe | P::Tracepoint
        ) || matches!(
            self.prog_type,
            P::PerfEvent | P::RawTracepoint | P::Netfilter
        ) || image
            .programs
            .get(program)
            .is_some_and(|c| !c.program.kfuncs.is_empty())
            || image.maps.iter().any(|m| m.map_type == MapType::Arena.id());
        self.mem.untrusted = image
            .programs
            .get(program)
            .is_some_and(|c| takes_untrusted(&c.program));
        self.mem.arena = image.maps.iter().any(|m| m.map_type == MapType::Arena.id());
    }

    /// Enters a frame: the value of r10 in it.
    pub fn enter(&mut self) -> Result<u64, FaultKind> {
        if self.frames.len() >= self.most_frames() {
            return Err(FaultKind::CallDepth);
        }
        let stack = self
            .mem
            .reuse(Kind::Stack, STACK_BYTES as usize)
            .ok_or_else(|| FaultKind::NotModelled("more memory objects".into()))?;
        if self.config.stack_fill != 0 {
            self.mem.bytes_mut(stack).fill(self.config.stack_fill);
        }
        self.frames.push(Frame {
            stack,
            may_goto: self.config.may_goto,
        });
        Ok(self.mem.base(stack) + u64::from(STACK_BYTES))
    }

    /// How deep calls may nest.
    fn most_frames(&self) -> usize {
        let own = self.config.host.as_ref().and_then(|h| h.limits().frames);
        own.map_or(MAX_FRAMES, |n| MAX_FRAMES.min(n as usize))
    }

    /// How many programs may follow one another.
    pub(super) fn most_tail_calls(&self) -> u32 {
        let own = self.config.host.as_ref();
        let own = own.and_then(|h| h.limits().tail_calls);
        own.map_or(MAX_TAIL_CALLS, |n| MAX_TAIL_CALLS.min(n))
    }

    /// Enters an execution within another: a callback.
    pub fn nest(&mut self) -> Result<(), FaultKind> {
        if self.nested >= MAX_NESTED {
            return Err(FaultKind::CallDepth);
        }
        self.nested += 1;
        Ok(())
    }

    /// Leaves it.
    pub fn unnest(&mut self) {
        self.nested = self.nested.saturating_sub(1);
    }

    /// Leaves the innermost frame.
    pub fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.mem.retire(frame.stack);
        }
    }

    /// The number of frames.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Leaves frames until only `depth` are left.
    pub fn unwind(&mut self, depth: usize) {
        while self.frames.len() > depth {
            self.leave();
        }
    }

    /// The innermost frame's stack and may_goto count begin anew (tail call).
    pub fn restart_frame(&mut self) {
        let (may_goto, fill) = (self.config.may_goto, self.config.stack_fill);
        if let Some(frame) = self.frames.last_mut() {
            frame.may_goto = may_goto;
            self.mem.bytes_mut(frame.stack).fill(fill);
        }
    }

    /// r10 of the innermost frame.
    pub fn frame_pointer(&self) -> u64 {
        let frame = self.frames.last();
        frame.map_or(0, |f| self.mem.base(f.stack) + u64::from(STACK_BYTES))
    }

    /// Whether `may_goto` jumps: the frame's grant is spent.
    pub fn may_goto(&mut self) -> bool {
        match self.frames.last_mut() {
            Some(frame) if frame.may_goto > 0 => {
                frame.may_goto -= 1;
                false
            }
            _ => true,
        }
    }

    /// What a wide load loads.
    pub fn wide(&mut self, image: &Image, site: Site, src: ImmRef) -> Result<u64, Stop> {
        let code = image.programs.get(site.program as usize);
        let map = |i: u32| code.and_then(|c| c.maps.get(i as usize)).copied();
        let unresolved = |what| Err(Stop::Fault(FaultKind::Unresolved(what)));
        match src {
            ImmRef::Const(value) => Ok(value),
            ImmRef::Func(rel) => {
                let insn = i64::from(site.insn) + 1 + i64::from(rel);
                let Ok(insn) = u32::try_from(insn) else {
                    return Err(FaultKind::OutOfProgram(insn).into());
                };
                Ok(code_address(Site { insn, ..site }))
            }
            ImmRef::MapIdx(i) | ImmRef::Map(i) => match map(i) {
                Some(map) => Ok(map_handle(map)),
                None => unresolved("map"),
            },
            ImmRef::MapIdxValue { idx, off } | ImmRef::MapValue { map: idx, off } => {
                let Some(map) = map(idx).and_then(|m| self.maps.get(m as usize)) else {
                    return unresolved("map");
                };
                match map.first_value(&self.mem) {
                    Some(addr) => Ok(addr.wrapping_add(u64::from(off))),
                    None => unresolved("map value"),
                }
            }
            ImmRef::BtfId { imm, .. } => {
                let ksym = code.and_then(|c| c.program.ksyms.get(imm as usize));
                match ksym {
                    Some(ksym) if ksym.weak && !ksym.resolved => Ok(0),
                    Some(ksym) => {
                        let name = ksym.name.clone();
                        Ok(self.kernel_object(&format!("ksym {name}"), 4096)?)
                    }
                    None => unresolved("kernel symbol"),
                }
            }
            ImmRef::Other(_) => unresolved("wide load"),
        }
    }

    /// The kernel object of that name; made when first asked for.
    pub fn kernel_object(&mut self, name: &str, size: usize) -> Result<u64, FaultKind> {
        if let Some(addr) = self.kernel.get(name) {
            return Ok(*addr);
        }
        let id = self
            .mem
            .alloc_kernel(vec![0; size])
            .ok_or_else(|| FaultKind::NotModelled("more memory objects".into()))?;
        let addr = self.mem.base(id);
        self.kernel.insert(name.to_owned(), addr);
        if !self.config.steer.is_empty() {
            self.steer_object(id, &Thing::Kernel(name.to_owned()))?;
        }
        Ok(addr)
    }

    /// A legacy packet load: big-endian bytes of the packet, `None` when outside.
    pub fn ld_abs(&self, size: Size, at: u64) -> Option<u64> {
        let packet = self.packet.as_ref()?;
        let at = at as i32;
        let offset = match at {
            0.. => at as usize,
            // From the network header or from the link header on.
            -0x10_0000..=-1 => (at + 0x10_0000) as usize + packet.network_offset(),
            -0x20_0000..-0x10_0000 => (at + 0x20_0000) as usize,
            _ => return None,
        };
        let end = offset.checked_add(size.bytes() as usize)?;
        let bytes = packet.bytes(&self.mem).get(offset..end)?;
        Some(
            bytes
                .iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte)),
        )
    }

    /// Casts between the arena's two address spaces.
    pub fn addr_space_cast(&self, src: u64, imm: i32) -> u64 {
        let low = src & 0xffff_ffff;
        let arena = self.maps.iter().find_map(Map::arena);
        match arena {
            _ if low == 0 => 0,
            Some((region, _)) if imm == 1 => self.mem.base(region) | low,
            Some((_, user)) => (user & !0xffff_ffff) | low,
            None => low,
        }
    }

    /// Whether the result of a helper follows from a scenario.
    pub(super) fn states(&self, id: u32, args: &[u64; 5]) -> bool {
        let Some(scenario) = self.config.scenario.as_deref() else {
            return false;
        };
        match Statement::of(id, args) {
            None => false,
            Some(Statement::Cookie) => self.sockets.contains_key(&args[0]),
            Some(what) => scenario.states(what),
        }
    }

    /// The interface that packets come in by, where that is stated.
    pub(super) fn ingress(&self) -> Option<u32> {
        self.config.scenario.as_deref()?.ingress
    }

    /// Reads the clock, which goes on by that.
    pub fn tick(&mut self) -> u64 {
        let scenario = self.config.scenario.as_deref();
        let step = scenario.and_then(|s| s.time.step).unwrap_or(1_000);
        self.clock = self.clock.saturating_add(step);
        self.clock
    }

    /// Counts a call.
    pub fn count(&mut self, called: Called) {
        let count = self.called.entry(called).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// A digest of what the program left behind, for comparing two runs.
    pub fn digest(&self) -> u64 {
        let mut hash = super::memory::Digest(self.mem.digest());
        for map in &self.maps {
            map.digest(&mut hash);
        }
        for line in &self.output.printk {
            hash.bytes(line.as_bytes());
        }
        for (map, bytes) in self.output.perf.iter().chain(&self.output.ringbuf) {
            hash.word(u64::from(*map));
            hash.bytes(bytes);
        }
        hash.bytes(&self.output.seq);
        hash.bytes(&self.output.stream);
        for (how, to) in &self.output.redirects {
            hash.bytes(how.as_bytes());
            hash.word(*to);
        }
        for (called, count) in &self.called {
            hash.bytes(format!("{called:?}").as_bytes());
            hash.word(*count);
        }
        hash.0
    }

    /// The next timer that is due, disarmed.
    pub fn next_timer(&mut self) -> Option<(u64, Timer)> {
        let (addr, _) = self
            .timers
            .iter()
            .filter_map(|(addr, t)| Some((*addr, t.due.filter(|_| t.callback != 0)?)))
            .min_by_key(|(addr, due)| (*due, *addr))?;
        let timer = self.timers.get_mut(&addr)?;
        self.clock = self.clock.max(timer.due.take()?);
        Some((addr, timer.clone()))
    }
}
