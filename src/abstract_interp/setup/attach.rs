//! What a program is attached to, as far as the verifier cares.
//!
//! Programs of tracing kind take the arguments of a kernel function as their
//! context: which, their BTF attach target says. Most other types take a struct
//! that a table describes.

use crate::abstract_interp::halt::left_open;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::state::{LockOwner, RefKind, RefState, State};
use crate::abstract_interp::vm::{Check, Env, unknown};
use crate::helpers_spec::{self, AttachType, IterArg, ProgType, SpecVersion};
use crate::object::Btf;
use crate::object::btf::{Found, Kind as BtfKind, Type};
use crate::prelude::*;
use crate::programs::Program;
use crate::target::{Offered, Target as LinuxTarget};

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

/// struct_ops members that no program may implement.
const UNSUPPORTED_MEMBERS: &[(&str, &str)] = &[
    ("tcp_congestion_ops", "get_info"),
    ("tcp_congestion_ops", "owner"),
];

/// struct_ops members whose programs may not sleep, where others may.
const NEVER_SLEEPING: &[(&str, &str)] = &[("bpf_dummy_ops", "test_1"), ("bpf_dummy_ops", "test_2")];

/// Resolves a program's attach target; refuses what the kernel refuses before
/// it looks at an instruction.
pub fn resolve(
    program: &Program,
    kernel: Option<&Btf>,
    real: bool,
    target: &LinuxTarget,
) -> Check<Attach> {
    let attach = program.attach_type;
    let mut out = Attach {
        main_takes_btf_args: program.prog_type == ProgType::Ext,
        ..Attach::default()
    };
    if let Some(ty) = attach
        && load_asks_attach_type(program.prog_type)
        && target.attach_type(ty) == Offered::Absent
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
        ProgType::StructOps => struct_ops(program, kernel, real, out),
        ProgType::Netfilter => {
            out.trusted_args = true;
            Ok(out)
        }
        ProgType::Tracing | ProgType::Lsm => {
            let Some(btf) = kernel else {
                return unknown("no-kernel-btf");
            };
            if multi(attach) {
                // Attached to any number of functions: to none in particular.
                return match attach.is_some_and(|a| target.attach_type(a).there()) {
                    true => Ok(out),
                    false => refuse(Fault::AttachNowhere),
                };
            }
            let id = match program.attach_btf_id {
                Some(id) if real => id,
                _ => match (stand_in(program, btf), &program.attach_to) {
                    (Found::Id(id), _) => id,
                    (_, Some(to)) if real => return left_open("attach-target", to),
                    _ => return unknown("no-kernel-btf"),
                },
            };
            out.trusted_args = match program.prog_type {
                ProgType::Lsm => !helpers_spec::lsm_hook_untrusted(btf.name(id), target.spec),
                _ => matches!(attach, Some(AttachType::TraceRawTp | AttachType::TraceIter)),
            };
            out.target = Some(function(program, btf, id, target)?);
            Ok(out)
        }
        _ => Ok(out),
    }
}

/// Whether a program of this attach type hangs on many functions at once.
pub fn multi(attach: Option<AttachType>) -> bool {
    matches!(
        attach,
        Some(
            AttachType::TraceFentryMulti
                | AttachType::TraceFexitMulti
                | AttachType::TraceFsessionMulti
        )
    )
}

/// Whether loading such a program fails for an attach type that the kernel
/// doesn't know; for others only attaching does.
fn load_asks_attach_type(ty: ProgType) -> bool {
    matches!(
        ty,
        ProgType::Tracing
            | ProgType::Lsm
            | ProgType::CgroupSkb
            | ProgType::CgroupSock
            | ProgType::CgroupSockAddr
            | ProgType::CgroupSockopt
            | ProgType::SkLookup
            | ProgType::Netfilter
    )
}

/// The function by its name, where the loader has given no id.
fn stand_in(program: &Program, btf: &Btf) -> Found {
    let Some(name) = program.attach_to.as_deref() else {
        return Found::Open;
    };
    let (kind, full) = match program.attach_type {
        Some(AttachType::TraceRawTp) => (BtfKind::Typedef, format!("btf_trace_{name}")),
        Some(AttachType::TraceIter) => (BtfKind::Func, format!("bpf_iter_{name}")),
        Some(AttachType::LsmMac | AttachType::LsmCgroup) => {
            (BtfKind::Func, format!("bpf_lsm_{name}"))
        }
        _ => (BtfKind::Func, name.to_owned()),
    };
    btf.agreed(|btf| btf.find(kind, &full))
}

