//! A little C, read from single lines: what a call is given, what an assignment sets,
//! which variable an expression begins with.
//!
//! This serves names and edits, never a verdict or a claim: where a line is not as
//! expected, there is no name and no edit. Lines come from anyone; every index is
//! checked.

use crate::prelude::*;

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text is one name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(word) && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// The characters of a text that stand outside of quotes, from a byte on.
fn unquoted(text: &str, from: usize) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (None, false);
    let rest = text.char_indices().skip_while(move |(i, _)| *i < from);
    rest.filter(move |&(_, c)| match quoted {
        Some(_) if escaped => {
            escaped = false;
            false
        }
        Some(q) => {
            escaped = c == '\\';
            if c == q {
                quoted = None;
            }
            false
        }
        None if matches!(c, '"' | '\'') => {
            quoted = Some(c);
            false
        }
        None => true,
    })
}

/// Byte index of the bracket that closes the one at `open`; strings are skipped.
pub(super) fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, c) in unquoted(text, open) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// Pieces of a text between commas that stand outside of brackets, as byte ranges.
fn pieces(text: &str, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut depth = 0i32;
    let mut begin = from;
    for (i, c) in unquoted(text, from).take_while(|(i, _)| *i < to) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                out.push((begin, i));
                begin = i + 1;
            }
            _ => {}
        }
    }
    out.push((begin, to));
    out
}

fn trimmed(text: &str, (from, to): (usize, usize)) -> Option<(usize, usize)> {
    let piece = text.get(from..to)?;
    let lead = piece.len() - piece.trim_start().len();
    let len = piece.trim().len();
    (len > 0).then_some((from + lead, from + lead + len))
}

/// The arguments of the call of `callee` in a text, as byte ranges; none if the call
/// does not end there.
pub(super) fn arguments(text: &str, callee: &str) -> Option<Vec<(usize, usize)>> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(callee)?;
        let end = at + callee.len();
        let whole = !text.get(..at)?.ends_with(word);
        let rest = text.get(end..)?;
        let open = end + (rest.len() - rest.trim_start().len());
        if whole && text.get(open..)?.starts_with('(') {
            let close = closing(text, open)?;
            return pieces(text, open + 1, close)
                .into_iter()
                .map(|p| trimmed(text, p))
                .collect();
        }
        from = end;
    }
}

/// The variable or member that a line sets to what stands at `at`: `v` of
/// `struct t *v = f(...)`, `ctx->n` of `ctx->n = ...`.
pub(super) fn assigned(line: &str, at: usize) -> Option<&str> {
    let before = line.get(..at)?;
    let equals = before.rfind('=')?;
    let compared = before
        .get(..equals)?
        .ends_with(['=', '!', '<', '>', '+', '-', '*', '/', '|', '&', '^', '%'])
        || before.get(equals + 1..)?.starts_with('=');
    if compared || before.get(equals..)?.contains(';') {
        return None;
    }
    let left = before.get(..equals)?.trim_end();
    let start = left
        .rfind(|c: char| !word(c) && !matches!(c, '-' | '>' | '.' | '[' | ']'))
        .map_or(0, |i| i + 1);
    let name = left.get(start..)?;
    let name = name.trim_start_matches(['-', '>', '.']);
    let ok = !name.is_empty() && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    ok.then_some(name)
}

