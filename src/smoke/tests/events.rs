//! Perf events: opened, mapped, enabled, read and given a program by user space, written to
//! by programs through both engines.

use super::{image, run_with};
use crate::smoke::maps::errno::{E2BIG, EEXIST, EINVAL, ENOENT, ENOSPC, EOPNOTSUPP};
use crate::smoke::maps::events::EventKind;
use crate::smoke::runtime::{Config, Runtime};

/// Hands eight bytes to the event of this CPU.
const OUTPUT: &str = ".type kprobe\n.map events perf_event_array 4 4 4\nr6 = 7\n\
    *(u64 *)(r10 - 8) = r6\nr2 = map[events] ll\nr3 = 4294967295 ll\nr4 = r10\nr4 += -8\n\
    r5 = 8\ncall bpf_perf_event_output\nexit";

/// What the output returns after some preparation, and the runtime as it leaves it.
fn output(prepare: impl Fn(&mut Runtime)) -> (i64, Runtime) {
    let (result, rt) = run_with(&image(OUTPUT), &Config::default(), |rt| {
        prepare(rt);
        0
    });
    (result.unwrap().ret as i64, rt)
}

fn ready(rt: &mut Runtime, index: u32, pages: u32) {
    assert_eq!(rt.event_open(0, index, EventKind::Output), 0);
    assert_eq!(rt.event_mmap(0, index, pages), 0);
    assert_eq!(rt.event_enable(0, index, true), 0);
}

#[test]
fn unless_stated_otherwise_every_event_is_there() {
    let (returned, rt) = output(|_| {});
    assert_eq!((returned, rt.output.perf.len()), (0, 1));
}

#[test]
fn outputs_are_read_in_their_order() {
    let cpu = Config::default().cpu;
    let (returned, mut rt) = output(|rt| {
        ready(rt, cpu, 1);
        assert!(!rt.event_readable(0, cpu));
    });
    assert_eq!(returned, 0);
    assert!(rt.event_readable(0, cpu));
    assert_eq!(rt.event_output(0, u64::from(cpu), &[1, 2]), 0);
    let seven = 7u64.to_le_bytes().to_vec();
    assert_eq!(rt.event_read(0, cpu), Some(seven));
    assert_eq!(rt.event_read(0, cpu), Some(vec![1, 2]));
    assert_eq!(rt.event_read(0, cpu), None);
    assert!(!rt.event_readable(0, cpu));
}

#[test]
fn an_event_that_is_not_ready_takes_nothing() {
    let cpu = Config::default().cpu;
    let other = cpu + 1;
    let returned = |prepare: &dyn Fn(&mut Runtime)| output(prepare).0;
    assert_eq!(returned(&|rt| ready(rt, other, 1)), ENOENT);
    let open = |rt: &mut Runtime| assert_eq!(rt.event_open(0, cpu, EventKind::Output), 0);
    assert_eq!(returned(&open), EOPNOTSUPP, "not enabled");
    let unmapped = |rt: &mut Runtime| {
        open(rt);
        assert_eq!(rt.event_enable(0, cpu, true), 0);
    };
    assert_eq!(returned(&unmapped), ENOSPC);
    let probe = |rt: &mut Runtime| assert_eq!(rt.event_open(0, cpu, EventKind::Probe), 0);
    assert_eq!(returned(&probe), EINVAL, "a probe takes no output");
    let full = |rt: &mut Runtime| {
        ready(rt, cpu, 1);
        while rt.event_output(0, u64::from(cpu), &[0; 500]) == 0 {}
    };
    let (returned, rt) = output(full);
    assert_eq!(returned, ENOSPC);
    assert_eq!(rt.output.perf.len(), 4096 / 512);
}

#[test]
fn operations_on_events_have_their_errors() {
    let (_, mut rt) = output(|rt| ready(rt, 0, 2));
    assert_eq!(rt.event_open(0, 4, EventKind::Output), E2BIG);
    assert_eq!(rt.event_mmap(0, 0, 2), EINVAL, "mapped already");
    assert_eq!(rt.event_mmap(0, 1, 2), ENOENT);
    assert_eq!(rt.event_open(0, 1, EventKind::Output), 0);
    assert_eq!(rt.event_mmap(0, 1, 3), EINVAL, "no power of two");
    assert_eq!(rt.event_set_program(0, 1, 5), EINVAL, "no probe");
    assert_eq!(rt.event_open(0, 2, EventKind::Probe), 0);
    assert_eq!(rt.event_mmap(0, 2, 1), EINVAL, "no output");
    assert_eq!(rt.event_set_program(0, 2, 5), 0);
    assert_eq!(rt.event_set_program(0, 2, 6), EEXIST);
}

#[test]
fn presets_open_events_by_their_pages() {
    let cpu = Config::default().cpu.to_le_bytes();
    let with =
        |pages: u32| output(|rt| assert_eq!(rt.user_update(0, &cpu, &pages.to_le_bytes(), 0), 0)).0;
    assert_eq!(with(8), 0);
    assert_eq!(with(0), EOPNOTSUPP);
}
