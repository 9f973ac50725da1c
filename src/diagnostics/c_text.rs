//! A little C, read from single lines: what a call is given, what an assignment sets,
//! which variable an expression begins with.
//!
//! This serves names and edits, never a verdict or a claim: where a line is not as
//! expected, there is no name and no edit. Lines come from anyone; every index is
//! checked.

use crate::prelude::*;

pub(super) fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text is one name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(word) && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether what stands right of `=` is one value, and none computed from it: a variable, a
/// member, an element, a call, perhaps cast.
pub(super) fn one_value(right: &str) -> bool {
    one(right).is_some_and(ends)
}

/// Whether it is computed by one operation from two values.
pub(super) fn one_operation(right: &str) -> bool {
    let code = right.split([';', ',']).next().unwrap_or("");
    let second = || {
        let rest = one(code)?.trim_start();
        one(rest.trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>']))
    };
    !code.contains('(') && second().is_some_and(ends)
}

/// What follows one value.
fn one(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let operand = text.trim_start_matches(['*', '&', ' ']);
    let end = unary(text, 0).filter(|end| *end > 0)?;
    (!operand.starts_with(['!', '~', '-'])).then(|| text.get(end..))?
}

/// Whether an expression ends there.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with([';', ',', ')']) || rest.starts_with("//")
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

/// The variable or member that an operator at a place changes: `i` of `i += 3` and `i++`.
pub(super) fn changed_at(line: &str, at: usize) -> Option<&str> {
    let rest = line.get(at..)?;
    let operators = rest.trim_start_matches(['+', '-', '*', '/', '%', '|', '&', '^', '<', '>']);
    let operator = rest.get(..rest.len() - operators.len())?;
    let assigns = matches!(
        operator,
        "+" | "-" | "*" | "/" | "%" | "|" | "&" | "^" | "<<" | ">>"
    ) && operators.starts_with('=')
        && !operators.starts_with("==");
    let stepped = matches!(operator, "++" | "--");
    let left = line.get(..at)?;
    let direct = left.ends_with(word);
    (assigns || stepped && direct)
        .then(|| left_of(left))
        .flatten()
}

/// The pointer that an expression follows: `v` of `v->a.b`, `*v`, `v[3]` and `*(v + 1)`,
/// and of `ntohs(v->a)`, which a macro makes of it.
pub(super) fn followed(expr: &str) -> Option<&str> {
    if let Some(given) = given_alone(expr) {
        return followed(given).filter(|_| given.contains("->"));
    }
    // A cast names a type.
    let cast = expr.contains(")(") || expr.contains(" *)") || expr.contains(") ");
    if cast {
        return None;
    }
    let inner = expr.trim_start_matches(['*', '&', '!', '(', ' ']);
    let end = inner.find(|c: char| !word(c)).unwrap_or(inner.len());
    let mut name = inner.get(..end)?;
    let rest = inner.get(end..)?;
    if rest.trim_start().starts_with('(') {
        return None;
    }
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

/// The only argument of what is a call, and nothing else.
fn given_alone(expr: &str) -> Option<&str> {
    let open = expr
        .find('(')
        .filter(|&at| is_name(expr.get(..at).unwrap_or("").trim()))?;
    let close = closing(expr, open)?;
    let whole = expr.get(close + 1..)?.trim().is_empty();
    let given = expr.get(open + 1..close)?.trim();
    (whole && !given.is_empty() && pieces(expr, open + 1, close).len() == 1).then_some(given)
}

/// The expression of a single access: compilers name the member that is read, so what
/// follows it is read by another one. `a->b` of `a->b->c` at `b`.
pub(super) fn access_at(line: &str, at: usize) -> (usize, usize) {
    let (from, to) = super::source::expression_at(line, at);
    let rest = line.get(at..).unwrap_or("");
    if rest.starts_with('*') {
        return (from, unary(line, at).unwrap_or(to));
    }
    let name = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
    if name == 0 || rest.get(name..).is_some_and(|r| r.starts_with('(')) {
        return (from, to);
    }
    // What is indexed is named by where it begins.
    let chain = line.get(at..to).unwrap_or("");
    let end = match chain.rfind(']') {
        Some(close) if from == at => at + close + 1,
        // Some compilers name every access by where its expression begins.
        None if from == at && chain.contains("->") => to,
        _ => indices(line, at + name).min(to),
    };
    (from, end)
}

/// Where the indices end that begin at a place.
fn indices(line: &str, mut at: usize) -> usize {
    while line.get(at..).is_some_and(|r| r.starts_with('[')) {
        match closing(line, at) {
            Some(close) => at = close + 1,
            None => break,
        }
    }
    at
}

/// Where the expression ends that begins at a place with operators of one operand, casts
/// and brackets: a member, an index and a call belong to it, a sum does not.
fn unary(line: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = line.get(at..)?;
        at += rest.len()
            - rest
                .trim_start_matches([' ', '*', '&', '!', '~', '-'])
                .len();
        let rest = line.get(at..)?;
        if !rest.starts_with('(') {
            break;
        }
        at = closing(line, at)? + 1;
        // What follows a cast is what is cast.
        let after = line.get(at..)?;
        if !after.starts_with(|c: char| word(c) || matches!(c, '(' | '*' | '&')) {
            break;
        }
    }
    let rest = line.get(at..)?;
    at += rest.find(|c: char| !word(c)).unwrap_or(rest.len());
    loop {
        let rest = line.get(at..)?;
        if rest.starts_with(['[', '(']) {
            at = closing(line, at)? + 1;
        } else {
            let member = rest.strip_prefix("->").or_else(|| rest.strip_prefix('.'));
            let Some(member) = member else { break };
            let name = member.find(|c: char| !word(c)).unwrap_or(member.len());
            at += rest.len() - member.len() + name;
        }
    }
    Some(at)
}

/// Whether an expression does nothing but give a value: it calls nothing, sets nothing.
pub(super) fn pure(expr: &str) -> bool {
    let calls = expr.match_indices('(').any(|(at, _)| {
        let before = expr.get(..at).unwrap_or("").trim_end();
        before.ends_with(|c: char| word(c) || c == ']') && !before.ends_with("sizeof")
    });
    let sets = expr.contains(['=', '"', ';', '{', ',', '?']) || expr.contains("++");
    !calls && !sets && !expr.contains("--")
}

/// The end, in C, of what an expression reads, and the pointer whose members it reads
/// if it is one of those: `(void *)(v + 1)` and `v` of `v->a`.
pub(super) fn end_of(expr: &str) -> Option<(String, Option<&str>)> {
    let expr = expr.trim().trim_start_matches(['!', '~']);
    if let Some(given) = given_alone(expr) {
        return end_of(given).filter(|_| given.contains("->"));
    }
    if !pure(expr) || expr.starts_with('&') {
        return None;
    }
    if let Some(pointer) = expr.strip_prefix('*') {
        let pointer = pointer.trim();
        return (!pointer.is_empty()).then(|| (format!("(void *)({pointer} + 1)"), None));
    }
    let member = expr.rfind("->");
    let index = expr.rfind(']').filter(|&at| member.is_none_or(|m| m < at));
    if let Some(close) = index {
        // An array in a variable is no place in what a pointer leads to.
        let own = expr
            .find('.')
            .is_some_and(|d| expr.find("->").is_none_or(|a| d < a));
        let end = format!("(void *)(&{} + 1)", expr.get(..=close)?);
        return (!own).then_some((end, None));
    }
    let base = expr.get(..member?)?;
    let begins = base.starts_with(|c: char| word(c) || c == '(');
    begins.then(|| (format!("(void *)({base} + 1)"), Some(base)))
}

/// What a line sets to a member of the context, and to what: `end` and
/// `(void *)(long)ctx->data_end`; nothing else may be computed.
pub(super) fn set_to<'a>(line: &'a str, member: &str) -> Option<(&'a str, &'a str)> {
    let code = line.split("//").next().unwrap_or(line);
    let mut begin = 0;
    let mut found = None;
    for statement in code.split_inclusive(';') {
        let end = begin + statement.trim_end_matches(';').len();
        for (from, to) in pieces(code, begin, end) {
            let piece = line.get(from..to)?;
            let Some(equals) = piece.find('=') else {
                continue;
            };
            let right = piece.get(equals + 1..)?.trim();
            if context_member(right).is_some_and(|(_, m)| m == member) {
                found = left_of(piece.get(..equals)?).map(|name| (name, right));
            }
        }
        begin += statement.len();
    }
    found
}

