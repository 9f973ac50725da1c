//! Lowering: from a program to texts that rbpf executes rightly.
//!
//! rbpf 0.4.1 keeps its registers and does arithmetic and jumps; everything else
//! is a *trap*, a call of a Rust function (see `traps`). So rbpf never
//! holds a real address of ours, and the only memory it touches is its own stack,
//! where the lowered text keeps registers while a trap has its arguments. What
//! rbpf lacks or gets wrong is rewritten:
//!
//! | gap in rbpf | lowered to |
//! |---|---|
//! | atomics, `sdiv`, `smod`, wide loads of maps, arena casts | traps |
//! | memory access: only the first byte is checked | trap with exact bounds |
//! | `movsx` | shifts |
//! | `bswap` | the conversion that swaps on this host |
//! | `neg` of the least number overflows | complement and add one |
//! | `mod32` by zero keeps the upper half | move of the lower half |
//! | 64-bit compare with a negative immediate zero-extends it | compare of registers |
//! | r10 is its own stack | reads of r10 are traps, accesses through it have their own |
//! | no budget | a trap on every backward jump |
//! | jumps reach 32767 slots | texts of at most that many, left and entered again |
//! | calls 8 deep on one stack of 512 bytes, no callbacks, no tail calls | the text is left, the driver calls |
//!
//! A text begins with a dispatcher: the buffer that r1 points at holds the
//! registers and which entry is meant. Leaving a text stores the registers through
//! two traps and exits. After a fault all traps do nothing and yield zero, and the
//! next backward jump or exit ends the text.

use std::collections::{BTreeMap, BTreeSet};

use super::writer::Writer;
use crate::programs::insn::{AluOp, Callee, ImmRef, Op, Src};
use crate::smoke::helpers;
use crate::smoke::image::Code;
use crate::smoke::semantics as sem;

/// Most slots of a text: every jump inside reaches.
const MAX_TEXT: usize = 30_000;
/// More than any one instruction becomes, its stubs included.
const MAX_INSN: usize = 64;
/// Slots of one entry: dispatcher and loading the registers.
const ENTRY: usize = 14;

/// What a text is left for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// To go on at another instruction.
    Jump = 0,
    /// To have the instruction done by the driver.
    Site = 1,
}

/// A piece of a program, lowered.
#[derive(Clone, Debug)]
pub struct Text {
    /// rbpf's slots.
    pub bytes: Vec<u8>,
    /// The instructions at which it can be entered, in order.
    pub entries: Vec<u32>,
}

/// A program, lowered.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Its texts in the order of their instructions.
    pub texts: Vec<Text>,
    /// For each entry: the text and the entry's number in it.
    pub at: BTreeMap<u32, (usize, usize)>,
}

/// Whether the driver does an instruction.
pub(super) fn by_driver(op: &Op) -> bool {
    match op {
        Op::Call(Callee::Local(_)) | Op::Call(Callee::TAIL_CALL) => true,
        Op::Call(callee) => helpers::calls_back(*callee),
        Op::CallX { .. } | Op::Gotox { .. } | Op::LdAbs { .. } | Op::LdInd { .. } => true,
        Op::LoadArg { .. } | Op::StoreArg { .. } | Op::Second | Op::Invalid(_) => true,
        op => sem::writes_r10(op),
    }
}

/// Where a jump from `at` by `off` goes.
pub(super) fn target(at: usize, off: i64) -> i64 {
    at as i64 + 1 + off
}

/// Instructions that may be entered from outside a text, wherever the texts end.
fn entries(code: &Code) -> BTreeSet<u32> {
    let mut out: BTreeSet<u32> = code.functions.iter().map(|f| f.start).collect();
    out.insert(0);
    let mut add = |insn: i64| {
        if (0..code.ops.len() as i64).contains(&insn) {
            out.insert(insn as u32);
        }
    };
    for (at, op) in code.ops.iter().enumerate() {
        match *op {
            Op::Call(Callee::Local(rel)) => add(target(at, i64::from(rel))),
            Op::LdImm64 {
                src: ImmRef::Func(rel),
                ..
            } => add(target(at, i64::from(rel))),
            _ => {}
        }
        if by_driver(op) {
            add(at as i64 + 1);
        }
    }
    for map in code.program.maps.iter() {
        map.jump_targets
            .iter()
            .for_each(|insn| add(i64::from(*insn)));
    }
    out
}

/// Lowers a program.
pub fn lower(code: &Code) -> Lowered {
    let mut entries = entries(code);
    // Where texts begin, by the most that their instructions can take.
    let mut starts = vec![0u32];
    let mut size = 0;
    for (at, op) in code.ops.iter().enumerate() {
        let need = MAX_INSN.min(estimate(op))
            + if entries.contains(&(at as u32)) {
                ENTRY
            } else {
                0
            };
        if size + need > MAX_TEXT && *op != Op::Second {
            starts.push(at as u32);
            size = 0;
        }
        size += need;
    }
    let end = code.ops.len() as u32;
    let text_of = |insn: u32| starts.partition_point(|s| *s <= insn).saturating_sub(1);
    entries.extend(starts.iter().copied().filter(|s| *s < end));
    for (at, op) in code.ops.iter().enumerate() {
        if let Some(off) = op.jump_offset()
            && let Ok(to) = u32::try_from(target(at, i64::from(off)))
            && to < end
            && text_of(to) != text_of(at as u32)
        {
            entries.insert(to);
        }
    }
    let mut lowered = Lowered {
        texts: Vec::new(),
        at: BTreeMap::new(),
    };
    for (i, start) in starts.iter().enumerate() {
        let stop = starts.get(i + 1).copied().unwrap_or(end);
        let own: Vec<u32> = entries.range(*start..stop).copied().collect();
        for (n, entry) in own.iter().enumerate() {
            lowered.at.insert(*entry, (i, n));
        }
        let mut text = Writer::new(code, *start, stop);
        text.dispatcher(&own);
        for at in *start..stop {
            text.insn(at);
        }
        lowered.texts.push(Text {
            bytes: text.finish(),
            entries: own,
        });
    }
    lowered
}

fn estimate(op: &Op) -> usize {
    match op {
        Op::Alu {
            op: AluOp::SDiv | AluOp::SMod,
            ..
        }
        | Op::Atomic { .. } => 40,
        Op::Alu {
            src: Src::Reg(10), ..
        }
        | Op::Jmp { .. } => 40,
        Op::Alu { .. } => 4,
        _ => 32,
    }
}
