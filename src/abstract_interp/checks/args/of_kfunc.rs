//! From a kfunc's prototype to the rules of its arguments.
//!
//! The purpose of a pointer is found in the first of these that knows it: the kfunc's
//! role, the context's type, the tag of the parameter's name, the struct that it
//! points to; else by its type alone, as an object or memory. Each is a table or a
//! function of one thing; none looks at what a program passes.

use super::kfunc::{Kfunc, pointee};
use super::plain_data::{is_number, is_plain};
use super::rule::{ArgRule, Iterator, Number, Open, Ownership, Purpose, SizedMemory, Trust, Unfit};
use super::shape::Shapes;
use super::tags::Tag;
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::checks::iter::IterType;
use crate::abstract_interp::checks::locks::LockOp;
use crate::abstract_interp::env::Env;
use crate::abstract_interp::setup::prototype;
use crate::abstract_interp::state::RefKind;
use crate::abstract_interp::value::DynptrType;
use crate::helpers_spec::{KfFlags, KfRole};
use crate::object::btf::{Param, Type};
use crate::prelude::*;

/// Structs that programs pass by a protocol of their own.
const STRUCTS: &[(&str, fn(KfRole) -> Purpose<'static>)] = &[
    ("bpf_list_head", |_| {
        Purpose::Collection(FieldKind::ListHead)
    }),
    ("bpf_rb_root", |_| Purpose::Collection(FieldKind::RbRoot)),
    ("bpf_list_node", |_| Purpose::Node(Ownership::Program)),
    ("bpf_rb_node", |role| {
        Purpose::Node(match role {
            KfRole::TreeInsert => Ownership::Program,
            _ => Ownership::Collection,
        })
    }),
    ("bpf_wq", |_| Purpose::Field(FieldKind::Wq)),
    ("bpf_timer", |_| Purpose::Field(FieldKind::Timer)),
    ("bpf_task_work", |_| Purpose::Field(FieldKind::TaskWork)),
    ("bpf_res_spin_lock", lock),
];

/// The kind of dynptr that a role makes or takes.
const DYNPTRS: &[(KfRole, DynptrType)] = &[
    (KfRole::DynptrOfSkb, DynptrType::Skb),
    (KfRole::DynptrOfXdp, DynptrType::Xdp),
    (KfRole::DynptrOfSkbMeta, DynptrType::SkbMeta),
    (KfRole::DynptrOfFile, DynptrType::File),
    (KfRole::DynptrFileDrop, DynptrType::File),
];

/// Flags of kfuncs that work on an iterator, their first argument.
const ITERATES: KfFlags =
    KfFlags(KfFlags::ITER_NEW.0 | KfFlags::ITER_NEXT.0 | KfFlags::ITER_DESTROY.0);

/// The rules of all parameters.
pub fn rules<'a>(env: &Env<'a>, k: &Kfunc<'a>) -> Vec<ArgRule<'a>> {
    let flags = k.spec.flags;
    let trusted = KfFlags::TRUSTED_ARGS | KfFlags::RELEASE;
    let trust = if flags.contains(KfFlags::RCU) {
        Trust::OrRcu
    } else if k.trusts_by_default || flags.intersects(trusted) {
        Trust::Trusted
    } else {
        Trust::AsIs
    };
    let rule = |(i, p): (usize, &Param<'a>)| ArgRule {
        purpose: Parameter { env, k, i, p }.purpose(),
        nullable: Tag::of(p.name) == Tag::Nullable,
        trust,
        given_back: i == 0 && flags.contains(KfFlags::RELEASE),
    };
    k.params.iter().enumerate().map(rule).collect()
}

/// A parameter where its rule is made.
struct Parameter<'e, 'a> {
    env: &'e Env<'a>,
    k: &'e Kfunc<'a>,
    i: usize,
    p: &'e Param<'a>,
}

impl<'a> Parameter<'_, 'a> {
    fn purpose(&self) -> Purpose<'a> {
        let (btf, tag) = (self.k.btf, Tag::of(self.p.name));
        let target = pointee(btf, self.p.ty);
        if tag == Tag::Implicit || target.is_some_and(|(_, t)| t.name() == "bpf_prog_aux") {
            return Purpose::Implicit;
        }
        match btf.ty(btf.skip_mods_typedefs(self.p.ty)) {
            Some(ty) if is_number(&ty) => Purpose::Number(number(tag)),
            Some(Type::Ptr { to }) => match target {
                _ if self.is_context(to) => Purpose::Context,
                Some((id, target)) => self.pointer(tag, id, &target),
                None => Purpose::Unmodelled,
            },
            _ => Purpose::Unfit(Unfit::Parameter(self.p.ty)),
        }
    }

    fn is_context(&self, to: u32) -> bool {
        let by_role = matches!(
            self.k.role(),
            KfRole::CastContext | KfRole::SessionCookie | KfRole::SessionReturn
        );
        by_role || prototype::is_context(self.env.program, self.k.btf, to)
    }

    fn pointer(&self, tag: Tag, id: u32, target: &Type<'a>) -> Purpose<'a> {
        let name = match target {
            Type::Struct(_) | Type::Union(_) | Type::Fwd { .. } => target.name(),
            _ => "",
        };
        let own = STRUCTS.iter().find(|(of, _)| *of == name);
        match (tag, own) {
            (Tag::Alloc, _) => self.dropped(),
            (Tag::Counted, _) => Purpose::Counted {
                at_start: self.k.prototype_decides,
            },
            _ if matches!(name, "bpf_dynptr" | "bpf_dynptr_kern") => self.dynptr(tag),
            _ if self.is_iterator(tag) => self.iterator(id, target),
            (Tag::NodeLent, Some(("bpf_list_node", _))) => Purpose::Node(Ownership::Either),
            (_, Some((_, purpose))) => purpose(self.k.role()),
            (Tag::Text, _) => Purpose::Text,
            (Tag::ConstMap, _) => self.map(Shapes::Map),
            (Tag::Map, _) => self.map(Shapes::Map.or(Shapes::TYPED)),
            (Tag::IrqFlags, _) => irq_flags(self.k.role()),
            _ => self.by_type(id, target),
        }
    }

    fn dropped(&self) -> Purpose<'a> {
        let percpu = match self.k.role() {
            KfRole::ObjectDrop => false,
            KfRole::PercpuDrop => true,
            _ => return Purpose::Unmodelled,
        };
        Purpose::Drop {
            percpu,
            trusted: !self.k.prototype_decides,
        }
    }

    fn dynptr(&self, tag: Tag) -> Purpose<'a> {
        let role = self.k.role();
        let kind = DYNPTRS.iter().find(|(of, _)| *of == role).map(|row| row.1);
        match (tag, kind, role) {
            (Tag::Uninit, _, KfRole::DynptrClone) => Purpose::DynptrClone,
            (Tag::Uninit, Some(kind), _) => Purpose::NewDynptr(kind),
            (Tag::Uninit, None, _) => Purpose::Unmodelled,
            _ => Purpose::Dynptr(kind),
        }
    }

    fn is_iterator(&self, tag: Tag) -> bool {
        if self.k.spec.flags.intersects(ITERATES) {
            self.i == 0
        } else {
            tag == Tag::Iterator
        }
    }

    fn iterator(&self, id: u32, target: &Type<'a>) -> Purpose<'a> {
        let name = target.name().strip_prefix("bpf_iter_");
        let maker = name.map(|name| format!("bpf_iter_{name}_new"));
        let maker = maker.and_then(|maker| self.env.target.kfunc(self.env.program, &maker).spec);
        let size = target.composite().map_or(0, |s| s.size);
        Purpose::Iterator(Iterator {
            name,
            ty: IterType {
                id,
                slots: (size / 8) as usize,
                rcu: maker.is_some_and(|m| m.flags.contains(KfFlags::RCU_PROTECTED)),
            },
            new: self.k.is(KfFlags::ITER_NEW),
            css_task: self.k.role() == KfRole::IterCssTask,
        })
    }

    fn map(&self, takes: Shapes) -> Purpose<'a> {
        let constant = takes == Shapes::Map;
        Purpose::Map {
            takes,
            checked: !(constant && self.k.prototype_decides),
        }
    }

    /// The size of the memory that the parameter points to, if one follows.
    fn size(&self) -> Option<Tag> {
        let next = self.k.params.get(self.i + 1)?;
        let ty = self.k.btf.ty(self.k.btf.skip_mods_typedefs(next.ty))?;
        let tag = Tag::of(next.name);
        (is_number(&ty) && tag.is_size()).then_some(tag)
    }

    /// The purpose of a pointer that only its type tells about. Where the prototype
    /// decides, a size makes it memory whatever is passed; else objects come first.
    fn by_type(&self, id: u32, target: &Type<'_>) -> Purpose<'a> {
        let decides = self.k.prototype_decides;
        let composite = matches!(target, Type::Struct(_) | Type::Union(_));
        let function = matches!(target, Type::FuncProto { .. });
        let plain = is_number(target) || is_plain(self.k.btf, id);
        let sized = self.size().map(|size| match function {
            true => Purpose::Function,
            false if plain || matches!(target, Type::Void) => self.sized(size),
            false => Purpose::Unfit(Unfit::SizedMemory(id)),
        });
        let alone = match function {
            true => Purpose::Function,
            false if plain => Purpose::Memory(self.k.btf.resolve_size(id)),
            false if decides && composite => Purpose::Unfit(Unfit::Struct(id)),
            false => Purpose::Unfit(Unfit::Memory(id)),
        };
        let object = match composite {
            true => Purpose::Object(id),
            false => Purpose::Unfit(Unfit::Object(id)),
        };
        match (decides, sized) {
            (true, Some(sized)) => sized,
            (true, None) if !composite => alone,
            (decides, sized) => Purpose::Open(Box::new(Open {
                objects: if decides {
                    Shapes::OBJECTS.but(Shapes::XdpSocket)
                } else {
                    Shapes::OBJECTS
                },
                object,
                sized,
                alone,
            })),
        }
    }

    fn sized(&self, size: Tag) -> Purpose<'a> {
        Purpose::Sized(SizedMemory {
            optional: matches!(Tag::of(self.p.name), Tag::Optional | Tag::Nullable),
            size: self.k.prototype_decides.then(|| number(size)),
            constant: size == Tag::ConstSize,
        })
    }
}

fn number(tag: Tag) -> Number {
    match tag {
        Tag::Const | Tag::ConstSize => Number::Known,
        Tag::ReturnedRead => Number::Returned { rdonly: true },
        Tag::ReturnedWrite => Number::Returned { rdonly: false },
        _ => Number::Any,
    }
}

fn irq_flags(role: KfRole) -> Purpose<'static> {
    let (save, lock) = match role {
        KfRole::IrqEnter => (true, false),
        KfRole::IrqLeave => (false, false),
        KfRole::LockTakeIrq => (true, true),
        KfRole::LockDropIrq => (false, true),
        _ => return Purpose::Unmodelled,
    };
    Purpose::IrqFlags { save, lock }
}

fn lock(role: KfRole) -> Purpose<'static> {
    let (take, kind) = match role {
        KfRole::LockTake => (true, RefKind::ResLock),
        KfRole::LockDrop => (false, RefKind::ResLock),
        KfRole::LockTakeIrq => (true, RefKind::ResLockIrq),
        KfRole::LockDropIrq => (false, RefKind::ResLockIrq),
        _ => return Purpose::Unmodelled,
    };
    Purpose::Lock(LockOp { take, kind })
}
