//! Audits of objects: golden texts and documents, the published schema, graphs
//! and differences.
//!
//! The goldens of objects that are not part of the package are compared where the
//! oracle is at hand (`BPFASSAY_ORACLE`); they hold facts and names only.

#[path = "common/oracle.rs"]
#[expect(dead_code, reason = "the verdicts are for another test")]
mod oracle;
#[path = "common/schema.rs"]
mod schema;

use bpfassay::audit::{self, ObjectAudit, diff, graph};
use bpfassay::check::types;
use bpfassay::check::{self, Options, TargetChoice};
use bpfassay::helpers_spec::{Release, Risk};
use bpfassay::report::audit as report;
use bpfassay::target::Target;

fn audit(bytes: &[u8], name: &str) -> ObjectAudit {
    let target = Target::default();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    check::audit(bytes, &Options::new(name, &targets), check::DEFAULT_CPUS)
}

fn corpus(path: &str) -> ObjectAudit {
    let file = format!("{}/tests/corpus/{path}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
    audit(&bytes, path)
}

/// Text and JSON of one audit against their snapshots; the document without what
/// changes with each release of the tool.
fn golden(name: &str, audit: &ObjectAudit) {
    let audits = std::slice::from_ref(audit);
    let mut document = report::json::document(audits);
    assert_eq!(
        schema::errors("audit.v1.json", &document),
        Vec::<String>::new()
    );
    document["tool"]["version"] = "-".into();
    insta::assert_snapshot!(format!("{name}.text"), report::text::render(audits));
    insta::assert_snapshot!(format!("{name}.json"), lines(&document));
}

/// A document with a line for each call, site and map, so that differences show.
fn lines(document: &serde_json::Value) -> String {
    fn write(value: &serde_json::Value, indent: usize, out: &mut String) {
        use serde_json::Value;
        let flat = value.to_string();
        let deep = match value {
            Value::Array(items) => !items.is_empty() && flat.len() > 160,
            Value::Object(_) => flat.len() > 160,
            _ => false,
        };
        let pad = " ".repeat(indent + 1);
        match value {
            Value::Array(items) if deep => {
                out.push_str("[\n");
                for (i, item) in items.iter().enumerate() {
                    out.push_str(&pad);
                    write(item, indent + 1, out);
                    out.push_str(if i + 1 < items.len() { ",\n" } else { "\n" });
                }
                out.push_str(&format!("{}]", " ".repeat(indent)));
            }
            Value::Object(map) if deep => {
                out.push_str("{\n");
                for (i, (key, item)) in map.iter().enumerate() {
                    out.push_str(&format!("{pad}{key:?}: "));
                    write(item, indent + 1, out);
                    out.push_str(if i + 1 < map.len() { ",\n" } else { "\n" });
                }
                out.push_str(&format!("{}}}", " ".repeat(indent)));
            }
            _ => out.push_str(&flat),
        }
    }
    let mut out = String::new();
    write(document, 0, &mut out);
    out
}

#[test]
fn goldens_of_the_corpus() {
    for path in [
        "accept/syscall_tracer.o",
        "accept/xdp_l4lb.o",
        "accept/arena_exceptions.o",
    ] {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".o");
        golden(&format!("audit_{name}"), &corpus(path));
    }
}

#[test]
#[ignore = "needs recorded objects and verdicts: cargo xtask oracle"]
fn goldens_of_real_objects() {
    let oracle = oracle::Oracle::open();
    for object in REAL {
        let bytes = oracle
            .object("real", object)
            .unwrap_or_else(|| panic!("the oracle has no {object}"));
        let name = object.trim_end_matches(".bpf.o").replace(['.', '-'], "_");
        golden(&format!("audit_real_{name}"), &audit(&bytes, object));
    }
}

