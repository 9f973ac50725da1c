//! Where tail calls and classic packet loads may stand.
//!
//! Both may end the program from within a function. In a function other than
//! the main one they are allowed only if it returns a number, as its BTF tells:
//! what called it then gets one.

use crate::abstract_interp::violation::Code;
use crate::abstract_interp::vm::{Check, Env, refuse};
use crate::object::btf::Type;

/// Checks all functions but the main one.
pub fn check(env: &Env<'_>) -> Check<()> {
    for (n, layout) in env.cfg.subprogs().iter().enumerate().skip(1) {
        if !layout.has_ld_abs && !layout.has_tail_call {
            continue;
        }
        let limit = if env.program.func_info.is_empty() {
            "not allowed in subprogs without BTF"
        } else if returns_number(env, n) {
            continue;
        } else {
            "only allowed in functions that return 'int'."
        };
        if layout.has_ld_abs {
            return refuse(Code::LdAbs, format!("LD_ABS is {limit}"));
        }
        return refuse(Code::TailCallStack, format!("tail_call is {limit}"));
    }
    Ok(())
}

fn returns_number(env: &Env<'_>, subprog: usize) -> bool {
    let Some(btf) = env.program.btf.as_deref() else {
        return false;
    };
    let func = env
        .program
        .subprogs
        .get(subprog)
        .and_then(|s| btf.ty(s.func_type));
    let Some(Type::Func { proto, .. }) = func else {
        return false;
    };
    let Some(Type::FuncProto { ret, .. }) = btf.ty(proto) else {
        return false;
    };
    match btf.ty(btf.skip_mods_typedefs(ret)) {
        Some(Type::Int { size, .. }) => size <= 8,
        Some(Type::Enum { .. } | Type::Enum64 { .. }) => true,
        _ => false,
    }
}
