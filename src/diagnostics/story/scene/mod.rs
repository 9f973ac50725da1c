//! What a story is told from: the program, the refusal, the walked path, and names
//! for what they are about.

use crate::abstract_interp::refusal::{Held, Key, Refusal};
use crate::abstract_interp::value::{Kind, MapRef, Reg};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Call, Flow, Made, Node, Test};
use crate::diagnostics::names;
use crate::diagnostics::source::{SourceText, line_of, plain_return};
use crate::diagnostics::wording::Nature;
use crate::helpers_spec::SpecVersion;
use crate::object::MapDef;
use crate::prelude::*;
use crate::programs::effects::Memory;
use crate::programs::insn::{Callee, Op, Src};
use crate::programs::{Line, Program};
use crate::target::Target;

use super::{Access, Event, Happened, Object, Range};

mod lines;
mod types;

pub(super) use types::Array;

/// A refusal with everything that is known around it.
pub(in crate::diagnostics) struct Scene<'a> {
    pub program: &'a Program,
    pub ops: &'a [Op],
    pub target: &'a str,
    pub kernel: Option<&'a Target>,
    pub refusal: &'a Refusal,
    pub insn: usize,
    pub flow: Flow,
    pub path: Vec<u32>,
    files: SourceText<'a>,
}

/// Lines above the refused one that are searched for the head of a statement.
const MAX_HEAD: u32 = 8;