fn may_sleep(program: &Program, target: &LinuxTarget) -> bool {
    let tracepoints = target.behaviour.sleepable_tracepoints;
    match program.prog_type {
        ProgType::RawTracepoint | ProgType::Tracepoint => tracepoints,
        ProgType::Tracing if program.attach_type == Some(AttachType::TraceRawTp) => tracepoints,
        ProgType::Tracing if multi(program.attach_type) => program
            .attach_type
            .is_some_and(|a| target.attach_type(a).there()),
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
        ProgType::Kprobe => target.behaviour.sleepable_probes,
        ProgType::StructOps => true,
        _ => false,
    }
}

fn function(program: &Program, btf: &Btf, id: u32, target: &LinuxTarget) -> Check<Target> {
    let v = target.spec;
    let ty = btf.ty(id);
    let name = ty.map_or("", |t| t.name()).to_owned();
    if program.attach_type == Some(AttachType::TraceRawTp) {
        let Some(Type::Typedef { to, .. }) = ty else {
            return refuse(Fault::AttachNotTypedef { id: id.into() });
        };
        let Some(short) = name.strip_prefix("btf_trace_") else {
            let (id, name) = (id.into(), name.into());
            return refuse(Fault::AttachName { id, name });
        };
        let Some(Type::Ptr { to }) = btf.ty(btf.skip_mods(to)) else {
            return refuse(Fault::AttachNotPointer { name: name.into() });
        };
        if program.sleepable && !helpers_spec::faultable_tracepoint(short, v) {
            let name = short.into();
            return refuse(Fault::AttachNotFaultable { name });
        }
        let proto = btf.skip_mods(to);
        let args = raw_tp_args(short, v);
        return Ok(Target {
            name: short.to_owned(),
            proto,
            skip: 1,
            args,
        });
    }
    let Some(Type::Func { proto, .. }) = ty else {
        return refuse(Fault::AttachNotFunction { id: id.into() });
    };
    let mut args = Vec::new();
    if program.attach_type == Some(AttachType::TraceIter) {
        let Some(short) = name.strip_prefix("bpf_iter_") else {
            return refuse(Fault::AttachNotIterator { id: id.into() });
        };
        args = helpers_spec::iter_args(short, v)
            .map(|(index, kind)| ArgInfo {
                index,
                kind: kind.into(),
            })
            .collect();
    }
    if program.prog_type == ProgType::Lsm {
        lsm(program, id, &name, v)?;
    } else {
        let open = open_to_injection(target, &name);
        let attach = program.attach_type;
        if helpers_spec::attach_denied(&name, v) {
            return refuse(Fault::AttachDenied { name: name.into() });
        }
        if matches!(
            attach,
            Some(AttachType::TraceFexit | AttachType::ModifyReturn)
        ) && helpers_spec::never_returns(&name, v)
        {
            return refuse(Fault::AttachNoReturn { name: name.into() });
        }
        if attach == Some(AttachType::ModifyReturn)
            && !helpers_spec::fmod_ret_allowed(&name, open, v)
        {
            return refuse(Fault::AttachNotModifiable { name: name.into() });
        }
        if program.sleepable
            && attach != Some(AttachType::TraceIter)
            && !helpers_spec::sleepable_target(&name, open, v)
        {
            return refuse(Fault::AttachNotSleepable { name: name.into() });
        }
    }
    Ok(Target {
        name,
        proto,
        skip: 0,
        args,
    })
}

/// Whether the kernel lets programs replace what the function returns, as far as
/// error injection goes.
fn open_to_injection(target: &LinuxTarget, name: &str) -> bool {
    helpers_spec::error_injectable(name)
        && (target.config.function_error_injection
            || target.behaviour.syscalls_open && helpers_spec::syscall_entry(name))
}

fn lsm(program: &Program, id: u32, name: &str, v: SpecVersion) -> Check<()> {
    if !program.gpl_compatible {
        return refuse(Fault::LsmLicence);
    }
    if helpers_spec::lsm_hook_disabled(name, v) {
        let (id, name) = (id.into(), name.into());
        return refuse(Fault::AttachHookDisabled { id, name });
    }
    if !name.starts_with("bpf_lsm_") {
        let (id, name) = (id.into(), name.into());
        return refuse(Fault::AttachName { id, name });
    }
    if program.sleepable && !helpers_spec::lsm_hook_sleepable(name, v) {
        return refuse(Fault::AttachNotSleepable { name: name.into() });
    }
    Ok(())
}

