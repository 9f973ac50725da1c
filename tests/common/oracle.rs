//! Recorded objects and verdicts of real kernels, which are not part of the
//! package.
//!
//! `BPFASSAY_SETS` and `BPFASSAY_VERDICTS` name their folders (`SET/*.o`,
//! `KERNEL/SET.jsonl`). Tests that need them are ignored unless asked for
//! (`cargo xtask oracle`), and fail without them.

use std::path::PathBuf;

use serde_json::Value;

/// Where the oracle is.
pub struct Oracle {
    sets: PathBuf,
    verdicts: PathBuf,
}

fn folder(variable: &str) -> PathBuf {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| panic!("{variable} names no folder"));
    assert!(folder.is_dir(), "{variable}: {folder:?} is no folder");
    folder
}

impl Oracle {
    /// Finds the oracle.
    pub fn open() -> Oracle {
        Oracle {
            sets: folder("BPFASSAY_SETS"),
            verdicts: folder("BPFASSAY_VERDICTS"),
        }
    }

    /// An object of a set.
    pub fn object(&self, set: &str, object: &str) -> Option<Vec<u8>> {
        std::fs::read(self.sets.join(set).join(object)).ok()
    }

    /// What a kernel said of a set, a line a program; empty if it wasn't asked.
    pub fn lines(&self, kernel: &str, set: &str) -> Vec<Value> {
        let path = self.verdicts.join(kernel).join(format!("{set}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }
}
