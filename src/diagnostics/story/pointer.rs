//! Arithmetic that pointers do not allow.

use super::{Claim, Help, Scene, Story, argument, trace};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Kind, Reg};
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let key = scene.key()?;
    let own = matches!(
        key,
        Key::PointerWithPointer
            | Key::PointerNarrow
            | Key::PointerFixed
            | Key::NumberMinusPointer
            | Key::StackPointerMinus
            | Key::PointerBitwise
            | Key::PointerOperator
    );
    if !own {
        return None;
    }
    let Op::Alu { op, dst, src, .. } = scene.op()? else {
        return None;
    };
    let pointer = |r: u8| scene.held(r).filter(|h| h.is_pointer()).map(|h| (r, h));
    let other = match src {
        Src::Reg(r) => pointer(r),
        Src::Imm(_) => None,
    };
    let (reg, held) = pointer(dst).or(other)?;
    let mut events = Vec::new();
    trace::value(scene, scene.node(reg)?, &mut events);
    let done = done(key, op, src).to_owned();
    let claim = Claim::Arithmetic {
        is: argument::words(scene, held),
        done,
    };
    Some(Story {
        events,
        helps: vec![Help::say(help(key, op, held))],
        ..Story::new(scene.refusal.code(), claim)
    })
}

fn done(key: Key, op: AluOp, src: Src) -> &'static str {
    match (key, op) {
        (Key::PointerNarrow, _) => "only its lower 32 bits go on",
        (Key::PointerWithPointer, AluOp::Add) => "another pointer is added to it",
        (Key::PointerWithPointer, _) => "it is computed with another pointer",
        (Key::NumberMinusPointer, _) => "it is subtracted from a number",
        (_, AluOp::Add) if matches!(src, Src::Imm(_)) => "a constant is added to it",
        (_, AluOp::Add) => "a number is added to it",
        (_, AluOp::Sub) => "something is subtracted from it",
        (_, AluOp::And) => "its bits are masked",
        (_, AluOp::Or) => "bits of it are set",
        (_, AluOp::Xor) => "bits of it are changed",
        (_, AluOp::Lsh | AluOp::Rsh | AluOp::Arsh) => "its bits are shifted",
        (_, AluOp::Mul) => "it is multiplied",
        (_, AluOp::Div | AluOp::Mod | AluOp::SDiv | AluOp::SMod) => "it is divided",
        _ => "it is computed with",
    }
}

fn help(key: Key, op: AluOp, held: &Reg) -> &'static str {
    match (held.kind, key, op) {
        (Kind::PacketEnd, ..) => {
            "move the other side of the comparison: `data + n > data_end`, not `data > data_end - n`"
        }
        (_, Key::PointerWithPointer, _) => {
            "subtract pointers of the same packet only; keep distances as numbers"
        }
        (_, Key::PointerNarrow, _) | (_, _, AluOp::Lsh | AluOp::Rsh | AluOp::Arsh) => {
            "keep the pointer in a variable of pointer type, or of 64 bits: a cast to `int` or `__u32` cuts it"
        }
        (_, _, AluOp::And | AluOp::Or | AluOp::Xor) => {
            "mask the index before it is added, not the pointer"
        }
        (_, Key::StackPointerMinus, _) => {
            "index the array from its beginning with a number that is added"
        }
        (Kind::ConstMap { .. }, ..) => {
            "look the value up (`bpf_map_lookup_elem`): the map itself is no memory"
        }
        (Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock, ..) => {
            "read its fields by name: the pointer itself cannot be moved"
        }
        _ => "compute the offset as a number, and add it to the pointer last",
    }
}
