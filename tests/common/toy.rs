//! Objects made in memory, with any bytes where an object has names and texts.

/// What a toy object is made of: one program, one map, line information.
pub struct Toy {
    /// Symbol of the program.
    pub program: Vec<u8>,
    /// Its section.
    pub section: Vec<u8>,
    /// The FUNC in BTF.
    pub function: Vec<u8>,
    /// Instruction slots.
    pub code: Vec<[u8; 8]>,
    /// A slot whose `lddw` refers to the map.
    pub map_at: Option<u32>,
    /// Name of the map; none if empty.
    pub map: Vec<u8>,
    /// `license` section, without its NUL.
    pub license: Vec<u8>,
    /// File that line information names.
    pub file: Vec<u8>,
    /// Slot, line, column, text.
    pub lines: Vec<(u32, u32, u32, Vec<u8>)>,
    /// How many programs there are, all alike, with a number after the name of each but
    /// the first.
    pub copies: usize,
    /// Structs in BTF besides, of one member each; without a map only.
    pub structs: usize,
}

/// `r0 = 0`.
pub const ZERO: [u8; 8] = [0xb7, 0, 0, 0, 0, 0, 0, 0];
/// `r0 = r3`.
pub const UNSET: [u8; 8] = [0xbf, 0x30, 0, 0, 0, 0, 0, 0];
/// `exit`.
pub const EXIT: [u8; 8] = [0x95, 0, 0, 0, 0, 0, 0, 0];
/// The first slot of `r1 = map`.
pub const LDDW: [u8; 8] = [0x18, 0x01, 0, 0, 0, 0, 0, 0];
/// A second slot.
pub const SECOND: [u8; 8] = [0; 8];

impl Default for Toy {
    /// A socket filter that is refused at its first instruction.
    fn default() -> Toy {
        Toy {
            program: b"prog".to_vec(),
            section: b"socket".to_vec(),
            function: b"prog".to_vec(),
            code: vec![UNSET, EXIT],
            map_at: None,
            map: Vec::new(),
            license: b"GPL".to_vec(),
            file: b"/src/toy.c".to_vec(),
            lines: vec![(0, 1, 1, b"return r3;".to_vec())],
            copies: 1,
            structs: 0,
        }
    }
}

/// A table of NUL-terminated strings.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &[u8]) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.0.len() as u32;
        self.0.extend_from_slice(text);
        self.0.push(0);
        at
    }
}

fn words(list: &[u32]) -> Vec<u8> {
    list.iter().flat_map(|w| w.to_le_bytes()).collect()
}

