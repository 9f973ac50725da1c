//! What each word of a BTF record means.
//!
//! A record is a name, `info`, a word and a tail of words. By kind the word is a
//! type id or a number, and the tail repeats a pattern of strings, type ids and
//! numbers: once, or for each of the `vlen` items that `info` counts.

/// Meaning of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Offset of a string.
    Str,
    /// Id of a type.
    Ref,
    /// A number.
    Num,
}

/// Words of a kind's records.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Records of this kind can have a name.
    pub named: bool,
    /// The word after `info`.
    pub word: Word,
    /// The tail's pattern.
    pub tail: &'static [Word],
    /// The pattern repeats for each item.
    pub items: bool,
}

impl Layout {
    /// Number of words in the tail.
    pub fn tail_len(&self, vlen: u32) -> usize {
        let times = if self.items { vlen as usize } else { 1 };
        self.tail.len() * times
    }
}

/// Number of items in `info`.
pub const VLEN: u32 = 0xffff;
/// The flag of `info`.
pub const FLAG: u32 = 1 << 31;

/// The kind in `info`.
pub fn kind(info: u32) -> u32 {
    info >> 24 & 0x1f
}

use Word::{Num, Ref, Str};

const fn row(named: bool, word: Word, tail: &'static [Word], items: bool) -> Option<Layout> {
    Some(Layout {
        named,
        word,
        tail,
        items,
    })
}

/// By kind, in the order of their numbers.
static LAYOUTS: [Option<Layout>; 20] = [
    None,
    row(true, Num, &[Num], false),            // int
    row(false, Ref, &[], false),              // pointer
    row(false, Num, &[Ref, Ref, Num], false), // array
    row(true, Num, &[Str, Ref, Num], true),   // structure
    row(true, Num, &[Str, Ref, Num], true),   // union
    row(true, Num, &[Str, Num], true),        // enumeration
    row(true, Num, &[], false),               // forward declaration
    row(true, Ref, &[], false),               // typedef
    row(false, Ref, &[], false),              // volatile
    row(false, Ref, &[], false),              // const
    row(false, Ref, &[], false),              // restrict
    row(true, Ref, &[], false),               // function
    row(false, Ref, &[Str, Ref], true),       // prototype
    row(true, Ref, &[Num], false),            // variable
    row(true, Num, &[Ref, Num, Num], true),   // data section
    row(true, Num, &[], false),               // float
    row(true, Ref, &[Num], false),            // declaration tag
    row(true, Ref, &[], false),               // type tag
    row(true, Num, &[Str, Num, Num], true),   // enumeration of 64 bits
];

/// The layout of a kind; `None` for numbers that are no kind.
pub fn of(kind: u32) -> Option<&'static Layout> {
    LAYOUTS.get(kind as usize).and_then(Option::as_ref)
}
