//! Places in a program where something is needed.

use super::guards::{Presence, Presences};
use crate::prelude::*;
use crate::programs::{Place, Program};
use crate::untrusted::Untrusted;

/// One place where a program uses something.
#[derive(Clone, Debug)]
pub struct Site {
    /// The instruction slot.
    pub insn: usize,
    /// Where it is in the source.
    pub place: Option<Place>,
    /// The function it is in.
    pub function: Untrusted,
    /// Whether it is needed.
    pub presence: Presence,
    /// The maps that the call was given there, as far as verification saw it:
    /// indices in the object's maps.
    pub maps: Vec<u32>,
}

/// Makes sites of one program.
pub struct Sites<'a> {
    /// The program.
    pub program: &'a Program,
    /// Whether each slot is needed.
    pub presences: &'a Presences<'a, 'a>,
    /// Slots that verification proved dead.
    pub dead: &'a [bool],
    /// The maps at a call.
    pub maps_at: &'a dyn Fn(usize) -> Vec<u32>,
}

impl Sites<'_> {
    /// The site at a slot.
    pub fn at(&self, insn: usize) -> Site {
        let function = u32::try_from(insn)
            .ok()
            .and_then(|i| self.program.subprog_at(i))
            .and_then(|s| self.program.subprogs.get(s))
            .map_or_else(Untrusted::new, |s| (&s.name).into());
        let presence = if self.dead.get(insn) == Some(&true) {
            Presence::Disabled
        } else {
            self.presences.of(insn)
        };
        Site {
            insn,
            place: self.program.place(insn as u32),
            function,
            presence,
            maps: (self.maps_at)(insn),
        }
    }
}
