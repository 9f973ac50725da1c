//! Reading and linking of `fixtures/linking.c`, whose comments say what it holds,
//! in both byte orders; and of damaged copies of every built object.

mod common;

use bpfassay::check::types;
use bpfassay::helpers_spec::{AttachType, ProgType};
use bpfassay::object::{MapOrigin, Object, SlotTarget};
use bpfassay::programs::{
    CoreOutcome, LinkOptions, Linked, LoadErrorKind, Loader, Program, link, raw,
};
use common::{Random, damage, objects};
use std::path::Path;

fn fixture(name: &str) -> Object {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    Object::parse(&std::fs::read(path).unwrap()).unwrap()
}

fn linked(object: &Object) -> Linked {
    link(
        object,
        &LinkOptions {
            own_types: true,
            kfunc_exists: &|_| false,
            ..LinkOptions::default()
        },
    )
}

fn program<'a>(linked: &'a Linked, name: &str) -> &'a Program {
    let of = |p: &&'a Program| p.name == name;
    linked
        .programs
        .iter()
        .filter_map(|p| p.as_ref().ok())
        .find(of)
        .unwrap()
}

fn names(program: &Program) -> Vec<&str> {
    program.subprogs.iter().map(|s| &*s.name).collect()
}

#[test]
fn maps_are_those_a_loader_creates() {
    let object = fixture("linking.o");
    let names: Vec<&str> = object.maps.iter().map(|m| &*m.name).collect();
    let expected = [
        "inner_a",
        "inner_b",
        "outer",
        "jumps",
        "events",
        ".rodata",
        ".data",
        ".data.private",
        ".bss",
        ".kconfig",
    ];
    assert_eq!(names, expected);
    let map = |name: &str| object.maps.iter().find(|m| &*m.name == name).unwrap();
    assert_eq!(
        map("outer").slots,
        [(1, SlotTarget::Map(0)), (3, SlotTarget::Map(1))]
    );
    assert_eq!(map("outer").inner.as_ref().unwrap().max_entries, 4);
    assert_eq!(
        map("jumps").slots,
        [(1, SlotTarget::Program("second".into()))]
    );
    let linked = linked(&object);
    let created = &program(&linked, "first").maps;
    let events = created.iter().find(|m| &*m.name == "events").unwrap();
    assert_eq!(
        events.max_entries, 8192,
        "rounded up to a power of two of pages"
    );
    assert!(map("events").pinned);
    assert!(map(".rodata").is_constant());
    assert_eq!(map(".rodata").initial.as_deref(), Some(&[7, 0, 0, 0][..]));
    assert_eq!(map(".bss").initial, None);
    assert_eq!(map(".kconfig").kind, MapOrigin::Kconfig);
    assert_eq!(map(".kconfig").value_size, 9);
    assert_eq!(object.license, "Dual MIT/GPL");
    assert!(object.problems.is_empty(), "{:?}", object.problems);
}

#[test]
fn subprograms_follow_in_the_order_of_their_first_use() {
    let linked = linked(&fixture("linking.o"));
    let first = program(&linked, "first");
    assert_eq!(
        names(first),
        ["first", "body", "hidden_one", "leaf", "global_one"]
    );
    let globals: Vec<&str> = first
        .subprogs
        .iter()
        .filter(|s| s.global)
        .map(|s| &*s.name)
        .collect();
    assert_eq!(globals, ["global_one"], "hidden functions are static");
    assert_eq!(first.insns.len(), 74);
    assert_eq!(
        names(program(&linked, "second")),
        ["second", "global_one", "leaf"]
    );
    for p in [first, program(&linked, "second")] {
        let starts: Vec<u32> = p.subprogs.iter().map(|s| s.start).collect();
        let infos: Vec<u32> = p.func_info.iter().map(|f| f.0).collect();
        assert_eq!(starts, infos);
        assert!(p.line_info.iter().is_sorted_by_key(|l| l.insn));
    }
    let line = first.line_at(0).unwrap();
    assert!(line.file.ends_with("linking.c"));
    assert_eq!(first.origin(first.subprogs[2].start).unwrap().0, ".text");
}

