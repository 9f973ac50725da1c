//! Turns the pages of `rules/` into a static table.
//!
//! A page is `rules/FAMILY/NAME.toml` (numbers and words for machines) beside
//! `rules/FAMILY/NAME.md` (text for people). Unknown keys, missing or misplaced
//! sections, a name that isn't the file's, a number outside its family or given
//! twice end the build with the file at fault.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

const DIR: &str = "rules";

/// Sections of a page, in this order.
const SECTIONS: [&str; 5] = ["What", "Why", "Bad", "Good", "Remedy"];

/// Folders, and the numbers that belong to each.
const FAMILIES: [(&str, std::ops::RangeInclusive<u16>, &str); 10] = [
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
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    number: u16,
    name: String,
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

/// Title and sections of a page's text.
fn sections(at: &str, text: &str) -> (String, Vec<String>) {
    let mut title = None;
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if let Some(name) = line.strip_prefix("## ").filter(|_| !fenced) {
            found.push((name.trim().to_owned(), Vec::new()));
        } else if let Some(t) = line.strip_prefix("# ").filter(|_| !fenced) {
            assert!(
                title.is_none() && found.is_empty(),
                "{at}: one `# Title`, at the top"
            );
            title = Some(t.trim().to_owned());
        } else if let Some((_, lines)) = found.last_mut() {
            lines.push(line);
        } else {
            assert!(
                line.trim().is_empty(),
                "{at}: text before the first section"
            );
        }
    }
    assert!(!fenced, "{at}: a fence is left open");
    let names: Vec<&str> = found.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, SECTIONS, "{at}: sections");
    let bodies = found
        .iter()
        .map(|(name, lines)| {
            let body = lines.join("\n").trim().to_owned();
            assert!(!body.is_empty(), "{at}: section {name} is empty");
            body
        })
        .collect();
    (
        title.unwrap_or_else(|| panic!("{at}: no `# Title`")),
        bodies,
    )
}

/// A series like `6.12`, as a pair.
fn series(at: &str, text: Option<&String>) -> String {
    let Some(text) = text else {
        return "None".into();
    };
    let parts: Option<(u16, u16)> = text
        .split_once('.')
        .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (major, minor) = parts.unwrap_or_else(|| panic!("{at}: {text} is no kernel series"));
    format!("Some(({major},{minor}))")
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    println!("cargo:rerun-if-changed={}", dir.display());
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// One page, as a struct literal.
fn rule(toml: &Path, family: &str) -> (u16, String, String) {
    let at = toml.display().to_string();
    let read = |path: &Path| {
        println!("cargo:rerun-if-changed={}", path.display());
        fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let facts: Facts = toml::from_str(&read(toml)).unwrap_or_else(|e| panic!("{at}: {e}"));
    let stem = toml.file_stem().and_then(|s| s.to_str()).unwrap_or("");
    assert_eq!(facts.name, stem, "{at}: the name is the file's");
    let (_, numbers, kind) = FAMILIES
        .iter()
        .find(|(f, ..)| *f == family)
        .unwrap_or_else(|| panic!("{at}: no family {family}"));
    assert!(
        numbers.contains(&facts.number),
        "{at}: {} is not of {numbers:?}",
        facts.number
    );
    let page = toml.with_extension("md");
    let (title, bodies) = sections(&page.display().to_string(), &read(&page));
    let mut text = String::new();
    let (number, name) = (facts.number, facts.name);
    let _ = write!(
        text,
        "Rule{{number:{number},name:{name:?},family:{family:?},kind:RuleKind::{kind},\
         severity:Severity::{:?},confidence:Confidence::{:?},title:{title:?},",
        facts.severity, facts.confidence
    );
    for (section, body) in SECTIONS.iter().zip(&bodies) {
        let _ = write!(text, "{}:{body:?},", section.to_lowercase());
    }
    let _ = write!(
        text,
        "since:{},until:{},unshown:{:?},unmodelled:{:?},reported_as:{:?},messages:&[",
        series(&at, facts.since.as_ref()),
        series(&at, facts.until.as_ref()),
        facts.unshown,
        facts.unmodelled,
        facts.reported_as
    );
    for m in &facts.messages {
        assert!(
            (2..=60).contains(&m.words.len()),
            "{at}: key words are short: {:?}",
            m.words
        );
        let _ = write!(
            text,
            "Message{{words:{:?},since:{},until:{}}},",
            m.words,
            series(&at, m.since.as_ref()),
            series(&at, m.until.as_ref())
        );
    }
    text.push_str("]}");
    (number, name, text)
}

/// Writes the table.
pub(crate) fn generate(out: &Path) {
    let mut paths = Vec::new();
    files(Path::new(DIR), &mut paths);
    paths.sort();
    let mut rules: BTreeMap<u16, String> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for path in &paths {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        let other = match extension {
            "toml" => "md",
            "md" => "toml",
            _ => panic!("{}: neither .toml nor .md", path.display()),
        };
        assert!(
            path.with_extension(other).exists(),
            "{}: no .{other} beside it",
            path.display()
        );
        if extension == "md" {
            continue;
        }
        let family = path
            .parent()
            .and_then(Path::file_name)
            .and_then(|f| f.to_str())
            .unwrap_or("");
        let (number, name, text) = rule(path, family);
        if let Some(first) = names.insert(name.clone(), path.clone()) {
            panic!("{} and {} are both {name}", first.display(), path.display());
        }
        assert!(
            rules.insert(number, text).is_none(),
            "{}: number {number} is taken",
            path.display()
        );
    }
    let mut source = String::from("pub(super) static RULES:&[Rule]=&[\n");
    for text in rules.values() {
        source.push_str(text);
        source.push_str(",\n");
    }
    source.push_str("];\n");
    fs::write(out.join("rules.rs"), source).unwrap_or_else(|e| panic!("rules.rs: {e}"));
}
