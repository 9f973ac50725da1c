//! The outer form of an ELF64 file: header, table of sections, their names.

use super::{Dice, Words};

pub(super) const SYMTAB: u32 = 2;
pub(super) const REL: u32 = 9;
const NOBITS: u32 = 8;
const HEADER: usize = 64;

/// Section names that mean something to a loader.
const NAMES: [&str; 30] = [
    "xdp",
    "tc",
    "tcx/ingress",
    "socket",
    "kprobe/f",
    "kprobe.multi/f*",
    "uprobe.s/x:y",
    "tp/a/b",
    "raw_tp/a",
    "tp_btf/a",
    "fentry/f",
    "fexit.s/f",
    "fmod_ret/f",
    "freplace/f",
    "lsm/file_open",
    "lsm.s/bpf",
    "iter/task",
    "cgroup/connect4",
    "cgroup_skb/egress",
    "sk_msg",
    "sockops",
    "syscall",
    "struct_ops/f",
    ".struct_ops.link",
    ".maps",
    "maps",
    "license",
    ".rodata.x",
    ".data",
    ".kconfig",
];

#[derive(Clone)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) kind: u32,
    pub(super) executable: bool,
    pub(super) offset: usize,
    /// Bytes in the file.
    pub(super) size: usize,
    /// Where its header is.
    header: usize,
}

pub(super) struct Shape {
    pub(super) big: bool,
    pub(super) sections: Vec<Section>,
    /// Index of the section that holds the names.
    names: usize,
}

impl Shape {
    /// The shape, if the table of sections is there.
    pub(super) fn read(bytes: &mut [u8]) -> Option<Shape> {
        if bytes.len() < HEADER || !bytes.starts_with(b"\x7fELF\x02") {
            return None;
        }
        let (big, length) = (bytes[5] == 2, bytes.len());
        let words = Words { bytes, big };
        let table = words.get(0x28, 8) as usize;
        let count = words.get(0x3c, 2) as usize;
        if table.checked_add(count * HEADER)? > length {
            return None;
        }
        let names = words.get(0x3e, 2) as usize;
        let names_at = words.get(table + names * HEADER + 0x18, 8) as usize;
        let name = |off: usize| -> String {
            let from = names_at.saturating_add(off).min(length);
            let text = &words.bytes[from..];
            let end = text.iter().take(64).position(|b| *b == 0).unwrap_or(0);
            String::from_utf8_lossy(&text[..end]).into_owned()
        };
        let section = |n: usize| -> Section {
            let header = table + n * HEADER;
            let get = |at: usize, size: usize| words.get(header + at, size);
            let kind = get(4, 4) as u32;
            let offset = (get(0x18, 8) as usize).min(length);
            let stored = if kind == NOBITS { 0 } else { get(0x20, 8) };
            Section {
                name: name(get(0, 4) as usize),
                kind,
                executable: get(8, 8) & 4 != 0,
                offset,
                size: (stored as usize).min(length - offset),
                header,
            }
        };
        Some(Shape {
            big,
            sections: (0..count).map(section).collect(),
            names,
        })
    }

    /// Changes a field of the file's header or of a section's.
    pub(super) fn outer(&self, bytes: &mut [u8], dice: &mut Dice<'_>) {
        let big = self.big;
        let mut words = Words { bytes, big };
        if dice.once_in(6) {
            let fields = [
                (0x10, 2),
                (0x12, 2),
                (0x28, 8),
                (0x30, 4),
                (0x3c, 2),
                (0x3e, 2),
            ];
            if let Some(field) = dice.of(&fields) {
                words.change(field, field.0, dice);
            }
            return;
        }
        let fields = [
            (0, 4),
            (4, 4),
            (8, 8),
            (0x18, 8),
            (0x20, 8),
            (0x28, 4),
            (0x2c, 4),
            (0x30, 8),
            (0x38, 8),
        ];
        let one = dice.below(self.sections.len());
        let other = dice.below(self.sections.len());
        let (Some((at, size)), Some(one), Some(other)) = (
            dice.of(&fields),
            self.sections.get(one),
            self.sections.get(other),
        ) else {
            return;
        };
        words.change((one.header + at, size), other.header + at, dice);
    }

    /// Gives a section other bytes, behind everything else: fewer, more, or those of
    /// another section.
    pub(super) fn resize(&self, bytes: &mut Vec<u8>, most: usize, dice: &mut Dice<'_>) {
        let (one, other) = (
            dice.below(self.sections.len()),
            dice.below(self.sections.len()),
        );
        let (Some(one), Some(other)) = (self.sections.get(one), self.sections.get(other)) else {
            return;
        };
        let of = |s: &Section| {
            bytes
                .get(s.offset..s.offset + s.size)
                .unwrap_or(&[])
                .to_vec()
        };
        let mut data = of(one);
        let unit = [1, 4, 8, 16, 24][dice.below(5)];
        match dice.below(4) {
            0 => data.truncate(dice.below(data.len() / unit + 1) * unit),
            1 => data = of(other),
            2 => data.extend(of(other)),
            _ => {
                let at = dice.below(data.len() / unit + 1) * unit;
                let end = data.len().min(at + unit * (1 + dice.below(8)));
                let again = data[at.min(end)..end].to_vec();
                data.splice(at.min(end)..at.min(end), again);
            }
        }
        self.give(bytes, one, &data, most);
    }

    /// Gives a section another name.
    pub(super) fn rename(&self, bytes: &mut Vec<u8>, most: usize, dice: &mut Dice<'_>) {
        let at = dice.below(self.sections.len());
        let (Some(section), Some(names)) = (self.sections.get(at), self.sections.get(self.names))
        else {
            return;
        };
        let end = names.offset + names.size;
        let mut data = bytes.get(names.offset..end).unwrap_or(&[]).to_vec();
        let at = data.len() as u64;
        data.extend(dice.of(&NAMES).unwrap_or("xdp").bytes());
        data.push(0);
        if self.give(bytes, names, &data, most) {
            let big = self.big;
            Words { bytes, big }.put(section.header, 4, at);
        }
    }

    /// Appends the bytes and lets the section's header point there.
    fn give(&self, bytes: &mut Vec<u8>, section: &Section, data: &[u8], most: usize) -> bool {
        let at = bytes.len().next_multiple_of(8);
        if at + data.len() > most {
            return false;
        }
        bytes.resize(at, 0);
        bytes.extend(data);
        let big = self.big;
        let mut words = Words { bytes, big };
        words.put(section.header + 0x18, 8, at as u64);
        words.put(section.header + 0x20, 8, data.len() as u64);
        true
    }
}
