//! What is followed as a pointer and is none: it may be NULL, it is NULL, a call voided
//! it, it is a kernel address that the program holds as a number, or just a number.

use super::patch::{self, Patch};
use super::{Claim, Event, Happened, Help, Range, Scene, Story, Voided, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Flags, Reg};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node, Test};
use crate::diagnostics::names;
use crate::diagnostics::wording::Nature;
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::insn::{Callee, JmpOp, Op};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let key = scene.key();
    let number_used = matches!(
        key,
        Some(
            Key::NotMemory
                | Key::ArgumentKind
                | Key::ArgumentMemory
                | Key::PointerMaybeNull
                | Key::ArgumentNull
                | Key::ArgumentNullTrusted
                | Key::ArgumentNotTrusted
                | Key::ArgumentNotRcu
                | Key::ArgumentUnreferenced
                | Key::ArgumentUnacquired
                | Key::HelperNotAcquired
                | Key::KfuncNotAcquired
                | Key::KfuncReleasesNothing
                | Key::StructExpected
                | Key::KernelObjectExpected
                | Key::ObjectExpected
                | Key::DynptrUninit
                | Key::PacketUnchecked
                | Key::MixedPointers
        )
    ) || key.is_none() && scene.refusal.code() == Code::MemAccessType;
    if !number_used {
        return None;
    }
    let reg = scene.reg()?;
    let node = scene.node(reg)?;
    if key == Some(Key::DynptrUninit) {
        return stale(scene, reg, node);
    }
    if key == Some(Key::PacketUnchecked) || key == Some(Key::MixedPointers) {
        return None;
    }
    let held = scene.held(reg);
    let nature = scene.nature(reg);
    if held.is_some_and(Reg::maybe_null)
        || held.is_none() && nature == Some(Nature::MaybeNull)
        || matches!(key, Some(Key::PointerMaybeNull))
        || matches!(key, Some(Key::ArgumentNull | Key::ArgumentNullTrusted))
            && !held.is_some_and(Reg::is_null)
    {
        return Some(may_be_null(scene, reg, node));
    }
    if held.is_some_and(|h| null_and_member(scene, h)) && !releases(scene) {
        return is_null(scene, reg, node);
    }
    if let Some(story) = stale(scene, reg, node) {
        return Some(story);
    }
    let scalar = held.is_some_and(Reg::is_scalar)
        || held.is_none()
            && matches!(
                scene.flow.def(scene.flow.root(node)).made,
                Made::Load { .. }
            );
    (scalar && matches!(key, None | Some(Key::NotMemory))).then(|| number(scene, reg, node))
}

/// NULL, or the address that a member of what NULL points to would have.
fn null_and_member(scene: &Scene<'_>, held: &Reg) -> bool {
    let most = if scene.callee().is_some() { 0 } else { 4095 };
    held.const_value().is_some_and(|c| c <= most)
}

fn releases(scene: &Scene<'_>) -> bool {
    matches!(scene.op(), Some(Op::Call(callee)) if names::releases(scene.program, callee))
}

/// The code of a mistake among those that share a kernel's message.
fn code(scene: &Scene<'_>, finer: Code) -> Code {
    match scene.refusal.code() {
        Code::MemAccessType => finer,
        code => code,
    }
}

/// Statements that leave the function if a condition holds.
pub(super) fn leave_if(scene: &Scene<'_>, condition: &str) -> Vec<String> {
    let (give_up, _) = scene.give_up();
    vec![format!("if ({condition})"), format!("\t{give_up}")]
}

fn null_check(scene: &Scene<'_>, reg: u8, name: Option<&str>) -> Help {
    let what = name.map_or_else(|| "the pointer".to_owned(), |n| format!("`{n}`"));
    let text = format!("leave where {what} is NULL, before it is used");
    let edit = name
        .filter(|n| !n.contains('('))
        .and_then(|n| scene.insert_before(scene.insn, &leave_if(scene, &format!("!{n}"))));
    Help::say(text)
        .edit(edit)
        .patch(Some(Patch::leave(scene, scene.insn, patch::is_zero(reg))))
}

