//! Finding what a program attaches to in the kernel's BTF.

use crate::helpers_spec::{self, AttachType};
use crate::object::btf::Found;
use crate::object::{Btf, Kind};
use crate::prelude::*;

/// Longer names are cut off by loaders.
const MAX_NAME: usize = 128;

/// The id of a target such as `vfs_read` or `module:function`; `None` if the types do
/// not tell whether there is one.
pub(super) fn find(
    kernel: &Btf,
    attach: Option<AttachType>,
    target: &str,
) -> Result<Option<u32>, String> {
    let (module, name) = match target.split_once(':') {
        Some((module, name)) => (module, name),
        None => ("vmlinux", target),
    };
    let form = helpers_spec::hooked(attach);
    let kind = if form.typedef {
        Kind::Typedef
    } else {
        Kind::Func
    };
    let full = format!("{}{name}", form.prefix);
    if full.len() >= MAX_NAME {
        return Err(format!("the name {full} is too long"));
    }
    let found = if "vmlinux".starts_with(module) {
        kernel.agreed(|btf| btf.find(kind, &full))
    } else {
        Found::Absent
    };
    match found {
        Found::Id(id) => Ok(Some(id)),
        Found::Open => Ok(None),
        Found::Absent => Err(format!("the kernel has no {target} to attach to")),
    }
}
