//! The kernel types that come with the tool.

use std::sync::OnceLock;

use bpfassay_kernel_types::{SERIES, Series, unpack};

use crate::object::Btf;
use crate::target::{Target, TargetKind};

/// Types by row of [`SERIES`], unpacked when first asked for.
static TYPES: [OnceLock<Btf>; SERIES.len()] = [const { OnceLock::new() }; SERIES.len()];

/// Series that were not measured, between the two that speak for them: where both
/// agree they hold, with the layouts of the newer one.
const BETWEEN: &[(&str, &str, &str)] = &[("5.15", "5.10", "6.1"), ("6.6", "6.1", "6.12")];
static BETWEEN_TYPES: [OnceLock<Btf>; BETWEEN.len()] = [const { OnceLock::new() }; BETWEEN.len()];

fn deferred(row: &'static Series) -> Btf {
    Btf::deferred(move || unpack(row.name).unwrap_or_default())
}

fn row(series: &str) -> Option<(usize, &'static Series)> {
    SERIES.iter().enumerate().find(|(_, s)| s.name == series)
}

/// The types of a kernel series (`6.18`), if they come with the tool.
pub fn of_series(series: &str) -> Option<&'static Btf> {
    if let Some((at, row)) = row(series) {
        return Some(TYPES.get(at)?.get_or_init(|| deferred(row)));
    }
    let at = BETWEEN.iter().position(|b| b.0 == series)?;
    let (_, older, newer) = BETWEEN.get(at)?;
    let (older, (_, newer)) = (of_series(older)?, row(newer)?);
    let make = || deferred(newer).agreeing_with(older);
    Some(BETWEEN_TYPES.get(at)?.get_or_init(make))
}

/// The series of a target, of those that are known by one.
fn series(target: &Target) -> Option<String> {
    let (major, minor, _) = target.release;
    (target.kind == TargetKind::Series).then(|| format!("{major}.{minor}"))
}

/// Which kernels' types stand for a target: one, two that must agree, or none.
pub fn sources_of(target: &Target) -> Vec<&'static Series> {
    let Some(series) = series(target) else {
        return Vec::new();
    };
    let between = BETWEEN.iter().find(|b| b.0 == series);
    let names = between.map_or([&*series, ""], |(_, older, newer)| [*older, *newer]);
    let rows = names.into_iter().filter_map(row);
    rows.map(|(_, row)| row).collect()
}

/// The types of a target that come with the tool. Other targets than series have
/// their own, or none.
pub fn of_target(target: &Target) -> Option<&'static Btf> {
    of_series(&series(target)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::btf::Found;
    use crate::target;

    #[test]
    fn every_series_has_whole_types() {
        for t in target::all() {
            let types = of_target(&t).unwrap();
            assert!(types.is_whole() && !types.is_of_object(), "{}", t.name);
            assert!(!sources_of(&t).is_empty());
        }
        for t in target::runtimes() {
            assert!(of_target(&t).is_none() && sources_of(&t).is_empty());
        }
    }

    #[test]
    fn what_neighbours_differ_in_is_open() {
        let types = of_series("5.15").unwrap();
        let found = |name: &str| types.agreed(|btf| btf.find_struct(name));
        assert!(matches!(found("task_struct"), Found::Id(_)));
        assert_eq!(found("no_such_struct"), Found::Absent);
        // Folios came between the two.
        assert_eq!(found("folio"), Found::Open);
    }
}
