//! A little of C's declarations, read from single lines: whether a variable has a sign,
//! how long an array is, whether a line has a constant in it.
//!
//! As in `c_text`, this serves names and advice, never a verdict: what is not declared in
//! a plain way is not known. Macros and types of other files are names like any other.

use super::c_text;
use crate::prelude::*;

/// What is known of a variable by its declaration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// Whether it is a number without a sign; none of what is no number.
    pub unsigned: Option<bool>,
    /// Elements of an array, where they are given as a number.
    pub length: Option<i64>,
    /// Bytes of a number of the type.
    pub size: Option<i64>,
}

impl Declared {
    /// Bytes of an array.
    pub fn bytes(&self) -> Option<i64> {
        self.length?.checked_mul(self.size?)
    }
}

/// Bytes of an integer by the words of its type; none where several have a say.
fn size(words: &[&str]) -> Option<i64> {
    let plain = |w: &&&str| !matches!(**w, "const" | "volatile" | "static" | "unsigned" | "signed");
    let mut words = words.iter().filter(plain);
    let (word, None) = (words.next()?, words.next()) else {
        return None;
    };
    Some(match word.trim_start_matches('_') {
        "char" | "u8" | "s8" | "uint8_t" | "int8_t" | "bool" => 1,
        "short" | "u16" | "s16" | "uint16_t" | "int16_t" | "be16" => 2,
        "int" | "u32" | "s32" | "uint32_t" | "int32_t" | "be32" => 4,
        "long" | "u64" | "s64" | "uint64_t" | "int64_t" | "be64" => 8,
        _ => return None,
    })
}

/// Names of integer types that have no sign, and of those that have one.
const UNSIGNED: &[&str] = &[
    "unsigned",
    "__u8",
    "__u16",
    "__u32",
    "__u64",
    "u8",
    "u16",
    "u32",
    "u64",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "size_t",
    "__be16",
    "__be32",
    "__be64",
    "__le16",
    "__le32",
    "__le64",
    "bool",
    "_Bool",
    "uint",
    "ulong",
    "uintptr_t",
];
const SIGNED: &[&str] = &[
    "int", "long", "short", "char", "signed", "__s8", "__s16", "__s32", "__s64", "s8", "s16",
    "s32", "s64", "int8_t", "int16_t", "int32_t", "int64_t", "ssize_t", "pid_t", "intptr_t",
];

/// Words that begin a statement, and no declaration.
const STATEMENTS: &[&str] = &[
    "return", "goto", "case", "else", "if", "while", "do", "sizeof",
];

/// Whether the words of a type make numbers without a sign.
fn sign(words: &[&str]) -> Option<bool> {
    if words.iter().any(|w| UNSIGNED.contains(w)) {
        return Some(true);
    }
    words.iter().any(|w| SIGNED.contains(w)).then_some(false)
}

/// What a line declares of a variable or parameter; none if it does not.
pub(super) fn declared(line: &str, name: &str) -> Option<Declared> {
    let code = line.split("//").next()?;
    let statements = code.split(['{', '}', '(', ')', ';']);
    statements.into_iter().find_map(|s| in_statement(s, name))
}

fn in_statement(statement: &str, name: &str) -> Option<Declared> {
    let mut of_first: Vec<&str> = Vec::new();
    for piece in statement.split(',') {
        let head = piece.split('=').next()?;
        let (head, length) = match head.split_once('[') {
            Some((head, rest)) => (head, rest.split(']').next().and_then(c_text::number)),
            None => (head, None),
        };
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        // An expression has operators.
        if !head
            .chars()
            .all(|c| word(c) || c == '*' || c.is_whitespace())
        {
            return None;
        }
        let mut words: Vec<&str> = head
            .split(|c: char| !word(c))
            .filter(|w| !w.is_empty())
            .collect();
        let last = words.pop()?;
        if words.is_empty() {
            words.clone_from(&of_first);
        } else {
            of_first.clone_from(&words);
        }
        let declares = !words.is_empty() && !words.iter().any(|w| STATEMENTS.contains(w));
        if last == name && declares {
            let number = !head.contains('*') && !words.contains(&"struct");
            return Some(Declared {
                unsigned: sign(&words).filter(|_| number),
                length,
                size: size(&words).filter(|_| number),
            });
        }
    }
    None
}

