//! Where an offset into a kernel struct leads.
//!
//! `walk(struct, off, size)` descends through nested structs and array elements
//! to the member that holds the bytes `[off, off + size)`. The result is a
//! number, a pointer to another struct, or memory of no known type. Walking a
//! union with several members makes what is found untrusted: which member is
//! meant is not known.

use crate::abstract_interp::refusal::Fault;
use crate::abstract_interp::value::Flags;
use crate::object::Btf;
use crate::object::btf::Type;

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

/// See the head of the file. `off` is not negative. `free_unions`: an access may be
/// longer than the first member of a union that holds its start.
#[expect(clippy::result_large_err, reason = "a refusal ends the verification")]
pub fn walk(btf: &Btf, id: u32, off: u32, size: u32, free_unions: bool) -> Result<Found, Fault> {
    let mut at = btf.skip_mods(id);
    let mut off = off;
    let mut union = false;
    // Each round descends one level; BTF types nest finitely, and a malformed
    // chain must end too.
    for _ in 0..64 {
        let Some(ty) = btf.ty(at) else { break };
        let is_union = matches!(ty, Type::Union(_));
        let Some(s) = ty.composite() else {
            return Err(Fault::NotStruct {
                name: ty.name().into(),
            });
        };
        union |= is_union && s.members.len() != 1;
        if off.saturating_add(size) > s.size {
            match flexible_tail(btf, at, off) {
                Some(Tail::Scalar) => return Ok(Found::Scalar),
                Some(Tail::Struct { id, off: within }) => {
                    at = id;
                    off = within;
                    continue;
                }
                None => {
                    return Err(Fault::StructBeyond {
                        name: s.name.into(),
                        off: off.into(),
                        size: size.into(),
                    });
                }
            }
        }
        match member_at(btf, at, off, size, union, free_unions)? {
            Step::Done(found) => return Ok(found),
            Step::Into { id, off: within } => {
                at = btf.skip_mods(id);
                off = within;
            }
        }
    }
    Err(Fault::StructNesting)
}

enum Tail {
    Scalar,
    Struct { id: u32, off: u32 },
}

/// Beyond the end of a struct whose last member is an array of no length.
fn flexible_tail(btf: &Btf, id: u32, off: u32) -> Option<Tail> {
    let s = btf.ty(id)?.composite()?;
    let last = s.members.get(s.members.len().checked_sub(1)?)?;
    let Type::Array { elem, len: 0, .. } = btf.ty(btf.skip_mods(last.ty))? else {
        return None;
    };
    let start = last.bit_offset / 8;
    if off < start {
        return None;
    }
    let elem = btf.skip_mods(elem);
    match btf.ty(elem)? {
        Type::Int { .. } => Some(Tail::Scalar),
        Type::Struct(e) | Type::Union(e) if e.size > 0 => Some(Tail::Struct {
            id: elem,
            off: (off - start) % e.size,
        }),
        _ => None,
    }
}

enum Step {
    Done(Found),
    Into { id: u32, off: u32 },
}

#[expect(clippy::result_large_err, reason = "a refusal ends the verification")]
fn member_at(
    btf: &Btf,
    id: u32,
    off: u32,
    size: u32,
    union: bool,
    free_unions: bool,
) -> Result<Step, Fault> {
    let ty = btf.ty(id);
    let Some(s) = ty.as_ref().and_then(|t| t.composite()) else {
        let name = ty.map_or("", |t| t.name()).into();
        return Err(Fault::NotStruct { name });
    };
    for m in s.members.iter() {
        let start = m.bit_offset / 8;
        if off + size <= start {
            break;
        }
        if m.bitfield_size != 0 {
            let end = (m.bit_offset + u32::from(m.bitfield_size)).div_ceil(8);
            if off <= start && end <= off + size {
                return Ok(Step::Done(Found::Scalar));
            }
            continue;
        }
        if off < start {
            break;
        }
        let Some(len) = btf.resolve_size(m.ty) else {
            return Err(Fault::MemberUnsized {
                member: m.name.into(),
            });
        };
        let end = start + len;
        if off >= end {
            continue;
        }
        let (elem, start, len) = element(btf, m.ty, start, len, off);
        match btf.ty(elem) {
            Some(Type::Struct(_) | Type::Union(_)) => {
                return Ok(Step::Into {
                    id: elem,
                    off: off - start,
                });
            }
            Some(Type::Ptr { to }) => {
                if len != size || off != start {
                    return Err(Fault::MemberPointerPart {
                        name: s.name.into(),
                        member: m.name.into(),
                        start: start.into(),
                        off: off.into(),
                        size: size.into(),
                    });
                }
                return Ok(Step::Done(pointee(btf, to, m.name, union)));
            }
            _ => {}
        }
        if off + size > end && !(union && free_unions) {
            return Err(Fault::MemberBeyond {
                name: s.name.into(),
                member: m.name.into(),
                end: end.into(),
                off: off.into(),
                size: size.into(),
            });
        }
        return Ok(Step::Done(Found::Scalar));
    }
    Err(Fault::MemberAbsent {
        name: s.name.into(),
        off: off.into(),
    })
}

/// Of an array of any dimensions, the element that holds `off`: its type, start
/// and size. Of anything else, itself.
fn element(btf: &Btf, ty: u32, start: u32, len: u32, off: u32) -> (u32, u32, u32) {
    let mut elem = btf.skip_mods_typedefs(ty);
    let mut count: u64 = 1;
    let mut is_array = false;
    for _ in 0..32 {
        match btf.ty(elem) {
            Some(Type::Array { elem: e, len, .. }) => {
                count = count.saturating_mul(u64::from(len));
                elem = btf.skip_mods_typedefs(e);
                is_array = true;
            }
            _ => break,
        }
    }
    if !is_array || count == 0 {
        return (elem, start, len);
    }
    let each = (u64::from(len) / count).max(1) as u32;
    (elem, start + (off - start) / each * each, each)
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
