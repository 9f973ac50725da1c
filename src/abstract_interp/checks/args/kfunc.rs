//! A kfunc as the target has it: its row of the tables, its prototype, and the rules
//! of its arguments, made when it is first called.

use alloc::rc::Rc;

use super::of_kfunc;
use super::rule::ArgRule;
use crate::abstract_interp::env::Env;
use crate::abstract_interp::vm::{Check, unknown};
use crate::helpers_spec::{KfFlags, KfRole, KfuncSpec};
use crate::object::Btf;
use crate::object::btf::{Param, Type};
use crate::prelude::*;

/// A kfunc as the target has it.
pub struct Kfunc<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its flags, hooks and role.
    pub spec: &'static KfuncSpec,
    /// Whether the program may call it.
    pub allowed: bool,
    /// The BTF that its prototype is in: the kernel's, or its stand-in.
    pub btf: &'a Btf,
    /// The return type.
    pub ret: u32,
    /// Its parameters, with the names that the kernel gives them.
    pub params: Vec<Param<'a>>,
    /// What each of them takes.
    pub rules: Vec<ArgRule<'a>>,
    /// Pointers must be trusted without a flag that says so.
    pub trusts_by_default: bool,
    /// The prototype alone says what an argument is, whatever is passed.
    pub prototype_decides: bool,
    /// The kernel's types mark functions for programs, and this isn't one.
    pub unmarked: bool,
}

/// The tag on functions that programs may call.
const MARK: &str = "bpf_kfunc";
/// One that all kernels have that mark any.
const ALWAYS_MARKED: &str = "bpf_cast_to_kern_ctx";

/// Whether a kernel built without what registers it has the function all the same.
fn is_unmarked(btf: &Btf, id: u32) -> bool {
    let marked = |id: u32| {
        btf.decl_tags(id)
            .any(|tag| tag.name == MARK && tag.component.is_none())
    };
    !marked(id) && btf.find_func(ALWAYS_MARKED).is_some_and(marked)
}

impl<'a> Kfunc<'a> {
    /// Kfunc `index` of the program.
    pub fn of(env: &Env<'a>, index: usize) -> Check<Rc<Kfunc<'a>>> {
        let Some(cell) = env.kfuncs.get(index) else {
            return unknown("kfunc");
        };
        if let Some(known) = cell.get() {
            return Ok(Rc::clone(known));
        }
        let made = Rc::new(Kfunc::make(env, index)?);
        Ok(Rc::clone(cell.get_or_init(|| made)))
    }

    fn make(env: &Env<'a>, index: usize) -> Check<Kfunc<'a>> {
        let program = env.program;
        let Some(k) = program.kfuncs.get(index) else {
            return unknown("kfunc");
        };
        let name = &*k.name;
        let facts = env.target.kfunc(program, name);
        let Some(spec) = facts.spec else {
            return unknown(format!("kfunc:{name}"));
        };
        let (btf, id, real) = match (env.types.any(), k.kernel_id) {
            (Some(btf), Some(id)) => (btf, id, env.types.are_real()),
            _ => match program.btf.as_deref() {
                Some(btf) => (btf, k.proto, false),
                None => return unknown("no-kernel-btf"),
            },
        };
        let Some(Type::Func { proto, .. }) = btf.ty(id) else {
            return unknown("no-kernel-btf");
        };
        let Some(Type::FuncProto { ret, params }) = btf.ty(proto) else {
            return unknown("no-kernel-btf");
        };
        let mut params: Vec<Param<'a>> = params.iter().collect();
        if !real {
            name_as_listed(&mut params, spec);
        }
        let mut kfunc = Kfunc {
            name,
            spec,
            allowed: facts.allowed,
            btf,
            ret,
            params,
            rules: Vec::new(),
            trusts_by_default: env.target.behaviour().kfunc_trusted_by_default(),
            prototype_decides: env.target.behaviour().kfunc_prototype_decides(),
            unmarked: real && is_unmarked(btf, id),
        };
        kfunc.rules = of_kfunc::rules(env, &kfunc);
        Ok(kfunc)
    }

    /// The part it plays.
    pub fn role(&self) -> KfRole {
        self.spec.role
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: KfFlags) -> bool {
        self.spec.flags.contains(flag)
    }

    /// The type that it returns a pointer to, if it does.
    pub fn returns(&self) -> Option<(u32, Type<'a>)> {
        pointee(self.btf, self.ret)
    }

    /// Whether it returns a pointer to the node of a collection.
    pub fn returns_node(&self) -> bool {
        let name = self.returns().map(|(_, ty)| ty.name());
        matches!(name, Some("bpf_list_node" | "bpf_rb_node"))
    }
}

/// What an object declares of a kernel function often lacks the tags of the
/// parameters' names; then the tables say them.
fn name_as_listed(params: &mut [Param<'_>], spec: &'static KfuncSpec) {
    if spec.params().count() != params.len() {
        return;
    }
    for (param, text) in params.iter_mut().zip(spec.params()) {
        param.name = declarator(text);
    }
}

/// The name in a parameter's declaration in C: its last word.
fn declarator(text: &str) -> &str {
    let end = text.trim_end_matches([']', '[', ' ']);
    end.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .next()
        .unwrap_or("")
}

/// The type that a pointer of type `ty` points to, without what qualifies it.
pub fn pointee(btf: &Btf, ty: u32) -> Option<(u32, Type<'_>)> {
    let Type::Ptr { to } = btf.ty(btf.skip_mods_typedefs(ty))? else {
        return None;
    };
    let id = btf.skip_mods_typedefs(to);
    Some((id, btf.ty(id)?))
}
