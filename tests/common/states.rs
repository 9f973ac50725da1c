//! Concrete runs beside all the states that were explored.
//!
//! A program is verified with an observer that keeps, for every instruction, what
//! each register held in any state that was explored there; then the reference
//! interpreter runs it, and whatever an executed instruction *reads* must be among
//! that. For this every scalar is compared when states are (the behaviour
//! `all_scalars_compared`): a state that is not explored because another covers it
//! is then covered in all that is read later. The usual comparison leaves out the
//! scalars that nothing relied on, so that nothing follows for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bpfassay::abstract_interp::domain::Bounds;
use bpfassay::abstract_interp::state::State;
use bpfassay::abstract_interp::value::{Flags, Kind, Reg};
use bpfassay::abstract_interp::vm::Env;
use bpfassay::abstract_interp::{Input, Verdict, verify_with};
use bpfassay::helpers_spec::{SpecVersion, helper_proto};
use bpfassay::object::Btf;
use bpfassay::programs::insn::{AluOp, AtomicOp, Callee, Op, Src};
use bpfassay::programs::{Program, decode};
use bpfassay::smoke::reference::Tracer;
use bpfassay::smoke::run::{Engines, run_traced};
use bpfassay::smoke::runtime::Runtime;
use bpfassay::smoke::{Site, SmokeOptions};
use bpfassay::target::Target;

/// Distinct bounds that are kept of one register at one instruction.
const MAX_BOUNDS: usize = 512;
/// Instructions that a verification may process here.
const MAX_PROCESSED: u32 = 100_000;
/// Addresses of the runtime begin here: what lies above may be a pointer.
const POINTERS: u64 = 0xffff_8000_0000_0000;
/// Offsets from a null pointer to a kernel object.
const NEAR_NULL: u64 = 1 << 16;

/// What a register held in some state.
#[derive(Default)]
struct Held {
    bounds: Vec<Bounds>,
    pointer: bool,
    nothing: bool,
    /// Too many to keep: anything goes.
    full: bool,
}

impl Held {
    fn add(&mut self, reg: &Reg) {
        let (kind, bounds) = (reg.kind, reg.bounds);
        match kind {
            Kind::Uninit => self.nothing = true,
            // A number that was cast: reads through it are safe, wherever it points.
            _ if !reg.is_scalar() && reg.flags.has(Flags::UNTRUSTED) => self.full = true,
            Kind::Scalar if self.bounds.len() >= MAX_BOUNDS => self.full = true,
            // The newest are looked at first: neighbours are often alike.
            Kind::Scalar if self.bounds.iter().rev().take(16).any(|b| b.covers(&bounds)) => {}
            Kind::Scalar => self.bounds.push(bounds),
            _ => self.pointer = true,
        }
    }

    fn allows(&self, value: u64) -> bool {
        self.full
            || self.bounds.iter().rev().any(|b| b.contains(value))
            // Typed kernel pointers are null (plus an offset) where our kernel has no object.
            || self.pointer && !(NEAR_NULL..POINTERS).contains(&value)
    }

    fn tell(&self) -> String {
        let bounds: Vec<String> = self
            .bounds
            .iter()
            .rev()
            .take(3)
            .map(|b| b.to_string())
            .collect();
        let pointer = if self.pointer { ", or a pointer" } else { "" };
        format!(
            "{}{pointer} ({} in all)",
            bounds.join(" or "),
            self.bounds.len()
        )
    }
}

/// Registers whose values an instruction depends on.
fn reads(op: &Op, program: &Program) -> Vec<u8> {
    let source = |src: &Src| match *src {
        Src::Reg(r) => Some(r),
        Src::Imm(_) => None,
    };
    let mut out = Vec::new();
    match op {
        Op::Alu { op, dst, src, .. } => {
            // `r ^= r` and the like read nothing.
            if *op != AluOp::Mov {
                out.push(*dst);
            }
            out.extend(source(src));
        }
        Op::Neg { dst, .. } | Op::End { dst, .. } => out.push(*dst),
        Op::MovSx { src, .. } | Op::AddrSpaceCast { src, .. } => out.push(*src),
        Op::Load { base, .. } | Op::LoadAcquire { base, .. } => out.push(*base),
        Op::Store { base, src, .. } => {
            out.push(*base);
            out.extend(source(src));
        }
        Op::StoreRelease { base, src, .. } => out.extend([*base, *src]),
        Op::Atomic { op, base, src, .. } => {
            out.extend([*base, *src]);
            if *op == AtomicOp::CmpXchg {
                out.push(0);
            }
        }
        Op::LdInd { src, .. } => out.push(*src),
        Op::Jmp { dst, src, .. } => {
            out.push(*dst);
            out.extend(source(src));
        }
        Op::Gotox { dst } | Op::CallX { dst } => out.push(*dst),
        // What functions of the program and kfuncs read is seen where they read it.
        Op::Call(Callee::Helper(id)) => {
            let id = u32::try_from(*id).unwrap_or(0);
            let (kind, attach) = (program.prog_type, program.attach_type);
            let proto = helper_proto(id, kind, attach, SpecVersion::V7_3);
            out.extend((1..=5).take(proto.map_or(0, |p| p.arguments().count())));
        }
        Op::Exit => out.push(0),
        _ => {}
    }
    out
}

