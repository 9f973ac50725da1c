//! Lookups among the stated sockets.
//!
//! A connection fits both ends; without one, a listener (of UDP: a socket that is not
//! connected) on the packet's destination, at its address before one at any address. One
//! that is bound to an interface takes what comes in by it, before one that takes all.

use std::net::IpAddr;

use super::{Scenario, Socket};

/// Bytes of `struct bpf_sock`.
pub(in crate::smoke) const SOCK_SHOWN: usize = 80;
/// States that a stated socket can be in; a socket of UDP listens in the last.
const ESTABLISHED: u32 = 1;
const LISTEN: u32 = 10;
const CLOSE: u32 = 7;

/// The socket that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// None.
    Nowhere,
    /// The one of this number.
    To(usize),
    /// That depends on the interface that it came in by, which is not stated.
    Depends,
}

impl Scenario {
    /// The socket that a packet from one end to the other belongs to, which came in by an
    /// interface: 0 for none.
    pub fn socket(
        &self,
        tcp: bool,
        from: (IpAddr, u16),
        to: (IpAddr, u16),
        by: Option<u32>,
    ) -> Belongs {
        let all = self.sockets.as_deref().unwrap_or(&[]);
        let find = |fits: &dyn Fn(&Socket) -> bool| {
            let fits = |s: &Socket| s.tcp == tcp && s.local.1 == to.1 && fits(s);
            let place =
                |bound: &dyn Fn(u32) -> bool| all.iter().position(|s| bound(s.dev) && fits(s));
            let bound = match by {
                None => place(&|dev| dev != 0).map(|_| Belongs::Depends),
                Some(by) => place(&|dev| dev != 0 && dev == by).map(Belongs::To),
            };
            bound.or_else(|| place(&|dev| dev == 0).map(Belongs::To))
        };
        let any = |s: &Socket| match s.local.0 {
            IpAddr::V4(v4) => v4.is_unspecified() && to.0.is_ipv4(),
            // A socket of IPv6 at any address takes IPv4 too.
            IpAddr::V6(v6) => v6.is_unspecified(),
        };
        find(&|s| s.local.0 == to.0 && s.remote == Some(from))
            .or_else(|| find(&|s| s.local.0 == to.0 && s.remote.is_none()))
            .or_else(|| find(&|s| any(s) && s.remote.is_none()))
            .unwrap_or(Belongs::Nowhere)
    }

    /// A socket as programs see it: the fields of `struct bpf_sock`.
    pub(in crate::smoke) fn shown(&self, socket: usize) -> Option<[u8; SOCK_SHOWN]> {
        let s = self.sockets.as_ref()?.get(socket)?;
        let mut out = [0; SOCK_SHOWN];
        let mut put = |at: usize, bytes: &[u8]| {
            if let Some(place) = out.get_mut(at..at.saturating_add(bytes.len())) {
                place.copy_from_slice(bytes);
            }
        };
        let v4 = s.local.0.is_ipv4();
        let state = match (s.tcp, s.remote) {
            (true, None) => LISTEN,
            (false, None) => CLOSE,
            (_, Some(_)) => ESTABLISHED,
        };
        let (kind, protocol) = if s.tcp { (1u32, 6u32) } else { (2, 17) };
        let words = [
            (0, s.dev),
            (4, if v4 { 2 } else { 10 }),
            (8, kind),
            (12, protocol),
            (16, s.mark),
            (20, s.priority),
            (44, u32::from(s.local.1)),
            (72, state),
        ];
        for (at, word) in words {
            put(at, &word.to_le_bytes());
        }
        let address = |addr: IpAddr, at4: usize, at6: usize| match addr {
            IpAddr::V4(v4) => (at4, v4.octets().to_vec()),
            IpAddr::V6(v6) => (at6, v6.octets().to_vec()),
        };
        let (at, bytes) = address(s.local.0, 24, 28);
        put(at, &bytes);
        if let Some((addr, port)) = s.remote {
            let (at, bytes) = address(addr, 52, 56);
            put(at, &bytes);
            put(48, &port.to_be_bytes());
        }
        Some(out)
    }
}
