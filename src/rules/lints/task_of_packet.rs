//! `task-of-packet`: a program on a packet's way asks for the current task.
//!
//! Packets come in by interrupts: the task that runs has nothing to do with them. Programs
//! of outgoing packets mostly run for the sender, and are left out; so are those of which it
//! isn't known which way their packets go.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{AttachType, ProgType, helper, helper_name};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const OF_TASK: [u32; 5] = [
    helper::GET_CURRENT_PID_TGID,
    helper::GET_CURRENT_UID_GID,
    helper::GET_CURRENT_COMM,
    helper::GET_CURRENT_TASK,
    helper::GET_CURRENT_TASK_BTF,
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    use ProgType as P;
    let p = facts.program;
    let on_the_way = match p.prog_type {
        P::Xdp => true,
        P::SchedCls | P::CgroupSkb => match p.attach_type {
            Some(attach) => {
                attach == AttachType::TcxIngress || attach == AttachType::CgroupInetIngress
            }
            None => p.section.ends_with("/ingress"),
        },
        _ => false,
    };
    if !on_the_way {
        return;
    }
    for (call, id) in facts.reached_helpers(&OF_TASK) {
        let name = helper_name(id).unwrap_or("the call");
        let what = format!("`{name}` tells of the task that happened to run when the packet came");
        hits.push(Hit::at(LINT.rule, call.insn, what));
    }
}
