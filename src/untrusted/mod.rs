//! Texts that somebody else wrote: names, paths and lines of an object, of a log, of a
//! folder.
//!
//! Such a text can hold anything: ends of lines, terminal sequences, commands of a CI
//! runner, Markdown, letters that turn the line around. It is data until it is shown, and
//! is escaped once, by the outlet that shows it. What holds such texts holds them as
//! [`Untrusted`], which has no `Display`: sentences are made of it by [`text!`], and are
//! [`Untrusted`] again. There is no way to show it but these:
//!
//! | outlet | beyond what is invisible, and tags of runners (`##[group]`) |
//! |---|---|
//! | [`terminal`] | commands that a CI runner would read in a log: `::error` |
//! | [`markdown`] | markup, HTML, tables, links, mentions, references, headings, formulas |
//! | [`code`], [`fenced`] | what would end a code span or a fence |
//! | [`html`] | tags, entities, mentions, references |
//! | [`message`], [`property`] | what ends a workflow command or one of its properties |
//! | [`xml`] | the tags are the writer's; characters that XML has no way to hold |
//! | [`element`] | tags and entities, where the tags are ours |
//! | [`uri`] | all but unreserved characters, by percent signs |
//! | [`dot`], [`mermaid`] | quotes, backslashes, entities |
//! | [`csv`] | separators and quotes; what a spreadsheet takes for a formula |
//! | `json` | nothing is lost; invisible characters are `\uXXXX` |
//!
//! *Invisible* is what moves the cursor or is not seen: control characters (C0, DEL, C1),
//! bidirectional controls, joiners, zero-width and tag characters, separators of lines.
//! Everywhere but in JSON and URIs they become what a reader recognises: `\n`, `\x1b`,
//! `\u{202e}`. A backslash stays one, so to escape twice is to escape once.

#[cfg(feature = "std")]
mod json;
mod markup;
mod text;

use alloc::borrow::Cow;
use core::fmt::Write as _;

use crate::prelude::*;

#[cfg(feature = "std")]
pub use json::{compact, pretty};
pub use markup::{code, element, fenced, html, markdown};
pub use text::{Foreign, Part, Told, Untrusted, joined, text};

/// Whether a character is not seen, or moves what is seen.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Writes one character so that it is seen.
fn visible(out: &mut String, c: char) {
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if !is_invisible(c) => out.write_char(c),
        c if u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

/// The invisible made visible, and tags of CI runners apart: `##[group]` counts anywhere on
/// a line of a log.
fn seen(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if c == '#' && runner_tag(text.get(at..).unwrap_or("")) {
            out.push_str("\\x23");
        } else {
            visible(&mut out, c);
        }
    }
    Cow::Owned(out)
}

/// On a terminal or in a log, anywhere on a line.
///
/// A runner takes a line that begins with `::` as a command. Words are wrapped, so every word may begin a line.
pub fn terminal<T: Foreign + ?Sized>(text: &T) -> Cow<'_, str> {
    let text = seen(text.data());
    if !text.contains("::") {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if before.is_whitespace() && rest.starts_with("::") {
            out.push_str("\\x3a");
        } else {
            out.push(c);
        }
        before = c;
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    Cow::Owned(out)
}

/// `##[group]`, `##vso[task]`, `##teamcity[x]`.
fn runner_tag(text: &str) -> bool {
    let after = text.strip_prefix("##");
    after.is_some_and(|t| {
        t.trim_start_matches(|c: char| c.is_ascii_alphanumeric())
            .starts_with('[')
    })
}

/// A line of source: as [`terminal`], but tabs are what they are.
pub fn source_line<T: Foreign + ?Sized>(text: &T) -> Cow<'_, str> {
    let text = text.data();
    if !text.chars().any(|c| c != '\t' && is_invisible(c)) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let parts: Vec<Cow<'_, str>> = text.split('\t').map(terminal::<str>).collect();
    Cow::Owned(parts.join("\t"))
}

