//! Kernel functions by name.

use super::dynptr::{Dynptr, Of};
use super::{Answer, Cx, SPEC, iter, model, ret};
use crate::helpers_spec;
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::image::code_site;
use crate::smoke::maps::errno::{E2BIG, EINVAL, ERANGE};
use crate::smoke::memory::Kind;
use crate::smoke::runtime::{Called, Timer};

/// Largest object a program allocates.
const MAX_OBJECT: u64 = 1 << 16;
const PAGE: u64 = 4096;

pub(super) fn call(cx: &mut Cx<'_>, imm: i32, _off: i16) -> Result<u64, Stop> {
    let code = cx.image.programs.get(cx.site.program as usize);
    let kfunc = code.and_then(|c| c.program.kfuncs.get(imm as usize));
    let Some(kfunc) = kfunc else {
        return Err(FaultKind::UnknownKfunc(format!("number {imm}")).into());
    };
    let name = kfunc.name.clone();
    let called = Called::Kfunc(name.to_string());
    cx.rt.count(called.clone());
    for file in [iter::kfunc, memory, views, graph, sections, strings] {
        if let Some(value) = file(cx, &name)? {
            return Ok(value);
        }
    }
    cx.rt.modelled.insert(called);
    match helpers_spec::kfunc(&name, SPEC) {
        Some(spec) => model::kfunc(cx, spec),
        None => model::object(cx, &format!("result of {name}")),
    }
}

/// Objects of the program's own, arena pages, work items, exceptions.
fn memory(cx: &mut Cx<'_>, name: &str) -> Answer {
    match name {
        "bpf_obj_new_impl" | "bpf_percpu_obj_new_impl" | "bpf_obj_new" | "bpf_percpu_obj_new" => {
            let size = object_size(cx);
            let id = cx.rt.mem.alloc_zeroed(Kind::Object, size);
            let id = id.ok_or_else(|| FaultKind::NotModelled("more memory objects".into()))?;
            let at = cx.rt.mem.base(id);
            cx.rt.refcounts.insert(at, 1);
            Ok(Some(at))
        }
        "bpf_obj_drop_impl"
        | "bpf_percpu_obj_drop_impl"
        | "bpf_obj_drop"
        | "bpf_percpu_obj_drop" => {
            let at = cx.arg(1);
            if let Some(count) = cx.rt.refcounts.get_mut(&at) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    cx.rt.refcounts.remove(&at);
                    if let Some(id) = cx.rt.mem.find(at) {
                        cx.rt.mem.free(id);
                    }
                }
            }
            ret(0)
        }
        "bpf_refcount_acquire_impl" | "bpf_refcount_acquire" => {
            let at = cx.arg(1);
            match cx.rt.refcounts.get_mut(&at) {
                Some(count) => {
                    *count = count.saturating_add(1);
                    Ok(Some(at))
                }
                None => Ok(Some(0)),
            }
        }
        "bpf_arena_alloc_pages" | "bpf_arena_reserve_pages" => {
            let map = cx.map(1)?;
            let (wish, count) = (cx.arg(2), cx.arg(3) as u32);
            let Some(m) = cx.rt.maps.get(map as usize) else {
                return ret(0);
            };
            let (Some((region, user)), limit) = (m.arena(), m.def.max_entries) else {
                return ret(0);
            };
            let page = if wish != 0 {
                Some(((wish & 0xffff_ffff) / PAGE) as u32)
            } else {
                // Page 0 stays unused, so that no valid pointer is null.
                cx.rt.mem.map_pages(region, 0, 1);
                cx.rt.mem.free_pages(region, count, limit)
            };
            let fits =
                |page: &u32| count > 0 && page.checked_add(count).is_some_and(|end| end <= limit);
            match page.filter(fits) {
                Some(page) if cx.rt.mem.map_pages(region, page, count) => {
                    Ok(Some(user.wrapping_add(u64::from(page) * PAGE)))
                }
                _ => ret(0),
            }
        }
        "bpf_arena_free_pages" => {
            let map = cx.map(1)?;
            let (at, count) = (cx.arg(2), cx.arg(3) as u32);
            if let Some((region, _)) = cx.rt.maps.get(map as usize).and_then(|m| m.arena()) {
                cx.rt
                    .mem
                    .unmap_pages(region, ((at & 0xffff_ffff) / PAGE) as u32, count);
            }
            ret(0)
        }
        "bpf_wq_init" => {
            let (at, map) = (cx.arg(1), cx.map(2)?);
            cx.rt.timers.insert(
                at,
                Timer {
                    map,
                    callback: 0,
                    due: None,
                },
            );
            ret(0)
        }
        "bpf_wq_set_callback_impl" | "bpf_wq_set_callback" => {
            let (at, callback) = (cx.arg(1), cx.arg(2));
            if code_site(callback).is_none() {
                return Err(FaultKind::BadCodeAddress(callback).into());
            }
            match cx.rt.timers.get_mut(&at) {
                Some(timer) => {
                    timer.callback = callback;
                    ret(0)
                }
                None => ret(EINVAL),
            }
        }
        "bpf_wq_start" => {
            let (at, clock) = (cx.arg(1), cx.rt.clock);
            match cx.rt.timers.get_mut(&at) {
                Some(timer) => {
                    timer.due = Some(clock);
                    ret(0)
                }
                None => ret(EINVAL),
            }
        }
        "bpf_throw" => Err(Stop::Throw(cx.arg(1))),
        "bpf_cast_to_kern_ctx" | "bpf_rdonly_cast" => Ok(Some(cx.arg(1))),
        _ => Ok(None),
    }
}

