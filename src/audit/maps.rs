//! The object's maps: definitions, since when kernels have them, memory; and how
//! a program uses them.

use alloc::collections::{BTreeMap, BTreeSet};

use super::model::{Call, MapNeed, MapUse, SlotHolds};
use super::oldest::Need;
use crate::abstract_interp::observe::{Observed, Pointee};
use crate::helpers_spec::{Known, MapType, SinceKind, since};
use crate::object::{Btf, MapDef, MapOrigin, SlotTarget, Type};
use crate::object::{Memory, memory};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{ImmRef, Op, Size};
use crate::untrusted::{Untrusted, text};

/// Flags of definitions: bit, name as in `since.tsv`.
const FLAGS: &[(u32, &str)] = &[
    (0, "no_prealloc"),
    (1, "no_common_lru"),
    (2, "numa_node"),
    (3, "rdonly"),
    (4, "wronly"),
    (5, "stack_build_id"),
    (6, "zero_seed"),
    (7, "rdonly_prog"),
    (8, "wronly_prog"),
    (9, "clone"),
    (10, "mmapable"),
    (11, "preserve_elems"),
    (12, "inner_map"),
    (13, "link"),
    (15, "vtype_btf_obj_fd"),
    (17, "segv_on_fault"),
    (18, "no_user_conv"),
    (19, "rb_overwrite"),
];

/// Structs of values that kernels treat specially, and their names there.
const FIELDS: &[(&str, &str)] = &[
    ("bpf_spin_lock", "spin_lock"),
    ("bpf_res_spin_lock", "res_spin_lock"),
    ("bpf_timer", "timer"),
    ("bpf_wq", "workqueue"),
    ("bpf_task_work", "task_work"),
    ("bpf_list_head", "list_head"),
    ("bpf_rb_root", "rb_root"),
    ("bpf_refcount", "refcount"),
];

/// Type tags of pointers in values.
const TAGS: &[(&str, &str)] = &[
    ("kptr_untrusted", "kptr_unref"),
    ("kptr", "kptr_ref"),
    ("percpu_kptr", "kptr_percpu"),
    ("uptr", "uptr"),
];

fn flag_names(map: &MapDef) -> Vec<&'static str> {
    let set = FLAGS.iter().filter(|(bit, _)| map.flags >> bit & 1 == 1);
    set.map(|(_, name)| *name).collect()
}

