//! Small changes of a linked program. What a loader numbers (maps, kernel functions)
//! is exchanged for another of the same list, never for a number from nowhere.

use bpfassay::programs::insn::Insn;
use bpfassay::programs::{Program, insert};

use crate::rng::Rng;

const WIDE: u8 = 0x18;

/// Slots at which an instruction begins.
fn starts(program: &Program) -> Vec<usize> {
    let mut out = Vec::with_capacity(program.insns.len());
    let mut at = 0;
    while let Some(insn) = program.insns.get(at) {
        out.push(at);
        at += if insn.opcode == WIDE { 2 } else { 1 };
    }
    out
}

/// The program with one to three changes.
pub fn mutate(program: &Program, rng: &mut Rng) -> Program {
    let mut out = program.clone();
    for _ in 0..1 + rng.below(6) / 3 {
        out = once(&out, rng).unwrap_or(out);
    }
    out
}

fn once(program: &Program, rng: &mut Rng) -> Option<Program> {
    let starts = starts(program);
    if starts.is_empty() {
        return None;
    }
    let at = rng.pick(&starts);
    if rng.chance(8) {
        // One more instruction, copied from elsewhere.
        let from = program.insns[rng.pick(&starts)];
        let plain = from.opcode != WIDE && from.opcode & 7 != 5 && from.opcode & 7 != 6;
        return if plain {
            insert::insert(program, at, 0, &[from], false)
        } else {
            None
        };
    }
    let mut insns = program.insns.to_vec();
    let insn = &mut insns[at];
    match (insn.opcode, insn.opcode & 7) {
        (WIDE, _) => wide(&mut insns, at, program, rng),
        (0x85, _) => call(insn, program, rng),
        _ if rng.chance(15) => {
            let other = rng.pick(&starts);
            if insns[other].opcode == WIDE {
                return None;
            }
            match rng.below(3) {
                0 => insns.swap(at, other),
                1 => insns[at] = insns[other],
                // As good as deleted.
                _ => insns[at] = Insn::new(0x05, 0, 0, 0, 0),
            }
        }
        (_, 4 | 7) => alu(insn, rng),
        (_, 5 | 6) => jump(insn, rng),
        (_, 1..=3) => memory(insn, rng),
        _ => insn.imm = rng.imm(),
    }
    let mut out = program.clone();
    out.insns = insns.into();
    Some(out)
}

fn near(value: i32, rng: &mut Rng) -> i32 {
    match rng.below(4) {
        0 => value.wrapping_add(rng.pick(&[1, -1, 4, -4, 8, -8])),
        1 => value ^ 1 << rng.below(32),
        _ => rng.imm(),
    }
}

fn register(insn: &mut Insn, rng: &mut Rng) {
    let r = rng.below(11) as u8;
    if rng.chance(50) {
        insn.dst = r
    } else {
        insn.src = r
    }
}

fn alu(insn: &mut Insn, rng: &mut Rng) {
    match rng.below(6) {
        0 => register(insn, rng),
        1 => insn.opcode = insn.opcode & 0x0f | (rng.below(14) as u8) << 4,
        // The other width.
        2 => insn.opcode ^= 3,
        3 => insn.off = rng.pick(&[0, 1, 8, 16, 32]),
        _ => insn.imm = near(insn.imm, rng),
    }
}

fn jump(insn: &mut Insn, rng: &mut Rng) {
    match rng.below(6) {
        0 => register(insn, rng),
        1 if insn.opcode != 0x95 && insn.opcode != 0x05 => {
            insn.opcode = insn.opcode & 0x0f | (rng.below(14) as u8) << 4;
        }
        2 if insn.opcode != 0x95 => insn.opcode ^= 3,
        3 | 4 => insn.imm = near(insn.imm, rng),
        _ => insn.off = insn.off.wrapping_add(rng.pick(&[1, -1, 2, -2, 5])),
    }
}

fn memory(insn: &mut Insn, rng: &mut Rng) {
    match rng.below(6) {
        0 => register(insn, rng),
        1 => insn.opcode = insn.opcode & !0x18 | rng.pick(&[0, 0x08, 0x10, 0x18]),
        2 => insn.opcode = insn.opcode & 0x1f | rng.pick(&[0x60, 0x80, 0xc0]),
        3 if insn.opcode >= 0xc0 => {
            insn.imm = rng.pick(&[0, 1, 0x40, 0x41, 0x50, 0xa1, 0xe1, 0xf1, 0x100, 0x110]);
        }
        3 => insn.imm = near(insn.imm, rng),
        _ => {
            insn.off = insn
                .off
                .wrapping_add(rng.pick(&[1, -1, 2, 4, -4, 8, -8, 16, 64]))
        }
    }
}

fn wide(insns: &mut [Insn], at: usize, program: &Program, rng: &mut Rng) {
    let maps = program.maps.len();
    match insns[at].src {
        0 => insns[at].imm = near(insns[at].imm, rng),
        5 | 6 if maps > 0 => match rng.below(3) {
            0 => insns[at].imm = rng.below(maps) as i32,
            1 if insns[at].src == 6 => {
                let off = insns[at + 1].imm;
                insns[at + 1].imm = off.wrapping_add(rng.pick(&[1, 4, 8, -8, 64]));
            }
            _ => insns[at].dst = rng.below(10) as u8,
        },
        _ => insns[at].dst = rng.below(10) as u8,
    }
}

fn call(insn: &mut Insn, program: &Program, rng: &mut Rng) {
    match insn.src {
        2 => insn.imm = rng.below(program.kfuncs.len()) as i32,
        0 => {
            let id = rng.range(1, 211) as u32;
            if !crate::ask::OWN.contains(&id) {
                insn.imm = id as i32;
            }
        }
        // Another function would need other records of functions.
        _ => {}
    }
}
