//! Helpers that answer from a scenario: routes, sockets, sizes of links, cgroups, clocks.
//!
//! Layouts and results are those of the programs' interface: `struct bpf_fib_lookup`,
//! `struct bpf_sock_tuple`, the numbers that `bpf_fib_lookup` and `bpf_check_mtu` return.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Answer, Cx, ret};
use crate::helpers_spec::{AttachType, ProgType, helper};
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::maps::errno::{EAFNOSUPPORT, EFAULT, EINVAL, ENODEV};
use crate::smoke::packet::ETH_HLEN;
use crate::smoke::scenario::{Belongs, Found, Hop, Question, Scenario, Statement, USER_STACK};

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
    let Some(what) = Statement::of(id, &cx.args) else {
        return Ok(None);
    };
    // How long it slept is stated apart from the clock.
    if what == Statement::Boot {
        let clock = cx.rt.tick();
        return Ok(Some(clock.saturating_add(scenario.time.asleep)));
    }
    if !cx.rt.states(id, &cx.args) {
        return Ok(None);
    }
    match what {
        Statement::Routes => fib(cx, &scenario),
        Statement::Interfaces if id == helper::CHECK_MTU => check_mtu(cx, &scenario),
        Statement::Tcp => lookup(cx, &scenario, true),
        Statement::Udp => lookup(cx, &scenario, false),
        Statement::Cookie => Ok(cookie(cx, &scenario)),
        Statement::Tai => Ok(scenario.time.tai.map(|first| {
            let clock = cx.rt.tick();
            let start = scenario.time.monotonic.unwrap_or(cx.rt.started);
            first.saturating_add(clock.saturating_sub(start))
        })),
        Statement::Cgroup => Ok(scenario.current_cgroup()),
        Statement::Ancestor => {
            let level = i64::from(cx.arg(1) as i32);
            let found = u64::try_from(level).ok().and_then(|l| scenario.ancestor(l));
            Ok(Some(found.flatten().unwrap_or(0)))
        }
        Statement::Node => Ok(scenario.cpu.node.map(u64::from)),
        Statement::KernelStack | Statement::UserStack => stack(cx, &scenario, id),
        // Sending a copy asks for the interface beside the packet; the run's own task,
        // clock and processor are the stated ones.
        Statement::Interfaces
        | Statement::NoInterface(_)
        | Statement::Ids
        | Statement::User
        | Statement::Name
        | Statement::Clock
        | Statement::Boot
        | Statement::Cpu => Ok(None),
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
            let (mtu, fits) = room(cx, scenario, &hop, &question);
            set(&mut params, 6, &(mtu as u16).to_le_bytes());
            if !question.skip_neighbour {
                set(&mut params, 52, &hop.mac);
                set(&mut params, 58, &dmac);
            }
            // What the tag of the outgoing link is: there is none.
            set(&mut params, 48, &[0; 4]);
            if fits { 0 } else { 8 }
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
        Found::AnySource => {
            let what = "unknown: a source address is wanted, and the route states none (`src`)";
            return Err(FaultKind::NotModelled(what.into()).into());
        }
    };
    cx.put(2, &params)?;
    ret(answer)
}

/// The largest packet that goes a way, and whether this one does. Where a program of
/// traffic control tells no length, its packet is held against the link, whatever the
/// route says; a tag more is let through.
fn room(cx: &Cx<'_>, scenario: &Scenario, hop: &Hop, question: &Question) -> (u32, bool) {
    const TAG: usize = 4;
    let own = cx.rt.packet.as_ref();
    let own = own.filter(|_| question.len == 0 && cx.rt.prog_type != ProgType::Xdp);
    let (Some(packet), Some(link)) = (own, scenario.interface(hop.dev)) else {
        return (hop.mtu, true);
    };
    let most = (link.mtu as usize).saturating_add(ETH_HLEN + TAG);
    (link.mtu, packet.len() <= most)
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
    let given = u32::from_le_bytes(field(&cx.bytes(3, 4)?, 0));
    // Segments have the lengths that they have.
    let segments = flags != 0;
    if flags & !1 != 0 || (segments && (xdp || diff as i32 != 0 || given != 0)) {
        return ret(EINVAL);
    }
    let dev = match dev as u32 {
        0 => scenario.ingress.filter(|_| !leaves(cx)).ok_or_else(|| {
            let what = "unknown: the packet's own interface is asked for, and which it is, is \
                not stated (`ingress`)";
            FaultKind::NotModelled(what.into())
        })?,
        dev => dev,
    };
    let Some(dev) = scenario.interface(dev) else {
        return ret(ENODEV);
    };
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
    match scenario.socket(tcp, from, to, arrival(cx, scenario)) {
        Belongs::Nowhere => Ok(Some(0)),
        Belongs::To(found) => socket(cx, scenario, found).map(Some),
        Belongs::Depends => {
            let what = "unknown: a socket is bound to an interface, and by which the packet comes \
                in is not stated (`ingress`)";
            Err(FaultKind::NotModelled(what.into()).into())
        }
    }
}

