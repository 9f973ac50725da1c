//! 6xx: what is refused before or beside the walk over the instructions.

use super::{Facts, pages};
use crate::abstract_interp::refusal::Key;
use crate::helpers_spec::error_injectable;
use crate::prelude::*;

pages! {
    BTF_MISSING: |_| "Type information that this program needs is absent or not valid.".into();
    ATTACH_TARGET: |f| format!("{} cannot be attached to the function or hook that it names.", f.program());
    ATTACH_NOT_SLEEPABLE: |f| format!("{} may sleep, and the function or hook that it attaches to must not{}.", f.program(), injection(f));
    ATTACH_NOT_MODIFIABLE: |f| format!("{} would replace the result of a function that is not open to programs{}.", f.program(), injection(f));
    ATTACH_HOOK_DISABLED: |f| format!("{} attaches to a hook that the kernel keeps from programs.", f.program());
    PRIVILEGE: |f| {
        let name = f.name.as_deref().unwrap_or("this");
        let what = match f.key {
            Some(Key::TypePrivileged) => format!("A program of type {name}"),
            Some(Key::MapPrivileged) => format!("Making the map `{name}`"),
            Some(Key::HelperPrivileged | Key::KfuncPrivileged) => format!("A call of `{name}`"),
            Some(Key::StructPrivileged) => format!("Reading `struct {name}` directly"),
            Some(Key::ArenaPrivileged) => "An arena".to_owned(),
            Some(Key::CallsPrivileged) => "A call of the program's own functions".to_owned(),
            _ => return "The program needs a capability that its loader does not have.".into(),
        };
        let capability = match (f.capability.as_deref(), f.key) {
            (Some(capability), _) => capability,
            (None, Some(Key::CallsPrivileged)) => "CAP_BPF",
            (None, _) => "CAP_PERFMON",
        };
        format!("{what} takes {capability}, which the loader does not have.")
    };
    KERNEL_OPTION: |f| {
        let option = f.option.as_deref().unwrap_or("jit=off");
        let name = f.name.as_deref().unwrap_or_default();
        let what = match f.key {
            Some(Key::OptionMissing) => match f.kind.as_deref() {
                Some("prog_type") => format!("programs of type {name}"),
                Some("map_type") => format!("maps of type {name}"),
                Some("address") => format!("the address of `{name}`"),
                Some("types") => "types for relocations".to_owned(),
                _ => format!("struct_ops `{name}`"),
            },
            Some(Key::KfuncInterpreted) => "calls of kernel functions".to_owned(),
            Some(Key::CallbackInterpreted) => "callbacks".to_owned(),
            Some(Key::TailCallInterpreted) => "tail calls beside calls of own functions".to_owned(),
            _ => "what this needs".to_owned(),
        };
        let why = match option.starts_with("CONFIG_") {
            true => format!("was built without {option}"),
            false => format!("runs with {option}"),
        };
        format!("The kernel {why}, and so lacks {what}.")
    };
    LOAD_ATTR: |_| "An attribute of the load command is not valid for this program.".into();
    STACK_ARGS: |_| "Arguments passed on the stack are not set up as the target asks.".into();
    LIVENESS_LIMIT: |_| "The analysis of which stack slots are alive exceeds the target's limit.".into();
    REWRITE: |_| "The kernel cannot translate this instruction into its own.".into();
    VERIFIER_DEFECT: |_| "The program is sound, but the verifier stumbles over it and refuses it.".into();
}

/// Functions open to error injection are so only in kernels that were built for it.
fn injection(f: &Facts) -> &'static str {
    match &f.name {
        Some(name) if error_injectable(name) => {
            " on a kernel built without CONFIG_FUNCTION_ERROR_INJECTION"
        }
        _ => "",
    }
}
