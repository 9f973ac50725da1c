//! Helpers that answer from a scenario: routes, sockets, sizes of links, cgroups, clocks.
//!
//! Layouts and results are those of the programs' interface: `struct bpf_fib_lookup`,
//! `struct bpf_sock_tuple`, the numbers that `bpf_fib_lookup` and `bpf_check_mtu` return.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{Answer, Cx, ret};
use crate::helpers_spec::{ProgType, helper};
use crate::smoke::engine::Stop;
use crate::smoke::maps::errno::{EAFNOSUPPORT, EFAULT, EINVAL, ENODEV};
use crate::smoke::packet::ETH_HLEN;
use crate::smoke::scenario::{Found, Hop, Question, Scenario};

/// Bytes of `struct bpf_fib_lookup`.
const FIB: usize = 64;
/// Bytes that a lookup pays for each entry that it goes through.
const ROW: u64 = 16;

/// Flags of `bpf_fib_lookup`.
mod flag {
    pub const DIRECT: u64 = 1;
    pub const OUTPUT: u64 = 2;
    pub const SKIP_NEIGH: u64 = 4;
    pub const TBID: u64 = 8;
    pub const SRC: u64 = 16;
    pub const MARK: u64 = 32;
    pub const ALL: u64 = DIRECT | OUTPUT | SKIP_NEIGH | TBID | SRC | MARK;
}

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    let Some(scenario) = cx.rt.config.scenario.clone() else {
        return Ok(None);
    };
    match id {
        helper::GET_STACKID if cx.arg(3) & USER_STACK == 0 => stack_id(cx, &scenario, false),
        helper::GET_STACKID => stack_id(cx, &scenario, true),
        helper::GET_STACK => stack(cx, &scenario),
        helper::KTIME_GET_BOOT_NS => {
            let clock = cx.rt.tick();
            Ok(Some(clock.saturating_add(scenario.time.asleep)))
        }
        helper::GET_SOCKET_COOKIE => Ok(cookie(cx, &scenario)),
        _ if !scenario.answers(id) => Ok(None),
        helper::FIB_LOOKUP => fib(cx, &scenario),
        helper::CHECK_MTU => check_mtu(cx, &scenario),
        helper::SK_LOOKUP_TCP | helper::SKC_LOOKUP_TCP => lookup(cx, &scenario, true),
        helper::SK_LOOKUP_UDP => lookup(cx, &scenario, false),
        helper::KTIME_GET_TAI_NS => {
            let clock = cx.rt.tick();
            let (first, start) = (scenario.time.tai, scenario.time.monotonic);
            let passed = clock.saturating_sub(start.unwrap_or(cx.rt.started));
            Ok(Some(first.unwrap_or(0).saturating_add(passed)))
        }
        helper::GET_CURRENT_CGROUP_ID => Ok(scenario.current_cgroup()),
        helper::GET_CURRENT_ANCESTOR_CGROUP_ID => {
            let level = i64::from(cx.arg(1) as i32);
            let found = u64::try_from(level).ok().and_then(|l| scenario.ancestor(l));
            Ok(Some(found.flatten().unwrap_or(0)))
        }
        helper::GET_NUMA_NODE_ID => Ok(scenario.cpu.node.map(u64::from)),
        _ => Ok(None),
    }
}

/// Bytes of an argument's struct.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|b| b.first_chunk::<N>());
    found.copied().unwrap_or([0; N])
}

fn address(bytes: &[u8], at: usize, v4: bool) -> IpAddr {
    match v4 {
        true => Ipv4Addr::from(field::<4>(bytes, at)).into(),
        false => Ipv6Addr::from(field::<16>(bytes, at)).into(),
    }
}

fn set(bytes: &mut [u8], at: usize, what: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(what.len())) {
        place.copy_from_slice(what);
    }
}

fn set_address(bytes: &mut [u8], at: usize, addr: IpAddr) {
    match addr {
        IpAddr::V4(v4) => set(bytes, at, &v4.octets()),
        IpAddr::V6(v6) => set(bytes, at, &v6.octets()),
    }
}

