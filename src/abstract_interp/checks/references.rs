//! A call that gives back a reference must have been given one.

use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::vm::Check;
use crate::helpers_spec::HelperProto;

/// `held`: whether the reference that a helper gives back was there.
pub fn held_for_helper(held: bool, helper: i32, proto: &HelperProto) -> Check<()> {
    match held {
        true => Ok(()),
        false => refuse(Fault::HelperNotAcquired {
            name: proto.name.into(),
            id: helper.into(),
        }),
    }
}

/// The same of a kfunc.
pub fn held_for_kfunc(held: bool, name: &str) -> Check<()> {
    match held {
        true => Ok(()),
        false => refuse(Fault::KfuncNotAcquired { name: name.into() }),
    }
}