impl Toy {
    /// The object.
    pub fn build(&self) -> Vec<u8> {
        let (btf, ext) = self.types();
        let code = self.code.concat();
        let size = code.len();
        let code = code.repeat(self.copies);
        let mut names = Strings(vec![0]);
        let mut symbols = vec![0; 24];
        let mut symbol = |name: &[u8], kind: u8, section: u16, at: usize, size: usize| {
            symbols.extend(words(&[names.add(name)]));
            symbols.extend([0x10 | kind, 0]);
            symbols.extend(section.to_le_bytes());
            symbols.extend((at as u64).to_le_bytes());
            symbols.extend((size as u64).to_le_bytes());
        };
        symbol(&self.program, 2, 1, 0, size);
        if !self.map.is_empty() {
            symbol(&self.map, 1, 6, 0, 32);
        }
        for copy in 1..self.copies {
            let name = [&self.program[..], copy.to_string().as_bytes()].concat();
            symbol(&name, 2, 1, copy * size, size);
        }
        let relocations = self.map_at.map_or_else(Vec::new, |slot| {
            let mut entry = u64::from(slot * 8).to_le_bytes().to_vec();
            entry.extend(words(&[1, 2]));
            entry
        });
        let license = [&self.license[..], &[0]].concat();
        let maps: &[u8] = match self.map.is_empty() {
            true => b".comment",
            false => b".maps",
        };
        // Name, type, flags, data, link, info, entry size.
        type Section<'a> = (&'a [u8], u32, u64, Vec<u8>, u32, u32, u64);
        let sections: [Section<'_>; 8] = [
            (&self.section, 1, 6, code, 0, 0, 0),
            (b"license", 1, 3, license, 0, 0, 0),
            (b".BTF", 1, 0, btf, 0, 0, 0),
            (b".BTF.ext", 1, 0, ext, 0, 0, 0),
            (b".relprog", 9, 0, relocations, 7, 1, 16),
            (maps, 1, 3, vec![0; 32], 0, 0, 0),
            (b".symtab", 2, 0, symbols, 8, 1, 24),
            (b".strtab", 3, 0, names.0, 0, 0, 0),
        ];
        let mut file = vec![0; 64];
        let mut labels = Strings(vec![0]);
        let mut headers = vec![0; 64];
        let header = |name: u32, kind: u32, flags: u64, at: usize, len: usize, rest: [u64; 4]| {
            let mut out = words(&[name, kind]);
            for word in [flags, 0, at as u64, len as u64] {
                out.extend(word.to_le_bytes());
            }
            out.extend(words(&[rest[0] as u32, rest[1] as u32]));
            out.extend(rest[2].to_le_bytes());
            out.extend(rest[3].to_le_bytes());
            out
        };
        for (name, kind, flags, data, link, info, entry) in &sections {
            file.resize(file.len().next_multiple_of(8), 0);
            let rest = [u64::from(*link), u64::from(*info), 8, *entry];
            let name = labels.add(name);
            headers.extend(header(name, *kind, *flags, file.len(), data.len(), rest));
            file.extend(data);
        }
        let own = labels.add(b".shstrtab");
        headers.extend(header(own, 3, 0, file.len(), labels.0.len(), [0, 0, 1, 0]));
        file.extend(&labels.0);
        file.resize(file.len().next_multiple_of(8), 0);
        let at = file.len() as u64;
        file.extend(&headers);
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(16, 0);
        head.extend([1, 0, 247, 0, 1, 0, 0, 0]);
        head.extend([0; 16]);
        head.extend(at.to_le_bytes());
        head.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0]);
        head.extend((sections.len() as u16 + 2).to_le_bytes());
        head.extend((sections.len() as u16 + 1).to_le_bytes());
        file[..64].copy_from_slice(&head);
        file
    }

    /// `.BTF` and `.BTF.ext`.
    fn types(&self) -> (Vec<u8>, Vec<u8>) {
        let mut strings = Strings(vec![0]);
        let int = strings.add(b"int");
        let function = strings.add(&self.function);
        let mut types = words(&[int, 1 << 24, 4, 0x0100_0020]);
        types.extend(words(&[0, 13 << 24, 1]));
        types.extend(words(&[function, 12 << 24 | 1, 2]));
        if !self.map.is_empty() {
            // Numbers are lengths of arrays behind pointers.
            for number in [2, 4, 1] {
                types.extend(words(&[0, 3 << 24, 0, 1, 1, number]));
                let array = 4 + (types.len() as u32 - 64) / 36 * 2;
                types.extend(words(&[0, 2 << 24, array]));
            }
            let members = ["type", "key_size", "value_size", "max_entries"];
            types.extend(words(&[0, 4 << 24 | 4, 32]));
            for (i, (name, pointer)) in members.into_iter().zip([5, 7, 7, 9]).enumerate() {
                types.extend(words(&[
                    strings.add(name.as_bytes()),
                    pointer,
                    i as u32 * 64,
                ]));
            }
            types.extend(words(&[strings.add(&self.map), 14 << 24, 10, 1]));
            types.extend(words(&[strings.add(b".maps"), 15 << 24 | 1, 32, 11, 0, 32]));
        }
        for number in 0..self.structs {
            let name = strings.add(format!("s{number}").as_bytes());
            types.extend(words(&[name, 4 << 24 | 1, 4, int, 1, 0]));
        }
        let file = strings.add(&self.file);
        let section = strings.add(&self.section);
        let copies = self.copies as u32;
        let mut lines = words(&[16, section, self.lines.len() as u32 * copies]);
        let texts: Vec<u32> = self.lines.iter().map(|l| strings.add(&l.3)).collect();
        let mut funcs = words(&[8, section, copies]);
        for begin in (0..copies).map(|copy| copy * self.code.len() as u32) {
            funcs.extend(words(&[begin * 8, 3]));
            for ((slot, line, column, _), text) in self.lines.iter().zip(&texts) {
                lines.extend(words(&[
                    (begin + slot) * 8,
                    file,
                    *text,
                    line << 10 | column,
                ]));
            }
        }
        let sizes = [0, funcs.len(), funcs.len(), lines.len()].map(|n| n as u32);
        let mut ext = words(&[0x0001_eb9f, 24]);
        ext.extend(words(&sizes));
        ext.extend(funcs);
        ext.extend(lines);
        let (types_len, strings_len) = (types.len() as u32, strings.0.len() as u32);
        let mut btf = words(&[0x0001_eb9f, 24, 0, types_len, types_len, strings_len]);
        btf.extend(types);
        btf.extend(strings.0);
        (btf, ext)
    }
}
