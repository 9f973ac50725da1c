//! Arenas: four gigabytes of which pages are there as they are asked for.

use std::collections::BTreeMap;

use super::{Data, Kind, LEAD, Memory, Region, RegionId, take};

/// Bytes that a page costs which nobody wrote to.
const PAGE_COST: u64 = 32;
/// Most pages that arenas have here.
const MAX_PAGES: usize = 1 << 16;

impl Memory {
    /// An arena of 4 GiB without pages.
    pub fn alloc_arena(&mut self, map: u32) -> Option<RegionId> {
        self.add(
            Kind::Arena(map),
            (1 << 32) - LEAD,
            Data::Pages(BTreeMap::new()),
            16,
        )
    }

    /// Adds pages to an arena; false when it has too many.
    pub fn map_pages(&mut self, id: RegionId, first: u32, count: u32) -> bool {
        let Some(Region {
            data: Data::Pages(pages),
            touched,
            ..
        }) = self.regions.get_mut(id.0 as usize)
        else {
            return false;
        };
        let most = pages.len().saturating_add(count as usize);
        if most > MAX_PAGES || !take(&self.room, u64::from(count) * PAGE_COST) {
            return false;
        }
        *touched = true;
        for page in first..first.saturating_add(count) {
            pages.entry(page).or_insert(None);
        }
        true
    }

    /// Takes pages from an arena.
    pub fn unmap_pages(&mut self, id: RegionId, first: u32, count: u32) {
        if let Some(Region {
            data: Data::Pages(pages),
            touched,
            ..
        }) = self.regions.get_mut(id.0 as usize)
        {
            *touched = true;
            take(&self.room, (pages.len() as u64).saturating_mul(PAGE_COST));
            let end = first.saturating_add(count);
            pages.retain(|page, _| *page < first || *page >= end);
        }
    }

    /// The first of `count` unmapped pages of an arena of `limit` pages.
    pub fn free_pages(&self, id: RegionId, count: u32, limit: u32) -> Option<u32> {
        let Some(Region {
            data: Data::Pages(pages),
            ..
        }) = self.regions.get(id.0 as usize)
        else {
            return None;
        };
        take(&self.room, pages.len() as u64);
        let mut start = 0u32;
        for page in pages.keys() {
            if page.checked_sub(start)? >= count {
                break;
            }
            start = page.checked_add(1)?;
        }
        (start.checked_add(count)? <= limit).then_some(start)
    }
}
