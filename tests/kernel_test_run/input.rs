//! The same input for both sides: a packet or a context, and maps.
//!
//! What the kernel's test run sets up is known: the packet comes in over the
//! loopback device, nothing else is set. [`prepare`] brings the context that
//! `smoke` makes in line with that.

use bpfassay::helpers_spec::{MapType, ProgType, SpecVersion, ctx_access};
use bpfassay::object::MapDef;
use bpfassay::object::btf::Type;
use bpfassay::programs::Program;
use bpfassay::smoke::context::has_link_header;
use bpfassay::smoke::memory::Kind;
use bpfassay::smoke::runtime::{Rng, Runtime};

/// Bytes of `struct __sk_buff`.
pub const SKB_BYTES: usize = 192;
/// Bytes of a link header.
pub const LINK: usize = 14;
/// The loopback device.
const LOOPBACK: u64 = 1;
/// More entries of a map are neither filled nor compared.
pub const ENTRIES: u32 = 1024;

/// Whether the kernel's test run gives the program the link header, too.
pub fn sees_link(prog_type: ProgType) -> bool {
    has_link_header(prog_type) && prog_type != ProgType::SocketFilter
}

/// Changes what `smoke` made to what the kernel makes of the same frame.
pub fn prepare(rt: &mut Runtime, frame: &[u8]) {
    let Some(ctx) = rt.ctx else { return };
    let prog_type = rt.prog_type;
    use ProgType as P;
    if matches!(
        prog_type,
        P::Syscall | P::RawTracepoint | P::SkLookup | P::Netfilter
    ) {
        return;
    }
    let skb = prog_type != ProgType::Xdp;
    let layout = ctx_access(prog_type, rt.attach_type, SpecVersion::V7_3);
    let Some(layout) = layout else { return };
    let len = rt.packet.as_ref().map_or(0, |p| p.len()) as u64;
    for byte in rt.mem.bytes_mut(ctx) {
        *byte = 0;
    }
    for (name, off, size) in layout.fields() {
        let value = if skb {
            skb_field(name, frame, len)
        } else {
            u64::from(*name == "ingress_ifindex") * LOOPBACK
        };
        let (off, size) = (usize::from(*off), usize::from(*size).min(8));
        if value != 0 {
            rt.mem.bytes_mut(ctx)[off..off + size].copy_from_slice(&value.to_le_bytes()[..size]);
        }
    }
    if skb {
        addresses(rt, frame);
    }
    if prog_type == ProgType::FlowDissector {
        flow_keys(rt, frame);
    }
}

/// The protocol as the link header says it, in network order.
fn protocol(frame: &[u8]) -> u64 {
    let ethertype = u16::from_be_bytes([frame[12], frame[13]]);
    let value = match ethertype {
        0x600.. => ethertype,
        _ if frame.get(LINK..LINK + 2) == Some(&[0xff, 0xff]) => 1,
        _ => 4,
    };
    u64::from(value.swap_bytes())
}

fn skb_field(name: &str, frame: &[u8], len: u64) -> u64 {
    match name {
        "len" | "wire_len" => len,
        "protocol" => protocol(frame),
        "ifindex" => LOOPBACK,
        "pkt_type" => match frame {
            [0, 0, 0, 0, 0, 0, ..] => 0,
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ..] => 1,
            [first, ..] if first & 1 == 1 => 2,
            _ => 3,
        },
        "family" => match protocol(frame) {
            0x0008 => 2,
            0xdd86 => 10,
            _ => 0,
        },
        _ => 0,
    }
}

/// The test run's socket has the packet's addresses.
fn addresses(rt: &mut Runtime, frame: &[u8]) {
    let Some(ctx) = rt.ctx else { return };
    let bytes = rt.mem.bytes_mut(ctx);
    let mut put = |at: usize, from: Option<&[u8]>| {
        if let Some(from) = from
            && let Some(place) = bytes.get_mut(at..at + from.len())
        {
            place.copy_from_slice(from);
        }
    };
    let at = |from: usize, len: usize| frame.get(LINK + from..LINK + from + len);
    match protocol(frame) {
        // Both or none: the header must be whole.
        0x0008 if frame.len() >= LINK + 20 => {
            put(92, at(16, 4));
            put(96, at(12, 4));
        }
        0xdd86 if frame.len() >= LINK + 40 => {
            put(100, at(24, 16));
            put(116, at(8, 16));
        }
        _ => {}
    }
}

/// Contexts of `sk_lookup`: who asks for which port, over both protocols and families.
pub fn lookups() -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for (family, protocol) in [(2u32, 6u32), (2, 17), (10, 6), (10, 17)] {
        for (remote, local) in [(0u16, 0u16), (40_000, 80), (8_008, 7_007), (53, 65_535)] {
            let mut ctx = vec![0; 72];
            let mut put =
                |at: usize, bytes: &[u8]| ctx[at..at + bytes.len()].copy_from_slice(bytes);
            put(8, &family.to_le_bytes());
            put(12, &protocol.to_le_bytes());
            let address = |last: u8| match family {
                2 => vec![127, 0, 0, last],
                _ => [&[0xfd; 15][..], &[last]].concat(),
            };
            put(if family == 2 { 16 } else { 20 }, &address(1));
            put(36, &remote.to_be_bytes());
            put(if family == 2 { 40 } else { 44 }, &address(2));
            put(60, &u32::from(local).to_le_bytes());
            out.push(ctx);
        }
    }
    out
}

