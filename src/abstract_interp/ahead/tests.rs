//! What is found of small programs, in assembler.

use super::StackAhead;
use super::constants::Constants;
use crate::abstract_interp::env::Env;
use crate::abstract_interp::state::State;
use crate::abstract_interp::verify::{Input, Prepared};
use crate::programs::raw;
use crate::target;

/// Shows what a target that looks ahead finds.
fn look<T>(body: &str, show: impl FnOnce(&Prepared, &StackAhead) -> T) -> T {
    let text = format!(".type xdp\n.map h hash 4 8 16\n{body}\n");
    let program = raw::program(raw::Input::Asm(text.as_bytes()), "t", None).unwrap();
    let target = target::by_name("linux-7.1").unwrap();
    let input = Input {
        program: &program,
        target: &target,
        kernel_btf: None,
    };
    let Ok(prepared) = Prepared::new(&input) else {
        panic!("{text}");
    };
    let constants: &Constants = prepared.constants.as_ref().unwrap();
    let Ok(env) = Env::new(&input, &prepared) else {
        panic!("{text}");
    };
    let ahead = StackAhead::of(&env, constants);
    show(&prepared, &ahead)
}

/// The halves of the main function's stack that may be read from slot `at` on, as the
/// bytes below the frame pointer where they begin.
#[track_caller]
fn check_alive(body: &str, at: u32, expect: &[u32]) {
    let alive = look(body, |prepared, ahead| {
        ahead.alive(&prepared.cfg, &State::new(0, false), at, 0)
    });
    let halves: Vec<u32> = (0..128).filter(|h| alive >> h & 1 != 0).collect();
    let expect: Vec<u32> = expect.iter().map(|bytes| bytes / 4 - 1).collect();
    assert_eq!(halves, expect, "{body}");
}

#[test]
fn stack_is_alive_until_it_is_read() {
    let body = "*(u64 *)(r10 - 8) = 1\nr0 = *(u64 *)(r10 - 8)\nexit";
    check_alive(body, 0, &[]);
    check_alive(body, 1, &[4, 8]);
    check_alive(body, 2, &[]);
}

#[test]
fn halves_are_told_apart() {
    // The lower four bytes are written before the read; two bytes fill no half.
    let rest = "r0 = *(u64 *)(r10 - 8)\nexit";
    check_alive(&format!("*(u32 *)(r10 - 8) = 1\n{rest}"), 0, &[4]);
    check_alive(&format!("*(u16 *)(r10 - 8) = 1\n{rest}"), 0, &[4, 8]);
}

#[test]
fn calls_read_what_their_signatures_say() {
    let key = "r2 = r10\nr2 += -12\nr1 = map[h] ll\ncall 1\nr0 = 0\nexit";
    check_alive(key, 0, &[12]);
    // A pointer that was spilled is followed.
    let spilled = "r2 = r10\nr2 += -12\n*(u64 *)(r10 - 24) = r2\nr2 = *(u64 *)(r10 - 24)\nr1 = map[h] ll\ncall 1\nr0 = 0\nexit";
    check_alive(spilled, 2, &[12]);
    check_alive(spilled, 3, &[12, 20, 24]);
}

#[test]
fn of_one_of_several_maps_the_largest_key_is_read() {
    let body = ".map w hash 16 8 16
        r1 = map[h] ll
        if r2 == 0 goto +2
        r1 = map[w] ll
        r2 = r10
        r2 += -24
        call 1
        r0 = 0
        exit";
    check_alive(body, 0, &[12, 16, 20, 24]);
}

#[test]
fn a_callee_s_reads_are_its_caller_s() {
    let body = "r1 = r10\nr1 += -16\ncall f\nr0 = 0\nexit\nf:\nr0 = *(u32 *)(r1 + 8)\n*(u64 *)(r1 + 0) = 1\nexit";
    check_alive(body, 0, &[8]);
    // What the callee surely writes is dead before the call.
    let body = "r6 = r10\nr1 = r10\nr1 += -16\ncall f\nr0 = *(u64 *)(r10 - 16)\nexit\nf:\n*(u64 *)(r1 + 0) = 1\nr0 = 0\nexit";
    check_alive(body, 0, &[]);
    check_alive(body, 4, &[12, 16]);
}

#[test]
fn branches_on_constants_are_settled() {
    let settled = |body| {
        look(body, |prepared, _| {
            prepared.constants.as_ref().map(|c| c.settled.clone())
        })
    };
    let body = "r6 = 3\nr0 = 0\nif r6 == 3 goto l\nr0 = 1\nl:\nexit";
    assert_eq!(settled(body), Some(vec![(2, 4)]));
    // Two constants meet: unknown.
    let body = "r6 = 3\nr0 = *(u32 *)(r1 + 0)\nif r0 == 7 goto l\nr6 = 4\nl:\nif r6 == 3 goto m\nr0 = 1\nm:\nexit";
    assert_eq!(settled(body), Some(vec![]));
}
