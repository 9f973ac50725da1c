//! Perf events in an array of them: what a program writes its records to.
//!
//! User space opens an event for each CPU, maps pages for its records, enables it, and polls
//! it. Unless it is told otherwise a run finds all of that done, with room for any
//! output, as loaders do. Where events are stated, only those are there, and an output fails as
//! it does on Linux where one is missing, of another CPU, not enabled, not mapped or full.
//! DragonOS has the same operations (mapping, enabling, whether it can be read, setting a
//! program) on events of output and of probes; programs are set on probes only.

use std::collections::{BTreeMap, VecDeque};

use super::errno::{E2BIG, EEXIST, EINVAL, ENOENT, ENOSPC, EOPNOTSUPP};
use super::{Body, Map};
use crate::smoke::runtime::Runtime;

const PAGE: u64 = 4096;
/// The most pages of one event: 4 MiB.
const MAX_PAGES: u32 = 1024;
/// Bytes of a record before what the program wrote: its header and the length.
const HEAD: u64 = 12;

/// What an event counts or reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A software event that takes the output of programs.
    Output,
    /// A probe that a program can be set on.
    Probe,
}

/// An open perf event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// It counts.
    pub enabled: bool,
    /// The program that runs when it fires.
    pub program: Option<u32>,
    /// Records that did not fit.
    pub lost: u64,
    /// Pages of its ring; none before it is mapped.
    pages: u32,
    records: VecDeque<Vec<u8>>,
    used: u64,
}

/// The events of an array, by index.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// None: every event is there and has room.
    opened: Option<BTreeMap<u32, Event>>,
}

/// Bytes of a record in a ring.
fn room(bytes: &[u8]) -> u64 {
    HEAD.saturating_add(bytes.len() as u64).next_multiple_of(8)
}

impl Events {
    /// What an output of a program on a CPU to an index returns.
    fn output(&mut self, index: u32, cpu: u32, bytes: &[u8]) -> i64 {
        let Some(opened) = &mut self.opened else {
            return 0;
        };
        let Some(event) = opened.get_mut(&index) else {
            return ENOENT;
        };
        if event.kind != EventKind::Output {
            return EINVAL;
        }
        if index != cpu || !event.enabled {
            return EOPNOTSUPP;
        }
        let used = event.used.saturating_add(room(bytes));
        if used > u64::from(event.pages).saturating_mul(PAGE) {
            event.lost = event.lost.saturating_add(1);
            return ENOSPC;
        }
        event.used = used;
        event.records.push_back(bytes.to_vec());
        0
    }

    /// For the digest of a run: who holds how much.
    pub(super) fn held(&self) -> impl Iterator<Item = (u32, u64, u64)> {
        let opened = self.opened.iter().flatten();
        opened.map(|(index, e)| (*index, e.used, e.lost))
    }
}

impl Runtime {
    fn events(&mut self, map: u32) -> Option<(&mut Map, u32)> {
        let map = self.maps.get_mut(map as usize)?;
        let most = map.def.max_entries;
        matches!(map.body, Body::PerfArray(_)).then_some((map, most))
    }

    fn event(&mut self, map: u32, index: u32) -> Result<&mut Event, i64> {
        let (map, _) = self.events(map).ok_or(EINVAL)?;
        let Body::PerfArray(events) = &mut map.body else {
            return Err(EINVAL);
        };
        let opened = events.opened.as_mut().ok_or(ENOENT)?;
        opened.get_mut(&index).ok_or(ENOENT)
    }

    /// Nobody has opened an event: every array of them is empty.
    pub fn no_events(&mut self) {
        for map in &mut self.maps {
            if let Body::PerfArray(events) = &mut map.body {
                events.opened.get_or_insert_default();
            }
        }
    }

    /// Opens an event and puts it into an array. From now on the array has no events but
    /// those that are opened.
    pub fn event_open(&mut self, map: u32, index: u32, kind: EventKind) -> i64 {
        let Some((map, most)) = self.events(map) else {
            return EINVAL;
        };
        if index >= most {
            return E2BIG;
        }
        let Body::PerfArray(events) = &mut map.body else {
            return EINVAL;
        };
        let event = Event {
            kind,
            enabled: false,
            program: None,
            lost: 0,
            pages: 0,
            records: VecDeque::new(),
            used: 0,
        };
        events.opened.get_or_insert_default().insert(index, event);
        0
    }

    /// Maps pages for records: a power of two of them, once.
    pub fn event_mmap(&mut self, map: u32, index: u32, pages: u32) -> i64 {
        match self.event(map, index) {
            Err(error) => error,
            Ok(e) if e.kind != EventKind::Output || e.pages > 0 => EINVAL,
            Ok(_) if !pages.is_power_of_two() || pages > MAX_PAGES => EINVAL,
            Ok(event) => {
                event.pages = pages;
                0
            }
        }
    }

    /// Lets an event count, or not.
    pub fn event_enable(&mut self, map: u32, index: u32, on: bool) -> i64 {
        match self.event(map, index) {
            Err(error) => error,
            Ok(event) => {
                event.enabled = on;
                0
            }
        }
    }

    /// Sets the program of a probe, once.
    pub fn event_set_program(&mut self, map: u32, index: u32, program: u32) -> i64 {
        match self.event(map, index) {
            Err(error) => error,
            Ok(e) if e.kind != EventKind::Probe => EINVAL,
            Ok(e) if e.program.is_some() => EEXIST,
            Ok(event) => {
                event.program = Some(program);
                0
            }
        }
    }

    /// Whether an event has records that were not read.
    pub fn event_readable(&mut self, map: u32, index: u32) -> bool {
        self.event(map, index)
            .is_ok_and(|event| !event.records.is_empty())
    }

    /// Takes the oldest record of an event.
    pub fn event_read(&mut self, map: u32, index: u32) -> Option<Vec<u8>> {
        let event = self.event(map, index).ok()?;
        let record = event.records.pop_front()?;
        event.used = event.used.saturating_sub(room(&record));
        Some(record)
    }

    /// A program's output to an event.
    pub fn event_output(&mut self, map: u32, index: u64, bytes: &[u8]) -> i64 {
        let cpu = self.config.cpu;
        let Some((m, most)) = self.events(map) else {
            return EINVAL;
        };
        let index = match u32::try_from(index) {
            Ok(index) if index < most => index,
            _ => return E2BIG,
        };
        let Body::PerfArray(events) = &mut m.body else {
            return EINVAL;
        };
        let done = events.output(index, cpu, bytes);
        if done == 0 {
            self.output.perf.push((map, bytes.to_vec()));
        }
        done
    }
}
