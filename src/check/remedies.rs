//! What becomes of a refusal's helps: each is verified; where one carries past the
//! refusal, verification goes on to the next refusal, and so on.
//!
//! A further refusal assumes the helps of those before it. It is told of the patched
//! program; its instruction is given as the original program counts them.

use super::{Options, TargetChoice};
use crate::abstract_interp::{Input, Refusal};
use crate::diagnostics::{self, Context, Diagnostic, remedy};
use crate::prelude::*;
use crate::programs::{Program, decode};

/// Helps tested in a row on the way to further refusals, at most.
const MAX_FURTHER: usize = 16;

/// Tries what the story advises, so that only what helps is advised, and goes on.
pub(super) fn test(
    program: &Program,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
    processed: u64,
    refusal: &Refusal,
    told: &mut Diagnostic,
) {
    let mut patches = Vec::new();
    let mut next = helped(program, choice, options, processed, refusal, told);
    let mut further: Vec<Diagnostic> = Vec::new();
    while let Some((patch, program, refusal)) = next.take() {
        if further.len() >= options.further.min(MAX_FURTHER) {
            break;
        }
        patches.push(patch);
        let ops = decode(&program.insns);
        let context = Context {
            program: &program,
            ops: &ops,
            target: &choice.target.name,
            kernel: Some(choice.target),
            source_text: options.source_text,
        };
        let mut more = diagnostics::describe(&context, &refusal, choice.target.series());
        let known = |d: &Diagnostic| d.code == more.code && d.place == more.place;
        // What an inlined or unrolled copy repeats is said once.
        let repeated = known(told) || further.iter().any(known);
        next = helped(&program, choice, options, processed, &refusal, &mut more);
        let slot = patches
            .iter()
            .rev()
            .fold(more.insn, |slot, p| remedy::before(p, slot));
        more.insn = slot;
        if repeated {
            if patches.len() > 2 * MAX_FURTHER {
                break;
            }
            continue;
        }
        further.push(more);
    }
    told.further = further;
}

/// A patch, the program with it, and what that is refused for.
type Onward = (diagnostics::story::Patch, Program, Box<Refusal>);

fn helped(
    program: &Program,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
    processed: u64,
    refusal: &Refusal,
    told: &mut Diagnostic,
) -> Option<Onward> {
    let input = Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    let account = || options.account();
    let onward = remedy::test_all(&input, refusal, &mut told.helps, processed, &account);
    if let Some(first) = told.helps.first() {
        told.remedy = diagnostics::as_sentence(first.text.data()).into();
    }
    onward
}
