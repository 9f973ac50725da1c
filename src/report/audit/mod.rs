//! Renderings of audits, of their graphs, and of what changed between two builds.
//!
//! They read the audit and nothing else. The JSON documents are described by
//! `schemas/audit.v1.json`; fields are only ever added within a version.

pub mod cyclonedx;
pub mod diff;
mod effects;
pub mod graph;
mod graph_svg;
pub mod html;
pub mod json;
pub mod markdown;
mod page;
mod program_text;
pub mod text;
mod together;

/// Version of the documents' schema.
pub const SCHEMA_VERSION: u32 = 1;

/// Bytes for people: `512 B`, `64.0 KiB`, `1.5 GiB`.
fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// The name and version of the tool, as every document states them.
fn tool() -> serde_json::Value {
    serde_json::json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
}

/// A document as text.
fn pretty(document: &serde_json::Value) -> String {
    crate::untrusted::pretty(document)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
    }
}
