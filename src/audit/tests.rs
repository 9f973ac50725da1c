//! Worlds, by small programs in assembler.

use std::sync::Arc;

use super::guards::{Presence, Worlds};
use super::oldest::{Need, oldest};
use crate::abstract_interp::setup::facts::Facts;
use crate::cfg;
use crate::helpers_spec::{Known, ProgType, Release};
use crate::object::{F_RDONLY_PROG, MapDef, MapOrigin};
use crate::programs::{CoreOutcome, CoreRecord, Program, decode, raw};

fn program(text: &str) -> Program {
    let kind = Some((ProgType::Xdp, None));
    raw::program(raw::Input::Asm(text.as_bytes()), "p", kind).unwrap_or_else(|e| panic!("{e}"))
}

/// Makes the instruction a question whether an enumerator exists.
fn ask(program: &mut Program, insn: u32, enumerator: &str) {
    program.core_relocs.push(CoreRecord {
        insn,
        kind: 10,
        type_name: "enum bpf_func_id".into(),
        access: format!("::{enumerator}").into(),
        outcome: CoreOutcome::Value(1),
    });
}

fn with_worlds<T>(program: &Program, then: impl FnOnce(&Worlds<'_>) -> T) -> T {
    let ops = decode(&program.insns);
    let newest = crate::target::Target::default();
    let facts = Facts::new(program, &newest, &ops);
    let cfg = cfg::analyze(&program.insns, &ops, &facts, &facts.rules).unwrap();
    then(&Worlds::new(program, &ops, Some(&cfg), &[]))
}

/// `if (exists) bpf_ringbuf_query else bpf_get_prandom_u32`.
const EITHER: &str = "
    r6 = 1
    if r6 == 0 goto old
    r1 = 0
    r2 = 0
    call 134
    goto out
old:
    call 7
out:
    r0 = 0
    exit
";

#[test]
fn a_dated_guard_decides_by_release() {
    let mut p = program(EITHER);
    ask(&mut p, 0, "BPF_FUNC_ringbuf_query");
    with_worlds(&p, |w| {
        let (new, old) = (4, 6);
        let at = |major, minor| Release::new(major, minor);
        assert!(w.needed(at(5, 8), new) && !w.needed(at(5, 8), old));
        assert!(!w.needed(at(5, 7), new) && w.needed(at(5, 7), old));
        let presences = w.presences();
        assert!(matches!(presences.of(new), Presence::Conditional(_)));
        assert!(matches!(presences.of(old), Presence::Conditional(_)));
        assert_eq!(presences.of(0), Presence::Required);
        let needs = [
            Need {
                insns: vec![new],
                ..Need::whole("new", Some(Known::exactly(at(5, 8))))
            },
            Need {
                insns: vec![old],
                ..Need::whole("old", Some(Known::exactly(at(4, 1))))
            },
        ];
        let dead = vec![false; p.insns.len()];
        assert_eq!(oldest(&p, &needs, w, &dead).release, Some(at(4, 1)));
    });
}

#[test]
fn without_a_guard_both_ways_count() {
    // The register is read from memory, so nobody knows it.
    let text = EITHER.replace("r6 = 1", "r6 = *(u32 *)(r1 + 12)");
    let p = program(&text);
    with_worlds(&p, |w| {
        let presences = w.presences();
        for slot in 0..p.insns.len() {
            assert_eq!(presences.of(slot), Presence::Required, "slot {slot}");
        }
    });
}

#[test]
fn a_guard_of_unknown_age_makes_both_sides_optional() {
    let mut p = program(EITHER);
    ask(&mut p, 0, "NO_SUCH_ENUMERATOR");
    with_worlds(&p, |w| {
        let presences = w.presences();
        let condition = |slot| match presences.of(slot) {
            Presence::Conditional(c) => c,
            other => panic!("slot {slot}: {other:?}"),
        };
        assert_eq!((condition(4).when, condition(4).unless), (vec![0], vec![]));
        assert_eq!((condition(6).when, condition(6).unless), (vec![], vec![0]));
        assert!(!w.needed(Release::NEWEST, 4) && !w.needed(Release::NEWEST, 6));
    });
}

#[test]
fn a_guard_survives_a_spill_and_a_call() {
    let mut p = program(
        "
        r6 = 1
        *(u64 *)(r10 - 8) = r6
        call 7
        r7 = *(u64 *)(r10 - 8)
        if r7 == 0 goto out
        call 5
    out:
        r0 = 0
        exit
        ",
    );
    ask(&mut p, 0, "BPF_FUNC_ktime_get_ns");
    with_worlds(&p, |w| {
        assert!(matches!(w.presences().of(5), Presence::Conditional(_)));
        assert_eq!(w.presences().of(2), Presence::Required);
    });
    // A call that is given the slot's address may change it.
    let mut p = program(
        "
        r6 = 1
        *(u64 *)(r10 - 8) = r6
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0
        call 4
        r7 = *(u64 *)(r10 - 8)
        if r7 == 0 goto out
        call 5
    out:
        r0 = 0
        exit
        ",
    );
    ask(&mut p, 0, "BPF_FUNC_ktime_get_ns");
    with_worlds(&p, |w| assert_eq!(w.presences().of(9), Presence::Required));
}

#[test]
fn frozen_constants_turn_code_off() {
    let mut p = program(
        "
        r1 = mapval[0] + 4 ll
        r1 = *(u32 *)(r1 + 0)
        if r1 == 0 goto out
        call 5
    out:
        r0 = 0
        exit
        ",
    );
    let map = |bytes: &[u8]| MapDef {
        name: ".rodata".into(),
        map_type: 2,
        key_size: 4,
        value_size: 8,
        max_entries: 1,
        flags: F_RDONLY_PROG,
        kind: MapOrigin::Rodata,
        frozen: true,
        initial: Some(bytes.into()),
        ..MapDef::default()
    };
    p.maps = Arc::from([map(&[1, 0, 0, 0, 0, 0, 0, 0])]);
    with_worlds(&p, |w| assert_eq!(w.presences().of(4), Presence::Disabled));
    p.maps = Arc::from([map(&[1, 0, 0, 0, 1, 0, 0, 0])]);
    with_worlds(&p, |w| assert_eq!(w.presences().of(4), Presence::Required));
}

#[test]
fn loops_settle() {
    let p = program(
        "
        r6 = 0
    again:
        r6 += 1
        if r6 < 100 goto again
        if r6 == 7 goto odd
        r0 = 0
        exit
    odd:
        call 5
        r0 = 0
        exit
        ",
    );
    // The counter is any number after the loop: nothing is ruled out.
    with_worlds(&p, |w| assert_eq!(w.presences().of(6), Presence::Required));
}
