//! What a program needs of a runtime, and what of it a runtime lacks.
//!
//! A [`Use`] is one thing that a program relies on, with the instructions that
//! show it: a helper, a map type, its own type, a class of instructions, a
//! mechanism. Held against a profile, a use is a [`Gap`] when the profile says no
//! or in part. What the profile does not speak of is no gap.
//!
//! Where a verification tells what it reached, only that counts: code behind a
//! constant condition is not needed. Without one every instruction counts.
//!
//! A lack is told once, by its nearest name: where the helper is missing, the
//! mechanism that only this helper stands for is not told again; where the map
//! type is missing, neither is what it is an example of.
//!
//! Known limits: flags and sizes of maps are not compared; what a loader of the
//! runtime does before the program arrives (sections, relocations) is seen only
//! as far as a mechanism stands for it.

use super::demands::{commands, helper_operation, own_event};
use crate::abstract_interp::{Observed, Pointee};
use crate::helpers_spec::{
    self, AttachType, InsnClass, MapOperation, MapType, Mechanism, PerfEvent, ProgType,
};
use crate::object::MapOrigin;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::classes;
use crate::programs::insn::{Callee, ImmRef, Op};
use crate::programs::program::{OPEN_CORE, POISON_CORE};
use crate::target::Profile;
use crate::target::profile::{Conduct, Status, Support};

/// Something that a runtime has or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// The program's type.
    Program(ProgType),
    /// What it attaches to.
    Attach(AttachType),
    /// A map type.
    Map(MapType),
    /// A helper, by number.
    Helper(u32),
    /// A class of instructions.
    Instruction(InsnClass),
    /// A mechanism.
    Mechanism(Mechanism),
    /// An operation of maps.
    Operation(MapOperation),
    /// A kind of perf event.
    Event(PerfEvent),
    /// A command of `bpf(2)`, by its place among [`helpers_spec::COMMANDS`].
    Command(&'static str),
}

impl Thing {
    /// Its name.
    pub fn name(self) -> String {
        match self {
            Thing::Program(t) => t.name().to_owned(),
            Thing::Attach(t) => t.name().to_owned(),
            Thing::Map(t) => t.name().to_owned(),
            Thing::Helper(id) => {
                helpers_spec::helper_name(id).map_or_else(|| format!("helper#{id}"), str::to_owned)
            }
            Thing::Instruction(c) => c.name().to_owned(),
            Thing::Mechanism(m) => m.name().to_owned(),
            Thing::Operation(o) => o.name().to_owned(),
            Thing::Event(e) => e.name().to_owned(),
            Thing::Command(c) => c.to_owned(),
        }
    }

    /// What it is, with its name, as a phrase.
    pub fn phrase(self) -> String {
        match self {
            Thing::Program(t) => format!("programs of type {t}"),
            Thing::Attach(t) => format!("attachment to {t}"),
            Thing::Map(t) => format!("maps of type {t}"),
            Thing::Helper(_) => format!("helper {}", self.name()),
            Thing::Instruction(c) => c.title().to_owned(),
            Thing::Mechanism(m) => m.title().to_owned(),
            Thing::Operation(o) => o.title().to_owned(),
            Thing::Event(e) => e.title().to_owned(),
            Thing::Command(c) => format!("command {c}"),
        }
    }
}

/// One thing that a program relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The thing.
    pub thing: Thing,
    /// Instructions that show it, ascending; none if the program as a whole does.
    pub insns: Vec<usize>,
    /// Maps that show it, by name.
    pub maps: Vec<String>,
}

/// A use that a runtime does not fully serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap<'a> {
    /// The use.
    pub use_: Use,
    /// `No` or `Partial`.
    pub status: Status,
    /// What the profile says of it; may be empty.
    pub note: &'a str,
    /// What a run comes to.
    pub runs: Conduct,
}

/// Gathers uses, each thing once.
#[derive(Default)]
struct Uses(Vec<Use>);

