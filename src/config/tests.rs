use super::*;
use crate::abstract_interp::Stats;
use crate::diagnostics::Finding;
use crate::report::{ObjectReport, Outcome, ProgramReport, Report, Usage};
use crate::rules::{self, Severity};

fn settings(text: &str) -> Settings {
    Settings {
        config: parse(text).unwrap_or_else(|e| panic!("{e:?}")),
        flags: Flags::default(),
    }
}

fn program(name: &str, processed: u64) -> ProgramReport {
    ProgramReport {
        program: name.into(),
        section: "xdp".into(),
        prog_type: "xdp",
        insns: 10,
        stats: Some(Stats {
            processed,
            total_states: 3,
            peak_states: 2,
            stack_depth: 16,
        }),
        usage: Usage {
            map_bytes: 100,
            map_bytes_per_cpu: 50,
            callees: vec!["bpf_redirect".into()],
            place: None,
        },
        ..ProgramReport::blank(&"linux-6.18".into(), Outcome::Accept)
    }
}

fn report(programs: Vec<ProgramReport>) -> Report {
    Report {
        objects: vec![ObjectReport {
            object: "a.o".into(),
            error: None,
            unmet: Vec::new(),
            load_errors: Vec::new(),
            programs,
            findings: Vec::new(),
        }],
        ..Report::default()
    }
}

fn judged(text: &str, mut report: Report, baseline: Option<&Baseline>) -> Report {
    let run = Run {
        file: Some(("bpfassay.toml", text)),
        baseline,
        name: &str::to_owned,
        only: None,
        others: &[],
        source: &|_, _| None,
    };
    judge(&mut report, &settings(text), &run);
    report
}

fn names(report: &Report) -> Vec<&str> {
    let findings = report.objects.iter().flat_map(|o| &o.findings);
    findings.map(|f| f.rule.name).collect()
}

fn error(text: &str) -> (String, usize) {
    let e = parse(text).err().unwrap_or_else(|| panic!("taken: {text}"));
    let line = e.line(text).unwrap_or(0);
    (e.message, line)
}

#[test]
fn unknown_keys_and_words_are_errors_with_their_line() {
    let cases = [
        ("a = 1", "unknown field `a`", 1),
        ("[lint]\nselct = []", "unknown field `selct`", 2),
        ("[budget]\ninsns = 1", "unknown field `insns`", 2),
        ("[program.x]\n[program.x.budgt]", "unknown field `budgt`", 2),
        (
            "[severity]\nBPF9999 = \"off\"",
            "no rule or family `BPF9999`",
            2,
        ),
        (
            "[severity]\n\nBPF0108 = \"fatal\"",
            "`fatal` is no level",
            3,
        ),
        (
            "[policy]\ndeny = [\n\"bpf_nothing\"]",
            "no helper, kfunc or risk class",
            3,
        ),
        ("[budget]\nstack = \"1 parsec\"", "expected bytes", 2),
        ("[budget]\ncpus = 0", "at least one CPU", 2),
        ("[baseline]\ngrowth = -1", "expected percent", 2),
        ("fail-on = \"often\"", "is not known", 1),
        (
            "[[suppress]]\ncode = \"BPF0108\"",
            "missing field `reason`",
            1,
        ),
        (
            "[[suppress]]\ncode = \"BPF0108\"\nreason = \" \"",
            "needs a reason",
            3,
        ),
        ("targets = [", "", 1),
    ];
    for (text, words, line) in cases {
        let (message, at) = error(text);
        assert!(message.contains(words), "{text:?}: {message}");
        assert_eq!(at, line, "{text:?}: {message}");
    }
}

