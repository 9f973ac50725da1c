//! What is known of a target, as names; and what differs between two.

use std::collections::BTreeSet;

use bpfassay_kernel_types::Series;

use crate::check::types;
use crate::helpers_spec::{
    self, AttachType, COMMANDS, InsnClass, MapOperation, MapType, Mechanism, PerfEvent, ProgType,
};
use crate::target::profile::{Status, Support};
use crate::target::{Profile, Switch, Target, TargetKind};

/// Something that a target has, perhaps in part.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) note: String,
}

impl Item {
    fn whole(name: impl Into<String>) -> Item {
        Item {
            name: name.into(),
            status: Status::Yes,
            note: String::new(),
        }
    }

    /// What a profile tells; none if it tells nothing.
    fn told(name: &str, support: Option<Support<'_>>) -> Option<Item> {
        let support = support?;
        Some(Item {
            name: name.to_owned(),
            status: support.status,
            note: support.note.to_owned(),
        })
    }
}

/// The sorts of things that targets have, in the order in which they are shown.
pub(super) const SORTS: [&str; 10] = [
    "helpers",
    "map_types",
    "prog_types",
    "attach_types",
    "kfuncs",
    "instructions",
    "mechanisms",
    "commands",
    "map_operations",
    "perf_events",
];

/// What is known of one target.
pub(super) struct Known {
    pub(super) name: String,
    /// `series`, `vmlinux`, `runtime`.
    pub(super) kind: &'static str,
    /// The series whose rules its verifier follows.
    pub(super) base: String,
    /// The release whose verdicts those rules were measured on, or which runs.
    pub(super) release: String,
    /// Repository, commit and date of a profile.
    pub(super) source: Option<(String, String, String)>,
    pub(super) title: String,
    /// The kernels whose types come with the tool for it.
    pub(super) types: Vec<&'static Series>,
    /// What it has, by sort; of sorts that are not in it nothing is known.
    pub(super) has: Vec<(&'static str, Vec<Item>)>,
    /// What its BTF lists and no facts describe.
    pub(super) unmodelled: Vec<String>,
    pub(super) limits: Vec<(&'static str, u64)>,
    pub(super) behaviours: Vec<Switch>,
    /// Options of the build, and switches, that decide verdicts.
    pub(super) config: Vec<(&'static str, &'static str)>,
    pub(super) default: bool,
}

fn of_kernel(t: &Target) -> Vec<(&'static str, Vec<Item>)> {
    let helpers = helpers_spec::all_helpers().filter(|(id, _)| t.helper(*id).there());
    let helpers = helpers.map(|(_, name)| Item::whole(name)).collect();
    let maps = MapType::ALL.iter().skip(1);
    let maps = maps.filter(|m| t.map_type(m.id()).there());
    let progs = ProgType::ALL.iter().skip(1);
    let progs = progs.filter(|p| t.prog_type(**p).there());
    let attaches = AttachType::ALL
        .iter()
        .filter(|a| t.attach_type(**a).there());
    let kfuncs: Vec<Item> = match t.offer() {
        Some(offer) => offer.kfuncs().map(Item::whole).collect(),
        None => helpers_spec::kfuncs(t.spec)
            .filter(|k| t.has_kfunc(k.name))
            .map(|k| Item::whole(k.name))
            .collect(),
    };
    vec![
        ("helpers", helpers),
        ("map_types", maps.map(|m| Item::whole(m.name())).collect()),
        ("prog_types", progs.map(|p| Item::whole(p.name())).collect()),
        (
            "attach_types",
            attaches.map(|a| Item::whole(a.name())).collect(),
        ),
        ("kfuncs", kfuncs),
    ]
}

fn of_runtime(p: &Profile) -> Vec<(&'static str, Vec<Item>)> {
    let helpers = helpers_spec::all_helpers().filter_map(|(id, n)| Item::told(n, p.helper(id)));
    let extra = p
        .extra_helpers()
        .iter()
        .map(|(_, n)| Item::whole(n.clone()));
    let maps = MapType::ALL.iter().skip(1);
    let progs = ProgType::ALL.iter().skip(1);
    let attaches = AttachType::ALL.iter();
    let lists: [(&'static str, Vec<Item>); 9] = [
        ("helpers", helpers.chain(extra).collect()),
        (
            "map_types",
            maps.filter_map(|m| Item::told(m.name(), p.map_type(*m)))
                .collect(),
        ),
        (
            "prog_types",
            progs
                .filter_map(|t| Item::told(t.name(), p.prog_type(*t)))
                .collect(),
        ),
        (
            "attach_types",
            attaches
                .filter_map(|a| Item::told(a.name(), p.attach_type(*a)))
                .collect(),
        ),
        (
            "instructions",
            InsnClass::ALL
                .iter()
                .filter_map(|c| Item::told(c.name(), p.instruction(*c)))
                .collect(),
        ),
        (
            "mechanisms",
            Mechanism::ALL
                .iter()
                .filter_map(|m| Item::told(m.name(), p.mechanism(*m)))
                .collect(),
        ),
        (
            "commands",
            COMMANDS
                .iter()
                .filter_map(|c| Item::told(c, p.command(c)))
                .collect(),
        ),
        (
            "map_operations",
            MapOperation::ALL
                .iter()
                .filter_map(|o| Item::told(o.name(), p.map_operation(*o)))
                .collect(),
        ),
        (
            "perf_events",
            PerfEvent::ALL
                .iter()
                .filter_map(|e| Item::told(e.name(), p.perf_event(*e)))
                .collect(),
        ),
    ];
    lists.into_iter().filter(|(_, l)| !l.is_empty()).collect()
}

impl Known {
    pub(super) fn of(t: &Target) -> Known {
        let (kind, has) = match &t.kind {
            TargetKind::Series => ("series", of_kernel(t)),
            TargetKind::Vmlinux(_) => ("vmlinux", of_kernel(t)),
            TargetKind::Runtime(p) => ("runtime", of_runtime(p)),
        };
        let unmodelled = t.offer().map_or_else(Vec::new, |o| {
            let odd = o.unknown().into_iter();
            odd.map(|(what, id, name)| format!("{what} {id} {name}"))
                .collect()
        });
        let (major, minor) = t.series();
        Known {
            name: t.name.clone(),
            kind,
            base: format!("linux-{major}.{minor}"),
            release: t.release_name.clone().into_owned(),
            source: t
                .profile()
                .map(|p| (p.repo.clone(), p.commit.clone(), p.date.clone())),
            title: t.profile().map_or_else(String::new, |p| p.title.clone()),
            types: types::sources_of(t),
            has,
            unmodelled,
            limits: t.limits.list(),
            behaviours: t.behaviour.list(),
            config: t.config.list(),
            default: t.name == crate::target::DEFAULT,
        }
    }

    /// The things of a sort, unless nothing is known of it.
    pub(super) fn sort(&self, sort: &str) -> Option<&[Item]> {
        let found = self.has.iter().find(|(s, _)| *s == sort)?;
        Some(&found.1)
    }

    /// How many of a sort it has in whole, and how many in part.
    pub(super) fn count(&self, sort: &str) -> Option<(usize, usize)> {
        let items = self.sort(sort)?;
        let of = |status| items.iter().filter(|i| i.status == status).count();
        Some((of(Status::Yes), of(Status::Partial)))
    }
}

/// What differs in one sort of things.
pub(super) struct Change {
    pub(super) sort: &'static str,
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    /// Name, before, after.
    pub(super) changed: Vec<(String, String, String)>,
}

impl Change {
    /// Everything that differs, sort by sort; sorts of which one of the two knows
    /// nothing are left out.
    pub(super) fn between(a: &Known, b: &Known) -> Vec<Change> {
        let mut out = Vec::new();
        for sort in SORTS {
            let (Some(old), Some(new)) = (a.sort(sort), b.sort(sort)) else {
                continue;
            };
            let names = |l: &[Item]| -> BTreeSet<String> {
                let there = l.iter().filter(|i| i.status != Status::No);
                there.map(|i| i.name.clone()).collect()
            };
            let (before, after) = (names(old), names(new));
            let status = |l: &[Item], name: &str| {
                let found = l.iter().find(|i| i.name == name);
                found.map_or(Status::No, |i| i.status).name().to_owned()
            };
            let changed = before.intersection(&after).filter_map(|n| {
                let (x, y) = (status(old, n), status(new, n));
                (x != y).then(|| (n.clone(), x, y))
            });
            out.push(Change {
                sort,
                added: after.difference(&before).cloned().collect(),
                removed: before.difference(&after).cloned().collect(),
                changed: changed.collect(),
            });
        }
        let limits = a.limits.iter().zip(&b.limits);
        let limits = limits.filter(|(x, y)| x.1 != y.1);
        out.push(Change {
            sort: "limits",
            added: Vec::new(),
            removed: Vec::new(),
            changed: limits
                .map(|(x, y)| (x.0.to_owned(), x.1.to_string(), y.1.to_string()))
                .collect(),
        });
        let switches = a.behaviours.iter().zip(&b.behaviours);
        let switches = switches.filter(|(x, y)| x.value != y.value);
        out.push(Change {
            sort: "behaviours",
            added: Vec::new(),
            removed: Vec::new(),
            changed: switches
                .map(|(x, y)| (x.name.to_owned(), x.value.clone(), y.value.clone()))
                .collect(),
        });
        out.retain(|c| !(c.added.is_empty() && c.removed.is_empty() && c.changed.is_empty()));
        out
    }
}
