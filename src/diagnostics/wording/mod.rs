//! Words for every rejection: what was refused, made from the [`Facts`] of one
//! refusal.
//!
//! One file per family of codes. [`page`] is an exhaustive match, so a code
//! without words does not compile. Why the kernel insists, and the remedy, are
//! those of the catalogue's page.

mod functions;
mod helpers;
mod loading;
mod memory;
mod objects;
mod references;
mod registers;

use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{Held, Key, Refusal};
use crate::prelude::*;
use crate::rules::{self, Rule};

/// What is known of one refusal, as text ready to be put in a sentence.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The register at fault.
    pub reg: Option<u8>,
    /// What that register holds, as a verifier log words it.
    pub holds: Option<String>,
    /// The same in general.
    pub nature: Option<Nature>,
    /// The refused instruction, disassembled.
    pub insn: Option<String>,
    /// The source expression at the refused place.
    pub expr: Option<String>,
    /// The function called by the refused instruction.
    pub callee: Option<String>,
    /// Where the value at fault came from (`the result of bpf_ringbuf_reserve`).
    pub origin: Option<String>,
    /// What a loader could not resolve here, so that it put an invalid call in
    /// place of the instruction.
    pub unresolved: Option<String>,
    /// The constant offset of the refused access.
    pub offset: Option<i16>,
    /// Bytes accessed, and whether they are written.
    pub access: Option<(u32, bool)>,
    /// Program type as the loader names it.
    pub prog_type: Option<String>,
    /// Name of the target.
    pub target: Option<String>,
    /// Which fault it is.
    pub key: Option<Key>,
    /// Of a read of stack that was never written: its offset, the first byte that
    /// cannot be read, its size.
    pub unwritten: Option<(i64, i64, i64)>,
    /// The range that a returned value must lie in.
    pub range: Option<(i64, i64)>,
    /// What the fault names: a type, map, struct or function.
    pub name: Option<String>,
    /// What kind of thing that is.
    pub kind: Option<String>,
    /// The kernel option that is missing.
    pub option: Option<String>,
    /// The capability that is missing.
    pub capability: Option<String>,
}

/// What a register holds, in general.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A number.
    Number,
    /// A pointer, or NULL.
    MaybeNull,
    /// A pointer.
    Pointer,
}

impl Nature {
    /// Of what a refusal says of the register; logs use kernels' names of types.
    pub fn of(held: &Held) -> Option<Nature> {
        match held {
            Held::Known(reg) if reg.maybe_null() => Some(Nature::MaybeNull),
            Held::Known(reg) if reg.is_scalar() => Some(Nature::Number),
            Held::Known(_) => Some(Nature::Pointer),
            Held::Logged(text) => super::log::nature(text),
        }
    }
}

impl Facts {
    /// What a refusal tells by itself.
    pub fn of(refusal: &Refusal) -> Facts {
        let number = |name| refusal.number(name);
        Facts {
            reg: refusal.reg,
            key: refusal.key(),
            unwritten: match (number("off"), number("byte"), number("size")) {
                (Some(off), Some(byte), Some(size)) => Some((off, byte, size)),
                _ => None,
            },
            range: number("min").zip(number("max")),
            name: refusal.text("name"),
            kind: refusal.text("kind"),
            option: refusal.text("option"),
            capability: refusal.text("capability"),
            ..Facts::default()
        }
    }

    /// `R3`, or words for a register that isn't known.
    pub fn reg(&self) -> String {
        match (self.reg, &self.callee) {
            (Some(reg @ 1..=5), Some(_)) => format!("argument {reg}"),
            (Some(reg), _) => format!("R{reg}"),
            (None, _) => "a register".into(),
        }
    }

    /// The source expression if the line tells it, else the register.
    pub fn subject(&self) -> String {
        match (&self.expr, self.reg) {
            (Some(expr), _) => format!("`{expr}`"),
            (None, _) => self.reg(),
        }
    }

    /// The call at fault.
    pub fn callee(&self) -> String {
        self.callee
            .as_ref()
            .map_or_else(|| "the called function".into(), |c| format!("`{c}`"))
    }

