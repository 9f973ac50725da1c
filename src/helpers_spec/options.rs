//! Kernel options that things hang on, as far as they are known to matter.

use super::tables;

/// The `CONFIG_*` options of a thing. Kinds are `always` (name `-`), `prog_type`,
/// `attach_type`, `map_type`, `helper`, `kfunc`, `struct_ops` and `feature`.
pub fn config_options(kind: &str, name: &str) -> &'static [&'static str] {
    let at = tables::CONFIG.binary_search_by(|(k, n, _)| (*k, *n).cmp(&(kind, name)));
    at.ok()
        .and_then(|at| tables::CONFIG.get(at))
        .map_or(&[], |row| row.2)
}
