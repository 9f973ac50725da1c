//! The house rules that a compiler does not watch: which room imports which,
//! what analysis rooms must not touch, and that codes are unique.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bpfassay::abstract_interp::Code;
use bpfassay::target;
use regex::Regex;

/// Rooms in the order in which data flows; a room imports only rooms before it.
/// Rooms of one group don't import one another.
const ORDER: [&[&str]; 12] = [
    &["object"],
    &["programs"],
    &["cfg"],
    &["abstract_interp"],
    &["rules", "audit", "smoke"],
    &["diagnostics"],
    &["view"],
    &["report"],
    &["config"],
    &["check", "limits"],
    &["face", "unpack"],
    &["cli"],
];

/// Reference data: what each may import.
const REFERENCE: [(&str, &[&str]); 4] = [
    ("budget", &[]),
    ("helpers_spec", &[]),
    ("target", &["helpers_spec"]),
    ("untrusted", &[]),
];

/// What stands for `std` where there is none: named by all, importing nothing.
const GROUND: [&str; 2] = ["once", "prelude"];

/// The room that asks the running kernel, for `cli` only: what it may import.
const KERNEL: (&str, &[&str]) = ("kernel", &["object", "programs", "helpers_spec"]);

/// Rooms that touch no file, thread, clock or terminal, and nothing of `std`: they are
/// the library without the feature `std`.
const PURE: [&str; 12] = [
    "audit",
    "diagnostics",
    "rules",
    "budget",
    "limits",
    "prelude",
    "object",
    "programs",
    "cfg",
    "helpers_spec",
    "target",
    "abstract_interp",
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// A file without its comments and its modules of tests, wherever they stand.
fn code_of(text: &str) -> String {
    let mut code = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim() == "#[cfg(test)]" {
            let mut ahead = lines.clone();
            let item = ahead.find(|l| !l.trim_start().starts_with("#["));
            if item.is_some_and(|l| l.trim_start().starts_with("mod ") && l.ends_with('{')) {
                lines = ahead;
                let end = lines.find(|l| *l == format!("{indent}}}"));
                assert!(end.is_some(), "a module has no end");
            }
        } else if !line.trim_start().starts_with("//") {
            code.push(line);
        }
    }
    code.join("\n")
}

#[test]
fn only_modules_of_tests_are_left_out() {
    let check = |text: &str, expect: &str| assert_eq!(code_of(text), expect);
    check("a\n// b\n#[cfg(test)]\nmod tests;\nc", "a\nmod tests;\nc");
    let inner = "mod m {\n    #[cfg(test)]\n    #[expect(x)]\n    mod tests {\n        a\n    }\n    b\n}\nc";
    check(inner, "mod m {\n    b\n}\nc");
    check("a\n#[cfg(test)]\nfn b() {\n}\nc", "a\nfn b() {\n}\nc");
}

/// Every source file with its room and its code: no comments, no unit tests.
fn files() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let mut files = Vec::new();
    for path in paths {
        let relative = path.strip_prefix(&root).unwrap().to_path_buf();
        let first = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let room = first.strip_suffix(".rs").unwrap_or(first).to_owned();
        let is_test = relative.components().any(|c| {
            let name = c.as_os_str().to_str().unwrap();
            name == "tests.rs"
                || name == "tests"
                || name.ends_with("_tests.rs")
                || name.ends_with("_test.rs")
        });
        if is_test {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        files.push((room, relative, code_of(&text)));
    }
    files
}

