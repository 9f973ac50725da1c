//! Recorded objects and verdicts of real kernels, which are not part of the
//! package.
//!
//! `BPFASSAY_ORACLE` names their folder (`objects/SET.tar.xz`,
//! `verdicts/KERNEL/SET.jsonl.xz`); they are unpacked once, by `tar` and `xz`, into
//! the build's scratch folder. `BPFASSAY_SETS` and `BPFASSAY_VERDICTS` name folders
//! where they are unpacked already (`SET/*.o`, `KERNEL/SET.jsonl`).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where the oracle is, or none with the reason printed.
pub struct Oracle {
    sets: PathBuf,
    verdicts: PathBuf,
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(status.success(), "{command:?}: {status}");
}

fn unpack(oracle: &Path, scratch: &Path) {
    let done = scratch.join("unpacked");
    if done.exists() {
        return;
    }
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let read = std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        read.map(|e| e.unwrap().path()).collect()
    };
    let sets = scratch.join("sets");
    std::fs::create_dir_all(&sets).unwrap();
    for archive in entries(&oracle.join("objects")) {
        run(Command::new("tar")
            .arg("-xJf")
            .arg(&archive)
            .arg("-C")
            .arg(&sets));
    }
    for kernel in entries(&oracle.join("verdicts")) {
        let to = scratch.join("verdicts").join(kernel.file_name().unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for file in entries(&kernel) {
            let name = file.file_stem().unwrap().to_owned();
            let out = std::fs::File::create(to.join(name)).unwrap();
            run(Command::new("xz").arg("-dc").arg(&file).stdout(out));
        }
    }
    std::fs::write(done, "").unwrap();
}

impl Oracle {
    /// Finds the oracle.
    pub fn open() -> Option<Oracle> {
        if let (Some(sets), Some(verdicts)) =
            (variable("BPFASSAY_SETS"), variable("BPFASSAY_VERDICTS"))
        {
            return Some(Oracle { sets, verdicts });
        }
        let Some(oracle) = variable("BPFASSAY_ORACLE") else {
            eprintln!("skipped: BPFASSAY_ORACLE names no folder of recorded verdicts");
            return None;
        };
        let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oracle");
        std::fs::create_dir_all(&scratch).unwrap();
        unpack(&oracle, &scratch);
        Some(Oracle {
            sets: scratch.join("sets"),
            verdicts: scratch.join("verdicts"),
        })
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
