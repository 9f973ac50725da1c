//! The C function around a line: where its statements begin, what can be named where.
//!
//! It is read from the file that a program was built from, to decide by, never to show:
//! an edit stands where a compiler takes it, or there is none. What is read is braces and
//! words without comments and texts; no types, no macros. Where a file is not as C usually
//! is, there is no function.

use alloc::sync::Arc;

use super::c_text;
use super::source::Text;
use crate::prelude::*;

/// A line of the function, without comments and texts, as long as it is in the file.
#[derive(Debug)]
struct Row {
    number: u32,
    code: String,
    /// Braces that are open before it, in the whole file.
    braces: u32,
    /// The fewest that are open in it.
    lowest: u32,
    /// Other brackets that are open before it.
    brackets: u32,
}

impl Row {
    fn new(number: u32, code: &str, braces: u32, brackets: u32) -> Row {
        Row {
            number,
            code: code.to_owned(),
            braces,
            lowest: braces,
            brackets,
        }
    }
}

/// Of what the preprocessor chooses from, the first alternative counts, and none of
/// `#if 0`: so braces come in pairs.
#[derive(Default)]
struct Branches(Vec<(bool, bool)>);

impl Branches {
    fn take(&mut self, line: &str) {
        let line = line.trim_start_matches(['#', ' ', '\t']);
        if line.starts_with("if") {
            let never = line.trim_start_matches("if").trim() == "0";
            // Whether this alternative is left out, and whether one counted.
            self.0.push((never, !never));
        } else if line.starts_with("endif") {
            self.0.pop();
        } else if let Some((out, counted)) = self.0.last_mut()
            && line.starts_with("el")
        {
            *out = *counted;
            *counted = true;
        }
    }

    fn left_out(&self) -> bool {
        self.0.iter().any(|(out, _)| *out)
    }
}

/// A function and its lines.
#[derive(Debug)]
pub(super) struct Function {
    /// What stands before its brace: type, name, parameters.
    head: String,
    rows: Vec<Row>,
}

/// Heads of functions are not longer.
const MAX_HEAD: usize = 4096;

/// Words that begin what goes round.
const LOOPS: [&str; 4] = ["for", "while", "do", "bpf_for"];

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The words of a piece of C, with where they begin.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    code.split(|c| !word(c)).filter_map(move |w| {
        let begin = at;
        at += w.len() + 1;
        c_text::is_name(w).then_some((begin, w))
    })
}

/// Whether a name, or a chain of members, stands in a piece of C.
pub(super) fn mentions(code: &str, name: &str) -> bool {
    !places(code, name).is_empty()
}

/// A piece of C with another name in place of one, or of a chain of members.
pub(super) fn renamed(code: &str, name: &str, to: &str) -> String {
    let mut out = code.to_owned();
    for at in places(code, name).into_iter().rev() {
        out.replace_range(at..at + name.len(), to);
    }
    out
}

/// Where a name, or a chain of members, stands as a whole.
fn places(code: &str, name: &str) -> Vec<usize> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(at) = code.get(from..).and_then(|rest| rest.find(name)) {
        let (start, end) = (from + at, from + at + name.len());
        let before = code.get(..start).unwrap_or("");
        let member = before.ends_with("->") || before.ends_with('.');
        let ends = !code.get(end..).unwrap_or("").starts_with(word);
        if !before.ends_with(word) && !member && ends && !name.is_empty() {
            out.push(start);
        }
        from = end.max(from + 1);
    }
    out
}

/// Whether a piece of C gives a name another value.
pub(super) fn sets(code: &str, name: &str) -> bool {
    places(code, name).into_iter().any(|at| {
        let before = code.get(..at).unwrap_or("").trim_end();
        let after = code.get(at + name.len()..).unwrap_or("").trim_start();
        let stepped = ["++", "--"]
            .iter()
            .any(|s| after.starts_with(s) || before.ends_with(s));
        let operators = after.len()
            - after
                .trim_start_matches(['+', '-', '*', '/', '|', '&', '^', '%', '<', '>'])
                .len();
        let rest = after.get(operators..).unwrap_or("");
        let assigned = rest.starts_with('=')
            && !rest.starts_with("==")
            && !matches!(after.get(..operators), Some("<" | ">"));
        let handed = before.ends_with('&') && !before.ends_with("&&");
        stepped || assigned || handed
    })
}

