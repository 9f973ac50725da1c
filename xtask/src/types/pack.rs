//! Writes the archive; `bpfassay_kernel_types::archive` describes it.

use super::order;
use super::slots::{Slots, Strings};
use bpfassay_kernel_types::archive::{BLOCK, MAGIC, put_near, put_varint};
use bpfassay_kernel_types::layout::{FLAG, VLEN, Word, kind};
use bpfassay_kernel_types::records::{Blob, Record};
use std::collections::{BTreeSet, HashMap};

/// A kernel, its references still ids.
struct Kernel {
    records: Vec<Record>,
    /// By id, void first: the slot, numbered in the order of storage.
    slots: Vec<u32>,
}

/// The contents of a version.
fn contents(slot: u32, r: &Record, slots: &[u32]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let flag = u32::from(r.info & FLAG != 0);
    put_varint(&mut out, (r.info & VLEN) << 6 | flag << 5 | kind(r.info));
    let string = |out: &mut Vec<u8>, offset: u32| out.extend_from_slice(&offset.to_le_bytes()[..3]);
    match (r.layout.named, r.name) {
        (true, name) => string(&mut out, name),
        (false, 0) => {}
        (false, _) => return Err("a name on a type that has none".into()),
    }
    let target = |id: u32| slots.get(id as usize).copied().ok_or("a dangling type id");
    match r.layout.word {
        Word::Ref => put_near(&mut out, slot, target(r.word)?),
        _ => put_varint(&mut out, r.word),
    }
    let mut last = [0u32; 3];
    for item in r.tail.chunks(r.layout.tail.len().max(1)) {
        for ((value, word), last) in item.iter().zip(r.layout.tail).zip(&mut last) {
            match word {
                Word::Str => string(&mut out, *value),
                Word::Ref => put_near(&mut out, slot, target(*value)?),
                Word::Num => {
                    put_near(&mut out, *last, *value);
                    *last = *value;
                }
            }
        }
    }
    Ok(out)
}

/// The versions of every slot, and which each kernel has.
struct Versions {
    contents: Vec<Vec<Vec<u8>>>,
    patterns: Vec<Vec<u8>>,
}

fn versions(kernels: &[Kernel], slots: usize) -> Result<Versions, String> {
    let mut all = Versions {
        contents: vec![Vec::new(); slots + 1],
        patterns: vec![vec![0; kernels.len()]; slots + 1],
    };
    for (k, kernel) in kernels.iter().enumerate() {
        for (r, slot) in kernel.records.iter().zip(&kernel.slots[1..]) {
            let bytes = contents(*slot, r, &kernel.slots)?;
            let known = &mut all.contents[*slot as usize];
            let at = known.iter().position(|v| *v == bytes).unwrap_or_else(|| {
                known.push(bytes);
                known.len() - 1
            });
            all.patterns[*slot as usize][k] = u8::try_from(at + 1).map_err(|_| "versions")?;
        }
    }
    Ok(all)
}