#[test]
fn sections_say_types_and_errors_are_per_program() {
    let linked = linked(&fixture("linking.o"));
    assert_eq!(program(&linked, "first").prog_type, ProgType::SchedCls);
    let third = program(&linked, "third");
    assert_eq!(
        (third.prog_type, third.attach_type, third.autoload),
        (ProgType::Xdp, Some(AttachType::Xdp), false)
    );
    assert_eq!(third.section, "xdp");
    assert!(third.gpl_compatible);
    let fourth = linked.programs.last().unwrap().as_ref().unwrap_err();
    assert_eq!(
        (fourth.kind, fourth.program.as_deref()),
        (LoadErrorKind::Section, Some("fourth"))
    );
    let forced = LinkOptions {
        force_type: Some((ProgType::Xdp, None)),
        ..LinkOptions::default()
    };
    let forced = link(&fixture("linking.o"), &forced);
    assert!(
        forced
            .programs
            .iter()
            .all(|p| p.as_ref().is_ok_and(|p| p.prog_type == ProgType::Xdp))
    );
}

#[test]
fn unresolved_references_are_poisoned() {
    let linked = linked(&fixture("linking.o"));
    let second = program(&linked, "second");
    // The object's own types stand for a kernel's, so that all is found there.
    assert!(
        second
            .core_relocs
            .iter()
            .all(|r| matches!(r.outcome, CoreOutcome::Value(_)))
    );
    let poison: Vec<&str> = second.poisoned.iter().map(|(_, what)| &**what).collect();
    assert_eq!(poison, ["kernel function absent_kfunc"]);
    let (at, _) = second.poisoned[0];
    assert_eq!(second.insns[at as usize].imm / 1000, 2_002_000);
    assert!(!second.kfuncs[0].resolved);

    let object = fixture("linking.o");
    let against = |kernel_btf| {
        let options = LinkOptions {
            kernel_btf,
            kfunc_exists: &|_| false,
            ..LinkOptions::default()
        };
        link(&object, &options)
    };
    // Without types, or with some only, whether something is there stays open.
    let some = fixture_kernel();
    for kernel_btf in [None, Some(&some)] {
        let open = against(kernel_btf);
        let second = program(&open, "second");
        let all = second.core_relocs.iter();
        let open = all.filter(|r| r.outcome == CoreOutcome::Open).count();
        assert!(open >= 2, "{:?}", second.core_relocs);
        assert!(
            second
                .poisoned
                .iter()
                .any(|(_, what)| what.starts_with("task."))
        );
    }

    let kernel = against(types::of_series("6.18"));
    let second = program(&kernel, "second");
    assert!(
        second
            .core_relocs
            .iter()
            .any(|r| r.outcome == CoreOutcome::Poisoned)
    );
    assert!(
        second
            .core_relocs
            .iter()
            .any(|r| r.outcome == CoreOutcome::Value(0)),
        "what is asked for existence"
    );
    let (at, what) = &second.poisoned[0];
    assert_eq!(second.insns[*at as usize].imm, 195_896_080);
    assert!(what.contains("task"), "{what}");
}

/// A kernel that has nothing.
fn fixture_kernel() -> bpfassay::object::Btf {
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    for word in [24u32, 0, 0, 0, 1] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.push(0);
    bpfassay::object::Btf::parse(bytes.into()).unwrap()
}

#[test]
fn configuration_values_are_filled_in() {
    let object = fixture("linking.o");
    let config = |name: &str| (name == "CONFIG_OTHER").then(|| "y".to_string());
    let options = LinkOptions {
        release: (6, 1, 7),
        kconfig: &config,
        ..LinkOptions::default()
    };
    let linked = link(&object, &options);
    let first = program(&linked, "first");
    let kconfig = first
        .maps
        .iter()
        .find(|m| m.kind == MapOrigin::Kconfig)
        .unwrap();
    // Equal sizes are ordered by name, smaller alignments follow.
    assert_eq!(
        kconfig.initial.as_deref(),
        Some(&[0, 0, 0, 0, 7, 1, 6, 0, 1][..])
    );
    let bad = |name: &str| (name == "CONFIG_OTHER").then(|| "\"text\"".to_string());
    let linked = link(
        &object,
        &LinkOptions {
            kconfig: &bad,
            ..LinkOptions::default()
        },
    );
    assert!(
        linked.programs[0]
            .as_ref()
            .is_err_and(|e| e.kind == LoadErrorKind::Prepare)
    );
}

