//! `targets`: the kernels and runtimes that can be asked, what each has, and what
//! changes from one to another.

mod known;
mod render;

use super::args::{TargetsArgs, TargetsFormat};
use super::{Failure, exit, inputs, output};
use crate::target::{self, Target};
use known::{Change, Known};

/// Runs the verb.
pub(super) fn run(args: &TargetsArgs) -> Result<u8, Failure> {
    output::write(&told(args)?, None)?;
    Ok(exit::CLEAN)
}

/// What is asked for, as text or JSON.
pub(super) fn told(args: &TargetsArgs) -> Result<String, Failure> {
    let json = args.format == TargetsFormat::Json;
    let profiles = args.profile.iter().map(|p| inputs::profile(p));
    let profiles = profiles.collect::<Result<Vec<Target>, Failure>>()?;
    let find = |name: &str| -> Result<Target, Failure> {
        match profiles.iter().find(|t| t.name == name) {
            Some(t) => Ok(t.clone()),
            None => Ok(inputs::find(name)?.0),
        }
    };
    Ok(if let [a, b] = &args.diff[..] {
        let (a, b) = (Known::of(&find(a)?), Known::of(&find(b)?));
        let changes = Change::between(&a, &b);
        if json {
            render::diff_json(&a, &b, &changes)
        } else {
            render::diff_text(&a, &b, &changes)
        }
    } else if let Some(name) = &args.target {
        let known = Known::of(&find(name)?);
        if json {
            render::one_json(&known)
        } else {
            render::one_text(&known)
        }
    } else {
        let all = target::all().into_iter().chain(target::runtimes());
        let all: Vec<Known> = all.chain(profiles).map(|t| Known::of(&t)).collect();
        if json {
            render::list_json(&all)
        } else {
            render::list_text(&all)
        }
    })
}
