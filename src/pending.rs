//! Stand-ins for pieces of other rooms that aren't there yet; each goes when
//! its piece comes.

use crate::abstract_interp::{Stats, Unknown, Verdict, Verification};
use crate::helpers_spec::SpecVersion;
use crate::object::Btf;
use crate::programs::Program;
use crate::target::Target;

/// What a verification takes.
pub struct Input<'a> {
    /// The linked program.
    pub program: &'a Program,
    /// The kernel that is asked.
    pub target: &'a Target,
    /// Its BTF, if at hand.
    pub kernel_btf: Option<&'a Btf>,
}

/// Verifies one program for one target.
pub fn verify(input: &Input<'_>) -> Verification {
    let _ = input;
    let unknown = Unknown {
        name: "engine".into(),
        insn: None,
    };
    Verification {
        verdict: Verdict::Unknown(unknown),
        stats: Stats::default(),
    }
}

/// A class of kernel messages.
pub struct MessageClass {
    /// Its name.
    pub id: &'static str,
    /// What its messages match.
    pub regex: &'static str,
}

/// Classes, the most specific first.
pub fn message_classes() -> &'static [MessageClass] {
    &[]
}

/// A helper's name.
pub fn helper_name(_id: u32) -> Option<&'static str> {
    None
}

/// A helper's number.
pub fn helper_id(_name: &str) -> Option<u32> {
    None
}

/// Whether a kernel series has a kfunc.
pub fn kfunc_exists(_name: &str, _series: SpecVersion) -> bool {
    true
}
