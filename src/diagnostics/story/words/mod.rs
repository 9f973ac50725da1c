//! Sentences for claims and events. Nothing here looks at a program: what a sentence
//! says is a field of what it is about.

mod labels;

pub(in crate::diagnostics) use labels::{event, refused};

use super::offer::some;
use super::{Access, Claim, Object, Range, Voided};
use crate::prelude::*;

/// A number's range in words that follow "is" or "may be".
pub fn range(r: Range) -> String {
    let (low, high) = (-super::HUGE, super::HUGE);
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

fn bytes(n: u64) -> String {
    if n == 1 {
        "1 byte".into()
    } else {
        format!("{n} bytes")
    }
}

/// Memory, as the subject of a sentence.
pub(super) fn object(o: &Object) -> String {
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
fn does(a: &Access) -> String {
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

/// `byte 4`, `bytes 4 to 7`.
fn span(from: i128, count: u64) -> String {
    match count {
        0 | 1 => format!("byte {from}"),
        n => format!("bytes {from} to {}", from + i128::from(n) - 1),
    }
}

fn capital(text: String) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn at_line(line: Option<u32>) -> String {
    line.map_or_else(String::new, |n| format!(" in line {n}"))
}

fn an(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u', 'x']) {
        "an"
    } else {
        "a"
    }
}

/// The headline.
pub(in crate::diagnostics) fn headline(claim: &Claim) -> String {
    capital(sentence(claim))
}

fn sentence(claim: &Claim) -> String {
    match claim {
        Claim::Plain(text) => text.clone(),
        Claim::MayBeNull {
            what,
            origin,
            callee,
        } => {
            let from = origin
                .as_ref()
                .map_or_else(String::new, |o| format!(" ({o})"));
            match callee {
                Some(callee) => {
                    format!("{what}{from} may be NULL here, and `{callee}` does not take NULL.")
                }
                None => format!("{what}{from} may be NULL here, and is followed without a check."),
            }
        }
        Claim::IsNull { what, callee } => match callee {
            Some(callee) => {
                format!("{what} is NULL on this path, and `{callee}` does not take NULL.")
            }
            None => format!("{what} is NULL on this path, and is followed."),
        },
        Claim::Stale {
            what,
            how,
            callee,
            line,
        } => {
            let at = at_line(*line);
            match how {
                Voided::Packet => format!(
                    "{what} is void: `{callee}`{at} may have moved the packet after it was made."
                ),
                Voided::Released => format!("{what} is void: `{callee}`{at} has released it."),
                Voided::Dynptr => format!(
                    "{what} is void: `{callee}`{at} ended or changed the dynptr that it came from."
                ),
                Voided::Section => format!(
                    "{what} is not valid any more: `{callee}`{at} ended the section that kept it alive."
                ),
            }
        }
        Claim::KernelAddress { what, origin } => {
            let from = origin
                .as_ref()
                .map_or_else(String::new, |o| format!(", {o},"));
            format!(
                "{what}{from} is an address that the verifier knows nothing of: it cannot be followed directly."
            )
        }
        Claim::PlainNumber {
            what, cut: true, ..
        } => {
            format!("{what} was cut to 32 bits on the way: it is a number now, not an address.")
        }
        Claim::PlainNumber { what, range: r, .. } => match r.single() {
            Some(n) => format!("{what} is the number {n} on this path, not an address."),
            None => format!("{what} is a number ({}), not an address.", range(*r)),
        },
        Claim::Outside {
            object: o,
            room,
            access,
            first,
            number,
        } => outside(o, *room, access, *first, number.as_deref()),
        Claim::TooLong {
            object: o,
            room,
            len,
            name,
            callee,
        } => {
            let fits = if *room == 1 {
                "1 byte fits".to_owned()
            } else {
                format!("{room} bytes fit")
            };
            match len.single() {
                Some(n) => format!(
                    "`{callee}` is given a length of {n}, but only {fits} into {}.",
                    object(o)
                ),
                None => format!(
                    "`{callee}` is given a length that may be too great: {fits} into {}, `{name}` may be {}.",
                    object(o),
                    range(*len)
                ),
            }
        }
        Claim::NegativeLength { name, len, callee } => {
            format!(
                "the length `{name}` that `{callee}` is given may be negative: it may be {}.",
                range(*len)
            )
        }
        Claim::ZeroLength { name, len, callee } => match len.single() {
            Some(0) => {
                format!("the length that `{callee}` is given is zero, which it does not take.")
            }
            _ => format!(
                "the length `{name}` that `{callee}` is given may be zero, which it does not take: it may be {}.",
                range(*len)
            ),
        },
        Claim::Unbounded {
            name,
            number,
            object: o,
            room,
            above,
        } => {
            let size = match room {
                Some(room) if *o != Object::Stack => format!(" of {}", bytes(*room)),
                _ => String::new(),
            };
            let what = match name.as_str() {
                "the number" => "the number that is added".to_owned(),
                name => format!("`{name}`"),
            };
            if *above {
                return format!(
                    "{what} may be negative: the lower bound is missing for {}{size}.",
                    object(o)
                );
            }
            format!(
                "{what} may be {}: {} for {}{size}.",
                range(*number),
                missing(*number),
                object(o)
            )
        }
        Claim::PacketShort {
            access,
            from,
            proven,
            at: Some((at, base)),
            ..
        } => {
            let what = span((from - base).into(), access.bytes);
            match proven - base {
                n if *proven > 0 && n > 0 => format!(
                    "{} {what} from {at} on, but the comparison shows {} only.",
                    does(access),
                    bytes(n as u64)
                ),
                _ => format!(
                    "{} {what} from {at} on, of which no comparison shows that {}.",
                    does(access),
                    there(access.bytes)
                ),
            }
        }
        Claim::PacketShort {
            access,
            from,
            proven,
            at: None,
            ..
        } => {
            let what = span((*from).into(), access.bytes);
            match proven {
                0 => format!(
                    "{} {what} of the packet, of which no comparison shows that {}.",
                    does(access),
                    there(access.bytes)
                ),
                n => format!(
                    "{} {what} of the packet, but the comparison shows {} only.",
                    does(access),
                    bytes(*n as u64)
                ),
            }
        }
        Claim::PacketFar { name, offset } => format!(
            "`{name}` may be {}: comparisons with `data_end` count for offsets up to 65535 only.",
            range(*offset)
        ),
        Claim::PacketBeyond { access } => format!(
            "{} {} on the way where the comparison says that the packet ends before.",
            does(access),
            bytes(access.bytes)
        ),
        Claim::Unwritten {
            what,
            callee,
            byte,
            size,
            written,
        } => unwritten(what.as_deref(), callee.as_deref(), *byte, *size, *written),
        Claim::StackObject { object, callee } => match callee {
            Some(callee) => format!("`{callee}` would read stack bytes that hold {object}."),
            None => format!("this reads stack bytes that hold {object}."),
        },
        Claim::NeverSet {
            what,
            reg,
            parameter,
            wiped,
        } => match (parameter, wiped, what) {
            (Some(n), ..) => format!(
                "the program has a parameter number {n}, but is given one only: the context."
            ),
            (None, Some(call), _) => {
                format!("R{reg} is read after {call}, which leaves nothing in it.")
            }
            (None, None, _) if *reg == 0 => "the function can end without a return value.".into(),
            (None, None, Some(what)) => {
                format!("`{what}` is read here, but on this path nothing was ever put into it.")
            }
            (None, None, None) => format!(
                "a variable (R{reg}) is read here, but on this path nothing was ever put into it."
            ),
        },
        Claim::Leak { callee, what, .. } => {
            let name = what
                .as_ref()
                .map_or_else(|| "it".to_owned(), |w| format!("`{w}`"));
            format!(
                "what `{callee}` gave is not given back on this path: {name} is still held where the program ends."
            )
        }
        Claim::StillOpen {
            opened,
            close,
            callee,
        } => match callee {
            Some(callee) => {
                format!("`{callee}` may not be called between `{opened}` and `{close}`.")
            }
            None => format!("the program ends without `{close}` after `{opened}` on this path."),
        },
        Claim::Returns {
            who,
            value,
            origin,
            taken,
        } => {
            let from = origin
                .as_ref()
                .map_or_else(String::new, |o| format!(" ({o})"));
            let takes = match taken.single() {
                Some(n) => format!("only {n} is taken"),
                None => format!("only {} are taken", range(*taken)),
            };
            match value.single() {
                // Of 32 bits that the kernel looks at.
                Some(n) if (1 << 31..1 << 32).contains(&n) => {
                    format!("{who} returns {}{from}, but {takes}.", n - (1 << 32))
                }
                Some(n) => format!("{who} returns {n}{from}, but {takes}."),
                None => format!("{who} may return {}{from}, but {takes}.", range(*value)),
            }
        }
        Claim::NotForType {
            callee,
            prog_type,
            others,
            instead,
        } => match (instead, others.is_empty()) {
            (Some(why), _) => {
                format!("`{callee}` may not be called by this {prog_type} program: {why}.")
            }
            (None, true) => format!(
                "`{callee}` may not be called by {} {prog_type} program.",
                an(prog_type)
            ),
            (None, false) => format!(
                "`{callee}` may not be called by {} {prog_type} program; {} may.",
                an(prog_type),
                some(others)
            ),
        },
        Claim::NotYet {
            what,
            target,
            since,
        } => match since {
            Some(since) if !since.is_empty() => {
                format!("{what} is not there on {target}: kernels have it since {since}.")
            }
            _ => format!("{what} is not there on {target}."),
        },
        Claim::ContextField {
            field,
            access,
            width,
            prog_type,
            others,
        } => {
            let verb = if access.write == Some(true) {
                "written"
            } else {
                "read"
            };
            match width {
                Some(width) => format!(
                    "`{field}` of the context is {width} bytes wide, and is {verb} with {} here.",
                    bytes(access.bytes)
                ),
                None => {
                    let list: Vec<&str> = others.iter().map(String::as_str).collect();
                    let who = if others.is_empty() {
                        String::new()
                    } else {
                        format!("; in {} it can", some(&list))
                    };
                    let field = if field.starts_with("offset ") {
                        field.clone()
                    } else {
                        format!("`{field}`")
                    };
                    format!(
                        "{field} of the context cannot be {verb} by this {prog_type} program{who}."
                    )
                }
            }
        }
        Claim::WrongKind {
            what,
            is,
            callee,
            wants,
        } => {
            let takes = match wants.as_slice() {
                [] => String::new(),
                [rest @ .., last] if !rest.is_empty() => {
                    format!(": it takes {} or {last}", rest.join(", "))
                }
                [one, ..] => format!(": it takes {one}"),
            };
            format!("{what} is {is}, which `{callee}` does not take{takes}.")
        }
        Claim::Arithmetic { is, done } => {
            format!("this is {is}, and {done}: the result would be no pointer of that kind.")
        }
        Claim::Sleeps { callee, prog_type } => {
            format!("`{callee}` may sleep, and this {prog_type} program may not.")
        }
        Claim::StackChain { chain, bytes: sum } => {
            let each: Vec<String> = chain
                .iter()
                .map(|(name, b)| format!("`{name}` ({})", bytes((*b).into())))
                .collect();
            match each.len() {
                0 | 1 => format!("the stack needs {sum} bytes, more than 512."),
                _ => format!(
                    "{} need {sum} bytes of stack together, more than 512.",
                    each.join(" and ")
                ),
            }
        }
    }
}

fn there(n: u64) -> &'static str {
    if n == 1 {
        "it is there"
    } else {
        "they are there"
    }
}

/// Which end of a range fails, of a number that should lie at or above zero.
fn missing(r: Range) -> &'static str {
    match (r.min < 0, r.max >= i128::from(i64::MAX) || r.max >= 1 << 29) {
        (true, false) => "the lower bound is missing",
        (true, true) if r.unknown() => "it has no bounds",
        (true, true) => "it has no bounds that are narrow enough",
        (false, true) => "the upper bound is missing",
        (false, false) => "this is too much",
    }
}

