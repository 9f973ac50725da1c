//! Rules that a refusal's typed fields tell nearly by themselves.
//!
//! A file per family. Each gives a sentence with the names that the source has and the
//! numbers that the fault carries, the events that led there, and a help that the
//! program does not follow already. Families ask for a fault's key and fields by
//! name, so that a kernel's log is told the same way with what it has.

mod arguments;
mod attach;
mod fields;
mod functions;
mod givers;
mod kernel_object;
mod kfuncs;
mod locks;
mod machine;
mod maps;
mod moved;
mod objects;
mod on_stack;
mod read_only;
mod saved;

use super::{Event, Happened, Range, Scene, Story, argument, trace};
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::refusal::{Key, Value};
use crate::abstract_interp::value::{MapRef, Reg};
use crate::diagnostics::flow::Made;
use crate::helpers_spec::MapType;
use crate::object::MapDef;
use crate::prelude::*;
use crate::programs::insn::{ImmRef, Op};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let key = scene.key()?;
    let families: [fn(&Scene<'_>, Key) -> Option<Story>; 14] = [
        locks::tell,
        fields::tell,
        on_stack::tell,
        attach::tell,
        maps::tell,
        moved::tell,
        read_only::tell,
        saved::tell,
        kernel_object::tell,
        arguments::tell,
        kfuncs::tell,
        objects::tell,
        functions::tell,
        machine::tell,
    ];
    families.iter().find_map(|family| family(scene, key))
}

/// The argument at fault, or the pointer that is followed, as the source has it.
fn subject(scene: &Scene<'_>) -> String {
    match scene.reg() {
        Some(reg) => scene.pointer_words(reg),
        None => "the pointer".into(),
    }
}

/// The same as the first word of a sentence.
fn subject_is(scene: &Scene<'_>) -> String {
    match held(scene) {
        Some(_) => format!("{} is {}", subject(scene), holds(scene)),
        None => "what is given is of another kind".into(),
    }
}

/// What the register at fault was known as.
fn held(scene: &Scene<'_>) -> Option<Reg> {
    let mut found = None;
    if let Some(fault) = scene.refusal.fault() {
        fault.each(&mut |_, value| {
            if let Value::Held(reg) = value {
                found = Some(*reg);
            }
        });
    }
    found.or_else(|| scene.held(scene.reg()?).copied())
}

/// What the register at fault holds, in words.
fn holds(scene: &Scene<'_>) -> String {
    held(scene).map_or_else(|| "a pointer".into(), |h| argument::words(scene, &h))
}

/// The called function in backquotes.
fn callee(scene: &Scene<'_>) -> String {
    match scene.callee() {
        Some(name) => format!("`{name}`"),
        None => "the function".into(),
    }
}

/// Where the value at fault was made, and what was added to it.
fn made(scene: &Scene<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(node) = scene.reg().and_then(|r| scene.node(r)) {
        trace::value(scene, node, &mut events);
    }
    events
}

/// The same with the comparisons that bound it.
fn made_and_bound(scene: &Scene<'_>) -> Vec<Event> {
    let mut events = made(scene);
    if let Some(node) = scene.reg().and_then(|r| scene.node(r)) {
        trace::bounds(scene, node, &mut events);
    }
    events
}

/// The fault's field of this kind.
fn special(scene: &Scene<'_>) -> Option<FieldKind> {
    let mut found = None;
    scene.refusal.fault()?.each(&mut |_, value| {
        if let Value::Field(field) = value {
            found = Some(field);
        }
    });
    found
}

