//! From an object to its programs, as libbpf does it.
//!
//! Steps for the whole object: relocations of code (`relocs`), externs
//! (`symbols`), struct_ops maps (`struct_ops`), CO-RE (`code`), maps
//! (`maps`). Steps for each program: put its functions together
//! (`assemble`), its function and line information (`info`), its references
//! (`data`), its attach target (`attach`). Each program is linked as if it
//! alone were loaded, so that each has its own verdict; what would keep libbpf
//! from loading anything fails them all.
#![warn(clippy::arithmetic_side_effects)]

mod assemble;
mod attach;
mod code;
mod data;
mod extend;
mod identity;
mod info;
mod kconfig;
mod manifest;
mod maps;
mod options;
mod relocs;
mod shared;
mod sketch;
mod struct_ops;
mod symbols;

use super::lines::LineTable;
use super::program::{
    F_SLEEPABLE, F_XDP_HAS_FRAGS, LoadError, LoadErrorKind, PROG_FLAGS, Program, StructOpsSlot,
    Subprog, license_is_gpl_compatible,
};
use crate::helpers_spec::{self, AttachType, ProgType};
use crate::object::{FuncLinkage, Function, MapDef, Object, ObjectError, Type};
use crate::prelude::*;
pub use extend::Extended;
pub use kconfig::usual_kconfig;
pub use manifest::{
    Assumption, AttachTo, InnerSetting, Json, Manifest, ManifestFault, MapSetting, Part, Pinned,
    ProgramSetting, near, part_at,
};
pub use maps::{Loader, MapFault};
pub use options::{LinkOptions, Linked, MAX_LINKED_BYTES};
pub use shared::Conflict;
pub use sketch::sketches;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use assemble::Assembly;
use core::cell::{Cell, RefCell};
use identity::{Identity, callbacks, identity};

/// What all programs of an object share.
struct Context<'a> {
    object: &'a Object,
    options: &'a LinkOptions<'a>,
    /// Relocations by function.
    relocs: Vec<Vec<relocs::Reloc>>,
    /// Instructions by function.
    codes: Vec<code::Code>,
    symbols: symbols::Symbols,
    struct_ops: struct_ops::StructOps,
    maps: Arc<[MapDef]>,
    /// What was assumed of them.
    assumed: Vec<Assumption>,
    /// Why the kernel creates not all of them.
    map_fault: Option<MapFault>,
    info: info::InfoIndex,
    /// Names of exception callbacks by the main function's name.
    callbacks: BTreeMap<&'a str, Vec<&'a str>>,
    /// Functions of `.text` by name.
    text: BTreeMap<&'a str, Vec<usize>>,
    jump_tables: Option<u32>,
    /// Where variables begin in the arena.
    arena_offset: u32,
    lines: Cow<'a, LineTable>,
    /// Names of sections, by index.
    sections: RefCell<BTreeMap<u32, Arc<str>>>,
    /// Bytes of all programs so far.
    spent: Cell<usize>,
    /// Whether there was no room for something since this was last asked.
    over: Cell<bool>,
}

/// An error at a step, to be told of programs.
#[derive(Clone)]
struct Failure {
    kind: LoadErrorKind,
    reason: String,
    map: Option<MapFault>,
}

impl Failure {
    fn at(kind: LoadErrorKind, reason: String) -> Failure {
        Failure {
            kind,
            reason,
            map: None,
        }
    }

    /// The kernel refuses to create a map.
    fn of_map(fault: MapFault, maps: &[MapDef]) -> Failure {
        let map = maps.get(fault.map);
        let name = map.map_or("", |m| &m.name);
        let inner = if fault.inner { ", inner map" } else { "" };
        let place = map
            .filter(|m| !m.span.section.is_empty())
            .map_or_else(String::new, |m| {
                format!(" ({}+{:#x})", m.span.section, m.span.offset)
            });
        Failure {
            kind: LoadErrorKind::Map,
            reason: format!("map {name}{inner}{place}: {}", fault.flaw),
            map: Some(fault),
        }
    }
}

fn prepare(reason: String) -> Failure {
    Failure::at(LoadErrorKind::Prepare, reason)
}

