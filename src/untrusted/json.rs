//! JSON that keeps every character and shows none that is invisible: such a character
//! is an escape, so that a document may be looked at on a terminal.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::is_invisible;

/// A formatter whose strings hold visible characters only.
struct Visible<F>(F);

/// Writes a piece of a string.
fn fragment<W: ?Sized + io::Write>(to: &mut W, text: &str) -> io::Result<()> {
    let mut units = [0; 2];
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let tag = c == '#' && super::runner_tag(text.get(at..).unwrap_or(""));
        if !is_invisible(c) && !tag {
            continue;
        }
        to.write_all(text.get(from..at).unwrap_or("").as_bytes())?;
        for unit in c.encode_utf16(&mut units) {
            write!(to, "\\u{unit:04x}")?;
        }
        from = at + c.len_utf8();
    }
    to.write_all(text.get(from..).unwrap_or("").as_bytes())
}

/// Passes on the calls that make up the layout.
macro_rules! layout {
    ($($name:ident $(($arg:ident: $ty:ty))?),*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, to: &mut W $(, $arg: $ty)?) -> io::Result<()> {
            self.0.$name(to $(, $arg)?)
        })*
    };
}

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        text: &str,
    ) -> io::Result<()> {
        fragment(to, text)
    }

    layout!(
        write_char_escape(escape: CharEscape),
        begin_array,
        end_array,
        begin_array_value(first: bool),
        end_array_value,
        begin_object,
        end_object,
        begin_object_key(first: bool),
        end_object_key,
        begin_object_value,
        end_object_value
    );
}

fn written<F: Formatter>(value: &Value, layout: F) -> String {
    let mut bytes = Vec::new();
    let mut to = Serializer::with_formatter(&mut bytes, Visible(layout));
    // Writing to memory does not fail, and a value holds no map that JSON has no way for.
    let _ = value.serialize(&mut to);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A document for files: indented, with a line end.
pub fn pretty(value: &Value) -> String {
    let mut text = written(value, PrettyFormatter::new());
    text.push('\n');
    text
}

/// A document on one line.
pub fn compact(value: &Value) -> String {
    written(value, CompactFormatter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_is_kept_and_nothing_invisible_is_written() {
        let text = "a\n\u{1b}[31m\u{9b}\u{202e}\u{e0041}\u{7f}\"\\ü ##[group]";
        let document = json!({ text: [text, 1, null, true, {}] });
        for written in [compact(&document), pretty(&document)] {
            let back: Value = serde_json::from_str(&written).unwrap();
            assert_eq!(back, document);
            assert!(
                !written.chars().any(|c| c != '\n' && is_invisible(c)),
                "{written}"
            );
            assert!(!written.contains("##["));
        }
        let plain = json!({ "a": [1, { "b": "ü" }], "c": [], "d": {} });
        assert_eq!(compact(&plain), plain.to_string());
        let usual = serde_json::to_string_pretty(&plain).unwrap() + "\n";
        assert_eq!(pretty(&plain), usual);
    }
}
