//! How far the types at hand speak for a kernel.
//!
//! The *whole* types of a kernel say what it has and what it lacks. Types cut down to
//! what some object needs say only what it has. And of a kernel that was not measured
//! there may be the types of two others, one older and one newer: what both say holds
//! for it, what one says is open. Layouts are then the newer one's.

use super::{Btf, Kind};

/// Fewer bytes have no kernel's task structure.
const TASK_BYTES: u32 = 1024;

/// A function that kernels have: where it is listed, others need not be looked for.
const A_FUNCTION: &str = "schedule";

/// Data sections that objects have and kernels do not.
const OBJECT_SECTIONS: &[&str] = &[".maps", "maps", "license", ".rodata", ".bss", ".data"];

/// The answer to whether a kernel has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has: the id of its type.
    Id(u32),
    /// It lacks it.
    Absent,
    /// The types do not tell.
    Open,
}

impl Btf {
    /// These types, where older ones agree.
    pub fn agreeing_with(mut self, older: &'static Btf) -> Btf {
        self.older = Some(older);
        self
    }

    /// The types on the other side of a kernel that was not measured.
    pub fn older(&self) -> Option<&'static Btf> {
        self.older
    }

    /// Whether these are all the types of a kernel: it has tasks, and lists its
    /// functions, which types cut down for an object leave out.
    pub fn is_whole(&self) -> bool {
        let whole = || {
            let task = self.find_struct("task_struct");
            let task = task.and_then(|id| self.resolve_size(id));
            task.is_some_and(|size| size >= TASK_BYTES)
                && (self.find_func(A_FUNCTION).is_some()
                    || (1..self.type_count()).any(|id| self.kind(id) == Some(Kind::Func)))
        };
        *self.whole.get_or_init(whole)
    }

    /// Whether these are the types of an object that is loaded, not of a kernel.
    pub fn is_of_object(&self) -> bool {
        let is = |name: &&str| self.find(Kind::DataSec, name).is_some();
        OBJECT_SECTIONS.iter().any(is)
    }

    /// Looks for something in these types, and in the older ones if there are.
    pub fn agreed(&self, find: impl Fn(&Btf) -> Option<u32>) -> Found {
        match (find(self), self.older.map(&find)) {
            (Some(id), None | Some(Some(_))) => Found::Id(id),
            (None, None | Some(None)) if self.is_whole() => Found::Absent,
            _ => Found::Open,
        }
    }
}
