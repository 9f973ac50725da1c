//! Markdown as GitHub and GitLab read it, and the HTML that may stand in it.

use super::{Foreign, seen};
use crate::prelude::*;

/// Put behind a sign that would mention, refer or link: shown as nothing, and no part of a
/// name.
const APART: &str = "&#8203;";

/// Text that stays text in Markdown, at the start of a line and in a table too. Code
/// spans of ours stay code: single backticks in pairs.
pub fn markdown<T: Foreign + ?Sized>(text: &T) -> String {
    let text = seen(text.data());
    let mut runs = text.split(|c| c != '`').filter(|r| !r.is_empty());
    let spans = runs.clone().count() % 2 == 0 && runs.all(|r| r.len() == 1);
    let mut out = String::with_capacity(text.len() + 16);
    for (i, part) in text.split('`').enumerate() {
        let in_code = spans && i % 2 == 1;
        if i > 0 {
            out.push_str(if spans { "`" } else { "\\`" });
        }
        if in_code {
            out.push_str(&part.replace('|', "\\|"));
        } else {
            plain(&mut out, part, i == 0);
        }
    }
    out
}

/// Text outside of code spans; `first` if it begins the text.
fn plain(out: &mut String, text: &str, first: bool) {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let blank = text.len() - text.trim_start().len();
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or("");
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '~' | '|' | '$' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '!' if rest.starts_with("![") => out.push_str("\\!"),
            '@' => {
                out.push('@');
                out.push_str(APART);
            }
            '#' => {
                out.push_str("\\#");
                out.push_str(APART);
            }
            ':' if rest.starts_with("://") || emoji(rest) => {
                out.push(':');
                out.push_str(APART);
            }
            '.' if links(text.get(..at).unwrap_or("")) => {
                out.push_str(APART);
                out.push('.');
            }
            // What makes a list, a heading or a rule at the start of a line, or a block of
            // code by its indentation.
            '-' | '+' | '=' | ':' if first && at == blank => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if first && digits > 0 && at == digits => {
                out.push('\\');
                out.push(c);
            }
            ' ' if first && at < blank => out.push_str("&#32;"),
            c => out.push(c),
        }
    }
}

/// Whether `www.` is about to be written as a word of its own.
fn links(before: &str) -> bool {
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next();
    word.is_some_and(|w| w.eq_ignore_ascii_case("www"))
}

/// `:name:`.
fn emoji(text: &str) -> bool {
    let name = text.get(1..).unwrap_or("");
    let end = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_+-".contains(c));
    end.len() < name.len() && end.starts_with(':')
}

/// A code span, in a table too.
pub fn code<T: Foreign + ?Sized>(text: &T) -> String {
    let text = seen(text.data())
        .replace('|', "\\|")
        .replace('`', "\u{2cb}");
    match text.trim().is_empty() {
        true => "` `".to_owned(),
        false => format!("`{text}`"),
    }
}

/// A block of code, whose lines are shown already: fenced by more backticks than it holds.
pub fn fenced(info: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{info}\n{}\n{fence}\n", text.trim_end())
}

/// Text inside an XML element that is written here, without a writer that escapes markup.
pub fn element<T: Foreign + ?Sized>(text: &T) -> String {
    let mut out = String::new();
    for c in seen(text.data()).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// Text inside an HTML element that stands in Markdown.
pub fn html<T: Foreign + ?Sized>(text: &T) -> String {
    let text = text.data();
    let mut out = String::with_capacity(text.len() + 16);
    for c in seen(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '@' | '#' => {
                out.push(c);
                out.push_str(APART);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_code_stays_code() {
        let check = |text: &str, want: &str| assert_eq!(markdown(text), want);
        check("a_b | <c>", "a\\_b \\| &lt;c&gt;");
        check("call `bpf_x<y>` a_b", "call `bpf_x<y>` a\\_b");
        check("one ` only", "one \\` only");
        check("`a`` <b> ```", "\\`a\\`\\` &lt;b&gt; \\`\\`\\`");
        check("a\n# b", "a\\\\n\\#&#8203; b");
        check("@me #1", "@&#8203;me \\#&#8203;1");
        check("see https://x.y", "see https:&#8203;//x.y");
        check("www.x.y", "www&#8203;.x.y");
        check("- a - b", "\\- a - b");
        check("12. x 1. y", "12\\. x 1. y");
        check("    x", "&#32;&#32;&#32;&#32;x");
        check("a :tada: b: c:", "a :&#8203;tada: b: c:");
    }

    #[test]
    fn code_and_fences_are_not_left() {
        assert_eq!(code("a`|b"), "`a\u{2cb}\\|b`");
        assert_eq!(code(""), "` `");
        assert_eq!(fenced("text", "a ``` b"), "````text\na ``` b\n````\n");
        assert_eq!(html("<b>@me&"), "&lt;b&gt;@&#8203;me&amp;");
    }
}
