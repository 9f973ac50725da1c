//! Checks objects while a crate is built, as its build script: a program that one of
//! the kernels refuses ends the build with its explanation.
//!
//! `[build-dependencies] bpfassay = { version = "0.1", default-features = false, features = ["std"] }`

use std::path::PathBuf;

use bpfassay::{Check, Object, Target, Verdict};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::var_os("BPF_OBJECTS").unwrap_or("bpf".into()));
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-env-changed=BPF_OBJECTS");
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "o") {
            continue;
        }
        let object = Object::parse(&path.display().to_string(), std::fs::read(&path)?)?;
        for kernel in ["linux-6.1", "linux-6.12"] {
            let report = Check::new().target(kernel.parse::<Target>()?).on(&object);
            for program in &report.programs {
                if let Verdict::Reject(r) = &program.verdict {
                    println!("cargo::error={} on {kernel}: {}: {}", program.name, r.span, r.what);
                }
            }
        }
    }
    Ok(())
}
