//! The facts of a headline: numbers, memory, names.

use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::refusal::Key;
use crate::prelude::*;

/// What is known of a number: its least and greatest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least.
    pub min: i128,
    /// Greatest.
    pub max: i128,
}

/// Numbers from here on are as good as endless.
pub(super) const HUGE: i128 = 1 << 62;

impl Range {
    /// As bounds have it: the unsigned view where the number isn't negative.
    pub fn of(b: &Bounds) -> Range {
        if b.smin < 0 {
            Range {
                min: b.smin.into(),
                max: b.smax.into(),
            }
        } else {
            Range {
                min: b.umin.into(),
                max: b.umax.into(),
            }
        }
    }

    /// The single value.
    pub fn single(self) -> Option<i128> {
        (self.min == self.max).then_some(self.min)
    }

    /// Whether nothing is known that would help anyone.
    pub fn unknown(self) -> bool {
        self.min <= -HUGE && self.max >= HUGE
    }

    /// The sum with a constant.
    #[must_use]
    pub fn plus(self, by: i128) -> Range {
        Range {
            min: self.min + by,
            max: self.max + by,
        }
    }
}

/// What memory an access is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A value of the map of this name.
    MapValue(String),
    /// The program's global variables of this section.
    Globals(String),
    /// A key of the map.
    MapKey(String),
    /// Memory that this function returned.
    Of(String),
    /// Other memory of known size.
    Memory,
    /// The function's stack.
    Stack,
    /// The packet.
    Packet,
}

/// What the program does to memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it writes, where that is known.
    pub write: Option<bool>,
    /// How many bytes.
    pub bytes: u64,
    /// The function that does it in the program's place.
    pub by: Option<String>,
}

/// What made a pointer unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voided {
    /// A call that may move the packet.
    Packet,
    /// A call that released the object.
    Released,
    /// A call that released the object that it came from.
    Parent,
    /// A call that ended or changed the dynptr behind it.
    Dynptr,
    /// The section in which it was valid ended.
    Section,
}

