//! A program by itself: no context but a piece of memory, no maps, no hook.
//!
//! This is how suites that test instruction sets run programs: r1 holds the
//! address of the memory, r2 its length, and what counts is r0 at the end.

use std::sync::Arc;

use super::engine::{Engine, FaultKind, RunResult, Site, alike};
use super::image::Image;
use super::lowered::Rbpf;
use super::memory::Kind;
use super::reference::{NoTrace, Reference};
use super::run::Engines;
use super::runtime::{Config, Runtime};
use crate::programs::Program;

/// Runs a program over some memory. With both engines, a disagreement is a fault.
pub fn run(program: Program, memory: &[u8], engines: Engines) -> RunResult {
    let image = Arc::new(Image::single(Arc::new(program)));
    let once = |engine: &mut dyn Engine| {
        let start = Site::default();
        let config = Config {
            call_by_number: true,
            ..Config::default()
        };
        let mut rt = Runtime::new(&image, config).map_err(|k| k.at(start))?;
        rt.attach(&image, 0);
        let mut args = [0; 5];
        if !memory.is_empty() {
            let full = || FaultKind::NotModelled("that much memory".into()).at(start);
            let id = rt.mem.alloc(Kind::Buffer, memory.to_vec());
            let at = rt.mem.base(id.ok_or_else(full)?);
            args = [at, memory.len() as u64, 0, 0, 0];
        }
        engine.call(&image, start, args, &mut rt)
    };
    let mut reference = Reference::<NoTrace>::default();
    match engines {
        Engines::Reference => once(&mut reference),
        Engines::Rbpf => once(&mut Rbpf),
        Engines::Both => {
            let (first, second) = (once(&mut reference), once(&mut Rbpf));
            match (&first, &second) {
                (a, b) if alike(a, b) => first,
                _ => {
                    let what = format!("the engines disagree: {first:?}, {second:?}");
                    Err(FaultKind::NotModelled(what).at(Site::default()))
                }
            }
        }
    }
}
