//! What a function's BTF prototype promises of its arguments.
//!
//! A global function is verified on its own: all that is known of an argument is its
//! type and the tags on it (`arg:ctx`, `arg:trusted`, ...). Two questions are asked of a
//! parameter, and a table answers both together: what does it point to (`Pointee`),
//! and which tags does it carry (`TagSet`)? A row of `FORMS` says which tags must be
//! there, which may, and what the argument then is; what fits no row contradicts itself.
//! Only then is the rest looked up: a size, a struct of the kernel's types, whether the
//! type may stand for the program's context at all.

use crate::abstract_interp::refusal::{Fault, Tag, refuse};
use crate::abstract_interp::vm::{Check, Env};
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::Btf;
use crate::object::btf::{Params, Type};
use crate::prelude::*;
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

/// Parameters that fit the argument registers.
const MAX_ARGS: u32 = 5;

/// Tags on a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TagSet(u8);

impl TagSet {
    const NONE: TagSet = TagSet(0);
    const CTX: TagSet = TagSet(1);
    const TRUSTED: TagSet = TagSet(1 << 1);
    const UNTRUSTED: TagSet = TagSet(1 << 2);
    const NONNULL: TagSet = TagSet(1 << 3);
    const NULLABLE: TagSet = TagSet(1 << 4);
    const ARENA: TagSet = TagSet(1 << 5);

    /// How declarations write each.
    const NAMES: [(&'static str, TagSet); 6] = [
        ("ctx", TagSet::CTX),
        ("trusted", TagSet::TRUSTED),
        ("untrusted", TagSet::UNTRUSTED),
        ("nonnull", TagSet::NONNULL),
        ("nullable", TagSet::NULLABLE),
        ("arena", TagSet::ARENA),
    ];

    fn named(name: &str) -> Option<TagSet> {
        let known = TagSet::NAMES.iter().find(|(n, _)| *n == name);
        known.map(|(_, set)| *set)
    }

    const fn and(self, other: TagSet) -> TagSet {
        TagSet(self.0 | other.0)
    }

    const fn has(self, other: TagSet) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it lies between two sets.
    const fn within(self, least: TagSet, most: TagSet) -> bool {
        self.has(least) && least.and(most).has(self)
    }
}

/// What a parameter points to, as far as tags mean something else for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pointee {
    /// The struct that the program's context has by name.
    Context,
    /// A dynptr.
    Dynptr,
    /// Anything else.
    Other,
}

/// What an argument is, before what its type says is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Context,
    Dynptr,
    Trusted,
    Untrusted,
    Arena,
    Memory,
    /// The tag stands with no other.
    Alone(Tag),
}

/// Pointee, tags that must be there, tags that may: the first row that fits tells.
const FORMS: &[(&[Pointee], TagSet, TagSet, Form)] = {
    use Pointee::{Context, Dynptr, Other};
    const ANY: &[Pointee] = &[Context, Dynptr, Other];
    &[
        (ANY, TagSet::CTX, TagSet::NONE, Form::Context),
        (&[Context], TagSet::NONE, TagSet::NONE, Form::Context),
        (&[Dynptr], TagSet::NONE, TagSet::NONE, Form::Dynptr),
        (&[Other], TagSet::TRUSTED, TRUSTED_TOO, Form::Trusted),
        (&[Other], TagSet::UNTRUSTED, TagSet::NONE, Form::Untrusted),
        (&[Other], TagSet::ARENA, TagSet::NONE, Form::Arena),
        (&[Other], TagSet::NONE, TagSet::NONNULL, Form::Memory),
        (
            &[Other],
            TagSet::UNTRUSTED,
            NOT_CTX,
            Form::Alone(Tag::Untrusted),
        ),
        (&[Other], TagSet::ARENA, NOT_CTX, Form::Alone(Tag::Arena)),
    ]
};

/// What may stand beside `trusted`.
const TRUSTED_TOO: TagSet = TagSet::NULLABLE.and(TagSet::UNTRUSTED).and(TagSet::ARENA);

/// Tags of what is no context and not trusted.
const NOT_CTX: TagSet = TagSet::UNTRUSTED
    .and(TagSet::NONNULL)
    .and(TagSet::NULLABLE)
    .and(TagSet::ARENA);

