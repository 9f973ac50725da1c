//! Programs that hang on one function of the kernel.
//!
//! What it is, the kernel's types tell: a typedef for a tracepoint, else a function, named
//! as `helpers_spec::hooked` says. What it must meet beyond that is a list of demands for
//! each kind of target, in the order in which a broken one is told.

use super::{ArgInfo, ArgKind, Target};
use crate::abstract_interp::asked::AskedTarget;
use crate::abstract_interp::refusal::{Fault, Name, refuse};
use crate::abstract_interp::vm::Check;
use crate::helpers_spec::{self, AttachType, ProgType};
use crate::object::Btf;
use crate::object::btf::{Found, Kind as BtfKind, Type};
use crate::prelude::*;
use crate::programs::Program;

/// A program and what it is to hang on.
struct Hook<'a> {
    program: &'a Program,
    target: AskedTarget<'a>,
    /// Its type in the kernel's BTF, and that type's name.
    id: u32,
    full: &'a str,
    /// Its name as people use it; `None` where the type is named otherwise.
    short: Option<&'a str>,
}

impl Hook<'_> {
    fn hangs(&self, attach: AttachType) -> bool {
        self.program.attach_type == Some(attach)
    }

    fn name(&self) -> Name {
        self.full.into()
    }

    /// Whether programs on an LSM hook may sleep.
    fn may_sleep(&self) -> bool {
        let device = self.full.starts_with("bpf_lsm_bdev_");
        self.target.hook(self.full).sleepable()
            && (!device || self.target.behaviour().device_hooks_sleep())
    }

    /// Whether programs may replace what the function returns, as far as error
    /// injection goes.
    fn injectable(&self) -> bool {
        helpers_spec::error_injectable(self.full)
            && (self.target.config().function_error_injection()
                || self.target.behaviour().syscalls_open()
                    && helpers_spec::syscall_entry(self.full))
    }
}

/// What a target must meet, and what it is refused with.
struct Demand {
    broken: fn(&Hook<'_>) -> bool,
    fault: fn(&Hook<'_>) -> Fault,
}

/// Tracepoints.
const TRACEPOINT: &[Demand] = &[Demand {
    broken: |h| {
        let faultable = |name| h.target.hook(name).faultable();
        h.program.sleepable && !h.short.is_some_and(faultable)
    },
    fault: |h| Fault::AttachNotFaultable {
        name: h.short.unwrap_or_default().into(),
    },
}];

/// Hooks of security modules.
const SECURITY: &[Demand] = &[
    Demand {
        broken: |h| !h.program.gpl_compatible,
        fault: |_| Fault::LsmLicence,
    },
    Demand {
        broken: |h| h.target.hook(h.full).disabled(),
        fault: |h| Fault::AttachHookDisabled {
            id: h.id.into(),
            name: h.name(),
        },
    },
    Demand {
        broken: |h| h.short.is_none(),
        fault: |h| Fault::AttachName {
            id: h.id.into(),
            name: h.name(),
        },
    },
    Demand {
        broken: |h| h.program.sleepable && !h.may_sleep(),
        fault: |h| Fault::AttachNotSleepable { name: h.name() },
    },
];

/// Other functions, those of iterators among them.
const FUNCTION: &[Demand] = &[
    Demand {
        broken: |h| h.target.hook(h.full).denied(),
        fault: |h| Fault::AttachDenied { name: h.name() },
    },
    Demand {
        broken: |h| {
            (h.hangs(AttachType::TraceFexit) || h.hangs(AttachType::ModifyReturn))
                && h.target.hook(h.full).never_returns()
        },
        fault: |h| Fault::AttachNoReturn { name: h.name() },
    },
    Demand {
        broken: |h| {
            h.hangs(AttachType::ModifyReturn) && !h.target.hook(h.full).modifiable(h.injectable())
        },
        fault: |h| Fault::AttachNotModifiable { name: h.name() },
    },
    Demand {
        broken: |h| {
            h.program.sleepable
                && !h.hangs(AttachType::TraceIter)
                && !h.target.hook(h.full).sleepable_function(h.injectable())
        },
        fault: |h| Fault::AttachNotSleepable { name: h.name() },
    },
];

fn meets(hook: &Hook<'_>, demands: &[Demand]) -> Check<()> {
    match demands.iter().find(|d| (d.broken)(hook)) {
        Some(demand) => refuse((demand.fault)(hook)),
        None => Ok(()),
    }
}

/// The function by its name, where the loader has given no id.
pub(super) fn by_name(program: &Program, btf: &Btf) -> Found {
    let Some(name) = program.attach_to.as_deref() else {
        return Found::Open;
    };
    let form = helpers_spec::hooked(program.attach_type);
    let kind = if form.typedef {
        BtfKind::Typedef
    } else {
        BtfKind::Func
    };
    let full = format!("{}{name}", form.prefix);
    btf.agreed(|btf| btf.find(kind, &full))
}

/// What the program hangs on, if it may.
pub(super) fn of(program: &Program, btf: &Btf, id: u32, target: AskedTarget<'_>) -> Check<Target> {
    let ty = btf.ty(id);
    let full = ty.as_ref().map_or("", |t| t.name());
    let form = helpers_spec::hooked(program.attach_type);
    let hook = Hook {
        program,
        target,
        id,
        full,
        short: full.strip_prefix(form.prefix),
    };
    match ty {
        Some(Type::Typedef { to, .. }) if form.typedef => tracepoint(&hook, btf, to),
        _ if form.typedef => refuse(Fault::AttachNotTypedef { id: id.into() }),
        Some(Type::Func { proto, .. }) => function(&hook, proto),
        _ => refuse(Fault::AttachNotFunction { id: id.into() }),
    }
}

/// A tracepoint, whose arguments follow those that the kernel's code hands over with them.
fn tracepoint(hook: &Hook<'_>, btf: &Btf, to: u32) -> Check<Target> {
    let Some(short) = hook.short else {
        let id = hook.id.into();
        return refuse(Fault::AttachName {
            id,
            name: hook.name(),
        });
    };
    let Some(Type::Ptr { to }) = btf.ty(btf.skip_mods(to)) else {
        return refuse(Fault::AttachNotPointer { name: hook.name() });
    };
    meets(hook, TRACEPOINT)?;
    let nullable = hook.target.hook(short).nullable_arguments();
    Ok(Target {
        name: short.to_owned(),
        proto: btf.skip_mods(to),
        skip: 1,
        args: nullable
            .map(|index| ArgInfo {
                index,
                kind: ArgKind::Nullable { trusted: true },
            })
            .collect(),
    })
}

fn function(hook: &Hook<'_>, proto: u32) -> Check<Target> {
    let mut args = Vec::new();
    if hook.hangs(AttachType::TraceIter) {
        let Some(short) = hook.short else {
            let id = hook.id.into();
            return refuse(Fault::AttachNotIterator { id });
        };
        let known = hook.target.hook(short).iterator_arguments();
        args.extend(known.map(|(index, kind)| ArgInfo {
            index,
            kind: kind.into(),
        }));
    }
    let security = hook.program.prog_type == ProgType::Lsm;
    meets(hook, if security { SECURITY } else { FUNCTION })?;
    Ok(Target {
        name: hook.full.to_owned(),
        proto,
        skip: 0,
        args,
    })
}
