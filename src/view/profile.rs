//! Where a verification's budget went: by function, line, loop and chain of calls, and
//! what kept states apart where they were compared.
//!
//! A verification is walked a second time, watched and counted, as a page's view is: the
//! first walk costs what it always does. Each processed instruction is one visit of its
//! line and of the chain of calls that it was reached by; one at which a path ended
//! because it was walked before counts too, as kernels count it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::abstract_interp::explore::{Point, Profile, Where};
use crate::abstract_interp::state::State;
use crate::abstract_interp::{Input, Prepared, Verification, verify_counting};
use crate::budget::Account;
use crate::diagnostics::apart;
use crate::programs::Place;
use crate::programs::insn::{AluOp, Op, Src};

/// Chains of calls that are told apart; deeper or rarer ones count for their callers.
const MAX_CHAINS: usize = 4096;

/// How the name of what only counts turns begins.
pub const COUNTER: &str = "the loop's counter ";

/// Lines, loops and points that are told.
const TOLD: usize = 12;

/// Where the budget went.
#[derive(Clone, Debug, Default)]
pub struct ProfileView {
    /// Instructions processed.
    pub processed: u64,
    /// How many the target takes.
    pub limit: u64,
    /// Functions, the costliest first.
    pub functions: Vec<FunctionCost>,
    /// Lines, the costliest first.
    pub lines: Vec<LineCost>,
    /// Loops, the costliest first.
    pub loops: Vec<LoopCost>,
    /// Places where states were compared, those with the most kept first.
    pub points: Vec<PointCost>,
    /// Visits by chain of calls and line, from the outermost function.
    pub stacks: Vec<(Vec<Arc<str>>, u64)>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct FunctionCost {
    /// Its name.
    pub name: Arc<str>,
    /// Instructions processed in it.
    pub visits: u64,
}

/// A line of source.
#[derive(Clone, Debug)]
pub struct LineCost {
    /// Where it is.
    pub place: Place,
    /// Its text.
    pub text: Arc<str>,
    /// Instructions processed on it.
    pub visits: u64,
}

/// A loop.
#[derive(Clone, Debug)]
pub struct LoopCost {
    /// Slot of its head.
    pub insn: u32,
    /// Where it is written.
    pub place: Option<Place>,
    /// That line.
    pub text: Arc<str>,
    /// How often its head was reached.
    pub turns: u64,
    /// Instructions processed inside.
    pub visits: u64,
    /// What was counted at its places of comparison.
    pub states: Counts,
}

/// A place where states were compared.
#[derive(Clone, Debug)]
pub struct PointCost {
    /// Its slot.
    pub insn: u32,
    /// Where it is.
    pub place: Option<Place>,
    /// That line.
    pub text: Arc<str>,
    /// What was counted.
    pub states: Counts,
}

/// States kept and compared.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Kept.
    pub kept: u64,
    /// Comparisons that ended a path.
    pub hits: u64,
    /// Comparisons that did not.
    pub misses: u64,
    /// What differed, by name, and how often; the most frequent first.
    pub differs: Vec<(String, u64)>,
}

/// Visits of slots, by the call sites on the way there.
#[derive(Default)]
struct Chains {
    ids: BTreeMap<Vec<u32>, usize>,
    visits: Vec<Vec<u64>>,
    slots: usize,
    last: (Vec<u32>, usize),
}

impl Chains {
    fn see(&mut self, state: &State, slot: usize) {
        let sites = state.frames.iter().skip(1).map(|f| f.callsite);
        if self.visits.is_empty() || !sites.clone().eq(self.last.0.iter().copied()) {
            self.last.0 = sites.collect();
            self.last.1 = self.id(self.last.0.clone());
        }
        let visits = self.visits.get_mut(self.last.1);
        if let Some(count) = visits.and_then(|v| v.get_mut(slot)) {
            *count += 1;
        }
    }

    fn id(&mut self, mut chain: Vec<u32>) -> usize {
        loop {
            if let Some(&id) = self.ids.get(&chain) {
                return id;
            }
            if self.ids.len() < MAX_CHAINS || chain.is_empty() {
                let id = self.visits.len();
                self.visits.push(vec![0; self.slots]);
                self.ids.insert(chain, id);
                return id;
            }
            chain.pop();
        }
    }

    fn total(&self) -> Vec<u64> {
        let mut total = vec![0; self.slots];
        for visits in &self.visits {
            total.iter_mut().zip(visits).for_each(|(sum, n)| *sum += n);
        }
        total
    }
}