/// Ten objects that Debian's packages load: tracers, XDP and tc programs, LSM
/// programs, HID, sockets.
const REAL: [&str; 10] = [
    "exitsnoop-libbpf.0.bpf.o",
    "filelife-libbpf.0.bpf.o",
    "mimic.0.bpf.o",
    "neigh_table_tuner.so.2.bpf.o",
    "oomkill-libbpf.0.bpf.o",
    "sigsnoop-libbpf.0.bpf.o",
    "syscount-libbpf.0.bpf.o",
    "systemd-nsresourcework.0.bpf.o",
    "udev-hid-bpf.0.bpf.o",
    "xdp-forward.0.bpf.o",
];

#[test]
fn every_corpus_object_fits_the_schema() {
    let mut paths = Vec::new();
    common::objects(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"),
        &mut paths,
    )
    .unwrap();
    assert!(paths.len() > 20);
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let one = audit(&bytes, "object");
        let document = report::json::document(std::slice::from_ref(&one));
        let errors = schema::errors("audit.v1.json", &document);
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        let drawn = graph::graph(&one);
        let document = report::graph::document(&[(&"object".into(), drawn)]);
        let errors = schema::errors("audit.v1.json", &document);
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    let wrong = serde_json::json!({ "schema": "bpfassay-audit-v1" });
    assert!(!schema::errors("audit.v1.json", &wrong).is_empty());
}

#[path = "common/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod common;

#[test]
fn requirements_name_what_a_tracer_needs() {
    let a = corpus("accept/syscall_tracer.o");
    assert!(a.error.is_none() && !a.programs.is_empty());
    assert!(a.capabilities.iter().any(|c| c.name == "CAP_PERFMON"));
    assert!(a.config.iter().any(|c| c.option == "CONFIG_BPF_EVENTS"));
    for p in &a.programs {
        for call in &p.calls {
            assert!(!call.sites.is_empty(), "{:?} has no site", call.name);
            assert!(call.known.is_some(), "{:?}: no kernel allows it", call.name);
            for site in &call.sites {
                assert!(site.insn < p.insns);
            }
        }
        assert!(p.oldest.release.is_some());
        assert!(p.oldest.release <= p.oldest.certain);
        assert!(!p.oldest.reasons.is_empty());
    }
    let output = |c: &audit::Call| c.risks.has(Risk::Output);
    assert!(a.programs.iter().any(|p| p.calls.iter().any(output)));
    assert!(a.programs.iter().any(|p| !p.channels.is_empty()));
}

#[test]
fn newer_instructions_set_the_oldest_kernel() {
    let of = |path: &str| {
        let a = corpus(path);
        a.programs
            .iter()
            .map(|p| (p.isa, p.oldest.release.unwrap()))
            .collect::<Vec<_>>()
    };
    let old = Release::new(5, 3);
    assert!(of("accept/isa_v1.o").iter().all(|p| p.0 == 1 && p.1 <= old));
    assert!(of("accept/isa_v2.o").iter().all(|p| p.0 <= 2 && p.1 <= old));
    let v4 = of("accept/isa_v4.o");
    assert!(v4.contains(&(4, Release::new(6, 6))), "{v4:?}");
    assert!(v4.contains(&(3, Release::new(5, 12))), "{v4:?}");
    assert!(v4.contains(&(5, Release::new(6, 9))), "{v4:?}");
    assert!(v4.contains(&(5, Release::new(6, 15))), "{v4:?}");
    let arena = corpus("accept/arena_exceptions.o");
    assert!(arena.oldest.release >= Some(Release::new(6, 9)));
}

