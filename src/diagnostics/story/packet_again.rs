//! After a call that may have moved the packet: its ends are read again, compared with,
//! and every pointer made anew that is used from there on.
//!
//! The edit and what is verified in its place renew the same: all that is kept. Where the
//! text of the function does not tell how a pointer is made that is used later, or where
//! the call may come round again, there is no edit.

use super::null::leave_if;
use super::patch;
use super::{Help, Scene, packet_end};
use crate::diagnostics::c_function::{self, Function};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::Node;
use crate::diagnostics::names;
use crate::helpers_spec::CtxKind;
use crate::prelude::*;

pub(super) fn packet_again(scene: &Scene<'_>, node: Node, call: usize) -> Help {
    let field = |kind, or| names::packet_field(scene.program, kind).map_or(or, |f| f.0);
    let (data, end) = (
        field(CtxKind::Packet, "data"),
        field(CtxKind::PacketEnd, "data_end"),
    );
    let after = match scene.line_number(call) {
        Some(n) => format!("after line {n}"),
        None => "after the call".into(),
    };
    let text = format!(
        "{after} read `{data}` and `{end}` again, repeat the comparison, and make every pointer anew that is used from there on"
    );
    let edit = statements(scene, node).and_then(|s| scene.insert_before(scene.insn, &s));
    Help::say(text).edit(edit).patch(patch::packet_again(scene))
}

fn statements(scene: &Scene<'_>, node: Node) -> Option<Vec<String>> {
    let l = scene.line(scene.insn)?;
    let at = scene.before(&l.file, l.line)?;
    let function = scene.function(&l.file, l.line)?;
    if function.goes_round(at) {
        return None;
    }
    let place = (&*l.file, at);
    let data = packet_end::variable(scene, &function, CtxKind::Packet, place)?;
    let end = packet_end::variable(scene, &function, CtxKind::PacketEnd, place)?;
    let need = patch::packet_need(scene, node);
    let mut out = vec![
        format!("{} = {};", data.name, data.value),
        format!("{} = {};", end.name, end.value),
    ];
    out.extend(leave_if(
        scene,
        &format!("(void *){} + {need} > (void *){}", data.name, end.name),
    ));
    let made = derived(scene, &function, at, (&data, &end))?;
    let constant = |name: &str| {
        let (first, _) = function.lines();
        let mut rows = function.between(first, at);
        rows.any(|(_, code)| c_function::mentions(code, name) && is_constant(code, name))
    };
    if constant(&data.name) || constant(&end.name) || made.iter().any(|m| constant(&m.0)) {
        return None;
    }
    out.extend(made.into_iter().map(|(_, statement)| statement));
    Some(out)
}

/// Whether a variable is declared so that it keeps its first value.
fn is_constant(code: &str, name: &str) -> bool {
    code.split("const").skip(1).any(|rest| {
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        rest.starts_with(name)
    })
}

/// The pointers into the packet that are used from a line on, each with the statement
/// that makes it anew, in the order in which they are made; none where one is not known.
fn derived(
    scene: &Scene<'_>,
    function: &Function,
    at: u32,
    (data, end): (&packet_end::End, &packet_end::End),
) -> Option<Vec<(String, String)>> {
    let (_, last) = function.lines();
    let used = |name: &str| {
        let first = name.split(['.', '-']).next().unwrap_or(name);
        let mut rows = function.between(at, last);
        rows.any(|(_, code)| c_function::mentions(code, first))
    };
    // Every pointer so far, and how it is made anew if that is known.
    let mut pointers: Vec<(String, Option<String>)> = vec![(data.name.clone(), None)];
    for (number, code) in function.between(data.line.min(end.line), at) {
        if number == data.line || number == end.line {
            // More variables may be made in the same line.
            let others = code.matches('=').count();
            let own = 1 + usize::from(data.line == end.line);
            if others > own {
                return None;
            }
            continue;
        }
        for piece in code.split([';', '{', '}']) {
            follow((scene, function), piece, &mut pointers, &data.name);
        }
    }
    let mut out: Vec<(String, String)> = Vec::new();
    for (name, statement) in pointers.into_iter().skip(1).rev() {
        let needed = out.iter().any(|(_, s)| c_function::mentions(s, &name));
        if needed || used(&name) {
            let statement = statement.filter(|_| out.iter().all(|(n, _)| *n != name))?;
            out.push((name, statement));
        }
    }
    out.reverse();
    Some(out)
}