impl Uses {
    fn entry(&mut self, thing: Thing) -> &mut Use {
        let at = self.0.iter().position(|u| u.thing == thing);
        let at = at.unwrap_or_else(|| {
            self.0.push(Use {
                thing,
                insns: Vec::new(),
                maps: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    fn at(&mut self, thing: Thing, insn: usize) {
        let insns = &mut self.entry(thing).insns;
        if insns.last() != Some(&insn) {
            insns.push(insn);
        }
    }

    fn instruction(&mut self, class: InsnClass, insn: usize) {
        self.at(Thing::Instruction(class), insn);
    }

    fn mechanism(&mut self, mechanism: Mechanism, insn: usize) {
        self.at(Thing::Mechanism(mechanism), insn);
    }
}

/// The mechanism that a helper alone stands for.
fn helper_mechanism(id: u32) -> Option<Mechanism> {
    Some(match helpers_spec::helper_name(id)? {
        "bpf_tail_call" => Mechanism::TailCalls,
        "bpf_spin_lock" | "bpf_spin_unlock" => Mechanism::SpinLocks,
        "bpf_kptr_xchg" => Mechanism::Kptrs,
        name if name.starts_with("bpf_timer_") => Mechanism::Timers,
        name if name.starts_with("bpf_dynptr_") => Mechanism::Dynptrs,
        name if name.starts_with("bpf_ringbuf_") && name.contains("dynptr") => Mechanism::Dynptrs,
        _ => return None,
    })
}

/// The mechanism that a map type is an example of.
fn map_mechanism(ty: MapType) -> Option<Mechanism> {
    Some(match ty {
        MapType::PercpuHash
        | MapType::PercpuArray
        | MapType::LruPercpuHash
        | MapType::PercpuCgroupStorage => Mechanism::Percpu,
        MapType::ArrayOfMaps | MapType::HashOfMaps => Mechanism::MapInMap,
        MapType::Arena => Mechanism::Arena,
        MapType::StructOps => Mechanism::StructOps,
        _ => return None,
    })
}

/// Whether an attach type names its target by a type of the kernel's BTF.
fn attaches_by_type(program: &Program) -> bool {
    matches!(program.prog_type, ProgType::Tracing | ProgType::Lsm)
        || program.prog_type == ProgType::Ext
}

/// Everything that a program relies on: the program's type first, then what its
/// maps and instructions show, in the order of [`Thing`].
pub fn uses(program: &Program, ops: &[Op], observed: Option<&Observed>) -> Vec<Use> {
    let mut out = Uses::default();
    out.entry(Thing::Program(program.prog_type));
    if let Some(attach) = program.attach_type {
        out.entry(Thing::Attach(attach));
    }
    if attaches_by_type(program) {
        out.entry(Thing::Mechanism(Mechanism::Btf));
    }
    if program.sleepable {
        out.entry(Thing::Mechanism(Mechanism::Sleepable));
    }
    if program.prog_type == ProgType::StructOps {
        out.entry(Thing::Mechanism(Mechanism::StructOps));
    }
    for (insn, op) in ops.iter().enumerate() {
        if observed.is_some_and(|o| !o.reached(insn)) || matches!(op, Op::Second) {
            continue;
        }
        for class in classes(op).into_iter().flatten() {
            out.instruction(class, insn);
        }
        match op {
            Op::Call(callee) => call(&mut out, program, *callee, insn),
            Op::LdImm64 { src, .. } => wide(&mut out, program, *src, insn),
            _ => {}
        }
        for base in observed.map_or(&[][..], |o| o.bases(insn)) {
            match base {
                Pointee::Packet | Pointee::PacketMeta => {
                    out.mechanism(Mechanism::PacketAccess, insn);
                }
                Pointee::Kernel(_) => out.mechanism(Mechanism::KernelPointers, insn),
                Pointee::Arena => out.mechanism(Mechanism::Arena, insn),
                _ => {}
            }
        }
    }
    for reloc in &program.core_relocs {
        let insn = reloc.insn as usize;
        if observed.is_none_or(|o| o.reached(insn)) {
            out.mechanism(Mechanism::CoRe, insn);
        }
    }
    if let Some(event) = own_event(program) {
        out.entry(Thing::Event(event));
    }
    for command in commands(program) {
        out.entry(Thing::Command(command));
    }
    // Loaders create every map of an object, used by this program or not.
    for map in program.maps.iter() {
        let made = map.kind != MapOrigin::JumpTable && !map.is_data();
        let optional = map.struct_ops.as_ref().is_some_and(|s| s.optional);
        if made && !optional {
            let inner = map.inner.as_ref().map(|m| m.map_type);
            for ty in [Some(map.map_type), inner].into_iter().flatten() {
                if let Some(ty) = MapType::from_id(ty) {
                    name_map(&mut out, ty, &map.name);
                }
            }
        }
    }
    let mut uses = out.0;
    for u in &mut uses {
        u.insns.sort_unstable();
        u.insns.dedup();
    }
    uses.sort_by_key(|u| u.thing);
    uses
}

fn name_map(out: &mut Uses, ty: MapType, name: &str) {
    let mechanism = map_mechanism(ty).map(Thing::Mechanism);
    for thing in [Some(Thing::Map(ty)), mechanism].into_iter().flatten() {
        let maps = &mut out.entry(thing).maps;
        if !maps.iter().any(|m| m == name) {
            maps.push(name.to_owned());
        }
    }
}

fn call(out: &mut Uses, program: &Program, callee: Callee, insn: usize) {
    match callee {
        Callee::Helper(id) => {
            let Ok(id) = u32::try_from(id) else { return };
            // A relocation's place, not a call.
            if matches!(id as i32, POISON_CORE | OPEN_CORE) {
                return;
            }
            out.at(Thing::Helper(id), insn);
            if let Some(mechanism) = helper_mechanism(id) {
                out.mechanism(mechanism, insn);
            }
            if let Some(operation) = helper_operation(id) {
                out.at(Thing::Operation(operation), insn);
            }
        }
        Callee::Local(_) => out.mechanism(Mechanism::BpfToBpf, insn),
        Callee::Kfunc { imm, .. } => {
            out.mechanism(Mechanism::Kfuncs, insn);
            let at = usize::try_from(imm).ok();
            let name = at.and_then(|i| program.kfuncs.get(i)).map(|k| &*k.name);
            if name == Some("bpf_throw") {
                out.mechanism(Mechanism::Exceptions, insn);
            }
        }
    }
}

fn wide(out: &mut Uses, program: &Program, src: ImmRef, insn: usize) {
    let map = |i: u32| program.maps.get(i as usize);
    match src {
        ImmRef::MapIdx(i) | ImmRef::Map(i) => {
            let Some(def) = map(i) else { return };
            if let Some(ty) = MapType::from_id(def.map_type) {
                out.at(Thing::Map(ty), insn);
                if ty == MapType::PerfEventArray {
                    out.at(Thing::Event(PerfEvent::BpfOutput), insn);
                }
                if let Some(mechanism) = map_mechanism(ty) {
                    out.mechanism(mechanism, insn);
                }
            }
        }
        ImmRef::MapIdxValue { idx, .. } | ImmRef::MapValue { map: idx, .. } => {
            let Some(def) = map(idx) else { return };
            match def.kind {
                MapOrigin::JumpTable => {}
                MapOrigin::Kconfig => out.mechanism(Mechanism::Kconfig, insn),
                _ => {
                    out.mechanism(Mechanism::GlobalData, insn);
                    out.at(Thing::Operation(MapOperation::FirstValuePtr), insn);
                }
            }
        }
        ImmRef::BtfId { .. } => out.mechanism(Mechanism::Ksyms, insn),
        ImmRef::Func(_) => out.mechanism(Mechanism::Callbacks, insn),
        ImmRef::Const(_) | ImmRef::Other(_) => {}
    }
}

fn told(profile: &Profile, thing: Thing) -> Option<Support<'_>> {
    match thing {
        Thing::Program(t) => profile.prog_type(t),
        Thing::Attach(t) => profile.attach_type(t),
        Thing::Map(t) => profile.map_type(t),
        Thing::Helper(id) if profile.extra_helper(id).is_some() => None,
        Thing::Helper(id) => profile.helper(id),
        Thing::Instruction(c) => profile.instruction(c),
        Thing::Mechanism(m) => profile.mechanism(m),
        Thing::Operation(o) => profile.map_operation(o),
        Thing::Event(e) => profile.perf_event(e),
        Thing::Command(c) => profile.command(c),
    }
}

/// What a program uses and a profile does not speak of, of what running it takes.
pub fn untold<'u>(uses: &'u [Use], profile: &Profile) -> Vec<&'u Use> {
    let runs = |thing: Thing| match thing {
        Thing::Helper(id) => profile.extra_helper(id).is_none(),
        Thing::Program(_)
        | Thing::Attach(_)
        | Thing::Map(_)
        | Thing::Instruction(_)
        | Thing::Mechanism(_) => true,
        _ => false,
    };
    let silent = |u: &&Use| runs(u.thing) && told(profile, u.thing).is_none();
    uses.iter().filter(silent).collect()
}

/// Whether another gap already tells what this one would.
fn implied(gap: &Gap<'_>, gaps: &[Gap<'_>]) -> bool {
    let told = |cause: &dyn Fn(Thing) -> bool| gaps.iter().any(|g| cause(g.use_.thing));
    let no_type = || told(&|t| matches!(t, Thing::Program(_)));
    let mechanism = match gap.use_.thing {
        Thing::Mechanism(mechanism) => mechanism,
        // The helper, the mechanism or the program's type is the nearer name.
        Thing::Operation(operation) => {
            return told(&|t| match t {
                Thing::Helper(id) => helper_operation(id) == Some(operation),
                Thing::Mechanism(Mechanism::GlobalData) => operation == MapOperation::FirstValuePtr,
                _ => false,
            });
        }
        Thing::Event(PerfEvent::BpfOutput) => {
            return told(&|t| t == Thing::Map(MapType::PerfEventArray));
        }
        Thing::Event(_) | Thing::Command(_) => return no_type(),
        _ => return false,
    };
    // Its cause is as bad and shows the same places.
    let covered = |cause: &Gap<'_>| {
        cause.status <= gap.status && gap.use_.insns.iter().all(|i| cause.use_.insns.contains(i))
    };
    let mut by_cause = gaps.iter().filter(|other| match other.use_.thing {
        Thing::Helper(id) => helper_mechanism(id) == Some(mechanism),
        Thing::Map(ty) => map_mechanism(ty) == Some(mechanism),
        Thing::Program(ProgType::StructOps) => mechanism == Mechanism::StructOps,
        Thing::Program(_) => mechanism == Mechanism::Btf && other.status == Status::No,
        _ => false,
    });
    let single = by_cause.clone().any(covered);
    // Several helpers of one family cover its uses together.
    single || {
        let all: Vec<usize> = by_cause
            .by_ref()
            .filter(|c| c.status <= gap.status)
            .flat_map(|c| c.use_.insns.iter().copied())
            .collect();
        !all.is_empty() && gap.use_.insns.iter().all(|i| all.contains(i))
    }
}

