//! The inputs that arguments stand for.
//!
//! An argument is a file, `-` for standard input, a directory, a pattern (`'build/**/*.o'`,
//! for shells that don't expand it), or an object inside a file (`xdp-filter!prog.o`). What
//! carries objects gives each as an input of its own.
//!
//! A directory is asked for what is named like an object or a carrier (`.o`, `.a`, `.skel.h`,
//! compressed too) and for every ELF file. What is named like an object and cannot be looked
//! at is an input too, so that it is complained of; nothing hides the rest. ELF files
//! of other machines in which there is nothing are counted.

mod glob;
mod tree;

pub(super) use self::glob::{is_pattern, matches, matches_in};
pub(super) use self::tree::files;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::OpenArgs;
use super::console::complain;
use super::{Failure, bytes, inputs};
use crate::budget::Budget;
use crate::check::InputKind;
use crate::limits;
use crate::unpack::{self, Allowance, Kind, Part};
use crate::untrusted::{Told, Untrusted, text};

/// The argument that stands for standard input.
const STDIN: &str = "-";

/// Something to look at, or why it is not looked at.
pub(super) struct Input {
    /// As named, or found; objects in a carrier are `carrier!object`.
    pub(super) name: String,
    /// The file that it is in.
    pub(super) path: PathBuf,
    /// Where it begins there, for what was found in another file.
    pub(super) offset: Option<usize>,
    content: Content,
}

enum Content {
    /// The file itself, read when it is wanted.
    File,
    Held(Arc<[u8]>),
    /// What is wrong with it.
    Refused(Untrusted),
}

impl Input {
    fn file(path: &Path) -> Input {
        Input {
            name: path.display().to_string(),
            path: path.to_path_buf(),
            offset: None,
            content: Content::File,
        }
    }

    fn held(path: &Path, bytes: impl Into<Arc<[u8]>>) -> Input {
        Input {
            content: Content::Held(bytes.into()),
            ..Input::file(path)
        }
    }

    fn refused<T: Told>(path: &Path, why: T) -> Input {
        Input {
            content: Content::Refused(text!("{}", why)),
            ..Input::file(path)
        }
    }

    /// Its bytes, or why it is not looked at.
    pub(super) fn read(&self) -> Result<Cow<'_, [u8]>, Failure> {
        match &self.content {
            Content::File => inputs::read(&self.path).map(Cow::Owned),
            Content::Held(bytes) => Ok(Cow::Borrowed(bytes)),
            Content::Refused(why) => Err(Failure::usage(why)),
        }
    }

    /// Its bytes; none of a file that there is no room for.
    pub(super) fn read_if(&self, room: bool) -> Result<Cow<'_, [u8]>, Failure> {
        match self.content {
            Content::File if !room => Ok(Cow::default()),
            _ => self.read(),
        }
    }

    /// How many bytes it has, as far as that is known before it is read.
    pub(super) fn size(&self) -> u64 {
        match &self.content {
            Content::File => std::fs::metadata(&self.path).map_or(0, |m| m.len()),
            Content::Held(bytes) => bytes.len() as u64,
            Content::Refused(_) => 0,
        }
    }

    /// Whether it is known already that it is not looked at.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.content, Content::Refused(_))
    }

    /// What its bytes are.
    pub(super) fn kind(&self, args: &OpenArgs) -> InputKind {
        match self.offset {
            Some(_) => InputKind::Elf,
            None => inputs::kind(args, &self.path),
        }
    }
}

/// Whether an argument stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Whether a file that a folder leads to is, or may hold, an object.
pub(super) fn is_input(path: &Path) -> bool {
    let kind = || head(path).map(|head| unpack::kind(&head));
    let named = is_object_name(path) || is_carrier_name(path);
    named || matches!(kind(), Some(Kind::Object | Kind::Program(_)))
}

/// Whether a file is an object by its first bytes.
pub(super) fn is_object(path: &Path) -> bool {
    head(path).is_some_and(|head| matches!(unpack::kind(&head), Kind::Object))
}

/// The inputs that arguments stand for, in their order.
pub(super) fn expand(args: &OpenArgs, paths: &[PathBuf], budget: &Budget) -> Vec<Input> {
    let raw = args.asm || args.hex || args.raw;
    let mut search = Search {
        out: Vec::new(),
        raw,
        budget,
        allowance: Allowance::default(),
        seen: HashSet::new(),
        foreign: 0,
        copies: 0,
    };
    for path in paths {
        search.argument(path);
    }
    search.tell_skipped();
    search.out
}

struct Search<'a> {
    out: Vec<Input>,
    budget: &'a Budget,
    /// Inputs are instructions: nothing is in them.
    raw: bool,
    allowance: Allowance,
    /// What was found in carriers below directories.
    seen: HashSet<Arc<[u8]>>,
    foreign: usize,
    copies: usize,
}

