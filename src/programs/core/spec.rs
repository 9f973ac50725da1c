//! Accesses: how a relocation's numbers lead through types.
//!
//! `0:1:2` on `struct s` means: element 0 of an array of `s`, member 1 of it,
//! member (or element) 2 of that. Unnamed members are steps of the numbers but
//! not of the meaning, so that the *accessors* kept here are only named members
//! and array indices. To find the same access elsewhere, members are looked up
//! by name, through unnamed ones too.

use super::compat::{fields_compatible, types_compatible, types_match};
use super::{Budget, Question};
use crate::object::btf::{Composite, Member, essential_name};
use crate::object::{Btf, Kind, Type};
use crate::prelude::*;

/// Longer accesses are cut off in words.
const MAX_TEXT: usize = 256;

/// More steps than any real access has.
const MAX_STEPS: usize = 64;

/// A step that means something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accessor<'a> {
    /// The structure of the member, or the element's type.
    ty: u32,
    /// Index of the member or element.
    index: u32,
    /// The member; `None` is an array element.
    member: Option<Member<'a>>,
}

/// An access that leads somewhere.
#[derive(Clone, Debug)]
pub(super) struct Spec<'a> {
    pub btf: &'a Btf,
    /// The type it starts from.
    pub root: u32,
    steps: Vec<Accessor<'a>>,
    /// Number of steps, those through unnamed members included.
    raw_len: usize,
    /// Name and value of the enumerator.
    enumerator: Option<(&'a str, i64)>,
    /// Offset of the field from the start of the root type.
    pub bit_offset: u32,
}

impl<'a> Spec<'a> {
    fn new(btf: &'a Btf, root: u32) -> Spec<'a> {
        Spec {
            btf,
            root,
            steps: Vec::new(),
            raw_len: 0,
            enumerator: None,
            bit_offset: 0,
        }
    }

    /// The member that the access ends at; `None` if it ends at an element.
    pub fn last_member(&self) -> Option<Member<'a>> {
        self.steps.last().and_then(|s| s.member)
    }

    /// The type recorded with the last step.
    pub fn last_type(&self) -> u32 {
        self.steps.last().map_or(self.root, |s| s.ty)
    }

    /// The enumerator's value; those of 32 bits are sign-extended even if the
    /// enumeration is unsigned, as the compiler's immediates are.
    pub fn enumerator_value(&self) -> u64 {
        let value = self.enumerator.map_or(0, |(_, value)| value);
        match self.btf.kind(self.btf.skip_mods_typedefs(self.root)) {
            Some(Kind::Enum) => i64::from(value as i32) as u64,
            _ => value as u64,
        }
    }

    /// The access in C: `.mm.pgd`, `[3].x`.
    pub fn access(&self) -> String {
        if let Some((name, _)) = self.enumerator {
            return format!("::{name}");
        }
        let mut text = String::new();
        for (i, step) in self.steps.iter().enumerate() {
            if text.len() > MAX_TEXT {
                text.push_str("...");
                break;
            }
            match step.member {
                Some(m) => text.extend([".", m.name]),
                None if i > 0 || step.index > 0 => text.push_str(&format!("[{}]", step.index)),
                None => {}
            }
        }
        text
    }

    /// Type and access.
    pub fn describe(&self) -> String {
        format!("{}{}", self.btf.describe(self.root), self.access())
    }

    fn step(&mut self, accessor: Accessor<'a>) -> Result<(), String> {
        self.raw_step()?;
        self.steps.push(accessor);
        Ok(())
    }

    fn raw_step(&mut self) -> Result<(), String> {
        self.raw_len = self.raw_len.saturating_add(1);
        if self.raw_len > MAX_STEPS {
            Err("an access of too many steps".into())
        } else {
            Ok(())
        }
    }

    /// An array without size at the end of a structure may be indexed freely.
    fn at_flexible_array(&self, len: u32) -> bool {
        let Some(Accessor {
            ty,
            index,
            member: Some(_),
        }) = self.steps.last()
        else {
            return false;
        };
        let members = self
            .btf
            .ty(*ty)
            .and_then(|t| t.composite())
            .map_or(0, |c| c.members.len());
        len == 0 && index.saturating_add(1) == members
    }

    fn add_elements(&mut self, index: u32, ty: u32) -> Result<(), String> {
        let Some(size) = self.btf.resolve_size(ty) else {
            return Err("an element without size".into());
        };
        let bits = u64::from(index)
            .checked_mul(size.into())
            .and_then(|bytes| bytes.checked_mul(8))
            .and_then(|bits| bits.checked_add(self.bit_offset.into()))
            .and_then(|bits| u32::try_from(bits).ok());
        self.bit_offset = bits.ok_or("an element farther than any type reaches")?;
        Ok(())
    }

