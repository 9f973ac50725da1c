//! How a run's world becomes what is stated of it.
//!
//! Context, user memory and kernel objects get their bytes when they are made, maps
//! before the program starts. A pointer leads to a kernel object that is named after its
//! place, so that a whole chain of pointers can be stated.

use super::{Call, Forced, Steer, Thing};
use crate::smoke::engine::{FaultKind, Site};
use crate::smoke::maps::ANY;
use crate::smoke::memory::RegionId;
use crate::smoke::runtime::Runtime;

/// Bytes of an object that a stated pointer leads to.
const OBJECT_BYTES: usize = 4 << 10;
/// Longest value of a map that is made for a stated entry.
const MAX_VALUE: u64 = 1 << 20;
/// Longest name of an object that a pointer leads to: how long chains of them may be.
const MAX_NAME: usize = 128;

impl Steer {
    /// Everything that is stated of a thing, with offsets.
    fn of<'a>(&'a self, thing: &'a Thing) -> impl Iterator<Item = (u32, u8)> + 'a {
        let from = (thing.clone(), 0);
        let all = self.bytes.range(from..);
        let own = all.take_while(move |((t, _), _)| t == thing);
        own.map(|((_, off), byte)| (*off, *byte))
    }

    fn pointers_of<'a>(&'a self, thing: &'a Thing) -> impl Iterator<Item = u32> + 'a {
        let all = self.pointers.range((thing.clone(), 0)..);
        all.take_while(move |(t, _)| t == thing)
            .map(|(_, off)| *off)
    }

    /// The name of the object that a pointer at a place leads to.
    fn pointee(thing: &Thing, off: u32) -> String {
        match thing {
            Thing::Kernel(name) => format!("{name}>{off}"),
            other => format!("{other}>{off}"),
        }
    }

    /// What is stated of a call.
    fn call(&self, call: Call) -> Option<Forced> {
        self.calls.get(&call).copied()
    }

    fn calls_at(&self, site: Site) -> bool {
        let mut calls = self.calls.range((site, 0)..=(site, u32::MAX));
        calls.next().is_some()
    }
}

impl Runtime {
    /// What is stated of the call that is made now.
    pub(in crate::smoke) fn forced(&mut self, site: Site) -> Option<Forced> {
        if self.config.steer.calls.is_empty() || !self.config.steer.calls_at(site) {
            return None;
        }
        let nth = self.calls_made.entry(site).or_insert(0);
        let call = (site, *nth);
        *nth = nth.saturating_add(1);
        self.config.steer.call(call)
    }

    /// Gives an object its stated bytes.
    pub(in crate::smoke) fn steer_object(
        &mut self,
        id: RegionId,
        thing: &Thing,
    ) -> Result<(), FaultKind> {
        if self.config.steer.is_empty() {
            return Ok(());
        }
        let steer = self.config.steer.clone();
        let mut bytes = steer.of(thing).peekable();
        if bytes.peek().is_some() {
            let place = self.mem.bytes_mut(id);
            for (off, byte) in bytes {
                if let Some(place) = place.get_mut(off as usize) {
                    *place = byte;
                }
            }
        }
        for off in steer.pointers_of(thing) {
            if matches!(thing, Thing::Kernel(name) if name.len() > MAX_NAME) {
                break;
            }
            let to = self.kernel_object(&Steer::pointee(thing, off), OBJECT_BYTES)?;
            let place = self.mem.bytes_mut(id).get_mut(off as usize..);
            if let Some(place) = place.and_then(|p| p.first_chunk_mut::<8>()) {
                *place = to.to_le_bytes();
            }
        }
        Ok(())
    }

    /// The same for the context, some fields of which are not their bytes.
    pub(in crate::smoke) fn steer_context(&mut self, id: RegionId) -> Result<(), FaultKind> {
        if self.config.steer.is_empty() {
            return Ok(());
        }
        self.steer_object(id, &Thing::Context)?;
        let steer = self.config.steer.clone();
        let mut places: Vec<u32> = steer.of(&Thing::Context).map(|(off, _)| off).collect();
        places.extend(steer.pointers_of(&Thing::Context));
        for off in places {
            if let Some(value) = self.mem.bytes(id).get(off as usize..)
                && let Some(value) = value.first_chunk::<8>()
            {
                self.mem.set_overlay(id, off, u64::from_le_bytes(*value));
            }
        }
        Ok(())
    }

    /// Gives the current task its stated name.
    pub(in crate::smoke) fn steer_task(&mut self) {
        let scenario = self.config.scenario.as_ref();
        if scenario.is_some_and(|s| s.task.comm.is_some()) {
            return;
        }
        let steer = self.config.steer.clone();
        for (off, byte) in steer.of(&Thing::Comm) {
            // The last byte of a name is its end.
            if let Some(place) = self.task.comm.get_mut(off as usize)
                && off < 15
            {
                *place = byte;
            }
        }
    }

    /// Puts stated entries into maps.
    pub(in crate::smoke) fn steer_maps(&mut self) -> Result<(), FaultKind> {
        let steer = self.config.steer.clone();
        for (map, key) in &steer.entries {
            let (map, cpu) = (*map, self.config.cpu);
            let size = self.maps.get(map as usize).map(|m| m.def.value_size);
            let Some(size) = size.filter(|size| u64::from(*size) <= MAX_VALUE) else {
                continue;
            };
            if self.map_lookup(map, key, cpu).is_none() {
                self.spend(u64::from(size))?;
                self.user_update(map, key, &vec![0; size as usize], ANY);
            }
            let Some(addr) = self.map_lookup(map, key, cpu) else {
                continue;
            };
            let thing = Thing::Entry {
                map,
                key: key.clone(),
            };
            let special = self.maps.get(map as usize).map(|m| m.special.clone());
            let special = special.unwrap_or_default();
            for (off, byte) in steer.of(&thing) {
                let kept = special
                    .iter()
                    .any(|(at, len)| off >= *at && off - *at < *len);
                if off < size && !kept {
                    // What a program may only read stays constant.
                    let _ = self.mem.write(addr.wrapping_add(u64::from(off)), &[byte]);
                }
            }
        }
        Ok(())
    }
}
