//! The kernel's `printf` dialect as far as programs may use it.
//!
//! A conversion is `%`, flags of `0+- `, a width, up to two `l`, and one of `d i u x X c s p`;
//! of pointers a few kinds. There is no precision and no `#`. A format with anything else, with
//! control characters, or with more conversions than arguments is malformed. What cannot be
//! read prints as nothing, an address as zeroes.

use crate::smoke::memory::Memory;

/// Longest string argument that is printed.
const MAX_STRING: usize = 512;
/// Widths beyond are cut.
const MAX_WIDTH: usize = 4096;

/// Expands a format with 64-bit arguments; `None` if the format is malformed.
pub fn expand(mem: &Memory, format: &[u8], args: &[u64]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut args = args.iter().copied();
    let mut at = 0;
    while let Some(&byte) = format.get(at) {
        at += 1;
        if !is_text(byte) {
            return None;
        }
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        if format.get(at) == Some(&b'%') {
            out.push(b'%');
            at += 1;
            continue;
        }
        let mut spec = Spec::default();
        at = spec.read(format, at)?;
        let conversion = *format.get(at)?;
        at += 1;
        let value = match conversion {
            b'c' | b's' | b'd' | b'i' | b'u' | b'x' | b'X' | b'p' => args.next()?,
            _ => return None,
        };
        let low = if spec.long {
            value
        } else {
            value & 0xffff_ffff
        };
        match conversion {
            b'c' => spec.pad(&mut out, b"", &[value as u8]),
            b's' => spec.pad(&mut out, b"", &string(mem, value)),
            b'd' | b'i' => {
                let value = match spec.long {
                    true => value as i64,
                    false => i64::from(value as i32),
                };
                let sign: &[u8] = match value {
                    ..0 => b"-",
                    _ if spec.plus => b"+",
                    _ if spec.space => b" ",
                    _ => b"",
                };
                spec.pad(&mut out, sign, value.unsigned_abs().to_string().as_bytes());
            }
            b'u' => spec.pad(&mut out, b"", low.to_string().as_bytes()),
            b'x' => spec.pad(&mut out, b"", format!("{low:x}").as_bytes()),
            b'X' => spec.pad(&mut out, b"", format!("{low:X}").as_bytes()),
            _ => {
                let rest = format.get(at..).unwrap_or(&[]);
                let (text, used) = pointer(mem, rest, value, spec.width == 0)?;
                at += used;
                // Addresses of networks take no width.
                match rest {
                    [b'i' | b'I', ..] => out.extend(text),
                    _ => spec.pad(&mut out, b"", &text),
                }
            }
        }
    }
    Some(out)
}

/// What a format may hold: no control characters but white space.
fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control() || matches!(byte, b'\t'..=b'\r')
}

fn string(mem: &Memory, at: u64) -> Vec<u8> {
    mem.string(at, MAX_STRING).unwrap_or_default()
}

#[derive(Default)]
struct Spec {
    zero: bool,
    left: bool,
    plus: bool,
    space: bool,
    width: usize,
    long: bool,
}

impl Spec {
    /// Reads flags, width and length; the position behind them.
    fn read(&mut self, format: &[u8], mut at: usize) -> Option<usize> {
        loop {
            match *format.get(at)? {
                b'0' => self.zero = true,
                b'-' => self.left = true,
                b'+' => self.plus = true,
                b' ' => self.space = true,
                _ => break,
            }
            at += 1;
        }
        while let digit @ b'0'..=b'9' = *format.get(at)? {
            self.width = (self.width * 10 + usize::from(digit - b'0')).min(MAX_WIDTH);
            at += 1;
        }
        for _ in 0..2 {
            if *format.get(at)? == b'l' {
                self.long = true;
                at += 1;
            }
        }
        Some(at)
    }

    /// Zeroes stand between the sign and the digits.
    fn pad(&self, out: &mut Vec<u8>, sign: &[u8], text: &[u8]) {
        let missing = self.width.saturating_sub(sign.len() + text.len());
        let fill = |byte| std::iter::repeat_n(byte, missing);
        match (self.left, self.zero) {
            (true, _) => out.extend([sign, text].concat().into_iter().chain(fill(b' '))),
            (_, true) => out.extend(sign.iter().copied().chain(fill(b'0')).chain(text.to_vec())),
            _ => out.extend(fill(b' ').chain([sign, text].concat())),
        }
    }
}

