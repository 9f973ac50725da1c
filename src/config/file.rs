//! `bpfassay.toml`: the text, and what it means.
//!
//! serde reads the shape (unknown keys are errors), the second half checks the
//! words: every selector, level, target pattern and reason, each with its place.
//! `schemas/config.v1.json` describes the same for editors; a test compares the
//! keys of both.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::policy::{self, Policy};
use crate::programs::Manifest;
use crate::programs::near;
use crate::rules::RuleKind;
use crate::target::{self, Rights};

use super::{Budget, ConfigError, FailOn, Glob, Level, Levels, Resource, Selector};

/// A configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Targets, where the command line names none; with their places.
    pub targets: Vec<(String, Range<usize>)>,
    /// What fails a run.
    pub fail_on: Option<FailOn>,
    /// What isn't decided fails a run.
    pub strict: bool,
    /// Only these lints; `None`: all.
    pub select: Option<Vec<Selector>>,
    /// Not these rules.
    pub ignore: Vec<Selector>,
    /// `[severity]`.
    pub levels: Levels,
    /// `[policy]`.
    pub policy: Policy,
    /// `[budget]`.
    pub budget: Budget,
    /// CPUs that per-CPU maps are counted for.
    pub cpus: u32,
    /// The baseline file.
    pub baseline: Option<String>,
    /// Growth over the baseline that is let pass, in percent.
    pub growth: Option<f64>,
    /// The file of the world that smoke runs take place in.
    pub scenario: Option<String>,
    /// `[program."..."]`.
    pub programs: Vec<ProgramTable>,
    /// `[[suppress]]`.
    pub suppressions: Vec<Suppression>,
    /// `set`, `[map.NAME]`, `[attach]` and others: what user space does before the load.
    pub manifest: Manifest,
    /// `[variant.NAME]`: ways of loading, each with what it adds.
    pub variants: Vec<(String, Manifest)>,
    /// `[kernel]`: how the kernels are built, and who loads.
    pub kernel: Kernel,
    /// `[lsp]`: what an editor's server does.
    pub lsp: Lsp,
    /// `in-source`: rules that comments in the source may suppress.
    pub in_source: Vec<Selector>,
}

/// What `bpfassay lsp` does in this project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lsp {
    /// Files, folders and patterns of objects; none: every `.o` below the file's folder.
    pub objects: Vec<String>,
    /// The command that builds them, word by word; it is run only for clients that say so.
    pub build: Vec<String>,
    /// Seconds that it may take.
    pub build_seconds: Option<u64>,
}

/// How the kernels are built, booted and asked.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// `kconfig`: the file of a build's options.
    pub kconfig: Option<String>,
    /// `caps`: the loader's capabilities.
    pub caps: Option<Rights>,
    /// Single settings, as [`target::Config::set`] takes them.
    pub settings: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            targets: Vec::new(),
            fail_on: None,
            strict: false,
            select: None,
            ignore: Vec::new(),
            levels: Levels::default(),
            policy: Policy::default(),
            budget: Budget::default(),
            cpus: 1,
            baseline: None,
            growth: None,
            scenario: None,
            programs: Vec::new(),
            suppressions: Vec::new(),
            manifest: Manifest::new(),
            variants: Vec::new(),
            kernel: Kernel::default(),
            lsp: Lsp::default(),
            in_source: vec![Selector::Kind(RuleKind::Lint)],
        }
    }
}

/// What holds for some programs only.
#[derive(Clone, Debug)]
pub struct ProgramTable {
    /// Their names.
    pub name: Glob,
    /// Levels of rules.
    pub levels: Levels,
    /// Calls.
    pub policy: Policy,
    /// Budgets.
    pub budget: Budget,
}

/// What a suppression is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressedCode {
    /// Refusals and findings by rule.
    Rules(Selector),
    /// Programs that don't load: `load-error`.
    LoadError,
    /// Programs that aren't decided: `not-decided`.
    Undecided,
}

/// Something known, that shall not fail the run.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// What it is of.
    pub code: SuppressedCode,
    /// The code as written.
    pub text: String,
    /// Where that stands in the file.
    pub span: Range<usize>,
    /// Only in these programs.
    pub program: Option<Glob>,
    /// Only in these objects.
    pub object: Option<Glob>,
    /// Only in these source files.
    pub file: Option<Glob>,
    /// Why.
    pub reason: String,
}

