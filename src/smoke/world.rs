//! What a run is made with, and what it leaves: configuration, chance, the current task,
//! output, timers.

use std::sync::Arc;

use super::scenario::Scenario;
use super::steer::Steer;
use crate::target::Profile;

/// CPUs of a run of which nothing is stated.
pub const CPUS: u32 = 4;

/// What a run is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Seed of everything that a kernel would supply.
    pub seed: u64,
    /// Number of CPUs.
    pub cpus: u32,
    /// The CPU that runs the program.
    pub cpu: u32,
    /// Instructions that may be executed.
    pub fuel: u64,
    /// Bytes that may be made, copied and given out.
    pub bytes: u64,
    /// Iterations that `may_goto` grants a frame.
    pub may_goto: u32,
    /// Added to where objects begin. A result that it changes shows an address.
    pub skew: u64,
    /// What new stack frames hold. A result that it changes shows bytes that nobody
    /// wrote.
    pub stack_fill: u8,
    /// Maps hold entries, as if user space had filled them.
    pub populate: bool,
    /// A call through a register calls the helper of that number if it holds no
    /// code address, as runtimes without functions of their own do.
    pub call_by_number: bool,
    /// Constants of the program, for values of such entries.
    pub mined: Arc<[u64]>,
    /// What is stated of the world.
    pub steer: Arc<Steer>,
    /// The runtime that runs, if that is not Linux.
    pub host: Option<Arc<Profile>>,
    /// What a file states of the world.
    pub scenario: Option<Arc<Scenario>>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            seed: 1,
            cpus: CPUS,
            cpu: 0,
            fuel: 1 << 20,
            bytes: 1 << 26,
            may_goto: 0xffff,
            skew: 0,
            stack_fill: 0,
            populate: false,
            call_by_number: false,
            mined: Arc::from([]),
            steer: Arc::default(),
            host: None,
            scenario: None,
        }
    }
}

impl Config {
    /// The default in the world that a scenario states.
    pub fn of(scenario: Option<Arc<Scenario>>) -> Config {
        let cpu = scenario.as_ref().map(|s| s.cpu).unwrap_or_default();
        Config {
            cpus: cpu.count.unwrap_or(CPUS),
            cpu: cpu.current.unwrap_or(0),
            scenario,
            ..Config::default()
        }
    }
}

/// A small deterministic generator (SplitMix64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng(pub u64);

impl Rng {
    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.draw() % n }
    }
}

/// The task on whose behalf the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Thread id.
    pub pid: u32,
    /// Process id.
    pub tgid: u32,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Name.
    pub comm: [u8; 16],
    /// Cgroup id.
    pub cgroup: u64,
}

impl Task {
    /// Becomes the one that a scenario states.
    pub(super) fn state(&mut self, scenario: &Scenario) {
        let stated = &scenario.task;
        self.pid = stated.pid.unwrap_or(self.pid);
        self.tgid = stated.tgid.unwrap_or(self.tgid);
        self.uid = stated.uid.unwrap_or(self.uid);
        self.gid = stated.gid.unwrap_or(self.gid);
        self.comm = stated.comm.unwrap_or(self.comm);
        self.cgroup = scenario.current_cgroup().unwrap_or(self.cgroup);
    }
}

/// What a program gave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Lines of `bpf_trace_printk`.
    pub printk: Vec<String>,
    /// Records of perf buffers: (map, bytes).
    pub perf: Vec<(u32, Vec<u8>)>,
    /// Records of ring buffers: (map, bytes).
    pub ringbuf: Vec<(u32, Vec<u8>)>,
    /// Bytes written to an iterator's file.
    pub seq: Vec<u8>,
    /// Lines of the program's own streams (stdout, stderr).
    pub stream: Vec<u8>,
    /// Where packets were sent: (how, index or device).
    pub redirects: Vec<(&'static str, u64)>,
    /// Signals sent to the current task.
    pub signals: Vec<u32>,
}

/// A timer or a work queue item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The map whose value holds it.
    pub map: u32,
    /// Code address of the callback; 0 if none is set.
    pub callback: u64,
    /// When it is to run; `None` while it is not armed.
    pub due: Option<u64>,
}

/// A call of a helper or kfunc, for counting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Called {
    /// By number.
    Helper(u32),
    /// By name.
    Kfunc(String),
}
