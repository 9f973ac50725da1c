//! `run` as users call it: inputs, reports, files, witnesses.

use std::path::PathBuf;
use std::process::{Command, Output};

use bpfassay::smoke::pcap;
use serde_json::{Value, json};

fn bpfassay(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(args)
        .env("NO_COLOR", "1")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The report of a run that succeeds, as JSON, checked against its schema.
fn report(args: &[&str]) -> Value {
    let args = [&["run", "--format", "json"], args].concat();
    let output = bpfassay(&args);
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", text(&output.stderr)));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/run.v1.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    fits(&schema, &schema, &document, "", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
    document
}

/// Types, required and known fields of a value; what else the schema says is for
/// readers.
fn fits(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
        let schema = root.pointer(to.trim_start_matches('#')).unwrap();
        return fits(root, schema, value, at, wrong);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let known = match schema.get("type") {
        Some(Value::String(name)) => name == kind,
        Some(Value::Array(names)) => names.iter().any(|n| n == kind),
        _ => true,
    };
    if !known {
        wrong.push(format!("{at}: a {kind} is not allowed"));
    }
    if schema.get("const").is_some_and(|c| c != value) {
        wrong.push(format!("{at}: {value}"));
    }
    for name in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
            wrong.push(format!("{at}: {name} is missing"));
        }
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema.get("properties")) {
        for (name, inner) in fields {
            match known.get(name) {
                Some(schema) => fits(root, schema, inner, &format!("{at}/{name}"), wrong),
                None => wrong.push(format!("{at}/{name}: not in the schema")),
            }
        }
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for (i, item) in items.iter().enumerate() {
            fits(root, schema, item, &format!("{at}/{i}"), wrong);
        }
    }
}

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("bpfassay-run-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at<'a>(document: &'a Value, pointer: &str) -> &'a Value {
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("no {pointer} in {document:#}"))
}

/// Swaps the first two bytes of the packet if it has twenty, and says so.
const SWAP: &str = ".type xdp\n.license \"GPL\"\n\
    r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 20\nif r4 > r3 goto out\n\
    r5 = *(u8 *)(r2 + 0)\nr6 = *(u8 *)(r2 + 1)\n*(u8 *)(r2 + 0) = r6\n*(u8 *)(r2 + 1) = r5\n\
    r0 = 3\nexit\nout:\nr0 = 1\nexit\n";

#[test]
fn a_packet_is_run_and_its_changes_are_told() {
    let folder = Folder::new("packet");
    let object = folder.file("swap.bpfasm", SWAP.as_bytes());
    let long = "0102030405060708090a0b0c0d0e0f1011121314";
    let r = report(&[&object, "--packet", long, "--input-seed", "7"]);
    assert_eq!(at(&r, "/verdict"), "pass");
    assert_eq!(at(&r, "/runs").as_array().unwrap().len(), 1);
    assert_eq!(at(&r, "/runs/0/meaning"), "XDP_TX");
    assert_eq!(at(&r, "/runs/0/ret32"), 3);
    let change = json!([{ "offset": 0, "before": "0102", "after": "0201" }]);
    assert_eq!(at(&r, "/runs/0/packet_changes"), &change);
    let short = report(&[&object, "--packet", &long[..38], "--input-seed", "7"]);
    assert_eq!(at(&short, "/runs/0/meaning"), "XDP_DROP");
    assert_eq!(at(&short, "/runs/0/packet_out"), &Value::Null);
    // Both blocks behind the check are reached by both packets together.
    let both = report(&[&object, "--packet", long, "--packet", &long[..38]]);
    assert_eq!(
        at(&both, "/coverage/blocks_reached"),
        at(&both, "/coverage/blocks")
    );
    let half = at(&short, "/coverage/blocks_reached").as_u64();
    assert!(half < at(&both, "/coverage/blocks").as_u64());
    let shown = text(&bpfassay(&["run", &object, "--packet", long]).stdout);
    assert!(shown.contains("returns XDP_TX (3)"), "{shown}");
    assert!(shown.contains("packet at 0: 0102 becomes 0201"), "{shown}");
}

