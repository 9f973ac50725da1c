//! What a person steps through: a program's instructions beside its source, its
//! control flow laid out, how often each instruction was processed, and the states
//! on the way.
//!
//! A verification is walked a second time, watched: the walk is the same, and only
//! now it is known how long it is, so that the first steps and those that lead to
//! the end can be kept and the middle counted. States are told as what changed from
//! step to step, in words of which each is kept once. A [`Shelf`] holds how many
//! bytes all views of a report may take.

pub mod profile;
mod record;
mod states;
pub mod variables;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::states::{Around, Contents, Notation, around, states};

use self::record::Recorder;
use crate::abstract_interp::{Input, Prepared, Verification, verify_within};
use crate::budget::Account;
use crate::cfg::{drawing, edge_class};
use crate::diagnostics::{ProgramNames, instruction};

/// A program as it was verified for one target.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Its instructions.
    pub insns: Vec<InsnView>,
    /// The lines of source that they came from: in order of file and line.
    pub lines: Vec<LineView>,
    /// Its functions, laid out.
    pub functions: Vec<FunctionView>,
    /// Steps of the walk.
    pub steps: Vec<Step>,
    /// After how many steps others were left out.
    pub gap_at: usize,
    /// How many.
    pub gap: u64,
    /// What registers and slots held, by [`Change::word`].
    pub words: Vec<String>,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct InsnView {
    /// Its slot.
    pub slot: u32,
    /// Disassembled.
    pub text: String,
    /// Index into [`View::lines`].
    pub line: Option<u32>,
    /// How often it was processed.
    pub visits: u32,
}

/// A line of source.
#[derive(Clone, Debug)]
pub struct LineView {
    /// The file, as the object names it.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// Its text, as the object carries it.
    pub text: Arc<str>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct FunctionView {
    /// Its name.
    pub name: String,
    /// Its blocks; none if there are too many to draw.
    pub blocks: Vec<BlockView>,
    /// Its edges.
    pub edges: Vec<EdgeView>,
    /// Width and height of the drawing.
    pub size: (i32, i32),
    /// How many blocks there are.
    pub count: usize,
}

/// A block of a drawing.
#[derive(Clone, Debug)]
pub struct BlockView {
    /// First and last slot.
    pub slots: (u32, u32),
    /// Left, top, width, height.
    pub at: (i32, i32, i32, i32),
    /// A loop begins here.
    pub header: bool,
    /// A line for each instruction, shortened.
    pub text: Vec<String>,
}

/// An edge of a drawing.
#[derive(Clone, Debug)]
pub struct EdgeView {
    /// `next`, `taken`, `table`.
    pub class: &'static str,
    /// From block to block.
    pub points: Vec<(i32, i32)>,
}

/// A step: the state before an instruction, by what differs from the step before.
#[derive(Clone, Debug)]
pub struct Step {
    /// The instruction's slot.
    pub slot: u32,
    /// Call frames.
    pub depth: u8,
    /// The path of the step before had ended: another one is taken up here.
    pub jumps: bool,
    /// What differs.
    pub changes: Vec<Change>,
}

/// One place's new content.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The frame, 0 outermost.
    pub frame: u8,
    /// 0 to 10: a register; above: a stack slot, from the top.
    pub place: u16,
    /// Index into [`View::words`]; none: not readable any more.
    pub word: Option<u32>,
}

/// Bytes of a view of a few instructions.
const LEAST: usize = 1 << 10;

/// Room for the views of one report.
#[derive(Debug)]
pub struct Shelf {
    left: AtomicUsize,
    steps: usize,
}

impl Shelf {
    /// Room for this many bytes, in views of this many steps at the beginning and at
    /// the end.
    pub const fn new(bytes: usize, steps: usize) -> Shelf {
        Shelf {
            left: AtomicUsize::new(bytes),
            steps,
        }
    }

    /// Takes a view in, if there is room for it.
    fn take(&self, view: View) -> Option<View> {
        let bytes = view.bytes();
        let take = |left: usize| left.checked_sub(bytes);
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        left.is_ok().then_some(view)
    }

    /// Whether the smallest view does not fit any more: none needs to be made.
    fn is_full(&self) -> bool {
        self.left.load(Ordering::Relaxed) < LEAST
    }
}

impl View {
    /// Watches a verification of which it is known how it ended. `None` if the shelf
    /// is full, the budget ended or the structure of the program was refused.
    pub fn of(
        input: &Input<'_>,
        known: &Verification,
        account: Account<'_>,
        shelf: &Shelf,
    ) -> Option<View> {
        if shelf.is_full() {
            return None;
        }
        let prepared = Prepared::new(input).ok()?;
        let mut recorder = Recorder::new(prepared.ops.len(), known.stats.processed, shelf.steps);
        let again = verify_within(
            input,
            Some(&mut |env, state, slot| recorder.see(env, state, slot)),
            account,
        );
        if again.stats.processed != known.stats.processed {
            return None;
        }
        let mut view = View::default();
        view.read(input, &prepared, &recorder.visits);
        (view.steps, view.gap_at, view.gap) = recorder.steps();
        view.words = recorder.words;
        shelf.take(view)
    }

