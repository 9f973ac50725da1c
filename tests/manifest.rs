//! What user space states of a load: variables, programs, targets, variants.

use std::path::{Path, PathBuf};
use std::process::Command;

use bpfassay::check::{self as checks, Variant, types};
use bpfassay::object::Object;
use bpfassay::programs::{AttachTo, Extended, Manifest};
use bpfassay::report::{ObjectReport, Outcome, json, junit, matrix};
use bpfassay::target::{self, Target};
use bpfassay::{Options, TargetChoice, check};

fn path(object: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/corpus/lint").join(object)
}

fn checked(object: &str, manifest: &Manifest, variants: &[Variant], target: &str) -> ObjectReport {
    let bytes = std::fs::read(path(object)).unwrap();
    let target: Target = target::by_name(target).unwrap();
    let choices = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let options = Options {
        manifest,
        variants,
        ..Options::new(object, &choices)
    };
    check(&bytes, &options).objects.remove(0)
}

/// The programs that are refused.
fn refused(report: &ObjectReport) -> Vec<&str> {
    let refused = report.programs.iter();
    let refused = refused.filter(|p| matches!(p.outcome, Outcome::Reject(_)));
    refused.map(|p| p.program.data()).collect()
}

/// Which programs a variable's value switches on.
#[track_caller]
fn switches(word: &str, on: &[&str]) {
    let mut manifest = Manifest::new();
    manifest.set_global_word(word).unwrap();
    let report = checked("constants.o", &manifest, &[], target::DEFAULT);
    assert_eq!(report.unmet, [], "{word}");
    assert_eq!(refused(&report), on, "{word}");
}

/// What is said of a word that does not fit.
#[track_caller]
fn unfit(word: &str, says: &str) {
    let mut manifest = Manifest::new();
    manifest.set_global_word(word).unwrap();
    let report = checked("constants.o", &manifest, &[], target::DEFAULT);
    let said = report
        .unmet
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    assert!(
        said.len() == 1 && said[0].contains(says),
        "{word}: {said:?}"
    );
}

#[test]
fn variables_are_set_by_name_and_part() {
    switches("cfg.limit=1", &[]);
    switches("cfg.ports[PORT_DNS].low=53", &["by_index"]);
    switches("cfg . ports [ 1 ].low = 0x35", &["by_index"]);
    switches("cfg.first=2", &["by_field"]);
    switches("cfg.word=2", &["by_field"]);
    switches("cfg.ports[1].level=9", &["by_bits"]);
    switches("cfg.ports[1].on=1", &[]);
    switches("cfg.name=\"abx\"", &["by_text"]);
    switches("cfg.name[2]='x'", &["by_text"]);
    switches("cfg.key=0x5ffffffffffffffff", &["by_wide"]);
    switches("cfg.mode=MODE_FAST", &["by_enum"]);
    switches("cfg.mode=7", &["by_enum"]);
    switches("cfg.shift=-3", &["by_sign"]);
    switches("cfg.strict=true", &["by_truth"]);
    // Data that programs can change decides nothing.
    switches("seen=5", &[]);
    switches("grid[1][2]=6", &[]);
}

#[test]
fn what_does_not_fit_is_told() {
    unfit("cfg.shift=-129", "a signed number of 8 bits");
    unfit("cfg.limit=-1", "an unsigned number of 32 bits");
    unfit("cfg.ports[1].level=32", "5 bits");
    unfit("cfg.ports[2].low=1", "cfg.ports has 2 elements");
    unfit("cfg.prots[0].low=1", "cfg has no member \"prots\"");
    unfit("cfg=1", "set its members");
    unfit("cfg.ports=1", "set its elements");
    unfit("cfg.mode=MODE_FASTER", "did you mean \"MODE_FAST\"?");
    unfit("cfg.name=\"a text of sixteen\"", "longer than 15 bytes");
    unfit("targ_tigd=1", "did you mean \"targ_tgid\"?");
    unfit("targ_tgid.x=1", "no structure");
}

#[test]
fn a_dump_of_the_map_sets_what_it_holds() {
    let json = r#"[{"value": {".rodata": [{"targ_tgid": 0}, {"cfg": {
        "ports": [{"low": 1, "on": "0x1"}, {"low": 53, "level": "0x9"}],
        "(anon)": {"(anon)": {"first": 2}}, "name": "abx", "key": "0x50000000000000000",
        "mode": "MODE_FAST", "shift": -3, "strict": true}}]}}]"#;
    let mut manifest = Manifest::new();
    manifest
        .set_dump("--rodata dump.json", &checks::json(json).unwrap())
        .unwrap();
    let report = checked("constants.o", &manifest, &[], target::DEFAULT);
    assert_eq!(report.unmet, []);
    assert_eq!(refused(&report).len(), 8, "{:?}", refused(&report));
    // Constants that are stated are not left open.
    assert!(
        report
            .findings
            .iter()
            .all(|f| f.rule.name != "code-behind-constant")
    );
}

