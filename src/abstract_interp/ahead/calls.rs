//! The bytes of stack that a call reads and writes through an argument.
//!
//! What a helper or kernel function does with memory it is given follows from its
//! signature; how much it takes, from the signature, from a map, or from a size that is
//! a known constant. Of a map that isn't known, the largest of the program's is taken; what
//! else isn't known is read in whole and not surely written.

use super::constants::{Constants, Known};
use crate::abstract_interp::checks::args::kfunc::Kfunc;
use crate::abstract_interp::checks::args::rule::Purpose;
use crate::abstract_interp::env::Env;
use crate::helpers_spec::{ArgSpec, ArgType, TypeFlags, helper};
use crate::object::MapDef;
use crate::programs::insn::{Callee, ImmRef, Op};

/// Bytes of a dynptr.
const DYNPTR: u32 = 16;
/// Bytes of saved interrupt flags.
const IRQ_FLAGS: u32 = 8;

/// What a call does with the memory that an argument points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Nothing.
    None,
    /// Reads so many bytes.
    Reads(u32),
    /// Reads whatever lies above.
    ReadsAll,
    /// Surely writes so many bytes, and reads none.
    Writes(u32),
}

/// The most bytes of a key and of a value among the maps that a program names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Largest {
    key: u32,
    value: u32,
}

impl Largest {
    /// Of a program.
    pub fn of(env: &Env<'_>) -> Largest {
        let named = env.ops.iter().filter_map(|op| match op {
            Op::LdImm64 {
                src: ImmRef::MapIdx(map) | ImmRef::MapIdxValue { idx: map, .. },
                ..
            } => env.program.maps.get(*map as usize),
            _ => None,
        });
        named.fold(Largest::default(), |most, map| Largest {
            key: most.key.max(map.key_size),
            value: most.value.max(map.value_size),
        })
    }
}

/// Helpers that run a callback at once: the argument that is handed on, and the
/// callback's parameter that it becomes.
const HANDED_ON: &[(u32, usize, usize)] = &[
    (helper::FOR_EACH_MAP_ELEM, 3, 4),
    (helper::FIND_VMA, 4, 3),
    (helper::LOOP, 3, 2),
    (helper::USER_RINGBUF_DRAIN, 3, 2),
];

/// The argument of a helper that its callback gets, and as which parameter.
pub fn handed_on(callee: Callee) -> Option<(usize, usize)> {
    let Callee::Helper(id) = callee else {
        return None;
    };
    let row = HANDED_ON
        .iter()
        .find(|row| i64::from(row.0) == i64::from(id))?;
    Some((row.1, row.2))
}

/// What the call at a slot does through argument `arg` (1 to 5).
pub fn touch(
    env: &Env<'_>,
    constants: &Constants,
    largest: Largest,
    (at, callee): (usize, Callee),
    arg: usize,
) -> Touch {
    match callee {
        Callee::Helper(id) => {
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            let proto = env.target.helper(env.program, id).proto();
            let spec = proto.and_then(|proto| proto.args.get(arg - 1));
            spec.map_or(Touch::ReadsAll, |spec| {
                of_helper(env, constants, largest, at, spec, arg)
            })
        }
        Callee::Kfunc { imm, .. } => {
            let known = usize::try_from(imm)
                .ok()
                .and_then(|i| Kfunc::of(env, i).ok());
            let Some(k) = known else {
                return Touch::ReadsAll;
            };
            let rule = k.rules.get(arg - 1);
            rule.map_or(Touch::None, |rule| {
                of_kfunc(constants, at, &rule.purpose, arg)
            })
        }
        Callee::Local(_) => Touch::None,
    }
}

/// The bytes that a size of the map which the call at a slot is given says; `most`, if
/// which is given isn't known.
fn of_map(
    env: &Env<'_>,
    constants: &Constants,
    at: usize,
    size: fn(&MapDef) -> u32,
    most: u32,
) -> u32 {
    let known = (1..=5).find_map(|arg| match constants.argument(at, arg) {
        Known::Map(map) => env.program.maps.get(map as usize),
        _ => None,
    });
    known.map_or(most, size)
}

fn size(constants: &Constants, at: usize, arg: usize) -> Option<u32> {
    match constants.argument(at, arg) {
        Known::Number(n) => u32::try_from(n).ok(),
        _ => None,
    }
}

fn of_helper(
    env: &Env<'_>,
    constants: &Constants,
    largest: Largest,
    at: usize,
    spec: &ArgSpec,
    arg: usize,
) -> Touch {
    let bytes = match spec.base {
        ArgType::MapKey => Some(of_map(env, constants, at, |m| m.key_size, largest.key)),
        ArgType::MapValue => Some(of_map(env, constants, at, |m| m.value_size, largest.value)),
        ArgType::Mem => match (spec.fixed_size, spec.size_arg) {
            (Some(bytes), _) => Some(bytes),
            (None, 0) => size(constants, at, arg + 1),
            (None, at_arg) => size(constants, at, at_arg.into()),
        },
        ArgType::Dynptr => Some(DYNPTR),
        ArgType::Anything | ArgType::Scalar | ArgType::Stack | ArgType::DontCare => {
            return Touch::None;
        }
        _ => None,
    };
    match bytes {
        None => Touch::ReadsAll,
        Some(bytes) if spec.flags.has(TypeFlags::UNINIT) => Touch::Writes(bytes),
        Some(bytes) => Touch::Reads(bytes),
    }
}

fn of_kfunc(constants: &Constants, at: usize, purpose: &Purpose<'_>, arg: usize) -> Touch {
    match purpose {
        Purpose::Implicit | Purpose::Number(_) | Purpose::Function => Touch::None,
        Purpose::Dynptr(_) => Touch::Reads(DYNPTR),
        Purpose::NewDynptr(_) | Purpose::DynptrClone => Touch::Writes(DYNPTR),
        Purpose::Iterator(i) if i.new => Touch::Writes(8 * i.ty.slots as u32),
        Purpose::Iterator(i) => Touch::Reads(8 * i.ty.slots as u32),
        Purpose::IrqFlags { save: true, .. } => Touch::Writes(IRQ_FLAGS),
        Purpose::IrqFlags { save: false, .. } => Touch::Reads(IRQ_FLAGS),
        Purpose::Memory(Some(bytes)) => Touch::Reads(*bytes),
        Purpose::Sized(_) => match size(constants, at, arg + 1) {
            Some(bytes) => Touch::Reads(bytes),
            None => Touch::ReadsAll,
        },
        Purpose::Open(open) => match &open.sized {
            Some(sized) => of_kfunc(constants, at, sized, arg),
            None => of_kfunc(constants, at, &open.alone, arg),
        },
        _ => Touch::ReadsAll,
    }
}
