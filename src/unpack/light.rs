//! Light skeletons (`.lskel.h`): programs without an object around them.
//!
//! Such a header holds a loader program and its data. In the data lie, made by the loader
//! generator of libbpf, the load command of each program with its name, type and number of
//! instructions; right before it, in this order and each padded to eight bytes, the
//! licence, the instructions, function and line information and CO-RE relocations; and the
//! creation command of each map. Nothing says where: commands are recognised by their
//! zeroes and by what has to stand before them.
//!
//! An object is made anew of what is found, with a legacy definition of each map, so that it
//! can be looked at like any other. What it has not: types, kernel functions by name, values
//! of variables, relocations against the kernel's types.

use super::writer;
use crate::helpers_spec::{AttachType, MapType, ProgType, SectionRule, sections};

/// Bytes of a command of which something is read.
const COMMAND: usize = 128;
/// The most instructions that a program may have.
const MOST: u32 = 1_000_000;
const EXIT: u8 = 0x95;
const JUMP: u8 = 0x05;

pub(super) struct Program {
    pub(super) name: String,
    pub(super) section: String,
    pub(super) licence: String,
    pub(super) insns: Vec<u8>,
}

pub(super) struct Map {
    pub(super) name: String,
    /// Type, bytes of key and value, entries, flags.
    pub(super) numbers: [u32; 5],
}

/// The object of a loader's data; none if no program is found in it.
pub(super) fn object(data: &[u8]) -> Option<Vec<u8>> {
    let mut programs: Vec<Program> = Vec::new();
    let mut maps: Vec<Map> = Vec::new();
    let mut at = 0;
    while let Some(rest) = data.get(at..).filter(|r| r.len() >= 64) {
        if let Some(program) = program(data, at) {
            programs.push(program);
        } else if programs.is_empty()
            && let Some(map) = map(rest)
        {
            maps.push(map);
        }
        at = at.saturating_add(8);
    }
    (!programs.is_empty()).then(|| writer::object(&programs, &maps))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// A name of sixteen bytes: letters of identifiers, then zeroes only.
fn name(bytes: &[u8], at: usize) -> Option<String> {
    let field = bytes.get(at..at.checked_add(16)?)?;
    let end = field.iter().position(|b| *b == 0)?;
    let (name, rest) = (field.get(..end)?, field.get(end..)?);
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    let whole = !name.is_empty() && name.iter().all(letter) && rest.iter().all(|b| *b == 0);
    whole.then(|| String::from_utf8_lossy(name).into_owned())
}

/// The program whose load command begins here.
fn program(data: &[u8], at: usize) -> Option<Program> {
    let command = data.get(at..)?;
    let command = command.get(..command.len().min(COMMAND))?;
    let number = |at: usize| u32_at(command, at);
    let prog_type = ProgType::from_id(number(0)?).filter(|t| *t != ProgType::Unspec)?;
    let count = number(4).filter(|n| (1..=MOST).contains(n))?;
    // Pointers and the log's fields are filled in by the loader.
    let empty = command.get(8..40)?.iter().all(|b| *b == 0);
    let name = name(command, 48).filter(|_| empty)?;
    let record = |size: usize, count: usize, wanted: u32| -> Option<usize> {
        let (size, count) = (number(size)?, number(count)?);
        let fits = size == wanted || size == 0 && count == 0;
        let bytes = usize::try_from(size)
            .ok()?
            .checked_mul(usize::try_from(count).ok()?)?;
        fits.then(|| bytes.next_multiple_of(8))
    };
    let functions = record(76, 88, 8)?;
    let lines = record(92, 104, 16)?;
    let core = usize::try_from(number(116).unwrap_or(0))
        .ok()?
        .checked_mul(16)?;
    let size = usize::try_from(count).ok()?.checked_mul(8)?;
    // Relocations are in it or not, by version.
    let start = [core, 0].into_iter().find_map(|core| {
        let behind = functions
            .checked_add(lines)?
            .checked_add(core)?
            .checked_add(size)?;
        let start = at.checked_sub(behind)?;
        let insns = data.get(start..start.checked_add(size)?)?;
        let last = insns.get(insns.len().checked_sub(8)?)?;
        (*last == EXIT || *last == JUMP).then_some(start)
    })?;
    Some(Program {
        section: section(prog_type, number(68)?),
        name,
        licence: licence(data, start),
        insns: data.get(start..start.checked_add(size)?)?.to_vec(),
    })
}

/// The text that ends right before the instructions.
fn licence(data: &[u8], end: usize) -> String {
    let before = data.get(..end).unwrap_or(&[]);
    let zeroes = before.iter().rev().take_while(|b| **b == 0).count();
    let text = before
        .get(..before.len().saturating_sub(zeroes))
        .unwrap_or(&[]);
    let letters = text
        .iter()
        .rev()
        .take_while(|b| (0x20..0x7f).contains(*b))
        .count();
    let text = text
        .get(text.len().saturating_sub(letters)..)
        .unwrap_or(&[]);
    String::from_utf8_lossy(text).into_owned()
}

/// A section that says the type; what the program hangs on, the data do not say plainly.
fn section(ty: ProgType, attach: u32) -> String {
    let plain = |s: &&SectionRule| s.prog_type == ty && !s.sleepable && !s.xdp_frags && !s.usdt;
    let wanted = AttachType::from_id(attach);
    let fits = |s: &&SectionRule| match s.attach {
        Some(own) => Some(own) == wanted,
        None => attach == 0,
    };
    let all = || sections().iter().filter(plain);
    let rule = all().find(fits).or_else(|| all().next());
    rule.map_or("unknown", |r| r.pattern)
        .trim_end_matches('+')
        .to_owned()
}

/// The map whose creation command begins here.
fn map(command: &[u8]) -> Option<Map> {
    let number = |at: usize| u32_at(command, at);
    let ty = MapType::from_id(number(0)?).filter(|t| *t != MapType::Unspec)?;
    let numbers = [ty.id(), number(4)?, number(8)?, number(12)?, number(16)?];
    let name = name(command, 28)?;
    let sane = numbers[1] <= 512 && number(20)? == 0 && number(24)? == 0;
    sane.then_some(Map { name, numbers })
}
