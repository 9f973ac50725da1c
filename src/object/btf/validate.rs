//! What a kernel refuses in a blob that is well formed: names and signatures.
//!
//! A loader goes on without BTF when the kernel refuses it, and then the program
//! has no function information, global functions are as static ones, and maps
//! have no typed fields. Rust and C++ names do that, and functions whose
//! parameters have no names.

use super::{Btf, FuncLinkage, Kind, Params, Type};
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// The longest name, its NUL included.
const MAX_NAME: usize = 512;

/// An identifier as kernels have it: dots are allowed.
fn is_identifier(name: &str) -> bool {
    let ok = |b: u8, first: bool| {
        b == b'_'
            || b == b'.'
            || if first {
                b.is_ascii_alphabetic()
            } else {
                b.is_ascii_alphanumeric()
            }
    };
    name.len() < MAX_NAME
        && name.bytes().next().is_some_and(|b| ok(b, true))
        && name.bytes().skip(1).all(|b| ok(b, false))
}

fn optional(name: &str) -> bool {
    name.is_empty() || is_identifier(name)
}

impl Btf {
    /// Why a kernel refuses the blob; `None` if it takes it, as far as we know.
    pub fn kernel_refusal(&self) -> Option<String> {
        if self.bytes().get(2..4) != Some(&[1, 0]) {
            return Some("unknown version or flags".into());
        }
        // Loaders make ksym functions acceptable.
        let mut ksyms = BTreeSet::new();
        if let Some(Type::DataSec { vars, .. }) = self
            .find(Kind::DataSec, ".ksyms")
            .and_then(|id| self.ty(id))
        {
            ksyms.extend(vars.iter().map(|v| v.ty));
        }
        (1..self.type_count()).find_map(|id| {
            let ty = self.ty(id)?;
            let why = self.refusal(&ty, ksyms.contains(&id))?;
            Some(format!("type {id} ({}): {why}", self.describe(id)))
        })
    }

    fn refusal(&self, ty: &Type<'_>, ksym: bool) -> Option<&'static str> {
        match *ty {
            Type::Struct(c) | Type::Union(c) => {
                let fine = optional(c.name) && c.members.iter().all(|m| optional(m.name));
                (!fine).then_some("a name that is no identifier")
            }
            Type::Enum { name, values, .. } | Type::Enum64 { name, values, .. } => {
                let fine = optional(name) && values.iter().all(|v| is_identifier(v.name));
                (!fine).then_some("a name that is no identifier")
            }
            Type::Fwd { name, .. } | Type::Typedef { name, .. } | Type::Var { name, .. } => {
                (!is_identifier(name)).then_some("a name that is no identifier")
            }
            Type::Func {
                name,
                proto,
                linkage,
            } => match self.ty(proto) {
                _ if !is_identifier(name) => Some("a name that is no identifier"),
                _ if !ksym && matches!(linkage, FuncLinkage::Extern | FuncLinkage::Unknown(_)) => {
                    Some("a function of unknown linkage")
                }
                Some(Type::FuncProto { params, .. }) if ksym || named(params) => None,
                Some(Type::FuncProto { .. }) => Some("a parameter without name"),
                _ => Some("a function without prototype"),
            },
            Type::FuncProto { ret, params } => {
                let sized = |id: u32| self.resolve_size(id).is_some();
                let mut fixed = params.iter();
                if params
                    .iter()
                    .last()
                    .is_some_and(|p| p.ty == 0 && p.name.is_empty())
                {
                    fixed.next_back();
                }
                let fine = (ret == 0 || sized(ret))
                    && fixed.into_iter().all(|p| sized(p.ty) && optional(p.name));
                (!fine).then_some("a parameter or result that has no size")
            }
            _ => None,
        }
    }
}

/// All parameters but a last `...` have names.
fn named(params: Params<'_>) -> bool {
    let last = params.len().saturating_sub(1) as usize;
    params
        .iter()
        .enumerate()
        .all(|(i, p)| !p.name.is_empty() || i == last && p.ty == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_the_kernels() {
        assert!(is_identifier("task_struct"));
        assert!(is_identifier(".L.str"));
        assert!(!is_identifier("Option<u32>"));
        assert!(!is_identifier("1a"));
        assert!(!is_identifier(""));
        assert!(!is_identifier(&"a".repeat(600)));
    }
}
