//! Since when mainline has what.
//!
//! Two sources meet here. Dates (`data/since.tsv` and the `since` columns of the
//! helpers and program types) say in which release a thing first appeared.
//! Availability tables say, for the series they describe, whether a program of
//! some type may use it. A thing may be years older than its being allowed to a
//! type, so a date alone proves nothing about a type: [`Known`] keeps the date
//! that agrees with the tables beside the first release that they prove.

use super::helpers::{helper_allowed, helper_since};
use super::kfuncs::{kfunc, kfunc_allowed};
use super::programs::prog_type_facts;
use super::tables::{self, helper};
use super::words::{AttachType, KfFlags, ProgType, SpecVersion};

/// A mainline release, without its fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release {
    /// The `6` of 6.12.
    pub major: u16,
    /// The `12` of 6.12.
    pub minor: u16,
}

impl Release {
    /// The first release with `bpf(2)`.
    pub const FIRST: Release = Release::new(3, 18);
    /// The newest that the tables describe.
    pub const NEWEST: Release = Release::new(7, 3);

    /// A release.
    pub const fn new(major: u16, minor: u16) -> Release {
        Release { major, minor }
    }

    /// `v5.10` or `5.10`.
    pub fn parse(text: &str) -> Option<Release> {
        let (major, minor) = text.trim_start_matches('v').split_once('.')?;
        Some(Release::new(major.parse().ok()?, minor.parse().ok()?))
    }

    /// Every release from [`Release::FIRST`] to [`Release::NEWEST`].
    pub fn all() -> impl Iterator<Item = Release> {
        [(3, 18, 19), (4, 0, 20), (5, 0, 19), (6, 0, 19), (7, 0, 3)]
            .into_iter()
            .flat_map(|(major, from, to)| (from..=to).map(move |m| Release::new(major, m)))
    }

    /// The release before this one, in mainline's numbering.
    pub fn before(self) -> Option<Release> {
        Release::all().take_while(|r| *r < self).last()
    }

    /// The release after this one, in mainline's numbering.
    pub fn after(self) -> Option<Release> {
        Release::all().find(|r| *r > self)
    }
}

impl From<SpecVersion> for Release {
    fn from(v: SpecVersion) -> Release {
        let (major, minor) = v.series();
        Release::new(major, minor)
    }
}

impl core::fmt::Display for Release {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a row of `since.tsv` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum SinceKind {
    AttachType,
    Feature,
    Insn,
    Iterator,
    Kfunc,
    MapField,
    MapFlag,
    MapType,
    StructOps,
}

fn row(kind: SinceKind, name: &str) -> Option<&'static (u8, &'static str, u16, u16, &'static str)> {
    let key = (kind as u8, name);
    let at = tables::SINCE
        .binary_search_by(|(k, n, ..)| (*k, *n).cmp(&key))
        .ok()?;
    tables::SINCE.get(at)
}

/// The release in which a thing appeared, if it is recorded.
pub fn since(kind: SinceKind, name: &str) -> Option<Release> {
    row(kind, name).map(|r| Release::new(r.2, r.3))
}

/// Where that is from.
pub fn since_source(kind: SinceKind, name: &str) -> Option<&'static str> {
    row(kind, name).map(|r| r.4)
}

/// Since when something may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The first release that has it, as far as dates and tables agree.
    pub release: Release,
    /// The first release of which that is certain; the same, or later.
    pub certain: Release,
    /// The newest release that is known to lack it, if a table says so.
    pub lacking: Option<Release>,
}

impl Known {
    /// Since a recorded date.
    pub const fn exactly(release: Release) -> Known {
        Known {
            release,
            certain: release,
            lacking: None,
        }
    }

    /// Reconciles a date with what the tables say of each series: yes, no, or
    /// nothing. The date holds if it lies after the last series that lacks the
    /// thing and not after the first that has it; else that first series is all
    /// we know.
    fn reconcile(
        date: Option<Release>,
        has: impl Fn(SpecVersion) -> Option<bool>,
    ) -> Option<Known> {
        let all = SpecVersion::ALL.iter().copied();
        let first = all.clone().find(|v| has(*v) == Some(true))?;
        let certain = Release::from(first);
        let lacking = all
            .filter(|v| *v < first && has(*v) == Some(false))
            .last()
            .map(Release::from);
        let fits = |date: &Release| *date <= certain && lacking.is_none_or(|l| *date > l);
        Some(Known {
            release: date.filter(fits).unwrap_or(certain),
            certain,
            lacking,
        })
    }
}

/// Since when a program of that type may call a helper; none if no series lets it.
pub fn helper_known(
    id: u32,
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    sleepable: bool,
) -> Option<Known> {
    let helper = helper_since(id).and_then(Release::parse);
    let own = prog_type_facts(prog_type).and_then(|f| Release::parse(f.since));
    let known = Known::reconcile(helper.max(own), |v| {
        Some(helper_allowed(
            id, prog_type, attach, attach_to, sleepable, v,
        ))
    })?;
    // Programs of every type have had the map calls and tail calls from the start.
    const ALWAYS: [u32; 4] = [
        helper::MAP_LOOKUP_ELEM,
        helper::MAP_UPDATE_ELEM,
        helper::MAP_DELETE_ELEM,
        helper::TAIL_CALL,
    ];
    Some(Known {
        certain: if ALWAYS.contains(&id) {
            known.release
        } else {
            known.certain
        },
        ..known
    })
}

