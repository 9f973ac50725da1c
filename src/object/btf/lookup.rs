//! Finding types: by name, by tag; following modifiers; sizes.
//!
//! The name index hashes *essential* names, that is without a `___flavor`
//! suffix, so that it serves both exact lookups and the search for CO-RE
//! candidates. Buckets are chains through the type ids, in ascending order. Packed
//! types bring an index of their own.

use super::{Btf, DeclTag, EnumValue, Kind, MAX_RESOLVE_DEPTH, Packed, Store, Type};
use crate::prelude::*;

/// A name without its `___flavor` suffix.
pub fn essential_name(name: &str) -> &str {
    // The flavour begins at the last `___` that has a name before it and
    // something after it.
    let bytes = name.as_bytes();
    let mut i = bytes.len().saturating_sub(5);
    while i > 0 {
        if let Some(&[before, b'_', b'_', b'_', after]) = bytes.get(i..i.saturating_add(5))
            && before != b'_'
            && after != b'_'
        {
            return name.get(..=i).unwrap_or(name);
        }
        i = i.saturating_sub(1);
    }
    if let Some(&[before, b'_', b'_', b'_', after]) = bytes.get(0..5)
        && before != b'_'
        && after != b'_'
    {
        return name.get(..1).unwrap_or(name);
    }
    name
}

fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |h, b| {
        (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
    })
}

/// Types of one name that are looked at; no honest blob has so many.
const MAX_CHAIN: usize = 8192;

/// Chains of type ids by hash of their essential name.
#[derive(Debug)]
pub(super) struct NameIndex {
    heads: Vec<u32>,
    next: Vec<u32>,
}

/// Ids that may have a name.
enum Ids<'a> {
    Chain { index: &'a NameIndex, at: u32 },
    Found(alloc::vec::IntoIter<u32>),
}

impl Iterator for Ids<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Ids::Chain { index, at } => {
                let id = *at;
                *at = index.next.get(id as usize).copied().unwrap_or(0);
                (id != 0).then_some(id)
            }
            Ids::Found(ids) => ids.next(),
        }
    }
}

impl NameIndex {
    fn build(btf: &Btf) -> NameIndex {
        let count = btf.type_count();
        let mut heads = vec![0u32; (count as usize).next_power_of_two().max(16)];
        let mut next = vec![0u32; count as usize];
        let mask = heads.len().saturating_sub(1);
        for id in (1..count).rev() {
            let name = btf.name(id);
            let tag = matches!(btf.kind(id), Some(Kind::DeclTag | Kind::TypeTag));
            if name.is_empty() || tag {
                continue;
            }
            let slot = hash(essential_name(name)) as usize & mask;
            if let (Some(head), Some(link)) = (heads.get_mut(slot), next.get_mut(id as usize)) {
                *link = *head;
                *head = id;
            }
        }
        NameIndex { heads, next }
    }
}

/// `(target, tag id)`, sorted.
#[derive(Debug)]
pub(super) struct TagIndex(Vec<(u32, u32)>);

