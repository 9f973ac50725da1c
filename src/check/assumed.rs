//! What was assumed of maps: one note for each, over all programs and targets.

use std::collections::BTreeMap;

use super::Options;
use crate::diagnostics::Finding;
use crate::programs::Linked;
use crate::rules;

/// A note for each map that user space has to complete. Maps that no program refers to
/// need no assumption.
pub(super) fn findings(links: &[Linked], options: &Options<'_>) -> Vec<Finding> {
    let Some(rule) = rules::map_left_open() else {
        return Vec::new();
    };
    let mut by_map: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    for (link, choice) in links.iter().zip(options.targets) {
        let programs = link.programs.iter().flatten();
        for program in programs.filter(|p| options.only.is_none_or(|only| only == p.name)) {
            for assumption in &*program.assumes {
                let words = format!("{}={}", assumption.key, assumption.value);
                let told = by_map.entry(&assumption.map).or_default();
                let entry = (words, choice.target.name.as_str());
                if !told.contains(&entry) {
                    told.push(entry);
                }
            }
        }
    }
    let finding = |(map, told): (&str, Vec<(String, &str)>)| {
        let mut words: Vec<&str> = told.iter().map(|(w, _)| w.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        let stated: Vec<String> = words.iter().map(|w| format!("--map {map}.{w}")).collect();
        Finding {
            targets: Vec::new(),
            ..Finding::of_object(
                rule,
                format!(
                    "map {map} leaves to user space what it is loaded with; assumed: {}",
                    stated.join(" ")
                ),
            )
        }
    };
    by_map.into_iter().map(finding).collect()
}
