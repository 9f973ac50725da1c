//! `unwritten-bytes-in-key`: bytes of a map's key that nothing writes.
//!
//! As `unwritten-bytes-leave`, of which it shares the reckoning: keys on the stack whose
//! place and size are known.

use super::facts::Facts;
use super::unwritten_bytes_leave::Record;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{helper, helper_name};
use crate::prelude::*;

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
    ];
    for (call, id) in facts.reached_helpers(&by_key) {
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let size = i64::from(def.key_size);
        let Some(from) = flow.frame_offset(call.insn, 2) else {
            continue;
        };
        if !(-512..0).contains(&from) || size == 0 || from + size > 0 {
            continue;
        }
        let end = from + size;
        if let Some((first, last)) = (Record { from, end }).unwritten(facts, flow, call.insn) {
            let name = helper_name(id).unwrap_or("the call");
            let which = match first == last {
                true => format!("byte {first}"),
                false => format!("bytes {first} to {last}"),
            };
            let what = format!(
                "`{name}` compares {size} bytes with keys of `{}`, of which {which} were never written: the same key is not found again",
                def.name
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
        }
    }
}
