//! The shapes of registers, as arguments see them.
//!
//! A shape is a class of a partition: each register has exactly one, decided by its
//! kind and flags. Rules speak of sets of shapes, so that what an argument takes is
//! a constant of a table. Offsets, references and trust are other dimensions and
//! are asked for apart.

use crate::abstract_interp::value::{Flags, Kind, Reg};

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a register looks like to a rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Shape { $($(#[$doc])* $name,)* }

        impl Shapes {
            $($(#[$doc])* pub const $name: Shapes = Shapes(1 << Shape::$name as u16);)*
        }
    };
}

/// A set of shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes(u16);

#[expect(
    non_upper_case_globals,
    reason = "a set of one bears its member's name"
)]
mod table {
    use super::Shapes;

    shapes! {
        /// The program's context.
        Context,
        /// The value of a map, known not to be null.
        Value,
        /// An allocated object that the program owns.
        Owned,
        /// The same for each CPU.
        OwnedPercpu,
        /// An allocated object that others own or protect.
        Shared,
        /// An allocated object that may be gone.
        AllocatedUnsafe,
        /// A kernel object that may be read.
        Kernel,
        /// A kernel object that may be gone, or not be one.
        KernelUnsafe,
        /// A map.
        Map,
        /// A socket.
        Socket,
        /// An AF_XDP socket.
        XdpSocket,
        /// The stack.
        Stack,
        /// A function of the program.
        Function,
        /// None of these.
        Other,
    }
}

pub use table::Shape;

impl Shapes {
    /// What the program allocated, whoever owns it.
    pub const ALLOCATED: Shapes = Shapes::Owned
        .or(Shapes::OwnedPercpu)
        .or(Shapes::Shared)
        .or(Shapes::AllocatedUnsafe);
    /// Typed objects, valid or not.
    pub const TYPED: Shapes = Shapes::ALLOCATED
        .or(Shapes::Kernel)
        .or(Shapes::KernelUnsafe);
    /// What is passed as an object and not as memory.
    pub const OBJECTS: Shapes = Shapes::TYPED
        .or(Shapes::Map)
        .or(Shapes::Socket)
        .or(Shapes::XdpSocket);
    /// Objects that the callee may use.
    pub const USABLE: Shapes = Shapes::Owned
        .or(Shapes::Shared)
        .or(Shapes::Kernel)
        .or(Shapes::Map)
        .or(Shapes::Socket)
        .or(Shapes::XdpSocket);

    /// Both.
    #[must_use]
    pub const fn or(self, other: Shapes) -> Shapes {
        Shapes(self.0 | other.0)
    }

    /// The set without `other`.
    #[must_use]
    pub const fn but(self, other: Shapes) -> Shapes {
        Shapes(self.0 & !other.0)
    }

    /// Whether the register's shape is in the set.
    pub fn hold(self, reg: &Reg) -> bool {
        self.0 & (1 << Shape::of(reg) as u16) != 0
    }
}

/// Flags of a typed pointer that make its object unusable.
const UNSAFE: Flags = Flags::USER
    .with(Flags::PERCPU)
    .with(Flags::UNTRUSTED)
    .with(Flags::RDONLY);

impl Shape {
    /// The shape of a register.
    pub fn of(reg: &Reg) -> Shape {
        let bare = reg.flags == Flags::NONE;
        match reg.kind {
            Kind::Ctx if bare => Shape::Context,
            Kind::MapValue { .. } if bare => Shape::Value,
            Kind::Btf { .. } => Shape::of_typed(reg.flags),
            Kind::ConstMap { .. } => Shape::Map,
            Kind::Socket | Kind::SockCommon | Kind::TcpSock => Shape::Socket,
            Kind::XdpSock => Shape::XdpSocket,
            Kind::Stack { .. } => Shape::Stack,
            Kind::Func { .. } => Shape::Function,
            _ => Shape::Other,
        }
    }

    fn of_typed(flags: Flags) -> Shape {
        const PERCPU: Flags = Flags::ALLOC.with(Flags::PERCPU);
        let usable = !flags.has(UNSAFE) || flags.has(Flags::RCU);
        match (flags.has(Flags::ALLOC), usable) {
            _ if flags == Flags::ALLOC => Shape::Owned,
            _ if flags == PERCPU => Shape::OwnedPercpu,
            (true, true) => Shape::Shared,
            (true, false) => Shape::AllocatedUnsafe,
            (false, true) => Shape::Kernel,
            (false, false) => Shape::KernelUnsafe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shapes, UNSAFE};
    use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};

    /// Every combination of flags that a typed pointer can have.
    #[test]
    fn typed_pointers_are_in_the_sets_that_their_flags_say() {
        let kind = Kind::Btf {
            btf: BtfSrc::Kernel,
            id: 1,
        };
        for flags in (0..1 << 12).map(Flags) {
            let reg = Reg::pointer(kind, flags);
            let usable = !flags.has(UNSAFE) || flags.has(Flags::RCU);
            assert!(Shapes::TYPED.hold(&reg), "{flags:?}");
            assert_eq!(Shapes::USABLE.hold(&reg), usable, "{flags:?}");
            assert_eq!(
                Shapes::ALLOCATED.hold(&reg),
                flags.has(Flags::ALLOC),
                "{flags:?}"
            );
            assert_eq!(Shapes::Owned.hold(&reg), flags == Flags::ALLOC, "{flags:?}");
            assert!(!Shapes::Value.or(Shapes::Stack).hold(&reg), "{flags:?}");
        }
    }
}
