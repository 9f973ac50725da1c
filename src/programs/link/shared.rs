//! Maps that hold programs, and the programs that may share one.
//!
//! The first program that is loaded with such a map decides for it: the kernel refuses
//! later ones that differ in type, in whether they take packets of several buffers, or
//! (arrays of programs only) in their attach type or the prototype that they hang on.
//! Each program by itself loads; the object does not.
//!
//! Source: pairs of programs on one map, loaded on a live 6.18.44; attach types count
//! there and in the stable 6.12, of older kernels it is not known. Only programs that are
//! loaded together are held against each other.

use super::LinkOptions;
use crate::helpers_spec::{AttachType, MapType, ProgType};
use crate::object::{MapDef, SlotTarget};
use crate::prelude::*;
use crate::programs::decode;
use crate::programs::insn::{ImmRef, Op};
use crate::programs::program::{F_XDP_HAS_FRAGS, LoadError, Program};

/// Two programs that cannot both be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The map that they share.
    pub map: String,
    /// The one that is loaded first: its index in `Linked::programs`.
    pub first: usize,
    /// The one that is refused then.
    pub second: usize,
    /// In what they differ, for a sentence.
    pub differs: String,
}

/// What a map remembers of its first program.
struct Owner {
    program: usize,
    prog_type: ProgType,
    attach_type: Option<AttachType>,
    frags: bool,
    /// The prototype of the kernel's function.
    proto: Option<u32>,
}

/// What of programs counts, by map type and release: whether the map's programs are held
/// against each other, buffers, attach types, prototypes.
fn counts(map_type: u32, release: (u16, u16)) -> Option<(bool, bool, bool)> {
    let frags = release >= (5, 18);
    match MapType::from_id(map_type)? {
        MapType::ProgArray => Some((frags, release >= (6, 12), release >= (6, 12))),
        MapType::Devmap | MapType::Cpumap if frags => Some((true, false, false)),
        _ => None,
    }
}

/// The maps of programs that a program's code refers to.
fn used(program: &Program) -> Vec<usize> {
    let ops = decode(&program.insns);
    let mut out: Vec<usize> = ops
        .iter()
        .filter_map(|op| match op {
            Op::LdImm64 {
                src: ImmRef::MapIdx(map),
                ..
            } => usize::try_from(*map).ok(),
            _ => None,
        })
        .collect();
    out.sort_unstable();
    out.dedup();
    out
}

fn owner(index: usize, program: &Program, options: &LinkOptions<'_>) -> Owner {
    let func = program.attach_btf_id.zip(options.kernel_btf);
    Owner {
        program: index,
        prog_type: program.prog_type,
        attach_type: program.attach_type,
        frags: program.prog_flags & F_XDP_HAS_FRAGS != 0,
        proto: func.and_then(|(id, btf)| btf.ty(id)?.target()),
    }
}

/// In what a later program differs from the first, where it counts.
fn difference(first: &Owner, next: &Owner, counts: (bool, bool, bool)) -> Option<String> {
    let named = |a: Option<AttachType>| a.map_or("none", |a| a.name());
    let id = |a: Option<AttachType>| a.map_or(0, |a| a.id());
    let (frags, attach, proto) = counts;
    if first.prog_type != next.prog_type {
        return Some(format!("type ({} and {})", first.prog_type, next.prog_type));
    }
    if frags && first.frags != next.frags {
        return Some("taking packets of several buffers".into());
    }
    if attach && id(first.attach_type) != id(next.attach_type) {
        let (a, b) = (named(first.attach_type), named(next.attach_type));
        return Some(format!("attach type ({a} and {b})"));
    }
    let differs = first.proto.zip(next.proto).is_some_and(|(a, b)| a != b);
    (proto && differs).then(|| "the prototype of what they attach to".into())
}

/// The first program of each map that cannot be loaded after others.
pub(super) fn conflicts(
    programs: &[Result<Program, LoadError>],
    options: &LinkOptions<'_>,
) -> Vec<Conflict> {
    let (major, minor, _) = options.release;
    let loaded: Vec<(usize, &Program)> = programs
        .iter()
        .enumerate()
        .filter_map(|(i, p)| Some((i, p.as_ref().ok()?)))
        .filter(|(_, p)| options.manifest.loads(&p.name, p.autoload))
        .collect();
    let maps: &[MapDef] = loaded.first().map_or(&[], |(_, p)| &p.maps);
    let candidates: Vec<(usize, &MapDef, (bool, bool, bool))> = maps
        .iter()
        .enumerate()
        .filter_map(|(i, m)| Some((i, m, counts(m.map_type, (major, minor))?)))
        .collect();
    if candidates.is_empty() || loaded.len() < 2 {
        return Vec::new();
    }
    let uses: Vec<(usize, &Program, Vec<usize>)> =
        loaded.into_iter().map(|(i, p)| (i, p, used(p))).collect();
    let mut out = Vec::new();
    for (index, map, counts) in candidates {
        // Those that refer to it first, then those that it is filled with.
        let refer = uses.iter().filter(|(_, _, maps)| maps.contains(&index));
        let slots = map.slots.iter().filter_map(|(_, target)| match target {
            SlotTarget::Program(name) => uses.iter().find(|(_, p, _)| p.name == **name),
            SlotTarget::Map(_) => None,
        });
        let mut all = refer.chain(slots).map(|(i, p, _)| owner(*i, p, options));
        let Some(first) = all.next() else { continue };
        let refused = all.find_map(|next| Some((difference(&first, &next, counts)?, next.program)));
        if let Some((differs, second)) = refused {
            out.push(Conflict {
                map: map.name.to_string(),
                first: first.program,
                second,
                differs,
            });
        }
    }
    out
}
