//! Holds smoke runs against the running kernel's (`BPF_PROG_TEST_RUN`): return
//! value, packet, context and maps after a run must be the same.
//!
//! Programs of the committed corpus, and of the recorded objects in `BPFASSAY_SETS`
//! (`SET/*.o`), that the running kernel takes and whose runs depend on nothing but their input (`rules`). Every program runs on
//! the boundary packets of `smoke`, twice: with empty maps and with filled ones, in
//! both engines. Nothing is attached. `BPFASSAY_PROGRAMS=TEXT` picks programs.
//!
//! A run whose results change when objects lie at other addresses, or when new stack
//! frames hold other bytes, shows what each side has its own: it is counted and not
//! compared.

mod input;
#[path = "../kernel_common/mod.rs"]
mod kernel_common;
#[path = "../common/objects.rs"]
mod objects;
mod rules;
mod sides;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bpfassay::check::programs_of;
use bpfassay::helpers_spec::ProgType;
use bpfassay::kernel::Kernel;
use bpfassay::programs::Program;
use bpfassay::smoke::image::Image;
use bpfassay::smoke::lowered::Prepared;
use bpfassay::smoke::reference::{NoTrace, Reference};
use bpfassay::smoke::runtime::{Config, Rng, Runtime};
use bpfassay::smoke::{Input, inputs};
use bpfassay::target::Target;
use bpfassay::{InputKind, Options, TargetChoice};
use input::LINK;
use objects::objects;
use sides::Way;

/// Seed of the inputs.
const SEED: u64 = 7;
/// Most of the time goes by waiting for the kernel to free maps.
const THREADS: usize = 8;

#[derive(Default)]
struct Tally {
    programs: usize,
    by_type: BTreeMap<&'static str, usize>,
    runs: usize,
    /// Runs that show addresses or stack bytes.
    own: usize,
    /// Runs that the kernel refuses to make, by its words.
    refused: BTreeMap<String, usize>,
    excluded: BTreeMap<String, usize>,
    different: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        let sum = |to: &mut BTreeMap<String, usize>, from: BTreeMap<String, usize>| {
            for (key, n) in from {
                *to.entry(key).or_default() += n;
            }
        };
        self.programs += other.programs;
        self.runs += other.runs;
        self.own += other.own;
        sum(&mut self.refused, other.refused);
        sum(&mut self.excluded, other.excluded);
        for (key, n) in other.by_type {
            *self.by_type.entry(key).or_default() += n;
        }
        self.different.extend(other.different);
    }
}

fn inputs_for(program: &Program) -> Vec<Input> {
    if matches!(
        program.prog_type,
        ProgType::Syscall | ProgType::RawTracepoint
    ) {
        let mut rng = Rng(SEED);
        let mut drawn = |mask: u64| -> Vec<u8> {
            let words = (0..12).map(|_| rng.draw() & mask);
            words.flat_map(u64::to_le_bytes).collect()
        };
        let contexts = [
            vec![0; 96],
            (0..12u64).flat_map(u64::to_le_bytes).collect(),
            vec![0xff; 96],
            drawn(3),
            drawn(0xffff),
            drawn(u64::MAX),
        ];
        return with_contexts(contexts);
    }
    if program.prog_type == ProgType::SkLookup {
        return with_contexts(input::lookups());
    }
    inputs::frames(&inputs::constants(program), &mut Rng(SEED))
        .into_iter()
        // The kernel wants a whole link header.
        .filter(|(_, packet)| packet.len() >= LINK)
        .map(|(label, packet)| Input {
            label,
            seed: SEED,
            packet,
            ..Input::default()
        })
        .collect()
}

/// An input for each context.
fn with_contexts(contexts: impl IntoIterator<Item = Vec<u8>>) -> Vec<Input> {
    let input = |(bytes, seed)| Input {
        label: format!("context {seed}"),
        seed,
        context: Some(bytes),
        ..Input::default()
    };
    contexts.into_iter().zip(1..).map(input).collect()
}

/// Every second input of a program that is not the corpus's: which ones, its name
/// tells, so that all of them come by.
fn some_of(inputs: Vec<Input>, name: &str) -> Vec<Input> {
    let first = name.bytes().map(usize::from).sum::<usize>() % 2;
    inputs.into_iter().skip(first).step_by(2).collect()
}

