//! `extract`: the objects that a file holds, as files.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use super::args::{ExtractArgs, OpenArgs};
use super::console::complain;
use super::walk::{self, Input};
use super::{Failure, exit, output};
use crate::budget::Budget;
use crate::unpack;
use crate::untrusted::terminal;

/// Runs the verb.
pub(super) fn run(args: &ExtractArgs) -> Result<u8, Failure> {
    let mut out = String::new();
    let mut names = HashMap::new();
    let mut code = exit::CLEAN;
    if !args.list {
        let fail = |e| Failure::usage(format!("{}: {e}", args.output.display()));
        std::fs::create_dir_all(&args.output).map_err(fail)?;
    }
    for input in walk::expand(&OpenArgs::default(), &args.files, &Budget::default()) {
        if let Err(failure) = one(&input, args, &mut names, &mut out) {
            complain!("{}: {}", input.name, failure.about(&input.name));
            code = exit::USAGE;
        }
    }
    output::write(&out, None)?;
    Ok(code)
}

/// Writes one object and says where; or says only that it is there.
fn one(
    input: &Input,
    args: &ExtractArgs,
    names: &mut HashMap<String, usize>,
    out: &mut String,
) -> Result<(), Failure> {
    let bytes = input.read()?;
    if unpack::kind(&bytes) != unpack::Kind::Object {
        return Err(Failure::usage("no BPF object is in it"));
    }
    let shown = terminal(&input.name);
    let _ = write!(out, "{shown}  {} bytes", bytes.len());
    if let Some(offset) = input.offset {
        let _ = write!(out, " at {offset:#x}");
    }
    if !args.list {
        let path = args.output.join(file_name(&input.name, names));
        write(&path, &bytes, args.force)?;
        let _ = write!(out, "  -> {}", terminal(&path.display().to_string()));
    }
    out.push('\n');
    Ok(())
}

/// A name of its own for each object: the last parts of where it was found, in plain
/// letters.
fn file_name(name: &str, names: &mut HashMap<String, usize>) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let plain = unpack::plain_letters(&file.replace('!', "."));
    let stem = match plain.strip_suffix(".o").unwrap_or(&plain) {
        "" => "object",
        stem => stem,
    };
    loop {
        let count = names.entry(stem.to_owned()).or_insert(0);
        *count += 1;
        let own = match *count {
            1 => format!("{stem}.o"),
            n => format!("{stem}.{n}.o"),
        };
        let taken = own.strip_suffix(".o").unwrap_or(&own).to_owned();
        if taken == stem || !names.contains_key(&taken) {
            if taken != stem {
                names.insert(taken, 1);
            }
            return own;
        }
    }
}

fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    if !force && path.symlink_metadata().is_ok() {
        let what = format!("{} is there already (--force replaces it)", path.display());
        return Err(Failure::usage(what));
    }
    output::write_bytes(bytes, path)
}