#[test]
fn a_build_differs_from_another_and_not_from_itself() {
    let old = corpus("accept/isa_v2.o");
    let same = diff::diff(&old, &old);
    assert!(same.entries.is_empty(), "{:?}", same.entries);
    assert!(report::diff::text(&same).contains("nothing changed"));
    let new = corpus("accept/xdp_l4lb.o");
    let changes = diff::diff(&old, &new);
    let document = report::diff::document(&changes);
    assert_eq!(
        schema::errors("audit.v1.json", &document),
        Vec::<String>::new()
    );
    let fates: Vec<&str> = changes.entries.iter().map(|e| e.fate.name()).collect();
    assert!(
        fates.contains(&"added") && fates.contains(&"removed"),
        "{fates:?}"
    );
    // Seen from the other side, what was gained is lost.
    let back = diff::diff(&new, &old);
    let count = |d: &diff::ObjectDiff, fate| d.entries.iter().filter(|e| e.fate == fate).count();
    assert_eq!(
        count(&changes, diff::Fate::Added),
        count(&back, diff::Fate::Removed)
    );
    assert_eq!(
        count(&changes, diff::Fate::Removed),
        count(&back, diff::Fate::Added)
    );
    // A property that moved is told with both its values.
    let mut bigger = old.clone();
    bigger.programs[0].insns += 10;
    let grown = diff::diff(&old, &bigger);
    let change = &grown.entries[0].changes[0];
    assert_eq!((change.what, grown.entries.len()), ("insns", 1));
    assert_ne!(change.old, change.new);
}

#[test]
fn graphs_lead_from_programs_to_maps_and_functions() {
    use graph::{EdgeKind, NodeKind};
    let a = corpus("accept/xdp_l4lb.o");
    let g = graph::graph(&a);
    for (kind, want) in [
        (NodeKind::Program, a.programs.len()),
        (NodeKind::Map, a.maps.len()),
    ] {
        let found = g.nodes.iter().filter(|n| n.kind == kind).count();
        assert_eq!(found, want, "{kind:?}");
    }
    assert!(g.edges.iter().any(|e| e.kind == EdgeKind::Uses));
    assert!(g.edges.iter().any(|e| e.kind == EdgeKind::Calls));
    for e in &g.edges {
        assert!(e.from < g.nodes.len() && e.to < g.nodes.len());
    }
    let dot = report::graph::dot(&[(&"object".into(), g.clone())]);
    assert!(dot.starts_with("digraph") && dot.trim_end().ends_with('}'));
    assert_eq!(dot.matches(" -> ").count(), g.edges.len());
}

#[test]
fn unreadable_inputs_are_told() {
    let a = audit(b"not an object", "x");
    assert!(a.error.is_some());
    let text = report::text::render(std::slice::from_ref(&a));
    assert!(text.contains("unreadable"), "{text}");
    let document = report::json::document(&[a]);
    assert_eq!(
        schema::errors("audit.v1.json", &document),
        Vec::<String>::new()
    );
}

fn run(args: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .arg("audit")
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/accept"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_verb_takes_its_options() {
    let (code, out, _) = run(&["xdp_l4lb.o", "--cpus", "1"]);
    let (_, more, _) = run(&["xdp_l4lb.o", "--cpus", "64"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("oldest kernel") && out.contains("capabilities"),
        "{out}"
    );
    assert_ne!(out, more, "per-CPU memory follows --cpus");
    let (code, out, _) = run(&["tc_nat.o", "--graph", "dot"]);
    assert!(code == 0 && out.starts_with("digraph"));
    let (code, out, _) = run(&["--diff", "--format", "json", "isa_v1.o", "isa_v2.o"]);
    assert!(code == 0 && out.contains("bpfassay-audit-diff-v1"));
    let (code, out, err) = run(&["--diff", "isa_v1.o"]);
    assert!(
        code == 2 && out.is_empty() && err.contains("two objects"),
        "{err}"
    );
    let (code, _, err) = run(&["isa_v1.c"]);
    assert_eq!(code, 2, "{err}");
    let (code, out, _) = run(&["isa_v1.o", "--prog", "no_such_program"]);
    assert!(code == 2 && out.is_empty());
}

/// An object of the corpus with every function outside `.text` bound to the file.
fn with_static_programs(path: &str) -> Vec<u8> {
    let file = format!("{}/tests/corpus/{path}", env!("CARGO_MANIFEST_DIR"));
    let mut bytes = std::fs::read(file).unwrap();
    let elf = goblin::elf::Elf::parse(&bytes).unwrap();
    let table = elf
        .section_headers
        .iter()
        .find(|h| h.sh_type == goblin::elf::section_header::SHT_SYMTAB);
    let at = table.unwrap().sh_offset as usize;
    let functions = elf.syms.iter().enumerate().filter(|(_, s)| s.is_function());
    let places: Vec<usize> = functions.map(|(i, _)| at + i * 24 + 4).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place] &= 0xf;
    }
    bytes
}

