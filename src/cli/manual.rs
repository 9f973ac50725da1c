//! `completions` and `man`: made from the arguments themselves.

use clap::{Command, CommandFactory as _};

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::{Failure, exit, output};

/// Prints the completions of a shell.
pub(super) fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut bytes);
    output::write(&String::from_utf8_lossy(&bytes), None)?;
    Ok(exit::CLEAN)
}

/// Prints the manual page, or writes one for the tool and for each verb.
pub(super) fn man(args: &ManArgs) -> Result<u8, Failure> {
    let command = Cli::command();
    let Some(directory) = &args.output else {
        output::write(&page(command)?, None)?;
        return Ok(exit::CLEAN);
    };
    std::fs::create_dir_all(directory)
        .map_err(|e| Failure::usage(format!("--output {}: {e}", directory.display())))?;
    let name = command.get_name().to_owned();
    let mut pages = vec![(format!("{name}.1"), page(command.clone())?)];
    for verb in command.get_subcommands() {
        let full = format!("{name}-{}", verb.get_name());
        let verb = verb.clone().display_name(&full);
        pages.push((format!("{full}.1"), page(verb)?));
    }
    for (file, text) in pages {
        output::write(&text, Some(&directory.join(file)))?;
    }
    Ok(exit::CLEAN)
}

fn page(command: Command) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut bytes)
        .map_err(|e| Failure::usage(e.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
