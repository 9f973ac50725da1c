//! Answers about bit fields: which load covers them, and how it is shifted.

use super::question::{Question, answer};
use super::spec::parse;
use crate::object::Btf;

/// `struct s` with 32-bit unsigned bit fields at the given offsets and widths.
fn fields(of: &[(u32, u32)]) -> Btf {
    let names = b"\0u\0s\0f\0";
    let mut words = vec![
        // 1: unsigned int
        1,
        1 << 24,
        4,
        32,
        // 2: struct s, its members' offsets with widths
        3,
        1 << 31 | 4 << 24 | of.len() as u32,
        16,
    ];
    for (offset, bits) in of {
        words.extend([5, 1, bits << 24 | offset]);
    }
    let types = (words.len() as u32).saturating_mul(4);
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    for word in [24, 0, types, types, names.len() as u32]
        .iter()
        .chain(&words)
    {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(names);
    Btf::parse(bytes.into()).unwrap()
}

/// The load of a bit field at `offset` of `bits`: where, of how many bytes, and
/// shifted by how much to the left and to the right.
fn check(offset: u32, bits: u32, expect: [u64; 4]) {
    let btf = fields(&[(offset, bits)]);
    let spec = parse(&btf, Question::FieldOffset, 2, "0:0").unwrap();
    let questions = [
        Question::FieldOffset,
        Question::FieldSize,
        Question::FieldLeftShift,
        Question::FieldRightShift,
    ];
    let answers = questions.map(|q| answer(q, Some(&spec)).unwrap().unwrap().value);
    assert_eq!(answers, expect, "{bits} bits at {offset}");
}

#[test]
fn a_bit_field_is_loaded_by_the_smallest_load_that_covers_it() {
    check(0, 3, [0, 4, 61, 61]);
    // Up to the last bit of its word, and no further.
    check(24, 8, [0, 4, 32, 56]);
    check(32, 32, [4, 4, 32, 32]);
    check(60, 4, [4, 4, 32, 60]);
    // Across two words: twice the load.
    check(28, 8, [0, 8, 28, 56]);
}