/// The archive of kernels' BTF, in their order.
pub(super) fn pack(blobs: &[Blob<'_>]) -> Result<Vec<u8>, String> {
    let damaged = || "damaged BTF".to_string();
    let mut read = Vec::new();
    for blob in blobs {
        read.push((blob, blob.records().ok_or_else(damaged)?));
    }
    let strings = Strings::new(&read).ok_or_else(damaged)?;
    let mut slots = Slots::default();
    let mut kernels = Vec::new();
    for (blob, mut records) in read {
        strings.share(blob, &mut records).ok_or_else(damaged)?;
        let slots = slots.of_kernel(&records);
        kernels.push(Kernel { records, slots });
    }
    let count = slots.len();
    if strings.section.len().max(count) >= 1 << 24 {
        return Err("strings of more than 16 MiB, or as many types".into());
    }
    let orders: Vec<Vec<u32>> = kernels.iter().map(|k| k.slots[1..].to_vec()).collect();
    let (hubs, of) = order::hubs(&orders, count);
    // Slots get numbers in the order of storage.
    let stored = order::storage(&hubs, count);
    let mut number = vec![0u32; count + 1];
    for (i, slot) in (1u32..).zip(&stored) {
        number[*slot as usize] = i;
    }
    let renumbered = |s: &[u32]| s.iter().map(|s| number[*s as usize]).collect::<Vec<_>>();
    for kernel in &mut kernels {
        kernel.slots = renumbered(&kernel.slots);
    }
    let mut hubs: Vec<Vec<u32>> = hubs.iter().map(|h| renumbered(&h.sequence)).collect();
    hubs[0] = (1..=count as u32).collect();
    let versions = versions(&kernels, count)?;
    let mut sections = vec![strings.section];
    sections.extend(slot_sections(&versions)?);
    sections.extend(name_sections(&kernels));
    for hub in &hubs[1..] {
        let (mut out, mut last) = (Vec::new(), 0);
        for slot in hub {
            put_near(&mut out, last, *slot);
            last = *slot;
        }
        sections.push(out);
    }
    for (kernel, hub) in kernels.iter().zip(&of) {
        let own = &kernel.slots[1..];
        sections.push(order::section(*hub, &hubs[*hub], own, count));
    }
    let mut out = MAGIC.to_vec();
    let lengths = sections.iter().map(Vec::len);
    for word in [kernels.len(), hubs.len() - 1, count]
        .into_iter()
        .chain(lengths)
    {
        out.extend_from_slice(&(word as u32).to_le_bytes());
    }
    Ok(sections.into_iter().fold(out, |mut out, s| {
        out.extend(s);
        out
    }))
}

/// Patterns, slots, blocks, lengths, contents.
fn slot_sections(versions: &Versions) -> Result<[Vec<u8>; 5], String> {
    // Frequent patterns side by side.
    let mut uses: HashMap<&[u8], usize> = HashMap::new();
    for pattern in &versions.patterns[1..] {
        *uses.entry(pattern).or_default() += 1;
    }
    let mut by_use: Vec<(&[u8], usize)> = uses.into_iter().collect();
    by_use.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    let numbers = by_use.iter().enumerate().map(|(i, (p, _))| (*p, i));
    let numbers: HashMap<&[u8], usize> = numbers.collect();
    let (mut slots, mut blocks) = (Vec::new(), Vec::new());
    let (mut lengths, mut contents) = (Vec::new(), Vec::new());
    let all = versions.patterns.iter().zip(&versions.contents);
    for (i, (pattern, known)) in all.skip(1).enumerate() {
        let number = u16::try_from(numbers[pattern.as_slice()]).map_err(|_| "patterns")?;
        slots.extend_from_slice(&number.to_le_bytes());
        if i % BLOCK == 0 {
            for begin in [lengths.len(), contents.len()] {
                blocks.extend_from_slice(&(begin as u32).to_le_bytes());
            }
        }
        for bytes in known {
            put_varint(&mut lengths, bytes.len() as u32);
            contents.extend_from_slice(bytes);
        }
    }
    let patterns = by_use.iter().flat_map(|(p, _)| p.iter().copied()).collect();
    Ok([patterns, slots, blocks, lengths, contents])
}

/// Names, tags.
fn name_sections(kernels: &[Kernel]) -> [Vec<u8>; 2] {
    const DECL_TAG: u32 = 17;
    const TYPE_TAG: u32 = 18;
    let (mut names, mut tags) = (BTreeSet::new(), BTreeSet::new());
    for kernel in kernels {
        for (r, slot) in kernel.records.iter().zip(&kernel.slots[1..]) {
            match kind(r.info) {
                DECL_TAG => {
                    tags.insert(*slot);
                }
                TYPE_TAG => {}
                // Strings are sorted: so are their offsets.
                _ if r.name != 0 => {
                    names.insert((r.name, *slot));
                }
                _ => {}
            }
        }
    }
    let three = |n: u32| n.to_le_bytes().into_iter().take(3);
    [
        names
            .into_iter()
            .flat_map(|(n, s)| three(n).chain(three(s)))
            .collect(),
        tags.into_iter().flat_map(three).collect(),
    ]
}
