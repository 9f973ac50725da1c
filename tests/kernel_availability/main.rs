//! Holds the tables of helpers and map types against the running kernel: every
//! helper number in every kind of program that the kernel lets us load, every map
//! type.
//!
//! A helper is probed by a program that calls it with nothing in its argument
//! registers: the verifier says whether the number is one that such a program may
//! call before it looks at arguments. A disagreement is an error unless
//! [`EXPLAINED`] names a kernel option that is off here. Where the kernel cannot be
//! asked, or no target is of its series, the tests say so and pass.

#[path = "../kernel_common/mod.rs"]
mod kernel_common;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;

use bpfassay::helpers_spec::{
    Inner, MapType, Shape, Sizes, SpecVersion, Typed, helper_allowed, helper_count, helper_name,
    map_flaw, map_row, map_type_known,
};
use bpfassay::kernel::{self, Kernel};
use bpfassay::object::{Btf, MapDef, StructOpsDef};
use places::{calling, empty_program, places};

/// What a kernel was built with.
#[derive(Clone, Copy, Debug)]
enum Build {
    On(&'static str),
    Off(&'static str),
}

/// Why a kernel lacks a helper that our tables have: they are of kernels with every
/// feature on and nothing locked down.
const EXPLAINED: &[(&str, Build)] = &[
    (
        "bpf_override_return",
        Build::Off("CONFIG_BPF_KPROBE_OVERRIDE"),
    ),
    (
        "bpf_probe_write_user",
        Build::On("CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY"),
    ),
    (
        "bpf_probe_write_user",
        Build::On("CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY"),
    ),
];

/// Numbers beyond the last helper that are probed, too.
const BEYOND: u32 = 16;

/// The kernel with its tables.
fn kernel() -> (Kernel, SpecVersion) {
    let (kernel, target) = kernel_common::kernel();
    (kernel, target.spec)
}

/// Kernel options that are on, with their values; `None` if the kernel hides them.
fn config(release: &str) -> Option<BTreeSet<String>> {
    let packed = Command::new("gzip")
        .args(["-dc", "/proc/config.gz"])
        .output();
    let text = match packed {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout).into_owned(),
        _ => std::fs::read_to_string(format!("/boot/config-{release}")).ok()?,
    };
    let names = text
        .lines()
        .filter_map(|l| l.split_once('=').map(|(name, _)| name.to_owned()));
    Some(names.collect())
}

/// Why a helper is missing here, if the table says so and the kernel is built so.
fn explained(name: &str, options: Option<&BTreeSet<String>>) -> Option<String> {
    let options = options?;
    let holds = |build: &Build| match build {
        Build::On(option) => options.contains(*option),
        Build::Off(option) => !options.contains(*option),
    };
    EXPLAINED
        .iter()
        .find(|(helper, build)| *helper == name && holds(build))
        .map(|(helper, build)| format!("{helper}: {build:?}"))
}

/// Whether the kernel lets the program call the number.
fn kernel_allows(log: &str) -> bool {
    ![
        "cannot use helper",
        "unknown func",
        "invalid func",
        "not allowed in probe",
    ]
    .iter()
    .any(|words| log.contains(words))
}

#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn helpers_are_where_the_tables_have_them() {
    let (kernel, spec) = kernel();
    let options = config(&kernel.release);
    let (mut probed, mut kinds) = (0, BTreeMap::<&str, u32>::new());
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut excused: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for place in places(&kernel, spec) {
        // What cannot be loaded at all says nothing of its helpers.
        let first = [0, 1].map(|ret| place.offer(&empty_program(ret)));
        if first.iter().all(|a| a.program.is_none()) {
            let statistics = |l: &&str| l.is_empty() || l.starts_with("processed ");
            let word = first[0].log.lines().find(|l| !statistics(l));
            let error = first[0].error.as_ref().map(ToString::to_string);
            let why = word.map_or(error.unwrap_or_default(), str::to_owned);
            refused.entry(why).or_default().push(place.name());
            continue;
        }
        *kinds.entry(place.prog_type.name()).or_default() += 1;
        for id in 0..helper_count(spec) + BEYOND {
            let answer = place.offer(&calling(id));
            let live = kernel_allows(&answer.log);
            if answer.program.is_none() && answer.log.trim().is_empty() {
                wrong
                    .entry(format!("no answer: {:?}", answer.error))
                    .or_default()
                    .push(format!("{id} in {}", place.name()));
                continue;
            }
            probed += 1;
            let ours = helper_allowed(
                id,
                place.prog_type,
                place.attach,
                place.target.as_deref(),
                place.sleepable,
                spec,
            );
            if ours == live {
                continue;
            }
            let name = helper_name(id).unwrap_or("?");
            if let Some(why) = explained(name, options.as_ref()).filter(|_| ours) {
                excused.entry(why).or_default().insert(place.name());
                continue;
            }
            let said = answer.log.lines().find(|l| l.contains('#')).unwrap_or("");
            wrong
                .entry(format!("{name}#{id} here {ours}, kernel {live} ({said})"))
                .or_default()
                .push(place.name());
        }
    }
    eprintln!(
        "{}: {probed} pairs of helper and kind of program, kinds by type: {kinds:?}",
        kernel.release
    );
    for (why, names) in &refused {
        eprintln!(
            "not loadable here, so not probed: {} kinds ({} …): {why}",
            names.len(),
            names[0]
        );
    }
    for (why, pairs) in &excused {
        eprintln!("{} disagreements explained by {why}", pairs.len());
    }
    assert!(probed > 5000, "only {probed} pairs could be probed");
    let list: Vec<String> = wrong
        .iter()
        .map(|(what, places)| format!("{what}: {}", places.join(", ")))
        .collect();
    assert!(
        list.is_empty(),
        "{} disagree:\n{}",
        list.len(),
        list.join("\n")
    );
}

