//! The Markdown of a page: fenced examples and paragraphs.
//!
//! An example is a fence of one of two kinds.
//!
//! ````text
//! ```bpfasm
//! // target=linux-5.10 type=xdp        optional; one or more such lines
//! r0 = 0
//! exit
//! ```
//!
//! ```object path=tests/corpus/reject/memory.o prog=value_oob target=linux-6.18
//! return value[8];                     optional: lines of the object's C source
//! ```
//! ````
//!
//! Fences of other languages (`c`, `text`, `sh`) are for reading only.

/// One fence of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence<'a> {
    /// First word of the info string: `bpfasm`, `object`, `c`, ...
    pub language: &'a str,
    /// `key=value` words of the info string, and of the comment lines that open an
    /// assembler fence.
    pub options: Vec<(&'a str, &'a str)>,
    /// The lines inside.
    pub text: String,
}

impl<'a> Fence<'a> {
    /// The value of an option.
    pub fn option(&self, key: &str) -> Option<&'a str> {
        self.options
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| *v)
    }

    /// Whether it is an example that runs.
    pub fn runs(&self) -> bool {
        matches!(self.language, "bpfasm" | "object")
    }
}

/// The fences of a section.
pub fn fences(section: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for line in section.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(fence)) => found.push(fence),
            (Some(info), None) => {
                let mut words = info.split_whitespace();
                open = Some(Fence {
                    language: words.next().unwrap_or(""),
                    options: words.filter_map(|w| w.split_once('=')).collect(),
                    text: String::new(),
                });
            }
            (None, Some(mut fence)) => {
                if fence.language == "bpfasm"
                    && let Some(header) = line.strip_prefix("// ")
                    && header.split_whitespace().all(is_option)
                {
                    let pairs = header.split_whitespace();
                    fence
                        .options
                        .extend(pairs.filter_map(|w| w.split_once('=')));
                }
                fence.text.push_str(line);
                fence.text.push('\n');
                open = Some(fence);
            }
            (None, None) => {}
        }
    }
    found
}

/// Options that a comment line of an assembler fence may set.
fn is_option(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(key, _)| matches!(key, "target" | "type" | "btf" | "prog"))
}

/// The first paragraph, in one line.
pub fn first_paragraph(text: &str) -> String {
    let lines = text.lines().take_while(|l| !l.trim().is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_carry_their_options() {
        let text = "Words.\n\n```bpfasm\n// target=linux-5.10 type=xdp\n// plain words\nexit\n```\n\n\
                    ```object path=a.o prog=p\n\treturn 0;\n```\n";
        let found = fences(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].option("type"), Some("xdp"));
        assert_eq!(found[0].text.lines().count(), 3);
        assert_eq!(found[1].option("path"), Some("a.o"));
        assert!(found.iter().all(Fence::runs));
    }

    #[test]
    fn a_paragraph_ends_at_a_blank_line() {
        assert_eq!(first_paragraph("one\ntwo\n\nthree"), "one two");
    }
}