/// Whether packets leave: by an interface that nobody states.
fn leaves(cx: &Cx<'_>) -> bool {
    use AttachType as A;
    matches!(
        cx.rt.attach_type,
        Some(A::CgroupInetEgress | A::TcxEgress | A::NetkitPrimary | A::NetkitPeer)
    )
}

/// The interface that a lookup takes its packet to have come in by: that of the packet,
/// none (0) where there is no packet, or where it is a socket's already.
fn arrival(cx: &Cx<'_>, scenario: &Scenario) -> Option<u32> {
    match &cx.rt.packet {
        None => Some(0),
        Some(_) if cx.rt.prog_type == ProgType::SkSkb => Some(0),
        Some(_) if leaves(cx) => None,
        Some(_) => scenario.ingress,
    }
}

/// The address of a stated socket.
fn socket(cx: &mut Cx<'_>, scenario: &Scenario, number: usize) -> Result<u64, Stop> {
    let addr = cx.rt.kernel_object(
        &format!("stated socket {number}"),
        super::socket::SOCK_BYTES,
    )?;
    cx.rt.sockets.insert(addr, number);
    if let (Some(id), Some(shown)) = (cx.rt.mem.find(addr), scenario.shown(number)) {
        set(cx.rt.mem.bytes_mut(id), 0, &shown);
    }
    Ok(addr)
}

/// The cookie of a stated socket; other things keep theirs.
fn cookie(cx: &Cx<'_>, scenario: &Scenario) -> Option<u64> {
    let number = *cx.rt.sockets.get(&cx.arg(1))?;
    Some(scenario.sockets.as_ref()?.get(number)?.cookie)
}

/// Flags of the helpers that take a stack: how many frames are left out, and more.
mod stack_flag {
    use crate::smoke::scenario::USER_STACK;

    pub const SKIP: u64 = 0xff;
    /// Files and places in them instead of addresses.
    pub const BUILD_ID: u64 = 1 << 11;
    /// Those of `bpf_get_stack`.
    pub const COPY: u64 = SKIP | USER_STACK | BUILD_ID;
    /// Those of `bpf_get_stackid`: to compare by hash only, to replace another.
    pub const ID: u64 = SKIP | USER_STACK | 1 << 9 | 1 << 10;
}

/// The stated return addresses, those that are left out taken away; `None` if there are
/// fewer than that.
fn frames(scenario: &Scenario, flags: u64) -> Option<&[u64]> {
    let all = match flags & USER_STACK {
        0 => scenario.task.kernel_stack.as_ref(),
        _ => scenario.task.user_stack.as_ref(),
    };
    let skip = usize::try_from(flags & stack_flag::SKIP).ok()?;
    all?.get(skip..)
}

fn stack(cx: &mut Cx<'_>, scenario: &Scenario, id: u32) -> Answer {
    match id {
        helper::GET_STACKID => stack_id(cx, scenario),
        _ => stack_copy(cx, scenario),
    }
}

/// `bpf_get_stackid(ctx, map, flags)`: equal stacks have equal ids.
fn stack_id(cx: &mut Cx<'_>, scenario: &Scenario) -> Answer {
    let flags = cx.arg(3);
    if flags & !stack_flag::ID != 0 {
        return ret(EINVAL);
    }
    match frames(scenario, flags) {
        None | Some([]) => ret(EFAULT),
        Some(ips) => super::maps::keep_stack(cx, ips.to_vec()),
    }
}

/// `bpf_get_stack(ctx, buf, size, flags)`: bytes written, the innermost frames first. What
/// is not written is zeros.
fn stack_copy(cx: &mut Cx<'_>, scenario: &Scenario) -> Answer {
    let [_, _, size, flags, _] = cx.args;
    /// Bytes of an address, and of a `struct bpf_stack_build_id`.
    const ADDRESS: u64 = 8;
    const BUILD_ID: u64 = 32;
    let ids = flags & stack_flag::BUILD_ID != 0;
    let each = if ids { BUILD_ID } else { ADDRESS };
    cx.fill(2, size, 0)?;
    // The kernel's own places have no build id.
    if flags & !stack_flag::COPY != 0
        || (ids && flags & USER_STACK == 0)
        || !size.is_multiple_of(each)
    {
        return ret(EINVAL);
    }
    let Some(ips) = frames(scenario, flags) else {
        return ret(EFAULT);
    };
    let fit = usize::try_from(size / each).unwrap_or(usize::MAX);
    let ips = ips.get(..fit).unwrap_or(ips);
    if ids && !ips.is_empty() {
        let what = "unknown: build ids of a stated stack";
        return Err(FaultKind::NotModelled(what.into()).into());
    }
    let bytes: Vec<u8> = ips.iter().flat_map(|ip| ip.to_le_bytes()).collect();
    cx.put(2, &bytes)?;
    ret(bytes.len() as i64)
}
