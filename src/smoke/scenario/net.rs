//! Addresses and prefixes.

use std::net::IpAddr;

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The address.
    pub addr: IpAddr,
    /// Bits.
    pub bits: u8,
}

/// An address as 128 bits from its first one on.
fn left(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl Prefix {
    /// Whether an address is in it.
    pub fn has(self, addr: IpAddr) -> bool {
        let other = left(self.addr) ^ left(addr);
        addr.is_ipv4() == self.addr.is_ipv4()
            && (self.bits == 0 || other.leading_zeros() >= u32::from(self.bits))
    }

    /// `10.0.0.0/8`, `2001:db8::/32`, or one address.
    pub fn parse(text: &str) -> Result<Prefix, String> {
        let (addr, bits) = match text.split_once('/') {
            Some((addr, bits)) => (addr, Some(bits)),
            None => (text, None),
        };
        let addr: IpAddr = addr
            .parse()
            .map_err(|_| format!("{addr:?} is no address"))?;
        let most = if addr.is_ipv4() { 32 } else { 128 };
        let bits: u8 = match bits {
            None => most,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|b| *b <= most)
                .ok_or_else(|| format!("{bits:?} is no number of bits up to {most}"))?,
        };
        let prefix = Prefix { addr, bits };
        let rest = match bits {
            0 => left(addr),
            bits => left(addr).checked_shl(u32::from(bits)).unwrap_or(0),
        };
        match rest {
            0 => Ok(prefix),
            _ => Err(format!("{text:?} has bits behind its first {bits}")),
        }
    }
}

/// `02:00:00:00:00:01`.
pub(super) fn mac(text: &str) -> Option<[u8; 6]> {
    let mut out = [0; 6];
    let mut parts = text.split(':');
    for place in &mut out {
        let part = parts.next().filter(|p| p.len() == 2)?;
        *place = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(out)
}

/// `10.0.0.1:80`, `[2001:db8::1]:80`, `*:80` (any address of IPv4).
pub(super) fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    if let Some(port) = text.strip_prefix("*:") {
        return Some((IpAddr::from([0; 4]), port.parse().ok()?));
    }
    let addr: std::net::SocketAddr = text.parse().ok()?;
    Some((addr.ip(), addr.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_hold_their_addresses() {
        let check = |prefix: &str, addr: &str, expect| {
            let prefix = Prefix::parse(prefix).unwrap();
            assert_eq!(prefix.has(addr.parse().unwrap()), expect, "{addr}");
        };
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("0.0.0.0/0", "1.2.3.4", true);
        check("0.0.0.0/0", "::1", false);
        check("2001:db8::/33", "2001:db8:7fff::1", true);
        check("2001:db8::/33", "2001:db8:8000::1", false);
        check("10.1.2.3", "10.1.2.3", true);
        for wrong in ["10.0.0.1/8", "10.0.0.0/33", "10/8", "::1/127", "::/129"] {
            assert!(Prefix::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(mac("02:00:00:00:00:0a"), Some([2, 0, 0, 0, 0, 10]));
        assert_eq!(mac("2:0:0:0:0:a"), None);
        assert_eq!(endpoint("*:53"), Some((IpAddr::from([0; 4]), 53)));
        assert_eq!(endpoint("10.0.0.1"), None);
    }
}