/// The structure of struct_ops that any kernel has.
const STRUCT_OPS: &str = "tcp_congestion_ops";

/// BTF with an `int`, for keys and values of storages, and the structure above.
fn types() -> Arc<Btf> {
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    let strings = format!("\0int\0{STRUCT_OPS}\0");
    for word in [24, 0, 28, 28, strings.len() as u32] {
        bytes.extend(u32::to_le_bytes(word));
    }
    for word in [1, 1 << 24, 4, 1 << 24 | 32, 5, 4 << 24, 0] {
        bytes.extend(u32::to_le_bytes(word));
    }
    bytes.extend(strings.bytes());
    Arc::new(Btf::parse(bytes.into()).unwrap())
}

/// A definition that satisfies the rules of a type, so that only the type counts.
fn definition(map_type: MapType) -> MapDef {
    let row = map_row(map_type).expect("every type has a row");
    let least = |sizes: Sizes| {
        [0, 1, 4, 8, 16, 4096]
            .into_iter()
            .find(|n| sizes.allows(*n))
            .expect("a size that the type takes")
    };
    let plain = MapDef {
        name: "probe".into(),
        map_type: map_type.id(),
        key_size: least(row.key),
        value_size: least(row.value),
        max_entries: least(row.entries),
        flags: row.needs,
        ..MapDef::default()
    };
    match map_type {
        MapType::ArrayOfMaps | MapType::HashOfMaps => MapDef {
            inner: Some(Box::new(definition(MapType::Array))),
            ..plain
        },
        MapType::StructOps => MapDef {
            struct_ops: Some(StructOpsDef {
                type_id: 2,
                ..StructOpsDef::default()
            }),
            ..plain
        },
        // A trie's smallest key.
        MapType::LpmTrie => MapDef {
            key_size: 8,
            ..plain
        },
        _ if row.typed == Typed::Must => MapDef {
            value_size: 4,
            key_type: 1,
            value_type: 1,
            ..plain
        },
        _ => plain,
    }
}

