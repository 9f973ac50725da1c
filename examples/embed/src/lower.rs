//! From verified instructions to those that rbpf 0.4.1 does as the verifier thinks.
//!
//! A program that runs unchecked must compute exactly what was verified. What rbpf does
//! otherwise is written anew; what has no other form here is not offered. This is a list
//! of what is let through, so that an instruction that nobody thought of stays out.
//!
//! | instruction | in rbpf | lowered to |
//! |---|---|---|
//! | wide load of a map | a number | the map's address |
//! | load from an XDP context | the context of this host has whole pointers | load of the host's field |
//! | 64-bit compare with a negative number | zero-extends the number | two signed compares, which don't |
//! | `mod32` by a register that is zero | leaves the upper half | `mod32`, then a move of the lower half |
//! | `neg` | overflows | complement, plus one |

use alloc::vec::Vec;

/// An instruction slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    opcode: u8,
    dst: u8,
    src: u8,
    off: i16,
    imm: i32,
}

/// rbpf counts instructions in sixteen bits.
const MAX_SLOTS: usize = i16::MAX as usize;

const LD_IMM64: u8 = 0x18;
const PSEUDO_MAP_FD: u8 = 1;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const JA: u8 = 0x05;
const ADD64_IMM: u8 = 0x07;
const XOR64_IMM: u8 = 0xa7;
const NEG64: u8 = 0x87;
const MOV32_REG: u8 = 0xbc;
const MOD32_REG: u8 = 0x9c;
const JEQ_IMM: u8 = 0x15;
const JGT_IMM: u8 = 0x25;
const JGE_IMM: u8 = 0x35;
const JNE_IMM: u8 = 0x55;
const JLT_IMM: u8 = 0xa5;
const JLE_IMM: u8 = 0xb5;
const JSGT_IMM: u8 = 0x65;
const JSGE_IMM: u8 = 0x75;
const JSLT_IMM: u8 = 0xc5;
const JSLE_IMM: u8 = 0xd5;

impl Slot {
    /// Reads a slot.
    pub fn read(b: &[u8; 8]) -> Slot {
        let (low, high) = (b[1] & 15, b[1] >> 4);
        let big = cfg!(target_endian = "big");
        Slot {
            opcode: b[0],
            dst: if big { high } else { low },
            src: if big { low } else { high },
            off: i16::from_ne_bytes([b[2], b[3]]),
            imm: i32::from_ne_bytes([b[4], b[5], b[6], b[7]]),
        }
    }

    /// rbpf reads little-endian slots everywhere.
    fn write(self, out: &mut Vec<u8>) {
        out.extend([self.opcode, self.src << 4 | self.dst]);
        out.extend(self.off.to_le_bytes());
        out.extend(self.imm.to_le_bytes());
    }

    const fn new(opcode: u8, dst: u8, src: u8, off: i16, imm: i32) -> Slot {
        Slot {
            opcode,
            dst,
            src,
            off,
            imm,
        }
    }
}

/// A slot of the lowered program; a jump to an instruction has its offset later.
struct Placed {
    slot: Slot,
    to: Option<usize>,
}

/// What the program's environment puts in.
pub struct Terms<'a> {
    /// The address that stands for a map's descriptor.
    pub map: &'a dyn Fn(i32) -> Option<u64>,
    /// Where the host has the context's field at this offset: size of the load, offset.
    pub field: &'a dyn Fn(i16) -> Option<(Width, i16)>,
    /// The instructions that go through the context, ascending.
    pub context_accesses: &'a [usize],
}

/// How much a load of a context's field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// As the instruction says.
    Same,
    /// A whole pointer.
    Pointer,
}

/// Lowers a program; `None` if it has what rbpf has not.
pub fn lower(insns: &[Slot], terms: &Terms<'_>) -> Option<Vec<u8>> {
    let mut out: Vec<Placed> = Vec::with_capacity(insns.len());
    let mut places = Vec::with_capacity(insns.len());
    let mut at = 0;
    while let Some(insn) = insns.get(at) {
        places.push(out.len());
        if insn.opcode == LD_IMM64 {
            places.push(out.len());
            wide(*insn, *insns.get(at + 1)?, terms, &mut out)?;
            at += 2;
        } else {
            one(at, *insn, terms, &mut out)?;
            at += 1;
        }
    }
    if out.len() > MAX_SLOTS {
        return None;
    }
    let mut bytes = Vec::with_capacity(out.len() * 8);
    for (here, Placed { mut slot, to }) in out.into_iter().enumerate() {
        if let Some(to) = to {
            let target = *places.get(to)? as i64;
            slot.off = i16::try_from(target - here as i64 - 1).ok()?;
        }
        slot.write(&mut bytes);
    }
    Some(bytes)
}

