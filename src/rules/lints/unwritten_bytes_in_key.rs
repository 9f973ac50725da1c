//! `unwritten-bytes-in-key`: bytes of a map's key that nothing writes.
//!
//! As `unwritten-bytes-leave`: keys on the stack whose place and size are known. Left out are
//! tries of prefixes: what lies behind a key's prefix is not compared.

use super::facts::{Facts, bytes, stretch};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{MapType, helper, helper_name};
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
        if MapType::from_id(def.map_type) == Some(MapType::LpmTrie) {
            continue;
        }
        let size = i64::from(def.key_size);
        let Some(from) = flow.frame_offset(call.insn, 2) else {
            continue;
        };
        if !(-512..0).contains(&from) || size == 0 || from + size > 0 {
            continue;
        }
        let whole = (from, from + size);
        if let Some((first, last)) = facts.written().gap(facts, whole, call.insn) {
            let name = helper_name(id).unwrap_or("the call");
            let which = stretch(first, last);
            let what = format!(
                "`{name}` compares {} with keys of `{}`, and nothing wrote {which} of them: the same key is not found again",
                bytes(size as u64),
                def.name
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
        }
    }
}
