//! What lies outside the package: recordings of kernels, and other people's suites.
//!
//! Each is a folder that a word of the command line (`--sets DIR`) or a variable
//! (`BPFASSAY_SETS`) names. The tests read the variables.

use std::path::{Path, PathBuf};

/// A folder outside: its word, its variable, what it holds.
pub(crate) struct Outside {
    pub(crate) word: &'static str,
    pub(crate) variable: &'static str,
    pub(crate) holds: &'static str,
}

pub(crate) const SETS: Outside = Outside {
    word: "--sets",
    variable: "BPFASSAY_SETS",
    holds: "recorded objects, SET/*.o",
};
pub(crate) const VERDICTS: Outside = Outside {
    word: "--verdicts",
    variable: "BPFASSAY_VERDICTS",
    holds: "recorded verdicts, KERNEL/SET.jsonl",
};
pub(crate) const BTF: Outside = Outside {
    word: "--btf",
    variable: "BPFASSAY_BTF",
    holds: "kernels' types, linux-SERIES.btf",
};
pub(crate) const FACTS: Outside = Outside {
    word: "--facts",
    variable: "BPFASSAY_FACTS",
    holds: "measured facts, helpers.json and others",
};
pub(crate) const CONFORMANCE: Outside = Outside {
    word: "--conformance",
    variable: "BPFASSAY_CONFORMANCE",
    holds: "a copy of bpf_conformance",
};

/// A folder that was named, with what names it.
pub(crate) type Named = (&'static Outside, PathBuf);

impl Outside {
    /// The folder that the environment names. An empty value names none.
    fn of_environment(&'static self) -> Option<Named> {
        let value = std::env::var_os(self.variable).filter(|v| !v.is_empty())?;
        // What cannot be made absolute is empty, which was left out.
        Some((self, std::path::absolute(value).ok()?))
    }

    /// The folder among those named, or what to give.
    pub(crate) fn required<'a>(&self, named: &'a [Named]) -> Result<&'a Path, String> {
        self.among(named).ok_or(format!(
            "{} DIR or {} is wanted: {}",
            self.word, self.variable, self.holds
        ))
    }

    pub(crate) fn among<'a>(&self, named: &'a [Named]) -> Option<&'a Path> {
        let found = named.iter().find(|(o, _)| o.variable == self.variable)?;
        Some(&found.1)
    }
}

/// The folders that the environment names, of `wanted`.
pub(crate) fn of_environment(wanted: &[&'static Outside]) -> Vec<Named> {
    wanted.iter().filter_map(|o| o.of_environment()).collect()
}

/// Takes the word `word` with its value, if it names one of `wanted`. Cargo and the
/// tests run elsewhere than the caller, so the folder becomes absolute.
pub(crate) fn take(
    word: &str,
    value: &str,
    wanted: &[&'static Outside],
    named: &mut Vec<Named>,
) -> Result<bool, String> {
    let Some(outside) = wanted.iter().find(|o| o.word == word) else {
        return Ok(false);
    };
    let folder = Path::new(value)
        .canonicalize()
        .map_err(|e| format!("{word} {value}: {e}"))?;
    named.retain(|(o, _)| o.word != word);
    named.push((outside, folder));
    Ok(true)
}

/// The root of the repository.
pub(crate) fn root() -> Result<&'static Path, String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().ok_or_else(|| "no root folder".into())
}