    /// `argument 2 of bpf_foo`, for a call's refused register.
    pub fn argument(&self) -> String {
        match self.reg {
            Some(reg @ 1..=5) => format!("argument {reg} of {}", self.callee()),
            _ => format!("an argument of {}", self.callee()),
        }
    }

    /// `read of 4 bytes`, `write of 8 bytes`, or `access`.
    pub fn access(&self) -> String {
        match self.access {
            Some((size, write)) => {
                let verb = if write { "write" } else { "read" };
                let s = if size == 1 { "" } else { "s" };
                format!("{verb} of {size} byte{s}")
            }
            None => "access".into(),
        }
    }

    /// `, which came from …`, or nothing.
    pub fn came_from(&self) -> String {
        self.origin
            .as_ref()
            .map_or_else(String::new, |o| format!(", {o},"))
    }

    /// `, it holds …`, or nothing.
    pub fn holding(&self) -> String {
        self.holds
            .as_ref()
            .map_or_else(String::new, |h| format!("; it is {h}"))
    }

    /// Whether stack was read that was never written.
    pub fn is_unwritten_stack(&self) -> bool {
        matches!(
            self.key,
            Some(
                Key::StackUnreadable
                    | Key::StackArgumentUnreadable
                    | Key::StackArgumentUnreadableVariable
            )
        )
    }

    /// The program type with its article: `an xdp program`.
    pub fn program(&self) -> String {
        match &self.prog_type {
            Some(name) => {
                let an = if name.starts_with(['a', 'e', 'i', 'o', 'u', 'x']) {
                    "an"
                } else {
                    "a"
                };
                format!("{an} {name} program")
            }
            None => "a program of this type".into(),
        }
    }

    /// The target's name, or `the target kernel`.
    pub fn target(&self) -> String {
        self.target
            .clone()
            .unwrap_or_else(|| "the target kernel".into())
    }
}

/// The words of one code.
#[derive(Clone, Copy)]
pub struct Page {
    /// One sentence: what was refused.
    pub what: fn(&Facts) -> String,
    /// The catalogue's page: why the kernel insists, and how the program is mended.
    pub rule: &'static Rule,
}

/// Defines the sentences of one family: `NAME: |facts| sentence;`.
macro_rules! pages {
    ($($name:ident: $what:expr;)*) => {
        $(
            pub(super) const $name: fn(&$crate::diagnostics::wording::Facts) -> String = $what;
        )*
    };
}
use pages;

/// The page for one refusal. Codes follow the classes of the kernel's messages, and
/// some classes hold two faults.
pub fn page_for(code: Code, facts: &Facts) -> Page {
    match code {
        Code::Rcu | Code::Preempt | Code::Irq if facts.key == Some(Key::KfuncSleepsInSection) => {
            page(Code::Sleepable)
        }
        Code::SubprogArgs if facts.key == Some(Key::GlobalReturn) => page(Code::SubprogReturn),
        Code::SpinLock if facts.key == Some(Key::FieldAccessed) => page(Code::SpecialField),
        Code::TailCallStack if facts.key == Some(Key::TailCallMap) => page(Code::MapFunc),
        Code::StackOob if facts.is_unwritten_stack() => page(Code::StackUninit),
        _ => page(code),
    }
}

/// The page of a code.
pub fn page(code: Code) -> Page {
    Page {
        what: what(code),
        rule: rules::of(code),
    }
}