/// Takes a statement's assignment to a pointer into the list.
fn follow(
    (scene, function): (&Scene<'_>, &Function),
    piece: &str,
    pointers: &mut Vec<(String, Option<String>)>,
    data: &str,
) {
    let known = |pointers: &[(String, Option<String>)], code: &str| {
        let bare = without_members(code);
        let mut names = pointers.iter().map(|(name, _)| name);
        names.any(|name| c_function::mentions(&bare, name))
    };
    // A declaration of several: each has its own value.
    for part in piece.split(',') {
        let assigned = part.match_indices('=').map(|(i, _)| i).find(|&i| {
            let next = part.get(i + 1..).unwrap_or("");
            let before = part.get(..i).unwrap_or("");
            !next.starts_with('=') && !before.ends_with(['=', '!', '<', '>'])
        });
        let Some(equals) = assigned else { continue };
        let (left, right) = (part.get(..equals), part.get(equals + 1..));
        let (Some(left), Some(right)) = (left, right) else {
            continue;
        };
        let steps = left.ends_with(['+', '-', '|', '&', '*', '/', '^', '%']);
        let name = c_text::left_of(left.trim_end_matches(['+', '-', '|', '&', '*', '/', '^', '%']));
        if !known(pointers, right) {
            // A member that is an array is an address, too.
            let of = |p: &(String, Option<String>)| c_function::mentions(right, &p.0);
            if let Some(name) = name.filter(|n| pointers.iter().any(of) && follows(function, n)) {
                pointers.push((name.to_owned(), None));
            }
            // A step of a pointer by a number.
            if steps && let Some(name) = name {
                forget(pointers, name, data);
            }
            continue;
        }
        let Some(name) = name else {
            // Set inside of a condition or a call: of which variable is not told.
            let last = part.get(..equals).and_then(|l| c_function::words(l).last());
            if let Some((_, w)) = last {
                pointers.push((w.to_owned(), None));
            }
            continue;
        };
        let again = remade(scene, name, right).filter(|_| !steps && piece.split(',').count() == 1);
        if pointers.iter().any(|(n, _)| n == name) {
            forget(pointers, name, data);
        } else {
            pointers.push((name.to_owned(), again));
        }
    }
    // Steps, and addresses that are handed over.
    let stepped: Vec<String> = pointers
        .iter()
        .filter(|(n, _)| c_function::sets(piece, n) && !piece.contains(&format!("{n} = ")))
        .map(|(n, _)| n.clone())
        .collect();
    for name in stepped {
        forget(pointers, &name, data);
    }
}

/// Whether a variable is declared as a pointer, or followed as one.
fn follows(function: &Function, name: &str) -> bool {
    let (first, last) = function.lines();
    let mut rows = function.between(first, last + 1);
    rows.any(|(_, code)| {
        [
            format!("*{name}"),
            format!("* {name}"),
            format!("{name}["),
            format!("{name}->"),
        ]
        .iter()
        .any(|part| code.contains(part.as_str()))
    })
}

/// A pointer is not what it was made as: no statement makes it anew, nor what is made of
/// it.
fn forget(pointers: &mut Vec<(String, Option<String>)>, name: &str, data: &str) {
    if name == data {
        // Nothing is at a known distance from the start any more.
        for p in pointers.iter_mut() {
            p.1 = None;
        }
        pointers.push((name.to_owned(), None));
    }
    for p in pointers.iter_mut().filter(|p| p.0 == name) {
        p.1 = None;
    }
}

/// Code without what is read through pointers, and without sizes: `ip->ihl`, `p[3]`,
/// `sizeof(*eth)`.
fn without_members(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("sizeof") {
        out.push_str(rest.get(..at).unwrap_or(""));
        let after = rest.get(at + 6..).unwrap_or("");
        let open = after.len() - after.trim_start().len();
        rest = match c_text::closing(after, open) {
            Some(close) => after.get(close + 1..).unwrap_or(""),
            None => after,
        };
    }
    out.push_str(rest);
    let mut bare = String::new();
    let mut chars = out.char_indices();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    while let Some((at, c)) = chars.next() {
        let begins = word(c) && !bare.ends_with(word);
        let end = out.get(at..).and_then(|r| r.find(|c: char| !word(c)));
        let after = end.and_then(|e| out.get(at + e..)).unwrap_or("");
        let reads = after.starts_with("->") || after.starts_with('[');
        let address = bare.trim_end().ends_with('&');
        if begins && reads && !address {
            // Its name goes.
            for _ in 1..end.unwrap_or(0) {
                chars.next();
            }
            bare.push('0');
        } else {
            bare.push(c);
        }
    }
    bare
}

/// The statement that makes a pointer anew, from words that the object carries: a sum of
/// one pointer and constants.
fn remade(scene: &Scene<'_>, name: &str, right: &str) -> Option<String> {
    const OWN: [&str; 6] = ["void", "sizeof", "struct", "long", "char", "const"];
    let right = right.trim();
    let mut bare = right.to_owned();
    let mut cast = false;
    // Types are left out where the object does not carry them.
    while bare.starts_with('(') {
        let close = c_text::closing(&bare, 0)?;
        let inside = bare.get(1..close)?;
        if !inside.trim_end().ends_with('*') {
            break;
        }
        let typed = !matches!(inside.trim(), "void *" | "char *");
        bare = bare.get(close + 1..)?.trim().to_owned();
        // A sum counts in what its pointer leads to.
        if typed && sum(&bare) {
            return None;
        }
        cast = true;
    }
    let sums = bare.chars().all(|c| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '(' | ')' | '+' | '*' | ' ' | '&' | '-' | '>' | '.')
    });
    let address = bare.starts_with('&');
    let plain = !bare.contains("->") && !bare.contains('.') || address;
    let shown = c_function::words(&bare).all(|(_, w)| OWN.contains(&w) || scene.carries(w));
    let called = !c_text::pure(&bare);
    let small =
        bare.len() <= 60 && name.len() <= 30 && scene.carries(name.split(['.', '-']).next()?);
    let one = c_function::words(&without_members(&bare))
        .filter(|(_, w)| !OWN.contains(w))
        .count()
        <= 1;
    let ok = sums && plain && shown && !called && small && (one || address);
    let value = if cast {
        format!("(void *){bare}")
    } else {
        bare
    };
    ok.then(|| format!("{name} = {value};"))
}

/// Whether a sum stands outside of brackets.
fn sum(code: &str) -> bool {
    let mut depth = 0i32;
    code.chars().any(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && matches!(c, '+' | '-')
    })
}
