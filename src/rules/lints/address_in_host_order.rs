//! `address-in-host-order`: an IPv4 address in network order is compared with a number in
//! the machine's.
//!
//! Only addresses that everybody writes: of the loopback and of private networks, as they
//! read from left to right; and only four bytes of a packet, or fields that are addresses by
//! definition. A number that is such an address in both orders says nothing (10.0.0.10).

use super::compared::{From, unturned};
use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::prelude::*;
use crate::programs::insn::Size;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for number in unturned(facts) {
        let Some(address) = u32::try_from(number.value)
            .ok()
            .filter(|v| is_written_so(*v) && !is_private(v.swap_bytes()))
        else {
            continue;
        };
        if is_address(number.from) {
            let [a, b, c, d] = address.to_be_bytes();
            let turned = address.swap_bytes();
            let what = format!(
                "{a}.{b}.{c}.{d} is compared with an address in network order, in which it reads {turned:#010x}"
            );
            let hit = Hit::at(LINT.rule, number.at, what);
            hits.push(hit.and(number.load, "the address is read here"));
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

/// Whether an address is one of a loopback or a private network.
fn is_private(address: u32) -> bool {
    let [a, b, ..] = address.to_be_bytes();
    matches!((a, b), (10 | 127, _) | (192, 168) | (172, 16..=31))
}

fn is_address(from: From) -> bool {
    match from {
        From::Packet { size, .. } => size == Size::W,
        From::Field(name) => name.ends_with("_ip4"),
    }
}
