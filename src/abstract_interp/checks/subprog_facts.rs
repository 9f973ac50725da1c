//! What is known of a program's functions beside their code: how they are used
//! as callbacks, and where their stack holds only spills around calls that need
//! none.
//!
//! A call that clobbers fewer registers than the convention allows ("fastcall")
//! is surrounded by spills and fills that compilers emit for old kernels. Where
//! such slots serve nothing else, newer kernels drop them, and the function's
//! stack shrinks by them.

use crate::abstract_interp::vm::{Env, Vm};
use crate::helpers_spec::{self, ArgType, KfFlags, RetType};
use crate::object::btf::Type;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op, Size, Src};

#[derive(Clone, Debug, Default)]
struct One {
    callback: bool,
    async_callback: bool,
    fast: Fast,
}

/// The spills around calls of one function.
#[derive(Clone, Debug, Default)]
struct Fast {
    /// Below this offset are only such spills.
    off: i32,
    /// Some of them must stay.
    keep: bool,
    /// They can go from around at least one call.
    removable: bool,
    /// Their instructions, sorted.
    insns: Vec<usize>,
}

/// `bpf_get_smp_processor_id`.
const GET_SMP_PROCESSOR_ID: i32 = 8;
/// Helpers that are inlined on x86-64: the one above, and those that give the
/// current task.
const INLINED: [i32; 3] = [GET_SMP_PROCESSOR_ID, 35, 158];

/// Facts of all functions of a program.
#[derive(Clone, Debug, Default)]
pub struct SubprogFacts {
    all: Vec<One>,
}

impl SubprogFacts {
    /// Of a program, before it is explored.
    pub fn new(env: &Env<'_>) -> SubprogFacts {
        let n = env.program.subprogs.len();
        let mut all = vec![One::default(); n];
        for (s, one) in all.iter_mut().enumerate() {
            one.callback = env.program.subprogs[s].exception_cb;
            one.async_callback = one.callback;
            one.fast = fast(env, s);
        }
        SubprogFacts { all }
    }

    /// Whether it is called back.
    pub fn is_callback(&self, subprog: usize) -> bool {
        self.all.get(subprog).is_some_and(|s| s.callback)
    }
    /// Whether it is called back later, with a stack of its own.
    pub fn is_async(&self, subprog: usize) -> bool {
        self.all.get(subprog).is_some_and(|s| s.async_callback)
    }
    /// It is used as a callback.
    pub fn note_callback(&mut self, subprog: usize, later: bool) {
        if let Some(s) = self.all.get_mut(subprog) {
            s.callback = true;
            s.async_callback |= later;
        }
    }
    /// Instruction `insn` loads from or stores to the stack of a function,
    /// `off` bytes from its frame pointer or above.
    pub fn note_stack_access(&mut self, subprog: u32, insn: usize, off: i32) {
        let Some(s) = self.all.get_mut(subprog as usize) else {
            return;
        };
        if s.fast.off > off && s.fast.insns.binary_search(&insn).is_err() {
            s.fast = Fast {
                off: i32::MIN,
                ..Fast::default()
            };
        }
    }
    /// The stack that a function needs when exploration saw it use `used` bytes.
    fn stack(&self, subprog: usize, used: u32) -> u32 {
        match self.all.get(subprog).map(|s| &s.fast) {
            Some(f) if f.removable && !f.keep => f.off.unsigned_abs(),
            _ => used,
        }
    }
}

impl Vm<'_> {
    /// The stack that a function needs, in bytes, not rounded.
    pub fn stack_use(&self, subprog: usize) -> u32 {
        let used = self
            .explorer
            .stack_use
            .get(&(subprog as u32))
            .copied()
            .unwrap_or(0);
        self.subprogs.stack(subprog, used)
    }
}

fn code(env: &Env<'_>, subprog: usize) -> core::ops::Range<usize> {
    let len = env.ops.len();
    env.program.subprogs.get(subprog).map_or(0..0, |s| {
        (s.start as usize).min(len)..(s.end as usize).min(len)
    })
}

