//! The tails of BTF records: members, parameters, enumerators, variables.
//!
//! A record's three words tell how many items follow and how wide one is; an item
//! is decoded when it is asked for, and one that the blob cuts off reads as zeroes.

use core::marker::PhantomData;

use super::types::{EnumValue, Member, Param, SecVar};
use super::{Btf, info, word};

/// The number of items in `info`.
pub(super) const VLEN: u32 = 0xffff;

/// One item of a record's tail.
pub trait Item<'a>: Sized {
    /// Words of one.
    const WORDS: usize;
    /// Reads one, of which `bytes` begin with the words.
    fn read(items: &Items<'a, Self>, bytes: &'a [u8]) -> Self;
}

/// The items of a record's tail, decoded when they are asked for.
#[derive(Debug)]
pub struct Items<'a, T> {
    btf: &'a Btf,
    /// What follows the record's three words.
    tail: &'a [u8],
    len: u32,
    flag: bool,
    /// Whether an item is 64 bits wide (enumerations only).
    wide: bool,
    items: PhantomData<fn() -> T>,
}

impl<T> Clone for Items<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Items<'_, T> {}

/// The members of a structure or union.
pub type Members<'a> = Items<'a, Member<'a>>;
/// The values of an enumeration.
pub type Enumerators<'a> = Items<'a, EnumValue<'a>>;
/// The parameters of a prototype.
pub type Params<'a> = Items<'a, Param<'a>>;
/// The variables of a data section.
pub type SecVars<'a> = Items<'a, SecVar>;

impl<'a, T: Item<'a>> Items<'a, T> {
    /// How many there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// The record's flag, bit 31 of its `info`.
    pub fn flag(&self) -> bool {
        self.flag
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The i-th.
    pub fn get(&self, i: u32) -> Option<T> {
        (i < self.len).then(|| self.at(i as usize))
    }

    /// All in file order.
    pub fn iter(
        self,
    ) -> impl ExactSizeIterator<Item = T> + DoubleEndedIterator + Clone + use<'a, T> {
        (0..self.len as usize).map(move |i| self.at(i))
    }

    #[inline]
    fn at(&self, i: usize) -> T {
        let words = if self.wide { 3 } else { T::WORDS };
        let at = i.saturating_mul(words.saturating_mul(4));
        T::read(self, self.tail.get(at..).unwrap_or(&[]))
    }

    fn name(&self, bytes: &[u8]) -> &'a str {
        self.btf.str_at(word(bytes, 0))
    }
}

impl<'a> Item<'a> for Member<'a> {
    const WORDS: usize = 3;

    fn read(items: &Items<'a, Self>, bytes: &'a [u8]) -> Self {
        let off = word(bytes, 8);
        Member {
            name: items.name(bytes),
            ty: word(bytes, 4),
            bit_offset: if items.flag { off & 0xff_ffff } else { off },
            bitfield_size: if items.flag { (off >> 24) as u8 } else { 0 },
        }
    }
}

impl<'a> Item<'a> for EnumValue<'a> {
    const WORDS: usize = 2;

    fn read(items: &Items<'a, Self>, bytes: &'a [u8]) -> Self {
        let low = word(bytes, 4);
        let value = if items.wide {
            (u64::from(low) | u64::from(word(bytes, 8)) << 32) as i64
        } else if items.flag {
            i64::from(low as i32)
        } else {
            i64::from(low)
        };
        EnumValue {
            name: items.name(bytes),
            value,
        }
    }
}

impl<'a> Item<'a> for Param<'a> {
    const WORDS: usize = 2;

    fn read(items: &Items<'a, Self>, bytes: &'a [u8]) -> Self {
        Param {
            name: items.name(bytes),
            ty: word(bytes, 4),
        }
    }
}

impl<'a> Item<'a> for SecVar {
    const WORDS: usize = 3;

    fn read(_: &Items<'a, Self>, bytes: &'a [u8]) -> Self {
        SecVar {
            ty: word(bytes, 0),
            offset: word(bytes, 4),
            size: word(bytes, 8),
        }
    }
}

impl Btf {
    pub(super) fn items<'a, T>(&'a self, record: &'a [u8], wide: bool) -> Items<'a, T> {
        Items {
            btf: self,
            tail: record.get(12..).unwrap_or(&[]),
            len: info(record) & VLEN,
            flag: info(record) >> 31 != 0,
            wide,
            items: PhantomData,
        }
    }
}