    fn read(&mut self, input: &Input<'_>, prepared: &Prepared, visits: &[u32]) {
        let program = input.program;
        let mut known: BTreeMap<(&str, u32), &Arc<str>> = BTreeMap::new();
        for line in program.line_info.iter() {
            let text = known
                .entry((&line.info.file, line.line))
                .or_insert(&line.info.text);
            if text.trim().is_empty() {
                *text = &line.info.text;
            }
        }
        let mut index = BTreeMap::new();
        let names: BTreeMap<&str, &Arc<str>> = program
            .line_info
            .iter()
            .map(|l| (&*l.info.file, &l.info.file))
            .collect();
        for ((file, line), text) in known {
            index.insert((file, line), self.lines.len() as u32);
            self.lines.push(LineView {
                file: names
                    .get(file)
                    .map_or_else(|| file.into(), |f| Arc::clone(f)),
                line,
                text: Arc::clone(text),
            });
        }
        let mut lines = program.line_info.iter().peekable();
        let mut line = None;
        for slot in 0..prepared.ops.len() {
            while let Some(next) = lines.next_if(|l| l.insn as usize <= slot) {
                line = index.get(&(&*next.file, next.line)).copied();
            }
            let text = instruction(program, &prepared.ops, slot);
            if text.is_empty() || prepared.cfg.is_second_slot(slot) {
                continue;
            }
            self.insns.push(InsnView {
                slot: slot as u32,
                text,
                line,
                visits: visits.get(slot).copied().unwrap_or(0),
            });
        }
        for subprog in 0..prepared.cfg.subprogs().len() {
            self.functions.push(function(input, prepared, subprog));
        }
    }

    /// Bytes that it takes, in a page about as many as in memory.
    pub fn bytes(&self) -> usize {
        let insns: usize = self.insns.iter().map(|i| 32 + i.text.len()).sum();
        let lines: usize = self.lines.iter().map(|l| 24 + l.text.len()).sum();
        let steps: usize = self.steps.iter().map(|s| 16 + 12 * s.changes.len()).sum();
        let words: usize = self.words.iter().map(|w| 24 + w.len()).sum();
        let functions: usize = self.functions.iter().map(FunctionView::bytes).sum();
        insns + lines + steps + words + functions
    }
}

impl FunctionView {
    fn bytes(&self) -> usize {
        let text = |b: &BlockView| b.text.iter().map(|t| 24 + t.len()).sum::<usize>();
        let blocks: usize = self.blocks.iter().map(|b| 64 + text(b)).sum();
        let edges: usize = self.edges.iter().map(|e| 24 + 12 * e.points.len()).sum();
        64 + self.name.len() + blocks + edges
    }
}

fn function(input: &Input<'_>, prepared: &Prepared, subprog: usize) -> FunctionView {
    let start = prepared.cfg.subprog_start(subprog) as u32;
    let name = input.program.function_from(start as usize);
    let name = match name {
        Some(s) => s.name.to_string(),
        None if subprog == 0 => input.program.name.to_string(),
        None => format!("function at {start}"),
    };
    let names = ProgramNames(input.program);
    let Some(d) = drawing(&prepared.cfg, &prepared.ops, subprog, &names) else {
        return FunctionView {
            name,
            blocks: Vec::new(),
            edges: Vec::new(),
            size: (0, 0),
            count: prepared.cfg.blocks(subprog).graph.node_count(),
        };
    };
    let headers: Vec<usize> = d.blocks.loops().iter().map(|(h, _)| h.index()).collect();
    let parts = d.placed.nodes.iter().zip(&d.sizes).zip(d.texts);
    let blocks: Vec<BlockView> = parts
        .zip(d.blocks.graph.node_weights())
        .enumerate()
        .map(|(at, (((point, size), text), block))| BlockView {
            slots: (block.start, block.last),
            at: (point.0, point.1, size.width, size.height),
            header: headers.contains(&at),
            text,
        })
        .collect();
    let edges = d.blocks.graph.edge_references().zip(d.placed.edges);
    FunctionView {
        name,
        count: blocks.len(),
        blocks,
        edges: edges
            .map(|(edge, points)| EdgeView {
                class: edge_class(*edge.weight()),
                points,
            })
            .collect(),
        size: (d.placed.size.width, d.placed.size.height),
    }
}