/// The variable or member at the end of what stands left of `=`.
pub(super) fn left_of(left: &str) -> Option<&str> {
    let left = left.trim_end();
    let start = left
        .rfind(|c: char| !word(c) && !matches!(c, '-' | '>' | '.'))
        .map_or(0, |i| i + 1);
    let name = left.get(start..)?;
    let before = left.get(..start)?.trim_end();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && !before.ends_with([')', '(', ','])).then_some(name)
}

/// `ctx` and `data` of `(void *)(long)ctx->data`.
pub(super) fn context_member(expr: &str) -> Option<(&str, &str)> {
    let mut expr = expr.trim();
    while expr.starts_with('(') {
        let close = closing(expr, 0)?;
        let after = expr.get(close + 1..)?.trim();
        expr = if after.is_empty() {
            expr.get(1..close)?.trim()
        } else {
            after
        };
    }
    let (base, member) = expr.split_once("->")?;
    (is_name(base) && is_name(member)).then_some((base, member))
}

/// What is called at a place of a line.
pub(super) fn called_at(line: &str, at: usize) -> Option<&str> {
    let rest = line.get(at..)?;
    let end = rest.find(|c: char| !word(c))?;
    let name = rest.get(..end)?;
    (is_name(name) && rest.get(end..)?.trim_start().starts_with('(')).then_some(name)
}