fn plain(slot: Slot) -> Placed {
    Placed { slot, to: None }
}

fn wide(insn: Slot, second: Slot, terms: &Terms<'_>, out: &mut Vec<Placed>) -> Option<()> {
    let (low, high) = match insn.src {
        0 => (insn.imm, second.imm),
        PSEUDO_MAP_FD => {
            let address = (terms.map)(insn.imm)?;
            (address as i32, (address >> 32) as i32)
        }
        _ => return None,
    };
    out.push(plain(Slot::new(LD_IMM64, insn.dst, 0, 0, low)));
    out.push(plain(Slot::new(0, 0, 0, 0, high)));
    Some(())
}

fn one(at: usize, insn: Slot, terms: &Terms<'_>, out: &mut Vec<Placed>) -> Option<()> {
    const LDX: u8 = 1;
    const ST: u8 = 2;
    const STX: u8 = 3;
    const ALU: u8 = 4;
    const JMP: u8 = 5;
    const JMP32: u8 = 6;
    const ALU64: u8 = 7;
    const MODE: u8 = 0xe0;
    const MEM: u8 = 0x60;
    match insn.opcode & 7 {
        LDX | ST | STX if insn.opcode & MODE != MEM => return None,
        LDX | ST | STX if terms.context_accesses.binary_search(&at).is_ok() => {
            out.push(plain(through_context(insn, terms)?));
        }
        LDX | ST | STX => out.push(plain(insn)),
        ALU | ALU64 => arithmetic(insn, out)?,
        JMP | JMP32 => jump(at, insn, out)?,
        _ => return None,
    }
    Some(())
}

fn through_context(insn: Slot, terms: &Terms<'_>) -> Option<Slot> {
    const SIZE: u8 = 0x18;
    const DOUBLE: u8 = 0x18;
    let (width, off) = (terms.field)(insn.off)?;
    let opcode = match width {
        Width::Same => insn.opcode,
        // The pointer's field is four bytes to the program, which loads it whole.
        Width::Pointer if insn.opcode == 0x61 => insn.opcode & !SIZE | DOUBLE,
        Width::Pointer => return None,
    };
    Some(Slot {
        opcode,
        off,
        ..insn
    })
}

fn arithmetic(insn: Slot, out: &mut Vec<Placed>) -> Option<()> {
    const END64: u8 = 0xd7;
    // An offset makes other operations of these; a swap in 64-bit form is another, too.
    if insn.off != 0 || insn.opcode == END64 || insn.opcode & 0xf0 > 0xd0 {
        return None;
    }
    match insn.opcode {
        NEG64 => {
            out.push(plain(Slot::new(XOR64_IMM, insn.dst, 0, 0, -1)));
            out.push(plain(Slot::new(ADD64_IMM, insn.dst, 0, 0, 1)));
        }
        MOD32_REG => {
            out.push(plain(insn));
            out.push(plain(Slot::new(MOV32_REG, insn.dst, insn.dst, 0, 0)));
        }
        _ => out.push(plain(insn)),
    }
    Some(())
}

fn jump(at: usize, insn: Slot, out: &mut Vec<Placed>) -> Option<()> {
    const CONDITION: u8 = 0xf0;
    match (insn.opcode, insn.opcode & CONDITION) {
        (CALL, _) if insn.src != 0 => return None,
        (CALL | EXIT, _) => {
            out.push(plain(insn));
            return Some(());
        }
        (JA, _) | (_, 0x10..=0x70 | 0xa0..=0xd0) => {}
        _ => return None,
    }
    let to = Some(usize::try_from(at as i64 + 1 + i64::from(insn.off)).ok()?);
    if insn.imm >= 0 {
        out.push(Placed { slot: insn, to });
        return Some(());
    }
    // The unsigned numbers from a negative one up are, as signed, those from it to -1.
    // Two signed compares: go or skip by the first, then go by the second.
    let (go, first, bound, second) = match insn.opcode {
        JEQ_IMM => (false, JSLT_IMM, insn.imm, JSLE_IMM),
        JNE_IMM => (true, JSLT_IMM, insn.imm, JSGT_IMM),
        JGT_IMM => (false, JSGE_IMM, 0, JSGT_IMM),
        JGE_IMM => (false, JSGE_IMM, 0, JSGE_IMM),
        JLT_IMM => (true, JSGE_IMM, 0, JSLT_IMM),
        JLE_IMM => (true, JSGE_IMM, 0, JSLE_IMM),
        _ => {
            out.push(Placed { slot: insn, to });
            return Some(());
        }
    };
    out.push(Placed {
        slot: Slot::new(first, insn.dst, 0, 1, bound),
        to: to.filter(|_| go),
    });
    let slot = Slot::new(second, insn.dst, 0, 0, insn.imm);
    out.push(Placed { slot, to });
    Some(())
}
