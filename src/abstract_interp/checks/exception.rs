//! The exception callback that a program names by a declaration tag.
//!
//! `exception_callback:NAME` on the main function says which function runs
//! after a throw. There may be one, and it must be a global function of the
//! program.

use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::vm::{Check, Env};
use crate::object::btf::{FuncLinkage, Type};
use crate::prelude::*;

const TAG: &str = "exception_callback:";

/// Checks the main function's tag.
pub fn check(env: &Env<'_>) -> Check<()> {
    let program = env.program;
    let (Some(btf), Some(main)) = (program.btf.as_deref(), program.subprogs.first()) else {
        return Ok(());
    };
    if program.func_info.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = btf
        .decl_tags(main.func_type)
        .filter(|t| t.component.is_none())
        .filter_map(|t| t.name.strip_prefix(TAG).map(str::to_owned))
        .collect();
    let name = match names.as_slice() {
        [] => return Ok(()),
        [name] => name,
        _ => {
            return refuse(Fault::ExceptionTags);
        }
    };
    let absent = || {
        let name = name.as_str().into();
        refuse(Fault::ExceptionCallbackAbsent { name })
    };
    let Some(id) = btf.find_func(name) else {
        return absent();
    };
    match btf.ty(id) {
        Some(Type::Func {
            linkage: FuncLinkage::Global,
            ..
        }) => {}
        _ => {
            let name = name.as_str().into();
            return refuse(Fault::ExceptionCallbackStatic { name });
        }
    }
    if program.subprogs.iter().any(|s| s.func_type == id) {
        Ok(())
    } else {
        absent()
    }
}