/// Where variables begin in the arena: at its end, for kernels that take so large
/// an offset in a wide load.
fn arena_offset(object: &Object, options: &LinkOptions<'_>) -> u32 {
    let arena = object.maps.iter().find(|m| m.map_type == 33);
    let Some(arena) = arena.filter(|_| options.release.0 >= 7) else {
        return 0;
    };
    let section = object.arena_section();
    let section = section.and_then(|s| object.elf.sections.get(s as usize));
    let pages = section.map_or(0, |s| s.size.div_ceil(4096));
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    arena.max_entries.saturating_sub(pages).wrapping_mul(4096)
}

impl<'a> Context<'a> {
    /// Counts bytes that a hostile object could ask for without bound.
    fn spend(&self, amount: usize) -> Result<(), String> {
        let spent = self.spent.get().saturating_add(amount);
        if spent > self.options.most_bytes {
            self.over.set(true);
            return Err("the object's programs are too many and too large".into());
        }
        self.spent.set(spent);
        Ok(())
    }

    /// Tells of a step that failed for want of room that it says nothing of the program.
    fn judged(&self, failure: Failure) -> Failure {
        match self.over.take() {
            true => Failure::at(LoadErrorKind::Budget, failure.reason),
            false => failure,
        }
    }

    fn section_name(&self, index: u32) -> Arc<str> {
        let mut known = self.sections.borrow_mut();
        let name = known.entry(index);
        name.or_insert_with(|| self.object.elf.section_name(index).into())
            .clone()
    }

