//! What declarations tell of names in the source: arrays in memory of known size, signs
//! of numbers, tags.

use super::Scene;
use crate::abstract_interp::value::{Kind, MapRef, Reg};
use crate::diagnostics::{c_text, c_types};
use crate::helpers_spec;
use crate::object::{Btf, MapDef, Type};
use crate::prelude::*;
use crate::programs::insn::Callee;

/// An array inside of the memory that a pointer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    /// Bytes before it.
    pub at: i64,
    /// Elements.
    pub len: i64,
    /// Bytes of an element.
    pub elem: i64,
}

/// A variable of a data section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Bytes before it.
    pub at: i64,
    /// Its own.
    pub bytes: i64,
    /// Bytes of an element, if it is an array.
    pub elem: Option<i64>,
}

/// Lines above the refused one in which a declaration is sought.
const MAX_ABOVE: u32 = 200;
/// Lines of a file in which a tag is sought.
const MAX_LINES: u32 = 20_000;
/// How deep structures are searched, and how many members.
const MAX_DEPTH: u32 = 4;
const MAX_MEMBERS: u32 = 1024;
/// Types that are looked through for a member's name.
const MAX_TYPES: u32 = 20_000;

/// The last name of `v->a.b`.
fn last_name(expr: &str) -> &str {
    let end = expr.trim_end();
    let from = end.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    end.get(from.map_or(0, |at| at + 1)..).unwrap_or(end)
}

fn array(btf: &Btf, ty: u32, at: i64) -> Option<Array> {
    let Type::Array { elem, len, .. } = btf.ty(btf.skip_mods_typedefs(ty))? else {
        return None;
    };
    let elem = i64::from(btf.resolve_size(elem)?);
    (elem > 0 && len > 0).then_some(Array {
        at,
        len: len.into(),
        elem,
    })
}

/// The search for a member by its name, in a type and those inside.
struct Search<'a> {
    btf: &'a Btf,
    name: &'a str,
    members: u32,
    found: Vec<(i64, u32)>,
}

impl Search<'_> {
    fn within(&mut self, ty: u32, at: i64, depth: u32) {
        let composite = self.btf.ty(self.btf.skip_mods_typedefs(ty));
        let Some(composite) = composite.and_then(|t| t.composite()) else {
            return;
        };
        for member in composite.members.iter() {
            self.members += 1;
            if self.members > MAX_MEMBERS {
                return;
            }
            let at = at + i64::from(member.bit_offset / 8);
            if member.name == self.name {
                self.found.push((at, member.ty));
            } else if depth < MAX_DEPTH {
                self.within(member.ty, at, depth + 1);
            }
        }
    }
}