/// Whether what follows a piece of C is done under a condition that stands in it.
pub(super) fn guards(code: &str) -> bool {
    let operators = ["&&", "||", "?"].iter().any(|o| code.contains(o));
    let closed = |at: usize| {
        let open = code.get(at..).and_then(|rest| rest.find('('));
        open.is_some_and(|open| c_text::closing(code, at + open).is_some())
    };
    operators || words(code).any(|(at, w)| w == "else" || w == "if" && closed(at))
}

/// What of a file was read.
#[derive(Default)]
struct Reader {
    braces: u32,
    brackets: u32,
    comment: bool,
    directive: bool,
    branches: Branches,
    /// What may be the head of a function.
    pending: String,
    open: Option<Function>,
    done: Vec<Arc<Function>>,
}

impl Reader {
    /// Reads a line; none where brackets do not come in pairs.
    fn take(&mut self, number: u32, raw: &str) -> Option<()> {
        let mut code = cleaned(raw, &mut self.comment);
        if self.directive || code.trim_start().starts_with('#') {
            if !self.directive {
                self.branches.take(code.trim_start());
            }
            self.directive = raw.trim_end().ends_with('\\');
            code.clear();
        } else if self.branches.left_out() {
            code.clear();
        }
        let row = |r: &Reader| Row::new(number, &code, r.braces, r.brackets);
        let own = self.open.is_some().then(|| row(self));
        if let Some(function) = &mut self.open {
            function.rows.extend(own);
        }
        for c in code.chars() {
            match c {
                '{' => {
                    if self.braces == 0 && is_head(&self.pending) {
                        let head = core::mem::take(&mut self.pending);
                        let rows = vec![row(self)];
                        self.open = Some(Function { head, rows });
                    }
                    self.braces += 1;
                }
                '}' => self.close()?,
                '(' | '[' => self.brackets += 1,
                ')' | ']' => self.brackets = self.brackets.checked_sub(1)?,
                ';' if self.braces == 0 => self.pending.clear(),
                _ => {}
            }
            let heads = self.braces == 0 && !matches!(c, ';' | '}');
            if heads && self.pending.len() < MAX_HEAD {
                self.pending.push(c);
            }
        }
        self.pending.push(' ');
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        self.braces = self.braces.checked_sub(1)?;
        if let Some(row) = self.open.as_mut().and_then(|f| f.rows.last_mut()) {
            row.lowest = row.lowest.min(self.braces);
        }
        if self.braces == 0 {
            self.done.extend(self.open.take().map(Arc::new));
            self.pending.clear();
        }
        Some(())
    }
}

/// Blanks comments, and fills texts with quotes.
fn cleaned(line: &str, comment: &mut bool) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        if *comment {
            if c == '*' && next == Some('/') {
                chars.next();
                *comment = false;
                out.push(' ');
            }
            out.extend(core::iter::repeat_n(' ', c.len_utf8()));
        } else if let Some(q) = quote {
            if c == '\\' && chars.next().is_some() {
                out.push('"');
            } else if c == q {
                quote = None;
            }
            out.extend(core::iter::repeat_n('"', c.len_utf8()));
        } else if c == '/' && next == Some('/') {
            break;
        } else if c == '/' && next == Some('*') {
            chars.next();
            *comment = true;
            out.push_str("  ");
        } else if matches!(c, '"' | '\'') {
            quote = Some(c);
            out.push('"');
        } else {
            out.push(c);
        }
    }
    out
}

impl Function {
    /// All functions of a file that end, in order, up to where it is not as C usually is.
    pub fn all(text: &Text) -> Vec<Arc<Function>> {
        let mut reader = Reader::default();
        for number in 1.. {
            let Some((_, line)) = text.line(number) else {
                break;
            };
            if reader.take(number, line).is_none() {
                break;
            }
        }
        reader.done
    }

    fn index(&self, line: u32) -> Option<usize> {
        self.rows.binary_search_by_key(&line, |r| r.number).ok()
    }

    /// Lines from one on up to before another.
    pub fn between(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, &str)> {
        let rows = self
            .rows
            .iter()
            .filter(move |r| (from..to).contains(&r.number));
        rows.map(|r| (r.number, r.code.as_str()))
    }

