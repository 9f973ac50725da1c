//! What a function's BTF prototype promises of its arguments.
//!
//! Linux verifies a global function on its own, from its prototype and its
//! `arg:` declaration tags alone.

use crate::abstract_interp::refusal::{Fault, Tag, refuse};
use crate::abstract_interp::vm::{Check, Env};
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::Btf;
use crate::object::btf::Type;
use crate::programs::Program;

/// What one argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Any number.
    Scalar,
    /// The program's context.
    Ctx,
    /// Memory of `size` bytes.
    Mem {
        /// Bytes.
        size: u32,
        /// May be null.
        nullable: bool,
    },
    /// Memory of unknown validity, read only.
    UntrustedMem,
    /// A kernel object that is known valid.
    Trusted {
        /// Its struct in the kernel's BTF.
        id: u32,
        /// May be null.
        nullable: bool,
    },
    /// A kernel object of unknown validity.
    Untrusted {
        /// Its struct in the kernel's BTF.
        id: u32,
    },
    /// A dynptr, read only.
    Dynptr,
    /// An address in the arena.
    Arena,
}

const MAX_ARGS: u32 = 5;

#[derive(Default)]
struct Tags {
    ctx: bool,
    trusted: bool,
    untrusted: bool,
    nonnull: bool,
    nullable: bool,
    arena: bool,
}

impl Tags {
    fn count(&self) -> usize {
        let all = [
            self.ctx,
            self.trusted,
            self.untrusted,
            self.nonnull,
            self.nullable,
            self.arena,
        ];
        all.iter().filter(|t| **t).count()
    }
}

/// The arguments of `subprog`, as its prototype gives them. A function that
/// cannot be verified on its own is refused.
pub fn of(env: &Env<'_>, subprog: usize) -> Check<Vec<Arg>> {
    let program = env.program;
    let func = &program.subprogs[subprog];
    let Some(btf) = program.btf.as_deref() else {
        return refuse(Fault::GlobalUntyped);
    };
    let Some(Type::Func { name, proto, .. }) = btf.ty(func.func_type) else {
        let subprog = subprog as u64;
        return refuse(Fault::FunctionUntyped { subprog });
    };
    let Some(Type::FuncProto { ret, params }) = btf.ty(proto) else {
        return refuse(Fault::FunctionWithoutProto { name: name.into() });
    };
    if params.len() > MAX_ARGS {
        return refuse(Fault::GlobalParameters {
            name: name.into(),
            count: params.len() as u64,
            limit: MAX_ARGS as u64,
        });
    }
    if !is_number(btf, btf.skip_mods_typedefs(ret))
        && !void_allowed(env, btf, ret)
        && !arena_allowed(env, btf, ret)
    {
        return refuse(Fault::GlobalReturn { name: name.into() });
    }
    let mut args = Vec::new();
    for (i, param) in params.iter().enumerate() {
        let mut tags = if env.target.behaviour.global_args_by_tag {
            tags_of(btf, func.func_type, i, func.global)?
        } else {
            Tags::default()
        };
        tags.arena |= arena_allowed(env, btf, param.ty);
        args.push(argument(env, program, btf, i, param.ty, &tags, name)?);
    }
    Ok(args)
}

fn void_allowed(env: &Env<'_>, btf: &Btf, ret: u32) -> bool {
    env.target.behaviour.global_void_functions && matches!(btf.ty(ret), Some(Type::Void))
}

/// A pointer into the arena, by its type tag.
fn arena_allowed(env: &Env<'_>, btf: &Btf, ret: u32) -> bool {
    env.target.behaviour.arena_by_type_tag && points_to_arena(btf, ret)
}

/// Whether the target of a pointer carries the tag of arena pointers.
fn points_to_arena(btf: &Btf, ty: u32) -> bool {
    let Some(Type::Ptr { to }) = btf.ty(btf.skip_mods_typedefs(ty)) else {
        return false;
    };
    let mut id = to;
    for _ in 0..32 {
        id = match btf.ty(id) {
            Some(Type::TypeTag { name: "arena", .. }) => return true,
            Some(Type::Const { to } | Type::Volatile { to } | Type::TypeTag { to, .. }) => to,
            _ => return false,
        };
    }
    false
}

