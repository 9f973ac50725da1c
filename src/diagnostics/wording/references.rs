//! 3xx: references, locks and critical sections.

use super::{Facts, pages};

/// What is wrong with a call inside, or outside, a critical section.
fn section(f: &Facts, otherwise: &str) -> String {
    if f.words.contains("requires RCU") {
        format!("{} must be called inside an RCU read section.", f.callee())
    } else if f.words.contains("cannot be used inside") {
        format!(
            "{} is called inside a section that is still open.",
            f.callee()
        )
    } else {
        otherwise.into()
    }
}

pages! {
    REF_LEAK: |f| match &f.origin {
        Some(origin) => format!("A kernel object, acquired {origin}, is still held where the program ends."),
        None => "A kernel object that the program acquired is still held here.".into(),
    },
        "An object that is never released leaks kernel memory for ever, or keeps a socket or task alive.",
        "Release it on every path, error paths included (`bpf_sk_release`, `bpf_ringbuf_submit` or `_discard`, `bpf_task_release`, ...), also where a bound check returns early.";
    REF_NOT_ACQUIRED: |f| format!("{} releases something that the program does not hold.", f.callee()),
        "Releasing twice, or releasing what another owns, frees memory that is in use.",
        "Release each acquired object once, with the same variable that the acquiring call returned.";
    REF_STATE: |f| format!("{} is not a pointer that the kernel vouches for.", f.argument()),
        "Pointers that were read from memory may be stale; functions that take objects want one that is held, trusted by the hook, or protected by RCU.",
        "Acquire it (`bpf_task_acquire`, `bpf_kptr_xchg`), use the hook's own argument, or stay within `bpf_rcu_read_lock()`.";
    SPIN_LOCK: |_| "A spin lock is taken, released or left in a way that cannot be proven balanced.".into(),
        "A lock held twice or for ever stops a processor.",
        "Take one lock at a time, release it on every path in the same function, and lock the value that you then change.";
    HOLDING_LOCK: |f| format!("{} is called while a lock is held.", f.callee()),
        "Under a spin lock only a few quick operations are safe; a call may take a lock again or sleep.",
        "Do the call before the lock or after the unlock; copy what you need.";
    RCU: |f| section(f, "An RCU read section is not balanced, or its pointers are used outside it."),
        "Objects protected by RCU may vanish as soon as the section ends.",
        "Pair `bpf_rcu_read_lock` and `bpf_rcu_read_unlock` on every path, and acquire what you keep.";
    PREEMPT: |f| section(f, "A section without preemption is not balanced, or something in it may sleep."),
        "With preemption off the processor cannot be given to anyone else.",
        "Pair `bpf_preempt_disable` and `bpf_preempt_enable` on every path and call nothing that sleeps between them.";
    IRQ: |f| section(f, "A section without interrupts is not balanced, or is left in the wrong order."),
        "Interrupt state is saved and restored like a stack; a lost flag leaves the processor deaf.",
        "Restore each `bpf_local_irq_save` once, in reverse order, on every path.";
    SLEEPABLE: |f| format!("{} may sleep, and here nothing may.", f.callee()),
        "This program, or this section of it, runs where the kernel cannot switch tasks.",
        "Make the program sleepable (`SEC(\"fentry.s/...\")`, `lsm.s`, `uprobe.s`), or use the variant that does not sleep.";
}
