//! Function and line records as `BPF_PROG_LOAD` takes them.

use std::collections::HashMap;

use crate::object::Btf;
use crate::programs::Program;

/// Function records.
pub(super) fn func_info(records: &[(u32, u32)]) -> Vec<u8> {
    let words = records.iter().flat_map(|(insn, ty)| [*insn, *ty]);
    words.flat_map(u32::to_le_bytes).collect()
}

/// Line records, whose strings are named by their place in the BTF.
pub(super) fn line_info(program: &Program, btf: &Btf) -> Vec<u8> {
    let places = strings(btf);
    let place = |text: &str| places.get(text).copied().unwrap_or(0);
    let records = program.line_info.iter().flat_map(|l| {
        let place_in_line = l.line << 10 | (l.col & 0x3ff);
        [l.insn, place(&l.file), place(&l.text), place_in_line]
    });
    records.flat_map(u32::to_le_bytes).collect()
}

/// Where each string of the BTF begins.
fn strings(btf: &Btf) -> HashMap<&str, u32> {
    let mut out = HashMap::new();
    let bytes = btf.bytes();
    let word = |at: usize| {
        let word = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
        word.map_or(0, u32::from_le_bytes) as usize
    };
    // Header: its length, types' offset and length, strings' offset and length.
    let (start, len) = (word(4) + word(16), word(20));
    let section = bytes.get(start..start + len).unwrap_or(&[]);
    let mut at = 0;
    for string in section.split(|b| *b == 0) {
        if let Ok(text) = std::str::from_utf8(string) {
            out.entry(text).or_insert(at as u32);
        }
        at += string.len() + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_btf_are_found() {
        // One INT named `int`, and a second string.
        let types: [u32; 4] = [1, 1 << 24, 4, 32];
        let names = b"\0int\0file.c\0";
        let mut bytes = vec![0x9f, 0xeb, 1, 0];
        for word in [24, 0, 16, 16, names.len() as u32] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend(types.iter().flat_map(|w| w.to_le_bytes()));
        bytes.extend(names);
        let btf = Btf::parse(bytes.into()).unwrap();
        let places = strings(&btf);
        assert_eq!((places["int"], places["file.c"]), (1, 5));
    }
}
