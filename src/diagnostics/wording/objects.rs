//! 4xx: kernel functions and the objects that come with rules of their own.

use super::pages;

pages! {
    KFUNC: |f| format!("{} cannot be called here, or not with these arguments.", f.callee()),
        "Kernel functions are offered per program type, and each argument is checked against the function's BTF.",
        "Check that the function is registered for this program type on the target, and that each argument has the type that it declares.";
    DYNPTR: |f| format!("{} is not a dynptr in the state that {} needs.", f.reg(), f.callee()),
        "A dynptr lives in 16 bytes of stack that only its helpers may touch; it must be initialised before use and, if it holds a reference, released.",
        "Declare it as a local `struct bpf_dynptr`, initialise it once, submit or discard it on every path, and check slices against NULL.";
    ITERATOR: |f| format!("{} is not an iterator in the state that {} needs.", f.reg(), f.callee()),
        "An iterator is created, advanced until NULL, and destroyed, each exactly once on every path.",
        "Use the `bpf_for` and `bpf_for_each` macros, which destroy the iterator also on `break` and `return`.";
    KPTR: |_| "A kernel pointer inside a map value is used in a way that its declaration does not allow.".into(),
        "The map owns what such a field holds; it is exchanged whole, with its own type, or not at all.",
        "Use `bpf_kptr_xchg` for referenced fields, read others inside an RCU section, and store the declared type only.";
    GRAPH: |_| "A list or tree operation breaks the collection's ownership rules.".into(),
        "Nodes belong either to the program or to one collection, and collections change under their lock only.",
        "Hold the lock that lies beside the head, add nodes that you own, and treat a node as gone after adding it.";
    TIMER_WQ: |_| "A timer or work queue is used in a way that its map does not allow.".into(),
        "Timers and work queues live in one map value, belong to that map, and run their callback later.",
        "Initialise it with the map that holds it, once, and pass a static callback of the right prototype.";
    ARENA: |_| "Arena memory is used in a way that the target does not allow.".into(),
        "Arena addresses are a space of their own: one arena per program, converted by casts, accessed by instructions that the kernel guards.",
        "Use one arena map, keep `__arena` on every pointer into it, and build with a compiler that emits the address-space casts.";
    CALLBACK: |_| "A callback is passed, or behaves, in a way that the caller does not allow.".into(),
        "The kernel calls the function with fixed arguments and trusts its return value.",
        "Pass a static function of the expected prototype; return 0 to go on or 1 to stop.";
    EXCEPTION: |_| "An exception is thrown, or caught, where the program cannot be unwound.".into(),
        "After a throw nothing on the way back runs, so nothing may be held there.",
        "Release references and locks before `bpf_throw`, and give the callback the required prototype.";
    OBJ_NEW: |f| format!("{} does not allocate or free an object of the program's own types.", f.callee()),
        "Allocation needs a local structure type from the program's BTF and a constant type id; freeing needs what was so allocated.",
        "Use the `bpf_obj_new(typeof(*p))` and `bpf_obj_drop(p)` macros on a structure that the program defines.";
}