type Text = Spanned<String>;
type Words = BTreeMap<Text, Text>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    targets: Vec<Text>,
    fail_on: Option<Text>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    lint: Lint,
    #[serde(default)]
    severity: Words,
    #[serde(default)]
    policy: Lists,
    #[serde(default)]
    budget: Bounds,
    #[serde(default)]
    baseline: BaselineTable,
    #[serde(default)]
    smoke: SmokeTable,
    #[serde(default)]
    program: BTreeMap<Text, Program>,
    #[serde(default)]
    map: Maps,
    #[serde(default)]
    set: Values,
    #[serde(default)]
    rodata: Vec<Text>,
    #[serde(default)]
    only: Vec<Text>,
    #[serde(default)]
    skip: Vec<Text>,
    #[serde(default)]
    attach: Words,
    #[serde(default)]
    flags: BTreeMap<Text, Vec<Text>>,
    #[serde(default)]
    variant: BTreeMap<Text, Variant>,
    #[serde(default)]
    kernel: BTreeMap<Text, Spanned<Stated>>,
    in_source: Option<Vec<Text>>,
    #[serde(default)]
    lsp: LspTable,
    #[serde(default)]
    suppress: Vec<Suppress>,
}

type Values = BTreeMap<Text, Spanned<Stated>>;
type Maps = BTreeMap<Text, Values>;

/// What one way of loading states: the keys of the file's own level again, since serde
/// cannot flatten into a struct that denies unknown fields.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Variant {
    #[serde(default)]
    map: Maps,
    #[serde(default)]
    set: Values,
    #[serde(default)]
    rodata: Vec<Text>,
    #[serde(default)]
    only: Vec<Text>,
    #[serde(default)]
    skip: Vec<Text>,
    #[serde(default)]
    attach: Words,
    #[serde(default)]
    flags: BTreeMap<Text, Vec<Text>>,
}

/// A number, a truth value or a text: `4096`, `-1`, `true`, `"64K"`, `"hash"`.
struct Stated(String);

