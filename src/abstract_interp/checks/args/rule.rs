//! The rule of one parameter.
//!
//! A rule has two halves. The parameter's own (`nullable`, `trust`, `given_back`) holds
//! whatever is passed. The [`Purpose`] says what the argument is for; from it follow,
//! by the table [`Purpose::demand`], the shapes that will do and the fault of all
//! others. Some parameters take a kernel object or plain memory, as the caller
//! likes: they are `Open` and have a purpose for each way of calling.

use super::shape::Shapes;
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::checks::iter::IterType;
use crate::abstract_interp::checks::locks::LockOp;
use crate::abstract_interp::refusal::Fault;
use crate::abstract_interp::value::{DynptrType, Flags, Reg};
use crate::prelude::*;

/// The rule of one parameter.
#[derive(Clone, Debug)]
pub struct ArgRule<'a> {
    /// What it is for.
    pub purpose: Purpose<'a>,
    /// Null is an argument too.
    pub nullable: bool,
    /// How surely a pointer must be valid.
    pub trust: Trust,
    /// Its reference is given back.
    pub given_back: bool,
}

/// How surely a pointer must be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// As its purpose asks.
    AsIs,
    /// It cannot go away.
    Trusted,
    /// It cannot, or RCU keeps it.
    OrRcu,
}

/// What an argument is for.
#[derive(Clone, Debug)]
pub enum Purpose<'a> {
    /// The kernel fills it in.
    Implicit,
    /// A number.
    Number(Number),
    /// The program's context.
    Context,
    /// An owned object to free.
    Drop {
        /// There is one for each CPU.
        percpu: bool,
        /// Its trust is asked before its ownership.
        trusted: bool,
    },
    /// A counted object to refer to once more.
    Counted {
        /// It is passed at its start.
        at_start: bool,
    },
    /// A dynptr to use, of that kind if one is named.
    Dynptr(Option<DynptrType>),
    /// A dynptr to make.
    NewDynptr(DynptrType),
    /// A dynptr to make as a copy of the one before it.
    DynptrClone,
    /// An iterator.
    Iterator(Iterator<'a>),
    /// The head of a list or root of a tree.
    Collection(FieldKind),
    /// The node of an object.
    Node(Ownership),
    /// A constant string.
    Text,
    /// A map.
    Map {
        /// What else than a map itself will do.
        takes: Shapes,
        /// Its struct, if that is still to be compared.
        checked: bool,
    },
    /// A timer, work queue or task work in a map's value.
    Field(FieldKind),
    /// Saved interrupt flags.
    IrqFlags {
        /// They are to be saved, not restored.
        save: bool,
        /// A lock does it.
        lock: bool,
    },
    /// A resilient lock.
    Lock(LockOp),
    /// A callback.
    Function,
    /// A kernel object of this struct.
    Object(u32),
    /// Memory of this size, or of none that is known.
    Memory(Option<u32>),
    /// Memory with its size in the next argument.
    Sized(SizedMemory),
    /// One of several, by what is passed.
    Open(Box<Open<'a>>),
    /// Nothing that can be passed will do.
    Unfit(Unfit),
    /// No rule is known.
    Unmodelled,
}

/// How a number is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// In no way that matters.
    Any,
    /// It is known when loading.
    Known,
    /// It is the size of the memory returned.
    Returned {
        /// The memory may only be read.
        rdonly: bool,
    },
}

/// An iterator's rule.
#[derive(Clone, Copy, Debug)]
pub struct Iterator<'a> {
    /// The name, if its struct has one.
    pub name: Option<&'a str>,
    /// Its type.
    pub ty: IterType,
    /// It is to be made.
    pub new: bool,
    /// It is over the tasks of a css.
    pub css_task: bool,
}

/// Who owns the object whose node is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The program.
    Program,
    /// The program, or the collection it is in.
    Either,
    /// The collection, or the program: any reference, outside of comparing callbacks.
    Collection,
}

/// Memory with its size in the next argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizedMemory {
    /// Null will do in its place.
    pub optional: bool,
    /// The use of the size, if that is an argument of its own.
    pub size: Option<Number>,
    /// The size is known when loading.
    pub constant: bool,
}

/// Purposes by what is passed.
#[derive(Clone, Debug)]
pub struct Open<'a> {
    /// What counts as an object.
    pub objects: Shapes,
    /// The purpose of an object.
    pub object: Purpose<'a>,
    /// The purpose of anything else with a number after it, if a size follows.
    pub sized: Option<Purpose<'a>>,
    /// The purpose of the rest.
    pub alone: Purpose<'a>,
}

/// Why nothing will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The type is neither a number nor a pointer.
    Parameter(u32),
    /// An object, where the pointee is no struct.
    Object(u32),
    /// Memory of no plain data.
    Memory(u32),
    /// The same, its size after it.
    SizedMemory(u32),
    /// A struct that is neither passed as an object nor plain data.
    Struct(u32),
}

/// The fault of a register whose shape won't do.
pub type Otherwise = fn(&Reg) -> Fault;

impl Purpose<'_> {
    /// The shapes that will do, and the fault of others. None where what the
    /// register points at decides and not its shape.
    pub fn demand(&self) -> Option<(Shapes, Otherwise)> {
        let demand: (Shapes, Otherwise) = match self {
            Purpose::Context => (Shapes::Context, |_| Fault::ContextExpected),
            Purpose::Drop { .. } => (Shapes::Owned.or(Shapes::OwnedPercpu), |_| {
                Fault::ObjectExpected
            }),
            Purpose::Counted { .. } => (Shapes::ALLOCATED, |_| Fault::ObjectUnowned),
            Purpose::Iterator(_) => (Shapes::Stack, |_| Fault::IterExpected),
            Purpose::Node(Ownership::Program | Ownership::Either) => {
                (Shapes::Owned, |_| Fault::ObjectExpected)
            }
            Purpose::Text => (Shapes::Value, |_| Fault::StringExpected),
            Purpose::Field(_) => (Shapes::Value, |_| Fault::MapValueExpected),
            Purpose::Lock(_) => (Shapes::Value.or(Shapes::Owned), |_| {
                Fault::LockHolderExpected
            }),
            Purpose::Function => (Shapes::Function, |_| Fault::FunctionExpected),
            Purpose::Object(_) | Purpose::Map { checked: true, .. } => (Shapes::USABLE, |reg| {
                Fault::KernelObjectExpected { held: *reg }
            }),
            _ => return None,
        };
        Some(demand)
    }

    /// Whether a pointer for it must be as valid as the kfunc wants.
    pub const fn wants_trust(&self) -> bool {
        matches!(
            self,
            Purpose::Map { .. } | Purpose::Object(_) | Purpose::Drop { trusted: true, .. }
        )
    }

    /// Whether the object must be one that the program holds a reference to.
    pub fn wants_reference(&self, reg: &Reg) -> bool {
        match self {
            Purpose::Node(Ownership::Program | Ownership::Either) => true,
            Purpose::Drop { percpu, .. } => reg.flags.has(Flags::PERCPU) == *percpu,
            _ => false,
        }
    }

    /// Whether a lent object does as well.
    pub fn takes_lent(&self, reg: &Reg) -> bool {
        matches!(self, Purpose::Node(Ownership::Either))
            && reg.flags.has(Flags::NON_OWN_REF)
            && reg.ref_id.is_none()
    }

    /// Whether it is a dynptr, to use or to make.
    pub const fn is_dynptr(&self) -> bool {
        matches!(
            self,
            Purpose::Dynptr(_) | Purpose::NewDynptr(_) | Purpose::DynptrClone
        )
    }
}
