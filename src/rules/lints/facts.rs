//! What the lints share: the calls of a program, and what is asked of them
//! often. Costly views are made when a lint first asks.

use alloc::collections::BTreeMap;
use core::cell::{Cell, OnceCell};

use super::flow::Flow;
use super::guard::{self, Region};
use super::written::Written;
use crate::abstract_interp::{Observed, Pointee, Verification};
use crate::cfg::Cfg;
use crate::helpers_spec::{self, SpecVersion};
use crate::object::MapDef;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee, ImmRef, Op};
use crate::programs::program::CoreRecord;
use crate::target::Target;

/// What the lints read.
#[derive(Clone, Copy)]
pub struct LintInput<'a> {
    /// An accepted program.
    pub program: &'a Program,
    /// The kernel that accepts it.
    pub target: &'a Target,
    /// Its instructions, decoded.
    pub ops: &'a [Op],
    /// Its control flow; without it, lints that follow values stay silent.
    pub cfg: Option<&'a Cfg>,
    /// What its verification saw.
    pub observed: &'a Observed,
    /// What its verification said.
    pub verification: &'a Verification,
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called<'a> {
    Helper(u32),
    Kfunc(&'a str),
}

/// A call of a helper or kernel function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub insn: usize,
    pub callee: Called<'a>,
    /// Some path comes here.
    pub reached: bool,
}

impl Call<'_> {
    /// The name as C calls it.
    pub fn name(&self) -> &str {
        match self.callee {
            Called::Helper(id) => helpers_spec::helper_name(id).unwrap_or("an unknown helper"),
            Called::Kfunc(name) => name,
        }
    }
}

pub(super) struct Facts<'a> {
    pub program: &'a Program,
    pub target: &'a Target,
    pub spec: SpecVersion,
    pub ops: &'a [Op],
    pub cfg: Option<&'a Cfg>,
    pub observed: &'a Observed,
    pub verification: &'a Verification,
    /// Helper and kfunc calls, by instruction.
    pub calls: Vec<Call<'a>>,
    flow: OnceCell<Option<Flow<'a>>>,
    dead: OnceCell<Vec<Region>>,
    callers: OnceCell<BTreeMap<usize, Vec<usize>>>,
    written: OnceCell<Written>,
    /// Dead slots that may still be looked at.
    pub dead_steps: Cell<usize>,
}

impl<'a> Facts<'a> {
    pub fn new(input: &LintInput<'a>) -> Facts<'a> {
        let program = input.program;
        let calls = input.ops.iter().enumerate().filter_map(|(insn, op)| {
            let callee = match *op {
                Op::Call(Callee::Helper(id)) => Called::Helper(u32::try_from(id).ok()?),
                Op::Call(Callee::Kfunc { imm, .. }) => {
                    let kfunc = program.kfuncs.get(usize::try_from(imm).ok()?)?;
                    Called::Kfunc(&kfunc.name)
                }
                _ => return None,
            };
            Some(Call {
                insn,
                callee,
                reached: input.observed.reached(insn),
            })
        });
        Facts {
            calls: calls.collect(),
            program,
            target: input.target,
            spec: input.target.spec,
            ops: input.ops,
            cfg: input.cfg,
            observed: input.observed,
            verification: input.verification,
            flow: OnceCell::new(),
            dead: OnceCell::new(),
            callers: OnceCell::new(),
            written: OnceCell::new(),
            dead_steps: Cell::new(guard::ALL_STEPS),
        }
    }

    /// Where values come from; `None` without control flow.
    pub fn flow(&self) -> Option<&Flow<'a>> {
        let make = || Some(Flow::new(self.program, self.ops, self.cfg?));
        self.flow.get_or_init(make).as_ref()
    }

    /// The parts of the program that no path reaches.
    pub fn dead(&self) -> &[Region] {
        self.dead.get_or_init(|| guard::regions(self))
    }

