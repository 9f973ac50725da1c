//! Every helper that Linux or a seed runtime lists runs through both engines,
//! called as a program calls it.
//!
//! A program is made from each signature: arguments are what the signature asks
//! for (the context, maps that the helper takes, sockets that were looked up,
//! reservations, dynptrs, callbacks). The model of the verifier must not refuse
//! it, and no run may fault or part the engines.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bpfassay::abstract_interp::{Input, Verdict, verify};
use bpfassay::helpers_spec::{
    self as spec, ArgType, AttachType, HelperProto, MapType, Named, ProgType, SpecVersion,
    TypeFlags,
};
use bpfassay::programs::{Program, raw};
use bpfassay::smoke::{SmokeOptions, SmokeVerdict, run};
use bpfassay::target;

/// The series that knows every helper.
const SERIES: SpecVersion = SpecVersion::V7_3;

/// A kind of program.
#[derive(Clone, Copy, Debug)]
struct Hook {
    prog_type: ProgType,
    attach: Option<AttachType>,
    /// What it hangs on.
    to: Option<&'static str>,
    sleepable: bool,
}

/// The first kind of program that may call a helper: those come first whose
/// arguments are the easiest to come by.
fn hook(id: u32) -> Option<Hook> {
    use ProgType as P;
    let first = [
        P::SchedCls,
        P::Xdp,
        P::SkMsg,
        P::SockOps,
        P::CgroupSkb,
        P::Kprobe,
    ];
    let rest = P::ALL.iter().copied().filter(|p| !first.contains(p));
    let types = first.into_iter().chain(rest);
    let attach = |p: P| {
        let own = spec::sections()
            .iter()
            .filter(move |s| s.prog_type == p)
            .map(|s| s.attach);
        std::iter::once(None).chain(own)
    };
    let to = [
        None,
        Some("bpf_lsm_socket_post_create"),
        Some("tcp_congestion_ops"),
    ];
    let may_sleep = spec::helper_main(id, SERIES)?.might_sleep;
    types
        .flat_map(|p| attach(p).map(move |a| (p, a)))
        .flat_map(|(p, a)| to.map(|t| (p, a, t)))
        .filter(|(p, ..)| !may_sleep || *p == ProgType::Syscall || *p == ProgType::Lsm)
        .map(|(prog_type, attach, to)| Hook {
            prog_type,
            attach,
            to,
            sleepable: may_sleep || prog_type == ProgType::Syscall,
        })
        .find(|h| spec::helper_allowed(id, h.prog_type, h.attach, h.to, h.sleepable, SERIES))
}

/// Every map type that a helper can be given, in the shape that a program makes
/// it: bytes of keys and values, entries, flags.
const MAPS: &[(MapType, &str)] = {
    use MapType as M;
    &[
        (M::Array, "4 64 4"),
        (M::Hash, "4 64 4"),
        (M::PercpuArray, "4 64 4"),
        (M::PercpuHash, "4 64 4"),
        (M::LruHash, "4 64 4"),
        (M::LruPercpuHash, "4 64 4"),
        (M::LpmTrie, "8 64 4 1"),
        (M::Queue, "0 64 4"),
        (M::Stack, "0 64 4"),
        (M::BloomFilter, "0 64 4"),
        (M::Ringbuf, "0 0 4096"),
        (M::UserRingbuf, "0 0 4096"),
        (M::PerfEventArray, "4 4 4"),
        (M::ProgArray, "4 4 4"),
        (M::StackTrace, "4 64 4"),
        (M::CgroupArray, "4 4 4"),
        (M::Devmap, "4 4 4"),
        (M::DevmapHash, "4 4 4"),
        (M::Cpumap, "4 4 4"),
        (M::Xskmap, "4 4 4"),
        (M::Sockmap, "4 4 4"),
        (M::Sockhash, "4 4 4"),
        (M::ReuseportSockarray, "4 4 4"),
        (M::CgroupStorage, "16 64 0"),
        (M::PercpuCgroupStorage, "16 64 0"),
        (M::SkStorage, "4 64 0 1"),
        (M::InodeStorage, "4 64 0 1"),
        (M::TaskStorage, "4 64 0 1"),
        (M::CgrpStorage, "4 64 0 1"),
    ]
};

