//! The last mending of an object's BTF before the kernel gets it.
//!
//! Externs are described in sections `.ksyms` and `.kconfig` in a way that no kernel
//! takes: functions among variables, no offsets, extern linkage, incomplete types.
//! Nothing in the kernel reads them, so a loader makes them harmless: every ksym
//! becomes a variable of four bytes, extern functions become global ones with named
//! parameters. Our model does not look at these records, which is why it is not done
//! where objects are read.

use crate::object::btf::{Btf, Kind, Type};

const KIND_INT: u32 = 1;
const KIND_FUNC: u32 = 12;
const KIND_VAR: u32 = 14;
/// Static is 0, extern 2.
const LINKAGE_GLOBAL: u32 = 1;
/// Bytes of a header as kernels read it.
const HEADER_BYTES: usize = 24;
/// Bytes of a record without its tail.
const RECORD_BYTES: usize = 12;

/// A blob being edited.
struct Blob {
    bytes: Vec<u8>,
    /// Offset of each record; entry 0 stands for `void`.
    records: Vec<usize>,
    types_end: usize,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    word.map_or(0, u32::from_le_bytes)
}

impl Blob {
    /// The blob of a BTF that was parsed, and so is well formed.
    fn new(btf: &Btf) -> Option<Blob> {
        let bytes = btf.bytes().to_vec();
        let header = word(&bytes, 4) as usize;
        let start = header.checked_add(word(&bytes, 8) as usize)?;
        let types_end = start.checked_add(word(&bytes, 12) as usize)?;
        if header < HEADER_BYTES || types_end > bytes.len() {
            return None;
        }
        let (mut records, mut at) = (vec![0], start);
        while at < types_end {
            records.push(at);
            at += RECORD_BYTES + tail(word(&bytes, at + 4));
        }
        Some(Blob {
            bytes,
            records,
            types_end,
        })
    }

    fn at(&self, id: u32) -> Option<usize> {
        self.records.get(id as usize).copied().filter(|at| *at > 0)
    }

    fn put(&mut self, at: usize, value: u32) {
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Adds a record at the end; its id.
    fn append(&mut self, words: [u32; 4]) -> u32 {
        let bytes = words.iter().flat_map(|w| w.to_le_bytes());
        self.bytes.splice(self.types_end..self.types_end, bytes);
        self.records.push(self.types_end);
        self.types_end += 16;
        let types = word(&self.bytes, 12) + 16;
        self.put(12, types);
        let header = word(&self.bytes, 4) as usize;
        // Strings that follow the types move along.
        if header + word(&self.bytes, 16) as usize + 16 >= self.types_end {
            let strings = word(&self.bytes, 16) + 16;
            self.put(16, strings);
        }
        self.records.len() as u32 - 1
    }
}

/// Bytes that follow a record's fixed part.
fn tail(info: u32) -> usize {
    let vlen = (info & 0xffff) as usize;
    match (info >> 24) & 0x1f {
        // INT, VAR, DECL_TAG
        1 | 14 | 17 => 4,
        // ARRAY
        3 => 12,
        // STRUCT, UNION, DATASEC, ENUM64
        4 | 5 | 15 | 19 => vlen * 12,
        // ENUM, FUNC_PROTO
        6 | 13 => vlen * 8,
        _ => 0,
    }
}

/// What the kernel is given.
pub(super) fn mended(btf: &Btf) -> Vec<u8> {
    let untouched = || btf.bytes().to_vec();
    let Some(mut blob) = Blob::new(btf) else {
        return untouched();
    };
    if blob.records.len() != btf.type_count() as usize {
        return untouched();
    }
    if let Some(id) = btf.find(Kind::DataSec, ".ksyms") {
        ksyms(btf, &mut blob, id);
    }
    if let Some(id) = btf.find(Kind::DataSec, ".kconfig") {
        kconfig(btf, &mut blob, id);
    }
    blob.bytes
}

fn ksyms(btf: &Btf, blob: &mut Blob, section: u32) {
    let (Some(Type::DataSec { vars, .. }), Some(at)) = (btf.ty(section), blob.at(section)) else {
        return;
    };
    let members: Vec<u32> = vars.iter().map(|v| v.ty).collect();
    let Some(first) = members.first().and_then(|id| blob.at(*id)) else {
        return;
    };
    // Any identifier serves as a name for what is added.
    let name = word(&blob.bytes, first);
    let int = blob.append([name, KIND_INT << 24, 4, 1 << 24 | 32]);
    let dummy = blob.append([name, KIND_VAR << 24, int, LINKAGE_GLOBAL]);
    for (i, id) in (0u32..).zip(&members) {
        let place = at + RECORD_BYTES + i as usize * 12;
        blob.put(place + 4, i * 4);
        blob.put(place + 8, 4);
        let Some(record) = blob.at(*id) else { continue };
        if word(&blob.bytes, record + 4) >> 24 & 0x1f == KIND_FUNC {
            let proto = word(&blob.bytes, record + 8);
            blob.put(record + 4, KIND_FUNC << 24 | LINKAGE_GLOBAL);
            blob.put(place, dummy);
            name_parameters(blob, proto, name);
        } else {
            blob.put(record + 8, int);
            blob.put(record + RECORD_BYTES, LINKAGE_GLOBAL);
        }
    }
    blob.put(at + 8, members.len() as u32 * 4);
}

fn name_parameters(blob: &mut Blob, proto: u32, name: u32) {
    let Some(at) = blob.at(proto) else { return };
    let count = word(&blob.bytes, at + 4) & 0xffff;
    for i in 0..count as usize {
        let place = at + RECORD_BYTES + i * 8;
        let (named, ty) = (word(&blob.bytes, place), word(&blob.bytes, place + 4));
        if named == 0 && ty != 0 {
            blob.put(place, name);
        }
    }
}

/// Configuration values one after the other.
fn kconfig(btf: &Btf, blob: &mut Blob, section: u32) {
    let (Some(Type::DataSec { vars, .. }), Some(at)) = (btf.ty(section), blob.at(section)) else {
        return;
    };
    let mut offset = 0u32;
    for (i, var) in vars.iter().enumerate() {
        let size = btf.resolve_size(var.ty).unwrap_or(var.size).max(1);
        offset = offset.next_multiple_of(8);
        let place = at + RECORD_BYTES + i * 12;
        blob.put(place + 4, offset);
        blob.put(place + 8, size);
        if let Some(record) = blob.at(var.ty) {
            blob.put(record + RECORD_BYTES, LINKAGE_GLOBAL);
        }
        offset = offset.saturating_add(size);
    }
    blob.put(at + 8, offset);
}
