//! How good explanations are, measured on programs whose authors marked the line to
//! edit: `// EDIT words` ends each line that a C programmer may edit, and every word
//! (between commas) stands in the headline, the help or the edited lines.
//!
//! `BPFASSAY_EXPLAIN_DUMP=FILE` writes all that is said, for readers; a script of the
//! same folder applies the helps to the sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bpfassay::check::types;
use bpfassay::diagnostics::{Cause, Diagnostic, Tested, Text};
use bpfassay::report::Outcome;
use bpfassay::report::text::{Style, render_diagnostic};
use bpfassay::{Options, TargetChoice, check, target};

/// Programs whose explanation is kept as people read it, one of each kind.
const SHOWN: [&str; 12] = [
    "unchecked_read",
    "merged",
    "pulled",
    "released_twice",
    "short_check",
    "reversed",
    "far",
    "global_signed",
    "length_signed",
    "leaked_record",
    "returns_seven",
    "second_parameter",
];

/// What a program's source says of it.
#[derive(Default)]
struct Wanted {
    lines: Vec<u32>,
    words: Vec<String>,
    cause: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/explain")
}

/// The marks of a source, by program; lines before a program's section belong to it.
fn wanted(source: &str) -> BTreeMap<String, Wanted> {
    let mut out: BTreeMap<String, Wanted> = BTreeMap::new();
    let mut open = Wanted::default();
    let mut name: Option<String> = None;
    let mut section = false;
    for (number, line) in (1..).zip(source.lines()) {
        let begins = ["static ", "SEC(\"", "struct "]
            .iter()
            .any(|w| line.starts_with(w));
        if begins && let Some(name) = name.take() {
            out.insert(name, std::mem::take(&mut open));
        }
        if section {
            let head = line.split('(').next().unwrap_or("");
            name = head.rsplit(' ').next().map(str::to_owned);
        }
        section = line.starts_with("SEC(\"");
        if let Some((_, words)) = line.split_once("// EDIT") {
            open.lines.push(number);
            let words = words.split(',').map(|w| w.trim().to_owned());
            open.words.extend(words.filter(|w| !w.is_empty()));
        }
        if let Some((_, cause)) = line.split_once("// CAUSE ") {
            open.cause = Some(cause.trim().to_owned());
        }
    }
    if let Some(name) = name {
        out.insert(name, open);
    }
    out
}

/// Everything that is said of a refusal, for a search of words.
fn said(d: &Diagnostic) -> String {
    let mut text = format!("{}\n{}\n", d.what.data(), d.remedy.data());
    for help in &d.helps {
        let _ = writeln!(text, "{}", help.text.data());
        if let Some(edit) = &help.edit {
            text.push_str(&edit.text());
        }
    }
    text
}

#[derive(Default)]
struct Totals {
    programs: usize,
    primary: usize,
    any: usize,
    words: usize,
    generic: usize,
    cause: usize,
    tested: usize,
    verifies: usize,
    secondary: usize,
}

#[test]
fn explanations_lead_to_the_edit() {
    let mut totals = Totals::default();
    let mut misses = String::new();
    let mut dump = String::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "c"))
        .collect();
    files.sort();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let wanted = wanted(&source);
        let named = source.lines().find_map(|l| l.strip_prefix("// TARGET "));
        let kernel = target::by_name(named.unwrap_or("linux-6.18")).unwrap();
        let choice = [TargetChoice {
            target: &kernel,
            kernel_btf: types::of_target(&kernel),
        }];
        let bytes = std::fs::read(file.with_extension("o")).unwrap();
        let text = |_: &str| Some(std::sync::Arc::new(Text::new(source.clone())));
        let options = Options {
            smoke: false,
            lints: false,
            source_text: &text,
            ..Options::new("explain.o", &choice)
        };
        let report = check(&bytes, &options);
        for p in &report.objects[0].programs {
            let Some(want) = wanted.get(p.program.data()) else {
                panic!("{}: no marks for {}", file.display(), p.program.data());
            };
            let Outcome::Reject(d) = &p.outcome else {
                panic!(
                    "{}: {} is {:?}",
                    file.display(),
                    p.program.data(),
                    p.outcome
                );
            };
            let mut drawn = String::new();
            render_diagnostic(&mut drawn, d, Style::default());
            if SHOWN.contains(&p.program.data()) {
                insta::assert_snapshot!(p.program.data().to_owned(), drawn);
            }
            let _ = writeln!(dump, "## {} {}\n{drawn}", file.display(), p.program.data());
            measure(&mut totals, &mut misses, p.program.data(), want, d);
        }
    }
    if let Some(path) = std::env::var_os("BPFASSAY_EXPLAIN_DUMP") {
        std::fs::write(path, &dump).unwrap();
    }
    let t = &totals;
    eprintln!(
        "{} programs: primary {}, any {}, words {}, no help {}, cause {}, tested {}, verifies {}, secondary {}",
        t.programs,
        t.primary,
        t.any,
        t.words,
        t.generic,
        t.cause,
        t.tested,
        t.verifies,
        t.secondary
    );
    eprintln!("{misses}");
    let share = |n: usize| 100 * n / t.programs;
    assert!(t.programs >= 150, "{}", t.programs);
    assert!(share(t.primary) >= 92, "{misses}");
    assert!(share(t.any) >= 97, "{misses}");
    assert!(share(t.words) >= 92, "{misses}");
    assert!(share(t.cause) >= 90, "{misses}");
    assert!(share(t.tested) >= 60, "{misses}");
    assert_eq!(t.generic, 0, "{misses}");
}

fn measure(t: &mut Totals, misses: &mut String, name: &str, want: &Wanted, d: &Diagnostic) {
    t.programs += 1;
    let primary = want.lines.contains(&d.primary.line);
    let labels = d.secondary.iter().chain([&d.primary]);
    let mut lines: Vec<u32> = labels.map(|l| l.line).collect();
    lines.extend(
        d.helps
            .iter()
            .filter_map(|h| h.edit.as_ref())
            .map(|e| e.line),
    );
    let any = lines.iter().any(|l| want.lines.contains(l));
    let text = said(d).to_lowercase();
    let missing: Vec<&String> = want
        .words
        .iter()
        .filter(|w| !text.contains(&w.to_lowercase()))
        .collect();
    let cause = want.cause.as_deref().unwrap_or(Cause::Source.name());
    t.primary += usize::from(primary);
    t.any += usize::from(any);
    t.words += usize::from(missing.is_empty());
    t.generic += usize::from(d.helps.is_empty());
    t.cause += usize::from(d.cause.0.name() == cause);
    t.tested += usize::from(d.helps.iter().any(|h| h.tested.holds()));
    t.verifies += usize::from(
        d.helps
            .iter()
            .any(|h| h.tested == Tested::Verifies && h.edit.is_some()),
    );
    t.secondary += usize::from(!d.secondary.is_empty());
    if !primary || !any || !missing.is_empty() || d.helps.is_empty() {
        let _ = writeln!(
            misses,
            "{name}: line {} ({lines:?}, wanted {:?}); missing {missing:?}; helps {}: {} | {}",
            d.primary.line,
            want.lines,
            d.helps.len(),
            d.what.data(),
            d.remedy.data()
        );
    }
}
