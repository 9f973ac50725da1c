//! Offering a linked program to the running kernel, as libbpf would.
//!
//! The object's BTF is loaded, every map of the object created (struct_ops maps too,
//! but none is registered), the references that a linked program keeps as indices
//! become descriptors and BTF ids, and the program goes to `BPF_PROG_LOAD` with its
//! function and line information. What a loader could not resolve has been poisoned
//! while linking, and the verifier meets it.

use std::collections::HashSet;
use std::ffi::CString;
use std::sync::Arc;

use super::info;
use super::map::{LiveMap, create_map};
use super::sys::{self, ProgSpec};
use super::{Kernel, LOG_BYTES, LiveBtf, LiveProg, load_btf, text};
use crate::programs::{Endian, KsymRef, Program};

/// `BPF_PSEUDO_*` of a wide load and of a call.
const MAP_FD: u8 = 1;
const MAP_VALUE: u8 = 2;
const BTF_ID: u8 = 3;
const MAP_IDX: u8 = 5;
const MAP_IDX_VALUE: u8 = 6;
const KFUNC: u8 = 2;

/// Addresses of the kernel's symbols.
const KALLSYMS: &str = "/proc/kallsyms";

const LD_IMM64: u8 = 0x18;
const CALL: u8 = 0x85;

/// Messages and statistics, no trace of instructions.
const LOG_STATS: u32 = 4;
/// The trace of instructions.
const LOG_TRACE: u32 = 1;

/// Longer verifications are not traced: the kernel takes minutes to print them.
const MAX_TRACED: u64 = 100_000;

/// At which step the kernel refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A map was not created.
    Map,
    /// Something that the load command needs is not known.
    Prepare,
    /// The load command was refused without a word of the verifier.
    Syscall,
    /// The verifier refused.
    Verifier,
}

impl Stage {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Map => "map",
            Stage::Prepare => "prepare",
            Stage::Syscall => "syscall",
            Stage::Verifier => "verifier",
        }
    }
}

/// Why a program is not in the kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", stage.name())]
pub struct Refusal {
    /// At which step.
    pub stage: Stage,
    /// The error number; 0 if no system call failed.
    pub errno: i32,
    /// The kernel's message, or ours.
    pub message: String,
    /// The instruction that the verifier was at, where its trace tells.
    pub insn: Option<u32>,
    /// Instructions that the verifier processed, as it says.
    pub processed: Option<u64>,
}

/// A program in the kernel, with its maps.
#[derive(Debug)]
pub struct Loaded {
    /// The program.
    pub program: LiveProg,
    /// What it was given.
    pub supplies: Arc<Supplies>,
    /// Instructions that the verifier processed, as it says.
    pub processed: Option<u64>,
}

/// What the kernel said.
pub type Outcome = Result<Loaded, Refusal>;

/// What programs of one object need in the kernel besides themselves.
#[derive(Debug)]
pub struct Supplies {
    /// Their maps, in the order of [`Program::maps`].
    pub maps: Vec<LiveMap>,
    btf: Option<LiveBtf>,
}

impl Supplies {
    /// Loads the BTF and creates the maps of a program.
    pub fn of(kernel: &Kernel, program: &Program) -> Result<Supplies, Refusal> {
        let object_btf = program.btf.as_deref();
        // Without its BTF a program may still load: libbpf goes on, too.
        let btf = object_btf.and_then(|b| load_btf(b).ok());
        let mut maps = Vec::with_capacity(program.maps.len());
        for def in program.maps.iter() {
            let map = create_map(kernel, def, object_btf, btf.as_ref()).map_err(|e| Refusal {
                errno: e.raw_os_error().unwrap_or(0),
                ..refused(Stage::Map, format!("map {}: {e}", def.name))
            })?;
            maps.push(map);
        }
        Ok(Supplies { maps, btf })
    }
}

/// Everything that `BPF_PROG_LOAD` needs.
pub struct Offer<'a> {
    program: &'a Program,
    supplies: Arc<Supplies>,
    insns: Vec<u8>,
    func_info: Vec<u8>,
    line_info: Vec<u8>,
    license: CString,
    /// Where in the kernel it hangs: type and expected attach type.
    attach: (u32, u32),
}

fn refused(stage: Stage, message: String) -> Refusal {
    Refusal {
        stage,
        errno: 0,
        message,
        insn: None,
        processed: None,
    }
}

