//! Where a budget went, read back: all but the stacks, which no report holds.

use std::sync::Arc;

use serde::Deserialize;

use super::line_of;
use crate::programs::Place;
use crate::view::profile::{Counts, FunctionCost, LineCost, LoopCost, PointCost, ProfileView};

#[derive(Deserialize)]
pub(super) struct Profile {
    processed: u64,
    limit: u64,
    functions: Vec<Function>,
    lines: Vec<Line>,
    loops: Vec<Loop>,
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    visits: u64,
}

#[derive(Deserialize)]
struct Line {
    file: String,
    line: u32,
    #[serde(default)]
    text: String,
    visits: u64,
}

#[derive(Deserialize)]
struct Loop {
    insn: u32,
    place: At,
    #[serde(default)]
    text: String,
    turns: u64,
    visits: u64,
    states: States,
}

#[derive(Deserialize)]
struct Point {
    insn: u32,
    place: At,
    #[serde(default)]
    text: String,
    states: States,
}

#[derive(Deserialize)]
struct At {
    file: Option<String>,
    line: Option<u32>,
}

#[derive(Deserialize)]
struct States {
    kept: u64,
    hits: u64,
    misses: u64,
    differs: Vec<Difference>,
}

#[derive(Deserialize)]
struct Difference {
    what: String,
    times: u64,
}

fn place(file: String, line: u32) -> Result<Place, String> {
    Ok(Place {
        file: file.into(),
        line: line_of(line)?,
        column: 0,
    })
}

impl At {
    fn read(self) -> Result<Option<Place>, String> {
        let parts = self.file.zip(self.line);
        parts.map(|(file, line)| place(file, line)).transpose()
    }
}

impl States {
    fn read(self) -> Counts {
        let differs = self.differs.into_iter();
        Counts {
            kept: self.kept,
            hits: self.hits,
            misses: self.misses,
            differs: differs.map(|d| (d.what, d.times)).collect(),
        }
    }
}

/// The profile of a program.
pub(super) fn profile(p: Profile) -> Result<Arc<ProfileView>, String> {
    let functions = p.functions.into_iter().map(|f| FunctionCost {
        name: f.name.into(),
        visits: f.visits,
    });
    let lines = p.lines.into_iter().map(|l| {
        Ok(LineCost {
            place: place(l.file, l.line)?,
            text: l.text.into(),
            visits: l.visits,
        })
    });
    let loops = p.loops.into_iter().map(|l| {
        Ok(LoopCost {
            insn: l.insn,
            place: l.place.read()?,
            text: l.text.into(),
            turns: l.turns,
            visits: l.visits,
            states: l.states.read(),
        })
    });
    let points = p.points.into_iter().map(|l| {
        Ok(PointCost {
            insn: l.insn,
            place: l.place.read()?,
            text: l.text.into(),
            states: l.states.read(),
        })
    });
    Ok(Arc::new(ProfileView {
        processed: p.processed,
        limit: p.limit,
        functions: functions.collect(),
        lines: lines.collect::<Result<_, String>>()?,
        loops: loops.collect::<Result<_, String>>()?,
        points: points.collect::<Result<_, String>>()?,
        stacks: Vec::new(),
    }))
}
