//! Instructions: an opcode that exists, registers, offsets that stay near, numbers
//! that mean something.

use super::{Dice, Words};

/// Opcodes of every class, ordinary and odd.
const OPCODES: [u8; 60] = [
    0x07, 0x0f, 0x04, 0x0c, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x47, 0x4f, 0x57, 0x5f, 0x67, 0x6f,
    0x77, 0x7f, 0x87, 0x84, 0x97, 0x9f, 0xa7, 0xaf, 0xb7, 0xbf, 0xb4, 0xbc, 0xc7, 0xcf, 0xd4, 0xdc,
    0xd7, 0x61, 0x69, 0x71, 0x79, 0x81, 0x89, 0x91, 0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b,
    0xc3, 0xdb, 0x05, 0x06, 0x15, 0x1d, 0x2d, 0xd5, 0x85, 0x95, 0x18, 0xe5,
];

pub(super) fn change(words: &mut Words<'_>, dice: &mut Dice<'_>) {
    let slots = words.bytes.len() / 8;
    let (one, other) = (dice.below(slots) * 8, dice.below(slots) * 8);
    match dice.below(9) {
        0 => words.put(one, 1, u64::from(dice.of(&OPCODES).unwrap_or(0))),
        1 => {
            let registers = (dice.below(12) | dice.below(12) << 4) as u64;
            words.put(one + 1, 1, registers);
        }
        2 => {
            let near = (dice.below(64) as u64).wrapping_sub(32);
            words.put(one + 2, 2, near);
        }
        3 => words.change((one + 2, 2), other + 2, dice),
        4 => words.change((one + 4, 4), other + 4, dice),
        // Mostly a helper's number, or a register's bound.
        5 => words.put(one + 4, 4, dice.below(230) as u64),
        6 => {
            let (a, b) = (words.get(one, 8), words.get(other, 8));
            words.put(one, 8, b);
            words.put(other, 8, a);
        }
        7 => {
            let there = words.get(other, 8);
            words.put(one, 8, there);
        }
        _ => words.put(one, 8, dice.any()),
    }
}
