//! What CO-RE relocations ask of the kernel's types, and which symbols of the
//! kernel a program names.

use alloc::collections::{BTreeMap, BTreeSet};

use super::guards::Presence;
use super::model::{CoreNeed, SymbolNeed};
use super::sites::Sites;
use crate::prelude::*;
use crate::programs::Program;

/// Words for the kinds of relocations, by number.
const QUESTIONS: [&str; 13] = [
    "offset",
    "size",
    "exists",
    "signedness",
    "shift",
    "shift",
    "local-type",
    "type-id",
    "exists",
    "size",
    "exists",
    "value",
    "matches",
];

/// Questions whose answer may be no.
fn asks_existence(kind: u32) -> bool {
    matches!(kind, 2 | 8 | 10 | 12)
}

/// Types, fields and enumerators, by type and access.
pub fn core(program: &Program, sites: &Sites<'_>) -> Vec<CoreNeed> {
    let mut found: BTreeMap<(String, String), (CoreNeed, BTreeSet<&'static str>)> = BTreeMap::new();
    for r in &program.core_relocs {
        let Some(word) = QUESTIONS.get(r.kind as usize) else {
            continue;
        };
        let insn = r.insn as usize;
        let key = (r.type_name.to_string(), r.access.to_string());
        let (need, words) = found.entry(key).or_insert_with(|| {
            let need = CoreNeed {
                type_name: (&r.type_name).into(),
                access: (&r.access).into(),
                questions: Vec::new(),
                sites: 0,
                place: program.place(insn as u32),
                guarded: true,
            };
            (need, BTreeSet::new())
        });
        words.insert(word);
        need.sites += 1;
        need.guarded &= asks_existence(r.kind) || sites.presences.of(insn) != Presence::Required;
    }
    found
        .into_values()
        .map(|(need, words)| CoreNeed {
            questions: words.into_iter().collect(),
            ..need
        })
        .collect()
}

/// Symbols of the kernel, by name.
pub fn symbols(program: &Program) -> Vec<SymbolNeed> {
    let mut all: Vec<SymbolNeed> = program
        .ksyms
        .iter()
        .map(|s| SymbolNeed {
            name: (&s.name).into(),
            typed: program.btf.as_deref().is_some_and(|b| {
                let ty = b.ty(s.local_id).and_then(|t| t.target()).unwrap_or(0);
                b.skip_mods_typedefs(ty) != 0
            }),
            weak: s.weak,
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup();
    all
}
