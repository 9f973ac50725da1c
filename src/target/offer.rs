//! What a kernel's own BTF lists: helpers, map, program and attach types.
//!
//! A vendor's kernel carries backports that its version number hides, but its
//! BTF has the enumerations of the interface it was built with. Those decide what
//! exists. How it is typed comes from the facts of a series: the nearest one, or
//! the first later one that knows a thing which the nearest lacks.
//!
//! The nearest series is the one whose set of names differs least from what the
//! kernel lists; helpers, types and kernel functions count alike. Parts that a
//! configuration leaves out are missing against every series and so decide
//! nothing. Of equals the older is taken: it promises less.
//!
//! Known limits: an enumerator says that a type has a number, not that the
//! kernel was configured with it; and behaviours of the verifier are in no
//! enumeration, so a backported fix is seen only through the series it came with.

use alloc::collections::BTreeMap;

use crate::helpers_spec::{self, AttachType, MapType, ProgType, SpecVersion};
use crate::prelude::*;

/// Whether a target has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offered {
    /// It has, as the facts of that series describe it.
    As(SpecVersion),
    /// It has, but no facts describe it.
    Unmodelled,
    /// It has not.
    Absent,
}

impl Offered {
    pub(super) fn when(there: bool, facts: SpecVersion) -> Offered {
        if there {
            Offered::As(facts)
        } else {
            Offered::Absent
        }
    }

    /// Whether it is there at all.
    pub fn there(self) -> bool {
        self != Offered::Absent
    }

    /// The series whose facts describe it.
    pub fn facts(self) -> Option<SpecVersion> {
        match self {
            Offered::As(v) => Some(v),
            _ => None,
        }
    }
}

/// The enumerators of a kernel's BTF, by number, as they are spelled there.
#[derive(Clone, Copy)]
pub struct Enumerated<'a> {
    /// Of `enum bpf_func_id`.
    pub helpers: &'a [(u32, &'a str)],
    /// Of `enum bpf_map_type`.
    pub map_types: &'a [(u32, &'a str)],
    /// Of `enum bpf_prog_type`.
    pub prog_types: &'a [(u32, &'a str)],
    /// Of `enum bpf_attach_type`.
    pub attach_types: &'a [(u32, &'a str)],
    /// Whether the kernel has a function of that name that programs may call.
    pub function: &'a dyn Fn(&str) -> bool,
}

/// What a kernel lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    nearest: SpecVersion,
    helpers: BTreeMap<u32, Listed>,
    maps: BTreeMap<u32, Listed>,
    programs: BTreeMap<u32, Listed>,
    attaches: BTreeMap<u32, Listed>,
    kfuncs: BTreeMap<&'static str, SpecVersion>,
}

/// One enumerator.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    name: String,
    /// The series that describes it, if the name is Linux's under this number.
    facts: Option<SpecVersion>,
}

/// The table of one enumeration: `name_of` gives Linux's name of a number,
/// `since` whether a series has it.
fn table(
    listed: &[(u32, &str)],
    prefix: &str,
    nearest: SpecVersion,
    name_of: &dyn Fn(u32) -> Option<String>,
    has: &dyn Fn(u32, SpecVersion) -> bool,
) -> BTreeMap<u32, Listed> {
    let mut out = BTreeMap::new();
    for &(id, spelled) in listed {
        let Some(name) = spelled.strip_prefix(prefix) else {
            continue; // the end marker, `__MAX_...`
        };
        if name == "unspec" || name == "UNSPEC" {
            continue;
        }
        let same = name_of(id).is_some_and(|n| n.eq_ignore_ascii_case(name));
        let later = || {
            SpecVersion::ALL
                .iter()
                .copied()
                .find(|v| *v > nearest && has(id, *v))
        };
        let facts = same.then(|| {
            if has(id, nearest) {
                Some(nearest)
            } else {
                later()
            }
        });
        let entry = Listed {
            name: name.to_ascii_lowercase(),
            facts: facts.flatten(),
        };
        // Old spellings of one number follow or precede the present one.
        let known = entry.facts.is_some();
        if known || !out.contains_key(&id) {
            out.insert(id, entry);
        }
    }
    out
}

fn helper_name(id: u32) -> Option<String> {
    let name = helpers_spec::helper_name(id)?;
    Some(name.strip_prefix("bpf_").unwrap_or(name).to_owned())
}

/// Every name of a series that an enumeration or the functions of a BTF may show.
fn features(v: SpecVersion) -> Vec<(u8, u32, &'static str)> {
    let mut out = Vec::new();
    out.extend(helpers_spec::helpers(v).map(|h| (0, h.id, "")));
    let maps = MapType::ALL.iter().map(|t| t.id());
    out.extend(
        maps.filter(|id| helpers_spec::map_type_known(*id, v))
            .map(|id| (1, id, "")),
    );
    let progs = ProgType::ALL
        .iter()
        .filter(|t| helpers_spec::prog_type_known(**t, v));
    out.extend(progs.map(|t| (2, t.id(), "")));
    let attaches = AttachType::ALL.iter();
    let attaches = attaches.filter(|t| helpers_spec::attach_type_known(**t, v));
    out.extend(attaches.map(|t| (3, t.id(), "")));
    out.extend(helpers_spec::kfuncs(v).map(|k| (4, 0, k.name)));
    out
}

