//! Addresses that are saved, copied in part, or would be told to somebody.

use super::{callee, holds, made, subject};
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::story::{Cause, Event, Happened, Scene, Story, Sure};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let leak = |where_to: &str, help: &str| {
        Story::rule(
            scene,
            format!("an address of the kernel would go {where_to}, where it can be read as a number."),
        )
        .because("Whoever knows where the kernel's memory lies has less left to break; only a loader with CAP_PERFMON may let it out.")
        .after(made(scene))
        .advise(help)
        .by(Cause::Source, Sure::Medium)
    };
    Some(match key {
        Key::AddressReturned => leak("to whoever runs the program, as its result", "return a number: 0, or what the pointer leads to"),
        Key::AddressIntoMap => leak("into a map", "store what it leads to, or a number that stands for it; kernel pointers are kept in `__kptr` fields, by `bpf_kptr_xchg`"),
        Key::AddressIntoMemory | Key::AddressIntoFlowKeys => leak("into memory that others read", "store what it leads to"),
        Key::AddressIntoPacket => leak("into the packet", "write what it leads to"),
        Key::AddressIntoContext => leak("into the context", "store a number"),
        Key::AddressIntoHelper => leak(&format!("to {}", callee(scene)), "give the function a copy without pointers in it"),
        Key::SavedAddressRead => leak("to the function that reads the stack bytes that it was saved in", "clear the variable before it is handed on (`= {}`), or hand on another"),
        Key::AddressCompared => Story::rule(
            scene,
            format!("{} is compared with something that would tell its address.", subject(scene)),
        )
        .after(made(scene))
        .advise("compare pointers with NULL, or packet pointers with each other, only"),
        Key::AddressCopiedInPart | Key::AddressExtended => Story::rule(
            scene,
            format!("only a part of {} goes on, which is no pointer any more.", holds(scene)),
        )
        .after(made(scene))
        .advise("keep pointers in variables of pointer type, or of 64 bits"),
        Key::FillPartial => partial(scene, "reads a part of a pointer that was saved on the stack"),
        Key::SpillPartial | Key::SavedAddressMangled | Key::SavedInRange => {
            partial(scene, "would overwrite a part of a pointer that was saved on the stack")
        }
        Key::SpillIntoCaller => Story::rule(
            scene,
            "a pointer to this function's stack is stored in its caller's, and would outlive the function.",
        )
        .after(made(scene))
        .advise("let the caller own the memory, and hand its address to this function"),
        Key::StackPointerReturned => Story::rule(
            scene,
            "the function returns a pointer to its own stack, which is gone then.",
        )
        .after(made(scene))
        .advise("let the caller own the memory, and hand its address to this function"),
        Key::FramePointer => Story::rule(scene, "R10 is written, which holds where the function's stack begins.")
            .because("Every access to the stack is shown from R10, so it never changes.")
            .advise("compute in another register (`r1 = r10; r1 += -8`)"),
        _ => return None,
    })
}

fn partial(scene: &Scene<'_>, does: &str) -> Story {
    let who = scene
        .callee()
        .map_or_else(|| "this".to_owned(), |c| format!("`{c}`"));
    Story::rule(scene, format!("{who} {does}."))
        .because("A pointer comes back from the stack whole, as 8 bytes at the place where it was put, or not at all.")
        .after(saved(scene))
        .advise("read and write the whole variable (8 bytes); where two variables share the bytes (`union`, a cast), give each its own")
}

/// The store that saved the pointer.
fn saved(scene: &Scene<'_>) -> Option<Event> {
    let memory = scene.memory()?;
    let (frame, at) = scene.flow.stack(scene.node(memory.base)?)?;
    let at = at + i32::from(memory.off);
    let w = scene
        .flow
        .writes
        .iter()
        .rev()
        .find(|w| w.frame == frame && w.size == 8 && w.at <= at && at < w.at + 8)?;
    Some(scene.event(
        w.step,
        w.insn,
        Happened::Changed("the pointer is saved here".into()),
    ))
}