/// The arguments of `subprog`, as its prototype gives them. A function that
/// cannot be verified on its own is refused.
pub fn of(env: &Env<'_>, subprog: usize) -> Check<Vec<Arg>> {
    let Some(func) = env.program.subprogs.get(subprog) else {
        return refuse(Fault::GlobalUntyped);
    };
    let prototype = Prototype::read(env, subprog)?;
    let tagged = env.target.behaviour().global_args_by_tag();
    let mut args = Vec::new();
    for (i, param) in (0u32..).zip(prototype.params.iter()) {
        let parameter = Parameter {
            env,
            btf: prototype.btf,
            arg: i.into(),
            ty: prototype.btf.skip_mods_typedefs(param.ty),
            func: prototype.name,
        };
        let mut tags = TagSet::NONE;
        if tagged {
            tags = parameter.tags(func.func_type, i, func.global)?;
        } else if !context_names(env.program).is_empty() {
            // The loader gives tagged contexts the type that kernels know.
            let told = parameter.tags(func.func_type, i, func.global);
            if told.is_ok_and(|t| t.has(TagSet::CTX)) {
                tags = TagSet::CTX;
            }
        }
        if arena_allowed(env, prototype.btf, param.ty) {
            tags = tags.and(TagSet::ARENA);
        }
        args.push(parameter.rule(tags)?);
    }
    Ok(args)
}

/// A function's prototype, of which it is known that it can be verified alone.
struct Prototype<'a> {
    btf: &'a Btf,
    name: &'a str,
    params: Params<'a>,
}

