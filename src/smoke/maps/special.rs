//! Fields of values that user space and plain copies leave alone: locks, timers,
//! kernel pointers, list and tree heads and nodes.

use std::collections::BTreeSet;

use crate::object::{Btf, Type};

const NAMES: [&str; 10] = [
    "bpf_spin_lock",
    "bpf_res_spin_lock",
    "bpf_timer",
    "bpf_wq",
    "bpf_task_work",
    "bpf_list_head",
    "bpf_list_node",
    "bpf_rb_root",
    "bpf_rb_node",
    "bpf_refcount",
];

/// How deep structures are looked into, and how many fields are kept.
const MAX_DEPTH: u32 = 8;
const MAX_FIELDS: usize = 64;

/// (offset, size) of each such field, by offset.
pub fn fields(btf: &Btf, id: u32, value_size: u32) -> Vec<(u32, u32)> {
    let mut walk = Walk {
        btf,
        out: Vec::new(),
        barren: BTreeSet::new(),
    };
    walk.collect(id, 0, 0);
    let mut out = walk.out;
    out.retain(|(off, size)| off.checked_add(*size).is_some_and(|end| end <= value_size));
    out.sort_unstable();
    out.dedup();
    out
}

struct Walk<'a> {
    btf: &'a Btf,
    out: Vec<(u32, u32)>,
    /// Types in which nothing was found at a depth. Without them types that hold one
    /// another many times over would be walked for ever.
    barren: BTreeSet<(u32, u32)>,
}

impl Walk<'_> {
    fn collect(&mut self, id: u32, off: u32, depth: u32) {
        let btf = self.btf;
        let id = btf.skip_mods_typedefs(id);
        let full = self.out.len() > MAX_FIELDS;
        if depth > MAX_DEPTH || full || self.barren.contains(&(id, depth)) {
            return;
        }
        let before = self.out.len();
        match btf.ty(id) {
            Some(Type::Struct(c)) if NAMES.contains(&c.name) => self.out.push((off, c.size)),
            Some(Type::Struct(c)) => {
                for m in c.members.iter() {
                    self.collect(m.ty, off.saturating_add(m.bit_offset / 8), depth + 1);
                }
            }
            Some(Type::Array { elem, len, .. }) => {
                let size = btf.resolve_size(elem).unwrap_or(0);
                for i in 0..len.min(16) {
                    let at = off.saturating_add(i.saturating_mul(size));
                    self.collect(elem, at, depth + 1);
                }
            }
            Some(Type::Ptr { to }) => {
                if let Some(Type::TypeTag { name, .. }) = btf.ty(to)
                    && matches!(name, "kptr" | "kptr_untrusted" | "percpu_kptr" | "uptr")
                {
                    self.out.push((off, 8));
                }
            }
            _ => {}
        }
        if self.out.len() == before {
            self.barren.insert((id, depth));
        }
    }
}
