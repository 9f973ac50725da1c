//! ELF objects and BTF blobs.
//!
//! The padding of the ELF identification, which nothing reads, chooses what is
//! asked: byte 15 the target, bits of byte 14 the loader and the kernel's types. So
//! an input is an object that the command line takes too.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use bpfassay::cfg::{self, CfgRules, NoFacts};
use bpfassay::check::{DEFAULT_CPUS, programs_of, vmlinux_target};
use bpfassay::diagnostics::{ProgramNames, instruction};
use bpfassay::object::Btf;
use bpfassay::programs::{Loader, Program, decode, decode_with, disasm};
use bpfassay::report::values;
use bpfassay::smoke::trace::Recorder;
use bpfassay::smoke::{SmokeOptions, run_traced};
use bpfassay::target::Target;
use bpfassay::{InputKind, Options, TargetChoice, audit_object};

/// A kernel's types in miniature.
static KERNEL: LazyLock<Option<Btf>> = LazyLock::new(|| {
    let bytes: &[u8] = include_bytes!("../../../tests/corpus/btf/kernel.btf");
    Btf::parse(bytes.into()).ok()
});

/// Programs of one object that are looked at one by one.
const PROGRAMS: usize = 8;
/// Instructions of all runs of one program.
const FUEL: u64 = 1 << 13;

/// What the padding asks for.
fn asked<T>(bytes: &[u8], then: impl FnOnce(&Options<'_>) -> T) -> T {
    let pad = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let target: Target = super::target(pad(15).wrapping_add(1));
    let types = (pad(14) & 1 != 0).then(|| KERNEL.as_ref()).flatten();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: types,
    }];
    then(&Options {
        budget: Some(&super::budget()),
        kind: InputKind::Elf,
        loader: if pad(14) & 2 == 0 {
            Loader::Any
        } else {
            Loader::Libbpf
        },
        ..Options::new("fuzz.o", &targets)
    })
}

/// Reads and links, then draws and disassembles what there is.
pub(super) fn parse(bytes: &[u8]) {
    bpfassay::view::variables::variables(bytes);
    asked(bytes, |options| {
        let Ok(programs) = programs_of(bytes, options) else {
            return;
        };
        for program in programs.iter().flatten() {
            show(program, options.targets);
        }
    });
}

fn show(program: &Program, targets: &[TargetChoice<'_>]) {
    let names = ProgramNames(program);
    disasm::listing(&program.insns, &names);
    let ops = decode(&program.insns);
    let mut out = String::new();
    for at in 0..ops.len() {
        let _ = write!(out, "{}", instruction(program, &ops, at));
    }
    for t in targets {
        let rules = CfgRules::of_target(t.target);
        let ops = decode_with(&program.insns, &rules.isa);
        if let Ok(graph) = cfg::analyze(&program.insns, &ops, &NoFacts, &rules) {
            let all: Vec<usize> = (0..graph.subprogs().len()).collect();
            cfg::dot(&graph, &ops, &all, &names);
            cfg::mermaid(&graph, &ops, &all, &names);
        }
    }
}

/// Checks, lints, runs, and renders the report in every format.
pub(super) fn check(bytes: &[u8]) {
    asked(bytes, |options| {
        super::render(&bpfassay::check(bytes, options));
    });
}

/// Audits, and renders that in every format.
pub(super) fn audit(bytes: &[u8]) {
    asked(bytes, |options| {
        super::render_audit(&audit_object(bytes, options, DEFAULT_CPUS));
    });
}

/// Runs every program, whatever a verifier would say of it: a fault is fine, a
/// disagreement of the engines is not.
pub(super) fn run(bytes: &[u8]) {
    asked(bytes, |options| {
        let Ok(programs) = programs_of(bytes, options) else {
            return;
        };
        let programs: Vec<Arc<Program>> = programs
            .into_iter()
            .flatten()
            .take(PROGRAMS)
            .map(Arc::new)
            .collect();
        for program in &programs {
            run_one(program, &programs);
        }
    });
}

fn run_one(program: &Arc<Program>, siblings: &[Arc<Program>]) {
    let smoke = SmokeOptions {
        inputs: 2,
        most: 3,
        fuel: FUEL / 2,
        total_fuel: FUEL,
        keep: true,
        siblings,
        ..SmokeOptions::default()
    };
    let mut trace = Recorder {
        limit: 64,
        ..Recorder::default()
    };
    let report = run_traced(program, &smoke, &mut trace);
    super::render_run(program, &report, &trace.runs);
}

/// Reads types, and asks everything of each.
pub(super) fn btf(bytes: &[u8]) {
    let Ok(btf) = Btf::parse(bytes.into()) else {
        return;
    };
    let _ = btf.kernel_refusal();
    for id in 0..=btf.type_count().min(512) {
        btf.describe(id);
        btf.skip_mods_typedefs(id);
        btf.align_of(id);
        let name = btf.name(id).to_owned();
        btf.by_name(&name).count();
        btf.candidates(&name).count();
        btf.decl_tags(id).count();
        btf.enumerator(id, &name);
        let size = btf.resolve_size(id).unwrap_or(0) as usize;
        if size <= 1 << 16 {
            let value = values::decode(Some(&btf), id, &vec![0xa5; size]);
            let _ = values::encode(Some(&btf), id, size, &value);
        }
    }
    let object: &[u8] = include_bytes!("../../../tests/corpus/accept/fentry_lsm.o");
    let target = vmlinux_target("fuzz", &btf).unwrap_or_else(|_| super::target(1));
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: Some(&btf),
    }];
    let _ = programs_of(object, &Options::new("fuzz.o", &targets));
}
