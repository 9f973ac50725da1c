//! Finds and reads `bpfassay.toml`, and adds what the command line says.

use std::fmt;
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};

use super::Failure;
use super::args::{CheckArgs, OpenArgs, RuleArgs};
use super::inputs;
use super::nearest::nearest;
use super::roots::Reach;
use crate::check::World;
use crate::config::{
    self, Baseline, Config, ConfigError, Flags, Level, Levels, Selector, Settings,
};
use crate::rules;
use crate::untrusted::{is_invisible, terminal};

/// The file that is looked for.
pub(super) const NAME: &str = "bpfassay.toml";

/// A configuration with where it came from.
pub(super) struct Loaded {
    /// What it says, and what the command line adds.
    pub(super) settings: Settings,
    /// Its name as shown, and its text.
    pub(super) file: Option<(String, String)>,
    /// The directory that its paths are relative to.
    pub(super) directory: PathBuf,
    /// Where they may lead.
    reach: Reach,
}

impl Loaded {
    /// The path of a file that the configuration names, if that may be read.
    pub(super) fn path(&self, file: &str) -> Result<PathBuf, Failure> {
        let path = self.directory.join(file);
        self.reach.file(&path)?;
        Ok(path)
    }

    /// How inputs are opened: what the command line leaves open, the configuration tells.
    pub(super) fn open(&self, args: &OpenArgs) -> Result<OpenArgs, Failure> {
        let mut open = args.clone();
        let config = &self.settings.config;
        if open.target.is_empty() && open.profile.is_empty() {
            let names = config.targets.iter().map(|(name, _)| name.clone());
            open.target = names.collect();
        }
        let kernel = &config.kernel;
        let stated = kernel.settings.iter().map(|(k, v)| format!("{k}={v}"));
        // Of two, the last holds.
        open.kernel.splice(0..0, stated);
        if let (None, Some(file)) = (&open.kconfig, &kernel.kconfig) {
            open.kconfig = Some(self.path(file)?);
        }
        if open.caps.is_none() && !open.unprivileged {
            open.caps = kernel.caps;
        }
        Ok(open)
    }
}

/// Where the configuration is that holds for a run.
pub(super) fn path(args: &CheckArgs) -> Option<PathBuf> {
    let rules = &args.rules;
    match (&rules.config, rules.no_config) {
        (Some(path), _) => Some(path.clone()),
        (None, true) => None,
        (None, false) => upward(),
    }
}

/// Reads the configuration that holds for a run.
pub(super) fn load(args: &CheckArgs) -> Result<Loaded, Failure> {
    let flags = flags(args)?;
    let Some(path) = path(args) else {
        return Ok(Loaded {
            settings: Settings {
                flags,
                ..Settings::default()
            },
            file: None,
            directory: PathBuf::new(),
            reach: args.reach.clone(),
        });
    };
    args.reach.file(&path)?;
    let name = path.display().to_string();
    let text = String::from_utf8(inputs::read(&path)?)
        .map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
    let owned = ours(&path, &text);
    let complaint = |e: &ConfigError| complaint(&name, &text, e, owned);
    let mut config: Config = config::parse(&text).map_err(|e| complaint(&e))?;
    let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
    for (target, span) in &mut config.targets {
        if let Err(failure) = known_target(target, &directory, &args.reach) {
            let error = ConfigError::at(span.clone(), failure.text.into_data());
            return Err(complaint(&error));
        }
    }
    Ok(Loaded {
        settings: Settings { config, flags },
        file: Some((name, text)),
        directory,
        reach: args.reach.clone(),
    })
}

/// Looks whether a target is one. A file with a kernel's BTF is relative to the
/// configuration's folder, as all its paths are.
fn known_target(target: &mut String, directory: &Path, reach: &Reach) -> Result<(), Failure> {
    let path = directory.join(&*target);
    if !inputs::is_name(target) && path.symlink_metadata().is_ok() {
        *target = reach.file(&path)?.display().to_string();
    }
    inputs::named(target).map(|_| ())
}

/// The nearest file of that name in the current directory or above.
fn upward() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let found = here
        .ancestors()
        .map(|d| d.join(NAME))
        .find(|p| p.is_file())?;
    // Shown as it is reached from here, where that is short.
    let below = found.strip_prefix(&here).map(Path::to_path_buf);
    Some(below.unwrap_or(found))
}