fn may_be_null(scene: &Scene<'_>, reg: u8, node: Node) -> Story {
    let mut events = Vec::new();
    let origin = trace::value(scene, node, &mut events);
    events.retain(|e| !matches!(e.kind, Happened::Added | Happened::Masked(_)));
    let mut reason = None;
    if let Some(t) = other_check(scene, node) {
        events.push(scene.event(t.step, t.insn, Happened::ComparedOther));
        reason = Some("The check is on an earlier read of the same memory, which may have changed since: it says nothing of this value.".to_owned());
    }
    let name = scene.pointer_name(reg);
    let claim = Claim::MayBeNull {
        what: scene.pointer_words(reg),
        origin,
        callee: scene.callee(),
    };
    let variable = scene
        .maker_name(reg)
        .filter(|_| scene.callee().is_none() || name.as_deref().is_none_or(|n| !c_text::is_name(n)))
        .or(name);
    Story {
        reason,
        events,
        helps: vec![null_check(scene, reg, variable.as_deref())],
        ..Story::new(code(scene, Code::NullDereference), claim)
    }
}

/// A check against NULL of what was read from the same place before.
fn other_check(scene: &Scene<'_>, node: Node) -> Option<Test> {
    let root = scene.flow.root(node);
    let Made::Load { base, off, .. } = scene.flow.def(root).made else {
        return None;
    };
    scene.last_test(|t| {
        t.b == Err(0)
            && scene.flow.root(t.a) != root
            && matches!(scene.flow.def(t.a).made, Made::Load { base: b, off: o, .. }
                if o == off && scene.flow.root(b) == scene.flow.root(base))
    })
}

fn is_null(scene: &Scene<'_>, reg: u8, node: Node) -> Option<Story> {
    let root = scene.flow.root(node);
    let def = scene.flow.def(root);
    let mut events = Vec::new();
    // A comparison made it NULL on this path.
    let compared = scene.last_test(|t| {
        let same = t.a == node || scene.flow.root(t.a) == root;
        let null = (t.op == JmpOp::Eq) == t.taken;
        same && t.b == Err(0) && matches!(t.op, JmpOp::Eq | JmpOp::Ne) && null
    });
    let constant = matches!(def.made, Made::Const(_));
    if let Some(t) = compared.filter(|_| !constant) {
        trace::making(scene, root, &mut events, true);
        events.push(scene.event(t.step, t.insn, Happened::NullHere));
    } else if constant {
        events.push(scene.event(def.step, def.insn, Happened::NullHere));
        // The branch that kept it so: right before, or the next.
        let just_before = scene
            .flow
            .tests
            .iter()
            .any(|t| t.step < def.step && t.step + 4 > def.step);
        let way = scene
            .flow
            .tests
            .iter()
            .find(|t| t.step > def.step && scene.flow.root(t.a) != root);
        if let Some(t) = way.filter(|_| !just_before) {
            events.push(scene.event(t.step, t.insn, Happened::NullBranch));
        }
    }
    let argument = scene.callee();
    if argument.is_some()
        && constant
        && scene.line(def.insn).map(|l| l.line) == scene.line(scene.insn).map(|l| l.line)
    {
        events.clear();
    }
    let name = scene.pointer_name(reg).filter(|n| n != "NULL" && n != "0");
    let claim = Claim::IsNull {
        what: match (&name, &argument) {
            (Some(n), _) => format!("`{n}`"),
            (None, Some(_)) => format!("argument {reg}"),
            (None, None) => scene.pointer_words(reg),
        },
        callee: argument,
    };
    let help = match &name {
        Some(_) => null_check(scene, reg, name.as_deref()),
        None => Help::say("give the call a pointer to memory of its own"),
    };
    Some(Story {
        events,
        helps: vec![help],
        ..Story::new(code(scene, Code::NullDereference), claim)
    })
}

