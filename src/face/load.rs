//! A program as a load command brings it, for those who verify what they run.

use core::fmt;

use super::Target;
use crate::abstract_interp::{Code, Input, Pointee, Verdict, verify_observing};
use crate::audit::portability::{gaps, uses};
use crate::budget::Budget;
use crate::diagnostics::{self, Context, Diagnostic};
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::{MapDef, MapOrigin};
use crate::prelude::*;
use crate::programs::insn::{Callee, Endian, ImmRef, Insn, Op};
use crate::programs::isa::{LD_IMM64, pseudo};
use crate::programs::program::license_is_gpl_compatible;
use crate::programs::{Program, Subprog, decode};
use crate::target::profile::Status;
use crate::untrusted::terminal;

const SLOT: usize = 8;

/// A program that somebody asks to have loaded, with the fields of `bpf(BPF_PROG_LOAD)`:
/// what a small kernel or a runtime verifies before it runs it.
///
/// ```
/// use bpfassay::{Load, LoadLimits, Loaded, Target};
///
/// // r0 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r0 + 0); exit
/// let insns = [
///     0x61, 0x10, 0, 0, 0, 0, 0, 0, 0x71, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0,
/// ];
/// const XDP: u32 = 6;
/// let load = Load::new(XDP, &insns, |_| None)?.name("peek").license("GPL");
/// let Loaded::Reject(refused) = load.verify(&Target::default(), &LoadLimits::default()) else {
///     panic!("a packet is read without a check");
/// };
/// assert_eq!((refused.code.name(), refused.insn), ("packet-access-unchecked", 1));
/// # Ok::<(), bpfassay::BadLoad>(())
/// ```
#[derive(Clone, Debug)]
pub struct Load {
    program: Program,
}

/// A map that a program refers to by a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadMap {
    /// `BPF_MAP_TYPE_*`.
    pub map_type: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Number of entries.
    pub max_entries: u32,
    /// `BPF_F_*`.
    pub flags: u32,
}

/// Why a load command names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLoad {
    /// Linux has no such program type.
    #[error("no program type has the number {0}")]
    ProgType(u32),
    /// Linux has no such attach type.
    #[error("no attach type has the number {0}")]
    AttachType(u32),
    /// The instructions are none, or not whole.
    #[error("{0} bytes are not a whole number of instructions")]
    Length(usize),
    /// A descriptor that is no map's.
    #[error("instruction {insn}: descriptor {fd} is no map's")]
    Descriptor {
        /// The instruction.
        insn: usize,
        /// What it names.
        fd: i32,
    },
    /// A way to name a map that only loaders have.
    #[error("instruction {0} names a map by its number among many")]
    MapByIndex(usize),
}

/// What a verification may spend. The default is without limits but the target's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadLimits {
    /// States kept at one time.
    pub states: u64,
    /// Bytes held at one time, by our own count.
    pub memory: u64,
}

impl Default for LoadLimits {
    fn default() -> LoadLimits {
        LoadLimits {
            states: u64::MAX,
            memory: u64::MAX,
        }
    }
}

/// What comes of a load command.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Loaded {
    /// It may run.
    Accept(Accepted),
    /// The verifier refuses it.
    Reject(Box<Refused>),
    /// It is safe, but needs what the target's profile lacks: each by name, as a phrase.
    Lacks(Vec<String>),
    /// Not decided, so it must not run: a construct that isn't modelled, or a limit
    /// that was reached (`budget:states`, `budget:memory`).
    Unknown {
        /// The stable name.
        name: String,
        /// The instruction at which it was met.
        insn: Option<usize>,
    },
}

/// A program that may run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// Instructions processed over all paths.
    pub processed: u64,
    /// The most states kept at one time.
    pub peak_states: u64,
    /// The deepest stack over all calls, in bytes.
    pub stack_depth: u32,
    /// Loads and stores through the context, by instruction: where a host's context
    /// is not laid out as Linux shows it, these are what it rewrites.
    pub context_accesses: Vec<usize>,
}