impl<'a> Prototype<'a> {
    fn read(env: &Env<'a>, subprog: usize) -> Check<Prototype<'a>> {
        let program = env.program;
        let Some(btf) = program.btf.as_deref() else {
            return refuse(Fault::GlobalUntyped);
        };
        let func_type = program.subprogs.get(subprog).map_or(0, |f| f.func_type);
        let Some(Type::Func { name, proto, .. }) = btf.ty(func_type) else {
            let subprog = subprog as u64;
            return refuse(Fault::FunctionUntyped { subprog });
        };
        let Some(Type::FuncProto { ret, params }) = btf.ty(proto) else {
            return refuse(Fault::FunctionWithoutProto { name: name.into() });
        };
        let returns = is_number(btf, btf.skip_mods_typedefs(ret))
            || void_allowed(env, btf, ret)
            || arena_allowed(env, btf, ret);
        match params.len() {
            count if count > MAX_ARGS => refuse(Fault::GlobalParameters {
                name: name.into(),
                count: count.into(),
                limit: MAX_ARGS.into(),
            }),
            _ if !returns => refuse(Fault::GlobalReturn { name: name.into() }),
            _ => Ok(Prototype { btf, name, params }),
        }
    }
}

fn void_allowed(env: &Env<'_>, btf: &Btf, ret: u32) -> bool {
    env.target.behaviour().global_void_functions() && matches!(btf.ty(ret), Some(Type::Void))
}

/// A pointer into the arena, by its type tag.
fn arena_allowed(env: &Env<'_>, btf: &Btf, ret: u32) -> bool {
    env.target.behaviour().arena_by_type_tag() && points_to_arena(btf, ret)
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

/// One parameter of a global function.
struct Parameter<'e, 'a> {
    env: &'e Env<'a>,
    btf: &'a Btf,
    /// Its number, from 0.
    arg: u64,
    /// Its type, without modifiers.
    ty: u32,
    /// The function's name.
    func: &'a str,
}

impl Parameter<'_, '_> {
    /// The tags that its function's declaration puts on it.
    fn tags(&self, func: u32, component: u32, global: bool) -> Check<TagSet> {
        let on_it = self
            .btf
            .decl_tags(func)
            .filter(|t| t.component == Some(component));
        let names = on_it.filter_map(|t| t.name.strip_prefix("arg:"));
        let arg = self.arg;
        let untrusted = self.env.target.behaviour().untrusted_mem();
        let mut set = TagSet::NONE;
        for name in names {
            match TagSet::named(name) {
                _ if !global => return refuse(Fault::ParameterTagStatic { arg }),
                Some(tag) if tag != TagSet::UNTRUSTED || untrusted => set = set.and(tag),
                _ => return refuse(Fault::ParameterTagUnknown { arg }),
            }
        }
        Ok(set)
    }

    /// What the argument is.
    fn rule(&self, tags: TagSet) -> Check<Arg> {
        let (btf, arg) = (self.btf, self.arg);
        let Some(Type::Ptr { to }) = btf.ty(self.ty) else {
            return self.number(tags);
        };
        let fits = |row: &&(&[Pointee], TagSet, TagSet, Form)| {
            row.0.contains(&self.pointee(to)) && tags.within(row.1, row.2)
        };
        let target = btf.skip_mods_typedefs(to);
        let Some((.., form)) = FORMS.iter().find(fits) else {
            return refuse(Fault::ParameterTags { arg });
        };
        match *form {
            Form::Alone(tag) => refuse(Fault::ParameterTagAlone { arg, tag }),
            Form::Context
                if tags.has(TagSet::CTX) && !may_be_context(self.env.program, btf, to) =>
            {
                refuse(Fault::ParameterTagContext { arg })
            }
            Form::Context => Ok(Arg::Ctx),
            Form::Dynptr => Ok(Arg::Dynptr),
            Form::Arena => Ok(Arg::Arena),
            Form::Trusted => Ok(Arg::Trusted {
                id: self.kernel_struct(target)?,
                nullable: tags.has(TagSet::NULLABLE),
            }),
            Form::Untrusted if is_plain(btf, target) => Ok(Arg::UntrustedMem),
            Form::Untrusted => Ok(Arg::Untrusted {
                id: self.kernel_struct(target)?,
            }),
            Form::Memory => self.memory(target, !tags.has(TagSet::NONNULL)),
        }
    }

    /// What is no pointer has to be a number, and tags mean nothing on it.
    fn number(&self, tags: TagSet) -> Check<Arg> {
        let (btf, arg) = (self.btf, self.arg);
        match (tags, is_number(btf, self.ty)) {
            (TagSet::NONE, true) => Ok(Arg::Scalar),
            (TagSet::NONE, false) => refuse(Fault::ParameterType {
                arg,
                name: self.func.into(),
                ty: btf.describe(self.ty).into(),
            }),
            _ => refuse(Fault::ParameterTagNumber { arg }),
        }
    }

    fn pointee(&self, to: u32) -> Pointee {
        let target = self.btf.ty(self.btf.skip_mods_typedefs(to));
        let dynptr = matches!(target, Some(Type::Struct(s)) if s.name == "bpf_dynptr");
        if is_context(self.env.program, self.btf, to) {
            Pointee::Context
        } else if dynptr && self.env.target.behaviour().global_args_by_tag() {
            Pointee::Dynptr
        } else {
            Pointee::Other
        }
    }

    /// Memory of the size of what is pointed to.
    fn memory(&self, target: u32, nullable: bool) -> Check<Arg> {
        let (btf, arg) = (self.btf, self.arg);
        if !self.env.target.behaviour().global_memory_arguments() {
            return refuse(Fault::ParameterType {
                arg,
                name: self.func.into(),
                ty: "PTR".into(),
            });
        }
        let void = matches!(btf.ty(target), Some(Type::Void));
        match btf.resolve_size(target).filter(|_| !void) {
            Some(size) => Ok(Arg::Mem { size, nullable }),
            None => {
                let ty = btf.describe(target).into();
                refuse(Fault::ParameterUnsized { arg, ty })
            }
        }
    }

    /// The kernel's struct of the name of a program's struct.
    fn kernel_struct(&self, id: u32) -> Check<u32> {
        let name = crate::object::btf::essential_name(self.btf.name(id));
        let found = self.env.types.any().and_then(|k| k.find_struct(name));
        let missing = || Fault::ParameterStruct {
            arg: self.arg,
            name: name.into(),
        };
        found.map_or_else(|| refuse(missing()), Ok)
    }
}

/// What untrusted memory may be made of.
fn is_plain(btf: &Btf, target: u32) -> bool {
    is_number(btf, target) || matches!(btf.ty(target), Some(Type::Void | Type::Float { .. }))
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
