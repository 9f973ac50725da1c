//! The embedded tables against the measured facts, in full.
//!
//! `BPFASSAY_FACTS` names the folder of fact files (`helpers.json`, ...). The
//! facts are not part of the package: `cargo xtask oracle` runs these tests. 5.15 and
//! 6.6 have no facts of their own and are not compared.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bpfassay::helpers_spec::{self as spec, *};
use serde_json::Value;

const VERSIONS: [(&str, SpecVersion); 4] = [
    ("5.10", SpecVersion::V5_10),
    ("6.1", SpecVersion::V6_1),
    ("6.12", SpecVersion::V6_12),
    ("7.3", SpecVersion::V7_3),
];

/// A fact file.
fn facts(name: &str) -> Value {
    let dir = std::env::var_os("BPFASSAY_FACTS").expect("BPFASSAY_FACTS names a folder of facts");
    let path = PathBuf::from(dir).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn object(v: &Value) -> impl Iterator<Item = (&String, &Value)> {
    v.as_object().into_iter().flatten()
}

fn array(v: &Value) -> impl Iterator<Item = &Value> {
    v.as_array().into_iter().flatten()
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_default()
}

fn ids(v: &Value) -> BTreeSet<u32> {
    array(v)
        .filter_map(Value::as_u64)
        .map(|n| n as u32)
        .collect()
}

fn words(flags: TypeFlags) -> BTreeSet<&'static str> {
    TypeFlags::ALL
        .iter()
        .filter(|(f, _)| flags.has(*f))
        .map(|(_, w)| *w)
        .collect()
}

/// Fails with every difference, not the first alone.
fn none(differences: Vec<String>) {
    let shown = differences
        .iter()
        .take(40)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differences.is_empty(),
        "{} differences\n{shown}",
        differences.len()
    );
}

fn prog(name: &str) -> ProgType {
    ProgType::from_name(name).unwrap_or_else(|| panic!("program type {name}"))
}

fn attach(name: &str) -> Option<AttachType> {
    (name != "any")
        .then(|| AttachType::from_name(name).unwrap_or_else(|| panic!("attach type {name}")))
}