    fn new(
        object: &'a Object,
        options: &'a LinkOptions<'a>,
        relocs: Vec<Vec<relocs::Reloc>>,
    ) -> Result<Context<'a>, Failure> {
        let symbols = symbols::resolve(object, options).map_err(prepare)?;
        let struct_ops = struct_ops::resolve(object, options).map_err(prepare)?;
        let codes = code::patched(object, options).map_err(prepare)?;
        if let Some(reason) = &object.btf_refused
            && object.maps.iter().any(|m| m.struct_ops.is_some())
        {
            return Err(prepare(format!(
                "struct_ops need BTF, which the kernel refuses: {reason}"
            )));
        }
        let mut text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, f) in object
            .functions
            .iter()
            .enumerate()
            .filter(|(_, f)| f.section == object.text)
        {
            text.entry(&f.name).or_default().push(i);
        }
        let ready =
            maps::ready(object, &maps::Terms::of(options), &symbols.kconfig).map_err(prepare)?;
        Ok(Context {
            maps: ready.maps.into(),
            assumed: ready.assumed,
            map_fault: ready.fault,
            info: info::InfoIndex::new(object),
            callbacks: callbacks(object.btf.as_deref()),
            object,
            options,
            relocs,
            codes,
            symbols,
            struct_ops,
            text,
            jump_tables: object.jump_tables(),
            arena_offset: arena_offset(object, options),
            lines: match options.lines {
                Some(lines) => Cow::Borrowed(lines),
                None => Cow::Owned(LineTable::new(object)),
            },
            sections: RefCell::default(),
            spent: Cell::new(0),
            over: Cell::new(false),
        })
    }

    /// The exception callback of a main function, if it has exactly one.
    fn exception_callback(&self, main: usize) -> Result<Option<usize>, String> {
        if self.callbacks.is_empty() {
            return Ok(None);
        }
        if self.callbacks.contains_key("") {
            return Err("a tag exception_callback is on what is no program".into());
        }
        let name = self.object.functions.get(main).map_or("", |f| &f.name);
        let Some([callback]) = self.callbacks.get(name).map(|c| &c[..]) else {
            // Of several, the verifier tells.
            return Ok(None);
        };
        let found = self.text.get(callback).map_or(&[][..], |f| f);
        let Some(first) = found
            .first()
            .and_then(|i| self.object.functions.get(*i).map(|f| (*i, f)))
        else {
            return Err(format!("there is no exception callback {callback}"));
        };
        if !first.1.global || first.1.hidden {
            return Err(format!("exception callback {callback} is not global"));
        }
        Ok(Some(first.0))
    }

    /// The struct_ops programs that are loaded whatever else is.
    fn companions(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.struct_ops.slots.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// What fails every program: code that is always prepared.
    fn common_error(&self) -> Option<String> {
        let core = |i: usize| {
            let error = self.codes.get(i).and_then(|c| c.error.as_ref())?;
            let name = self.object.functions.get(i).map_or("", |f| &f.name);
            Some(format!("{name}: {error}"))
        };
        let mut always = self.text.values().flatten().copied().collect::<Vec<_>>();
        always.sort_unstable();
        let companions = self.companions();
        let failed = always
            .into_iter()
            .chain(companions.iter().copied())
            .find_map(core);
        failed.or_else(|| {
            companions.iter().find_map(|i| {
                let assembly = match assemble::assemble(self, *i) {
                    Ok(assembly) => assembly,
                    Err(reason) => return Some(reason),
                };
                data::resolve(self, &assembly).err()
            })
        })
    }

    fn subprogs(&self, assembly: &Assembly, funcs: &[(u32, u32)]) -> Vec<Subprog> {
        let btf = self.object.btf.as_deref();
        let mut subprogs = Vec::with_capacity(assembly.placed.len());
        for (i, placed) in assembly.placed.iter().enumerate() {
            let Some(function) = self.object.functions.get(placed.function) else {
                continue;
            };
            let known = funcs
                .binary_search_by_key(&placed.start, |f| f.0)
                .ok()
                .and_then(|i| funcs.get(i));
            let func_type = known.map_or(0, |f| f.1);
            let linkage = match btf.and_then(|b| b.ty(func_type)) {
                Some(Type::Func { linkage, .. }) => Some(linkage),
                _ => None,
            };
            subprogs.push(Subprog {
                start: placed.start,
                end: placed.start.saturating_add((function.size / 8) as u32),
                name: function.name.clone(),
                func_type: if linkage.is_some() { func_type } else { 0 },
                global: i > 0 && linkage == Some(FuncLinkage::Global),
                exception_cb: assembly.exception_cb == Some(i),
                section: self.section_name(function.section),
                section_offset: function.offset,
            });
        }
        subprogs
    }

    /// The kernel's id of what the program attaches to.
    fn attach_id(&self, id: &Identity<'_>) -> Result<Option<u32>, String> {
        if !id.info.is_some_and(|i| i.attach_btf) {
            return Ok(None);
        }
        if id.prog_type == ProgType::Ext {
            return match id.extends {
                Some(_) => Ok(None),
                None => Err("it replaces a function of another program: \
                             `--attach PROGRAM=OBJECT:FUNCTION` says which"
                    .into()),
            };
        }
        let Some(target) = id.target else {
            return Err(
                "the section names no target to attach to: `--attach PROGRAM=FUNCTION` does".into(),
            );
        };
        match self.options.kernel_btf {
            Some(kernel) => attach::find(kernel, id.attach_type, target),
            None => Ok(None),
        }
    }

    /// The type and attach type that the kernel goes by, and why a function of another
    /// program cannot be replaced.
    fn extending(
        &self,
        id: &Identity<'_>,
        func: u32,
    ) -> Result<(ProgType, Option<AttachType>), String> {
        let Some(extends) = &id.extends else {
            return Ok((id.prog_type, id.attach_type));
        };
        if id.prog_type != ProgType::Ext {
            return Err(format!(
                "{} replaces no function: its section is not freplace",
                id.section
            ));
        }
        let why = match self.object.btf.as_deref() {
            Some(btf) => extends.mismatch(btf, func),
            None => Some("it has no types".into()),
        };
        match why {
            None => Ok((extends.prog_type, extends.attach_type)),
            Some(why) => Err(format!("it cannot replace {}: {why}", extends.function)),
        }
    }

    fn program(
        &self,
        index: usize,
        function: &Function,
        id: &Identity<'_>,
    ) -> Result<Program, Failure> {
        if id.prog_type == ProgType::Unspec {
            return Err(Failure::at(LoadErrorKind::Section, no_type(id.section)));
        }
        if let Some(error) = self.codes.get(index).and_then(|c| c.error.clone()) {
            return Err(prepare(error));
        }
        let assembly = assemble::assemble(self, index).map_err(prepare)?;
        let (mut func_info, line_info) = info::collect(self, &assembly).map_err(prepare)?;
        if self.object.btf_refused.is_some() {
            func_info.clear();
        }
        let references = data::resolve(self, &assembly).map_err(prepare)?;
        if let Some(fault) = self.map_fault {
            return Err(Failure::of_map(fault, &self.maps));
        }
        let slot = self.slot(index, id)?;
        let attach_btf_id = self.attach_id(id).map_err(prepare)?;
        let subprogs = self.subprogs(&assembly, &func_info);
        let flags = id.flags
            | if id.info.is_some_and(|i| i.sleepable) {
                F_SLEEPABLE
            } else {
                0
            }
            | if id.info.is_some_and(|i| i.xdp_frags) {
                F_XDP_HAS_FRAGS
            } else {
                0
            };
        self.flags_known(flags)?;
        let func = subprogs.first().map_or(0, |s| s.func_type);
        let (prog_type, mut attach_type) = self.extending(id, func).map_err(prepare)?;
        let (major, minor, _) = self.options.release;
        if id.info.is_some_and(|i| i.usdt) && (major, minor) >= (6, 6) {
            attach_type = Some(AttachType::TraceUprobeMulti);
        }
        let attach_to = match &slot {
            Some(slot) => Some(format!("{}.{}", slot.structure, slot.member)),
            None => id.target.map(|t| match attach_btf_id {
                Some(_) => t.rsplit(':').next().unwrap_or(t).to_owned(),
                None => t.to_owned(),
            }),
        };
        Ok(Program {
            name: function.name.to_string(),
            section: id.section.to_owned(),
            prog_type,
            attach_type,
            attach_to,
            attach_btf_id,
            extends: id.extends.clone(),
            struct_ops: slot,
            sleepable: flags & F_SLEEPABLE != 0,
            prog_flags: flags,
            autoload: id.autoload,
            assumes: self.assumes(&references),
            insns: references.insns.into(),
            maps: references.maps,
            subprogs: subprogs.into(),
            kfuncs: references.kfuncs,
            ksyms: references.ksyms,
            poisoned: references.poisoned,
            core_relocs: references.core_relocs,
            line_info,
            func_info,
            btf: self
                .object
                .btf
                .clone()
                .filter(|_| self.object.btf_refused.is_none()),
            btf_refused: self.object.btf_refused.clone(),
            license: self.object.license.clone(),
            gpl_compatible: license_is_gpl_compatible(&self.object.license),
            kern_version: self.object.version.unwrap_or(0),
        })
    }

    /// Flags that the kernel does not know end the load command.
    fn flags_known(&self, flags: u32) -> Result<(), Failure> {
        let (major, minor, _) = self.options.release;
        let unknown = PROG_FLAGS
            .iter()
            .find(|(bit, _, since)| flags & bit != 0 && (major, minor) < *since);
        let all = PROG_FLAGS.iter().fold(0, |all, f| all | f.0);
        let why = match unknown {
            Some((_, name, (major, minor))) => format!(
                "the kernel does not know the program flag BPF_F_{}; Linux has it since {major}.{minor}",
                name.to_ascii_uppercase()
            ),
            None if flags & !all != 0 => {
                format!("no kernel knows the program flags {:#x}", flags & !all)
            }
            None => return Ok(()),
        };
        Err(Failure::at(LoadErrorKind::Syscall, why))
    }

    /// What was assumed of the maps that a program refers to.
    fn assumes(&self, references: &data::References) -> Arc<[Assumption]> {
        if self.assumed.is_empty() {
            return Arc::default();
        }
        let used = references.used_maps();
        let of_used = |a: &&Assumption| used.iter().any(|m| m.name == a.map);
        self.assumed.iter().filter(of_used).cloned().collect()
    }

    /// Which member a struct_ops program is for.
    fn slot(&self, index: usize, id: &Identity<'_>) -> Result<Option<StructOpsSlot>, Failure> {
        if id.prog_type != ProgType::StructOps {
            return Ok(None);
        }
        match self.struct_ops.slots.get(&index) {
            Some(slot) => Ok(Some(slot.clone())),
            None if self.struct_ops.optional.contains_key(&index) => Err(prepare(
                "only an optional struct_ops map uses it, which is not created by default".into(),
            )),
            None => Err(prepare("no struct_ops map uses it".into())),
        }
    }
}