/// The pointer that an expression follows: `v` of `v->a.b`, `*v`, `v[3]` and `*(v + 1)`.
pub(super) fn followed(expr: &str) -> Option<&str> {
    // A cast names a type.
    let cast = expr.contains(")(") || expr.contains(" *)") || expr.contains(") ");
    if cast {
        return None;
    }
    let inner = expr.trim_start_matches(['*', '&', '!', '(', ' ']);
    let end = inner.find(|c: char| !word(c)).unwrap_or(inner.len());
    let mut name = inner.get(..end)?;
    let rest = inner.get(end..)?;
    // `a->b->c` follows `a->b`.
    if let Some(last) = inner.rfind("->").filter(|_| !inner.contains('(')) {
        let chain = inner.get(..last)?;
        if chain
            .chars()
            .all(|c| word(c) || matches!(c, '-' | '>' | '.'))
        {
            name = chain;
        }
    } else if rest.starts_with('.') {
        return None;
    }
    (!name.is_empty() && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .then_some(name)
}

/// The index in `table[i]`: the table, the index, and the index's byte range.
pub(super) fn indexed(expr: &str) -> Option<(&str, &str, (usize, usize))> {
    let open = expr.find('[')?;
    let close = closing(expr, open)?;
    let index = expr.get(open + 1..close)?.trim();
    Some((expr.get(..open)?.trim(), index, (open + 1, close)))
}

/// A line with the comparison in it turned round.
pub(super) fn turned(line: &str) -> Option<String> {
    let pairs = [
        (" <= ", " > "),
        (" >= ", " < "),
        (" < ", " >= "),
        (" > ", " <= "),
    ];
    let (old, new) = pairs
        .iter()
        .find(|(old, _)| line.matches(old).count() == 1)?;
    Some(line.replacen(old, new, 1))
}

/// Whether a line holds a text of assembler, perhaps by a macro.
pub(super) fn assembler(line: &str) -> bool {
    let mut from = 0;
    while let Some(rest) = line.get(from..) {
        let Some(at) = rest.to_ascii_lowercase().find("asm") else {
            return false;
        };
        let before = line.get(..from + at).unwrap_or("");
        let after = rest.get(at + 3..).unwrap_or("");
        let after = after.trim_start_matches('_').trim_start();
        let opens = ["(", "volatile", "__volatile__", "goto"];
        let whole = !before.trim_end_matches('_').ends_with(word);
        if whole && opens.iter().any(|w| after.starts_with(w)) {
            return true;
        }
        from += at + 3;
    }
    false
}

/// Whether a line compares a variable as it is with something.
pub(super) fn compares(line: &str, name: &str) -> bool {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find(name)) {
        let (start, end) = (from + at, from + at + name.len());
        let before = line.get(..start).unwrap_or("");
        let after = line.get(end..).unwrap_or("").trim_start();
        let whole = !before.ends_with(|c| word(c) || matches!(c, '>' | '.'))
            && !line.get(end..).unwrap_or("").starts_with(word);
        let less = after.starts_with('<') && !after.starts_with("<<");
        let greater = after.starts_with('>') && !after.starts_with(">>");
        if whole && !name.is_empty() && (less || greater) {
            return true;
        }
        from = end.max(from + 1);
    }
    false
}

/// A number in C.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(['u', 'U', 'l', 'L']);
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `a->b->c.d` as `BPF_CORE_READ` takes it: `a, b, c.d`.
pub(super) fn core_read(expr: &str) -> Option<String> {
    let clean = expr
        .chars()
        .all(|c| word(c) || matches!(c, '-' | '>' | '.' | '[' | ']'));
    let parts: Vec<&str> = expr.split("->").collect();
    (clean && parts.len() > 1 && parts.iter().all(|p| !p.is_empty()))
        .then(|| format!("BPF_CORE_READ({})", parts.join(", ")))
}

/// The white space that a line begins with.
pub(super) fn indent(line: &str) -> &str {
    line.get(..line.len() - line.trim_start().len())
        .unwrap_or("")
}

/// A statement as deep as a line; a tab before it is one step of that line's kind.
pub(super) fn indented(like: &str, statement: &str) -> String {
    let indent = indent(like);
    match statement.strip_prefix('\t') {
        Some(rest) if indent.starts_with(' ') => format!("{indent}    {rest}"),
        _ => format!("{indent}{statement}"),
    }
}

/// Whether a line leaves the statement that follows it under a condition or loop
/// without braces, or is itself not ended.
pub(super) fn continues(line: &str) -> bool {
    let line = line.split("//").next().unwrap_or(line).trim_end();
    let line = line
        .rfind("/*")
        .map_or(line, |i| line.get(..i).unwrap_or(line))
        .trim_end();
    let line = line.trim();
    !(line.is_empty()
        || line.ends_with([';', '{', '}', ':'])
        || line.starts_with('#')
        || line.ends_with("*/"))
}

