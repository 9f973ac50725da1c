//! What servers (`mcp`, `lsp`) take of the command line: verbs with the values that they
//! have by themselves, kept below the roots.

use std::sync::Arc;

use clap::Parser as _;

use super::args::{CheckArgs, Cli, Verb};
use super::roots::{Reach, Roots};
use super::{Failure, config};

/// A verb as the command line would have it.
pub(super) fn verb(words: &[&str]) -> Result<Verb, Failure> {
    let words = ["bpfassay"].iter().chain(words);
    let cli = Cli::try_parse_from(words).map_err(|e| Failure::usage(e.to_string()))?;
    Ok(cli.verb)
}

/// Another verb came than was asked for.
pub(super) fn other_verb() -> Failure {
    Failure::usage("an internal error of bpfassay: another verb was asked")
}

/// `check`, reading sources and the configuration below the roots only.
pub(super) fn check_args(roots: &Arc<Roots>) -> Result<CheckArgs, Failure> {
    let Verb::Check(mut args) = verb(&["check", "."])? else {
        return Err(other_verb());
    };
    // Nothing outside of the roots is read or written.
    args.cache.no_cache = true;
    args.source_root = roots.all().to_vec();
    args.out.repo_root = Some(roots.first().to_path_buf());
    // A configuration above the root is not this server's to read; one that is a link out of
    // it is an error, since what it says is not known then.
    let own = roots.first().join(config::NAME);
    let there = own.symlink_metadata().is_ok();
    args.rules.no_config = !there;
    args.rules.config = there.then_some(own);
    args.reach = Reach::Below(Arc::clone(roots));
    Ok(args)
}
