//! Mechanisms: callbacks, loops, timers, tail calls, exceptions, dynptrs,
//! iterators, locks, strings, packets, checksums; every helper at least once.

use std::sync::Arc;

use super::{image, program, run, run_with};
use crate::helpers_spec::{ProgType, SpecVersion, helpers};
use crate::programs::Program;
use crate::programs::insn::Insn;
use crate::smoke::engine::{Engine, FaultKind};
use crate::smoke::image::Image;
use crate::smoke::maps::Body;
use crate::smoke::packet::Packet;
use crate::smoke::reference::{NoTrace, Reference};
use crate::smoke::runtime::{Config, Runtime};
use crate::smoke::{SmokeOptions, SmokeVerdict};

#[test]
fn loops_call_back_and_stop_when_told() {
    let text = |stop: u32| {
        format!(
            "*(u64 *)(r10 - 8) = 0
             r1 = 10
             r2 = func[body] ll
             r3 = r10
             r3 += -8
             r4 = 0
             call bpf_loop
             r1 = *(u64 *)(r10 - 8)
             r0 <<= 32
             r0 |= r1
             exit
             func body:
             r3 = *(u64 *)(r2 + 0)
             r3 += r1
             *(u64 *)(r2 + 0) = r3
             r0 = 0
             if r1 != {stop} goto +1
             r0 = 1
             exit"
        )
    };
    assert_eq!(run(&text(99)), 10 << 32 | 45);
    assert_eq!(run(&text(3)), 4 << 32 | 6);
}

#[test]
fn tail_calls_go_33_deep_and_return_to_the_caller_of_the_frame() {
    let first = program(
        ".option name first
         .map t prog_array 4 4 2
         r6 = r1
         r2 = map[t] ll
         r3 = 0
         call bpf_tail_call
         r0 = 77
         exit",
    );
    for (slot, expected) in [(None, 77), (Some(0), 77), (Some(1), 5)] {
        let second = program(".option name second\n.map t prog_array 4 4 2\nr0 = 5\nexit");
        let image = Arc::new(Image::new([first.clone(), second]));
        let (result, rt) = run_with(&image, &Config::default(), |rt| {
            for map in &mut rt.maps {
                if let (Body::ProgArray(programs), Some(slot)) = (&mut map.body, slot) {
                    programs.insert(0, slot);
                }
            }
            0
        });
        assert_eq!(result.unwrap().ret, expected);
        if slot == Some(0) {
            assert_eq!(rt.tail_calls, 33);
        }
    }
}

#[test]
fn timers_run_after_the_program() {
    let image = image(
        ".map m array 4 24 1
         r1 = mapval[m] ll
         r2 = map[m] ll
         r3 = 0
         call bpf_timer_init
         r6 = r0
         r1 = mapval[m] ll
         r2 = func[tick] ll
         call bpf_timer_set_callback
         r6 |= r0
         r1 = mapval[m] ll
         r2 = 1000
         r3 = 0
         call bpf_timer_start
         r0 |= r6
         exit
         func tick:
         *(u64 *)(r3 + 16) = 123
         r0 = 0
         exit",
    );
    let program = image.programs[0].program.clone();
    let report = crate::smoke::run(&program, &SmokeOptions::default());
    assert_eq!(report.verdict, SmokeVerdict::Pass);
    assert!(report.runs.iter().all(|r| r.maps_changed.contains("m")));
}

#[test]
fn metadata_are_words_and_their_length_a_byte() {
    let check = |head: i32, meta: i32, expect: i64| {
        let text = format!(
            "r6 = r1\nr2 = {head}\ncall bpf_xdp_adjust_head\nr1 = r6\nr2 = {meta}\n\
             call bpf_xdp_adjust_meta\nexit"
        );
        let (result, _) = run_with(&image(&text), &Config::default(), |rt| {
            rt.packet = Packet::new(&mut rt.mem, &[0; 400], true);
            0
        });
        assert_eq!(result.unwrap().ret as i64, expect, "{head} {meta}");
    };
    check(0, -216, 0);
    check(0, -220, -22);
    check(0, -6, -13);
    check(100, -252, 0);
    check(100, -256, -13);
    check(100, 4, -22);
}

#[test]
fn dynptrs_have_bounds() {
    let text = "*(u64 *)(r10 - 8) = 0x1234
         r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\nr4 = r10\nr4 += -32
         call bpf_dynptr_from_mem
         r6 = r0
         r1 = r10\nr1 += -40\nr2 = 2\nr3 = r10\nr3 += -32\nr4 = 1\nr5 = 0
         *(u64 *)(r10 - 40) = 0
         call bpf_dynptr_read
         r6 |= r0
         r1 = r10\nr1 += -32\nr2 = 4\nr3 = 4
         call bpf_dynptr_data
         if r0 == 0 goto +1
         *(u32 *)(r0 + 0) = 7
         r1 = r10\nr1 += -32\nr2 = 5\nr3 = 4
         call bpf_dynptr_data
         r6 |= r0
         r0 = *(u64 *)(r10 - 40)
         r0 |= r6
         r1 = *(u32 *)(r10 - 4)
         r0 <<= 8
         r0 |= r1
         exit";
    assert_eq!(run(text), 0x12 << 8 | 7);
}