impl<'de> Deserialize<'de> for Stated {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Stated, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Truth(bool),
            Whole(i64),
            Text(String),
        }
        match Any::deserialize(d) {
            Ok(Any::Truth(value)) => Ok(Stated(value.to_string())),
            Ok(Any::Whole(n)) => Ok(Stated(n.to_string())),
            Ok(Any::Text(text)) => Ok(Stated(text)),
            Err(_) => Err(de::Error::custom(
                "expected a number, a truth value or a text",
            )),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Lint {
    select: Option<Vec<Text>>,
    #[serde(default)]
    ignore: Vec<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Lists {
    #[serde(default)]
    allow: Vec<Text>,
    #[serde(default)]
    deny: Vec<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bounds {
    instructions: Option<u64>,
    processed: Option<u64>,
    states: Option<u64>,
    stack: Option<Bytes>,
    map_memory: Option<Bytes>,
    helpers: Option<u64>,
    unreached: Option<u64>,
    cpus: Option<Spanned<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LspTable {
    #[serde(default)]
    objects: Vec<String>,
    #[serde(default)]
    build: Vec<String>,
    build_seconds: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BaselineTable {
    file: Option<String>,
    growth: Option<Percent>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SmokeTable {
    scenario: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Program {
    #[serde(default)]
    severity: Words,
    #[serde(default)]
    policy: Lists,
    #[serde(default)]
    budget: Bounds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Suppress {
    code: Text,
    program: Option<String>,
    object: Option<String>,
    file: Option<String>,
    reason: Text,
}

/// A number of bytes: `65536`, `"64 KiB"`, `"16MiB"`.
struct Bytes(u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Bytes, D::Error> {
        either(d, "bytes, like 65536 or \"64 KiB\"", bytes).map(Bytes)
    }
}

/// Percent: `10`, `2.5`, `"10 %"`.
struct Percent(f64);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Percent, D::Error> {
        either(d, "percent, like 10 or \"10 %\"", percent).map(Percent)
    }
}

/// Reads a number or a text that says one.
fn either<'de, D: Deserializer<'de>, T>(
    d: D,
    what: &'static str,
    read: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Whole(u64),
        Part(f64),
        Truth(bool),
        Text(String),
    }
    let text = match Either::deserialize(d) {
        Ok(Either::Whole(n)) => n.to_string(),
        Ok(Either::Part(n)) => n.to_string(),
        Ok(Either::Truth(b)) => b.to_string(),
        Ok(Either::Text(text)) => text,
        Err(_) => String::new(),
    };
    read(&text).ok_or_else(|| de::Error::custom(format!("expected {what}")))
}

/// Reads a size with an optional unit of 1024.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Reads a share that isn't negative.
pub fn percent(text: &str) -> Option<f64> {
    let number = text.trim().trim_end_matches('%').trim_end();
    let value: f64 = number.parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// The tables and keys at the top of a configuration.
pub const TABLES: [&str; 22] = [
    "targets",
    "fail-on",
    "strict",
    "lint",
    "severity",
    "policy",
    "budget",
    "baseline",
    "smoke",
    "program",
    "map",
    "set",
    "rodata",
    "only",
    "skip",
    "attach",
    "flags",
    "variant",
    "kernel",
    "lsp",
    "suppress",
    "in-source",
];

/// What is stated of the kernel.
fn kernel(table: &BTreeMap<Text, Spanned<Stated>>) -> Result<Kernel, ConfigError> {
    let mut kernel = Kernel::default();
    let mut trial = target::Target::default().config;
    for (key, value) in table {
        let (name, text) = (key.get_ref().as_str(), value.get_ref().0.as_str());
        match name {
            "kconfig" => kernel.kconfig = Some(text.to_owned()),
            "caps" => {
                let unknown =
                    |word| ConfigError::at(value.span(), format!("`{word}` is no capability"));
                kernel.caps = Some(Rights::parse(text).map_err(unknown)?);
            }
            _ => {
                let set = trial.set(name, text);
                set.map_err(|message| ConfigError::at(key.span(), message))?;
                kernel.settings.push((name.to_owned(), text.to_owned()));
            }
        }
    }
    Ok(kernel)
}

/// What is stated of a load.
fn manifest(stated: &Variant) -> Result<Manifest, ConfigError> {
    let mut manifest = Manifest::new();
    for (name, table) in &stated.map {
        for (key, value) in table {
            let set = manifest.set(name.get_ref(), key.get_ref(), &value.get_ref().0);
            set.map_err(|message| {
                let known = Manifest::KEYS.contains(&key.get_ref().as_str());
                let span = if known { value.span() } else { key.span() };
                ConfigError::at(span, message)
            })?;
        }
    }
    for file in &stated.rodata {
        manifest.set_dump_file(file.get_ref());
    }
    for (place, value) in &stated.set {
        let set = manifest.set_global(place.get_ref(), &value.get_ref().0);
        set.map_err(|message| ConfigError::at(place.span(), message))?;
    }
    stated
        .only
        .iter()
        .for_each(|name| manifest.only(name.get_ref()));
    stated
        .skip
        .iter()
        .for_each(|name| manifest.skip(name.get_ref()));
    for (program, to) in &stated.attach {
        let set = manifest.attach(program.get_ref(), to.get_ref());
        set.map_err(|message| ConfigError::at(to.span(), message))?;
    }
    for (program, flags) in &stated.flags {
        for flag in flags {
            let set = manifest.flags(program.get_ref(), std::iter::once(&**flag.get_ref()));
            set.map_err(|message| ConfigError::at(flag.span(), message))?;
        }
    }
    Ok(manifest)
}

/// The ways of loading, with their names.
fn variants(table: &BTreeMap<Text, Variant>) -> Result<Vec<(String, Manifest)>, ConfigError> {
    let one = |(name, stated): (&Text, &Variant)| {
        if name.get_ref().trim().is_empty() {
            return Err(ConfigError::at(name.span(), "a variant needs a name"));
        }
        Ok((name.get_ref().clone(), manifest(stated)?))
    };
    table.iter().map(one).collect()
}

/// The key that was likely meant by one that is unknown: serde names it first, in backquotes,
/// then those that it knows.
fn meant(message: &str) -> Option<String> {
    let mut words = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    let name = words.next()?;
    let near = near(name, words)?;
    Some(format!("did you mean `{near}`?"))
}

/// Reads a configuration.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(text).map_err(|e| ConfigError {
        message: e.message().to_owned(),
        span: e.span(),
        help: meant(e.message()),
    })?;
    let select = match &file.lint.select {
        None => None,
        Some(list) => Some(selectors(list)?),
    };
    let fail_on = match &file.fail_on {
        None => None,
        Some(word) => Some(FailOn::parse(word.get_ref()).ok_or_else(|| {
            let message = format!("fail-on = \"{}\" is not known", word.get_ref());
            ConfigError::at(word.span(), message)
                .help(format!("one of {}", FailOn::NAMES.join(", ")))
        })?),
    };
    let cpus = match &file.budget.cpus {
        None => 1,
        Some(n) if *n.get_ref() == 0 => {
            return Err(ConfigError::at(n.span(), "a machine has at least one CPU"));
        }
        Some(n) => *n.get_ref(),
    };
    Ok(Config {
        targets: file
            .targets
            .iter()
            .map(|t| (t.get_ref().clone(), t.span()))
            .collect(),
        fail_on,
        strict: file.strict,
        select,
        ignore: selectors(&file.lint.ignore)?,
        levels: levels(&file.severity)?,
        policy: lists(&file.policy)?,
        budget: budget(&file.budget),
        cpus,
        baseline: file.baseline.file,
        growth: file.baseline.growth.map(|p| p.0),
        scenario: file.smoke.scenario,
        programs: file
            .program
            .iter()
            .map(|(name, table)| program(name, table))
            .collect::<Result<_, _>>()?,
        suppressions: file
            .suppress
            .iter()
            .map(suppression)
            .collect::<Result<_, _>>()?,
        kernel: kernel(&file.kernel)?,
        in_source: match &file.in_source {
            None => Config::default().in_source,
            Some(list) => selectors(list)?,
        },
        lsp: Lsp {
            objects: file.lsp.objects,
            build: file.lsp.build,
            build_seconds: file.lsp.build_seconds,
        },
        variants: variants(&file.variant)?,
        manifest: manifest(&Variant {
            map: file.map,
            set: file.set,
            rodata: file.rodata,
            only: file.only,
            skip: file.skip,
            attach: file.attach,
            flags: file.flags,
        })?,
    })
}

fn selector(text: &Text) -> Result<Selector, ConfigError> {
    Selector::parse(text.get_ref()).ok_or_else(|| {
        let message = format!("no rule or family `{}`", text.get_ref());
        ConfigError::at(text.span(), message).help(Selector::known())
    })
}

fn selectors(list: &[Text]) -> Result<Vec<Selector>, ConfigError> {
    list.iter().map(selector).collect()
}

fn levels(words: &Words) -> Result<Levels, ConfigError> {
    let mut levels = Levels::default();
    for (code, word) in words {
        let level = Level::parse(word.get_ref()).ok_or_else(|| {
            let message = format!("`{}` is no level", word.get_ref());
            ConfigError::at(word.span(), message)
                .help(format!("one of {}", Level::NAMES.join(", ")))
        })?;
        levels.push(selector(code)?, level);
    }
    Ok(levels)
}

fn lists(lists: &Lists) -> Result<Policy, ConfigError> {
    let read = |list: &[Text]| -> Result<Vec<policy::Entry>, ConfigError> {
        list.iter()
            .map(|text| {
                policy::entry(text.get_ref()).ok_or_else(|| {
                    let message = format!("no helper, kfunc or risk class `{}`", text.get_ref());
                    ConfigError::at(text.span(), message).help(format!(
                        "a name (`bpf_probe_write_user`), a pattern (`my_kfunc*`) or a class: {}",
                        policy::classes()
                    ))
                })
            })
            .collect()
    };
    Ok(Policy {
        allow: read(&lists.allow)?,
        deny: read(&lists.deny)?,
    })
}

fn budget(bounds: &Bounds) -> Budget {
    let mut budget = Budget::default();
    for resource in Resource::ALL {
        let most = match resource {
            Resource::Instructions => bounds.instructions,
            Resource::Processed => bounds.processed,
            Resource::States => bounds.states,
            Resource::Stack => bounds.stack.as_ref().map(|b| b.0),
            Resource::MapMemory => bounds.map_memory.as_ref().map(|b| b.0),
            Resource::Helpers => bounds.helpers,
            Resource::Unreached => bounds.unreached,
        };
        budget.set(resource, most);
    }
    budget
}

fn program(name: &Text, table: &Program) -> Result<ProgramTable, ConfigError> {
    if let Some(cpus) = &table.budget.cpus {
        return Err(ConfigError::at(
            cpus.span(),
            "`cpus` is of the machine: it stands in [budget]",
        ));
    }
    Ok(ProgramTable {
        name: Glob::new(name.get_ref()),
        levels: levels(&table.severity)?,
        policy: lists(&table.policy)?,
        budget: budget(&table.budget),
    })
}

fn suppression(s: &Suppress) -> Result<Suppression, ConfigError> {
    if s.reason.get_ref().trim().is_empty() {
        let message = "a suppression needs a reason";
        return Err(ConfigError::at(s.reason.span(), message));
    }
    let code = match s.code.get_ref().as_str() {
        "load-error" => SuppressedCode::LoadError,
        "not-decided" => SuppressedCode::Undecided,
        _ => SuppressedCode::Rules(selector(&s.code)?),
    };
    let glob = |text: &Option<String>| text.as_deref().map(Glob::new);
    Ok(Suppression {
        code,
        text: s.code.get_ref().clone(),
        span: s.code.span(),
        program: glob(&s.program),
        object: glob(&s.object),
        file: glob(&s.file),
        reason: s.reason.get_ref().trim().to_owned(),
    })
}
