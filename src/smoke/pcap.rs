//! Capture files: packets in, packets out.
//!
//! Read are classic pcap of either byte order with micro- or nanoseconds, and
//! pcapng (enhanced, simple and obsolete packet blocks). Written is classic pcap,
//! little-endian, Ethernet. Times don't matter here and are written as a counter.
#![warn(clippy::arithmetic_side_effects)]

/// Link type of Ethernet.
pub const ETHERNET: u32 = 1;
/// Link type of bare IP packets.
pub const RAW_IP: u32 = 101;

/// Longest packet that is taken.
const MAX_PACKET: usize = 1 << 18;

/// The packets of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// How their first header is to be read (`LINKTYPE_*`).
    pub link_type: u32,
    /// Bytes of each packet.
    pub packets: Vec<Vec<u8>>,
}

struct Reader<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Reader<'_> {
    fn u32(&self, at: usize) -> Option<u32> {
        let word: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        })
    }

    fn slice(&self, at: usize, len: usize) -> Option<Vec<u8>> {
        if len > MAX_PACKET {
            return None;
        }
        Some(self.bytes.get(at..at.checked_add(len)?)?.to_vec())
    }
}

/// Reads a capture file; why not, if it is none.
pub fn read(bytes: &[u8]) -> Result<Capture, String> {
    let magic: [u8; 4] = bytes
        .get(..4)
        .and_then(|m| m.try_into().ok())
        .ok_or("too short for a capture")?;
    match u32::from_le_bytes(magic) {
        0xa1b2_c3d4 | 0xa1b2_3c4d => classic(Reader { bytes, big: false }),
        0xd4c3_b2a1 | 0x4d3c_b2a1 => classic(Reader { bytes, big: true }),
        0x0a0d_0d0a => next_generation(bytes),
        _ => Err("neither pcap nor pcapng".into()),
    }
}

fn classic(r: Reader<'_>) -> Result<Capture, String> {
    let link_type = r.u32(20).ok_or("the header is cut short")? & 0x0fff_ffff;
    let mut packets = Vec::new();
    let mut at = 24;
    while at < r.bytes.len() {
        let cut = || format!("record {} is cut short", packets.len());
        let len = r.u32(at.saturating_add(8)).ok_or_else(cut)? as usize;
        let packet = r.slice(at.saturating_add(16), len).ok_or_else(cut)?;
        at = at.saturating_add(16).saturating_add(len);
        packets.push(packet);
    }
    Ok(Capture { link_type, packets })
}

fn next_generation(bytes: &[u8]) -> Result<Capture, String> {
    let mut r = Reader { bytes, big: false };
    let mut out = Capture {
        link_type: ETHERNET,
        packets: Vec::new(),
    };
    let (mut at, mut known) = (0, false);
    while at < bytes.len() {
        let cut = || format!("the block at {at:#x} is cut short");
        let kind = r.u32(at).ok_or_else(cut)?;
        if kind == 0x0a0d_0d0a {
            let order = r.u32(at.saturating_add(8)).ok_or_else(cut)?;
            if order != 0x1a2b_3c4d {
                r.big = !r.big;
            }
        }
        let len = r.u32(at.saturating_add(4)).ok_or_else(cut)? as usize;
        if len < 12 || at.checked_add(len).is_none_or(|end| end > bytes.len()) {
            return Err(cut());
        }
        let packet = match kind {
            1 if !known => {
                known = true;
                out.link_type = r.u32(at.saturating_add(8)).ok_or_else(cut)? & 0xffff;
                if r.big {
                    out.link_type = r.u32(at.saturating_add(8)).ok_or_else(cut)? >> 16;
                }
                None
            }
            2 | 6 => Some((
                at.saturating_add(28),
                r.u32(at.saturating_add(20)).ok_or_else(cut)? as usize,
            )),
            3 => {
                let original = r.u32(at.saturating_add(8)).ok_or_else(cut)? as usize;
                Some((at.saturating_add(12), original.min(len.saturating_sub(16))))
            }
            _ => None,
        };
        if let Some((from, size)) = packet {
            if from.saturating_add(size) > at.saturating_add(len) {
                return Err(cut());
            }
            out.packets.push(r.slice(from, size).ok_or_else(cut)?);
        }
        at = at.saturating_add(len);
    }
    Ok(out)
}

/// A classic capture file of packets of a link type.
pub fn write<'a>(link_type: u32, packets: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let head = [
        0xa1b2_c3d4u32,
        0x0004_0002,
        0,
        0,
        MAX_PACKET as u32,
        link_type,
    ];
    out.extend(head.iter().flat_map(|w| w.to_le_bytes()));
    for (i, packet) in packets.into_iter().enumerate() {
        let len = packet.len() as u32;
        out.extend([0, i as u32, len, len].iter().flat_map(|w| w.to_le_bytes()));
        out.extend(packet);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let packets: [&[u8]; 3] = [&[1, 2, 3], &[], &[9; 70]];
        let read = read(&write(ETHERNET, packets)).unwrap();
        assert_eq!(read.link_type, ETHERNET);
        assert_eq!(read.packets, packets);
    }

    #[test]
    fn big_endian_and_next_generation_are_read() {
        let mut big = Vec::new();
        for word in [0xa1b2_c3d4u32, 0x0002_0004, 0, 0, 100, 101, 0, 0, 2, 2] {
            big.extend(word.to_be_bytes());
        }
        big.extend([7, 8]);
        let capture = read(&big).unwrap();
        assert_eq!(
            (capture.link_type, &capture.packets[..]),
            (101, &[vec![7, 8]][..])
        );
        let mut ng = Vec::new();
        // A section, an interface, an enhanced packet of three bytes, padded.
        for word in [
            0x0a0d_0d0a_u32,
            28,
            0x1a2b_3c4d,
            1,
            0xffff_ffff,
            0xffff_ffff,
            28,
        ] {
            ng.extend(word.to_le_bytes());
        }
        for word in [1u32, 20, 113, 0, 20, 6, 36, 0, 0, 0, 3, 3] {
            ng.extend(word.to_le_bytes());
        }
        ng.extend([4, 5, 6, 0]);
        ng.extend(36u32.to_le_bytes());
        let capture = read(&ng).unwrap();
        assert_eq!(
            (capture.link_type, &capture.packets[..]),
            (113, &[vec![4, 5, 6]][..])
        );
    }

    #[test]
    fn damage_is_an_error() {
        let good = write(ETHERNET, [&[1u8, 2, 3, 4][..]]);
        for cut in [3, 20, 30, good.len() - 1] {
            assert!(read(&good[..cut]).is_err(), "{cut}");
        }
        assert!(read(b"not a capture").is_err());
    }
}
