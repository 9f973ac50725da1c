//! A generated file while it is written.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

const HEADER: &str = "Made by `cargo xtask tables`; edit the data instead.";

/// One file: header, imports, items.
pub(super) struct Output {
    text: String,
}

impl Output {
    /// A file whose header says what is in it, made from `source`.
    pub(super) fn new(what: &str, source: &str) -> Output {
        Output {
            text: format!("//! {what}, from `{source}`. {HEADER}\n\n"),
        }
    }

    pub(super) fn line(&mut self, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{text}");
    }

    /// A list, an item a line.
    pub(super) fn list(&mut self, name: &str, ty: &str, items: &[impl Display]) {
        self.line(format_args!(
            "pub(in crate::helpers_spec) static {name}: [{ty}; {}] = [",
            items.len()
        ));
        for item in items {
            self.line(format_args!("    {item},"));
        }
        self.line("];\n");
    }

    pub(super) fn finish(self) -> String {
        let mut text = self.text;
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

/// The file that names the others.
pub(super) fn modules(names: &[&str]) -> String {
    let mut out = Output {
        text: format!("//! The tables. {HEADER}\n\n"),
    };
    for name in names {
        let public = if *name == "helper" { "pub " } else { "" };
        out.line(format_args!("{public}mod {name};"));
    }
    out.line("");
    for name in names.iter().filter(|n| **n != "helper") {
        out.line(format_args!("pub(in crate::helpers_spec) use {name}::*;"));
    }
    out.finish()
}

/// Items each kept once; rows hold their index.
#[derive(Default)]
pub(super) struct Pool {
    index: BTreeMap<String, usize>,
    pub(super) items: Vec<String>,
}

impl Pool {
    pub(super) fn put(&mut self, item: String) -> usize {
        let next = self.items.len();
        *self.index.entry(item).or_insert_with_key(|item| {
            self.items.push(item.clone());
            next
        })
    }
}

/// `Some("text")`, or `None` for no text.
pub(super) fn option(text: &str) -> String {
    if text.is_empty() {
        "None".into()
    } else {
        format!("Some({text:?})")
    }
}

/// Values with commas between them.
pub(super) fn joined(items: impl IntoIterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    items.join(", ")
}
