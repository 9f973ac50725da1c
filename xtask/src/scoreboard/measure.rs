//! Runs the example `agreement` on a recording and reads what it counted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::recordings::{Choice, Recording};

/// Programs take milliseconds; only what hangs takes this long, on a loaded machine, too.
const TIMEOUT_S: &str = "60";

/// What all runs share.
pub(super) struct Bench {
    pub(super) program: PathBuf,
    pub(super) sets: PathBuf,
    pub(super) btf: Option<PathBuf>,
    pub(super) jobs: Option<u32>,
}

/// What the example counted of one recording; see its `compare`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Measured {
    pub(super) counted: u64,
    pub(super) decided: u64,
    pub(super) unknown: u64,
    pub(super) agree_accept: u64,
    pub(super) agree_reject: u64,
    pub(super) false_accepts: u64,
    pub(super) false_rejects: u64,
    pub(super) wrong_stage: u64,
    pub(super) missing: u64,
    pub(super) same_insn: Part,
    pub(super) same_class: Part,
    pub(super) processed_equal: Part,
    pub(super) processed_near: Part,
    pub(super) our_us: u64,
    pub(super) kernel_us: u64,
    pub(super) groups: Vec<Group>,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Part(pub(super) u64, pub(super) u64);

/// Disagreements of one kind and cause.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Group {
    pub(super) kind: String,
    pub(super) name: String,
    /// `OBJECT:PROGRAM`.
    pub(super) members: Vec<String>,
}

/// Builds the example and tells where it is.
pub(super) fn build(root: &Path, profile: &str) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--profile", profile, "--example", "agreement"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cargo: {e}"))?;
    if !out.status.success() {
        return Err(format!("cargo build: {}", out.status));
    }
    let executable = |line: &[u8]| -> Option<PathBuf> {
        let line: serde_json::Value = serde_json::from_slice(line).ok()?;
        let built = line.get("target")?.get("name")? == "agreement";
        let path = line.get("executable")?.as_str()?;
        built.then(|| path.into())
    };
    out.stdout
        .split(|b| *b == b'\n')
        .find_map(executable)
        .ok_or_else(|| "cargo built no example agreement".into())
}

impl Bench {
    /// Those of `names` that are targets.
    pub(super) fn known(&self, names: &[String]) -> Result<Vec<String>, String> {
        let text = self.run(Command::new(&self.program).arg("--known").args(names))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The types of a series, if they are given.
    pub(super) fn btf(&self, series: &str) -> Option<PathBuf> {
        let path = self.btf.as_ref()?.join(format!("{series}.btf"));
        path.exists().then_some(path)
    }

    pub(super) fn measure(
        &self,
        recording: &Recording,
        choice: &Choice,
    ) -> Result<Measured, String> {
        let mut command = Command::new(&self.program);
        command
            .arg(self.sets.join(&recording.set))
            .arg(&recording.path)
            .args(["--json", "--timeout-s", TIMEOUT_S])
            .args(["--target", &choice.target]);
        if let Some(btf) = &choice.btf {
            command.arg("--btf").arg(btf);
        }
        if let Some(jobs) = self.jobs {
            command.args(["--jobs", &jobs.to_string()]);
        }
        let text = self.run(&mut command)?;
        serde_json::from_str(&text)
            .map_err(|e| format!("{}/{}: {e}", recording.kernel, recording.set))
    }

    fn run(&self, command: &mut Command) -> Result<String, String> {
        let out = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("{command:?}: {e}"))?;
        if !out.status.success() {
            return Err(format!("{command:?}: {}", out.status));
        }
        String::from_utf8(out.stdout).map_err(|e| e.to_string())
    }
}
