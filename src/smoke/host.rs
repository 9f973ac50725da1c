//! Runs as a runtime other than Linux would make them.
//!
//! A profile says what a runtime has. What it lacks ends a run where a program comes to
//! it: an image is made for the runtime, in which such instructions stand for their
//! endings. What it has in another way (`runs` of a profile) is done so. What the profile
//! does not speak of ends a run too, undecided: nobody knows what would follow.
//!
//! Known limit: where a runtime has something in part and nobody has told what a run
//! comes to, it comes to what it does on Linux; who compares the two says so.

use std::sync::Arc;

use super::engine::FaultKind;
use super::image::{Code, Image};
use crate::helpers_spec::{MapType, Mechanism, helper_name};
use crate::object::{MapDef, MapOrigin};
use crate::programs::insn::{AluOp, Callee, ImmRef, Op, Src, Width};
use crate::programs::{Program, classes};
use crate::target::Profile;
use crate::target::profile::{Conduct, Support};

/// A call that stands for the end of a run on another runtime.
pub const END: i32 = i32::MIN;

impl Image {
    /// Makes the programs those that the runtime would run.
    pub(super) fn host(&mut self, profile: &Profile) {
        for code in &mut self.programs {
            let program = Arc::clone(&code.program);
            if let Some(end) = at_start(&program, profile) {
                end_at(code, 0, end);
                continue;
            }
            for at in 0..code.ops.len() {
                let Some(op) = code.ops.get(at).copied() else {
                    continue;
                };
                match there(&program, op, profile) {
                    Ok(other) if other != op => {
                        if let Some(place) = code.ops.get_mut(at) {
                            *place = other;
                        }
                    }
                    Ok(_) => {}
                    Err(end) => end_at(code, at, end),
                }
            }
        }
    }
}

fn end_at(code: &mut Code, at: usize, end: FaultKind) {
    if let Some(place) = code.ops.get_mut(at) {
        *place = Op::Call(Callee::Helper(END));
        code.ends.insert(at as u32, end);
    }
}

/// What keeps a program from starting.
fn at_start(program: &Program, profile: &Profile) -> Option<FaultKind> {
    let ty = program.prog_type;
    let what = || format!("programs of type {ty}");
    if let Err(end) = told(profile, &what, profile.prog_type(ty)) {
        return Some(end);
    }
    if let Some(ty) = program.attach_type {
        let what = || format!("attachment to {ty}");
        if let Err(end) = told(profile, &what, profile.attach_type(ty)) {
            return Some(end);
        }
    }
    let most = profile.limits().instructions?;
    let insns = program.insns.len();
    (insns as u64 > u64::from(most)).then(|| {
        let name = &profile.name;
        FaultKind::Absent(format!(
            "{name} takes {most} instructions of a program, of {insns} here"
        ))
    })
}

fn absent(profile: &Profile, what: &str, support: Support<'_>) -> FaultKind {
    let note = match support.note {
        "" => String::new(),
        note => format!(": {note}"),
    };
    FaultKind::Absent(format!("{} has no {what}{note}", profile.name))
}

fn untold(profile: &Profile, what: &str) -> FaultKind {
    FaultKind::NotModelled(format!(
        "unknown: nothing is told of {} about {what}",
        profile.name
    ))
}

/// What is told of a thing, if a run goes on; else how it ends.
fn told<'p>(
    profile: &'p Profile,
    what: &dyn Fn() -> String,
    support: Option<Support<'p>>,
) -> Result<Support<'p>, FaultKind> {
    match support {
        None => Err(untold(profile, &what())),
        Some(support) if support.runs == Conduct::Trap => Err(absent(profile, &what(), support)),
        Some(support) => Ok(support),
    }
}

