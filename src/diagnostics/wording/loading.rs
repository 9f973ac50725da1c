//! 6xx: what is refused before or beside the walk over the instructions.

use super::pages;
use crate::prelude::*;

pages! {
    BTF_MISSING: |_| "Type information that this program needs is absent or not valid.".into();
    ATTACH_TARGET: |f| format!("{} cannot be attached to the function or hook that it names.", f.program());
    ATTACH_NOT_SLEEPABLE: |f| format!("{} may sleep, and the function or hook that it attaches to must not.", f.program());
    ATTACH_NOT_MODIFIABLE: |f| format!("{} would replace the result of a function that is not open to programs.", f.program());
    ATTACH_HOOK_DISABLED: |f| format!("{} attaches to a hook that the kernel keeps from programs.", f.program());
    PRIVILEGE: |_| "The program needs a capability that its loader does not have.".into();
    LOAD_ATTR: |_| "An attribute of the load command is not valid for this program.".into();
    STACK_ARGS: |_| "Arguments passed on the stack are not set up as the target asks.".into();
    LIVENESS_LIMIT: |_| "The analysis of which stack slots are alive exceeds the target's limit.".into();
    REWRITE: |_| "The kernel cannot translate this instruction into its own.".into();
    VERIFIER_DEFECT: |_| "The program is sound, but the verifier stumbles over it and refuses it.".into();
}
