//! Types that are numbers all the way down.
//!
//! A callee may fill or read such memory byte by byte: there is nothing in it that
//! could be a pointer. The structs that a type holds are looked at level by level,
//! each once on a level however often it stands there; the type is plain if below
//! `LEVELS` levels nothing is left, and no member of any was neither a number nor a
//! struct. Arrays stand for their elements.

use alloc::collections::BTreeSet;

use crate::object::Btf;
use crate::object::btf::Type;

/// The type itself and the structs in it, in those, and in those again.
const LEVELS: usize = 4;

/// Whether a type is a number.
pub const fn is_number(ty: &Type<'_>) -> bool {
    matches!(
        ty,
        Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. }
    )
}

/// Whether a struct or union is plain data.
pub fn is_plain(btf: &Btf, id: u32) -> bool {
    let mut level = BTreeSet::from([id]);
    for _ in 0..LEVELS {
        let mut below = BTreeSet::new();
        let all = level.iter().all(|id| members(btf, *id, &mut below));
        if !all || below.is_empty() {
            return all;
        }
        level = below;
    }
    false
}

/// Whether all members of a struct are numbers or structs; the structs go to `below`.
fn members(btf: &Btf, id: u32, below: &mut BTreeSet<u32>) -> bool {
    let Some(composite) = btf.ty(id).and_then(|t| t.composite()) else {
        return false;
    };
    composite.members.iter().all(|member| {
        let Some(id) = element(btf, member.ty) else {
            return false;
        };
        match btf.ty(id) {
            Some(Type::Struct(_) | Type::Union(_)) => {
                below.insert(id);
                true
            }
            Some(ty) => is_number(&ty),
            None => false,
        }
    })
}

/// The elements' type, if that is an array of some; else the type itself.
fn element(btf: &Btf, id: u32) -> Option<u32> {
    let id = btf.skip_mods_typedefs(id);
    match btf.ty(id)? {
        Type::Array { len: 0, .. } => None,
        Type::Array { elem, .. } => Some(btf.skip_mods_typedefs(elem)),
        _ => Some(id),
    }
}
