//! Where blocks and edges go on a sheet: a layered drawing.
//!
//! The classical way in four steps. Edges that close a loop are turned around, so
//! that what is left has no cycle; each node gets the layer below all that lead to
//! it; edges over several layers are cut into pieces by way points, one per layer;
//! each layer is ordered by the mean place of its neighbours, which leaves few
//! crossings; then layers are laid out from left to right, each node as near to the
//! mean of its neighbours as its order lets it be. Whole numbers throughout: the
//! same graph is drawn the same on every machine.

use crate::prelude::*;

/// A node's or a sheet's extent, in units of the drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// To the right.
    pub width: i32,
    /// Downwards.
    pub height: i32,
}

/// A place, from the upper left corner.
pub type Point = (i32, i32);

/// A drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The upper left corner of each node.
    pub nodes: Vec<Point>,
    /// The way of each edge, from its source to its target; two points at least.
    pub edges: Vec<Vec<Point>>,
    /// The sheet.
    pub size: Size,
}

/// Nodes and way points of one drawing: what has more is not drawn, since nobody
/// could read it.
pub const MAX_PLACED: usize = 6_000;

/// Between neighbours of a layer.
const GAP: i32 = 28;
/// Between layers.
const DROP: i32 = 44;
/// A way point's width.
const WAY: i32 = 12;
/// Rounds of ordering, and of straightening.
const ROUNDS: usize = 6;

/// Draws a graph: nodes by their sizes, edges by the indices of source and target,
/// the first node on top. `None` if it has too many parts to be read.
pub fn place(nodes: &[Size], edges: &[(usize, usize)]) -> Option<Placed> {
    let edges: Vec<(usize, usize)> = edges
        .iter()
        .copied()
        .filter(|(a, b)| *a < nodes.len() && *b < nodes.len())
        .collect();
    if nodes.is_empty() || nodes.len() > MAX_PLACED {
        return None;
    }
    let turned = turned(nodes.len(), &edges);
    let layer = layers(nodes.len(), &edges, &turned);
    let mut sheet = Sheet::new(nodes, &edges, &turned, &layer)?;
    sheet.order();
    sheet.straighten();
    Some(sheet.drawn(nodes, &edges, &turned))
}

/// Which edges close a loop, seen by a walk from the first node.
fn turned(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut out = vec![Vec::new(); count];
    for (at, (from, _)) in edges.iter().enumerate() {
        out[*from].push(at);
    }
    let mut turned = vec![false; edges.len()];
    let (mut seen, mut open) = (vec![false; count], vec![false; count]);
    for root in 0..count {
        if seen[root] {
            continue;
        }
        let mut stack = vec![(root, 0)];
        (seen[root], open[root]) = (true, true);
        while let Some((node, next)) = stack.last_mut() {
            let Some(&edge) = out[*node].get(*next) else {
                open[*node] = false;
                stack.pop();
                continue;
            };
            *next += 1;
            let to = edges[edge].1;
            turned[edge] = open[to];
            if !seen[to] {
                (seen[to], open[to]) = (true, true);
                stack.push((to, 0));
            }
        }
    }
    turned
}

fn ends(edge: (usize, usize), turned: bool) -> (usize, usize) {
    if turned { (edge.1, edge.0) } else { edge }
}

/// The layer of each node: one below the lowest that leads to it.
fn layers(count: usize, edges: &[(usize, usize)], turned: &[bool]) -> Vec<usize> {
    let (mut out, mut waits) = (vec![Vec::new(); count], vec![0usize; count]);
    for (edge, turned) in edges.iter().zip(turned) {
        let (from, to) = ends(*edge, *turned);
        if from != to {
            out[from].push(to);
            waits[to] += 1;
        }
    }
    let mut layer = vec![0; count];
    let mut ready: Vec<usize> = (0..count).filter(|n| waits[*n] == 0).collect();
    while let Some(node) = ready.pop() {
        for &to in &out[node] {
            layer[to] = layer[to].max(layer[node] + 1);
            waits[to] -= 1;
            if waits[to] == 0 {
                ready.push(to);
            }
        }
    }
    layer
}

/// Nodes and way points in layers.
struct Sheet {
    /// Width of each node and way point.
    width: Vec<i32>,
    /// Left edge of each.
    x: Vec<i32>,
    /// By layer, from left to right.
    layers: Vec<Vec<usize>>,
    /// Neighbours in the layer above, and below.
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// The way points of each edge, downwards.
    ways: Vec<Vec<usize>>,
    /// Height of each layer.
    height: Vec<i32>,
}

