//! Parts of sentences: numbers, memory, accesses.

use crate::diagnostics::story::claim::HUGE;
use crate::diagnostics::story::{Access, Object, Range};
use crate::prelude::*;

/// A number's range in words that follow "is" or "may be".
pub fn range(r: Range) -> String {
    let (low, high) = (-HUGE, HUGE);
    if let Some(n) = r.single() {
        return n.to_string();
    }
    match (r.min <= low, r.max >= high) {
        (true, true) => "anything".into(),
        (false, true) if r.min == 0 => "any number that is not negative".into(),
        (false, true) => format!("{} or more", r.min),
        (true, false) => format!("anything up to {}", r.max),
        (false, false) => format!("{} to {}", r.min, r.max),
    }
}

pub(in crate::diagnostics::story) fn bytes(n: u64) -> String {
    if n == 1 {
        "1 byte".into()
    } else {
        format!("{n} bytes")
    }
}

/// Memory, as the subject of a sentence.
pub(in crate::diagnostics::story) fn object(o: &Object) -> String {
    match o {
        Object::MapValue(map) => format!("a value of map `{map}`"),
        Object::Globals(section) => format!("the program's global data (`{section}`)"),
        Object::MapKey(map) => format!("a key of map `{map}`"),
        Object::Of(callee) => format!("the memory from `{callee}`"),
        Object::Memory => "the memory behind the pointer".into(),
        Object::Stack => "the function's stack".into(),
        Object::Packet => "the packet".into(),
    }
}

/// The part of a sentence that tells an access: `this reads`, `` `f` writes ``.
pub(in crate::diagnostics::story) fn does(a: &Access) -> String {
    let who = match &a.by {
        Some(by) => format!("`{by}`"),
        None => "this".into(),
    };
    let verb = match a.write {
        Some(true) => "writes",
        Some(false) => "reads",
        None => "accesses",
    };
    format!("{who} {verb}")
}

/// A number's name as the source has it, or words that stand for it.
pub(in crate::diagnostics::story) fn quoted(name: &str) -> String {
    if name.starts_with("argument ") || name.starts_with("the ") {
        name.to_owned()
    } else {
        format!("`{name}`")
    }
}

/// `byte 4`, `bytes 4 to 7`.
pub(in crate::diagnostics::story) fn span(from: i128, count: u64) -> String {
    match count {
        0 | 1 => format!("byte {from}"),
        n => format!("bytes {from} to {}", from + i128::from(n) - 1),
    }
}

pub(in crate::diagnostics::story) fn capital(text: String) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

pub(in crate::diagnostics::story) fn at_line(line: Option<u32>) -> String {
    line.map_or_else(String::new, |n| format!(" in line {n}"))
}

pub(in crate::diagnostics::story) fn an(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u', 'x']) {
        "an"
    } else {
        "a"
    }
}
