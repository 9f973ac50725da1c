//! Fields of values that user space and plain copies leave alone: locks, timers,
//! kernel pointers, list and tree heads and nodes.

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

/// (offset, size) of each such field, by offset.
pub fn fields(btf: &Btf, id: u32, value_size: u32) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    collect(btf, id, 0, 0, &mut out);
    out.retain(|(off, size)| off.checked_add(*size).is_some_and(|end| end <= value_size));
    out.sort_unstable();
    out.dedup();
    out
}

fn collect(btf: &Btf, id: u32, off: u32, depth: u32, out: &mut Vec<(u32, u32)>) {
    if depth > 8 || out.len() > 64 {
        return;
    }
    match btf.ty(btf.skip_mods_typedefs(id)) {
        Some(Type::Struct(c)) if NAMES.contains(&c.name) => out.push((off, c.size)),
        Some(Type::Struct(c)) => {
            for m in c.members.iter() {
                collect(
                    btf,
                    m.ty,
                    off.saturating_add(m.bit_offset / 8),
                    depth + 1,
                    out,
                );
            }
        }
        Some(Type::Array { elem, len, .. }) => {
            let size = btf.resolve_size(elem).unwrap_or(0);
            for i in 0..len.min(16) {
                collect(btf, elem, off.saturating_add(i * size), depth + 1, out);
            }
        }
        Some(Type::Ptr { to }) => {
            if let Some(Type::TypeTag { name, .. }) = btf.ty(to)
                && matches!(name, "kptr" | "kptr_untrusted" | "percpu_kptr" | "uptr")
            {
                out.push((off, 8));
            }
        }
        _ => {}
    }
}
