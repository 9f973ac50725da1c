//! The host as a caller sees it: requests in, descriptors, errors and logs out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bpfassay::LoadLimits;
use bpfassay::programs::asm;
use bpfassay_embed::{Errno, Host, UserMemory, XdpContext, cmd};

const KPROBE: u32 = 2;
const XDP: u32 = 6;
const HASH: u32 = 1;
const ARRAY: u32 = 2;

/// The memory of a caller: what it was given, at addresses from 0x1000 on.
#[derive(Default)]
struct User(Vec<u8>);

const BASE: u64 = 0x1000;

impl User {
    fn put(&mut self, bytes: &[u8]) -> u64 {
        let address = BASE + self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        address
    }

    fn place(&self, address: u64, len: usize) -> Result<std::ops::Range<usize>, Errno> {
        let at = address.checked_sub(BASE).ok_or(Errno::EFAULT)? as usize;
        let end = at.checked_add(len).filter(|end| *end <= self.0.len());
        Ok(at..end.ok_or(Errno::EFAULT)?)
    }
}

impl UserMemory for User {
    fn read(&self, address: u64, into: &mut [u8]) -> Result<(), Errno> {
        into.copy_from_slice(&self.0[self.place(address, into.len())?]);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        let place = self.place(address, bytes.len())?;
        self.0[place].copy_from_slice(bytes);
        Ok(())
    }
}

fn words(fields: &[u32]) -> Vec<u8> {
    fields.iter().flat_map(|f| f.to_ne_bytes()).collect()
}

fn host() -> Host {
    limited(LoadLimits::default())
}

fn limited(limits: LoadLimits) -> Host {
    Host::new(limits).unwrap()
}

fn map(host: &mut Host, kind: u32, key: u32, value: u32, entries: u32) -> i64 {
    let attr = words(&[kind, key, value, entries, 0]);
    host.bpf(cmd::MAP_CREATE, &attr, &mut User::default())
}

/// Assembles; `map[NAME]` is a descriptor, by the order of the `.map` lines from 1 on.
fn assemble(text: &str) -> Vec<u8> {
    let helper = |name: &str| match name {
        "map_lookup_elem" => Some(1),
        "map_update_elem" => Some(2),
        "map_delete_elem" => Some(3),
        "ktime_get_ns" => Some(5),
        _ => None,
    };
    let mut out = asm::assemble_with(text, &helper).unwrap();
    for insn in &mut out.insns {
        if insn.opcode == 0x18 && insn.src == 5 {
            (insn.src, insn.imm) = (1, insn.imm + 1);
        }
    }
    let slot =
        |i: &bpfassay::programs::insn::Insn| i.to_bytes(bpfassay::programs::insn::Endian::Little);
    out.insns.iter().flat_map(slot).collect()
}

/// Loads, with room for so much log: the result and the log.
fn load_with(host: &mut Host, kind: u32, insns: &[u8], room: u32) -> (i64, String) {
    let mut user = User::default();
    let text = user.put(insns);
    let license = user.put(b"GPL\0");
    let log = user.put(&vec![0; room as usize]);
    let mut attr = words(&[kind, insns.len() as u32 / 8]);
    attr.extend(text.to_ne_bytes());
    attr.extend(license.to_ne_bytes());
    attr.extend(words(&[1, room]));
    attr.extend(log.to_ne_bytes());
    attr.extend(words(&[0, 0]));
    attr.extend(b"program\0\0\0\0\0\0\0\0\0");
    let done = host.bpf(cmd::PROG_LOAD, &attr, &mut user);
    let log = &user.0[(log - BASE) as usize..];
    let end = log
        .iter()
        .position(|b| *b == 0)
        .expect("a NUL ends the log");
    (done, String::from_utf8(log[..end].to_vec()).unwrap())
}

fn load(host: &mut Host, kind: u32, text: &str) -> (i64, String) {
    load_with(host, kind, &assemble(text), 4096)
}

/// What a program that is accepted returns for a packet.
#[track_caller]
fn returns(text: &str, packet: &[u8], expected: u64) {
    let mut host = host();
    let (fd, log) = load(&mut host, XDP, text);
    assert!(fd > 0, "{fd}: {log}");
    let mut from = XdpContext::default();
    from.ingress_ifindex = 7;
    assert_eq!(host.run_xdp(fd, &mut packet.to_vec(), from), Ok(expected));
}

/// What is told of a program that is refused: errno, and words of the log.
#[track_caller]
fn refuses(kind: u32, text: &str, errno: Errno, words: &str) {
    let (done, log) = load(&mut host(), kind, text);
    assert_eq!(done, errno.negative(), "{log}");
    assert!(log.contains(words), "{words:?} in {log}");
}

const FILTER: &str = "
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 14
    r0 = 1
    if r4 > r3 goto out
    r5 = *(u16 *)(r2 + 12)
    if r5 != 8 goto out
    r0 = 2
out:
    exit";

