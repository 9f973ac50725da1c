//! A main function and the subprograms it needs, one after the other.
//!
//! The order is libbpf's and decides every instruction number: walking a
//! function's instructions, each call of (or address of) a subprogram that is
//! not placed yet appends it, and the walk goes on in it before it returns to
//! the caller. The exception callback comes last, if nothing calls it.

use super::Context;
use super::relocs::{Reloc, Target};
use crate::prelude::*;
use crate::programs::insn::Insn;
use crate::programs::program::Subprog;
use alloc::collections::BTreeMap;

const LD_IMM64: u8 = 0x18;
const CALL: u8 = 0x85;
const PSEUDO_CALL: u8 = 1;
const PSEUDO_FUNC: u8 = 4;

/// More instructions than the load command takes.
pub(super) const MAX_INSNS: usize = 1_000_000;

/// A function within the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Index in `Object::functions`.
    pub function: usize,
    /// Its first instruction.
    pub start: u32,
}

/// The instructions of a program and where they are from.
#[derive(Default)]
pub(super) struct Assembly {
    pub insns: Vec<Insn>,
    pub placed: Vec<Placed>,
    /// The exception callback, as an index in `placed`.
    pub exception_cb: Option<usize>,
}

struct Assembler<'a> {
    context: &'a Context<'a>,
    out: Assembly,
    /// Where functions were placed.
    starts: BTreeMap<usize, u32>,
}

/// A function being walked.
struct Walk {
    function: usize,
    start: u32,
    next: u32,
}

impl Assembler<'_> {
    fn place(&mut self, function: usize) -> Result<Walk, String> {
        let code = self.context.codes.get(function).ok_or("no such function")?;
        let start = self.out.insns.len() as u32;
        if self.out.insns.len().saturating_add(code.insns.len()) > MAX_INSNS.saturating_mul(2) {
            return Err("more instructions than any kernel takes".into());
        }
        let own = size_of::<Subprog>().saturating_add(size_of::<Placed>());
        let bytes = code.insns.len().saturating_mul(size_of::<Insn>());
        self.context.spend(bytes.saturating_add(own))?;
        self.out.insns.extend_from_slice(&code.insns);
        self.out.placed.push(Placed { function, start });
        Ok(Walk {
            function,
            start,
            next: 0,
        })
    }

    /// The function that an instruction refers to, if it refers to one.
    fn callee(
        &self,
        walk: &Walk,
        at: u32,
        insn: Insn,
        reloc: Option<&Reloc>,
    ) -> Result<Option<usize>, String> {
        let object = self.context.object;
        let caller = object
            .functions
            .get(walk.function)
            .ok_or("no such function")?;
        let target = reloc.map(|r| r.target);
        let is_call =
            insn.opcode == CALL && insn.src == PSEUDO_CALL && insn.dst == 0 && insn.off == 0;
        let is_address = insn.opcode == LD_IMM64
            && (insn.src == PSEUDO_FUNC || matches!(target, Some(Target::Function { .. })));
        if !is_call && !is_address {
            return Ok(None);
        }
        let imm = i64::from(insn.imm);
        let index = match target {
            Some(Target::ExternCall(_)) => return Ok(None),
            Some(Target::Call { offset }) => {
                ((offset / 8) as i64).saturating_add(imm).saturating_add(1)
            }
            Some(Target::Function { offset }) => (offset as i64).saturating_add(imm) / 8,
            Some(_) => {
                return Err(format!(
                    "instruction {at} of {} has a relocation of another kind",
                    caller.name
                ));
            }
            None if is_address => {
                return Err(format!(
                    "the function address at {at} of {} has no relocation",
                    caller.name
                ));
            }
            None => ((caller.offset / 8) as i64)
                .saturating_add(i64::from(at))
                .saturating_add(imm)
                .saturating_add(1),
        };
        let found = u64::try_from(index).ok().and_then(|i| i.checked_mul(8));
        let found = found
            .filter(|_| object.text != 0)
            .and_then(|at| object.function_at(object.text, at));
        match found {
            Some(function) => Ok(Some(function)),
            None => Err(format!(
                "instruction {at} of {} calls what is no function in .text",
                caller.name
            )),
        }
    }

    fn walk(&mut self, first: Walk) -> Result<(), String> {
        let mut stack = vec![first];
        while let Some(walk) = stack.last_mut() {
            let context = self.context;
            let relocs = context.relocs.get(walk.function).map_or(&[][..], |r| r);
            let len = context
                .codes
                .get(walk.function)
                .map_or(0, |c| c.insns.len()) as u32;
            if walk.next >= len {
                stack.pop();
                continue;
            }
            let at = walk.next;
            walk.next = at.saturating_add(1);
            let slot = walk.start.saturating_add(at) as usize;
            let Some(insn) = self.out.insns.get(slot).copied() else {
                continue;
            };
            if insn.opcode != CALL && insn.opcode != LD_IMM64 {
                continue;
            }
            let reloc = relocs
                .binary_search_by_key(&at, |r| r.insn)
                .ok()
                .and_then(|i| relocs.get(i));
            let here = Walk {
                function: walk.function,
                start: walk.start,
                next: at,
            };
            let Some(callee) = self.callee(&here, at, insn, reloc)? else {
                continue;
            };
            let start = match self.starts.get(&callee) {
                Some(start) => *start,
                None => {
                    let walk = self.place(callee)?;
                    let start = walk.start;
                    self.starts.insert(callee, start);
                    stack.push(walk);
                    start
                }
            };
            if let Some(insn) = self.out.insns.get_mut(slot) {
                insn.imm = (start as i32).wrapping_sub(slot as i32).wrapping_sub(1);
                if insn.opcode == LD_IMM64 {
                    insn.src = PSEUDO_FUNC;
                }
            }
        }
        Ok(())
    }
}

/// Puts a program together. `Err` is why a loader fails.
pub(super) fn assemble(context: &Context<'_>, main: usize) -> Result<Assembly, String> {
    let mut assembler = Assembler {
        context,
        out: Assembly::default(),
        starts: BTreeMap::new(),
    };
    let walk = assembler.place(main)?;
    assembler.walk(walk)?;
    if let Some(callback) = context.exception_callback(main)? {
        if !assembler.starts.contains_key(&callback) {
            let walk = assembler.place(callback)?;
            assembler.starts.insert(callback, walk.start);
            assembler.walk(walk)?;
        }
        assembler.out.exception_cb = assembler
            .out
            .placed
            .iter()
            .position(|p| p.function == callback);
    }
    Ok(assembler.out)
}
