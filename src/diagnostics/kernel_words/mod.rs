//! A refusal in the words of the target's kernel.
//!
//! People search for what their kernel printed; tools classify logs by it. So below
//! our own explanation stand the kernel's *key words*: not its messages, only the
//! few words in them that tell one from another, from one table (`table`) that
//! says since when a series uses them. Around them the structure is ours and the
//! same for all: key words, a colon, the evidence as `name=value`.
//!
//! Nothing reads these words again but [`class`], which asks what a tool would that
//! classifies a kernel's log. Who wants to know what was refused asks the refusal.

mod table;
mod terms;

use core::fmt::Write;

use crate::abstract_interp::refusal::{Fact, Fault, Key, Refusal};
use crate::helpers_spec;
use crate::prelude::*;
pub use terms::held;
pub(super) use terms::word;

/// A kernel series, as `(6, 12)`.
pub type Series = (u16, u16);

/// Newer than every series; of a log, whose words are given.
pub const NEWEST: Series = (u16::MAX, u16::MAX);

/// Key words, and the first series that no longer uses them.
pub(super) struct Row {
    before: Option<Series>,
    text: &'static str,
}

/// The key words of a fault in a series.
fn key_words(key: Key, series: Series) -> &'static str {
    let rows = table::rows(key);
    let row = rows.iter().find(|r| r.before.is_none_or(|b| series < b));
    row.map_or("", |r| r.text)
}

/// A refusal in the words of a series; of a log, its lines.
pub fn of(refusal: &Refusal, series: Series) -> String {
    let fault = match &refusal.fact {
        Fact::Found(fault) => fault,
        Fact::Logged(logged) => return logged.lines.join("; "),
    };
    let mut out = words(refusal, fault, series);
    if let Some(call) = &refusal.call {
        let _ = write!(
            out,
            "\nCaller passes invalid args into func#{} ('{}')",
            call.subprog, call.name
        );
    }
    out
}

/// The class of a refusal in the words of a series. Words that no class has are of the
/// code's.
pub fn class(refusal: &Refusal, series: Series) -> &'static str {
    helpers_spec::message_class(&of(refusal, series)).unwrap_or_else(|| refusal.code().class())
}

/// The same as programs share it: the first line, and with it a helper's name
/// where kernels know only its number.
pub fn shared(refusal: &Refusal, series: Series) -> String {
    let text = match &refusal.fact {
        Fact::Found(fault) => words(refusal, fault, series),
        Fact::Logged(logged) => logged.lines.first().cloned().unwrap_or_default(),
    };
    let named = match refusal.fault() {
        Some(Fault::HelperUnknown { id }) => {
            u32::try_from(*id).ok().and_then(helpers_spec::helper_name)
        }
        _ => None,
    };
    match named {
        Some(name) => format!("{text} ({name})"),
        None => text,
    }
}

/// Key words and evidence.
fn words(refusal: &Refusal, fault: &Fault, series: Series) -> String {
    let mut fields: Vec<(&str, String)> = Vec::new();
    fault.each(&mut |name, value| fields.push((name, terms::word(value, series))));
    let mut used: Vec<&str> = Vec::new();
    let mut out = String::new();
    for piece in pieces(key_words(fault.key(), series)) {
        match piece {
            Piece::Words(text) => out.push_str(text),
            Piece::Slot(name) => match fields.iter().find(|(field, _)| *field == name) {
                Some((_, text)) => {
                    used.push(name);
                    out.push_str(text);
                }
                None => {
                    let _ = write!(out, "{}", place(refusal, name));
                }
            },
        }
    }
    let mut sign = ':';
    for (name, text) in &fields {
        if !used.contains(name) {
            let _ = write!(out, "{sign} {name}={text}");
            sign = ' ';
        }
    }
    out.replace("  ", " ")
}

/// The places that every refusal has: register, argument, instruction.
fn place(refusal: &Refusal, name: &str) -> usize {
    let reg = usize::from(refusal.reg.unwrap_or(0));
    match name {
        "reg" => reg,
        "arg" => reg.saturating_sub(1),
        _ => refusal.insn,
    }
}

/// A part of a row.
enum Piece {
    Words(&'static str),
    Slot(&'static str),
}

/// The parts of a row, in their order. Braces around what is no name are words.
fn pieces(text: &'static str) -> impl Iterator<Item = Piece> {
    text.split('{').enumerate().flat_map(|(i, part)| {
        let name = |slot: &str| slot.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let (slot, words) = match (i, part.split_once('}')) {
            (_, Some((slot, words))) if i > 0 && name(slot) => (Some(Piece::Slot(slot)), words),
            _ => (None, part),
        };
        slot.into_iter().chain([Piece::Words(words)])
    })
}

/// The fault whose key words a line of a kernel's log holds: of several, the one
/// with the most words.
pub(super) fn recognised(line: &str) -> Option<Key> {
    let mut best: Option<(usize, Key)> = None;
    for &key in Key::ALL {
        for row in table::rows(key) {
            let words = row_words(row.text);
            if words > best.map_or(0, |(most, _)| most) && holds(line, row.text) {
                best = Some((words, key));
            }
        }
    }
    best.map(|(_, key)| key)
}

/// Letters in a row's words.
fn row_words(text: &'static str) -> usize {
    pieces(text)
        .map(|p| match p {
            Piece::Words(words) => words.trim().len(),
            Piece::Slot(_) => 0,
        })
        .sum()
}

/// Whether a line holds a row's words in their order.
fn holds(line: &str, text: &'static str) -> bool {
    let mut rest = line;
    pieces(text).all(|piece| match piece {
        Piece::Slot(_) => true,
        Piece::Words(words) => rest.find(words).is_some_and(|at| {
            rest = rest.get(at + words.len()..).unwrap_or("");
            true
        }),
    })
}

/// Evidence that our tables print in one way whatever the kernel does.
#[cfg(test)]
mod tests {
    use super::*;

    /// Slots name fields that the fault has, or a place.
    #[test]
    fn rows_name_fields_of_their_fault() {
        for &key in Key::ALL {
            for row in table::rows(key) {
                for piece in pieces(row.text) {
                    if let Piece::Slot(name) = piece {
                        let known =
                            key.fields().contains(&name) || ["reg", "arg", "insn"].contains(&name);
                        assert!(known, "{key:?}: {name}");
                    }
                }
                assert!(
                    row_words(row.text) > 2 || key == Key::Undecodable,
                    "{key:?}"
                );
            }
        }
    }

    #[test]
    fn series_choose_their_words() {
        let fault = Fault::StackArgumentUnreadable {
            off: -16,
            byte: 4,
            size: 16,
        };
        let refusal = Refusal::new(fault).on(2);
        for (series, words) in [
            (
                (6, 12),
                "invalid indirect read from stack R2: off=-16 byte=4 size=16",
            ),
            (
                (6, 18),
                "invalid read from stack R2: off=-16 byte=4 size=16",
            ),
        ] {
            assert_eq!(of(&refusal, series), words);
        }
    }

    #[test]
    fn lines_are_recognised() {
        for (line, key) in [
            ("R3 !read_ok", Key::Unwritten),
            (
                "invalid indirect read from stack R2 off -16+4 size 16",
                Key::StackArgumentUnreadable,
            ),
            (
                "kernel func bpf_x requires RCU critical section protection",
                Key::KfuncNeedsRcu,
            ),
        ] {
            assert_eq!(recognised(line), Some(key), "{line}");
        }
        assert_eq!(recognised("nothing that a kernel says"), None);
    }
}
