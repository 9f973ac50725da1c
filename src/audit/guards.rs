//! Which parts of a program are needed on which kernel.
//!
//! The questions that a program asks of its kernel ([`Guard`]) have answers that
//! follow from the release where the thing asked for is dated (an enumerator
//! `BPF_FUNC_ringbuf_output` exists since its helper does; the kernel's version
//! is itself), and unknown ones otherwise. A release with all unknown questions
//! answered yes, or all answered no, is a world ([`super::reach`]); what both
//! reach is needed on that release whatever its types, what only some world
//! reaches is conditional, and what none reaches hangs on a constant of the
//! object's own that its loader may set.

use alloc::collections::BTreeMap;

use super::reach::World;
use crate::cfg::Cfg;
use crate::helpers_spec::{self, Release, SinceKind, SpecVersion, since};
use crate::object::{MapOrigin, Type};
use crate::prelude::*;
use crate::programs::insn::{ImmRef, Op};
use crate::programs::{Place, Program};
use crate::untrusted::Untrusted;

/// What a guard asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GuardKind {
    /// A type of the kernel.
    Type,
    /// A field.
    Field,
    /// An enumerator.
    Enumerator,
    /// A kernel function or variable, declared weak.
    Symbol,
}

impl GuardKind {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            GuardKind::Type => "type",
            GuardKind::Field => "field",
            GuardKind::Enumerator => "enumerator",
            GuardKind::Symbol => "symbol",
        }
    }
}

/// A question that the program asks before it uses something.
#[derive(Clone, Debug)]
pub struct Guard {
    /// What kind of thing it asks for.
    pub kind: GuardKind,
    /// The thing, as C writes it.
    pub what: Untrusted,
    /// Since when the answer is yes, where that is known.
    pub since: Option<Release>,
    /// It is a kernel function of no known kernel: the answer is no.
    pub never: bool,
    /// Where it is asked.
    pub insns: Vec<usize>,
    /// The first place in the source.
    pub place: Option<Place>,
}

/// On what a conditional site hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Guards (by index) that must be answered yes.
    pub when: Vec<usize>,
    /// Guards that must be answered no.
    pub unless: Vec<usize>,
    /// First and last release that reach it, where its version decides.
    pub releases: Option<(Release, Release)>,
}

/// Whether a site is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In every world.
    Required,
    /// In some.
    Conditional(Condition),
    /// In none: a constant of the object keeps control away from it.
    Disabled,
}

impl Presence {
    /// The stable word.
    pub const fn name(&self) -> &'static str {
        match self {
            Presence::Required => "required",
            Presence::Conditional(_) => "conditional",
            Presence::Disabled => "disabled",
        }
    }
}

/// A value that the loader writes into `.kconfig`.
#[derive(Clone, Debug)]
pub struct Kconfig {
    /// Its name.
    pub name: String,
    /// Where it is in the map's value.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

impl Kconfig {
    /// What the loader writes on a release; none for options of the build.
    fn on(&self, release: Release) -> Option<u64> {
        match self.name.as_str() {
            "LINUX_KERNEL_VERSION" => {
                Some(u64::from(release.major) << 16 | u64::from(release.minor) << 8)
            }
            "LINUX_HAS_BPF_COOKIE" => Some(u64::from(release >= Release::new(5, 15))),
            "LINUX_HAS_SYSCALL_WRAPPER" => Some(u64::from(release >= Release::new(4, 17))),
            _ => None,
        }
    }
}

/// The worlds of one program.
pub struct Worlds<'a> {
    program: &'a Program,
    ops: &'a [Op],
    cfg: Option<&'a Cfg>,
    kconfig: &'a [Kconfig],
    /// Its questions.
    pub guards: Vec<Guard>,
    at: BTreeMap<usize, usize>,
    always: Vec<bool>,
    ever: Vec<bool>,
    by_release: BTreeMap<Release, Vec<bool>>,
    hangs_on_release: bool,
}

/// More worlds than any honest program needs are not explored.
const MAX_GUARDS: usize = 64;

