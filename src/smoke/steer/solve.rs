//! What must be stated for a branch to go the other way.
//!
//! For a comparison of an expression with a value there are a few numbers that matter:
//! the value and its neighbours, the ends of the range, numbers that the same run
//! compared with. Each is inverted to sources and evaluated again, first for the branch
//! itself, then for the branches before it: those that go as they went are preferred.

use super::shadow::{Branch, Notes, Origin, Result as Of};
use super::value::{Arg, Wanted, mask};
use super::{Change, Forced, Thing};
use crate::programs::insn::{JmpOp, Width};
use crate::smoke::maps::errno::EINVAL;

/// Longest packet that is made.
const MAX_PACKET: usize = 3400;
/// Lowest error number that a kernel returns.
const MAX_ERRNO: i64 = 4095;

/// Changes after which a branch goes the other way, and whether those before it go on
/// as they did.
pub(super) fn flip(notes: &Notes, at: usize) -> Option<(Vec<Change>, bool)> {
    let branch = notes.branches.get(at)?;
    if let Some(packet) = branch.packet {
        return length(notes, branch, packet).map(|change| (vec![change], true));
    }
    let mut second = None;
    for (side, other, op) in [
        (branch.a, branch.b, branch.op),
        (branch.b, branch.a, branch.op.swap()),
    ] {
        let Arg::Of(node) = side else { continue };
        let fixed = notes.arena.was(other);
        for value in candidates(notes, branch, op, node, fixed) {
            if notes.arena.is_spent() {
                break;
            }
            let mut wanted = Wanted::new();
            if !notes.arena.invert(side, value, &mut wanted, 0) || wanted.is_empty() {
                continue;
            }
            let (a, b) = (
                notes.arena.eval(branch.a, &wanted, 0),
                notes.arena.eval(branch.b, &wanted, 0),
            );
            if branch.op.holds(branch.w, a, b) == branch.taken {
                continue;
            }
            let Some(changes) = changes(notes, &wanted) else {
                continue;
            };
            if keeps_its_way(notes, at, &wanted) {
                return Some((changes, true));
            }
            second.get_or_insert(changes);
        }
    }
    second.map(|changes| (changes, false))
}

/// Numbers for which the comparison with `fixed` comes out the other way.
fn candidates(notes: &Notes, branch: &Branch, op: JmpOp, node: u32, fixed: u64) -> Vec<u64> {
    let was = notes.arena.value(node);
    let sign = if branch.w == Width::W32 { 31 } else { 63 };
    let low = fixed & fixed.wrapping_neg();
    let mut raw = vec![
        fixed,
        fixed.wrapping_add(1),
        fixed.wrapping_sub(1),
        0,
        1,
        was | low,
        was & !fixed,
        was ^ 1,
        2,
        EINVAL as u64,
        mask(sign),
        1 << sign,
        u64::MAX,
    ];
    raw.extend(&notes.numbers);
    let mut out = Vec::new();
    for value in raw {
        let forms = match branch.w {
            Width::W64 => [value, value & mask(32)],
            // Only the lower half is compared.
            Width::W32 => [value & mask(32), (was & !mask(32)) | (value & mask(32))],
        };
        for value in forms.into_iter().chain([value as u32 as i32 as i64 as u64]) {
            if op.holds(branch.w, value, fixed) != branch.taken && !out.contains(&value) {
                out.push(value);
            }
        }
    }
    out
}

/// Whether the branches before one go as they went; not, where that would take too long.
fn keeps_its_way(notes: &Notes, at: usize, wanted: &Wanted) -> bool {
    let before = notes.branches.iter().take(at);
    let mut symbolic = before.filter(|b| b.packet.is_none());
    symbolic.all(|b| {
        let (x, y) = (
            notes.arena.eval(b.a, wanted, 0),
            notes.arena.eval(b.b, wanted, 0),
        );
        b.op.holds(b.w, x, y) == b.taken && !notes.arena.is_spent()
    })
}

/// A length of the packet with which a comparison with its end comes out otherwise.
fn length(notes: &Notes, branch: &Branch, (off, end_is_a): (i64, bool)) -> Option<Change> {
    let holds = |len: i64| {
        let (len, off) = ((len as u64) | 1 << 40, (off as u64) | 1 << 40);
        let (a, b) = if end_is_a { (len, off) } else { (off, len) };
        branch.op.holds(Width::W64, a, b)
    };
    if off < 0 {
        return None;
    }
    let found = [off, off + 1, off - 1, notes.shortest as i64]
        .into_iter()
        .find(|len| *len >= notes.shortest as i64 && holds(*len) != branch.taken)?;
    let found = usize::try_from(found).ok()?;
    (found <= MAX_PACKET).then_some(Change::Length(found))
}

/// The changes that give sources new values; none if one of them cannot have its.
fn changes(notes: &Notes, wanted: &Wanted) -> Option<Vec<Change>> {
    let mut out = Vec::new();
    for (source, value) in wanted {
        let source = notes.sources.get(*source as usize)?;
        let bytes = value.to_le_bytes();
        let bytes = bytes.get(..usize::from(source.size))?.to_vec();
        match &source.origin {
            Origin::Packet => out.push(Change::Packet(source.off as usize, bytes)),
            Origin::Length => {
                let len = usize::try_from(*value).ok()?;
                if len < notes.shortest || len > MAX_PACKET {
                    return None;
                }
                out.push(Change::Length(len));
            }
            Origin::Thing(thing) => {
                if let Thing::Entry { map, key } = &**thing {
                    let value = notes.snapshots.get(&(*map, key.clone()));
                    let value = value.cloned().unwrap_or_default();
                    out.push(Change::Entry(*map, key.clone(), value));
                }
                let pointer = source.size == 8
                    && source.value == 0
                    && matches!(**thing, Thing::Kernel(_) | Thing::Context);
                out.push(if pointer && *value != 0 && notes.is_null_check(value) {
                    Change::Pointer((**thing).clone(), source.off)
                } else {
                    Change::Bytes((**thing).clone(), source.off, bytes)
                });
            }
            Origin::Call(call) => out.extend(result(notes, *call, *value)?),
        }
    }
    Some(out)
}

/// How a call comes to a result, if it can.
fn result(notes: &Notes, call: usize, value: u64) -> Option<Vec<Change>> {
    let call = notes.calls.get(call)?;
    let at = (call.site, call.nth);
    let forced = |f| Some(vec![Change::Result(at, f)]);
    let signed = value as i64;
    match &call.of {
        Of::Lookup { .. } | Of::Pointer if value == 0 => forced(Forced::Value(0)),
        Of::Lookup { map, key, fillable } => {
            fillable.then(|| vec![Change::Entry(*map, key.clone(), Vec::new())])
        }
        Of::Pointer => forced(Forced::Luck),
        Of::Free { most } => (value <= *most).then(|| forced(Forced::Value(value)))?,
        Of::Status { most } => {
            let error = (-MAX_ERRNO..=0).contains(&signed);
            let count = signed > 0 && value <= *most;
            (error || count).then(|| forced(Forced::Value(value)))?
        }
    }
}

impl Notes {
    /// Whether a number stands for "not null": one that a comparison with zero asks for.
    fn is_null_check(&self, value: &u64) -> bool {
        *value == 1 || *value == u64::MAX
    }
}
