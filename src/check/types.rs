//! The kernel types that come with the tool.

use std::sync::OnceLock;

use bpfassay_kernel_types::{Kernel, SERIES, Series, open};

use crate::object::Btf;
use crate::object::btf::Packed;
use crate::target::{Target, TargetKind};

/// Types by row of [`SERIES`], opened when first asked for.
static TYPES: [OnceLock<Btf>; SERIES.len()] = [const { OnceLock::new() }; SERIES.len()];

/// Series that were not measured, between the two that speak for them: where both
/// agree they hold, with the layouts of the newer one.
const BETWEEN: &[(&str, &str, &str)] = &[("5.15", "5.10", "6.1"), ("6.6", "6.1", "6.12")];
static BETWEEN_TYPES: [OnceLock<Btf>; BETWEEN.len()] = [const { OnceLock::new() }; BETWEEN.len()];

/// A kernel of the archive.
#[derive(Debug)]
struct Known(Kernel<'static>);

impl Packed for Known {
    fn type_count(&self) -> u32 {
        self.0.type_count()
    }

    fn strings(&self) -> &[u8] {
        self.0.strings()
    }

    fn record(&self, id: u32, out: &mut Vec<u8>) {
        let len = out.len();
        if self.0.record(id, out).is_none() {
            out.truncate(len);
        }
    }

    fn named(&self, name: &str) -> Vec<u32> {
        self.0.named(name.as_bytes())
    }

    fn beginning(&self, with: &str) -> Vec<u32> {
        self.0.beginning(with.as_bytes())
    }

    fn decl_tags(&self) -> Vec<u32> {
        self.0.decl_tags()
    }

    fn unpack(&self) -> Vec<u8> {
        self.0.unpack().unwrap_or_default()
    }
}

fn deferred(row: &'static Series) -> Btf {
    Btf::packed(move || Some(Box::new(Known(open(row.name)?))))
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

    /// Asked one by one, the types answer as their whole blob does.
    #[test]
    fn packed_types_answer_as_their_blob() {
        let packed = of_series("6.18").unwrap();
        let whole = Btf::parse(packed.bytes().clone()).unwrap();
        assert_eq!(packed.type_count(), whole.type_count());
        let told = |btf: &Btf, id: u32| {
            let ty = btf.ty(id);
            let members = ty.and_then(|t| t.composite()).map(|c| {
                let all = c.members.iter();
                all.map(|m| (m.name.to_owned(), m.ty, m.bit_offset, m.bitfield_size))
                    .collect::<Vec<_>>()
            });
            let target = ty.and_then(|t| t.target());
            let name = btf.name(id).to_owned();
            (btf.kind(id), name, btf.resolve_size(id), target, members)
        };
        let ids = |ids: &mut dyn Iterator<Item = u32>| ids.collect::<Vec<_>>();
        for id in 0..whole.type_count() + 40 {
            assert_eq!(told(packed, id), told(&whole, id), "{id}");
        }
        for id in (0..whole.type_count()).step_by(7) {
            let name = whole.name(id);
            if !name.is_empty() {
                let found = ids(&mut packed.by_name(name));
                assert_eq!(found, ids(&mut whole.by_name(name)), "{name}");
                let found = ids(&mut packed.candidates(name));
                assert_eq!(found, ids(&mut whole.candidates(name)), "{name}");
            }
            let tags = |btf: &Btf| btf.decl_tags(id).map(|t| t.id).collect::<Vec<_>>();
            assert_eq!(tags(packed), tags(&whole), "{id}");
        }
        assert_eq!(packed.by_name("").count(), whole.by_name("").count());
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