/// A sum in C of one thing and a constant: `slot`, 8 of `slot + 8`.
pub(super) fn sum(expr: &str) -> (&str, i64) {
    let parts = || {
        let at = expr.rfind(['+', '-'])?;
        let factor = if expr.get(at..)?.starts_with('+') {
            1
        } else {
            -1
        };
        let n = c_text::number(expr.get(at + 1..)?)?.checked_mul(factor)?;
        let left = expr.get(..at)?.trim();
        // What binds less tightly than a sum has the constant in one of its parts.
        let looser = ['<', '>', '&', '|', '^', '?', ':', '=', '!'];
        let whole = left.starts_with('(') && c_text::closing(left, 0) == Some(left.len() - 1);
        let tight = whole || !left.replace("->", "").contains(looser);
        let begins = left.ends_with(|c: char| c_text::word(c) || matches!(c, ')' | ']'));
        (tight && begins).then_some((left, n))
    };
    parts().unwrap_or((expr, 0))
}

/// Whether a line has a constant in it, as a number or one of the words for it, or
/// gives a name, perhaps of the constant, to something.
pub(super) fn mentions(line: &str, constant: i64) -> bool {
    let code = line.split("//").next().unwrap_or(line);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut tokens = code.split(|c: char| !word(c));
    let as_written = |token: &str| {
        let n = c_text::number(token);
        n == Some(constant) || n.and_then(i64::checked_neg) == Some(constant)
    };
    let by_word = |token: &str| match constant {
        0 => matches!(token, "NULL" | "false"),
        1 => token == "true",
        _ => false,
    };
    let named = |rest: &str| {
        let value = rest.split(';').next().unwrap_or("").trim();
        let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        !value.is_empty() && value.chars().all(capital)
    };
    tokens.any(|t| as_written(t) || by_word(t))
        || code.split_once('=').is_some_and(|(_, rest)| named(rest))
        || code
            .split_once("return ")
            .is_some_and(|(_, rest)| named(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_tell_signs_and_lengths() {
        let check = |line: &str, name: &str, expect: Option<(Option<bool>, Option<i64>)>| {
            let found = declared(line, name).map(|d| (d.unsigned, d.length));
            assert_eq!(found, expect, "{line}");
        };
        check("\t__u32 n = skb->len;", "n", Some((Some(true), None)));
        check("\tint i, n = 3;", "n", Some((Some(false), None)));
        check("unsigned long long n;", "n", Some((Some(true), None)));
        check(
            "static int f(struct x *c, __u16 n)",
            "n",
            Some((Some(true), None)),
        );
        check("\tchar buf[16] = {};", "buf", Some((Some(false), Some(16))));
        check("\tchar buf[MAX];", "buf", Some((Some(false), None)));
        check("\t__u64 *n = f(x);", "n", Some((None, None)));
        check("\treturn n;", "n", None);
        check("\tn = 3;", "n", None);
        check("for (int i = 0; i < n; i++)", "n", None);
        check(
            "for (int i = 0; i < n; i++)",
            "i",
            Some((Some(false), None)),
        );
    }

    #[test]
    fn sums_have_their_constant_apart() {
        assert_eq!(sum("slot + 8"), ("slot", 8));
        assert_eq!(sum("b - 0x10"), ("b", -16));
        assert_eq!(sum("a + b"), ("a + b", 0));
        assert_eq!(sum("i"), ("i", 0));
        assert_eq!(sum("slot+8"), ("slot", 8));
        assert_eq!(sum("v->n-3"), ("v->n", -3));
        assert_eq!(sum("a << b + 3"), ("a << b + 3", 0));
        assert_eq!(sum("(a & b) + 3"), ("(a & b)", 3));
        assert_eq!(sum("a * -3"), ("a * -3", 0));
    }

    #[test]
    fn constants_are_found_where_they_are_written() {
        let check = |line: &str, constant: i64, expect| {
            assert_eq!(mentions(line, constant), expect, "{line}");
        };
        check("x = 0x1000;", 4096, true);
        check("x = -1;", -1, true);
        check("p = NULL;", 0, true);
        check("x = LIMIT;", 7, true);
        check("int f(struct x *ctx)", 0, false);
        check("x = y + 1;", 7, false);
    }
}
