//! Keys and values of maps, between bytes and JSON, by their type in BTF.
//!
//! Structures become objects by field, arrays of characters strings where they
//! are text, other arrays lists, enumerators their names, pointers hexadecimal.
//! Bytes without a type, or that don't fit it, are a string of hexadecimal
//! digits. What is printed here is read back: [`encode`] takes the same forms,
//! and lists of bytes as `bpftool map dump` writes them.
#![warn(clippy::arithmetic_side_effects)]

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::object::btf::Member;
use crate::object::{Btf, Type};

/// Deeper nesting is printed as bytes.
const MAX_DEPTH: u32 = 16;

/// Bytes of a value that somebody writes down.
const MAX_SIZE: usize = 1 << 20;

/// Values and fields of one value; what holds more is shown as digits. Types can be
/// made that hold one another more often than could ever be written.
const MAX_PARTS: u32 = 1 << 16;

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Hexadecimal digits as bytes; blanks and a `0x` in front don't count.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pair = |p: &[u32]| match *p {
        [high, low] => (high << 4 | low) as u8,
        _ => 0,
    };
    Some(digits.chunks_exact(2).map(pair).collect())
}

/// A value of a type; bytes that are no such value as digits.
pub fn decode(btf: Option<&Btf>, ty: u32, bytes: &[u8]) -> Value {
    let typed = btf.filter(|_| ty != 0);
    typed
        .and_then(|btf| typed_value(btf, ty, bytes, 0, &Cell::new(MAX_PARTS)))
        .unwrap_or_else(|| json!(hex(bytes)))
}

fn number(bytes: &[u8], signed: bool) -> Option<Value> {
    let mut wide = [0u8; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let value = u64::from_le_bytes(wide);
    let unused = 64u32.saturating_sub((bytes.len() as u32).saturating_mul(8));
    Some(if signed && unused < 64 {
        json!((value << unused) as i64 >> unused)
    } else {
        json!(value)
    })
}

fn typed_value(btf: &Btf, ty: u32, bytes: &[u8], depth: u32, left: &Cell<u32>) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    left.set(left.get().checked_sub(1)?);
    let id = btf.skip_mods_typedefs(ty);
    let size = btf.resolve_size(id)? as usize;
    let bytes = bytes.get(..size)?;
    match btf.ty(id)? {
        Type::Int { encoding, .. } if encoding.bool => Some(json!(bytes.iter().any(|b| *b != 0))),
        Type::Int { encoding, .. } if size <= 8 => number(bytes, encoding.signed),
        Type::Ptr { .. } => {
            let value = bytes.try_into().ok().map(u64::from_le_bytes)?;
            Some(json!(format!("{value:#x}")))
        }
        Type::Enum { values, signed, .. } | Type::Enum64 { values, signed, .. } => {
            let value = number(bytes, signed)?;
            let wanted = value.as_i64().or(value.as_u64().map(|v| v as i64));
            let name = values.iter().find(|v| Some(v.value) == wanted);
            Some(name.map_or(value, |v| json!(v.name)))
        }
        Type::Array { elem, len, .. } => array(btf, (elem, len), bytes, depth, left),
        Type::Struct(c) | Type::Union(c) => {
            let mut out = Map::new();
            for m in c.members.iter() {
                let value = member(btf, &m, bytes, depth, left)?;
                // Members of anonymous structures are written as the enclosing one's own.
                match value {
                    Value::Object(inner) if m.name.is_empty() => out.extend(inner),
                    value => {
                        out.insert(m.name.to_owned(), value);
                    }
                }
            }
            Some(Value::Object(out))
        }
        _ => None,
    }
}

fn array(
    btf: &Btf,
    (elem, len): (u32, u32),
    bytes: &[u8],
    depth: u32,
    left: &Cell<u32>,
) -> Option<Value> {
    let size = btf.resolve_size(elem)? as usize;
    if size == 1 && is_char(btf, elem) {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let (text, rest) = bytes.split_at(end);
        let printable = text.iter().all(|b| (0x20..0x7f).contains(b));
        if printable && rest.iter().all(|b| *b == 0) {
            return Some(json!(String::from_utf8_lossy(text)));
        }
    }
    let items: Option<Vec<Value>> = (0..len as usize)
        .map(|i| {
            typed_value(
                btf,
                elem,
                bytes.get(i.saturating_mul(size)..)?,
                depth.saturating_add(1),
                left,
            )
        })
        .collect();
    items.map(Value::Array)
}

