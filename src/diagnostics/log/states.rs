//! Registers as logs show them, in plain words.
//!
//! Kernels name a type and put what is known of it in parentheses: `inv(id=0,...)` up
//! to 5.15, `scalar(...)` since, `map_value_or_null(id=1,map=table,ks=4,vs=64)`. The
//! words here say what a C programmer knows: a number and its bounds, a pointer and
//! where it leads.

use super::Nature;
use crate::prelude::*;

/// The registers of a line of states: number and content. A content may hold spaces
/// inside its parentheses.
pub(super) fn registers(text: &str) -> Vec<(u8, &str)> {
    let mut found = Vec::new();
    for word in apart(text, ' ') {
        let Some((name, value)) = word.strip_prefix('R').and_then(|w| w.split_once('=')) else {
            continue;
        };
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(Ok(reg)) = name.get(..digits).map(str::parse)
            && reg <= 10
        {
            found.push((reg, value));
        }
    }
    found
}

/// The pieces between separators that stand in no parentheses.
fn apart(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut depth, mut from) = (Vec::new(), 0_u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                pieces.extend(text.get(from..at));
                from = at.saturating_add(c.len_utf8());
            }
            _ => {}
        }
    }
    pieces.extend(text.get(from..));
    pieces
}

/// What a register holds, by the kernel's name of its type.
pub(in crate::diagnostics) fn nature(text: &str) -> Option<Nature> {
    let name = text.split('(').next().unwrap_or(text);
    Some(
        if name.ends_with("_or_null") || name.contains("ptr_or_null_") {
            Nature::MaybeNull
        } else if is_number(text) {
            Nature::Number
        } else {
            Nature::Pointer
        },
    )
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('P').unwrap_or(text);
    text.starts_with("scalar")
        || text.starts_with("inv")
        || text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}

/// A content's type, and what is known of it.
struct Content<'a> {
    name: &'a str,
    facts: Vec<&'a str>,
}

impl<'a> Content<'a> {
    fn of(text: &'a str) -> Content<'a> {
        let (name, rest) = text.split_once('(').unwrap_or((text, ""));
        let inner = rest.strip_suffix(')').unwrap_or(rest);
        Content {
            name,
            facts: apart(inner, ','),
        }
    }

    /// The value of a fact: `umin` in `umin=1`, `smin=umin=1`, `umin_value=1`.
    fn fact(&self, name: &str) -> Option<&'a str> {
        self.facts.iter().find_map(|fact| {
            let mut parts = fact.trim().split('=');
            let value = parts.next_back()?;
            let named = |part: &str| part == name || part.strip_suffix("_value") == Some(name);
            parts.any(named).then_some(value)
        })
    }

    fn number(&self, name: &str) -> Option<i128> {
        number(self.fact(name)?)
    }
}

/// A decimal or hexadecimal number; the latter is a bit pattern of 64 bits.
fn number(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(i128::from),
        None => text.parse().ok(),
    }
}

/// A content in plain words, to follow "it is"; none if its type has no words.
pub(super) fn plain(text: &str) -> Option<String> {
    if is_number(text) {
        return Some(plain_number(text));
    }
    let content = Content::of(text);
    let maybe = nature(text) == Some(Nature::MaybeNull);
    // `map_value_or_null`, but `ptr_or_null_task_struct`.
    let name = content.name.replacen("ptr_or_null_", "ptr_", 1);
    let name = name.strip_suffix("_or_null").unwrap_or(&name);
    let words = pointer(name, &content)?;
    Some(if maybe {
        format!("{words}, or NULL")
    } else {
        words
    })
}

fn plain_number(text: &str) -> String {
    if let Some(constant) = constant(text) {
        return format!("the number {constant}");
    }
    let content = Content::of(text);
    let unsigned = (content.number("umin"), content.number("umax"));
    let signed = (content.number("smin"), content.number("smax"));
    let as_signed = |n: i128| i64::try_from(n).map_or_else(|_| n.wrapping_sub(1 << 64), i128::from);
    match (unsigned, signed) {
        ((min, Some(max)), _) => format!("a number from {} to {max}", min.unwrap_or(0)),
        (_, (Some(min), Some(max))) => {
            format!("a number from {} to {}", as_signed(min), as_signed(max))
        }
        ((Some(min), None), _) => format!("a number of at least {min}, with no upper bound"),
        (_, (Some(min), None)) => {
            format!(
                "a number of at least {}, with no upper bound",
                as_signed(min)
            )
        }
        (_, (None, Some(max))) => format!("a number of at most {max}, maybe negative"),
        _ => "a number that may be anything".into(),
    }
}