/// The size of the program's type that r1 names.
fn object_size(cx: &Cx<'_>) -> u64 {
    let code = cx.image.programs.get(cx.site.program as usize);
    let btf = code.and_then(|c| c.program.btf.as_deref());
    let size = btf.and_then(|b| b.resolve_size(cx.arg(1) as u32));
    u64::from(size.unwrap_or(256)).clamp(1, MAX_OBJECT)
}

/// Dynptrs over packets and slices of dynptrs.
fn views(cx: &mut Cx<'_>, name: &str) -> Answer {
    match name {
        "bpf_dynptr_from_skb" | "bpf_dynptr_from_xdp" | "bpf_dynptr_from_skb_meta" => {
            let len = cx.rt.packet.as_ref().map_or(0, |p| p.len() as u64);
            let flags = cx.arg(2);
            let view = Dynptr {
                of: Of::Packet,
                offset: 0,
                len,
                rdonly: false,
            };
            cx.set_dynptr(3, if flags == 0 { view } else { Dynptr::NULL })?;
            ret(if flags == 0 { 0 } else { EINVAL })
        }
        "bpf_dynptr_slice" | "bpf_dynptr_slice_rdwr" => {
            let [_, offset, buffer, size, _] = cx.args;
            let view = cx.dynptr(1);
            if name.ends_with("_rdwr") && view.rdonly {
                return Ok(Some(0));
            }
            let _ = buffer;
            Ok(Some(
                cx.within(&view, offset & 0xffff_ffff, size & 0xffff_ffff)
                    .unwrap_or(0),
            ))
        }
        "bpf_dynptr_adjust" => {
            let (at, start, end) = (cx.arg(1), cx.arg(2) as u32, cx.arg(3) as u32);
            match cx.rt.dynptrs.get_mut(&at) {
                Some(view) if view.of != Of::Null && start <= end => {
                    if u64::from(end) > view.len {
                        return ret(ERANGE);
                    }
                    view.offset = view.offset.saturating_add(u64::from(start));
                    view.len = u64::from(end - start);
                    ret(0)
                }
                _ => ret(EINVAL),
            }
        }
        "bpf_dynptr_is_null" => Ok(Some(u64::from(cx.dynptr(1).of == Of::Null))),
        "bpf_dynptr_is_rdonly" => Ok(Some(u64::from(cx.dynptr(1).rdonly))),
        "bpf_dynptr_size" => {
            let view = cx.dynptr(1);
            if view.of == Of::Null {
                ret(EINVAL)
            } else {
                Ok(Some(view.len))
            }
        }
        "bpf_dynptr_clone" => {
            let view = cx.dynptr(1);
            cx.set_dynptr(2, view)?;
            ret(if view.of == Of::Null { EINVAL } else { 0 })
        }
        "bpf_dynptr_copy" => {
            let [_, to_off, _, from_off, len] = cx.args;
            let (to, from) = (cx.dynptr(1), cx.dynptr(3));
            let places = (cx.within(&to, to_off, len), cx.within(&from, from_off, len));
            match places {
                (Some(to), Some(from)) => {
                    let bytes = cx.copied(from, len)?;
                    cx.rt.mem.write(to, &bytes)?;
                    ret(0)
                }
                _ => ret(E2BIG),
            }
        }
        "bpf_dynptr_memset" => {
            let [_, offset, len, byte, _] = cx.args;
            let view = cx.dynptr(1);
            match cx.within(&view, offset, len) {
                Some(_) if view.rdonly => ret(EINVAL),
                Some(at) => {
                    cx.rt.spend(len)?;
                    cx.rt.mem.fill(at, len as usize, byte as u8)?;
                    ret(0)
                }
                None => ret(E2BIG),
            }
        }
        _ => Ok(None),
    }
}

