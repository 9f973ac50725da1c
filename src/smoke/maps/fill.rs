//! What a loader puts into maps before a program runs: initial bytes, slots, permissions.

use std::sync::Arc;

use super::{Body, Map, full, special};
use crate::object::{F_RDONLY_PROG, MapOrigin, SlotTarget};
use crate::smoke::engine::{FaultKind, Site};
use crate::smoke::image::{Def, Image, code_address};
use crate::smoke::runtime::Runtime;

/// Fills a new map as a loader does: initial bytes, slots, permissions.
pub fn initialise(rt: &mut Runtime, image: &Image, id: u32) -> Result<(), FaultKind> {
    let Some(map) = rt.maps.get_mut(id as usize) else {
        return Ok(());
    };
    if matches!(map.body, Body::Unused) {
        return Ok(());
    }
    let def = map.def.clone();
    let btf = image.programs.iter().find_map(|c| c.program.btf.clone());
    if let Some(btf) = btf
        && def.value_type != 0
        && !def.is_data()
    {
        map.special = special::fields(&btf, def.value_type, def.value_size);
    }
    if let (Some(bytes), Some(region)) = (&def.initial, map.region()) {
        if let Some((region, _)) = map.arena() {
            let pages = u32::try_from(bytes.len().div_ceil(4096)).unwrap_or(u32::MAX);
            if !rt.mem.map_pages(region, 0, pages) {
                return Err(full());
            }
            for (i, page) in bytes.chunks(4096).enumerate() {
                let at = rt.mem.base(region).wrapping_add(i as u64 * 4096);
                rt.mem.write(at, page)?;
            }
        } else {
            rt.mem.preset(region, bytes);
        }
    }
    if def.kind == MapOrigin::JumpTable {
        let program = image
            .table_of
            .get(id as usize)
            .copied()
            .flatten()
            .unwrap_or(0);
        if let Some(region) = rt.maps.get(id as usize).and_then(Map::region) {
            let first = rt.mem.cell(region, 0);
            for (i, insn) in def.jump_targets.iter().enumerate() {
                let addr = first.saturating_add((i as u64).saturating_mul(8));
                rt.mem.store(
                    addr,
                    8,
                    code_address(Site {
                        program,
                        insn: *insn,
                    }),
                )?;
            }
        }
    }
    if def.flags & F_RDONLY_PROG != 0
        && let Some(region) = rt.maps.get(id as usize).and_then(Map::region)
    {
        rt.mem.set_writable(region, false);
    }
    fill_slots(rt, image, id, &def)
}

fn fill_slots(rt: &mut Runtime, image: &Image, id: u32, def: &Def) -> Result<(), FaultKind> {
    // A map-in-map without initial slots holds one map, so that lookups can hit.
    let mut slots: Vec<(u32, u32)> = Vec::new();
    for (index, target) in &def.slots {
        match target {
            SlotTarget::Map(inner) => slots.push((*index, *inner)),
            SlotTarget::Program(name) => {
                if let (
                    Some(program),
                    Some(Map {
                        body: Body::ProgArray(p),
                        ..
                    }),
                ) = (image.program_named(name), rt.maps.get_mut(id as usize))
                {
                    p.insert(*index, program);
                }
            }
        }
    }
    if def.is_map_in_map()
        && slots.is_empty()
        && let Some(inner) = &def.inner
    {
        let inner_id = rt.maps.len() as u32;
        let inner = Def::Own(Arc::new((**inner).clone()));
        let made = Map::create(&inner, inner_id, &mut rt.mem, rt.config.cpus)?;
        rt.maps.push(made);
        slots.push((0, inner_id));
    }
    if let Some(Map {
        body: Body::Maps(maps),
        ..
    }) = rt.maps.get_mut(id as usize)
    {
        for (index, inner) in slots {
            let mut key = index.to_le_bytes().to_vec();
            if !rt.mem.spend(u64::from(def.key_size)) {
                return Err(FaultKind::Bytes);
            }
            key.resize(def.key_size as usize, 0);
            maps.insert(key, inner);
        }
    }
    Ok(())
}
