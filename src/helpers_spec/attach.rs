//! What programs attach to: how kernels name it, and what their struct_ops allow.

use super::tables;
use super::words::{AttachType, ProgType};

/// How a kernel's types name what programs hang on: a prefix before the name that
/// people use, and whether it is a typedef or a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hooked {
    /// Stands before the name.
    pub prefix: &'static str,
    /// A typedef of a pointer to a function, not a function.
    pub typedef: bool,
}

/// How what programs of an attach type hang on is named.
pub const fn hooked(attach: Option<AttachType>) -> Hooked {
    let (prefix, typedef) = match attach {
        Some(AttachType::TraceRawTp) => ("btf_trace_", true),
        Some(AttachType::TraceIter) => ("bpf_iter_", false),
        Some(AttachType::LsmMac | AttachType::LsmCgroup) => ("bpf_lsm_", false),
        _ => ("", false),
    };
    Hooked { prefix, typedef }
}

/// Whether a program of this attach type hangs on many functions at once.
pub const fn hooks_many(attach: Option<AttachType>) -> bool {
    matches!(
        attach,
        Some(
            AttachType::TraceFentryMulti
                | AttachType::TraceFexitMulti
                | AttachType::TraceFsessionMulti
        )
    )
}

/// Whether loading such a program fails for an attach type that the kernel doesn't
/// know; for others only attaching does.
pub fn load_asks_attach_type(prog_type: ProgType) -> bool {
    super::prog_type_facts(prog_type).is_some_and(|f| f.attach_type_asked)
}

/// A rule on the programs of one member of a struct_ops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpsRule {
    /// No program may implement it.
    Unsupported,
    /// Its programs may not sleep, where others may.
    NeverSleeps,
    /// An argument is a pointer to another struct than the prototype says.
    Argument(u32, &'static str),
}

/// The rules on a member's programs beyond its prototype.
pub fn ops_rules<'a>(structure: &'a str, member: &'a str) -> impl Iterator<Item = OpsRule> + 'a {
    tables::STRUCT_OPS
        .iter()
        .filter(move |(s, m, _)| *s == structure && *m == member)
        .map(|(.., rule)| *rule)
}