#[test]
fn iterators_and_locks_and_sections() {
    let text = "r6 = 0
         r1 = r10\nr1 += -8\nr2 = 2\nr3 = 6
         call kfunc[bpf_iter_num_new]
         r7 = r0
         next:
         r1 = r10\nr1 += -8
         call kfunc[bpf_iter_num_next]
         if r0 == 0 goto done
         r1 = *(s32 *)(r0 + 0)
         r6 += r1
         goto next
         done:
         r1 = r10\nr1 += -8
         call kfunc[bpf_iter_num_destroy]
         call kfunc[bpf_rcu_read_lock]
         call kfunc[bpf_rcu_read_unlock]
         r0 = r6
         r0 |= r7
         exit";
    assert_eq!(run(text), 2 + 3 + 4 + 5);
    let image = image(
        ".map m array 4 8 1\nr1 = mapval[m] ll\ncall bpf_spin_lock\nr1 = mapval[m] ll\ncall bpf_spin_lock\nexit",
    );
    let (result, _) = run_with(&image, &Config::default(), |_| 0);
    assert!(matches!(result.unwrap_err().kind, FaultKind::Misuse(_)));
}

#[test]
fn exceptions_end_the_program() {
    let image = image("r1 = 9\ncall kfunc[bpf_throw]\nr0 = 1\nexit");
    let (result, _) = run_with(&image, &Config::default(), |_| 0);
    let outcome = result.unwrap();
    assert_eq!((outcome.ret, outcome.thrown), (9, true));
}

#[test]
fn strings_are_parsed_and_printed() {
    // "-12" and "%d|%s" on the stack.
    let text = "r1 = 0x0032312d ll
         *(u64 *)(r10 - 8) = r1
         r1 = r10\nr1 += -8\nr2 = 4\nr3 = 10\nr4 = r10\nr4 += -16
         call bpf_strtol
         r6 = r0
         r1 = 0x0073257c6425 ll
         *(u64 *)(r10 - 24) = r1
         r3 = *(u64 *)(r10 - 16)
         r4 = r10\nr4 += -8
         r1 = r10\nr1 += -24\nr2 = 6
         call bpf_trace_printk
         r0 += r6
         exit";
    let image = image(text);
    let (result, rt) = run_with(&image, &Config::default(), |_| 0);
    assert_eq!(result.unwrap().ret, 3 + 7);
    assert_eq!(rt.output.printk, ["-12|-12"]);
}

#[test]
fn probes_zero_what_they_cannot_read() {
    let text = "*(u64 *)(r10 - 8) = -1
         r1 = r10\nr1 += -8\nr2 = 8\nr3 = 64
         call bpf_probe_read_kernel
         r1 = *(u64 *)(r10 - 8)
         r0 |= r1
         exit";
    assert_eq!(run(text) as i64, -14);
}

/// An XDP context: data, data_end, data_meta as the program reads them.
fn xdp(rt: &mut Runtime, bytes: &[u8]) -> u64 {
    use crate::smoke::inputs::Input;
    let input = Input {
        packet: bytes.to_vec(),
        seed: 3,
        ..Input::default()
    };
    let image = image("r0 = 0\nexit");
    crate::smoke::context::build(rt, &image, 0, &input, None).unwrap()
}

#[test]
fn packets_move_under_their_context() {
    let text = "r6 = r1
         r2 = *(u32 *)(r1 + 0)
         r3 = *(u32 *)(r1 + 4)
         r4 = r2
         r4 += 20
         if r4 > r3 goto short
         *(u8 *)(r2 + 13) = 9
         r2 = 4
         call bpf_xdp_adjust_head
         r2 = *(u32 *)(r6 + 0)
         r0 = *(u8 *)(r2 + 9)
         r3 = *(u32 *)(r6 + 4)
         r3 -= r2
         r0 <<= 8
         r0 |= r3
         exit
         short:
         r0 = 0
         exit";
    let image = image(text);
    let (result, rt) = run_with(&image, &Config::default(), |rt| xdp(rt, &[1; 40]));
    assert_eq!(result.unwrap().ret, 9 << 8 | 36);
    assert_eq!(rt.packet.unwrap().len(), 36);
    let (result, _) = run_with(&image, &Config::default(), |rt| xdp(rt, &[1; 19]));
    assert_eq!(result.unwrap().ret, 0);
}

#[test]
fn a_byte_beyond_the_packet_faults() {
    let image = image("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 20)\nexit");
    let (result, _) = run_with(&image, &Config::default(), |rt| xdp(rt, &[0; 21]));
    assert!(result.is_ok());
    let (result, _) = run_with(&image, &Config::default(), |rt| xdp(rt, &[0; 20]));
    assert_eq!(result.unwrap_err().site.insn, 1);
}

