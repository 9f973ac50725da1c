//! The catalogue: a page for every code that `bpfassay` can print.
//!
//! A page is data: `rules/FAMILY/NAME.toml` holds number, name, severity,
//! confidence and the kernel's key words, `NAME.md` the text (what, why, a bad
//! and a good example, remedy). `cargo xtask tables` makes a row of each, which
//! embeds the text; tests run the examples.
//! Everything that names a rule (a refusal, a lint, a SARIF descriptor) reads it
//! from here, so that each text has one place.

mod catalogue;
#[rustfmt::skip]
mod generated;
pub mod lints;
mod page;
mod undecided;

pub use catalogue::{
    Confidence, Message, Rule, RuleKind, Severity, all, by_map_flaw, by_number, find,
    map_left_open, of, program_map_shared, section_name_outdated, special_data_exposed,
};
pub use page::{Fence, fences, first_paragraph};
pub use undecided::{find_undecided, undecided, why_undecided};