/// Creates what a program needs.
pub fn offer<'a>(kernel: &Kernel, program: &'a Program) -> Result<Offer<'a>, Refusal> {
    absent_symbols(program)?;
    offer_with(program, Arc::new(Supplies::of(kernel, program)?))
}

/// Takes what was made for another program of the same maps and BTF.
pub fn offer_with(program: &Program, supplies: Arc<Supplies>) -> Result<Offer<'_>, Refusal> {
    let object_btf = program.btf.as_deref();
    let btf = &supplies.btf;
    let attach = match &program.struct_ops {
        Some(slot) => match (slot.kernel_type, slot.kernel_member) {
            (Some(ty), Some(member)) => (ty, member),
            _ => {
                let what = format!("the kernel's {} is not known", slot.structure);
                return Err(refused(Stage::Prepare, what));
            }
        },
        None => (
            program.attach_btf_id.unwrap_or(0),
            program.attach_type.map_or(0, |a| a.id()),
        ),
    };
    let insns = resolved(program, &supplies.maps)?;
    let license = CString::new(program.license.as_str())
        .map_err(|_| refused(Stage::Prepare, "the licence has a NUL".into()))?;
    Ok(Offer {
        func_info: btf
            .as_ref()
            .map_or_else(Vec::new, |_| info::func_info(&program.func_info)),
        line_info: match (btf, object_btf) {
            (Some(_), Some(b)) if !program.func_info.is_empty() => info::line_info(program, b),
            _ => Vec::new(),
        },
        program,
        supplies,
        insns,
        license,
        attach,
    })
}

/// Symbols without a type are looked up in kallsyms, as a loader does. (Which address
/// they have is of no interest to the verifier: the program keeps the one that was
/// made up while linking.)
fn absent_symbols(program: &Program) -> Result<(), Refusal> {
    let wanted = |k: &&KsymRef| k.resolved && !k.weak && k.kernel_id.is_none();
    if !program.ksyms.iter().any(|k| wanted(&k)) {
        return Ok(());
    }
    let text = std::fs::read_to_string(KALLSYMS).unwrap_or_default();
    let known: HashSet<&str> = text
        .lines()
        .filter_map(|l| l.split_whitespace().nth(2))
        .collect();
    match program
        .ksyms
        .iter()
        .filter(wanted)
        .find(|k| !known.contains(&*k.name))
    {
        Some(k) => Err(refused(
            Stage::Prepare,
            format!("the kernel shows no symbol {}", k.name),
        )),
        None => Ok(()),
    }
}

/// The instructions with descriptors and BTF ids in place of indices.
fn resolved(program: &Program, maps: &[LiveMap]) -> Result<Vec<u8>, Refusal> {
    let missing = |what: String| refused(Stage::Prepare, what);
    let mut out = Vec::with_capacity(program.insns.len() * 8);
    let mut second = false;
    for insn in program.insns.iter() {
        let mut insn = *insn;
        let first = !std::mem::take(&mut second);
        if first && insn.opcode == LD_IMM64 {
            second = true;
            match insn.src {
                MAP_IDX | MAP_IDX_VALUE => {
                    let map = usize::try_from(insn.imm).ok().and_then(|i| maps.get(i));
                    let map = map.ok_or_else(|| missing(format!("no map {}", insn.imm)))?;
                    insn.src = if insn.src == MAP_IDX {
                        MAP_FD
                    } else {
                        MAP_VALUE
                    };
                    insn.imm = map.raw_fd();
                }
                BTF_ID => {
                    let ksym = usize::try_from(insn.imm)
                        .ok()
                        .and_then(|i| program.ksyms.get(i));
                    let id = ksym.and_then(|k| k.kernel_id);
                    let name = ksym.map_or("?", |k| &k.name);
                    insn.imm = id
                        .ok_or_else(|| missing(format!("kernel symbol {name} has no BTF id")))?
                        as i32;
                }
                _ => {}
            }
        } else if first && insn.opcode == CALL && insn.src == KFUNC {
            let kfunc = usize::try_from(insn.imm)
                .ok()
                .and_then(|i| program.kfuncs.get(i));
            let id = kfunc.and_then(|k| k.kernel_id);
            let name = kfunc.map_or("?", |k| &k.name);
            insn.imm =
                id.ok_or_else(|| missing(format!("kernel function {name} has no BTF id")))? as i32;
            insn.off = 0;
        }
        out.extend(insn.to_bytes(Endian::Little));
    }
    Ok(out)
}

