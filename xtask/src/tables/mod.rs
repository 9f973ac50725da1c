//! `cargo xtask tables`: makes the checked-in tables of their data.
//!
//! `src/helpers_spec/data` becomes `src/helpers_spec/generated`, the pages of
//! `rules/` become `src/rules/generated.rs` and `src/abstract_interp/codes.rs`.
//! Every cell is checked: words against the vocabularies of
//! `src/helpers_spec/words`, helper names and ids against the helper table,
//! layouts against their definitions. A dangling or unknown word ends the task
//! with the file and line at fault. With `--check` nothing is written; the task
//! fails if a file differs from what it would write.

mod audit;
mod availability;
mod context;
mod features;
mod helpers;
mod kfuncs;
mod maps;
mod output;
mod pages;
mod programs;
mod row;
mod sets;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use output::Output;

/// The vocabularies, as the library has them.
#[path = "../../../src/helpers_spec/words/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the library uses the rest")]
mod vocabulary;

/// Where the generated tables go.
const GENERATED: &str = "src/helpers_spec/generated";

/// Every file that the task makes, with its text.
fn files() -> BTreeMap<PathBuf, String> {
    let helpers = helpers::Helpers::read();
    let mut files = BTreeMap::new();
    let mut modules = Vec::new();
    let mut put = |name: &'static str, out: Output| {
        files.insert(
            Path::new(GENERATED).join(format!("{name}.rs")),
            out.finish(),
        );
        modules.push(name);
    };
    put("audit", audit::write(&helpers));
    put("availability", availability::write(&helpers));
    put("context", context::write());
    put("features", features::write(&helpers));
    put("helper", helpers.ids());
    put("helpers", helpers.write());
    put("kfuncs", kfuncs::write());
    put("maps", maps::write(&helpers));
    put("programs", programs::write());
    put("sets", sets::write());
    files.insert(
        Path::new(GENERATED).join("mod.rs"),
        output::modules(&modules),
    );
    let (rules, codes) = pages::write();
    files.insert("src/rules/generated.rs".into(), rules.finish());
    files.insert("src/abstract_interp/codes.rs".into(), codes.finish());
    files
}

/// Makes the files, or compares them with `--check`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let check = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err("takes --check or nothing".into()),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("no root folder")?;
    std::env::set_current_dir(root).map_err(|e| e.to_string())?;
    let files = files();
    let mut stale = Vec::new();
    for (path, text) in &files {
        if fs::read_to_string(path).is_ok_and(|have| have == *text) {
            continue;
        }
        stale.push(path.display().to_string());
        if !check {
            let folder = path.parent().ok_or("no folder")?;
            fs::create_dir_all(folder).map_err(|e| e.to_string())?;
            fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    let there = fs::read_dir(GENERATED).map_err(|e| format!("{GENERATED}: {e}"))?;
    for entry in there.flatten() {
        if !files.contains_key(&entry.path()) {
            return Err(format!("{}: made by no table", entry.path().display()));
        }
    }
    match (check, stale.is_empty()) {
        (true, false) => Err(format!(
            "not as `cargo xtask tables` makes them: {}",
            stale.join(", ")
        )),
        _ => {
            for path in stale {
                println!("{path}");
            }
            Ok(())
        }
    }
}
