//! What user space sets between opening an object and loading it.
//!
//! An object often leaves to its loader: entries by the size of the machine, the depth of
//! stack traces, the maps that a map of maps holds; constants of `.rodata` that switch
//! parts of programs on; which programs are loaded, and what they attach to. A
//! [`Manifest`] states them, by name. What is neither in the object nor in the manifest, a
//! lenient loader assumes, and says so: an [`Assumption`].
//!
//! A manifest is made without an object; what it names may not be there, or not be of the
//! stated kind. [`Manifest::faults`] holds it against one: a name that an object lacks may
//! be another object's, a value that does not fit is wrong for good.

mod globals;
mod json;
mod map;
mod path;
mod program;
mod value;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use core::fmt;

pub use globals::{Part, part_at};
pub use json::{Json, ReadJson};
pub use map::{Assumption, InnerSetting, MapSetting, Pinned};
pub use program::{AttachTo, ProgramSetting};

use crate::object::Object;
use crate::prelude::*;
use globals::Global;

/// What user space sets.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    maps: BTreeMap<Arc<str>, MapSetting>,
    /// In the order stated: what is stated last holds.
    globals: Vec<Global>,
    programs: BTreeMap<Arc<str>, ProgramSetting>,
    only: BTreeSet<Arc<str>>,
    skip: BTreeSet<Arc<str>>,
}

/// What is wrong with a word of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFault {
    /// The word, as the command line writes it.
    pub word: String,
    /// What is wrong.
    pub reason: String,
    /// The object has nothing of that name; another may.
    pub absent: bool,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.word, self.reason)
    }
}

impl ManifestFault {
    fn wrong(word: String, reason: String) -> ManifestFault {
        ManifestFault {
            word,
            reason,
            absent: false,
        }
    }

    /// Nothing of that name, among those.
    fn absent<'a>(
        word: String,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> ManifestFault {
        ManifestFault {
            word,
            reason: format!("there is no {what} {name:?}; {}", offer(name, known)),
            absent: true,
        }
    }
}

/// Names that are told where none was meant.
const NAMED: usize = 8;

/// The name that was likely meant, or the first of those there are.
pub(super) fn offer<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = known.collect::<BTreeSet<_>>().into_iter().collect();
    match near(name, all.iter().copied()) {
        _ if all.is_empty() => "there is none at all".into(),
        Some(near) => format!("did you mean {near:?}?"),
        None => {
            let shown: Vec<&str> = all.iter().take(NAMED).copied().collect();
            let more = all.len().saturating_sub(NAMED);
            let tail = match more {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("there are {}{tail}", shown.join(", "))
        }
    }
}

/// The name that was likely meant.
pub fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (d, near) = known.map(|k| (distance(name, k), k)).min()?;
    (d <= near.len().max(name.len()) / 3).then_some(near)
}

