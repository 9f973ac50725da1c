//! One run on each side, and what it leaves behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use bpfassay::helpers_spec::ProgType;
use bpfassay::kernel::{self, Kernel, Loaded};
use bpfassay::object::{MapDef, SlotTarget};
use bpfassay::programs::Program;
use bpfassay::smoke::engine::Engine;
use bpfassay::smoke::image::Image;
use bpfassay::smoke::runtime::{Config, Runtime};
use bpfassay::smoke::{Input, context};

use super::input::{self, ENTRIES, Entry, LINK, SKB_BYTES};
use super::world;

/// What a side has after a run.
#[derive(Debug, PartialEq, Eq)]
pub struct After {
    retval: u32,
    packet: Vec<u8>,
    ctx: Vec<u8>,
    /// By map and key. Of per-CPU maps the CPUs' values are sorted, for the CPU that
    /// runs the program is not ours to choose.
    maps: BTreeMap<(String, Vec<u8>), Vec<u8>>,
}

/// How a run here is set up.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Entries of the maps.
    pub entries: &'a [Entry],
    /// CPUs that a map may have values for.
    pub cpus: u32,
    /// Other addresses and other bytes in new stack frames: what changes then is no
    /// result that can be compared.
    pub moved: bool,
}

/// Runs a program here.
pub fn here(
    program: &Program,
    image: &Arc<Image>,
    input: &Input,
    engine: &mut dyn Engine,
    way: Way<'_>,
) -> Result<After, String> {
    let config = Config {
        seed: input.seed,
        cpus: way.cpus,
        skew: if way.moved { 0x345_1a38 } else { 0 },
        stack_fill: if way.moved { 0xa5 } else { 0 },
        ..Config::of(Some(world::stated()))
    };
    let mut rt = Runtime::new(image, config).map_err(|e| e.to_string())?;
    rt.attach(image, 0);
    rt.no_events();
    for (map, key, value) in way.entries {
        let done = rt.user_update(*map, key, value, 0);
        if done != 0 {
            return Err(format!("update of map {map} with {key:?}: {done}"));
        }
    }
    let strip = !input::sees_link(program.prog_type) && !input.packet.is_empty();
    let seen = Input {
        packet: input.packet[if strip { LINK } else { 0 }..].to_vec(),
        ..input.clone()
    };
    let ctx = context::build(&mut rt, image, 0, &seen, None).map_err(|e| e.to_string())?;
    if let Some(packet) = rt.packet.as_mut() {
        packet.has_link = !strip;
    }
    input::prepare(&mut rt, &input.packet);
    let result = engine.run(image, 0, ctx, &mut rt);
    let outcome = result.map_err(|fault| format!("fault here: {fault}"))?;
    Ok(after_here(program, outcome.ret as u32, &input.packet, rt))
}

fn after_here(program: &Program, retval: u32, frame: &[u8], mut rt: Runtime) -> After {
    let mut maps = BTreeMap::new();
    for (id, def) in (0u32..).zip(program.maps.iter()) {
        if !input::is_plain(def) {
            continue;
        }
        let special = special_bytes(program, def, &rt, id);
        let map = &rt.maps[id as usize];
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let mut next = map.key_after(None);
        while let Some(key) = next.filter(|k| keys.len() < ENTRIES as usize && !keys.contains(k)) {
            next = map.key_after(Some(&key));
            keys.push(key);
        }
        for key in keys {
            let value = rt.user_lookup(id, &key).unwrap_or_else(|e| {
                panic!("{}: map {}: value of {key:?}: {e}", program.name, def.name)
            });
            let value = comparable(value, def.value_size, input::is_percpu(def), &special);
            maps.insert((def.name.to_string(), key), value);
        }
    }
    let packet = match (program.prog_type, &rt.packet) {
        (ProgType::Netfilter, _) => Vec::new(),
        (ProgType::FlowDissector, _) => input::flow_keys_after(&rt, frame),
        // Metadata come with the packet.
        (ProgType::Xdp, Some(p)) => rt.mem.bytes(p.region)[p.meta..p.end].to_vec(),
        (_, Some(p)) if p.has_link => p.bytes(&rt.mem).to_vec(),
        // The kernel gives such packets back with an empty link header.
        (_, Some(p)) => [&[0; LINK], p.bytes(&rt.mem)].concat(),
        (_, None) => Vec::new(),
    };
    let ctx = match (program.prog_type, rt.ctx) {
        (ProgType::Syscall, Some(id)) => rt.mem.bytes(id).to_vec(),
        _ => Vec::new(),
    };
    After {
        retval,
        packet,
        ctx,
        maps,
    }
}

/// The bytes of a map's values that only the kernel writes.
pub fn special_bytes(program: &Program, def: &MapDef, rt: &Runtime, id: u32) -> Vec<(u32, u32)> {
    let mut out = input::kernel_fields(program, def);
    out.extend(rt.maps.get(id as usize).map_or(&[][..], |m| &m.special));
    out
}