fn outside(o: &Object, room: u64, access: &Access, first: Range, number: Option<&str>) -> String {
    let has = match o {
        Object::Stack => String::new(),
        _ => format!("{} has {}; ", object(o), bytes(room)),
    };
    if *o == Object::Stack {
        return on_stack(access, first, number);
    }
    match (first.single(), number) {
        (Some(at), _) => format!("{has}{} {}.", does(access), span(at, access.bytes)),
        (None, number) => {
            let what = number.map_or_else(String::new, |n| format!(" (by {n})"));
            format!(
                "{has}{} {} at an offset{what} that may be {}.",
                does(access),
                bytes(access.bytes),
                range(first)
            )
        }
    }
}

fn on_stack(access: &Access, first: Range, number: Option<&str>) -> String {
    // The frame lies below its top: bytes -512 to -1.
    let frame = "the function's stack is bytes -512 to -1 from its top";
    match first.single() {
        Some(at) => format!(
            "{} {} of the stack, and {frame}.",
            does(access),
            span(at, access.bytes)
        ),
        None => {
            let by = number.map_or_else(String::new, |n| format!(" (by {n})"));
            format!(
                "{} {} of the stack at an offset{by} that may be {}, and {frame}.",
                does(access),
                bytes(access.bytes),
                range(first)
            )
        }
    }
}