impl ProfileView {
    /// Watches a verification again; `None` if the budget ended or the structure of the
    /// program was refused.
    pub fn of(
        input: &Input<'_>,
        known: &Verification,
        account: Account<'_>,
    ) -> Option<ProfileView> {
        let prepared = Prepared::new(input).ok()?;
        let mut chains = Chains {
            slots: prepared.ops.len(),
            ..Chains::default()
        };
        let mut counted = Profile::default();
        let again = verify_counting(
            input,
            Some(&mut |_, state, slot| chains.see(state, slot)),
            Some(&mut counted),
            account,
        );
        if again.stats.processed != known.stats.processed {
            return None;
        }
        let mut visits = chains.total();
        for (&insn, point) in &counted.points {
            // Where a path ended, the instruction was processed and not walked.
            if let Some(count) = visits.get_mut(insn as usize) {
                *count += point.hits;
            }
        }
        let roll = Roll {
            input,
            prepared: &prepared,
            visits,
            counted,
        };
        Some(ProfileView {
            processed: known.stats.processed,
            limit: u64::from(input.target.limits.complexity),
            functions: roll.functions(),
            lines: roll.lines(),
            loops: roll.loops(),
            points: roll.points(),
            stacks: roll.stacks(&chains),
        })
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        let stacks = self.stacks.iter().map(|(frames, _)| 32 + frames.len() * 24);
        4096 + stacks.sum::<usize>() + (self.lines.len() + self.loops.len()) * 256
    }
}

/// Sums up what was counted.
struct Roll<'a> {
    input: &'a Input<'a>,
    prepared: &'a Prepared,
    visits: Vec<u64>,
    counted: Profile,
}

