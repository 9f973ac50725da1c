//! The kernel as a verification asks it, and what was asked.
//!
//! Checks and transfers have no `Target`, no series of facts and no bare types of a kernel:
//! they ask an [`AskedTarget`] and [`AskedTypes`], which note each question. A [`Consulted`]
//! then tells whether another target gives the same answers; if so, verification is the
//! same there (see `target::asked`).
//!
//! Switches and numbers are noted one by one. Questions to tables are noted by what they
//! are about: all that is said of one helper, kernel function or hook is one answer, so
//! that it is compared with little. Of a kernel's types it is noted only that they were
//! looked at.

use alloc::collections::BTreeSet;
use core::cell::{Cell, RefCell};

use super::checks::helper_allowed::signature_type;
use crate::helpers_spec::{
    self, ArgType, AttachType, CtxField, HelperCap, HelperProto, IterArg, KfuncSpec, LsmReturn,
    RegClass, RetRange,
};
use crate::object::Btf;
use crate::prelude::*;
use crate::programs::Program;
use crate::target::{self, Bounds, Build, Notes, Offered, Permits, Switches, Target};

/// A question to the tables of a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Helper(u32),
    Registers(ArgType),
    Context { off: u32, size: u32, write: bool },
    Returns,
    MapOfHelper { map_type: u32, helper: u32 },
    AttachType(AttachType),
    Kfunc(Box<str>),
    Hook(Box<str>),
}

impl Question {
    /// The question in one word, if it has no name and its numbers are small: not zero.
    fn packed(&self) -> Option<u64> {
        let pack = |kind: u64, a: u32, b: u32| {
            (a >> 24 == 0 && b >> 24 == 0).then_some(kind << 48 | u64::from(a) << 24 | u64::from(b))
        };
        match *self {
            Question::Helper(id) => pack(1, id, 0),
            Question::Registers(arg) => pack(2, arg as u32, 0),
            Question::Context { off, size, write } => pack(3 + u64::from(write), off, size),
            Question::Returns => pack(5, 0, 0),
            Question::MapOfHelper { map_type, helper } => pack(6, map_type, helper),
            Question::AttachType(ty) => pack(7, ty.id(), 0),
            Question::Kfunc(_) | Question::Hook(_) => None,
        }
    }

    /// Whether two targets give the same answer for a program.
    fn answered_alike(&self, program: &Program, a: &Target, b: &Target) -> bool {
        let of = |target| AskedTarget {
            target,
            questions: None,
        };
        let (a, b) = (of(a), of(b));
        match self {
            Question::Helper(id) => a.helper(program, *id).all() == b.helper(program, *id).all(),
            Question::Registers(arg) => a.registers(*arg) == b.registers(*arg),
            &Question::Context { off, size, write } => {
                let both = |t: AskedTarget<'_>| {
                    [true, false].map(|capable| t.context(program, off, size, write, capable))
                };
                both(a) == both(b)
            }
            Question::Returns => {
                a.returns(program) == b.returns(program)
                    && a.hook_returns(program) == b.hook_returns(program)
            }
            &Question::MapOfHelper { map_type, helper } => {
                a.map_of_helper(map_type, helper) == b.map_of_helper(map_type, helper)
            }
            Question::AttachType(ty) => a.attach_type(*ty) == b.attach_type(*ty),
            Question::Kfunc(name) => a.kfunc(program, name).all() == b.kfunc(program, name).all(),
            Question::Hook(name) => a.hook(name).all() == b.hook(name).all(),
        }
    }
}

/// Questions that are looked for first: most are asked over and over.
const RECENT: usize = 128;

/// What a verification asks, while it runs.
#[derive(Debug)]
pub struct Questions {
    notes: Notes,
    types: Cell<bool>,
    tables: RefCell<BTreeSet<Question>>,
    recent: [Cell<u64>; RECENT],
}

impl Default for Questions {
    fn default() -> Self {
        Questions {
            notes: Notes::default(),
            types: Cell::new(false),
            tables: RefCell::default(),
            recent: core::array::from_fn(|_| Cell::new(0)),
        }
    }
}

impl Questions {
    fn note(&self, question: Question) {
        if let Some(packed) = question.packed() {
            let mixed = packed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let recent = &self.recent[(mixed >> 57) as usize % RECENT];
            if recent.replace(packed) == packed {
                return;
            }
        }
        self.tables.borrow_mut().insert(question);
    }

