//! What cargo says of a workspace, and what building it made.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::CargoArgs;
use crate::cli::Failure;
use crate::cli::nearest::nearest;
use crate::untrusted::text;

/// A package of the workspace.
pub(super) struct Package {
    id: String,
    name: String,
    folder: PathBuf,
}

/// What building a package made.
pub(super) struct Built {
    pub(super) name: String,
    /// Where its build scripts wrote.
    pub(super) out_dirs: Vec<PathBuf>,
    pub(super) executables: Vec<PathBuf>,
    /// Names and files of its `veristat/*.json`.
    pub(super) dumps: Vec<(String, PathBuf)>,
}

/// The cargo that calls us, or the one of the path.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn failed(what: &str, e: &dyn std::fmt::Display) -> Failure {
    Failure::usage(text!("cargo {what}: {}", e.to_string()))
}

fn common(command: &mut Command, args: &CargoArgs) {
    if let Some(path) = &args.manifest_path {
        command.arg("--manifest-path").arg(path);
    }
    for (flag, set) in [("--locked", args.locked), ("--offline", args.offline)] {
        if set {
            command.arg(flag);
        }
    }
}

/// The packages that are asked for, or all that are not disabled.
pub(super) fn packages(args: &CargoArgs) -> Result<Vec<Package>, Failure> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    common(&mut command, args);
    command.stderr(Stdio::inherit());
    let out = command.output().map_err(|e| failed("metadata", &e))?;
    if !out.status.success() {
        return Err(failed("metadata", &out.status));
    }
    let document: Value =
        serde_json::from_slice(&out.stdout).map_err(|e| failed("metadata", &e))?;
    let all: Vec<&Value> = list(&document, "packages").collect();
    let asked: Vec<&String> = args.names.iter().chain(&args.package).collect();
    let names: Vec<&str> = all.iter().map(|p| word(p, "name")).collect();
    if let Some(missing) = asked.iter().find(|name| !names.contains(&name.as_str())) {
        let meant = nearest(missing, names.iter().copied());
        let what = format!("the workspace has no package {missing}{meant}");
        return Err(Failure::usage(what));
    }
    let disabled = |package: &Value| {
        ["bpfassay", "veristat"].iter().any(|tool| {
            let way = format!("/metadata/{tool}/disable");
            package.pointer(&way).and_then(Value::as_bool) == Some(true)
        })
    };
    let wanted = all.into_iter().filter(|package| match asked.is_empty() {
        true => !disabled(package),
        false => asked.iter().any(|name| *name == word(package, "name")),
    });
    let package = |package: &Value| Package {
        id: word(package, "id").to_owned(),
        name: word(package, "name").to_owned(),
        folder: Path::new(word(package, "manifest_path"))
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default(),
    };
    Ok(wanted.map(package).collect())
}

/// Builds the packages, and tells what came of it.
pub(super) fn build(args: &CargoArgs, packages: &[Package]) -> Result<Vec<Built>, Failure> {
    let mut command = cargo();
    command.args(["build", "--message-format", "json-render-diagnostics"]);
    common(&mut command, args);
    for package in packages {
        command.arg("--package").arg(&package.name);
    }
    if let Some(profile) = &args.profile {
        command.arg("--profile").arg(profile);
    }
    for features in &args.features {
        command.arg("--features").arg(features);
    }
    for (flag, set) in [
        ("--release", args.release),
        ("--all-features", args.all_features),
        ("--no-default-features", args.no_default_features),
    ] {
        if set {
            command.arg(flag);
        }
    }
    command.stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| failed("build", &e))?;
    let mut built: Vec<Built> = packages.iter().map(nothing_yet).collect();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Ok(message) = serde_json::from_str(&line) {
                note(&message, packages, &mut built);
            }
        }
    }
    let status = child.wait().map_err(|e| failed("build", &e))?;
    match status.success() {
        true => Ok(built),
        false => Err(failed("build", &status)),
    }
}

fn nothing_yet(package: &Package) -> Built {
    let files = std::fs::read_dir(package.folder.join("veristat"));
    let files = files.into_iter().flatten().flatten().map(|e| e.path());
    let json = files.filter(|p| p.extension().is_some_and(|e| e == "json"));
    let named = |path: PathBuf| Some((path.file_stem()?.to_string_lossy().into_owned(), path));
    let mut dumps: Vec<(String, PathBuf)> = json.filter_map(named).collect();
    dumps.sort();
    Built {
        name: package.name.clone(),
        out_dirs: Vec::new(),
        executables: Vec::new(),
        dumps,
    }
}

/// Takes a message of cargo in.
fn note(message: &Value, packages: &[Package], built: &mut [Built]) {
    let id = word(message, "package_id");
    let at = packages.iter().position(|p| p.id == id);
    let Some(built) = at.and_then(|at| built.get_mut(at)) else {
        return;
    };
    match word(message, "reason") {
        "build-script-executed" => built.out_dirs.push(word(message, "out_dir").into()),
        "compiler-artifact" => {
            let path = message.get("executable").and_then(Value::as_str);
            // A build script is an executable, too.
            let kinds = message.pointer("/target/kind").and_then(Value::as_array);
            let script = kinds.is_some_and(|k| k.iter().any(|k| k == "custom-build"));
            built
                .executables
                .extend(path.filter(|_| !script).map(PathBuf::from));
        }
        _ => {}
    }
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
