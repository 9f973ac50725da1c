//! Programs made ready to run: decoded, with addresses for what is not memory.
//!
//! A run may involve several programs of an object (tail calls, extensions), so
//! an image holds them all over one list of maps. Three kinds of value look like
//! addresses to a program but are none: code addresses (callbacks, targets of
//! indirect jumps), maps, and kernel symbols. Each kind has a range of its own in
//! which nothing can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use super::engine::{FaultKind, Site};
use crate::helpers_spec::{AttachType, MapType};
use crate::object::{MapDef, MapOrigin, SlotTarget};
use crate::programs::Program;
use crate::programs::insn::{ImmRef, Op, decode};

const CODE: u64 = 0xffff_c000_0000_0000;
const CODE_END: u64 = 0xffff_d000_0000_0000;
const MAP: u64 = 0xffff_d000_0000_0000;
const MAP_END: u64 = 0xffff_d001_0000_0000;

/// The value that stands for the address of an instruction.
pub fn code_address(site: Site) -> u64 {
    CODE | (u64::from(site.program) << 28) | (u64::from(site.insn) << 3)
}

/// The instruction behind a code address.
pub fn code_site(addr: u64) -> Option<Site> {
    if !(CODE..CODE_END).contains(&addr) || addr & 7 != 0 {
        return None;
    }
    Some(Site {
        program: ((addr >> 28) & 0xffff) as u32,
        insn: ((addr & 0x0fff_ffff) >> 3) as u32,
    })
}

/// The value that stands for a map of the runtime.
pub fn map_handle(map: u32) -> u64 {
    MAP | (u64::from(map) << 8)
}

/// The map behind a handle.
pub fn map_of_handle(addr: u64) -> Option<u32> {
    ((MAP..MAP_END).contains(&addr) && addr & 0xff == 0).then(|| ((addr - MAP) >> 8) as u32)
}

/// Whether an address is a map's, or close behind it.
pub fn is_map_handle(addr: u64) -> bool {
    (MAP..MAP_END).contains(&addr)
}

/// A function of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its first instruction.
    pub start: u32,
    /// One past its last.
    pub end: u32,
    /// Its name.
    pub name: Arc<str>,
}

/// A program, decoded.
#[derive(Clone, Debug)]
pub struct Code {
    /// The program as linked.
    pub program: Arc<Program>,
    /// One operation per slot.
    pub ops: Vec<Op>,
    /// Its functions, by first instruction.
    pub functions: Vec<Function>,
    /// The runtime's map for each of the program's maps.
    pub maps: Vec<u32>,
    /// The instruction of its exception callback, if it has one.
    pub exception: Option<u32>,
    /// Whether some instruction writes the frame pointer.
    pub frame_written: bool,
    /// Instructions that end a run, and how: what another runtime lacks.
    pub(super) ends: BTreeMap<u32, FaultKind>,
}

impl Code {
    /// Index of the function an instruction belongs to.
    pub fn function_at(&self, insn: u32) -> Option<usize> {
        let i = self
            .functions
            .partition_point(|f| f.start <= insn)
            .checked_sub(1)?;
        self.functions.get(i).filter(|f| insn < f.end).map(|_| i)
    }
}

/// A map's definition, shared with the program that it comes from.
#[derive(Clone, Debug)]
pub enum Def {
    /// One of a program's.
    Shared(Arc<[MapDef]>, usize),
    /// One by itself.
    Own(Arc<MapDef>),
}

impl Deref for Def {
    type Target = MapDef;

    fn deref(&self) -> &MapDef {
        static NONE: std::sync::LazyLock<MapDef> = std::sync::LazyLock::new(MapDef::default);
        match self {
            Def::Shared(all, at) => all.get(*at).unwrap_or(&NONE),
            Def::Own(def) => def,
        }
    }
}

/// Everything that a run may execute.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The programs.
    pub programs: Vec<Code>,
    /// All maps; jump tables of the programs come after the object's own.
    pub maps: Vec<Def>,
    /// For each map: the program whose jump table it is.
    pub table_of: Vec<Option<u32>>,
    /// The maps that are made; all, if not said.
    pub(super) used: Option<BTreeSet<u32>>,
}

impl Image {
    /// An image of one program.
    pub fn single(program: Arc<Program>) -> Image {
        Image::new([program])
    }

    /// An image of programs of one object: they share its maps by name and index.
    pub fn new(programs: impl IntoIterator<Item = Arc<Program>>) -> Image {
        let mut image = Image::default();
        for program in programs {
            image.add(program);
        }
        image
    }

