//! Builds the harnesses, instrumented, with the stable compiler.
//!
//! LLVM's coverage pass comes with every rustc; only its switch has no stable name,
//! so it is asked for by its passes. libFuzzer itself is C++ that `libfuzzer-sys`
//! compiles, with any C++ compiler. `--target` keeps the instrumentation out of
//! build scripts.

use std::path::{Path, PathBuf};
use std::process::Command;

const FLAGS: &str = "--cfg fuzzing \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Clink-dead-code \
    -Ccodegen-units=1";

/// Builds; the folder of the programs.
pub(super) fn build(root: &Path) -> Result<PathBuf, String> {
    compiler()?;
    let host = host()?;
    let status = Command::new("cargo")
        .args(["build", "--release", "--bins", "--target", &host])
        .current_dir(root.join("fuzz"))
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !status.success() {
        return Err(format!("the harnesses don't build: {status}"));
    }
    Ok(root.join("fuzz/target").join(host).join("release"))
}

/// Something must compile libFuzzer.
fn compiler() -> Result<(), String> {
    let named = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let found = Command::new(&named).arg("--version").output();
    match found {
        Ok(out) if out.status.success() => Ok(()),
        _ => Err(format!(
            "libFuzzer is C++ and {named} doesn't run: install g++ or clang++, or name one by CXX"
        )),
    }
}

fn host() -> Result<String, String> {
    let out = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|e| format!("rustc: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let line = text.lines().find_map(|l| l.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".into())
}
