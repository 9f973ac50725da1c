//! Where a program's variables are held, as its DWARF tells: for what an editor shows of a name.
//!
//! A location holds for a stretch of a function's instructions. Addresses of an object that
//! is not linked count from its section, and only the function's name tells which section
//! that is; so a stretch is kept from the function's start. What is held otherwise than whole
//! in a register, on the stack or as a constant (in pieces, computed) is left out. Objects
//! often are stripped of DWARF: then nothing is known here.

use gimli::{
    AttributeValue, DebuggingInformationEntry, Dwarf, EndianSlice, Expression, Operation,
    RunTimeEndian, Unit, UnitOffset,
};

use crate::object::Elf;

type Bytes<'a> = EndianSlice<'a, RunTimeEndian>;

/// Entries that are looked at, and variables that are kept: a program with the kernel's
/// headers has some ten thousand.
const MOST_ENTRIES: usize = 2_000_000;
const MOST_VARIABLES: usize = 100_000;
/// Entries from a variable of an inlined call to the one that has its name.
const MOST_HOPS: usize = 4;
/// The frame pointer.
const FRAME: u16 = 10;

/// How a variable is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// In a register.
    Register(u8),
    /// On the stack, from this offset of the frame pointer up.
    Stack(i64),
    /// Nowhere: it is this number.
    Constant(i64),
}

/// A variable for a stretch of instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The function whose instructions these are.
    pub function: String,
    /// Its name.
    pub name: String,
    /// How it is held.
    pub held: Held,
    /// The first slot, from the function's start.
    pub from: u64,
    /// One past the last.
    pub to: u64,
}

/// The variables of an object; none if it has no DWARF, or none that can be read.
pub fn variables(bytes: &[u8]) -> Vec<Variable> {
    let Ok(elf) = Elf::parse(bytes) else {
        return Vec::new();
    };
    // EI_DATA: 2 is big endian.
    let endian = match bytes.get(5) {
        Some(2) => RunTimeEndian::Big,
        _ => RunTimeEndian::Little,
    };
    let section = |id: gimli::SectionId| -> Result<Bytes<'_>, gimli::Error> {
        let data = elf
            .section_by_name(id.name())
            .map_or(&[][..], |at| elf.data(at));
        Ok(EndianSlice::new(data, endian))
    };
    let mut found = Found::default();
    if let Ok(dwarf) = Dwarf::load(section) {
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            if let Ok(unit) = dwarf.unit(header) {
                // What was found before damage stands.
                let _ = found.unit(&dwarf, &unit);
            }
        }
    }
    found.all
}

#[derive(Default)]
struct Found {
    entries: usize,
    all: Vec<Variable>,
}

/// A function whose entries are being read.
struct Function {
    depth: isize,
    name: String,
    low: u64,
    high: u64,
}

