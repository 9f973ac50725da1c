//! Bytes that C headers hold: skeletons of bpftool (`.skel.h`), arrays of `xxd -i`.
//!
//! Read as a compiler's first pass would: comments are passed over, literals side by side
//! are one, a backslash at the end of a line joins the next. Nothing else of C is
//! understood, and nothing needs to be.

/// A string literal or an array of numbers.
pub(super) struct Literal {
    /// What it is assigned to.
    pub(super) name: String,
    /// Where it begins in the text.
    pub(super) offset: usize,
    pub(super) bytes: Vec<u8>,
}

/// Literals that are worth keeping: an object's header alone is longer.
const SHORTEST: usize = 64;

/// Whether a file is C by its name, and text.
pub(super) fn is_text(name: &str, bytes: &[u8]) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    matches!(extension, "h" | "c" | "inc" | "hpp" | "cc") && !bytes.contains(&0)
}

/// Whether a literal is the loader program of a light skeleton.
pub(super) fn is_loader(literal: &Literal) -> bool {
    matches!(&*literal.name, "opts_insn" | "insns")
}

/// Whether one is that program's data.
pub(super) fn is_data(literal: &Literal) -> bool {
    matches!(&*literal.name, "opts_data" | "data")
}

/// The literals of a text that may be objects or programs.
pub(super) fn literals(text: &[u8]) -> Vec<Literal> {
    let mut reader = Reader {
        text,
        at: 0,
        word: String::new(),
    };
    let mut out = Vec::new();
    while let Some(byte) = reader.peek() {
        let offset = reader.at;
        let bytes = match byte {
            b'/' => {
                reader.comment();
                continue;
            }
            b'\'' => {
                reader.quoted(b'\'', &mut Vec::new());
                continue;
            }
            b'"' => reader.strings(),
            b'{' => reader.numbers().unwrap_or_default(),
            b if b.is_ascii_alphabetic() || b == b'_' => {
                reader.identifier();
                continue;
            }
            _ => {
                reader.step(1);
                continue;
            }
        };
        if bytes.len() >= SHORTEST {
            out.push(Literal {
                name: reader.word.clone(),
                offset,
                bytes,
            });
        }
    }
    out
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The last identifier that names something.
    word: String,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }

    /// Passes over a comment, or the slash that is none.
    fn comment(&mut self) {
        let end: &[u8] = match self.rest() {
            [b'/', b'/', ..] => b"\n",
            [b'/', b'*', ..] => b"*/",
            _ => return self.step(1),
        };
        self.step(2);
        let length = self.rest().windows(end.len()).position(|w| w == end);
        let rest = self.rest().len();
        self.step(length.map_or(rest, |l| l.saturating_add(end.len())));
    }

    fn spaces(&mut self) {
        while let Some(b) = self.peek() {
            match b {
                b'/' if matches!(self.rest(), [b'/', b'/' | b'*', ..]) => self.comment(),
                b if b.is_ascii_whitespace() || b == b'\\' => self.step(1),
                _ => return,
            }
        }
    }

    fn identifier(&mut self) {
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let length = self.rest().iter().take_while(|b| word(b)).count();
        let text = self.rest().get(..length).unwrap_or(&[]);
        let text = String::from_utf8_lossy(text).into_owned();
        let named = !matches!(
            &*text,
            "__attribute__" | "__aligned__" | "aligned" | "const" | "char" | "void" | "unsigned"
        );
        if named {
            self.word = text;
        }
        self.step(length.max(1));
    }

    /// String literals side by side.
    fn strings(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.peek() == Some(b'"') {
            self.quoted(b'"', &mut bytes);
            self.spaces();
        }
        bytes
    }

    /// What stands between quotes.
    fn quoted(&mut self, quote: u8, out: &mut Vec<u8>) {
        self.step(1);
        while let Some(b) = self.peek() {
            self.step(1);
            match b {
                b if b == quote => return,
                b'\\' => self.escape(out),
                b => out.push(b),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(b) = self.peek() else {
            return;
        };
        self.step(1);
        let digits = |reader: &mut Self, base: u32, most: usize, first: u32| {
            let mut value = first;
            for _ in 0..most {
                let digit = reader.peek().and_then(|b| char::from(b).to_digit(base));
                let Some(digit) = digit else { break };
                value = value.wrapping_mul(base).wrapping_add(digit);
                reader.step(1);
            }
            value as u8
        };
        match b {
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.step(1);
                }
            }
            b'x' => out.push(digits(self, 16, usize::MAX, 0)),
            b'0'..=b'7' => out.push(digits(self, 8, 2, u32::from(b.wrapping_sub(b'0')))),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'v' => out.push(11),
            b'f' => out.push(12),
            b => out.push(b),
        }
    }

    /// The numbers between braces; none (and one step) if anything else is there.
    fn numbers(&mut self) -> Option<Vec<u8>> {
        let start = self.at;
        self.step(1);
        let mut bytes = Vec::new();
        loop {
            self.spaces();
            match self.peek() {
                Some(b'}') => {
                    self.step(1);
                    return Some(bytes);
                }
                Some(b',') => self.step(1),
                Some(b'0'..=b'9') => bytes.push(self.number()?),
                _ => {
                    self.at = start.saturating_add(1);
                    return None;
                }
            }
        }
    }

    fn number(&mut self) -> Option<u8> {
        let length = self.rest().iter().take_while(|b| b.is_ascii_alphanumeric());
        let length = length.count();
        let text = std::str::from_utf8(self.rest().get(..length)?).ok()?;
        let value = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => text.parse(),
        };
        self.step(length);
        value.ok()
    }
}
