//! Every fault: its name, its evidence, its code.
//!
//! One row per rule that a kernel may find broken. A row is long where the evidence
//! is; it makes a variant of [`Fault`], one of [`Key`], the code, and the visit of
//! the fields, so that none of these can be forgotten for a new one. `off` is an
//! offset in bytes with the pointer's fixed part, `held` the register as it was,
//! `var` a variable offset, `limit` the most that is allowed, `expected` and `want`
//! what would have done.

use super::evidence::{
    Buffer, End, Evidence, Frames, IrqKind, Lock, Name, Open, Owner, RegClasses, Return, Section,
    Signed, StackObject, Tag, Value, Way,
};
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::checks::access::Dir;
use crate::abstract_interp::codes::Code;
use crate::abstract_interp::domain::Tnum;
use crate::abstract_interp::setup::fault::decode_code;
use crate::abstract_interp::value::{DynptrType, Reg};
use crate::programs::insn::{AluOp, DecodeFault};

/// Defines [`Fault`] and [`Key`] from rows `Name { field: Type } => code;`.
macro_rules! faults {
    ($($name:ident $({ $($field:ident: $ty:ty),* })? => $code:expr;)*) => {
        /// A rule that was broken, with its evidence.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "a fault's name and fields say what it is")]
        pub enum Fault {
            $($name $({ $($field: $ty),* })?,)*
        }

        /// The faults without their evidence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "as `Fault`")]
        pub enum Key {
            $($name,)*
        }

        impl Key {
            /// Every fault, in the order of the table.
            pub const ALL: &'static [Key] = &[$(Key::$name,)*];

            /// Its name in the table.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Key::$name => stringify!($name),)*
                }
            }

            /// The names of its fields, in their order.
            pub const fn fields(self) -> &'static [&'static str] {
                match self {
                    $(Key::$name => &[$($(stringify!($field)),*)?],)*
                }
            }
        }

        impl Fault {
            /// The stable code.
            #[expect(unused_variables, reason = "few codes depend on the evidence")]
            pub const fn code(&self) -> Code {
                match self {
                    $(Fault::$name { $($($field),*)? } => $code,)*
                }
            }

            /// Which fault it is.
            pub const fn key(&self) -> Key {
                match self {
                    $(Fault::$name { .. } => Key::$name,)*
                }
            }

            /// Shows every field, in their order.
            pub fn each(&self, show: &mut dyn FnMut(&'static str, Value<'_>)) {
                match self {
                    $(Fault::$name { $($($field),*)? } => {
                        $($(show(stringify!($field), $field.value());)*)?
                    })*
                }
            }
        }
    };
}

/// The code of a plain access to a field of a map's value.
const fn value_field(field: FieldKind) -> Code {
    match field {
        FieldKind::SpinLock | FieldKind::ResSpinLock => Code::SpinLock,
        FieldKind::ListHead | FieldKind::ListNode | FieldKind::RbNode => Code::Graph,
        FieldKind::Timer | FieldKind::Wq | FieldKind::TaskWork => Code::TimerWq,
        _ => Code::SpecialField,
    }
}

/// The code of a pointer that should lead to the field.
const fn field_argument(field: FieldKind) -> Code {
    match field {
        FieldKind::SpinLock | FieldKind::ResSpinLock => Code::SpinLock,
        FieldKind::Timer | FieldKind::Wq | FieldKind::TaskWork => Code::TimerWq,
        FieldKind::KptrUnref | FieldKind::KptrRef | FieldKind::KptrPercpu | FieldKind::Uptr => {
            Code::Kptr
        }
        _ => Code::SpecialField,
    }
}

