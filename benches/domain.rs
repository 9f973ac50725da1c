//! Scalar domain, registers and states: what exploration does most.

use bpfassay::abstract_interp::domain::{Bounds, Cond, ScalarOp, ScalarRules};
use bpfassay::abstract_interp::explore::widen;
use bpfassay::abstract_interp::stack::{Byte, Slot};
use bpfassay::abstract_interp::state::State;
use bpfassay::abstract_interp::value::Reg;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn rules() -> ScalarRules {
    ScalarRules::V6_18
}

/// A range with some bits known, as masks and checks leave it.
fn operand(rules: &ScalarRules) -> Bounds {
    let mut x = Bounds::from_unsigned_range(3, 0x1234, rules);
    x = Bounds::alu(ScalarOp::And, false, &x, &Bounds::constant(0x0ff0), rules);
    x
}

#[divan::bench(args = [ScalarOp::Add, ScalarOp::Mul, ScalarOp::And, ScalarOp::Rsh])]
fn alu(bencher: Bencher, op: ScalarOp) {
    let rules = rules();
    let (a, b) = (operand(&rules), Bounds::constant(5));
    bencher.bench_local(|| Bounds::alu(op, false, black_box(&a), black_box(&b), &rules));
}

#[divan::bench(args = [false, true])]
fn refine(bencher: Bencher, taken: bool) {
    let rules = rules();
    let (a, b) = (operand(&rules), Bounds::constant(100));
    bencher.bench_local(|| {
        let (mut a, mut b) = (black_box(a), black_box(b));
        Bounds::refine(Cond::Lt, taken, false, &mut a, &mut b, &rules);
        (a, b)
    });
}

#[divan::bench]
fn covers(bencher: Bencher) {
    let rules = rules();
    let (old, cur) = (
        Bounds::from_unsigned_range(0, 0xffff, &rules),
        operand(&rules),
    );
    bencher.bench_local(|| black_box(&old).covers(black_box(&cur)));
}

/// A state whose registers and stack slots are all written.
fn full_state() -> State {
    let rules = rules();
    let mut state = State::new(0, false);
    for r in 0..10 {
        state.set_reg(r, Reg::scalar(operand(&rules)));
    }
    let stack = state.frame_mut().stack_mut();
    for slot in 0..64 {
        *stack.slot_mut(slot) = Slot {
            kinds: [Byte::Spill; 8],
            spill: Reg::scalar(operand(&rules)),
        };
    }
    state
}

/// What a branch costs: the copy, then a register of it written.
#[divan::bench]
fn fork_and_write_register(bencher: Bencher) {
    let state = full_state();
    bencher.bench_local(|| {
        let mut fork = black_box(&state).clone();
        fork.set_reg(3, Reg::constant(7));
        fork
    });
}

/// The same with a store to the stack.
#[divan::bench]
fn fork_and_write_slot(bencher: Bencher) {
    let state = full_state();
    bencher.bench_local(|| {
        let mut fork = black_box(&state).clone();
        fork.frame_mut().stack_mut().slot_mut(20).spill = Reg::constant(7);
        fork
    });
}

/// A comparison of all registers and slots of two equal states.
#[divan::bench]
fn compare_states(bencher: Bencher) {
    let (old, mut cur) = (full_state(), full_state());
    bencher.bench_local(|| widen(black_box(&old), &mut cur, Some(0)));
}
