//! `address-in-host-order`: an IPv4 address in network order is compared with a number in
//! the machine's.
//!
//! Only addresses that everybody writes: of the loopback and of private networks, as they
//! read from left to right; and only fields that are addresses by definition.

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
            Src::Imm(imm) => Some(*imm as u32),
            Src::Reg(reg) => flow.constant(at, *reg).and_then(|v| u32::try_from(v).ok()),
        };
        let Some(address) = value.filter(|v| is_written_so(*v)) else {
            continue;
        };
        let Some(load) = loaded(flow, facts.ops, at, *dst) else {
            continue;
        };
        if is_address(facts, load) {
            let [a, b, c, d] = address.to_be_bytes();
            let turned = address.swap_bytes();
            let what = format!(
                "{a}.{b}.{c}.{d} is compared with an address in network order, in which it reads {turned:#010x}"
            );
            hits.push(Hit::at(LINT.rule, at, what).and(load, "the address is read here"));
        }
    }
}

/// Whether a number reads as a well-known address from left to right.
fn is_written_so(value: u32) -> bool {
    let [a, b, c, d] = value.to_be_bytes();
    match (a, b) {
        (127, 0) => (c, d) == (0, 1),
        (192, 168) => true,
        (10, _) => c == 0 && d != 0,
        _ => false,
    }
}

fn is_address(facts: &Facts<'_>, load: usize) -> bool {
    let Some(Op::Load {
        off, size: Size::W, ..
    }) = facts.ops.get(load)
    else {
        return false;
    };
    match facts.observed.bases(load) {
        [Pointee::Packet] => true,
        [Pointee::Ctx] => {
            let p = facts.program;
            let layout = ctx_access(p.prog_type, p.attach_type, facts.spec);
            layout.is_some_and(|layout| {
                let mut fields = layout.fields().iter();
                fields.any(|(name, at, _)| {
                    i64::from(*at) == i64::from(*off) && name.ends_with("_ip4")
                        || i64::from(*at) == i64::from(*off) && &**name == "user_ip4"
                })
            })
        }
        _ => false,
    }
}