fn pointer(name: &str, content: &Content<'_>) -> Option<String> {
    let off = content.number("off").or(content.number("imm")).unwrap_or(0);
    let at = |what: &str| match off {
        0 => what.to_owned(),
        off => format!("{what}, at offset {off}"),
    };
    let varying = match (content.number("umin"), content.number("umax")) {
        (min, Some(max)) => format!(", plus a number from {} to {max}", min.unwrap_or(0)),
        _ if content.fact("var_off").is_some() => ", plus a number".into(),
        _ => String::new(),
    };
    let at = |what: &str| format!("{}{varying}", at(what));
    let map = || match content.fact("map") {
        Some(map) => format!("map `{map}`"),
        None => "a map".into(),
    };
    if let Some(slot) = name.strip_prefix("fp") {
        return Some(match slot {
            "" | "0" => "the frame pointer".into(),
            slot => format!("a pointer to the stack at fp{slot}"),
        });
    }
    if let Some(kind) = kernel_object(name) {
        return Some(at(&match kind {
            "" => "a pointer to an object of the kernel".to_owned(),
            kind => format!("a pointer to the kernel's `{kind}`"),
        }));
    }
    Some(match name {
        "ctx" => at("the context"),
        "map_ptr" | "const_map_ptr" => format!("{} itself, not a value of it", map()),
        "map_value" => {
            let size = content.number("vs");
            let size = size.map_or_else(String::new, |n| format!(" ({n} bytes)"));
            at(&format!("a pointer to a value of {}{size}", map()))
        }
        "map_key" => at(&format!("a pointer to a key of {}", map())),
        // How much is proven is not shown again when it changes: messages tell.
        "pkt" => {
            format!("a pointer to byte {off} of the packet{varying}")
        }
        "pkt_meta" => at("a pointer to the packet's metadata"),
        "pkt_end" => "the packet's end".into(),
        "mem" | "alloc_mem" | "ringbuf_mem" | "rdonly_mem" => at("a pointer to memory"),
        "sock" | "sock_common" | "tcp_sock" | "xdp_sock" => at(&format!("a pointer to a `{name}`")),
        "flow_keys" => at("the flow keys"),
        "buf" | "rdonly_buf" | "rdwr_buf" => at("a pointer to a buffer"),
        "func" => "a function".into(),
        _ => return None,
    })
}

/// The struct in `rcu_ptr_task_struct`, which messages leave out.
fn kernel_object(name: &str) -> Option<&str> {
    const FLAGS: &[&str] = &[
        "",
        "rdonly",
        "user",
        "percpu",
        "rcu",
        "untrusted",
        "trusted",
        "non",
        "own",
        "ref",
    ];
    let (flags, kind) = name.split_once("ptr_")?;
    flags.split('_').all(|f| FLAGS.contains(&f)).then_some(kind)
}

/// The single number that a content is.
pub(super) fn constant(text: &str) -> Option<i128> {
    let text = text.strip_prefix('P').unwrap_or(text);
    let digits = text.strip_prefix("invP").or(text.strip_prefix("inv"));
    number(digits.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn contents_read_as_words() {
        check("invP100", "the number 100");
        check("8", "the number 8");
        check("inv(id=0)", "a number that may be anything");
        check("scalar()", "a number that may be anything");
        check(
            "inv(id=0,umax_value=255,var_off=(0x0; 0xff))",
            "a number from 0 to 255",
        );
        check(
            "scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))",
            "a number from 0 to 4294967295",
        );
        check(
            "scalar(smin=smin32=-2,smax=smax32=5)",
            "a number from -2 to 5",
        );
        check(
            "map_value_or_null(id=1,map=table,ks=4,vs=64)",
            "a pointer to a value of map `table` (64 bytes), or NULL",
        );
        check("pkt(off=14,r=13)", "a pointer to byte 14 of the packet");
        check("fp-8", "a pointer to the stack at fp-8");
        check(
            "trusted_ptr_task_struct(off=8)",
            "a pointer to the kernel's `task_struct`, at offset 8",
        );
        check(
            "trusted_ptr_or_null_task_struct(id=1)",
            "a pointer to the kernel's `task_struct`, or NULL",
        );
        check(
            "map_value(map=x_or_null,ks=4,vs=8)",
            "a pointer to a value of map `x_or_null` (8 bytes)",
        );
        check(
            "mem(id=0,off=0,umax_value=755,var_off=(0x0; 0x3ff))",
            "a pointer to memory, plus a number from 0 to 755",
        );
        check("map_ptr(ks=4,vs=4)", "a map itself, not a value of it");
        assert_eq!(plain("dynptr_x"), None);
    }

    #[test]
    fn a_content_may_hold_spaces() {
        let line = "R0_w=invP(id=0) R1=scalar(umax=7,var_off=(0x0; 0x7)) R12=1 R9=inv(id=0)";
        let regs = registers(line);
        assert_eq!(regs.len(), 3, "{regs:?}");
        assert_eq!(regs[1], (1, "scalar(umax=7,var_off=(0x0; 0x7))"));
    }
}
