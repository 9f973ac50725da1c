//! Maps that are not empty: what user space may have put there.
//!
//! A run whose input is *populated* begins with arrays that hold numbers, and a
//! lookup of a missing key finds, three times in four, an entry that is made on
//! the spot. So the halves of programs that follow a successful lookup are run
//! without anybody's knowing which keys a program will ask for. Values are drawn
//! from the seed: zeros, small numbers, the program's own constants, noise. Only
//! bytes that user space may write are filled: locks, timers and kernel pointers
//! stay as the kernel leaves them, constants stay constant.

use super::{ANY, Body};
use crate::helpers_spec::MapType;
use crate::smoke::engine::FaultKind;
use crate::smoke::runtime::{Rng, Runtime};

/// Elements of an array that are filled.
const MAX_ELEMENTS: u64 = 64;
/// Bytes of an array that are filled.
const MAX_BYTES: u64 = 1 << 16;
/// Bytes of a socket as a lookup in a map of sockets shows it.
const SOCKET_BYTES: usize = 4096;

impl Runtime {
    /// A value as user space may have written it.
    fn drawn_value(&mut self, size: u32) -> Result<Vec<u8>, FaultKind> {
        let mut out = Vec::new();
        self.draw_value(size, &mut out)?;
        Ok(out)
    }

    /// The same, in place of what was there.
    fn draw_value(&mut self, size: u32, out: &mut Vec<u8>) -> Result<(), FaultKind> {
        self.spend(u64::from(size))?;
        let size = size as usize;
        out.clear();
        out.reserve(size.saturating_add(8));
        while out.len() < size {
            let mined = self.config.mined.len() as u64;
            let word = match self.rng.below(8) {
                0..=2 => 0,
                3 | 4 => self.rng.below(64),
                5 if mined > 0 => {
                    let at = self.rng.below(mined) as usize;
                    self.config.mined.get(at).copied().unwrap_or(0)
                }
                5 | 6 => self.rng.draw() & 0xffff,
                _ => self.rng.draw(),
            };
            // Whole words in four-byte values too.
            let width = if size % 8 == 4 || word <= u64::from(u32::MAX) {
                4
            } else {
                8
            };
            out.extend(word.to_le_bytes().get(..width).unwrap_or(&[]));
        }
        out.truncate(size);
        Ok(())
    }

    /// Fills arrays that are neither the program's data nor constant.
    pub(in crate::smoke) fn populate_arrays(&mut self) -> Result<(), FaultKind> {
        let rng = self.rng;
        let mut value = Vec::new();
        for map in 0..self.maps.len() as u32 {
            let Some(m) = self.maps.get(map as usize) else {
                continue;
            };
            let array = matches!(m.body, Body::Array { .. } | Body::PercpuArray { .. });
            if !array || m.def.is_data() || m.def.initial.is_some() || m.frozen {
                continue;
            }
            let size = m.def.value_size.max(1);
            let count = u64::from(m.def.max_entries)
                .min(MAX_ELEMENTS)
                .min(MAX_BYTES / u64::from(size));
            // Each map has numbers of its own, whatever other maps are made.
            self.rng = Rng(rng.0 ^ u64::from(map) << 32);
            for i in 0..count as u32 {
                self.draw_value(size, &mut value)?;
                self.user_update(map, &i.to_le_bytes(), &value, ANY);
            }
        }
        self.rng = rng;
        Ok(())
    }

    /// A lookup by the program: what is there or, in a populated run, what is made.
    pub(in crate::smoke) fn program_lookup(
        &mut self,
        map: u32,
        key: &[u8],
        cpu: u32,
    ) -> Result<u64, FaultKind> {
        let mut found = self.map_lookup(map, key, cpu);
        let Some(m) = self.maps.get(map as usize) else {
            return Ok(0);
        };
        let kind = m.map_type;
        if found.is_none()
            && self.config.populate
            && matches!(m.body, Body::Hash(_) | Body::Lpm(_) | Body::Targets { .. })
        {
            let size = m.def.value_size;
            if self.rng.below(4) != 0 {
                let value = self.drawn_value(size)?;
                if self.map_update(map, key, &value, ANY, cpu) == 0 {
                    found = self.map_lookup(map, key, cpu);
                }
            }
        }
        use MapType as T;
        if found.is_some()
            && matches!(
                kind,
                T::Sockmap | T::Sockhash | T::Xskmap | T::ReuseportSockarray
            )
        {
            return self.kernel_object("socket", SOCKET_BYTES);
        }
        Ok(found.unwrap_or(0))
    }

    /// Puts a value into an empty queue or stack of a populated run.
    pub(in crate::smoke) fn stock(&mut self, map: u32) -> Result<(), FaultKind> {
        let Some(m) = self.maps.get(map as usize) else {
            return Ok(());
        };
        let empty = matches!(&m.body, Body::Fifo(f) if f.items().next().is_none());
        let size = m.def.value_size;
        if self.config.populate && empty && self.rng.below(4) != 0 {
            let value = self.drawn_value(size)?;
            self.map_push(map, &value, ANY);
        }
        Ok(())
    }
}
