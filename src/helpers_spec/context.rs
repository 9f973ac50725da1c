//! Contexts: which accesses a program type may make, and what a load yields.
//!
//! A layout is a table over the offsets of the context struct, five bytes each:
//! the kind that a load of 1, 2, 4 and 8 bytes yields (0: refused), and a set
//! of the sizes that may be stored. Contexts that are plain memory have a
//! [`Buffer`] instead. Tracing, LSM and struct_ops programs take arguments
//! described by BTF and have no layout.

use super::tables;
use super::words::{AttachType, ProgType, SpecVersion};

/// What a load from a context yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CtxKind {
    /// A number.
    Scalar,
    /// The start of the packet.
    Packet,
    /// The start of its metadata.
    PacketMeta,
    /// The end of the packet.
    PacketEnd,
    /// A full socket.
    Socket,
    /// A socket's common part.
    SockCommon,
    /// The flow dissector's keys.
    FlowKeys,
    /// A writable tracepoint's buffer.
    TpBuffer,
}

/// One accepted access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CtxField {
    /// What it yields; a number for stores.
    pub kind: CtxKind,
    /// Whether the pointer may be NULL.
    pub nullable: bool,
    /// The field of the struct; empty where no field is.
    pub name: &'static str,
}

/// A context that is memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Buffer {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) aligned: bool,
    pub(super) write: bool,
}

/// The accesses of one context.
#[derive(Debug)]
pub struct CtxLayout {
    /// The struct that programs see (`__sk_buff`).
    pub struct_name: &'static str,
    /// Its size in bytes; 0 when it has none of its own.
    pub size: u32,
    pub(super) cells: Option<&'static [u8]>,
    pub(super) cells_no_caps: Option<&'static [u8]>,
    pub(super) fields: &'static [(&'static str, u16, u16)],
    pub(super) buffer: Option<Buffer>,
}

/// Kinds by their number in a cell, less one.
const KINDS: [Option<(CtxKind, bool)>; 13] = [
    Some((CtxKind::Scalar, false)),
    Some((CtxKind::Packet, false)),
    Some((CtxKind::PacketMeta, false)),
    Some((CtxKind::PacketEnd, false)),
    Some((CtxKind::Socket, false)),
    Some((CtxKind::Socket, true)),
    Some((CtxKind::SockCommon, false)),
    Some((CtxKind::SockCommon, true)),
    Some((CtxKind::FlowKeys, false)),
    Some((CtxKind::TpBuffer, false)),
    None,
    None,
    None,
];

impl CtxLayout {
    /// What an access of `size` bytes at `off` is; none when it is refused.
    pub fn access(&self, off: u32, size: u32, write: bool) -> Option<CtxField> {
        self.access_in(self.cells, off, size, write)
    }

    /// The same for a program loaded without `CAP_BPF`.
    pub fn access_unprivileged(&self, off: u32, size: u32, write: bool) -> Option<CtxField> {
        self.access_in(self.cells_no_caps.or(self.cells), off, size, write)
    }

    fn access_in(
        &self,
        cells: Option<&'static [u8]>,
        off: u32,
        size: u32,
        write: bool,
    ) -> Option<CtxField> {
        let which = match size {
            1 => 0,
            2 => 1,
            4 => 2,
            8 => 3,
            _ => return None,
        };
        let scalar = (CtxKind::Scalar, false);
        if let Some(b) = self.buffer {
            let fits = off >= b.start && off.checked_add(size).is_some_and(|end| end <= b.end);
            let ok = fits && (!b.aligned || off.is_multiple_of(size)) && (!write || b.write);
            return ok.then(|| self.field(off, scalar));
        }
        let at = (off as usize).checked_mul(5)?;
        let cell = cells?.get(at..at + 5)?;
        if write {
            return (cell.get(4)? >> which & 1 == 1).then(|| self.field(off, scalar));
        }
        let kind = KINDS
            .get(usize::from(*cell.get(which)?).checked_sub(1)?)
            .copied()
            .flatten()?;
        Some(self.field(off, kind))
    }

    fn field(&self, off: u32, (kind, nullable): (CtxKind, bool)) -> CtxField {
        CtxField {
            kind,
            nullable,
            name: self.field_name(off).unwrap_or(""),
        }
    }

    /// The field that covers an offset.
    pub fn field_name(&self, off: u32) -> Option<&'static str> {
        let after = self
            .fields
            .partition_point(|(_, start, _)| u32::from(*start) <= off);
        let (name, start, size) = self.fields.get(after.checked_sub(1)?)?;
        (off < u32::from(*start) + u32::from(*size)).then_some(name)
    }

    /// The struct's fields: name, offset, size in bytes, by offset.
    pub fn fields(&self) -> &'static [(&'static str, u16, u16)] {
        self.fields
    }

    /// One more than the last offset that can be accessed.
    pub fn limit(&self) -> u32 {
        match (self.buffer, self.cells) {
            (Some(b), _) => b.end,
            (None, Some(cells)) => (cells.len() / 5) as u32 + 7,
            (None, None) => 0,
        }
    }
}

/// The context of a program type under an attach type.
pub fn ctx_access(
    prog_type: ProgType,
    attach: Option<AttachType>,
    v: SpecVersion,
) -> Option<&'static CtxLayout> {
    let table = &tables::CTX_INDEX;
    let key = |attach: u8| (v.index() as u8, prog_type.id() as u8, attach);
    let find = |attach: u8| {
        let at = table
            .binary_search_by(|(v, p, a, _)| (*v, *p, *a).cmp(&key(attach)))
            .ok()?;
        table.get(at)
    };
    let own = attach.and_then(|a| find(a.id() as u8));
    let row = own.or_else(|| find(255)).or_else(|| {
        // A type whose rows all name attach types, asked without a known one.
        let first = table.partition_point(|(v, p, ..)| (*v, *p) < (key(0).0, key(0).1));
        table
            .get(first)
            .filter(|(v, p, ..)| (*v, *p) == (key(0).0, key(0).1))
    })?;
    tables::CTX_LAYOUTS.get(usize::from(row.3))
}

/// The fields behind a socket pointer (`sock_common`, `sock`, `tcp_sock`,
/// `xdp_sock`) or the flow dissector's keys (`flow_keys`).
pub fn pointer_access(kind: &str) -> Option<&'static CtxLayout> {
    let row = tables::POINTER_LAYOUTS
        .iter()
        .find(|(name, _)| *name == kind)?;
    tables::CTX_LAYOUTS.get(usize::from(row.1))
}

/// The kernel struct that a netfilter program's context holds at an offset.
pub fn netfilter_field(off: u32, size: u32) -> Option<&'static str> {
    match (off, size) {
        (0, 8) => Some("nf_hook_state"),
        (8, 8) => Some("sk_buff"),
        _ => None,
    }
}
