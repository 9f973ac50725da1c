//! What a verification saw: which instructions were reached, through what
//! pointers they went, and with what arguments functions were called.
//!
//! Lints and audits ask about a program what only its exploration knows: that
//! this store goes into a map's value, that this lookup is of that map. An
//! observer is shown the state before each processed instruction; it cannot
//! change it, so a verification is the same with and without one.
//!
//! Pruning leaves out only paths whose states are covered by one that was
//! explored, and a cover has the same pointers in every live register. So what
//! is gathered here holds for all paths.

use smallvec::SmallVec;

use super::state::State;
use super::value::{BtfSrc, Kind, Reg};
use super::verdict::Verification;
use super::verify::{Input, verify_within};
use super::vm::Env;
use crate::budget::Account;
use crate::prelude::*;
use crate::programs::insn::Op;

/// Shown the state before each processed instruction slot.
pub type Observer<'a> = &'a mut (dyn FnMut(&Env<'_>, &State, usize) + 'a);

/// What a register points to, without offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pointee {
    /// Not written, or not readable.
    Nothing,
    /// A number.
    Scalar,
    /// The program's context.
    Ctx,
    /// A map itself: its index in `Program::maps`.
    Map(u32),
    /// A map that was looked up in the map of this index.
    InnerMap(u32),
    /// The value of a map.
    MapValue(u32),
    /// The value of a map that was looked up in this one.
    InnerValue(u32),
    /// The key of a map, in a callback.
    MapKey(u32),
    /// A stack.
    Stack,
    /// The packet.
    Packet,
    /// The packet's metadata.
    PacketMeta,
    /// The end of the packet.
    PacketEnd,
    /// A socket of any kind.
    Socket,
    /// A kernel object of this type in the kernel's BTF.
    Kernel(u32),
    /// An object that the program allocated, by type in its own BTF.
    Allocated(u32),
    /// A reservation in a ring buffer.
    Ringbuf,
    /// Other memory of known size.
    Mem,
    /// The arena.
    Arena,
    /// A subprogram, by index.
    Function(u32),
    /// Something else: flow keys, buffers, dynptr and iterator arguments.
    Other,
}

impl Pointee {
    fn of(reg: &Reg) -> Pointee {
        match reg.kind {
            Kind::Uninit => Pointee::Nothing,
            Kind::Scalar => Pointee::Scalar,
            Kind::Ctx => Pointee::Ctx,
            Kind::ConstMap { map, .. } => match map.is_inner() {
                true => Pointee::InnerMap(map.index() as u32),
                false => Pointee::Map(map.index() as u32),
            },
            Kind::MapValue { map, .. } => match map.is_inner() {
                true => Pointee::InnerValue(map.index() as u32),
                false => Pointee::MapValue(map.index() as u32),
            },
            Kind::MapKey { map, .. } => Pointee::MapKey(map.index() as u32),
            Kind::Stack { .. } => Pointee::Stack,
            Kind::Packet => Pointee::Packet,
            Kind::PacketMeta => Pointee::PacketMeta,
            Kind::PacketEnd => Pointee::PacketEnd,
            Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock => Pointee::Socket,
            Kind::Btf {
                btf: BtfSrc::Kernel,
                id,
            } => Pointee::Kernel(id),
            Kind::Btf {
                btf: BtfSrc::Program,
                id,
            } => Pointee::Allocated(id),
            Kind::Mem { .. } if reg.flags.has(super::value::Flags::RINGBUF) => Pointee::Ringbuf,
            Kind::Mem { .. } => Pointee::Mem,
            Kind::Arena => Pointee::Arena,
            Kind::Func { subprog } => Pointee::Function(subprog),
            Kind::FlowKeys
            | Kind::TpBuffer
            | Kind::Buf
            | Kind::ConstDynptr { .. }
            | Kind::Insn { .. }
            | Kind::DynptrSlot { .. }
            | Kind::IterSlot { .. }
            | Kind::IrqSlot { .. } => Pointee::Other,
        }
    }

    /// The map it is, or lies in; of inner maps the outer.
    pub const fn map(self) -> Option<u32> {
        match self {
            Pointee::Map(m) | Pointee::MapValue(m) | Pointee::MapKey(m) => Some(m),
            Pointee::InnerMap(m) | Pointee::InnerValue(m) => Some(m),
            _ => None,
        }
    }
}

/// What was seen at one instruction slot.
#[derive(Clone, Debug, Default)]
struct Seen {
    reached: bool,
    bases: SmallVec<[Pointee; 1]>,
    calls: Vec<[Pointee; 5]>,
}

