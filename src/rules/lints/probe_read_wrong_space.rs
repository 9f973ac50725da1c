//! `probe-read-wrong-space`: user memory is read with the helper for the kernel's, or the
//! reverse.
//!
//! Only addresses whose side leaves no doubt: arguments of a system call as its event
//! hands them out, sockets, and objects that a function of the kernel returned. A pointer in
//! an object may be one to user memory, whatever its type.

use super::facts::Facts;
use super::flow::Root;
use super::hook::Hook;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::{helper, helper_name};
use crate::prelude::*;
use crate::programs::insn::{Op, Size};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Where an event of a system call's entry has its first argument.
const FIRST_ARGUMENT: i16 = 16;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let entry = matches!(Hook::of(facts.program),
        Hook::Event("syscalls", name) if name.starts_with("sys_enter_"));
    let kernel = [helper::PROBE_READ_KERNEL, helper::PROBE_READ_KERNEL_STR];
    let user = [
        helper::PROBE_READ_USER,
        helper::PROBE_READ_USER_STR,
        helper::COPY_FROM_USER,
    ];
    for (call, id) in facts.reached_helpers(&kernel).filter(|_| entry) {
        if is_argument(facts, call.insn) {
            let name = helper_name(id).unwrap_or("the call");
            let what = format!("`{name}` reads an argument of a system call, which is user memory");
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
    for (call, id) in facts.reached_helpers(&user) {
        let seen = facts.observed.calls(call.insn);
        let socket = |args: &[Pointee; 5]| args[2] == Pointee::Socket;
        let object = |args: &[Pointee; 5]| matches!(args[2], Pointee::Kernel(_));
        let known =
            seen.iter().all(socket) || seen.iter().all(object) && is_returned(facts, call.insn);
        if !seen.is_empty() && known {
            let name = helper_name(id).unwrap_or("the call");
            let what = format!("`{name}` reads an object of the kernel");
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}

/// Whether the address is a whole field of the event's arguments.
fn is_argument(facts: &Facts<'_>, insn: usize) -> bool {
    let Some(flow) = facts.flow() else {
        return false;
    };
    let field = |root: &Root| {
        let Root::Load(at) = root else { return false };
        let at = *at as usize;
        let wide = matches!(facts.ops.get(at),
            Some(Op::Load { off, size: Size::DW, .. }) if *off >= FIRST_ARGUMENT);
        wide && facts.observed.bases(at) == [Pointee::Ctx]
    };
    let roots = flow.roots(insn, 3);
    !roots.is_empty() && roots.iter().all(field)
}

/// Whether the address is what a call returned, with an offset at most.
fn is_returned(facts: &Facts<'_>, insn: usize) -> bool {
    let roots = facts.flow().map(|flow| flow.roots(insn, 3));
    roots.is_some_and(|roots| {
        let called = |root: &Root| matches!(root, Root::Call(_));
        let of_kernel = |root: &Root| called(root) || *root == Root::Core;
        roots.iter().any(called) && roots.iter().all(of_kernel)
    })
}