/// A map and its shape.
type Map = (MapType, &'static str);

/// The maps that a helper takes.
fn maps_for(p: &HelperProto) -> Vec<Option<Map>> {
    let takes = p.arguments().any(|a| a.base == ArgType::ConstMapPtr);
    let fits = MAPS
        .iter()
        .filter(|(m, _)| takes && spec::map_helper_compat(m.id(), p.id, SERIES));
    let maps: Vec<_> = fits.copied().map(Some).collect();
    if maps.is_empty() { vec![None] } else { maps }
}

/// What can only be had from the kernel's or the object's BTF, so that the model
/// of a program without any stops there.
fn needs_btf(p: &HelperProto, map: Option<Map>) -> bool {
    let storage = |m: MapType| {
        matches!(
            m,
            MapType::SkStorage
                | MapType::InodeStorage
                | MapType::TaskStorage
                | MapType::CgrpStorage
        )
    };
    p.arguments().any(|a| {
        matches!(
            a.base,
            ArgType::BtfId
                | ArgType::PercpuBtfId
                | ArgType::SpinLock
                | ArgType::Timer
                | ArgType::KptrXchgDest
                | ArgType::Func
        )
    }) || map.is_some_and(|(m, _)| storage(m))
}

/// Sizes that a helper insists on.
fn size(id: u32) -> u32 {
    match spec::helper_name(id).unwrap_or_default() {
        "bpf_perf_event_read_value" | "bpf_perf_prog_read_value" => 24,
        "bpf_skb_get_xfrm_state" | "bpf_skb_get_tunnel_key" | "bpf_skb_set_tunnel_key" => 28,
        "bpf_get_ns_current_pid_tgid" => 8,
        "bpf_tcp_check_syncookie" | "bpf_tcp_gen_syncookie" => 20,
        "bpf_sk_lookup_tcp" | "bpf_sk_lookup_udp" | "bpf_skc_lookup_tcp" => 12,
        "bpf_bind" => 16,
        _ => 8,
    }
}

/// Looks a socket up, or ends.
const LOOKUP: &str = "r1 = r6\nr2 = r10\nr2 += -64\nr3 = 12\nr4 = 0\nr5 = 0\ncall bpf_sk_lookup_tcp\nif r0 == 0 goto out";

/// Text of a program of that kind that calls a helper once.
fn text(p: &HelperProto, hook: Hook, map: Option<Map>) -> String {
    let mut t = String::new();
    let socket_map = map.is_some_and(|(m, _)| matches!(m, MapType::Sockmap | MapType::Sockhash));
    if let Some((m, shape)) = map {
        let name = m.name().trim_start_matches("BPF_MAP_TYPE_").to_lowercase();
        let _ = writeln!(t, ".map m {name} {shape}");
    }
    t.push_str(".map data array 4 128 1\n.map text array 4 64 1\n.option rdonly text\nr6 = r1\n");
    for at in (8..=256).step_by(8) {
        let _ = writeln!(t, "*(u64 *)(r10 - {at}) = 0");
    }
    // What must be acquired or looked up first stays in r7 to r9.
    let mut held = 7;
    let mut before = String::new();
    let mut args = String::new();
    let mut callback = false;
    for (i, a) in p.arguments().enumerate() {
        let r = i + 1;
        let maybe_null = a.flags.has(TypeFlags::MAYBE_NULL);
        let mut hold = |before: &mut String, code: &str| {
            let _ = write!(before, "{code}\nr{held} = r0\n");
            let _ = writeln!(args, "r{r} = r{held}");
            held += 1;
        };
        match a.base {
            ArgType::DontCare => break,
            ArgType::Anything | ArgType::Scalar => {
                let _ = writeln!(args, "r{r} = {}", u8::from(a.name.contains("nr_")));
            }
            ArgType::ConstSize | ArgType::ConstSizeOrZero | ArgType::ConstAllocSizeOrZero => {
                let _ = writeln!(args, "r{r} = {}", size(p.id));
            }
            ArgType::ConstMapPtr => {
                let _ = writeln!(args, "r{r} = map[m] ll");
            }
            ArgType::MapValue if socket_map => hold(&mut before, LOOKUP),
            ArgType::BtfIdSockCommon | ArgType::SockCommon | ArgType::Socket
                if p.release
                    || p.ptr_cast
                    || matches!(hook.prog_type, ProgType::SchedCls | ProgType::CgroupSkb) =>
            {
                hold(&mut before, LOOKUP);
            }
            ArgType::Mem if p.name == "bpf_dynptr_from_mem" => {
                let _ = writeln!(args, "r{r} = mapval[data] ll");
            }
            ArgType::MapKey | ArgType::MapValue | ArgType::Mem | ArgType::Stack => {
                let _ = write!(args, "r{r} = r10\nr{r} += {}\n", -64 * (1 + r as i32 % 3));
            }
            ArgType::Ctx => {
                let _ = writeln!(args, "r{r} = r6");
            }
            ArgType::Func => {
                callback = true;
                let _ = writeln!(args, "r{r} = func[back] ll");
            }
            ArgType::ConstStr => {
                let _ = writeln!(args, "r{r} = mapval[text] ll");
            }
            ArgType::SpinLock | ArgType::Timer | ArgType::KptrXchgDest => {
                let _ = writeln!(args, "r{r} = mapval[data] ll");
            }
            ArgType::RingbufMem => {
                before.push_str(".map ring ringbuf 0 0 4096\n");
                hold(
                    &mut before,
                    "r1 = map[ring] ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out",
                );
            }
            ArgType::Dynptr if a.flags.has(TypeFlags::UNINIT) => {
                let _ = write!(args, "r{r} = r10\nr{r} += -256\n");
            }
            ArgType::Dynptr if a.flags.has(TypeFlags::DYNPTR_RINGBUF) => {
                before.push_str(".map ring ringbuf 0 0 4096\n");
                before.push_str("r1 = map[ring] ll\nr2 = 8\nr3 = 0\nr4 = r10\nr4 += -240\ncall bpf_ringbuf_reserve_dynptr\n");
                let _ = write!(args, "r{r} = r10\nr{r} += -240\n");
            }
            ArgType::Dynptr => {
                before.push_str("r1 = mapval[data] ll\nr2 = 64\nr3 = 0\nr4 = r10\nr4 += -240\ncall bpf_dynptr_from_mem\n");
                let _ = write!(args, "r{r} = r10\nr{r} += -240\n");
            }
            _ if maybe_null => {
                let _ = writeln!(args, "r{r} = 0");
            }
            ArgType::BtfId if a.btf == Some("task_struct") => {
                hold(&mut before, "call bpf_get_current_task_btf");
            }
            _ => {
                // Only a hook's arguments give such an object.
                let _ = writeln!(args, "r{r} = *(u64 *)(r6 + 0)");
            }
        }
    }
    t.push_str(&before);
    if p.name == "bpf_spin_unlock" {
        t.push_str("r1 = mapval[data] ll\ncall bpf_spin_lock\n");
    }
    t.push_str(&args);
    let _ = writeln!(t, "call {}", p.name);
    release(p, socket_map, &mut t);
    t.push_str("out:\nr0 = 0\nexit\n");
    if callback {
        t.push_str("func back:\nr0 = 0\nexit\n");
    }
    t
}

/// Gives back what the call, or what came before it, acquired.
fn release(p: &HelperProto, socket_map: bool, t: &mut String) {
    let sockets = t.contains("call bpf_sk_lookup_tcp");
    match p.name {
        "bpf_sk_release" | "bpf_ringbuf_submit" | "bpf_ringbuf_discard" => {}
        "bpf_sk_lookup_tcp" | "bpf_sk_lookup_udp" | "bpf_skc_lookup_tcp" => {
            t.push_str("if r0 == 0 goto out\nr1 = r0\ncall bpf_sk_release\n");
        }
        "bpf_map_lookup_elem" if socket_map => {
            t.push_str("if r0 == 0 goto out\nr1 = r0\ncall bpf_sk_release\n");
        }
        "bpf_ringbuf_reserve" => {
            t.push_str("if r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_discard\n");
        }
        "bpf_ringbuf_reserve_dynptr" => {
            t.push_str("r1 = r10\nr1 += -256\nr2 = 0\ncall bpf_ringbuf_discard_dynptr\n");
        }
        "bpf_spin_lock" => t.push_str("r1 = mapval[data] ll\ncall bpf_spin_unlock\n"),
        "bpf_kptr_xchg" => {}
        _ if sockets => t.push_str("r1 = r7\ncall bpf_sk_release\n"),
        _ => {}
    }
}

/// Why a helper's program is not as it should be.
fn trouble(p: &HelperProto, map: Option<Map>, verified: &mut usize) -> Option<String> {
    let Some(hook) = hook(p.id) else {
        return Some("no program may call it".into());
    };
    let prog_type = hook.prog_type;
    let seen = spec::helper_proto_for(p.id, prog_type, hook.attach, hook.sleepable, SERIES);
    let p = seen.unwrap_or(p);
    let text = text(p, hook, map);
    let made = raw::program(
        raw::Input::Asm(text.as_bytes()),
        p.name,
        Some((prog_type, hook.attach)),
    );
    let mut program: Program = match made {
        Ok(program) => program,
        Err(e) => return Some(format!("{e}\n{text}")),
    };
    program.attach_to = hook.to.map(str::to_owned);
    program.sleepable = hook.sleepable;
    // The recorded kernels are built without function error injection.
    if !needs_btf(p, map) && p.name != "bpf_override_return" {
        // Configurations differ: one of the newest kernels has to take it.
        let verdicts = ["linux-7.3", "linux-6.18"].map(|name| {
            let target = target::by_name(name).unwrap();
            verify(&Input {
                program: &program,
                target: &target,
                kernel_btf: None,
            })
            .verdict
        });
        match &verdicts {
            [Verdict::Accept, _] | [_, Verdict::Accept] => *verified += 1,
            [Verdict::Reject(v), _] => {
                return Some(format!(
                    "{prog_type:?}: refused at {}: {:?}\n{text}",
                    v.insn, v.fact
                ));
            }
            _ => {}
        }
    }
    let report = run(&program, &SmokeOptions::default());
    let called = report.called.contains_key(p.name);
    match &report.verdict {
        SmokeVerdict::Pass if called => None,
        SmokeVerdict::Pass => Some(format!("never called\n{text}")),
        other => {
            let why = report.fault().map(|(_, f)| f.to_string());
            let apart = report
                .disagreements()
                .next()
                .and_then(|r| r.disagreement.clone());
            Some(format!("{prog_type:?}: {other} {why:?} {apart:?}\n{text}"))
        }
    }
}

#[test]
fn every_helper_is_called_as_programs_call_it() {
    let (mut verified, mut count, mut wrong) = (0, 0, Vec::new());
    let mut types = BTreeSet::new();
    for p in spec::helpers(SERIES).filter(|p| p.id != 0) {
        count += 1;
        for map in maps_for(p) {
            types.extend(map.map(|(m, _)| m.name()));
            if let Some(why) = trouble(p, map, &mut verified) {
                wrong.push(format!("{} {} {map:?}: {why}", p.id, p.name));
            }
        }
    }
    let names: BTreeSet<&str> = wrong.iter().filter_map(|w| w.split(':').next()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} ({verified} verified): {names:?}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        count >= 211 && verified >= 195,
        "{count} helpers, {verified} verified"
    );
    assert_eq!(
        types.len(),
        MAPS.len(),
        "every map type is given to a helper"
    );
}