impl Roll<'_> {
    fn place(&self, insn: u32) -> (Option<Place>, Arc<str>) {
        let line = self.input.program.line_at(insn);
        let text = line.map_or_else(|| "".into(), |l| l.text.trim().into());
        (self.input.program.place(insn), text)
    }

    fn name(&self, start: usize) -> Arc<str> {
        match self.input.program.function_from(start) {
            Some(s) => Arc::clone(&s.name),
            None if start == 0 => (&*self.input.program.name).into(),
            None => format!("function at {start}").into(),
        }
    }

    fn sum(&self, from: usize, to: usize) -> u64 {
        self.visits.get(from..to).map_or(0, |v| v.iter().sum())
    }

    fn functions(&self) -> Vec<FunctionCost> {
        let cfg = &self.prepared.cfg;
        let mut all: Vec<FunctionCost> = (0..cfg.subprogs().len())
            .map(|at| {
                let (start, end) = (cfg.subprog_start(at), cfg.subprog_end(at));
                FunctionCost {
                    name: self.name(start),
                    visits: self.sum(start, end),
                }
            })
            .filter(|f| f.visits > 0)
            .collect();
        all.sort_by_key(|f| std::cmp::Reverse(f.visits));
        all.truncate(TOLD);
        all
    }

    fn lines(&self) -> Vec<LineCost> {
        let mut all: BTreeMap<(String, u32), LineCost> = BTreeMap::new();
        for (insn, &visits) in (0u32..).zip(&self.visits) {
            let (Some(place), text) = self.place(insn) else {
                continue;
            };
            let key = (place.file.data().to_owned(), place.line);
            let line = all.entry(key).or_insert(LineCost {
                place,
                text,
                visits: 0,
            });
            line.visits += visits;
        }
        let mut all: Vec<LineCost> = all.into_values().filter(|l| l.visits > 0).collect();
        all.sort_by_key(|l| std::cmp::Reverse(l.visits));
        all.truncate(TOLD);
        all
    }

    fn loops(&self) -> Vec<LoopCost> {
        let cfg = &self.prepared.cfg;
        let mut all = Vec::new();
        for subprog in 0..cfg.subprogs().len() {
            let blocks = cfg.blocks(subprog);
            for (head, latches) in blocks.loops() {
                let head_block = blocks.graph[head];
                let inside = body(&blocks.graph, head, &latches);
                let own = inside.iter().map(|n| blocks.graph[*n]);
                let visits = own
                    .clone()
                    .map(|b| self.sum(b.start as usize, b.end as usize))
                    .sum();
                let mut states = Counts::default();
                let slots = || own.clone().flat_map(|b| b.start..b.end);
                let counters = self.counters(slots());
                for insn in slots() {
                    if let Some(point) = self.counted.points.get(&insn) {
                        self.add(&mut states, insn, point, counters);
                    }
                }
                states.differs.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
                let last = latches.iter().map(|n| blocks.graph[*n].last).max();
                let (place, text) = self.written(head_block.start, last);
                all.push(LoopCost {
                    insn: head_block.start,
                    place,
                    text,
                    turns: self
                        .visits
                        .get(head_block.start as usize)
                        .copied()
                        .unwrap_or(0),
                    visits,
                    states,
                });
            }
        }
        all.retain(|l| l.turns > 1);
        all.sort_by_key(|l| std::cmp::Reverse(l.visits));
        all.truncate(TOLD);
        all
    }

    /// The line on which a loop is written: that of the jump back, where compilers put
    /// the condition, unless it is a lone brace.
    fn written(&self, head: u32, latch: Option<u32>) -> (Option<Place>, Arc<str>) {
        let back = latch.map(|at| self.place(at));
        let said = |(_, text): &(Option<Place>, Arc<str>)| text.len() > 1;
        back.filter(said).unwrap_or_else(|| self.place(head))
    }

    fn points(&self) -> Vec<PointCost> {
        let mut all: Vec<PointCost> = self
            .counted
            .points
            .iter()
            .filter(|(_, p)| p.kept > 1)
            .map(|(&insn, point)| {
                let mut states = Counts::default();
                self.add(&mut states, insn, point, 0);
                states.differs.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
                let (place, text) = self.place(insn);
                PointCost {
                    insn,
                    place,
                    text,
                    states,
                }
            })
            .collect();
        all.sort_by_key(|p| std::cmp::Reverse(p.states.kept));
        all.truncate(TOLD);
        all
    }

    /// The registers that a loop only moves by constants: they differ in each turn.
    fn counters(&self, slots: impl Iterator<Item = u32>) -> u16 {
        let (mut moved, mut written) = (0_u16, 0_u16);
        for op in slots.filter_map(|slot| self.prepared.ops.get(slot as usize)) {
            match op {
                Op::Alu {
                    op: AluOp::Add,
                    dst,
                    src: Src::Imm(_),
                    ..
                } => moved |= 1 << dst,
                op => op.effects().writes.iter().for_each(|r| written |= 1 << r),
            }
        }
        moved & !written
    }

    fn add(&self, sum: &mut Counts, insn: u32, point: &Point, counters: u16) {
        sum.kept += point.kept;
        sum.hits += point.hits;
        sum.misses += point.misses;
        for &(place, count) in &point.differs {
            let ops: &[Op] = &self.prepared.ops;
            let name = match place {
                Some(place) => {
                    let name = apart(self.input.program, ops, insn as usize, place);
                    match place {
                        Where::Reg(r) if counters >> r & 1 != 0 => format!("{COUNTER}{name}"),
                        _ => name,
                    }
                }
                None => "a caller's frame, references or sections".into(),
            };
            match sum.differs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, n)) => *n += count,
                None => sum.differs.push((name, count)),
            }
        }
    }

    /// Visits by chain of functions and line.
    fn stacks(&self, chains: &Chains) -> Vec<(Vec<Arc<str>>, u64)> {
        let cfg = &self.prepared.cfg;
        let function = |slot: u32| {
            let subprogs = 0..cfg.subprogs().len();
            let own = subprogs
                .into_iter()
                .find(|&s| (cfg.subprog_start(s)..cfg.subprog_end(s)).contains(&(slot as usize)));
            self.name(own.map_or(0, |s| cfg.subprog_start(s)))
        };
        let mut all: BTreeMap<Vec<Arc<str>>, u64> = BTreeMap::new();
        for (chain, &id) in &chains.ids {
            let callers: Vec<Arc<str>> = chain.iter().map(|&site| function(site)).collect();
            let Some(visits) = chains.visits.get(id) else {
                continue;
            };
            for (insn, &count) in (0u32..).zip(visits).filter(|(_, n)| **n > 0) {
                let mut frames = callers.clone();
                frames.push(function(insn));
                let place = self.input.program.place(insn);
                frames.push(match place {
                    Some(p) => format!("{}:{}", p.file.data(), p.line).into(),
                    None => format!("instruction {insn}").into(),
                });
                *all.entry(frames).or_default() += count;
            }
        }
        all.into_iter().collect()
    }
}

/// The blocks of a loop: those from which a jump back is reached without its head.
fn body(
    graph: &petgraph::graph::DiGraph<crate::cfg::Block, crate::cfg::EdgeKind>,
    head: petgraph::graph::NodeIndex,
    latches: &[petgraph::graph::NodeIndex],
) -> Vec<petgraph::graph::NodeIndex> {
    let mut inside = vec![false; graph.node_count()];
    let mut found = vec![head];
    let mut open: Vec<_> = latches.to_vec();
    if let Some(mark) = inside.get_mut(head.index()) {
        *mark = true;
    }
    while let Some(node) = open.pop() {
        let Some(mark) = inside.get_mut(node.index()).filter(|m| !**m) else {
            continue;
        };
        *mark = true;
        found.push(node);
        open.extend(graph.neighbors_directed(node, petgraph::Direction::Incoming));
    }
    found
}
