//! 5xx: functions of the program, return values, special instructions.

use super::pages;
use crate::prelude::*;

pages! {
    SUBPROG_ARGS: |f| format!("{} is called with arguments that it was not verified for.", f.callee());
    SUBPROG_RETURN: |_| "The function does not return a number.".into();
    PROG_RETURN: |f| match f.range {
        Some((min, max)) => format!("{} can return a value outside [{min}, {max}], which is all that its hook accepts{}.", f.program(), f.holding()),
        None => format!("{} can return a value that its hook does not accept{}.", f.program(), f.holding()),
    };
    LD_ABS: |f| format!("A legacy packet load is used where {} may not use it.", f.program());
    ATOMIC: |f| format!("The atomic operation is not possible on {}.", f.subject());
    CTX_STORE: |_| "A constant is stored straight into the context.".into();
}