/// What a runtime lacks, or has in part, of what a program uses.
pub fn gaps<'a>(uses: &[Use], profile: &'a Profile) -> Vec<Gap<'a>> {
    let gaps: Vec<Gap<'a>> = uses
        .iter()
        .filter_map(|u| {
            let support = told(profile, u.thing)?;
            (support.status != Status::Yes).then(|| Gap {
                use_: u.clone(),
                status: support.status,
                note: support.note,
                runs: support.runs,
            })
        })
        .collect();
    let shown: Vec<bool> = gaps.iter().map(|g| !implied(g, &gaps)).collect();
    gaps.into_iter()
        .zip(shown)
        .filter_map(|(gap, shown)| shown.then_some(gap))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::{decode, raw};
    use crate::target;

    fn things(text: &str, runtime: &str) -> Vec<(String, Status)> {
        let program = raw::program(
            raw::Input::Asm(text.as_bytes()),
            "p",
            Some((ProgType::Kprobe, None)),
        )
        .unwrap();
        let ops = decode(&program.insns);
        let runtime = target::by_name(runtime).unwrap();
        gaps(&uses(&program, &ops, None), runtime.profile().unwrap())
            .into_iter()
            .map(|g| (g.use_.thing.name(), g.status))
            .collect()
    }

    #[test]
    fn a_lack_is_told_once_by_its_nearest_name() {
        let tail = "r2 = 0\nr3 = 0\ncall 12\nr0 = 0\nexit\n";
        assert_eq!(
            things(tail, "dragonos"),
            [("bpf_tail_call".into(), Status::No)]
        );
        assert_eq!(things(tail, "bpftime").first().unwrap().1, Status::Partial);
        let atomic = "r1 = 1\n*(u64 *)(r10 - 8) = r1\nlock *(u64 *)(r10 - 8) += r1\nr0 = 0\nexit\n";
        assert_eq!(things(atomic, "mimic"), [("atomic_add".into(), Status::No)]);
        let plain = "r0 = 0\nexit\n";
        for runtime in ["dragonos", "mimic", "rbpf"] {
            assert_eq!(things(plain, runtime), []);
        }
    }
}
