//! Lengths that are handed to a function beside the memory that they are about.

use super::limit::with_variable;
use super::null::leave_if;
use super::patch::{self, Patch};
use super::{Claim, Happened, Help, Object, Range, Scene, Story, trace};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::Made;
use crate::prelude::*;
use crate::programs::insn::Op;

/// The argument that gives the length of what an argument points to.
pub(super) fn length_argument(scene: &Scene<'_>, reg: u8) -> Option<u8> {
    use crate::helpers_spec;
    use crate::programs::insn::Callee;
    match scene.op()? {
        Op::Call(Callee::Helper(id)) => {
            let proto = helpers_spec::helper_main(u32::try_from(id).ok()?, scene.spec())?;
            let arg = proto.args.get(usize::from(reg).checked_sub(1)?)?;
            (arg.size_arg > 0).then_some(arg.size_arg)
        }
        Op::Call(Callee::Kfunc { .. }) => {
            let next = reg.checked_add(1).filter(|r| *r <= 5)?;
            scene.held(next).filter(|h| h.is_scalar()).map(|_| next)
        }
        _ => None,
    }
}

/// The argument that points to what this one gives the length of.
fn memory_argument(scene: &Scene<'_>, size_reg: u8) -> Option<u8> {
    (1..=5).find(|&r| length_argument(scene, r) == Some(size_reg))
}