impl Found {
    fn unit(
        &mut self,
        dwarf: &Dwarf<Bytes<'_>>,
        unit: &Unit<Bytes<'_>>,
    ) -> Result<(), gimli::Error> {
        let mut entries = unit.entries();
        let mut depth = 0isize;
        let mut within: Option<Function> = None;
        while let Some((more, entry)) = entries.next_dfs()? {
            depth += more;
            self.entries += 1;
            if self.entries > MOST_ENTRIES || self.all.len() > MOST_VARIABLES {
                return Ok(());
            }
            if within.as_ref().is_some_and(|f| depth <= f.depth) {
                within = None;
            }
            match entry.tag() {
                gimli::DW_TAG_subprogram => {
                    within = function(dwarf, unit, entry, depth)?.or(within);
                }
                gimli::DW_TAG_variable | gimli::DW_TAG_formal_parameter => {
                    if let Some(function) = &within {
                        self.variable(dwarf, unit, entry, function)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn variable(
        &mut self,
        dwarf: &Dwarf<Bytes<'_>>,
        unit: &Unit<Bytes<'_>>,
        entry: &DebuggingInformationEntry<'_, '_, Bytes<'_>>,
        function: &Function,
    ) -> Result<(), gimli::Error> {
        let Some(location) = entry.attr_value(gimli::DW_AT_location)? else {
            return Ok(());
        };
        let Some(name) = name(dwarf, unit, entry, MOST_HOPS)? else {
            return Ok(());
        };
        let mut add = |low: u64, high: u64, expression: Expression<Bytes<'_>>| {
            let held = held(unit, expression).ok().flatten();
            let low = low.max(function.low);
            let high = high.min(function.high);
            if let Some(held) = held.filter(|_| low < high) {
                self.all.push(Variable {
                    function: function.name.clone(),
                    name: name.clone(),
                    held,
                    from: (low - function.low) / 8,
                    to: (high - function.low).div_ceil(8),
                });
            }
        };
        if let AttributeValue::Exprloc(expression) = location {
            add(function.low, function.high, expression);
            return Ok(());
        }
        let Some(mut stretches) = dwarf.attr_locations(unit, location)? else {
            return Ok(());
        };
        let mut count = 0;
        while let Some(stretch) = stretches.next()? {
            count += 1;
            if count > MOST_VARIABLES {
                break;
            }
            add(stretch.range.begin, stretch.range.end, stretch.data);
        }
        Ok(())
    }
}

/// A function that has instructions, with its name.
fn function(
    dwarf: &Dwarf<Bytes<'_>>,
    unit: &Unit<Bytes<'_>>,
    entry: &DebuggingInformationEntry<'_, '_, Bytes<'_>>,
    depth: isize,
) -> Result<Option<Function>, gimli::Error> {
    let low = match entry.attr_value(gimli::DW_AT_low_pc)? {
        Some(value) => dwarf.attr_address(unit, value)?,
        None => None,
    };
    let Some(low) = low else {
        return Ok(None);
    };
    let high = match entry.attr_value(gimli::DW_AT_high_pc)? {
        Some(AttributeValue::Udata(size)) => low.checked_add(size),
        Some(value) => dwarf.attr_address(unit, value)?,
        None => None,
    };
    let name = name(dwarf, unit, entry, MOST_HOPS)?;
    Ok(high.zip(name).map(|(high, name)| Function {
        depth,
        name,
        low,
        high,
    }))
}

/// The name of an entry, or of the one that it is an instance of.
fn name(
    dwarf: &Dwarf<Bytes<'_>>,
    unit: &Unit<Bytes<'_>>,
    entry: &DebuggingInformationEntry<'_, '_, Bytes<'_>>,
    hops: usize,
) -> Result<Option<String>, gimli::Error> {
    if let Some(value) = entry.attr_value(gimli::DW_AT_name)? {
        let text = dwarf.attr_string(unit, value)?;
        return Ok(Some(text.to_string_lossy().into_owned()));
    }
    let Some(hops) = hops.checked_sub(1) else {
        return Ok(None);
    };
    for origin in [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification] {
        if let Some(AttributeValue::UnitRef(UnitOffset(at))) = entry.attr_value(origin)? {
            return name(dwarf, unit, &unit.entry(UnitOffset(at))?, hops);
        }
    }
    Ok(None)
}

/// What an expression says in one step.
fn held(
    unit: &Unit<Bytes<'_>>,
    expression: Expression<Bytes<'_>>,
) -> Result<Option<Held>, gimli::Error> {
    let mut operations = expression.operations(unit.encoding());
    let Some(first) = operations.next()? else {
        return Ok(None);
    };
    let second = operations.next()?;
    let value = matches!(second, Some(Operation::StackValue));
    if operations.next()?.is_some() || (second.is_some() && !value) {
        return Ok(None);
    }
    let register = |at: u16| u8::try_from(at).ok().filter(|at| u16::from(*at) <= FRAME);
    Ok(match (first, value) {
        (Operation::Register { register: at }, false) => register(at.0).map(Held::Register),
        (
            Operation::RegisterOffset {
                register: at,
                offset: 0,
                ..
            },
            true,
        ) => register(at.0).map(Held::Register),
        (
            Operation::RegisterOffset {
                register: at,
                offset,
                ..
            },
            false,
        ) if at.0 == FRAME => Some(Held::Stack(offset)),
        (Operation::FrameOffset { offset }, false) => Some(Held::Stack(offset)),
        (Operation::UnsignedConstant { value }, true) => {
            i64::try_from(value).ok().map(Held::Constant)
        }
        (Operation::SignedConstant { value }, true) => Some(Held::Constant(value)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &[u8] = include_bytes!("../../tests/fixtures/editor/named.o");

    #[test]
    fn variables_have_their_places_and_stretches() {
        let all = variables(OBJECT);
        let check = |name: &str, want: &[(Held, u64, u64)]| {
            let own = all
                .iter()
                .filter(|v| v.name == name && v.function == "named");
            let got: Vec<_> = own.map(|v| (v.held, v.from, v.to)).collect();
            assert_eq!(got, want, "{name}");
        };
        check(
            "ctx",
            &[(Held::Register(1), 0, 1), (Held::Register(6), 1, 18)],
        );
        check("count", &[(Held::Register(0), 9, 17)]);
        check("counts", &[]);
        assert_eq!(variables(b"\x7fELF"), []);
    }

    #[test]
    fn damage_ends() {
        for cut in (0..OBJECT.len()).step_by(61) {
            variables(OBJECT.get(..cut).unwrap_or(&[]));
        }
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2000 {
            let mut bytes = OBJECT.to_vec();
            for _ in 0..4 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let at = seed as usize % bytes.len();
                bytes[at] = (seed >> 32) as u8;
            }
            variables(&bytes);
        }
    }
}
