//! Whether a pointer to one struct will do as a pointer to another.

use super::btf_ptr::btf_of;
use crate::abstract_interp::value::BtfSrc;
use crate::abstract_interp::vm::Vm;
use crate::object::Btf;
use crate::object::btf::Type;

/// Whether a pointer `off` bytes into struct `have` points to a struct `want`:
/// it is that struct, or (unless `strict`) one that holds it just there.
pub fn matches(vm: &Vm, have: (BtfSrc, u32), off: i32, want: (BtfSrc, u32), strict: bool) -> bool {
    if off == 0 && have == want {
        return true;
    }
    if strict || have.0 != want.0 || off < 0 {
        return false;
    }
    let Some(btf) = btf_of(vm, have.0) else {
        return false;
    };
    let (mut id, mut off) = (have.1, off as u32);
    // Every round descends a level; BTF that doesn't end is malformed.
    for _ in 0..64 {
        match embedded(btf, id, off) {
            Some(inner) if inner == want.1 => return true,
            Some(inner) => id = inner,
            None => return false,
        }
        off = 0;
    }
    false
}

/// The outermost struct that begins `off` bytes into struct `id`.
fn embedded(btf: &Btf, id: u32, off: u32) -> Option<u32> {
    let (mut id, mut off) = (btf.skip_mods_typedefs(id), off);
    for _ in 0..64 {
        let s = btf.ty(id)?.composite()?;
        let (inner, start) = s
            .members
            .iter()
            .filter(|m| m.bitfield_size == 0)
            .find_map(|m| {
                let start = m.bit_offset / 8;
                let len = btf.resolve_size(m.ty)?;
                if off < start || off >= start + len {
                    return None;
                }
                let (elem, size) = element(btf, m.ty);
                let before = (off - start).checked_div(size).unwrap_or(0);
                let start = start + before * size;
                btf.ty(elem)?.composite().map(|_| (elem, start))
            })?;
        if off == start {
            return Some(inner);
        }
        (id, off) = (inner, off - start);
    }
    None
}

/// The element of an array of any dimensions and its size; else the type itself.
fn element(btf: &Btf, id: u32) -> (u32, u32) {
    let mut id = btf.skip_mods_typedefs(id);
    for _ in 0..32 {
        match btf.ty(id) {
            Some(Type::Array { elem, .. }) => id = btf.skip_mods_typedefs(elem),
            _ => break,
        }
    }
    (id, btf.resolve_size(id).unwrap_or(0))
}
