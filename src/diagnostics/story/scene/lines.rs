//! New and changed lines of the source around the refused one.

use super::{MAX_HEAD, Scene};
use crate::diagnostics::c_text;
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
        if let Some(kind) = self.enclosing_return() {
            match kind.as_str() {
                "void" => return ("return;".into(), Some(0)),
                k if k.ends_with('*') => return ("return 0;".into(), Some(0)),
                _ => {}
            }
        }
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

    /// The return type of the C function around the refused line, where the file is at
    /// hand; inlined functions have no type information of their own.
    fn enclosing_return(&self) -> Option<String> {
        let l = self.line(self.insn)?;
        let disk = (self.files)(&l.file)?;
        let lines: Vec<&str> = (1..=l.line)
            .map_while(|n| disk.line(n).map(|(_, t)| t))
            .collect();
        let head = lines.iter().rev().find(|line| {
            line.starts_with(|c: char| c.is_ascii_alphabetic())
                && line.contains('(')
                && !line.ends_with(';')
        })?;
        let before = head.split('(').next()?;
        let words: Vec<&str> = before.split_whitespace().collect();
        let noise = [
            "static",
            "inline",
            "__always_inline",
            "__noinline",
            "__weak",
            "const",
        ];
        let kind: Vec<&str> = words
            .iter()
            .copied()
            .filter(|w| !noise.contains(w))
            .collect();
        let (&name, ty) = kind.split_last()?;
        let star = if name.starts_with('*') { "*" } else { "" };
        (!ty.is_empty()).then(|| format!("{}{star}", ty.join(" ")))
    }

    /// New statements before the one at an instruction.
    pub fn insert_before(&self, insn: usize, statements: &[String]) -> Option<Edit> {
        let l = self.line(insn)?;
        self.insert_at(&l.file, l.line, statements)
    }

    /// New statements before the one at a line.
    pub fn insert_at(&self, file: &str, line: u32, statements: &[String]) -> Option<Edit> {
        let mut at = line;
        let mut text = self.text(file, at).filter(|t| !c_text::assembler(t))?;
        // A statement may begin further up, or hang on a condition without braces.
        for _ in 0..MAX_HEAD {
            let above = at.checked_sub(1);
            let before = above.and_then(|n| self.there(file, n).or_else(|| self.text(file, n)));
            let hangs = before.as_deref().is_some_and(c_text::continues);
            if c_text::begins_statement(&text) && !hangs {
                break;
            }
            // Only a line that the object carries may be shown.
            at -= 1;
            text = self.text(file, at)?;
            // What a loop counts is not there above it.
            if ["for", "while"]
                .iter()
                .any(|w| text.trim_start().starts_with(w))
            {
                return None;
            }
        }
        if !c_text::begins_statement(&text) {
            return None;
        }
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
