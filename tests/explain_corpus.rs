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
use bpfassay::diagnostics::story::EditPlace;
use bpfassay::diagnostics::{Cause, Diagnostic, Tested, Text};
use bpfassay::report::text::{Style, render_diagnostic};
use bpfassay::report::{Outcome, Report};
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

/// What is said of the programs of a file, with or without the file at hand.
fn report_of(file: &Path, source: &str, at_hand: bool) -> Report {
    let named = source.lines().find_map(|l| l.strip_prefix("// TARGET "));
    let kernel = target::by_name(named.unwrap_or("linux-6.18")).unwrap();
    let choice = [TargetChoice {
        target: &kernel,
        kernel_btf: types::of_target(&kernel),
    }];
    let bytes = std::fs::read(file.with_extension("o")).unwrap();
    let text = |_: &str| at_hand.then(|| std::sync::Arc::new(Text::new(source.to_owned())));
    let options = Options {
        smoke: false,
        lints: false,
        source_text: &text,
        ..Options::new("explain.o", &choice)
    };
    check(&bytes, &options)
}

/// What a source says of the first help of each program, and of all that is said.
#[derive(Default)]
struct Edits {
    help: Vec<String>,
    none: bool,
    untested: bool,
    says: Vec<String>,
    never: Vec<String>,
}

fn edits(source: &str) -> BTreeMap<String, Edits> {
    let mut out: BTreeMap<String, Edits> = BTreeMap::new();
    let mut name = String::new();
    let mut section = false;
    for line in source.lines() {
        if section {
            let head = line.split('(').next().unwrap_or("");
            name = head.rsplit(' ').next().unwrap_or("").to_owned();
        }
        section = line.starts_with("SEC(\"");
        let own = out.entry(name.clone()).or_default();
        let line = line.trim();
        let rest = |mark: &str| line.strip_prefix(mark).map(|r| r.trim().to_owned());
        own.help.extend(rest("// HELP "));
        own.says.extend(rest("// SAYS "));
        own.never.extend(rest("// NEVER "));
        own.none |= line == "// NO EDIT";
        own.untested |= line == "// UNTESTED";
    }
    out
}

#[test]
fn edits_stand_where_they_compile_and_name_what_is_there() {
    marked("places.c");
}

#[test]
fn limits_are_those_of_the_element_that_is_indexed() {
    marked("elements.c");
}

#[test]
fn limits_hold_where_accesses_have_the_place_of_their_statement() {
    marked("older_cpu.c");
}

/// Holds the edits of a source's programs against its marks.
fn marked(source: &str) {
    let file = folder().join(source);
    let source = std::fs::read_to_string(&file).unwrap();
    let wanted = edits(&source);
    let report = report_of(&file, &source, true);
    let mut wrong = String::new();
    for p in &report.objects[0].programs {
        let name = p.program.data();
        let (Some(want), Outcome::Reject(d)) = (wanted.get(name), &p.outcome) else {
            panic!("{name} is {:?}", p.outcome);
        };
        let mut drawn = String::new();
        render_diagnostic(&mut drawn, d, Style::default());
        // One line of text, however it is broken.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = words(&drawn);
        let first = d.helps.first();
        let edit = first.and_then(|h| h.edit.as_ref());
        let mut lines = edit.iter().flat_map(|e| e.new.iter()).map(|l| l.trim());
        let mut must = |holds: bool, what: &str| {
            if !holds {
                let _ = writeln!(wrong, "{name}: {what}\n{drawn}");
            }
        };
        for help in &want.help {
            must(lines.any(|l| l.starts_with(help.as_str())), help);
        }
        must(!want.none || edit.is_none(), "there is an edit");
        let tested = first.map(|h| &h.tested);
        if !want.help.is_empty() {
            let untested = tested == Some(&Tested::Not);
            must(untested == want.untested, "tested otherwise");
        }
        for text in &want.says {
            must(told.contains(text.as_str()), text);
        }
        for text in &want.never {
            must(
                !said(d).contains(text.as_str()) && !told.contains(text.as_str()),
                text,
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Without the file nothing tells where a statement begins: no new lines.
    for p in &report_of(&file, &source, false).objects[0].programs {
        if let Outcome::Reject(d) = &p.outcome {
            let mut edits = d.helps.iter().filter_map(|h| h.edit.as_ref());
            assert!(
                edits.all(|e| e.place == EditPlace::Instead),
                "{:?}",
                p.program
            );
        }
    }
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
        let report = report_of(&file, &source, true);
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
