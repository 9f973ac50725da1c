//! 6xx: what is refused before or beside the walk over the instructions.

use super::pages;

pages! {
    BTF_MISSING: |_| "Type information that this program needs is absent or not valid.".into(),
        "Typed programs, global functions and special map fields are checked by BTF; without it the verifier knows nothing of them.",
        "Build with `-g`, keep `.BTF` and `.BTF.ext` when stripping (`llvm-strip -g`), and check that the target has its own BTF.";
    ATTACH_TARGET: |f| format!("{} cannot be attached to the function or hook that it names.", f.program()),
        "The attach point decides the context's types and what may be done there, so the verifier checks it first.",
        "Check the name on the target (functions are inlined, renamed, or not traceable), its prototype, and whether it allows sleeping.";
    PRIVILEGE: |_| "The program needs a capability that its loader does not have.".into(),
        "What can read kernel memory or stop a processor is kept from unprivileged users.",
        "Load with CAP_BPF, and CAP_PERFMON or CAP_NET_ADMIN as the program type asks.";
    LOAD_ATTR: |_| "An attribute of the load command is not valid for this program.".into(),
        "Flags and descriptors must fit the program type.",
        "Check flags set by section name suffixes (`.s`, `.frags`) against the program type and the target.";
    STACK_ARGS: |_| "Arguments passed on the stack are not set up as the target asks.".into(),
        "More than five arguments travel through slots that each call must fill.",
        "Pass a pointer to a structure, or build for a target that has stack arguments.";
    LIVENESS_LIMIT: |_| "The analysis of which stack slots are alive exceeds the target's limit.".into(),
        "The work spent on one program is bounded.",
        "Use fewer variable-offset stack accesses, or split the function.";
    REWRITE: |_| "The kernel cannot translate this instruction into its own.".into(),
        "Context accesses and calls are rewritten after verification, and this form has no translation.",
        "Access the field by its plain width, through the unmodified context pointer.";
}