/// Whether a new statement may be put before a line, as far as the line itself tells.
pub(super) fn begins_statement(line: &str) -> bool {
    let line = line.trim();
    let first = line.chars().next();
    !(line.starts_with("else")
        || line.starts_with('}')
        || line.starts_with("case ")
        || line.starts_with("SEC(")
        || line.starts_with("int ") && line.contains('(') && line.ends_with('{')
        || first.is_some_and(|c| !(c.is_ascii_alphabetic() || matches!(c, '_' | '*' | '('))))
        && !line.starts_with("} ")
}

/// The statement that a declaration with a value makes without its type: `v = x;` of
/// `void *v = x;`.
pub(super) fn without_type(line: &str) -> Option<String> {
    let text = line.trim();
    let (left, right) = text.split_once('=')?;
    let left = left.trim_end();
    let start = left.rfind(|c: char| !word(c)).map_or(0, |i| i + 1);
    let name = left.get(start..)?;
    let right = right.trim();
    let value = right.get(..right.find(';')?)?;
    (is_name(name) && !value.contains(',')).then(|| format!("{name} = {};", value.trim()))
}

/// The chain of members at a column, from its first name.
pub(super) fn at_column_member(line: &str, column: u32) -> Option<String> {
    let at = (column as usize).checked_sub(1)?;
    let (from, to) = super::source::expression_at(line, at);
    line.get(from..to).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_whole() {
        let line = "\treturn x_call(1) + call(a, f(b, c), \"x,)\");";
        let found = arguments(line, "call").unwrap();
        let texts: Vec<&str> = found.iter().map(|&(a, b)| &line[a..b]).collect();
        assert_eq!(texts, ["a", "f(b, c)", "\"x,)\""]);
        assert_eq!(arguments("call(a, b", "call"), None);
        assert_eq!(arguments("recall(a)", "call"), None);
    }

    #[test]
    fn assignments_name_what_they_set() {
        let check = |line: &str, part: &str, expect: Option<&str>| {
            assert_eq!(assigned(line, line.find(part).unwrap()), expect, "{line}");
        };
        check("struct t *v = f(x);", "f(", Some("v"));
        check("\tctx->n = f(x);", "f(", Some("ctx->n"));
        check("if (a == f(x))", "f(", None);
        check("if ((v = f(x)))", "f(", Some("v"));
        check("f(x);", "f(", None);
    }

    #[test]
    fn expressions_name_the_pointer_they_follow() {
        let check = |expr: &str, expect| assert_eq!(followed(expr), expect, "{expr}");
        check("v->a.b", Some("v"));
        check("*v", Some("v"));
        check("v[3]", Some("v"));
        check("a->b->c", Some("a->b"));
        check("*(u32 *)p", None);
        check("s.x", None);
    }

    #[test]
    fn texts_of_assembler_are_known() {
        let check = |line, expect| assert_eq!(assembler(line), expect, "{line}");
        check("\tasm volatile(\"r0 = 0;\"", true);
        check("\tASM(\"r0 = 0;\");", true);
        check("__asm__ __volatile__ (\"\");", true);
        check("asm goto(\"\");", true);
        check("plasma(3);", false);
        check("asm_count = 3;", false);
    }

    #[test]
    fn comparisons_of_a_variable_as_it_is_are_found() {
        let check = |line, expect| assert_eq!(compares(line, "n"), expect, "{line}");
        check("if (n < 1 || n > 16)", true);
        check("if (n >= 4)", true);
        check("x = n << 3;", false);
        check("if (v->n > 16)", false);
        check("if (len > 16)", false);
        check("if (n + 1 > 16)", false);
    }

    #[test]
    fn core_reads_are_written_as_the_macro_takes_them() {
        assert_eq!(
            core_read("a->b->c.d").as_deref(),
            Some("BPF_CORE_READ(a, b, c.d)")
        );
        assert_eq!(core_read("a.b"), None);
        assert_eq!(core_read("f(a)->b"), None);
    }

    #[test]
    fn declarations_become_assignments() {
        let text = without_type("\tvoid *data = (void *)(long)ctx->data;");
        assert_eq!(text.as_deref(), Some("data = (void *)(long)ctx->data;"));
        assert_eq!(without_type("void *a = x, *b = y;"), None);
    }
}