#[test]
fn what_no_loader_puts_together_is_audited_by_what_stands_there() {
    let whole = corpus("accept/syscall_tracer.o");
    let a = audit(&with_static_programs("accept/syscall_tracer.o"), "static");
    assert!(!a.load_errors.is_empty());
    let names = |a: &ObjectAudit| {
        let calls = a.programs.iter().flat_map(|p| &p.calls);
        let names = calls.map(|c| c.name.data().to_owned());
        names.collect::<std::collections::BTreeSet<String>>()
    };
    assert_eq!(names(&a), names(&whole));
    let capabilities =
        |a: &ObjectAudit| -> Vec<&str> { a.capabilities.iter().map(|c| c.name).collect() };
    assert_eq!(capabilities(&a), capabilities(&whole));
    for p in &a.programs {
        assert_eq!(p.verified.verdict, "load-error");
        assert_eq!(
            p.oldest.certain, None,
            "nothing is certain of {:?}",
            p.program
        );
        assert!(p.oldest.release.is_some());
    }
    let text = report::text::render(std::slice::from_ref(&a));
    assert!(!text.contains("capabilities   none"), "{text}");
    let document = report::json::document(&[a]);
    assert_eq!(
        schema::errors("audit.v1.json", &document),
        Vec::<String>::new()
    );
}

/// The audit of assembler text.
fn asm(kind: &str, text: &str) -> ObjectAudit {
    let target = Target::default();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let options = Options {
        kind: bpfassay::InputKind::Asm,
        prog_type: bpfassay::programs::raw::type_by_name(kind),
        ..Options::new("p", &targets)
    };
    check::audit(text.as_bytes(), &options, 1)
}

#[test]
fn unknown_is_not_none_and_not_never() {
    let a = asm("xdp", "call kfunc[bpf_of_some_module]\nr0 = 2\nexit\n");
    let call = &a.programs[0].calls[0];
    assert_eq!((call.known, call.lacks), (None, audit::Lacks::Everywhere));
    assert!(
        a.unknown[0].data().contains("kfunc bpf_of_some_module"),
        "{:?}",
        a.unknown
    );
    // It is there, but not for this type.
    let a = asm("xdp", "call bpf_skb_load_bytes\nr0 = 2\nexit\n");
    let p = &a.programs[0];
    let since = Release::new(4, 5);
    assert_eq!(p.calls[0].lacks, audit::Lacks::ForThisType(since));
    let text = report::text::render(std::slice::from_ref(&a));
    assert!(text.contains("not for xdp"), "{text}");
    assert_eq!((p.oldest.release, a.unknown.len()), (None, 0));
}

#[test]
fn facts_that_were_wrong() {
    let a = asm("sockops", "call bpf_get_prandom_u32\nr0 = 1\nexit\n");
    assert!(a.config.iter().any(|c| c.option == "CONFIG_CGROUP_BPF"));
    let attach = a.programs[0].attaching.as_ref().unwrap();
    assert!(attach.how.contains("cgroup"), "{attach:?}");
    assert_eq!(
        a.programs[0].calls[0].known.unwrap().release,
        Release::new(4, 13)
    );
    let a = asm("kprobe", "call bpf_get_prandom_u32\nr0 = 1\nexit\n");
    assert_eq!(
        a.programs[0].calls[0].known.unwrap().release,
        Release::new(4, 1)
    );
    let lookup = ".map m xskmap 4 4 4\n*(u32 *)(r10 - 4) = 0\nr1 = map[m] ll\nr2 = r10\n\
        r2 += -4\ncall bpf_map_lookup_elem\nr0 = 2\nexit\n";
    let a = asm("xdp", lookup);
    assert_eq!(a.oldest.release, Some(Release::new(5, 3)));
}