    /// What was asked.
    pub fn consulted(self) -> Consulted {
        Consulted {
            notes: self.notes.asked(),
            types: self.types.get(),
            tables: self.tables.into_inner().into_iter().collect(),
        }
    }
}

/// What a verification asked its target.
#[derive(Clone, Debug)]
pub struct Consulted {
    notes: target::Asked,
    types: bool,
    tables: Vec<Question>,
}

impl Consulted {
    /// Whether another kernel answers all of it as the one did that was asked, so that
    /// the program is verified alike there. Each is a target with its types, if at hand.
    pub fn answered_alike(
        &self,
        program: &Program,
        (a, of_a): (&Target, Option<&Btf>),
        (b, of_b): (&Target, Option<&Btf>),
    ) -> bool {
        let same_types = of_a.map(core::ptr::from_ref) == of_b.map(core::ptr::from_ref);
        of_a.is_some() == of_b.is_some()
            && (same_types || !self.types)
            && self.notes.answered_alike(a, b)
            && self
                .tables
                .iter()
                .all(|question| question.answered_alike(program, a, b))
    }
}

/// A program and the kernel that is asked about it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The program.
    pub program: &'a Program,
    /// The kernel.
    pub target: AskedTarget<'a>,
    /// Its types.
    pub types: AskedTypes<'a>,
}

/// A kernel's types, if at hand.
#[derive(Clone, Copy, Debug)]
pub struct AskedTypes<'a> {
    kernel: Option<&'a Btf>,
    own: Option<&'a Btf>,
    questions: Option<&'a Questions>,
}

impl<'a> AskedTypes<'a> {
    /// A kernel's, with those of the program.
    pub(super) fn new(
        kernel: Option<&'a Btf>,
        program: &'a Program,
        questions: Option<&'a Questions>,
    ) -> Self {
        let own = program.btf.as_deref();
        AskedTypes {
            kernel,
            own,
            questions,
        }
    }

    fn note(self) {
        if let Some(questions) = self.questions {
            questions.types.set(true);
        }
    }

    /// The kernel's types, or the program's own as stand-in.
    pub fn any(self) -> Option<&'a Btf> {
        self.note();
        self.kernel.or(self.own)
    }

    /// The kernel's types.
    pub fn real(self) -> Option<&'a Btf> {
        self.note();
        self.kernel
    }

    /// Whether there are the kernel's.
    pub fn are_real(self) -> bool {
        self.kernel.is_some()
    }
}

/// A target that notes what it is asked.
#[derive(Clone, Copy, Debug)]
pub struct AskedTarget<'a> {
    target: &'a Target,
    questions: Option<&'a Questions>,
}

impl<'a> From<&'a Target> for AskedTarget<'a> {
    /// Nobody listens.
    fn from(target: &'a Target) -> Self {
        AskedTarget::new(target, None)
    }
}

impl<'a> AskedTarget<'a> {
    /// Notes questions, if somebody listens.
    pub(super) fn new(target: &'a Target, questions: Option<&'a Questions>) -> Self {
        AskedTarget { target, questions }
    }

