//! 3xx: references, locks and critical sections.

use super::{Facts, pages};
use crate::abstract_interp::refusal::Key;
use crate::prelude::*;

/// What is wrong with a call inside, or outside, a critical section.
fn section(f: &Facts, otherwise: &str) -> String {
    if f.key == Some(Key::KfuncNeedsRcu) {
        format!("{} must be called inside an RCU read section.", f.callee())
    } else if f.key == Some(Key::SectionOpen) {
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
    };
    REF_NOT_ACQUIRED: |f| format!("{} releases something that the program does not hold.", f.callee());
    REF_STATE: |f| format!("{} is not a pointer that the kernel vouches for.", f.argument());
    SPIN_LOCK: |_| "A spin lock is taken, released or left in a way that cannot be proven balanced.".into();
    HOLDING_LOCK: |f| format!("{} is called while a lock is held.", f.callee());
    RCU: |f| section(f, "An RCU read section is not balanced, or its pointers are used outside it.");
    PREEMPT: |f| section(f, "A section without preemption is not balanced, or something in it may sleep.");
    IRQ: |f| section(f, "A section without interrupts is not balanced, or is left in the wrong order.");
    SLEEPABLE: |f| format!("{} may sleep, and here nothing may.", f.callee());
}