/// Bytes of an address.
fn address<const N: usize>(mem: &Memory, at: u64) -> [u8; N] {
    let bytes = mem.read(at, N).ok();
    bytes.and_then(|b| b.try_into().ok()).unwrap_or([0; N])
}

/// What a kind of pointer prints as, and how many letters name it. Without a width, numbers
/// have all their digits.
fn pointer(mem: &Memory, rest: &[u8], value: u64, all: bool) -> Option<(Vec<u8>, usize)> {
    let number = match all {
        true => format!("{value:016x}"),
        false => format!("{value:x}"),
    };
    Some(match rest {
        [kind @ (b'i' | b'I'), b'4', ..] => {
            let bytes: [u8; 4] = address(mem, value);
            let one = |b: &u8| match kind {
                b'i' => format!("{b:03}"),
                _ => b.to_string(),
            };
            let parts: Vec<String> = bytes.iter().map(one).collect();
            (parts.join(".").into_bytes(), 2)
        }
        [kind @ (b'i' | b'I'), b'6', ..] => {
            let bytes: [u8; 16] = address(mem, value);
            let groups = bytes.chunks(2);
            let groups: Vec<String> = groups
                .map(|pair| pair.iter().map(|b| format!("{b:02x}")).collect())
                .collect();
            let between = if *kind == b'i' { "" } else { ":" };
            (groups.join(between).into_bytes(), 2)
        }
        [b'k' | b'u', b's', ..] => (string(mem, value), 2),
        [b's' | b'S' | b'B', ..] => (format!("{value:#x}").into_bytes(), 1),
        [b'x' | b'K', ..] => (number.into_bytes(), 1),
        [] => (number.into_bytes(), 0),
        [next, ..] if next.is_ascii_whitespace() || next.is_ascii_punctuation() => {
            (number.into_bytes(), 0)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::memory::Kind;

    #[test]
    fn formats_as_the_kernel_does() {
        let mut mem = Memory::default();
        let id = mem
            .alloc(Kind::Buffer, b"ab\0\x0a\0\0\x01".to_vec())
            .unwrap();
        let at = mem.base(id);
        let show = |f: &[u8], args: &[u64]| {
            expand(&mem, f, args).map(|b| String::from_utf8_lossy(&b).into_owned())
        };
        assert_eq!(
            show(b"%d %u", &[u64::MAX, u64::MAX]).unwrap(),
            "-1 4294967295"
        );
        assert_eq!(
            show(b"%lld|%4d|%-4d|%04x", &[u64::MAX, 7, 7, 0xab]).unwrap(),
            "-1|   7|7   |00ab"
        );
        assert_eq!(show(b"%s %%", &[at]).unwrap(), "ab %");
        assert_eq!(show(b"%pI4", &[at + 3]).unwrap(), "10.0.0.1");
        let pair = [at, at];
        assert_eq!(show(b"%pi4", &[at + 3]).unwrap(), "010.000.000.001");
        assert_eq!(
            show(b"%+d|% d|%06d|%-06d|", &[7, 7, -7i64 as u64, 7]).unwrap(),
            "+7| 7|-00007|7     |"
        );
        assert_eq!(show(b"%3c|%-3s|", &[0x61, at]).unwrap(), "  a|ab |");
        assert_eq!(
            show(b"%px|%5px|", &[0xab, 0xab]).unwrap(),
            "00000000000000ab|   ab|"
        );
        assert_eq!(show(b"%12pI4|", &[at + 3]).unwrap(), "10.0.0.1|");
        // What cannot be read.
        assert_eq!(show(b"%s|%pI4", &[8, 8]).unwrap(), "|0.0.0.0");
        for wrong in [
            "%.3d", "%#x", "%o", "%llld", "%5%", "%pa", "\x7f", "\x01", "%d %d %d",
        ] {
            assert_eq!(show(wrong.as_bytes(), &pair), None, "{wrong}");
        }
        assert_eq!(show(b"%q", &[0]), None);
        assert_eq!(show(b"100%", &[]), None);
    }
}