/// The fields that a table takes, as serde lists them in a complaint.
fn fields(text: &str) -> Vec<String> {
    let (message, _) = error(text);
    let list = message.split_once("expected ").map_or("", |(_, l)| l);
    let mut names: Vec<String> = list
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

#[test]
fn the_schema_has_the_keys_that_are_read() {
    let text = include_str!("../../schemas/config.v1.json");
    let schema: serde_json::Value = serde_json::from_str(text).unwrap();
    let keys = |pointer: &str| -> Vec<String> {
        let table = schema
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer}"));
        assert_eq!(table["additionalProperties"], false, "{pointer}");
        let mut keys: Vec<String> = table["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("{pointer}"))
            .keys()
            .cloned()
            .collect();
        keys.sort();
        keys
    };
    let tables = [
        ("zzz = 1", ""),
        ("[lint]\nzzz = 1", "/properties/lint"),
        ("[policy]\nzzz = 1", "/$defs/policy"),
        ("[baseline]\nzzz = 1", "/properties/baseline"),
        ("[program.x]\nzzz = 1", "/$defs/program"),
        ("[[suppress]]\nzzz = 1", "/$defs/suppress"),
        ("[budget]\nzzz = 1", "/properties/budget"),
        ("[lsp]\nzzz = 1", "/properties/lsp"),
    ];
    for (text, pointer) in tables {
        assert_eq!(fields(text), keys(pointer), "{pointer}");
    }
    let mut bounds = keys("/$defs/budget");
    bounds.push("cpus".into());
    bounds.sort();
    assert_eq!(bounds, keys("/properties/budget"));
}

#[test]
fn globs_match_names_and_paths() {
    let matches = |pattern: &str, name: &str| Glob::new(pattern).matches(name);
    assert!(matches("xdp_*", "xdp_") && matches("*a*b", "xaab") && matches("a?c", "abc"));
    assert!(!matches("xdp_*", "tc_xdp_") && !matches("a?c", "ac") && !matches("", "a"));
    assert!(matches("*", "") && matches("a**", "a"));
    assert!(Glob::new("b.o").matches_path("./a/b.o") && Glob::new("a/*").matches_path("x/a/b.o"));
    assert!(!Glob::new("b.o").matches_path("a/bb.o"));
}

#[test]
fn sizes_and_shares_are_read() {
    assert_eq!(bytes("64 KiB"), Some(65536));
    assert_eq!(bytes("3"), Some(3));
    assert_eq!((bytes("KiB"), bytes("1 KB"), bytes("")), (None, None, None));
    assert_eq!(bytes("99999999999 GiB"), None);
    assert_eq!((percent("10 %"), percent("2.5")), (Some(10.0), Some(2.5)));
    assert_eq!(
        (percent("-1"), percent("x"), percent("inf")),
        (None, None, None)
    );
}

#[test]
fn what_is_nearer_decides_a_level() {
    let lint = rules::find("budget-exceeded").unwrap();
    let text = "[severity]\nall = \"note\"\npolicy = \"warning\"\n\
                [program.\"xdp_*\".severity]\nBPF0901 = \"error\"\n\
                [program.xdp_main.severity]\nbudget-exceeded = \"off\"";
    let mut settings = settings(text);
    let of = |s: &Settings, program| s.severity(lint, program, Severity::Error);
    assert_eq!(of(&settings, None), Some(Severity::Warning));
    assert_eq!(of(&settings, Some("tc")), Some(Severity::Warning));
    assert_eq!(of(&settings, Some("xdp_side")), Some(Severity::Error));
    assert_eq!(of(&settings, Some("xdp_main")), None);
    settings.flags.levels.push(Selector::All, Level::Off);
    settings
        .flags
        .levels
        .push(Selector::Rule(lint), Level::Warning);
    assert_eq!(of(&settings, Some("xdp_main")), Some(Severity::Warning));
    let other = rules::find("call-denied").unwrap();
    assert_eq!(settings.severity(other, None, Severity::Error), None);
}

#[test]
fn ignored_rules_are_off_unless_named_more_closely() {
    let rule = rules::find("budget-exceeded").unwrap();
    let other = rules::find("baseline-growth").unwrap();
    let of = |text: &str, rule| settings(text).severity(rule, None, Severity::Error);
    assert_eq!(of("[lint]\nignore = [\"policy\"]", rule), None);
    let text = "[lint]\nselect = [\"BPF0901\"]\nignore = [\"policy\"]";
    assert_eq!(of(text, rule), Some(Severity::Error));
    assert_eq!(of(text, other), None);
    let text = "[lint]\nignore = [\"all\"]\n[severity]\nBPF0901 = \"note\"";
    assert_eq!(of(text, rule), Some(Severity::Note));
    let refusal = rules::find("packet-access-unchecked").unwrap();
    assert_eq!(of(text, refusal), Some(Severity::Error));
}

#[test]
fn budgets_are_per_resource_and_program() {
    let text = "[budget]\nprocessed = 100\nhelpers = 0\nmap-memory = \"199\"\ncpus = 3\n\
                [program.big.budget]\nprocessed = 1000";
    let programs = vec![
        program("small", 100),
        program("big", 900),
        program("slow", 101),
    ];
    let report = judged(text, report(programs), None);
    let said: Vec<(&str, &str)> = report.objects[0]
        .findings
        .iter()
        .map(|f| {
            (
                f.program.as_ref().unwrap().data(),
                f.what.data().split_once("takes ").unwrap().1,
            )
        })
        .collect();
    let maps = "200 bytes of map memory; the budget is 199";
    let helpers = "1 helpers and kfuncs; the budget is 0";
    let slow = "101 processed instructions; the budget is 100";
    assert_eq!(
        said,
        [
            ("big", helpers),
            ("big", maps),
            ("slow", helpers),
            ("slow", slow),
            ("slow", maps),
            ("small", helpers),
            ("small", maps),
        ]
    );
    assert!(fails(&report, FailOn::Error, false));
    assert!(!fails(&report, FailOn::Reject, false));
}

#[test]
fn growth_beyond_the_share_is_found_and_shrinking_is_not() {
    let before = report(vec![
        program("a", 100),
        program("b", 100),
        program("c", 100),
    ]);
    let baseline = Baseline::of(&before, 1, &str::to_owned);
    assert_eq!(baseline.len(), 3);
    let again = Baseline::parse(&baseline.render()).unwrap();
    assert_eq!(again.render(), baseline.render());
    let now = || {
        report(vec![
            program("a", 110),
            program("b", 111),
            program("c", 50),
            program("new", 1),
        ])
    };
    let judged_now = judged("", now(), Some(&baseline));
    let said: Vec<&str> = judged_now.objects[0]
        .findings
        .iter()
        .map(|f| f.what.data())
        .collect();
    assert_eq!(
        said,
        [
            "b grew beyond the baseline and 10 %: 111 processed instructions instead of 100 (+11.0 %)",
            "new is not in the baseline for linux-6.18",
        ]
    );
    assert_eq!(
        names(&judged(
            "[baseline]\ngrowth = \"11 %\"",
            now(),
            Some(&baseline)
        )),
        ["baseline-missing"]
    );
    assert!(Baseline::parse("{}").is_err());
    assert!(Baseline::parse("{\"schema\":\"other\",\"programs\":[]}").is_err());
}

#[test]
fn suppressions_mark_what_they_match_and_complain_when_unused() {
    let text = "[budget]\nprocessed = 1\n\
                [[suppress]]\ncode = \"BPF0901\"\nprogram = \"a*\"\nobject = \"a.o\"\nreason = \"known\"\n\
                [[suppress]]\ncode = \"BPF0108\"\nreason = \"gone\"\n\
                [[suppress]]\ncode = \"BPF0901\"\nobject = \"other.o\"\nreason = \"not here\"";
    let report = judged(text, report(vec![program("a1", 5), program("b1", 5)]), None);
    let of_object: Vec<Option<&str>> = report.objects[0]
        .findings
        .iter()
        .map(|f| f.suppressed.as_ref().map(|s| s.data()))
        .collect();
    assert_eq!(of_object, [Some("known"), None]);
    assert_eq!(report.objects.len(), 2, "{report:?}");
    let unused: &Finding = &report.objects[1].findings[0];
    assert_eq!(unused.rule.name, "suppression-unused");
    assert_eq!(unused.place.as_ref().unwrap().line, 9);
    assert_eq!(report.objects[1].findings.len(), 1);
}

#[test]
fn what_fails_a_run_follows_the_level() {
    let with = |severity| {
        let mut r = report(vec![program("a", 1)]);
        let rule = rules::find("budget-exceeded").unwrap();
        r.objects[0].findings.push(Finding {
            severity,
            ..Finding::of_object(rule, "x")
        });
        r
    };
    let fail = |r: &Report, on: &str| fails(r, FailOn::parse(on).unwrap(), false);
    for on in FailOn::NAMES {
        let expected = |least: &[&str]| least.contains(&on);
        assert_eq!(fail(&with(Severity::Note), on), expected(&["note"]), "{on}");
        let warned = fail(&with(Severity::Warning), on);
        assert_eq!(warned, expected(&["note", "warning"]), "{on}");
        let error = fail(&with(Severity::Error), on);
        assert_eq!(
            error,
            expected(&["note", "warning", "error", "unknown"]),
            "{on}"
        );
    }
    let mut undecided = report(vec![program("a", 1)]);
    undecided.objects[0].programs[0].outcome = Outcome::Unknown {
        name: "x".into(),
        insn: None,
        place: None,
        internal: None,
    };
    assert!(
        !fail(&undecided, "error") && fail(&undecided, "unknown") && fail(&undecided, "warning")
    );
    assert!(fails(&undecided, FailOn::Never, true));
}

#[test]
fn maps_are_stated_by_name_and_key() {
    let config = parse("[map.events]\nmax_entries = 4096\n[map.outer]\ninner = \"array:4:8\"\n");
    let manifest = config.unwrap().manifest;
    let events = manifest.of("events").unwrap();
    assert_eq!(events.max_entries, Some(4096));
    assert!(manifest.of("outer").unwrap().inner.is_some());
    for (text, said) in [
        ("[map.m]\ncolour = 1\n", "maps have no \"colour\""),
        ("[map.m]\nmax_entries = \"many\"\n", "is no number"),
        ("[map.m]\ntype = \"tree\"\n", "no map type"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(said), "{text}: {}", error.message);
    }
}

#[test]
fn loads_are_stated_with_their_variants() {
    let text = "only = [\"a\"]\n[set]\n\"cfg.ports[2]\" = 80\non = true\nlow = -1\n\
                [attach]\na = \"vfs_read\"\n[flags]\na = [\"sleepable\"]\n\
                [variant.big.set]\nlimit = \"0x10\"\n[variant.plain]\n";
    let config = parse(text).unwrap();
    assert!(config.manifest.sets("cfg.ports") && config.manifest.sets("low"));
    assert!(config.manifest.wants("a") && !config.manifest.wants("b"));
    let a = config.manifest.of_program("a").unwrap();
    assert_eq!(a.flags, 1 << 4);
    let names: Vec<&str> = config.variants.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["big", "plain"]);
    assert!(config.variants[0].1.sets("limit") && !config.manifest.sets("limit"));
    for (text, said) in [
        ("[set]\n\"a[\" = 1\n", "no place"),
        ("[set]\na = 1.5\n", "expected a number"),
        (
            "[flags]\na = [\"sleepabel\"]\n",
            "did you mean \"sleepable\"?",
        ),
        ("[variant.x]\ncolour = 1\n", "unknown field"),
        ("[attach]\na = \"\"\n", "no function"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(said), "{text}: {}", error.message);
    }
}