/// A pointer that a call between its making and its use voided.
fn stale(scene: &Scene<'_>, reg: u8, node: Node) -> Option<Story> {
    let root = scene.flow.root(node);
    let def = scene.flow.def(root);
    let held = scene.held(reg);
    let (step, insn, callee, how) = match def.made {
        Made::Load { base, off, .. } => {
            let from_context = matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context);
            let packet = from_context
                && matches!(
                    names::ctx_field(scene.program, off),
                    Some("data" | "data_end" | "data_meta")
                );
            if packet && held.is_none_or(Reg::is_scalar) {
                let (step, insn, name) = scene.packet_moved_after(def.step)?;
                (step, insn, name, Voided::Packet)
            } else {
                section_ended(scene, def.step, held)?
            }
        }
        Made::Call(made) => {
            let released = released(scene, root);
            let maker = names::callee(scene.program, made, def.insn);
            match released {
                Some((step, insn, name)) => (step, insn, name, Voided::Released),
                None if maker.contains("dynptr") => {
                    let (step, insn, name) = dynptr_ended(scene, root, def.step)?;
                    (step, insn, name, Voided::Dynptr)
                }
                None => section_ended(scene, def.step, held)?,
            }
        }
        Made::Frame => {
            let (step, insn, name) = stack_object_ended(scene, node)?;
            (step, insn, name, Voided::Released)
        }
        _ => return None,
    };
    let mut events = Vec::new();
    trace::making(scene, root, &mut events, true);
    let voided = Happened::Voided {
        callee: callee.clone(),
        how,
    };
    events.push(scene.event(step, insn, voided));
    let what = scene.pointer_words(reg);
    let claim = Claim::Stale {
        what: what.clone(),
        how,
        callee: callee.clone(),
        line: scene.line_number(insn),
    };
    let again = match how {
        Voided::Packet => packet_again(scene, reg, node, insn),
        Voided::Released if releases(scene) => Help::say(format!(
            "release it once only: take out this call, or the one of `{callee}` before it"
        ))
        .patch(Patch::skip(scene)),
        Voided::Released => Help::say(format!(
            "use {what} before `{callee}`, or copy what is needed of it into a variable first"
        )),
        Voided::Dynptr => Help::say(format!(
            "get {what} from the dynptr again after `{callee}`, or use it before"
        )),
        Voided::Section => Help::say(format!(
            "use {what} before `{callee}`, or take a reference to it inside the section"
        )),
    };
    Some(Story {
        events,
        helps: vec![again],
        ..Story::new(code(scene, Code::StalePointer), claim)
    })
}

