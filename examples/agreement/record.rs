//! Recorded verdicts: one JSON line per program.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What a kernel said of one program.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Recorded {
    pub object: String,
    pub program: String,
    pub section: String,
    #[serde(default)]
    pub kernel: String,
    #[serde(default)]
    pub loader: String,
    #[serde(default)]
    pub prog_type: String,
    #[serde(default)]
    pub attach_type: String,
    pub verdict: String,
    pub stage: String,
    #[serde(default)]
    pub errno_name: String,
    pub insns: Option<u64>,
    pub verif_us: Option<u64>,
    pub processed: Option<u64>,
    pub total_states: Option<u64>,
    pub peak_states: Option<u64>,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub log_tail: Vec<String>,
    #[serde(default)]
    pub libbpf: String,
    /// Tells apart programs of one name and section in one object.
    #[serde(default)]
    pub nth: usize,
}

impl Recorded {
    /// Whether the verifier decided.
    pub fn counts(&self) -> bool {
        self.stage == "verifier"
    }

    /// Loaded by a libbpf before 1.0, which reads older objects.
    pub fn legacy(&self) -> bool {
        self.loader.starts_with("v0.")
    }

    /// The refused instruction: the one that the message names, else the last one
    /// that the log's tail shows. libbpf words a call that it could not resolve as
    /// `5: <invalid kfunc call>`.
    pub fn insn(&self) -> Option<usize> {
        if let Some((_, rest)) = self.error.split_once("infinite loop detected at insn ") {
            return rest.split_whitespace().next()?.parse().ok();
        }
        self.log_tail.iter().rev().find_map(|line| {
            let (number, rest) = line.split_once(": ")?;
            let bytes = rest.as_bytes();
            let shown = bytes.first() == Some(&b'(')
                && bytes
                    .get(1..3)
                    .is_some_and(|op| op.iter().all(u8::is_ascii_hexdigit))
                && bytes.get(3) == Some(&b')');
            if shown || rest.starts_with("<invalid ") {
                number.parse().ok()
            } else {
                None
            }
        })
    }

    /// The message without lines that are notes, not the refusal.
    pub fn message(&self) -> String {
        let note = |line: &str| {
            line.starts_with("; ")
                || line.starts_with("Validating ")
                || (line.starts_with("Global function ") && line.contains("doesn't return scalar"))
                || (line.starts_with("arg#") && line.contains("size cannot be determined"))
                || (line.starts_with("Func#") && line.ends_with("assumed valid."))
                || (line.starts_with("func '") && line.contains("has btf_id"))
        };
        let kept: Vec<&str> = self.error.lines().filter(|l| !note(l)).collect();
        if kept.is_empty() {
            self.error.clone()
        } else {
            kept.join("\n")
        }
    }
}

/// Reads the lines, in order; `only` is `OBJECT` or `OBJECT:PROGRAM`.
pub fn read(path: &Path, only: Option<&str>) -> Result<Vec<Recorded>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut seen: HashMap<(String, String, String), usize> = HashMap::new();
    let mut lines = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let mut r: Recorded =
            serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", path.display(), n + 1))?;
        let nth = seen
            .entry((r.object.clone(), r.program.clone(), r.section.clone()))
            .or_default();
        r.nth = *nth;
        *nth += 1;
        lines.push(r);
    }
    if let Some(only) = only {
        let (object, program) = only
            .split_once(':')
            .map_or((only, None), |(o, p)| (o, Some(p)));
        lines.retain(|r| {
            (r.object == object
                || r.object.strip_suffix(".o") == Some(object)
                || r.object.strip_suffix(".bpf.o") == Some(object))
                && program.is_none_or(|p| r.program == p)
        });
    }
    Ok(lines)
}

/// The target that the recording kernel's release names.
pub fn target_of(lines: &[Recorded]) -> String {
    let release = lines
        .iter()
        .map(|l| l.kernel.as_str())
        .find(|k| !k.is_empty())
        .unwrap_or("");
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) if !major.is_empty() => format!("linux-{major}.{minor}"),
        _ => "linux-6.18".into(),
    }
}