/// How many letters have to change to make one word of another; of the first 64.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut last = i;
        if let Some(first) = row.first_mut() {
            *first = i.saturating_add(1);
        }
        for (j, y) in b.iter().enumerate() {
            let at = j.saturating_add(1);
            let above = row.get(at).copied().unwrap_or(0);
            let left = row.get(j).copied().unwrap_or(0);
            let best = last
                .saturating_add(usize::from(x != y))
                .min(above.saturating_add(1))
                .min(left.saturating_add(1));
            if let Some(cell) = row.get_mut(at) {
                *cell = best;
            }
            last = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// `A=B`, both not empty.
fn halves(word: &str) -> Result<(&str, &str), String> {
    let parts = word.split_once('=').map(|(a, b)| (a.trim(), b.trim()));
    parts
        .filter(|(a, b)| !a.is_empty() && !b.is_empty())
        .ok_or_else(|| format!("{word:?} is not of the form NAME=VALUE"))
}

impl Manifest {
    /// Nothing is stated.
    pub const fn new() -> Manifest {
        Manifest {
            maps: BTreeMap::new(),
            globals: Vec::new(),
            programs: BTreeMap::new(),
            only: BTreeSet::new(),
            skip: BTreeSet::new(),
        }
    }

    /// This one, and on top of it what another states.
    #[must_use]
    pub fn under(&self, other: &Manifest) -> Manifest {
        let mut both = self.clone();
        for (name, setting) in &other.maps {
            both.maps.entry(name.clone()).or_default().take(setting);
        }
        for (name, setting) in &other.programs {
            both.programs.entry(name.clone()).or_default().take(setting);
        }
        both.globals.extend(other.globals.iter().cloned());
        both.only.extend(other.only.iter().cloned());
        both.skip.extend(other.skip.iter().cloned());
        both
    }

    /// Sets a variable: `name`, `name.field[2].other`, as `veristat -G` writes them.
    pub fn set_global(&mut self, place: &str, value: &str) -> Result<(), String> {
        self.globals.push(Global::new(place, value)?);
        Ok(())
    }

    /// Sets a variable by one word `PLACE=VALUE`.
    pub fn set_global_word(&mut self, word: &str) -> Result<(), String> {
        let (place, value) = halves(word)?;
        self.set_global(place, value)
    }

    /// Sets the variables of a data section by a dump of its map, as `bpftool map dump
    /// --json` writes it. `word` says where it came from.
    pub fn set_dump(&mut self, word: &str, json: &Json) -> Result<(), String> {
        self.globals.push(Global::Dump {
            word: word.into(),
            dump: json::Dump::parse(json)?,
        });
        Ok(())
    }

    /// The same by the name of a file, which [`Manifest::read_files`] reads.
    pub fn set_dump_file(&mut self, file: &str) {
        self.globals.push(Global::Dump {
            word: format!("--rodata {file}").into(),
            dump: json::Dump::file(file),
        });
    }

    /// What a program attaches to: a function, or `OBJECT:FUNCTION` of a program.
    pub fn attach_word(&mut self, word: &str) -> Result<(), String> {
        let (program, to) = halves(word)?;
        self.attach(program, to)
    }

    /// The same in two parts.
    pub fn attach(&mut self, program: &str, to: &str) -> Result<(), String> {
        self.programs.entry(program.into()).or_default().attach = Some(AttachTo::parse(to)?);
        Ok(())
    }

    /// Flags of a program's load, besides those of its section: `PROGRAM=FLAG,...`.
    pub fn flags_word(&mut self, word: &str) -> Result<(), String> {
        let (program, flags) = halves(word)?;
        self.flags(program, flags.split(','))
    }

    /// The same in parts.
    pub fn flags<'a>(
        &mut self,
        program: &str,
        flags: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let setting = self.programs.entry(program.into()).or_default();
        for flag in flags {
            setting.flags |= program::flag(flag)?;
        }
        Ok(())
    }

    /// Loads these programs and no others; together with what was said before.
    pub fn only(&mut self, name: &str) {
        self.only.insert(name.into());
    }

    /// Does not load this program.
    pub fn skip(&mut self, name: &str) {
        self.skip.insert(name.into());
    }

    /// Whether a program is looked at. Those that are loaded only when asked
    /// (`SEC("?…")`) are, unless something else is said.
    pub fn wants(&self, program: &str) -> bool {
        (self.only.is_empty() || self.only.contains(program)) && !self.skip.contains(program)
    }

    /// Whether a program is loaded together with the others; `auto`: its section does not
    /// leave it to user space.
    pub fn loads(&self, program: &str, auto: bool) -> bool {
        self.wants(program) && (auto || self.only.contains(program))
    }

    /// What is stated of a program.
    pub fn of_program(&self, name: &str) -> Option<&ProgramSetting> {
        self.programs.get(name)
    }

    /// Gives the freplace programs their targets: `find` answers for `OBJECT:FUNCTION`.
    pub fn programs_mut(&mut self) -> impl Iterator<Item = &mut ProgramSetting> {
        self.programs.values_mut()
    }

    /// What is stated of a map.
    pub fn of(&self, name: &str) -> Option<&MapSetting> {
        self.maps.get(name)
    }

    /// The names of the maps of which something is stated.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.maps.keys().map(|name| &**name)
    }

    /// Whether a variable, or a part of one, is set.
    pub fn sets(&self, place: &str) -> bool {
        self.globals.iter().any(|g| g.sets(place))
    }

    /// The value that is stated of a configuration option, as a `.config` has it.
    pub(super) fn kconfig(&self, name: &str) -> Option<&str> {
        let mut stated = self.globals.iter().rev();
        stated.find_map(|g| g.whole(name))
    }

    /// What does not fit an object: names that it lacks, values that its types do not
    /// take.
    pub fn faults(&self, object: &Object) -> Vec<ManifestFault> {
        let mut faults = Vec::new();
        let known = || object.maps.iter().map(|m| &*m.name);
        for (name, setting) in &self.maps {
            let word = || format!("--map {name}");
            if !known().any(|k| k == &**name) {
                faults.push(ManifestFault::absent(word(), "map", name, known()));
            }
            if let Some(InnerSetting::Like(like)) = &setting.inner
                && !known().any(|k| k == &**like)
            {
                let word = format!("--map {name}.inner={like}");
                faults.push(ManifestFault::absent(word, "map", like, known()));
            }
        }
        let programs = || {
            let mains = object.functions.iter().filter(|f| f.section != object.text);
            mains.map(|f| &*f.name)
        };
        let settings = self.programs.iter().map(|(n, s)| (s.word(), n));
        let lists = [("--only", &self.only), ("--skip", &self.skip)];
        let listed = lists
            .into_iter()
            .flat_map(|(word, names)| names.iter().map(move |n| (word, n)));
        for (word, name) in settings.chain(listed) {
            if !programs().any(|k| k == &**name) {
                let word = format!("{word} {name}");
                faults.push(ManifestFault::absent(word, "program", name, programs()));
            }
        }
        let mut maps = object.maps.clone();
        faults.extend(globals::apply(&self.globals, object, &mut maps));
        faults
    }

    /// Writes the stated variables into the maps of an object's data. `Err` is the first
    /// value that does not fit.
    pub(super) fn apply_globals(
        &self,
        object: &Object,
        maps: &mut [crate::object::MapDef],
    ) -> Result<(), String> {
        if self.globals.is_empty() {
            return Ok(());
        }
        let faults = globals::apply(&self.globals, object, maps);
        match faults.into_iter().find(|f| !f.absent) {
            Some(fault) => Err(fault.to_string()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_close_by_is_offered() {
        let known = || ["targ_tgid", "min_us", "cfg"].into_iter();
        assert_eq!(offer("targ_tigd", known()), "did you mean \"targ_tgid\"?");
        assert_eq!(offer("x", known()), "there are cfg, min_us, targ_tgid");
        assert_eq!(offer("x", core::iter::empty()), "there is none at all");
    }

    #[test]
    fn programs_are_loaded_as_asked() {
        let mut m = Manifest::new();
        assert!(m.wants("a") && m.loads("a", true) && !m.loads("a", false));
        m.skip("a");
        assert!(!m.wants("a") && m.wants("b"));
        m.only("b");
        assert!(m.loads("b", false) && !m.wants("c"));
    }

    #[test]
    fn what_is_stated_last_holds() {
        let mut base = Manifest::new();
        base.set_word("m.max_entries=1").unwrap();
        base.set_word("m.value_size=8").unwrap();
        let mut top = Manifest::new();
        top.set_word("m.max_entries=2").unwrap();
        let both = base.under(&top);
        let m = both.of("m").unwrap();
        assert_eq!((m.max_entries, m.value_size), (Some(2), Some(8)));
    }
}