/// Definitions about the edges of a type's row: each number below, at and above what
/// the row says, each flag turned over, `map_extra`. Numbers that would only cost
/// memory are left out, and those that depend on how many CPUs the kernel is built for.
fn variants(map_type: MapType) -> Vec<MapDef> {
    let base = definition(map_type);
    let row = map_row(map_type).expect("every type has a row");
    let edges = |sizes: Sizes| -> Vec<u32> {
        let around = |n: u32| [n.saturating_sub(1), n, n.saturating_add(1)];
        match sizes {
            Sizes::Is(n) => around(n).to_vec(),
            Sizes::Or(m, n) => [around(m), around(n)].concat(),
            Sizes::Within(from, to) => [around(from), around(to)].concat(),
            Sizes::Frames(_) => vec![0, 7, 8, 9, 16, 1015, 1016, 1017, 1024],
            Sizes::Pages => vec![0, 4095, 4096, 4097, 8192, 12288],
            Sizes::Any => vec![0],
        }
    };
    let mut all = vec![base.clone()];
    let mut add = |def: MapDef| all.push(def);
    let typed = row.typed == Typed::Must;
    for n in edges(row.key) {
        // Beyond this the allocation is what fails.
        if n <= 512 || n > 4 << 20 {
            add(MapDef {
                key_size: n,
                ..base.clone()
            });
        }
    }
    for n in edges(row.value).into_iter().filter(|_| !typed) {
        if n <= 65_536 || n > 1 << 22 && map_type != MapType::Array {
            add(MapDef {
                value_size: n,
                ..base.clone()
            });
        }
    }
    let built_for = |n: u32| map_type != MapType::Cpumap || !(128..=8192).contains(&n);
    for n in edges(row.entries).into_iter().filter(|n| built_for(*n)) {
        if n <= 8192 || n == u32::MAX && matches!(map_type, MapType::LruHash | MapType::DevmapHash)
        {
            add(MapDef {
                max_entries: n,
                ..base.clone()
            });
        }
    }
    // Of a map of maps the flags of its own kind; the fd flags mean user space's files.
    for bit in (0..21).filter(|bit| !(14..=16).contains(bit) && *bit != 5) {
        add(MapDef {
            flags: base.flags ^ 1 << bit,
            ..base.clone()
        });
    }
    for pair in [3 << 3, 3 << 7, 3 << 1] {
        add(MapDef {
            flags: base.flags | pair,
            ..base.clone()
        });
    }
    for extra in [1, 15, 16, 4096] {
        add(MapDef {
            map_extra: extra,
            ..base.clone()
        });
    }
    all
}

/// Verdict and error number of `BPF_MAP_CREATE`, for declarations made from the rows.
#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn maps_are_created_and_refused_as_the_rows_say() {
    let (kernel, spec) = kernel();
    let btf = types();
    let live_btf = kernel::load_btf(&btf).expect("the kernel takes simple types");
    let (mut asked, mut wrong) = (0, Vec::new());
    for &map_type in MapType::ALL {
        if matches!(map_type, MapType::Unspec | MapType::StructOps)
            || !map_type_known(map_type.id(), spec)
        {
            continue;
        }
        for def in variants(map_type) {
            let shape = Shape {
                map_type: def.map_type,
                key: def.key_size,
                value: def.value_size,
                entries: def.max_entries,
                flags: def.flags,
                extra: def.map_extra,
                typed: def.key_type != 0,
                inner: if def.inner.is_some() {
                    Inner::Map
                } else {
                    Inner::None
                },
            };
            let ours =
                map_flaw(&shape, spec.series(), &|_| None).map_or(0, |f| i32::from(f.errno()));
            let made = kernel::create_map(&kernel, &def, Some(&btf), Some(&live_btf));
            let theirs = made.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |_| 0);
            asked += 1;
            if ours != theirs {
                wrong.push(format!(
                    "{map_type} {shape:?}: the kernel {theirs}, the row {ours}"
                ));
            }
        }
    }
    println!("{asked} declarations asked");
    assert!(asked >= 300, "{asked} declarations");
    assert!(
        wrong.is_empty(),
        "{} of {asked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn map_types_are_those_of_the_tables() {
    let (kernel, spec) = kernel();
    let btf = types();
    let live_btf = kernel::load_btf(&btf).expect("the kernel takes simple types");
    let (mut known, mut wrong) = (Vec::new(), Vec::new());
    for &map_type in MapType::ALL {
        if map_type == MapType::Unspec {
            continue;
        }
        let def = definition(map_type);
        let made = kernel::create_map(&kernel, &def, Some(&btf), Some(&live_btf));
        let ours = map_type_known(map_type.id(), spec);
        match (made, ours) {
            (Ok(_), true) => known.push(map_type.name()),
            (Err(_), false) => {}
            (Ok(_), false) => wrong.push(format!("{map_type}: the kernel has it")),
            (Err(e), true) => wrong.push(format!("{map_type}: the kernel says {e}")),
        }
    }
    eprintln!(
        "{}: {} map types created: {}",
        kernel.release,
        known.len(),
        known.join(" ")
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
