//! What a kfunc's BTF prototype says of its arguments.
//!
//! Kernel functions describe themselves by the types of their parameters and
//! by suffixes of the parameters' names.

use std::collections::BTreeSet;

use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{KfFlags, KfuncSpec};
use crate::object::Btf;
use crate::object::btf::{Param, Type};

/// A kfunc as the target has it.
#[derive(Clone, Copy)]
pub struct Kfunc<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its name without the suffix of the form that takes all arguments.
    pub api: &'a str,
    /// Whether pointers must be trusted without a flag that says so.
    pub trusts_by_default: bool,
    /// Its flags and hooks.
    pub spec: &'static KfuncSpec,
    /// The BTF that its prototype is in: the kernel's, or its stand-in.
    pub btf: &'a Btf,
    /// The return type.
    pub ret: u32,
    /// The prototype's type id.
    pub proto: u32,
    /// Whether the prototype is the kernel's own.
    pub declared_by_kernel: bool,
}

impl<'a> Kfunc<'a> {
    /// Kfunc `index` of the program.
    pub fn of(vm: &Vm<'a>, index: usize) -> Check<Kfunc<'a>> {
        let program = vm.env.program;
        let Some(k) = program.kfuncs.get(index) else {
            return unknown("kfunc");
        };
        let name = &*k.name;
        let Some(spec) = crate::helpers_spec::kfunc(name, vm.env.target.kfunc_spec(name)) else {
            return unknown(format!("kfunc:{name}"));
        };
        let declared_by_kernel = vm.env.kernel_btf_is_real && k.kernel_id.is_some();
        let (btf, id) = match (vm.env.kernel_btf, k.kernel_id) {
            (Some(btf), Some(id)) => (btf, id),
            _ => match program.btf.as_deref() {
                Some(btf) => (btf, k.proto),
                None => return unknown("no-kernel-btf"),
            },
        };
        let Some(Type::Func { proto, .. }) = btf.ty(id) else {
            return unknown("no-kernel-btf");
        };
        let Some(Type::FuncProto { ret, .. }) = btf.ty(proto) else {
            return unknown("no-kernel-btf");
        };
        Ok(Kfunc {
            name,
            api: name.strip_suffix("_impl").unwrap_or(name),
            trusts_by_default: vm.env.target.behaviour.kfunc_trusted_by_default,
            spec,
            btf,
            ret,
            proto,
            declared_by_kernel,
        })
    }

    /// Its parameters. What an object declares of a kernel function often lacks
    /// the suffixes of the parameters' names; then the tables say them.
    pub fn params(&self) -> Vec<Param<'a>> {
        let Some(Type::FuncProto { params, .. }) = self.btf.ty(self.proto) else {
            return Vec::new();
        };
        let mut params: Vec<Param<'a>> = params.iter().collect();
        if !self.declared_by_kernel && self.spec.params().count() == params.len() {
            for (param, text) in params.iter_mut().zip(self.spec.params()) {
                param.name = declarator(text);
            }
        }
        params
    }
    /// Whether a flag is set.
    pub fn is(&self, flag: KfFlags) -> bool {
        self.spec.flags.contains(flag)
    }
    /// Whether its pointers must be trusted.
    pub fn trusted_args(&self) -> bool {
        self.trusts_by_default
            || self.is(KfFlags::TRUSTED_ARGS)
            || self.is(KfFlags::RELEASE)
            || self.is(KfFlags::ITER_NEW | KfFlags::ITER_NEXT | KfFlags::ITER_DESTROY)
    }
    /// Whether it is one of an iterator's three.
    pub fn is_iter(&self) -> bool {
        self.is_iter_new() || self.is_iter_next() || self.is_iter_destroy()
    }
    /// `bpf_iter_*_new`.
    pub fn is_iter_new(&self) -> bool {
        self.is(KfFlags::ITER_NEW)
    }
    /// `bpf_iter_*_next`.
    pub fn is_iter_next(&self) -> bool {
        self.is(KfFlags::ITER_NEXT)
    }
    /// `bpf_iter_*_destroy`.
    pub fn is_iter_destroy(&self) -> bool {
        self.is(KfFlags::ITER_DESTROY)
    }
}

/// The name in a parameter's declaration in C: its last word.
fn declarator(text: &str) -> &str {
    let end = text.trim_end_matches([']', '[', ' ']);
    end.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .next()
        .unwrap_or("")
}

/// Whether a parameter is filled in by the kernel.
pub fn is_filled_in(btf: &Btf, p: &Param<'_>) -> bool {
    let aux = || pointee(btf, p.ty).is_some_and(|(_, t)| t.name() == "bpf_prog_aux");
    has_suffix(p, "__ign") || has_suffix(p, "__prog") || aux()
}

/// What a suffix of a parameter's name says.
pub fn has_suffix(p: &Param<'_>, suffix: &str) -> bool {
    p.name.ends_with(suffix)
}

/// Whether a parameter is the byte size of the one before it.
pub fn is_size(btf: &Btf, p: &Param<'_>) -> bool {
    let number = matches!(
        btf.ty(btf.skip_mods_typedefs(p.ty)),
        Some(Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. })
    );
    number && (has_suffix(p, "__sz") || has_suffix(p, "__szk"))
}

/// The struct that a pointer parameter points to: its name and type id.
pub fn pointee<'a>(btf: &'a Btf, ty: u32) -> Option<(u32, Type<'a>)> {
    let Type::Ptr { to } = btf.ty(btf.skip_mods_typedefs(ty))? else {
        return None;
    };
    let id = btf.skip_mods_typedefs(to);
    Some((id, btf.ty(id)?))
}

/// Whether a struct is made of numbers only, nested three deep at most.
pub fn is_scalar_struct(btf: &Btf, id: u32) -> bool {
    scalars(btf, id, 0, &mut BTreeSet::new())
}

/// `known`: the types that are, as seen from a depth; types can be made that hold one
/// another more often than could ever be walked.
fn scalars(btf: &Btf, id: u32, depth: usize, known: &mut BTreeSet<(u32, usize)>) -> bool {
    let Some(s) = btf.ty(id).and_then(|t| t.composite()) else {
        return false;
    };
    if depth > 3 {
        return false;
    }
    if known.contains(&(id, depth)) {
        return true;
    }
    let all = s.members.iter().all(|m| {
        let mut ty = btf.skip_mods_typedefs(m.ty);
        if let Some(Type::Array { elem, len, .. }) = btf.ty(ty) {
            if len == 0 {
                return false;
            }
            ty = btf.skip_mods_typedefs(elem);
        }
        match btf.ty(ty) {
            Some(Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. }) => true,
            Some(Type::Struct(_) | Type::Union(_)) => scalars(btf, ty, depth + 1, known),
            _ => false,
        }
    });
    if all {
        known.insert((id, depth));
    }
    all
}
