//! What a program is attached to, as far as the verifier cares.
//!
//! Programs of tracing kind take the arguments of a kernel function as their
//! context: which, their BTF attach target says. Most other types take a struct
//! that a table describes.

mod function;
mod struct_ops;

use crate::abstract_interp::asked::{AskedTarget, Case};
use crate::abstract_interp::halt::left_open;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::state::{LockOwner, RefKind, RefState, State};
use crate::abstract_interp::value::RefId;
use crate::abstract_interp::vm::{Check, Env, unknown};
use crate::helpers_spec::{self, AttachType, IterArg, KfRole, ProgType};
use crate::object::btf::Found;
use crate::prelude::*;
use crate::programs::Program;

/// The kernel function whose arguments are the context.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name (of a struct_ops member: the member).
    pub name: String,
    /// Its prototype in the kernel's BTF.
    pub proto: u32,
    /// Parameters to leave out at the front (`__data` of raw tracepoints).
    pub skip: u32,
    /// Arguments of which more is known than their type says.
    pub args: Vec<ArgInfo>,
}

/// What is known of one argument beside its type.
#[derive(Clone, Debug)]
pub struct ArgInfo {
    /// Its place among the arguments.
    pub index: u32,
    /// What it is.
    pub kind: ArgKind,
}

/// See [`ArgInfo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// A kernel object that may be null.
    Nullable {
        /// Known valid when it is not null.
        trusted: bool,
    },
    /// A buffer that may be null.
    Buf {
        /// May only be read.
        rdonly: bool,
    },
    /// A valid kernel object of another struct than the prototype says.
    Struct {
        /// Its type in the kernel's BTF.
        id: u32,
    },
    /// A reference that the program owns.
    Referenced {
        /// Its id.
        id: u32,
    },
}

impl From<IterArg> for ArgKind {
    fn from(arg: IterArg) -> ArgKind {
        match arg {
            IterArg::Nullable => ArgKind::Nullable { trusted: false },
            IterArg::NullableTrusted => ArgKind::Nullable { trusted: true },
            IterArg::Buffer => ArgKind::Buf { rdonly: false },
            IterArg::BufferReadOnly => ArgKind::Buf { rdonly: true },
        }
    }
}

/// Attachment facts, resolved once.
#[derive(Clone, Debug, Default)]
pub struct Attach {
    /// The main program's arguments come from BTF (an extension of another
    /// program's function), not from a context.
    pub main_takes_btf_args: bool,
    /// The function whose arguments are the context.
    pub target: Option<Target>,
    /// Pointers among the arguments are known valid.
    pub trusted_args: bool,
}

/// `BPF_F_XDP_DEV_BOUND_ONLY` of the program's flags.
const F_XDP_DEV_BOUND_ONLY: u32 = 1 << 6;

/// Resolves a program's attach target; refuses what the kernel refuses before
/// it looks at an instruction.
pub fn resolve(case: &Case<'_>) -> Check<Attach> {
    let Case {
        program,
        target,
        types,
    } = *case;
    let real = types.are_real();
    let attach = program.attach_type;
    let mut out = Attach {
        main_takes_btf_args: program.extends.is_some(),
        ..Attach::default()
    };
    if let Some(ty) = attach
        && helpers_spec::load_asks_attach_type(program.prog_type)
        && !target.attach_type(ty)
    {
        let name = ty.name().into();
        return refuse(Fault::AttachUnknown { name });
    }
    if program.prog_type == ProgType::Syscall {
        if program.sleepable {
            return Ok(out);
        }
        return refuse(Fault::SyscallNotSleepable);
    }
    if program.sleepable && !may_sleep(program, target) {
        return refuse(Fault::ProgramNotSleepable);
    }
    match program.prog_type {
        ProgType::Ext => unknown("freplace"),
        ProgType::StructOps => struct_ops::of(program, types, out),
        ProgType::Netfilter => {
            out.trusted_args = true;
            Ok(out)
        }
        ProgType::Tracing | ProgType::Lsm => {
            let Some(btf) = types.any() else {
                return unknown("no-kernel-btf");
            };
            if helpers_spec::hooks_many(attach) {
                // Attached to any number of functions: to none in particular.
                return match attach.is_some_and(|a| target.attach_type(a)) {
                    true => Ok(out),
                    false => refuse(Fault::AttachNowhere),
                };
            }
            let id = match program.attach_btf_id {
                Some(id) if real => id,
                _ => match (function::by_name(program, btf), &program.attach_to) {
                    (Found::Id(id), _) => id,
                    (_, Some(to)) if real => return left_open("attach-target", to),
                    _ => return unknown("no-kernel-btf"),
                },
            };
            out.trusted_args = match program.prog_type {
                ProgType::Lsm => !target.hook(btf.name(id)).untrusted(),
                _ => matches!(attach, Some(AttachType::TraceRawTp | AttachType::TraceIter)),
            };
            out.target = Some(function::of(program, btf, id, target)?);
            Ok(out)
        }
        _ => Ok(out),
    }
}

fn may_sleep(program: &Program, target: AskedTarget<'_>) -> bool {
    let tracepoints = target.behaviour().sleepable_tracepoints();
    match program.prog_type {
        ProgType::RawTracepoint | ProgType::Tracepoint => tracepoints,
        ProgType::Tracing if program.attach_type == Some(AttachType::TraceRawTp) => tracepoints,
        ProgType::Tracing if helpers_spec::hooks_many(program.attach_type) => {
            program.attach_type.is_some_and(|a| target.attach_type(a))
        }
        ProgType::Tracing => matches!(
            program.attach_type,
            Some(
                AttachType::TraceFentry
                    | AttachType::TraceFexit
                    | AttachType::ModifyReturn
                    | AttachType::TraceIter
                    | AttachType::TraceFsession
            )
        ),
        ProgType::Lsm => program.attach_type != Some(AttachType::LsmCgroup),
        // Uprobes load as kprobes.
        ProgType::Kprobe => target.behaviour().sleepable_probes(),
        ProgType::StructOps => true,
        _ => false,
    }
}

/// Whether the program may attach where it says; resolved in [`resolve`].
pub fn check(env: &Env<'_>) -> Check<()> {
    let limit = u64::from(env.target.limits().used_maps());
    if env.used_maps() as u64 > limit {
        return refuse(Fault::TooManyMaps { limit });
    }
    // Device metadata is read through the driver that the program is bound to.
    let metadata = |k: &crate::programs::KfuncRef| {
        k.resolved && helpers_spec::kfunc_role(&k.name) == KfRole::DeviceMetadata
    };
    if env.program.prog_flags & F_XDP_DEV_BOUND_ONLY == 0 && env.program.kfuncs.iter().any(metadata)
    {
        return refuse(Fault::KfuncOfDevice);
    }
    Ok(())
}

/// What the attach type adds to an entry state: references that the kernel
/// hands over with the arguments.
pub fn enter(env: &Env<'_>, subprog: usize, state: &mut State) -> Check<()> {
    if subprog != 0 {
        return Ok(());
    }
    for arg in env.attach.target.iter().flat_map(|t| &t.args) {
        if let ArgKind::Referenced { id } = arg.kind {
            state.refs.push(RefState {
                kind: RefKind::Object,
                id: RefId::new(id),
                insn: 0,
                owner: LockOwner::None,
            });
        }
    }
    Ok(())
}
