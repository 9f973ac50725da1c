//! 2xx: calls of helpers and kernel functions, and their arguments.

use super::pages;

pages! {
    TYPE_MISMATCH: |f| format!("{} is not what the function expects{}.", f.argument(), f.holding()),
        "The callee trusts its arguments: it follows a pointer without a check of its own, so its kind must be right here.",
        "Pass the expected kind: the address of a map, a buffer on the stack or in a map value, the context, a checked non-NULL result. A scalar here often is a pointer that lost its type through memory or a cast.";
    UNKNOWN_FUNC: |f| match &f.unresolved {
        Some(what) => format!("The instruction needs {what}, which {} lacks: the loader puts an invalid call in its place.", f.target()),
        None => format!("On {} there is no function behind the call of {}.", f.target(), f.callee()),
    },
        "A helper number above the target's table, or a call that the loader could not resolve (a kernel function or a CO-RE relocation that does not exist there), leads nowhere.",
        "Raise the oldest kernel you support, guard the call with `bpf_core_enum_value_exists` or `bpf_ksym_exists`, or use an older helper.";
    FUNC_NOT_ALLOWED: |f| format!("{} may not call {}.", f.program(), f.callee()),
        "Each program type, at times each attach point, has its own list of helpers that are safe in its context.",
        "Use a helper that this type has, or do the work in a program of another type.";
    GPL_ONLY: |f| match &f.callee {
        Some(callee) => format!("`{callee}` is for GPL-compatible programs only, and this object's licence is not."),
        None => "This needs a GPL-compatible licence, and this object's licence is not.".into(),
    },
        "The function is exported to GPL-compatible programs only; the kernel reads the object's `license` section.",
        "Declare a GPL-compatible licence (`char _license[] SEC(\"license\") = \"GPL\";`, or \"Dual MIT/GPL\"), or do without the function.";
    MAP_FUNC: |f| format!("{} does not work on a map of this type.", f.callee()),
        "Helpers and map types come in pairs: a prog array is only for tail calls, a perf event array only for output, and so on.",
        "Use the helper that belongs to the map's type, or another map type.";
    MAP_PROG_COMPAT: |f| format!("{} may not use this map.", f.program()),
        "Maps that allocate at run time, or that hold locks, timers or storage, are unsafe in some contexts (NMI, tracing, sleepable).",
        "Let the map preallocate (drop BPF_F_NO_PREALLOC), move the special field to another map, or use another map type.";
    NULL_ARG: |f| match &f.origin {
        Some(origin) => format!("{} may be NULL: it is {origin}.", f.argument()),
        None => format!("{} may be NULL.", f.argument()),
    },
        "The callee follows the pointer without a check.",
        "Check the value against NULL before the call.";
    MEM_LEN_PAIR: |f| format!("The memory and the length given to {} do not fit together.", f.callee()),
        "The callee accesses as many bytes as the length says; all must belong to the buffer.",
        "Bound the length by the buffer's size on every path (`if (len > sizeof(buf)) len = sizeof(buf);`), unsigned.";
    MUST_BE_CONST: |f| format!("{} must be a constant that the verifier knows.", f.argument()),
        "The value decides what the call does or returns, so the verifier has to know it.",
        "Pass a literal; if the compiler merged two branches, make two calls.";
    CONST_STR: |f| format!("{} must be a constant, zero-terminated string in read-only memory.", f.argument()),
        "The verifier reads the string itself to check it.",
        "Declare it `static const char fmt[] = \"...\";`, so that it is placed in `.rodata`.";
    ZERO_SIZE: |f| format!("The size given to {} may be zero, which it does not accept.", f.callee()),
        "A buffer of no bytes has no valid address for this argument.",
        "Test the length (`if (!len) return 0;`) before the call.";
    SCALAR_EXPECTED: |f| format!("{} must be a number{}.", f.argument(), f.holding()),
        "A pointer passed as a number would leak, or be misread as a size.",
        "Pass an integer.";
    HELPER_PACKET: |f| format!("{} may not take packet memory here.", f.callee()),
        "The helper may change or move the packet while it uses the pointer, or this program type forbids it.",
        "Copy the bytes to the stack and pass the copy.";
    HELPER_WRITE: |f| format!("{} would write to memory that is read-only here.", f.callee()),
        "The callee's buffer must be writable for the program too.",
        "Pass a buffer on the stack or in a writable map value.";
    HELPER_CONFIG: |f| format!("{} cannot be used in this way.", f.callee()),
        "The function needs a program, an attach type, a flag or a configuration that is not there.",
        "Read the function's documentation for the contexts in which it is offered.";
    SOCK_MAP: |f| format!("{} is not allowed on this socket map from here.", f.callee()),
        "Updates of socket maps take socket locks, which only some program types may take.",
        "Update the map from user space or from a program type that may (sock_ops, sk_msg, iterators).";
    FLOW_KEYS: |_| "The flow keys are accessed at an offset that is not a constant.".into(),
        "Flow keys are a small kernel structure; each access must name its field.",
        "Access its members by name.";
    CTX_EXPECTED: |f| format!("{} must be the program's context pointer, unchanged.", f.argument()),
        "The callee works on the context's kernel object and gets it from that pointer.",
        "Pass `ctx` itself; keep a copy of it in a local variable if it was changed.";
    WRONG_STRUCT: |f| format!("{} is a pointer to another kernel structure.", f.argument()),
        "The callee would read the object as the wrong type.",
        "Pass the structure that the function asks for, or convert with the proper helper.";
    REG_TYPE_MISMATCH: |f| format!("{} has another type than the function's prototype states.", f.argument()),
        "Arguments of typed functions are checked by their BTF type, at offset zero.",
        "Pass a pointer of exactly that type (or of a structure that begins with it).";
    SUM_TOO_BIG: |_| "The sum of offset and size can exceed what the object holds.".into(),
        "The end of the access must lie inside the object for all values of both.",
        "Bound both numbers so that their largest sum still fits.";
    SAME_INSN: |f| match &f.insn {
        Some(insn) => format!("`{insn}` is reached with pointers of different kinds on different paths."),
        None => "One instruction is reached with pointers of different kinds on different paths.".into(),
    },
        "The kernel rewrites such an access for one kind of pointer; it cannot be two things at once.",
        "Keep the two accesses apart, each in its branch; `barrier_var` or an `asm volatile(\"\")` stops the compiler from merging them.";
    ZERO_OFFSET: |f| match (&f.insn, &f.callee) {
        (Some(insn), None) => format!("`{insn}` moves a pointer further than the verifier follows it."),
        _ => format!("{} must point to the very beginning of its object.", f.argument()),
    },
        "The callee takes the object itself, not a place inside it.",
        "Pass the pointer as it was returned.";
    REF_ARGS: |f| format!("{} is given more or fewer referenced objects than it takes.", f.callee()),
        "The verifier follows one reference or one size per call; two could not be told apart.",
        "Pass one referenced object per call.";
    READ_ONLY_MAP: |f| format!("{} must lie in a frozen read-only map.", f.argument()),
        "The verifier reads the contents now and relies on them for ever.",
        "Declare the data `const` at file scope, so that it is placed in `.rodata`.";
    SIZE_UNRESOLVED: |f| format!("The size of the object behind {} cannot be told.", f.argument()),
        "The argument's BTF type must be complete for its memory to be checked.",
        "Give the parameter a pointer to a complete type.";
    FUNC_PROTO_ARGS: |f| format!("{} has a prototype that cannot be called from here.", f.callee()),
        "At most five arguments, of kinds that the verifier knows, can be passed.",
        "Call through a function with a simpler prototype.";
}