impl Scene<'_> {
    /// The array that an expression names (`v->hist`), in the memory that a pointer leads
    /// to; none where several have its name.
    pub fn array(&self, reg: &Reg, table: &str) -> Option<Array> {
        let btf = self.program.btf.as_deref()?;
        let name = last_name(table);
        let mut search = Search {
            btf,
            name,
            members: 0,
            found: Vec::new(),
        };
        match reg.kind {
            Kind::MapValue { map, .. } => {
                let ty = self.map(map)?.value_type;
                match btf.ty(ty)? {
                    Type::DataSec { vars, .. } => {
                        for var in vars.iter() {
                            let Some(Type::Var { name: own, ty, .. }) = btf.ty(var.ty) else {
                                continue;
                            };
                            if own == name {
                                search.found.push((var.offset.into(), ty));
                            } else if table.starts_with(own) {
                                search.within(ty, var.offset.into(), 0);
                            }
                        }
                    }
                    _ => search.within(ty, 0, 0),
                }
                // The value is the array, and a pointer to it has a name of its own.
                if search.found.is_empty() && c_text::is_name(table) {
                    return array(btf, ty, 0);
                }
            }
            Kind::Mem { size, .. } => {
                for ty in 1..btf.type_count().min(MAX_TYPES) {
                    if matches!(btf.ty(ty), Some(Type::Struct(s)) if u64::from(s.size) == u64::from(size))
                    {
                        search.members = 0;
                        search.within(ty, 0, 0);
                    }
                }
            }
            _ => return None,
        }
        match search.found.as_slice() {
            [(at, ty)] => array(btf, *ty, *at),
            _ => None,
        }
    }

    /// Whether a name is that of an array itself, or of a member: no pointer's, which may
    /// lead behind its first element.
    pub fn is_array(&self, reg: &Reg, table: &str) -> bool {
        match reg.kind {
            Kind::MapValue { map, .. } => {
                !c_text::is_name(table) || self.map(map).is_some_and(MapDef::is_data)
            }
            Kind::Stack { .. } => self.declared(table).is_some_and(|d| d.length.is_some()),
            _ => !c_text::is_name(table),
        }
    }

    /// The variable of a data section that has a byte.
    pub fn variable(&self, map: MapRef, byte: i64) -> Option<Variable> {
        let btf = self.program.btf.as_deref()?;
        let Type::DataSec { vars, .. } = btf.ty(self.map(map)?.value_type)? else {
            return None;
        };
        vars.iter().find_map(|var| {
            let Type::Var { ty, .. } = btf.ty(var.ty)? else {
                return None;
            };
            let (at, bytes) = (i64::from(var.offset), i64::from(btf.resolve_size(ty)?));
            (at..at + bytes).contains(&byte).then(|| Variable {
                at,
                bytes,
                elem: array(btf, ty, 0).map(|a| a.elem),
            })
        })
    }

    /// How a variable is declared, in the lines above.
    pub fn declared(&self, name: &str) -> Option<c_types::Declared> {
        let l = self.line(self.insn)?;
        let first = l.line.saturating_sub(MAX_ABOVE).max(1);
        (first..=l.line).rev().find_map(|line| {
            let there = self.there(&l.file, line);
            c_types::declared(&there.or_else(|| self.text(&l.file, line))?, name)
        })
    }

    /// Whether what an expression names is a number without a sign.
    pub fn unsigned(&self, expr: &str) -> Option<bool> {
        if c_text::is_name(expr) {
            let local = self.declared(expr);
            return local.map_or_else(|| self.global_sign(expr), |d| d.unsigned);
        }
        let member = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '>' | '.');
        let chain = expr.contains(['.', '>']) && expr.chars().all(member);
        chain.then(|| self.member_sign(last_name(expr)))?
    }

    /// Whether a callee is known to tell by a negative number that it failed.
    pub fn fails_negative(&self, callee: Callee) -> bool {
        match callee {
            Callee::Helper(id) => u32::try_from(id).is_ok_and(helpers_spec::helper_fails_negative),
            Callee::Kfunc { imm, .. } => {
                let kfunc = usize::try_from(imm).ok();
                let kfunc = kfunc.and_then(|at| self.program.kfuncs.get(at));
                kfunc.and_then(|k| self.unsigned_result(k.proto)) == Some(false)
            }
            Callee::Local(_) => false,
        }
    }

    /// The sign of what a FUNC of the object's BTF returns.
    fn unsigned_result(&self, func: u32) -> Option<bool> {
        let btf = self.program.btf.as_deref()?;
        let Type::Func { proto, .. } = btf.ty(func)? else {
            return None;
        };
        let Type::FuncProto { ret, .. } = btf.ty(proto)? else {
            return None;
        };
        self.sign(ret)
    }

    fn sign(&self, ty: u32) -> Option<bool> {
        let btf = self.program.btf.as_deref()?;
        match btf.ty(btf.skip_mods_typedefs(ty))? {
            Type::Int { encoding, .. } => Some(!encoding.signed),
            Type::Enum { signed, .. } | Type::Enum64 { signed, .. } => Some(!signed),
            _ => None,
        }
    }

    /// Whether a variable outside of all functions has this name.
    pub fn is_global(&self, name: &str) -> bool {
        let Some(btf) = self.program.btf.as_deref() else {
            return false;
        };
        let is = |id| matches!(btf.ty(id), Some(Type::Var { name: own, .. }) if own == name);
        (1..btf.type_count().min(MAX_TYPES)).any(is)
    }

    fn global_sign(&self, name: &str) -> Option<bool> {
        let btf = self.program.btf.as_deref()?;
        let mut types = 1..btf.type_count().min(MAX_TYPES);
        types.find_map(|id| match btf.ty(id)? {
            Type::Var { name: own, ty, .. } if own == name => self.sign(ty),
            _ => None,
        })
    }

    /// The sign of all members of this name, if they agree.
    fn member_sign(&self, name: &str) -> Option<bool> {
        let btf = self.program.btf.as_deref()?;
        let mut agreed = None;
        for id in 1..btf.type_count().min(MAX_TYPES) {
            let Some(composite) = btf.ty(id).and_then(|t| t.composite()) else {
                continue;
            };
            let Some(member) = composite.members.iter().find(|m| m.name == name) else {
                continue;
            };
            let sign = self.sign(member.ty)?;
            if agreed.is_some_and(|a| a != sign) {
                return None;
            }
            agreed = Some(sign);
        }
        agreed
    }

    /// Whether the file at hand declares a member with the tag of kernel pointers: an
    /// object without it was made by a compiler that drops such tags.
    pub fn declares_kptr(&self, member: Option<&str>) -> bool {
        let Some(text) = self.line(self.insn).and_then(|l| (self.files)(&l.file)) else {
            return false;
        };
        let mut lines = (1..MAX_LINES).map_while(|n| text.line(n));
        lines.any(|(_, line)| {
            let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let tagged = words
                .clone()
                .any(|w| w == "__kptr" || w == "__kptr_untrusted");
            let define = line.trim_start().starts_with('#');
            tagged && !define && member.is_none_or(|m| words.any(|w| w == m))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::last_name;

    #[test]
    fn the_last_name_is_that_of_the_member() {
        assert_eq!(last_name("v->hist"), "hist");
        assert_eq!(last_name("g.a.b"), "b");
        assert_eq!(last_name("table"), "table");
    }
}