/// A program that must not run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The stable code.
    pub code: Code,
    /// The refused instruction.
    pub insn: usize,
    /// The refusal in lines, for the log of whoever asked.
    pub log: String,
}

impl Load {
    /// Reads instructions in this machine's order of bytes. `map` tells what a
    /// descriptor in a wide load stands for.
    ///
    /// # Errors
    ///
    /// If type, length or descriptors are none.
    pub fn new(
        prog_type: u32,
        insns: &[u8],
        map: impl FnMut(i32) -> Option<LoadMap>,
    ) -> Result<Load, BadLoad> {
        let kind = ProgType::from_id(prog_type).ok_or(BadLoad::ProgType(prog_type))?;
        if insns.is_empty() || !insns.len().is_multiple_of(SLOT) {
            return Err(BadLoad::Length(insns.len()));
        }
        let endian = if cfg!(target_endian = "big") {
            Endian::Big
        } else {
            Endian::Little
        };
        let mut insns: Vec<Insn> = insns
            .chunks_exact(SLOT)
            .filter_map(|slot| slot.try_into().ok())
            .map(|slot| Insn::from_bytes(slot, endian))
            .collect();
        let maps = name_maps(&mut insns, map)?;
        let subprogs = functions(&insns);
        Ok(Load {
            program: Program {
                maps: maps.into(),
                subprogs: subprogs.into(),
                license: String::new(),
                gpl_compatible: false,
                ..Program::raw("", kind, None, insns)
            },
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Load {
        self.program.name = name.to_owned();
        self
    }

    /// Its licence; without, it has none that is compatible with the GPL.
    #[must_use]
    pub fn license(mut self, license: &str) -> Load {
        self.program.gpl_compatible = license_is_gpl_compatible(license);
        self.program.license = license.to_owned();
        self
    }

    /// Its `expected_attach_type`.
    ///
    /// # Errors
    ///
    /// If no attach type has the number.
    pub fn attach_type(mut self, id: u32) -> Result<Load, BadLoad> {
        let attach = AttachType::from_id(id).ok_or(BadLoad::AttachType(id))?;
        self.program.attach_type = Some(attach);
        Ok(self)
    }

    /// Its `prog_flags`.
    #[must_use]
    pub fn flags(mut self, flags: u32) -> Load {
        self.program.prog_flags = flags;
        self.program.sleepable = flags & crate::programs::program::F_SLEEPABLE != 0;
        self
    }

    /// Verifies it. Nothing is run, and no more is spent than the limits allow.
    pub fn verify(&self, target: &Target, limits: &LoadLimits) -> Loaded {
        let program = &self.program;
        let target = target.inner();
        let ops = decode(&program.insns);
        let budget = Budget::new(limits.memory, 1).states(limits.states);
        let input = Input {
            program,
            target,
            kernel_btf: None,
        };
        let (verification, observed) = verify_observing(&input, budget.open());
        match verification.verdict {
            Verdict::Reject(refusal) => {
                let context = Context {
                    program,
                    ops: &ops,
                    target: &target.name,
                    kernel: Some(target),
                    source_text: &|_| None,
                };
                let told = diagnostics::describe(&context, &refusal, target.series());
                Loaded::Reject(Box::new(Refused {
                    code: told.code,
                    insn: told.insn,
                    log: log(&told),
                }))
            }
            Verdict::Unknown(unknown) => Loaded::Unknown {
                name: unknown.name,
                insn: unknown.insn,
            },
            Verdict::Accept => {
                let lacks: Vec<String> = target.profile().map_or_else(Vec::new, |profile| {
                    gaps(&uses(program, &ops, Some(&observed)), profile)
                        .iter()
                        .filter(|gap| gap.status == Status::No)
                        .map(|gap| gap.use_.thing.phrase())
                        .collect()
                });
                if !lacks.is_empty() {
                    return Loaded::Lacks(lacks);
                }
                let stats = verification.stats;
                let by_context = |insn: &usize| observed.bases(*insn).contains(&Pointee::Ctx);
                Loaded::Accept(Accepted {
                    processed: stats.processed,
                    peak_states: stats.peak_states,
                    stack_depth: stats.stack_depth,
                    context_accesses: (0..ops.len()).filter(by_context).collect(),
                })
            }
        }
    }
}

/// Puts numbers of maps in the place of descriptors.
fn name_maps(
    insns: &mut [Insn],
    mut map: impl FnMut(i32) -> Option<LoadMap>,
) -> Result<Vec<MapDef>, BadLoad> {
    let mut fds: Vec<i32> = Vec::new();
    let mut maps = Vec::new();
    let mut at = 0;
    while let Some(insn) = insns.get_mut(at) {
        let wide = insn.opcode == LD_IMM64;
        let named = match insn.src {
            pseudo::MAP_FD => Some(pseudo::MAP_IDX),
            pseudo::MAP_VALUE => Some(pseudo::MAP_IDX_VALUE),
            pseudo::MAP_IDX | pseudo::MAP_IDX_VALUE if wide => return Err(BadLoad::MapByIndex(at)),
            _ => None,
        };
        if let Some(by_index) = named.filter(|_| wide) {
            let fd = insn.imm;
            let index = match fds.iter().position(|known| *known == fd) {
                Some(index) => index,
                None => {
                    let shape = map(fd).ok_or(BadLoad::Descriptor { insn: at, fd })?;
                    maps.push(definition(maps.len(), shape));
                    fds.push(fd);
                    fds.len() - 1
                }
            };
            *insn = Insn::new(insn.opcode, insn.dst, by_index, insn.off, index as i32);
        }
        at += if wide { 2 } else { 1 };
    }
    Ok(maps)
}

fn definition(index: usize, shape: LoadMap) -> MapDef {
    MapDef {
        name: format!("map{index}").as_str().into(),
        map_type: shape.map_type,
        key_size: shape.key_size,
        value_size: shape.value_size,
        max_entries: shape.max_entries,
        flags: shape.flags,
        kind: MapOrigin::Synthetic,
        ..MapDef::default()
    }
}

/// The functions: the program begins one, and so does whatever is called or pointed at.
fn functions(insns: &[Insn]) -> Vec<Subprog> {
    let mut starts = vec![0];
    for (at, op) in decode(insns).iter().enumerate() {
        let (Op::Call(Callee::Local(rel))
        | Op::LdImm64 {
            src: ImmRef::Func(rel),
            ..
        }) = *op
        else {
            continue;
        };
        let to = at as i64 + 1 + i64::from(rel);
        if (0..insns.len() as i64).contains(&to) {
            starts.push(to as u32);
        }
    }
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([insns.len() as u32]);
    let ends: Vec<u32> = ends.collect();
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| Subprog {
            start,
            end,
            name: format!("func{start}").as_str().into(),
            func_type: 0,
            global: false,
            exception_cb: false,
            section: "".into(),
            section_offset: u64::from(start) * SLOT as u64,
        })
        .collect()
}

/// A refusal in lines: the words by which people search, then our own.
fn log(told: &Diagnostic) -> String {
    let mut out = String::new();
    for branch in &told.branches {
        let way = if branch.taken { "taken" } else { "not taken" };
        out += &format!("{}: {} ; {way}\n", branch.insn, terminal(&branch.text));
    }
    let registers: Vec<String> = told
        .registers
        .iter()
        .map(|(number, held)| format!("R{number}={}", terminal(held)))
        .collect();
    if !registers.is_empty() {
        out += &format!("; {}\n", registers.join(" "));
    }
    let (insn, text) = (told.insn, terminal(&told.insn_text));
    let words: Vec<_> = told.kernel_words.data().lines().map(terminal).collect();
    let words = words.join("\n");
    out += &format!("{insn}: {text}\n{words}\n");
    let (number, name) = (told.number(), told.code.name());
    out += &format!(
        "{number} {name}: {}\n{}\n{}\n",
        terminal(&told.what),
        terminal(&told.why),
        terminal(&told.remedy)
    );
    out
}

impl fmt::Display for Accepted {
    /// The line with which a log ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "processed {} insns peak_states {} stack depth {}",
            self.processed, self.peak_states, self.stack_depth
        )
    }
}