impl Offer<'_> {
    fn load(&self, level: u32, log: &mut [u8]) -> std::io::Result<LiveProg> {
        let program = self.program;
        sys::prog_load(
            &ProgSpec {
                prog_type: program.prog_type.id(),
                insns: &self.insns,
                license: &self.license,
                kern_version: program.kern_version,
                flags: program.prog_flags,
                name: &program.name,
                expected_attach_type: self.attach.1,
                btf: self.supplies.btf.as_ref().map(|b| &b.0),
                func_info: &self.func_info,
                line_info: &self.line_info,
                attach_btf_id: self.attach.0,
                attach_prog: None,
                log_level: level,
            },
            log,
        )
        .map(LiveProg)
    }

    /// The verifier's trace of a refused program.
    fn trace(&self, errno: i32) -> Option<String> {
        let mut log = vec![0; LOG_BYTES];
        match self.load(LOG_TRACE, &mut log) {
            Err(e) if e.raw_os_error() == Some(errno) => Some(text(&log)),
            _ => None,
        }
    }

    /// Offers it.
    pub fn ask(self) -> Outcome {
        self.told(true)
    }

    /// Offers it, without looking for the instruction of a refusal: that takes the
    /// trace of a second load.
    pub fn ask_briefly(self) -> Outcome {
        self.told(false)
    }

    fn told(self, insn: bool) -> Outcome {
        let mut log = vec![0; 256 << 10];
        match self.load(LOG_STATS, &mut log) {
            Ok(program) => Ok(Loaded {
                program,
                supplies: self.supplies,
                processed: processed(&text(&log)),
            }),
            Err(e) => {
                let errno = e.raw_os_error().unwrap_or(0);
                let words = text(&log);
                let said: Vec<&str> = words.lines().filter(|l| !is_statistics(l)).collect();
                // Statistics are the verifier's, too.
                if words.trim().is_empty() {
                    return Err(Refusal {
                        errno,
                        ..refused(Stage::Syscall, e.to_string())
                    });
                }
                let processed = processed(&words);
                let short = insn && processed.is_none_or(|n| n <= MAX_TRACED);
                let insn = named_insn(&words).or_else(|| {
                    let trace = if short { self.trace(errno) } else { None };
                    trace.and_then(|t| last_insn(&t))
                });
                Err(Refusal {
                    stage: Stage::Verifier,
                    errno,
                    message: said.join("\n"),
                    insn,
                    processed,
                })
            }
        }
    }
}

/// Offers a program and tells what the kernel said.
pub fn load(kernel: &Kernel, program: &Program) -> Outcome {
    offer(kernel, program)?.ask()
}

fn is_statistics(line: &str) -> bool {
    line.trim().is_empty()
        || ["processed ", "verification time ", "stack depth "]
            .iter()
            .any(|head| line.starts_with(head))
}

fn processed(log: &str) -> Option<u64> {
    let line = log.lines().rfind(|l| l.starts_with("processed "))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The instruction that a message names: it is refused before the trace comes to it.
fn named_insn(words: &str) -> Option<u32> {
    let (_, rest) = words.split_once("infinite loop detected at insn ")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The number of the last line `N: (op) …` of a trace.
fn last_insn(trace: &str) -> Option<u32> {
    trace.lines().rev().find_map(|line| {
        let (number, rest) = line.split_once(": ")?;
        let op = rest.strip_prefix('(').and_then(|r| r.get(..2));
        let shown = op.is_some_and(|op| u8::from_str_radix(op, 16).is_ok());
        // An instruction that the kernel cannot print.
        let broken = rest.starts_with("<invalid ");
        number.trim().parse().ok().filter(|_| shown || broken)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_read() {
        let trace = "0: R1=ctx() R10=fp0\n; int x = 1;\n12: (b7) r0 = 1   ; R0=1\n13: (95) exit\nR0 !read_ok\nprocessed 2 insns\n";
        assert_eq!(last_insn(trace), Some(13));
        assert_eq!(
            named_insn("infinite loop detected at insn 7\ncur state"),
            Some(7)
        );
        assert_eq!(
            processed("processed 27 insns (limit 1000000) max_states"),
            Some(27)
        );
        assert!(is_statistics("verification time 12 usec"));
        assert!(!is_statistics("R0 !read_ok"));
    }
}
