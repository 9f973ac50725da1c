//! What a file is by its first bytes, and how far an object reaches that lies in one.
//!
//! An object in another file has no length written beside it. It ends where its last
//! section or its section headers end, whichever is later: compilers and linkers put
//! nothing after that.

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A relocatable eBPF object.
    Object,
    /// Another ELF file: its machine.
    Program(u16),
    /// An `ar` archive.
    Archive,
    /// One that only names its members.
    ThinArchive,
    /// Compressed.
    Gzip,
    /// Compressed.
    Xz,
    /// Compressed.
    Zstd,
    /// Anything else.
    Other,
}

/// Bytes that [`kind`] looks at.
pub const HEAD: usize = 64;

const MAGIC: &[u8] = b"\x7fELF";
const RELOCATABLE: u16 = 1;
const BPF: u16 = 247;
/// Objects from before the machine had a number.
const NO_MACHINE: u16 = 0;
/// Bytes of a 64-bit file's header, and of one section header.
const HEADER: usize = 64;
const SECTION_HEADER: usize = 64;
/// The type of a section that takes no room in the file.
const NOBITS: u32 = 8;

/// Tells by the first [`HEAD`] bytes.
pub fn kind(bytes: &[u8]) -> Kind {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    match bytes {
        _ if begins(b"!<arch>\n") => Kind::Archive,
        _ if begins(b"!<thin>\n") => Kind::ThinArchive,
        _ if begins(b"\x1f\x8b\x08") => Kind::Gzip,
        _ if begins(b"\xfd7zXZ\0") => Kind::Xz,
        _ if begins(b"\x28\xb5\x2f\xfd") => Kind::Zstd,
        _ => match Numbers::of(bytes).and_then(|n| Some((n, n.u16(18)?))) {
            Some((n, BPF | NO_MACHINE)) if n.is_relocatable() => Kind::Object,
            Some((_, machine)) => Kind::Program(machine),
            None => Kind::Other,
        },
    }
}

impl Kind {
    /// The machine that an ELF file is for, if it has a usual name.
    pub fn machine(self) -> Option<&'static str> {
        let Kind::Program(machine) = self else {
            return None;
        };
        Some(match machine {
            3 => "i386",
            8 => "MIPS",
            20 => "PowerPC",
            21 => "PowerPC64",
            22 => "S/390",
            40 => "Arm",
            43 => "SPARC",
            62 => "x86-64",
            183 => "AArch64",
            243 => "RISC-V",
            258 => "LoongArch",
            BPF => "eBPF, but not relocatable",
            _ => "another machine",
        })
    }
}

/// Numbers of an ELF file, in its byte order.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Numbers<'a> {
    /// Of bytes that begin as an ELF file does.
    fn of(bytes: &'a [u8]) -> Option<Numbers<'a>> {
        let little = match bytes.get(5)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        bytes
            .starts_with(MAGIC)
            .then_some(Numbers { bytes, little })
    }

    fn is_relocatable(self) -> bool {
        // Class 2 is 64 bits.
        self.bytes.get(4) == Some(&2) && self.u16(16) == Some(RELOCATABLE)
    }

    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        let bytes = self.bytes.get(at..at.checked_add(N)?)?;
        let mut out: [u8; N] = bytes.try_into().ok()?;
        if !self.little {
            out.reverse();
        }
        Some(out)
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn u64(self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }
}

/// The next thing at or after `from` that begins like an eBPF object, and its size; none
/// if it reaches beyond the end.
pub(super) fn next_object(bytes: &[u8], from: usize) -> Option<(usize, Option<usize>)> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at = at.saturating_add(rest.iter().position(|b| Some(b) == MAGIC.first())?);
        let here = bytes.get(at..)?;
        if let Some(n) = Numbers::of(here)
            && n.is_relocatable()
            && n.u16(18) == Some(BPF)
            // A header of that very size and no program headers: tables of magic numbers and
            // examples of headers in a program have neither.
            && n.u16(52) == Some(HEADER as u16)
            && n.u16(60).is_some_and(|sections| sections > 0)
        {
            return Some((at, size(n)));
        }
        at = at.saturating_add(1);
    }
}

/// Bytes of the object at the beginning of these.
fn size(n: Numbers<'_>) -> Option<usize> {
    let headers = usize::try_from(n.u64(40)?).ok()?;
    let count = usize::from(n.u16(60)?);
    let mut end = headers.checked_add(count.checked_mul(SECTION_HEADER)?)?;
    for i in 0..count {
        let at = headers.checked_add(i.checked_mul(SECTION_HEADER)?)?;
        let kind = n.u32(at.checked_add(4)?)?;
        // The null section says nothing.
        if kind == 0 || kind == NOBITS {
            continue;
        }
        let offset = n.u64(at.checked_add(24)?)?;
        let size = n.u64(at.checked_add(32)?)?;
        end = end.max(usize::try_from(offset.checked_add(size)?).ok()?);
    }
    (end >= HEADER && end <= n.bytes.len()).then_some(end)
}