impl Btf {
    fn chain(&self, essential: &str) -> Ids<'_> {
        let index = self.names.get_or_init(|| NameIndex::build(self));
        let slot = hash(essential) as usize & index.heads.len().saturating_sub(1);
        let at = index.heads.get(slot).copied().unwrap_or(0);
        Ids::Chain { index, at }
    }

    /// The packed types, if that is what these are.
    fn packed_types(&self) -> Option<Option<&dyn Packed>> {
        match &self.store {
            Store::Packed(lazy) => Some(lazy.types()),
            Store::Blob(_) => None,
        }
    }

    /// Ids of all types with this exact name, ascending.
    pub fn by_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = u32> + 'a {
        let ids = match self.packed_types() {
            Some(types) => Ids::Found(types.map(|t| t.named(name)).unwrap_or_default().into_iter()),
            None => self.chain(essential_name(name)),
        };
        ids.take(MAX_CHAIN).filter(move |id| self.name(*id) == name)
    }

    /// Ids of all types whose name without flavour is `essential`, ascending.
    pub fn candidates<'a>(&'a self, essential: &'a str) -> impl Iterator<Item = u32> + 'a {
        let ids = match self.packed_types() {
            Some(types) => {
                let mut ids = types.map(|t| t.named(essential)).unwrap_or_default();
                let flavours = [essential, "___"].concat();
                ids.extend(types.map(|t| t.beginning(&flavours)).unwrap_or_default());
                ids.sort_unstable();
                Ids::Found(ids.into_iter())
            }
            None => self.chain(essential),
        };
        ids.take(MAX_CHAIN)
            .filter(move |id| essential_name(self.name(*id)) == essential)
    }

    /// The first type of this kind and name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<u32> {
        self.by_name(name).find(|id| self.kind(*id) == Some(kind))
    }

    /// The structure, union or forward declaration behind a name.
    pub fn find_struct(&self, name: &str) -> Option<u32> {
        self.find(Kind::Struct, name)
    }

    /// The function of this name.
    pub fn find_func(&self, name: &str) -> Option<u32> {
        self.find(Kind::Func, name)
    }

    /// The declaration tags on a type, in file order.
    pub fn decl_tags(&self, target: u32) -> impl Iterator<Item = DeclTag<'_>> {
        let index = self.tags.get_or_init(|| {
            let ids = match self.packed_types() {
                Some(types) => types.map(|t| t.decl_tags()).unwrap_or_default(),
                None => (1..self.type_count()).collect(),
            };
            let mut tags: Vec<(u32, u32)> = ids
                .into_iter()
                .filter_map(|id| match self.ty(id) {
                    Some(Type::DeclTag { target, .. }) => Some((target, id)),
                    _ => None,
                })
                .collect();
            tags.sort_unstable();
            TagIndex(tags)
        });
        let from = index.0.partition_point(|(t, _)| *t < target);
        index
            .0
            .get(from..)
            .unwrap_or(&[])
            .iter()
            .take_while(move |(t, _)| *t == target)
            .filter_map(|(_, id)| match self.ty(*id) {
                Some(Type::DeclTag {
                    name, component, ..
                }) => Some(DeclTag {
                    name,
                    component,
                    id: *id,
                }),
                _ => None,
            })
    }

    /// The type behind `const`, `volatile`, `restrict`, type tags and typedefs.
    pub fn skip_mods_typedefs(&self, id: u32) -> u32 {
        self.skip(id, |k| k.is_modifier() || k == Kind::Typedef)
    }

    /// The type behind `const`, `volatile`, `restrict` and type tags; typedefs stay.
    pub fn skip_mods(&self, id: u32) -> u32 {
        self.skip(id, Kind::is_modifier)
    }

    fn skip(&self, mut id: u32, through: impl Fn(Kind) -> bool) -> u32 {
        for _ in 0..MAX_RESOLVE_DEPTH {
            match (self.kind(id), self.ty(id).and_then(|t| t.target())) {
                (Some(kind), Some(to)) if through(kind) => id = to,
                _ => return id,
            }
        }
        0 // a cycle: as good as void
    }

    /// The size in bytes of a value of this type; `None` for what has none.
    pub fn resolve_size(&self, id: u32) -> Option<u32> {
        let (mut id, mut count) = (id, 1u64);
        for _ in 0..MAX_RESOLVE_DEPTH {
            let size = match self.ty(id)? {
                Type::Int { size, .. }
                | Type::Enum { size, .. }
                | Type::Enum64 { size, .. }
                | Type::Float { size, .. }
                | Type::DataSec { size, .. } => size,
                Type::Struct(c) | Type::Union(c) => c.size,
                Type::Ptr { .. } => 8,
                Type::Array { elem, len, .. } => {
                    count = count
                        .checked_mul(u64::from(len))
                        .filter(|c| *c <= u64::from(u32::MAX))?;
                    id = elem;
                    continue;
                }
                Type::Typedef { to, .. }
                | Type::Volatile { to }
                | Type::Const { to }
                | Type::Restrict { to }
                | Type::TypeTag { to, .. }
                | Type::Var { ty: to, .. } => {
                    id = to;
                    continue;
                }
                _ => return None,
            };
            return u32::try_from(count.checked_mul(u64::from(size))?).ok();
        }
        None
    }

    /// The alignment of a value of this type, as C has it; 0 if it has none.
    pub fn align_of(&self, id: u32) -> u32 {
        self.align_at(id, 0, &mut 4096)
    }

    fn align_at(&self, id: u32, depth: usize, budget: &mut u32) -> u32 {
        *budget = budget.saturating_sub(1);
        if depth > MAX_RESOLVE_DEPTH / 4 || *budget == 0 {
            return 1;
        }
        match self.ty(self.skip_mods_typedefs(id)) {
            Some(
                Type::Int { size, .. }
                | Type::Enum { size, .. }
                | Type::Enum64 { size, .. }
                | Type::Float { size, .. },
            ) => size.min(8),
            Some(Type::Ptr { .. }) => 8,
            Some(Type::Array { elem, .. }) => self.align_at(elem, depth.saturating_add(1), budget),
            Some(Type::Struct(c) | Type::Union(c)) => {
                let mut most = 1;
                for m in c.members.iter() {
                    let align = self.align_at(m.ty, depth.saturating_add(1), budget).max(1);
                    most = most.max(align);
                    // A member that is not at its natural place: the structure is packed.
                    if m.bitfield_size == 0 && !m.bit_offset.is_multiple_of(align.saturating_mul(8))
                    {
                        return 1;
                    }
                }
                if c.size.is_multiple_of(most) { most } else { 1 }
            }
            _ => 0,
        }
    }

    /// The value of an enumerator, looked for in one enumeration.
    pub fn enumerator(&self, id: u32, name: &str) -> Option<EnumValue<'_>> {
        match self.ty(self.skip_mods_typedefs(id))? {
            Type::Enum { values, .. } | Type::Enum64 { values, .. } => {
                values.iter().find(|v| v.name == name)
            }
            _ => None,
        }
    }

    /// A type as C writes it, for messages: `struct task_struct *`, `u32[4]`.
    pub fn describe(&self, id: u32) -> String {
        self.describe_at(id, 0)
    }

    fn describe_at(&self, id: u32, depth: usize) -> String {
        if depth > 8 {
            return "...".into();
        }
        let inner = |to: u32| self.describe_at(to, depth.saturating_add(1));
        let named = |word: &str, name: &str| {
            if name.is_empty() {
                format!("{word} (anonymous)")
            } else {
                format!("{word} {}", shown(name))
            }
        };
        match self.ty(id) {
            None => format!("type {id}"),
            Some(Type::Void) => "void".into(),
            Some(Type::Ptr { to }) => {
                let to = inner(to);
                if to.ends_with('*') {
                    format!("{to}*")
                } else {
                    format!("{to} *")
                }
            }
            Some(Type::Array { elem, len, .. }) => format!("{}[{len}]", inner(elem)),
            Some(Type::Struct(c)) => named("struct", c.name),
            Some(Type::Union(c)) => named("union", c.name),
            Some(Type::Enum { name, .. } | Type::Enum64 { name, .. }) => named("enum", name),
            Some(Type::Fwd { name, union }) => named(if union { "union" } else { "struct" }, name),
            Some(Type::Volatile { to }) => format!("volatile {}", inner(to)),
            Some(Type::Const { to }) => format!("const {}", inner(to)),
            Some(Type::Restrict { to }) => format!("{} restrict", inner(to)),
            Some(Type::TypeTag { to, .. }) => inner(to),
            Some(Type::FuncProto { ret, params }) => {
                if depth > 3 {
                    return "...".into();
                }
                let more = if params.len() > 12 { ", ..." } else { "" };
                let params: Vec<String> = params.iter().take(12).map(|p| inner(p.ty)).collect();
                format!("{} ({}{more})", inner(ret), params.join(", "))
            }
            Some(other) => shown(other.name()).to_owned(),
        }
    }
}

/// As much of a name as a description shows: a prototype repeats it many times.
fn shown(name: &str) -> &str {
    const MOST: usize = 256;
    let end = (0..=MOST.min(name.len())).rev();
    let end = end.into_iter().find(|at| name.is_char_boundary(*at));
    name.get(..end.unwrap_or(0)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::essential_name;

    #[test]
    fn flavours_are_cut() {
        assert_eq!(essential_name("task_struct"), "task_struct");
        assert_eq!(essential_name("task_struct___old"), "task_struct");
        assert_eq!(essential_name("a___b"), "a");
        assert_eq!(essential_name("a___b___c"), "a___b");
        assert_eq!(essential_name("____x"), "____x");
        assert_eq!(essential_name("x___"), "x___");
        assert_eq!(essential_name(""), "");
    }
}