/// Flow keys as the dissector begins with them.
fn flow_keys(rt: &mut Runtime, frame: &[u8]) {
    let Some(keys) = flow_keys_region(rt) else {
        return;
    };
    let bytes = rt.mem.bytes_mut(keys);
    bytes.fill(0);
    bytes[0..2].copy_from_slice(&(LINK as u16).to_le_bytes());
    bytes[2..4].copy_from_slice(&(LINK as u16).to_le_bytes());
    bytes[10..12].copy_from_slice(&frame[12..14]);
}

/// The flow keys afterwards: the kernel keeps the offsets inside the packet.
pub fn flow_keys_after(rt: &Runtime, frame: &[u8]) -> Vec<u8> {
    let Some(id) = flow_keys_region(rt) else {
        return Vec::new();
    };
    let mut keys = rt.mem.bytes(id).to_vec();
    let at = |keys: &[u8], i: usize| u16::from_le_bytes([keys[i], keys[i + 1]]);
    let len = frame.len() as u16;
    let network = at(&keys, 0).clamp(LINK as u16, len);
    let transport = at(&keys, 2).clamp(network, len);
    keys[0..2].copy_from_slice(&network.to_le_bytes());
    keys[2..4].copy_from_slice(&transport.to_le_bytes());
    keys
}

/// Offset of the flow keys in `struct __sk_buff`.
const SKB_FLOW_KEYS: u64 = 144;

/// Where the flow keys are.
pub fn flow_keys_region(rt: &Runtime) -> Option<bpfassay::smoke::memory::RegionId> {
    let addr = rt.mem.load(rt.mem.base(rt.ctx?) + SKB_FLOW_KEYS, 8).ok()?;
    rt.mem
        .find(addr)
        .filter(|id| rt.mem.kind(*id) == Some(Kind::Buffer))
}

/// Whether a map's values are bytes that user space may write and read.
pub fn is_plain(def: &MapDef) -> bool {
    [
        MapType::Array,
        MapType::Hash,
        MapType::LruHash,
        MapType::PercpuArray,
        MapType::PercpuHash,
        MapType::LruPercpuHash,
        MapType::LpmTrie,
    ]
    .iter()
    .any(|t| t.id() == def.map_type)
}

fn is_array(def: &MapDef) -> bool {
    def.map_type == MapType::Array.id() || def.map_type == MapType::PercpuArray.id()
}

/// An entry to begin with: map, key, value.
pub type Entry = (u32, Vec<u8>, Vec<u8>);

/// Bytes of a section's variables that only the kernel writes: locks, lists, trees.
pub fn kernel_fields(program: &Program, def: &MapDef) -> Vec<(u32, u32)> {
    let Some(btf) = program.btf.as_deref().filter(|_| def.is_data()) else {
        return Vec::new();
    };
    let Some(Type::DataSec { vars, .. }) = btf.ty(def.value_type) else {
        return Vec::new();
    };
    let fields = vars.iter().filter_map(|var| {
        let ty = btf.skip_mods_typedefs(btf.ty(var.ty)?.target()?);
        let theirs = ["bpf_spin_lock", "bpf_list_head", "bpf_rb_root"];
        theirs
            .contains(&btf.name(ty))
            .then_some((var.offset, var.size))
    });
    fields.collect()
}

/// Whether a map has a value for each CPU.
pub fn is_percpu(def: &MapDef) -> bool {
    matches!(
        MapType::from_id(def.map_type),
        Some(MapType::PercpuArray | MapType::PercpuHash | MapType::LruPercpuHash)
    )
}

/// Entries for the maps of a program, as if user space had put them there.
pub fn entries(program: &Program, special: &[bool], cpus: usize, seed: u64) -> Vec<Entry> {
    let mut rng = Rng(seed);
    let mut out = Vec::new();
    for ((id, def), special) in (0u32..).zip(program.maps.iter()).zip(special) {
        if !is_plain(def) || def.is_data() || def.frozen || *special || def.value_size > 4096 {
            continue;
        }
        let keys: Vec<Vec<u8>> = if is_array(def) {
            (0..def.max_entries.min(16))
                .map(|i| i.to_le_bytes().to_vec())
                .collect()
        } else {
            (0..def.max_entries.min(4))
                .map(|i| key(def, i, &mut rng))
                .collect()
        };
        let cpus = if is_percpu(def) { cpus } else { 0 };
        for key in keys {
            out.push((id, key, value(def.value_size, cpus, &mut rng)));
        }
    }
    out
}

/// A value; every CPU's is the same, for the CPU that runs the program is not ours
/// to choose.
fn value(size: u32, cpus: usize, rng: &mut Rng) -> Vec<u8> {
    let mut one: Vec<u8> = (0..size).map(|_| rng.below(4) as u8).collect();
    if cpus == 0 {
        return one;
    }
    one.resize(one.len().next_multiple_of(8), 0);
    one.repeat(cpus)
}

/// A key: the first is zero, others small.
fn key(def: &MapDef, i: u32, rng: &mut Rng) -> Vec<u8> {
    let size = def.key_size as usize;
    let mut key: Vec<u8> = (0..size)
        .map(|_| if i == 0 { 0 } else { rng.below(3) as u8 })
        .collect();
    if def.map_type == MapType::LpmTrie.id() {
        let bits = rng.below(u64::from(def.key_size - 4) * 8 + 1) as u32;
        key[..4].copy_from_slice(&bits.to_le_bytes());
    }
    key
}
