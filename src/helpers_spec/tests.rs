//! Lookups, order and uniqueness of the tables.

use super::*;

const V: SpecVersion = SpecVersion::V6_18;

#[test]
fn helpers_are_found() {
    let p = helper_proto(1, ProgType::Xdp, Some(AttachType::Xdp), V).unwrap();
    assert_eq!(p.name, "bpf_map_lookup_elem");
    assert_eq!(p.ret.base, RetType::MapValue);
    assert!(p.ret.flags.has(TypeFlags::MAYBE_NULL) && p.acquire);
    assert_eq!(p.arguments().count(), 2);
    assert_eq!(helper_id("bpf_redirect"), Some(23));
    assert_eq!(helper_id("redirect"), Some(23));
    assert_eq!(helper_count(V), 212);
}

#[test]
fn availability_follows_type_hook_and_version() {
    let ok = |id, t, a, to, s, v| helper_allowed(id, t, a, to, s, v);
    let redirect_map = 51;
    assert!(ok(redirect_map, ProgType::Xdp, None, None, false, V));
    assert!(!ok(redirect_map, ProgType::SchedCls, None, None, false, V));
    let copy_from_user = 148;
    assert!(ok(
        copy_from_user,
        ProgType::Tracing,
        Some(AttachType::TraceFentry),
        None,
        true,
        SpecVersion::V5_10
    ));
    assert!(!ok(
        copy_from_user,
        ProgType::Tracing,
        Some(AttachType::TraceFentry),
        None,
        false,
        SpecVersion::V5_10
    ));
    let setsockopt = 49;
    let cgroup = Some(AttachType::LsmCgroup);
    assert!(ok(
        setsockopt,
        ProgType::Lsm,
        cgroup,
        Some("bpf_lsm_socket_post_create"),
        false,
        V
    ));
    assert!(!ok(
        setsockopt,
        ProgType::Lsm,
        cgroup,
        Some("bpf_lsm_file_open"),
        false,
        V
    ));
    let tcp = |m| ok(setsockopt, ProgType::StructOps, None, Some(m), false, V);
    assert!(
        tcp("tcp_congestion_ops/init")
            && !tcp("tcp_congestion_ops/release")
            && !tcp("hid_bpf_ops/x")
    );
    let iter = Some(AttachType::TraceIter);
    assert!(ok(
        setsockopt,
        ProgType::Tracing,
        iter,
        Some("tcp"),
        false,
        V
    ));
    assert!(!ok(
        setsockopt,
        ProgType::Tracing,
        iter,
        Some("task"),
        false,
        V
    ));
}

#[test]
fn names_are_unique_and_sorted() {
    for v in SpecVersion::ALL {
        let names: Vec<_> = kfuncs(*v).map(|k| k.name).collect();
        assert!(names.windows(2).all(|w| w[0] < w[1]), "{v}");
        for name in names {
            assert_eq!(kfunc(name, *v).map(|k| k.name), Some(name));
        }
        for h in helpers(*v) {
            assert_eq!(helper_id(h.name), Some(h.id));
        }
        for set in ["btf_id_deny", "sleepable_lsm_hooks", "lsm:int"] {
            assert!(
                btf_set(set, *v).windows(2).all(|w| w[0] < w[1]),
                "{set} {v}"
            );
        }
    }
    for t in ProgType::ALL {
        assert_eq!(ProgType::from_name(t.name()), Some(*t));
        assert_eq!(ProgType::from_id(t.id()), Some(*t));
    }
    for t in AttachType::ALL {
        assert_eq!(AttachType::from_name(t.enumerator()), Some(*t));
    }
}

#[test]
fn contexts_type_their_fields() {
    let skb = ctx_access(ProgType::SchedCls, None, V).unwrap();
    assert_eq!(skb.struct_name, "__sk_buff");
    let data = skb.access(76, 4, false).unwrap();
    assert_eq!(
        (data.kind, data.nullable, data.name),
        (CtxKind::Packet, false, "data")
    );
    assert!(skb.access(76, 8, false).is_none() && skb.access(76, 4, true).is_none());
    assert_eq!(skb.access(8, 4, true).map(|f| f.name), Some("mark"));
    let sk = skb.access(168, 8, false).unwrap();
    assert_eq!((sk.kind, sk.nullable), (CtxKind::SockCommon, true));
    let filter = ctx_access(ProgType::SocketFilter, None, V).unwrap();
    assert!(filter.access(76, 4, false).is_none());
    let tp = ctx_access(ProgType::Tracepoint, None, V).unwrap();
    assert!(tp.access(8, 8, false).is_some() && tp.access(0, 8, false).is_none());
    assert!(tp.access(8192, 1, false).is_none() && tp.access(9, 2, false).is_none());
    let syscall = ctx_access(ProgType::Syscall, None, V).unwrap();
    assert!(syscall.access(65528, 4, true).is_some() && syscall.access(1, 4, true).is_none());
    assert!(ctx_access(ProgType::Tracing, Some(AttachType::TraceFentry), V).is_none());
    assert!(
        pointer_access("tcp_sock")
            .unwrap()
            .access(0, 4, false)
            .is_some()
    );
}

