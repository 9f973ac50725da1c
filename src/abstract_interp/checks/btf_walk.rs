//! Where an offset into a kernel struct leads.
//!
//! `walk(struct, off, size)` descends through nested structs and array elements
//! to the member that holds the bytes `[off, off + size)`. The result is a
//! number, a pointer to another struct, or memory of no known type. Walking a
//! union with several members makes what is found untrusted: which member is
//! meant is not known.

#![expect(clippy::result_large_err, reason = "a refusal ends the verification")]

use crate::abstract_interp::refusal::Fault;
use crate::abstract_interp::value::Flags;
use crate::object::Btf;
use crate::object::btf::{Composite, Type};
use crate::prelude::*;

/// What lies at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A number.
    Scalar,
    /// A pointer to struct `id`, held by member `field`.
    Struct {
        /// The pointed-to struct.
        id: u32,
        /// `USER`, `PERCPU`, `RCU` by type tag, `UNTRUSTED` through a union.
        flags: Flags,
        /// The innermost member's name.
        field: String,
    },
    /// A pointer to something else.
    Memory,
}

/// The bytes that an access touches, counted from the start of a type.
#[derive(Clone, Copy, Debug)]
struct Bytes {
    start: u32,
    end: u32,
}

impl Bytes {
    fn of(off: u32, size: u32) -> Bytes {
        Bytes {
            start: off,
            end: off.saturating_add(size),
        }
    }

    fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether all of `other` lies within.
    fn covers(self, other: Bytes) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the byte lies within.
    fn holds(self, byte: u32) -> bool {
        (self.start..self.end).contains(&byte)
    }

    /// The same bytes, counted from `origin`.
    fn from(self, origin: u32) -> Bytes {
        Bytes {
            start: self.start - origin,
            end: self.end - origin,
        }
    }
}

/// What a member's bytes are.
#[derive(Clone, Copy, Debug)]
enum Leaf {
    /// Some bits of a word.
    Bits,
    /// A struct or union that starts where the segment starts.
    Composite(u32),
    /// A pointer to this type.
    Pointer(u32),
    /// A number, or an array of them.
    Number,
}

/// A member, or the element of a member that is an array, as an interval of bytes.
#[derive(Clone, Copy, Debug)]
struct Segment<'a> {
    name: &'a str,
    /// The element's bytes.
    bytes: Bytes,
    /// Where the whole member ends.
    member_end: u32,
    leaf: Leaf,
}

/// One level of the descent: a struct or union, and what has been learned so far.
struct Level<'a> {
    btf: &'a Btf,
    of: Composite<'a>,
    /// A union of several members was gone through.
    ambiguous: bool,
    /// An access may reach over the end of such a union's member.
    free_unions: bool,
}

/// Where a level leads.
enum Step {
    Done(Found),
    Into { id: u32, bytes: Bytes },
}

/// See the head of the file. `off` is not negative. `free_unions`: an access may be
/// longer than the first member of a union that holds its start.
pub fn walk(btf: &Btf, id: u32, off: u32, size: u32, free_unions: bool) -> Result<Found, Fault> {
    // BTF types nest finitely; a malformed chain must end too.
    const DEEPEST: usize = 64;
    let (mut id, mut bytes) = (id, Bytes::of(off, size));
    let mut ambiguous = false;
    for _ in 0..DEEPEST {
        let Some(ty) = btf.ty(btf.skip_mods(id)) else {
            break;
        };
        let Some(of) = ty.composite() else {
            let name = ty.name().into();
            return Err(Fault::NotStruct { name });
        };
        ambiguous |= matches!(ty, Type::Union(_)) && of.members.len() != 1;
        let level = Level {
            btf,
            of,
            ambiguous,
            free_unions,
        };
        match level.step(bytes)? {
            Step::Done(found) => return Ok(found),
            Step::Into {
                id: to,
                bytes: then,
            } => (id, bytes) = (to, then),
        }
    }
    Err(Fault::StructNesting)
}

impl<'a> Level<'a> {
    fn step(&self, bytes: Bytes) -> Result<Step, Fault> {
        if bytes.end > self.of.size {
            return self.beyond(bytes);
        }
        match self.segment(bytes)? {
            Some(segment) => self.within(segment, bytes),
            None => Err(Fault::MemberAbsent {
                name: self.of.name.into(),
                off: bytes.start.into(),
            }),
        }
    }

