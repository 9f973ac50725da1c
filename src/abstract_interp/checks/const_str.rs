//! Constant strings, and formats that must be known when a program is loaded.
//!
//! A constant string lies in the value of a map that neither programs nor user
//! space can change any more, at a known place, and ends there.

use super::map_value::Bounded;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{Kind, MapRef};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::MapType;

/// Register `r` points to a constant string.
pub fn check(vm: &Vm<'_>, r: u8) -> Check<()> {
    bytes(vm, r).map(|_| ())
}

/// The bytes of the constant string that register `r` points to, without the
/// zero that ends it.
pub fn bytes<'a>(vm: &Vm<'a>, r: u8) -> Check<&'a [u8]> {
    let reg = vm.reg(r);
    let Kind::MapValue { map, .. } = reg.kind else {
        return refuse_reg(r, Fault::ArgumentNotString);
    };
    let Some(def) = vm.env.map(map) else {
        return unknown("map:missing");
    };
    if !def.is_constant() {
        return refuse_reg(r, Fault::ArgumentNotReadOnlyMap);
    }
    let Some(var) = reg.bounds.is_const() else {
        return refuse_reg(r, Fault::ArgumentAddress);
    };
    if def.map_type != MapType::Array.id() || def.max_entries != 1 {
        return refuse(Fault::MapNotDirect);
    }
    let rest = (def.value_size as i32).wrapping_sub(reg.off);
    let size = u32::try_from(rest).unwrap_or(0);
    Bounded {
        reg,
        regno: r,
        limit: def.value_size,
    }
    .check(vm, reg.off, size, false)?;
    let at = (reg.off as i64).wrapping_add(var as i64) as usize;
    let text = contents(vm, map, at);
    match text.iter().position(|&b| b == 0) {
        Some(end) => Ok(&text[..end]),
        // A map's value that the object does not fill is zero.
        None if at + text.len() < def.value_size as usize => Ok(text),
        None => refuse(Fault::StringUnterminated),
    }
}

fn contents<'a>(vm: &Vm<'a>, map: MapRef, at: usize) -> &'a [u8] {
    vm.env
        .map(map)
        .and_then(|d| d.initial.as_deref())
        .and_then(|d| d.get(at..))
        .unwrap_or(&[])
}

/// `bpf_snprintf`: the format in r3 fits the `len` bytes of arguments in r5.
pub fn check_snprintf(vm: &Vm<'_>) -> Check<()> {
    let len = vm.reg(5).bounds.tnum.value;
    if !len.is_multiple_of(8) {
        return refuse(Fault::FormatString);
    }
    if !format_ok(bytes(vm, 3)?, len / 8) {
        return refuse(Fault::FormatString);
    }
    Ok(())
}

fn ends_spec(c: u8) -> bool {
    c == 0 || c.is_ascii_whitespace() || c == 0x0b || c.is_ascii_punctuation()
}

/// Whether a format has only specifiers that BPF knows, and at most `args`.
fn format_ok(format: &[u8], args: u64) -> bool {
    let at = |i: usize| format.get(i).copied().unwrap_or(0);
    let mut used = 0;
    let mut i = 0;
    while i < format.len() {
        let c = at(i);
        let printable = (0x20..0x7f).contains(&c) || (0x09..=0x0d).contains(&c);
        if !printable {
            return false;
        }
        if c != b'%' {
            i += 1;
            continue;
        }
        if at(i + 1) == b'%' {
            i += 2;
            continue;
        }
        if used >= args {
            return false;
        }
        used += 1;
        i += 1;
        while matches!(at(i), b'0' | b'+' | b'-' | b' ') {
            i += 1;
        }
        if matches!(at(i), b'1'..=b'9') {
            while at(i).is_ascii_digit() {
                i += 1;
            }
        }
        match specifier(&at, i) {
            Some(last) => i = last + 1,
            None => return false,
        }
    }
    true
}

/// The index of the last character of the specifier at `i`, if it is known.
fn specifier(at: &impl Fn(usize) -> u8, i: usize) -> Option<usize> {
    match at(i) {
        b'p' => match (at(i + 1), at(i + 2)) {
            (c, _) if ends_spec(c) => Some(i),
            (b'k' | b'u', b's') => ends_spec(at(i + 3)).then_some(i + 2),
            (b'K' | b'x' | b's' | b'S' | b'B', _) => Some(i + 1),
            (b'i' | b'I', b'4' | b'6') => Some(i + 2),
            _ => None,
        },
        b's' => ends_spec(at(i + 1)).then_some(i),
        b'c' => Some(i),
        _ => {
            let mut i = i;
            for _ in 0..2 {
                if at(i) == b'l' {
                    i += 1;
                }
            }
            matches!(at(i), b'i' | b'd' | b'u' | b'x' | b'X').then_some(i)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::format_ok;

    #[test]
    fn formats() {
        for (format, args, ok) in [
            ("%d %s\n", 2, true),
            ("%d", 0, false),
            ("%%", 0, true),
            ("%-10lld|", 1, true),
            ("%pI4 %pi6 %ps", 3, true),
            ("%pks", 1, true),
            ("%pksa", 1, false),
            ("%pz", 1, false),
            ("%llc", 1, false),
            ("%f", 1, false),
            ("\u{1}", 0, false),
        ] {
            assert_eq!(format_ok(format.as_bytes(), args), ok, "{format}");
        }
    }
}