/// The sentence of a code.
fn what(code: Code) -> fn(&Facts) -> String {
    use Code as C;
    match code {
        C::UninitRegister => registers::UNINIT_REGISTER,
        C::FramePointerWrite => registers::FRAME_POINTER_WRITE,
        C::InvalidRegister => registers::INVALID_REGISTER,
        C::UnreachableInsn => registers::UNREACHABLE_INSN,
        C::BackEdge => registers::BACK_EDGE,
        C::InfiniteLoop => registers::INFINITE_LOOP,
        C::JumpOutOfRange => registers::JUMP_OUT_OF_RANGE,
        C::FallThrough => registers::FALL_THROUGH,
        C::UnknownOpcode => registers::UNKNOWN_OPCODE,
        C::ReservedField => registers::RESERVED_FIELD,
        C::InvalidOpcode => registers::INVALID_OPCODE,
        C::DivByZero => registers::DIV_BY_ZERO,
        C::InvalidShift => registers::INVALID_SHIFT,
        C::ProgramTooLarge => registers::PROGRAM_TOO_LARGE,
        C::TooManyJumps => registers::TOO_MANY_JUMPS,
        C::TooManySubprogs => registers::TOO_MANY_SUBPROGS,
        C::CallDepth => registers::CALL_DEPTH,
        C::RecursiveCall => registers::RECURSIVE_CALL,
        C::StackTooBig => registers::STACK_TOO_BIG,
        C::TailCallStack => registers::TAIL_CALL_STACK,
        C::CallDestination => registers::CALL_DESTINATION,
        C::LineInfo => registers::LINE_INFO,
        C::JumpTable => registers::JUMP_TABLE,
        C::TooManyMaps => registers::TOO_MANY_MAPS,
        C::MapLoad => registers::MAP_LOAD,
        C::HistoryTooLong => registers::HISTORY_TOO_LONG,

        C::CtxAccess => memory::CTX_ACCESS,
        C::CtxModified => memory::CTX_MODIFIED,
        C::CtxVarOff => memory::CTX_VAR_OFF,
        C::NegativeOffset => memory::NEGATIVE_OFFSET,
        C::PointerLeak => memory::POINTER_LEAK,
        C::CtxPointerLeak => memory::CTX_POINTER_LEAK,
        C::MemAccessType | C::NullDereference | C::StalePointer | C::KernelAddress => {
            memory::MEM_ACCESS_TYPE
        }
        C::MapValueOob => memory::MAP_VALUE_OOB,
        C::PacketOob => memory::PACKET_OOB,
        C::MemRegionOob => memory::MEM_REGION_OOB,
        C::MinNegative => memory::MIN_NEGATIVE,
        C::Unbounded => memory::UNBOUNDED,
        C::StackOob => memory::STACK_OOB,
        C::StackUninit => memory::STACK_UNINIT,
        C::StackSpillCorrupt => memory::STACK_SPILL_CORRUPT,
        C::StackVariable => memory::STACK_VARIABLE,
        C::Misaligned => memory::MISALIGNED,
        C::PacketWrite => memory::PACKET_WRITE,
        C::ReadOnlyWrite => memory::READ_ONLY_WRITE,
        C::SockAccess => memory::SOCK_ACCESS,
        C::BufferAccess => memory::BUFFER_ACCESS,
        C::PointerArith => memory::POINTER_ARITH,
        C::PointerSpeculation => memory::POINTER_SPECULATION,
        C::PointerCompare => memory::POINTER_COMPARE,
        C::PartialPointer => memory::PARTIAL_POINTER,
        C::BtfAccess => memory::BTF_ACCESS,
        C::MapPtrField => memory::MAP_PTR_FIELD,
        C::SpecialField => memory::SPECIAL_FIELD,
        C::CrossFrame => memory::CROSS_FRAME,

        C::TypeMismatch => helpers::TYPE_MISMATCH,
        C::UnknownFunc => helpers::UNKNOWN_FUNC,
        C::FuncNotAllowed => helpers::FUNC_NOT_ALLOWED,
        C::GplOnly => helpers::GPL_ONLY,
        C::MapFunc => helpers::MAP_FUNC,
        C::MapProgCompat => helpers::MAP_PROG_COMPAT,
        C::NullArg => helpers::NULL_ARG,
        C::MemLenPair => helpers::MEM_LEN_PAIR,
        C::MustBeConst => helpers::MUST_BE_CONST,
        C::ConstStr => helpers::CONST_STR,
        C::ZeroSize => helpers::ZERO_SIZE,
        C::ScalarExpected => helpers::SCALAR_EXPECTED,
        C::HelperPacket => helpers::HELPER_PACKET,
        C::HelperWrite => helpers::HELPER_WRITE,
        C::HelperConfig => helpers::HELPER_CONFIG,
        C::SockMap => helpers::SOCK_MAP,
        C::FlowKeys => helpers::FLOW_KEYS,
        C::CtxExpected => helpers::CTX_EXPECTED,
        C::WrongStruct => helpers::WRONG_STRUCT,
        C::RegTypeMismatch => helpers::REG_TYPE_MISMATCH,
        C::SumTooBig => helpers::SUM_TOO_BIG,
        C::SameInsn => helpers::SAME_INSN,
        C::ZeroOffset | C::ReleaseOffset => helpers::ZERO_OFFSET,
        C::RefArgs => helpers::REF_ARGS,
        C::ReadOnlyMap => helpers::READ_ONLY_MAP,
        C::SizeUnresolved => helpers::SIZE_UNRESOLVED,
        C::FuncProtoArgs => helpers::FUNC_PROTO_ARGS,

        C::RefLeak => references::REF_LEAK,
        C::RefNotAcquired => references::REF_NOT_ACQUIRED,
        C::RefState => references::REF_STATE,
        C::SpinLock => references::SPIN_LOCK,
        C::HoldingLock => references::HOLDING_LOCK,
        C::Rcu | C::RcuAtEnd => references::RCU,
        C::Preempt => references::PREEMPT,
        C::Irq => references::IRQ,
        C::Sleepable | C::SleepInRcu | C::SleepInPreempt => references::SLEEPABLE,

        C::Kfunc => objects::KFUNC,
        C::Dynptr => objects::DYNPTR,
        C::Iterator => objects::ITERATOR,
        C::Kptr | C::KptrType => objects::KPTR,
        C::Graph => objects::GRAPH,
        C::TimerWq => objects::TIMER_WQ,
        C::Arena => objects::ARENA,
        C::Callback => objects::CALLBACK,
        C::Exception => objects::EXCEPTION,
        C::ObjNew => objects::OBJ_NEW,

        C::SubprogArgs => functions::SUBPROG_ARGS,
        C::SubprogReturn => functions::SUBPROG_RETURN,
        C::ProgReturn => functions::PROG_RETURN,
        C::LdAbs => functions::LD_ABS,
        C::Atomic => functions::ATOMIC,
        C::CtxStore => functions::CTX_STORE,

        C::BtfMissing => loading::BTF_MISSING,
        C::AttachTarget => loading::ATTACH_TARGET,
        C::AttachNotSleepable => loading::ATTACH_NOT_SLEEPABLE,
        C::AttachNotModifiable => loading::ATTACH_NOT_MODIFIABLE,
        C::AttachHookDisabled => loading::ATTACH_HOOK_DISABLED,
        C::Privilege => loading::PRIVILEGE,
        C::KernelOption => loading::KERNEL_OPTION,
        C::LoadAttr => loading::LOAD_ATTR,
        C::StackArgs => loading::STACK_ARGS,
        C::LivenessLimit => loading::LIVENESS_LIMIT,
        C::Rewrite => loading::REWRITE,
        C::VerifierDefect => loading::VERIFIER_DEFECT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code reads as sentences, with facts and without any.
    #[test]
    fn every_code_has_words() {
        let full = Facts {
            reg: Some(1),
            holds: Some("pkt(off=14,r=0)".into()),
            nature: Some(Nature::Pointer),
            insn: Some("r0 = *(u8 *)(r1 + 0)".into()),
            expr: Some("eth->h_proto".into()),
            callee: Some("bpf_map_lookup_elem".into()),
            origin: Some("loaded from the context".into()),
            unresolved: None,
            offset: Some(12),
            access: Some((2, false)),
            prog_type: Some("xdp".into()),
            target: Some("linux-6.18".into()),
            key: Some(Key::PacketOutside),
            unwritten: Some((-16, 4, 16)),
            range: Some((0, 1)),
            name: Some("bpf_probe_read_kernel".into()),
            kind: Some("prog_type".into()),
            option: Some("CONFIG_BPF_LSM".into()),
            capability: Some("CAP_PERFMON".into()),
        };
        for &code in Code::ALL {
            let page = page(code);
            for facts in [&Facts::default(), &full] {
                let what = (page.what)(facts);
                let (why, remedy) = (page.rule.why_short(), page.rule.remedy_short());
                for text in [&what, &why, &remedy] {
                    assert!(text.len() > 15 && text.ends_with('.'), "{code:?}: {text}");
                    assert!(!text.contains("  "), "{code:?}: {text}");
                }
            }
        }
    }
}
