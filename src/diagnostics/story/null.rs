//! What is followed as a pointer and is none: it may be NULL, it is NULL, a call voided
//! it, it is a kernel address that the program holds as a number, or just a number.

use super::number::number;
use super::patch::{self, Patch};
use super::stale::stale;
use super::{Claim, Happened, Help, Scene, Story, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::Reg;
use crate::diagnostics::flow::{Made, Node, Test};
use crate::diagnostics::names;
use crate::diagnostics::wording::Nature;
use crate::diagnostics::{c_function, c_text};
use crate::prelude::*;
use crate::programs::insn::Op;

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
                | Key::ArgumentNonNull
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
        || matches!(
            key,
            Some(Key::ArgumentNull | Key::ArgumentNullTrusted | Key::ArgumentNonNull)
        ) && !held.is_some_and(Reg::is_null)
    {
        return Some(may_be_null(scene, reg, node));
    }
    if held.is_some_and(|h| null_and_member(scene, h, node)) && !releases(scene) {
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

/// NULL, or the address that a member of what NULL points to has: that much was added, or
/// the compiler did so where a comparison had shown NULL.
fn null_and_member(scene: &Scene<'_>, held: &Reg, node: Node) -> bool {
    let Some(c) = held.const_value() else {
        return false;
    };
    let added = scene
        .flow
        .distance(node)
        .filter(|_| scene.callee().is_none());
    let folded = || {
        let def = scene.flow.def(scene.flow.root(node));
        let mut before = scene.flow.tests.iter().rev().filter(|t| t.step < def.step);
        let null = before.next().is_some_and(Test::shows_zero);
        matches!(def.made, Made::Const(1..=4095)) && null
    };
    c == 0
        || added.is_some_and(|by| by > 0 && by.unsigned_abs() == c)
        || added == Some(0) && folded()
}

pub(super) fn releases(scene: &Scene<'_>) -> bool {
    matches!(scene.op(), Some(Op::Call(callee)) if names::releases(scene.program, callee))
}

/// The code of a mistake among those that share a kernel's message.
pub(super) fn code(scene: &Scene<'_>, finer: Code) -> Code {
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
    let edit = name.filter(|n| !n.contains('(')).and_then(|n| {
        if made_in_line(scene, reg, n) {
            return after_making(scene, n);
        }
        match c_text::is_name(n) && !scene.is_global(n) {
            true => {
                let edit = scene.insert_before(scene.insn, &leave_if(scene, &format!("!{n}")))?;
                // Compilers give what is refused the place of another statement at times.
                scene.is_about(&edit, n).then_some(edit)
            }
            // What is read twice may be another pointer the second time.
            false => kept_in_variable(scene, n),
        }
    });
    Help::say(text)
        .edit(edit)
        .patch(Some(Patch::leave(scene, scene.insn, patch::is_zero(reg))))
}

/// Whether the refused line itself sets the variable to what is NULL.
fn made_in_line(scene: &Scene<'_>, reg: u8, name: &str) -> bool {
    let Some(node) = scene.node(reg) else {
        return false;
    };
    let def = scene.flow.def(scene.flow.root(node));
    let own = scene.line_number(scene.insn);
    def.insn != scene.insn
        && scene.line_number(def.insn) == own
        && scene.assigned(def.insn).as_deref() == Some(name)
}

/// Behind the statement, all on one line, that sets the variable.
fn after_making(scene: &Scene<'_>, name: &str) -> Option<super::Edit> {
    let l = scene.line(scene.insn)?;
    let edit = scene.insert_at(&l.file, l.line, &leave_if(scene, &format!("!{name}")))?;
    let code = edit.old.split("//").next().unwrap_or("").trim_end();
    let whole = edit.line == l.line && code.ends_with(';') && code.matches(';').count() == 1;
    // Nothing else of the line may follow the pointer.
    (whole && !code.contains(&format!("{name}->"))).then_some(super::Edit {
        place: super::EditPlace::After,
        ..edit
    })
}

/// Puts a chain of members into a variable that is checked, and used in its place.
fn kept_in_variable(scene: &Scene<'_>, chain: &str) -> Option<super::Edit> {
    let l = scene.line(scene.insn)?;
    let clean = chain
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '>' | '.'));
    let function = scene.function(&l.file, l.line).filter(|_| clean)?;
    let (first, last) = function.lines();
    let free = |name: &str| {
        c_text::is_name(name)
            && !function.has_parameter(name)
            && !function
                .between(first, last)
                .any(|(_, code)| c_function::mentions(code, name))
    };
    let member = chain.rsplit(['>', '.']).next()?;
    let name = [member, "checked"].into_iter().find(|n| free(n))?;
    let mut statements = vec![format!("typeof({chain}) {name} = {chain};")];
    statements.extend(leave_if(scene, &format!("!{name}")));
    let check = scene.insert_before(scene.insn, &statements)?;
    if check.line != l.line || !c_function::mentions(&check.old, chain) {
        return None;
    }
    let code = check.old.split("//").next().unwrap_or("").trim_end();
    if !code.ends_with([';', ')', '{']) {
        return None;
    }
    let mut new = check.new.clone();
    new.push(c_function::renamed(&check.old, chain, name));
    Some(super::Edit {
        place: super::EditPlace::Instead,
        new,
        ..check
    })
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
        moved: matches!(scene.op(), Some(Op::Alu { .. })),
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
        same && t.shows_zero()
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
    let from = match def.made {
        Made::Call(callee) => {
            trace::making(scene, root, &mut events, true);
            events.dedup();
            Some(names::callee(scene.program, callee, def.insn))
        }
        _ => None,
    };
    let argument = scene.callee();
    if argument.is_some()
        && constant
        && scene.line(def.insn).map(|l| l.line) == scene.line(scene.insn).map(|l| l.line)
    {
        events.clear();
    }
    let name = scene.pointer_name(reg).filter(|n| n != "NULL" && n != "0");
    let as_argument = argument.is_some();
    let claim = Claim::IsNull {
        what: match (&name, &argument) {
            (Some(n), _) => format!("`{n}`"),
            (None, Some(_)) => format!("argument {reg}"),
            (None, None) => scene.pointer_words(reg),
        },
        callee: argument,
    };
    let next = from.filter(|f| f.starts_with("bpf_iter_") && f.ends_with("_next"));
    let reason = next.as_ref().map(|f| {
        format!("`{f}` gives NULL where there are no more elements, on the first call already if there are none.")
    });
    let help = match &name {
        _ if next.is_some() => Help::say(
            "use the element only where it is not NULL, and end the iterator after: `while ((v = ..._next(&it))) { ... }`, or the macros `bpf_for` and `bpf_for_each`",
        ),
        None if as_argument => Help::say("give the call a pointer to memory of its own"),
        _ => null_check(scene, reg, name.as_deref()),
    };
    Some(Story {
        reason,
        events,
        helps: vec![help],
        ..Story::new(code(scene, Code::NullDereference), claim)
    })
}