/// The rooms that a file names by `crate::room` or `crate::{a, b::c}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => {
                rooms.insert(word(rest));
            }
            Some(list) => {
                let mut depth = 0;
                let mut fresh = true;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => fresh = true,
                        c if fresh && !c.is_whitespace() => {
                            rooms.insert(word(&list[i..]));
                            fresh = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    rooms
}

#[test]
fn imports_point_left() {
    let mut allowed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut before: BTreeSet<&str> = REFERENCE.iter().map(|(room, _)| *room).collect();
    for group in ORDER {
        for room in group {
            allowed.insert(room, before.clone());
        }
        before.extend(group.iter().copied());
    }
    for (room, may) in REFERENCE {
        allowed.insert(room, may.iter().copied().collect());
    }
    for room in GROUND {
        allowed.insert(room, BTreeSet::new());
    }
    for may in allowed.values_mut() {
        may.extend(GROUND);
    }
    allowed.insert(KERNEL.0, KERNEL.1.iter().copied().collect());
    allowed.get_mut("cli").unwrap().insert(KERNEL.0);
    // The driver and the terminal both read the tool's own budgets.
    allowed.get_mut("check").unwrap().insert("limits");
    let rooms: BTreeSet<&str> = allowed.keys().copied().collect();
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        if matches!(room.as_str(), "lib" | "main" | "bin") {
            continue;
        }
        let may = allowed
            .get(room.as_str())
            .unwrap_or_else(|| panic!("room {room} has no place in the order"));
        for import in imports(&code) {
            if rooms.contains(import.as_str()) && import != room && !may.contains(import.as_str()) {
                wrong.push(format!("{}: {room} imports {import}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports must point left:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn analysis_rooms_are_pure() {
    let forbidden = ["std::", "rayon::", "serde_json::", "thread_local!"];
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        if PURE.contains(&room.as_str()) {
            for name in forbidden.iter().filter(|n| code.contains(**n)) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "nothing but `core` and `alloc`:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_the_command_line_prints() {
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        if room == "cli" {
            continue;
        }
        for name in ["println!", "print!", "eprintln!", "eprint!", "dbg!"] {
            let called = code.match_indices(name).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            });
            if called {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `unsafe`, and its lint's exemption, only where bpf(2) is called.
/// What holds a text of an object holds it as a type that cannot be printed; what looks
/// at its characters is a file of this list, and shows none of them.
#[test]
fn texts_of_objects_are_shown_by_escapers_only() {
    let holders = [
        "audit/diff.rs",
        "audit/graph.rs",
        "audit/model.rs",
        "audit/oldest.rs",
        "audit/sites.rs",
        "diagnostics/finding.rs",
        "diagnostics/mod.rs",
        "report/matrix.rs",
        "report/mod.rs",
        "report/smoke.rs",
    ];
    // Ours: words of tables, numbers, codes.
    let ours = ["why", "remedy", "code", "id", "type_name", "option"];
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        let name = path.to_str().unwrap();
        for line in code.lines().map(str::trim) {
            let field = line.strip_prefix("pub ").and_then(|l| l.split_once(": "));
            if let Some((field, ty)) = field.filter(|_| holders.contains(&name))
                && ty.contains("String")
                && !field.contains('(')
                && !ours.contains(&field)
            {
                wrong.push(format!("{name}: {line}"));
            }
            let prints = ["write!(", "writeln!(", "print", "push_str(", "format!("];
            let outlet = room == "report" || room == "cli";
            if outlet && line.contains(".data()") && prints.iter().any(|p| line.contains(p)) {
                let shown = ["terminal(", "code(", "marked(", "escaped(", "quoted("];
                if !shown.iter().any(|s| line.contains(s)) {
                    wrong.push(format!("{name}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_system_call_is_unsafe() {
    let word =
        Regex::new(r"\bunsafe\s*(?:\{|fn\b|impl\b|trait\b|extern\b)|\bunsafe_code\b").unwrap();
    let mut holders = Vec::new();
    for (_, path, code) in files() {
        let count = word.find_iter(&code).count();
        if count > 0 {
            holders.push(format!("{}: {count}", path.display()));
        }
    }
    // Two blocks, each with its exemption.
    assert_eq!(holders, ["kernel/sys.rs: 6"]);
}

#[test]
fn the_model_and_the_interpreter_do_not_know_each_other() {
    for (room, path, code) in files() {
        let other = match room.as_str() {
            "abstract_interp" => "smoke",
            "smoke" => "abstract_interp",
            _ => continue,
        };
        assert!(
            !imports(&code).contains(other),
            "{} imports {other}",
            path.display()
        );
    }
}

#[test]
fn codes_are_unique() {
    let mut numbers = BTreeSet::new();
    let mut names = BTreeSet::new();
    for &code in Code::ALL {
        assert!(
            numbers.insert(code.number()),
            "{} is used twice",
            code.number()
        );
        assert!(names.insert(code.name()), "{} is used twice", code.name());
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            code.name().chars().all(kebab),
            "{} is not kebab-case",
            code.name()
        );
        assert!(!code.class().is_empty());
    }
}

#[test]
fn every_class_of_a_code_is_a_known_message_class() {
    let classes: BTreeSet<&str> = bpfassay::helpers_spec::message_classes()
        .iter()
        .map(|c| c.id)
        .collect();
    for &code in Code::ALL {
        assert!(
            classes.contains(code.class()),
            "{}: no class {}",
            code.name(),
            code.class()
        );
    }
}

/// Refusals of the engine are typed: no sentence stands in it but why a lint is
/// silenced or a panic impossible, and documentation. The domains print numbers.
#[test]
fn the_engine_has_no_prose() {
    let literal = regex::Regex::new(r#"'(?:\\.|[^'\\\n])'|"((?:[^"\\]|\\.)*)""#).unwrap();
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        if room != "abstract_interp" || path.starts_with("abstract_interp/domain") {
            continue;
        }
        for found in literal.captures_iter(&code) {
            let whole = found.get(0).unwrap();
            let text = found.get(1).map_or("", |t| t.as_str());
            let before = code[..whole.start()].trim_end();
            let reason = ["reason =", ".expect(", "doc = concat!("];
            let reason = reason.iter().any(|r| before.ends_with(r));
            if text.trim().contains(' ') && !reason {
                wrong.push(format!("{}: {text:?}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "words belong to diagnostics:\n{}",
        wrong.join("\n")
    );
}

/// A check decides and changes nothing: it knows neither what carries its facts out nor
/// the walk.
#[test]
fn checks_do_not_know_what_carries_them_out() {
    let mut wrong = Vec::new();
    for (_, path, code) in files() {
        if path.starts_with("abstract_interp/checks") {
            for part in [
                "abstract_interp::transfer",
                "abstract_interp::explore",
                "&mut Vm",
            ] {
                if code.contains(part) {
                    wrong.push(format!("{} uses {part}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What carries out refuses nothing: whatever is forbidden, a check says so.
#[test]
fn transfer_refuses_nothing() {
    let refuses = regex::Regex::new(r"\brefuse(_reg)?\(|\bFault::").unwrap();
    let mut wrong = Vec::new();
    for (_, path, code) in files() {
        if path.starts_with("abstract_interp/transfer") && refuses.is_match(&code) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A refusal's fields are read, its words never: they are made in one room and only
/// shown elsewhere. What reads the logs of kernels is the exception.
#[test]
fn nobody_parses_the_words_of_a_refusal() {
    let parsed = regex::Regex::new(
        r"(?:kernel_words|shared_words|kernel_words::(?:of|shared)\([^;]*\))\s*\.\s*(?:as_str\(\)\s*\.\s*)?(?:contains|find|matches|r?split\w*|starts_with|ends_with|strip_\w+|parse|trim_\w*matches)\b",
    )
    .unwrap();
    let mut wrong = Vec::new();
    for (_, path, code) in files() {
        for found in parsed.find_iter(&code) {
            wrong.push(format!("{}: {}", path.display(), found.as_str()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(parsed.is_match("d.kernel_words.contains(\"x\")"));
    assert!(parsed.is_match("kernel_words::of(&r, series)\n    .split_once(' ')"));
}

#[test]
fn imports_are_read_as_written() {
    let of = |code: &str| imports(code).into_iter().collect::<Vec<_>>();
    assert_eq!(of("use crate::object::Btf;"), ["object"]);
    assert_eq!(of("use crate::{cfg::{A, B}, target};"), ["cfg", "target"]);
    assert_eq!(of("let x = crate::smoke::run();"), ["smoke"]);
    assert_eq!(of("$crate::programs::x"), [""; 0]);
}

#[test]
fn documents_name_only_paths_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = Regex::new(r"`(?:\./)?((?:src|tests|schemas|examples|rules|\.ci)/[A-Za-z0-9_./-]*|[A-Z_]+\.md|deny\.toml)`").unwrap();
    let mut gone = Vec::new();
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "KNOWN_DIFFERENCES.md",
    ] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        for path in named.captures_iter(&text).map(|c| c[1].to_owned()) {
            let there = [
                path.clone(),
                format!("{path}.rs"),
                format!("{path}/main.rs"),
            ];
            if !there.iter().any(|p| root.join(p).exists()) {
                gone.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(gone.is_empty(), "{}", gone.join("\n"));
}

/// Everything outside `target`, as one text.
fn readers() -> String {
    let others = files().into_iter().filter(|(room, ..)| room != "target");
    others.map(|(.., code)| code).collect()
}

/// What `targets` prints of a verifier, the engine heeds.
#[test]
fn every_behaviour_and_limit_is_read() {
    let code = readers();
    let read = |name: &str| {
        // The rules of scalars are handed on as a whole.
        let asked = if name == "scalars" {
            "scalar_rules"
        } else {
            name
        };
        let field = Regex::new(&format!(
            r"\b(behaviour|target|limits|switches)(\(\))?\s*\.\s*{asked}\b|\b(Limits|Switches)::({asked}|{})\b",
            name.to_uppercase()
        ));
        field.unwrap().is_match(&code)
    };
    let all = target::all();
    let switches = || all.iter().flat_map(|t| t.behaviour.list());
    for s in switches() {
        assert!(read(s.name), "{} is read by nobody", s.name);
    }
    for (name, _) in all.iter().flat_map(|t| t.limits.list()) {
        assert!(read(name), "{name} is read by nobody");
    }
}

/// What the engine names of `target`: a view that notes what it is asked, what answers are
/// made of, and of `Limits` the constants of all kernels.
const ASKED: [&str; 13] = [
    "Capability",
    "Eviction",
    "Jit",
    "Limits",
    "Lockdown",
    "LoopConvergence",
    "PrecisionScope",
    "Rights",
    "ScalarLinks",
    "StackLiveness",
    "StackRounding",
    "Switches",
    "scalars",
];

/// What of a file asks a target without noting it.
fn unnoted(code: &str) -> Vec<String> {
    let names = ASKED.join("|");
    let allowed = Regex::new(&format!(
        r"crate::target::(?:(?:{names})\b|\{{(?:\s*(?:{names})\b,?)*\s*\}})"
    ));
    let rest = allowed.unwrap().replace_all(code, "");
    let bare = Regex::new(
        r"\b(?:target::|super::target\b|SpecVersion\b|Limits::[a-z]|helpers_spec::tables\b)|\.kernel_btf\b|\binput\.target\b",
    )
    .unwrap();
    let mut rooms = imports(&rest);
    let imported = rooms.take("target");
    let named = bare.find_iter(&rest).map(|m| m.as_str().to_owned());
    imported.into_iter().chain(named).collect()
}

/// The engine gets answers of its target where they are noted, and nowhere else: it has no
/// target, no series of facts and no kernel's types but those that note what is asked.
#[test]
fn what_the_engine_asks_is_noted() {
    let makers = ["abstract_interp/asked.rs", "abstract_interp/verify.rs"];
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        let maker = makers.iter().any(|m| path == Path::new(m));
        if room == "abstract_interp" && !maker {
            let found = unnoted(&code).into_iter();
            wrong.extend(found.map(|what| format!("{}: {what}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let asks = |code: &str, expect: bool| assert_eq!(!unnoted(code).is_empty(), expect, "{code}");
    asks(
        "use crate::target::{Jit, Switches};\nuse crate::target::Limits;",
        false,
    );
    asks(
        "pub use crate::target::scalars::{A, B};\nLimits::VAR_OFF",
        false,
    );
    asks("use crate::target::Target;", true);
    asks("use crate::target::{Jit, Target};", true);
    asks("use crate::target as t;", true);
    asks("use crate::target::*;", true);
    asks("use crate::{cfg, target};\ntarget::by_name(x)", true);
    asks("use super::super::target as t;", true);
    asks("fn f(x: crate::target::Bounds) {}", true);
    asks("let x = Limits::default();", true);
}

/// Rooms that may compare releases: those that hold what is dated, and the audit, which
/// dates what programs need; beside them the loader's rows and the audit's reports.
const DATED: [&str; 3] = ["helpers_spec", "target", "audit"];

#[test]
fn no_release_is_compared_outside_the_target() {
    let compared = Regex::new(
        r"SpecVersion::V\d|\brelease(\.\d)?\)? *(<|>|==)|\b(major|minor)\)? *(<|>|==)|\bfor_(release|series)\b",
    )
    .unwrap();
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        let dated = ["programs/link", "check/audit.rs", "report/audit"];
        if DATED.contains(&room.as_str()) || dated.iter().any(|p| path.starts_with(p)) {
            continue;
        }
        for line in code.lines().filter(|l| compared.is_match(l)) {
            wrong.push(format!("{}: {}", path.display(), line.trim()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