/// Linked lists and red-black trees.
fn graph(cx: &mut Cx<'_>, name: &str) -> Answer {
    let [head, node, less, ..] = cx.args;
    let nodes = cx.rt.collections.entry(head).or_default();
    match name {
        "bpf_list_push_front_impl"
        | "bpf_list_push_front"
        | "bpf_list_push_back_impl"
        | "bpf_list_push_back" => {
            if name.contains("front") {
                nodes.push_front(node);
            } else {
                nodes.push_back(node);
            }
            ret(0)
        }
        "bpf_list_pop_front" | "bpf_list_pop_back" => {
            let node = if name.ends_with("front") {
                nodes.pop_front()
            } else {
                nodes.pop_back()
            };
            Ok(Some(node.unwrap_or(0)))
        }
        "bpf_list_front" | "bpf_rbtree_first" => Ok(Some(nodes.front().copied().unwrap_or(0))),
        "bpf_list_back" => Ok(Some(nodes.back().copied().unwrap_or(0))),
        "bpf_rbtree_add_impl" | "bpf_rbtree_add" => {
            let mut at = 0;
            let other = |cx: &Cx<'_>, at| cx.rt.collections.get(&head)?.get(at).copied();
            while let Some(other) = other(cx, at) {
                if cx.invoke(less, [node, other, 0, 0, 0])? != 0 {
                    break;
                }
                at += 1;
            }
            let nodes = cx.rt.collections.entry(head).or_default();
            let (at, len) = (at.min(nodes.len()), nodes.len());
            nodes.insert(at, node);
            cx.rt.spend(len as u64 * 8)?;
            ret(0)
        }
        "bpf_rbtree_remove" => {
            let (found, len) = (nodes.iter().position(|n| *n == node), nodes.len());
            if let Some(at) = found {
                nodes.remove(at);
            }
            cx.rt.spend(len as u64 * 8)?;
            Ok(Some(if found.is_some() { node } else { 0 }))
        }
        "bpf_rbtree_root" | "bpf_rbtree_left" | "bpf_rbtree_right" => {
            let root = if name.ends_with("root") {
                nodes.front()
            } else {
                None
            };
            Ok(Some(root.copied().unwrap_or(0)))
        }
        _ => Ok(None),
    }
}