/// The facts of a headline.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The sentence of the code's page says it.
    Plain(String),
    /// A rule that the fault's own fields tell, in the words of its family.
    Rule {
        /// Which fault.
        rule: Key,
        /// The sentence, with names and numbers.
        text: String,
    },
    /// A pointer that may be NULL is used as if it weren't.
    MayBeNull {
        /// What it is called.
        what: String,
        /// Where it came from.
        origin: Option<String>,
        /// The function that it is handed to.
        callee: Option<String>,
        /// Whether it is moved, not followed.
        moved: bool,
    },
    /// A pointer is NULL on this path.
    IsNull {
        /// What it is called.
        what: String,
        /// The function that it is handed to.
        callee: Option<String>,
    },
    /// A pointer is used after a call that voided it.
    Stale {
        /// What it is called.
        what: String,
        /// How.
        how: Voided,
        /// The call.
        callee: String,
        /// Its line.
        line: Option<u32>,
    },
    /// A kernel address that the program holds as a number is followed.
    KernelAddress {
        /// What it is called.
        what: String,
        /// Where it came from.
        origin: Option<String>,
    },
    /// A number is followed as if it were a pointer.
    PlainNumber {
        /// What it is called.
        what: String,
        /// What is known of it.
        range: Range,
        /// Whether a pointer was cut to 32 bits.
        cut: bool,
    },
    /// An access that lies, or may lie, outside of memory of known size.
    Outside {
        /// The memory.
        object: Object,
        /// Its size.
        room: u64,
        /// The access.
        access: Access,
        /// Where its first byte lies.
        first: Range,
        /// The number that moves it.
        number: Option<String>,
    },
    /// A length that is, or may be, greater than the memory behind the pointer.
    TooLong {
        /// The memory.
        object: Object,
        /// Bytes from the pointer to its end.
        room: i64,
        /// The length.
        len: Range,
        /// What it is called.
        name: String,
        /// The function.
        callee: String,
    },
    /// A length that may be negative.
    NegativeLength {
        /// What it is called.
        name: String,
        /// Whether the source's own number has no sign.
        unsigned: bool,
        /// What is known of it.
        len: Range,
        /// The function.
        callee: String,
    },
    /// A length that may be zero.
    ZeroLength {
        /// What it is called.
        name: String,
        /// What is known of it.
        len: Range,
        /// The function.
        callee: String,
    },
    /// A pointer is moved, or followed, by a number that is not bounded well enough.
    Unbounded {
        /// What the number is called.
        name: String,
        /// What is known of it.
        number: Range,
        /// The memory.
        object: Object,
        /// Its size, if that is known.
        room: Option<u64>,
        /// Whether a comparison bounds it from above, so that only the lower end is open.
        above: bool,
    },
    /// A packet access that a comparison does not cover.
    PacketShort {
        /// The access.
        access: Access,
        /// The byte it begins at, from where the comparison counts.
        from: i64,
        /// Bytes that are proven.
        proven: i64,
        /// Whether the pointer was compared at all.
        compared: bool,
        /// A pointer with a variable offset: what it is called, and the constant part
        /// of its offset.
        at: Option<(String, i64)>,
    },
    /// A packet offset too great for comparisons to count.
    PacketFar {
        /// What the offset is called in C, in backquotes.
        name: Option<String>,
        /// What is known of it.
        offset: Range,
        /// The constant that is added to it.
        fixed: i64,
    },
    /// The comparison went the other way: the bytes are known to be missing.
    PacketBeyond {
        /// The access.
        access: Access,
    },
    /// Stack that was never written is read.
    Unwritten {
        /// The variable.
        what: Option<String>,
        /// The function that reads it.
        callee: Option<String>,
        /// The first byte that was not written, from the start of what is read.
        byte: u64,
        /// How much is read.
        size: u64,
        /// How many bytes of it the path wrote.
        written: u64,
    },
    /// Stack bytes that hold a dynptr, an iterator or the like are read.
    StackObject {
        /// What they hold.
        object: &'static str,
        /// The function that reads them.
        callee: Option<String>,
    },
    /// A register that nothing wrote is read.
    NeverSet {
        /// The variable.
        what: Option<String>,
        /// The register.
        reg: u8,
        /// It would be this parameter of the program, which has only one.
        parameter: Option<u8>,
        /// The call that wiped it.
        wiped: Option<String>,
    },
    /// Something acquired is not released.
    Leak {
        /// The call.
        callee: String,
        /// The variable.
        what: Option<String>,
        /// The call that would release it.
        release: Option<&'static str>,
    },
    /// A section is still open.
    StillOpen {
        /// The call that opened it.
        opened: String,
        /// The call that closes it.
        close: &'static str,
        /// The call that may not be made in it; none where the program ends.
        callee: Option<String>,
        /// Whether that call may sleep; others leave the program, or take locks.
        sleeps: bool,
    },
    /// A returned number that the hook does not take.
    Returns {
        /// Who returns.
        who: String,
        /// What is known of it.
        value: Range,
        /// Where it came from.
        origin: Option<String>,
        /// What is taken.
        taken: Range,
    },
    /// A function that the program's type may not call.
    NotForType {
        /// The function.
        callee: String,
        /// The program's type.
        prog_type: String,
        /// Types that may.
        others: Vec<&'static str>,
        /// Why, if more is known.
        instead: Option<&'static str>,
    },
    /// A function or instruction that the target is too old for.
    NotYet {
        /// What is missing.
        what: String,
        /// The target.
        target: String,
        /// The first release that has it.
        since: Option<String>,
    },
    /// A context field that the program's type does not give.
    ContextField {
        /// The field.
        field: String,
        /// What the program does to it.
        access: Access,
        /// Its size in bytes, if the access is of another.
        width: Option<u16>,
        /// The program's type.
        prog_type: String,
        /// Types and attach points that give it.
        others: Vec<String>,
    },
    /// An argument is of a kind that the function does not take.
    WrongKind {
        /// What it is called.
        what: String,
        /// What it is.
        is: String,
        /// The function.
        callee: String,
        /// What the function takes.
        wants: Vec<&'static str>,
    },
    /// Arithmetic that a pointer of the kind does not allow.
    Arithmetic {
        /// What the pointer is.
        is: String,
        /// What is done to it.
        done: String,
    },
    /// A call that may sleep where nothing may.
    Sleeps {
        /// The function.
        callee: String,
        /// The program's type.
        prog_type: String,
    },
    /// The stack of nested calls is too large.
    StackChain {
        /// Functions from the outermost with the bytes of their frames, if known.
        chain: Vec<(String, u32)>,
        /// The sum.
        bytes: u64,
    },
}