impl Search<'_> {
    fn argument(&mut self, path: &Path) {
        let text = path.to_str().unwrap_or("");
        if text == STDIN {
            match bytes::standard_input() {
                Ok(bytes) => self.named(path, bytes),
                Err(why) => self.out.push(Input::refused(path, why)),
            }
        } else if path.is_dir() {
            let before = (self.out.len(), self.copies);
            self.below(path.canonicalize().ok(), path, 0);
            if before == (self.out.len(), self.copies) {
                self.out.push(Input::refused(path, "no objects in it"));
            }
        } else if path.symlink_metadata().is_ok() {
            self.named_file(path);
        } else if let Some((carrier, object)) = inside(text) {
            self.one_of(path, &carrier, object);
        } else if glob::is_pattern(text) {
            let before = (self.out.len(), self.copies);
            for found in glob::matches(text) {
                match found.is_dir() {
                    true => self.below(found.canonicalize().ok(), &found, 0),
                    false => self.met(&found),
                }
            }
            if before == (self.out.len(), self.copies) {
                self.out.push(Input::refused(path, "no object matches"));
            }
        } else {
            self.out.push(Input::file(path));
        }
    }

    /// A file that was asked for: it has to be, or to hold, an object.
    fn named_file(&mut self, path: &Path) {
        let regular = path.is_file();
        let plain = self.raw || (regular && !is_carrier(path, head(path).as_deref()));
        if plain {
            return self.out.push(Input::file(path));
        }
        match inputs::read(path) {
            Ok(bytes) => self.named(path, bytes),
            Err(failure) => {
                let why = failure.about(&path.display().to_string());
                self.out.push(Input::refused(path, why));
            }
        }
    }

    /// The same, read.
    fn named(&mut self, path: &Path, bytes: Vec<u8>) {
        if self.raw || !is_carrier(path, Some(&bytes)) {
            return self.out.push(Input::held(path, bytes));
        }
        let before = self.out.len();
        self.carrier(path, &bytes, false);
        if self.out.len() > before {
            return;
        }
        let kind = unpack::kind(&bytes);
        let what = match kind.machine() {
            Some(machine) => format!("an ELF file for {machine}, and no BPF object is in it"),
            None if matches!(kind, Kind::Archive) => "no BPF object in this archive".to_owned(),
            // It may be a raw program, or broken: who reads it says so.
            None => match unpack::plain(bytes) {
                Ok(bytes) => return self.out.push(Input::held(path, bytes)),
                Err(why) => why,
            },
        };
        self.out.push(Input::refused(path, what));
    }

    /// One object of a carrier.
    fn one_of(&mut self, path: &Path, carrier: &Path, object: &str) {
        let read = inputs::read(carrier);
        let contents = match &read {
            Ok(bytes) => unpack::unpack(&file_name(carrier), bytes, &mut self.allowance),
            Err(failure) => return self.out.push(Input::refused(path, &failure.text)),
        };
        let before = self.out.len();
        let below = format!("{object}!");
        let names: Vec<String> = contents.parts.iter().map(|p| p.name.clone()).collect();
        for part in contents.parts {
            if part.name == object || part.name.starts_with(&below) {
                self.part(carrier, part, false);
            }
        }
        if self.out.len() == before {
            let why = match names.as_slice() {
                [] => "no object is in that file".to_owned(),
                names => format!("not in that file; there are: {}", names.join(", ")),
            };
            self.out.push(Input::refused(path, why));
        }
    }

    /// A file that a directory or a pattern led to.
    fn met(&mut self, path: &Path) {
        let ended = self.budget.ended().is_some();
        let Some(head) = head(path).filter(|_| !ended) else {
            // Who reads it says what is wrong.
            if is_object_name(path) {
                self.out.push(Input::file(path));
            }
            return;
        };
        match unpack::kind(&head) {
            Kind::Object => self.out.push(Input::file(path)),
            Kind::Program(_) => self.open(path),
            _ if is_carrier_name(path) => self.open(path),
            _ if is_object_name(path) => self.out.push(Input::file(path)),
            _ => {}
        }
    }

    fn open(&mut self, path: &Path) {
        match inputs::read(path) {
            Ok(bytes) => {
                let before = (self.out.len(), self.copies);
                self.carrier(path, &bytes, true);
                if before == (self.out.len(), self.copies) {
                    self.foreign += 1;
                }
            }
            Err(failure) => {
                let why = failure.about(&path.display().to_string());
                self.out.push(Input::refused(path, why));
            }
        }
    }

    /// The objects in a file.
    fn carrier(&mut self, path: &Path, bytes: &[u8], once: bool) {
        let contents = unpack::unpack(&file_name(path), bytes, &mut self.allowance);
        for part in contents.parts {
            self.part(path, part, once);
        }
        for problem in contents.problems {
            self.out.push(Input::refused(path, problem));
        }
    }

    /// An object found; below directories those alike count once: what is linked into a
    /// library often lies beside it.
    fn part(&mut self, path: &Path, part: Part, once: bool) {
        let bytes: Arc<[u8]> = part.bytes.into();
        if once && !self.seen.insert(bytes.clone()) {
            self.copies += 1;
            return;
        }
        self.budget.keep(bytes.len() as u64);
        let file = path.display();
        self.out.push(Input {
            name: match &*part.name {
                "" => file.to_string(),
                name => format!("{file}!{name}"),
            },
            offset: Some(part.offset),
            ..Input::held(path, bytes)
        });
    }

    /// A walk through a folder, not through links.
    fn below(&mut self, root: Option<PathBuf>, dir: &Path, depth: usize) {
        if depth > limits::MAX_DIR_DEPTH {
            self.refuse(dir, "directories nest too deeply");
            return;
        }
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(e) => return self.refuse(dir, e),
        };
        let mut found = Vec::new();
        for entry in entries {
            match entry.and_then(|e| Ok((e.path(), e.file_type()?))) {
                Ok(entry) => found.push(entry),
                Err(e) => self.refuse(dir, e),
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, kind) in found {
            if self.out.len() >= limits::MAX_DIR_OBJECTS {
                return self.refuse(dir, "too many objects");
            }
            if kind.is_dir() {
                self.below(root.clone(), &path, depth + 1);
            } else if kind.is_symlink() {
                self.link(root.as_deref(), &path);
            } else if kind.is_file() {
                self.met(&path);
            } else if is_object_name(&path) {
                self.refuse(&path, "neither a file nor a directory");
            }
        }
    }

    fn refuse<T: Told>(&mut self, path: &Path, why: T) {
        self.out.push(Input::refused(path, why));
    }

    /// A link in a folder is not followed. It hides nothing if it leads to what is looked
    /// at anyway, or to no object.
    fn link(&mut self, root: Option<&Path>, path: &Path) {
        let object = is_object_name(path);
        let target = path.canonicalize();
        let folder = target.as_ref().is_ok_and(|t| t.is_dir());
        let inside = match (&target, root) {
            (Ok(target), Some(root)) => target.strip_prefix(root).is_ok(),
            _ => false,
        };
        let seen = match &target {
            Ok(t) => folder || (t.is_file() && is_object_name(t)),
            Err(_) => false,
        };
        if !object && !folder {
            return;
        }
        let name = path.display();
        match target {
            Ok(target) if inside && seen => {
                let target = target.display();
                complain!("{name}: a link to {target}, which is looked at by its own name");
            }
            Ok(target) => {
                let why = format!("a link to {}, which is not followed", target.display());
                self.refuse(path, why);
            }
            Err(e) => self.refuse(path, format!("a link that leads nowhere: {e}")),
        }
    }

    fn tell_skipped(&self) {
        let files = |n: usize| if n == 1 { "file" } else { "files" };
        if self.foreign > 0 {
            let n = self.foreign;
            complain!("skipped {n} ELF {} without a BPF object", files(n));
        }
        if self.copies > 0 {
            let n = self.copies;
            complain!("skipped {n} embedded object(s) that another file holds too");
        }
    }
}