    /// The same, in which only those maps are made that the programs can reach: a
    /// program pays for its own maps, not for all of its object.
    pub fn lean(programs: impl IntoIterator<Item = Arc<Program>>) -> Image {
        let mut image = Image::new(programs);
        image.used = Some(image.reachable());
        image
    }

    /// Whether a map is made.
    pub fn uses(&self, map: usize) -> bool {
        let map = u32::try_from(map).ok();
        let used = |all: &BTreeSet<u32>| map.is_some_and(|map| all.contains(&map));
        self.used.as_ref().is_none_or(used)
    }

    /// The maps that instructions name, those within them, and those that a program gets
    /// without naming them.
    fn reachable(&self) -> BTreeSet<u32> {
        let mut used = BTreeSet::new();
        for code in &self.programs {
            let named = code.ops.iter().filter_map(|op| match *op {
                Op::LdImm64 {
                    src: ImmRef::MapIdx(i) | ImmRef::Map(i),
                    ..
                } => Some(i),
                Op::LdImm64 {
                    src: ImmRef::MapIdxValue { idx, .. } | ImmRef::MapValue { map: idx, .. },
                    ..
                } => Some(idx),
                _ => None,
            });
            used.extend(named.filter_map(|i| code.maps.get(i as usize)));
            // Iterators over maps are given one.
            if code.program.attach_type == Some(AttachType::TraceIter) {
                used.insert(0);
            }
        }
        for (at, def) in self.maps.iter().enumerate() {
            // An arena's addresses are cast without its being named.
            if def.map_type == MapType::Arena.id() {
                used.insert(at as u32);
            }
            if used.contains(&(at as u32)) {
                used.extend(def.slots.iter().filter_map(|(_, target)| match target {
                    SlotTarget::Map(inner) => Some(*inner),
                    SlotTarget::Program(_) => None,
                }));
            }
        }
        used
    }

    fn add(&mut self, program: Arc<Program>) {
        let index = self.programs.len() as u32;
        let maps = (0..program.maps.len())
            .map(|i| self.map_index(i, &program.maps, index))
            .collect();
        let ops = decode(&program.insns);
        let mut functions: Vec<Function> = program
            .subprogs
            .iter()
            .map(|s| Function {
                start: s.start,
                end: s.end,
                name: s.name.clone(),
            })
            .collect();
        if functions.is_empty() {
            let end = ops.len() as u32;
            functions.push(Function {
                start: 0,
                end,
                name: program.name.as_str().into(),
            });
        }
        let frame_written = ops.iter().any(super::semantics::writes_r10);
        let exception = program
            .subprogs
            .iter()
            .find(|s| s.exception_cb)
            .map(|s| s.start);
        self.programs.push(Code {
            program,
            ops,
            functions,
            maps,
            exception,
            frame_written,
            ends: BTreeMap::new(),
        });
    }

    fn map_index(&mut self, i: usize, all: &Arc<[MapDef]>, program: u32) -> u32 {
        let def = Def::Shared(Arc::clone(all), i);
        let table = def.kind == MapOrigin::JumpTable;
        if !table
            && let Some(known) = self.maps.get(i)
            && known.name == def.name
            && known.map_type == def.map_type
            && known.max_entries == def.max_entries
        {
            return i as u32;
        }
        self.maps.push(def);
        self.table_of.resize(self.maps.len() - 1, None);
        self.table_of.push(table.then_some(program));
        self.maps.len() as u32 - 1
    }

    /// The program of that name.
    pub fn program_named(&self, name: &str) -> Option<u32> {
        self.programs
            .iter()
            .position(|c| c.program.name == name)
            .map(|i| i as u32)
    }

    /// How a run ends at a site, on another runtime.
    pub(super) fn end(&self, site: Site) -> FaultKind {
        let code = self.programs.get(site.program as usize);
        let end = code.and_then(|c| c.ends.get(&site.insn)).cloned();
        end.unwrap_or(FaultKind::UnknownHelper(super::host::END))
    }

    /// The operation at a site.
    pub fn op(&self, site: Site) -> Option<Op> {
        self.programs
            .get(site.program as usize)?
            .ops
            .get(site.insn as usize)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_told_apart() {
        let site = Site {
            program: 3,
            insn: 70_000,
        };
        assert_eq!(code_site(code_address(site)), Some(site));
        assert_eq!(map_of_handle(map_handle(7)), Some(7));
        assert_eq!(code_site(map_handle(7)), None);
        assert_eq!(map_of_handle(map_handle(7) + 1), None);
    }
}
