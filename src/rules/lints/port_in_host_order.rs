//! `port-in-host-order`: a port in network order is compared with a number in the
//! machine's.
//!
//! Only well-known ports are followed: fields of contexts that are in network order by
//! definition, and two bytes of a packet. Such a number, turned, is no port that anybody
//! would test for.

use super::facts::Facts;
use super::network_order_ignored::loaded;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::ctx_access;
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op, Size, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const PORTS: [u16; 14] = [
    22, 25, 53, 80, 123, 443, 3306, 4789, 5432, 6081, 6443, 8080, 8443, 9090,
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Jmp { op, dst, src, .. } = op else {
            continue;
        };
        if !matches!(op, JmpOp::Eq | JmpOp::Ne) || !facts.observed.reached(at) {
            continue;
        }
        let value = match src {
            Src::Imm(imm) => Some(*imm as u32 as u64),
            Src::Reg(reg) => flow.constant(at, *reg),
        };
        let port = PORTS.iter().find(|p| Some(u64::from(**p)) == value);
        let Some(port) = port else { continue };
        let Some(load) = loaded(flow, facts.ops, at, *dst) else {
            continue;
        };
        if is_port(facts, load) {
            let turned = port.swap_bytes();
            let what = format!(
                "{port} is compared with a port in network order, in which it reads {turned} ({turned:#06x})"
            );
            hits.push(Hit::at(LINT.rule, at, what).and(load, "the port is read here"));
        }
    }
}

fn is_port(facts: &Facts<'_>, load: usize) -> bool {
    let Some(Op::Load { off, size, .. }) = facts.ops.get(load) else {
        return false;
    };
    match facts.observed.bases(load) {
        [Pointee::Packet] => *size == Size::H,
        [Pointee::Ctx] => {
            let p = facts.program;
            let layout = ctx_access(p.prog_type, p.attach_type, facts.spec);
            layout.is_some_and(|layout| {
                let mut fields = layout.fields().iter();
                fields.any(|(name, at, _)| {
                    i64::from(*at) == i64::from(*off)
                        && matches!(&**name, "user_port" | "remote_port")
                })
            })
        }
        _ => false,
    }
}
