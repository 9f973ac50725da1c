//! The catalogue: a row for each page of `rules/`, and the engine's codes.
//!
//! A page is `rules/FAMILY/NAME.toml` (numbers and words for machines) beside
//! `rules/FAMILY/NAME.md` (text for people, which the library embeds and parts
//! itself). Its name is the file's. An unknown key, a number outside its family
//! or given twice, a file without the other ends the task.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::output::{Output, joined};
use super::row::fail;

const DIR: &str = "rules";

/// Folders, and the numbers that belong to each.
const FAMILIES: [(&str, std::ops::RangeInclusive<u16>, &str); 12] = [
    ("registers", 1..=99, "Rejection"),
    ("memory", 100..=199, "Rejection"),
    ("helpers", 200..=299, "Rejection"),
    ("references", 300..=399, "Rejection"),
    ("objects", 400..=499, "Rejection"),
    ("functions", 500..=599, "Rejection"),
    ("loading", 600..=699, "Rejection"),
    ("portability", 700..=799, "Portability"),
    ("lint", 800..=899, "Lint"),
    ("policy", 900..=999, "Policy"),
    ("loader", 1000..=1099, "Loader"),
    ("undecided", 1100..=1199, "Undecided"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    number: u16,
    /// The engine's name for it, and the class of the kernel's messages.
    code: Option<String>,
    class: Option<String>,
    severity: Severity,
    confidence: Confidence,
    since: Option<String>,
    until: Option<String>,
    unshown: Option<String>,
    unmodelled: Option<String>,
    reported_as: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Note,
    Warning,
    Error,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    Low,
    Medium,
    High,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    words: String,
    since: Option<String>,
    until: Option<String>,
}

/// A page: its files without their endings, its family, its facts.
struct Page {
    path: PathBuf,
    name: String,
    family: &'static str,
    kind: &'static str,
    facts: Facts,
}

impl Page {
    fn read(path: &Path) -> Page {
        let at = path.display().to_string();
        let text = fs::read_to_string(path).unwrap_or_else(|e| fail(&at, &e.to_string()));
        let facts: Facts = toml::from_str(&text).unwrap_or_else(|e| fail(&at, &e.to_string()));
        let folder = path.parent().and_then(Path::file_name);
        let family = FAMILIES
            .iter()
            .find(|(f, ..)| folder.is_some_and(|d| d == *f));
        let Some((family, numbers, kind)) = family else {
            fail(&at, "no such family")
        };
        if !numbers.contains(&facts.number) {
            fail(&at, &format!("{} is not of {numbers:?}", facts.number));
        }
        let named = facts.code.is_some() && facts.class.is_some();
        if named != (*kind == "Rejection") {
            fail(
                &at,
                "code and class belong to rejections, and to each of them",
            );
        }
        if facts
            .messages
            .iter()
            .any(|m| !(2..=60).contains(&m.words.len()))
        {
            fail(&at, "key words are 2 to 60 letters");
        }
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        Page {
            path: path.with_extension("md"),
            name: name.unwrap_or_default(),
            family,
            kind,
            facts,
        }
    }

    /// The page as a row of the catalogue.
    fn row(&self) -> String {
        let Page {
            name, family, kind, ..
        } = self;
        let facts = &self.facts;
        let series = |text: &Option<String>| self.series(text.as_deref());
        let messages = facts.messages.iter().map(|m| {
            let (since, until) = (series(&m.since), series(&m.until));
            format!(
                "Message {{ words: {:?}, since: {since}, until: {until} }}",
                m.words
            )
        });
        format!(
            "Rule {{ number: {}, name: {name:?}, family: {family:?}, kind: RuleKind::{kind}, \
             severity: Severity::{:?}, confidence: Confidence::{:?}, since: {}, until: {}, \
             unshown: {:?}, unmodelled: {:?}, reported_as: {:?}, messages: &[{}], \
             ..page(include_str!(\"../../{}\")) }}",
            facts.number,
            facts.severity,
            facts.confidence,
            series(&facts.since),
            series(&facts.until),
            facts.unshown,
            facts.unmodelled,
            facts.reported_as,
            joined(messages),
            self.path.display(),
        )
    }

    /// A series like `6.12`, as a pair.
    fn series(&self, text: Option<&str>) -> String {
        let Some(text) = text else {
            return "None".into();
        };
        let parts: Option<(u16, u16)> = text
            .split_once('.')
            .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match parts {
            Some(pair) => format!("Some({pair:?})"),
            None => fail(&self.name, &format!("{text} is no kernel series")),
        }
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|e| fail(&folder.display().to_string(), &e.to_string()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// Every page, by number.
fn pages() -> BTreeMap<u16, Page> {
    let mut paths = Vec::new();
    files(Path::new(DIR), &mut paths);
    paths.sort();
    let mut pages: BTreeMap<u16, Page> = BTreeMap::new();
    for path in &paths {
        let at = path.display().to_string();
        let other = match path.extension().and_then(|e| e.to_str()) {
            Some("toml") => "md",
            Some("md") => "toml",
            _ => fail(&at, "neither .toml nor .md"),
        };
        if !path.with_extension(other).exists() {
            fail(&at, &format!("no .{other} beside it"));
        }
        if other == "toml" {
            continue;
        }
        let page = Page::read(path);
        if pages.values().any(|p| p.name == page.name) {
            fail(&at, "another page has this name");
        }
        if let Some(first) = pages.insert(page.facts.number, page) {
            fail(&at, &format!("{} has this number", first.name));
        }
    }
    pages
}

/// The engine's codes.
fn codes(pages: &BTreeMap<u16, Page>) -> Output {
    let mut out = Output::new("The codes of rejections", "rules");
    let codes: Vec<(&str, &str, &Page)> = pages
        .values()
        .filter_map(|p| Some((p.facts.code.as_deref()?, p.facts.class.as_deref()?, p)))
        .collect();
    out.line("/// A rejection code. Numbers and names are stable and never reused.");
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]");
    out.line("#[repr(u16)]\npub enum Code {");
    for (code, _, page) in &codes {
        out.line(format_args!("    /// `{}`", page.name));
        out.line(format_args!("    {code} = {},", page.facts.number));
    }
    out.line("}\n\nimpl Code {");
    out.line("    /// Every code, by number.\n    pub const ALL: &'static [Code] = &[");
    for (code, ..) in &codes {
        out.line(format_args!("        Code::{code},"));
    }
    out.line("    ];\n");
    out.line("    /// The stable number, printed as `BPF0123`.");
    out.line("    pub const fn number(self) -> u16 {\n        self as u16\n    }\n");
    out.line("    /// The stable kebab-case name; it states the fault.");
    out.line("    pub const fn name(self) -> &'static str {\n        match self {");
    for (code, _, page) in &codes {
        out.line(format_args!("            Code::{code} => {:?},", page.name));
    }
    out.line("        }\n    }\n");
    out.line("    /// The class of the kernel's message for this fault.");
    out.line("    pub const fn class(self) -> &'static str {\n        match self {");
    for (code, class, _) in &codes {
        out.line(format_args!("            Code::{code} => {class:?},"));
    }
    out.line("        }\n    }\n}");
    out
}

/// The catalogue, and the codes.
pub(super) fn write() -> (Output, Output) {
    let pages = pages();
    let mut out = Output::new("The catalogue's rows", "rules");
    out.line("use super::catalogue::{Confidence, Message, Rule, RuleKind, Severity};");
    out.line("use super::page::page;\n");
    // A constant each: what a compiler works out of one page stays small.
    for (number, page) in &pages {
        out.line(format_args!("const P{number}: Rule = {};", page.row()));
    }
    out.line("\npub(super) static RULES: &[Rule] = &[");
    for number in pages.keys() {
        out.line(format_args!("    P{number},"));
    }
    out.line("];");
    (out, codes(&pages))
}
