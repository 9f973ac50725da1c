//! 2xx: calls of helpers and kernel functions, and their arguments.

use super::pages;
use crate::prelude::*;

pages! {
    TYPE_MISMATCH: |f| format!("{} is not what the function expects{}.", f.argument(), f.holding());
    UNKNOWN_FUNC: |f| match (&f.unresolved, &f.option) {
        (Some(what), _) => format!("The instruction needs {what}, which {} lacks: the loader puts an invalid call in its place.", f.target()),
        (None, Some(option)) if option.starts_with("CONFIG_") => {
            format!("On {} there is no {}: this kernel was built without {option}.", f.target(), f.callee())
        }
        (None, Some(option)) => format!("On {} there is no {}: this kernel runs with {option}.", f.target(), f.callee()),
        (None, None) => format!("On {} there is no function behind the call of {}.", f.target(), f.callee()),
    };
    FUNC_NOT_ALLOWED: |f| match &f.option {
        Some(option) if option.starts_with("CONFIG_") => {
            format!("{} may not call {}: this kernel was built without {option}.", f.program(), f.callee())
        }
        Some(option) => format!("{} may not call {}: this kernel runs with {option}.", f.program(), f.callee()),
        None => format!("{} may not call {}.", f.program(), f.callee()),
    };
    GPL_ONLY: |f| match &f.callee {
        Some(callee) => format!("`{callee}` is for GPL-compatible programs only, and this object's licence is not."),
        None => "This needs a GPL-compatible licence, and this object's licence is not.".into(),
    };
    MAP_FUNC: |f| format!("{} does not work on a map of this type.", f.callee());
    MAP_PROG_COMPAT: |f| format!("{} may not use this map.", f.program());
    NULL_ARG: |f| match &f.origin {
        Some(origin) => format!("{} may be NULL: it is {origin}.", f.argument()),
        None => format!("{} may be NULL.", f.argument()),
    };
    MEM_LEN_PAIR: |f| format!("The memory and the length given to {} do not fit together.", f.callee());
    MUST_BE_CONST: |f| format!("{} must be a constant that the verifier knows.", f.argument());
    CONST_STR: |f| format!("{} must be a constant, zero-terminated string in read-only memory.", f.argument());
    ZERO_SIZE: |f| format!("The size given to {} may be zero, which it does not accept.", f.callee());
    SCALAR_EXPECTED: |f| format!("{} must be a number{}.", f.argument(), f.holding());
    HELPER_PACKET: |f| format!("{} may not take packet memory here.", f.callee());
    HELPER_WRITE: |f| format!("{} would write to memory that is read-only here.", f.callee());
    HELPER_CONFIG: |f| format!("{} cannot be used in this way.", f.callee());
    SOCK_MAP: |f| format!("{} is not allowed on this socket map from here.", f.callee());
    FLOW_KEYS: |_| "The flow keys are accessed at an offset that is not a constant.".into();
    CTX_EXPECTED: |f| format!("{} must be the program's context pointer, unchanged.", f.argument());
    WRONG_STRUCT: |f| format!("{} is a pointer to another kernel structure.", f.argument());
    REG_TYPE_MISMATCH: |f| format!("{} has another type than the function's prototype states.", f.argument());
    SUM_TOO_BIG: |_| "The sum of offset and size can exceed what the object holds.".into();
    SAME_INSN: |f| match &f.insn {
        Some(insn) => format!("`{insn}` is reached with pointers of different kinds on different paths."),
        None => "One instruction is reached with pointers of different kinds on different paths.".into(),
    };
    ZERO_OFFSET: |f| match (&f.insn, &f.callee) {
        (Some(insn), None) => format!("`{insn}` moves a pointer further than the verifier follows it."),
        _ => format!("{} must point to the very beginning of its object.", f.argument()),
    };
    REF_ARGS: |f| format!("{} is given more or fewer referenced objects than it takes.", f.callee());
    READ_ONLY_MAP: |f| format!("{} must lie in a frozen read-only map.", f.argument());
    SIZE_UNRESOLVED: |f| format!("The size of the object behind {} cannot be told.", f.argument());
    FUNC_PROTO_ARGS: |f| format!("{} has a prototype that cannot be called from here.", f.callee());
}