fn is_char(btf: &Btf, ty: u32) -> bool {
    matches!(
        btf.ty(btf.skip_mods_typedefs(ty)),
        Some(Type::Int { name, encoding, .. }) if encoding.char || name == "char"
    )
}

fn member(btf: &Btf, m: &Member<'_>, bytes: &[u8], depth: u32, left: &Cell<u32>) -> Option<Value> {
    let at = (m.bit_offset / 8) as usize;
    let value = if m.bitfield_size > 0 {
        let mut wide = [0u8; 16];
        let tail = bytes.get(at..)?;
        let n = tail.len().min(16);
        wide.get_mut(..n)?.copy_from_slice(tail.get(..n)?);
        let bits = u128::from_le_bytes(wide) >> (m.bit_offset % 8);
        let mask = u128::MAX >> 128u32.saturating_sub(m.bitfield_size.clamp(1, 64).into());
        json!((bits & mask) as u64)
    } else {
        typed_value(btf, m.ty, bytes.get(at..)?, depth.saturating_add(1), left)?
    };
    Some(value)
}

/// The bytes of a value as [`decode`] prints it, `size` of them.
pub fn encode(btf: Option<&Btf>, ty: u32, size: usize, value: &Value) -> Result<Vec<u8>, String> {
    if size > MAX_SIZE {
        return Err(format!("{size} bytes are more than can be given"));
    }
    let mut out = vec![0; size];
    let items = value.as_array();
    let byte = |v: &Value| match v {
        Value::String(s) => u8::from_str_radix(s.strip_prefix("0x")?, 16).ok(),
        _ => None,
    };
    // A list of "0x.." strings, one per byte.
    if let Some(items) = items
        && items.len() == size
        && let Some(bytes) = items.iter().map(byte).collect::<Option<Vec<u8>>>()
    {
        return Ok(bytes);
    }
    match btf.filter(|_| ty != 0) {
        Some(btf) => put_typed(btf, ty, value, &mut out, 0)?,
        None => put_plain(value, &mut out)?,
    }
    Ok(out)
}

/// A number, digits, or a list of bytes.
fn put_plain(value: &Value, out: &mut [u8]) -> Result<(), String> {
    let size = out.len();
    let bytes = match value {
        Value::String(text) => {
            unhex(text).ok_or_else(|| format!("{text:?} is not hexadecimal digits"))?
        }
        Value::Array(items) => items
            .iter()
            .map(|v| v.as_u64().and_then(|v| u8::try_from(v).ok()))
            .collect::<Option<_>>()
            .ok_or("a list must hold bytes")?,
        Value::Number(_) | Value::Bool(_) => integer(value)?
            .to_le_bytes()
            .into_iter()
            .chain(std::iter::repeat(0))
            .take(size)
            .collect(),
        _ => return Err(format!("{value} is no value of {size} bytes")),
    };
    if bytes.len() != size {
        return Err(format!("{} bytes given, {size} needed", bytes.len()));
    }
    out.copy_from_slice(&bytes);
    Ok(())
}

fn integer(value: &Value) -> Result<u64, String> {
    match value {
        Value::Bool(b) => Ok(u64::from(*b)),
        Value::String(s) => {
            let digits = s.strip_prefix("0x");
            let parsed = digits.map_or_else(|| s.parse(), |d| u64::from_str_radix(d, 16));
            parsed.map_err(|_| format!("{s:?} is no number"))
        }
        _ => value
            .as_u64()
            .or(value.as_i64().map(|v| v as u64))
            .ok_or_else(|| format!("{value} is no integer")),
    }
}