/// The series whose kernel functions were read from sources; of the others, only
/// what they have is known.
const COMPLETE: [SpecVersion; 4] = [
    SpecVersion::V5_10,
    SpecVersion::V6_1,
    SpecVersion::V6_12,
    SpecVersion::V7_3,
];

/// Functions that kernels had for their own tests, and moved to a module since.
fn only_for_tests(name: &str) -> bool {
    ["bpf_kfunc_call_", "bpf_testmod_"]
        .iter()
        .any(|stem| name.starts_with(stem))
        && kfunc(name, SpecVersion::V6_12).is_none()
}

/// Since when a program of that type may call a kernel function; none if no
/// series lets it, or none has it. With `params`, one of another number of
/// parameters is another function: loaders refuse it.
pub fn kfunc_known(
    name: &str,
    params: Option<usize>,
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
) -> Option<Known> {
    if only_for_tests(name) {
        return None;
    }
    let date = since(SinceKind::Kfunc, name);
    let same =
        |v: SpecVersion| kfunc(name, v).map(|k| params.is_none_or(|n| same_parameters(k, n)));
    let has = |v: SpecVersion| match same(v) {
        None => COMPLETE.contains(&v).then_some(false),
        Some(same) => Some(same && kfunc_allowed(name, prog_type, attach, attach_to, v)),
    };
    let allowed = Known::reconcile(date, has)?;
    // Where the first series that has it lets the type call it, its date is the type's.
    let first = SpecVersion::ALL
        .iter()
        .copied()
        .find(|v| kfunc(name, *v).is_some());
    let at_once = first.is_some_and(|v| Release::from(v) == allowed.certain);
    Some(Known {
        certain: if at_once && date == Some(allowed.release) {
            allowed.release
        } else {
            allowed.certain
        },
        ..allowed
    })
}

/// Since when kernels have a kernel function at all.
pub fn kfunc_present(name: &str, params: Option<usize>) -> Option<Known> {
    if only_for_tests(name) {
        return None;
    }
    let date = since(SinceKind::Kfunc, name);
    Known::reconcile(date, |v| match kfunc(name, v) {
        None => COMPLETE.contains(&v).then_some(false),
        Some(k) => Some(params.is_none_or(|n| same_parameters(k, n))),
    })
}

fn same_parameters(k: &super::kfuncs::KfuncSpec, params: usize) -> bool {
    // The kernel adds up to two arguments of its own.
    let implicit = if k.flags.contains(KfFlags::IMPLICIT_ARGS) {
        2
    } else {
        0
    };
    let own = k.params().filter(|p| *p != "void").count();
    (params..=params + implicit).contains(&own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_hold_where_tables_agree() {
        let release = |major, minor| Release::new(major, minor);
        let id = |name| super::super::helpers::helper_id(name).unwrap();
        // bpf_loop is of 5.17: between 5.15, which lacks it, and 6.1.
        let loops = helper_known(id("bpf_loop"), ProgType::Xdp, None, None, false).unwrap();
        assert_eq!(loops.release, release(5, 17));
        assert_eq!(loops.certain, release(6, 1));
        // bpf_get_current_comm is of 4.2, long before XDP programs may call it.
        let comm = helper_known(16, ProgType::Xdp, None, None, false);
        assert!(comm.is_none_or(|k| k.release > release(6, 12)));
        let lookup = helper_known(1, ProgType::Xdp, None, None, false).unwrap();
        assert_eq!(
            lookup,
            Known {
                lacking: None,
                ..Known::exactly(release(4, 8))
            }
        );
    }

    #[test]
    fn other_parameters_are_another_function() {
        let at = |params| {
            let attach = Some(AttachType::TraceKprobeSession);
            kfunc_known(
                "bpf_session_cookie",
                Some(params),
                ProgType::Kprobe,
                attach,
                None,
            )
            .map(|k| k.release)
        };
        assert_eq!(at(0), Some(Release::new(6, 10)));
        assert_eq!(at(1), Some(Release::new(7, 3)));
        assert!(kfunc_present("bpf_kfunc_call_test1", None).is_none());
    }

    #[test]
    fn releases_are_in_order() {
        let all: Vec<Release> = Release::all().collect();
        assert!(all.is_sorted());
        assert_eq!(all.first(), Some(&Release::FIRST));
        assert_eq!(all.last(), Some(&Release::NEWEST));
        assert_eq!(Release::new(5, 0).before(), Some(Release::new(4, 20)));
        assert_eq!(Release::new(6, 19).after(), Some(Release::new(7, 0)));
    }
}