#[test]
fn legacy_loads_read_big_endian_and_end_the_program_outside() {
    let prepare = |rt: &mut Runtime| {
        rt.packet = Packet::new(&mut rt.mem, &[1, 2, 3, 4, 5, 6, 7, 8], true);
        0
    };
    for (text, expected) in [
        ("r6 = r1\nr0 = *(u32 *)skb[1]\nexit", 0x0203_0405),
        ("r6 = r1\nr0 = *(u16 *)skb[6]\nexit", 0x0708),
        ("r6 = r1\nr0 = *(u8 *)skb[7]\nr0 += 1\nexit", 9),
        ("r6 = r1\nr0 = *(u8 *)skb[8]\nr0 += 1\nexit", 0),
        ("r6 = r1\nr2 = 3\nr0 = *(u16 *)skb[r2 + 1]\nexit", 0x0506),
    ] {
        let (result, _) = run_with(&image(text), &Config::default(), prepare);
        assert_eq!(result.unwrap().ret, expected, "{text}");
    }
}

#[test]
fn checksums_add_up() {
    // The difference from nothing to 0x0001 0002 (as bytes) on a seed of 3.
    let text = "*(u32 *)(r10 - 4) = 0x00020001
         r1 = 0\nr2 = 0\nr3 = r10\nr3 += -4\nr4 = 4\nr5 = 3
         call bpf_csum_diff
         exit";
    assert_eq!(run(text), 6);
    // What was there before is taken off.
    let text = "*(u32 *)(r10 - 4) = 0x00020001
         *(u32 *)(r10 - 8) = 0x00000001
         r1 = r10\nr1 += -8\nr2 = 4\nr3 = r10\nr3 += -4\nr4 = 4\nr5 = 3
         call bpf_csum_diff
         exit";
    assert_eq!(run(text), 5);
}

/// Calls every helper with harmless arguments: zeroed stack memory of eight bytes
/// for pointers, small numbers otherwise. None may panic, all must agree.
#[test]
fn every_helper_runs_in_both_engines() {
    let mut known = 0;
    for proto in helpers(SpecVersion::V7_3) {
        if proto.id == 12 {
            continue;
        }
        let mut insns = vec![
            Insn::new(0x7a, 10, 0, -8, 0),
            Insn::new(0x7a, 10, 0, -16, 0),
        ];
        for reg in 1..=5 {
            insns.push(Insn::new(0xbf, reg, 10, 0, 0));
            insns.push(Insn::new(0x07, reg, 0, 0, -16));
        }
        insns.push(Insn::new(0xb7, 2, 0, 0, 8));
        insns.push(Insn::new(0x85, 0, 0, 0, proto.id as i32));
        insns.push(Insn::new(0x95, 0, 0, 0, 0));
        let program = Program::raw("helper", ProgType::SchedCls, None, insns);
        let image = Arc::new(Image::single(Arc::new(program)));
        let (result, _) = run_with(&image, &Config::default(), |rt| {
            rt.packet = Packet::new(&mut rt.mem, &[0x45; 64], true);
            0
        });
        let unknown = matches!(
            &result,
            Err(fault) if matches!(fault.kind, FaultKind::UnknownHelper(_))
        );
        assert!(!unknown, "{}", proto.name);
        known += 1;
    }
    assert!(known >= 210, "{known}");
}

#[test]
fn equal_seeds_give_equal_runs() {
    let image = image("call bpf_get_prandom_u32\nr6 = r0\ncall bpf_ktime_get_ns\nr0 ^= r6\nexit");
    let once = |seed| {
        let config = Config {
            seed,
            ..Config::default()
        };
        let mut rt = Runtime::new(&image, config).unwrap();
        Reference::<NoTrace>::default()
            .run(&image, 0, 0, &mut rt)
            .unwrap()
            .ret
    };
    assert_eq!(once(5), once(5));
    assert_ne!(once(5), once(6));
}

#[test]
fn long_programs_are_cut_into_texts() {
    // Loads become a dozen slots each, so this is several texts with jumps across.
    let mut text = String::from("*(u64 *)(r10 - 8) = 1\nr0 = 0\nr6 = 2\nr7 = 0\ntop:\n");
    for _ in 0..7_000 {
        text.push_str("r1 = *(u64 *)(r10 - 8)\nr0 += r1\n");
    }
    text.push_str("r6 += -1\nif r6 == 0 goto end\nif r7 == 0 goto top\nend:\nexit\n");
    // The way back is longer than sixteen bits of lowered slots.
    assert_eq!(run(&text), 14_000);
}

#[test]
fn arenas_have_as_many_pages_as_they_say() {
    let text = |pages: u32| {
        format!(
            ".map a arena 0 0 8
             r1 = map[a] ll
             r2 = 0
             r3 = {pages}
             r4 = 0
             r5 = 0
             call kfunc[bpf_arena_alloc_pages]
             if r0 == 0 goto out
             r6 = addr_space_cast(r0, 0x0, 0x1)
             *(u64 *)(r6 + 8) = 42
             r1 = addr_space_cast(r0, 0x0, 0x1)
             r0 = *(u64 *)(r1 + 8)
             r2 = *(u64 *)(r1 + 4096)
             r0 += r2
             out:
             exit"
        )
    };
    assert_eq!(run(&text(2)), 42);
    assert_eq!(run(&text(9)), 0);
    assert_eq!(run(&text(u32::MAX >> 1)), 0);
}
