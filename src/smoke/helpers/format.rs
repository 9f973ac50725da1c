//! The kernel's `printf` dialect as far as programs may use it.

use crate::smoke::memory::Memory;

/// Longest string argument that is printed.
const MAX_STRING: usize = 512;

/// Expands a format with 64-bit arguments; `None` if the format is malformed.
pub fn expand(mem: &Memory, format: &[u8], args: &[u64]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut args = args.iter().copied();
    let mut at = 0;
    while let Some(&byte) = format.get(at) {
        at += 1;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut spec = Spec::default();
        at = spec.read(format, at)?;
        let conversion = *format.get(at)?;
        at += 1;
        match conversion {
            b'%' => out.push(b'%'),
            b'c' => out.push(args.next().unwrap_or(0) as u8),
            b's' => {
                let bytes = mem.string(args.next().unwrap_or(0), MAX_STRING);
                let bytes = bytes.unwrap_or_else(|_| b"(fault)".to_vec());
                spec.pad(&mut out, &bytes);
            }
            b'd' | b'i' => {
                let value = args.next().unwrap_or(0);
                let value = if spec.long {
                    value as i64
                } else {
                    i64::from(value as i32)
                };
                spec.pad(&mut out, value.to_string().as_bytes());
            }
            b'u' | b'x' | b'X' | b'o' => {
                let value = args.next().unwrap_or(0);
                let value = if spec.long {
                    value
                } else {
                    u64::from(value as u32)
                };
                let text = match conversion {
                    b'u' => value.to_string(),
                    b'x' if spec.alt => format!("{value:#x}"),
                    b'x' => format!("{value:x}"),
                    b'X' => format!("{value:X}"),
                    _ => format!("{value:o}"),
                };
                spec.pad(&mut out, text.as_bytes());
            }
            b'p' => at = pointer(mem, format, at, args.next().unwrap_or(0), &mut out),
            _ => return None,
        }
    }
    Some(out)
}

#[derive(Default)]
struct Spec {
    zero: bool,
    left: bool,
    alt: bool,
    width: usize,
    long: bool,
}

impl Spec {
    /// Reads flags, width, precision and length; the position behind them.
    fn read(&mut self, format: &[u8], mut at: usize) -> Option<usize> {
        loop {
            match *format.get(at)? {
                b'0' => self.zero = true,
                b'-' => self.left = true,
                b'#' => self.alt = true,
                b'+' | b' ' => {}
                _ => break,
            }
            at += 1;
        }
        while let digit @ b'0'..=b'9' = *format.get(at)? {
            self.width = (self.width * 10 + usize::from(digit - b'0')).min(4096);
            at += 1;
        }
        if *format.get(at)? == b'.' {
            at += 1;
            while format.get(at)?.is_ascii_digit() {
                at += 1;
            }
        }
        while *format.get(at)? == b'l' {
            self.long = true;
            at += 1;
        }
        Some(at)
    }

    fn pad(&self, out: &mut Vec<u8>, text: &[u8]) {
        let missing = self.width.saturating_sub(text.len());
        if self.left {
            out.extend(text);
            out.extend(std::iter::repeat_n(b' ', missing));
            return;
        }
        let fill = if self.zero { b'0' } else { b' ' };
        out.extend(std::iter::repeat_n(fill, missing));
        out.extend(text);
    }
}

/// `%p` and its kinds; the position behind them.
fn pointer(mem: &Memory, format: &[u8], at: usize, value: u64, out: &mut Vec<u8>) -> usize {
    let rest = format.get(at..).unwrap_or(&[]);
    let dotted = |bytes: &[u8]| {
        bytes
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(".")
    };
    match rest {
        [b'i' | b'I', b'4', ..] => {
            out.extend(dotted(&mem.read(value, 4).unwrap_or_default()).bytes());
            at + 2
        }
        [b'i' | b'I', b'6', ..] => {
            let bytes = mem.read(value, 16).unwrap_or_default();
            let groups: Vec<String> = bytes
                .chunks(2)
                .map(|pair| pair.iter().map(|b| format!("{b:02x}")).collect())
                .collect();
            out.extend(groups.join(":").bytes());
            at + 2
        }
        [b'k' | b'u', b's', ..] => {
            let bytes = mem.string(value, MAX_STRING);
            out.extend(bytes.unwrap_or_else(|_| b"(fault)".to_vec()));
            at + 2
        }
        [b'x' | b'K', ..] => {
            out.extend(format!("{value:x}").bytes());
            at + 1
        }
        [b's' | b'S' | b'B', ..] => {
            out.extend(format!("{value:#x}").bytes());
            at + 1
        }
        _ => {
            out.extend(format!("{value:016x}").bytes());
            at
        }
    }
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
        assert_eq!(show(b"%q", &[0]), None);
        assert_eq!(show(b"100%", &[]), None);
    }
}