/// Whether a function that is verified on its own returns nothing.
pub fn returns_nothing(env: &Env<'_>, subprog: usize) -> bool {
    let program = env.program;
    let (Some(btf), Some(func)) = (program.btf.as_deref(), program.subprogs.get(subprog)) else {
        return false;
    };
    let Some(Type::Func { proto, .. }) = btf.ty(func.func_type) else {
        return false;
    };
    matches!(btf.ty(proto), Some(Type::FuncProto { ret, .. }) if void_allowed(env, btf, ret))
}

fn is_number(btf: &Btf, id: u32) -> bool {
    matches!(
        btf.ty(id),
        Some(Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. })
    )
}

fn tags_of(btf: &Btf, func: u32, arg: usize, global: bool) -> Check<Tags> {
    let mut tags = Tags::default();
    for tag in btf
        .decl_tags(func)
        .filter(|t| t.component == Some(arg as u32))
    {
        let Some(tag) = tag.name.strip_prefix("arg:") else {
            continue;
        };
        if !global {
            let arg = arg as u64;
            return refuse(Fault::ParameterTagStatic { arg });
        }
        match tag {
            "ctx" => tags.ctx = true,
            "trusted" => tags.trusted = true,
            "untrusted" => tags.untrusted = true,
            "nonnull" => tags.nonnull = true,
            "nullable" => tags.nullable = true,
            "arena" => tags.arena = true,
            _ => {
                let arg = arg as u64;
                return refuse(Fault::ParameterTagUnknown { arg });
            }
        }
    }
    Ok(tags)
}

fn argument(
    env: &Env<'_>,
    program: &Program,
    btf: &Btf,
    i: usize,
    ty: u32,
    tags: &Tags,
    func: &str,
) -> Check<Arg> {
    let arg = i as u64;
    let combination = || refuse(Fault::ParameterTags { arg });
    let ty = btf.skip_mods_typedefs(ty);
    let Some(Type::Ptr { to }) = btf.ty(ty) else {
        if tags.count() > 0 {
            return refuse(Fault::ParameterTagNumber { arg });
        }
        if is_number(btf, ty) {
            return Ok(Arg::Scalar);
        }
        return refuse(Fault::ParameterType {
            arg,
            name: func.into(),
            ty: btf.describe(ty).into(),
        });
    };
    if tags.ctx || is_context(program, btf, to) {
        if tags.count() > usize::from(tags.ctx) {
            return combination();
        }
        if tags.ctx && !may_be_context(program, btf, to) {
            return refuse(Fault::ParameterTagContext { arg });
        }
        return Ok(Arg::Ctx);
    }
    let target = btf.skip_mods_typedefs(to);
    let behaviour = &env.target.behaviour;
    if behaviour.global_args_by_tag
        && matches!(btf.ty(target), Some(Type::Struct(s)) if s.name == "bpf_dynptr")
    {
        return if tags.count() > 0 {
            combination()
        } else {
            Ok(Arg::Dynptr)
        };
    }
    if tags.trusted {
        if tags.nonnull {
            return combination();
        }
        let id = kernel_struct(env, btf, target, i)?;
        return Ok(Arg::Trusted {
            id,
            nullable: tags.nullable,
        });
    }
    if tags.untrusted {
        if tags.count() > 1 {
            let tag = Tag::Untrusted;
            return refuse(Fault::ParameterTagAlone { arg, tag });
        }
        let number = is_number(btf, target)
            || matches!(btf.ty(target), Some(Type::Void | Type::Float { .. }));
        if number {
            return Ok(Arg::UntrustedMem);
        }
        return Ok(Arg::Untrusted {
            id: kernel_struct(env, btf, target, i)?,
        });
    }
    if tags.arena {
        if tags.count() > 1 {
            let tag = Tag::Arena;
            return refuse(Fault::ParameterTagAlone { arg, tag });
        }
        return Ok(Arg::Arena);
    }
    if tags.nullable {
        return combination();
    }
    if !behaviour.global_memory_arguments {
        return refuse(Fault::ParameterType {
            arg,
            name: func.into(),
            ty: "PTR".into(),
        });
    }
    match btf
        .resolve_size(target)
        .filter(|_| !matches!(btf.ty(target), Some(Type::Void)))
    {
        Some(size) => Ok(Arg::Mem {
            size,
            nullable: !tags.nonnull,
        }),
        None => {
            let ty = btf.describe(target).into();
            refuse(Fault::ParameterUnsized { arg, ty })
        }
    }
}

