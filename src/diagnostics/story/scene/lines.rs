//! New and changed lines of the source around the refused one.

use alloc::sync::Arc;

use super::{MAX_HEAD, Scene};
use crate::diagnostics::c_function::{self, Function};
use crate::diagnostics::c_text;
use crate::diagnostics::source::plain_return;
use crate::diagnostics::story::edit::{Edit, Place};
use crate::object::Type;
use crate::prelude::*;

impl Scene<'_> {
    /// Whether the refused instruction stands in the program's own function, and what
    /// C returns from the one it stands in: `return 0;` and the number.
    pub fn give_up(&self) -> (String, Option<i32>) {
        use crate::helpers_spec::ProgType as P;
        let at = self.program.subprog_at(self.insn as u32).unwrap_or(0);
        let in_main = at == 0;
        let around = self
            .line(self.insn)
            .and_then(|l| self.function(&l.file, l.line));
        let kind = around.as_ref().and_then(|f| f.returns());
        match kind.as_deref() {
            Some("void") => return ("return;".into(), Some(0)),
            Some(k) if k.ends_with('*') => return ("return 0;".into(), Some(0)),
            _ => {}
        }
        // What an inlined function returns is not what the program does.
        let in_main = in_main && around.is_none_or(|f| self.is_own(&f));
        let sub = self.program.subprogs.get(at);
        let btf = self.program.btf.as_deref();
        let result = sub.zip(btf).and_then(|(s, btf)| {
            let Type::Func { proto, .. } = btf.ty(s.func_type)? else {
                return None;
            };
            let Type::FuncProto { ret, .. } = btf.ty(proto)? else {
                return None;
            };
            Some(btf.skip_mods_typedefs(ret))
        });
        if result == Some(0) {
            return ("return;".into(), Some(0));
        }
        let (text, number) = match self.program.prog_type {
            P::Xdp if in_main => ("XDP_PASS", 2),
            P::CgroupSkb
            | P::CgroupSockAddr
            | P::CgroupSock
            | P::CgroupSockopt
            | P::CgroupDevice
            | P::CgroupSysctl
                if in_main =>
            {
                ("1", 1)
            }
            P::SkReuseport | P::SkMsg | P::SkSkb | P::SkLookup if in_main => ("1", 1),
            _ => ("0", 0),
        };
        (format!("return {text};"), Some(number))
    }

    /// The C function around a line, where the file at hand is the one that was built.
    pub fn function(&self, file: &str, line: u32) -> Option<Arc<Function>> {
        let text = (self.files)(file)?;
        let (_, there) = text.line(line)?;
        let same = match self.program.line_info.of_source(file, line) {
            Some(l) => l.text.trim() == there.trim(),
            None => plain_return(there).is_some(),
        };
        text.function(line).filter(|_| same)
    }

    /// Whether a C function is the one that is verified, and not one that the compiler put
    /// into it.
    pub fn is_own(&self, function: &Function) -> bool {
        let at = self.program.subprog_at(self.insn as u32).unwrap_or(0);
        let sub = self.program.subprogs.get(at).map(|s| &*s.name);
        let main = (at == 0).then_some(&*self.program.name);
        sub.into_iter().chain(main).any(|name| function.named(name))
    }

    /// Whether the object carries a word in one of its lines, so that it may be shown.
    pub fn carries(&self, word: &str) -> bool {
        let mut lines = self.program.line_info.iter();
        lines.any(|l| c_function::mentions(&l.text, word))
    }

    /// New statements before the one at an instruction; none where that one itself, up to
    /// there, gives a value to what they name.
    pub fn insert_before(&self, insn: usize, statements: &[String]) -> Option<Edit> {
        let l = self.line(insn)?;
        // Another statement on the same line comes first.
        let before = l.text.get(..(l.col as usize).saturating_sub(1))?;
        if before.contains(';') {
            return None;
        }
        let edit = self.insert_at(&l.file, l.line, statements)?;
        let place = (l.line, (l.col as usize).saturating_sub(1));
        self.may_precede(&l.file, edit.line, place, statements)
            .then_some(edit)
    }

    /// Whether statements may come before the one that begins at a line and goes on to a
    /// line and byte: nothing on the way there gives a value to what they name, or is a
    /// condition of what they follow.
    pub fn may_precede(
        &self,
        file: &str,
        from: u32,
        (line, byte): (u32, usize),
        statements: &[String],
    ) -> bool {
        let Some(function) = self.function(file, line) else {
            return false;
        };
        let rows = function.between(from, line + 1);
        let way: Vec<&str> = rows
            .map(|(number, code)| {
                // What is set to what is read there is not set before; where the place is
                // that of the whole statement, nothing tells.
                match code.get(..byte) {
                    Some(before) if number == line && !before.trim().is_empty() => before,
                    _ => code,
                }
            })
            .collect();
        let way = way.join("\n");
        let mut names = statements.iter().flat_map(|s| c_function::words(s));
        let set = names.any(|(_, name)| c_function::sets(&way, name));
        let follows = statements.iter().any(|s| s.contains("->"));
        !(set || follows && c_function::guards(&way))
    }

    /// Whether the statement behind a new one has a name in it: what is about another
    /// statement does not belong there.
    pub fn is_about(&self, edit: &Edit, name: &str) -> bool {
        let Some(function) = self.function(&edit.file, edit.line) else {
            return false;
        };
        let rows = function.between(edit.line, edit.line + MAX_HEAD);
        let mut own = Vec::new();
        for (_, code) in rows {
            own.push(code);
            if code.contains([';', '{']) {
                break;
            }
        }
        own.iter().any(|code| c_function::mentions(code, name))
    }

    /// Whether a name is known where new statements stand, as far as words tell: a
    /// parameter, a variable of the program, or one that was named above.
    pub fn names(&self, edit: &Edit, name: &str) -> bool {
        let Some(function) = self.function(&edit.file, edit.line) else {
            return false;
        };
        let first = name.split(['-', '.']).next().unwrap_or(name);
        let (begin, _) = function.lines();
        let mut above = function.between(begin, edit.line);
        function.has_parameter(first)
            || self.is_global(first)
            || above.any(|(_, code)| c_function::mentions(code, first))
    }

    /// Where a statement can be put before the one at a line: in the C function around
    /// it, as the file at hand has it.
    pub fn before(&self, file: &str, line: u32) -> Option<u32> {
        self.text(file, line).filter(|t| !c_text::assembler(t))?;
        let at = self.function(file, line)?.statement(line)?;
        (line - at <= MAX_HEAD).then_some(at)
    }

    /// New statements before the one at a line.
    pub fn insert_at(&self, file: &str, line: u32, statements: &[String]) -> Option<Edit> {
        let at = self.before(file, line)?;
        // Only a line that the object carries may be shown.
        let text = self.text(file, at)?;
        let new = statements
            .iter()
            .map(|s| c_text::indented(&text, s))
            .collect();
        Some(Edit {
            file: file.to_owned(),
            line: at,
            place: Place::Before,
            new,
            old: text,
        })
    }

    /// A piece of a line replaced.
    pub fn replace(
        &self,
        file: &str,
        line: u32,
        old: String,
        (from, to): (usize, usize),
        with: &str,
    ) -> Option<Edit> {
        let new = format!("{}{with}{}", old.get(..from)?, old.get(to..)?);
        Some(Edit {
            file: file.to_owned(),
            line,
            place: Place::Instead,
            new: vec![new],
            old,
        })
    }
}
