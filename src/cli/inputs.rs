//! Files: objects, kernel BTF, sources; and the targets that are asked for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Failure;
use super::args::OpenArgs;
use crate::check::{InputKind, TargetChoice};
use crate::helpers_spec::{AttachType, ProgType};
use crate::limits;
use crate::object::{Btf, Elf};
use crate::programs::raw;
use crate::target::{self, Target};

/// The targets of one run, with their BTF.
pub(super) struct Targets {
    list: Vec<(Target, Option<usize>)>,
    btfs: Vec<Btf>,
}

impl Targets {
    /// Reads what the arguments name.
    pub(super) fn open(args: &OpenArgs) -> Result<Targets, Failure> {
        let names: Vec<String> = if args.target.is_empty() {
            vec![target::DEFAULT.to_owned()]
        } else {
            args.target
                .iter()
                .map(|t| t.trim().to_owned())
                .filter(|t| !t.is_empty())
                .collect()
        };
        let mut targets = Targets {
            list: Vec::new(),
            btfs: Vec::new(),
        };
        for name in names {
            let target = find(&name)?;
            if !targets.list.iter().any(|(t, _)| t.name == target.name) {
                targets.list.push((target, None));
            }
        }
        for spec in &args.btf {
            let (name, file) = match spec.split_once('=') {
                Some((name, file)) => (Some(find(name)?.name), file),
                None => (None, spec.as_str()),
            };
            let btf = kernel_btf(Path::new(file))?;
            targets.btfs.push(btf);
            let index = targets.btfs.len() - 1;
            let mut used = false;
            for (target, slot) in &mut targets.list {
                let chosen = name.as_ref().map_or(slot.is_none(), |n| *n == target.name);
                if chosen {
                    *slot = Some(index);
                    used = true;
                }
            }
            if !used {
                return Err(Failure::usage(format!(
                    "--btf {spec}: no such target in this run"
                )));
            }
        }
        Ok(targets)
    }

    /// The targets, as `check` takes them.
    pub(super) fn choices(&self) -> Vec<TargetChoice<'_>> {
        self.list
            .iter()
            .map(|(target, btf)| TargetChoice {
                target,
                kernel_btf: btf.and_then(|i| self.btfs.get(i)),
            })
            .collect()
    }
}

/// The first target that is asked for.
pub(super) fn first_target(args: &OpenArgs) -> Result<Target, Failure> {
    find(
        args.target
            .first()
            .map_or(target::DEFAULT, |name| name.trim()),
    )
}

/// A target by name, or a complaint that lists the names.
pub(super) fn find(name: &str) -> Result<Target, Failure> {
    target::by_name(name).ok_or_else(|| {
        let all: Vec<String> = target::all().into_iter().map(|t| t.name).collect();
        Failure::usage(format!(
            "unknown target {name}; there are: {}",
            all.join(", ")
        ))
    })
}

fn kernel_btf(path: &Path) -> Result<Btf, Failure> {
    let bytes = read(path)?;
    let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
    if bytes.starts_with(b"\x7fELF") {
        let elf = Elf::parse(&bytes).map_err(|e| fail(&e))?;
        let section = elf
            .section_by_name(".BTF")
            .ok_or_else(|| fail(&"no .BTF section"))?;
        return Btf::parse(elf.data(section).into()).map_err(|e| fail(&e));
    }
    Btf::parse(bytes.into()).map_err(|e| fail(&e))
}

/// Reads a file of bounded size.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
    let meta = std::fs::metadata(path).map_err(|e| fail(&e))?;
    if meta.is_dir() {
        return Err(fail(&"is a directory"));
    }
    if meta.len() > limits::MAX_INPUT_BYTES {
        return Err(fail(&"too large"));
    }
    std::fs::read(path).map_err(|e| fail(&e))
}

/// What a file's bytes are, by option or extension.
pub(super) fn kind(args: &OpenArgs, path: &Path) -> InputKind {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    match extension {
        _ if args.asm => InputKind::Asm,
        _ if args.hex => InputKind::Hex,
        _ if args.raw => InputKind::Binary,
        "bpfasm" | "asm" => InputKind::Asm,
        "hex" => InputKind::Hex,
        "bin" => InputKind::Binary,
        _ => InputKind::Elf,
    }
}

/// A program type by libbpf's name or by section name.
pub(super) fn prog_type(
    args: &OpenArgs,
) -> Result<Option<(ProgType, Option<AttachType>)>, Failure> {
    let Some(text) = &args.prog_type else {
        return Ok(None);
    };
    raw::type_by_name(text).map(Some).ok_or_else(|| {
        Failure::usage(format!(
            "--type {text}: neither a program type nor a section name"
        ))
    })
}

/// Source files under the roots, read once.
pub(super) struct SourceFiles {
    roots: Vec<PathBuf>,
    cache: Mutex<HashMap<String, Option<String>>>,
}

impl SourceFiles {
    pub(super) fn new(roots: &[PathBuf]) -> SourceFiles {
        SourceFiles {
            roots: roots.to_vec(),
            cache: Mutex::default(),
        }
    }

    /// The text of a file as line information names it: as it stands, then under
    /// each root, dropping leading directories one by one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        if let Ok(cache) = self.cache.lock()
            && let Some(found) = cache.get(name)
        {
            return found.clone();
        }
        let found = self.find(name);
        if let Ok(mut cache) = self.cache.lock() {
            cache.insert(name.to_owned(), found.clone());
        }
        found
    }

    fn find(&self, name: &str) -> Option<String> {
        let load = |path: &Path| {
            let meta = std::fs::metadata(path).ok()?;
            if !meta.is_file() || meta.len() > limits::MAX_SOURCE_BYTES {
                return None;
            }
            std::fs::read_to_string(path).ok()
        };
        let under_roots = self.roots.iter().find_map(|root| {
            let parts: Vec<&str> = name
                .split('/')
                .filter(|p| !p.is_empty() && *p != "." && *p != "..")
                .collect();
            (0..parts.len())
                .find_map(|skip| load(&root.join(parts.iter().skip(skip).collect::<PathBuf>())))
        });
        under_roots.or_else(|| load(Path::new(name)))
    }
}
