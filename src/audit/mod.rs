//! Audits: what an object needs, and who can host it.

pub mod portability;