    /// The first line, which has the brace, and the last.
    pub fn lines(&self) -> (u32, u32) {
        let number = |r: Option<&Row>| r.map_or(0, |r| r.number);
        (number(self.rows.first()), number(self.rows.last()))
    }

    /// The last character of code before a line.
    fn last_before(&self, index: usize) -> Option<(char, &Row)> {
        let rows = self.rows.get(..index)?.iter().rev();
        rows.filter_map(|r| Some((r.code.trim_end().chars().next_back()?, r)))
            .next()
    }

    /// The line at which the statement around a line begins, if another statement can be
    /// put before it: none in the condition of a loop, or behind a label.
    pub fn statement(&self, line: u32) -> Option<u32> {
        let mut index = self.index(line)?;
        if self.rows.get(index)?.code.trim().is_empty() {
            return None;
        }
        loop {
            let row = self.rows.get(index).filter(|_| index > 0)?;
            let code = row.code.trim();
            if goes_round(code) {
                return None;
            }
            let (last, before) = self.last_before(index)?;
            let ended = matches!(last, ';' | '{' | '}') || last == ':' && label(&before.code);
            let begins =
                !code.is_empty() && !code.starts_with(['}', '{']) && first_word(code) != "else";
            if row.brackets == self.rows.first()?.brackets && ended && begins {
                return (!label(code)).then_some(row.number);
            }
            index -= 1;
        }
    }

    /// Whether what is declared in a line can be named in a later one: its block is open.
    pub fn visible(&self, declared: u32, line: u32) -> bool {
        let (Some(from), Some(to)) = (self.index(declared), self.index(line)) else {
            return false;
        };
        let Some(own) = self.rows.get(from) else {
            return false;
        };
        from < to
            && !own.code.trim_start().starts_with('}')
            && self.rows.get(from + 1..to).is_some_and(|rows| {
                let least = own.braces + u32::from(from == 0);
                rows.iter().all(|r| r.lowest >= least)
            })
    }

    /// Whether a line stands in a loop, as far as words tell.
    pub fn goes_round(&self, line: u32) -> bool {
        let Some(index) = self.index(line) else {
            return true;
        };
        let mut open = self.rows.get(index).map_or(0, |r| r.braces);
        for row in self.rows.get(..index).unwrap_or(&[]).iter().rev() {
            if row.braces < open {
                if words(&row.code).any(|(_, w)| LOOPS.contains(&w) || w.contains("for_each")) {
                    return true;
                }
                open = row.braces;
            }
        }
        // A jump back.
        let labels = self
            .rows
            .get(..index)
            .unwrap_or(&[])
            .iter()
            .filter(|r| label(&r.code));
        let mut named = labels.filter_map(|r| words(&r.code).next().map(|(_, w)| w));
        let after = self.rows.get(index..).unwrap_or(&[]);
        named.any(|l| {
            after
                .iter()
                .any(|r| mentions(&r.code, "goto") && mentions(&r.code, l))
        })
    }

    /// Whether a name is declared as an array.
    pub fn has_array(&self, name: &str) -> bool {
        self.rows.iter().any(|r| {
            places(&r.code, name).into_iter().any(|at| {
                let before = r.code.get(..at).unwrap_or("").trim_end();
                let after = r.code.get(at + name.len()..).unwrap_or("").trim_start();
                let typed = before.ends_with(|c| word(c) || matches!(c, '*' | ','));
                let other = ["return", "else", "case"]
                    .iter()
                    .any(|w| before.ends_with(w));
                let ends = c_text::closing(after, 0).and_then(|close| after.get(close + 1..));
                let declares =
                    ends.is_some_and(|e| e.trim_start().starts_with([';', ',', '=', '[']));
                after.starts_with('[') && typed && !other && declares && declared(before)
            })
        })
    }

    /// The parameters, between their brackets.
    fn parameters(&self) -> Option<(usize, &str)> {
        let mut end = self.head.trim_end();
        loop {
            let open = opening(end)?;
            let before = end.get(..open)?.trim_end();
            if !before.ends_with("__attribute__") {
                return Some((open, end.get(open + 1..end.len() - 1)?));
            }
            end = before.strip_suffix("__attribute__")?.trim_end();
        }
    }