/// The special fields anywhere in a value. Each type is looked at once: types can be
/// made that hold one another more often than could ever be walked.
fn special(btf: &Btf, value: u32) -> Vec<&'static str> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let mut work = vec![value];
    while let Some(id) = work.pop() {
        let id = btf.skip_mods_typedefs(id);
        if !seen.insert(id) {
            continue;
        }
        match btf.ty(id) {
            Some(Type::Struct(c) | Type::Union(c)) => {
                match FIELDS.iter().find(|(name, _)| *name == c.name) {
                    Some((_, field)) => out.push(*field),
                    None => work.extend(c.members.iter().map(|m| m.ty)),
                }
            }
            Some(Type::Array { elem, .. }) => work.push(elem),
            Some(Type::Ptr { to }) => {
                if let Some(Type::TypeTag {
                    name,
                    attribute: false,
                    ..
                }) = btf.ty(to)
                    && let Some((_, field)) = TAGS.iter().find(|(tag, _)| *tag == name)
                {
                    out.push(*field);
                }
            }
            _ => {}
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Maps that programs may look up since later than they have them: row of `since.tsv`.
const LOOKUPS: &[(MapType, &str)] = &[
    (MapType::Xskmap, "xskmap_lookup"),
    (MapType::Sockmap, "sockmap_lookup"),
    (MapType::Sockhash, "sockmap_lookup"),
];

/// What lookups ask of a kernel beyond helper and map.
pub fn lookup_needs(program: &Program, calls: &[Call]) -> Vec<Need> {
    let lookups = calls.iter().filter(|c| c.name == "bpf_map_lookup_elem");
    let sites: Vec<_> = lookups.flat_map(|c| &c.sites).collect();
    let need = |(ty, feature): &(MapType, &str)| {
        let is = |map: &u32| {
            let def = program.maps.get(*map as usize);
            def.is_some_and(|d| d.map_type == ty.id())
        };
        let at = sites.iter().filter(|s| s.maps.iter().any(is));
        let insns: Vec<usize> = at.map(|s| s.insn).collect();
        (!insns.is_empty()).then(|| Need {
            what: text!("lookups in a {}", ty.name()),
            known: since(SinceKind::Feature, feature).map(Known::exactly),
            insns,
            at_attach: false,
        })
    };
    LOOKUPS.iter().filter_map(need).collect()
}

/// A map's definition, audited. Slots are named by the object's maps.
pub fn map_need(map: &MapDef, all: &[MapDef], btf: Option<&Btf>, cpus: u32) -> MapNeed {
    let ty = MapType::from_id(map.map_type);
    let type_name = ty.map_or_else(|| format!("type {}", map.map_type), |t| t.name().to_owned());
    let typed = btf.filter(|_| map.value_type != 0);
    let fields = typed.map_or_else(Vec::new, |btf| special(btf, map.value_type));
    let flags = flag_names(map);
    let inner = map
        .inner
        .as_ref()
        .map(|m| Box::new(map_need(m, all, btf, cpus)));
    let described = |id: u32| {
        btf.filter(|_| id != 0)
            .map(|b| b.describe(id))
            .filter(|text| !text.is_empty())
    };
    let created = known(map, &type_name, &flags, &[], inner.as_deref());
    let (known, known_because) = known(map, &type_name, &flags, &fields, inner.as_deref());
    MapNeed {
        name: (&map.name).into(),
        type_name,
        key_size: map.key_size,
        value_size: map.value_size,
        max_entries: map.max_entries,
        flags,
        key_type: described(map.key_type).map(Into::into),
        value_type: described(map.value_type).map(Into::into),
        origin: origin(map.kind),
        pinned: map.pinned,
        fields,
        slots: map
            .slots
            .iter()
            .map(|(i, target)| {
                let holds = match target {
                    SlotTarget::Program(name) => SlotHolds::Program(name.into()),
                    SlotTarget::Map(m) => SlotHolds::Map(
                        all.get(*m as usize)
                            .map_or_else(Untrusted::new, |m| (&m.name).into()),
                    ),
                };
                (*i, holds)
            })
            .collect(),
        inner,
        known,
        known_because,
        created,
        memory: total(map, all, cpus),
    }
}

/// Of a map-in-map, without the maps that it is given later.
fn total(map: &MapDef, _all: &[MapDef], cpus: u32) -> Memory {
    let own = memory(map, cpus);
    Memory {
        open_ended: own.open_ended || map.is_map_in_map() && map.slots.is_empty(),
        ..own
    }
}

fn origin(kind: MapOrigin) -> &'static str {
    match kind {
        MapOrigin::Btf => "btf",
        MapOrigin::Legacy => "legacy",
        MapOrigin::Data => "data",
        MapOrigin::Rodata => "rodata",
        MapOrigin::Bss => "bss",
        MapOrigin::Kconfig => "kconfig",
        MapOrigin::StructOps => "struct_ops",
        MapOrigin::JumpTable => "jump-table",
        MapOrigin::Synthetic => "synthetic",
    }
}

fn known(
    map: &MapDef,
    type_name: &str,
    flags: &[&'static str],
    fields: &[&'static str],
    inner: Option<&MapNeed>,
) -> (Option<Known>, Untrusted) {
    let mut latest = since(SinceKind::MapType, type_name);
    let mut because = text!("map type {type_name}");
    if latest.is_none() {
        return (None, because);
    }
    let mut also = |release, what: Untrusted| {
        if release > latest {
            latest = release;
            because = what;
        }
    };
    for flag in flags {
        // Loaders drop what they added to data maps themselves.
        if !(map.is_data() && *flag == "mmapable") {
            also(since(SinceKind::MapFlag, flag), text!("map flag {flag}"));
        }
    }
    for field in fields {
        also(
            since(SinceKind::MapField, field),
            text!("map field {field}"),
        );
    }
    if map.is_data() {
        also(
            since(SinceKind::Feature, "global_data"),
            "feature global_data".into(),
        );
    }
    if let Some(inner) = inner {
        also(inner.known.map(|k| k.release), inner.known_because.clone());
    }
    (latest.map(Known::exactly), because)
}

/// What the maps ask of a kernel: a loader creates them all before any program.
pub fn needs(maps: &[MapNeed]) -> Vec<Need> {
    let need = |m: &MapNeed| {
        let (known, because) = &m.created;
        Need::whole(text!("{} of {}", because, m.name), *known)
    };
    maps.iter().map(need).collect()
}

/// What a program asks for the sake of pointers in the values of maps that it reads: an
/// older kernel reads them as numbers. Other special fields are of use only to functions
/// that have their own dates.
pub fn field_needs(program: &Program, ops: &[Op], observed: &Observed) -> Vec<Need> {
    let Some(btf) = program.btf.as_deref() else {
        return Vec::new();
    };
    let mut read: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (slot, op) in ops.iter().enumerate() {
        let Op::Load { size: Size::DW, .. } = op else {
            continue;
        };
        for base in observed.bases(slot) {
            if let Pointee::MapValue(map) | Pointee::InnerValue(map) = base {
                read.entry(*map).or_default().push(slot);
            }
        }
    }
    let mut needs = Vec::new();
    for (map, insns) in read {
        let map = program.maps.get(map as usize);
        let Some(map) = map.filter(|m| m.value_type != 0) else {
            continue;
        };
        let fields = special(btf, map.value_type);
        for field in fields.iter().filter(|f| TAGS.iter().any(|t| t.1 == **f)) {
            let known = since(SinceKind::MapField, field).map(Known::exactly);
            needs.push(Need {
                insns: insns.clone(),
                ..Need::whole(format!("map field {field} of {}", map.name), known)
            });
        }
    }
    needs
}

/// Which maps a program uses, and how.
pub fn uses(program: &Program, ops: &[Op], observed: &Observed, calls: &[Call]) -> Vec<MapUse> {
    let mut uses: BTreeMap<u32, MapUse> = BTreeMap::new();
    let name = |i: u32| {
        let map = program.maps.get(i as usize);
        map.map_or_else(Untrusted::new, |m| (&m.name).into())
    };
    let mut at = |i: u32, note: &mut dyn FnMut(&mut MapUse)| {
        let entry = uses.entry(i).or_insert_with(|| MapUse {
            map: i,
            name: name(i),
            ..MapUse::default()
        });
        note(entry);
    };
    for (slot, op) in ops.iter().enumerate() {
        if let Op::LdImm64 {
            src: ImmRef::MapIdx(idx) | ImmRef::MapIdxValue { idx, .. },
            ..
        } = op
        {
            at(*idx, &mut |u| u.references += 1);
        }
        for base in observed.bases(slot) {
            let (Pointee::MapValue(map) | Pointee::InnerValue(map)) = base else {
                continue;
            };
            at(*map, &mut |u| match op {
                Op::Load { .. } | Op::LoadAcquire { .. } => u.reads += 1,
                Op::Atomic { .. } => u.atomics += 1,
                _ => u.writes += 1,
            });
        }
    }
    for call in calls {
        for site in &call.sites {
            for map in &site.maps {
                at(*map, &mut |u| {
                    if !u.calls.contains(&call.name) {
                        u.calls.push(call.name.clone());
                    }
                });
            }
        }
    }
    uses.into_values().collect()
}