/// What a verification saw, by instruction slot.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    slots: Vec<Seen>,
}

/// Which slots were reached, and nothing else of what was observed: what is kept of many
/// programs at a time.
#[derive(Clone, Debug, Default)]
pub struct Reach(Vec<u64>);

impl Reach {
    /// Whether the slot was reached.
    pub fn reached(&self, insn: usize) -> bool {
        let word = self.0.get(insn / 64).copied().unwrap_or(0);
        word >> (insn % 64) & 1 == 1
    }
}

impl Observed {
    /// Which slots were reached.
    pub fn reach(&self) -> Reach {
        let word = |slots: &[Seen]| {
            let bits = slots.iter().zip(0u32..).filter(|(s, _)| s.reached);
            bits.fold(0, |word, (_, bit)| word | 1u64 << bit)
        };
        Reach(self.slots.chunks(64).map(word).collect())
    }

    /// Whether the slot was reached. The second slot of a wide instruction is
    /// not reached by itself.
    pub fn reached(&self, insn: usize) -> bool {
        self.slots.get(insn).is_some_and(|s| s.reached)
    }

    /// What the base register of a load, store or atomic pointed to, over all
    /// paths, in the order seen.
    pub fn bases(&self, insn: usize) -> &[Pointee] {
        self.slots.get(insn).map_or(&[], |s| &s.bases)
    }

    /// R1 to R5 at a call, each distinct combination once.
    pub fn calls(&self, insn: usize) -> &[[Pointee; 5]] {
        self.slots.get(insn).map_or(&[], |s| &s.calls)
    }

    /// The maps given to the call at a slot, or whose values are: indices in
    /// `Program::maps`, ascending.
    pub fn maps_at(&self, insn: usize) -> Vec<u32> {
        let mut maps: Vec<u32> = self
            .calls(insn)
            .iter()
            .flatten()
            .filter_map(|p| p.map())
            .collect();
        maps.sort_unstable();
        maps.dedup();
        maps
    }

    /// Notes what it is shown.
    pub fn noting(&mut self) -> impl FnMut(&Env<'_>, &State, usize) {
        |env, state, insn| {
            if let Some(&op) = env.ops.get(insn) {
                self.note(op, state, insn);
            }
        }
    }

    fn note(&mut self, op: Op, state: &State, insn: usize) {
        if self.slots.len() <= insn {
            self.slots.resize_with(insn + 1, Seen::default);
        }
        let Some(slot) = self.slots.get_mut(insn) else {
            return;
        };
        slot.reached = true;
        match op {
            Op::Load { base, .. }
            | Op::Store { base, .. }
            | Op::Atomic { base, .. }
            | Op::LoadAcquire { base, .. }
            | Op::StoreRelease { base, .. } => {
                let base = Pointee::of(state.reg(base));
                if !slot.bases.contains(&base) {
                    slot.bases.push(base);
                }
            }
            Op::Call(_) => {
                let args = core::array::from_fn(|i| Pointee::of(state.reg(i as u8 + 1)));
                if !slot.calls.contains(&args) {
                    slot.calls.push(args);
                }
            }
            _ => {}
        }
    }
}

/// Verifies a program, on an account, and says what was seen on the way.
pub fn verify_observing(input: &Input<'_>, account: Account<'_>) -> (Verification, Observed) {
    let mut observed = Observed::default();
    let verification = verify_within(input, Some(&mut observed.noting()), account);
    (verification, observed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helpers_spec::ProgType;
    use crate::programs::raw;
    use crate::target::Target;

    #[test]
    fn pointers_and_reach_are_seen() {
        let text = b"r6 = r1\nr0 = *(u32 *)(r6 + 0)\n*(u64 *)(r10 - 8) = 1\nr0 = 0\n\
            if r0 == 0 goto out\nr0 = 1\nout:\nexit\n";
        let program = raw::program(
            raw::Input::Asm(text),
            "p",
            Some((ProgType::SocketFilter, None)),
        )
        .unwrap();
        let target = Target::default();
        let input = Input {
            program: &program,
            target: &target,
            kernel_btf: None,
        };
        let (verification, seen) = verify_observing(&input, Account::FREE);
        assert_eq!(verification.stats.processed, 6);
        assert_eq!(seen.bases(1), [Pointee::Ctx]);
        assert_eq!(seen.bases(2), [Pointee::Stack]);
        assert!(seen.reached(6) && !seen.reached(5) && !seen.reached(99));
    }
}