/// A value without what only the kernel writes, CPUs in order.
fn comparable(mut value: Vec<u8>, size: u32, percpu: bool, special: &[(u32, u32)]) -> Vec<u8> {
    for (at, len) in special {
        if let Some(place) = value.get_mut(*at as usize..(at + len) as usize) {
            place.fill(0);
        }
    }
    if percpu {
        let mut parts: Vec<Vec<u8>> = value
            .chunks(size.next_multiple_of(8) as usize)
            .map(|part| part[..size as usize].to_vec())
            .collect();
        parts.sort();
        value = parts.concat();
    }
    value
}

/// A program in the kernel with the maps it begins with; `None` if the kernel does
/// not take it, or a reason why its maps cannot be made the same.
pub fn ready(
    kernel: &Kernel,
    program: &Program,
    entries: &[Entry],
) -> Option<Result<Loaded, String>> {
    let live = kernel::load(kernel, program).ok()?;
    Some(same_maps(program, &live, entries).map(|()| live))
}

fn same_maps(program: &Program, live: &Loaded, entries: &[Entry]) -> Result<(), String> {
    for (map, key, value) in entries {
        let done = live.supplies.maps[*map as usize].update(key, value, 0);
        done.map_err(|e| format!("the kernel's map {map} with {key:?}: {e}"))?;
    }
    for (def, map) in program.maps.iter().zip(&live.supplies.maps) {
        let mut slots = def.slots.clone();
        // A map-in-map that the object leaves empty holds one map here.
        if let Some(inner) = map.inner()
            && slots.is_empty()
        {
            let mut key = vec![0; def.key_size as usize];
            key[..4].copy_from_slice(&0u32.to_le_bytes());
            map.put_map(&key, inner).map_err(|e| e.to_string())?;
        }
        slots.retain(|(_, target)| match target {
            SlotTarget::Map(_) => true,
            // Others of the object are on neither side.
            SlotTarget::Program(name) => **name == *program.name,
        });
        for (index, target) in slots {
            let mut key = index.to_le_bytes().to_vec();
            key.resize(def.key_size as usize, 0);
            match target {
                SlotTarget::Map(inner) => map.put_map(&key, &live.supplies.maps[inner as usize]),
                SlotTarget::Program(_) => map.put_program(&key, &live.program),
            }
            .map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// The context that the kernel is given.
fn kernel_context(program: &Program, input: &Input) -> Vec<u8> {
    use ProgType as P;
    match (&input.context, program.prog_type) {
        (Some(bytes), _) => bytes.clone(),
        (None, P::Xdp | P::FlowDissector) => Vec::new(),
        // All zero, but there: so the kernel sets `wire_len`.
        (None, _) => vec![0; SKB_BYTES],
    }
}

/// Runs a program in the kernel. `special` are the bytes of each map's values that
/// only the kernel writes.
pub fn there(
    program: &Program,
    live: &Loaded,
    input: &Input,
    special: &[Vec<(u32, u32)>],
) -> std::io::Result<After> {
    let ran = kernel::test_run(
        &live.program,
        &input.packet,
        &kernel_context(program, input),
    )?;
    let mut maps = BTreeMap::new();
    for ((def, map), special) in program.maps.iter().zip(&live.supplies.maps).zip(special) {
        if !input::is_plain(def) {
            continue;
        }
        for key in map.keys(ENTRIES as usize)? {
            let value = map.lookup(&key)?;
            let value = comparable(value, def.value_size, input::is_percpu(def), special);
            maps.insert((def.name.to_string(), key), value);
        }
    }
    Ok(After {
        retval: ran.retval,
        packet: ran.data,
        ctx: match program.prog_type {
            ProgType::Syscall => ran.ctx,
            _ => Vec::new(),
        },
        maps,
    })
}

/// What differs, in a line.
pub fn difference(here: &After, there: &After) -> Option<String> {
    let mut out = Vec::new();
    if here.retval != there.retval {
        out.push(format!(
            "returns {} here, {} in the kernel",
            here.retval as i32, there.retval as i32
        ));
    }
    for (what, a, b) in [
        ("packet", &here.packet, &there.packet),
        ("context", &here.ctx, &there.ctx),
    ] {
        if a != b {
            let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            let show = |bytes: &[u8]| {
                let end = bytes.len().min(same + 8);
                format!("{:02x?} of {}", &bytes[same.min(end)..end], bytes.len())
            };
            let (a, b) = (show(a), show(b));
            out.push(format!("{what} at {same}: {a} here, {b} in the kernel"));
        }
    }
    for key in here.maps.keys().chain(there.maps.keys()) {
        let (a, b) = (here.maps.get(key), there.maps.get(key));
        if a != b {
            let short = |v: Option<&Vec<u8>>| v.map(|v| v[..v.len().min(64)].to_vec());
            let (a, b) = (short(a), short(b));
            let bytes = &key.1[..key.1.len().min(16)];
            out.push(format!(
                "map {} key {bytes:02x?}: {a:02x?} here, {b:02x?} in the kernel",
                key.0
            ));
            break;
        }
    }
    (!out.is_empty()).then(|| out.join("; "))
}
