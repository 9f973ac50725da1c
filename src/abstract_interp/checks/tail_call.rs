//! Where tail calls and classic packet loads may stand.
//!
//! Both may end the program from within a function. In a function other than
//! the main one they are allowed only if it returns a number, as its BTF tells:
//! what called it then gets one.

use crate::abstract_interp::refusal::{Fault, Way, refuse};
use crate::abstract_interp::vm::{Check, Env};
use crate::object::btf::Type;

/// Checks all functions but the main one.
pub fn check(env: &Env<'_>) -> Check<()> {
    for (n, layout) in env.cfg.subprogs().iter().enumerate().skip(1) {
        if !layout.has_ld_abs && !layout.has_tail_call {
            continue;
        }
        let way = if layout.has_ld_abs {
            Way::LegacyLoad
        } else {
            Way::TailCall
        };
        if env.program.func_info.is_empty() {
            return refuse(Fault::EndsUntypedFunction { way });
        }
        if !returns_number(env, n) {
            return refuse(Fault::EndsFunctionOfNoInt { way });
        }
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