fn compare_program(kernel: &Kernel, name: &str, program: &Program, all: bool, tally: &mut Tally) {
    let image = Arc::new(Image::single(Arc::new(program.clone())));
    let prepared = Prepared::new(&image);
    let Ok(fresh) = Runtime::new(&image, Config::default()) else {
        *tally
            .excluded
            .entry("maps too large here".into())
            .or_default() += 1;
        return;
    };
    let special: Vec<Vec<(u32, u32)>> = (0u32..)
        .zip(program.maps.iter())
        .map(|(id, def)| sides::special_bytes(program, def, &fresh, id))
        .collect();
    let has_special: Vec<bool> = special.iter().map(|s| !s.is_empty()).collect();
    // How many values a per-CPU map has, only the kernel knows.
    let Some(Ok(first)) = sides::ready(kernel, program, &[]) else {
        return;
    };
    let cpus = first
        .supplies
        .maps
        .iter()
        .map(|m| m.cpus)
        .max()
        .unwrap_or(0)
        .max(1);
    drop(first);
    let before = tally.runs;
    let mut inputs = inputs_for(program);
    if !all && inputs.len() > 8 {
        inputs = some_of(inputs, name);
    }
    for filled in [false, true] {
        for input in &inputs {
            let entries = if filled {
                input::entries(program, &has_special, cpus, input.seed)
            } else {
                Vec::new()
            };
            let live = match sides::ready(kernel, program, &entries) {
                Some(Ok(live)) => live,
                Some(Err(why)) => {
                    tally.different.push(format!("{name}: {why}"));
                    return;
                }
                None => return,
            };
            let way = Way {
                entries: &entries,
                cpus: cpus as u32,
                moved: false,
            };
            let label = format!(
                "{}{}",
                input.label,
                if filled { ", filled maps" } else { "" }
            );
            let mut reference = Reference { tracer: NoTrace };
            let run = sides::here(program, &image, input, &mut reference, way);
            let moved = Way { moved: true, ..way };
            if run != sides::here(program, &image, input, &mut reference, moved) {
                tally.own += 1;
                continue;
            }
            let there = match sides::there(program, &live, input, &special) {
                Ok(there) => there,
                Err(e) => {
                    let why = format!("{}: {e}", program.prog_type);
                    *tally.refused.entry(why).or_default() += 1;
                    continue;
                }
            };
            tally.runs += 1;
            let mut rbpf = prepared.engine();
            let other = sides::here(program, &image, input, &mut rbpf, way);
            for (engine, run) in [("reference", run), ("rbpf", other)] {
                let different = match run {
                    Err(fault) => Some(fault),
                    Ok(here) => sides::difference(&here, &there),
                };
                if let Some(what) = different {
                    tally
                        .different
                        .push(format!("{name} ({label}, {engine}): {what}"));
                }
            }
        }
    }
    if tally.runs > before {
        tally.programs += 1;
        *tally.by_type.entry(program.prog_type.name()).or_default() += 1;
    }
}

/// Objects of the corpus that kernels accept.
fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/accept");
    let mut files: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "o" || e == "bpfasm"))
        .collect();
    files.sort();
    files
}

/// Objects of recorded sets.
fn recorded() -> Vec<PathBuf> {
    let sets = std::env::var_os("BPFASSAY_SETS").expect("BPFASSAY_SETS names a folder of sets");
    let mut out = Vec::new();
    for set in ["real", "samples", "selftests-6.12"] {
        objects(&Path::new(&sets).join(set), &mut out).unwrap();
    }
    assert!(!out.is_empty(), "no objects in {sets:?}");
    out
}

fn run_file(kernel: &Kernel, target: &Target, path: &Path, filter: &str, tally: &mut Tally) {
    let all = path.starts_with(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"));
    let choices = [TargetChoice {
        target,
        kernel_btf: kernel.btf.as_deref(),
    }];
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let bytes = std::fs::read(path).unwrap();
    let options = Options {
        kind: if file.ends_with(".bpfasm") {
            InputKind::Asm
        } else {
            InputKind::Elf
        },
        ..Options::new(&file, &choices)
    };
    let Ok(programs) = programs_of(&bytes, &options) else {
        return;
    };
    for program in programs.into_iter().flatten() {
        let name = format!("{file}:{}", program.name);
        if !name.contains(filter) || !rules::is_runnable(program.prog_type) {
            continue;
        }
        match rules::excluded(&program) {
            Some(why) => *tally.excluded.entry(why).or_default() += 1,
            None => compare_program(kernel, &name, &program, all, tally),
        }
    }
}

fn run_all(kernel: &Kernel, target: &Target, files: &[PathBuf], filter: &str) -> Tally {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut tally = Tally::default();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            run_file(kernel, target, path, filter, &mut tally);
        }
        tally
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        let mut all = Tally::default();
        for worker in workers {
            all.add(worker.join().unwrap());
        }
        all
    })
}

#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn runs_are_those_of_the_kernel() {
    check(&corpus());
}

#[test]
#[ignore = "asks the running kernel, needs recorded objects: cargo xtask oracle"]
fn runs_of_recorded_objects_are_those_of_the_kernel() {
    check(&recorded());
}

/// No run of a program of these files differs.
fn check(files: &[PathBuf]) {
    let (kernel, target) = kernel_common::kernel();
    let filter = std::env::var("BPFASSAY_PROGRAMS").unwrap_or_default();
    let mut tally = run_all(&kernel, &target, files, &filter);
    eprintln!(
        "{}: {} programs, {} runs compared, {} differ; programs by type: {:?}",
        kernel.release,
        tally.programs,
        tally.runs,
        tally.different.len(),
        tally.by_type
    );
    eprintln!(
        "not compared: {} runs that show addresses or stack bytes that nobody wrote",
        tally.own
    );
    eprintln!(
        "not compared: runs that the kernel does not make: {:?}",
        tally.refused
    );
    let excluded: usize = tally.excluded.values().sum();
    eprintln!("not compared: {excluded} programs: {:?}", tally.excluded);
    if filter.is_empty() {
        assert!(tally.runs >= 200, "only {} runs", tally.runs);
    }
    tally.different.sort();
    let list = &tally.different;
    assert!(
        list.is_empty(),
        "{} differ:\n{}",
        list.len(),
        list.join("\n")
    );
}