fn flags(args: &CheckArgs) -> Result<Flags, Failure> {
    let RuleArgs {
        allow, warn, deny, ..
    } = &args.rules;
    let mut levels = Levels::default();
    let lists = [
        (allow, Level::Off),
        (warn, Level::Warning),
        (deny, Level::Error),
    ];
    for (list, level) in lists {
        for code in list {
            let selector = Selector::parse(code).ok_or_else(|| {
                let known = Selector::known();
                let names = rules::all().iter().flat_map(|r| [r.name, r.family]);
                let meant = nearest(code, names);
                Failure::usage(format!("no rule or family {code}{meant}; there is {known}"))
            })?;
            levels.push(selector, level);
        }
    }
    let max_growth = match &args.max_growth {
        None => None,
        Some(text) => Some(config::percent(text).ok_or_else(|| {
            Failure::usage(format!("--max-growth {text}: not a share in percent"))
        })?),
    };
    Ok(Flags { levels, max_growth })
}

/// Reads the baseline that the command line or the configuration names.
pub(super) fn baseline(args: &CheckArgs, loaded: &Loaded) -> Result<Option<Baseline>, Failure> {
    let configured = loaded.settings.config.baseline.as_ref();
    let path = match (&args.baseline, configured) {
        (Some(path), _) => path.clone(),
        // What is being written need not be there yet.
        (None, Some(_)) if args.write_baseline.is_some() => return Ok(None),
        (None, Some(file)) => loaded.path(file)?,
        (None, None) => return Ok(None),
    };
    let name = path.display().to_string();
    let text = String::from_utf8(inputs::read(&path)?)
        .map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
    let baseline = Baseline::parse(&text).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
    Ok(Some(baseline))
}

/// Reads the world that the configuration names for smoke runs.
pub(super) fn world(loaded: &Loaded) -> Result<Option<World>, Failure> {
    let Some(file) = &loaded.settings.config.scenario else {
        return Ok(None);
    };
    let path = loaded.path(file)?;
    Ok(Some(World {
        scenario: inputs::scenario(&path)?,
        file: path.display().to_string(),
    }))
}

/// Whether lines of a file may be shown: a link, or a `--config` that nobody wrote for
/// this tool, would have us print any file of the machine.
///
/// A regular file of the usual name is ours. One of another name is if it is TOML by its
/// name and every table and key at its top is one of ours.
fn ours(path: &Path, text: &str) -> bool {
    if !path.symlink_metadata().is_ok_and(|m| m.is_file()) {
        return false;
    }
    if path.file_name().is_some_and(|n| n == NAME) {
        return true;
    }
    let mut tops = text.lines().scan(true, |top, line| {
        let line = line.trim();
        let word = line.trim_start_matches('[');
        let head = line.starts_with('[');
        let counts = head || (*top && line.contains('='));
        *top &= !head;
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        Some(counts.then(|| word.get(..end.unwrap_or(word.len())).unwrap_or("")))
    });
    let known = |word: &str| config::TABLES.contains(&word);
    let toml = path.extension().is_some_and(|e| e == "toml");
    toml && tops.clone().flatten().next().is_some() && tops.by_ref().flatten().all(known)
}

/// A wrong configuration, drawn if it is ours.
fn complaint(name: &str, text: &str, error: &ConfigError, ours: bool) -> Failure {
    let place = error
        .line(text)
        .map_or_else(String::new, |n| format!(":{n}"));
    if !ours {
        return Failure::usage(format!(
            "{name}{place}: not a configuration of bpfassay (of a link, or of a file made for \
             something else, no lines are shown)"
        ));
    }
    let mut failure = Failure::usage(format!("{name}{place}: {error}"));
    if error.span.is_some() {
        let drawing = Drawing {
            error,
            source: NamedSource::new(terminal(name), shown(text)),
        };
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            .with_context_lines(1);
        let mut drawn = String::new();
        if handler.render_report(&mut drawn, &drawing).is_ok() {
            failure.drawing = Some(drawn.trim_end().to_owned());
        }
    }
    failure
}

/// The text as it may be shown. Each character keeps its place.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !is_invisible(c) || matches!(c, '\n' | '\t') {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        }
    }
    out
}

struct Drawing<'a> {
    error: &'a ConfigError,
    source: NamedSource<String>,
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.error)
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&terminal(&self.error.to_string()))
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.error.help.as_ref()?;
        Some(Box::new(terminal(help)))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.error.span.clone()?;
        let at = (span.start, span.len().max(1));
        let label = LabeledSpan::new_primary_with_span(Some("here".into()), at);
        Some(Box::new(std::iter::once(label)))
    }
}
