//! `missing-btf`: the object has no types, or types that kernels refuse.
//!
//! Then kernels cannot say the program's lines, maps cannot be printed, and
//! whatever needs types (typed maps, kfuncs, global functions, CO-RE) is out of
//! reach.

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    let Some(object) = input.object else { return };
    if object.functions.is_empty() {
        return;
    }
    let what = match (&object.btf, &object.btf_refused, &object.ext) {
        (None, _, _) => "the object has no BTF".to_owned(),
        (Some(_), Some(why), _) => format!("kernels refuse the object's BTF: {why}"),
        (Some(_), None, None) => {
            "the object's BTF says nothing of its functions and lines".to_owned()
        }
        _ => return,
    };
    hits.push(Hit::of(RULE, None, what));
}
