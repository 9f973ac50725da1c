//! What a program of an object is: its type, target and flags, and what serves it.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use super::{Extended, LinkOptions};
use crate::helpers_spec::{self, AttachType, ProgType, SectionRule, section_target};
use crate::object::{Btf, FuncLinkage, Function, Object, Type};
use crate::prelude::*;
use crate::programs::link::AttachTo;

/// What a program is.
pub(super) struct Identity<'a> {
    pub(super) section: &'a str,
    /// What it attaches to, by the manifest or its section.
    pub(super) target: Option<&'a str>,
    /// Flags of its load besides those of its section.
    pub(super) flags: u32,
    /// What it replaces.
    pub(super) extends: Option<Arc<Extended>>,
    pub(super) autoload: bool,
    pub(super) prog_type: ProgType,
    pub(super) attach_type: Option<AttachType>,
    pub(super) info: Option<&'static SectionRule>,
}

/// By its section, and what is stated of its load.
pub(super) fn identity<'a>(
    object: &'a Object,
    function: &Function,
    options: &LinkOptions<'a>,
) -> Identity<'a> {
    let name = object.elf.section_name(function.section);
    let (section, autoload) = match name.strip_prefix('?') {
        Some(rest) => (rest, false),
        None => (name, true),
    };
    let mut info = helpers_spec::section(section, options.legacy_sections);
    let (mut prog_type, mut attach_type) =
        info.map_or((ProgType::Unspec, None), |i| (i.prog_type, i.attach));
    if let Some(forced) = options.force_type {
        (prog_type, attach_type) = (
            forced.0,
            forced.1.or(attach_type.filter(|_| forced.0 == prog_type)),
        );
        info = info.filter(|i| i.prog_type == prog_type);
    } else if info.is_none()
        && let Some(known) = (options.type_of)(section, &function.name)
    {
        (prog_type, attach_type) = known;
    }
    let stated = options.manifest.of_program(&function.name);
    let target = match stated.and_then(|s| s.attach.as_ref()) {
        Some(AttachTo::Kernel(target)) => Some(&**target),
        Some(AttachTo::Program(_, function)) => Some(&**function),
        None => section_target(section),
    };
    Identity {
        section,
        target,
        flags: stated.map_or(0, |s| s.flags),
        extends: stated.and_then(|s| s.extends.clone()),
        autoload,
        prog_type,
        attach_type,
        info,
    }
}

/// Main functions' exception callbacks, as declaration tags name them.
pub(super) fn callbacks(btf: Option<&Btf>) -> BTreeMap<&str, Vec<&str>> {
    let mut callbacks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let Some(btf) = btf else { return callbacks };
    for id in 1..btf.type_count() {
        if let Some(Type::DeclTag {
            name,
            target,
            component: None,
        }) = btf.ty(id)
            && let Some(callback) = name.strip_prefix("exception_callback:")
        {
            let main = match btf.ty(target) {
                Some(Type::Func {
                    name,
                    linkage: FuncLinkage::Global,
                    ..
                }) => name,
                // A tag that is on no program spoils them all.
                _ => "",
            };
            callbacks.entry(main).or_default().push(callback);
        }
    }
    callbacks
}