/// Names that runtimes list and that aren't helpers of that name in Linux.
#[test]
fn names_outside_the_numbers_run() {
    assert_eq!(
        spec::named("bpf_get_stackid_pe"),
        spec::named("bpf_get_stackid")
    );
    assert_eq!(spec::named("bpf_strcmp"), Some(Named::Kfunc("bpf_strcmp")));
    let text = ".option rdonly text\n.map text array 4 64 1\nr1 = mapval[text] ll\n\
        r2 = mapval[text]+8 ll\ncall kfunc[bpf_strcmp]\nexit";
    let program = raw::program(
        raw::Input::Asm(text.as_bytes()),
        "strcmp",
        Some((ProgType::SchedCls, None)),
    )
    .unwrap();
    let report = run(&program, &SmokeOptions::default());
    assert_eq!(report.verdict, SmokeVerdict::Pass);
    assert!(report.called.contains_key("bpf_strcmp"));
}

/// Every name in the runtimes' own lists is something that the tests above, or
/// those of the instructions and mechanisms, run.
#[test]
#[ignore = "needs the measured facts: cargo xtask oracle"]
fn every_name_that_runtimes_list_runs() {
    let dir = std::env::var_os("BPFASSAY_FACTS").expect("BPFASSAY_FACTS names a folder of facts");
    let path = std::path::PathBuf::from(dir).join("seed_lists.json");
    let text = std::fs::read_to_string(path).unwrap();
    let lists: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut names = Vec::new();
    collect(&lists, &mut names);
    let ran: BTreeSet<u32> = MAPS.iter().map(|(m, _)| m.id()).collect();
    let other = [
        MapType::ArrayOfMaps,
        MapType::HashOfMaps,
        MapType::StructOps,
        MapType::Arena,
    ];
    let mut checked = 0;
    for name in &names {
        match spec::named(name) {
            Some(Named::Helper(id)) => assert!(spec::helper_main(id, SERIES).is_some(), "{name}"),
            Some(Named::Map(m)) => {
                assert!(ran.contains(&m.id()) || other.contains(&m), "{name}");
            }
            Some(Named::Kfunc(name)) => assert_eq!(name, "bpf_strcmp"),
            _ => continue,
        }
        checked += 1;
    }
    assert!(checked > 250, "{checked} of {} names", names.len());
}

/// Every string of a list, and every `name`.
fn collect(value: &serde_json::Value, names: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(list) => {
            for entry in list {
                match entry.as_str().or_else(|| entry["name"].as_str()) {
                    Some(name) => names.push(name.to_owned()),
                    None => collect(entry, names),
                }
            }
        }
        serde_json::Value::Object(map) => map.values().for_each(|v| collect(v, names)),
        _ => {}
    }
}
