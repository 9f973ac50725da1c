//! Programs that replace a function of another program (`freplace`).
//!
//! Such a program is of the type of the program that it extends: it gets that one's
//! context, helpers and return range. Its prototype has to be the function's: as many
//! parameters, and each of the same kind and size; pointers to structures of one name.

use alloc::sync::Arc;

use super::{LinkOptions, link};
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::{Btf, FuncLinkage, Object, Type};
use crate::prelude::*;

/// The function of another program that a program replaces.
#[derive(Clone, Debug)]
pub struct Extended {
    /// The function's name.
    pub function: Arc<str>,
    /// The type of the program that it is part of.
    pub prog_type: ProgType,
    /// That program's attach type.
    pub attach_type: Option<AttachType>,
    /// Its types.
    btf: Arc<Btf>,
    /// The function, there.
    func: u32,
}

impl Extended {
    /// The function of that name in an object's programs.
    pub fn find(object: &Object, function: &str) -> Result<Extended, String> {
        let options = LinkOptions {
            own_types: true,
            legacy_sections: true,
            legacy_maps: true,
            ..LinkOptions::default()
        };
        let linked = link(object, &options);
        let mut names: Vec<Arc<str>> = Vec::new();
        for program in linked.programs.iter().flatten() {
            for subprog in program.subprogs.iter() {
                names.push(subprog.name.clone());
                if &*subprog.name != function {
                    continue;
                }
                let Some(btf) = program.btf.clone().filter(|_| subprog.func_type != 0) else {
                    return Err(format!(
                        "{function} has no prototype: the object has no types"
                    ));
                };
                let is_global = match btf.ty(subprog.func_type) {
                    Some(Type::Func { linkage, .. }) => linkage == FuncLinkage::Global,
                    _ => false,
                };
                if !is_global {
                    return Err(format!(
                        "{function} is static: only global functions are replaced"
                    ));
                }
                if program.prog_type == ProgType::Ext {
                    return Err(format!("{function} replaces a function itself"));
                }
                return Ok(Extended {
                    function: function.into(),
                    prog_type: program.prog_type,
                    attach_type: program.attach_type,
                    func: subprog.func_type,
                    btf,
                });
            }
        }
        let offer = super::manifest::offer(function, names.iter().map(|n| &**n));
        Err(format!("there is no function {function:?}; {offer}"))
    }

    /// Why a function of an object cannot stand in its place.
    pub(super) fn mismatch(&self, btf: &Btf, func: u32) -> Option<String> {
        let proto = |btf: &Btf, func: u32| btf.ty(func).and_then(|t| t.target()).unwrap_or(0);
        let (ours, theirs) = (proto(btf, func), proto(&self.btf, self.func));
        let (
            Some(Type::FuncProto { ret, params }),
            Some(Type::FuncProto {
                ret: to,
                params: wants,
            }),
        ) = (btf.ty(ours), self.btf.ty(theirs))
        else {
            return Some("it has no prototype".into());
        };
        let name = &self.function;
        if params.len() != wants.len() {
            return Some(format!(
                "it takes {} argument(s), {name} takes {}",
                params.len(),
                wants.len()
            ));
        }
        if !self.like(btf, ret, to) {
            return Some(format!(
                "it returns {}, {name} returns {}",
                btf.describe(ret),
                self.btf.describe(to)
            ));
        }
        let mut pairs = params.iter().zip(wants.iter()).enumerate();
        pairs.find_map(|(i, (have, want))| {
            (!self.like(btf, have.ty, want.ty)).then(|| {
                format!(
                    "argument {} is {}, that of {name} is {}",
                    i.saturating_add(1),
                    btf.describe(have.ty),
                    self.btf.describe(want.ty)
                )
            })
        })
    }

    /// Whether two types are of one kind and size; pointers, to what has one name.
    fn like(&self, btf: &Btf, ours: u32, theirs: u32) -> bool {
        let (ours, theirs) = (
            btf.skip_mods_typedefs(ours),
            self.btf.skip_mods_typedefs(theirs),
        );
        match (btf.ty(ours), self.btf.ty(theirs)) {
            (Some(Type::Ptr { to: a }), Some(Type::Ptr { to: b })) => {
                let (a, b) = (btf.skip_mods_typedefs(a), self.btf.skip_mods_typedefs(b));
                btf.kind(a) == self.btf.kind(b) && btf.name(a) == self.btf.name(b)
            }
            (Some(_), Some(_)) => {
                btf.kind(ours) == self.btf.kind(theirs)
                    && btf.resolve_size(ours) == self.btf.resolve_size(theirs)
            }
            (a, b) => a.is_none() == b.is_none(),
        }
    }
}
