//! Steered runs: branches that no seed meets are taken, by inputs that say why.

use super::program;
use crate::smoke::run::{SmokeOptions, run};
use crate::smoke::{Input, SmokeReport, SmokeVerdict};

fn steered(text: &str) -> SmokeReport {
    let options = SmokeOptions {
        most: 10,
        steered: 64,
        ..SmokeOptions::default()
    };
    run(&program(text), &options)
}

/// Runs a program, all of which must be reached, and runs each input again by its text.
#[track_caller]
fn reaches_all(text: &str) {
    let report = steered(text);
    assert_eq!(report.verdict, SmokeVerdict::Pass, "{text}");
    assert_eq!(report.unreached, [0; 0], "{text}\n{:?}", report.coverage);
    for one in &report.runs {
        let steer = one.input.steer.to_string().parse().unwrap();
        let again = [Input {
            steer,
            ..one.input.clone()
        }];
        let options = SmokeOptions {
            only: Some(&again),
            ..SmokeOptions::default()
        };
        let same = run(&program(text), &options);
        assert_eq!(same.runs[0].result, one.result, "{}", one.input.label);
    }
}

const END: &str = "r0 = 2\nexit\nrare:\nr0 = 1\nexit";

#[test]
fn fields_of_the_context() {
    reaches_all(&format!(
        ".type socket_filter\nr2 = *(u32 *)(r1 + 8)\nr2 ^= 7\nr2 <<= 1\nif r2 == 0x2468ace goto rare\n{END}"
    ));
    reaches_all(&format!(
        ".type sched_cls\nr2 = *(u32 *)(r1 + 0)\nif r2 == 777 goto rare\n{END}"
    ));
}

#[test]
fn bytes_of_the_packet_and_its_length() {
    let bounds = "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 150\n\
        if r4 > r3 goto out\n";
    reaches_all(&format!(
        "{bounds}r5 = *(u8 *)(r2 + 149)\nr6 = *(u8 *)(r2 + 148)\nr5 <<= 8\nr5 |= r6\n\
         if r5 == 0xbeef goto rare\nout:\n{END}"
    ));
    reaches_all(&format!(
        "{bounds}r5 = *(u16 *)(r2 + 140)\nr5 = be16 r5\n*(u64 *)(r10 - 8) = r5\n\
         r5 = *(u16 *)(r10 - 8)\nif w5 s> 0x7000 goto more\ngoto out\nmore:\n\
         if r5 == 0x7abc goto rare\nout:\n{END}"
    ));
}

#[test]
fn entries_of_maps_that_the_program_asks_for() {
    let lookup = "*(u32 *)(r10 - 4) = 7\nr1 = map[m] ll\nr2 = r10\nr2 += -4\n\
        call bpf_map_lookup_elem\nif r0 == 0 goto out\nr1 = *(u32 *)(r0 + 4)\n\
        if r1 == 0x12345 goto rare\nout:\n";
    reaches_all(&format!(".map m hash 4 8 8\n{lookup}{END}"));
    reaches_all(&format!(".map m array 4 8 16\n{lookup}{END}"));
    reaches_all(&format!(".map m percpu_array 4 8 16\n{lookup}{END}"));
}

#[test]
fn results_of_helpers() {
    reaches_all(&format!(
        "call bpf_get_prandom_u32\nif r0 == 0x1234567 goto rare\n{END}"
    ));
    reaches_all(&format!(
        ".map m hash 4 8 8\n*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr1 = map[m] ll\n\
         r2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem\n\
         if r0 s< 0 goto rare\n{END}"
    ));
    reaches_all(&format!(
        ".map m ringbuf 0 0 4096\nr1 = map[m] ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\n\
         if r0 == 0 goto rare\n*(u64 *)(r0 + 0) = 0\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\n{END}"
    ));
}

#[test]
fn pointers_within_kernel_objects_and_what_is_read_through_them() {
    let read = |off: u32| {
        format!(
            "r3 += {off}\nr1 = r10\nr1 += -8\nr2 = 8\ncall bpf_probe_read_kernel\n\
             if r0 != 0 goto out\nr3 = *(u64 *)(r10 - 8)\n"
        )
    };
    reaches_all(&format!(
        ".type kprobe\ncall bpf_get_current_task\nr3 = r0\n{}{}if w3 == 0x42 goto rare\nout:\n{END}",
        read(64),
        read(128)
    ));
    reaches_all(&format!(
        ".type kprobe\nr1 = r10\nr1 += -16\nr2 = 16\ncall bpf_get_current_comm\n\
         r1 = *(u32 *)(r10 - 16)\nif r1 == 0x78696e67 goto rare\n{END}"
    ));
}

#[test]
fn what_contradicts_an_earlier_branch_is_chosen_otherwise() {
    reaches_all(&format!(
        ".type socket_filter\nr2 = *(u32 *)(r1 + 8)\nif r2 < 100 goto out\nif r2 > 200 goto out\n\
         if r2 == 150 goto out\nif r2 > 190 goto rare\nout:\n{END}"
    ));
}

#[test]
fn without_steering_nothing_is_tried() {
    let report = run(
        &program(&format!(
            "call bpf_get_prandom_u32\nif r0 == 9 goto rare\n{END}"
        )),
        &SmokeOptions::default(),
    );
    assert_eq!((report.tried, report.unreached.len()), (0, 2));
    assert!(report.coverage.percent() < 100);
}
