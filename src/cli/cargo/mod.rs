//! `cargo bpfassay`: builds the packages of a workspace, finds the objects that they made or
//! embed, and checks all of them, each package with its own constants.
//!
//! Objects are what lies in the packages' `OUT_DIR` (aya-build, or a build script that calls
//! clang), and what their executables hold (libbpf-cargo keeps no file); the same object
//! counts once in a package. A package's `veristat/*.json`, dumps of `.rodata` as bpftool
//! makes them, are variants beside the object as it is, as for `cargo veristat`.

mod build;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, Parser};

use self::build::Built;
use super::args::{CheckArgs, Cli, OpenArgs, Verb};
use super::cache::sum;
use super::console::{self, complain};
use super::seen::Seen;
use super::spend::Spending;
use super::walk;
use super::{Failure, check, exit};
use crate::budget::Budget;
use crate::unpack::{self, Kind};
use crate::untrusted::Untrusted;

/// The command as cargo calls it.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", max_term_width = 100)]
enum Cargo {
    /// Build a workspace and check the BPF objects of its packages.
    #[command(name = "bpfassay", version)]
    Bpfassay(CargoArgs),
}

#[derive(Debug, Args)]
pub(super) struct CargoArgs {
    /// Packages [default: all of the workspace that have objects, but those with `disable =
    /// true` in `package.metadata.bpfassay` or `package.metadata.veristat`].
    #[arg(value_name = "PACKAGE")]
    pub(super) names: Vec<String>,
    /// A package; repeatable.
    #[arg(long, short, value_name = "PACKAGE")]
    pub(super) package: Vec<String>,
    /// Build with this profile.
    #[arg(long, value_name = "PROFILE", conflicts_with = "release")]
    pub(super) profile: Option<String>,
    /// Build with the profile `release`.
    #[arg(long, short)]
    pub(super) release: bool,
    /// Features to build with.
    #[arg(long, short = 'F', value_name = "FEATURES")]
    pub(super) features: Vec<String>,
    /// Build with all features.
    #[arg(long)]
    pub(super) all_features: bool,
    /// Build without the default features.
    #[arg(long)]
    pub(super) no_default_features: bool,
    /// The workspace's, or a package's, Cargo.toml.
    #[arg(long, value_name = "FILE")]
    pub(super) manifest_path: Option<PathBuf>,
    /// Assert that Cargo.lock stays as it is.
    #[arg(long)]
    pub(super) locked: bool,
    /// Use no network.
    #[arg(long)]
    pub(super) offline: bool,
    /// Arguments of `bpfassay check`: `-- -t lts --format sarif -o report.sarif`.
    #[arg(last = true, value_name = "CHECK")]
    pub(super) check: Vec<String>,
}

/// Runs the command and gives the exit code.
pub fn main(argv: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let Cargo::Bpfassay(args) = match Cargo::try_parse_from(argv) {
        Ok(cargo) => cargo,
        Err(e) => {
            console::usage(&e);
            return match e.use_stderr() {
                true => exit::USAGE,
                false => exit::CLEAN,
            };
        }
    };
    super::ended(run(&args))
}

fn run(args: &CargoArgs) -> Result<u8, Failure> {
    let check_args = check_args(&args.check)?;
    let packages = build::packages(args)?;
    if packages.is_empty() {
        return Err(Failure::usage("no package to build"));
    }
    let built = build::build(args, &packages)?;
    let spending = Spending::new(&check_args.spend)?;
    let seen = Seen::progress(check_args.quiet, check_args.verbose);
    let mut whole: Option<check::Checked> = None;
    for package in &built {
        let objects = objects_of(package);
        if objects.is_empty() {
            continue;
        }
        complain!(
            "{}: {} object(s), {} variant(s)",
            Untrusted::from(&package.name),
            objects.len(),
            package.dumps.len()
        );
        let mut of_package = check_args.clone();
        of_package.objects = objects;
        // Those that are named by hand hold for every package.
        let named = |name: &String| check_args.variant_rodata.iter().any(|(n, _)| n == name);
        let own = package.dumps.iter().filter(|(name, _)| !named(name));
        of_package.variant_rodata.extend(own.cloned());
        let done = check::checked_by(&of_package, &spending, &seen)?;
        whole = Some(match whole {
            Some(whole) => whole.and(done),
            None => done,
        });
    }
    seen.end();
    let Some(done) = whole else {
        return Err(Failure::usage(format!(
            "no BPF object in {} package(s): neither in what build scripts made nor in executables",
            built.len()
        )));
    };
    // What one package does not need or have, another may.
    let mut done = done.settled()?;
    done.judge(&check_args)?;
    check::written(&check_args, done, &spending)
}

/// The arguments of `check` with the values that they have by themselves.
fn check_args(words: &[String]) -> Result<CheckArgs, Failure> {
    let before = ["bpfassay", "check"].into_iter().map(str::to_owned);
    let after = ["--", "."].into_iter().map(str::to_owned);
    let all = before.chain(words.iter().cloned()).chain(after);
    let wrong = |what: &str| Failure::usage(format!("after `--`: {what}"));
    let cli = Cli::try_parse_from(all).map_err(|e| Failure::usage(e.to_string()))?;
    let Verb::Check(args) = cli.verb else {
        return Err(wrong("arguments of `check`"));
    };
    if args.objects.len() != 1 {
        return Err(wrong("the objects are those of the packages"));
    }
    if args.watch || args.shard.is_some() || args.write_baseline.is_some() {
        return Err(wrong(
            "--watch, --shard and --write-baseline are for `check` alone",
        ));
    }
    super::output::set_color(cli.color);
    Ok(args)
}

/// The objects of a package, each once: files before what executables hold.
fn objects_of(package: &Built) -> Vec<PathBuf> {
    let mut known = BTreeSet::new();
    let mut out = Vec::new();
    let mut files = Vec::new();
    for folder in &package.out_dirs {
        walk::files(folder, &[], usize::MAX, &mut |path| {
            files.push(path.to_owned());
            ControlFlow::Continue(())
        });
    }
    files.sort();
    for path in files {
        let bytes = super::inputs::read(&path).unwrap_or_default();
        if unpack::kind(&bytes) == Kind::Object && known.insert(sum(&bytes)) {
            out.push(path);
        }
    }
    let holds = walk::expand(
        &OpenArgs::default(),
        &package.executables,
        &Budget::default(),
    );
    for input in holds
        .iter()
        .filter(|i| i.offset.is_some() && !i.is_refused())
    {
        let new = input.read().is_ok_and(|bytes| known.insert(sum(&bytes)));
        if new {
            out.push(PathBuf::from(&input.name));
        }
    }
    out
}
