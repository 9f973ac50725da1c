//! `key-beyond-array`: a constant key that an array cannot have.
//!
//! Keys of arrays are below `max_entries`: a lookup with another never finds anything, an
//! update always fails, a tail call never happens. Followed are keys that are stored as
//! constants to the stack, and constant indices of tail calls. Left out are arrays whose
//! length user space sets before the load.

use super::facts::Facts;
use super::flow::{Def, Flow, Place};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{MapType, helper, helper_name};
use crate::prelude::*;
use crate::programs::insn::{Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    let by_key = [
        helper::MAP_LOOKUP_ELEM,
        helper::MAP_UPDATE_ELEM,
        helper::MAP_DELETE_ELEM,
        helper::TAIL_CALL,
    ];
    for (call, id) in facts.reached_helpers(&by_key) {
        let tail = id == helper::TAIL_CALL;
        let Some((map, def)) = facts.map_argument(call.insn, if tail { 2 } else { 1 }) else {
            continue;
        };
        let numbered = MapType::from_id(def.map_type).is_some_and(is_array);
        if !numbered || def.max_entries == 0 || facts.is_of_any_length(def) {
            continue;
        }
        let key = match tail {
            true => flow.constant(call.insn, 3).map(|index| index as u32),
            false => stored_key(flow, facts.ops, call.insn),
        };
        let Some(key) = key.filter(|key| *key >= def.max_entries) else {
            continue;
        };
        let name = helper_name(id).unwrap_or("the call");
        let last = def.max_entries - 1;
        let what = format!(
            "`{name}` with key {key}: the keys of `{}` are 0 to {last}",
            def.name
        );
        hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
    }
}

fn is_array(ty: MapType) -> bool {
    use MapType as T;
    matches!(
        ty,
        T::Array
            | T::PercpuArray
            | T::ProgArray
            | T::PerfEventArray
            | T::ArrayOfMaps
            | T::CgroupArray
    )
}

/// The key at the second argument, if one constant was stored there.
fn stored_key(flow: &Flow<'_>, ops: &[Op], insn: usize) -> Option<u32> {
    let offset = i16::try_from(flow.frame_offset(insn, 2)?).ok()?;
    let defs = flow.defs(insn, Place::Stack(offset))?;
    let [Def::At(at)] = defs[..] else {
        return None;
    };
    let at = at as usize;
    match ops.get(at)? {
        Op::Store { off, size, src, .. } if *off == offset && size.bytes() >= 4 => match src {
            Src::Imm(imm) => Some(*imm as u32),
            Src::Reg(reg) => flow.constant(at, *reg).map(|value| value as u32),
        },
        _ => None,
    }
}