    fn notes(self) -> Option<&'a Notes> {
        self.questions.map(|q| &q.notes)
    }

    fn note(self, question: impl FnOnce() -> Question) {
        if let Some(questions) = self.questions {
            questions.note(question());
        }
    }

    /// How its verifier behaves.
    #[inline]
    pub fn behaviour(self) -> Switches<'a> {
        Switches::new(&self.target.behaviour, self.notes())
    }

    /// The numbers that bound a program.
    #[inline]
    pub fn limits(self) -> Bounds<'a> {
        Bounds::new(&self.target.limits, self.notes())
    }

    /// How it was built and booted.
    pub fn config(self) -> Build<'a> {
        Build::new(&self.target.config, self.notes())
    }

    /// What the loader may do there.
    pub fn rights(self) -> Permits<'a> {
        Permits::new(&self.target.rights, self.notes())
    }

    /// What its tables say of a helper.
    pub fn helper<'p>(self, program: &'p Program, id: u32) -> HelperFacts<'a, 'p> {
        self.note(|| Question::Helper(id));
        HelperFacts {
            target: self.target,
            program,
            id,
        }
    }

    /// What they say of a kernel function.
    pub fn kfunc(self, program: &Program, name: &str) -> KfuncFacts {
        self.note(|| Question::Kfunc(name.into()));
        let version = self.target.kfunc_spec(name);
        KfuncFacts {
            spec: helpers_spec::kfunc(name, version),
            allowed: helpers_spec::kfunc_allowed(
                name,
                program.prog_type,
                program.attach_type,
                program.attach_to.as_deref(),
                version,
            ),
            listed_lock_safe: helpers_spec::kfunc_listed_lock_safe(name, version),
        }
    }

    /// What they say of a function, tracepoint or hook that a program hangs on.
    pub fn hook<'n>(self, name: &'n str) -> HookFacts<'a, 'n> {
        self.note(|| Question::Hook(name.into()));
        HookFacts {
            target: self.target,
            name,
        }
    }

    /// The registers that a type of argument accepts.
    pub fn registers(self, arg: ArgType) -> &'static [RegClass] {
        self.note(|| Question::Registers(arg));
        helpers_spec::accepted_registers(arg, self.target.spec)
    }

    /// What an access to the program's context is; `capable`: the loader has `CAP_BPF`.
    pub fn context(
        self,
        program: &Program,
        off: u32,
        size: u32,
        write: bool,
        capable: bool,
    ) -> Option<CtxField> {
        self.note(|| Question::Context { off, size, write });
        let (ty, attach) = (program.prog_type, program.attach_type);
        let layout = helpers_spec::ctx_access(ty, attach, self.target.spec)?;
        match capable {
            true => layout.access(off, size, write),
            false => layout.access_unprivileged(off, size, write),
        }
    }

    /// What the program may return.
    pub fn returns(self, program: &Program) -> Option<RetRange> {
        self.note(|| Question::Returns);
        helpers_spec::ret_range(
            program.prog_type,
            program.attach_type,
            program.attach_to.as_deref(),
            self.target.spec,
        )
    }

    /// What the security hook returns that the program hangs on.
    pub fn hook_returns(self, program: &Program) -> Option<LsmReturn> {
        self.note(|| Question::Returns);
        let hook = program.attach_to.as_deref()?;
        helpers_spec::lsm_hook_return(hook, self.target.spec)
    }

    /// Whether it has an attach type.
    pub fn attach_type(self, ty: AttachType) -> bool {
        self.note(|| Question::AttachType(ty));
        self.target.attach_type(ty).there()
    }

    /// Whether a helper that is given a map takes one of this type.
    pub fn map_of_helper(self, map_type: u32, helper: u32) -> bool {
        self.note(|| Question::MapOfHelper { map_type, helper });
        let target = self.target;
        let map_facts = target.map_type(map_type).facts().unwrap_or(target.spec);
        let v = target.helper_spec(helper).max(map_facts);
        // A helper without a map argument works on a field of a map's value; which maps
        // may hold that field was settled when the map was made.
        let takes_map = helpers_spec::helper_main(helper, v)
            .is_some_and(|p| p.args.iter().any(|a| a.base == ArgType::ConstMapPtr));
        !takes_map || helpers_spec::map_helper_compat(map_type, helper, v)
    }
}

/// Whether a target has a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// It has.
    Yes,
    /// It has, but no facts describe it.
    Unmodelled,
    /// It has not.
    No,
    /// Nor any with so high a number.
    Beyond,
}

/// What the tables say of one helper, for one program.
#[derive(Clone, Copy, Debug)]
pub struct HelperFacts<'a, 'p> {
    target: &'a Target,
    program: &'p Program,
    id: u32,
}

