//! `port-in-host-order`: a port in network order is compared with a number in the
//! machine's.
//!
//! Only well-known ports are followed: fields of contexts that are in network order by
//! definition, and two bytes of a packet where ports are: of TCP and UDP, behind plain
//! headers of IP and Ethernet, or from the pointer to one of these. Such a number, turned, is
//! no port that anybody would test for.

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

const PORTS: [u16; 14] = [
    22, 25, 53, 80, 123, 443, 3306, 4789, 5432, 6081, 6443, 8080, 8443, 9090,
];

/// Bytes before the ports: none, a header of IPv4 or IPv6, one of these behind Ethernet, plain
/// or with one tag or two.
const BEFORE: [i16; 9] = [0, 20, 40, 34, 54, 38, 58, 42, 62];

/// Where a packet has the port that is sent from, or to.
fn is_port(off: i16) -> bool {
    let there = |before: &i16| off == *before || off == before + 2;
    BEFORE.iter().any(there)
}

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for number in unturned(facts) {
        let port = PORTS.iter().find(|p| u64::from(**p) == number.value);
        if let Some(port) = port
            && let Some(what) = said(*port, number.from)
        {
            let hit = Hit::at(LINT.rule, number.at, what);
            hits.push(hit.and(number.load, "the port is read here"));
        }
    }
}

/// What is said of a port that was read there; nothing of what is no port.
fn said(port: u16, from: From) -> Option<String> {
    let turned = port.swap_bytes();
    match from {
        From::Packet { size: Size::H, off } if !is_port(off) => None,
        From::Packet { size: Size::H, .. } | From::Field("user_port") => Some(format!(
            "{port} is compared with a port in network order, in which it reads {turned} ({turned:#06x})"
        )),
        // Of two bytes or four, by the program's type.
        From::Field("remote_port") => Some(format!(
            "{port} is compared with `remote_port`, which is in network order"
        )),
        _ => None,
    }
}