    /// The segment that answers for an access: bits that it covers entirely, or the
    /// member that holds its first byte. Members lie in the order of their offsets, so
    /// one that begins behind the access ends the search.
    fn segment(&self, bytes: Bytes) -> Result<Option<Segment<'a>>, Fault> {
        for member in self.of.members.iter() {
            let start = member.bit_offset / 8;
            let bits = u32::from(member.bitfield_size);
            if start >= bytes.end || bits == 0 && start > bytes.start {
                return Ok(None);
            }
            let (segment, answers) = if bits != 0 {
                let end = member.bit_offset.saturating_add(bits).div_ceil(8);
                let own = Bytes { start, end };
                let segment = Segment {
                    name: member.name,
                    bytes: own,
                    member_end: end,
                    leaf: Leaf::Bits,
                };
                (segment, bytes.covers(own))
            } else {
                let Some(len) = self.btf.resolve_size(member.ty) else {
                    let member = member.name.into();
                    return Err(Fault::MemberUnsized { member });
                };
                let whole = Bytes::of(start, len);
                if !whole.holds(bytes.start) {
                    continue;
                }
                let (ty, own) = element(self.btf, member.ty, whole, bytes.start);
                let leaf = match self.btf.ty(ty) {
                    Some(Type::Struct(_) | Type::Union(_)) => Leaf::Composite(ty),
                    Some(Type::Ptr { to }) => Leaf::Pointer(to),
                    _ => Leaf::Number,
                };
                let segment = Segment {
                    name: member.name,
                    bytes: own,
                    member_end: whole.end,
                    leaf,
                };
                (segment, true)
            };
            if answers {
                return Ok(Some(segment));
            }
        }
        Ok(None)
    }

    /// What an access finds in the segment that answers for it.
    fn within(&self, segment: Segment<'_>, bytes: Bytes) -> Result<Step, Fault> {
        let exact = segment.bytes.start == bytes.start && segment.bytes.len() == bytes.len();
        let over = bytes.end > segment.member_end && !(self.ambiguous && self.free_unions);
        match segment.leaf {
            Leaf::Composite(id) => Ok(Step::Into {
                id,
                bytes: bytes.from(segment.bytes.start),
            }),
            Leaf::Pointer(to) if exact => {
                let found = pointee(self.btf, to, segment.name, self.ambiguous);
                Ok(Step::Done(found))
            }
            Leaf::Pointer(_) => Err(Fault::MemberPointerPart {
                name: self.of.name.into(),
                member: segment.name.into(),
                start: segment.bytes.start.into(),
                off: bytes.start.into(),
                size: bytes.len().into(),
            }),
            Leaf::Number if over => Err(Fault::MemberBeyond {
                name: self.of.name.into(),
                member: segment.name.into(),
                end: segment.member_end.into(),
                off: bytes.start.into(),
                size: bytes.len().into(),
            }),
            Leaf::Bits | Leaf::Number => Ok(Step::Done(Found::Scalar)),
        }
    }

    /// Behind the end there is something only if the last member is an array of no
    /// length: its elements go on.
    fn beyond(&self, bytes: Bytes) -> Result<Step, Fault> {
        let outside = || Fault::StructBeyond {
            name: self.of.name.into(),
            off: bytes.start.into(),
            size: bytes.len().into(),
        };
        let last = self.of.members.len().checked_sub(1);
        let last = last
            .and_then(|i| self.of.members.get(i))
            .ok_or_else(outside)?;
        let (start, array) = (
            last.bit_offset / 8,
            self.btf.ty(self.btf.skip_mods(last.ty)),
        );
        let Some(Type::Array { elem, len: 0, .. }) = array else {
            return Err(outside());
        };
        if bytes.start < start {
            return Err(outside());
        }
        let elem = self.btf.skip_mods(elem);
        match self.btf.ty(elem) {
            Some(Type::Int { .. }) => Ok(Step::Done(Found::Scalar)),
            Some(Type::Struct(e) | Type::Union(e)) if e.size > 0 => Ok(Step::Into {
                id: elem,
                bytes: Bytes::of((bytes.start - start) % e.size, bytes.len()),
            }),
            _ => Err(outside()),
        }
    }
}

/// Of an array of any dimensions, the element that holds a byte: its type and its
/// bytes. Of anything else, itself.
fn element(btf: &Btf, ty: u32, whole: Bytes, byte: u32) -> (u32, Bytes) {
    let mut elem = btf.skip_mods_typedefs(ty);
    let mut count: u64 = 1;
    let mut dimensions = 0;
    while let Some(Type::Array { elem: of, len, .. }) = btf.ty(elem)
        && dimensions < 32
    {
        count = count.saturating_mul(u64::from(len));
        elem = btf.skip_mods_typedefs(of);
        dimensions += 1;
    }
    if dimensions == 0 || count == 0 {
        return (elem, whole);
    }
    let each = u32::try_from((u64::from(whole.len()) / count).max(1)).unwrap_or(u32::MAX);
    let before = (byte - whole.start) / each;
    let start = whole.start.saturating_add(before.saturating_mul(each));
    (elem, Bytes::of(start, each))
}

fn pointee(btf: &Btf, to: u32, field: &str, union: bool) -> Found {
    let mut flags = if union { Flags::UNTRUSTED } else { Flags::NONE };
    if let Some(Type::TypeTag {
        name,
        attribute: false,
        ..
    }) = btf.ty(to)
    {
        flags = flags.with(match name {
            "user" => Flags::USER,
            "percpu" => Flags::PERCPU,
            "rcu" => Flags::RCU,
            _ => Flags::NONE,
        });
    }
    let id = btf.skip_mods(to);
    match btf.ty(id) {
        Some(Type::Struct(_) | Type::Union(_)) => Found::Struct {
            id,
            flags,
            field: field.to_owned(),
        },
        // A typedef of a struct is followed too.
        Some(Type::Typedef { .. }) => {
            let id = btf.skip_mods_typedefs(to);
            match btf.ty(id) {
                Some(Type::Struct(_) | Type::Union(_)) => Found::Struct {
                    id,
                    flags,
                    field: field.to_owned(),
                },
                _ => Found::Memory,
            }
        }
        _ => Found::Memory,
    }
}
