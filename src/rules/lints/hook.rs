//! What a program of the kprobe family hangs on, by its section.

use crate::helpers_spec::ProgType;
use crate::programs::Program;

/// Where in a function a probe sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook<'a> {
    /// At the entry of this kernel function, or of one in user space (empty).
    Entry(&'a str),
    /// At its return.
    Return(&'a str),
    /// At an event, of this group and name.
    Event(&'a str, &'a str),
    /// Something else.
    Other,
}

impl Hook<'_> {
    /// The hook of a program.
    pub(super) fn of(program: &Program) -> Hook<'_> {
        let (kind, to) = kind_and_target(program);
        let function = to.split('+').next().unwrap_or(to);
        match (program.prog_type, kind) {
            // An offset is not the entry.
            (ProgType::Kprobe, "kprobe" | "uprobe") if to.contains('+') && kind == "kprobe" => {
                Hook::Other
            }
            (ProgType::Kprobe, "kprobe") => Hook::Entry(function),
            (ProgType::Kprobe, "uprobe") => Hook::Entry(""),
            (ProgType::Kprobe, "kretprobe") => Hook::Return(function),
            (ProgType::Kprobe, "uretprobe") => Hook::Return(""),
            (ProgType::Tracepoint, "tracepoint" | "tp") => match to.split_once('/') {
                Some((group, name)) => Hook::Event(group, name),
                None => Hook::Other,
            },
            _ => Hook::Other,
        }
    }
}

/// The first word of a program's section, and what the program hangs on.
pub(super) fn kind_and_target(program: &Program) -> (&str, &str) {
    let section = program.section.trim_start_matches('?');
    let (kind, rest) = section.split_once('/').unwrap_or((section, ""));
    (kind, program.attach_to.as_deref().unwrap_or(rest))
}

/// What a register of x86-64 is for where functions begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    /// The argument of this number, from 1.
    Argument(u8),
    Result,
}

/// Registers by their places in `struct pt_regs`, and how its fields are called inside the
/// kernel and outside.
const REGISTERS: [(i16, [&str; 2], Register); 7] = [
    (112, ["di", "rdi"], Register::Argument(1)),
    (104, ["si", "rsi"], Register::Argument(2)),
    (96, ["dx", "rdx"], Register::Argument(3)),
    (88, ["cx", "rcx"], Register::Argument(4)),
    (72, ["r8", "r8"], Register::Argument(5)),
    (64, ["r9", "r9"], Register::Argument(6)),
    (80, ["ax", "rax"], Register::Result),
];

impl Register {
    /// The register at an offset of a probe's context. Other machines keep other registers
    /// there, under other names: where the program has the type, its field is asked.
    pub(super) fn at(program: &Program, off: i16) -> Option<Register> {
        let (_, names, register) = REGISTERS.iter().find(|(at, ..)| *at == off)?;
        let Some(btf) = program.btf.as_deref() else {
            return Some(*register);
        };
        let registers = btf.ty(btf.find_struct("pt_regs")?)?.composite()?;
        let bits = u32::try_from(off).ok()?.checked_mul(8)?;
        let mut fields = registers.members.iter();
        let field = fields.find(|field| field.bit_offset == bits)?;
        names.contains(&field.name).then_some(*register)
    }
}
