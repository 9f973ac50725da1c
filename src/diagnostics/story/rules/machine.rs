//! Instructions and control flow: what compilers do not make, or make when something
//! else went wrong.

use super::a_type;
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::story::{Cause, Help, Patch, Scene, Story, Sure};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let number = |name: &str| scene.refusal.number(name).unwrap_or(0);
    let story = match key {
        Key::ZeroDivisor => {
            let expr = scene.expr(scene.insn).map_or_else(String::new, |e| format!(" (`{e}`)"));
            Story::rule(scene, format!("this divides by the constant 0{expr}."))
                .because("A division by a variable that is 0 gives 0; one by the constant is always a mistake.")
                .advise("divide by another constant; where it comes from a macro or a configured value, make it a variable, or leave the division out where it is 0")
        }
        Key::ShiftCount => Story::rule(scene, format!("this shifts by {}, which is not less than the number's width.", number("count")))
            .advise("shift by less than 32, or 64 for numbers of 64 bits"),
        Key::RegisterAbsent => Story::rule(scene, "the instruction names a register above R10, which programs do not have.")
            .advise("use R0 to R10")
            .by(Cause::Compiler, Sure::Medium),
        Key::Undecodable => Story::rule(scene, format!("the instruction `{}` has a field set that must be 0, or names what there is not.", crate::diagnostics::names::instruction(scene.program, scene.ops, scene.insn)))
            .because("Unused fields are kept for later kernels, which give them a meaning.")
            .advise("leave instructions to a compiler; in assembler or generated code clear what the instruction does not use")
            .by(Cause::Compiler, Sure::Medium),
        Key::Unreachable => Story::rule(scene, "no path from the program's beginning leads to this instruction.")
            .because("Every instruction is verified by the paths that reach it; what none reaches cannot be.")
            .advise("take the dead code out; compilers do so with `-O2`, and leave it behind `__builtin_unreachable`, endless loops and hand-written assembler")
            .by(Cause::Compiler, Sure::Medium),
        Key::JumpOutside | Key::JumpIntoWide | Key::JumpTableOutside => Story::rule(scene, format!("the jump leads to instruction {}, outside of its function or into the middle of another instruction.", number("target")))
            .advise("count offsets from the instruction after the jump, in slots of 8 bytes (a 64-bit constant takes two)")
            .by(Cause::Compiler, Sure::Medium),
        Key::NoJumpTable | Key::NoEntry | Key::JumpRegister | Key::JumpIndex | Key::JumpOffset | Key::JumpTableWidth => Story::rule(scene, "the jump goes by a table whose entries or index are not shown to be right.")
            .advise("compile with `-fno-jump-tables`")
            .by(Cause::Compiler, Sure::Medium),
        Key::RunsOffEnd | Key::InsnIndex => Story::rule(scene, "control runs past the end of the function.")
            .because("Compilers leave such an end where a function returns nothing, or after what they take for impossible.")
            .advise("return a number at the function's end")
            .by(Cause::Source, Sure::Medium),
        Key::LegacyLoadProgram => Story::rule(scene, format!("{} program makes a legacy packet load, which is for socket filters and traffic control only.", a_type(scene)))
            .advise("read through packet pointers, or by `bpf_skb_load_bytes`"),
        Key::LegacyLoadContext => Story::rule(scene, "a legacy packet load needs the context in R6.")
            .advise("keep `ctx` in R6 (`r6 = r1`), or use `bpf_skb_load_bytes`"),
        Key::LoopCountPointer => Story::rule(scene, "the number of turns that `bpf_loop` is given is a pointer, over which this target's verifier stumbles.")
            .because("It asks how far the number is known, which it cannot be of an address.")
            .help(Help::say("pass a number of turns").patch(Some(Patch::set(scene, 1, 1))))
            .by(Cause::Verifier, Sure::High),
        Key::AddressDead => Story::rule(scene, "the address of a function is taken and never used, over which this target's verifier stumbles.")
            .because("It drops the unused instruction, and then misses the function that it named.")
            .advise("take the unused mention of the function out, or hand it to a call")
            .by(Cause::Verifier, Sure::High),
        Key::TailCallLater => Story::rule(scene, "a callback that runs later makes a tail call, over which this target's verifier stumbles.")
            .advise("make the tail call in the program itself, or do the callback's work in it")
            .by(Cause::Verifier, Sure::High),
        Key::HistoryTooLong => Story::rule(scene, "the program is sound here, but this target's verifier stumbles over it.")
            .advise("write the part in another way: through a function that is not inlined, or with a branch between")
            .by(Cause::Verifier, Sure::High),
        Key::NoInstructions | Key::TooManySlots => Story::rule(scene, format!("the program has {} instructions, and {} are the most.", number("count"), number("limit")))
            .advise("split it by tail calls"),
        _ => return None,
    };
    Some(story)
}