impl Sheet {
    fn new(
        nodes: &[Size],
        edges: &[(usize, usize)],
        turned: &[bool],
        layer: &[usize],
    ) -> Option<Sheet> {
        let depth = layer.iter().max().map_or(0, |l| l + 1);
        let mut sheet = Sheet {
            width: nodes.iter().map(|n| n.width).collect(),
            x: Vec::new(),
            layers: vec![Vec::new(); depth],
            above: vec![Vec::new(); nodes.len()],
            below: vec![Vec::new(); nodes.len()],
            ways: Vec::with_capacity(edges.len()),
            height: vec![0; depth],
        };
        for (node, &at) in layer.iter().enumerate() {
            sheet.layers[at].push(node);
            sheet.height[at] = sheet.height[at].max(nodes[node].height);
        }
        for (edge, turned) in edges.iter().zip(turned) {
            let (from, to) = ends(*edge, *turned);
            let mut ways = Vec::new();
            let mut last = from;
            for at in layer[from] + 1..layer[to] {
                let way = sheet.width.len();
                if way >= MAX_PLACED {
                    return None;
                }
                sheet.width.push(WAY);
                sheet.above.push(vec![last]);
                sheet.below.push(Vec::new());
                sheet.below[last].push(way);
                sheet.layers[at].push(way);
                ways.push(way);
                last = way;
            }
            if from != to {
                sheet.below[last].push(to);
                sheet.above[to].push(last);
            }
            sheet.ways.push(ways);
        }
        sheet.x = vec![0; sheet.width.len()];
        Some(sheet)
    }

    /// Orders each layer by the mean index of its neighbours, downwards and upwards
    /// in turn.
    fn order(&mut self) {
        let mut index = vec![0i64; self.width.len()];
        let number = |layer: &[usize], index: &mut [i64]| {
            for (at, node) in layer.iter().enumerate() {
                index[*node] = at as i64;
            }
        };
        for layer in &self.layers {
            number(layer, &mut index);
        }
        for round in 0..ROUNDS {
            let down = round % 2 == 0;
            let mut rows: Vec<usize> = (0..self.layers.len()).collect();
            if !down {
                rows.reverse();
            }
            for row in rows {
                let mut layer = core::mem::take(&mut self.layers[row]);
                let near = if down { &self.above } else { &self.below };
                let mean = |node: &usize| {
                    let near = &near[*node];
                    match near.len() as i64 {
                        0 => index[*node] * 1024,
                        n => near.iter().map(|o| index[*o] * 1024).sum::<i64>() / n,
                    }
                };
                layer.sort_by_cached_key(mean);
                number(&layer, &mut index);
                self.layers[row] = layer;
            }
        }
    }

    /// Gives each its place, near to its neighbours.
    fn straighten(&mut self) {
        for row in 0..self.layers.len() {
            let mut x = 0;
            for &node in &self.layers[row] {
                self.x[node] = x;
                x += self.width[node] + GAP;
            }
        }
        for round in 0..ROUNDS {
            let down = round % 2 == 0;
            let mut rows: Vec<usize> = (0..self.layers.len()).collect();
            if !down {
                rows.reverse();
            }
            for row in rows {
                self.settle(row, down);
            }
        }
        let left = self.x.iter().min().copied().unwrap_or(0);
        self.x.iter_mut().for_each(|x| *x -= left);
    }

    fn middle(&self, node: usize) -> i32 {
        self.x[node] + self.width[node] / 2
    }

    /// Moves the nodes of a layer towards the mean of their neighbours: pushed apart
    /// to the right, then what hangs over is pushed back; the mean of both stays.
    fn settle(&mut self, row: usize, down: bool) {
        let near = if down { &self.above } else { &self.below };
        let layer = &self.layers[row];
        let wanted: Vec<i32> = layer
            .iter()
            .map(|&node| {
                let others = &near[node];
                match i32::try_from(others.len()) {
                    Ok(n) if n > 0 => {
                        let sum: i64 = others.iter().map(|o| i64::from(self.middle(*o))).sum();
                        (sum / i64::from(n)) as i32 - self.width[node] / 2
                    }
                    _ => self.x[node],
                }
            })
            .collect();
        let mut right = wanted.clone();
        for i in 1..layer.len() {
            let least = right[i - 1] + self.width[layer[i - 1]] + GAP;
            right[i] = right[i].max(least);
        }
        let mut left = wanted;
        for i in (0..layer.len().saturating_sub(1)).rev() {
            let most = left[i + 1] - GAP - self.width[layer[i]];
            left[i] = left[i].min(most);
        }
        for (i, &node) in layer.iter().enumerate() {
            self.x[node] = left[i].midpoint(right[i]);
        }
    }