    /// Looks for the same access in a type of the target. `Ok(None)`: it is not there.
    pub fn find_in<'b>(
        &self,
        q: Question,
        btf: &'b Btf,
        root: u32,
        budget: &Budget,
    ) -> Result<Option<Spec<'b>>, String> {
        let mut found = Spec::new(btf, root);
        if q.about_enumerators() {
            let Some((name, _)) = self.enumerator else {
                return Ok(None);
            };
            let same = |n: &str| essential_name(n) == essential_name(name);
            if let Some(Type::Enum { values, .. } | Type::Enum64 { values, .. }) =
                btf.ty(btf.skip_mods_typedefs(root))
            {
                budget.spend(values.len())?;
            }
            found.enumerator = match btf.ty(btf.skip_mods_typedefs(root)) {
                Some(Type::Enum { values, .. } | Type::Enum64 { values, .. }) => values
                    .iter()
                    .find(|v| same(v.name))
                    .map(|v| (v.name, v.value)),
                _ => None,
            };
            return Ok(found.enumerator.is_some().then_some(found));
        }
        if !q.about_fields() {
            let fits = match q {
                Question::TypeMatches => types_match(self.btf, self.root, btf, root, budget)?,
                _ => types_compatible(self.btf, self.root, btf, root, budget)?,
            };
            return Ok(fits.then_some(found));
        }
        let mut id = btf.skip_mods_typedefs(root);
        for (i, step) in self.steps.iter().enumerate() {
            id = btf.skip_mods_typedefs(id);
            if let Some(member) = step.member {
                match found.find_member(self.btf, &member, id, budget)? {
                    Some(ty) => id = ty,
                    None => return Ok(None),
                }
                continue;
            }
            if i > 0 {
                let Some(Type::Array { elem, len, .. }) = btf.ty(id) else {
                    return Ok(None);
                };
                if step.index >= len && !found.at_flexible_array(len) {
                    return Ok(None);
                }
                id = btf.skip_mods_typedefs(elem);
            }
            found.step(Accessor {
                ty: id,
                index: step.index,
                member: None,
            })?;
            found.add_elements(step.index, id)?;
        }
        Ok(Some(found))
    }

    /// Looks for a member of that name, through unnamed members too, and steps to
    /// it. Gives its type; `None` if it is absent or of another kind.
    fn find_member(
        &mut self,
        local: &Btf,
        member: &Member<'_>,
        id: u32,
        budget: &Budget,
    ) -> Result<Option<u32>, String> {
        let id = self.btf.skip_mods_typedefs(id);
        let Some(composite) = self.btf.ty(id).and_then(|t| t.composite()) else {
            return Ok(None);
        };
        for (i, m) in composite.members.iter().enumerate() {
            budget.spend(1)?;
            let (offset, steps) = (self.bit_offset, self.raw_len);
            self.raw_step()?;
            self.bit_offset = offset.wrapping_add(m.bit_offset);
            if m.name.is_empty() {
                if let Some(ty) = self.find_member(local, member, m.ty, budget)? {
                    return Ok(Some(ty));
                }
            } else if m.name == member.name {
                if !fields_compatible(local, member.ty, self.btf, m.ty)? {
                    return Ok(None);
                }
                self.steps.push(Accessor {
                    ty: id,
                    index: i as u32,
                    member: Some(m),
                });
                return Ok(Some(m.ty));
            }
            self.bit_offset = offset;
            self.raw_len = steps;
        }
        Ok(None)
    }
}

/// Parses `0:1:2`.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let numbers: Option<Vec<u32>> = text.split(':').map(|n| n.parse().ok()).collect();
    numbers.filter(|n| n.len() <= MAX_STEPS)
}

/// Follows a relocation's numbers through the object's own types.
pub(super) fn parse<'a>(
    btf: &'a Btf,
    q: Question,
    root: u32,
    access: &str,
) -> Result<Spec<'a>, String> {
    let bad = |why: &str| format!("CO-RE access {access:?} of {}: {why}", btf.describe(root));
    if btf.ty(root).is_none() {
        return Err(bad("no such type"));
    }
    let mut spec = Spec::new(btf, root);
    let Some(numbers) = numbers(access) else {
        return Err(bad("not a list of numbers"));
    };
    if !q.about_fields() && !q.about_enumerators() {
        return if access == "0" {
            Ok(spec)
        } else {
            Err(bad("a type has no members to ask for"))
        };
    }
    let mut id = btf.skip_mods_typedefs(root);
    let Some((first, rest)) = numbers.split_first() else {
        return Err(bad("empty"));
    };
    if q.about_enumerators() {
        let value = match btf.ty(id) {
            Some(Type::Enum { values, .. } | Type::Enum64 { values, .. }) if rest.is_empty() => {
                values.get(*first)
            }
            _ => None,
        };
        let Some(value) = value else {
            return Err(bad("no such enumerator"));
        };
        spec.enumerator = Some((value.name, value.value));
        return Ok(spec);
    }
    spec.step(Accessor {
        ty: id,
        index: *first,
        member: None,
    })?;
    spec.add_elements(*first, id).map_err(|e| bad(&e))?;
    for index in rest {
        id = btf.skip_mods_typedefs(id);
        match btf.ty(id) {
            Some(
                Type::Struct(Composite { members, .. }) | Type::Union(Composite { members, .. }),
            ) => {
                let Some(member) = members.get(*index) else {
                    return Err(bad("no such member"));
                };
                spec.bit_offset = spec.bit_offset.wrapping_add(member.bit_offset);
                spec.raw_step()?;
                if !member.name.is_empty() {
                    spec.steps.push(Accessor {
                        ty: id,
                        index: *index,
                        member: Some(member),
                    });
                }
                id = member.ty;
            }
            Some(Type::Array { elem, len, .. }) => {
                if *index >= len && !spec.at_flexible_array(len) {
                    return Err(bad("no such element"));
                }
                id = btf.skip_mods_typedefs(elem);
                spec.step(Accessor {
                    ty: id,
                    index: *index,
                    member: None,
                })?;
                spec.add_elements(*index, id).map_err(|e| bad(&e))?;
            }
            _ => return Err(bad("it leads through what has no members")),
        }
    }
    Ok(spec)
}
