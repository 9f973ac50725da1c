//! Special fields of map values and objects: locks, timers, kptrs, nodes.

use super::value::{MapRef, Reg};
use super::vm::Env;

/// Whether the pointed-to object may hold a spin lock; such pointers keep
/// their id, by which an unlock finds its lock.
pub fn may_hold_lock(_env: &Env<'_>, _reg: &Reg) -> bool {
    false
}

/// Whether values of this inner map are told apart by lookup (timers and
/// workqueues remember their map).
pub fn inner_needs_uid(_env: &Env<'_>, _map: MapRef) -> bool {
    false
}