    /// Whether a parameter has this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.parameters().is_some_and(|(_, all)| {
            all.split(',')
                .any(|p| words(p).last().is_some_and(|(_, w)| w == name))
        })
    }

    /// The parameter that points to a structure of this name.
    pub fn parameter_of(&self, structure: &str) -> Option<&str> {
        let (_, all) = self.parameters()?;
        let mut of = all
            .split(',')
            .filter(|p| p.contains('*') && mentions(p, structure));
        words(of.next()?).last().map(|(_, w)| w)
    }

    /// Its name, and the first of what stands in its brackets, which is the name where a
    /// macro makes the function.
    pub fn named(&self, name: &str) -> bool {
        let Some((open, all)) = self.parameters() else {
            return false;
        };
        let own = self.head.get(..open).and_then(|h| words(h).last());
        let first = all.split(',').next().unwrap_or("").trim();
        own.is_some_and(|(_, w)| w == name) || first == name
    }

    /// What it returns, in C: `struct value *`.
    pub fn returns(&self) -> Option<String> {
        const NOISE: [&str; 8] = [
            "static",
            "inline",
            "__always_inline",
            "__noinline",
            "__weak",
            "__hidden",
            "const",
            "extern",
        ];
        let (open, _) = self.parameters()?;
        let head = self.head.get(..open)?.trim_end();
        // Sections and attributes before it end with a bracket.
        let head = head.rsplit(')').next()?;
        let (begin, _) = words(head).last()?;
        let ty = head.get(..begin)?;
        let star = if ty.contains('*') { "*" } else { "" };
        let kind: Vec<&str> = words(ty)
            .map(|(_, w)| w)
            .filter(|w| !NOISE.contains(w))
            .collect();
        (!kind.is_empty()).then(|| format!("{}{star}", kind.join(" ")))
    }
}

/// Whether what stands before a name begins a declaration: it sets and calls nothing.
fn declared(before: &str) -> bool {
    let statement = before.rsplit(';').next().unwrap_or("");
    let statement = statement.trim_start().trim_start_matches(['{', '}']);
    let values = statement.split(',').next().unwrap_or("");
    let own = statement.rsplit(',').next().unwrap_or("");
    c_text::is_name(first_word(statement))
        && !values.contains(['(', '+', '-', '/'])
        && !own.contains('=')
}

fn first_word(code: &str) -> &str {
    let code = code.trim_start();
    let end = code.find(|c| !word(c)).unwrap_or(code.len());
    code.get(..end).unwrap_or("")
}

fn goes_round(code: &str) -> bool {
    let code = code.trim_start_matches(['}', ' ', '\t']);
    let first = first_word(code);
    LOOPS.contains(&first) || first.contains("for_each")
}

/// Whether code begins with a label: `out:`, `case 3:`.
fn label(code: &str) -> bool {
    let code = code.trim();
    let first = first_word(code);
    let rest = code.get(first.len()..).unwrap_or("").trim_start();
    first == "case" || c_text::is_name(first) && rest.starts_with(':')
}

/// Whether what stands before a brace is the head of a function.
fn is_head(text: &str) -> bool {
    let text = text.trim_end();
    text.ends_with(')') && !text.contains('=') && first_word(text) != "typedef"
}

/// Where the bracket opens that ends a text.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (i, c) in text.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
#define TWICE(x) \\
	({ x; x; })