fn put_typed(btf: &Btf, ty: u32, value: &Value, out: &mut [u8], depth: u32) -> Result<(), String> {
    let id = btf.skip_mods_typedefs(ty);
    let size = btf.resolve_size(id).unwrap_or(0) as usize;
    let Some(out) = out.get_mut(..size).filter(|_| depth <= MAX_DEPTH) else {
        return Err("the type is larger than the value".into());
    };
    match (btf.ty(id), value) {
        (Some(Type::Struct(_) | Type::Union(_)), Value::Object(fields)) => {
            for (name, value) in fields {
                let found = place_of(btf, id, name);
                let (at, m_ty) = found.ok_or_else(|| format!("no field {name}"))?;
                let place = out.get_mut(at..).ok_or("a field beyond its structure")?;
                put_typed(btf, m_ty, value, place, depth.saturating_add(1))
                    .map_err(|e| format!("field {name}: {e}"))?;
            }
            Ok(())
        }
        (Some(Type::Array { elem, len, .. }), Value::Array(items))
            if items.len() <= len as usize =>
        {
            let each = btf.resolve_size(elem).unwrap_or(0) as usize;
            for (i, item) in items.iter().enumerate() {
                let place = out
                    .get_mut(i.saturating_mul(each)..)
                    .ok_or("too many elements")?;
                put_typed(btf, elem, item, place, depth.saturating_add(1))?;
            }
            Ok(())
        }
        (Some(Type::Array { elem, .. }), Value::String(text))
            if is_char(btf, elem) && text.len() <= size =>
        {
            for (to, byte) in out.iter_mut().zip(text.bytes()) {
                *to = byte;
            }
            Ok(())
        }
        (Some(Type::Enum { values, .. } | Type::Enum64 { values, .. }), Value::String(name))
            if values.iter().any(|v| v.name == name) =>
        {
            let value = values
                .iter()
                .find(|v| v.name == name)
                .map_or(0, |v| v.value);
            put_plain(&json!(value), out)
        }
        (
            Some(Type::Int { .. } | Type::Ptr { .. } | Type::Enum { .. } | Type::Enum64 { .. }),
            v,
        ) if !v.is_array() && size <= 8 => put_plain(&json!(integer(v)?), out),
        _ => put_plain(value, out),
    }
}

/// Byte offset and type of a field, also of anonymous members'. Each type is looked
/// into once: what a name is not in, it is not in elsewhere either.
fn place_of(btf: &Btf, id: u32, name: &str) -> Option<(usize, u32)> {
    let mut seen = BTreeSet::new();
    let mut work = vec![(id, 0usize)];
    while let Some((id, base)) = work.pop() {
        let id = btf.skip_mods_typedefs(id);
        if !seen.insert(id) {
            continue;
        }
        let Some(Type::Struct(c) | Type::Union(c)) = btf.ty(id) else {
            continue;
        };
        for m in c.members.iter() {
            let at = base.saturating_add((m.bit_offset / 8) as usize);
            if m.name == name && m.bitfield_size == 0 {
                return Some((at, m.ty));
            }
            if m.name.is_empty() {
                work.push((m.ty, at));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_both_ways() {
        assert_eq!(unhex("0x0aFf 10"), Some(vec![0x0a, 0xff, 0x10]));
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(hex(&[0x0a, 0xff]), "0aff");
    }

    #[test]
    fn plain_values_have_the_size_that_is_asked_for() {
        let enc = |size, value| encode(None, 0, size, &value);
        assert_eq!(enc(4, json!(258)), Ok(vec![2, 1, 0, 0]));
        assert_eq!(enc(4, json!(-1)), Ok(vec![0xff; 4]));
        assert_eq!(enc(2, json!("0a0b")), Ok(vec![10, 11]));
        assert_eq!(enc(2, json!(["0x0a", "0x0b"])), Ok(vec![10, 11]));
        assert_eq!(enc(2, json!([10, 11])), Ok(vec![10, 11]));
        assert!(enc(4, json!("0a0b")).is_err());
        assert!(enc(1, json!([300])).is_err());
        assert!(enc(MAX_SIZE + 1, json!(1)).is_err());
    }
}