fn unwritten(
    what: Option<&str>,
    callee: Option<&str>,
    byte: u64,
    size: u64,
    written: u64,
) -> String {
    let name = what.map_or_else(|| "stack memory".to_owned(), |w| format!("`{w}`"));
    let reads = match callee {
        Some(callee) => format!("`{callee}` reads {} of {name}", bytes(size)),
        None => format!("{name} is read ({})", bytes(size)),
    };
    if written == 0 {
        format!("{reads}, but nothing was written to it on this path.")
    } else {
        format!(
            "{reads}, but byte {byte} of them was never written: {} of {size} were.",
            written
        )
    }
}

/// One more sentence for a headline; the page's where there is none.
pub(in crate::diagnostics) fn reason(claim: &Claim) -> Option<String> {
    let text = match claim {
        Claim::MayBeNull { .. } => {
            "An address may be followed only after a comparison has shown that it is not NULL."
        }
        Claim::IsNull { .. } => {
            "The verifier follows every path: on this one no other value was put there."
        }
        Claim::Stale {
            how: Voided::Packet,
            ..
        } => {
            "After a call that may move the packet, every pointer into it counts as a plain number; comparisons made before say nothing of the new packet."
        }
        Claim::Stale {
            how: Voided::Released,
            ..
        } => "What is given back may be freed at once, by anyone.",
        Claim::Stale {
            how: Voided::Dynptr,
            ..
        } => "A slice is valid as long as its dynptr is, and until the data behind it may move.",
        Claim::Stale {
            how: Voided::Section,
            ..
        } => "Outside of the section the object may be freed at any time.",
        Claim::KernelAddress { .. } => {
            "Only memory of which type and size are known may be followed; any other address needs a helper that survives a fault."
        }
        Claim::PlainNumber { .. } => "Only a pointer whose memory is known may be followed.",
        Claim::PacketShort { compared: true, .. } => {
            "Bytes count as there up to where the comparison with `data_end` reached."
        }
        Claim::PacketShort {
            compared: false, ..
        } => {
            "A packet has any length: an access needs a comparison with `data_end` on this path, by the same pointer."
        }
        Claim::PacketFar { .. } => {
            "No packet is longer; the verifier forgets what a comparison showed when the offset could exceed that."
        }
        Claim::Outside { .. } => {
            "Every byte of an access must be shown to lie inside, for the least and the greatest offset."
        }
        Claim::Unbounded { .. } => {
            "A number that is added to a pointer needs both bounds: a comparison with a constant on every way, after it is last changed."
        }
        Claim::WrongKind { .. } => {
            "The function follows what it is given without a check of its own."
        }
        Claim::Returns { .. } => "The kernel acts on the number, and has no meaning for others.",
        Claim::Sleeps { .. } => "It runs where the kernel cannot switch to another task.",
        Claim::NotForType { .. } => {
            "Each type of program has its own list of functions that are safe where it runs."
        }
        Claim::ContextField { .. } => {
            "Each type of program sees certain fields of its context, each with a size and direction."
        }
        Claim::StillOpen { .. } => {
            "What is begun must be ended on every way, in the same function."
        }
        Claim::PacketBeyond { .. } => {
            "On the other way of the same comparison the bytes are there."
        }
        Claim::Unwritten { written: 1.., .. } => {
            "Members may be set one by one, but padding between them is set by none; it would show what the stack held before."
        }
        Claim::Unwritten { .. } => "It would show what the stack held before.",
        Claim::TooLong { .. } => {
            "The function accesses as many bytes as the length says; the greatest that it may be must fit."
        }
        Claim::NegativeLength { .. } => "A negative length would be an enormous one.",
        Claim::ZeroLength { .. } => "An empty buffer is refused as a mistake.",
        Claim::Leak { .. } => "What is never given back stays in the kernel's memory for ever.",
        Claim::StackChain { .. } => {
            "All frames of a chain lie on the kernel's stack at the same time; each is rounded up to 32 bytes, or 16."
        }
        Claim::NeverSet {
            parameter: Some(_), ..
        } => "Programs are entered with the context in R1 and nothing else.",
        _ => return None,
    };
    Some(text.to_owned())
}
