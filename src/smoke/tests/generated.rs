//! Generated instruction sequences: both engines must agree on all of them.

use std::sync::Arc;

use super::run_with;
use crate::helpers_spec::ProgType;
use crate::programs::insn::Insn;
use crate::programs::{Program, isa};
use crate::smoke::image::Image;
use crate::smoke::runtime::{Config, Rng};

const EDGES: [i64; 16] = [
    0,
    1,
    -1,
    2,
    31,
    32,
    63,
    64,
    127,
    128,
    -128,
    0x7fff_ffff,
    -0x8000_0000,
    0xffff_ffff,
    i64::MAX,
    i64::MIN,
];

fn constant(rng: &mut Rng, reg: u8, out: &mut Vec<Insn>) {
    let value = match rng.below(3) {
        0 => rng.draw(),
        1 => EDGES[rng.below(16) as usize].wrapping_add(rng.below(3) as i64 - 1) as u64,
        _ => rng.below(256),
    };
    out.push(Insn::new(0x18, reg, 0, 0, value as i32));
    out.push(Insn::new(0, 0, 0, 0, (value >> 32) as i32));
}

/// One instruction of any kind that needs no helper; jumps go forward within `room`.
fn instruction(rng: &mut Rng, room: u64) -> Insn {
    let reg = |rng: &mut Rng| rng.below(10) as u8;
    let (dst, src) = (reg(rng), reg(rng));
    let imm = EDGES[rng.below(16) as usize] as i32;
    let at = -(rng.below(505) as i16) - 8;
    let sizes = [0x00, 0x08, 0x10, 0x18];
    let size = sizes[rng.below(4) as usize];
    match rng.below(16) {
        0..=6 => {
            let row = isa::ALU[rng.below(isa::ALU.len() as u64) as usize];
            let signed = matches!(
                row.0,
                crate::programs::insn::AluOp::SDiv | crate::programs::insn::AluOp::SMod
            );
            let class = [4, 7][rng.below(2) as usize];
            let off = i16::from(signed);
            match rng.below(2) {
                0 => Insn::new(row.1 | class, dst, 0, off, imm),
                _ => Insn::new(row.1 | class | 8, dst, src, off, 0),
            }
        }
        7 => Insn::new(0x80 | [4, 7][rng.below(2) as usize], dst, 0, 0, 0),
        8 => {
            let opcode = [0xd4, 0xdc, 0xd7][rng.below(3) as usize];
            Insn::new(opcode, dst, 0, 0, [16, 32, 64][rng.below(3) as usize])
        }
        9 => match rng.below(2) {
            0 => Insn::new(0xbf, dst, src, [8, 16, 32][rng.below(3) as usize], 0),
            _ => Insn::new(0xbc, dst, src, [8, 16][rng.below(2) as usize], 0),
        },
        10 | 11 if room > 0 => {
            let row = isa::JMP[rng.below(isa::JMP.len() as u64) as usize];
            let class = [5, 6][rng.below(2) as usize];
            let off = rng.below(room) as i16;
            match rng.below(2) {
                0 => Insn::new(row.1 | class, dst, 0, off, imm),
                _ => Insn::new(row.1 | class | 8, dst, src, off, 0),
            }
        }
        12 => match rng.below(3) {
            0 if size != 0x18 => Insn::new(0x80 | size | 1, dst, 10, at, 0),
            1 => Insn::new(0x62 | size, 10, 0, at, imm),
            _ => Insn::new(0x61 | size, dst, 10, at, 0),
        },
        13 => Insn::new(0x63 | size, 10, src, at, 0),
        14 => {
            let wide = [0xc3, 0xdb][rng.below(2) as usize];
            let kinds = [0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1];
            Insn::new(wide, 10, src, at, kinds[rng.below(10) as usize])
        }
        15 => match rng.below(2) {
            0 => Insn::new(0xc3 | size, dst, 10, at, isa::LOAD_ACQ),
            _ => Insn::new(0xc3 | size, 10, src, at, isa::STORE_REL),
        },
        _ => Insn::new(0xbf, dst, src, 0, 0),
    }
}

/// A program: constants in all registers, then anything; what is left in the
/// registers and on the stack comes together in r0.
fn sequence(rng: &mut Rng, len: u64) -> Vec<Insn> {
    let mut out = Vec::new();
    for reg in 0..10 {
        constant(rng, reg, &mut out);
    }
    for reg in 0..4 {
        out.push(Insn::new(0x7b, 10, reg, -8 * (1 + i16::from(reg)), 0));
    }
    for i in 0..len {
        let mut insn = instruction(rng, len - i);
        // A load swaps its registers in the acquire form.
        if insn.imm == isa::LOAD_ACQ && insn.opcode & 7 == 3 {
            insn = Insn { src: 10, ..insn };
        }
        out.push(insn);
    }
    for reg in 1..10 {
        out.push(Insn::new(0xaf, 0, reg, 0, 0));
        out.push(Insn::new(0x67, 0, 0, 0, 7));
        out.push(Insn::new(0x87, 0, 0, 0, 0));
    }
    out.push(Insn::new(0x95, 0, 0, 0, 0));
    out
}

fn check(seed: u64, count: u64) {
    let mut rng = Rng(seed);
    for i in 0..count {
        let len = 4 + rng.below(28);
        let insns = sequence(&mut rng, len);
        let program = Program::raw("generated", ProgType::Xdp, None, insns);
        let image = Arc::new(Image::single(Arc::new(program)));
        let (result, _) = run_with(&image, &Config::default(), |_| 0);
        assert!(result.is_ok(), "seed {seed}, program {i}: {result:?}");
    }
}

#[test]
fn engines_agree_on_generated_sequences() {
    check(0x5eed, 400);
}

/// The full count; `cargo test --release -- --ignored a_million`.
#[test]
#[ignore = "takes half a minute in release"]
fn a_million_sequences_agree() {
    for seed in 1..=10 {
        check(seed, 100_000);
    }
}