fn helper(env: &Env<'_>, id: i32) -> Option<&'static helpers_spec::HelperProto> {
    let id = u32::try_from(id).ok()?;
    env.target.helper(env.program, id).plain_proto()
}

/// A call as far as its register use goes.
struct Summary {
    args: u32,
    void: bool,
    fastcall: bool,
}

fn summary(env: &Env<'_>, callee: Callee) -> Option<Summary> {
    match callee {
        Callee::Helper(id) => {
            let proto = helper(env, id)?;
            let args = proto
                .args
                .iter()
                .take_while(|a| a.base != ArgType::DontCare)
                .count();
            let inlined = INLINED.contains(&id)
                && (id == GET_SMP_PROCESSOR_ID || env.target.behaviour().inline_current_task());
            Some(Summary {
                args: args as u32,
                void: proto.ret.base == RetType::Void,
                fastcall: proto.allow_fastcall && inlined,
            })
        }
        Callee::Kfunc { imm, .. } => {
            let at = usize::try_from(imm).ok()?;
            let k = env.program.kfuncs.get(at)?;
            let btf = env.types.any()?;
            let Some(Type::Func { proto, .. }) = btf.ty(k.kernel_id?) else {
                return None;
            };
            let Some(Type::FuncProto { ret, params }) = btf.ty(proto) else {
                return None;
            };
            Some(Summary {
                args: params.len(),
                void: matches!(btf.ty(ret), Some(Type::Void)),
                fastcall: env
                    .target
                    .kfunc(env.program, &k.name)
                    .spec
                    .is_some_and(|k| k.flags.contains(KfFlags::FASTCALL)),
            })
        }
        Callee::Local(_) => None,
    }
}

/// Finds the spills around calls of a function.
fn fast(env: &Env<'_>, subprog: usize) -> Fast {
    let mut found = Fast::default();
    if !env.target.behaviour().fastcall() {
        return found;
    }
    let lowest = code(env, subprog)
        .filter_map(|insn| match env.ops[insn] {
            Op::Store {
                base: 10,
                off,
                size: Size::DW,
                src: Src::Reg(_),
            } => Some(i32::from(off)),
            _ => None,
        })
        .min()
        .unwrap_or(0)
        .min(0);
    for insn in code(env, subprog) {
        let Op::Call(callee) = env.ops[insn] else {
            continue;
        };
        let Some(call) = summary(env, callee) else {
            continue;
        };
        // Registers that the call leaves alone: r0 when void, and arguments
        // that it doesn't have.
        let mut spared: u32 = 0b11_1110 & !((1u32 << (call.args.min(5) + 1)) - 1);
        if call.void {
            spared |= 1;
        }
        let pairs = pairs(env, insn, lowest, spared);
        if pairs == 0 {
            continue;
        }
        for i in 1..=pairs {
            found.insns.extend([insn - i, insn + i]);
        }
        if call.fastcall {
            found.removable = true;
        } else {
            found.keep = true;
        }
        // What is left when the spills go begins above the highest of them.
        found.off = found.off.min(lowest + 8 * pairs as i32);
    }
    found.insns.sort_unstable();
    found
}

/// How many spills before a call are filled after it, nested like brackets.
fn pairs(env: &Env<'_>, call: usize, lowest: i32, spared: u32) -> usize {
    let mut left = spared;
    for i in 1..=6 {
        let off = lowest + (i as i32 - 1) * 8;
        let before = call.checked_sub(i).and_then(|at| env.ops.get(at));
        let after = env.ops.get(call + i);
        let matched = match (before, after) {
            (
                Some(Op::Store {
                    base: 10,
                    off: o1,
                    size: Size::DW,
                    src: Src::Reg(r),
                }),
                Some(Op::Load {
                    dst,
                    base: 10,
                    off: o2,
                    size: Size::DW,
                    sx: false,
                }),
            ) if r == dst && i32::from(*o1) == off && i32::from(*o2) == off => Some(*r),
            _ => None,
        };
        match matched {
            Some(r) if left >> r & 1 != 0 => left &= !(1 << r),
            _ => return i - 1,
        }
    }
    6
}