/// A special field in words.
fn field_words(field: Option<FieldKind>) -> &'static str {
    match field {
        Some(FieldKind::SpinLock) => "a spin lock (`struct bpf_spin_lock`)",
        Some(FieldKind::ResSpinLock) => "a resilient spin lock (`struct bpf_res_spin_lock`)",
        Some(FieldKind::Timer) => "a timer (`struct bpf_timer`)",
        Some(FieldKind::Wq) => "a work queue (`struct bpf_wq`)",
        Some(FieldKind::TaskWork) => "a task work (`struct bpf_task_work`)",
        Some(FieldKind::KptrUnref) => "a kernel pointer (`__kptr_untrusted`)",
        Some(FieldKind::KptrRef) => "a kernel pointer (`__kptr`)",
        Some(FieldKind::KptrPercpu) => "a per-CPU kernel pointer (`__percpu_kptr`)",
        Some(FieldKind::Uptr) => "a pointer to memory of user space (`__uptr`)",
        Some(FieldKind::ListHead) => "a list head (`struct bpf_list_head`)",
        Some(FieldKind::ListNode) => "a list node (`struct bpf_list_node`)",
        Some(FieldKind::RbRoot) => "the root of a tree (`struct bpf_rb_root`)",
        Some(FieldKind::RbNode) => "a tree node (`struct bpf_rb_node`)",
        Some(FieldKind::Refcount) => "a reference count (`struct bpf_refcount`)",
        None => "a field with functions of its own",
    }
}

/// The struct that declares a special field.
fn field_type(field: Option<FieldKind>) -> String {
    field.map_or_else(|| "the field".into(), |f| format!("`struct {}`", f.name()))
}

/// The map that an instruction loads the address of.
fn loaded_map<'a>(scene: &Scene<'a>, insn: usize) -> Option<&'a MapDef> {
    let Op::LdImm64 { src, .. } = *scene.ops.get(insn)? else {
        return None;
    };
    let index = match src {
        ImmRef::MapIdx(i) | ImmRef::Map(i) => i,
        ImmRef::MapIdxValue { idx, .. } => idx,
        ImmRef::MapValue { map, .. } => map,
        _ => return None,
    };
    scene.map(MapRef::new(index))
}

/// A map's type as sources spell it.
fn map_type(map_type: u32) -> String {
    MapType::from_id(map_type).map_or_else(
        || format!("map type {map_type}"),
        |t| format!("BPF_MAP_TYPE_{}", t.name().to_uppercase()),
    )
}

/// What a number is called and what is known of it: `` `n` (0 to 5) ``.
fn number_words(scene: &Scene<'_>, reg: u8) -> Option<(String, Range)> {
    let held = scene.held(reg).filter(|h| h.is_scalar())?;
    let name = match scene.node(reg) {
        Some(node) => super::bounds::number_name(scene, node),
        None => "the number".into(),
    };
    let name = match name.as_str() {
        "the number" => name,
        _ => format!("`{name}`"),
    };
    Some((name, Range::of(&held.bounds)))
}

/// The last call on the path by one of these names.
fn last_call(scene: &Scene<'_>, pick: impl Fn(&str) -> bool) -> Option<(Event, String)> {
    let (call, name) = scene
        .calls(|c, name| c.insn != scene.insn && pick(name))
        .pop()?;
    let event = scene.event(call.step, call.insn, Happened::Section(name.clone()));
    Some((event, name))
}

/// The program's section as sources spell it.
fn section(scene: &Scene<'_>) -> String {
    format!("`SEC(\"{}\")`", scene.program.section)
}

/// Whether the value at fault is the context.
fn is_context(scene: &Scene<'_>) -> bool {
    let root = scene
        .reg()
        .and_then(|r| scene.node(r))
        .map(|n| scene.flow.def(scene.flow.root(n)).made);
    root == Some(Made::Context)
        || held(scene).is_some_and(|h| h.kind == crate::abstract_interp::value::Kind::Ctx)
}

/// `a` or `an`, with the type.
fn a_type(scene: &Scene<'_>) -> String {
    let name = scene.program.prog_type.name();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u', 'x']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// The bytes of an access: `this reads 4 bytes`.
fn does(scene: &Scene<'_>) -> String {
    let access = scene.access();
    let verb = match access.write {
        Some(true) => "writes",
        Some(false) => "reads",
        None => "accesses",
    };
    let who = access
        .by
        .map_or_else(|| "this".into(), |by| format!("`{by}`"));
    match access.bytes {
        0 => format!("{who} {verb} memory"),
        1 => format!("{who} {verb} 1 byte"),
        n => format!("{who} {verb} {n} bytes"),
    }
}
