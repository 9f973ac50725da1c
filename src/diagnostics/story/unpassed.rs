//! Global functions that do not use a parameter: compilers pass nothing in its register,
//! and the kernel asks for what the parameter's type says all the same.

use super::patch::{self, Patch};
use super::{Cause, Help, Scene, Story, Sure};
use crate::abstract_interp::value::Kind;
use crate::object::{FuncLinkage, Type};
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let Op::Call(Callee::Local(rel)) = scene.op()? else {
        return None;
    };
    let reg = scene.refusal.reg.filter(|r| (1..=5).contains(r))?;
    let start = usize::try_from(scene.insn as i64 + 1 + i64::from(rel)).ok()?;
    let sub = scene.program.function_from(start)?;
    let btf = scene.program.btf.as_deref()?;
    let Type::Func { proto, linkage, .. } = btf.ty(sub.func_type)? else {
        return None;
    };
    let Type::FuncProto { params, .. } = btf.ty(proto)? else {
        return None;
    };
    let parameter = params.iter().nth(usize::from(reg) - 1)?;
    let given = scene.held(reg).is_some_and(|h| h.kind == Kind::Ctx);
    if linkage != FuncLinkage::Global || given || !patch::unused(scene, start, reg) {
        return None;
    }
    let pointer = matches!(
        btf.ty(btf.skip_mods_typedefs(parameter.ty)),
        Some(Type::Ptr { .. })
    );
    if !pointer {
        return None;
    }
    let (callee, name) = (&sub.name, parameter.name);
    let what = match name {
        "" => format!("parameter {reg}"),
        name => format!("`{name}`"),
    };
    let text = format!(
        "the compiler passes nothing for {what}, which the global function `{callee}` does not use, and the kernel asks for what its type says."
    );
    let help = match name {
        "" => format!("take the parameter out of `{callee}`, or make the function `static`"),
        name => format!(
            "take `{name}` out of `{callee}`, make the function `static`, or use `{name}` in it: `asm volatile(\"\" :: \"r\"({name}));`"
        ),
    };
    Some(
        Story::rule(scene, text)
            .because("A global function is verified by itself, from its parameters' types; what it does not use compilers leave out where they call it.")
            .help(Help::say(help).patch(Patch::context_in(scene, reg)))
            .by(Cause::Compiler, Sure::High),
    )
}