/// The first bytes of a file; none if it can't be read.
fn head(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(unpack::HEAD as u64)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// Whether a file is no object but may hold some.
fn is_carrier(path: &Path, head: Option<&[u8]>) -> bool {
    head.is_some_and(|head| match unpack::kind(head) {
        Kind::Object => false,
        Kind::Other => is_header_name(path),
        _ => true,
    })
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn is_object_name(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "o")
}

/// C text that may hold bytes.
fn is_header_name(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "h" || e == "inc")
}

/// What a directory is asked for beside objects.
fn is_carrier_name(path: &Path) -> bool {
    let name = file_name(path);
    let plain = unpack::plain_name(&name);
    let ends = |all: &[&str]| all.iter().any(|e| plain.ends_with(e));
    ends(&[".a", ".skel.h", ".lskel.h"]) || (plain != name && ends(&[".o", ".so"]))
}

/// `carrier!object`, where the carrier is a file.
pub(super) fn inside(text: &str) -> Option<(PathBuf, &str)> {
    let mut cuts = text.match_indices('!');
    cuts.find_map(|(at, _)| {
        let (carrier, object) = (text.get(..at)?, text.get(at + 1..)?);
        Path::new(carrier)
            .is_file()
            .then(|| (PathBuf::from(carrier), object))
    })
}