    fn drawn(&self, nodes: &[Size], edges: &[(usize, usize)], turned: &[bool]) -> Placed {
        let mut tops = Vec::with_capacity(self.height.len());
        let mut y = 0;
        for height in &self.height {
            tops.push(y);
            y += height + DROP;
        }
        let mut top = vec![0; self.width.len()];
        for (row, layer) in self.layers.iter().enumerate() {
            for &node in layer {
                top[node] = tops[row];
            }
        }
        let row_height = |node: usize| {
            let row = tops.partition_point(|t| *t <= top[node]).saturating_sub(1);
            self.height[row]
        };
        let way = |at: usize| -> Vec<Point> {
            let (from, to) = ends(edges[at], turned[at]);
            let bottom = (self.middle(from), top[from] + nodes[from].height);
            if from == to {
                let (x, y) = (self.x[from] + nodes[from].width, top[from]);
                let (low, out) = (y + nodes[from].height, x + GAP / 2);
                return vec![(x, low - 4), (out, low - 4), (out, y + 4), (x, y + 4)];
            }
            let mut points = vec![bottom];
            for &w in &self.ways[at] {
                points.push((self.middle(w), top[w]));
                points.push((self.middle(w), top[w] + row_height(w)));
            }
            points.push((self.middle(to), top[to]));
            if turned[at] {
                points.reverse();
            }
            points
        };
        let right = |node: usize| self.x[node] + self.width[node];
        Placed {
            nodes: (0..nodes.len()).map(|n| (self.x[n], top[n])).collect(),
            edges: (0..edges.len()).map(way).collect(),
            size: Size {
                width: (0..self.width.len()).map(right).max().unwrap_or(0) + GAP,
                height: (y - DROP).max(0),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(count: usize, edges: &[(usize, usize)]) -> Placed {
        let size = Size {
            width: 100,
            height: 30,
        };
        place(&vec![size; count], edges).expect("small enough")
    }

    #[track_caller]
    fn apart(p: &Placed) {
        for (i, a) in p.nodes.iter().enumerate() {
            for b in &p.nodes[i + 1..] {
                let clear = (a.0 - b.0).abs() >= 100 || (a.1 - b.1).abs() >= 30;
                assert!(clear, "{a:?} and {b:?} overlap in {p:?}");
            }
            assert!(a.0 >= 0 && a.0 + 100 <= p.size.width && a.1 + 30 <= p.size.height);
        }
    }

    #[test]
    fn a_diamond_is_symmetric() {
        let p = drawn(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        apart(&p);
        assert_eq!(p.nodes[0].0, p.nodes[3].0);
        assert_eq!(p.nodes[1].1, p.nodes[2].1);
    }

    #[test]
    fn loops_point_upwards() {
        let p = drawn(3, &[(0, 1), (1, 2), (2, 1), (1, 1)]);
        apart(&p);
        let back = &p.edges[2];
        assert!(back[0].1 > back[back.len() - 1].1, "{back:?}");
    }

    #[test]
    fn long_edges_pass_beside_nodes() {
        let p = drawn(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        apart(&p);
        for (x, y) in &p.edges[3] {
            let inside = |n: &Point| *x > n.0 && *x < n.0 + 100 && *y > n.1 && *y < n.1 + 30;
            assert!(!p.nodes.iter().any(inside), "{p:?}");
        }
    }

    #[test]
    fn what_nobody_could_read_is_not_drawn() {
        let chain: Vec<_> = (0..200).map(|i| (i, i + 1)).collect();
        let long: Vec<_> = (0..100).map(|i| (i, 200)).collect();
        let edges = [chain, long].concat();
        assert_eq!(place(&[Size::default(); 201], &edges), None);
        assert_eq!(place(&[], &[]), None);
    }

    #[test]
    fn edges_that_lead_nowhere_are_left_out() {
        assert_eq!(drawn(1, &[(0, 7)]).edges.len(), 0);
    }
}
