//! Inputs: packets at the edges of what programs look at, and seeds.
//!
//! Packets are frames of every common protocol, whole, cut one byte short of each
//! header's end, with options, tags and extension headers, empty and huge. Ports
//! and addresses are taken from the program's own constants where it has any.

use super::runtime::Rng;
use super::steer::Steer;
use crate::helpers_spec::ProgType;
use crate::programs::Program;
use crate::programs::insn::{Op, Src, decode};

/// What a run is fed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// What it is, for the report.
    pub label: String,
    /// Seed of everything else.
    pub seed: u64,
    /// The packet, for types that have one (without link header where they have none).
    pub packet: Vec<u8>,
    /// Bytes of the context, in place of what would be made.
    pub context: Option<Vec<u8>>,
    /// Maps hold entries from the start, and lookups of missing keys make some.
    pub populated: bool,
    /// What is stated of the world beside all that.
    pub steer: Steer,
}

const ETH: usize = 14;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// Constants that a program compares with or stores, without the commonest.
pub fn constants(program: &Program) -> Vec<u64> {
    let mut out: Vec<u64> = decode(&program.insns)
        .iter()
        .filter_map(|op| match *op {
            Op::Jmp {
                src: Src::Imm(imm), ..
            } => Some(imm as u32 as u64),
            Op::LdImm64 {
                src: crate::programs::insn::ImmRef::Const(value),
                ..
            } => Some(value),
            _ => None,
        })
        .filter(|value| *value > 64)
        .collect();
    out.sort_unstable();
    out.dedup();
    out.truncate(64);
    out
}

/// Seeds of single inputs, drawn from one.
pub fn seeds(seed: u64) -> impl Iterator<Item = u64> {
    let mut rng = Rng(seed);
    std::iter::repeat_with(move || rng.draw())
}

/// Frames that run once more with the maps the other way round.
const TWINS: usize = 6;

/// The inputs to run a program on: `least` of them at least, `most` at most (then
/// spread over all kinds). Every other one has populated maps.
pub fn for_program(program: &Program, least: usize, most: usize, seed: u64) -> Vec<Input> {
    let mined = constants(program);
    let mut rng = Rng(seed);
    let mut out: Vec<Input> = Vec::new();
    if super::context::has_packet(program.prog_type) {
        let link = super::context::has_link_header(program.prog_type);
        for (label, frame) in frames(&mined, &mut rng) {
            let packet = if link {
                frame
            } else {
                frame.get(ETH..).unwrap_or(&[]).to_vec()
            };
            let shortest = if program.prog_type == ProgType::Xdp {
                ETH
            } else {
                0
            };
            if packet.len() >= shortest {
                out.push(Input {
                    label,
                    seed: rng.draw(),
                    packet,
                    populated: out.len() % 2 == 1,
                    ..Input::default()
                });
            }
        }
        for i in 0..TWINS.min(out.len()) {
            if let Some(mut twin) = out.get(i).cloned() {
                twin.seed = rng.draw();
                twin.populated = !twin.populated;
                out.push(twin);
            }
        }
    }
    while out.len() < least {
        let seed = rng.draw();
        out.push(Input {
            label: format!("seed {:x}", seed as u32),
            seed,
            populated: out.len() % 2 == 1,
            ..Input::default()
        });
    }
    if out.len() > most.max(1) {
        let (n, most) = (out.len(), most.max(1));
        let mut at = 0;
        out.retain(|_| {
            // Those at which `at * most / n` grows: evenly spread, the first among them.
            let keep = at == 0 || at * most / n != (at - 1) * most / n;
            at += 1;
            keep
        });
    }
    for input in out.iter_mut().filter(|i| i.populated) {
        input.label.push_str(", populated maps");
    }
    out
}

/// The one's complement of the sum of big-endian 16-bit words.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let sum: u32 = bytes
        .chunks(2)
        .map(|pair| match *pair {
            [a, b] => u32::from(a) << 8 | u32::from(b),
            [a] => u32::from(a) << 8,
            _ => 0,
        })
        .sum();
    let once = (sum & 0xffff) + (sum >> 16);
    (!((once & 0xffff) + (once >> 16)) as u16).to_be_bytes()
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + what.len()) {
        place.copy_from_slice(what);
    }
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    out.extend(ethertype.to_be_bytes());
    out.extend(payload);
    out
}