struct Beside<'a> {
    ops: &'a [Op],
    reading: &'a [Vec<u8>],
    reached: &'a [bool],
    held: &'a BTreeMap<(usize, u8), Held>,
    wrong: Vec<String>,
    checked: u64,
    input: String,
}

impl Tracer for Beside<'_> {
    fn begin(&mut self, input: &bpfassay::smoke::Input) {
        self.input = format!("[{}] seed {}", input.label, input.seed);
    }

    fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, _: &Runtime) {
        let at = site.insn as usize;
        if site.program != 0 || self.wrong.len() >= 4 {
            return;
        }
        if !self.reached.get(at).copied().unwrap_or(false) {
            let input = &self.input;
            self.wrong.push(format!(
                "instruction {at} is run but was never explored {input}"
            ));
            return;
        }
        let Some(op) = self.ops.get(at) else { return };
        for &r in self.reading.get(at).into_iter().flatten() {
            let Some(held) = self.held.get(&(at, r)) else {
                continue;
            };
            let call = matches!(op, Op::Call(_) | Op::Exit);
            // Calls read fewer than five arguments; a callee may leave r0 unset.
            if held.nothing && (call || depth > 1) {
                continue;
            }
            let value = regs[usize::from(r)];
            self.checked += 1;
            if !held.allows(value) {
                self.wrong.push(format!(
                    "instruction {at}: r{r} is {value:#x}, the verifier says {} {}",
                    held.tell(),
                    self.input
                ));
            }
        }
    }
}

/// What came of one program.
pub enum Compared {
    /// It could not be compared: why.
    Skipped(String),
    /// How many register values were compared, and those that lie outside.
    Done(u64, Vec<String>),
}

/// Compares one program's runs with its abstract states.
pub fn compare(
    program: &Arc<Program>,
    siblings: &[Arc<Program>],
    target: &Target,
    kernel_btf: Option<&Btf>,
    inputs: usize,
) -> Compared {
    against(program, program, siblings, target, kernel_btf, inputs)
}

/// Compares the runs of one program with the states of another of equal length.
pub fn compare_other(
    verified: &Arc<Program>,
    ran: &Arc<Program>,
    target: &Target,
    inputs: usize,
) -> Compared {
    against(verified, ran, &[], target, None, inputs)
}

fn against(
    program: &Arc<Program>,
    ran: &Arc<Program>,
    siblings: &[Arc<Program>],
    target: &Target,
    kernel_btf: Option<&Btf>,
    inputs: usize,
) -> Compared {
    let mut target = target.clone();
    target.behaviour.all_scalars_compared = true;
    // Comparing all scalars makes some programs long: those are left out.
    target.limits.complexity = MAX_PROCESSED;
    let mut held: BTreeMap<(usize, u8), Held> = BTreeMap::new();
    let mut reached = vec![false; program.insns.len()];
    let reading: Vec<Vec<u8>> = decode(&program.insns)
        .iter()
        .map(|op| reads(op, program))
        .collect();
    let mut see = |_: &Env<'_>, state: &State, at: usize| {
        if let Some(mark) = reached.get_mut(at) {
            *mark = true;
        }
        for &r in reading.get(at).into_iter().flatten() {
            let reg = state.reg(r);
            held.entry((at, r)).or_default().add(reg);
        }
    };
    let input = Input {
        program,
        target: &target,
        kernel_btf,
    };
    let verification = verify_with(&input, Some(&mut see));
    match verification.verdict {
        Verdict::Accept => {}
        Verdict::Unknown(u) => return Compared::Skipped(format!("unknown: {}", u.name)),
        Verdict::Reject(v) => return Compared::Skipped(format!("refused: {}", v.code().name())),
    }
    let ops = decode(&program.insns);
    let mut beside = Beside {
        ops: &ops,
        reading: &reading,
        reached: &reached,
        held: &held,
        wrong: Vec::new(),
        checked: 0,
        input: String::new(),
    };
    let options = SmokeOptions {
        inputs,
        fuel: 1 << 16,
        total_fuel: 1 << 20,
        engines: Engines::Reference,
        siblings,
        kernel_btf,
        ..SmokeOptions::default()
    };
    let report = run_traced(ran, &options, &mut beside);
    if report.runs.is_empty() {
        return Compared::Skipped(report.verdict.to_string());
    }
    Compared::Done(beside.checked, beside.wrong)
}
