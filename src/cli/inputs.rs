//! Files: objects and kernel BTF; and the targets that are asked for.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::Failure;
use super::args::OpenArgs;
use super::bytes;
use super::cache::sum;
use super::console::complain;
use super::ledger;
use super::nearest::nearest;
use crate::check::{InputKind, TargetChoice, types, vmlinux_target};
use crate::helpers_spec::{AttachType, ProgType};
use crate::object::{Btf, Elf};
use crate::programs::raw;
use crate::smoke::scenario::{self, Scenario};
use crate::target::{self, Profile, Rights, Target};
use crate::unpack;
use crate::untrusted::text;

/// The targets of one run, with their BTF.
pub(super) struct Targets {
    list: Vec<(Target, Option<usize>)>,
    btfs: Vec<Btf>,
}

impl Targets {
    /// Reads what the arguments name.
    pub(super) fn open(args: &OpenArgs) -> Result<Targets, Failure> {
        let mut targets = Targets {
            list: Vec::new(),
            btfs: Vec::new(),
        };
        let names = args.target.iter().map(|t| t.trim());
        for name in names.filter(|t| !t.is_empty()) {
            for target in named(name)? {
                targets.add(target)?;
            }
        }
        for path in &args.profile {
            targets.add((profile(path)?, None))?;
        }
        if targets.list.is_empty() {
            targets.add((Target::default(), None))?;
        }
        for (target, _) in &mut targets.list {
            surround(target, args)?;
        }
        for spec in &args.btf {
            let (names, file) = match spec.split_once('=') {
                Some((name, file)) => {
                    let all = named(name)?.into_iter();
                    let names: Vec<String> = all.map(|(target, _)| target.name).collect();
                    (Some(names), file)
                }
                None => (None, spec.as_str()),
            };
            let btf = kernel_btf(Path::new(file))?;
            if btf.is_of_object() {
                let what = "these are the types of an object, not of a kernel";
                return Err(Failure::usage(format!("--btf {file}: {what}")));
            }
            targets.btfs.push(btf);
            let index = targets.btfs.len() - 1;
            let mut used = false;
            for (target, slot) in &mut targets.list {
                let chosen = names
                    .as_ref()
                    .map_or(slot.is_none(), |all| all.contains(&target.name));
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
            targets.warn_of_other_series(file, index);
        }
        Ok(targets)
    }

    /// Says so where a kernel's BTF is of another series than the target that it was
    /// given to.
    fn warn_of_other_series(&self, file: &str, index: usize) {
        let Some(btf) = self.btfs.get(index).filter(|btf| btf.is_whole()) else {
            return;
        };
        let Ok(kernel) = vmlinux_target(file, btf) else {
            return;
        };
        let given = self.list.iter().filter(|(_, slot)| *slot == Some(index));
        for (target, _) in given.filter(|(t, _)| t.profile().is_none() && t.spec != kernel.spec) {
            complain!(
                "--btf {file}: this is a kernel like linux-{}, the target is {}",
                kernel.spec,
                target.name
            );
        }
    }

    /// Adds a target with its BTF; the same one twice counts once.
    fn add(&mut self, (target, btf): (Target, Option<Btf>)) -> Result<(), Failure> {
        if let Some((other, _)) = self.list.iter().find(|(t, _)| t.name == target.name) {
            if *other == target {
                return Ok(());
            }
            let what = format!("two targets are named {}", target.name);
            return Err(Failure::usage(what));
        }
        let at = btf.map(|btf| {
            self.btfs.push(btf);
            self.btfs.len() - 1
        });
        self.list.push((target, at));
        Ok(())
    }

    /// All that results depend on: what they are, and the sums of types that were given.
    pub(super) fn identity(&self) -> String {
        let mut out = String::new();
        for (target, btf) in &self.list {
            let btf = btf.and_then(|at| self.btfs.get(at));
            let btf = btf.map_or_else(String::new, |btf| sum(btf.bytes()));
            let _ = writeln!(out, "{target:?} {btf}");
        }
        out
    }

    /// The targets, as `check` takes them: with the BTF that was given, or the types
    /// that come with the tool.
    pub(super) fn choices(&self) -> Vec<TargetChoice<'_>> {
        self.list
            .iter()
            .map(|(target, btf)| TargetChoice {
                target,
                kernel_btf: btf
                    .and_then(|i| self.btfs.get(i))
                    .or_else(|| types::of_target(target)),
            })
            .collect()
    }
}

/// What is stated of the kernel's build, and of the loader.
pub(super) fn surround(target: &mut Target, args: &OpenArgs) -> Result<(), Failure> {
    if let Some(path) = &args.kconfig {
        let fail = |e: String| Failure::usage(format!("--kconfig {}: {e}", path.display()));
        let text = unpack::plain(read(path)?).map_err(fail)?;
        let text = String::from_utf8_lossy(&text);
        target.config.read(&text).map_err(fail)?;
    }
    for setting in &args.kernel {
        let fail = |e: String| Failure::usage(format!("--kernel {setting}: {e}"));
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| fail("expected KEY=VALUE".to_owned()))?;
        target.config.set(key.trim(), value.trim()).map_err(fail)?;
    }
    if args.unprivileged {
        target.rights = Rights::NONE;
        target.config.unprivileged_bpf = true;
    } else if let Some(rights) = args.caps {
        target.rights = rights;
    }
    Ok(())
}

