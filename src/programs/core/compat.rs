//! When types of two blobs are the same for CO-RE's purposes.
//!
//! Three relations, from lax to strict; all look behind modifiers and typedefs:
//! - *fields* are compatible if a load of one means the other: any two
//!   structures or unions, any two pointers, integers whatever their size,
//!   enumerations of one name;
//! - *types* are compatible if they are of one kind all the way down, names and
//!   sizes ignored;
//! - types *match* if members, enumerators, sizes and signs agree by name.

use super::Budget;
use crate::object::btf::{Composite, Enumerators, essential_name};
use crate::object::{Btf, Kind, Type};
use crate::prelude::*;

/// How deep types are compared.
const MAX_DEPTH: u32 = 32;

/// The same kind; both forms of enumerations are one.
pub(super) fn kinds_compatible(a: Option<Kind>, b: Option<Kind>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || a.is_any_enum() && b.is_any_enum(),
        _ => false,
    }
}

fn names_match(a: &str, b: &str) -> bool {
    essential_name(a) == essential_name(b)
}

fn too_deep<T>() -> Result<T, String> {
    Err("types are nested too deeply to compare".into())
}

/// Whether a load of a field of type `a` means the field of type `b`.
pub(super) fn fields_compatible(a_btf: &Btf, a: u32, b_btf: &Btf, b: u32) -> Result<bool, String> {
    let (mut a, mut b) = (a, b);
    for _ in 0..MAX_DEPTH {
        (a, b) = (a_btf.skip_mods_typedefs(a), b_btf.skip_mods_typedefs(b));
        let (Some(ta), Some(tb)) = (a_btf.ty(a), b_btf.ty(b)) else {
            return Err("no such type".into());
        };
        return Ok(match (ta, tb) {
            (Type::Struct(_) | Type::Union(_), Type::Struct(_) | Type::Union(_)) => true,
            (Type::Ptr { .. }, Type::Ptr { .. }) | (Type::Float { .. }, Type::Float { .. }) => true,
            (Type::Fwd { name: x, .. }, Type::Fwd { name: y, .. })
            | (
                Type::Enum { name: x, .. } | Type::Enum64 { name: x, .. },
                Type::Enum { name: y, .. } | Type::Enum64 { name: y, .. },
            ) => x.is_empty() || y.is_empty() || names_match(x, y),
            (Type::Int { encoding: x, .. }, Type::Int { encoding: y, .. }) => {
                x.bit_offset == 0 && y.bit_offset == 0
            }
            (Type::Array { elem: x, .. }, Type::Array { elem: y, .. }) => {
                (a, b) = (x, y);
                continue;
            }
            _ => false,
        });
    }
    too_deep()
}

/// Whether types are of one kind all the way down; the caller compared names.
pub(crate) fn types_compatible(
    a_btf: &Btf,
    a: u32,
    b_btf: &Btf,
    b: u32,
    budget: &Budget,
) -> Result<bool, String> {
    if !kinds_compatible(a_btf.kind(a), b_btf.kind(b)) {
        return Ok(false);
    }
    compatible_at(a_btf, a, b_btf, b, MAX_DEPTH, budget)
}

fn compatible_at(
    a_btf: &Btf,
    a: u32,
    b_btf: &Btf,
    b: u32,
    level: u32,
    budget: &Budget,
) -> Result<bool, String> {
    let (mut a, mut b) = (a, b);
    for _ in 0..MAX_DEPTH {
        budget.spend(1)?;
        (a, b) = (a_btf.skip_mods_typedefs(a), b_btf.skip_mods_typedefs(b));
        let (Some(ta), Some(tb)) = (a_btf.ty(a), b_btf.ty(b)) else {
            return Err("no such type".into());
        };
        if !kinds_compatible(a_btf.kind(a), b_btf.kind(b)) {
            return Ok(false);
        }
        match (ta, tb) {
            (Type::Int { encoding: x, .. }, Type::Int { encoding: y, .. }) => {
                return Ok(x.bit_offset == 0 && y.bit_offset == 0);
            }
            (Type::Ptr { to: x }, Type::Ptr { to: y }) => (a, b) = (x, y),
            (Type::Array { elem: x, .. }, Type::Array { elem: y, .. }) => (a, b) = (x, y),
            (Type::FuncProto { ret: x, params: px }, Type::FuncProto { ret: y, params: py }) => {
                if px.len() != py.len() {
                    return Ok(false);
                }
                for (p, q) in px.iter().zip(py.iter()) {
                    if level == 0 {
                        return too_deep();
                    }
                    if !compatible_at(a_btf, p.ty, b_btf, q.ty, level.saturating_sub(1), budget)? {
                        return Ok(false);
                    }
                }
                (a, b) = (x, y);
            }
            (Type::Float { .. }, _) => return Ok(false),
            _ => return Ok(true),
        }
    }
    too_deep()
}

