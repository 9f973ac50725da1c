//! 1xx: memory accesses and pointers.

use super::{Nature, pages};
use crate::abstract_interp::refusal::Key;
use crate::prelude::*;

pages! {
    CTX_ACCESS: |f| format!("On {}, {} may not make this {} of the context at {}.", f.target(), f.program(), f.access(), match (&f.expr, f.offset) {
        (Some(e), _) => format!("`{e}`"),
        (None, Some(off)) => format!("offset {off}"),
        (None, None) => "this offset".into(),
    });
    CTX_MODIFIED: |f| format!("{} is used as a memory address after its offset was changed.", f.subject());
    CTX_VAR_OFF: |f| format!("The {} of the context uses an offset that is not a constant.", f.access());
    NEGATIVE_OFFSET: |f| format!("{} is accessed at a negative offset.", f.subject());
    POINTER_LEAK: |f| format!("{} is a kernel pointer and would leave the program as a number.", f.subject());
    CTX_POINTER_LEAK: |f| format!("{} is a pointer and is stored into the context.", f.subject());
    MEM_ACCESS_TYPE: |f| match (f.nature, &f.holds) {
        (Some(Nature::MaybeNull), _) => format!("{}{} may be NULL and is used as an address without a check.", f.subject(), f.came_from()),
        (Some(Nature::Number), _) =>
            format!("{}{} is a number to the verifier, not a pointer, and is used as an address.", f.subject(), f.came_from()),
        (_, Some(h)) => format!("{}{} is used as an address, but {h} may not be accessed so.", f.subject(), f.came_from()),
        (_, None) => format!("{} is used as an address, but it is not a pointer to accessible memory.", f.subject()),
    };
    MAP_VALUE_OOB: |f| format!("The {} through {}{} can fall outside the map's value.", f.access(), f.subject(), f.came_from());
    PACKET_OOB: |f| format!("The {} at {} is not proven to lie inside the packet.", f.access(), f.subject());
    MEM_REGION_OOB: |f| match (&f.insn, f.access) {
        (Some(insn), None) if f.callee.is_none() => format!("`{insn}` takes the pointer{} out of its memory.", f.came_from()),
        _ => format!("The {} through {}{} can fall outside its memory.", f.access(), f.subject(), f.came_from()),
    };
    MIN_NEGATIVE: |f| format!("The offset or size in {} may be negative.", f.subject());
    UNBOUNDED: |f| if f.key == Some(Key::MathUnbounded) {
        format!("The number that is added to a pointer{} has no lower bound on this path: it may be negative.", match (&f.expr, f.reg) {
            (Some(e), _) => format!(" at `{e}`"),
            (None, Some(reg)) => format!(" (R{reg})"),
            (None, None) => String::new(),
        })
    } else { format!("The offset or size in {} has no upper bound on this path.", f.subject()) };
    STACK_OOB: |f| format!("The {} through {} lies outside the function's 512 bytes of stack.", f.access(), f.subject());
    STACK_UNINIT: |f| {
        let who = f.callee.as_ref().map_or_else(|| "The instruction".into(), |c| format!("`{c}`"));
        match f.unwritten {
            Some((off, byte, size)) => format!(
                "{who} would read {size} bytes of stack at fp{off:+}, but byte {byte} of them was never written as plain data."
            ),
            None => format!("{who} would read stack bytes that were never written."),
        }
    };
    STACK_SPILL_CORRUPT: |_| "The instruction would overwrite or read part of a pointer that was saved on the stack.".into();
    STACK_VARIABLE: |f| format!("The {} of the stack uses an offset that is not bounded well enough.", f.access());
    MISALIGNED: |f| format!("The {} at {} is not aligned.", f.access(), f.subject());
    PACKET_WRITE: |f| format!("{} may not write to the packet.", f.program());
    READ_ONLY_WRITE: |f| format!("{} points to memory that the program may not change.", f.subject());
    SOCK_ACCESS: |f| format!("On {} this field of the socket is not exposed.", f.target());
    BUFFER_ACCESS: |f| format!("The {} reaches outside the buffer that the hook provides.", f.access());
    POINTER_ARITH: |f| match &f.insn {
        Some(insn) => format!("`{insn}` is arithmetic that pointers of this kind do not allow{}.", f.holding()),
        None => "This arithmetic is not allowed on a pointer of this kind.".into(),
    };
    POINTER_SPECULATION: |f| match f.key {
        Some(Key::SpeculativeKind) => format!("{} is moved by a register: the kernel masks such moves for the stack and for map values only.", f.subject()),
        Some(Key::SpeculativeSigns) => format!("The number in {} that moves a pointer may be negative or positive: no mask fits both.", f.subject()),
        Some(Key::SpeculativePaths) => format!("{} is moved here on several paths, which need different masks.", f.subject()),
        Some(Key::SpeculativeValue) => format!("{} would lie outside the map's value, or in one of its special fields.", f.subject()),
        Some(Key::SpeculativeStack) => format!("{} would lie outside the stack.", f.subject()),
        Some(Key::SpeculativeStackVariable | Key::SpeculativeStackAccess) => format!("The offset into the stack in {} is not a constant.", f.subject()),
        _ => "The pointer's offset can leave the range that the verifier accepts.".into(),
    };
    POINTER_COMPARE: |_| "A pointer is compared with something that tells its address.".into();
    PARTIAL_POINTER: |f| format!("Only a part of the pointer in {} is copied.", f.reg());
    BTF_ACCESS: |f| format!("The {} at {} does not match a field of the kernel structure.", f.access(), f.subject());
    MAP_PTR_FIELD: |f| if f.key == Some(Key::MapExpected) {
        format!("{} is used as a map, but it is none.", f.subject())
    } else {
        format!("{} is the map itself, not one of its values, and is accessed as memory.", f.subject())
    };
    SPECIAL_FIELD: |f| format!("The {} touches a field that only its own helpers may use.", f.access());
    CROSS_FRAME: |_| "A pointer into this function's stack would outlive the function.".into();
}
