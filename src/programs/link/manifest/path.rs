//! Places in variables: `name`, `name[2]`, `name.field[ENUMERATOR].other`.
//!
//! A place is resolved step by step over the object's types: an index multiplies, a field
//! adds; members of anonymous structures and unions count as members of what holds them.

use alloc::sync::Arc;

use crate::object::{Btf, Type};
use crate::prelude::*;

/// A step from a value into a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An element, by a number or an enumerator.
    Index(Arc<str>),
    /// A member.
    Field(Arc<str>),
}

/// A place as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) name: Arc<str>,
    pub(super) steps: Vec<Step>,
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let is = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    let end = text.find(|c| !is(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    (!word.is_empty()).then_some((word, rest.trim_start()))
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Path, String> {
        let bad = || format!("{text:?} is no place: a name, then `.field` and `[index]`");
        let (name, mut rest) = word(text).ok_or_else(bad)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix('.') {
                let (field, tail) = word(tail).ok_or_else(bad)?;
                steps.push(Step::Field(field.into()));
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('[') {
                let (index, tail) = word(tail).ok_or_else(bad)?;
                steps.push(Step::Index(index.into()));
                rest = tail.strip_prefix(']').ok_or_else(bad)?.trim_start();
            } else {
                return Err(bad());
            }
        }
        Ok(Path {
            name: name.into(),
            steps,
        })
    }
}

/// A value of a type, somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Its type.
    pub(super) ty: u32,
    /// Its first bit.
    pub(super) bit: u64,
    /// Bits of a bit field; 0 if it is none.
    pub(super) bits: u8,
}

/// Anonymous structures nest no deeper in honest objects.
const MAX_NESTING: u32 = 16;

/// A member, also of anonymous members.
pub(super) fn member(btf: &Btf, at: Spot, name: &str) -> Option<Spot> {
    member_at(btf, at, name, MAX_NESTING)
}

fn member_at(btf: &Btf, at: Spot, name: &str, depth: u32) -> Option<Spot> {
    let depth = depth.checked_sub(1)?;
    let composite = btf.ty(btf.skip_mods_typedefs(at.ty))?.composite()?;
    let mut members = composite.members.iter().map(|m| {
        let bit = at.bit.saturating_add(u64::from(m.bit_offset));
        let spot = Spot {
            ty: m.ty,
            bit,
            bits: m.bitfield_size,
        };
        (m.name, spot)
    });
    members.find_map(|(n, spot)| match n {
        "" => member_at(btf, spot, name, depth),
        n => (n == name).then_some(spot),
    })
}

/// The names of a structure's members, those of anonymous members among them.
fn members<'a>(btf: &'a Btf, ty: u32, depth: u32, out: &mut Vec<&'a str>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    let composite = btf.ty(btf.skip_mods_typedefs(ty));
    for m in composite
        .iter()
        .filter_map(|t| t.composite())
        .flat_map(|c| c.members.iter())
    {
        match m.name {
            "" => members(btf, m.ty, depth, out),
            name => out.push(name),
        }
    }
}

/// A number, or an enumerator of any enumeration.
fn index(btf: &Btf, text: &str) -> Option<u64> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    number.or_else(|| {
        let mut all = (1..btf.type_count()).filter_map(|id| btf.enumerator(id, text));
        all.find_map(|v| u64::try_from(v.value).ok())
    })
}

/// Where a place is, from the variable on. `Err` says what is wrong with which part.
pub(super) fn resolve(btf: &Btf, path: &Path, start: Spot) -> Result<Spot, String> {
    let mut at = start;
    let mut told = path.name.to_string();
    for step in &path.steps {
        let ty = btf.ty(btf.skip_mods_typedefs(at.ty));
        match step {
            Step::Index(text) => {
                let Some(Type::Array { elem, len, .. }) = ty else {
                    let is = btf.describe(at.ty);
                    return Err(format!("{told} is no array but {is}"));
                };
                let i = index(btf, text)
                    .ok_or_else(|| format!("{text:?} is no index and no enumerator"))?;
                if i >= u64::from(len) {
                    return Err(format!(
                        "{told} has {len} elements, from 0 on; there is no {i}"
                    ));
                }
                let size = btf.resolve_size(elem).unwrap_or(0);
                let bytes = i.saturating_mul(size.into());
                at = Spot {
                    ty: elem,
                    bit: at.bit.saturating_add(bytes.saturating_mul(8)),
                    bits: 0,
                };
                told = format!("{told}[{text}]");
            }
            Step::Field(name) => {
                if ty.and_then(|t| t.composite()).is_none() {
                    let is = btf.describe(at.ty);
                    return Err(format!("{told} is no structure but {is}"));
                }
                let Some(found) = member(btf, at, name) else {
                    let mut known = Vec::new();
                    members(btf, at.ty, MAX_NESTING, &mut known);
                    let offer = super::offer(name, known.into_iter());
                    return Err(format!("{told} has no member {name:?}; {offer}"));
                };
                at = found;
                told = format!("{told}.{name}");
            }
        }
    }
    Ok(at)
}

/// A part of a variable, as a place names it, and its type.
pub(super) fn part(btf: &Btf, name: &str, ty: u32, offset: u32, size: u32) -> (String, u32) {
    let (mut told, mut ty, mut offset) = (name.to_owned(), ty, offset);
    for _ in 0..MAX_NESTING {
        let inner = btf.skip_mods_typedefs(ty);
        if offset == 0 && btf.resolve_size(inner) == Some(size) && is_leaf(btf, inner) {
            break;
        }
        match btf.ty(inner) {
            Some(Type::Array { elem, .. }) => {
                let each = btf.resolve_size(elem).unwrap_or(0);
                let Some(i) = offset.checked_div(each) else {
                    break;
                };
                told = format!("{told}[{i}]");
                (ty, offset) = (elem, offset.checked_rem(each).unwrap_or(0));
            }
            Some(Type::Struct(c) | Type::Union(c)) => {
                let holds = |bit: u32, ty: u32| {
                    let start = bit / 8;
                    let end = start.saturating_add(btf.resolve_size(ty).unwrap_or(0));
                    (start..end).contains(&offset)
                };
                let found = c.members.iter().rfind(|m| holds(m.bit_offset, m.ty));
                let Some(m) = found else { break };
                if !m.name.is_empty() {
                    told = format!("{told}.{}", m.name);
                }
                (ty, offset) = (m.ty, offset.saturating_sub(m.bit_offset / 8));
            }
            _ => break,
        }
    }
    (told, ty)
}

fn is_leaf(btf: &Btf, ty: u32) -> bool {
    !matches!(
        btf.ty(ty),
        Some(Type::Array { .. } | Type::Struct(_) | Type::Union(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_names_with_steps() {
        let path = Path::parse("cfg . ports [ 2 ].x[EA2]").unwrap();
        assert_eq!(&*path.name, "cfg");
        assert_eq!(
            path.steps,
            [
                Step::Field("ports".into()),
                Step::Index("2".into()),
                Step::Field("x".into()),
                Step::Index("EA2".into()),
            ]
        );
        for bad in ["", "a[", "a[1", "a.", "a b", "a[]", "[1]"] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
