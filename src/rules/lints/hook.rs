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
        let section = program.section.trim_start_matches('?');
        let (kind, rest) = section.split_once('/').unwrap_or((section, ""));
        let to = program.attach_to.as_deref().unwrap_or(rest);
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

/// Offsets in the registers of x86-64: the first six arguments, and the result.
pub(super) const ARGUMENTS: [i16; 6] = [112, 104, 96, 88, 72, 64];
/// The result.
pub(super) const RESULT: i16 = 80;