/// `bpf_fib_lookup(ctx, params, plen, flags)`.
fn fib(cx: &mut Cx<'_>, scenario: &Scenario) -> Answer {
    let [_, _, len, flags, _] = cx.args;
    if len < FIB as u64 || flags & !flag::ALL != 0 {
        return ret(EINVAL);
    }
    cx.rt.spend(scenario.fib_cost() * ROW)?;
    let mut params = cx.bytes(2, FIB as u64)?;
    let v4 = match params.first() {
        Some(2) => true,
        Some(10) => false,
        _ => return ret(EAFNOSUPPORT),
    };
    let direct = flags & flag::DIRECT != 0;
    let table = u32::from_le_bytes(field(&params, 48));
    let question = Question {
        dev: u32::from_le_bytes(field(&params, 8)),
        to: address(&params, 32, v4),
        len: u32::from(u16::from_le_bytes(field(&params, 6))),
        // A table is only asked for where rules are left out.
        table: (direct && flags & flag::TBID != 0).then_some(table),
        output: flags & flag::OUTPUT != 0,
        skip_neighbour: flags & flag::SKIP_NEIGH != 0,
        source: flags & flag::SRC != 0,
    };
    let answer = match scenario.fib(&question) {
        Found::NoDevice => return ret(ENODEV),
        Found::Way(hop, dmac) => {
            out(&mut params, &hop, &question);
            set(&mut params, 6, &(hop.mtu as u16).to_le_bytes());
            if !question.skip_neighbour {
                set(&mut params, 52, &hop.mac);
                set(&mut params, 58, &dmac);
            }
            // What the tag of the outgoing link is: there is none.
            set(&mut params, 48, &[0; 4]);
            0
        }
        Found::Blackhole => 1,
        Found::Unreachable => 2,
        Found::Prohibit => 3,
        Found::NotForwarded => 4,
        Found::NotForwarding => 5,
        Found::NoNeighbour(hop) => {
            out(&mut params, &hop, &question);
            7
        }
        Found::TooLong(mtu) => {
            set(&mut params, 6, &(mtu as u16).to_le_bytes());
            8
        }
        Found::NoSource => 9,
    };
    cx.put(2, &params)?;
    ret(answer)
}

/// What a way out writes into the parameters.
fn out(params: &mut [u8], hop: &Hop, question: &Question) {
    set(params, 8, &hop.dev.to_le_bytes());
    set(params, 12, &hop.metric.to_le_bytes());
    if let Some(via) = hop.via {
        set_address(params, 32, via);
    }
    if let Some(src) = hop.src.filter(|_| question.source) {
        set_address(params, 16, src);
    }
}

/// `bpf_check_mtu(ctx, ifindex, mtu_len, len_diff, flags)`; 0 is the packet's own
/// interface.
fn check_mtu(cx: &mut Cx<'_>, scenario: &Scenario) -> Answer {
    let [_, dev, _, diff, flags] = cx.args;
    let xdp = cx.rt.prog_type == ProgType::Xdp;
    if flags & !1 != 0 || (xdp && flags != 0) {
        return ret(EINVAL);
    }
    let dev = match dev as u32 {
        0 => scenario.ingress,
        dev => Some(dev),
    };
    let Some(dev) = dev.and_then(|d| scenario.interface(d)) else {
        return ret(ENODEV);
    };
    let given = u32::from_le_bytes(field(&cx.bytes(3, 4)?, 0));
    // Segments have the lengths that they have.
    if flags != 0 && (diff as i32 != 0 || given != 0) {
        return ret(EINVAL);
    }
    let packet = cx.rt.packet.as_ref();
    let whole = packet.map_or(0, |p| p.len()) as i64;
    // A given length is of the network layer.
    let len = match given {
        0 => whole,
        given => i64::from(given).saturating_add(ETH_HLEN as i64),
    };
    let len = len.saturating_add(i64::from(diff as i32));
    cx.put(3, &dev.mtu.to_le_bytes())?;
    ret(i64::from(len > i64::from(dev.mtu) + ETH_HLEN as i64))
}