/// The first target that is asked for.
pub(super) fn first_target(args: &OpenArgs) -> Result<Target, Failure> {
    match (args.target.first(), args.profile.first()) {
        (Some(name), _) => {
            let first = named(name.trim())?.into_iter().next();
            Ok(first.map_or_else(Target::default, |(target, _)| target))
        }
        (None, Some(path)) => profile(path),
        (None, None) => Ok(Target::default()),
    }
}

/// Where the running kernel keeps its BTF, and tells its release.
const HOST_BTF: &str = "/sys/kernel/btf/vmlinux";
const HOST_RELEASE: &str = "/proc/sys/kernel/osrelease";

/// The kernel that this runs on.
const HOST: &str = "host";

/// Whether a text names targets by itself, whatever files there are.
pub(super) fn is_name(text: &str) -> bool {
    target::by_name(text).is_some() || target::group(text).is_some() || text == HOST
}

/// The targets that a name stands for: those of a group, or one.
pub(super) fn named(name: &str) -> Result<Vec<(Target, Option<Btf>)>, Failure> {
    match target::group(name) {
        Some(group) => Ok(group.into_iter().map(|target| (target, None)).collect()),
        None => Ok(vec![find(name)?]),
    }
}

/// A target by name, `host`, or the file that holds a kernel's BTF; with the BTF
/// if there is one. Otherwise a complaint that lists the names.
pub(super) fn find(name: &str) -> Result<(Target, Option<Btf>), Failure> {
    if let Some(target) = target::by_name(name) {
        return Ok((target, None));
    }
    if let Some(group) = target::group(name) {
        let names: Vec<String> = group.into_iter().map(|t| t.name).collect();
        let names = names.join(", ");
        return Err(Failure::usage(format!(
            "{name} stands for several targets, and one is wanted here: {names}"
        )));
    }
    if name == HOST {
        let btf = kernel_btf(Path::new(HOST_BTF)).map_err(|e| {
            Failure::usage(text!(
                "target host: the running kernel shows no BTF: {}",
                e.text
            ))
        })?;
        let mut target = vmlinux_target(name, &btf)
            .map_err(|e| Failure::usage(format!("target host: {HOST_BTF}: {e}")))?;
        if let Ok(release) = std::fs::read_to_string(HOST_RELEASE) {
            target.release_name = release.trim().to_owned().into();
        }
        return Ok((target, Some(btf)));
    }
    let path = Path::new(name);
    ledger::note(path);
    if path.is_file() {
        if path.extension().is_some_and(|e| e == "toml") {
            let what = format!("target {name}: a profile is given with --profile");
            return Err(Failure::usage(what));
        }
        let btf = kernel_btf(path)?;
        let target =
            vmlinux_target(name, &btf).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
        return Ok((target, Some(btf)));
    }
    let all = target::all().into_iter().chain(target::runtimes());
    let all: Vec<String> = all.map(|t| t.name).collect();
    let others = target::GROUPS.into_iter().chain([HOST]);
    let meant = nearest(name, all.iter().map(String::as_str).chain(others));
    Err(Failure::usage(format!(
        "unknown target {name}{meant}; there are: {}, {HOST}, {}, and files with a kernel's BTF",
        all.join(", "),
        target::GROUPS.join(", ")
    )))
}

/// A runtime by the file of its profile.
pub(super) fn profile(path: &Path) -> Result<Target, Failure> {
    let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
    let text = String::from_utf8(read(path)?).map_err(|_| fail(&"not UTF-8"))?;
    // A fault is told by the words of the file: only of one that says it is a profile.
    if !target::profile::says_so(&text) {
        let mark = format!("schema = \"{}\"", target::profile::SCHEMA);
        return Err(fail(&format!("not a profile: no line is {mark}")));
    }
    Profile::parse(&text)
        .map(Target::from_profile)
        .map_err(|e| fail(&e))
}

fn kernel_btf(path: &Path) -> Result<Btf, Failure> {
    let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
    let bytes = unpack::plain(read(path)?).map_err(|e| fail(&e))?;
    if bytes.starts_with(b"\x7fELF") {
        let elf = Elf::parse(&bytes).map_err(|e| fail(&e))?;
        let section = elf
            .section_by_name(".BTF")
            .ok_or_else(|| fail(&"no .BTF section"))?;
        return Btf::parse(elf.data(section).into()).map_err(|e| fail(&e));
    }
    Btf::parse(bytes.into()).map_err(|e| fail(&e))
}

/// Extensions of what is text.
const TEXTS: [&str; 6] = ["bpfasm", "asm", "s", "hex", "toml", "json"];

/// Reads a file of bounded size.
///
/// What is text by its name is refused behind a link to something of another name: what is
/// wrong with a text is told by quoting it.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    ledger::note(path);
    let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
    let text = path.extension().filter(|e| TEXTS.iter().any(|t| e == t));
    if let Some(extension) = text {
        let target = path.canonicalize().map_err(|e| fail(&e))?;
        if target.extension() != Some(extension) {
            return Err(fail(&"a link to a file of another kind"));
        }
    }
    bytes::read(path)
}

/// The world that a file states.
pub(super) fn scenario(path: &Path) -> Result<Arc<Scenario>, Failure> {
    let fail = |e: String| Failure::usage(format!("{}: {e}", path.display()));
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| fail("not UTF-8".into()))?;
    scenario::read(text).map(Arc::new).map_err(fail)
}

/// What a file's bytes are, by option or extension.
pub(super) fn kind(args: &OpenArgs, path: &Path) -> InputKind {
    let name = path.to_str().map_or("", unpack::plain_name);
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
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