/// Whether a line calls a function or macro.
pub(super) fn calls(line: &str) -> bool {
    line.match_indices('(').any(|(at, _)| {
        let before = line.get(..at).unwrap_or("").trim_end();
        let start = before.rfind(|c: char| !word(c)).map_or(0, |i| i + 1);
        let name = before.get(start..).unwrap_or("");
        let other = ["if", "while", "for", "switch", "return", "sizeof"].contains(&name);
        is_name(name) && !other
    })
}

/// An expression without the casts before it.
pub(super) fn uncast(expr: &str) -> &str {
    let mut expr = expr.trim();
    while expr.starts_with('(') {
        let Some(close) = closing(expr, 0) else { break };
        let after = expr.get(close + 1..).unwrap_or("").trim();
        if !after.starts_with(|c: char| word(c) || c == '(') {
            break;
        }
        expr = after;
    }
    expr
}

/// The index in `table[i]`: the table, the index, and the index's byte range.
pub(super) fn indexed(expr: &str) -> Option<(&str, &str, (usize, usize))> {
    let open = expr.find('[')?;
    let close = closing(expr, open)?;
    let index = expr.get(open + 1..close)?.trim();
    Some((expr.get(..open)?.trim(), index, (open + 1, close)))
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
    fn operators_tell_what_they_change() {
        let check = |line: &str, part: &str, expect: Option<&str>| {
            assert_eq!(changed_at(line, line.find(part).unwrap()), expect, "{line}");
        };
        check("\ti += 3;", "+=", Some("i"));
        check("\tv->n <<= 3;", "<<=", Some("v->n"));
        check("for (; i < 3; i++)", "++", Some("i"));
        check("\t++i;", "++", None);
        check("if (i == 3)", "==", None);
        check("if (i <= 3)", "<=", None);
        check("x = i + 3;", "+", None);
        check("x = i + 3;", "=", None);
    }

    #[test]
    fn values_stand_alone_or_with_one_operation() {
        let check = |right: &str, value, operation| {
            assert_eq!(one_value(right), value, "{right}");
            assert_eq!(one_operation(right), operation, "{right}");
        };
        check(" wide;", true, false);
        check(" (__u32)v->n, b = 3;", true, false);
        check(" f(a, b) // as\n", true, false);
        check(" a[3];", true, false);
        check(" f(a - 1);", true, false);
        check(" (int)-a;", false, false);
        check(" !a;", false, false);
        check(" wide + 8;", false, true);
        check(" a << 3, b;", false, true);
        check(" wide + 8 * n;", false, false);
        check(" (a + b) * c;", false, false);
        check(" a ? b : c;", false, false);
        check(" -a;", false, false);
        check(" ~a;", false, false);
        check("", false, false);
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
    fn core_reads_are_written_as_the_macro_takes_them() {
        assert_eq!(
            core_read("a->b->c.d").as_deref(),
            Some("BPF_CORE_READ(a, b, c.d)")
        );
        assert_eq!(core_read("a.b"), None);
        assert_eq!(core_read("f(a)->b"), None);
    }

    #[test]
    fn macros_and_functions_are_no_variables() {
        let check = |expr: &str, expect| assert_eq!(followed(expr), expect, "{expr}");
        check("ntohs(h->x)", Some("h"));
        check("bpf_ntohs(h->x.y)", Some("h"));
        check("f(a, b->x)", None);
        check("__builtin_memcpy(d, s->x, 6)", None);
        check("FIELD(h)", None);
        check("f(x)->y", None);
    }

    #[test]
    fn an_access_ends_where_its_member_does() {
        let check = |line: &str, at, expect: &str| {
            let (from, to) = access_at(line, line.find(at).unwrap());
            assert_eq!(&line[from..to], expect, "{line}");
        };
        check("return a->b->c > 3;", "b", "a->b");
        check("return a->b->c > 3;", "c", "a->b->c");
        check("x = a->d.b[i].c;", "b[", "a->d.b[i]");
        check("x = p[3] & 1;", "p", "p[3]");
        check("x = a->d[1] & 1;", "a", "a->d[1]");
        check("x = a->d.b[1]->c;", "a", "a->d.b[1]");
        check("x = *(__u32 *)p & 3;", "*(", "*(__u32 *)p");
        check("x = *(p + 9) & 3;", "*(", "*(p + 9)");
        check("*p = 3;", "= 3", "*p");
        check("a->b[2] = 3;", "= 3", "a->b[2]");
        check("if (ntohs(h->x) == 3)", "ntohs", "ntohs(h->x)");
    }

    #[test]
    fn the_end_of_an_access_is_written_where_it_is_sure() {
        let check = |expr: &str, expect: Option<&str>| {
            let got = end_of(expr);
            assert_eq!(got.as_ref().map(|(e, _)| e.as_str()), expect, "{expr}");
        };
        check("ip->ttl", Some("(void *)(ip + 1)"));
        check("a->b.c", Some("(void *)(a + 1)"));
        check("eth->h_dest[5]", Some("(void *)(&eth->h_dest[5] + 1)"));
        check("p[i]", Some("(void *)(&p[i] + 1)"));
        check("a->b[i].c", Some("(void *)(&a->b[i] + 1)"));
        check("*p", Some("(void *)(p + 1)"));
        check("*(__u32 *)p", Some("(void *)((__u32 *)p + 1)"));
        check("*(p + 9)", Some("(void *)((p + 9) + 1)"));
        check("((struct x *)p)->m", Some("(void *)(((struct x *)p) + 1)"));
        check("bswap16(h->x)", Some("(void *)(h + 1)"));
        check("p[i++]", None);
        check("f(x)->y", None);
        check("*f(x)", None);
        check("v", None);
        check("s.x", None);
        check("s.x[3]", None);
        check("f(a)", None);
    }

    #[test]
    fn what_is_set_to_a_member_of_the_context_is_found() {
        let check = |line: &str, expect| assert_eq!(set_to(line, "data_end"), expect, "{line}");
        check(
            "void *end = (void *)(long)ctx->data_end;",
            Some(("end", "(void *)(long)ctx->data_end")),
        );
        check(
            "void *a = (void *)(long)c->data, *b = (void *)(long)c->data_end;",
            Some(("b", "(void *)(long)c->data_end")),
        );
        check(
            "cur.end = (void *)(long)ctx->data_end;",
            Some(("cur.end", "(void *)(long)ctx->data_end")),
        );
        check("c->end = ctx->data_end;", Some(("c->end", "ctx->data_end")));
        check("struct c c = { .end = (void *)(long)ctx->data_end };", None);
        check("long n = ctx->data_end - ctx->data;", None);
        check("if (p + 1 > (void *)(long)ctx->data_end)", None);
        check("x = ctx->data_end2;", None);
    }
}
