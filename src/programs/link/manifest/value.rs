//! Values as they are written, into bytes: numbers of any base up to 128 bits, enumerators,
//! truth values, characters, text.

use super::path::Spot;
use crate::object::{Btf, Type};
use crate::prelude::*;

/// A number as C writes it (`80`, `-1`, `0xbb`, `017`), or a character.
fn number(text: &str) -> Option<(bool, u128)> {
    if let Some(c) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        let mut bytes = c.bytes();
        return match (bytes.next(), bytes.next()) {
            (Some(b), None) => Some((false, b.into())),
            _ => None,
        };
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let magnitude = if let Some(hex) = lower.strip_prefix("0x") {
        u128::from_str_radix(hex, 16).ok()?
    } else if let Some(binary) = lower.strip_prefix("0b") {
        u128::from_str_radix(binary, 2).ok()?
    } else if lower.len() > 1 && lower.starts_with('0') {
        u128::from_str_radix(&lower, 8).ok()?
    } else {
        lower.parse().ok()?
    };
    Some((negative, magnitude))
}

/// What a type holds, if it is a number of some kind.
struct Scalar {
    bits: u32,
    signed: bool,
}

fn scalar(btf: &Btf, spot: Spot) -> Option<Scalar> {
    let (size, signed) = match btf.ty(btf.skip_mods_typedefs(spot.ty))? {
        Type::Int { size, encoding, .. } => (size, encoding.signed),
        Type::Enum { size, signed, .. } | Type::Enum64 { size, signed, .. } => (size, signed),
        _ => return None,
    };
    let bits = match spot.bits {
        0 => size.checked_mul(8)?,
        bits => bits.into(),
    };
    (1..=128).contains(&bits).then_some(Scalar { bits, signed })
}

impl Scalar {
    /// The bits of a number; `None` if it is out of range.
    fn encode(&self, (negative, magnitude): (bool, u128)) -> Option<u128> {
        let top = 1u128.checked_shl(self.bits.saturating_sub(1))?;
        let most = match self.signed {
            true => top.saturating_sub(1),
            false => top.saturating_sub(1).saturating_add(top),
        };
        let least = if self.signed { top } else { 0 };
        if negative {
            (magnitude <= least).then(|| magnitude.wrapping_neg())
        } else {
            (magnitude <= most).then_some(magnitude)
        }
    }

    fn range(&self) -> String {
        match self.signed {
            true => format!("a signed number of {} bits", self.bits),
            false => format!("an unsigned number of {} bits", self.bits),
        }
    }
}

/// Writes bits, the least significant first, from a bit of some bytes on.
fn put(bytes: &mut [u8], bit: u64, bits: u32, value: u128) -> Option<()> {
    for i in 0..bits {
        let at = bit.checked_add(i.into())?;
        let byte = bytes.get_mut(usize::try_from(at / 8).ok()?)?;
        let mask = 1u8 << (at % 8);
        match value >> i & 1 {
            0 => *byte &= !mask,
            _ => *byte |= mask,
        }
    }
    Some(())
}

const OUTSIDE: &str = "it lies outside its section";

/// Writes a number.
pub(super) fn put_number(
    btf: &Btf,
    spot: Spot,
    bytes: &mut [u8],
    number: (bool, u128),
) -> Result<(), String> {
    let Some(scalar) = scalar(btf, spot) else {
        return Err(format!(
            "it is of type {}, no number",
            btf.describe(spot.ty)
        ));
    };
    let Some(value) = scalar.encode(number) else {
        return Err(format!("it does not fit {}", scalar.range()));
    };
    put(bytes, spot.bit, scalar.bits, value).ok_or_else(|| OUTSIDE.into())
}

/// An enumerator: of the value's own enumeration, or of any where it is a plain number.
pub(super) fn enumerator(btf: &Btf, ty: u32, name: &str) -> Result<(bool, u128), String> {
    let own = btf.skip_mods_typedefs(ty);
    let number = |value: i64| (value < 0, u128::from(value.unsigned_abs()));
    if let Some(Type::Enum { values, .. } | Type::Enum64 { values, .. }) = btf.ty(own) {
        let found = values.iter().find(|v| v.name == name);
        return found.map(|v| number(v.value)).ok_or_else(|| {
            let offer = super::offer(name, values.iter().map(|v| v.name));
            format!("{} has no enumerator {name:?}; {offer}", btf.describe(ty))
        });
    }
    let mut all = (1..btf.type_count()).filter_map(|id| btf.enumerator(id, name));
    let found = all.next().map(|v| number(v.value));
    found.ok_or_else(|| format!("{name:?} is no number and no enumerator"))
}

