//! `network-order-ignored`: the EtherType of a packet is compared as if it were in the
//! machine's byte order.
//!
//! Only EtherTypes are followed, because only their places and values leave no doubt: two
//! bytes of a packet at offset 12 (16 behind a VLAN tag), or a context's `protocol`, that are
//! not turned before they are compared with a well-known number. Ports and addresses have
//! no value that is wrong by itself.

use super::compared::unturned;
use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// EtherTypes that read otherwise when turned, with what they are.
const ETHER_TYPES: [(u16, &str); 6] = [
    (0x0800, "IPv4"),
    (0x0806, "ARP"),
    (0x8100, "VLAN"),
    (0x86dd, "IPv6"),
    (0x8847, "MPLS"),
    (0x88a8, "VLAN of providers"),
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for number in unturned(facts) {
        let mut known = ETHER_TYPES.iter();
        let known = known.find(|(n, _)| u64::from(*n) == number.value);
        if let Some((ether_type, name)) = known
            && number.is_ether_type(facts)
        {
            let turned = ether_type.swap_bytes();
            let what = format!(
                "{ether_type:#06x} ({name}) is compared with bytes of the packet in network order, in which it reads {turned:#06x}"
            );
            let hit = Hit::at(LINT.rule, number.at, what);
            hits.push(hit.and(number.load, "the EtherType is read here"));
        }
    }
}
