//! What linking takes and gives.

use super::manifest::Manifest;
use super::maps::Loader;
use super::shared::Conflict;
use super::usual_kconfig;
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::Btf;
use crate::prelude::*;
use crate::programs::lines::LineTable;
use crate::programs::program::{LoadError, Program};
use alloc::sync::Arc;

/// What a loader on the target would find, and what the user asks for.
#[derive(Clone, Copy)]
pub struct LinkOptions<'a> {
    /// The kernel's BTF. Without it what needs its types is left open.
    pub kernel_btf: Option<&'a Btf>,
    /// There is no kernel whose types count: without its BTF each type of the object
    /// is only itself. For those who look at programs and give no verdict.
    pub own_types: bool,
    /// The kernel's release, for `LINUX_KERNEL_VERSION`.
    pub release: (u16, u16, u16),
    /// The type of every program, whatever its section says.
    pub force_type: Option<(ProgType, Option<AttachType>)>,
    /// The type of programs whose section says none, by (section, name).
    pub type_of: &'a dyn Fn(&str, &str) -> Option<(ProgType, Option<AttachType>)>,
    /// Section names as libbpf 0.8 matches them (`xdp_prog1`), and a single
    /// program in `.text`.
    pub legacy_sections: bool,
    /// Map records of `maps` sections, as libbpf 0.8, iproute2 and Aya have them.
    pub legacy_maps: bool,
    /// Who loads: what is mended of maps, and whether what is left open is assumed.
    pub loader: Loader,
    /// What user space sets before the load.
    pub manifest: &'a Manifest,
    /// Whether a lenient loader assumes what is left open.
    pub assume: bool,
    /// Whether the kernel has a kfunc; asked when its BTF does not tell.
    pub kfunc_exists: &'a dyn Fn(&str) -> bool,
    /// Whether the kernel has a map type, by number, where more is known of it than
    /// its release.
    pub map_type_exists: &'a dyn Fn(u32) -> Option<bool>,
    /// Kernel configuration values as a `.config` writes them (`y`, `"text"`, `12`);
    /// by default those that distributions have in common.
    pub kconfig: &'a dyn Fn(&str) -> Option<String>,
    /// The object's lines, where it is linked more than once.
    pub lines: Option<&'a LineTable>,
    /// The same object, linked for another target: what turns out alike is shared.
    pub like: Option<&'a Linked>,
    /// Bytes that its programs may take together.
    pub most_bytes: usize,
}

/// Bytes of all programs of an object together. The largest in use take a tenth.
pub const MAX_LINKED_BYTES: usize = 128 << 20;

static NOTHING_SET: Manifest = Manifest::new();

impl Default for LinkOptions<'_> {
    fn default() -> Self {
        LinkOptions {
            kernel_btf: None,
            own_types: false,
            release: (6, 18, 0),
            force_type: None,
            type_of: &|_, _| None,
            legacy_sections: false,
            legacy_maps: false,
            loader: Loader::Any,
            manifest: &NOTHING_SET,
            assume: true,
            kfunc_exists: &|_| true,
            map_type_exists: &|_| None,
            kconfig: &usual_kconfig,
            lines: None,
            like: None,
            most_bytes: MAX_LINKED_BYTES,
        }
    }
}

/// What became of an object's programs.
#[derive(Clone, Debug, Default)]
pub struct Linked {
    /// The programs in libbpf's order: by section, then offset.
    pub programs: Vec<Result<Program, LoadError>>,
    /// Why there are none at all.
    pub object_errors: Vec<LoadError>,
    /// Programs that cannot be loaded together, each with a map that they share.
    pub conflicts: Vec<Conflict>,
}

impl Linked {
    /// The program at an index, with what is the same as here.
    pub(super) fn shared(&self, index: usize, mut program: Program) -> Program {
        if let Some(Ok(own)) = self.programs.get(index) {
            if own.insns == program.insns {
                program.insns = Arc::clone(&own.insns);
            }
            if own.subprogs == program.subprogs {
                program.subprogs = Arc::clone(&own.subprogs);
            }
        }
        program
    }
}