#[test]
fn dumps_of_every_form_are_read() {
    let set = |json: &str| {
        let mut manifest = Manifest::new();
        let json = checks::json(json)?;
        manifest.set_dump("--rodata x", &json).map(|()| manifest)
    };
    let plain = r#"[{"value": {".rodata": [{"targ_tgid": 1}]}}]"#;
    assert!(set(plain).unwrap().sets("targ_tgid"));
    let both = r#"[{"key": ["0x00"], "value": ["0x01"], "formatted": {"value": {".rodata": [{"a": 1}]}}}]"#;
    assert!(set(both).unwrap().sets("a") && !set(both).unwrap().sets("b"));
    assert!(set(r#"[{"key": ["0x00"], "value": ["0x01", "0xff"]}]"#).is_ok());
    for bad in ["", "[]", "[1, 2]", "{\"value\": [\"x\"]}", "3"] {
        assert!(set(bad).is_err(), "{bad}");
    }
    let bytes = set(r#"[{"value": ["0x01"]}]"#).unwrap();
    let report = checked("constants.o", &bytes, &[], target::DEFAULT);
    assert!(
        report.unmet[0]
            .reason
            .contains("no data section has its 1 bytes")
    );
}

#[test]
fn a_map_that_is_there_is_taken_as_it_is() {
    let reused = |entries: u32| {
        let json = format!(
            r#"{{"type": "array", "bytes_key": 4, "bytes_value": 8, "max_entries": {entries}, "flags": 0}}"#
        );
        let mut manifest = Manifest::new();
        manifest.set_word("counts.pinned=counts.json").unwrap();
        manifest.read_files(&|_| checks::json(&json)).unwrap();
        let report = checked("constants.o", &manifest, &[], target::DEFAULT);
        let mut rows = report.programs.into_iter();
        let row = rows.find(|p| p.program == "unfiltered").unwrap();
        row.outcome.word()
    };
    assert_eq!(reused(1), "accept");
    // It has another size, and the program takes it: the object does not pin its own.
    assert_eq!(reused(9), "accept");
    let mut manifest = Manifest::new();
    manifest.set_word("counts.pinned=x").unwrap();
    assert!(manifest.read_files(&|_| checks::json("[]")).is_err());
}

#[test]
fn variants_are_a_dimension() {
    let variant = |name: &str, words: &[&str]| {
        let mut manifest = Manifest::new();
        for word in words {
            manifest.set_global_word(word).unwrap();
        }
        Variant {
            name: name.into(),
            manifest,
        }
    };
    let mut fast = variant("fast", &["cfg.mode=MODE_FAST"]);
    fast.manifest.skip("by_sign");
    let variants = [variant("plain", &[]), fast];
    let report = checked("constants.o", &Manifest::new(), &variants, target::DEFAULT);
    let rows = |name: &str| -> Vec<(&str, &str)> {
        let rows = report.programs.iter().filter(|p| p.program == name);
        rows.map(|p| (p.variant.data(), p.outcome.word())).collect()
    };
    assert_eq!(rows("by_enum"), [("plain", "accept"), ("fast", "reject")]);
    assert_eq!(rows("by_sign"), [("plain", "accept")]);
    let open = |f: &&bpfassay::diagnostics::Finding| f.what.data().contains("cfg.mode");
    let note = report.findings.iter().find(open).unwrap();
    assert_eq!(note.what, "One block is verified only if `cfg.mode` = 7");
    assert_eq!(note.variants, ["plain"]);
    let whole = bpfassay::report::Report {
        objects: vec![report],
        ..bpfassay::report::Report::default()
    };
    let text = matrix::text(&whole);
    assert!(
        text.contains("linux-6.18 (fast)") && text.contains('–'),
        "{text}"
    );
    let document = json::document(&whole);
    assert_eq!(document["objects"][0]["programs"][0]["variant"], "plain");
    assert!(junit::render(&whole, false).contains("on linux-6.18 (fast)"));
}

#[test]
fn programs_are_chosen_by_name() {
    let mut manifest = Manifest::new();
    manifest.only("filtered");
    let report = checked("constants.o", &manifest, &[], target::DEFAULT);
    assert_eq!(report.programs.len(), 1);
    manifest.skip("filtred");
    let report = checked("constants.o", &manifest, &[], target::DEFAULT);
    let told = report.unmet[0].to_string();
    assert!(
        told.contains("--skip filtred") && told.contains("\"filtered\""),
        "{told}"
    );
}

#[test]
fn flags_are_those_of_the_kernel() {
    let mut manifest = Manifest::new();
    manifest.flags_word("reads_data=xdp_has_frags").unwrap();
    let verdict = |target: &str| {
        let report = checked("constants.o", &manifest, &[], target);
        let mut rows = report.programs.into_iter();
        let row = rows.find(|p| p.program == "reads_data").unwrap();
        match row.outcome {
            Outcome::LoadError { stage, reason, .. } => format!("{stage}: {}", reason.data()),
            other => other.word().to_owned(),
        }
    };
    assert!(verdict("linux-5.15").starts_with("syscall: the kernel does not know"));
    assert_eq!(verdict("linux-6.1"), "accept");
}

#[test]
fn a_replacement_is_verified_as_what_it_replaces() {
    let target = Object::parse(&std::fs::read(path("extended.o")).unwrap()).unwrap();
    let mut manifest = Manifest::new();
    let targets = [
        ("fits", "enough"),
        ("reads_packet", "entry"),
        ("reads_beyond", "entry"),
        ("other_context", "enough"),
        ("too_few", "enough"),
    ];
    for (program, function) in targets {
        manifest
            .attach(program, &format!("./extended.o:{function}"))
            .unwrap();
    }
    for setting in manifest.programs_mut() {
        let Some(AttachTo::Program(_, function)) = &setting.attach else {
            panic!("{setting:?}");
        };
        setting.extends = Some(Extended::find(&target, function).unwrap().into());
    }
    let report = checked("extensions.o", &manifest, &[], target::DEFAULT);
    let said = report.programs.iter().map(|p| match &p.outcome {
        Outcome::LoadError { reason, .. } => format!("{}: {}", p.program.data(), reason.data()),
        other => format!("{} ({}): {}", p.program.data(), p.prog_type, other.word()),
    });
    let mut said: Vec<String> = said.collect();
    said.sort();
    assert_eq!(
        said,
        [
            "fits (ext): accept",
            "other_context: it cannot replace enough: argument 1 is struct __sk_buff *, that of enough is \
             struct xdp_md *",
            "reads_beyond (ext): reject",
            "reads_packet (ext): accept",
            "too_few: it cannot replace enough: it takes 1 argument(s), enough takes 2",
        ]
    );
    let static_one = Extended::find(&target, "hidden").unwrap_err();
    assert!(static_one.contains("static"), "{static_one}");
    let absent = Extended::find(&target, "enuogh").unwrap_err();
    assert!(absent.contains("did you mean \"enough\"?"), "{absent}");
}

#[test]
fn programs_that_share_a_map_of_programs_must_be_alike() {
    let found = |manifest: &Manifest| -> Vec<String> {
        let report = checked("shared_calls.o", manifest, &[], target::DEFAULT);
        assert!(report.programs.iter().all(|p| p.outcome.word() == "accept"));
        let all = report.findings.iter().filter(|f| f.rule.number == 1010);
        all.map(|f| f.what.data().to_owned()).collect()
    };
    let mut manifest = Manifest::new();
    let told = found(&manifest);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("`tc_next` and `xdp_next`") && told[0].contains("`calls`"));
    manifest.skip("tc_next");
    assert_eq!(found(&manifest), [""; 0]);
}

#[test]
fn a_target_that_no_kernel_has_is_told() {
    let report = checked("attach_targets.o", &Manifest::new(), &[], target::DEFAULT);
    let found = report.findings.iter().filter(|f| f.rule.number == 1011);
    let found: Vec<&str> = found
        .filter_map(|f| f.program.as_ref().map(|p| p.data()))
        .collect();
    assert_eq!(found, ["misspelt", "no_event", "no_point"]);
    let mut manifest = Manifest::new();
    manifest.attach_word("spelt=do_exits").unwrap();
    let report = checked("attach_targets.o", &manifest, &[], target::DEFAULT);
    let of_spelt =
        |f: &&bpfassay::diagnostics::Finding| f.program.as_ref().is_some_and(|p| p == "spelt");
    assert!(
        report
            .findings
            .iter()
            .any(|f| of_spelt(&f) && f.what.data().contains("`do_exits`"))
    );
}

#[test]
fn what_nothing_defines_is_told_with_what_serves() {
    let report = checked("undefined.o", &Manifest::new(), &[], target::DEFAULT);
    let reason = report.load_errors[0].reason.data();
    assert!(
        reason.contains("a function of libc; use `bpf_ntohl`"),
        "{reason}"
    );
}

#[test]
fn the_command_says_what_is_not_there() {
    let run = |args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .args(["check", "--no-config", "--no-smoke", "--prog", "filtered"])
            .args(args)
            .arg(path("constants.o"))
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = run(&["--set", "targ_tigd=1"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("did you mean \"targ_tgid\"?"), "{said}");
    let (code, said) = run(&["--variant", "big"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("no variant big"), "{said}");
    let (code, said) = run(&["-G", "targ_tgid=1"]);
    assert_eq!(code, Some(0), "{said}");
}
