//! Targets that are no kernel series: a vendor's kernel by its BTF, runtimes by
//! their profiles; and the database that holds what runtimes speak of.

use bpfassay::check::{InputKind, Options, TargetChoice, check, vmlinux_target};
use bpfassay::helpers_spec::{self as spec, *};
use bpfassay::object::Btf;
use bpfassay::report::Outcome;
use bpfassay::target::{self, Offered, Target};
use std::path::Path;
use std::process::Command;

/// A BTF blob of enumerations and functions without parameters.
struct Blob {
    types: Vec<u8>,
    strings: Vec<u8>,
    count: u32,
}

impl Blob {
    fn new() -> Blob {
        Blob {
            types: Vec::new(),
            strings: vec![0],
            count: 0,
        }
    }

    fn name(&mut self, text: &str) -> u32 {
        let at = self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        at
    }

    fn words(&mut self, words: &[u32]) {
        for w in words {
            self.types.extend_from_slice(&w.to_le_bytes());
        }
    }

    fn enumeration(&mut self, name: &str, values: &[(u32, String)]) {
        let name = self.name(name);
        self.words(&[name, 6 << 24 | values.len() as u32, 4]);
        for (id, text) in values {
            let text = self.name(text);
            self.words(&[text, *id]);
        }
        self.count += 1;
    }

    fn function(&mut self, name: &str) {
        self.words(&[0, 13 << 24, 0]);
        let name = self.name(name);
        self.words(&[name, 12 << 24, self.count + 1]);
        self.count += 2;
    }

    fn btf(self) -> Btf {
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let mut bytes = vec![0x9f, 0xeb, 1, 0];
        for word in [24, 0, types, types, strings] {
            bytes.extend_from_slice(&u32::to_le_bytes(word));
        }
        bytes.extend(self.types);
        bytes.extend(self.strings);
        Btf::parse(bytes.into()).unwrap()
    }
}

/// The BTF of a kernel like a series, with changes to its helpers and map types.
fn kernel_like(
    v: SpecVersion,
    without: &[u32],
    helpers: &[(u32, &str)],
    maps: &[(u32, &str)],
) -> Btf {
    let mut blob = Blob::new();
    let upper = |prefix: &str, name: &str| format!("{prefix}{}", name.to_uppercase());
    let owned = |extra: &[(u32, &str)]| {
        extra
            .iter()
            .map(|(i, n)| (*i, (*n).to_owned()))
            .collect::<Vec<_>>()
    };
    let mut list: Vec<(u32, String)> = vec![(0, "BPF_FUNC_unspec".into())];
    list.extend(
        spec::helpers(v)
            .filter(|h| !without.contains(&h.id))
            .map(|h| (h.id, h.name.replacen("bpf_", "BPF_FUNC_", 1))),
    );
    list.extend(owned(helpers));
    list.push((300, "__BPF_FUNC_MAX_ID".into()));
    blob.enumeration("bpf_func_id", &list);
    let mut list: Vec<(u32, String)> = MapType::ALL
        .iter()
        .filter(|t| map_type_known(t.id(), v))
        .map(|t| (t.id(), upper("BPF_MAP_TYPE_", t.name())))
        .collect();
    list.extend(owned(maps));
    blob.enumeration("bpf_map_type", &list);
    let list: Vec<(u32, String)> = ProgType::ALL
        .iter()
        .filter(|t| prog_type_known(**t, v))
        .map(|t| (t.id(), upper("BPF_PROG_TYPE_", t.name())))
        .collect();
    blob.enumeration("bpf_prog_type", &list);
    let list: Vec<(u32, String)> = AttachType::ALL
        .iter()
        .filter(|t| attach_type_known(**t, v))
        .map(|t| (t.id(), upper("BPF_", t.name())))
        .collect();
    blob.enumeration("bpf_attach_type", &list);
    for k in spec::kfuncs(v) {
        blob.function(k.name);
    }
    blob.btf()
}

fn verdict(target: &Target, text: &str) -> Outcome {
    let choices = [TargetChoice {
        target,
        kernel_btf: None,
    }];
    let options = Options {
        kind: InputKind::Asm,
        ..Options::new("p.bpfasm", &choices)
    };
    let report = check(text.as_bytes(), &options);
    assert!(
        report.objects[0].error.is_none(),
        "{:?}",
        report.objects[0].error
    );
    report.objects[0].programs[0].outcome.clone()
}

fn program(body: &str) -> String {
    format!(".type socket_filter\n.license \"GPL\"\n{body}r0 = 0\nexit\n")
}

