//! Sentences for claims and events. Nothing here looks at a program: what a sentence
//! says is a field of what it is about.

mod access;
mod labels;
mod parts;
mod reason;

pub(in crate::diagnostics) use labels::{event, refused};
pub(in crate::diagnostics::story) use parts::quoted;
pub use parts::range;
pub(in crate::diagnostics) use reason::reason;

use super::offer::some;
use super::{Claim, Object, Voided};
use crate::prelude::*;
use access::{missing, outside, there, unwritten};
pub(super) use parts::object;
use parts::{an, at_line, bytes, capital, does, span};

/// The headline.
pub(in crate::diagnostics) fn headline(claim: &Claim) -> String {
    capital(sentence(claim))
}

fn sentence(claim: &Claim) -> String {
    match claim {
        Claim::Plain(text) | Claim::Rule { text, .. } => text.clone(),
        Claim::MayBeNull {
            what,
            origin,
            callee,
            moved,
        } => {
            let from = origin
                .as_ref()
                .map_or_else(String::new, |o| format!(" ({o})"));
            match callee {
                Some(callee) => {
                    format!("{what}{from} may be NULL here, and `{callee}` does not take NULL.")
                }
                None if *moved => {
                    format!("{what}{from} may be NULL here, and is moved without a check.")
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
                Voided::Parent => {
                    format!("{what} is void: `{callee}`{at} has released what it came from.")
                }
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
                    "`{callee}` is given a length that may be too great: {fits} into {}, {} may be {}.",
                    object(o),
                    quoted(name),
                    range(*len)
                ),
            }
        }
        Claim::NegativeLength {
            name,
            unsigned: true,
            callee,
            ..
        } => format!(
            "the length ({}) that `{callee}` is given may be greater than any memory: nothing bounds it from above.",
            quoted(name)
        ),
        Claim::NegativeLength { len, callee, .. } if len.single().is_some() => {
            format!(
                "the length that `{callee}` is given is negative: {}.",
                len.min
            )
        }
        Claim::NegativeLength {
            name, len, callee, ..
        } => {
            format!(
                "the length ({}) that `{callee}` is given may be negative: it may be {}.",
                quoted(name),
                range(*len)
            )
        }
        Claim::ZeroLength { name, len, callee } => match len.single() {
            Some(0) => {
                format!("the length that `{callee}` is given is zero, which it does not take.")
            }
            _ => format!(
                "the length ({}) that `{callee}` is given may be zero, which it does not take: it may be {}.",
                quoted(name),
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
        Claim::PacketFar {
            name,
            offset,
            fixed,
        } => {
            let name = name.as_deref().unwrap_or("the offset");
            let more = match fixed {
                1.. => format!(", with {fixed} added"),
                _ => String::new(),
            };
            let is = offset.single().map_or("may be", |_| "is");
            format!(
                "{name} {is} {}{more}: comparisons with the packet's end count for offsets up to 65535 only.",
                range(*offset)
            )
        }
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
            ..
        } => match callee {
            Some(callee) if callee == opened && opened.contains("res_spin") => {
                format!("`{callee}` takes a lock that this path holds already.")
            }
            Some(callee) if callee == opened && opened.contains("spin_lock") => {
                format!("`{callee}` is called while a lock is held: only one may be at a time.")
            }
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