/// `bpf_sk_lookup_*(ctx, tuple, size, netns, flags)`.
fn lookup(cx: &mut Cx<'_>, scenario: &Scenario, tcp: bool) -> Answer {
    let [_, _, size, netns, flags] = cx.args;
    let v4 = match size {
        12 => true,
        36 => false,
        _ => return Ok(Some(0)),
    };
    // This network namespace only: its own number is -1.
    if flags != 0 || netns as i32 >= 0 {
        return Ok(Some(0));
    }
    let rows = scenario.sockets.as_ref().map_or(0, Vec::len) as u64;
    cx.rt.spend(rows * ROW)?;
    let tuple = cx.bytes(2, size)?;
    let wide = if v4 { 4 } else { 16 };
    let port = |at| u16::from_be_bytes(field(&tuple, at));
    let from = (address(&tuple, 0, v4), port(2 * wide));
    let to = (address(&tuple, wide, v4), port(2 * wide + 2));
    let Some(found) = scenario.socket(tcp, from, to) else {
        return Ok(Some(0));
    };
    socket(cx, scenario, found).map(Some)
}

/// The kernel's name for a stated socket.
fn name(socket: usize) -> String {
    format!("stated socket {socket}")
}

/// The address of a stated socket.
fn socket(cx: &mut Cx<'_>, scenario: &Scenario, number: usize) -> Result<u64, Stop> {
    let addr = cx
        .rt
        .kernel_object(&name(number), super::socket::SOCK_BYTES)?;
    if let (Some(id), Some(shown)) = (cx.rt.mem.find(addr), scenario.shown(number)) {
        set(cx.rt.mem.bytes_mut(id), 0, &shown);
    }
    Ok(addr)
}

/// The cookie of a stated socket; other things keep theirs.
fn cookie(cx: &Cx<'_>, scenario: &Scenario) -> Option<u64> {
    let addr = cx.arg(1);
    let sockets = scenario.sockets.iter().flatten().enumerate();
    let own = |n: usize| cx.rt.kernel.get(&name(n)) == Some(&addr);
    let mut sockets = sockets.filter(|(n, _)| own(*n));
    sockets.next().map(|(_, s)| s.cookie)
}

/// The flag of a stack of user space, and the bits of how many frames are left out.
const USER_STACK: u64 = 1 << 8;
const SKIP: u64 = 0xff;

/// The stated return addresses, without those that are left out.
fn frames(scenario: &Scenario, user: bool, flags: u64) -> Option<Vec<u64>> {
    let all = match user {
        true => scenario.task.user_stack.as_ref(),
        false => scenario.task.kernel_stack.as_ref(),
    };
    let skip = usize::try_from(flags & SKIP).unwrap_or(0);
    Some(all?.iter().copied().skip(skip).collect())
}

/// `bpf_get_stackid(ctx, map, flags)`: equal stacks have equal ids.
fn stack_id(cx: &mut Cx<'_>, scenario: &Arc<Scenario>, user: bool) -> Answer {
    const ALL: u64 = SKIP | USER_STACK | 1 << 9 | 1 << 10;
    let flags = cx.arg(3);
    if flags & !ALL != 0 {
        return ret(EINVAL);
    }
    let Some(ips) = frames(scenario, user, flags) else {
        return Ok(None);
    };
    if ips.is_empty() {
        return ret(EFAULT);
    }
    super::maps::keep_stack(cx, ips)
}

/// `bpf_get_stack(ctx, buf, size, flags)`: bytes written, the innermost frames first.
fn stack(cx: &mut Cx<'_>, scenario: &Scenario) -> Answer {
    let [_, _, size, flags, _] = cx.args;
    let user = flags & USER_STACK != 0;
    let Some(ips) = frames(scenario, user, flags) else {
        return Ok(None);
    };
    cx.fill(2, size, 0)?;
    let bytes: Vec<u8> = ips.iter().flat_map(|ip| ip.to_le_bytes()).collect();
    let len = bytes.len().min(size as usize / 8 * 8);
    cx.put(2, bytes.get(..len).unwrap_or(&[]))?;
    ret(len as i64)
}
