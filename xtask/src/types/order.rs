//! Orders of slots: hubs that several kernels nearly share, and each kernel's runs.

use bpfassay_kernel_types::archive::{put_near, put_varint};

/// A kernel whose order breaks more often than at every n-th type needs another hub.
const RUN: usize = 8;

/// A sequence that holds the slots of all its kernels.
pub(super) struct Hub {
    pub(super) sequence: Vec<u32>,
}

/// Puts slots that a sequence lacks behind those that they follow in a kernel.
fn merge(sequence: &[u32], kernel: &[u32], slots: usize) -> Vec<u32> {
    let mut next = vec![u32::MAX; slots + 1];
    let mut inside = vec![false; slots + 1];
    inside[0] = true;
    let mut last = 0usize;
    for slot in sequence {
        inside[*slot as usize] = true;
        next[last] = *slot;
        last = *slot as usize;
    }
    let mut before = 0usize;
    for slot in kernel.iter().map(|s| *s as usize) {
        if !inside[slot] {
            inside[slot] = true;
            next[slot] = next[before];
            next[before] = slot as u32;
        }
        before = slot;
    }
    let follows = |slot: u32| Some(next[slot as usize]).filter(|s| *s != u32::MAX);
    std::iter::successors(follows(0), |slot| follows(*slot)).collect()
}

/// A kernel's order against a sequence that holds its slots: runs of neighbours, each
/// with the jump to the next.
fn runs(sequence: &[u32], kernel: &[u32], slots: usize) -> Vec<(u32, u32)> {
    let mut place = vec![u32::MAX; slots + 1];
    for slot in kernel {
        place[*slot as usize] = 0;
    }
    let present = sequence.iter().filter(|s| place[**s as usize] == 0);
    let present: Vec<u32> = present.copied().collect();
    for (i, slot) in (0u32..).zip(&present) {
        place[*slot as usize] = i;
    }
    let mut runs: Vec<(u32, u32)> = vec![(0, 0)];
    for slot in kernel {
        let at = place[*slot as usize];
        match runs.last_mut() {
            Some((start, len)) if *start + *len == at => *len += 1,
            _ => runs.push((at, 1)),
        }
    }
    runs
}

/// Hubs for kernels' orders, and which each kernel has. A kernel joins the last hub if
/// its own slots lie there nearly as they should.
pub(super) fn hubs(kernels: &[Vec<u32>], slots: usize) -> (Vec<Hub>, Vec<usize>) {
    let mut hubs: Vec<Hub> = Vec::new();
    let mut of = Vec::new();
    for kernel in kernels {
        let joined = hubs.last().map(|h| merge(&h.sequence, kernel, slots));
        match joined {
            Some(sequence) if runs(&sequence, kernel, slots).len() * RUN < kernel.len() => {
                hubs.last_mut().expect("joined it").sequence = sequence;
            }
            _ => hubs.push(Hub {
                sequence: kernel.clone(),
            }),
        }
        of.push(hubs.len() - 1);
    }
    (hubs, of)
}

/// All slots: those of the first hub in its order, the others behind their neighbours.
pub(super) fn storage(hubs: &[Hub], slots: usize) -> Vec<u32> {
    hubs.iter()
        .fold(Vec::new(), |all, hub| merge(&all, &hub.sequence, slots))
}

/// A kernel's section: its hub and its runs.
pub(super) fn section(hub: usize, sequence: &[u32], kernel: &[u32], slots: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, hub as u32);
    let runs = runs(sequence, kernel, slots);
    let starts = runs.iter().skip(1).map(|r| r.0).chain([0]);
    for ((start, len), next) in runs.iter().zip(starts) {
        put_varint(&mut out, *len);
        put_near(&mut out, start + len, next);
    }
    out
}
