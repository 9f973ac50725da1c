//! Printing and parsing.

use super::format::expand;
use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{EFAULT, EINVAL, ERANGE};

/// Longest format string.
const MAX_FORMAT: usize = 512;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    match id {
        helper::TRACE_PRINTK => {
            let format = cx.bytes(1, cx.arg(2))?;
            let args = [cx.arg(3), cx.arg(4), cx.arg(5)];
            print(cx, &format, &args)
        }
        helper::TRACE_VPRINTK => {
            let format = cx.bytes(1, cx.arg(2))?;
            let args = words(cx, 3, cx.arg(4))?;
            print(cx, &format, &args)
        }
        helper::SNPRINTF => snprintf(cx),
        helper::SEQ_PRINTF => {
            let format = cx.bytes(2, cx.arg(3))?;
            let args = words(cx, 4, cx.arg(5))?;
            match expand(&cx.rt.mem, cut(&format), &args) {
                Some(text) => {
                    cx.rt.spend(text.len() as u64)?;
                    cx.rt.output.seq.extend(text);
                    ret(0)
                }
                None => ret(EINVAL),
            }
        }
        helper::SEQ_WRITE => {
            let bytes = cx.bytes(2, cx.arg(3))?;
            cx.rt.output.seq.extend(bytes);
            ret(0)
        }
        helper::STRTOL | helper::STRTOUL => parse(cx, id == helper::STRTOL),
        helper::STRNCMP => compare(cx),
        _ => Ok(None),
    }
}

/// A format up to its NUL.
fn cut(format: &[u8]) -> &[u8] {
    format.split(|b| *b == 0).next().unwrap_or(&[])
}

/// The 64-bit values of an argument array.
fn words(cx: &Cx<'_>, arg: usize, len: u64) -> Result<Vec<u64>, crate::smoke::engine::Stop> {
    let bytes = if len == 0 {
        Vec::new()
    } else {
        cx.bytes(arg, len)?
    };
    Ok(bytes
        .chunks_exact(8)
        .map(|c| c.try_into().map_or(0, u64::from_le_bytes))
        .collect())
}

fn print(cx: &mut Cx<'_>, format: &[u8], args: &[u64]) -> Answer {
    match expand(&cx.rt.mem, cut(format), args) {
        Some(text) => {
            let len = text.len() as i64;
            cx.rt.spend(text.len() as u64)?;
            cx.rt
                .output
                .printk
                .push(String::from_utf8_lossy(&text).into_owned());
            ret(len)
        }
        None => ret(EINVAL),
    }
}

fn snprintf(cx: &mut Cx<'_>) -> Answer {
    let [_, size, format, _, len] = cx.args;
    cx.rt.spend(MAX_FORMAT as u64)?;
    let format = cx.rt.mem.string(format, MAX_FORMAT)?;
    let args = words(cx, 4, len)?;
    let Some(text) = expand(&cx.rt.mem, &format, &args) else {
        return ret(EINVAL);
    };
    if size > 0 {
        let most = usize::try_from(size - 1).unwrap_or(usize::MAX);
        let mut shown: Vec<u8> = text.iter().copied().take(most).collect();
        shown.push(0);
        cx.put(1, &shown)?;
    }
    ret(text.len() as i64 + 1)
}

/// `strtol` and `strtoul`: the result goes through r4, the length is returned.
fn parse(cx: &mut Cx<'_>, signed: bool) -> Answer {
    let [_, len, flags, ..] = cx.args;
    let bytes = cx.bytes(1, len)?;
    // Where there is no number, the number is zero.
    cx.put(4, &0u64.to_le_bytes())?;
    if !matches!(flags, 0 | 8 | 10 | 16) || bytes.is_empty() {
        return ret(EINVAL);
    }
    let (value, used) = match number(&bytes, flags as u32, signed) {
        Ok(parsed) => parsed,
        Err(error) => return ret(error),
    };
    cx.put(4, &value.to_le_bytes())?;
    ret(used as i64)
}

/// A number at the start of a text: its value and how many bytes it takes.
fn number(bytes: &[u8], base: u32, signed: bool) -> Result<(u64, usize), i64> {
    let mut at = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let negative = bytes.get(at) == Some(&b'-');
    if negative {
        at += 1;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    let hex = matches!(rest, [b'0', b'x' | b'X', d, ..] if d.is_ascii_hexdigit());
    let base = match (base, rest) {
        (0, _) if hex => 16,
        (0, [b'0', ..]) => 8,
        (0, _) => 10,
        (base, _) => base,
    };
    // Who asks for base 16 has said what the letter means.
    let prefix = matches!(rest, [b'0', b'x' | b'X', ..]);
    if base == 16 && (hex || prefix) {
        at += 2;
    }
    let digits = bytes.get(at..).unwrap_or(&[]);
    let count = digits
        .iter()
        .take_while(|b| char::from(**b).is_digit(base))
        .count();
    if count == 0 {
        return Err(EINVAL);
    }
    let mut value = 0u64;
    for digit in digits.iter().take(count) {
        let digit = u64::from(char::from(*digit).to_digit(base).unwrap_or(0));
        let next = value
            .checked_mul(u64::from(base))
            .and_then(|v| v.checked_add(digit));
        value = next.ok_or(ERANGE)?;
    }
    if negative && !signed {
        return Err(EINVAL);
    }
    let limit = if negative { 1 << 63 } else { i64::MAX as u64 };
    if signed && value > limit {
        return Err(ERANGE);
    }
    Ok((
        if negative {
            value.wrapping_neg()
        } else {
            value
        },
        at + count,
    ))
}

fn compare(cx: &mut Cx<'_>) -> Answer {
    let [_, len, other, ..] = cx.args;
    let left = cx.bytes(1, len)?;
    let Ok(right) = cx.rt.mem.string(other, len as usize) else {
        return ret(EFAULT);
    };
    for (i, a) in left.iter().enumerate() {
        let b = right.get(i).copied().unwrap_or(0);
        if *a != b {
            return ret(if *a < b { -1 } else { 1 });
        }
        if b == 0 {
            break;
        }
    }
    ret(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_parse_in_every_base() {
        assert_eq!(number(b" -12x", 0, true), Ok((12u64.wrapping_neg(), 4)));
        assert_eq!(number(b"0x1f", 0, false), Ok((31, 4)));
        assert_eq!(number(b"017", 0, false), Ok((15, 3)));
        assert_eq!(number(b"-1", 0, false), Err(EINVAL));
        assert_eq!(number(b"zz", 0, false), Err(EINVAL));
        assert_eq!(number(b"18446744073709551616", 10, false), Err(ERANGE));
        assert_eq!(number(b"9223372036854775808", 10, true), Err(ERANGE));
    }
}