/// Writes a text and its end into an array of characters.
pub(super) fn put_text(btf: &Btf, spot: Spot, bytes: &mut [u8], text: &str) -> Result<(), String> {
    let Some(room) = text_room(btf, spot.ty) else {
        return Err(format!("it is of type {}, no text", btf.describe(spot.ty)));
    };
    if text.len() >= room.max(1) {
        let most = room.saturating_sub(1);
        return Err(format!("the text is longer than {most} bytes"));
    }
    let start = usize::try_from(spot.bit / 8).unwrap_or(usize::MAX);
    let place = start
        .checked_add(room)
        .and_then(|end| bytes.get_mut(start..end));
    let place = place.ok_or_else(|| OUTSIDE.to_owned())?;
    place.fill(0);
    for (to, from) in place.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    Ok(())
}

/// Elements of an array of characters.
pub(super) fn text_room(btf: &Btf, ty: u32) -> Option<usize> {
    let Some(Type::Array { elem, len, .. }) = btf.ty(btf.skip_mods_typedefs(ty)) else {
        return None;
    };
    match btf.ty(btf.skip_mods_typedefs(elem)) {
        Some(Type::Int { size: 1, .. }) => usize::try_from(len).ok(),
        _ => None,
    }
}

/// Writes a value as the command line has it.
pub(super) fn put_word(btf: &Btf, spot: Spot, bytes: &mut [u8], word: &str) -> Result<(), String> {
    if let Some(text) = word.strip_prefix('"') {
        let text = text.strip_suffix('"').ok_or("the text does not end")?;
        return put_text(btf, spot, bytes, text);
    }
    if scalar(btf, spot).is_none() {
        let is = btf.describe(spot.ty);
        let hint = match btf.ty(btf.skip_mods_typedefs(spot.ty)) {
            Some(Type::Array { .. }) => "; set its elements: NAME[0]=…",
            Some(Type::Struct(_) | Type::Union(_)) => "; set its members: NAME.MEMBER=…",
            _ => "",
        };
        return Err(format!("it is of type {is}, no number{hint}"));
    }
    let number = match (number(word), word) {
        (Some(number), _) => number,
        (None, "true") => (false, 1),
        (None, "false") => (false, 0),
        (None, name) => enumerator(btf, spot.ty, name)?,
    };
    put_number(btf, spot, bytes, number)
}

/// Writes a number where there are no types: so many bytes.
pub(super) fn put_untyped(bytes: &mut [u8], word: &str) -> Result<(), String> {
    let bits = u32::try_from(bytes.len()).unwrap_or(0).saturating_mul(8);
    if !matches!(bytes.len(), 1 | 2 | 4 | 8 | 16) {
        return Err(format!("it has {} bytes and no type", bytes.len()));
    }
    let Some(number) = number(word) else {
        return Err("without types only numbers can be set".into());
    };
    // Which sign it has nobody says: either is taken.
    let encoded = [false, true].map(|signed| Scalar { bits, signed }.encode(number));
    let Some(value) = encoded.into_iter().flatten().next() else {
        return Err(format!("it does not fit {} bytes", bytes.len()));
    };
    put(bytes, 0, bits, value).ok_or_else(|| OUTSIDE.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_in_c() {
        assert_eq!(number("80"), Some((false, 80)));
        assert_eq!(number("-0x10"), Some((true, 16)));
        assert_eq!(number("017"), Some((false, 15)));
        assert_eq!(number("0"), Some((false, 0)));
        assert_eq!(number("'A'"), Some((false, 65)));
        assert_eq!(
            number("0xffffffffffffffffffffffffffffffff"),
            Some((false, u128::MAX))
        );
        for bad in ["", "-", "--1", "1x", "0x", "''", "'ab'", "1.5"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_fit_their_width() {
        let s8 = Scalar {
            bits: 8,
            signed: true,
        };
        let u8 = Scalar {
            bits: 8,
            signed: false,
        };
        assert_eq!(s8.encode((true, 128)).map(|v| v as u8), Some(0x80));
        assert_eq!(s8.encode((false, 128)), None);
        assert_eq!(u8.encode((false, 255)), Some(255));
        assert_eq!(u8.encode((true, 1)), None);
        assert_eq!(u8.encode((false, 256)), None);
        let wide = Scalar {
            bits: 128,
            signed: false,
        };
        assert_eq!(wide.encode((false, u128::MAX)), Some(u128::MAX));
    }

    #[test]
    fn bits_go_where_they_belong() {
        let mut bytes = [0xff, 0, 0];
        put(&mut bytes, 4, 12, 0xabc).unwrap();
        assert_eq!(bytes, [0xcf, 0xab, 0]);
        assert_eq!(put(&mut bytes, 20, 8, 1), None);
    }

    #[test]
    fn untyped_places_take_numbers() {
        let mut bytes = [0u8; 4];
        put_untyped(&mut bytes, "-2").unwrap();
        assert_eq!(bytes, [0xfe, 0xff, 0xff, 0xff]);
        assert!(put_untyped(&mut bytes, "0x1ffffffff").is_err());
        assert!(put_untyped(&mut [0; 3], "1").is_err());
    }
}