#[test]
fn captures_go_in_and_out() {
    let folder = Folder::new("pcap");
    let object = folder.file("swap.bpfasm", SWAP.as_bytes());
    let packets: [&[u8]; 2] = [
        &[
            7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        ],
        &[9; 14],
    ];
    let input = folder.file("in.pcap", &pcap::write(pcap::ETHERNET, packets));
    let output = folder.path("out.pcap");
    let r = report(&[&object, "--pcap", &input, "--pcap-out", &output]);
    assert_eq!(at(&r, "/runs/0/meaning"), "XDP_TX");
    assert_eq!(at(&r, "/runs/1/meaning"), "XDP_DROP");
    let after = pcap::read(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(after.link_type, pcap::ETHERNET);
    assert_eq!(after.packets[0][..2], [8, 7]);
    assert_eq!(after.packets[1], packets[1]);
}

/// Counts in an array of two u64 and returns the count before.
const COUNT: &str = ".type xdp\n.license \"GPL\"\n.map counts array 4 8 2\n\
    *(u32 *)(r10 - 4) = 1\nr1 = map[counts] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\n\
    if r0 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nr2 = r1\nr2 += 1\n*(u64 *)(r0 + 0) = r2\nr0 = r1\nexit\n\
    out:\nr0 = 0\nexit\n";

#[test]
fn maps_are_preset_and_dumped() {
    let folder = Folder::new("maps");
    let object = folder.file("count.bpfasm", COUNT.as_bytes());
    let preset = folder.file("preset.json", br#"[{ "key": 1, "value": 41 }]"#);
    let map = format!("counts={preset}");
    let packet = "00".repeat(20);
    let args = [
        &*object,
        "--packet",
        &packet,
        "--input-seed",
        "1",
        "--map",
        &map,
        "--dump-maps",
    ];
    let r = report(&args);
    assert_eq!(at(&r, "/runs/0/ret32"), 41);
    assert_eq!(at(&r, "/runs/0/maps_changed"), &json!(["counts"]));
    // What is dumped is what --map takes.
    let entries = at(&r, "/runs/0/maps/0/entries");
    assert_eq!(entries.as_array().unwrap().len(), 1);
    let again = folder.file("again.json", entries.to_string().as_bytes());
    let map = format!("counts={again}");
    let r = report(&[
        &object,
        "--packet",
        &packet,
        "--input-seed",
        "1",
        "--map",
        &map,
    ]);
    assert_eq!(at(&r, "/runs/0/ret32"), 42);
    let wrong = format!("other={preset}");
    let o = bpfassay(&["run", &object, "--map", &wrong]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("no such map; there are: counts"));
}

#[test]
fn a_fault_exits_1_and_its_input_is_replayed() {
    let folder = Folder::new("fault");
    let body = ".type xdp\n.license \"GPL\"\nr2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 33)\nexit\n";
    let object = folder.file("bad.bpfasm", body.as_bytes());
    let file = folder.path("input.json");
    let packet = "00".repeat(33);
    let o = bpfassay(&["run", &object, "--packet", &packet, "--save", &file]);
    assert_eq!(o.status.code(), Some(1), "{}", text(&o.stderr));
    assert!(text(&o.stdout).contains("fault: instruction 1: read of byte 33 of a packet"));
    let again = bpfassay(&["run", "--replay", &file]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stderr));
    assert!(text(&again.stdout).contains("fault: instruction 1: read of byte 33 of a packet"));
    // One byte more and nothing happens.
    let longer = "00".repeat(34);
    assert_eq!(
        bpfassay(&["run", &object, "--packet", &longer])
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn a_witness_is_found_told_and_replayed() {
    let folder = Folder::new("witness");
    // Reads byte 40 of IPv4 packets with a port that no boundary packet has.
    let body = ".type xdp\n.license \"GPL\"\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\n\
        r4 = r2\nr4 += 38\nr0 = 1\nif r4 > r3 goto out\nr5 = *(u16 *)(r2 + 36)\n\
        if r5 != 0x1a2b goto out\nr0 = *(u8 *)(r2 + 200)\nout:\nexit\n";
    let object = folder.file("bad.bpfasm", body.as_bytes());
    let file = folder.path("witness.json");
    let o = bpfassay(&["run", "--witness", &object, "--save", &file]);
    let shown = text(&o.stdout);
    assert_eq!(o.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("packet-access-unchecked") || shown.contains("refused on"),
        "{shown}"
    );
    assert!(
        shown.contains("it reads byte 200 at instruction 8"),
        "{shown}"
    );
    let replayed = bpfassay(&["run", "--replay", &file]);
    assert!(
        text(&replayed.stdout).contains("fault: instruction 8"),
        "{}",
        text(&replayed.stdout)
    );
    // Nothing is claimed when nothing is found.
    let safe = ".type xdp\n.license \"GPL\"\nr0 = r3\nexit\n";
    let safe = folder.file("safe.bpfasm", safe.as_bytes());
    let o = bpfassay(&["run", "--witness", &safe, "--budget", "200"]);
    assert!(
        text(&o.stdout).contains("no witness within 200 runs"),
        "{}",
        text(&o.stdout)
    );
}

/// What goes wrong elsewhere is no witness of what was refused.
#[test]
fn a_witness_of_check_is_one_of_the_refused_place() {
    let folder = Folder::new("elsewhere");
    let body = ".type xdp\n.license \"GPL\"\nr6 = *(u32 *)(r1 + 0)\ncall bpf_get_prandom_u32\n\
        if r0 != 0x1234567 goto other\nr0 = *(u8 *)(r6 + 300)\nexit\n\
        other:\nr0 = *(u8 *)(r6 + 200)\nexit\n";
    let object = folder.file("elsewhere.bpfasm", body.as_bytes());
    let o = bpfassay(&["check", &object]);
    let shown = text(&o.stdout);
    assert!(shown.contains("byte 300"), "{shown}");
    assert!(!shown.contains("a run goes wrong"), "{shown}");
    // But it is no sign of safety that only this one is known.
    let elsewhere = "goes wrong here, but one goes wrong in line 9:";
    assert!(shown.contains(elsewhere), "{shown}");
    assert!(!shown.contains("perhaps not the safety"), "{shown}");
}

#[test]
fn a_trace_shows_every_instruction() {
    let folder = Folder::new("trace");
    let object = folder.file("swap.bpfasm", SWAP.as_bytes());
    let packet = "00".repeat(19);
    let args = [
        &*object,
        "--packet",
        &packet,
        "--input-seed",
        "1",
        "--trace",
    ];
    let r = report(&args);
    let steps = at(&r, "/runs/0/trace").as_array().unwrap();
    let insns: Vec<u64> = steps
        .iter()
        .map(|s| at(s, "/insn").as_u64().unwrap())
        .collect();
    assert_eq!(insns, [0, 1, 2, 3, 4, 11, 12]);
    assert_eq!(at(&r, "/runs/0/insns"), 7);
    let shown = text(&bpfassay(&[&["run"], &args[..]].concat()).stdout);
    assert!(shown.contains("     4: if r4 > r3 goto"), "{shown}");
}

#[test]
fn wrong_arguments_exit_2() {
    let accept = "tests/corpus/accept/collections.o";
    let o = bpfassay(&["run", accept]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("choose one with --prog: push_pop"));
    for args in [
        &["run"][..],
        &["run", accept, "--prog", "nothing"],
        &["run", accept, "--prog", "push_pop", "--packet", "zz"],
        &["run", accept, "--prog", "push_pop", "--ctx", "z"],
        &["run", "--replay", "/nonexistent"],
    ] {
        assert_eq!(bpfassay(args).status.code(), Some(2), "{args:?}");
    }
}

/// Drops what is shorter than twenty bytes, and writes the length of the rest.
const COUNTER: &str = ".type xdp\n.license \"GPL\"\n.map seen hash 4 8 8\nr6 = *(u32 *)(r1 + 0)\n\
    r7 = *(u32 *)(r1 + 4)\nr2 = r6\nr2 += 20\nr0 = 1\nif r2 > r7 goto out\n\
    *(u8 *)(r6 + 0) = 9\n*(u32 *)(r10 - 4) = 7\nr1 = map[seen] ll\nr2 = r10\nr2 += -4\n\
    call bpf_map_lookup_elem\nif r0 == 0 goto pass\n*(u64 *)(r0 + 0) = 5\npass:\nr0 = 2\nout:\nexit\n";

#[test]
fn cases_of_a_file_are_held_against_what_is_expected() {
    let folder = Folder::new("expect");
    let object = folder.file("counter.bpfasm", COUNTER.as_bytes());
    let long = "00".repeat(24);
    let out = format!("09{}", "00".repeat(23));
    let good = format!(
        "[[case]]\nname = \"short\"\npacket = \"{}\"\nreturn = \"XDP_DROP\"\npacket-out = \"unchanged\"\n\
         [[case]]\nname = \"long\"\npacket = \"{long}\"\nreturn = 2\npacket-out = \"{out}\"\n\
         maps = {{ seen = [{{ key = [7, 0, 0, 0], value = [1, 0, 0, 0, 0, 0, 0, 0] }}] }}\n\
         maps-out = {{ seen = [{{ key = [7, 0, 0, 0], value = [5, 0, 0, 0, 0, 0, 0, 0] }}] }}\n",
        "00".repeat(14)
    );
    let file = folder.file("good.toml", good.as_bytes());
    let o = bpfassay(&["run", &object, "--expect", &file]);
    let shown = text(&o.stdout);
    assert_eq!(o.status.code(), Some(0), "{shown}{}", text(&o.stderr));
    assert!(shown.contains("2 passed, 0 failed"), "{shown}");
    let bad = good
        .replace("return = 2", "return = 1")
        .replace("\"09", "\"08")
        .replace("value = [5,", "value = [6,");
    let file = folder.file("bad.toml", bad.as_bytes());
    let o = bpfassay(&["run", &object, "--expect", &file]);
    let shown = text(&o.stdout);
    assert_eq!(o.status.code(), Some(1), "{shown}");
    for line in [
        "FAILED long",
        "return: 1 expected, XDP_PASS (2) returned",
        "packet at 0: 08 expected, 09 there",
        "map seen, key ",
        "1 passed, 1 failed",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let file = folder.file("wrong.toml", b"[[case]]\nretrun = 2\n");
    let o = bpfassay(&["run", &object, "--expect", &file]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("unknown key `retrun`"));
}

#[test]
fn runs_are_told_by_what_they_return_and_cost() {
    let folder = Folder::new("table");
    let object = folder.file("counter.bpfasm", COUNTER.as_bytes());
    let shown = text(&bpfassay(&["run", &object, "--perf"]).stdout);
    for words in [
        " returns XDP_PASS (2), ",
        " returns XDP_DROP (1), ",
        "    and the same on ",
        "instructions by input:",
        " median; the verifier processed ",
        "blocks that verification reached",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("unreached"), "{shown}");
}

#[test]
fn a_context_that_is_given_leaves_the_packet() {
    let folder = Folder::new("both");
    let body = ".type sched_cls\n.license \"GPL\"\nr2 = *(u32 *)(r1 + 76)\nr3 = *(u32 *)(r1 + 80)\nr4 = r2\n\
        r4 += 20\nr0 = 0\nif r4 > r3 goto out\nr0 = *(u8 *)(r2 + 19)\nr5 = *(u32 *)(r1 + 8)\nr0 += r5\n\
        out:\nexit\n";
    let object = folder.file("both.bpfasm", body.as_bytes());
    let packet = format!("{}05", "00".repeat(19));
    let context = format!("{}07000000", "00".repeat(8));
    let args = [object.as_str(), "--packet", &packet, "--ctx", &context];
    let r = report(&args);
    assert_eq!(at(&r, "/runs/0/ret32"), 12, "{r:#}");
}

#[test]
fn fuzzing_keeps_what_reaches_something_new() {
    let folder = Folder::new("fuzz");
    let body = ".type xdp\n.license \"GPL\"\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 40\n\
        r0 = 2\nif r4 > r3 goto out\nr5 = *(u32 *)(r2 + 36)\nif r5 != 0x12345678 goto out\n\
        r0 = 77\nout:\nexit\n";
    let object = folder.file("rare.bpfasm", body.as_bytes());
    let corpus = folder.path("corpus");
    let args = [
        "fuzz", &object, "--runs", "200", "--time", "20s", "--corpus", &corpus,
    ];
    let o = bpfassay(&args);
    let shown = text(&o.stdout);
    assert_eq!(o.status.code(), Some(0), "{shown}{}", text(&o.stderr));
    assert!(
        shown.contains("returns 77, which has no meaning"),
        "{shown}"
    );
    assert!(shown.contains("slow: "), "{shown}");
    assert!(std::fs::read_dir(&corpus).unwrap().count() >= 2);
    // What was kept is enough to get there again.
    let again = ["fuzz", &object, "--runs", "8", "--corpus", &corpus];
    assert!(text(&bpfassay(&again).stdout).contains("returns 77"));
}

#[test]
fn room_and_tags_are_made_as_the_kernel_makes_them() {
    let folder = Folder::new("tags");
    let ret = |name: &str, body: &str, packet: &str| {
        let text = format!(".type sched_cls\n.license \"GPL\"\n{body}exit\n");
        let object = folder.file(name, text.as_bytes());
        let ctx = "00".repeat(64);
        let r = report(&[&object, "--packet", packet, "--ctx", &ctx]);
        (
            at(&r, "/runs/0/ret32").as_i64().unwrap(),
            at(&r, "/runs/0/packet_out").clone(),
        )
    };
    let frame = |kind: &str| format!("{}{kind}{}", "02".repeat(12), "00".repeat(46));
    // Room behind the link header: only before IP.
    let room = "r2 = 20\nr3 = 1\nr4 = 0\ncall bpf_skb_adjust_room\n";
    assert_eq!(ret("room.bpfasm", room, &frame("0806")).0, -524);
    assert_eq!(ret("room.bpfasm", room, &frame("8100")).0, -524);
    assert_eq!(ret("room.bpfasm", room, &frame("080045")).0, 0);
    // No packet grows beyond what one buffer holds, and nothing taken away is no header.
    let long = |len: usize| format!("{}{}", frame("080045"), "00".repeat(len - 61));
    assert_eq!(ret("room.bpfasm", room, &long(16_044)).0, 0);
    assert_eq!(ret("room.bpfasm", room, &long(16_045)).0, -524);
    let none = "r2 = 0\nr3 = 1\nr4 = 128\ncall bpf_skb_adjust_room\n";
    assert_eq!(ret("room.bpfasm", none, &frame("080045")).0, -22);
    // Behind a network header that is not all there is nothing to take; a second wrapping is
    // told before an inner header that is too long for its room, not before two versions.
    let after = "r2 = -1\nr3 = 0\nr4 = 128\ncall bpf_skb_adjust_room\n";
    let short = format!("{}86dd60{}", "02".repeat(12), "00".repeat(39));
    assert_eq!(ret("room.bpfasm", after, &short).0, -12);
    let again = |flags: &str| {
        let room = |flags: &str| {
            format!("r1 = r6\nr2 = 20\nr3 = 1\nr4 = {flags}\ncall bpf_skb_adjust_room\n")
        };
        let body = format!("r6 = r1\n{}{}", room("2"), room(flags));
        ret("room.bpfasm", &body, &frame("080045")).0
    };
    assert_eq!(again("0"), 0);
    assert_eq!(again("2"), -114);
    assert_eq!(again("0x1e00000000000002 ll"), -114);
    assert_eq!(again("6"), -22);
    // The first tag stays beside the packet, the second pushes it into the bytes.
    let push = "r6 = r1\nr2 = 0x81\nr3 = 5\ncall bpf_skb_vlan_push\nif r0 != 0 goto out\n";
    let show = "r0 = *(u32 *)(r6 + 20)\nr0 *= 1000\nr1 = *(u32 *)(r6 + 24)\nr0 += r1\nout:\n";
    let once = ret("once.bpfasm", &format!("{push}{show}"), &frame("0800"));
    assert_eq!(once, (1005, Value::Null));
    let again = "r1 = r6\nr2 = 0x81\nr3 = 6\ncall bpf_skb_vlan_push\nif r0 != 0 goto out\n";
    let twice = ret(
        "twice.bpfasm",
        &format!("{push}{again}{show}"),
        &frame("0800"),
    );
    assert_eq!(twice.0, 1006);
    assert!(
        twice
            .1
            .as_str()
            .unwrap()
            .starts_with(&format!("{}81000005", "02".repeat(12)))
    );
    let pop = "r1 = r6\ncall bpf_skb_vlan_pop\nif r0 != 0 goto out\n";
    let popped = ret(
        "pop.bpfasm",
        &format!("{push}{again}{pop}{show}"),
        &frame("0800"),
    );
    assert_eq!(popped, (1005, Value::Null));
}

#[test]
fn cases_say_what_is_wrong_with_them() {
    let folder = Folder::new("cases");
    let object = folder.file("counter.bpfasm", COUNTER.as_bytes());
    let check = |case: &str, want: &str| {
        let file = folder.file("case.toml", format!("[[case]]\n{case}\n").as_bytes());
        let o = bpfassay(&["run", &object, "--expect", &file]);
        let said = text(&o.stderr);
        assert_eq!(o.status.code(), Some(2), "{case}: {}", text(&o.stdout));
        assert!(said.contains(want), "{case}: {said}");
    };
    check("name = 3", "name: a text is wanted");
    check("seed = \"1\"", "seed: a whole number from 0 is wanted");
    check("seed = -1", "seed: a whole number from 0 is wanted");
    check("populated = 1", "populated: true or false is wanted");
    check("steer = 1", "steer: a text is wanted");
    check("return = 1.5", "return: a whole number or a name is wanted");
    check(
        "packet-out = 1",
        "packet-out: hexadecimal digits in quotes are wanted",
    );
    check("maps = []", "maps: a table by names is wanted");
    check("maps-out = { none = [] }", "maps-out: no map named none");
    let entry = "key = [7, 0, 0, 0], value = [1, 0, 0, 0, 0, 0, 0, 0]";
    check(
        &format!("maps = {{ seen = [{{ {entry}, vale = 1 }}] }}"),
        "unknown key `vale`; there are: key, value",
    );
    let good = folder.file("good.toml", b"[[case]]\n");
    for option in [
        "--trace",
        "--populated",
        "--inputs=3",
        "--format=json",
        "--save=x",
        "--seed=2",
    ] {
        let o = bpfassay(&["run", &object, "--expect", &good, option]);
        assert_eq!(o.status.code(), Some(2), "{option}");
    }
    let o = bpfassay(&["run", &object, "--expect", &good, "--map", "seen=x.json"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("with --expect a case tells"));
    let o = bpfassay(&["run", &object, "--expect", &good, "--engine", "reference"]);
    assert_eq!(o.status.code(), Some(0), "{}", text(&o.stderr));
}

/// An entry of a hash that is not there is none; of an array all are there from the beginning.
#[test]
fn only_arrays_hold_zeros_that_nobody_wrote() {
    let folder = Folder::new("zeros");
    let zeros = "value = [0, 0, 0, 0, 0, 0, 0, 0]";
    let check = |kind: &str, key: u32, code: i32, said: &str| {
        let body = format!(
            ".type xdp\n.license \"GPL\"\n.map seen {kind} 4 8 4\nr1 = map[seen] ll\nr0 = 2\nexit\n"
        );
        let object = folder.file("zeros.bpfasm", body.as_bytes());
        let case =
            format!("[[case]]\nmaps-out = {{ seen = [{{ key = [{key}, 0, 0, 0], {zeros} }}] }}\n");
        let file = folder.file("zeros.toml", case.as_bytes());
        let o = bpfassay(&["run", &object, "--expect", &file]);
        let all = text(&o.stdout) + &text(&o.stderr);
        assert_eq!(o.status.code(), Some(code), "{kind}: {all}");
        assert!(all.contains(said), "{kind}: {all}");
    };
    check("array", 3, 0, "1 passed");
    check("percpu_array", 3, 0, "1 passed");
    check("array", 4, 2, "no element 4: it has 4");
    check("hash", 3, 1, "nothing there");
}

/// Of values per CPU that of the CPU that a scenario chooses is compared.
#[test]
fn values_per_cpu_are_those_of_the_cpu_that_runs_the_program() {
    let folder = Folder::new("percpu");
    for kind in ["percpu_array", "percpu_hash"] {
        let body = format!(
            ".type xdp\n.license \"GPL\"\n.map seen {kind} 4 4 4\n*(u32 *)(r10 - 4) = 1\n*(u32 *)(r10 - 8) = 7\n\
             r1 = map[seen] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -8\nr4 = 0\n\
             call bpf_map_update_elem\nr0 = 2\nexit\n"
        );
        let object = folder.file("percpu.bpfasm", body.as_bytes());
        let case = |value: u32| {
            let text = format!(
                "[[case]]\nmaps-out = {{ seen = [{{ key = [1, 0, 0, 0], value = [{value}, 0, 0, 0] }}] }}\n"
            );
            folder.file(&format!("{value}.toml"), text.as_bytes())
        };
        for cpu in [0, 2, 5] {
            let world = format!("[cpu]\ncount = 6\ncurrent = {cpu}\n");
            let world = folder.file("world.toml", world.as_bytes());
            for (value, code) in [(7, 0), (0, 1)] {
                let args = [
                    "run",
                    &object,
                    "--scenario",
                    &world,
                    "--expect",
                    &case(value),
                ];
                let o = bpfassay(&args);
                let said = text(&o.stdout);
                assert_eq!(o.status.code(), Some(code), "{kind} {cpu} {value}: {said}");
            }
        }
    }
}

/// What a configuration states of the world holds for what `check` runs, and is read anew.
#[test]
fn check_runs_in_the_world_that_the_configuration_states() {
    let folder = Folder::new("world");
    let body = ".type xdp\n.license \"GPL\"\ncall bpf_get_numa_node_id\nif r0 != 3 goto out\n\
        r0 = 1\nexit\nout:\nr0 = 2\nexit\n";
    let object = folder.file("node.bpfasm", body.as_bytes());
    let config = folder.file("bpfassay.toml", b"[smoke]\nscenario = \"world.toml\"\n");
    let check = |more: &[&str]| bpfassay(&[&["check", &object, "--format", "json"], more].concat());
    let reached = |more: &[&str]| {
        let report: Value = serde_json::from_slice(&check(more).stdout).unwrap();
        let coverage = at(&report, "/objects/0/programs/0/smoke_coverage");
        (
            at(coverage, "/blocks_reached").clone(),
            at(coverage, "/blocks").clone(),
        )
    };
    assert_eq!(reached(&["--no-config"]), (3.into(), 3.into()));
    let cache = folder.path("cache");
    let stated = ["--config", &config, "--cache-dir", &cache];
    for node in [3, 0] {
        let world = format!("[cpu]\nnode = {node}\n");
        folder.file("world.toml", world.as_bytes());
        assert_eq!(reached(&stated), (2.into(), 3.into()));
    }
    folder.file("world.toml", b"[cpus]\n");
    let o = check(&stated);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("world.toml: line 1: unknown key cpus (did you mean cpu?)"));
    let o = check(&["--config", &config, "--no-smoke"]);
    assert_eq!(o.status.code(), Some(0), "{}", text(&o.stderr));
}

#[test]
fn each_report_is_written_whatever_becomes_of_others() {
    let folder = Folder::new("several");
    let object = folder.file("counter.bpfasm", COUNTER.as_bytes());
    let (json, saved) = (folder.path("run.json"), folder.path("saved.json"));
    let (json_spec, html) = (
        format!("json={json}"),
        format!("html={}", folder.path("no/such/run.html")),
    );
    let args = [
        "run", &object, "--report", &html, "--report", &json_spec, "--save", &saved,
    ];
    let o = bpfassay(&args);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stdout).contains("returns XDP_PASS"));
    assert!(std::fs::metadata(&json).is_ok() && std::fs::metadata(&saved).is_ok());
}

#[test]
fn a_corpus_keeps_what_others_put_there() {
    let folder = Folder::new("corpus");
    let object = folder.file("counter.bpfasm", COUNTER.as_bytes());
    let corpus = folder.path("corpus");
    let list = || {
        let mut all: Vec<(String, String)> = std::fs::read_dir(&corpus)
            .unwrap()
            .map(|e| e.unwrap().path())
            .map(|p| (p.display().to_string(), std::fs::read_to_string(p).unwrap()))
            .collect();
        all.sort();
        all
    };
    let fuzz = |object: &str, seed: &str| {
        let args = [
            "fuzz", object, "--runs", "60", "--time", "20s", "--seed", seed, "--corpus", &corpus,
        ];
        let o = bpfassay(&args);
        assert_eq!(o.status.code(), Some(0), "{}", text(&o.stderr));
    };
    fuzz(&object, "1");
    let first = list();
    assert!(!first.is_empty());
    // Again, and by another program: what was there stays as it was.
    fuzz(&object, "1");
    assert_eq!(list(), first);
    let other = folder.file(
        "other.bpfasm",
        COUNTER.replace("r0 = 2", "r0 = 1").as_bytes(),
    );
    fuzz(&other, "2");
    let all = list();
    assert!(
        first.iter().all(|file| all.contains(file)),
        "{first:#?} {all:#?}"
    );
}

/// A filter that asks for the route of a packet, and sends it on.
const ROUTER: &str = "tests/corpus/accept/xdp_router.o";
const WORLD: &str = "tests/corpus/scenario/router.toml";

#[test]
fn a_scenario_states_the_world() {
    let folder = Folder::new("scenario");
    let run = [ROUTER, "--prog", "route", "--scenario", WORLD];
    let r = report(&run);
    let helpers = at(&r, "/helpers").as_array().unwrap();
    let fib = helpers.iter().find(|h| h["name"] == "bpf_fib_lookup");
    assert_eq!(fib.unwrap()["modelled"], false, "{helpers:?}");
    // To whom it goes, the packet says then.
    let runs = at(&r, "/runs").as_array().unwrap();
    let sent = runs.iter().find(|r| r["meaning"] == "XDP_REDIRECT");
    let sent = sent.unwrap()["packet_out"].as_str().unwrap();
    assert!(sent.starts_with("0200000000fe020000000003"), "{sent}");
    // Without it nothing of this is known.
    let r = report(&[ROUTER, "--prog", "route"]);
    let helpers = at(&r, "/helpers").as_array().unwrap();
    let fib = helpers.iter().find(|h| h["name"] == "bpf_fib_lookup");
    assert_eq!(fib.unwrap()["modelled"], true);
    // Cases of a file run in the same world.
    const WHO: &str = ".type kprobe\ncall bpf_get_current_pid_tgid\nexit\n";
    let who = folder.file("who.bpfasm", WHO.as_bytes());
    let case = format!("[[case]]\nreturn = {}\n", 1200i64 << 32 | 1201);
    let case = folder.file("cases.toml", case.as_bytes());
    let output = bpfassay(&["run", &who, "--scenario", WORLD, "--expect", &case]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    const SEND: &str = ".type xdp\nr1 = 3\nr2 = 0\ncall bpf_redirect\nexit\n";
    let send = folder.file("send.bpfasm", SEND.as_bytes());
    let shown = text(&bpfassay(&["run", &send, "--scenario", WORLD]).stdout);
    assert!(shown.contains("redirect to device 3 (wan)"), "{shown}");
    let typo = folder.file("typo.toml", b"[task]\ncom = \"x\"\n");
    let output = bpfassay(&["run", &who, "--scenario", &typo]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    let expect = "typo.toml: line 2: unknown key task.com (did you mean comm?)";
    assert!(told.contains(expect), "{told}");
}

#[test]
fn another_runtime_runs_with_what_it_has() {
    let folder = Folder::new("runtime");
    const STAMP: &str = ".type xdp\n.license \"GPL\"\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\n\
        r4 = r2\nr4 += 20\nif r4 > r3 goto out\ncall bpf_ktime_get_ns\nw0 = -6\nw0 s/= 2\nexit\n\
        out:\nw0 = 1\nexit\n";
    let object = folder.file("stamp.bpfasm", STAMP.as_bytes());
    let packets = ["--packet", "00", "--packet", &"00".repeat(20)];
    let check = |runtime: &str, code: i32, lines: &[&str]| {
        let args = [&["run", &object, "--target", runtime], &packets[..]].concat();
        let output = bpfassay(&args);
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{shown}");
        for line in lines {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        let r = [&[&object[..], "--target", runtime], &packets[..]].concat();
        let r = report(&r);
        assert_eq!(at(&r, "/differs/base"), "linux-6.18");
        assert_eq!(at(&r, "/runs").as_array().unwrap().len(), 2);
    };
    check(
        "rbpf",
        0,
        &[
            "rbpf differs from linux-6.18, as of 2026-06-03: in ",
            "helper bpf_ktime_get_ns: in part, unknown what it comes to (instruction ",
            "absent, divides without sign (instruction ",
            "1 run: linux-6.18 returns 0xfffffffd, rbpf returns 2147483645: packet of 20 bytes",
        ],
    );
    check(
        "dragonos",
        1,
        &[
            "programs of type xdp: absent, ends the run",
            "linux-6.18 returns XDP_DROP (1), dragonos ends at instruction 0: dragonos has no programs of type xdp",
        ],
    );
    check("bpftime", 0, &["and 0 of 2 runs:"]);
    let r = report(&[&[&object[..]], &packets[..]].concat());
    assert_eq!(at(&r, "/differs"), &Value::Null);
}