#[test]
fn bounds_follow_the_verdicts_of_series() {
    // Reading what was never written to the stack is refused by 5.10 only.
    let a = asm("xdp", "r0 = *(u64 *)(r10 - 8)\nr0 = 2\nexit\n");
    let p = &a.programs[0];
    let of = |target: &str| {
        p.checked
            .iter()
            .find(|c| c.target == target)
            .unwrap()
            .verdict
    };
    assert_eq!((of("linux-5.10"), of("linux-5.15")), ("reject", "accept"));
    assert_eq!(p.oldest.by_use, Some(Release::new(4, 8)));
    assert_eq!(p.oldest.release, Some(Release::new(5, 11)));
    assert_eq!(p.oldest.certain, Some(Release::new(5, 15)));
    let text = report::text::render(std::slice::from_ref(&a));
    assert!(
        text.contains("5.11 (certain from 5.15): 5.10 refuses it: BPF"),
        "{text}"
    );
}

#[test]
fn answers_are_yes_no_or_unknown() {
    use audit::effects::{Question, answers};
    let word = |a: &ObjectAudit, question: Question| {
        let all = answers(a);
        all.iter().find(|x| x.question == question).unwrap().word()
    };
    let balancer = corpus("accept/xdp_l4lb.o");
    assert_eq!(word(&balancer, Question::ChangePackets), "yes");
    assert_eq!(word(&balancer, Question::Refuse), "yes");
    assert_eq!(word(&balancer, Question::WriteProcesses), "no");
    // What its exploration did not see to the end may write packets or not.
    let refused = asm("xdp", "r0 = r3\nexit\n");
    assert_eq!(word(&refused, Question::ChangePackets), "unknown");
    assert_eq!(word(&refused, Question::Signal), "no");
}

#[test]
fn several_objects_begin_with_one_page() {
    let (code, out, _) = run(&["xdp_l4lb.o", "tc_nat.o"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("2 objects, "), "{out}");
    let page = out.split("\n\n").next().unwrap();
    assert!(
        page.contains("drop packets, refuse operations: all 2"),
        "{page}"
    );
}

#[test]
fn other_formats_say_the_same() {
    let (_, out, _) = run(&["xdp_l4lb.o", "--format", "markdown"]);
    assert!(out.starts_with("# Audit of BPF objects\n"), "{out}");
    assert!(out.contains("| may it | answer | by |"));
    let (_, out, _) = run(&["xdp_l4lb.o", "--format", "html"]);
    assert!(out.starts_with("<!DOCTYPE html>") && !out.contains("<script"));
    let (_, out, _) = run(&["xdp_l4lb.o", "--format", "cyclonedx"]);
    let bom: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&bom["bomFormat"], &bom["specVersion"]),
        (&"CycloneDX".into(), &"1.6".into())
    );
    let mut named = std::collections::BTreeSet::new();
    fn refs(value: &serde_json::Value, out: &mut std::collections::BTreeSet<String>) {
        for c in value["components"].as_array().into_iter().flatten() {
            assert!(
                out.insert(c["bom-ref"].as_str().unwrap().to_owned()),
                "twice"
            );
            refs(c, out);
        }
    }
    refs(&bom, &mut named);
    for d in bom["dependencies"].as_array().unwrap() {
        assert!(named.contains(d["ref"].as_str().unwrap()), "{d}");
        for on in d["dependsOn"].as_array().unwrap() {
            assert!(named.contains(on.as_str().unwrap()), "{d}");
        }
    }
}
