//! What an object is called that lies in another file without a name.
//!
//! The compiler leaves the name of the source in the symbol table, or, where that was
//! stripped, in the line information. Names are made plain: they become parts of paths, of
//! reports and of the files that objects are written to.

use std::collections::HashMap;

use super::Part;
use crate::object::Object;

/// Letters of a name that are kept.
const LONGEST: usize = 80;
/// A symbol that names the source file.
const FILE_SYMBOL: u8 = 4;

/// The name by the source that an object was made from.
pub(super) fn of(bytes: &[u8]) -> Option<String> {
    let object = Object::parse(bytes).ok()?;
    let source = file_symbol(&object).or_else(|| first_line(&object))?;
    let stem = ["c", "cc", "cpp", "rs", "s", "S"]
        .iter()
        .find_map(|e| source.strip_suffix(e)?.strip_suffix('.'));
    // Rust numbers its units: `prog.3a1fbbbh-cgu.0`.
    let stem = stem.unwrap_or_else(|| match source.split_once('.') {
        Some((name, rest)) if rest.contains("cgu") => name,
        _ => &source,
    });
    let name = plain(stem);
    (!name.is_empty()).then(|| format!("{name}.o"))
}

fn file_symbol(object: &Object) -> Option<String> {
    let symbols = object.elf.symbols.iter();
    let mut names = symbols
        .filter(|s| s.kind == FILE_SYMBOL)
        .filter_map(|s| object.elf.named(s));
    names.next().map(str::to_owned)
}

/// The file that the first program's first line is in, unless that is a header.
fn first_line(object: &Object) -> Option<String> {
    let btf = object.btf.as_deref()?;
    let lines = object.ext.as_ref()?.lines.iter().flat_map(|s| &s.records);
    let mut files = lines.map(|l| btf.str_at(l.file));
    let source = files.find(|f| !f.ends_with(".h") && !f.is_empty())?;
    Some(source.to_owned())
}

/// The last part of a path, in letters that are safe anywhere.
pub fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let letters = last.chars().map(|c| if safe(c) { c } else { '_' });
    let name: String = letters.take(LONGEST).collect();
    name.trim_start_matches('.').to_owned()
}

/// Numbers names that several parts have: `a.o`, `a.o#2`.
pub(super) fn make_unique(parts: &mut [Part]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for part in parts {
        let count = seen.entry(part.name.clone()).or_insert(0);
        *count = count.saturating_add(1);
        if *count > 1 {
            part.name = format!("{}#{count}", part.name);
        }
    }
}
