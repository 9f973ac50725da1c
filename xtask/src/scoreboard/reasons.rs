//! Why known disagreements stay: `xtask/data/reasons.toml`.
//!
//! A row names a kind of disagreement, a cause, kernels and programs; what is left
//! out matches all. In the names `*` stands for anything. The first row that
//! matches gives the reason.

use std::cell::Cell;
use std::path::Path;

use serde::Deserialize;

const FILE: &str = "xtask/data/reasons.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    reason: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// How the kind begins: `false accept`.
    kind: String,
    cause: Option<String>,
    #[serde(default)]
    kernels: Vec<String>,
    #[serde(default)]
    programs: Vec<String>,
    why: String,
    #[serde(skip)]
    used: Cell<bool>,
}

/// A disagreement, as a row is held against it.
pub(super) struct Case<'a> {
    pub(super) kind: &'a str,
    pub(super) cause: &'a str,
    pub(super) kernel: &'a str,
    pub(super) program: &'a str,
}

/// The table.
pub(super) struct Reasons(Vec<Row>);

impl Reasons {
    pub(super) fn read(root: &Path) -> Result<Reasons, String> {
        let text = std::fs::read_to_string(root.join(FILE)).map_err(|e| format!("{FILE}: {e}"))?;
        Reasons::parse(&text)
    }

    fn parse(text: &str) -> Result<Reasons, String> {
        let file: File = toml::from_str(text).map_err(|e| format!("{FILE}: {e}"))?;
        match file.reason.iter().find(|r| r.why.trim().is_empty()) {
            Some(row) => Err(format!("{FILE}: a row for {} gives no reason", row.kind)),
            None => Ok(Reasons(file.reason)),
        }
    }

    /// Why it differs, if that is known.
    pub(super) fn of(&self, case: &Case<'_>) -> Option<&str> {
        let row = self.0.iter().find(|row| row.matches(case))?;
        row.used.set(true);
        Some(&row.why)
    }

    /// Rows that no disagreement needed.
    pub(super) fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|r| !r.used.get());
        unused
            .map(|r| {
                let cause = r.cause.as_deref().unwrap_or("*");
                format!("\"{}\", {cause}, {:?} {:?}", r.kind, r.kernels, r.programs)
            })
            .collect()
    }
}

impl Row {
    fn matches(&self, case: &Case<'_>) -> bool {
        let any =
            |list: &[String], text: &str| list.is_empty() || list.iter().any(|p| like(p, text));
        case.kind.starts_with(&self.kind)
            && self.cause.as_deref().is_none_or(|c| like(c, case.cause))
            && any(&self.kernels, case.kernel)
            && any(&self.programs, case.program)
    }
}

/// Whether `text` is `pattern`, where `*` stands for any text.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read() {
        Reasons::read(crate::outside::root().unwrap()).unwrap();
        assert!(Reasons::parse("[[reason]]\nkind = \"unknown\"\nwhy = \" \"").is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expect) in [
            ("6.1", "6.1", true),
            ("6.1", "6.12", false),
            ("6.*", "6.12", true),
            ("*:probe_*", "a.o:probe_write", true),
            ("a*a", "a", false),
            ("*b*b", "abcb", true),
        ] {
            assert_eq!(like(pattern, text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_row_that_matches_gives_the_reason() {
        let text = "[[reason]]\nkind = \"false accept\"\nkernels = [\"6.*\"]\nwhy = \"old\"\n\
            [[reason]]\nkind = \"unknown\"\nwhy = \"never\"";
        let reasons = Reasons::parse(text).unwrap();
        let of = |kernel| {
            let (kind, cause, program) = ("false accept, by class", "x", "a.o:b");
            reasons.of(&Case {
                kind,
                cause,
                kernel,
                program,
            })
        };
        assert_eq!(of("6.12"), Some("old"));
        assert_eq!(of("7.3"), None);
        assert_eq!(reasons.unused().len(), 1);
    }
}
