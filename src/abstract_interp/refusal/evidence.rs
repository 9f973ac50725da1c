//! The types of evidence that faults carry, beside those of the engine's own rooms.

use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::checks::access::Dir;
use crate::abstract_interp::codes::Code;
use crate::abstract_interp::domain::Tnum;
use crate::abstract_interp::value::{DynptrType, Reg};
use crate::helpers_spec::RegClass;
use crate::prelude::*;
use crate::programs::insn::{AluOp, DecodeFault};

/// A name from the object, the kernel's types or a table: outlets escape it.
pub type Name = Box<str>;

/// What ends, or may end, the walk with all that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The program's exit.
    Exit,
    /// A tail call.
    TailCall,
    /// A legacy packet load.
    LegacyLoad,
    /// An exception.
    Throw,
}

impl Way {
    /// The code of what is held here: of a tail call, that is misuse of it.
    pub const fn or(self, code: Code) -> Code {
        match self {
            Way::TailCall => Code::TailCallStack,
            _ => code,
        }
    }

    /// The code where it may not end a function.
    pub const fn ends_function(self) -> Code {
        match self {
            Way::LegacyLoad => Code::LdAbs,
            _ => Code::TailCallStack,
        }
    }
}

/// A section in which programs may not sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// An RCU read section.
    Rcu,
    /// Without preemption.
    Preempt,
    /// Without interrupts.
    Irq,
    /// Under a spin lock.
    Lock,
    /// The whole of a program that may not sleep.
    Program,
}

impl Section {
    /// The code of sleeping in it.
    pub const fn sleep_code(self) -> Code {
        match self {
            Section::Rcu => Code::SleepInRcu,
            Section::Preempt => Code::SleepInPreempt,
            Section::Irq | Section::Lock | Section::Program => Code::Sleepable,
        }
    }

    /// The code of misusing it.
    pub const fn code(self) -> Code {
        match self {
            Section::Rcu => Code::Rcu,
            Section::Preempt => Code::Preempt,
            Section::Irq => Code::Irq,
            Section::Lock => Code::SpinLock,
            Section::Program => Code::Sleepable,
        }
    }
}

/// A section that was not left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open(pub Section);

impl Open {
    /// The code of ending while in it.
    pub const fn code(self) -> Code {
        match self.0 {
            Section::Rcu => Code::RcuAtEnd,
            other => other.code(),
        }
    }
}

/// The bound of an offset that leaves a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// A buffer whose size is known only when attaching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// For reading.
    ReadOnly,
    /// For reading and writing.
    ReadWrite,
    /// The arguments of a writable raw tracepoint.
    Tracepoint,
}

/// What lives in stack slots by protocols of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackObject {
    /// A dynptr.
    Dynptr,
    /// An iterator.
    Iter,
    /// Saved interrupt flags.
    IrqFlag,
}

impl StackObject {
    /// The code of a pointer to none.
    pub const fn code(self) -> Code {
        match self {
            StackObject::Dynptr => Code::Dynptr,
            StackObject::Iter => Code::Iterator,
            StackObject::IrqFlag => Code::Irq,
        }
    }
}

/// Who saved interrupt flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrqKind {
    /// `bpf_local_irq_save`.
    Native,
    /// A resilient lock.
    Lock,
}

/// The two kinds of spin lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// `bpf_spin_lock`.
    Plain,
    /// `bpf_res_spin_lock`.
    Resilient,
}

/// What a field was looked for in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The value of the map of this name.
    Map(Name),
    /// An allocated object.
    Object,
}

/// Where a returned value is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// At the program's end.
    Program,
    /// At a callback's end.
    Callback,
    /// At the end of a callback that runs later.
    AsyncCallback,
    /// Where a hook's return value is set.
    SetRetval,
}

impl Return {
    /// The code of a value outside the range.
    pub const fn code(self) -> Code {
        match self {
            Return::Callback | Return::AsyncCallback => Code::Callback,
            Return::Program | Return::SetRetval => Code::ProgReturn,
        }
    }
}

/// A signed range; the whole of `i64` is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Least.
    pub min: i64,
    /// Greatest.
    pub max: i64,
}

/// A declaration tag of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `arg:untrusted`.
    Untrusted,
    /// `arg:arena`.
    Arena,
}

/// The register types that an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegClasses(pub &'static [RegClass]);

/// A function's part of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Index of the function.
    pub subprog: u32,
    /// Its bytes, rounded as the target rounds.
    pub bytes: u32,
    /// The slot that calls the function or hands it on; none of the outermost.
    pub from: Option<u32>,
}

/// The frames on one stack, from the outermost.
pub type Frames = Box<[Frame]>;

/// Any piece of evidence, for those who show a fault field by field.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each holds the type of its name")]
pub enum Value<'a> {
    Number(i64),
    Unsigned(u64),
    Name(&'a str),
    Held(&'a Reg),
    Tnum(Tnum),
    Undecodable(DecodeFault),
    Dir(Dir),
    Field(FieldKind),
    Operator(AluOp),
    Dynptr(DynptrType),
    Way(Way),
    Section(Section),
    Open(Open),
    End(End),
    Buffer(Buffer),
    Object(StackObject),
    Irq(IrqKind),
    Lock(Lock),
    Owner(&'a Owner),
    Return(Return),
    Signed(Signed),
    Tag(Tag),
    Classes(RegClasses),
    Frames(&'a [Frame]),
}

impl Value<'_> {
    /// The value as a number, if it is one.
    pub fn number(&self) -> Option<i64> {
        match *self {
            Value::Number(n) => Some(n),
            Value::Unsigned(n) => i64::try_from(n).ok(),
            _ => None,
        }
    }
}

/// A type that faults may have fields of.
pub(super) trait Evidence {
    /// The field, as any piece of evidence.
    fn value(&self) -> Value<'_>;
}

macro_rules! evidence {
    ($($ty:ty: $variant:ident;)*) => {
        $(impl Evidence for $ty {
            fn value(&self) -> Value<'_> {
                Value::$variant(*self)
            }
        })*
    };
}

evidence! {
    i64: Number;
    u64: Unsigned;
    Tnum: Tnum;
    DecodeFault: Undecodable;
    Dir: Dir;
    FieldKind: Field;
    AluOp: Operator;
    DynptrType: Dynptr;
    Way: Way;
    Section: Section;
    Open: Open;
    End: End;
    Buffer: Buffer;
    StackObject: Object;
    IrqKind: Irq;
    Lock: Lock;
    Return: Return;
    Signed: Signed;
    Tag: Tag;
    RegClasses: Classes;
}

impl Evidence for Name {
    fn value(&self) -> Value<'_> {
        Value::Name(self)
    }
}

impl Evidence for Reg {
    fn value(&self) -> Value<'_> {
        Value::Held(self)
    }
}

impl Evidence for Frames {
    fn value(&self) -> Value<'_> {
        Value::Frames(self)
    }
}

impl Evidence for Owner {
    fn value(&self) -> Value<'_> {
        Value::Owner(self)
    }
}