faults! {
    // Registers and the shape of the program.
    RegisterAbsent => Code::InvalidRegister;
    Unwritten => Code::UninitRegister;
    FramePointer => Code::FramePointerWrite;
    Trap => Code::UninitRegister;
    Undecodable { fault: DecodeFault } => decode_code(*fault);
    NoInstructions => Code::ProgramTooLarge;
    TooManySlots { count: u64, limit: u64 } => Code::ProgramTooLarge;
    CallsPrivileged => Code::Privilege;
    TypePrivileged { name: Name, capability: Name } => Code::Privilege;
    MapPrivileged { name: Name, capability: Name } => Code::Privilege;
    HelperPrivileged { name: Name, id: i64, capability: Name } => Code::Privilege;
    KfuncPrivileged { name: Name, capability: Name } => Code::Privilege;
    StructPrivileged { name: Name } => Code::Privilege;
    ArenaPrivileged => Code::Privilege;
    OptionMissing { kind: Name, name: Name, option: Name } => Code::KernelOption;
    HelperOption { name: Name, id: i64, option: Name } => Code::FuncNotAllowed;
    KfuncInterpreted => Code::KernelOption;
    CallbackInterpreted => Code::KernelOption;
    TailCallInterpreted => Code::KernelOption;
    ArenaInterpreted => Code::KernelOption;
    AddressReturned => Code::PointerLeak;
    AddressIntoMap => Code::PointerLeak;
    AddressIntoMemory => Code::PointerLeak;
    AddressIntoPacket => Code::PointerLeak;
    AddressIntoFlowKeys => Code::PointerLeak;
    AddressIntoHelper => Code::PointerLeak;
    AddressIntoContext => Code::CtxPointerLeak;
    AddressCompared => Code::PointerCompare;
    AddressCopiedInPart => Code::PartialPointer;
    AddressExtended => Code::PartialPointer;
    AddressChanged => Code::PointerArith;
    SavedAddressRead { off: i64 } => Code::PointerLeak;
    SavedAddressMangled => Code::StackSpillCorrupt;
    SavedInRange { off: i64 } => Code::StackSpillCorrupt;
    SpeculativeSigns { held: Reg } => Code::PointerSpeculation;
    SpeculativeKind { held: Reg } => Code::PointerSpeculation;
    SpeculativePaths => Code::PointerSpeculation;
    SpeculativeLimit { held: Reg } => Code::PointerSpeculation;
    SpeculativeValue { held: Reg } => Code::PointerSpeculation;
    SpeculativeStack { off: i64 } => Code::PointerSpeculation;
    SpeculativeStackVariable { var: Tnum, off: i64 } => Code::PointerSpeculation;
    SpeculativeStackAccess { var: Tnum } => Code::PointerSpeculation;
    TailCallMaps => Code::TailCallStack;
    CallOutside { target: i64 } => Code::CallDestination;
    CallNowhere => Code::CallDestination;
    CallRefused => Code::Kfunc;
    TooManyFunctions { limit: u64 } => Code::TooManySubprogs;
    JumpOutside { target: i64 } => Code::JumpOutOfRange;
    JumpIntoWide => Code::JumpOutOfRange;
    NoJumpTable => Code::JumpOutOfRange;
    JumpTableOutside { target: i64 } => Code::JumpOutOfRange;
    RunsOffEnd => Code::FallThrough;
    InsnIndex => Code::FallThrough;
    Unreachable => Code::UnreachableInsn;
    BackEdge { target: i64 } => Code::BackEdge;
    LoopUnchanged => Code::InfiniteLoop;
    Complexity { processed: u64 } => Code::ProgramTooLarge;
    HistoryTooLong { entries: u64 } => Code::HistoryTooLong;
    PendingBranches { count: u64 } => Code::TooManyJumps;
    ZeroDivisor => Code::DivByZero;
    ShiftCount { count: i64 } => Code::InvalidShift;
    JumpRegister { held: Reg } => Code::JumpTable;
    JumpOffset { bound: u64 } => Code::SumTooBig;
    JumpIndex { low: u64, high: u64, entries: u64 } => Code::JumpOutOfRange;
    NoEntry => Code::JumpTable;

    // Stack depth, and where calls may stand.
    FramesTooDeep { frames: u64 } => Code::CallDepth;
    FrameTooBig { subprog: u64, bytes: u64, chain: Frames } => Code::StackTooBig;
    FramesTooBig { frames: u64, bytes: u64, chain: Frames } => Code::StackTooBig;
    TailCallDeep { bytes: u64 } => Code::TailCallStack;
    TailCallInExceptionCallback => Code::TailCallStack;
    EndsUntypedFunction { way: Way } => way.ends_function();
    EndsFunctionOfNoInt { way: Way } => way.ends_function();
    ExceptionCallbackCalled => Code::Exception;
    ExceptionCallbackArgs => Code::Exception;
    ExceptionTags => Code::Callback;
    ExceptionCallbackAbsent { name: Name } => Code::Callback;
    ExceptionCallbackStatic { name: Name } => Code::Callback;
    ThrowInCallback { subprog: u64 } => Code::Callback;
    CallbackOfMaps => Code::TailCallStack;
    LoopCountPointer => Code::VerifierDefect;
    AddressDead { slot: u64 } => Code::VerifierDefect;
    LoopUnseen => Code::VerifierDefect;
    TailCallLater => Code::VerifierDefect;
    StackArgument { off: i64 } => Code::StackArgs;
    CallbackOfMap => Code::Callback;
    CallbackGlobal => Code::Callback;
    FuncInfoMissing => Code::BtfMissing;
    FuncInfoCount => Code::LineInfo;
    CallReserved => Code::ReservedField;
    CallUnderLock => Code::HoldingLock;
    GlobalInPreempt => Code::SubprogArgs;
    GlobalUnderLock => Code::SubprogArgs;

    // Memory in general.
    NotMemory { held: Reg } => Code::MemAccessType;
    OffsetNegative { smin: i64 } => Code::MinNegative;
    SizeNegative { smin: i64 } => Code::MinNegative;
    OffsetUnbounded { umax: u64 } => Code::Unbounded;
    SizeUnbounded { umax: u64 } => Code::Unbounded;
    ZeroSize => Code::MemLenPair;
    ZeroSizePossible { umin: i64, umax: i64 } => Code::MemLenPair;
    MapKeyOutside { end: End, off: i64, size: u64, limit: u64 } => Code::MapValueOob;
    MapValueOutside { end: End, off: i64, size: u64, limit: u64 } => Code::MapValueOob;
    MemoryOutside { end: End, off: i64, size: u64, limit: u64 } => Code::MemRegionOob;
    FlowKeysOutside { off: i64, size: u64 } => Code::MemRegionOob;
    PacketReadOnly => Code::PacketWrite;
    PacketSliceReadOnly => Code::PacketWrite;
    PacketUnchecked => Code::PacketOob;
    PacketOutside { off: i64, size: u64, range: i64 } => Code::PacketOob;
    ReadOnlyMemory { held: Reg } => Code::ReadOnlyWrite;
    ContextField { off: i64, size: u64 } => Code::CtxAccess;
    ContextImmediate => Code::CtxStore;
    SocketField { held: Reg, off: i64, size: u64 } => Code::SockAccess;
    BufferNegative { buffer: Buffer, off: i64, size: u64 } => Code::BufferAccess;
    BufferVariable { off: i64, var: Tnum } => Code::BufferAccess;
    Misaligned { held: Reg, var: Tnum, off: i64, size: u64 } => Code::Misaligned;
    MixedPointers => Code::SameInsn;
    MixedArena => Code::SameInsn;
    AtomicLoad { held: Reg } => Code::Atomic;
    AtomicStore { held: Reg } => Code::Atomic;
    LegacyLoadProgram => Code::LdAbs;
    LegacyLoadContext => Code::LdAbs;

    // Pointers that must be as they were given, and arithmetic on pointers.
    PointerNegative { held: Reg, off: i64 } => Code::NegativeOffset;
    PointerModified { held: Reg, off: i64 } => Code::CtxModified;
    PointerVariable { held: Reg, var: Tnum } => Code::CtxVarOff;
    PointerReleasedInside { off: i64 } => Code::ReleaseOffset;
    PointerWithPointer { op: AluOp } => Code::PointerArith;
    PointerNarrow => Code::PointerArith;
    PointerMaybeNull { held: Reg } => Code::PointerArith;
    PointerFixed { held: Reg } => Code::PointerArith;
    NumberMinusPointer => Code::PointerArith;
    StackPointerMinus => Code::PointerArith;
    PointerBitwise { op: AluOp } => Code::PointerArith;
    PointerOperator { op: AluOp } => Code::PointerArith;
    MathConstant { held: Reg, value: i64 } => Code::PointerArith;
    MathUnbounded { held: Reg } => Code::Unbounded;
    MathOutside { held: Reg, smin: i64 } => Code::MemRegionOob;
    PointerOffset { held: Reg, off: i64 } => Code::ZeroOffset;
    ArenaCastSpaces => Code::Arena;
    ArenaCastAlone => Code::Arena;

    // The stack.
    StackUnbounded { dir: Dir } => Code::StackOob;
    StackOutside { dir: Dir, off: i64, size: u64 } => Code::StackOob;
    StackOutsideVariable { dir: Dir, var: Tnum, off: i64, size: u64 } => Code::StackOob;
    StackVariableStore { var: Tnum, off: i64, size: u64 } => Code::StackVariable;
    StackVariableArgument { var: Tnum, off: i64, size: u64 } => Code::StackVariable;
    StackUnreadable { off: i64, byte: u64, size: u64 } => Code::StackOob;
    StackArgumentUnreadable { off: i64, byte: u64, size: u64 } => Code::StackOob;
    StackArgumentUnreadableVariable { var: Tnum, byte: u64, size: u64 } => Code::StackOob;
    FillPartial => Code::StackSpillCorrupt;
    SpillPartial => Code::StackSpillCorrupt;
    SpillIntoCaller => Code::CrossFrame;
    StackPointerReturned => Code::CrossFrame;
    DynptrOverwritten => Code::Dynptr;
    DynptrWritten { off: i64 } => Code::Dynptr;
    ObjectNotOnStack { object: StackObject } => object.code();
    ObjectVariable { object: StackObject } => object.code();
    ObjectOffset { object: StackObject, off: i64 } => object.code();
    DynptrExpected => Code::TypeMismatch;
    DynptrConst => Code::Dynptr;
    DynptrUninit => Code::Dynptr;
    DynptrKind { want: DynptrType } => Code::Dynptr;
    DynptrTaken => Code::Dynptr;
    DynptrSource { held: Reg } => Code::Dynptr;
    DynptrConstReleased => Code::Dynptr;
    IrqFlagTaken => Code::Irq;
    IrqFlagUninit => Code::Irq;
    IrqFlagKind { have: IrqKind, want: IrqKind } => Code::Irq;
    IrqOrder { id: u64 } => Code::Irq;
    IterTaken { name: Name } => Code::Iterator;
    IterUninit { name: Name } => Code::Iterator;
    IterWithoutRcu { name: Name } => Code::Rcu;
    IterExpected => Code::TypeMismatch;
    IterUnnamed => Code::Iterator;
    IterCssTask => Code::Sleepable;

    // Fields with rules of their own, in map values and objects.
    FieldAccessed { field: FieldKind } => value_field(*field);
    FieldPassed { field: FieldKind } => Code::Kptr;
    FieldVariable { field: FieldKind } => Code::Kptr;
    FieldMisaligned { field: FieldKind, expected: i64, off: i64 } => Code::Misaligned;
    FieldWidth { field: FieldKind, size: u64 } => Code::Kptr;
    FieldOfObject { field: FieldKind } => field.access_code();
    FieldOffset { field: FieldKind } => field_argument(*field);
    FieldUntypedMap { field: FieldKind, map: Name } => field_argument(*field);
    FieldAbsent { field: FieldKind, owner: Owner } => field_argument(*field);
    FieldElsewhere { field: FieldKind, off: i64, expected: i64 } => field_argument(*field);
    FieldNotInMap { field: FieldKind } => field_argument(*field);
    FieldNotFound { field: FieldKind, off: i64 } => Code::Graph;
    KptrAbsent => Code::Kptr;
    KptrElsewhere { off: i64 } => Code::Kptr;
    KptrUnreferenced { off: i64 } => Code::Kptr;
    KptrStored => Code::Kptr;
    UptrStored => Code::Kptr;
    KptrImmediate { off: i64 } => Code::Kptr;
    KptrMode => Code::Kptr;
    KptrStoredType { held: Reg } => Code::TypeMismatch;
    KptrExchangedType { held: Reg } => Code::KptrType;
    TimerOfOtherMap { uid: u64, other: u64 } => Code::TimerWq;
    WorkqueueOfOtherMap { uid: u64, other: u64 } => Code::MapPtrField;
    LockedTwo => Code::SpinLock;
    LockedAgain => Code::SpinLock;
    UnlockMissing => Code::SpinLock;
    UnlockedFree { lock: Lock } => Code::SpinLock;
    UnlockedOther { lock: Lock } => Code::SpinLock;
    UnlockedOrder { lock: Lock } => Code::SpinLock;
    LockedInNodeCallback => Code::SpinLock;
    LockMissing { field: FieldKind, off: i64 } => Code::SpinLock;
    LockOfOther { field: FieldKind, off: i64 } => Code::SpinLock;
    CollectionUntyped => Code::Graph;
    CollectionExpected => Code::TypeMismatch;
    NodeOfNoObject => Code::Graph;
    NodeOfOther { root: FieldKind, node: FieldKind, want: Name, expected: i64, have: Name, off: i64 } => Code::Graph;
    NodeElsewhere { node: FieldKind, want: Name, expected: i64, off: i64 } => Code::Graph;
    NodeReference { name: Name } => Code::Graph;
    NodeInCallback { name: Name } => Code::Graph;
    ObjectUnreferenced => Code::ObjNew;
    ObjectUnowned => Code::Graph;
    ObjectUncounted => Code::SpecialField;

    // Maps.
    MapReadOnly { limit: u64, off: i64, size: u64 } => Code::ReadOnlyWrite;
    MapWriteOnly { limit: u64, off: i64, size: u64 } => Code::ReadOnlyWrite;
    MapUnchangeable => Code::ReadOnlyWrite;
    MapKeyWritten => Code::ReadOnlyWrite;
    JumpTableWritten { off: i64, size: u64 } => Code::ReadOnlyWrite;
    JumpTableWidth { size: u64 } => Code::JumpTable;
    MapPointerAccessed { map_type: u64 } => Code::MapPtrField;
    MapStructNegative { name: Name, off: i64 } => Code::BtfAccess;
    MapStructWritten { name: Name } => Code::ReadOnlyWrite;
    MapOfHelper { map_type: u64, name: Name, id: i64 } => Code::MapFunc;
    SockmapUpdated { map_type: u64, name: Name, id: i64 } => Code::MapFunc;
    SockmapValue => Code::SockMap;
    TailCallMap => Code::TailCallStack;
    MapExpected => Code::MapPtrField;
    TooManyMaps { limit: u64 } => Code::TooManyMaps;
    MapOfTracing { field: FieldKind } => Code::MapProgCompat;
    MapOfTracingCollections => Code::MapProgCompat;
    MapOfSocketFilter => Code::MapProgCompat;
    MapOfStructOps => Code::MapProgCompat;
    MapOfSleepable { map_type: u64 } => Code::MapProgCompat;
    CgroupStorageTwice => Code::MapProgCompat;
    ArenaTwice => Code::Arena;
    ArenaSignExtended => Code::Arena;
    MapFd { fd: i64 } => Code::MapLoad;
    MapValueOffset { off: u64 } => Code::MapLoad;
    MapValuePointer { limit: u64, off: u64 } => Code::MapValueOob;
    MapNotDirect => Code::MapLoad;
    ReferenceUnknown => Code::UnknownOpcode;
    KsymKind { id: u64 } => Code::BtfMissing;
    KsymUnsized { name: Name } => Code::MapLoad;

    // Kernel objects by their types.
    StructLicence { name: Name } => Code::GplOnly;
    StructNegative { name: Name, off: i64 } => Code::BtfAccess;
    StructVariable { name: Name, off: i64 } => Code::BtfAccess;
    StructOfUser { name: Name, off: i64 } => Code::BtfAccess;
    StructPercpu { name: Name, off: i64 } => Code::BtfAccess;
    StructReadOnly => Code::ReadOnlyWrite;
    MemberReadOnly { off: i64, size: u64 } => Code::ReadOnlyWrite;
    NotStruct { name: Name } => Code::BtfAccess;
    StructBeyond { name: Name, off: u64, size: u64 } => Code::BtfAccess;
    StructNesting => Code::BtfAccess;
    MemberUnsized { member: Name } => Code::BtfAccess;
    MemberAbsent { name: Name, off: u64 } => Code::BtfAccess;
    MemberPointerPart { name: Name, member: Name, start: u64, off: u64, size: u64 } => Code::BtfAccess;
    MemberBeyond { name: Name, member: Name, end: u64, off: u64, size: u64 } => Code::BtfAccess;

    // Calls of helpers.
    HelperUnknown { id: i64 } => Code::UnknownFunc;
    HelperAbsent { name: Name, id: i64 } => Code::UnknownFunc;
    HelperOptionAbsent { name: Name, id: i64, option: Name } => Code::UnknownFunc;
    HelperForbidden { name: Name, id: i64 } => Code::FuncNotAllowed;
    HelperInProbe => Code::FuncNotAllowed;
    HelperLicence => Code::GplOnly;
    HelperSleeps { name: Name, id: i64, section: Section } => section.sleep_code();
    HelperMightSleep => Code::Sleepable;
    HelperAttach { name: Name } => Code::AttachTarget;
    HelperProgram { name: Name, prog_type: u64 } => Code::HelperConfig;
    HelperFlags => Code::HelperConfig;
    HelperNotAcquired { name: Name, id: i64 } => Code::RefNotAcquired;
    RetvalOfVoid => Code::ProgReturn;
    FormatString => Code::ConstStr;

    // Arguments.
    ArgumentKind { held: Reg, expected: RegClasses } => Code::TypeMismatch;
    ArgumentMemory { held: Reg } => Code::TypeMismatch;
    ArgumentPacket => Code::HelperPacket;
    ArgumentWritten { name: Name, held: Reg } => Code::HelperWrite;
    ArgumentNull => Code::NullArg;
    ArgumentNullTrusted => Code::NullArg;
    ArgumentUnreferenced => Code::RefNotAcquired;
    ArgumentUnacquired => Code::RefArgs;
    ArgumentsReferenced { id: u64, other: u64 } => Code::RefArgs;
    ArgumentNotScalar => Code::ScalarExpected;
    ArgumentNotKnown => Code::MustBeConst;
    ArgumentSizeNotKnown => Code::MustBeConst;
    ArgumentStruct { have: Name, want: Name } => Code::RegTypeMismatch;
    ArgumentNotString => Code::ConstStr;
    ArgumentNotReadOnlyMap => Code::ReadOnlyMap;
    ArgumentAddress => Code::MustBeConst;
    StringUnterminated => Code::ConstStr;
    TypeUnsized { name: Name } => Code::SizeUnresolved;
    ArgumentNotTrusted => Code::RefState;
    ArgumentNotRcu => Code::RefState;
    ArgumentContext => Code::CtxExpected;
    ArgumentNonNull => Code::RefArgs;
    ArgumentArena => Code::Arena;
    ContextExpected => Code::TypeMismatch;
    ObjectExpected => Code::TypeMismatch;
    FunctionExpected => Code::TypeMismatch;
    StringExpected => Code::ConstStr;
    MapValueExpected => Code::SpecialField;
    LockHolderExpected => Code::SpecialField;
    StructExpected { held: Reg, name: Name } => Code::WrongStruct;
    KernelObjectExpected { held: Reg } => Code::WrongStruct;
    StructArgument { name: Name, want: Name, have: Name } => Code::TypeMismatch;
    MemoryArgument { ty: Name } => Code::SizeUnresolved;
    SizedMemoryArgument { ty: Name } => Code::SizeUnresolved;
    ArgumentUnsized => Code::SizeUnresolved;

    // Calls of kernel functions.
    KfuncUnnamed => Code::Kfunc;
    KfuncLicence => Code::GplOnly;
    KfuncForbidden { name: Name } => Code::Kfunc;
    KfuncNeedsSleepable { name: Name } => Code::Sleepable;
    KfuncSleeps { name: Name, section: Section } => section.sleep_code();
    KfuncSleepsInSection { name: Name, section: Section } => section.code();
    KfuncNeedsRcu { name: Name } => Code::Rcu;
    KfuncNotAcquired { name: Name } => Code::RefNotAcquired;
    KfuncReleasesNothing { name: Name } => Code::RefNotAcquired;
    KfuncReleasesUnreferenced { name: Name } => Code::RefNotAcquired;
    KfuncReturn { name: Name } => Code::Kfunc;
    KfuncPointer { name: Name, ty: Name } => Code::Kfunc;
    KfuncParameter { ty: Name } => Code::FuncProtoArgs;
    KfuncParameters { name: Name, count: u64, limit: u64 } => Code::FuncProtoArgs;
    KfuncBufferSizes => Code::Kfunc;
    KfuncBufferSize => Code::MustBeConst;
    KfuncOfDevice => Code::Kfunc;
    NewTypeId { id: u64 } => Code::ObjNew;
    NewUntyped => Code::ObjNew;
    NewNotStruct => Code::ObjNew;
    NewPercpuSize { size: u64, limit: u64 } => Code::ObjNew;
    NewPercpuPointers => Code::ObjNew;
    NewPercpuFields => Code::ObjNew;
    ObjectInTracing { name: Name } => Code::ObjNew;
    DropExpected => Code::ObjNew;
    DropPercpuExpected => Code::ObjNew;
    CastType => Code::Kfunc;
    CastUnknown { id: u64 } => Code::Kfunc;
    ContextNoStruct => Code::Kfunc;

    // References and sections.
    ReferenceHeld { id: u64, acquired: u64, way: Way } => way.or(Code::RefLeak);
    SectionOpen { open: Open, way: Way } => way.or(open.code());
    RcuInNodeCallback => Code::Rcu;
    RcuNested { name: Name } => Code::Rcu;
    RcuUnmatched { name: Name } => Code::Rcu;
    PreemptUnmatched { name: Name } => Code::Preempt;
    GlobalSleeps { section: Section } => section.sleep_code();
    GlobalMightSleep => Code::SleepInPreempt;

    // What functions and programs return.
    ReturnKind { end: Return, held: Reg } => end.code();
    ReturnRange { end: Return, value: Signed, min: i64, max: i64 } => end.code();
    SubprogReturnKind { held: Reg } => Code::SubprogReturn;
    CallbackReturnKind => Code::SubprogReturn;

    // Prototypes of global functions.
    GlobalUntyped => Code::BtfMissing;
    FunctionUntyped { subprog: u64 } => Code::BtfMissing;
    FunctionWithoutProto { name: Name } => Code::BtfMissing;
    GlobalParameters { name: Name, count: u64, limit: u64 } => Code::SubprogArgs;
    GlobalReturn { name: Name } => Code::SubprogArgs;
    ParameterTagStatic { arg: u64 } => Code::SubprogArgs;
    ParameterTagUnknown { arg: u64 } => Code::FuncProtoArgs;
    ParameterTags { arg: u64 } => Code::FuncProtoArgs;
    ParameterTagAlone { arg: u64, tag: Tag } => Code::FuncProtoArgs;
    ParameterTagNumber { arg: u64 } => Code::FuncProtoArgs;
    ParameterTagContext { arg: u64 } => Code::FuncProtoArgs;
    ParameterType { arg: u64, name: Name, ty: Name } => Code::FuncProtoArgs;
    ParameterUnsized { arg: u64, ty: Name } => Code::SizeUnresolved;
    ParameterStruct { arg: u64, name: Name } => Code::FuncProtoArgs;

    // Attachment and licence.
    SyscallNotSleepable => Code::Sleepable;
    ProgramNotSleepable => Code::Sleepable;
    AttachUnknown { name: Name } => Code::AttachTarget;
    AttachNowhere => Code::BtfMissing;
    AttachNotTypedef { id: u64 } => Code::AttachTarget;
    AttachName { id: u64, name: Name } => Code::AttachTarget;
    AttachNotPointer { name: Name } => Code::AttachTarget;
    AttachNotFaultable { name: Name } => Code::AttachTarget;
    AttachNotFunction { id: u64 } => Code::AttachTarget;
    AttachNotIterator { id: u64 } => Code::AttachTarget;
    AttachDenied { name: Name } => Code::AttachTarget;
    AttachNoReturn { name: Name } => Code::AttachTarget;
    AttachNotModifiable { name: Name } => Code::AttachNotModifiable;
    AttachNotSleepable { name: Name } => Code::AttachNotSleepable;
    AttachHookDisabled { id: u64, name: Name } => Code::AttachHookDisabled;
    AttachNoStruct => Code::AttachTarget;
    AttachStruct { id: u64 } => Code::AttachTarget;
    AttachMemberUnsupported { member: Name, name: Name } => Code::AttachTarget;
    AttachMember { member: Name, name: Name } => Code::AttachTarget;
    LsmLicence => Code::GplOnly;
    StructOpsLicence => Code::GplOnly;
}