impl<'a> Worlds<'a> {
    /// Explores a program. Without control flow (it is broken) all is required.
    pub fn new(
        program: &'a Program,
        ops: &'a [Op],
        cfg: Option<&'a Cfg>,
        kconfig: &'a [Kconfig],
    ) -> Worlds<'a> {
        let guards = guards(program, ops);
        let at = guards
            .iter()
            .enumerate()
            .flat_map(|(g, guard)| guard.insns.iter().map(move |i| (*i, g)))
            .collect();
        let mut worlds = Worlds {
            hangs_on_release: guards.iter().any(|g| g.since.is_some())
                || kconfig.iter().any(|k| k.on(Release::NEWEST).is_some()),
            program,
            ops,
            cfg,
            kconfig,
            guards,
            at,
            always: vec![true; ops.len()],
            ever: vec![false; ops.len()],
            by_release: BTreeMap::new(),
        };
        worlds.explore();
        worlds
    }

    fn explore(&mut self) {
        let releases: Vec<Release> = if self.hangs_on_release {
            Release::all().collect()
        } else {
            vec![Release::NEWEST]
        };
        for release in releases {
            let yes = self.world(release, &|_| true);
            let needed = if self.guards.iter().any(|g| g.since.is_none() && !g.never) {
                let no = self.world(release, &|_| false);
                self.note(&no);
                yes.iter().zip(&no).map(|(a, b)| *a && *b).collect()
            } else {
                yes.clone()
            };
            self.note(&yes);
            self.by_release.insert(release, needed);
        }
        for g in 0..self.guards.len().min(MAX_GUARDS) {
            let without = self.flipped(g);
            for (ever, one) in self.ever.iter_mut().zip(&without) {
                *ever |= one;
            }
        }
    }

    fn note(&mut self, reached: &[bool]) {
        for ((always, ever), one) in self.always.iter_mut().zip(&mut self.ever).zip(reached) {
            *always &= one;
            *ever |= one;
        }
    }

    /// What is reached on a release, with an answer for the unknown questions.
    fn world(&self, release: Release, unknown: &dyn Fn(usize) -> bool) -> Vec<bool> {
        let known = |g: usize| match self.guards.get(g) {
            Some(guard) if guard.never => false,
            Some(Guard {
                since: Some(since), ..
            }) => release >= *since,
            _ => unknown(g),
        };
        self.reached(release, &known)
    }

    /// What the newest release reaches when one question alone is answered no.
    fn flipped(&self, guard: usize) -> Vec<bool> {
        self.reached(Release::NEWEST, &|g| g != guard)
    }

    fn reached(&self, release: Release, answer: &dyn Fn(usize) -> bool) -> Vec<bool> {
        let Some(cfg) = self.cfg else {
            return vec![true; self.ops.len()];
        };
        World {
            program: self.program,
            ops: self.ops,
            cfg,
            answer: &|at| self.at.get(&at).map(|g| answer(*g)),
            constant: &|map, at, size| self.constant(release, map, at, size),
        }
        .reached()
    }

    fn constant(&self, release: Release, map: u32, at: u32, size: u32) -> Option<u64> {
        let def = self.program.maps.get(map as usize)?;
        if def.kind == MapOrigin::Kconfig
            && let Some(k) = self.kconfig.iter().find(|k| k.offset == at)
            && let Some(value) = k.on(release)
        {
            return Some(if size < 8 {
                value & ((1 << (8 * size)) - 1)
            } else {
                value
            });
        }
        if !def.is_constant() || at.checked_add(size)? > def.value_size {
            return None;
        }
        let Some(bytes) = &def.initial else {
            return Some(0);
        };
        let mut value = 0u64;
        for i in (0..size).rev() {
            let byte = bytes.get((at + i) as usize).copied().unwrap_or(0);
            value = value << 8 | u64::from(byte);
        }
        Some(value)
    }

    /// Whether all worlds of a release reach a slot.
    pub fn needed(&self, release: Release, insn: usize) -> bool {
        let world = self.by_release.get(&release);
        let world = world.or_else(|| self.by_release.get(&Release::NEWEST));
        world.and_then(|w| w.get(insn)).copied().unwrap_or(true)
    }

    /// What a release reaches when every question is answered yes.
    pub fn all_yes(&self, release: Release) -> Vec<bool> {
        self.reached(release, &|_| true)
    }

    /// What each site of a program is.
    pub fn presences(&self) -> Presences<'_, 'a> {
        let flips = (0..self.guards.len().min(MAX_GUARDS))
            .map(|g| self.flipped(g))
            .collect();
        Presences {
            yes: self.reached(Release::NEWEST, &|_| true),
            flips,
            worlds: self,
        }
    }
}