#[test]
fn both_byte_orders_link_alike() {
    let (little, big) = (
        linked(&fixture("linking.o")),
        linked(&fixture("linking_be.o")),
    );
    for (l, b) in little.programs.iter().zip(&big.programs) {
        match (l, b) {
            (Ok(l), Ok(b)) => {
                assert_eq!(l.name, b.name);
                assert_eq!(names(l), names(b));
                assert_eq!(l.insns.len(), b.insns.len());
                assert_eq!(l.line_info.len(), b.line_info.len());
                let (l, b): (Vec<_>, Vec<_>) = (
                    l.insns.iter().map(|i| i.opcode).collect(),
                    b.insns.iter().map(|i| i.opcode).collect(),
                );
                assert_eq!(l, b);
            }
            (Err(l), Err(b)) => assert_eq!(l, b),
            _ => panic!("only one byte order links"),
        }
    }
}

// ---- damage ------------------------------------------------------------------

fn try_all(bytes: &[u8]) {
    let Ok(object) = Object::parse(bytes) else {
        return;
    };
    link(&object, &LinkOptions::default());
    let kernel = object.btf.as_deref();
    link(
        &object,
        &LinkOptions {
            kernel_btf: kernel,
            legacy_maps: true,
            legacy_sections: true,
            ..LinkOptions::default()
        },
    );
}

#[test]
fn damaged_objects_never_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths = Vec::new();
    objects(&root, &mut paths).unwrap();
    assert!(paths.len() > 2);
    let rounds: usize = std::env::var("BPFASSAY_DAMAGE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(12);
    for (seed, path) in (1u64..).zip(&paths) {
        let bytes = std::fs::read(path).unwrap();
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let fixture = path.starts_with(root.join("fixtures"));
        for _ in 0..rounds * if fixture { 60 } else { 1 } {
            let mut copy = bytes.clone();
            damage(&mut copy, &mut random);
            try_all(&copy);
            try_all(&bytes[..random.below(bytes.len())]);
        }
    }
}

/// What three kinds of loaders make of a map declared in assembler text.
fn declared(map: &str, loader: Loader) -> Result<Vec<String>, String> {
    let text = format!(".map m {map}\nr1 = map[m] ll\nr0 = 0\nexit\n");
    let socket = raw::type_by_name("socket");
    let program = raw::program(raw::Input::Asm(text.as_bytes()), "p", socket).unwrap();
    let options = LinkOptions {
        loader,
        ..LinkOptions::default()
    };
    let linked = bpfassay::programs::link_raw(&program, &options);
    match &linked.programs[0] {
        Ok(p) => Ok(p.assumes.iter().map(ToString::to_string).collect()),
        Err(e) => Err(e.reason.clone()),
    }
}

#[test]
fn what_a_declaration_leaves_open_is_assumed_or_an_error() {
    let assumed = |map: &str| declared(map, Loader::Any).unwrap();
    assert!(assumed("hash 4 8 16").is_empty());
    assert_eq!(assumed("hash 4 8 0"), ["map m.max_entries=1"]);
    assert_eq!(assumed("stack_trace 4 0 16"), ["map m.value_size=1016"]);
    assert_eq!(assumed("ringbuf 0 0 0"), ["map m.max_entries=4096"]);
    assert_eq!(
        assumed("perf_event_array 0 0 0"),
        ["map m.value_size=4", "map m.key_size=4"]
    );
    assert_eq!(assumed("array_of_maps 4 4 1"), ["map m.inner=array:4:8"]);
    for open in ["hash 4 8 0", "stack_trace 4 0 16", "array_of_maps 4 4 1"] {
        assert!(declared(open, Loader::Libbpf).is_err(), "{open}");
    }
    // What is stated and wrong is nobody's to mend.
    for wrong in [
        "array 8 8 1",
        "ringbuf 0 8 4096",
        "hash 4 8 1 0x400",
        "hash 0 8 1",
    ] {
        assert!(declared(wrong, Loader::Any).is_err(), "{wrong}");
    }
    // A loader rounds a ring buffer up; cilium/ebpf gives a perf array its sizes.
    assert!(declared("ringbuf 0 0 5000", Loader::Libbpf).is_ok());
    assert!(declared("perf_event_array 0 0 0", Loader::Libbpf).is_err());
    assert!(declared("perf_event_array 0 0 0", Loader::Cilium).is_ok());
}
