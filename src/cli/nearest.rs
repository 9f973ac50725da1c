//! What was likely meant by a name that there is none of.

use crate::programs::near;

/// ` (did you mean X?)`, or nothing.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match near(name, known) {
        Some(meant) => format!(" (did you mean {meant}?)"),
        None => String::new(),
    }
}