/// RCU, preemption and interrupt sections; resilient locks.
fn sections(cx: &mut Cx<'_>, name: &str) -> Answer {
    let (section, enter) = match name {
        "bpf_rcu_read_lock" => (0, true),
        "bpf_rcu_read_unlock" => (0, false),
        "bpf_preempt_disable" => (1, true),
        "bpf_preempt_enable" => (1, false),
        "bpf_local_irq_save" => (2, true),
        "bpf_local_irq_restore" => (2, false),
        "bpf_res_spin_lock" | "bpf_res_spin_lock_irqsave" => {
            let at = cx.arg(1);
            return ret(if cx.rt.locks.insert(at) { 0 } else { -35 });
        }
        "bpf_res_spin_unlock" | "bpf_res_spin_unlock_irqrestore" => {
            let at = cx.arg(1);
            cx.rt.locks.remove(&at);
            return ret(0);
        }
        _ => return Ok(None),
    };
    if section == 2 && enter {
        cx.put(1, &[0; 8])?;
    }
    if let Some(depth) = cx.rt.sections.get_mut(section) {
        match depth.checked_add_signed(if enter { 1 } else { -1 }) {
            Some(new) => *depth = new,
            None => return Err(FaultKind::Misuse("a section is left that was not entered").into()),
        }
    }
    ret(0)
}

/// Strings and streams.
fn strings(cx: &mut Cx<'_>, name: &str) -> Answer {
    const MAX: usize = 4096;
    if name.starts_with("bpf_str") {
        cx.rt.spend(MAX as u64)?;
    }
    let read = |cx: &Cx<'_>, n: usize| cx.rt.mem.string(cx.arg(n), MAX).ok();
    let find = |text: Vec<u8>, byte: u8, last: bool| {
        let hit = |b: &u8| *b == byte;
        let at = if last {
            text.iter().rposition(hit)
        } else {
            text.iter().position(hit)
        };
        match at {
            Some(at) => at as i64,
            None if byte == 0 => text.len() as i64,
            None => -2,
        }
    };
    const EFAULT: i64 = -14;
    match name {
        "bpf_strlen" => ret(read(cx, 1).map_or(EFAULT, |s| s.len() as i64)),
        "bpf_strnlen" => {
            let most = cx.arg(2) as i64;
            ret(read(cx, 1).map_or(EFAULT, |s| (s.len() as i64).min(most)))
        }
        "bpf_strcmp" | "bpf_strcasecmp" => match (read(cx, 1), read(cx, 2)) {
            (Some(mut a), Some(mut b)) => {
                if name.contains("case") {
                    a.make_ascii_lowercase();
                    b.make_ascii_lowercase();
                }
                ret(a.cmp(&b) as i64)
            }
            _ => ret(EFAULT),
        },
        "bpf_strchr" | "bpf_strrchr" => {
            let byte = cx.arg(2) as u8;
            ret(read(cx, 1).map_or(EFAULT, |s| find(s, byte, name.contains("rchr"))))
        }
        "bpf_strstr" => match (read(cx, 1), read(cx, 2)) {
            (Some(a), Some(b)) if b.is_empty() => {
                let _ = a;
                ret(0)
            }
            (Some(a), Some(b)) => {
                // As many comparisons as there are places, of as many bytes.
                cx.rt.spend((a.len() * b.len()) as u64 / 8)?;
                let found = a.windows(b.len()).position(|w| w == b);
                ret(found.map_or(-2, |at| at as i64))
            }
            _ => ret(EFAULT),
        },
        "bpf_stream_vprintk" | "bpf_stream_vprintk_impl" => {
            let format = read(cx, 2).unwrap_or_default();
            let len = cx.arg(4);
            let words = if len == 0 {
                Vec::new()
            } else {
                cx.bytes(3, len)?
            };
            let words: Vec<u64> = words
                .chunks_exact(8)
                .map(|c| c.try_into().map_or(0, u64::from_le_bytes))
                .collect();
            match super::format::expand(&cx.rt.mem, &format, &words) {
                Some(text) => {
                    cx.rt.spend(text.len() as u64)?;
                    cx.rt.output.stream.extend(text);
                    ret(0)
                }
                None => ret(EINVAL),
            }
        }
        "bpf_get_smp_processor_id" => Ok(Some(u64::from(cx.rt.config.cpu))),
        _ => Ok(None),
    }
}
