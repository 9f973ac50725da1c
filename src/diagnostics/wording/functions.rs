//! 5xx: functions of the program, return values, special instructions.

use super::pages;

pages! {
    SUBPROG_ARGS: |f| format!("{} is called with arguments that it was not verified for.", f.callee()),
        "A global function is verified once, from its parameter types alone; each caller must therefore pass exactly that.",
        "Pass the types that the prototype states (check pointers for NULL, inside and before), make the function `static`, or tag the parameter (`__arg_nonnull`, `__arg_ctx`, ...).";
    SUBPROG_RETURN: |_| "The function does not return a number.".into(),
        "A global function's result is an unknown number to its callers; a pointer would be forgotten, or leak.",
        "Return an integer, and set it on every path.";
    PROG_RETURN: |f| match f.words.split_once("should have been in ") {
        Some((_, range)) => format!("{} can return a value outside {}, which is all that its hook accepts{}.", f.program(), range.trim(), f.holding()),
        None => format!("{} can return a value that its hook does not accept{}.", f.program(), f.holding()),
    },
        "The hook gives each value a meaning; others would make the kernel misbehave.",
        "Return one of the accepted constants on every path; bound a computed result before returning it.";
    LD_ABS: |f| format!("A legacy packet load is used where {} may not use it.", f.program()),
        "These loads read the packet through the context in R6 and may end the program at once; with references or locks held, or in other program types, that is unsafe.",
        "Use `bpf_skb_load_bytes` or direct packet access.";
    ATOMIC: |f| format!("The atomic operation is not possible on {}.", f.subject()),
        "Atomic operations exist for 4 and 8 bytes, on memory that the program may change as plain memory.",
        "Use an aligned 4- or 8-byte variable in a map value or on the stack.";
    CTX_STORE: |_| "A constant is stored straight into the context.".into(),
        "Context stores are rewritten, and the target does that for stores from a register only.",
        "Build with a compiler that moves the constant into a register first, or assign through a local variable.";
}