struct opt { int a; };
static __always_inline int one(struct iphdr *ip) { return ip->ttl; }
SEC(\"xdp\")
int prog(struct xdp_md *ctx) /* the { program */
{
	void *data = (void *)(long)ctx->data;
	if (ctx->a &&
	    data)
		return 1; // {
	else
		return 2;
	for (int i = 0; i < 3; i++)
		use(data);
	if (data) {
		void *end = data;
		use(end);
	} else {
		use(data);
	}
	switch (1) {
	case 3:
		use(data);
	case 4: use(data);
	}
	return 0;
}
static const char *name(int n, void *data_end) {
	return \"}\";
}
";

    fn around(line: u32) -> Option<Arc<Function>> {
        Text::new(FILE.to_owned()).function(line)
    }

    #[test]
    fn statements_begin_where_another_can_stand_before() {
        let check = |line, want| {
            let got = around(line).and_then(|f| f.statement(line));
            assert_eq!(got, want, "line {line}");
        };
        check(2, None);
        check(3, None);
        check(4, None);
        check(6, None);
        check(7, None);
        check(8, Some(8));
        check(10, Some(9));
        check(11, Some(9));
        check(13, Some(9));
        check(14, None);
        check(15, None);
        check(18, Some(18));
        check(24, Some(24));
        check(25, None);
        check(27, Some(27));
        check(30, Some(30));
    }

    #[test]
    fn a_file_is_read_once() {
        let text = Text::new(FILE.to_owned());
        let (one, same) = (text.function(8).unwrap(), text.function(27).unwrap());
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &text.function(30).unwrap()));
    }

    #[test]
    fn names_are_seen_while_their_block_is_open() {
        let f = around(8).unwrap();
        assert!(f.visible(8, 27));
        assert!(f.visible(17, 18));
        assert!(!f.visible(17, 20));
        assert!(!f.visible(17, 27));
        assert!(!f.visible(27, 8));
        assert!(!f.goes_round(27));
    }

    #[test]
    fn heads_tell_names_types_and_parameters() {
        let f = around(8).unwrap();
        assert!(f.named("prog") && !f.named("one"));
        assert_eq!(f.returns().as_deref(), Some("int"));
        assert_eq!(f.parameter_of("xdp_md"), Some("ctx"));
        let f = around(30).unwrap();
        assert_eq!(f.returns().as_deref(), Some("char*"));
        assert!(f.has_parameter("data_end") && !f.has_parameter("int"));
        let macro_made = Text::new("int BPF_PROG(f, struct sock *sk)\n{\n\treturn 0;\n}\n".into());
        let f = macro_made.function(3).unwrap();
        assert!(f.named("f"));
    }

    #[test]
    fn arrays_are_told_from_what_is_indexed() {
        let check = |line: &str, want| {
            let file = format!("int f(void)\n{{\n\t{line}\n\treturn 0;\n}}\n");
            let f = Text::new(file).function(3).unwrap();
            assert_eq!(f.has_array("p"), want, "{line}");
        };
        check("__u8 p[6];", true);
        check("struct x a = {}, p[6] = {};", true);
        check("unsigned char p[2][3];", true);
        check("__u8 *p = data;", false);
        check("x = p[3];", false);
        check("x = a * p[3];", false);
        check("return p[3];", false);
        check("f(a, p[3]);", false);
    }

    #[test]
    fn what_gives_a_name_a_value_is_known() {
        let check = |code, want| assert_eq!(sets(code, "p"), want, "{code}");
        check("p = 3;", true);
        check("p += 3;", true);
        check("p <<= 3;", true);
        check("p++;", true);
        check("f(&p);", true);
        check("if (p == 3)", false);
        check("if (p <= 3)", false);
        check("q->p = 3;", false);
        check("x = p;", false);
        check("a && p", false);
        check("pp = 1;", false);
    }

    #[test]
    fn conditions_of_what_follows_are_known() {
        let check = |code, want| assert_eq!(guards(code), want, "{code}");
        check("if (v && x[", true);
        check("if (v)\n\tx = y[", true);
        check("x = v ? y[", true);
        check("if (x[", false);
        check("x = y[", false);
        check("f(a,\n\tb, ", false);
    }

    #[test]
    fn alternatives_of_the_preprocessor_count_once() {
        let file = "int f(void)\n{\n#if 0\n\tif (a) {\n#else\n\tg();\n#endif\n#ifdef X\n\tif (b) {\n#else\n\tif (c) {\n#endif\n\t\th();\n\t}\n\treturn 0;\n}\n";
        let f = Text::new(file.to_owned()).function(13).unwrap();
        let lines = [4, 6, 9, 11, 13, 15].map(|line| f.statement(line));
        assert_eq!(lines, [None, Some(6), Some(9), None, Some(13), Some(15)]);
    }

    #[test]
    fn files_that_are_no_c_have_no_functions() {
        for text in [
            "}",
            "int f(void)\n{\n(",
            "((((",
            "int f(void) {",
            "\"{",
            "/*",
        ] {
            let text = Text::new(text.to_owned());
            assert!((1..4).all(|line| text.function(line).is_none()));
        }
    }
}
