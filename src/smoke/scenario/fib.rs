//! Lookups in the stated routes: what `bpf_fib_lookup` is told.
//!
//! The longest prefix of a table decides, of equal ones the lowest metric. Without a
//! `table` of their own, routes are in the main one (254). A route's `mtu` is one that it is
//! locked to, whatever the interface's. Neighbours are asked for the gateway, or for the
//! destination itself where there is none.

use std::net::IpAddr;

use super::{Route, RouteKind, Scenario};

/// Number of the main table.
pub(super) const MAIN: u32 = 254;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Where the packet comes in; goes out with `output`.
    pub dev: u32,
    /// Its destination.
    pub to: IpAddr,
    /// Its length without link header; 0 if it is not known.
    pub len: u32,
    /// The table; the main one if none is named.
    pub table: Option<u32>,
    /// The packet is of this host: of IPv4 it goes out by `dev`.
    pub output: bool,
    /// Neighbours are not asked.
    pub skip_neighbour: bool,
    /// A source address is wanted.
    pub source: bool,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No such interface.
    NoDevice,
    /// Nothing on what came in by this interface is forwarded.
    NotForwarding,
    /// No route, or one to this host.
    NotForwarded,
    /// The packet is to be dropped.
    Blackhole,
    /// There is no way.
    Unreachable,
    /// It is not allowed.
    Prohibit,
    /// The host chooses a source address among those of an interface, which nobody states.
    AnySource,
    /// The packet is longer than this.
    TooLong(u32),
    /// The next hop's link address is not known: interface, next hop, largest packet.
    NoNeighbour(Hop),
    /// The way.
    Way(Hop, [u8; 6]),
}

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The interface.
    pub dev: u32,
    /// Its link address.
    pub mac: [u8; 6],
    /// The largest packet.
    pub mtu: u32,
    /// The gateway, if there is one.
    pub via: Option<IpAddr>,
    /// The source address that the route suggests.
    pub src: Option<IpAddr>,
    /// The route's metric.
    pub metric: u32,
}

impl Scenario {
    /// How many entries a lookup goes through at most.
    pub fn fib_cost(&self) -> u64 {
        let routes = self.routes.as_ref().map_or(0, Vec::len);
        let interfaces = self.interfaces.as_ref().map_or(0, Vec::len);
        (routes + interfaces + self.neighbours.len()) as u64
    }

    fn route(&self, question: &Question) -> Option<&Route> {
        let table = question.table.unwrap_or(MAIN);
        // IPv6 only prefers its interface, and among equals, of which there are none.
        let bound = question.output && question.to.is_ipv4();
        let fits = |r: &&Route| {
            r.table == table
                && r.to.has(question.to)
                && (!bound || r.dev.is_none_or(|dev| dev == question.dev))
        };
        self.routes.iter().flatten().find(fits)
    }

    /// Looks a destination up.
    pub fn fib(&self, question: &Question) -> Found {
        let Some(incoming) = self.interface(question.dev) else {
            return Found::NoDevice;
        };
        if !incoming.forwarding {
            return Found::NotForwarding;
        }
        let Some(route) = self.route(question) else {
            return Found::NotForwarded;
        };
        let out = match route.kind {
            RouteKind::Blackhole => return Found::Blackhole,
            RouteKind::Unreachable => return Found::Unreachable,
            RouteKind::Prohibit => return Found::Prohibit,
            RouteKind::Local => return Found::NotForwarded,
            RouteKind::Unicast => route.dev.and_then(|dev| self.interface(dev)),
        };
        let Some(out) = out else {
            return Found::NotForwarded;
        };
        // No packet of IPv4 is longer, whatever the interface takes.
        let most = if question.to.is_ipv4() {
            65_535
        } else {
            u32::MAX
        };
        let mtu = route.mtu.unwrap_or(out.mtu.min(most));
        if question.len > mtu {
            return Found::TooLong(mtu);
        }
        if question.source && route.src.is_none() {
            return Found::AnySource;
        }
        let hop = Hop {
            dev: out.index,
            mac: out.mac,
            mtu,
            via: route.via,
            src: route.src,
            metric: route.metric,
        };
        let next = route.via.unwrap_or(question.to);
        let mut known = self.neighbours.iter();
        match known.find(|n| n.ip == next && n.dev == out.index) {
            Some(neighbour) => Found::Way(hop, neighbour.mac),
            None if question.skip_neighbour => Found::Way(hop, [0; 6]),
            None => Found::NoNeighbour(hop),
        }
    }
}