impl<'a> Scene<'a> {
    pub fn new(
        program: &'a Program,
        ops: &'a [Op],
        (target, kernel): (&'a str, Option<&'a Target>),
        files: SourceText<'a>,
        refusal: &'a Refusal,
        insn: usize,
    ) -> Scene<'a> {
        // A loop is found when its jump has been done: the path ends there.
        let mut path = refusal.path.clone();
        if path
            .last()
            .is_some_and(|&last| last as usize != refusal.insn)
        {
            path.extend(u32::try_from(refusal.insn));
        }
        let from_entry = !refusal.path_truncated && path.first() == Some(&0);
        let flow = Flow::walk(ops, &path, from_entry, &names::packet_fields(program));
        Scene {
            program,
            ops,
            target,
            kernel,
            refusal,
            insn,
            flow,
            path,
            files,
        }
    }

    /// The facts of the target's series.
    pub fn spec(&self) -> SpecVersion {
        self.kernel.map_or(names::FACTS, |k| k.spec)
    }

    pub fn key(&self) -> Option<Key> {
        self.refusal.key()
    }

    pub fn op(&self) -> Option<Op> {
        self.ops.get(self.insn).copied()
    }

    /// The memory that the refused instruction names.
    pub fn memory(&self) -> Option<Memory> {
        self.op()?.effects().memory
    }

    /// Whether all is computed with whole registers, as compilers do for the processors
    /// v1 and v2.
    pub fn whole_registers(&self) -> bool {
        let half = |op: &Op| matches!(op, Op::Alu { w, .. } | Op::Jmp { w, .. } if w.is32());
        !self.ops.iter().any(half)
    }

    /// The register at fault, or the one that the instruction is about.
    pub fn reg(&self) -> Option<u8> {
        let base = || self.memory().map(|m| m.base);
        self.refusal.reg.or_else(base).or_else(|| match self.op()? {
            Op::Alu { dst, .. } | Op::Jmp { dst, .. } => Some(dst),
            Op::Exit => Some(0),
            _ => None,
        })
    }

    /// What a register held, as the engine knows it.
    pub fn held(&self, reg: u8) -> Option<&'a Reg> {
        let (_, held) = self.refusal.regs.iter().find(|(n, _)| *n == reg)?;
        match held {
            Held::Known(reg) => Some(reg),
            Held::Logged(_) => None,
        }
    }

    /// What a register held in general, also where only a log tells.
    pub fn nature(&self, reg: u8) -> Option<Nature> {
        let (_, held) = self.refusal.regs.iter().find(|(n, _)| *n == reg)?;
        Nature::of(held)
    }

    pub fn node(&self, reg: u8) -> Option<Node> {
        self.flow.regs.get(reg as usize).copied()
    }

    /// The name of the called function.
    pub fn callee(&self) -> Option<String> {
        match self.op()? {
            Op::Call(callee) => Some(names::callee(self.program, callee, self.insn)),
            _ => None,
        }
    }

    pub fn line(&self, insn: usize) -> Option<Line<'a>> {
        line_of(self.program, insn)
    }

    pub fn line_number(&self, insn: usize) -> Option<u32> {
        self.line(insn).map(|l| l.line)
    }

    /// A line of a file as the object carries it, with the indentation that it has there;
    /// of another line only a `return` of a small number.
    pub fn text(&self, file: &str, line: u32) -> Option<String> {
        let carried = self.program.line_info.of_source(file, line);
        let carried = carried.filter(|l| !l.text.trim().is_empty());
        let there = self.there(file, line);
        let Some(carried) = carried else {
            return plain_return(&there?).map(str::to_owned);
        };
        let same = there.filter(|t| t.trim() == carried.text.trim());
        Some(same.unwrap_or_else(|| carried.text.to_string()))
    }

    /// A line as the file at hand has it: to decide by, never to show.
    fn there(&self, file: &str, line: u32) -> Option<String> {
        let text = (self.files)(file)?;
        text.line(line).map(|(_, t)| t.to_owned())
    }

    /// The expression at an instruction's place, if it is short and whole.
    pub fn expr(&self, insn: usize) -> Option<&'a str> {
        let l = self.line(insn).filter(|l| !c_text::assembler(&l.text))?;
        let at = (l.col as usize).checked_sub(1)?;
        let (from, to) = crate::diagnostics::source::expression_at(&l.text, at);
        let expr = l.info.text.get(from..to)?;
        crate::diagnostics::build::readable(expr).then_some(expr)
    }

    /// The expression of the access at an instruction: of `a->b->c` what is read there.
    pub fn accessed(&self, insn: usize) -> Option<&'a str> {
        let l = self.line(insn).filter(|l| !c_text::assembler(&l.text))?;
        let at = (l.col as usize).checked_sub(1)?;
        let (from, to) = c_text::access_at(&l.text, at);
        let expr = l.info.text.get(from..to)?;
        (1..=60).contains(&expr.len()).then_some(expr)
    }

    /// What is read where the pointer itself comes from: its variable, or the expression.
    fn read_here(&self, reg: u8) -> Option<&'a str> {
        let def = self.flow.def(self.flow.root(self.node(reg)?));
        let place = |insn| self.line(insn).map(|l| (l.line, l.col));
        let here = def.insn != self.insn && place(def.insn) == place(self.insn);
        (matches!(def.made, Made::Load { .. }) && here).then_some(())?;
        let l = self.line(def.insn)?;
        let at = (l.col as usize).checked_sub(1)?;
        c_text::assigned(&l.info.text, at).or_else(|| self.accessed(def.insn))
    }

    /// The text from a call's line on, up to where the call ends.
    fn call_text(&self, insn: usize) -> Option<(u32, String)> {
        let l = self.line(insn)?;
        let mut text = l.text.to_string();
        let callee = match self.ops.get(insn)? {
            Op::Call(callee) => names::callee(self.program, *callee, insn),
            _ => return None,
        };
        for more in 1..MAX_HEAD {
            if c_text::arguments(&text, &callee).is_some() || !text.contains(&callee) {
                break;
            }
            text.push('\n');
            text.push_str(&self.text(&l.file, l.line + more)?);
        }
        Some((l.line, text))
    }

    /// The text of an argument (from 1) of the call at a slot.
    pub fn argument(&self, insn: usize, number: u8) -> Option<String> {
        let (_, text) = self.call_text(insn)?;
        let callee = match self.ops.get(insn)? {
            Op::Call(callee) => names::callee(self.program, *callee, insn),
            _ => return None,
        };
        let all = c_text::arguments(&text, &callee)?;
        let &(from, to) = all.get(usize::from(number).checked_sub(1)?)?;
        let words: Vec<&str> = text.get(from..to)?.split_whitespace().collect();
        Some(words.join(" ")).filter(|t| t.len() <= 60)
    }

    /// The one line of the call with the place of an argument in it.
    pub fn argument_place(&self, number: u8) -> Option<(Line<'a>, String, (usize, usize))> {
        let l = self.line(self.insn)?;
        let line = self.text(&l.file, l.line)?;
        let all = c_text::arguments(&line, &self.callee()?)?;
        let place = *all.get(usize::from(number).checked_sub(1)?)?;
        Some((l, line, place))
    }

    /// The variable that a call's result goes to.
    pub fn assigned(&self, insn: usize) -> Option<String> {
        let l = self.line(insn)?;
        let at = (l.col as usize).checked_sub(1)?;
        if let Some(&Op::Call(callee)) = self.ops.get(insn) {
            // What a macro makes of a call's result is not the result.
            let made = c_text::called_at(&l.text, at);
            let callee = names::callee(self.program, callee, insn);
            if made.is_some_and(|name| !callee.starts_with(name)) {
                return None;
            }
        }
        if let Some(name) = c_text::assigned(&l.text, at) {
            return Some(name.to_owned());
        }
        // `x =` on the line before.
        let before = self.text(&l.file, l.line.checked_sub(1)?)?;
        let before = before.trim_end();
        before
            .ends_with('=')
            .then(|| c_text::assigned(before, before.len()).map(str::to_owned))?
    }

    /// The variable that holds a value as it was made: nothing else is computed in between.
    pub fn put_into(&self, node: Node) -> Option<String> {
        let def = self.flow.def(node);
        let l = self.line(def.insn)?;
        let at = (l.col as usize).checked_sub(1)?;
        if let Some(name) = c_text::changed_at(&l.text, at) {
            return matches!(def.made, Made::Arith { .. }).then(|| name.to_owned());
        }
        let name = self.assigned(def.insn)?;
        // A call may end on a later line.
        let text = self.call_text(def.insn);
        let text = text.map_or_else(|| l.text.to_string(), |(_, text)| text);
        let from = text.get(..at)?.rfind('=').map_or(0, |e| e + 1);
        let right = text.get(from..)?;
        let whole = match def.made {
            Made::Arith { kept: false, .. } => c_text::one_operation(right),
            _ => c_text::one_value(right),
        };
        whole.then_some(name)
    }

    /// What the pointer that is followed, or handed over, is called in the source.
    pub fn pointer_name(&self, reg: u8) -> Option<String> {
        if self.callee().is_some() {
            return self
                .argument(self.insn, reg)
                .or_else(|| self.maker_name(reg));
        }
        // A variable alone is not followed, but copied.
        let expr = self
            .accessed(self.insn)
            .filter(|e| e.contains(['*', '[']) || e.contains("->"));
        self.read_here(reg)
            .or_else(|| expr.and_then(c_text::followed))
            .map(str::to_owned)
            .or_else(|| self.maker_name(reg))
    }

    /// The variable to which the call that made a register's value assigned it.
    pub fn maker_name(&self, reg: u8) -> Option<String> {
        let def = self.flow.def(self.flow.root(self.node(reg)?));
        matches!(def.made, Made::Call(_)).then(|| self.assigned(def.insn))?
    }

    /// The same in backquotes, or words for it.
    pub fn pointer_words(&self, reg: u8) -> String {
        match self.pointer_name(reg) {
            Some(name) => format!("`{name}`"),
            None if self.callee().is_some() => format!("argument {reg}"),
            None => "the pointer".into(),
        }
    }

    pub fn map(&self, map: MapRef) -> Option<&'a MapDef> {
        let map_def = self.program.maps.get(map.index())?;
        if map.is_inner() {
            map_def.inner.as_deref()
        } else {
            Some(map_def)
        }
    }

    /// The memory that a pointer of known size leads to, and its size.
    pub fn object(&self, reg: &Reg, node: Option<Node>) -> Option<(Object, u64)> {
        match reg.kind {
            Kind::MapValue { map, .. } => {
                let def = self.map(map)?;
                let name = def.name.to_string();
                let object = if def.is_data() {
                    Object::Globals(name)
                } else {
                    Object::MapValue(name)
                };
                Some((object, def.value_size.into()))
            }
            Kind::MapKey { map, .. } => {
                let def = self.map(map)?;
                Some((Object::MapKey(def.name.to_string()), def.key_size.into()))
            }
            Kind::Mem { size, .. } => {
                let made = node.map(|n| self.flow.def(self.flow.root(n)));
                let object = match made.map(|d| (d.made, d.insn)) {
                    Some((Made::Call(callee), insn)) => {
                        Object::Of(names::callee(self.program, callee, insn))
                    }
                    _ => Object::Memory,
                };
                Some((object, size.into()))
            }
            Kind::Stack { .. } => Some((Object::Stack, 512)),
            _ => None,
        }
    }

    /// The refused access itself.
    pub fn access(&self) -> Access {
        match self.memory() {
            Some(m) => Access {
                write: Some(m.access.writes()),
                bytes: m.size.bytes().into(),
                by: None,
            },
            None => Access {
                write: None,
                bytes: self.refusal.number("size").unwrap_or(0).max(0) as u64,
                by: self.callee(),
            },
        }
    }

    /// The constant offset of the refused access.
    pub fn offset(&self) -> i64 {
        self.memory().map_or(0, |m| m.off.into())
    }

    /// The last comparison whose operand a predicate picks.
    pub fn last_test(&self, pick: impl Fn(&Test) -> bool) -> Option<Test> {
        self.flow.tests.iter().rev().find(|t| pick(t)).copied()
    }

    /// The calls of the path that a predicate picks, with their names.
    pub fn calls(&self, pick: impl Fn(&Call, &str) -> bool) -> Vec<(Call, String)> {
        let named = self.flow.calls.iter().map(|c| {
            let name = names::callee(self.program, c.callee, c.insn);
            (*c, name)
        });
        named.filter(|(c, name)| pick(c, name)).collect()
    }

    /// The last call on the path that may move the packet; calls of whole functions
    /// count where one of theirs does.
    pub fn packet_moved_after(&self, step: usize) -> Option<(usize, usize, String)> {
        let calls = self.calls(|c, _| {
            c.step > step
                && match c.callee {
                    Callee::Local(rel) => self.function_moves_packet(c.insn, rel),
                    callee => names::moves_packet(self.program, callee),
                }
        });
        let (call, name) = calls.into_iter().next_back()?;
        Some((call.step, call.insn, name))
    }

    fn function_moves_packet(&self, insn: usize, rel: i32) -> bool {
        let mut seen = Vec::new();
        let mut work = vec![insn as i64 + 1 + i64::from(rel)];
        while let Some(start) = work.pop() {
            if seen.contains(&start) {
                continue;
            }
            seen.push(start);
            let Some(sub) = self
                .program
                .subprogs
                .iter()
                .find(|s| i64::from(s.start) == start)
            else {
                continue;
            };
            for at in sub.start as usize..sub.end as usize {
                match self.ops.get(at) {
                    Some(&Op::Call(Callee::Local(rel))) => {
                        work.push(at as i64 + 1 + i64::from(rel))
                    }
                    Some(&Op::Call(callee)) if names::moves_packet(self.program, callee) => {
                        return true;
                    }
                    _ => {}
                }
            }
        }
        false
    }

    pub fn event(&self, step: usize, insn: usize, kind: Happened) -> Event {
        Event { step, insn, kind }
    }

    /// The number among the operands of pointer arithmetic: its register, node and what
    /// is known of it.
    pub fn number_operand(&self) -> Option<(u8, Node, Range)> {
        let Some(Op::Alu {
            dst,
            src: Src::Reg(src),
            ..
        }) = self.op()
        else {
            return None;
        };
        let number = |r: u8| self.held(r).filter(|held| held.is_scalar());
        let (reg, held) = number(src)
            .map(|h| (src, h))
            .or_else(|| number(dst).map(|h| (dst, h)))?;
        Some((reg, self.node(reg)?, Range::of(&held.bounds)))
    }
}