/// Whether a type of the object matches one of the target, member by member.
pub(super) fn types_match(
    a_btf: &Btf,
    a: u32,
    b_btf: &Btf,
    b: u32,
    budget: &Budget,
) -> Result<bool, String> {
    // The relation is checked member by member and parameter by parameter, each
    // looked for in the other's list; the budget keeps hostile types from taking
    // forever.
    Matcher {
        a_btf,
        b_btf,
        budget,
    }
    .types(a, b, false, MAX_DEPTH)
}

struct Matcher<'a> {
    a_btf: &'a Btf,
    b_btf: &'a Btf,
    budget: &'a Budget,
}

impl<'a> Matcher<'a> {
    fn types(&mut self, a: u32, b: u32, behind_pointer: bool, level: u32) -> Result<bool, String> {
        let (mut a, mut b, mut behind) = (a, b, behind_pointer);
        if level == 0 {
            return too_deep();
        }
        for _ in 0..MAX_DEPTH {
            self.budget.spend(1)?;
            (a, b) = (
                self.a_btf.skip_mods_typedefs(a),
                self.b_btf.skip_mods_typedefs(b),
            );
            let (Some(ta), Some(tb)) = (self.a_btf.ty(a), self.b_btf.ty(b)) else {
                return Err("no such type".into());
            };
            if !names_match(ta.name(), tb.name()) {
                return Ok(false);
            }
            match (ta, tb) {
                (Type::Ptr { to: x }, Type::Ptr { to: y }) => {
                    behind = true;
                    (a, b) = (x, y);
                }
                (
                    Type::Array {
                        elem: x, len: m, ..
                    },
                    Type::Array {
                        elem: y, len: n, ..
                    },
                ) => {
                    if m != n {
                        return Ok(false);
                    }
                    (a, b) = (x, y);
                }
                (
                    Type::FuncProto { ret: x, params: px },
                    Type::FuncProto { ret: y, params: py },
                ) => {
                    if px.len() != py.len() {
                        return Ok(false);
                    }
                    for (p, q) in px.iter().zip(py.iter()) {
                        if !self.types(p.ty, q.ty, behind, level.saturating_sub(1))? {
                            return Ok(false);
                        }
                    }
                    (a, b) = (x, y);
                }
                (ta, tb) => return self.leaves(ta, tb, behind, level),
            }
        }
        too_deep()
    }

    fn leaves(
        &mut self,
        a: Type<'a>,
        b: Type<'a>,
        behind: bool,
        level: u32,
    ) -> Result<bool, String> {
        Ok(match (a, b) {
            (Type::Void, Type::Void) => true,
            (
                Type::Int {
                    size: m,
                    encoding: x,
                    ..
                },
                Type::Int {
                    size: n,
                    encoding: y,
                    ..
                },
            ) => m == n && x.signed == y.signed,
            (Type::Fwd { union: x, .. }, Type::Fwd { union: y, .. }) => x == y,
            (Type::Fwd { union, .. }, Type::Struct(_))
            | (Type::Struct(_), Type::Fwd { union, .. }) => behind && !union,
            (Type::Fwd { union, .. }, Type::Union(_))
            | (Type::Union(_), Type::Fwd { union, .. }) => behind && union,
            (Type::Struct(_), Type::Struct(_)) | (Type::Union(_), Type::Union(_)) if behind => true,
            (Type::Struct(x), Type::Struct(y)) | (Type::Union(x), Type::Union(y)) => {
                self.members(x, y, level)?
            }
            (
                Type::Enum {
                    size: m, values: x, ..
                }
                | Type::Enum64 {
                    size: m, values: x, ..
                },
                Type::Enum {
                    size: n, values: y, ..
                }
                | Type::Enum64 {
                    size: n, values: y, ..
                },
            ) => m == n && x.len() <= y.len() && self.enumerators(x, y)?,
            _ => false,
        })
    }

    fn enumerators(&mut self, x: Enumerators<'a>, y: Enumerators<'a>) -> Result<bool, String> {
        for v in x.iter() {
            self.budget.spend(y.len())?;
            if !y.iter().any(|w| names_match(v.name, w.name)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn members(&mut self, x: Composite<'a>, y: Composite<'a>, level: u32) -> Result<bool, String> {
        if x.members.len() > y.members.len() {
            return Ok(false);
        }
        for m in x.members.iter() {
            let mut found = false;
            self.budget.spend(y.members.len())?;
            for n in y.members.iter().filter(|n| names_match(m.name, n.name)) {
                if self.types(m.ty, n.ty, false, level.saturating_sub(1))? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
