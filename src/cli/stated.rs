//! What the command line and the configuration state of an object's load.

use std::path::{Path, PathBuf};

use super::Failure;
use super::args::{CheckArgs, OpenArgs};
use super::config::Loaded;
use super::console::complain;
use super::inputs;
use crate::check::{Variant, json as json_of};
use crate::object::Object;
use crate::programs::{AttachTo, Extended, Manifest};
use crate::report::Report;
use crate::untrusted::{Untrusted, text};

/// The text of a file.
fn read_text(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    String::from_utf8(inputs::read(path)?).map_err(|_| Failure::usage(format!("{name}: not UTF-8")))
}

/// Adds what the command line states; it wins over the configuration.
fn state(manifest: &mut Manifest, args: &OpenArgs) -> Result<(), Failure> {
    let stated = &args.stated;
    let told = |option: &str, word: &str, done: Result<(), String>| {
        done.map_err(|why| Failure::usage(format!("{option} {word}: {why}")))
    };
    for word in &stated.map {
        told("--map", word, manifest.set_word(word))?;
    }
    for path in &stated.rodata {
        let word = format!("--rodata {}", path.display());
        let json = json_of(&read_text(path)?);
        let done = json.and_then(|json| manifest.set_dump(&word, &json));
        done.map_err(|why| Failure::usage(format!("{word}: {why}")))?;
    }
    for word in &stated.set {
        let Some(file) = word.strip_prefix('@') else {
            told("--set", word, manifest.set_global_word(word))?;
            continue;
        };
        for line in read_text(Path::new(file))?.lines().map(str::trim) {
            if !line.is_empty() && !line.starts_with('#') {
                let done = manifest.set_global_word(line);
                told(&format!("--set @{file}:"), line, done)?;
            }
        }
    }
    stated.only.iter().for_each(|name| manifest.only(name));
    stated.skip.iter().for_each(|name| manifest.skip(name));
    for word in &stated.attach {
        told("--attach", word, manifest.attach_word(word))?;
    }
    for word in &stated.prog_flags {
        told("--prog-flags", word, manifest.flags_word(word))?;
    }
    Ok(())
}

/// Where a file is that a manifest names, if that may be read.
type Place<'a> = &'a dyn Fn(&str) -> Result<PathBuf, Failure>;

/// Reads the files that a manifest names.
fn read_files(manifest: &mut Manifest, place: Place<'_>) -> Result<(), Failure> {
    let read = |file: &str| {
        let text = place(file).and_then(|path| read_text(&path));
        json_of(&text.map_err(|f| f.text.into_data())?)
    };
    manifest.read_files(&read).map_err(Failure::usage)?;
    for setting in manifest.programs_mut() {
        let Some(AttachTo::Program(file, function)) = &setting.attach else {
            continue;
        };
        if setting.extends.is_some() {
            continue;
        }
        let fail = |why: String| Failure::usage(format!("--attach {file}:{function}: {why}"));
        let bytes = inputs::read(&place(file)?)?;
        let object = Object::parse(&bytes).map_err(|e| fail(e.to_string()))?;
        let found = Extended::find(&object, function).map_err(fail)?;
        setting.extends = Some(found.into());
    }
    Ok(())
}

/// What the command line states.
pub(super) fn manifest(args: &OpenArgs) -> Result<Manifest, Failure> {
    let mut manifest = Manifest::new();
    state(&mut manifest, args)?;
    read_files(&mut manifest, &|file| Ok(file.into()))?;
    Ok(manifest)
}

/// The same, where other words of `--map` give a map's entries.
pub(super) fn settings(args: &OpenArgs) -> Result<Manifest, Failure> {
    let mut open = args.clone();
    open.stated.map.retain(|word| Manifest::is_setting(word));
    manifest(&open)
}

/// What configuration and command line state together.
pub(super) fn of_open(args: &OpenArgs, loaded: &Loaded) -> Result<Manifest, Failure> {
    let mut base = loaded.settings.config.manifest.clone();
    read_files(&mut base, &|file| loaded.path(file))?;
    Ok(base.under(&manifest(args)?))
}

/// The same, and the variants.
pub(super) fn of_check(
    args: &CheckArgs,
    loaded: &Loaded,
) -> Result<(Manifest, Vec<Variant>), Failure> {
    let config = &loaded.settings.config;
    let manifest = of_open(&args.open, loaded)?;
    for name in &args.variant {
        if !config.variants.iter().any(|(known, _)| known == name) {
            let known = config.variants.iter().map(|(name, _)| name.as_str());
            let known: Vec<&str> = known.collect();
            let there = match known.is_empty() {
                true => "the configuration has none (`[variant.NAME]`)".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            return Err(Failure::usage(format!("no variant {name}; {there}")));
        }
    }
    let wanted = |name: &String| args.variant.is_empty() || args.variant.contains(name);
    let mut variants = Vec::new();
    for (name, stated) in config.variants.iter().filter(|(name, _)| wanted(name)) {
        let mut stated = stated.clone();
        read_files(&mut stated, &|file| loaded.path(file))?;
        variants.push(Variant {
            name: name.clone(),
            manifest: stated,
        });
    }
    if !args.variant_rodata.is_empty() {
        variants.push(Variant {
            name: "baseline".to_owned(),
            manifest: Manifest::new(),
        });
    }
    for (name, path) in &args.variant_rodata {
        let word = format!("--variant-rodata {name}={}", path.display());
        let mut manifest = Manifest::new();
        let json = json_of(&read_text(path)?);
        let done = json.and_then(|json| manifest.set_dump(&word, &json));
        done.map_err(|why| Failure::usage(format!("{word}: {why}")))?;
        variants.push(Variant {
            name: name.clone(),
            manifest,
        });
    }
    Ok((manifest, variants))
}

/// What was stated and fits no object: a value that is wrong for one, a name that none of
/// those that could be read has.
pub(super) fn unmet(report: &Report) -> Result<(), Failure> {
    let read = report.objects.iter().filter(|o| o.error.is_none());
    let read: Vec<_> = read.collect();
    for object in &read {
        for fault in &object.unmet {
            let everywhere = read.iter().all(|o| {
                o.unmet.contains(fault) || {
                    let mut same = o.unmet.iter();
                    same.any(|f| f.absent && f.word == fault.word)
                }
            });
            let said = || text!("{}: {}", object.object, Untrusted::from(fault.to_string()));
            // An object of another part may have it.
            if fault.absent && everywhere && report.shard.is_some() {
                complain!("{}", said());
            } else if !fault.absent || everywhere {
                return Err(Failure::usage(said()));
            }
        }
    }
    Ok(())
}