/// What is said of a section whose name is none of a loader's.
fn no_type(section: &str) -> String {
    let name = section.split('/').next().unwrap_or(section);
    let known = helpers_spec::sections().iter();
    let known = known.map(|s| {
        s.pattern
            .trim_end_matches('+')
            .split('/')
            .next()
            .unwrap_or("")
    });
    match manifest::offer(name, known) {
        near if near.starts_with("did") => {
            format!("section {section} says no program type; {near}")
        }
        _ => format!("section {section} says no program type"),
    }
}

/// True if a function is an entry point.
fn is_main(object: &Object, function: &Function, options: &LinkOptions<'_>) -> bool {
    function.section != object.text || options.legacy_sections && object.functions.len() == 1
}

/// Why the object cannot be opened at all.
fn open_error(object: &Object, options: &LinkOptions<'_>) -> Option<String> {
    let legacy = |p: &&ObjectError| options.legacy_maps || p.section != "maps";
    if object.has_legacy_maps && !options.legacy_maps {
        return Some(
            "section maps: definitions without BTF, which libbpf takes no more since 1.0".into(),
        );
    }
    if let Some(problem) = object.problems.iter().find(legacy) {
        return Some(problem.to_string());
    }
    // A function pointer must be to a program for struct_ops.
    object
        .maps
        .iter()
        .filter_map(|m| m.struct_ops.as_ref().map(|s| (m, s)))
        .find_map(|(map, def)| {
            def.functions.iter().find_map(|(_, f)| {
                let function = object.functions.get(*f as usize)?;
                let id = identity(
                    object,
                    function,
                    &LinkOptions {
                        force_type: None,
                        ..*options
                    },
                );
                let wrong = id.prog_type != ProgType::StructOps;
                wrong.then(|| {
                    format!(
                        "{} names {}, which is no struct_ops program",
                        map.name, function.name
                    )
                })
            })
        })
}

