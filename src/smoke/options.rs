//! What a smoke run is asked for: inputs, budgets, engines, contents of maps.

use std::sync::Arc;

use super::engine::FaultKind;
use super::inputs::Input;
use super::maps::errno::{E2BIG, EINVAL, ENOSPC, EPERM};
use super::maps::{ANY, is_percpu};
use super::runtime::Runtime;
use super::scenario::Scenario;
use crate::budget::Budget;
use crate::object::Btf;
use crate::programs::Program;
use crate::target::Profile;

/// Which engines run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engines {
    /// The reference interpreter, then rbpf, which must agree.
    #[default]
    Both,
    /// The reference interpreter alone.
    Reference,
    /// rbpf alone; nobody sees which instructions it reaches.
    Rbpf,
}

/// What a map holds before the program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preset {
    /// The map's name.
    pub map: String,
    /// Keys (empty for queues and stacks) and values, as user space writes them.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What to run, and how.
#[derive(Clone)]
pub struct SmokeOptions<'a> {
    /// The least number of inputs; packet types have about thirty anyway.
    pub inputs: usize,
    /// The greatest number of inputs.
    pub most: usize,
    /// Seed of the inputs.
    pub seed: u64,
    /// Instructions that one run may take.
    pub fuel: u64,
    /// Instructions after which no further input is tried.
    pub total_fuel: u64,
    /// Bytes that one run may make, copy and give out.
    pub bytes: u64,
    /// Bytes after which no further input is tried.
    pub total_bytes: u64,
    /// What the whole run may spend.
    pub budget: Option<&'a Budget>,
    /// Who runs.
    pub engines: Engines,
    /// These inputs in place of made ones.
    pub only: Option<&'a [Input]>,
    /// Contents of maps.
    pub presets: &'a [Preset],
    /// Keep packet and maps as each run leaves them ([`super::RunReport::after`]).
    pub keep: bool,
    /// Further inputs that are made so that branches go where no run went.
    pub steered: usize,
    /// The slots that verification reached: what else is there counts for nothing.
    pub reachable: Option<&'a [bool]>,
    /// Other programs of the object, for tail calls.
    pub siblings: &'a [Arc<Program>],
    /// The kernel's BTF, for the arguments of tracing programs.
    pub kernel_btf: Option<&'a Btf>,
    /// The runtime as which to run, if that is not Linux.
    pub host: Option<Arc<Profile>>,
    /// What a file states of the world.
    pub scenario: Option<Arc<Scenario>>,
}

impl Default for SmokeOptions<'_> {
    fn default() -> Self {
        SmokeOptions {
            inputs: 8,
            most: usize::MAX,
            seed: 1,
            fuel: 1 << 20,
            total_fuel: u64::MAX,
            bytes: 1 << 26,
            total_bytes: 1 << 28,
            budget: None,
            engines: Engines::Both,
            only: None,
            presets: &[],
            keep: false,
            steered: 0,
            reachable: None,
            siblings: &[],
            kernel_btf: None,
            host: None,
            scenario: None,
        }
    }
}

impl Preset {
    /// Puts the entries into the map of a new runtime.
    pub(super) fn put(&self, rt: &mut Runtime) -> Result<(), FaultKind> {
        let map = rt.maps.iter().find(|m| *m.def.name == *self.map);
        let fail = |why: String| FaultKind::NotModelled(format!("preset of {}: {why}", self.map));
        let found = map.ok_or_else(|| fail("no such map".into()))?;
        let (map, def) = (found.id, &found.def);
        let most = def.max_entries;
        let (key_size, size) = (def.key_size as usize, def.value_size as usize);
        let wide =
            super::maps::user::stride(def.value_size).saturating_mul(rt.config.cpus as usize);
        let percpu = is_percpu(def.map_type);
        let fits = |(key, value): &(Vec<u8>, Vec<u8>)| {
            (key.is_empty() || key.len() == key_size)
                && (value.len() == size || percpu && value.len() == wide)
        };
        if !self.entries.iter().all(fits) {
            return Err(fail("a key or value of another size".into()));
        }
        for (key, value) in &self.entries {
            let error = if key.is_empty() {
                rt.map_push(map, value, ANY)
            } else {
                rt.user_update(map, key, value, ANY)
            };
            match error {
                0 => {}
                E2BIG | ENOSPC => {
                    let (given, room) = (self.entries.len(), most);
                    let what = format!("{given} entries or their keys do not fit in {room}");
                    return Err(fail(what));
                }
                EPERM => return Err(fail("the map is read-only".into())),
                EINVAL => return Err(fail("the map takes no such entry".into())),
                error => return Err(fail(format!("error {error}"))),
            }
        }
        Ok(())
    }
}