/// Tells the presence of sites.
pub struct Presences<'w, 'a> {
    worlds: &'w Worlds<'a>,
    yes: Vec<bool>,
    flips: Vec<Vec<bool>>,
}

impl Presences<'_, '_> {
    /// Whether a site is needed.
    pub fn of(&self, insn: usize) -> Presence {
        let at = |list: &[bool]| list.get(insn).copied().unwrap_or(true);
        if at(&self.worlds.always) {
            return Presence::Required;
        }
        if !at(&self.worlds.ever) {
            return Presence::Disabled;
        }
        let here = at(&self.yes);
        let pick = |wanted: bool| -> Vec<usize> {
            let all = self.flips.iter().enumerate();
            all.filter(|(_, flip)| here == wanted && at(flip) != here)
                .map(|(g, _)| g)
                .collect()
        };
        let (when, unless) = (pick(true), pick(false));
        let on = |(release, world): (&Release, &Vec<bool>)| at(world).then_some(*release);
        let mut releases = None;
        if self.worlds.hangs_on_release && when.is_empty() && unless.is_empty() {
            let mut all = self.worlds.by_release.iter().filter_map(on);
            releases = all
                .next()
                .map(|first| (first, all.next_back().unwrap_or(first)));
        }
        Presence::Conditional(Condition {
            when,
            unless,
            releases,
        })
    }
}

fn guards(program: &Program, ops: &[Op]) -> Vec<Guard> {
    let mut found: BTreeMap<(GuardKind, String), Vec<usize>> = BTreeMap::new();
    for r in &program.core_relocs {
        let kind = match r.kind {
            2 => GuardKind::Field,
            8 | 12 => GuardKind::Type,
            10 => GuardKind::Enumerator,
            _ => continue,
        };
        let what = match kind {
            GuardKind::Enumerator => r.access.trim_start_matches(':').to_owned(),
            _ => format!("{}{}", r.type_name, r.access),
        };
        found.entry((kind, what)).or_default().push(r.insn as usize);
    }
    for (at, op) in ops.iter().enumerate() {
        if let Op::LdImm64 {
            src: ImmRef::BtfId { imm, .. },
            ..
        } = op
            && let Some(sym) = usize::try_from(*imm)
                .ok()
                .and_then(|i| program.ksyms.get(i))
            && sym.weak
        {
            let what = sym.name.to_string();
            found.entry((GuardKind::Symbol, what)).or_default().push(at);
        }
    }
    found
        .into_iter()
        .map(|((kind, what), insns)| Guard {
            never: kind == GuardKind::Symbol
                && known(kind, &what).is_none()
                && program
                    .ksyms
                    .iter()
                    .any(|s| *s.name == *what && is_function(program, s.local_id)),
            since: known(kind, &what),
            place: insns.first().and_then(|i| program.place(*i as u32)),
            kind,
            what: what.into(),
            insns,
        })
        .collect()
}

fn is_function(program: &Program, id: u32) -> bool {
    let btf = program.btf.as_deref();
    btf.is_some_and(|b| matches!(b.ty(id), Some(Type::Func { .. })))
}

/// Since when a question's answer is yes.
fn known(kind: GuardKind, what: &str) -> Option<Release> {
    match kind {
        GuardKind::Enumerator => {
            if let Some(name) = what.strip_prefix("BPF_FUNC_") {
                let id = helpers_spec::helper_id(name)?;
                return helpers_spec::helper_since(id).and_then(Release::parse);
            }
            if let Some(name) = what.strip_prefix("BPF_MAP_TYPE_") {
                return since(SinceKind::MapType, &name.to_ascii_lowercase());
            }
            if what.starts_with("BPF_PROG_TYPE_") {
                let t = helpers_spec::ProgType::from_name(what)?;
                let facts = helpers_spec::prog_type_facts(t)?;
                return Release::parse(facts.since);
            }
            let attach = what.strip_prefix("BPF_")?.to_ascii_lowercase();
            since(SinceKind::AttachType, &attach)
        }
        GuardKind::Symbol => since(SinceKind::Kfunc, what).or_else(|| {
            let first = SpecVersion::ALL
                .iter()
                .copied()
                .find(|v| helpers_spec::kfunc(what, *v).is_some());
            first.map(Release::from)
        }),
        GuardKind::Type | GuardKind::Field => None,
    }
}
