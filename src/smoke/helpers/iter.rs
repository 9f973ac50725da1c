//! Open-coded iterators: numbers, and objects of which there are a few.

use super::{Answer, Cx, ret};
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::maps::errno::{E2BIG, EINVAL};
use crate::smoke::memory::Kind;

/// Most numbers one iterator gives.
const MAX_LOOPS: i64 = 8 << 20;
/// How many objects an iterator over kernel objects finds.
const OBJECTS: u32 = 3;

/// An iterator in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Iter {
    /// Numbers from `next` to below `end`; `cell` is where they are read.
    Num { next: i64, end: i64, cell: u64 },
    /// Bits of words, by number.
    Bits {
        bits: Vec<u32>,
        next: usize,
        cell: u64,
    },
    /// Kernel objects of some kind.
    Objects { kind: String, next: u32 },
}

fn cell(cx: &mut Cx<'_>) -> Result<u64, Stop> {
    let region = cx.rt.mem.alloc_zeroed(Kind::Buffer, 8);
    let region = region.ok_or_else(|| FaultKind::NotModelled("more memory objects".into()))?;
    Ok(cx.rt.mem.base(region))
}

/// The kfuncs `bpf_iter_*_{new,next,destroy}`.
pub(super) fn kfunc(cx: &mut Cx<'_>, name: &str) -> Answer {
    let Some(rest) = name.strip_prefix("bpf_iter_") else {
        return Ok(None);
    };
    let at = cx.arg(1);
    if let Some(kind) = rest.strip_suffix("_new") {
        return new(cx, at, kind);
    }
    if rest.ends_with("_next") {
        return next(cx, at);
    }
    if rest.ends_with("_destroy") {
        cx.rt.iterators.remove(&at);
        return ret(0);
    }
    Ok(None)
}

fn new(cx: &mut Cx<'_>, at: u64, kind: &str) -> Answer {
    match kind {
        "num" => {
            let (start, end) = (i64::from(cx.arg(2) as i32), i64::from(cx.arg(3) as i32));
            let answer = if start > end {
                EINVAL
            } else if end - start > MAX_LOOPS {
                E2BIG
            } else {
                0
            };
            let cell = cell(cx)?;
            let (next, end) = if answer == 0 { (start, end) } else { (0, 0) };
            cx.rt.iterators.insert(at, Iter::Num { next, end, cell });
            ret(answer)
        }
        "bits" => {
            let words = cx.arg(3);
            let answer = match words {
                0 => EINVAL,
                512.. => E2BIG,
                _ => 0,
            };
            let cell = cell(cx)?;
            let bytes = if answer == 0 {
                // As many numbers as there are bits.
                cx.rt.spend(words * 64 * 4)?;
                cx.bytes(2, words * 8)?
            } else {
                Vec::new()
            };
            let bit = |i: &u32| {
                bytes
                    .get(*i as usize / 8)
                    .is_some_and(|byte| byte >> (i % 8) & 1 != 0)
            };
            let bits = (0..bytes.len() as u32 * 8).filter(bit).collect();
            cx.rt.iterators.insert(
                at,
                Iter::Bits {
                    bits,
                    next: 0,
                    cell,
                },
            );
            ret(answer)
        }
        _ => {
            cx.rt.iterators.insert(
                at,
                Iter::Objects {
                    kind: kind.to_owned(),
                    next: 0,
                },
            );
            ret(0)
        }
    }
}

fn next(cx: &mut Cx<'_>, at: u64) -> Answer {
    let Some(iter) = cx.rt.iterators.get_mut(&at) else {
        return Ok(Some(0));
    };
    let (cell, value) = match iter {
        Iter::Num { next, end, cell } => {
            if next >= end {
                return Ok(Some(0));
            }
            *next += 1;
            (*cell, *next - 1)
        }
        Iter::Bits { bits, next, cell } => {
            let Some(bit) = bits.get(*next) else {
                return Ok(Some(0));
            };
            *next += 1;
            (*cell, i64::from(*bit))
        }
        Iter::Objects { kind, next } => {
            if *next >= OBJECTS {
                return Ok(Some(0));
            }
            *next += 1;
            let name = format!("{kind} {next}");
            return Ok(Some(cx.rt.kernel_object(&name, 16 << 10)?));
        }
    };
    cx.rt.mem.store(cell, 4, value as u64)?;
    Ok(Some(cell))
}
