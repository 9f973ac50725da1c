//! Whether two links of a program are the same to a verifier.

use alloc::sync::Arc;

use super::Program;

impl Program {
    /// Whether a verifier that gets the same answers of its kernel finds the same in both:
    /// all but what only people are shown, and the loader reads. Types that both have from
    /// one object are one.
    pub fn verifies_like(&self, other: &Program) -> bool {
        // A new field is to be decided on here.
        let Program {
            name,
            section: _,
            prog_type,
            attach_type,
            attach_to,
            attach_btf_id,
            extends,
            struct_ops,
            sleepable,
            prog_flags,
            autoload: _,
            insns,
            maps,
            assumes: _,
            subprogs,
            kfuncs,
            ksyms,
            poisoned,
            core_relocs,
            line_info: _,
            func_info,
            btf,
            btf_refused: _,
            license: _,
            gpl_compatible,
            kern_version: _,
        } = self;
        let same = |a: &Option<Arc<_>>, b: &Option<Arc<_>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        *insns == other.insns
            && *name == other.name
            && *prog_type == other.prog_type
            && *attach_type == other.attach_type
            && *attach_to == other.attach_to
            && *attach_btf_id == other.attach_btf_id
            && extends.is_none()
            && other.extends.is_none()
            && *struct_ops == other.struct_ops
            && *sleepable == other.sleepable
            && *prog_flags == other.prog_flags
            && (Arc::ptr_eq(maps, &other.maps) || *maps == other.maps)
            && (Arc::ptr_eq(subprogs, &other.subprogs) || *subprogs == other.subprogs)
            && *kfuncs == other.kfuncs
            && *ksyms == other.ksyms
            && *poisoned == other.poisoned
            && core_relocs.is_empty() == other.core_relocs.is_empty()
            && *func_info == other.func_info
            && same(btf, &other.btf)
            && *gpl_compatible == other.gpl_compatible
    }
}