#[test]
fn a_packet_filter_runs() {
    let mut packet = [0; 60];
    returns(FILTER, &packet, 1);
    packet[12] = 8;
    returns(FILTER, &packet, 2);
    returns(FILTER, &packet[..13], 1);
    returns(FILTER, &[], 1);
}

#[test]
fn fields_of_the_context_are_where_the_host_has_them() {
    returns("r0 = *(u32 *)(r1 + 12); exit", &[0; 4], 7);
    returns(
        "r2 = *(u32 *)(r1 + 8); r0 = *(u32 *)(r1 + 0); r0 -= r2; exit",
        &[0; 4],
        0,
    );
}

const COUNTER: &str = "
    .map counts array 4 8 4
    r1 = *(u64 *)(r1 + 0)
    r1 &= 3
    *(u32 *)(r10 - 4) = r1
    r2 = r10
    r2 += -4
    r1 = map[counts] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
out:
    r0 = 0
    exit";

/// The value of a key, by a request.
fn value(host: &mut Host, fd: i64, key: u32) -> Result<u64, i64> {
    let mut user = User::default();
    let (key, out) = (user.put(&key.to_ne_bytes()), user.put(&[0; 8]));
    let mut attr = words(&[fd as u32, 0]);
    attr.extend([key, out, 0].iter().flat_map(|a| a.to_ne_bytes()));
    match host.bpf(cmd::MAP_LOOKUP_ELEM, &attr, &mut user) {
        0 => Ok(u64::from_ne_bytes(user.0[4..12].try_into().unwrap())),
        error => Err(error),
    }
}

#[test]
fn a_map_counter_runs() {
    let mut host = host();
    let counts = map(&mut host, ARRAY, 4, 8, 4);
    let (fd, log) = load(&mut host, KPROBE, COUNTER);
    assert!(fd > 0, "{fd}: {log}");
    assert!(log.contains("processed"), "{log}");
    for first in [2u64, 6, 3] {
        let mut registers = [0; 168];
        registers[..8].copy_from_slice(&first.to_ne_bytes());
        assert_eq!(host.run_kprobe(fd, &mut registers), Ok(0));
    }
    let all = [0, 1, 2, 3].map(|key| value(&mut host, counts, key).unwrap());
    assert_eq!(all, [0, 0, 2, 1]);
}

#[test]
fn a_hash_is_written_and_emptied() {
    let mut host = host();
    let seen = map(&mut host, HASH, 4, 8, 2);
    let text = "
        .map seen hash 4 8 2
        *(u32 *)(r10 - 4) = 5
        *(u64 *)(r10 - 16) = 77
        r1 = map[seen] ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = 1
        call map_update_elem
        if r0 == 0 goto out
        r6 = r0
        r1 = map[seen] ll
        r2 = r10
        r2 += -4
        call map_delete_elem
        r0 = r6
    out:
        exit";
    let (fd, log) = load(&mut host, KPROBE, text);
    assert!(fd > 0, "{fd}: {log}");
    assert_eq!(host.run_kprobe(fd, &mut [0; 168]), Ok(0));
    assert_eq!(value(&mut host, seen, 5), Ok(77));
    let there = Errno::EEXIST.negative() as u64;
    assert_eq!(host.run_kprobe(fd, &mut [0; 168]), Ok(there));
    assert_eq!(value(&mut host, seen, 5), Err(Errno::ENOENT.negative()));
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    let unchecked = "r2 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r2 + 0); exit";
    refuses(XDP, unchecked, Errno::EACCES, "packet-access-unchecked");
    refuses(XDP, unchecked, Errno::EACCES, "invalid access to packet");
    refuses(
        XDP,
        "r0 = *(u64 *)(r10 - 520); exit",
        Errno::EACCES,
        "stack",
    );
    refuses(KPROBE, "r0 = *(u64 *)(r1 + 168); exit", Errno::EACCES, "R1");
}

#[test]
fn what_the_host_lacks_is_named() {
    let lacks = Errno::EOPNOTSUPP;
    refuses(
        XDP,
        "call ktime_get_ns; r0 = 0; exit",
        lacks,
        "bpf_ktime_get_ns",
    );
    let local = "call one; exit; func one: r0 = 0; exit".replace(';', "\n");
    refuses(XDP, &local, lacks, "not offered here");
    refuses(XDP, "r1 = 1; r0 = (s8)r1; exit", lacks, "not offered here");
    refuses(1, "r0 = 0; exit", lacks, "socket_filter");
}