    /// By the first slots of functions, those that call them or take their addresses.
    pub fn callers(&self) -> &BTreeMap<usize, Vec<usize>> {
        self.callers.get_or_init(|| guard::callers(self.ops))
    }

    /// What functions write of their stacks.
    pub fn written(&self) -> &Written {
        self.written.get_or_init(|| Written::new(self))
    }

    /// The call of a helper or kernel function at a slot.
    pub fn call_at(&self, insn: usize) -> Option<Called<'a>> {
        let at = self.calls.binary_search_by_key(&insn, |c| c.insn).ok()?;
        self.calls.get(at).map(|c| c.callee)
    }

    /// Calls of these helpers that some path reaches.
    pub fn reached_helpers<'s>(
        &'s self,
        ids: &'s [u32],
    ) -> impl Iterator<Item = (&'s Call<'a>, u32)> + 's {
        self.calls.iter().filter_map(move |call| match call.callee {
            Called::Helper(id) if call.reached && ids.contains(&id) => Some((call, id)),
            _ => None,
        })
    }

    /// Whether the program may call a helper on the target.
    pub fn may_call(&self, helper: u32) -> bool {
        let p = self.program;
        helpers_spec::helper_allowed(
            helper,
            p.prog_type,
            p.attach_type,
            p.attach_to.as_deref(),
            p.sleepable,
            self.spec,
        ) && helpers_spec::helper_main(helper, self.spec).is_some()
    }

    /// The map that an argument of a reached call is, if it is one map; not one that was
    /// looked up in another, which may be any.
    pub fn map_argument(&self, insn: usize, arg: usize) -> Option<(u32, &'a MapDef)> {
        let mut found = None;
        for args in self.observed.calls(insn) {
            let Some(Pointee::Map(map)) = args.get(arg.checked_sub(1)?) else {
                return None;
            };
            if found.is_some_and(|m| m != *map) {
                return None;
            }
            found = Some(*map);
        }
        let map = found?;
        Some((map, self.program.maps.get(map as usize)?))
    }

    /// The map whose value every path's base register points into; of a map that was looked
    /// up in another, the other's index, and what all those in it are like.
    pub fn value_of(&self, insn: usize) -> Option<(u32, &'a MapDef)> {
        let of = |map: u32| self.program.maps.get(map as usize);
        match *self.observed.bases(insn) {
            [Pointee::MapValue(map)] => Some((map, of(map)?)),
            [Pointee::InnerValue(map)] => Some((map, of(map)?.inner.as_deref()?)),
            _ => None,
        }
    }

    /// Whether user space was to say how many entries a map has, and nobody knows.
    pub fn is_of_any_length(&self, map: &MapDef) -> bool {
        let mut assumed = self.program.assumes.iter();
        assumed.any(|a| a.key == "max_entries" && a.map == map.name)
    }

    /// The map that an instruction loads the address of.
    pub fn map_loaded(&self, insn: usize) -> Option<u32> {
        match self.ops.get(insn)? {
            Op::LdImm64 {
                src: ImmRef::MapIdx(map),
                ..
            } => Some(*map),
            _ => None,
        }
    }

    /// The CO-RE relocation of an instruction.
    pub fn core_at(&self, insn: usize) -> Option<&'a CoreRecord> {
        core_at(self.program, insn)
    }
}

/// The CO-RE relocation of an instruction.
pub(super) fn core_at(program: &Program, insn: usize) -> Option<&CoreRecord> {
    let all = &program.core_relocs;
    let at = all.partition_point(|r| (r.insn as usize) < insn);
    all.get(at).filter(|r| r.insn as usize == insn)
}

/// `byte 3`, `bytes 4 to 7`.
pub(super) fn stretch(first: i64, last: i64) -> String {
    match first == last {
        true => format!("byte {first}"),
        false => format!("bytes {first} to {last}"),
    }
}

/// `1 byte`, `8 bytes`.
pub(super) fn bytes(n: u64) -> String {
    match n {
        1 => "1 byte".to_owned(),
        _ => format!("{n} bytes"),
    }
}
