// SPDX-License-Identifier: MIT OR Apache-2.0
// OBJECT rust/aya_xdp.o
// OBJECT rust/aya_xdp_btf.o
// EXPECT prog=aya_filter target=linux-6.18 verdict=accept insns=58 processed=74
// EXPECT prog=aya_count target=linux-6.18 verdict=accept insns=51 processed=52
// EXPECT prog=aya_open target=linux-6.18 verdict=accept insns=19 processed=17
//! A small object made with Aya: an XDP port filter, a tc byte counter with a
//! ring buffer, and a kprobe with a perf buffer. Its maps are in Aya's legacy
//! `maps` section, which libbpf no longer loads.
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::xdp_action,
    helpers::{bpf_get_current_pid_tgid, bpf_ktime_get_ns},
    macros::{classifier, kprobe, map, xdp},
    maps::{Array, HashMap, LruHashMap, PerCpuArray, PerfEventArray, RingBuf},
    programs::{ProbeContext, TcContext, XdpContext},
};

#[map]
static BLOCKED: HashMap<u16, u64> = HashMap::with_max_entries(256, 0);
#[map]
static SEEN: LruHashMap<u32, u64> = LruHashMap::with_max_entries(1024, 0);
#[map]
static BYTES: PerCpuArray<u64> = PerCpuArray::with_max_entries(4, 0);
#[map]
static SETTINGS: Array<u32> = Array::with_max_entries(4, 0);
#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(4096, 0);
#[map]
static OPENS: PerfEventArray<Open> = PerfEventArray::new(0);

#[repr(C)]
pub struct Open {
    pid: u32,
    tid: u32,
    when: u64,
}

#[inline(always)]
fn at<T>(ctx: &XdpContext, offset: usize) -> Option<*const T> {
    let start = ctx.data();
    if start + offset + size_of::<T>() > ctx.data_end() {
        return None;
    }
    Some((start + offset) as *const T)
}

#[inline(always)]
fn filter(ctx: &XdpContext) -> Option<u32> {
    let kind = u16::from_be(unsafe { *at::<u16>(ctx, 12)? });
    if kind != 0x0800 {
        return Some(xdp_action::XDP_PASS);
    }
    let length = (unsafe { *at::<u8>(ctx, 14)? } & 15) as usize * 4;
    let source = unsafe { *at::<u32>(ctx, 26)? };
    let protocol = unsafe { *at::<u8>(ctx, 23)? };
    if protocol != 6 && protocol != 17 {
        return Some(xdp_action::XDP_PASS);
    }
    let port = u16::from_be(unsafe { *at::<u16>(ctx, 14 + length + 2)? });
    let now = unsafe { bpf_ktime_get_ns() };
    let _ = SEEN.insert(&source, &now, 0);
    if let Some(hits) = BLOCKED.get_ptr_mut(&port) {
        unsafe { *hits += 1 };
        return Some(xdp_action::XDP_DROP);
    }
    Some(xdp_action::XDP_PASS)
}

#[xdp]
pub fn aya_filter(ctx: XdpContext) -> u32 {
    filter(&ctx).unwrap_or(xdp_action::XDP_ABORTED)
}

#[classifier]
pub fn aya_count(ctx: TcContext) -> i32 {
    let sample = SETTINGS.get(0).copied().unwrap_or(0);
    if let Some(total) = BYTES.get_ptr_mut(1) {
        unsafe { *total += u64::from(ctx.len()) };
    }
    if sample != 0 && ctx.len() > sample {
        let Ok(proto) = ctx.load::<u16>(12) else {
            return 2;
        };
        if let Some(mut record) = EVENTS.reserve::<[u32; 2]>(0) {
            record.write([ctx.len(), u32::from(proto)]);
            record.submit(0);
        }
    }
    0
}

#[kprobe]
pub fn aya_open(ctx: ProbeContext) -> u32 {
    let id = bpf_get_current_pid_tgid();
    let open = Open { pid: (id >> 32) as u32, tid: id as u32, when: unsafe { bpf_ktime_get_ns() } };
    OPENS.output(&ctx, &open, 0);
    0
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