fn nearest(listed: &Enumerated<'_>) -> SpecVersion {
    let ids = |l: &[(u32, &str)], prefix: &str| -> Vec<u32> {
        let own = l.iter().filter(|(_, n)| n.starts_with(prefix));
        own.map(|(id, _)| *id).collect()
    };
    let lists = [
        ids(listed.helpers, "BPF_FUNC_"),
        ids(listed.map_types, "BPF_MAP_TYPE_"),
        ids(listed.prog_types, "BPF_PROG_TYPE_"),
        ids(listed.attach_types, "BPF_"),
    ];
    let there = |f: &(u8, u32, &str)| match lists.get(usize::from(f.0)) {
        Some(list) => list.contains(&f.1),
        None => (listed.function)(f.2),
    };
    let mut all: Vec<_> = SpecVersion::ALL.iter().flat_map(|v| features(*v)).collect();
    all.sort_unstable();
    all.dedup();
    let all: Vec<_> = all.into_iter().map(|f| (f, there(&f))).collect();
    let distance = |v: SpecVersion| {
        let mut own = features(v);
        own.sort_unstable();
        all.iter()
            .filter(|(f, there)| own.binary_search(f).is_ok() != *there)
            .count()
    };
    SpecVersion::ALL
        .iter()
        .copied()
        .min_by_key(|v| (distance(*v), *v))
        .unwrap_or(SpecVersion::V6_18)
}

/// Whether a function that a later series lets programs call is likely to be
/// callable where it exists: others were ordinary functions first.
fn backported(name: &str) -> bool {
    let own = ["bpf_", "__bpf_", "scx_bpf_"];
    own.iter().any(|p| name.starts_with(p)) && !name.contains("_test")
}

impl Offer {
    /// Reads the enumerators.
    pub(super) fn new(listed: &Enumerated<'_>) -> Result<Offer, String> {
        for (list, name) in [
            (listed.helpers, "bpf_func_id"),
            (listed.map_types, "bpf_map_type"),
            (listed.prog_types, "bpf_prog_type"),
            (listed.attach_types, "bpf_attach_type"),
        ] {
            if list.is_empty() {
                return Err(format!("no BTF of a kernel: it has no enum {name}"));
            }
        }
        let nearest = nearest(listed);
        let map_name = |id| MapType::from_id(id).map(|t| t.name().to_owned());
        let prog = |id| ProgType::from_id(id);
        let attach = |id| AttachType::from_id(id);
        let mut kfuncs = BTreeMap::new();
        for v in SpecVersion::ALL.iter().filter(|v| **v >= nearest) {
            for k in helpers_spec::kfuncs(*v) {
                let likely = *v == nearest || backported(k.name);
                if likely && !kfuncs.contains_key(k.name) && (listed.function)(k.name) {
                    kfuncs.insert(k.name, *v);
                }
            }
        }
        Ok(Offer {
            nearest,
            helpers: table(
                listed.helpers,
                "BPF_FUNC_",
                nearest,
                &helper_name,
                &|id, v| helpers_spec::helper_main(id, v).is_some(),
            ),
            maps: table(
                listed.map_types,
                "BPF_MAP_TYPE_",
                nearest,
                &map_name,
                &|id, v| helpers_spec::map_type_known(id, v),
            ),
            programs: table(
                listed.prog_types,
                "BPF_PROG_TYPE_",
                nearest,
                &|id| prog(id).map(|t| t.name().to_owned()),
                &|id, v| prog(id).is_some_and(|t| helpers_spec::prog_type_known(t, v)),
            ),
            attaches: table(
                listed.attach_types,
                "BPF_",
                nearest,
                &|id| attach(id).map(|t| t.name().to_owned()),
                &|id, v| attach(id).is_some_and(|t| helpers_spec::attach_type_known(t, v)),
            ),
            kfuncs,
        })
    }

    /// The series that it is most like.
    pub fn nearest(&self) -> SpecVersion {
        self.nearest
    }

    fn find(table: &BTreeMap<u32, Listed>, id: u32) -> Offered {
        match table.get(&id) {
            None => Offered::Absent,
            Some(Listed { facts: Some(v), .. }) => Offered::As(*v),
            Some(_) => Offered::Unmodelled,
        }
    }

    pub(super) fn helper(&self, id: u32) -> Offered {
        Offer::find(&self.helpers, id)
    }

    pub(super) fn map_type(&self, id: u32) -> Offered {
        Offer::find(&self.maps, id)
    }

    pub(super) fn prog_type(&self, ty: ProgType) -> Offered {
        Offer::find(&self.programs, ty.id())
    }

    pub(super) fn attach_type(&self, ty: AttachType) -> Offered {
        Offer::find(&self.attaches, ty.id())
    }

    pub(super) fn kfunc(&self, name: &str) -> Option<SpecVersion> {
        self.kfuncs.get(name).copied()
    }

    /// Kernel functions that it has and some series describes.
    pub fn kfuncs(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.kfuncs.keys().copied()
    }

    /// Helpers that it lists: number and name (`bpf_...`).
    pub fn helpers(&self) -> impl Iterator<Item = (u32, String)> + '_ {
        self.helpers
            .iter()
            .map(|(id, l)| (*id, format!("bpf_{}", l.name)))
    }

    /// What it lists and no series knows, or knows under another number: the sort
    /// of thing, its number, its name.
    pub fn unknown(&self) -> Vec<(&'static str, u32, &str)> {
        let mut out = Vec::new();
        for (what, table) in [
            ("helper", &self.helpers),
            ("map type", &self.maps),
            ("program type", &self.programs),
            ("attach type", &self.attaches),
        ] {
            let odd = table.iter().filter(|(_, l)| l.facts.is_none());
            out.extend(odd.map(|(id, l)| (what, *id, l.name.as_str())));
        }
        out
    }
}