/// Arguments of raw tracepoints that may be null, or hold an error instead of
/// a pointer.
fn raw_tp_args(short: &str, v: SpecVersion) -> Vec<ArgInfo> {
    helpers_spec::raw_tp_nullable(short, v)
        .map(|index| ArgInfo {
            index,
            kind: ArgKind::Nullable { trusted: true },
        })
        .collect()
}

fn struct_ops(
    program: &Program,
    kernel: Option<&Btf>,
    real: bool,
    mut out: Attach,
) -> Check<Attach> {
    if !program.gpl_compatible {
        return refuse(Fault::StructOpsLicence);
    }
    let Some(slot) = &program.struct_ops else {
        return unknown("struct_ops");
    };
    let Some(btf) = kernel.filter(|_| real) else {
        return unknown("no-kernel-btf");
    };
    let found = btf.agreed(|btf| btf.find_struct(&slot.structure));
    let ops = match (slot.kernel_type, found) {
        (Some(id), _) | (None, Found::Id(id)) => id,
        (None, Found::Open) => return left_open("attach-target", &slot.structure),
        (None, Found::Absent) => {
            return refuse(Fault::AttachNoStruct);
        }
    };
    if UNSUPPORTED_MEMBERS.contains(&(&*slot.structure, &*slot.member))
        || program.sleepable && NEVER_SLEEPING.contains(&(&*slot.structure, &*slot.member))
    {
        let member = (&*slot.member).into();
        let name = (&*slot.structure).into();
        return refuse(Fault::AttachMemberUnsupported { member, name });
    }
    if btf
        .find_struct(&format!("bpf_struct_ops_{}", slot.structure))
        .is_none()
    {
        return refuse(Fault::AttachStruct { id: ops.into() });
    }
    let member = btf
        .ty(ops)
        .and_then(|t| t.composite())
        .and_then(|s| s.members.iter().find(|m| *m.name == *slot.member));
    let proto = member.and_then(|m| match btf.ty(btf.skip_mods_typedefs(m.ty))? {
        Type::Ptr { to } => Some(btf.skip_mods_typedefs(to)),
        _ => None,
    });
    let Some(proto) = proto.filter(|p| matches!(btf.ty(*p), Some(Type::FuncProto { .. }))) else {
        let member = (&*slot.member).into();
        let name = (&*slot.structure).into();
        return refuse(Fault::AttachMember { member, name });
    };
    // Stub functions carry what is known of the arguments, by name suffixes.
    let stub = btf.find_func(&format!("{}__{}", slot.structure, slot.member));
    let mut args = Vec::new();
    if let Some(Type::Func { proto, .. }) = stub.and_then(|id| btf.ty(id))
        && let Some(Type::FuncProto { params, .. }) = btf.ty(proto)
    {
        for (i, p) in params.iter().enumerate() {
            let kind = if p.name.ends_with("__nullable") {
                ArgKind::Nullable { trusted: true }
            } else if p.name.ends_with("__ref") {
                ArgKind::Referenced {
                    id: args.len() as u32 + 1,
                }
            } else {
                continue;
            };
            args.push(ArgInfo {
                index: i as u32,
                kind,
            });
        }
    }
    // The list of packets to drop is given as a pointer to a struct of its own.
    if (&*slot.structure, &*slot.member) == ("Qdisc_ops", "enqueue")
        && let Some(id) = btf.find_struct("bpf_sk_buff_ptr")
    {
        args.push(ArgInfo {
            index: 2,
            kind: ArgKind::Struct { id },
        });
    }
    out.trusted_args = true;
    out.target = Some(Target {
        name: slot.member.to_string(),
        proto,
        skip: 0,
        args,
    });
    Ok(out)
}

/// Whether the program may attach where it says; resolved in [`resolve`].
pub fn check(env: &Env<'_>) -> Check<()> {
    let limit = u64::from(env.target.limits.used_maps);
    if env.used_maps() as u64 > limit {
        return refuse(Fault::TooManyMaps { limit });
    }
    // Device metadata is read through the driver that the program is bound to.
    let metadata =
        |k: &&crate::programs::KfuncRef| k.resolved && k.name.starts_with("bpf_xdp_metadata_rx_");
    if env.program.prog_flags & F_XDP_DEV_BOUND_ONLY == 0
        && env.program.kfuncs.iter().any(|k| metadata(&k))
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
                id,
                insn: 0,
                owner: LockOwner::None,
            });
        }
    }
    Ok(())
}
