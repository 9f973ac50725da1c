//! 0xx: registers, control flow and the shape of the program.

use super::pages;
use crate::abstract_interp::refusal::Key;
use crate::prelude::*;

pages! {
    UNINIT_REGISTER: |f| match &f.expr {
        _ if f.key == Some(Key::Trap) => "The compiler put a trap here: what runs into it has undefined behaviour, such as reading an uninitialised variable.".into(),
        Some(expr) => format!("{} is read at `{expr}`, but on this path nothing was ever written to it.", f.reg()),
        None => format!("{} is read, but on this path nothing was ever written to it.", f.reg()),
    };
    FRAME_POINTER_WRITE: |_| "R10, the frame pointer, is written.".into();
    INVALID_REGISTER: |f| format!("The instruction names {}, which programs do not have here.", f.reg());
    UNREACHABLE_INSN: |_| "No path from the entry reaches this instruction.".into();
    BACK_EDGE: |_| "This jump goes back to an instruction on the same path: a loop.".into();
    INFINITE_LOOP: |f| format!("The loop comes back here in the same state as before: nothing that {} depends on has changed.", f.expr.as_ref().map_or("its exit".into(), |e| format!("`{e}`")));
    JUMP_OUT_OF_RANGE: |_| "The jump's destination is outside the function or inside a two-slot instruction.".into();
    FALL_THROUGH: |_| "Control can run past the function's last instruction.".into();
    UNKNOWN_OPCODE: |f| format!("This instruction is not known on {}.", f.target());
    RESERVED_FIELD: |_| "A field of the instruction that must be zero is not.".into();
    INVALID_OPCODE: |_| "The opcode is known, but not in this form.".into();
    DIV_BY_ZERO: |_| "The instruction divides by the constant zero.".into();
    INVALID_SHIFT: |_| "The constant shift count is not smaller than the operand's width.".into();
    PROGRAM_TOO_LARGE: |_| "The verifier gives up: following all paths takes more instructions than its limit.".into();
    TOO_MANY_JUMPS: |_| "Too many branches wait to be followed at the same time.".into();
    TOO_MANY_SUBPROGS: |_| "The program has more functions than the target allows.".into();
    CALL_DEPTH: |_| "Calls are nested deeper than the target allows.".into();
    RECURSIVE_CALL: |_| "The function calls itself, directly or through others.".into();
    STACK_TOO_BIG: |_| "The frames of this call chain together need more stack than 512 bytes.".into();
    TAIL_CALL_STACK: |_| "A tail call is used where the target does not allow it.".into();
    CALL_DESTINATION: |_| "The call does not lead to the first instruction of a function.".into();
    LINE_INFO: |_| "The object's line or function information does not fit its instructions.".into();
    JUMP_TABLE: |_| "The indirect jump's table or index is not proven.".into();
    TOO_MANY_MAPS: |_| "The program refers to more maps than the target allows.".into();
    HISTORY_TOO_LONG: |_| "The path to here has more accesses to the stack, without a branch between, than the verifier can remember.".into();
    MAP_LOAD: |_| "The instruction's reference to a map, or to a value in it, is not valid.".into();
}
