//! Dynptrs: a view of bytes with an offset and a length.
//!
//! The sixteen bytes that a program sees are opaque; what they stand for is kept
//! beside, by their address.

use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::maps::errno::{E2BIG, EINVAL};
use crate::smoke::memory::{Kind, RegionId};
use crate::smoke::runtime::Runtime;

/// Longest dynptr.
const MAX_LEN: u64 = (1 << 24) - 1;

/// What a dynptr is a view of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Memory at this address.
    Memory(u64),
    /// A ring buffer reservation at this address.
    Record(u64),
    /// The packet.
    Packet,
    /// Nothing.
    Null,
}

/// A dynptr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dynptr {
    /// What it views.
    pub of: Of,
    /// Where the view begins.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
    /// Writes are refused.
    pub rdonly: bool,
}

impl Dynptr {
    /// The dynptr of nothing.
    pub const NULL: Dynptr = Dynptr {
        of: Of::Null,
        offset: 0,
        len: 0,
        rdonly: false,
    };
}

/// A dynptr object over a region, for callbacks; its address.
pub fn local(rt: &mut Runtime, region: RegionId, len: u32) -> Result<u64, Stop> {
    let at = rt.mem.base(region);
    let slot = rt.mem.alloc_zeroed(Kind::Buffer, 16);
    let slot = slot.ok_or_else(|| FaultKind::NotModelled("more memory objects".into()))?;
    let addr = rt.mem.base(slot);
    let view = Dynptr {
        of: Of::Memory(at),
        offset: 0,
        len: u64::from(len),
        rdonly: true,
    };
    rt.dynptrs.insert(addr, view);
    Ok(addr)
}

impl Cx<'_> {
    /// The dynptr at an argument; an invalid one is a null one.
    pub(super) fn dynptr(&self, arg: usize) -> Dynptr {
        self.rt
            .dynptrs
            .get(&self.arg(arg))
            .copied()
            .unwrap_or(Dynptr::NULL)
    }

    /// Makes an argument's slot a dynptr.
    pub(super) fn set_dynptr(&mut self, arg: usize, value: Dynptr) -> Result<(), Stop> {
        // The slot's bytes are written so that both engines see the same stack.
        self.put(arg, &[0; 16])?;
        let at = self.arg(arg);
        self.rt.dynptrs.insert(at, value);
        Ok(())
    }

    /// The address of `len` bytes in a dynptr, where it has addresses.
    pub(super) fn within(&self, view: &Dynptr, offset: u64, len: u64) -> Option<u64> {
        let end = offset.checked_add(len)?;
        if end > view.len {
            return None;
        }
        let at = view.offset.checked_add(offset)?;
        match view.of {
            Of::Memory(base) | Of::Record(base) => base.checked_add(at),
            Of::Packet => {
                let p = self.rt.packet.as_ref()?;
                let start = self.rt.mem.base(p.region).checked_add(p.data as u64)?;
                let inside = at.checked_add(len)? <= p.len() as u64;
                inside.then(|| start.checked_add(at)).flatten()
            }
            Of::Null => None,
        }
    }
}

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    match id {
        helper::DYNPTR_FROM_MEM => from_mem(cx),
        helper::RINGBUF_RESERVE_DYNPTR => reserve(cx),
        helper::RINGBUF_SUBMIT_DYNPTR | helper::RINGBUF_DISCARD_DYNPTR => {
            let view = cx.dynptr(1);
            let at = cx.arg(1);
            if let Of::Record(record) = view.of {
                cx.rt
                    .ring_finish(record, id == helper::RINGBUF_SUBMIT_DYNPTR)?;
            }
            cx.rt.dynptrs.remove(&at);
            ret(0)
        }
        helper::DYNPTR_READ => {
            let [_, len, _, offset, flags] = cx.args;
            let view = cx.dynptr(3);
            if flags != 0 || view.of == Of::Null {
                return ret(EINVAL);
            }
            match cx.within(&view, offset, len) {
                Some(at) => {
                    let bytes = cx.copied(at, len)?;
                    cx.put(1, &bytes)?;
                    ret(0)
                }
                None => ret(E2BIG),
            }
        }
        helper::DYNPTR_WRITE => write(cx),
        helper::DYNPTR_DATA => {
            let [_, offset, len, ..] = cx.args;
            let view = cx.dynptr(1);
            if view.rdonly || matches!(view.of, Of::Packet | Of::Null) {
                return Ok(Some(0));
            }
            Ok(Some(cx.within(&view, offset, len).unwrap_or(0)))
        }
        _ => Ok(None),
    }
}

fn from_mem(cx: &mut Cx<'_>) -> Answer {
    let [data, size, flags, ..] = cx.args;
    let (view, answer) = if size > MAX_LEN {
        (Dynptr::NULL, E2BIG)
    } else if flags != 0 {
        (Dynptr::NULL, EINVAL)
    } else {
        (
            Dynptr {
                of: Of::Memory(data),
                offset: 0,
                len: size,
                rdonly: false,
            },
            0,
        )
    };
    cx.set_dynptr(4, view)?;
    ret(answer)
}

fn reserve(cx: &mut Cx<'_>) -> Answer {
    let map = cx.map(1)?;
    let (size, flags) = (cx.arg(2), cx.arg(3));
    let (view, answer) = if flags != 0 {
        (Dynptr::NULL, EINVAL)
    } else if size > MAX_LEN {
        (Dynptr::NULL, E2BIG)
    } else {
        match cx.rt.ring_reserve(map, size, 0)? {
            0 => (Dynptr::NULL, EINVAL),
            at => (
                Dynptr {
                    of: Of::Record(at),
                    offset: 0,
                    len: size,
                    rdonly: false,
                },
                0,
            ),
        }
    };
    cx.set_dynptr(4, view)?;
    ret(answer)
}

fn write(cx: &mut Cx<'_>) -> Answer {
    let [_, offset, _, len, flags] = cx.args;
    let view = cx.dynptr(1);
    let packet = view.of == Of::Packet;
    if view.rdonly || view.of == Of::Null || (flags != 0 && !packet) {
        return ret(EINVAL);
    }
    match cx.within(&view, offset, len) {
        Some(at) => {
            let bytes = cx.bytes(3, len)?;
            cx.rt.mem.write(at, &bytes)?;
            ret(0)
        }
        None => ret(E2BIG),
    }
}