/// In the message of a workflow command. `%` is the runner's escape; line ends of ours
/// are put in by the caller, escaped as `%0A`.
pub fn message<T: Foreign + ?Sized>(text: &T) -> String {
    seen(text.data()).replace('%', "%25")
}

/// In a property of a workflow command: what ends it is escaped too.
pub fn property<T: Foreign + ?Sized>(text: &T) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Between tags or in an attribute, for a writer that escapes markup. Line ends of ours
/// are the caller's.
pub fn xml<T: Foreign + ?Sized>(text: &T) -> Cow<'_, str> {
    seen(text.data())
}

/// As part of a URI's path.
pub fn uri<T: Foreign + ?Sized>(path: &T) -> String {
    let mut out = String::new();
    for byte in path.data().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'/' | b'-' | b'.' | b'_' | b'~' | b'+' | b',' | b'=' | b'@' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// In a quoted string of DOT. Drawn as SVG it is text, so tags need nothing; `&` begins
/// an entity in labels.
pub fn dot<T: Foreign + ?Sized>(text: &T) -> String {
    seen(text.data())
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('&', "&amp;")
}

/// As a field of comma-separated values. A spreadsheet computes what begins like a formula;
/// a number may.
pub fn csv<T: Foreign + ?Sized>(text: &T) -> String {
    let mut out = seen(text.data()).into_owned();
    let number = out.trim_start_matches(['+', '-']);
    let number = number.chars().next().is_some_and(|c| c.is_ascii_digit());
    if out.starts_with(['=', '+', '-', '@']) && !number {
        out.insert(0, '\'');
    }
    if out.contains([',', '"']) {
        out = format!("\"{}\"", out.replace('"', "\"\""));
    }
    out
}

/// In a quoted label of Mermaid, which is HTML once drawn.
pub fn mermaid<T: Foreign + ?Sized>(text: &T) -> String {
    let text = text.data();
    let mut out = String::with_capacity(text.len());
    for c in seen(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // `#35;` is Mermaid's own entity, backticks make a Markdown string.
            '#' => out.push_str("&num;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_invisible_is_shown() {
        let check = |text: &str, want: &str| {
            assert_eq!(terminal(text), want);
            assert_eq!(terminal(&terminal(text)), want, "twice");
            assert_eq!(terminal(&Untrusted::from(text)), want);
        };
        check("xdp_prog", "xdp_prog");
        check("größe → 数", "größe → 数");
        check("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00");
        check("\x1b[31m\u{9b}2J\u{7}\x7f", "\\x1b[31m\\x9b2J\\x07\\x7f");
        check(
            "a\u{202e}b\u{200b}\u{feff}",
            "a\\u{202e}b\\u{200b}\\u{feff}",
        );
        check("\u{e0041}\u{2028}", "\\u{e0041}\\u{2028}");
    }

    #[test]
    fn no_word_is_a_command_of_a_runner() {
        let check = |text: &str, want: &str| assert_eq!(terminal(text), want);
        check("::error::x", "\\x3a:error::x");
        check("a ::add-mask::x", "a \\x3a:add-mask::x");
        check("core::mem::swap", "core::mem::swap");
        check("a##b", "a##b");
        check("x ##[group]", "x \\x23#[group]");
        check("##vso[task.x]", "\\x23#vso[task.x]");
        check("###[x]", "#\\x23#[x]");
    }

    #[test]
    fn outlets_escape_what_ends_their_texts() {
        assert_eq!(property("a:b,c%\r\n"), "a%3Ab%2Cc%25\\r\\n");
        assert_eq!(message("50 %: a, b\n"), "50 %25: a, b\\n");
        assert_eq!(uri("a b/ü#?\n"), "a%20b/%C3%BC%23%3F%0A");
        assert_eq!(dot("a\"b\\\n&lt;"), "a\\\"b\\\\\\\\n&amp;lt;");
        assert_eq!(mermaid("\"<b>#35;`"), "&quot;&lt;b&gt;&num;35;&#96;");
    }
}
