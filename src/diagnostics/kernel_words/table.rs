//! The key words, one row per fault.
//!
//! They are the few words that stay the same however a kernel dresses a message, and
//! by which people search for it and logs are classified. In braces stands what the
//! words have in their midst: `reg`, `arg` (a register counted as an argument),
//! `insn`, or a field of the fault. Fields that a row leaves out follow its words as
//! `name=value`. Where earlier series used other words, a row ends with them.

use super::Row;
use crate::abstract_interp::refusal::Key;

/// Defines [`rows`] from rows `Name: "words", before 6 13 "older words";`.
macro_rules! words {
    ($($name:ident: $text:literal $(, before $major:literal $minor:literal $older:literal)*;)*) => {
        /// The words of one fault: older ones first, today's last.
        pub(super) const fn rows(key: Key) -> &'static [Row] {
            match key {
                $(Key::$name => &[
                    $(Row { before: Some(($major, $minor)), text: $older },)*
                    Row { before: None, text: $text },
                ],)*
            }
        }
    };
}

words! {
    // Registers and the shape of the program.
    RegisterAbsent: "R{reg} is invalid";
    Unwritten: "R{reg} !read_ok";
    FramePointer: "frame pointer is read only";
    Trap: "unexpected __bpf_trap()";
    Undecodable: "{fault}";
    NoInstructions: "the program is empty";
    TooManySlots: "too many instructions";
    CallsPrivileged: "other bpf or kernel functions are allowed for CAP_BPF";
    TypePrivileged: "EPERM";
    MapPrivileged: "EPERM";
    HelperPrivileged: "program of this type cannot use helper {name}#{id}", before 6 9 "unknown func {name}#{id}";
    KfuncPrivileged: "{name} kfunc calls require {capability}";
    StructPrivileged: "'struct {name}' access is allowed only to CAP_PERFMON";
    OptionMissing: "EINVAL";
    HelperOption: "program of this type cannot use helper {name}#{id}";
    HelperOptionAbsent: "unknown func {name}#{id}";
    KfuncInterpreted: "JIT is required for calling kernel function";
    CallbackInterpreted: "callbacks are not allowed in non-JITed programs";
    TailCallInterpreted: "mixing of tail_calls and bpf-to-bpf calls is not supported";
    ArenaInterpreted: "JIT is required to use arena";
    ArenaPrivileged: "CAP_BPF and CAP_PERFMON are required to use arena";
    AddressReturned: "R{reg} leaks addr as return value";
    AddressIntoMap: "R{reg} leaks addr into map";
    AddressIntoMemory: "R{reg} leaks addr into mem";
    AddressIntoPacket: "R{reg} leaks addr into packet";
    AddressIntoFlowKeys: "R{reg} leaks addr into flow keys";
    AddressIntoHelper: "R{reg} leaks addr into helper function";
    AddressIntoContext: "R{reg} leaks addr into ctx";
    AddressCompared: "R{reg} pointer comparison prohibited";
    AddressCopiedInPart: "R{reg} partial copy of pointer";
    AddressExtended: "R{reg} sign-extension part of pointer";
    AddressChanged: "R{reg} pointer arithmetic prohibited";
    SavedAddressRead: "leaking pointer from stack off {off}";
    SavedAddressMangled: "attempt to corrupt spilled pointer on stack";
    SavedInRange: "spilled ptr in range of var-offset stack write";
    SpeculativeSigns: "R{reg} has unknown scalar with mixed signed bounds, pointer arithmetic with it prohibited for !root";
    SpeculativeKind: "R{reg} has pointer with unsupported alu operation, pointer arithmetic with it prohibited for !root";
    SpeculativePaths: "R{reg} from different maps, paths or scalars, pointer arithmetic with it prohibited for !root";
    SpeculativeLimit: "R{reg} beyond pointer bounds, pointer arithmetic with it prohibited for !root";
    SpeculativeValue: "R{reg} pointer arithmetic of map value goes out of range, prohibited for !root";
    SpeculativeStack: "R{reg} stack pointer arithmetic goes out of range, prohibited for !root; off={off}";
    SpeculativeStackVariable: "R{reg} variable stack access prohibited for !root";
    SpeculativeStackAccess: "R{reg} variable offset stack access prohibited for !root";
    TailCallMaps: "tail_call abusing map_ptr";
    CallOutside: "call to invalid destination";
    CallNowhere: "call to invalid destination";
    CallRefused: "call refused";
    TooManyFunctions: "too many subprograms";
    JumpOutside: "jump out of range from insn {insn} to {target}";
    JumpIntoWide: "jump into the middle of ldimm64";
    NoJumpTable: "no jump tables found";
    JumpTableOutside: "jump table points outside";
    RunsOffEnd: "last insn is not an exit or jmp";
    InsnIndex: "invalid insn idx {insn}";
    Unreachable: "unreachable insn {insn}";
    BackEdge: "back-edge from insn {insn} to {target}";
    LoopUnchanged: "infinite loop detected at insn {insn}";
    Complexity: "BPF program is too large";
    HistoryTooLong: "BPF program is too large: no memory for the history of its path";
    PendingBranches: "sequence of {count} jumps is too complex";
    ZeroDivisor: "div by zero";
    ShiftCount: "invalid shift {count}";
    JumpRegister: "R{reg} has type {held}, expected PTR_TO_INSN";
    JumpOffset: "the sum of R{reg} and its offset is too big";
    JumpIndex: "R{reg} points outside of jump table";
    NoEntry: "no entry in the jump table";

    // Stack depth, and where calls may stand.
    FramesTooDeep: "the call stack of {frames} frames is too deep";
    FrameTooBig: "stack size of subprog {subprog}";
    FramesTooBig: "combined stack size of {frames} calls";
    TailCallDeep: "tail_calls are not allowed";
    TailCallInExceptionCallback: "cannot tail call within exception cb";
    EndsUntypedFunction: "{way} is not allowed in subprogs without BTF";
    EndsFunctionOfNoInt: "{way} in functions that return int";
    ExceptionCallbackCalled: "cannot call exception cb directly";
    ExceptionCallbackArgs: "exception cb takes a single integer";
    ExceptionTags: "multiple exception callback tags";
    ExceptionCallbackAbsent: "exception callback not found in BTF";
    ExceptionCallbackStatic: "exception callback global linkage";
    ThrowInCallback: "bpf_throw in a callback";
    CallbackOfMaps: "tail_call abusing map_ptr";
    LoopCountPointer: "verifier bug: backtracking misuse", before 6 13 "backtracing misuse";
    AddressDead: "verifier bug: No program to jit at insn {slot}";
    LoopUnseen: "verifier bug: scc exit: no visit info";
    TailCallLater: "verifier bug: subprog has tail_call and async cb", before 6 18 "subprog has tail_call and async cb";
    StackArgument: "stack arg";
    CallbackOfMap: "callback function not allowed for map";
    CallbackGlobal: "callback function not static";
    FuncInfoMissing: "missing btf func_info";
    FuncInfoCount: "number of funcs in func_info";
    CallReserved: "BPF_CALL uses reserved fields";
    CallUnderLock: "function calls are not allowed while holding a lock";
    GlobalInPreempt: "global function calls with preemption disabled";
    GlobalUnderLock: "global function calls are not allowed while holding a lock";

    // Memory in general.
    NotMemory: "R{reg} invalid mem access '{held}'";
    OffsetNegative: "R{reg} min value is negative";
    SizeNegative: "R{reg} min value is negative";
    OffsetUnbounded: "R{reg} unbounded memory access";
    SizeUnbounded: "R{reg} unbounded memory access";
    ZeroSize: "invalid zero-sized read";
    ZeroSizePossible: "R{reg} invalid zero-sized read";
    MapKeyOutside: "invalid access to map key";
    MapValueOutside: "invalid access to map value";
    MemoryOutside: "invalid access to memory";
    FlowKeysOutside: "invalid access to flow keys";
    PacketReadOnly: "cannot write into packet";
    PacketSliceReadOnly: "does not allow writes to packet data";
    PacketUnchecked: "R{reg} offset is outside of the packet";
    PacketOutside: "invalid access to packet";
    ReadOnlyMemory: "R{reg} cannot write into {held}";
    ContextField: "invalid bpf_context access";
    ContextImmediate: "BPF_ST stores into R{reg} ctx";
    SocketField: "R{reg} invalid {held} access off={off}";
    BufferNegative: "R{reg} invalid {buffer} buffer access";
    BufferVariable: "R{reg} invalid variable buffer offset";
    Misaligned: "misaligned {held} access";
    MixedPointers: "same insn cannot be used with different pointers";
    MixedArena: "same insn cannot be used with arena";
    AtomicLoad: "BPF_ATOMIC loads from R{reg} {held}";
    AtomicStore: "BPF_ATOMIC stores into R{reg} {held}";
    LegacyLoadProgram: "BPF_LD_[ABS|IND] instructions not allowed";
    LegacyLoadContext: "BPF_LD_ABS|IND R6 != pointer to skb";

    // Pointers that must be as they were given, and arithmetic on pointers.
    PointerNegative: "negative offset {held} ptr R{reg}", before 5 17 "dereference of modified {held} ptr R{reg}";
    PointerModified: "dereference of modified {held} ptr R{reg}";
    PointerVariable: "variable {held} access var_off={var}";
    PointerReleasedInside: "R{reg} must have zero offset when passed to release or trusted arg";
    PointerWithPointer: "R{reg} pointer {op} pointer prohibited";
    PointerNarrow: "R{reg} 32-bit pointer arithmetic prohibited";
    PointerMaybeNull: "R{reg} pointer arithmetic on {held} prohibited";
    PointerFixed: "R{reg} pointer arithmetic on {held} prohibited";
    NumberMinusPointer: "R{reg} tried to subtract pointer from scalar";
    StackPointerMinus: "R{reg} subtraction from stack pointer prohibited";
    PointerBitwise: "R{reg} bitwise operator {op} on pointer prohibited";
    PointerOperator: "R{reg} pointer arithmetic with {op} operator prohibited";
    MathConstant: "math between {held} pointer and {value}";
    MathUnbounded: "math between {held} pointer and register with unbounded min value";
    MathOutside: "value {smin} makes {held} pointer be out of bounds";
    PointerOffset: "{held} pointer offset {off} is not allowed";
    ArenaCastSpaces: "addr_space_cast insn";
    ArenaCastAlone: "addr_space_cast insn needs an arena";

    // The stack.
    StackUnbounded: "invalid unbounded variable-offset {dir} stack R{reg}";
    StackOutside: "invalid {dir} stack R{reg}";
    StackOutsideVariable: "invalid variable-offset {dir} stack R{reg}";
    StackVariableStore: "variable stack access";
    StackVariableArgument: "variable offset stack pointer";
    StackUnreadable: "invalid read from stack off {off}";
    StackArgumentUnreadable: "invalid read from stack R{reg}", before 6 13 "invalid indirect read from stack R{reg}";
    StackArgumentUnreadableVariable: "invalid read from stack R{reg}", before 6 13 "invalid indirect read from stack R{reg}";
    FillPartial: "invalid size of register fill";
    SpillPartial: "invalid size of register spill";
    SpillIntoCaller: "cannot spill pointers to stack";
    StackPointerReturned: "cannot return stack pointer";
    DynptrOverwritten: "cannot overwrite referenced dynptr";
    DynptrWritten: "potential write to dynptr";
    ObjectNotOnStack: "arg#{arg} doesn't point to an {object} on stack";
    ObjectVariable: "{object} has to be at a constant offset";
    ObjectOffset: "cannot pass in {object} at an offset";
    DynptrExpected: "arg#{arg} expected pointer to stack or const dynptr";
    DynptrConst: "cannot pass pointer to const bpf_dynptr";
    DynptrUninit: "Expected an initialized dynptr as arg #{arg}";
    DynptrKind: "Expected a dynptr of type {want}";
    DynptrTaken: "uninitialized dynptr";
    DynptrSource: "unsupported type for dynptr data";
    DynptrConstReleased: "cannot release unowned const bpf_dynptr";
    IrqFlagTaken: "expected uninitialized irq flag as arg#{arg}";
    IrqFlagUninit: "expected an initialized irq flag as arg#{arg}";
    IrqFlagKind: "irq flag of other kfuncs";
    IrqOrder: "cannot restore irq state out of order";
    IterTaken: "expected uninitialized iter_{name} as arg #{arg}";
    IterUninit: "expected an initialized iter_{name} as arg #{arg}";
    IterWithoutRcu: "expected an RCU CS when using bpf_iter_{name}_next";
    IterExpected: "arg#{arg} expected pointer to an iterator";
    IterUnnamed: "expected valid iter pointer as arg #{arg}";
    IterCssTask: "css_task_iter in sleepable progs";

    // Fields with rules of their own, in map values and objects.
    FieldAccessed: "{field} cannot be accessed directly";
    FieldPassed: "{field} cannot be accessed indirectly";
    FieldVariable: "{field} access cannot have variable offset";
    FieldMisaligned: "{field} access misaligned";
    FieldWidth: "{field} access size must be BPF_DW";
    FieldOfObject: "direct access to {field} is disallowed";
    FieldOffset: "R{reg} doesn't have constant offset, {field}";
    FieldUntypedMap: "map '{map}' has to have BTF in order to use {field}";
    FieldAbsent: "{owner} has no valid {field}";
    FieldElsewhere: "doesn't point to {field}";
    FieldNotInMap: "R{reg} doesn't point to a map value with {field}";
    FieldNotFound: "{field} not found at offset={off}";
    KptrAbsent: "R{reg} has no valid kptr";
    KptrElsewhere: "doesn't point to kptr";
    KptrUnreferenced: "kptr isn't referenced kptr";
    KptrStored: "store to referenced kptr disallowed";
    UptrStored: "store to uptr disallowed";
    KptrImmediate: "BPF_ST imm must be 0 when storing to kptr";
    KptrMode: "kptr can only be accessed using BPF_MEM";
    KptrStoredType: "invalid kptr access, R{reg} type={held} expected=ptr_";
    KptrExchangedType: "invalid kptr access, R{reg} type={held} expected=ptr_";
    TimerOfOtherMap: "timer pointer doesn't match map";
    WorkqueueOfOtherMap: "workqueue pointer doesn't match map";
    LockedTwo: "Locking two bpf_spin_locks";
    LockedAgain: "AA deadlock detected";
    UnlockMissing: "bpf_spin_unlock is missing";
    UnlockedFree: "{lock}_unlock without taking a lock";
    UnlockedOther: "{lock}_unlock of different lock";
    UnlockedOrder: "{lock}_unlock cannot be out of order";
    LockedInNodeCallback: "bpf_spin_lock in rbtree cb";
    LockMissing: "bpf_spin_lock must be held for {field}";
    LockOfOther: "bpf_spin_lock: held lock and object are not in the same allocation";
    CollectionUntyped: "collection without contents";
    CollectionExpected: "arg#{arg} expected pointer to map value or allocated object";
    NodeOfNoObject: "owning reference expected";
    NodeOfOther: "{root} expects {node} in struct {want}";
    NodeElsewhere: "expected {node} in struct {want}";
    NodeReference: "{name} takes a non-owning bpf_rb_node";
    NodeInCallback: "{name} not allowed in rbtree cb";
    ObjectUnreferenced: "allocated object must be referenced";
    ObjectUnowned: "arg#{arg} is neither owning or non-owning ref";
    ObjectUncounted: "arg#{arg} doesn't point to a type with bpf_refcount field";

    // Maps.
    MapReadOnly: "write into map forbidden";
    MapWriteOnly: "read from map forbidden";
    MapUnchangeable: "write into map forbidden";
    MapKeyWritten: "write to change key R{reg}";
    JumpTableWritten: "write into map forbidden";
    JumpTableWidth: "invalid read from insn_array";
    MapPointerAccessed: "map_ptr access not supported";
    MapStructNegative: "R{reg} is {name} invalid negative access";
    MapStructWritten: "only read from {name} is supported";
    MapOfHelper: "cannot pass map_type {map_type} into func {name}#{id}";
    SockmapUpdated: "cannot update sockmap, cannot pass map_type {map_type} into func {name}#{id}";
    SockmapValue: "invalid arg_type for sockmap/sockhash";
    TailCallMap: "expected prog array map for tail call", before 6 17 "kernel subsystem misconfigured verifier";
    MapExpected: "pointer in R{reg} isn't map pointer";
    TooManyMaps: "total number of maps";
    MapOfTracing: "tracing progs cannot use {field}";
    MapOfTracingCollections: "tracing progs cannot use bpf_{list_head,rb_root}";
    MapOfSocketFilter: "socket filter cannot use bpf_spin_lock";
    MapOfStructOps: "bpf_struct_ops map cannot be used in prog";
    MapOfSleepable: "Sleepable programs can only use other maps";
    CgroupStorageTwice: "only one cgroup storage of each type";
    ArenaTwice: "Only one arena per program";
    ArenaSignExtended: "sign extending loads from arena";
    MapFd: "fd {fd} is not pointing to valid bpf_map";
    MapValueOffset: "direct value offset is not allowed";
    MapValuePointer: "invalid access to map value pointer";
    MapNotDirect: "no direct value access support";
    ReferenceUnknown: "unrecognized bpf_ld_imm64 insn";
    KsymKind: "ldimm64 btf_id";
    KsymUnsized: "ldimm64 resolve the size";

    // Kernel objects by their types.
    StructLicence: "Cannot access kernel struct {name}, not GPL";
    StructNegative: "R{reg} is ptr_{name} invalid negative access";
    StructVariable: "R{reg} is ptr_{name} invalid variable offset";
    StructOfUser: "R{reg} is ptr_{name} access user memory";
    StructPercpu: "R{reg} is ptr_{name} access percpu memory";
    StructReadOnly: "only read is supported";
    MemberReadOnly: "only read is supported";
    NotStruct: "{name} is not a struct";
    StructBeyond: "access beyond struct {name}";
    StructNesting: "struct nesting is too deep";
    MemberUnsized: "field {member} doesn't have size";
    MemberAbsent: "struct {name} doesn't have field at offset {off}";
    MemberPointerPart: "cannot access ptr member {member}";
    MemberBeyond: "access beyond the end of member {member}";

    // Calls of helpers.
    HelperUnknown: "invalid func unknown#{id}";
    HelperAbsent: "unknown func {name}#{id}";
    HelperForbidden: "program of this type cannot use helper {name}#{id}";
    HelperInProbe: "helper call is not allowed in probe";
    HelperLicence: "cannot call GPL-restricted function";
    HelperSleeps: "sleepable helper {name}#{id} in {section}";
    HelperMightSleep: "helper call might sleep";
    HelperAttach: "func {name} supported only for fentry/fexit/fmod_ret";
    HelperProgram: "func {name} not supported for program type";
    HelperFlags: "doesn't support non-zero flags";
    HelperNotAcquired: "func {name}#{id} reference has not been acquired";
    RetvalOfVoid: "void LSM hooks can't modify return value";
    FormatString: "Invalid format string";

    // Arguments.
    ArgumentKind: "R{reg} type={held} expected={expected}";
    ArgumentMemory: "R{reg} type={held} expected=fp";
    ArgumentPacket: "helper access to the packet is not allowed";
    ArgumentWritten: "{name}() may write into memory pointed by R{reg} type={held}";
    ArgumentNull: "Possibly NULL pointer passed to helper arg{reg}";
    ArgumentNullTrusted: "Possibly NULL pointer passed to trusted arg{arg}";
    ArgumentUnreferenced: "R{reg} must be referenced when passed to release";
    ArgumentUnacquired: "arg {reg} is an unacquired reference";
    ArgumentsReferenced: "more than one arg with ref_obj_id", before 6 17 "internal error: more than one arg";
    ArgumentNotScalar: "R{reg} is not a scalar";
    ArgumentNotKnown: "R{reg} must be a known constant";
    ArgumentSizeNotKnown: "R{reg} is not a known constant";
    ArgumentStruct: "R{reg} is of type {have} but {want} is expected";
    ArgumentNotString: "R{reg} does not point to a const string";
    ArgumentNotReadOnlyMap: "R{reg} does not point to a readonly map";
    ArgumentAddress: "R{reg} is not a constant address";
    StringUnterminated: "string is not zero-terminated";
    TypeUnsized: "unable to resolve the size of type '{name}'";
    ArgumentNotTrusted: "R{reg} must be referenced or trusted";
    ArgumentNotRcu: "R{reg} must be a rcu pointer";
    ArgumentContext: "arg#{arg} expects pointer to ctx";
    ArgumentNonNull: "arg#{arg} is expected to be non-NULL";
    ArgumentArena: "R{reg} is not a pointer to arena or scalar";
    ContextExpected: "arg#{arg} expected pointer to ctx";
    ObjectExpected: "arg#{arg} expected pointer to allocated object";
    FunctionExpected: "arg{arg} expected pointer to func, callback";
    StringExpected: "arg#{arg} doesn't point to a const string";
    MapValueExpected: "arg#{arg} doesn't point to a map value";
    LockHolderExpected: "arg#{arg} doesn't point to map value or allocated object";
    StructExpected: "R{reg} is {held} expected STRUCT {name}";
    KernelObjectExpected: "arg#{arg} is {held} expected ptr_ or socket";
    StructArgument: "arg#{arg} expected pointer to STRUCT {want}";
    MemoryArgument: "R{reg} must point to scalar";
    SizedMemoryArgument: "R{reg} must point to void or scalar";
    ArgumentUnsized: "arg#{arg} size cannot be determined";

    // Calls of kernel functions.
    KfuncUnnamed: "kernel function has no name";
    KfuncLicence: "cannot call kernel function, not GPL";
    KfuncForbidden: "calling kernel function {name} is not allowed";
    KfuncNeedsSleepable: "program must be sleepable to call {name}";
    KfuncSleeps: "kernel func {name} is sleepable within {section}";
    KfuncSleepsInSection: "kernel func {name} is sleepable within {section}";
    KfuncNeedsRcu: "kernel func {name} requires RCU";
    KfuncNotAcquired: "kfunc {name} reference has not been acquired";
    KfuncReleasesNothing: "release kernel function {name}";
    KfuncReleasesUnreferenced: "release kfunc {name}";
    KfuncReturn: "kernel function {name} returns a pointer";
    KfuncPointer: "kernel function {name} args#{arg} is not supported";
    KfuncParameter: "Unrecognized arg#{arg}";
    KfuncParameters: "Function {name} has {count} > {limit} args";
    KfuncBufferSizes: "two rdonly/rdwr_buf_size of a kfunc";
    KfuncBufferSize: "R{reg} is not a const";
    KfuncOfDevice: "metadata kfuncs require device-bound program";
    NewTypeId: "type ID argument must be in range";
    NewUntyped: "bpf_obj_new requires BTF";
    NewNotStruct: "bpf_obj_new type ID argument";
    NewPercpuSize: "bpf_percpu_obj_new type is too large";
    NewPercpuPointers: "bpf_percpu_obj_new struct of scalars";
    NewPercpuFields: "bpf_percpu_obj_new special fields";
    ObjectInTracing: "{name}: NMI unsafe fields";
    DropExpected: "arg#{arg} expected for bpf_obj_drop()";
    DropPercpuExpected: "arg#{arg} expected for bpf_percpu_obj_drop()";
    CastType: "kfunc bpf_rdonly_cast type ID argument";
    CastUnknown: "unknown type ID passed to kfunc bpf_rdonly_cast";
    ContextNoStruct: "ctx type id is not a struct, kfunc";

    // References and sections.
    ReferenceHeld: "Unreleased reference id={id} alloc_insn={acquired}; {way} would lead to reference leak";
    SectionOpen: "{way} cannot be used inside {open}-ed region";
    RcuInNodeCallback: "bpf_rcu_read_lock or unlock in rbtree cb";
    RcuNested: "nested rcu read lock";
    RcuUnmatched: "unmatched rcu read unlock";
    PreemptUnmatched: "unmatched attempt to enable preemption";
    GlobalSleeps: "sleepable global function called in {section}";
    GlobalMightSleep: "global function may sleep in non-sleepable or preempt-disabled context";

    // What functions and programs return.
    ReturnKind: "{end} the register R{reg} is not a known value";
    ReturnRange: "{end} the register R{reg} should have been in [{min}, {max}]";
    SubprogReturnKind: "At subprogram exit the register R{reg} is not a scalar value";
    CallbackReturnKind: "R{reg} not a scalar value";

    // Prototypes of global functions.
    GlobalUntyped: "Global functions need valid BTF";
    FunctionUntyped: "BTF of func#{subprog} is no function";
    FunctionWithoutProto: "BTF type of function {name}()";
    GlobalParameters: "Global function {name}() with {count} > {limit} args";
    GlobalReturn: "Global function {name}() doesn't return scalar";
    ParameterTagStatic: "arg#{arg} tag in a static function";
    ParameterTagUnknown: "arg#{arg} unsupported tag";
    ParameterTags: "arg#{arg} invalid combination of tags";
    ParameterTagAlone: "arg#{arg} {tag} cannot be combined";
    ParameterTagNumber: "arg#{arg} has pointer tag";
    ParameterTagContext: "arg#{arg} type tagged as ctx";
    ParameterType: "arg#{arg} type {ty} is not supported";
    ParameterUnsized: "arg#{arg} size cannot be determined";
    ParameterStruct: "arg#{arg} no match for {name} in the kernel's BTF";

    // Attachment and licence.
    SyscallNotSleepable: "Syscall programs can only be sleepable";
    ProgramNotSleepable: "programs of this type, sleepable";
    AttachNowhere: "Tracing programs must provide btf_id";
    AttachUnknown: "expected attach type {name} is not known";
    AttachNotTypedef: "attach_btf_id {id} is not a typedef";
    AttachName: "attach_btf_id {id} points to {name}";
    AttachNotPointer: "attach target {name} is not a function";
    AttachNotFaultable: "Sleepable program cannot attach to non-faultable tracepoint {name}";
    AttachNotFunction: "attach_btf_id {id} is not a function";
    AttachNotIterator: "attach_btf_id {id} is not a supported iterator";
    AttachDenied: "attaching to function {name} is rejected";
    AttachNoReturn: "attaching to __noreturn function {name} is rejected";
    AttachNotModifiable: "{name}() is not modifiable";
    AttachNotSleepable: "{name} is not sleepable";
    AttachHookDisabled: "attach_btf_id {id} points to disabled hook {name}";
    AttachNoStruct: "attach_btf_id is not a supported struct";
    AttachStruct: "attach_btf_id {id} is not a supported struct";
    AttachMemberUnsupported: "attach to unsupported member {member}";
    AttachMember: "attach to invalid member {member}";
    LsmLicence: "LSM programs: GPL";
    StructOpsLicence: "struct ops programs: GPL";
}