/// All that is said of a helper.
type OfHelper = (
    There,
    [Option<&'static HelperProto>; 3],
    bool,
    bool,
    HelperCap,
);

impl HelperFacts<'_, '_> {
    fn all(self) -> OfHelper {
        let protos = [self.proto(), self.plain_proto(), self.called_proto()];
        let (allowed, ever) = (self.allowed(), self.ever_allowed());
        (self.there(), protos, allowed, ever, self.capability())
    }

    /// Whether the target has it.
    pub fn there(self) -> There {
        match self.target.helper(self.id) {
            Offered::As(_) => There::Yes,
            Offered::Unmodelled => There::Unmodelled,
            Offered::Absent if self.id >= helpers_spec::helper_count(self.target.spec) => {
                There::Beyond
            }
            Offered::Absent => There::No,
        }
    }

    /// Its signature for the program.
    pub fn proto(self) -> Option<&'static HelperProto> {
        let p = self.program;
        let v = self.target.helper_spec(self.id);
        helpers_spec::helper_proto_for(self.id, p.prog_type, p.attach_type, p.sleepable, v)
    }

    /// The same, of one that doesn't sleep.
    pub fn plain_proto(self) -> Option<&'static HelperProto> {
        let p = self.program;
        let v = self.target.helper_spec(self.id);
        helpers_spec::helper_proto(self.id, p.prog_type, p.attach_type, v)
    }

    /// The signature that a call of it is held to.
    pub fn called_proto(self) -> Option<&'static HelperProto> {
        let p = self.program;
        let ty = signature_type(p.prog_type, i32::try_from(self.id).unwrap_or(i32::MAX));
        let v = self.target.helper_spec(self.id);
        helpers_spec::helper_proto_for(self.id, ty, p.attach_type, p.sleepable, v)
    }

    /// Whether the program may call it.
    pub fn allowed(self) -> bool {
        let p = self.program;
        let hook = p.hook_name();
        helpers_spec::helper_allowed(
            self.id,
            p.prog_type,
            p.attach_type,
            hook.as_deref(),
            p.sleepable,
            self.target.helper_spec(self.id),
        )
    }

    /// Whether some program of its type may.
    pub fn ever_allowed(self) -> bool {
        let v = self.target.helper_spec(self.id);
        helpers_spec::helper_ever_allowed(self.id, self.program.prog_type, v)
    }

    /// What a loader needs for it.
    pub fn capability(self) -> HelperCap {
        let v = self.target.helper_spec(self.id);
        helpers_spec::helper_cap(self.id, self.program.prog_type, v)
    }
}

/// What the tables say of one kernel function, for one program.
#[derive(Clone, Copy, Debug)]
pub struct KfuncFacts {
    /// Its row, if it has one.
    pub spec: Option<&'static KfuncSpec>,
    /// Whether the program may call it.
    pub allowed: bool,
    /// Whether it is on the list of those that may be called under a lock.
    pub listed_lock_safe: bool,
}

impl KfuncFacts {
    fn all(self) -> (Option<&'static KfuncSpec>, bool, bool) {
        (self.spec, self.allowed, self.listed_lock_safe)
    }
}

/// What the tables say of one function, tracepoint or hook.
#[derive(Clone, Copy, Debug)]
pub struct HookFacts<'a, 'n> {
    target: &'a Target,
    name: &'n str,
}

/// All that is said of a hook.
type OfHook = ([bool; 10], Vec<u32>, Vec<(u32, IterArg)>);

impl HookFacts<'_, '_> {
    fn all(self) -> OfHook {
        let flags = [
            self.untrusted(),
            self.sleepable(),
            self.disabled(),
            self.denied(),
            self.never_returns(),
            self.faultable(),
            self.modifiable(false),
            self.modifiable(true),
            self.sleepable_function(false),
            self.sleepable_function(true),
        ];
        let args = self.iterator_arguments().collect();
        (flags, self.nullable_arguments().collect(), args)
    }

    /// A security hook whose arguments are untrusted.
    pub fn untrusted(self) -> bool {
        helpers_spec::lsm_hook_untrusted(self.name, self.target.spec)
    }

    /// A security hook on which programs may sleep.
    pub fn sleepable(self) -> bool {
        helpers_spec::lsm_hook_sleepable(self.name, self.target.spec)
    }

    /// A security hook that takes no programs.
    pub fn disabled(self) -> bool {
        helpers_spec::lsm_hook_disabled(self.name, self.target.spec)
    }

    /// A function that takes none.
    pub fn denied(self) -> bool {
        helpers_spec::attach_denied(self.name, self.target.spec)
    }

    /// A function that never returns.
    pub fn never_returns(self) -> bool {
        helpers_spec::never_returns(self.name, self.target.spec)
    }

    /// A tracepoint in whose programs page faults are handled.
    pub fn faultable(self) -> bool {
        helpers_spec::faultable_tracepoint(self.name, self.target.spec)
    }

    /// A function whose result may be modified.
    pub fn modifiable(self, injection: bool) -> bool {
        helpers_spec::fmod_ret_allowed(self.name, injection, self.target.spec)
    }

    /// A function on which programs may sleep.
    pub fn sleepable_function(self, injection: bool) -> bool {
        helpers_spec::sleepable_target(self.name, injection, self.target.spec)
    }

    /// A tracepoint's arguments that may be null.
    pub fn nullable_arguments(self) -> impl Iterator<Item = u32> {
        helpers_spec::raw_tp_nullable(self.name, self.target.spec)
    }

    /// What is known of an iterator's arguments.
    pub fn iterator_arguments(self) -> impl Iterator<Item = (u32, IterArg)> {
        helpers_spec::iter_args(self.name, self.target.spec)
    }
}