/// Gives a program that comes without an object its maps.
pub fn link_raw(program: &Program, options: &LinkOptions<'_>) -> Linked {
    let ready = maps::ready_raw(program, &maps::Terms::of(options));
    let told = ready.map_err(|failure| LoadError {
        kind: failure.kind,
        program: Some(program.name.clone()),
        section: Some(program.section.clone()),
        prog_type: Some(program.prog_type),
        attach_type: program.attach_type,
        insns: program.insns.len(),
        reason: failure.reason,
        offset: None,
        map: failure.map,
    });
    Linked {
        programs: vec![told],
        ..Linked::default()
    }
}

/// Links every program of an object, each as if it alone were loaded.
pub fn link(object: &Object, options: &LinkOptions<'_>) -> Linked {
    let mut out = Linked::default();
    let whole = |kind, reason| LoadError {
        kind,
        map: None,
        program: None,
        section: None,
        prog_type: None,
        attach_type: None,
        insns: 0,
        reason,
        offset: None,
    };
    if let Some(reason) = open_error(object, options) {
        out.object_errors.push(whole(LoadErrorKind::Open, reason));
        return out;
    }
    let relocs = match relocs::collect(object) {
        Ok(relocs) => relocs,
        Err(error) => {
            out.object_errors
                .push(whole(LoadErrorKind::Open, error.to_string()));
            return out;
        }
    };
    let mains: Vec<(usize, &Function)> = object
        .functions
        .iter()
        .enumerate()
        .filter(|(_, f)| is_main(object, f, options))
        .collect();
    if mains.is_empty() {
        out.object_errors
            .push(whole(LoadErrorKind::Empty, "it has no programs".into()));
        return out;
    }
    let context = Context::new(object, options, relocs);
    let common = context.as_ref().ok().and_then(|context| {
        let reason = context.common_error()?;
        Some(context.judged(prepare(reason)))
    });
    let wanted = |f: &Function| options.manifest.wants(&f.name);
    for (index, function) in mains.into_iter().filter(|(_, f)| wanted(f)) {
        let id = identity(object, function, options);
        let result = match (&context, &common) {
            _ if id.prog_type == ProgType::Unspec => {
                Err(Failure::at(LoadErrorKind::Section, no_type(id.section)))
            }
            (Err(failure), _) | (_, Some(failure)) => Err(failure.clone()),
            _ if object.elf.big_endian && options.kernel_btf.is_some() => {
                Err(prepare("it is of the other byte order".into()))
            }
            (Ok(context), None) => context
                .program(index, function, &id)
                .map_err(|failure| context.judged(failure)),
        };
        let result = result.map(|program| match options.like {
            Some(like) => like.shared(out.programs.len(), program),
            None => program,
        });
        out.programs.push(result.map_err(|failure| LoadError {
            kind: failure.kind,
            map: failure.map,
            program: Some(function.name.to_string()),
            section: Some(id.section.to_owned()),
            prog_type: (id.prog_type != ProgType::Unspec).then_some(id.prog_type),
            attach_type: id.attach_type,
            insns: (function.size / 8) as usize,
            reason: failure.reason,
            offset: Some(function.offset),
        }));
    }
    out.conflicts = shared::conflicts(&out.programs, options);
    out
}