#[test]
fn rbpf_computes_what_was_verified() {
    // Each is wrong in rbpf as it comes; the packet makes the number unknown.
    let with = |code: &str| {
        format!(
            "r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r4 = r2; r4 += 8; r0 = 0
             if r4 > r3 goto out
             r1 = *(u64 *)(r2 + 0)
             {code}
             out: exit"
        )
    };
    let number = |n: i64| n.to_ne_bytes();
    let jump = |compare: &str| with(&format!("r0 = 1; if {compare} goto out; r0 = 2"));
    for n in [-1, -5, -6, 0, 3, i64::MIN, i64::MAX, 0xffff_fffb] {
        let unsigned = n as u64;
        let bound = -5i64 as u64;
        for (compare, holds) in [
            ("r1 == -5", unsigned == bound),
            ("r1 != -5", unsigned != bound),
            ("r1 > -5", unsigned > bound),
            ("r1 >= -5", unsigned >= bound),
            ("r1 < -5", unsigned < bound),
            ("r1 <= -5", unsigned <= bound),
            ("r1 s> -5", n > -5),
            ("r1 s<= -5", n <= -5),
            ("w1 == -5", n as u32 == bound as u32),
        ] {
            returns(&jump(compare), &number(n), if holds { 1 } else { 2 });
        }
        returns(
            &with("r0 = r1; r0 = -r0"),
            &number(n),
            n.wrapping_neg() as u64,
        );
        let halves = with("r3 = 0; r0 = r1; w0 %= w3");
        returns(&halves, &number(n), u64::from(n as u32));
    }
}

#[test]
fn requests_that_are_none_are_errors() {
    let mut host = host();
    let (inval, big) = (Errno::EINVAL.negative(), Errno::E2BIG.negative());
    assert_eq!(host.bpf(99, &[], &mut User::default()), inval);
    assert_eq!(host.bpf(cmd::PROG_LOAD, &[], &mut User::default()), big);
    let attr = words(&[XDP, 1, 0, 0]);
    let fault = host.bpf(cmd::PROG_LOAD, &attr, &mut User::default());
    assert_eq!(fault, Errno::EFAULT.negative());
    let exit = assemble("r0 = 0; exit");
    assert_eq!(load_with(&mut host, 4000, &exit, 64).0, inval);
    assert_eq!(
        load_with(&mut host, XDP, &exit, 4).0,
        Errno::ENOSPC.negative()
    );
    let (no_map, _) = load(&mut host, KPROBE, COUNTER);
    assert_eq!(no_map, Errno::EBADF.negative());
    assert_eq!(map(&mut host, ARRAY, 8, 8, 4), inval);
    assert_eq!(map(&mut host, ARRAY, 4, 4096, 1 << 20), big);
    assert_eq!(map(&mut host, 26, 4, 8, 4), inval);
    let nothing = host.run_xdp(1, &mut [], XdpContext::default());
    assert_eq!(nothing, Err(Errno::EBADF));
    // Every single byte changed: an answer, never a panic.
    let mut filter = assemble(FILTER);
    for at in 0..filter.len() {
        for byte in [0, 1, 0x18, 0x85, 0x95, 0xff] {
            let was = std::mem::replace(&mut filter[at], byte);
            let (fd, _) = load_with(&mut host, XDP, &filter, 4096);
            if fd > 0 {
                let run = host.run_xdp(fd, &mut [0; 60], XdpContext::default());
                assert!(run.is_ok(), "{at} {byte}");
            }
            filter[at] = was;
        }
    }
}

/// Thirty unknown bits decided one after another, each told apart by what is added, which
/// bounds a read in the end: 2^30 paths. Without a budget the verifier gives up after a
/// million instructions.
fn explosive() -> String {
    let mut text = String::from("r6 = *(u64 *)(r1 + 0)\nr7 = 0\n");
    for bit in 0..30 {
        text += &format!(
            "r8 = r6\nr8 >>= {bit}\nr8 &= 1\nif r8 == 0 goto l{bit}\nr7 += {}\nl{bit}:\n",
            1 << bit
        );
    }
    text + "*(u64 *)(r10 - 8) = 0\nr7 &= 7\nr1 = r10\nr1 += -8\nr1 += r7\nr0 = *(u8 *)(r1 + 0)\nexit"
}

/// Counts what this thread holds, and the most of it.
struct Counting;

thread_local! {
    static HELD: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

fn count(bytes: i64) {
    // Not while the thread ends.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: the system's allocator does it.
#[expect(unsafe_code, reason = "an allocator that counts")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as our caller asks.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as our caller asks.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_budget_that_ends_is_an_error() {
    let text = explosive();
    let few = LoadLimits {
        states: 20,
        ..LoadLimits::default()
    };
    let (done, log) = load(&mut limited(few), KPROBE, &text);
    assert_eq!(done, Errno::E2BIG.negative(), "{log}");
    assert!(log.contains("budget:states"), "{log}");

    let memory = 1 << 17;
    let small = LoadLimits {
        memory,
        ..LoadLimits::default()
    };
    let mut host = limited(small);
    let insns = assemble(&text);
    let (before, _) = HELD.get();
    HELD.set((before, before));
    let (done, log) = load_with(&mut host, KPROBE, &insns, 4096);
    let (_, most) = HELD.get();
    assert_eq!(done, Errno::ENOMEM.negative(), "{log}");
    assert!(log.contains("budget:memory"), "{log}");
    assert!(
        most - before < 2 * memory as i64,
        "{} bytes held within a budget of {memory}",
        most - before
    );
}