/// The call that released what the call at `root` gave.
fn released(scene: &Scene<'_>, root: Node) -> Option<(usize, usize, String)> {
    let calls = scene.calls(|c, _| {
        c.insn != scene.insn
            && names::releases(scene.program, c.callee)
            && c.args.iter().any(|&a| scene.flow.root(a) == root)
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The call that ended or changed the dynptr that a slice came from.
fn dynptr_ended(scene: &Scene<'_>, slice: Node, step: usize) -> Option<(usize, usize, String)> {
    let maker = scene.flow.calls.iter().find(|c| c.result == slice)?;
    let places: Vec<_> = maker
        .args
        .iter()
        .filter_map(|&a| scene.flow.stack(a))
        .collect();
    let calls = scene.calls(|c, name| {
        let same = c
            .args
            .iter()
            .any(|&a| scene.flow.stack(a).is_some_and(|s| places.contains(&s)));
        let ends = ["submit", "discard", "adjust", "write"]
            .iter()
            .any(|w| name.contains(w));
        c.step > step && (same && ends || names::moves_packet(scene.program, c.callee))
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The call that released the dynptr or iterator at a place of the stack.
fn stack_object_ended(scene: &Scene<'_>, node: Node) -> Option<(usize, usize, String)> {
    let place = scene.flow.stack(node)?;
    let calls = scene.calls(|c, name| {
        let ends = ["submit", "discard", "destroy", "file_discard"]
            .iter()
            .any(|w| name.contains(w));
        c.insn != scene.insn && ends && c.args.iter().any(|&a| scene.flow.stack(a) == Some(place))
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The unlock after which a pointer is no longer vouched for.
fn section_ended(
    scene: &Scene<'_>,
    step: usize,
    held: Option<&Reg>,
) -> Option<(usize, usize, String, Voided)> {
    held.filter(|h| h.flags.has(Flags::UNTRUSTED) || h.is_scalar())?;
    let calls = scene.calls(|c, name| {
        c.step > step && (name.contains("rcu_read_unlock") || name.contains("spin_unlock"))
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name, Voided::Section))
}

/// Reads the packet's ends again, compares, and makes the pointer anew.
fn packet_again(scene: &Scene<'_>, reg: u8, node: Node, call: usize) -> Help {
    let name = scene.pointer_name(reg);
    let line = scene.line_number(call);
    let text = match line {
        Some(n) => {
            format!("after line {n} read `data` and `data_end` again, and repeat the comparison")
        }
        None => "after the call read `data` and `data_end` again, and repeat the comparison".into(),
    };
    let statements = packet_statements(scene, node, name.as_deref());
    let edit = statements.and_then(|s| scene.insert_before(scene.insn, &s));
    Help::say(text)
        .edit(edit)
        .patch(patch::packet_again(scene, call))
}

fn packet_statements(scene: &Scene<'_>, node: Node, name: Option<&str>) -> Option<Vec<String>> {
    let data = packet_read(scene, "data")?;
    let end = packet_read(scene, "data_end")?;
    let variable = |s: &str| s.split(" =").next().map(str::to_owned);
    let (data_name, end_name) = (variable(&data)?, variable(&end)?);
    let need = patch::packet_need(scene, node);
    let mut out = vec![data, end];
    out.extend(leave_if(
        scene,
        &format!("(void *){data_name} + {need} > (void *){end_name}"),
    ));
    if let Some(name) = name.filter(|n| *n != data_name) {
        let again = made_again(scene, name, &[&data_name, &end_name]);
        let again = again.or_else(|| at_distance(scene, node, name, &data_name));
        out.extend(again?);
    }
    Some(out)
}

/// The statements above the refused line that give a variable its value, and those
/// that it is computed from, in their order; `known` are there already.
fn made_again(scene: &Scene<'_>, name: &str, known: &[&str]) -> Option<Vec<String>> {
    let l = scene.line(scene.insn)?;
    let mut wanted = vec![name.to_owned()];
    let mut found = Vec::new();
    for line in (l.line.saturating_sub(MAX_ABOVE)..l.line).rev() {
        if scene.ends_function(&l.file, line) {
            break;
        }
        let Some(statement) = scene.statement(&l.file, line) else {
            continue;
        };
        let (left, right) = statement.split_once(" = ")?;
        let Some(at) = wanted.iter().position(|w| w == left) else {
            continue;
        };
        wanted.remove(at);
        let words = right.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|w| c_text::is_name(w) && !known.contains(w)) {
            wanted.push(word.to_owned());
        }
        found.push(statement.clone());
    }
    let made = found.iter().any(|s| s.starts_with(&format!("{name} = ")));
    found.reverse();
    made.then_some(found)
}

/// The statement that gives a variable its value by its distance from the packet's
/// start, where no line of the object has one.
fn at_distance(scene: &Scene<'_>, node: Node, name: &str, data: &str) -> Option<Vec<String>> {
    let own = match scene.flow.def(scene.flow.root(node)).made {
        Made::Load { base, off, .. } => {
            matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context)
                && names::ctx_field(scene.program, off) == Some("data")
        }
        _ => false,
    };
    let by = scene
        .flow
        .distance(node)
        .filter(|_| own && c_text::is_name(name))?;
    Some(vec![match by {
        0 => format!("{name} = (void *){data};"),
        by => format!("{name} = (void *){data} + {by};"),
    }])
}

/// Lines above a use that are searched for how a variable is made.
const MAX_ABOVE: u32 = 60;

/// The statement that reads an end of the packet, without its type.
pub(super) fn packet_read(scene: &Scene<'_>, field: &str) -> Option<String> {
    for (at, op) in scene.ops.iter().enumerate() {
        let Op::Load { off, .. } = *op else { continue };
        if names::ctx_field(scene.program, off) != Some(field) {
            continue;
        }
        let Some(l) = scene.line(at) else { continue };
        let Some(text) = scene.text(&l.file, l.line) else {
            continue;
        };
        if let Some(s) = c_text::without_type(&text).filter(|s| s.contains(&format!("->{field};")))
        {
            return Some(s);
        }
    }
    None
}

fn number(scene: &Scene<'_>, reg: u8, node: Node) -> Story {
    let mut events = Vec::new();
    let origin = trace::value(scene, node, &mut events);
    let root = scene.flow.root(node);
    let range = scene.held(reg).map_or(
        Range {
            min: i64::MIN.into(),
            max: u64::MAX.into(),
        },
        |h| Range::of(&h.bounds),
    );
    let what = scene.pointer_words(reg);
    let cut = cut_pointer(scene, node, &events);
    if range.single().is_some() || cut || (range.max <= u32::MAX.into() && range.min >= 0) {
        return plain(scene, what, range, cut, events);
    }
    let claim = Claim::KernelAddress { what, origin };
    let mut helps = Vec::new();
    if let Made::Call(Callee::Helper(id)) = scene.flow.def(root).made
        && helpers_spec::helper_name(id as u32) == Some("bpf_get_current_task")
    {
        helps.push(task_btf(scene, root));
    }
    helps.push(probe_read(scene, reg));
    Story {
        events,
        helps,
        ..Story::new(code(scene, Code::KernelAddress), claim)
    }
}

fn cut_pointer(scene: &Scene<'_>, node: Node, events: &[Event]) -> bool {
    let cut = events.iter().any(|e| e.kind == Happened::Cut);
    cut && matches!(
        scene.flow.def(scene.flow.root(node)).made,
        Made::Call(_) | Made::Map { .. } | Made::Frame | Made::Context
    )
}

fn plain(
    scene: &Scene<'_>,
    what: String,
    range: Range,
    cut: bool,
    mut events: Vec<Event>,
) -> Story {
    let reg = scene.reg();
    let root = reg.and_then(|r| scene.node(r)).map(|n| scene.flow.root(n));
    if let Some(root) = root
        && let Made::Const(c) = scene.flow.def(root).made
    {
        let def = scene.flow.def(root);
        events.push(scene.event(def.step, def.insn, Happened::Constant(c)));
    }
    let help = if cut {
        "keep the pointer in a variable of pointer type, or of 64 bits, all the way".to_owned()
    } else if range.single().is_some() {
        format!(
            "{what} is set to a constant on this path: give it an address, or read fixed kernel addresses with `bpf_probe_read_kernel`"
        )
    } else {
        format!(
            "an offset or index is no address: add {what} to a pointer, or read the pointer itself (8 bytes)"
        )
    };
    Story {
        events,
        helps: vec![Help::say(help)],
        ..Story::new(
            scene.refusal.code(),
            Claim::PlainNumber { what, range, cut },
        )
    }
}

/// `bpf_get_current_task_btf` gives a pointer that may be followed.
fn task_btf(scene: &Scene<'_>, root: Node) -> Help {
    let def = scene.flow.def(root);
    let edit = scene.line(def.insn).and_then(|l| {
        let old = scene.text(&l.file, l.line)?;
        let at = old.find("bpf_get_current_task(")?;
        let end = at + "bpf_get_current_task(".len();
        scene.replace(
            &l.file,
            l.line,
            old.clone(),
            (at, end),
            "bpf_get_current_task_btf(",
        )
    });
    let help = Help::say(
        "use `bpf_get_current_task_btf`: its result is a typed `struct task_struct *`, which may be followed",
    );
    help.edit(edit).patch(patch::call_instead(
        scene,
        def.insn,
        "bpf_get_current_task_btf",
    ))
}

/// Reads through the address with a helper that faults safely.
fn probe_read(scene: &Scene<'_>, reg: u8) -> Help {
    let expr = scene
        .line(scene.insn)
        .and_then(|l| c_text::at_column_member(&l.text, l.col));
    let call = expr.as_deref().and_then(c_text::core_read);
    let text = match &call {
        Some(call) => {
            format!("read it with a helper that faults safely: `{call}` (from `bpf_core_read.h`)")
        }
        None => {
            "read it with `bpf_probe_read_kernel(&copy, sizeof(copy), address)` and use the copy"
                .into()
        }
    };
    let edit = scene
        .line(scene.insn)
        .zip(expr)
        .zip(call)
        .and_then(|((l, expr), call)| {
            let old = scene.text(&l.file, l.line)?;
            let at = old.find(&expr)?;
            scene.replace(&l.file, l.line, old.clone(), (at, at + expr.len()), &call)
        });
    let readable = matches!(scene.op(), Some(Op::Load { .. }));
    let text = if readable {
        text
    } else {
        "programs cannot write to the kernel's memory: keep the value in a map, or use a function made for it".into()
    };
    let help = Help::say(text).edit(edit.filter(|_| readable));
    let ever = helpers_spec::helper_id("bpf_probe_read_kernel").is_some_and(|id| {
        helpers_spec::helper_ever_allowed(id, scene.program.prog_type, scene.spec())
    });
    let patch = patch::unknown_load(scene, reg).filter(|_| ever && readable);
    help.patch(patch)
}
