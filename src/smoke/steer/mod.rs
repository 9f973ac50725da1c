//! Steering: what of the world around a program is made so that it goes another way.
//!
//! A seed decides what a program finds: fields of its context, kernel objects, entries
//! of maps, results of helpers. Most branches ask for one value out of billions, which no
//! seed meets. A [`Steer`] states those few bytes and results; everything else stays as
//! the seed made it, so that an input is still a seed, a packet, and a short text.
//! `shadow` finds during a run which bytes a branch depends on, `solve` what they must
//! be for the branch to go the other way, and [`search`] runs a program until every branch
//! was tried.
//!
//! What may be stated is what a verifier knows nothing of: it takes any number in such
//! places. Of results it knows a little (a string's length, a CPU's number); `shadow` asks
//! only for those within.

mod apply;
mod bytes;
mod calls;
pub mod search;
mod shadow;
mod solve;
mod text;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Site;
use super::inputs::Input;

/// Something whose bytes can be stated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The program's context.
    Context,
    /// The memory of user space.
    User,
    /// The name of the current task.
    Comm,
    /// A kernel object, by the runtime's name for it.
    Kernel(String),
    /// The value of a map's key.
    Entry {
        /// The map, as the image numbers them.
        map: u32,
        /// The key.
        key: Vec<u8>,
    },
}

/// What a call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// This result, and nothing else happens.
    Value(u64),
    /// What the call does when it has luck.
    Luck,
}

/// A call of a run: the instruction, and which of its executions, from 0 on.
pub type Call = (Site, u32);

/// What is stated of a run's world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steer {
    /// Bytes.
    bytes: BTreeMap<(Thing, u32), u8>,
    /// Places that hold the address of a kernel object of their own.
    pointers: BTreeSet<(Thing, u32)>,
    /// Entries that are there from the start, whatever their values.
    entries: BTreeSet<(u32, Vec<u8>)>,
    /// Results of calls.
    calls: BTreeMap<Call, Forced>,
}

/// A change that makes an input another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Bytes of a thing.
    Bytes(Thing, u32, Vec<u8>),
    /// A pointer in a thing.
    Pointer(Thing, u32),
    /// Bytes of the packet.
    Packet(usize, Vec<u8>),
    /// The length of the packet.
    Length(usize),
    /// An entry of a map, with the value that it had.
    Entry(u32, Vec<u8>, Vec<u8>),
    /// The result of a call.
    Result(Call, Forced),
}

impl Steer {
    /// Nothing is stated.
    pub fn is_empty(&self) -> bool {
        *self == Steer::default()
    }

    fn set(&mut self, change: Change) {
        match change {
            Change::Bytes(thing, off, bytes) => {
                self.pointers.remove(&(thing.clone(), off));
                for (byte, at) in bytes.into_iter().zip(off..) {
                    self.bytes.insert((thing.clone(), at), byte);
                }
            }
            Change::Pointer(thing, off) => {
                self.pointers.insert((thing, off));
            }
            Change::Entry(map, key, value) => {
                let thing = Thing::Entry {
                    map,
                    key: key.clone(),
                };
                for (byte, at) in value.into_iter().zip(0..) {
                    self.bytes.entry((thing.clone(), at)).or_insert(byte);
                }
                self.entries.insert((map, key));
            }
            Change::Result(call, forced) => {
                self.calls.insert(call, forced);
            }
            Change::Packet(..) | Change::Length(_) => {}
        }
    }
}

impl Input {
    /// The input with changes.
    pub(super) fn with(&self, changes: &[Change]) -> Input {
        let mut input = self.clone();
        for change in changes {
            match change {
                Change::Packet(at, bytes) => {
                    let end = at.saturating_add(bytes.len());
                    if let Some(place) = input.packet.get_mut(*at..end) {
                        place.copy_from_slice(bytes);
                    }
                }
                Change::Length(len) => input.packet.resize(*len, 0),
                other => input.steer.set(other.clone()),
            }
        }
        input
    }
}