/// The kernel's struct of the name of a program's struct.
fn kernel_struct(env: &Env<'_>, btf: &Btf, id: u32, i: usize) -> Check<u32> {
    let name = crate::object::btf::essential_name(btf.name(id));
    match env.kernel_btf.and_then(|k| k.find_struct(name)) {
        Some(id) => Ok(id),
        None => refuse(Fault::ParameterStruct {
            arg: i as u64,
            name: name.into(),
        }),
    }
}

/// Whether a pointer to `to` is the context of the program's type by name.
pub fn is_context(program: &Program, btf: &Btf, to: u32) -> bool {
    let names = context_names(program);
    let mut id = btf.skip_mods(to);
    for _ in 0..32 {
        match btf.ty(id) {
            Some(Type::Typedef { name, to }) => {
                if name == "bpf_user_pt_regs_t" && names.contains(&name) {
                    return true;
                }
                id = btf.skip_mods(to);
            }
            Some(Type::Struct(s)) => return names.contains(&s.name),
            _ => return false,
        }
    }
    false
}

/// Whether a pointer to `to`, tagged as context, may be one.
fn may_be_context(program: &Program, btf: &Btf, to: u32) -> bool {
    if is_context(program, btf, to) {
        return true;
    }
    let id = btf.skip_mods_typedefs(to);
    let ty = btf.ty(id);
    if matches!(ty, Some(Type::Void)) {
        return true;
    }
    let word = matches!(ty, Some(Type::Int { size: 8, .. }));
    let name = match ty {
        Some(Type::Struct(s)) => s.name,
        _ => "",
    };
    match program.prog_type {
        // Their contexts have no struct of their own: anything goes.
        ProgType::Tracepoint | ProgType::Syscall | ProgType::Ext => true,
        ProgType::Kprobe | ProgType::PerfEvent => {
            matches!(name, "pt_regs" | "user_pt_regs" | "user_regs_struct")
        }
        ProgType::RawTracepoint | ProgType::RawTracepointWritable => word,
        ProgType::Tracing => match program.attach_type {
            Some(AttachType::TraceRawTp) => word || name == "bpf_raw_tracepoint_args",
            Some(AttachType::TraceIter) => name.starts_with("bpf_iter__"),
            _ => word,
        },
        ProgType::Lsm | ProgType::StructOps => word,
        _ => false,
    }
}

/// The names of the context's struct for a program type.
fn context_names(program: &Program) -> &'static [&'static str] {
    match program.prog_type.name() {
        "socket_filter" | "sched_cls" | "sched_act" | "lwt_in" | "lwt_out" | "lwt_xmit"
        | "lwt_seg6local" | "sk_skb" | "cgroup_skb" | "flow_dissector" => &["__sk_buff"],
        "xdp" => &["xdp_md"],
        "kprobe" => &["bpf_user_pt_regs_t", "pt_regs"],
        "perf_event" => &["bpf_perf_event_data"],
        "raw_tracepoint" | "raw_tracepoint_writable" => &["bpf_raw_tracepoint_args"],
        "cgroup_device" => &["bpf_cgroup_dev_ctx"],
        "cgroup_sysctl" => &["bpf_sysctl"],
        "cgroup_sockopt" => &["bpf_sockopt"],
        "cgroup_sock" => &["bpf_sock"],
        "cgroup_sock_addr" => &["bpf_sock_addr"],
        "sock_ops" => &["bpf_sock_ops"],
        "sk_msg" => &["sk_msg_md"],
        "sk_reuseport" => &["sk_reuseport_md"],
        "sk_lookup" => &["bpf_sk_lookup"],
        "netfilter" => &["bpf_nf_ctx"],
        _ => &[],
    }
}