pub(super) fn too_long(
    scene: &Scene<'_>,
    (reg, size_reg): (u8, u8),
    object: Object,
    room: i64,
    callee: String,
) -> Option<Story> {
    let len = Range::of(&scene.held(size_reg)?.bounds);
    let name = scene.argument(scene.insn, size_reg);
    // What lies above an array of the stack is other variables'.
    let own = scene
        .argument(scene.insn, reg)
        .filter(|_| object == Object::Stack)
        .and_then(|buffer| scene.declared(&buffer)?.bytes());
    let room = own.map_or(room, |own| room.min(own));
    let mut events = Vec::new();
    if let Some(node) = scene.node(reg) {
        trace::value(scene, node, &mut events);
    }
    if let Some(node) = scene.node(size_reg) {
        trace::value(scene, node, &mut events);
        trace::bounds(scene, node, &mut events);
    }
    events.retain(|e| !matches!(e.kind, Happened::Constant(_)));
    let help = length_help(scene, size_reg, name.as_deref(), Some(room), len, false);
    let claim = Claim::TooLong {
        object,
        room,
        len,
        name: name.unwrap_or_else(|| format!("argument {size_reg}")),
        callee,
    };
    Some(Story {
        events,
        helps: vec![help],
        bounded: scene.node(size_reg).map(|n| (n, room)),
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// Keeps a length within the memory that it is about.
fn length_help(
    scene: &Scene<'_>,
    size_reg: u8,
    name: Option<&str>,
    room: Option<i64>,
    len: Range,
    zero: bool,
) -> Help {
    let room_text = room.unwrap_or(1 << 20);
    let variable =
        name.is_some_and(|n| c_text::is_name(n) && n.chars().any(|c| c.is_ascii_lowercase()));
    if len.single().is_some() && !variable {
        let edit = scene.argument_place(size_reg).and_then(|(l, old, place)| {
            scene.replace(&l.file, l.line, old, place, &room_text.to_string())
        });
        return Help::say(format!(
            "{} there: give that length (`sizeof` keeps it right)",
            if room_text == 1 {
                "1 byte is".to_owned()
            } else {
                format!("{room_text} bytes are")
            }
        ))
        .edit(edit)
        .patch(Some(Patch::set(scene, size_reg, room_text as i32)));
    }
    let unsigned = name.and_then(|n| scene.unsigned(n)) == Some(true);
    let negative = len.min < 0 && !unsigned;
    // Of a result that is widened again compilers compare the narrow copy: both ends in
    // one comparison bound the wide one, too.
    let widened = scene.node(size_reg).is_some_and(|n| {
        let made = scene.flow.def(scene.flow.root(n)).made;
        matches!(made, Made::Call(_)) && trace::unconverted(scene, n) != n
    });
    let too_long = len.max > room_text.into()
        || len.min < 0 && unsigned
        || negative && widened && room.is_some();
    let name = name.unwrap_or("the length");
    let mut conditions = Vec::new();
    if negative && zero {
        conditions.push(format!("{name} <= 0"));
    } else if negative {
        conditions.push(format!("{name} < 0"));
    } else if zero {
        conditions.push(format!("{name} == 0"));
    }
    if too_long {
        conditions.push(format!("{name} > {room_text}"));
    }
    let words: Vec<String> = conditions
        .iter()
        .map(|c| c.replace(name, "").trim().to_owned())
        .map(|c| match c.split_once(' ') {
            Some(("<", _)) => "negative".to_owned(),
            Some(("<=", _)) => "zero or negative".to_owned(),
            Some(("==", _)) => "zero".to_owned(),
            Some((_, n)) => format!("greater than {n}"),
            None => c,
        })
        .collect();
    let text = format!(
        "leave where {} is {}",
        super::words::quoted(name),
        words.join(" or ")
    );
    let call_result = scene
        .node(size_reg)
        .map(|n| scene.flow.def(scene.flow.root(n)).made);
    let text = match call_result {
        Some(Made::Call(callee)) if negative && scene.fails_negative(callee) => {
            format!("{text}: the call gives a negative number when it fails")
        }
        _ => text,
    };
    // What lies in memory is read again where it is compared.
    let local = c_text::is_name(name) && !scene.is_global(name);
    let edit = if local {
        scene.insert_before(scene.insn, &leave_if(scene, &conditions.join(" || ")))
    } else {
        // As an unsigned number a negative one is too great.
        let limit = (too_long || negative).then_some(room_text);
        with_variable(scene, scene.insn, name, limit, zero)
    };
    // Without halves of registers a variable is compared as a copy, shifted up, or less one
    // where both ends are asked: the verifier takes nothing from that for the length.
    let apart = local && scene.whole_registers();
    let most = if too_long || negative {
        room_text
    } else {
        i64::from(i32::MAX)
    };
    let within = patch::not_within(size_reg, i32::from(zero), most as i32);
    let patch = Patch::leave(scene, scene.insn, within);
    Help::say(text)
        .edit(edit)
        .patch(Some(patch).filter(|_| !apart))
}

/// A length that may be negative, zero, or anything.
pub(super) fn length(scene: &Scene<'_>, size_reg: u8) -> Option<Story> {
    let callee = scene.callee()?;
    let zero_key = matches!(scene.key(), Some(Key::ZeroSizePossible | Key::ZeroSize));
    // A register of no length: what is sized zero is the memory's.
    let size_reg = if scene.held(size_reg).is_some_and(Reg::is_scalar) {
        size_reg
    } else {
        length_argument(scene, size_reg)?
    };
    let len = Range::of(&scene.held(size_reg)?.bounds);
    let memory = memory_argument(scene, size_reg);
    let object = memory.and_then(|m| {
        let held = scene.held(m)?;
        let (object, room) = scene.object(held, scene.node(m))?;
        let start = Range::of(&held.bounds).plus(held.off.into());
        let room = match held.kind {
            Kind::Stack { .. } => -start.max,
            _ => i128::from(room) - start.max,
        };
        Some((object, room))
    });
    let name = scene.argument(scene.insn, size_reg);
    let mut events = Vec::new();
    if let Some(node) = scene.node(size_reg) {
        trace::value(scene, node, &mut events);
        trace::bounds(scene, node, &mut events);
    }
    let room = object
        .as_ref()
        .map(|(_, room)| (*room).clamp(0, 1 << 28) as i64);
    let buffer = memory.and_then(|m| scene.argument(scene.insn, m));
    let zero = zero_key || len.min < 0 && memory.is_some_and(|m| refuses_zero(scene, m));
    let room = match (&object, buffer) {
        // Of a stack only the array's own size is right.
        (Some((Object::Stack, _)), Some(buffer)) => {
            let left = stack_array(scene, memory).or(room);
            let own = scene.declared(&buffer).and_then(|d| d.bytes());
            own.map_or(left, |own| Some(left.map_or(own, |l| l.min(own))))
        }
        _ => room,
    };
    let help = length_help(scene, size_reg, name.as_deref(), room, len, zero);
    let shown = name
        .clone()
        .unwrap_or_else(|| format!("argument {size_reg}"));
    let claim = match scene.key()? {
        Key::SizeNegative => Claim::NegativeLength {
            unsigned: scene.unsigned(&shown) == Some(true),
            name: shown,
            len,
            callee,
        },
        Key::SizeUnbounded => match object {
            Some((object, _)) => Claim::TooLong {
                object,
                room: room.unwrap_or(0),
                len,
                name: shown,
                callee,
            },
            None => return None,
        },
        _ => Claim::ZeroLength {
            name: shown,
            len,
            callee,
        },
    };
    Some(Story {
        events,
        helps: vec![help],
        bounded: scene.node(size_reg).zip(room).filter(|_| !zero),
        ..Story::new(scene.refusal.code(), claim)
    })
}

fn refuses_zero(scene: &Scene<'_>, memory: u8) -> bool {
    use crate::helpers_spec::{self, ArgType};
    use crate::programs::insn::Callee;
    let Some(Op::Call(Callee::Helper(id))) = scene.op() else {
        return false;
    };
    let proto = helpers_spec::helper_main(id as u32, scene.spec());
    let size = proto.and_then(|p| {
        let arg = p.args.get(usize::from(memory).checked_sub(1)?)?;
        p.args.get(usize::from(arg.size_arg).checked_sub(1)?)
    });
    size.is_some_and(|s| s.base == ArgType::ConstSize)
}

/// The bytes from an address of the stack up to the frame's top.
fn stack_array(scene: &Scene<'_>, memory: Option<u8>) -> Option<i64> {
    let (_, at) = scene.flow.stack(scene.node(memory?)?)?;
    Some(i64::from(-at))
}
