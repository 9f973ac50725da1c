//! 1xx: memory accesses and pointers.

use super::pages;

pages! {
    CTX_ACCESS: |f| format!("On {}, {} may not make this {} of the context at {}.", f.target(), f.program(), f.access(), match (&f.expr, f.offset) {
        (Some(e), _) => format!("`{e}`"),
        (None, Some(off)) => format!("offset {off}"),
        (None, None) => "this offset".into(),
    }),
        "Each program type exposes certain context fields, each with its size and direction; everything else of the kernel's structure stays hidden.",
        "Use the field's full width, check that the program type has the field on this target, and copy fields that you want to change.";
    CTX_MODIFIED: |f| format!("{} is used as a memory address after its offset was changed.", f.subject()),
        "Pointers of this kind are translated by their constant offset; a changed pointer could reach a neighbouring field.",
        "Keep the pointer itself unchanged and let each access carry its own constant offset; compilers merge branches that add different offsets, which a `barrier_var(ctx)` stops.";
    CTX_VAR_OFF: |f| format!("The {} of the context uses an offset that is not a constant.", f.access()),
        "Context fields are rewritten to the kernel's structure one by one, so each access must name one field.",
        "Read each field by its name; do not index the context as an array (unroll the loop, or copy the fields to the stack first).";
    NEGATIVE_OFFSET: |f| format!("{} is accessed at a negative offset.", f.subject()),
        "Nothing in front of the object belongs to the program.",
        "Start from the object's beginning; check subtractions on the pointer.";
    POINTER_LEAK: |f| format!("{} is a kernel pointer and would leave the program as a number.", f.subject()),
        "A kernel address in user space's hands defeats address randomisation.",
        "Return or store the value the pointer refers to, or a number of your own.";
    CTX_POINTER_LEAK: |f| format!("{} is a pointer and is stored into the context.", f.subject()),
        "The context is visible outside the program; a pointer there is a leak.",
        "Store a scalar, or keep the pointer on the stack.";
    MEM_ACCESS_TYPE: |f| match &f.holds {
        Some(h) if h.contains("or_null") => format!("{}{} may be NULL and is used as an address without a check.", f.subject(), f.came_from()),
        Some(h) if h.contains("scalar") || h.starts_with("inv") || h.starts_with(|c: char| c.is_ascii_digit() || c == '-') =>
            format!("{}{} is a number to the verifier, not a pointer, and is used as an address.", f.subject(), f.came_from()),
        Some(h) => format!("{}{} is used as an address, but `{h}` may not be accessed so.", f.subject(), f.came_from()),
        None => format!("{} is used as an address, but it is not a pointer to accessible memory.", f.subject()),
    },
        "Only a pointer whose memory is known may be followed. A pointer that may be NULL counts after a check only; one that was stored to memory, cast through an integer or computed by odd arithmetic is a plain number.",
        "Check the pointer against NULL right after it is made, on the same variable; read kernel memory through `bpf_probe_read_kernel` or BTF types; do not send pointers through integers.";
    MAP_VALUE_OOB: |f| format!("The {} through {}{} can fall outside the map's value.", f.access(), f.subject(), f.came_from()),
        "A map value ends after `value_size` bytes; the next bytes belong to others.",
        "Bound the index right before the access (`if (i >= N) return 0;` or `i &= N - 1` with N a power of two), on the variable that is used as the index.";
    PACKET_OOB: |f| format!("The {} at {} is not proven to lie inside the packet.", f.access(), f.subject()),
        "Packets have any length. Bytes count as readable only after a comparison with `data_end` that covers them, made on the same pointer (or one at a constant distance), on this very path.",
        "Before the access write `if ((void *)(p + 1) > data_end) return ...;` with `p` the pointer that you read through; repeat it after every call that may move the packet.";
    MEM_REGION_OOB: |f| match (&f.insn, f.access) {
        (Some(insn), None) if f.callee.is_none() => format!("`{insn}` takes the pointer{} out of its memory.", f.came_from()),
        _ => format!("The {} through {}{} can fall outside its memory.", f.access(), f.subject(), f.came_from()),
    },
        "The object behind the pointer has a known size; an access must be proven to end within it.",
        "Bound the offset against the object's size before the access.";
    MIN_NEGATIVE: |f| format!("The offset or size in {} may be negative.", f.subject()),
        "A signed value with no lower bound may be negative, and then the address lies before the object (or the size is enormous).",
        "Make the variable unsigned, or test both ends (`if (n < 0 || n > MAX) return 0;`), or mask it.";
    UNBOUNDED: |f| format!("The offset or size in {} has no upper bound on this path.", f.subject()),
        "Without a proven limit the access may reach any memory.",
        "Compare the variable with a constant, or mask it with `&`, on every path and after the last time that it is changed or reloaded from memory.";
    STACK_OOB: |f| format!("The {} through {} lies outside the function's 512 bytes of stack.", f.access(), f.subject()),
        "The stack frame is fixed; beyond it lies the kernel's own stack.",
        "Check the buffer's size and the length that is passed with it.";
    STACK_UNINIT: |f| {
        let who = f.callee.as_ref().map_or_else(|| "The instruction".into(), |c| format!("`{c}`"));
        match f.unwritten_stack() {
            Some((off, byte, size)) => format!(
                "{who} would read {size} bytes of stack at fp{off:+}, but byte {byte} of them was never written as plain data."
            ),
            None => format!("{who} would read stack bytes that were never written."),
        }
    },
        "Unwritten stack holds old kernel data; reading it, or giving it to a helper, would leak it. Padding inside a structure counts too.",
        "Initialise the whole variable: `struct key k = {};`, or `__builtin_memset(&k, 0, sizeof(k))` when it has padding.";
    STACK_SPILL_CORRUPT: |_| "The instruction would overwrite or read part of a pointer that was saved on the stack.".into(),
        "A saved pointer must come back whole; a changed half would be a forged address.",
        "Access the slot with the full eight bytes, or keep the pointer and the data in different slots.";
    STACK_VARIABLE: |f| format!("The {} of the stack uses an offset that is not bounded well enough.", f.access()),
        "With a variable offset every slot it can reach must be initialised and free of saved pointers.",
        "Initialise the whole array and bound the index with a mask; or move the array into a map.";
    MISALIGNED: |f| format!("The {} at {} is not aligned.", f.access(), f.subject()),
        "Some memory (stack pointers, context, atomics, or every access on machines without fast unaligned loads) must be accessed at a multiple of the access size.",
        "Keep members at their natural alignment, or copy the bytes one by one.";
    PACKET_WRITE: |f| format!("{} may not write to the packet.", f.program()),
        "Programs at this hook see a packet that others share; only some types may change it.",
        "Use a type that may write (xdp, sched_cls), or a helper such as `bpf_skb_store_bytes`.";
    READ_ONLY_WRITE: |f| format!("{} points to memory that the program may not change.", f.subject()),
        "Read-only maps, `.rodata` and kernel objects are shared with code that relies on them.",
        "Drop `const` only if the data may truly change (it then moves to `.data`), or write to a copy.";
    SOCK_ACCESS: |f| format!("On {} this field of the socket is not exposed.", f.target()),
        "Socket pointers show a fixed list of fields with fixed sizes.",
        "Check the field's offset and width, and whether the pointer must be converted first (`bpf_sk_fullsock`, `bpf_tcp_sock`).";
    BUFFER_ACCESS: |f| format!("The {} reaches outside the buffer that the hook provides.", f.access()),
        "The buffer's extent is fixed by the hook, and offsets into it must be constant and not negative.",
        "Access it at constant offsets within the size that the context states.";
    POINTER_ARITH: |f| match &f.insn {
        Some(insn) => format!("`{insn}` is arithmetic that pointers of this kind do not allow{}.", f.holding()),
        None => "This arithmetic is not allowed on a pointer of this kind.".into(),
    },
        "A pointer stays safe only while its distance from its base is known: adding and subtracting bounded numbers is; everything else, or any change of a pointer that may be NULL, is not.",
        "Check for NULL before adding; compute the offset as a number first and add it once; do not mix pointers with bit operations.";
    POINTER_SPECULATION: |_| "The pointer's offset can leave the range that the verifier accepts.".into(),
        "Offsets beyond the object, or of unknown sign, could be reached speculatively or overflow the tracked range.",
        "Bound the number, both ends, before adding it to the pointer.";
    POINTER_COMPARE: |_| "A pointer is compared with something that tells its address.".into(),
        "Comparisons with a number reveal address bits; only comparison with NULL, or between packet pointers, says nothing of the address.",
        "Compare with NULL only, or compare offsets.";
    PARTIAL_POINTER: |f| format!("Only a part of the pointer in {} is copied.", f.reg()),
        "Half a pointer is neither a safe address nor a harmless number.",
        "Move pointers with 64-bit instructions; check casts to `int` or `__u32`.";
    BTF_ACCESS: |f| format!("The {} at {} does not match a field of the kernel structure.", f.access(), f.subject()),
        "A pointer typed by BTF may read the fields that the type has on this target, within their size, and may write almost none.",
        "Use `BPF_CORE_READ` or `preserve_access_index` types so that offsets follow the target; write through kfuncs.";
    MAP_PTR_FIELD: |f| if f.words.contains("isn't map pointer") {
        format!("{} is used as a map, but it is none.", f.subject())
    } else {
        format!("{} is the map itself, not one of its values, and is accessed as memory.", f.subject())
    },
        "The address of a map names a kernel object; elements are reached by lookup only.",
        "Call `bpf_map_lookup_elem(&map, &key)` and use its result.";
    SPECIAL_FIELD: |f| format!("The {} touches a field that only its own helpers may use.", f.access()),
        "Locks, timers, kptrs, list and tree heads inside a value hold kernel state; a plain access would corrupt it.",
        "Use the field's helpers; keep plain data and special fields apart when you copy the value.";
    CROSS_FRAME: |_| "A pointer into this function's stack would outlive the function.".into(),
        "When the function returns, its frame is gone; a pointer to it would refer to someone else's data.",
        "Let the caller own the buffer and pass its address.";
}
