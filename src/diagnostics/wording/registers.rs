//! 0xx: registers, control flow and the shape of the program.

use super::pages;

pages! {
    UNINIT_REGISTER: |f| match &f.expr {
        _ if f.words.contains("__bpf_trap") => "The compiler put a trap here: what runs into it has undefined behaviour, such as reading an uninitialised variable.".into(),
        Some(expr) => format!("{} is read at `{expr}`, but on this path nothing was ever written to it.", f.reg()),
        None => format!("{} is read, but on this path nothing was ever written to it.", f.reg()),
    },
        "An unwritten register holds whatever the kernel left there; reading it would leak kernel memory. A call also wipes R1 to R5, so a value kept there is gone after it.",
        "Initialise the variable on every path, or keep it in a callee-saved register (R6 to R9) or on the stack across the call.";
    FRAME_POINTER_WRITE: |_| "R10, the frame pointer, is written.".into(),
        "Every stack access is proven relative to R10, so it never changes.",
        "Copy R10 into another register and change the copy.";
    INVALID_REGISTER: |f| format!("The instruction names {}, which programs do not have here.", f.reg()),
        "Programs have the registers R0 to R10 only.",
        "Check the compiler or the assembler that emitted the instruction; use R0 to R9 for values.";
    UNREACHABLE_INSN: |_| "No path from the entry reaches this instruction.".into(),
        "The verifier checks a program by walking its paths; code that no path reaches cannot be checked, so a program that holds any is refused.",
        "Remove the dead code. In C it comes from code after an endless loop, from a `return` before it, or from inline assembly.";
    BACK_EDGE: |_| "This jump goes back to an instruction on the same path: a loop.".into(),
        "The target does not follow loops for this program (a kernel before 5.3, or a load without CAP_BPF), so any backward edge is refused.",
        "Unroll the loop (`#pragma unroll`), or load with CAP_BPF on a kernel that follows bounded loops, or use `bpf_loop`.";
    INFINITE_LOOP: |f| format!("The loop comes back here in the same state as before: nothing that {} depends on has changed.", f.expr.as_ref().map_or("its exit".into(), |e| format!("`{e}`"))),
        "A program must be proven to end. When the same instruction is reached twice in one path with an identical state, the loop would go on for ever.",
        "Let the exit condition depend on a counter with a constant limit (`for (i = 0; i < N; i++)`), or use `bpf_loop`, `bpf_for` or `may_goto`.";
    JUMP_OUT_OF_RANGE: |_| "The jump's destination is outside the function or inside a two-slot instruction.".into(),
        "Jumps stay within their own function and land on whole instructions.",
        "Check the offset of hand-written or generated code; compilers do not emit this.";
    FALL_THROUGH: |_| "Control can run past the function's last instruction.".into(),
        "A function must end in an exit or a jump; otherwise the processor would run whatever follows.",
        "End every path with a `return`. Compilers drop it after undefined behaviour (division by zero, a missing return value, `__builtin_unreachable`).";
    UNKNOWN_OPCODE: |f| format!("This instruction is not known on {}.", f.target()),
        "Only the instructions of the target's instruction set can be checked and compiled.",
        "Build for an older instruction set (`-mcpu=v2` or `v3`), or raise the oldest kernel you support.";
    RESERVED_FIELD: |_| "A field of the instruction that must be zero is not.".into(),
        "Unused fields are reserved so that later kernels can give them a meaning.",
        "Zero the field; hand-written or generated code is the usual cause, or an instruction newer than the target.";
    INVALID_OPCODE: |_| "The opcode is known, but not in this form.".into(),
        "Each operation exists for certain widths and operands only.",
        "Check the instruction's width and source bits against the instruction set that the target has.";
    DIV_BY_ZERO: |_| "The instruction divides by the constant zero.".into(),
        "A division by a constant zero has no meaning and is always a mistake (a variable zero is defined: the result is 0).",
        "Test the divisor, or correct the constant that it folds to.";
    INVALID_SHIFT: |_| "The constant shift count is not smaller than the operand's width.".into(),
        "A shift by the width or more has no defined result.",
        "Shift by less than 32 or 64 bits.";
    PROGRAM_TOO_LARGE: |_| "The verifier gives up: following all paths takes more instructions than its limit.".into(),
        "Verification time is bounded (one million processed instructions); branches and loop turns that cannot be merged multiply the paths.",
        "Make states mergeable: move loop bodies into a `bpf_loop` callback or a global function, bound loops lower, avoid keeping many differing values alive across branches.";
    TOO_MANY_JUMPS: |_| "Too many branches wait to be followed at the same time.".into(),
        "Each undecided branch is kept on a list of limited length (8192).",
        "Split the function, or turn long chains of conditions into a table lookup or a loop by `bpf_loop`.";
    TOO_MANY_SUBPROGS: |_| "The program has more functions than the target allows.".into(),
        "The table of functions of one program is bounded (256).",
        "Inline small functions or split the program with tail calls.";
    CALL_DEPTH: |_| "Calls are nested deeper than the target allows.".into(),
        "At most eight frames exist at a time, because the kernel's own stack is small.",
        "Inline the innermost functions (`__always_inline`) or break the chain with a tail call.";
    RECURSIVE_CALL: |_| "The function calls itself, directly or through others.".into(),
        "Recursion has no bound that the verifier could check against the kernel's stack.",
        "Turn the recursion into a loop with its own small stack in a map or an array.";
    STACK_TOO_BIG: |_| "The frames of this call chain together need more stack than 512 bytes.".into(),
        "All frames of a chain live on the kernel's stack; their sum is bounded.",
        "Move large local variables into a per-CPU array map, or call the big functions one after the other rather than nested.";
    TAIL_CALL_STACK: |_| "A tail call is used where the target does not allow it.".into(),
        "A tail call keeps the caller's frame; together with function calls, or with held resources, the stack or the resources could not be accounted for.",
        "Make the tail call from the main function, with less than 256 bytes of stack in use in the chain and with no lock, reference or callback active.";
    CALL_DESTINATION: |_| "The call does not lead to the first instruction of a function.".into(),
        "Calls and callback addresses must name a function of this program.",
        "Check relocations of hand-linked objects; compilers and libbpf produce valid ones.";
    LINE_INFO: |_| "The object's line or function information does not fit its instructions.".into(),
        "The records must ascend, name known strings and types, and start where functions start.",
        "Rebuild the object with matching tools, or strip `.BTF.ext`.";
    JUMP_TABLE: |_| "The indirect jump's table or index is not proven.".into(),
        "An indirect jump is safe only if the index is bounded by the table and every entry is an instruction of this function.",
        "Build with `-fno-jump-tables` for targets without them; otherwise bound the index before the jump.";
    TOO_MANY_MAPS: |_| "The program refers to more maps than the target allows.".into(),
        "A program may use 64 maps at most.",
        "Merge maps, or split the program.";
    MAP_LOAD: |_| "The instruction's reference to a map, or to a value in it, is not valid.".into(),
        "A direct value address needs a map of one element that supports it and an offset inside the value.",
        "Use global variables (libbpf makes the map for them), or look the element up with `bpf_map_lookup_elem`.";
}
