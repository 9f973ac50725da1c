//! Which frames' stack a register may point into, and where.
//!
//! A value is no stack address; an address in one frame at one of a few offsets; or
//! an address anywhere in some frames. Frames are counted from the outermost of the
//! chain of calls.
//!
//! ```text
//! nowhere ⊑ at(f, {o..}) ⊑ in({f..})
//! ```
//!
//! Pointers that a function spills to its own stack are followed, by slot.

use alloc::collections::BTreeMap;

use smallvec::SmallVec;

/// Offsets that are told apart.
const MAX_OFFSETS: usize = 4;
/// Bytes of a frame's stack.
const STACK: i32 = 512;

/// What stack a value points into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// None.
    #[default]
    Nowhere,
    /// One frame's, at one of these offsets, which ascend.
    At(u8, SmallVec<[i16; MAX_OFFSETS]>),
    /// That of any of these frames, a bit each, wherever.
    In(u32),
}

impl Address {
    /// The frame pointer of a frame.
    pub fn frame(frame: usize) -> Address {
        Address::At(frame as u8, smallvec::smallvec![0])
    }

    /// The frames, a bit each.
    pub fn frames(&self) -> u32 {
        match self {
            Address::Nowhere => 0,
            Address::At(frame, _) => 1 << frame,
            Address::In(frames) => *frames,
        }
    }

    /// Somewhere in the same frames.
    pub fn anywhere(&self) -> Address {
        match self.frames() {
            0 => Address::Nowhere,
            frames => Address::In(frames),
        }
    }

    /// That much further.
    pub fn moved(&self, by: Option<i64>) -> Address {
        let (Address::At(frame, offsets), Some(by)) = (self, by) else {
            return self.anywhere();
        };
        let mut moved = SmallVec::new();
        for off in offsets {
            match i64::from(*off).checked_add(by).map(i16::try_from) {
                Some(Ok(off)) => moved.push(off),
                _ => return self.anywhere(),
            }
        }
        Address::At(*frame, moved)
    }

    /// Takes in what else it may be; whether that is new.
    pub fn join(&mut self, other: &Address) -> bool {
        if *other == Address::Nowhere || self == other {
            return false;
        }
        let joined = match (&*self, other) {
            (Address::Nowhere, other) => other.clone(),
            (Address::At(f, a), Address::At(g, b)) if f == g => {
                let mut all = a.clone();
                all.extend(b.iter().copied());
                all.sort_unstable();
                all.dedup();
                match all.len() {
                    ..=MAX_OFFSETS => Address::At(*f, all),
                    _ => Address::In(1 << f),
                }
            }
            (a, b) => Address::In(a.frames() | b.frames()),
        };
        let changed = *self != joined;
        *self = joined;
        changed
    }
}

/// What a function's registers and its own stack hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    regs: [Address; 11],
    spills: BTreeMap<i16, Address>,
}

impl Held {
    /// At the entry of a function in frame `frame`.
    pub fn entry(frame: usize, args: &[Address; 5]) -> Held {
        let mut held = Held::default();
        held.regs[1..6].clone_from_slice(args);
        held.regs[10] = Address::frame(frame);
        held
    }

    /// What a register holds.
    pub fn reg(&self, r: u8) -> &Address {
        self.regs.get(usize::from(r)).unwrap_or(&Address::Nowhere)
    }

    /// Writes a register.
    pub fn set(&mut self, r: u8, to: Address) {
        if let Some(reg) = self.regs.get_mut(usize::from(r)).filter(|_| r < 10) {
            *reg = to;
        }
    }

    /// The arguments of a call.
    pub fn arguments(&self) -> [Address; 5] {
        core::array::from_fn(|i| self.regs[i + 1].clone())
    }

    /// A call was made.
    pub fn called(&mut self) {
        self.regs[..6].fill(Address::Nowhere);
    }

    /// What lies at these offsets of the own stack.
    pub fn load(&self, offsets: &[i16]) -> Address {
        let mut out = Address::Nowhere;
        for off in offsets {
            if let Some(spilled) = self.spills.get(off) {
                out.join(spilled);
            }
        }
        out
    }

    /// What lies anywhere in the own stack.
    pub fn load_any(&self) -> Address {
        let mut out = Address::Nowhere;
        self.spills.values().for_each(|spilled| {
            out.join(spilled);
        });
        out
    }

    /// Stores to the own stack, at one of these offsets.
    pub fn store(&mut self, offsets: &[i16], size: u32, value: &Address) {
        if let [off] = *offsets {
            let (from, to) = (off.saturating_sub(7), off.saturating_add(size as i16 - 1));
            let gone: SmallVec<[i16; 2]> =
                self.spills.range(from..=to).map(|(at, _)| *at).collect();
            for at in gone {
                self.spills.remove(&at);
            }
        }
        if size == 8 && *value != Address::Nowhere {
            for off in offsets
                .iter()
                .filter(|off| **off < 0 && i32::from(**off) >= -STACK)
            {
                self.spills.entry(*off).or_default().join(value);
            }
        }
    }

    /// Stores to the own stack, wherever.
    pub fn store_any(&mut self, value: &Address) {
        if *value != Address::Nowhere {
            for slot in 1..=STACK / 8 {
                self.spills
                    .entry((-8 * slot) as i16)
                    .or_default()
                    .join(value);
            }
        }
    }

    /// Takes in what another path holds; whether that is new.
    pub fn join(&mut self, other: &Held) -> bool {
        let mut changed = false;
        for (own, other) in self.regs.iter_mut().zip(&other.regs) {
            changed |= own.join(other);
        }
        for (off, other) in &other.spills {
            changed |= self.spills.entry(*off).or_default().join(other);
        }
        changed
    }
}