#[test]
fn a_series_is_recognised_by_what_its_btf_lists() {
    for v in SpecVersion::ALL {
        let found = vmlinux_target("k", &kernel_like(*v, &[], &[], &[])).unwrap();
        assert_eq!(found.spec, *v);
        let series = target::by_name(v.name()).unwrap();
        for (id, name) in all_helpers() {
            assert_eq!(found.helper(id), series.helper(id), "{v} {name}");
        }
        for t in MapType::ALL.iter().skip(1) {
            assert_eq!(found.map_type(t.id()), series.map_type(t.id()), "{v} {t}");
        }
        for t in ProgType::ALL.iter().skip(1) {
            assert_eq!(found.prog_type(*t), series.prog_type(*t), "{v} {t}");
        }
        for t in AttachType::ALL {
            assert_eq!(found.attach_type(*t), series.attach_type(*t), "{v} {t}");
        }
    }
}

#[test]
fn a_vendor_s_backports_count_and_its_omissions_too() {
    // 5.15 with a helper of 6.1 and a map type of 5.16; without a helper of its
    // own; with one that no Linux has.
    let btf = kernel_like(
        SpecVersion::V5_15,
        &[5],
        &[
            (208, "BPF_FUNC_ktime_get_tai_ns"),
            (250, "BPF_FUNC_vendor_magic"),
        ],
        &[(30, "BPF_MAP_TYPE_BLOOM_FILTER")],
    );
    let vendor = vmlinux_target("vendor", &btf).unwrap();
    let plain = target::by_name("5.15").unwrap();
    assert_eq!(vendor.spec, SpecVersion::V5_15);
    assert_eq!(vendor.helper(208), Offered::As(SpecVersion::V6_1));
    assert_eq!(vendor.map_type(30), Offered::As(SpecVersion::V6_1));
    assert_eq!(plain.map_type(30), Offered::Absent);
    assert_eq!(
        vendor.offer().unwrap().unknown(),
        [("helper", 250, "vendor_magic")]
    );

    let tai = program("call 208\n");
    assert!(matches!(verdict(&vendor, &tai), Outcome::Accept));
    assert!(matches!(verdict(&plain, &tai), Outcome::Reject(_)));

    let clock = program("call 5\n");
    assert!(matches!(verdict(&plain, &clock), Outcome::Accept));
    match verdict(&vendor, &clock) {
        Outcome::Reject(d) => assert_eq!(d.code.name(), "unknown-function"),
        other => panic!("{other:?}"),
    }

    match verdict(&vendor, &program("call 250\n")) {
        Outcome::Unknown { name, .. } => assert_eq!(name, "helper:250"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_btf_that_is_no_kernel_s_is_refused() {
    let mut blob = Blob::new();
    blob.enumeration("bpf_map_type", &[(1, "BPF_MAP_TYPE_HASH".into())]);
    let error = vmlinux_target("x", &blob.btf()).unwrap_err();
    assert_eq!(error, "no BTF of a kernel: it has no enum bpf_func_id");
}

#[test]
fn other_names_resolve() {
    assert_eq!(helper_id("bpf_lookup_element"), Some(1));
    assert_eq!(helper_id("bpf_get_stackid_pe"), Some(27));
    let proto = helper_by_name("bpf_update_element", SpecVersion::V6_18);
    assert_eq!(proto.unwrap().name, "bpf_map_update_elem");
    // A kernel function's name is not taken for a helper's.
    assert_eq!(helper_id("bpf_strcmp"), None);
    assert_eq!(named("bpf_strcmp"), Some(Named::Kfunc("bpf_strcmp")));
    assert!(kfunc("bpf_strcmp", SpecVersion::V6_18).is_some());
    assert_eq!(
        named("Atomic Compare and exchange"),
        Some(Named::Instruction(InsnClass::AtomicCmpxchg))
    );
    assert_eq!(
        named("bpf-to-bpf"),
        Some(Named::Mechanism(Mechanism::BpfToBpf))
    );
    assert_eq!(named("LRU_HASH"), Some(Named::Map(MapType::LruHash)));
    assert_eq!(named("MAP_CREATE"), Some(Named::Command("BPF_MAP_CREATE")));
    assert_eq!(named("bpf_no_such_thing"), None);
    // Every alias leads somewhere, and to something else than itself.
    for a in aliases() {
        assert!(named(a.alias).is_some(), "{}", a.alias);
        assert!(!a.note.is_empty(), "{}", a.alias);
    }
}

fn bpfassay(args: &[&str]) -> (Option<i32>, String, String) {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(args)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn targets_are_listed_and_compared() {
    let (code, list, _) = bpfassay(&["targets"]);
    assert_eq!(code, Some(0));
    // How many behaviours there are is no matter of this list.
    let counts = regex::Regex::new(r" *\d+ of \d{2,}  ").unwrap();
    let list = counts.replace_all(&list, "  N of N  ");
    insta::assert_snapshot!("targets_list", list);
    let (_, diff, _) = bpfassay(&["targets", "--diff", "linux-6.1", "linux-6.6"]);
    // The helpers and types; of kernel functions and behaviours the first lines.
    let short: Vec<&str> = diff.lines().take(32).collect();
    insta::assert_snapshot!("targets_diff", short.join("\n"));
    let (_, json, _) = bpfassay(&[
        "targets",
        "--diff",
        "linux-5.10",
        "linux-5.15",
        "--format",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let added = &json["changes"]["helpers"]["added"];
    let added: Vec<&str> = added
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|n| n.as_str())
        .collect();
    assert!(added.contains(&"bpf_timer_init"), "{added:?}");
    let (_, one, _) = bpfassay(&["targets", "mimic", "--format", "json"]);
    let one: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one["target"]["source"]["date"], "2022-05-28");
    assert_eq!(one["helpers"].as_array().unwrap().len(), 211);
    let (code, _, error) = bpfassay(&["targets", "--diff", "linux-6.1", "nothing"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("unknown target nothing"), "{error}");
}

#[test]
fn a_profile_file_and_a_directory_are_taken() {
    let dir = std::env::temp_dir().join(format!("bpfassay-targets-{}", std::process::id()));
    let deep = dir.join("objects/deep");
    std::fs::create_dir_all(&deep).unwrap();
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/accept");
    std::fs::copy(corpus.join("isa_v1.o"), dir.join("objects/b.o")).unwrap();
    std::fs::copy(corpus.join("isa_v1.o"), deep.join("a.bpf.o")).unwrap();
    std::fs::write(dir.join("objects/notes.txt"), "no object").unwrap();
    let profile = dir.join("mine.toml");
    std::fs::write(
        &profile,
        "schema = \"bpfassay-profile-v1\"\nname = \"mine\"\n[prog_types]\n\"*\" = \"no\"\n",
    )
    .unwrap();
    let path = |p: &std::path::Path| p.to_str().unwrap().to_owned();
    let (objects, mine) = (path(&dir.join("objects")), path(&profile));
    let (code, out, _) = bpfassay(&[
        "check",
        "--no-smoke",
        "--format",
        "jsonl",
        "--profile",
        &mine,
        &objects,
    ]);
    assert_eq!(code, Some(1));
    let lines: Vec<serde_json::Value> = out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(lines.len() >= 2);
    for line in &lines {
        assert_eq!(line["target"], "mine");
        assert_eq!(line["verdict"], "reject");
        assert_eq!(line["code"], "BPF0705");
        assert_eq!(line["class"], "runtime-lacks-program-type");
        assert!(line["insn"].is_u64());
    }
    let first = lines[0]["object"].as_str().unwrap();
    assert!(first.ends_with("b.o"), "{first}");
    assert!(
        lines.last().unwrap()["object"]
            .as_str()
            .unwrap()
            .ends_with("a.bpf.o")
    );
    // What is wrong with a profile is told with its line; a directory without
    // objects is no success.
    std::fs::write(
        &profile,
        "schema = \"bpfassay-profile-v1\"\nname = \"mine\"\nhelpers = 3\n",
    )
    .unwrap();
    let (code, _, error) = bpfassay(&["check", "--profile", &mine, &objects]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("mine.toml: line 3: helpers is not a table"),
        "{error}"
    );
    let empty = path(&dir.join("empty"));
    std::fs::create_dir(dir.join("empty")).unwrap();
    let (code, out, error) = bpfassay(&["check", &empty]);
    assert_eq!(code, Some(2));
    // Said once: in the report.
    assert!(
        out.contains("no objects") && error.is_empty(),
        "{out}{error}"
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

/// What `check` says on the terminal's error channel, and its exit code, with a BTF.
fn told(btf: &Path, object: &str) -> (String, Option<i32>) {
    let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(["check", "--no-smoke", "-t", "linux-6.18", "--btf"])
        .arg(btf)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(object))
        .output()
        .unwrap();
    (String::from_utf8(out.stderr).unwrap(), out.status.code())
}

#[test]
fn types_of_another_series_are_told() {
    let dir = std::env::temp_dir().join(format!("bpfassay-types-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let object = "tests/corpus/accept/mended.o";
    for (series, told_of) in [("6.18", false), ("6.1", true)] {
        let file = dir.join(series);
        std::fs::write(&file, bpfassay_kernel_types::unpack(series).unwrap()).unwrap();
        let (text, _) = told(&file, object);
        assert_eq!(text.contains("this is a kernel like"), told_of, "{text}");
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn types_of_an_object_are_no_kernel_s() {
    let object = "tests/corpus/accept/mended.o";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(object);
    let (text, code) = told(&path, object);
    assert_eq!(code, Some(2));
    assert!(text.contains("of an object, not of a kernel"), "{text}");
}

/// What a runtime refuses a program of a section for, by the commands, events and
/// operations that loading, attaching and running it take.
fn refused(target: &str, section: &str, text: &str) -> String {
    let target = target::by_name(target).unwrap();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: None,
    }];
    let options = Options {
        kind: InputKind::Asm,
        prog_type: bpfassay::programs::raw::type_by_name(section),
        ..Options::new("p", &targets)
    };
    let report = check(text.as_bytes(), &options);
    match &report.objects[0].programs[0].outcome {
        Outcome::Lacks(lacks) => {
            let whats: Vec<&str> = lacks.iter().map(|f| f.what.data()).collect();
            whats.join("; ")
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn commands_and_events_of_a_runtime_are_checked() {
    let nothing = "r0 = 0\nexit\n";
    assert_eq!(refused("dragonos", "kprobe", nothing), "Accept");
    let raw = refused("dragonos", "raw_tp", nothing);
    assert!(
        raw.contains("raw_tracepoint") && !raw.contains("command"),
        "{raw}"
    );
    let output = ".map events perf_event_array 4 4 4\nr2 = map[events] ll\nr0 = 0\nexit\n";
    assert_eq!(refused("dragonos", "kprobe", output), "Accept");
    let mine = "schema = \"bpfassay-profile-v1\"\nname = \"mine\"\n[commands]\n\
        PROG_LOAD = \"yes\"\nMAP_CREATE = \"no\"\n[perf_events]\nkprobe = \"no\"\n\
        bpf_output = \"no\"\n[map_operations]\nlookup_elem = \"no\"\n";
    let mine = Target::from_profile(target::Profile::parse(mine).unwrap());
    let targets = [TargetChoice {
        target: &mine,
        kernel_btf: None,
    }];
    let options = Options {
        kind: InputKind::Asm,
        prog_type: bpfassay::programs::raw::type_by_name("kprobe"),
        ..Options::new("p", &targets)
    };
    let text = ".map events perf_event_array 4 4 4\n.map m hash 4 4 4\nr2 = map[events] ll\n\
        *(u32 *)(r10 - 4) = 0\nr1 = map[m] ll\nr2 = r10\nr2 += -4\n\
        call bpf_map_lookup_elem\nr0 = 0\nexit\n";
    let report = check(text.as_bytes(), &options);
    let Outcome::Lacks(lacks) = &report.objects[0].programs[0].outcome else {
        panic!("{:?}", report.objects[0].programs[0].outcome);
    };
    let whats: Vec<&str> = lacks.iter().map(|f| f.what.data()).collect();
    for lacking in [
        "command BPF_MAP_CREATE",
        "perf events on kernel functions",
        "perf events that take a program's output",
        "looking up a value of a map",
    ] {
        let told = whats.iter().filter(|w| w.contains(lacking)).count();
        assert_eq!(told, 1, "{lacking}: {whats:?}");
    }
}

#[test]
fn what_dragonos_and_rex_have_is_listed() {
    let of = |name: &str| bpfassay(&["targets", name]).1;
    let dragonos = of("dragonos");
    for says in [
        "commands of bpf(2): 8",
        "  ENOSYS:\n  BPF_OBJ_GET_INFO_BY_FD, BPF_BTF_LOAD, BPF_LINK_CREATE",
        "operations of maps: 11 and 1 in part",
        "PERF_TYPE_SOFTWARE with PERF_COUNT_SW_BPF_OUTPUT",
        "kprobe: type PERF_TYPE_MAX",
    ] {
        assert!(dragonos.contains(says), "{says}: {dragonos}");
    }
    let rex = of("rex");
    for says in [
        "helpers: 22 and 3 in part",
        "bpf_get_prandom_u32 in part: half implemented in Rust",
        "bpf_probe_read: a wrapper of the kernel's function",
        "sched_cls",
    ] {
        assert!(rex.contains(says), "{says}: {rex}");
    }
}