/// The instruction as the runtime would carry it out.
fn there(program: &Program, op: Op, profile: &Profile) -> Result<Op, FaultKind> {
    let mechanism =
        |m: Mechanism| told(profile, &|| m.title().to_owned(), profile.mechanism(m)).map(|_| ());
    let mut op = op;
    for class in classes(&op).into_iter().flatten() {
        let what = || class.title().to_owned();
        let support = told(profile, &what, profile.instruction(class))?;
        op = done(op, support.runs);
    }
    match op {
        Op::Call(Callee::Helper(id)) => {
            if let Ok(id) = u32::try_from(id) {
                helper(profile, id)?;
            }
        }
        Op::Call(Callee::Local(_)) => mechanism(Mechanism::BpfToBpf)?,
        Op::Call(Callee::Kfunc { .. }) => mechanism(Mechanism::Kfuncs)?,
        Op::LdImm64 { src, .. } => match src {
            ImmRef::MapIdx(i) | ImmRef::Map(i) => {
                if let Some(map) = program.maps.get(i as usize) {
                    map_type(profile, map)?;
                }
            }
            ImmRef::MapIdxValue { idx, .. } | ImmRef::MapValue { map: idx, .. } => {
                match program.maps.get(idx as usize).map(|m| m.kind) {
                    Some(MapOrigin::JumpTable) | None => {}
                    Some(MapOrigin::Kconfig) => mechanism(Mechanism::Kconfig)?,
                    Some(_) => mechanism(Mechanism::GlobalData)?,
                }
            }
            ImmRef::BtfId { .. } => mechanism(Mechanism::Ksyms)?,
            ImmRef::Func(_) => mechanism(Mechanism::Callbacks)?,
            ImmRef::Const(_) | ImmRef::Other(_) => {}
        },
        _ => {}
    }
    Ok(op)
}

fn helper(profile: &Profile, id: u32) -> Result<(), FaultKind> {
    if let Some(name) = profile.extra_helper(id) {
        return Err(FaultKind::NotModelled(format!(
            "unknown: {name}, a helper of {} only",
            profile.name
        )));
    }
    let what = || match helper_name(id) {
        Some(name) => format!("helper {name}"),
        None => format!("helper {id}"),
    };
    told(profile, &what, profile.helper(id)).map(|_| ())
}

fn map_type(profile: &Profile, map: &MapDef) -> Result<(), FaultKind> {
    let inner = map.inner.as_ref().map(|m| m.map_type);
    for ty in [Some(map.map_type), inner].into_iter().flatten() {
        let Some(ty) = MapType::from_id(ty) else {
            continue;
        };
        let what = || format!("maps of type {ty} ({})", map.name);
        told(profile, &what, profile.map_type(ty))?;
    }
    Ok(())
}

/// An instruction that does less than it says.
fn done(op: Op, conduct: Conduct) -> Op {
    match (conduct, op) {
        (Conduct::Unsigned, Op::Alu { w, op, dst, src }) => {
            let op = match op {
                AluOp::SDiv => AluOp::Div,
                AluOp::SMod => AluOp::Mod,
                op => op,
            };
            Op::Alu { w, op, dst, src }
        }
        (Conduct::Move, Op::MovSx { w, dst, src, .. }) => Op::Alu {
            w,
            op: AluOp::Mov,
            dst,
            src: Src::Reg(src),
        },
        (Conduct::Move, Op::AddrSpaceCast { dst, src, .. }) => Op::Alu {
            w: Width::W64,
            op: AluOp::Mov,
            dst,
            src: Src::Reg(src),
        },
        (_, op) => op,
    }
}

/// Errors of calls, as Linux numbers them.
const ERRORS: std::ops::RangeInclusive<i64> = -4095..=-1;

/// Whether a call of a helper gives the same there whatever it gives on Linux.
pub(super) fn fixes(profile: &Profile, id: u32) -> bool {
    let conduct = profile.helper(id).map(|s| s.runs);
    conduct == Some(Conduct::Zero)
}

/// What a call of a helper gives there, of what it gives on Linux.
pub(super) fn result(profile: &Profile, id: u32, value: u64) -> u64 {
    let conduct = profile.helper(id).map(|s| s.runs);
    let signed = value as i64;
    match conduct {
        Some(Conduct::Zero) => 0,
        Some(Conduct::ZeroForLength) if signed > 0 => 0,
        Some(Conduct::PositiveErrors) if ERRORS.contains(&signed) => signed.unsigned_abs(),
        Some(Conduct::UpperHalfTwice) => (value >> 32) << 32 | value >> 32,
        _ => value,
    }
}
