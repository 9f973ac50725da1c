//! What a run did, instruction by instruction.

use super::engine::Site;
use super::inputs::Input;
use super::reference::Tracer;
use super::runtime::Runtime;

/// An instruction about to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub site: Site,
    /// r0 to r10.
    pub regs: [u64; 11],
    /// How many frames are entered.
    pub depth: usize,
}

/// Keeps the first steps of every run.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// Steps that are kept of one run.
    pub limit: usize,
    /// The runs, in order.
    pub runs: Vec<Vec<Step>>,
}

impl Tracer for Recorder {
    fn begin(&mut self, _: &Input) {
        self.runs.push(Vec::new());
    }

    fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, _: &Runtime) {
        let limit = self.limit;
        if let Some(run) = self.runs.last_mut().filter(|r| r.len() < limit) {
            run.push(Step {
                site,
                regs: *regs,
                depth,
            });
        }
    }
}