fn ipv4(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let len = 20 + options.len();
    let total = ((len + payload.len()) as u16).to_be_bytes();
    let mut out = vec![
        0x40 | (len / 4) as u8,
        0,
        total[0],
        total[1],
        0,
        1,
        0x40,
        0,
        64,
        protocol,
    ];
    out.extend([0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    out.extend(options);
    let sum = checksum(&out);
    put(&mut out, 10, &sum);
    out.extend(payload);
    out
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    let mut out = vec![0x60, 0, 0, 0, len[0], len[1], next, 64];
    out.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    out.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    out.extend(payload);
    out
}

fn tcp(port: u16, flags: u8, options: &[u8], data: &[u8]) -> Vec<u8> {
    let offset = ((20 + options.len()) / 4) as u8;
    let mut out = 40_000u16.to_be_bytes().to_vec();
    out.extend(port.to_be_bytes());
    out.extend([
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        offset << 4,
        flags,
        0xff,
        0xff,
        0,
        0,
        0,
        0,
    ]);
    out.extend(options);
    out.extend(data);
    out
}

fn udp(port: u16, data: &[u8]) -> Vec<u8> {
    let mut out = 40_000u16.to_be_bytes().to_vec();
    out.extend(port.to_be_bytes());
    out.extend(((8 + data.len()) as u16).to_be_bytes());
    out.extend([0, 0]);
    out.extend(data);
    out
}

/// Frames with a link header, each with its name.
pub fn frames(mined: &[u64], rng: &mut Rng) -> Vec<(String, Vec<u8>)> {
    let ports: Vec<u16> = mined
        .iter()
        .filter(|v| **v <= 0xffff)
        .map(|v| *v as u16)
        .collect();
    let port =
        |rng: &mut Rng, usual: u16| match ports.get(rng.below(2 * ports.len() as u64) as usize) {
            Some(port) if rng.below(2) == 0 => *port,
            // The program may compare in network order.
            Some(port) => port.swap_bytes(),
            None => usual,
        };
    let mut data = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".to_vec();
    for value in mined.iter().take(8) {
        data.extend(value.to_le_bytes());
    }
    const MSS: [u8; 12] = [2, 4, 5, 0xb4, 4, 2, 1, 3, 3, 7, 0, 0];
    let syn = tcp(port(rng, 80), 0x02, &MSS, &[]);
    let http = tcp(port(rng, 80), 0x18, &[], &data);
    let dns = udp(port(rng, 53), &data);
    let echo = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1, b'p', b'i', b'n', b'g'];
    let vlan = |inner: u16, payload: &[u8]| {
        let mut out = vec![0, 100];
        out.extend(inner.to_be_bytes());
        out.extend(payload);
        out
    };
    let v4 = ethernet(0x0800, &ipv4(TCP, &[], &http));
    let v4_udp = ethernet(0x0800, &ipv4(UDP, &[], &dns));
    let v6 = ethernet(0x86dd, &ipv6(TCP, &http));
    let arp = [
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
    ];
    let mut fragment = ipv4(UDP, &[], &dns);
    put(&mut fragment, 6, &[0x20, 0xb9]);
    let hop = [&[TCP, 0, 1, 4, 0, 0, 0, 0][..], &http].concat();
    let cut = |frame: &[u8], at: usize| frame.get(..at).unwrap_or(frame).to_vec();
    let list: Vec<(&str, Vec<u8>)> = vec![
        ("ipv4 tcp", v4.clone()),
        ("ipv4 udp", v4_udp.clone()),
        ("ipv4 icmp", ethernet(0x0800, &ipv4(ICMP, &[], &echo))),
        ("ipv6 tcp", v6.clone()),
        ("ipv6 udp", ethernet(0x86dd, &ipv6(UDP, &dns))),
        (
            "ipv6 icmp",
            ethernet(0x86dd, &ipv6(ICMPV6, &[128, 0, 0, 0, 0, 1, 0, 1])),
        ),
        (
            "tcp syn with options",
            ethernet(0x0800, &ipv4(TCP, &[], &syn)),
        ),
        (
            "ipv4 with options",
            ethernet(0x0800, &ipv4(TCP, &[1, 1, 1, 0], &http)),
        ),
        ("ipv4 fragment", ethernet(0x0800, &fragment)),
        ("ipv6 hop-by-hop", ethernet(0x86dd, &ipv6(0, &hop))),
        (
            "vlan ipv4",
            ethernet(0x8100, &vlan(0x0800, &ipv4(TCP, &[], &http))),
        ),
        (
            "qinq ipv6",
            ethernet(0x88a8, &vlan(0x8100, &vlan(0x86dd, &ipv6(UDP, &dns)))),
        ),
        (
            "ip in ip",
            ethernet(0x0800, &ipv4(4, &[], &ipv4(UDP, &[], &dns))),
        ),
        ("arp", ethernet(0x0806, &arp)),
        ("no payload", ethernet(0x0800, &[])),
        ("cut before ethertype", cut(&v4, ETH - 1)),
        ("cut in ipv4", cut(&v4, ETH + 19)),
        ("cut after ipv4", cut(&v4, ETH + 20)),
        ("cut in tcp", cut(&v4, ETH + 20 + 19)),
        ("cut in udp", cut(&v4_udp, ETH + 20 + 7)),
        ("cut after udp", cut(&v4_udp, ETH + 20 + 8)),
        ("cut in ipv6", cut(&v6, ETH + 39)),
        ("cut after ipv6", cut(&v6, ETH + 40)),
        ("empty", Vec::new()),
        ("one byte", vec![0x45]),
        ("noise", (0..128).map(|_| rng.draw() as u8).collect()),
        (
            "jumbo",
            ethernet(
                0x0800,
                &ipv4(TCP, &[], &tcp(80, 0x10, &[], &vec![0x5a; 3400])),
            ),
        ),
    ];
    list.into_iter()
        .map(|(label, frame)| (label.to_owned(), frame))
        .collect()
}