#[test]
fn kfuncs_know_their_callers() {
    let new = kfunc("bpf_iter_num_new", V).unwrap();
    assert!(new.flags.contains(KfFlags::ITER_NEW));
    assert!(kfunc_allowed(
        "bpf_iter_num_new",
        ProgType::Xdp,
        None,
        None,
        V
    ));
    assert!(kfunc_allowed(
        "bpf_dynptr_from_skb",
        ProgType::SchedCls,
        None,
        None,
        V
    ));
    assert!(!kfunc_allowed(
        "bpf_dynptr_from_skb",
        ProgType::Xdp,
        None,
        None,
        V
    ));
    assert!(kfunc("bpf_iter_num_new", SpecVersion::V6_1).is_none());
    assert!(
        kfunc("bpf_task_acquire", V)
            .unwrap()
            .flags
            .contains(KfFlags::ACQUIRE)
    );
}

#[test]
fn section_names_match_as_libbpf_matches_them() {
    let ty = |name, legacy| section(name, legacy).map(|rule| (rule.prog_type, rule.attach));
    let xdp = Some((ProgType::Xdp, Some(AttachType::Xdp)));
    assert_eq!(ty("xdp", false), xdp);
    assert_eq!(ty("xdp_prog1", false), None);
    assert_eq!(ty("xdp_prog1", true), xdp);
    let kprobe = Some((ProgType::Kprobe, None));
    assert_eq!(ty("kprobe/do_unlinkat", false), kprobe);
    assert_eq!(ty("kprobe", false), kprobe);
    assert_eq!(ty("kprobes", false), None);
    let ingress = (ProgType::SchedCls, Some(AttachType::TcxIngress));
    assert_eq!(ty("tc/ingress", false), Some(ingress));
    let unix = (
        ProgType::CgroupSockAddr,
        Some(AttachType::CgroupUnixConnect),
    );
    assert_eq!(ty("cgroup/connect_unix", true), Some(unix));
    assert_eq!(section_target("kprobe/a/b"), Some("a/b"));
}

#[test]
fn sections_ranges_and_sets() {
    let rule = section("fentry.s/foo", false).unwrap();
    assert!(rule.sleepable && rule.attach_btf && rule.attach == Some(AttachType::TraceFentry));
    assert!(section("nonsense", true).is_none());
    let r = ret_range(
        ProgType::CgroupSkb,
        Some(AttachType::CgroupInetEgress),
        None,
        V,
    )
    .unwrap();
    assert_eq!((r.min, r.max), (0, 3));
    assert!(ret_range(ProgType::Xdp, None, None, V).is_none());
    let lsm = Some(AttachType::LsmMac);
    let r = ret_range(ProgType::Lsm, lsm, Some("bpf_lsm_file_open"), V).unwrap();
    assert_eq!((r.min, r.max, r.bits32), (-4095, 0, true));
    assert!(lsm_hook_sleepable("bpf_lsm_file_open", V) && lsm_hook_sleepable("file_open", V));
    assert!(attach_denied("migrate_disable", V));
    assert_eq!(
        raw_tp_nullable("sched_pi_setprio", V).collect::<Vec<_>>(),
        [1]
    );
    assert!(message_classes().iter().any(|c| c.id == "uninit_reg"));
    assert!(map_helper_compat(map_type::HASH, 1, V) && !map_helper_compat(map_type::HASH, 12, V));
    assert!(map_field_allowed(map_type::ARRAY, "spin_lock", V));
    assert!(map_row(MapType::Ringbuf).is_some_and(|r| r.entries.allows(8192)));
}

#[test]
fn every_role_is_somebodys() {
    let kfuncs = || SpecVersion::ALL.iter().flat_map(|v| kfuncs(*v));
    for (role, word) in KfRole::ALL {
        assert!(kfuncs().any(|k| k.role == *role), "{word}");
    }
}

/// Texts as kernels word them, and what they are made of.
#[test]
fn classes_are_found_as_a_library_finds_them() {
    let texts = [
        "R0 min value is negative",
        "invalid read from stack off -16+0 size 4",
        "invalid read from stack R2: off=-16",
        "invalid indirect read from stack",
        "tracing progs cannot use bpf_{list_head,rb_root}",
        "unmatched rcu read unlock: name=bpf_rcu_read_unlock",
        "R3 is invalid",
        "R3 is invalid here",
        "stack size 512(extra 8)",
        "pkt pointer offset -1 is not allowed",
        "Expected an initialized dynptr as arg #1",
        "processed 3 insns",
        "not processed",
        "arg#0 expected pointer to ctx\nCaller passes invalid args into func#1",
        "math between\npkt pointer offset",
        "variable ctx access var_off=3",
        "",
    ];
    let mut all: Vec<&str> = texts.to_vec();
    all.extend(message_classes().iter().flat_map(|c| [c.regex, c.meaning]));
    for class in message_classes() {
        let library = regex::Regex::new(class.regex).unwrap();
        for text in &all {
            let (ours, theirs) = (
                super::pattern::found(class.regex, text),
                library.is_match(text),
            );
            assert_eq!(ours, theirs, "{} in {text}", class.regex);
        }
    }
}