fn compare_arg(at: &str, have: &ArgSpec, want: &Value, out: &mut Vec<String>) {
    let flags: BTreeSet<&str> = array(&want["flags"]).map(text).collect();
    if have.base.name() != text(&want["type"]) || words(have.flags) != flags {
        out.push(format!("{at}: {have:?} but {want}"));
    }
    if u64::from(have.size_arg) != want["size_arg"].as_u64().unwrap_or(0) {
        out.push(format!("{at}: size argument {}", have.size_arg));
    }
    if have.fixed_size.is_some() != want["fixed_size"].is_string() {
        out.push(format!("{at}: fixed size {:?}", have.fixed_size));
    }
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn helper_signatures() {
    let f = facts("helpers.json");
    let mut out = Vec::new();
    for h in array(&f["helpers"]) {
        let (id, name) = (h["id"].as_u64().unwrap_or(0) as u32, text(&h["name"]));
        assert_eq!(helper_name(id), Some(name));
        for (v, version) in VERSIONS {
            let present = array(&h["present_in"]).any(|p| text(p) == v);
            let proto = helper_main(id, version);
            if present != proto.is_some() {
                out.push(format!("{v} {name}: present {present}"));
            }
            let Some(p) = proto else { continue };
            let diff = &h["diff_vs_newest"][v];
            let value = |field: &str| match &diff[field][0] {
                Value::Null if diff[field].is_array() => Value::Null,
                Value::Null => h[field].clone(),
                old => old.clone(),
            };
            for (n, arg) in p.args.iter().enumerate() {
                let field = format!("arg{}", n + 1);
                let newest = array(&h["args"]).nth(n).cloned().unwrap_or(Value::Null);
                let want = if diff[&field].is_array() {
                    diff[&field][0].clone()
                } else {
                    newest
                };
                if want.is_null() {
                    if arg.base != ArgType::DontCare {
                        out.push(format!("{v} {name} {field}: {arg:?} is too many"));
                    }
                } else {
                    compare_arg(&format!("{v} {name} {field}"), arg, &want, &mut out);
                }
            }
            let ret = value("ret");
            let flags: BTreeSet<&str> = array(&ret["flags"]).map(text).collect();
            if p.ret.base.name() != text(&ret["type"]) || words(p.ret.flags) != flags {
                out.push(format!("{v} {name}: returns {:?} but {ret}", p.ret));
            }
            for (field, have) in [
                ("gpl_only", p.gpl_only),
                ("pkt_access", p.pkt_access),
                ("might_sleep", p.might_sleep),
            ] {
                if value(field).as_bool() != Some(have) {
                    out.push(format!("{v} {name}: {field} {have}"));
                }
            }
        }
    }
    none(out);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn helper_variants() {
    let f = facts("helpers.json");
    let mut out = Vec::new();
    for h in array(&f["helpers"]) {
        let id = h["id"].as_u64().unwrap_or(0) as u32;
        for (v, version) in VERSIONS {
            for variant in array(&h["variants"][v])
                .skip(1)
                .filter(|x| x["args"].is_array())
            {
                if text(&variant["proto"]).ends_with("_sleepable_proto") {
                    continue;
                }
                for t in array(&variant["prog_types"])
                    .map(text)
                    .filter(|t| !t.contains(':'))
                {
                    let t = prog(&t.to_lowercase());
                    let p =
                        helper_proto(id, t, None, version).unwrap_or_else(|| panic!("{id} {v}"));
                    // Types that see several signatures by attach type keep one.
                    let also = array(&h["variants"][v]).filter(|o| {
                        array(&o["prog_types"]).any(|n| text(n).eq_ignore_ascii_case(t.name()))
                    });
                    if also.count() > 1 {
                        continue;
                    }
                    for (n, arg) in array(&variant["args"]).enumerate() {
                        compare_arg(
                            &format!("{v} {} {t} arg{n}", p.name),
                            &p.args[n],
                            arg,
                            &mut out,
                        );
                    }
                }
            }
        }
    }
    none(out);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn semantics() {
    let f = facts("helpers.json");
    let mut out = Vec::new();
    for (v, version) in VERSIONS {
        for (class, names) in object(&f["semantics"][v]) {
            let bits = match class.as_str() {
                "callback" => Semantics(Semantics::CALLBACK_SYNC.0 | Semantics::CALLBACK_ASYNC.0),
                "release_by_arg_flag" => Semantics::RELEASE,
                c => Semantics::ALL
                    .iter()
                    .find(|(_, w)| w == &c)
                    .map(|x| x.0)
                    .unwrap_or_default(),
            };
            for name in array(names).map(text) {
                let p = helper_by_name(name, version);
                if p.is_none_or(|p| p.semantics.0 & bits.0 == 0) {
                    out.push(format!("{v} {name}: not {class}"));
                }
            }
        }
    }
    none(out);
}

/// Helpers that are there and then barred because there is no hook: the facts tell
/// only of the first.
const BARRED_LATER: &[(ProgType, u32)] = &[
    (ProgType::Syscall, 107),
    (ProgType::Syscall, 108),
    (ProgType::Syscall, 147),
];

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn availability_of_sources() {
    let f = facts("helper_availability.json");
    let mut out = Vec::new();
    let mut checks = 0;
    for (v, version) in VERSIONS {
        for (p, x) in object(&f["static"][v]).filter(|(_, x)| x["helpers"].is_array()) {
            let (t, target) = match p.strip_prefix("STRUCT_OPS:") {
                None => (prog(p), None),
                Some("bpf_tcp_ca_verifier_ops") => {
                    (ProgType::StructOps, Some("tcp_congestion_ops"))
                }
                Some("bpf_scx_verifier_ops") => (ProgType::StructOps, Some("sched_ext_ops")),
                Some("hid_bpf_verifier_ops") => (ProgType::StructOps, Some("hid_bpf_ops")),
                Some("bpf_qdisc_verifier_ops") => (ProgType::StructOps, Some("Qdisc_ops")),
                Some(_) => continue,
            };
            let base = ids(&x["helpers"]);
            for a in array(&x["attach_types_considered"]).map(text) {
                for sleepable in [false, true] {
                    let mut want = base.clone();
                    for key in ["any", a] {
                        want.extend(ids(&x["attach_dependent"][key]));
                        if sleepable {
                            want.extend(ids(&x["only_sleepable"][key]));
                        }
                    }
                    for id in 0..helper_count(version) {
                        checks += 1;
                        if BARRED_LATER.contains(&(t, id)) {
                            continue;
                        }
                        let have = helper_allowed(id, t, attach(a), target, sleepable, version);
                        if have != want.contains(&id) {
                            out.push(format!("{v} {p} {a} sleepable={sleepable}: {id} {have}"));
                        }
                    }
                }
            }
        }
    }
    eprintln!("{checks} checks");
    none(out);
}

/// Helpers that the running kernel was built or locked without.
const NOT_IN_THE_RUNNING_KERNEL: &[&str] = &["bpf_probe_write_user", "bpf_override_return"];

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn availability_of_the_running_kernel() {
    let f = facts("helper_availability.json");
    let mut out = Vec::new();
    for r in array(&f["live"]["records"]).filter(|r| text(&r["caps"]) == "all") {
        let t = prog(text(&r["prog_type"]));
        if t == ProgType::StructOps {
            continue;
        }
        let a = r["attach"].as_str().and_then(AttachType::from_name);
        let target = r["target"].as_str();
        let sleepable = r["sleepable"].as_bool() == Some(true);
        let want = ids(&r["helpers"]);
        for (id, name) in all_helpers() {
            // Asked whether the helper is there; that it is barred from this hook
            // is a later refusal.
            if NOT_IN_THE_RUNNING_KERNEL.contains(&name)
                || name == "bpf_d_path" && target.is_some()
                || BARRED_LATER.contains(&(t, id))
            {
                continue;
            }
            let have = helper_allowed(id, t, a, target, sleepable, SpecVersion::V6_18);
            if have != want.contains(&id) {
                out.push(format!(
                    "{t} {a:?} {target:?} sleepable={sleepable}: {name} {have}"
                ));
            }
        }
    }
    none(out);
}

fn kind_of(word: &str) -> Option<(CtxKind, bool)> {
    Some(match word {
        "SCALAR_VALUE" | "scalar" => (CtxKind::Scalar, false),
        "PTR_TO_SOCK_COMMON_OR_NULL" | "sock_common_or_null" => (CtxKind::SockCommon, true),
        "PTR_TO_PACKET" | "pkt" => (CtxKind::Packet, false),
        "PTR_TO_PACKET_END" | "pkt_end" => (CtxKind::PacketEnd, false),
        "PTR_TO_PACKET_META" | "pkt_meta" => (CtxKind::PacketMeta, false),
        "PTR_TO_SOCKET" | "sock" => (CtxKind::Socket, false),
        "PTR_TO_SOCKET_OR_NULL" | "sock_or_null" => (CtxKind::Socket, true),
        "PTR_TO_FLOW_KEYS" | "flow_keys" => (CtxKind::FlowKeys, false),
        "PTR_TO_TP_BUFFER" | "tp_buffer" => (CtxKind::TpBuffer, false),
        _ => return None,
    })
}

/// Compares one layout with one table of the facts.
fn compare_layout(at: &str, layout: &CtxLayout, table: &Value, limit: u32, out: &mut Vec<String>) {
    let mut want = std::collections::BTreeMap::new();
    for row in array(table) {
        let n = |i: usize| row[i].as_u64().unwrap_or(0) as u32;
        want.insert((n(0), n(1), text(&row[2]) == "w"), text(&row[3]).to_owned());
    }
    for off in 0..limit {
        for size in [1, 2, 4, 8] {
            for write in [false, true] {
                let have = layout.access(off, size, write);
                let expected = want.get(&(off, size, write));
                let same = match (have, expected) {
                    (None, None) => true,
                    (Some(_), Some(_)) if write => true,
                    (Some(h), Some(w)) => kind_of(w) == Some((h.kind, h.nullable)),
                    _ => false,
                };
                if !same {
                    out.push(format!(
                        "{at} off {off} size {size} write {write}: {have:?}, {expected:?}"
                    ));
                }
            }
        }
    }
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn contexts() {
    let f = facts("ctx_access.json");
    let mut out = Vec::new();
    for (v, version) in VERSIONS {
        for (p, x) in object(&f["static"][v]) {
            let t = prog(p);
            for (a, x) in object(&x["attach"]) {
                let table = &f["tables"][text(&x["table"])];
                let layout =
                    ctx_access(t, attach(a), version).unwrap_or_else(|| panic!("{v} {p} {a}"));
                // Memory contexts were scanned at their beginning only.
                let limit = if t == ProgType::Syscall || t == ProgType::Tracepoint {
                    56
                } else {
                    400
                };
                compare_layout(&format!("{v} {p} {a}"), layout, table, limit, &mut out);
            }
        }
    }
    for (p, x) in object(&f["live"]["index"]) {
        let t = prog(p);
        // Described by BTF; not in the running kernel.
        if matches!(t, ProgType::Netfilter | ProgType::LircMode2) {
            continue;
        }
        for (a, x) in object(x) {
            let Some(layout) = ctx_access(t, attach(a), SpecVersion::V6_18) else {
                continue;
            };
            let limit = if t == ProgType::Syscall || t == ProgType::Tracepoint {
                56
            } else {
                400
            };
            compare_layout(
                &format!("6.18 {p} {a}"),
                layout,
                &f["tables"][text(&x["table"])],
                limit,
                &mut out,
            );
        }
    }
    for (key, x) in object(&f["pointer_fields_live"]) {
        let kind = key.split(' ').next().unwrap_or_default();
        let layout = pointer_access(kind).unwrap_or_else(|| panic!("{kind}"));
        compare_layout(kind, layout, &f["tables"][text(&x["table"])], 400, &mut out);
    }
    none(out);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn maps() {
    let f = facts("map_types.json");
    let mut out = Vec::new();
    for m in array(&f["maps"]) {
        let t = MapType::from_name(text(&m["name"])).unwrap_or_else(|| panic!("{}", m["name"]));
        assert_eq!(u64::from(t.id()), m["id"].as_u64().unwrap_or(0));
        for (v, version) in VERSIONS {
            let want: BTreeSet<&str> = array(&m["helpers"][v]).map(text).collect();
            if m["helpers"][v].is_null() {
                continue;
            }
            for (id, name) in all_helpers() {
                let have = map_helper_compat(t.id(), id, version);
                if have != want.contains(name) && helper_main(id, version).is_some() {
                    out.push(format!("{v} {t} {name}: {have}"));
                }
            }
        }
        for (name, word) in object(&m["live_helpers_checked"]) {
            let id = helper_id(name).unwrap_or_else(|| panic!("{name}"));
            let have = map_helper_compat(t.id(), id, SpecVersion::V6_18);
            if matches!(text(word), "ok" | "no") && have != (text(word) == "ok") {
                out.push(format!("6.18 {t} {name}: {have} but {word}"));
            }
        }
    }
    for v in ["6.12", "7.3"] {
        let version = SpecVersion::from_name(v).unwrap_or(SpecVersion::V7_3);
        for (field, types) in object(&f["field_rules"][v]) {
            let field = field.trim_start_matches("BPF_").to_lowercase();
            let want: BTreeSet<&str> = array(types).map(text).collect();
            for t in MapType::ALL {
                let have = map_field_allowed(t.id(), &field, version);
                if have != want.contains(t.enumerator().to_uppercase().as_str()) {
                    out.push(format!("{v} {t} {field}: {have}"));
                }
            }
        }
    }
    none(out);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn kfunc_tables() {
    let f = facts("kfuncs.json");
    let mut out = Vec::new();
    for (v, version) in VERSIONS {
        let want = &f["kfuncs"][v];
        let names: BTreeSet<&str> = object(want).map(|(n, _)| n.as_str()).collect();
        let have: BTreeSet<&str> = kfuncs(version).map(|k| k.name).collect();
        out.extend(
            names
                .symmetric_difference(&have)
                .map(|n| format!("{v} {n}: in one only")),
        );
        for (name, x) in object(want) {
            let Some(k) = kfunc(name, version) else {
                continue;
            };
            for s in array(&x["sets"]) {
                let flags: BTreeSet<String> = array(&s["flags"])
                    .map(|f| text(f).trim_start_matches("KF_").to_lowercase())
                    .collect();
                let Some(set) = k.sets.iter().find(|o| o.name == text(&s["set"])) else {
                    out.push(format!("{v} {name}: lacks set {}", s["set"]));
                    continue;
                };
                let own: BTreeSet<String> = KfFlags::ALL
                    .iter()
                    .filter(|(b, _)| set.flags.contains(*b))
                    .map(|(_, w)| (*w).to_owned())
                    .collect();
                if own != flags {
                    out.push(format!("{v} {name} {}: {own:?} but {flags:?}", set.name));
                }
            }
        }
    }
    for name in object(&f["live"]["functions"]).map(|(n, _)| n) {
        if kfunc(name, SpecVersion::V6_18).is_none() {
            out.push(format!("6.18 lacks {name}"));
        }
    }
    none(out);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn kfunc_callers_on_the_running_kernel() {
    let f = facts("kfuncs.json");
    let live: BTreeSet<&str> = object(&f["live"]["functions"])
        .map(|(n, _)| n.as_str())
        .collect();
    let mut out = Vec::new();
    for r in array(&f["live"]["allowed"]) {
        let t = prog(text(&r["prog_type"]));
        let a = r["attach"].as_str().and_then(AttachType::from_name);
        let target = r["target"].as_str();
        let want: BTreeSet<&str> = array(&r["allowed"]).map(text).collect();
        // Metadata of frames is refused earlier, for want of a bound device.
        for name in live.iter().filter(|n| !n.starts_with("bpf_xdp_metadata")) {
            let have = kfunc_allowed(name, t, a, target, SpecVersion::V6_18);
            if have != want.contains(name) {
                out.push(format!("{t} {a:?} {target:?}: {name} {have}"));
            }
        }
    }
    none(out);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn program_types_and_sets() {
    let f = facts("prog_types.json");
    for p in array(&f["prog_types"]) {
        let t = prog(text(&p["name"]));
        assert_eq!(u64::from(t.id()), p["id"].as_u64().unwrap_or(0));
        let have = prog_type_facts(t).unwrap_or_else(|| panic!("{t}"));
        assert_eq!(have.ctx, text(&p["ctx"]));
        assert_eq!(have.unprivileged, p["unprivileged_allowed"] == true);
        let caps: BTreeSet<&str> = array(&p["caps"]).map(text).collect();
        assert_eq!(have.cap_net_admin, caps.contains("CAP_NET_ADMIN"), "{t}");
        assert_eq!(have.cap_perfmon, caps.contains("CAP_PERFMON"), "{t}");
    }
    for a in array(&f["attach_types"]) {
        let t = AttachType::from_name(text(&a["name"])).unwrap_or_else(|| panic!("{}", a["name"]));
        assert_eq!(u64::from(t.id()), a["id"].as_u64().unwrap_or(0));
    }
    let rows = &f["sections"]["libbpf-mirror(2026-07)"];
    assert_eq!(array(rows).count(), sections().len());
    for (row, have) in array(rows).zip(sections()) {
        assert_eq!(text(&row["section"]), have.pattern);
        assert_eq!(prog(text(&row["prog_type"])), have.prog_type);
        assert_eq!(row["sleepable"] == true, have.sleepable);
        assert_eq!(
            row["attach_btf"] == true,
            have.attach_btf,
            "{}",
            have.pattern
        );
    }
    let mut out = Vec::new();
    for r in array(&f["return_ranges"]) {
        let name = text(&r["attach"]);
        let t = prog(text(&r["prog_type"]));
        if t == ProgType::Lsm || !(name.starts_with("BPF_") || name == "(all)") {
            continue;
        }
        for (v, version) in VERSIONS {
            let range = &r["range"][v];
            let a = AttachType::from_name(name);
            let have = ret_range(t, a, None, version).map(|r| (r.min, r.max));
            let want = range[0].as_i64().zip(range[1].as_i64());
            if !range.is_null() && have != want {
                out.push(format!("{v} {t} {name}: {have:?} but {range}"));
            }
        }
    }
    none(out);
    let f = facts("btf_id_sets.json");
    for (v, version) in VERSIONS {
        for (set, x) in
            object(&f["sets"][v]).filter(|(s, x)| x["ids"].is_array() && *s != "special_kfunc_set")
        {
            let set = if set == "btf_sleepable_lsm_hooks" {
                "sleepable_lsm_hooks"
            } else {
                set
            };
            let want: BTreeSet<&str> = array(&x["ids"]).map(text).collect();
            let have: BTreeSet<&str> = btf_set(set, version).iter().copied().collect();
            assert_eq!(have, want, "{v} {set}");
        }
        for h in array(&f["sets"][v]["lsm_hooks"]["hooks"]) {
            let void = text(&h["ret"]) == "void";
            let have = lsm_hook_return(text(&h["name"]), version);
            assert_eq!(
                have.map(|r| r == LsmReturn::Void),
                Some(void),
                "{v} {}",
                h["name"]
            );
        }
    }
    let f = facts("verifier_messages.json");
    let want: Vec<&str> = array(&f["classes"]).map(|c| text(&c["regex"])).collect();
    let have: Vec<&str> = spec::message_classes().iter().map(|c| c.regex).collect();
    assert_eq!(have, want);
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn profiles_of_runtimes() {
    use bpfassay::target::profile::{Status, embedded};
    let mut compared = 0;
    for profile in embedded() {
        let f = facts(&format!("profiles/{}.json", profile.name));
        let mut out = Vec::new();
        let source = &f["source"];
        for (have, key) in [
            (&profile.repo, "repo"),
            (&profile.commit, "commit"),
            (&profile.date, "date"),
        ] {
            assert_eq!(have, text(&source[key]), "{} {key}", profile.name);
        }
        let mut compare = |name: &str, have: Option<(Status, String)>, want: &Value| {
            compared += 1;
            let Some((status, note)) = have else {
                out.push(format!("{}: {name} is not resolved", profile.name));
                return;
            };
            let told = want["note"].as_str().or(want["how"].as_str());
            let told = told.map(|t| t.split_whitespace().collect::<Vec<_>>().join(" "));
            if status.name() != text(&want["status"]) || note != told.unwrap_or_default() {
                out.push(format!(
                    "{}: {name} is {status:?} {note:?}, not {want}",
                    profile.name
                ));
            }
        };
        for h in array(&f["helpers"]) {
            let name = text(&h["name"]);
            let id = helper_id(name);
            assert_eq!(id, h["id"].as_u64().map(|n| n as u32), "{name}");
            let have = id.and_then(|id| profile.helper(id));
            compare(name, have.map(|s| (s.status, s.note.to_owned())), h);
        }
        for m in array(&f["map_types"]) {
            let name = text(&m["name"]);
            let have = MapType::from_name(name).and_then(|t| profile.map_type(t));
            compare(name, have.map(|s| (s.status, s.note.to_owned())), m);
        }
        for h in array(&f["non_linux_helpers"]) {
            let id = h["id"].as_u64().unwrap_or(0) as u32;
            assert_eq!(profile.extra_helper(id), h["name"].as_str());
        }
        none(out);
    }
    // Three runtimes with 211 helpers and 35 map types each; rbpf has none of its own.
    assert_eq!(compared, 3 * (211 + 35));
    let rbpf = embedded().find(|p| p.name == "rbpf").unwrap();
    let f = facts("profiles/rbpf.json");
    assert!(text(&f["helpers"]).starts_with("none by default"));
    assert!(text(&f["map_types"]).starts_with("none"));
    for (id, name) in all_helpers() {
        assert_ne!(rbpf.helper(id).unwrap().status, Status::Yes, "{name}");
    }
    for t in MapType::ALL {
        assert_eq!(rbpf.map_type(*t).unwrap().status, Status::No);
    }
    assert!(text(&f["tail_calls"]).starts_with("rejected"));
    assert_eq!(
        rbpf.mechanism(Mechanism::TailCalls).unwrap().status,
        Status::No
    );
    assert!(text(&f["atomics"]).starts_with("only legacy XADD"));
    assert_ne!(
        rbpf.instruction(InsnClass::AtomicAdd).unwrap().status,
        Status::No
    );
    assert_eq!(
        rbpf.instruction(InsnClass::AtomicOr).unwrap().status,
        Status::No
    );
    assert_eq!(
        rbpf.mechanism(Mechanism::BpfToBpf).unwrap().status,
        Status::Yes
    );
}

#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn everything_that_runtimes_list_is_in_the_database() {
    let f = facts("seed_lists.json");
    let mut out = Vec::new();
    let mut resolved = 0;
    let mut take = |kind: &str, name: &str, fits: &dyn Fn(&Named) -> bool| {
        resolved += 1;
        match named(name) {
            Some(found) if fits(&found) => {}
            found => out.push(format!("{kind} {name}: {found:?}")),
        }
    };
    let helper = |n: &Named| matches!(n, Named::Helper(_) | Named::Kfunc(_));
    let map = |n: &Named| matches!(n, Named::Map(_));
    let insn = |n: &Named| matches!(n, Named::Instruction(_));
    let mechanism = |n: &Named| matches!(n, Named::Mechanism(_));
    let operation = |n: &Named| {
        matches!(
            n,
            Named::Helper(_) | Named::Command(_) | Named::Mechanism(_)
        )
    };
    let command = |n: &Named| matches!(n, Named::Command(_));
    for (_, lists) in object(&f) {
        for (what, list) in object(lists) {
            let fits: &dyn Fn(&Named) -> bool = match what.as_str() {
                "helpers" => &helper,
                "map_types" => &map,
                "instructions" => &insn,
                "mechanisms" => &mechanism,
                "map_operations" => &operation,
                "bpf_commands" => &command,
                _ => continue,
            };
            for entry in array(list) {
                let name = entry.as_str().unwrap_or_else(|| text(&entry["name"]));
                take(what, name, fits);
                if let Some(id) = entry["id"].as_u64() {
                    assert_eq!(helper_id(name), Some(id as u32), "{name}");
                }
            }
            for entry in object(list).flat_map(|(_, l)| array(l)) {
                take(what, text(entry), fits);
            }
        }
    }
    none(out);
    assert!(resolved > 300, "{resolved} names only");
}

/// The dates of kernel functions, map types and attach types are those of the facts.
#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn dates() {
    let (kfuncs, maps, programs) = (
        facts("kfuncs.json"),
        facts("map_types.json"),
        facts("prog_types.json"),
    );
    let mut bad = Vec::new();
    let mut compared = 0;
    let mut compare = |kind: SinceKind, name: &str, date: &Value| {
        let Some(date) = date.as_str().and_then(Release::parse) else {
            return;
        };
        compared += 1;
        let ours = spec::since(kind, name);
        if ours != Some(date) {
            bad.push(format!("{kind:?} {name}: {ours:?}, facts say {date}"));
        }
        if spec::since_source(kind, name).is_none_or(str::is_empty) {
            bad.push(format!("{kind:?} {name}: no source"));
        }
    };
    for (_, series) in object(&kfuncs["kfuncs"]) {
        for (name, k) in object(series) {
            compare(SinceKind::Kfunc, name, &k["since"]);
        }
    }
    let stem = |v: &Value, prefix: &str| {
        text(&v["name"])
            .trim_start_matches(prefix)
            .to_ascii_lowercase()
    };
    for m in array(&maps["maps"]) {
        compare(SinceKind::MapType, &stem(m, "BPF_MAP_TYPE_"), &m["since"]);
    }
    for a in array(&programs["attach_types"]) {
        compare(SinceKind::AttachType, &stem(a, "BPF_"), &a["since"]);
    }
    assert!(compared > 400, "compared {compared}");
    none(bad);
}
