//! What a call does, as its arguments tell.

use super::super::dynptr::Dynptr;
use super::super::locks::LockFact;
use super::super::mem_region::Touched;
use super::super::{irq, iter};
use crate::abstract_interp::btf_record::Field;
use crate::abstract_interp::value::{BtfSrc, DynptrType, MapRef, RefId};
use crate::prelude::*;

/// What the call does, as its arguments tell.
#[derive(Default)]
pub struct Facts {
    /// The register whose reference is released.
    pub release: Option<u8>,
    /// The reference that some argument carries.
    pub ref_id: RefId,
    /// The size of the memory that r0 points to.
    pub r0_size: Option<u32>,
    /// It may only be read.
    pub r0_rdonly: bool,
    /// The constant argument.
    pub constant: Option<u64>,
    /// The allocated object that is passed.
    pub object: Option<(BtfSrc, u32)>,
    /// It is passed by an owning reference.
    pub owning: bool,
    /// The map that is passed (or holds the field that is).
    pub map: Option<(MapRef, u32)>,
    /// The initialised dynptr.
    pub dynptr: Option<Dynptr>,
    /// Dynptrs to make: frame, slot, kind, shared reference.
    pub new_dynptrs: Vec<(usize, usize, DynptrType, RefId)>,
    /// Dynptrs that are read.
    pub read_dynptrs: Vec<Dynptr>,
    /// The callback.
    pub callback: Option<u32>,
    /// The iterator: place, type, reference.
    pub iter: Option<(iter::At, iter::IterType, RefId)>,
    /// The collection.
    pub root: Option<Field>,
    /// Saved IRQ flags: place, whether they are to be saved, whether by a lock.
    pub irq: Option<(irq::At, bool, bool)>,
    /// A lock operation.
    pub lock: Option<LockFact>,
    /// Memory that is read or written.
    pub touched: Vec<Touched>,
}
