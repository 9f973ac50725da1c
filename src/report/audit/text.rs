//! The audit for people: a page of what there is and what it may do, then the details: maps,
//! what each costs; each program, densest facts first.
//!
//! A site is `file:line`, or the instruction where the object has no lines. After
//! a few sites only their number is told; JSON has them all.

use std::fmt::Write as _;

use super::bytes;
use super::program_text::program;
use super::{effects, together};
use crate::audit::effects::answers;
use crate::audit::{BtfState, MapNeed, Memory, Newest, ObjectAudit, Oldest, Reason, SlotHolds};
use crate::helpers_spec::{Known, Release};
use crate::programs::Place;
use crate::untrusted::{Foreign, Untrusted, joined, terminal, text as sentence};

/// Names told of a long list.
const NAMES: usize = 12;

/// Renders audits.
pub fn render(audits: &[ObjectAudit]) -> String {
    let mut out = String::new();
    if audits.len() > 1 {
        together::page(&mut out, audits);
        out.push('\n');
    }
    for (i, a) in audits.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        object(&mut out, a);
    }
    out
}

/// A line of the summary: a name, and what it says.
pub(super) fn row<T: Foreign + ?Sized>(out: &mut String, indent: usize, name: &str, text: &T) {
    if !text.data().is_empty() {
        let _ = writeln!(out, "{:indent$}{name:<14} {}", "", terminal(text));
    }
}

fn object(out: &mut String, a: &ObjectAudit) {
    let _ = writeln!(out, "{}", terminal(&a.object));
    if let Some(error) = &a.error {
        let _ = writeln!(out, "  unreadable: {}", terminal(error));
        return;
    }
    row(out, 2, "object", &about(a));
    for e in &a.load_errors {
        row(out, 2, "not loadable", e);
    }
    let folder = Folder::of(a);
    row(out, 2, "sources", &folder.0);
    may(out, a);
    oldest(out, 2, &a.oldest, &folder);
    newest(out, 2, a.newest.as_ref());
    row(out, 2, "capabilities", &capabilities(a));
    let options: Vec<&str> = a.config.iter().map(|c| c.option.as_str()).collect();
    row(out, 2, "kernel options", &options.join(" "));
    let mut title = "not known";
    for u in &a.unknown {
        row(out, 2, title, u);
        title = "";
    }
    maps(out, a);
    for u in &a.unlinked {
        let _ = writeln!(
            out,
            "\n  program {} ({}): cannot be put together: {}: {}",
            terminal(&u.program),
            terminal(&u.section),
            u.stage,
            terminal(&u.reason)
        );
    }
    for p in &a.programs {
        program(out, a, p, &folder);
    }
}

/// The folder that all sources are in, told once instead of at every site.
pub(super) struct Folder(String);

impl Folder {
    fn of(a: &ObjectAudit) -> Folder {
        let sites = a.programs.iter().flat_map(|p| {
            let calls = p.calls.iter().flat_map(|c| &c.sites);
            calls.chain(p.features.iter().flat_map(|f| &f.sites))
        });
        let mut common: Option<Vec<&str>> = None;
        for file in sites
            .filter_map(|s| s.place.as_ref())
            .map(|p| p.file.data())
        {
            let folders: Vec<&str> = match file.rsplit_once('/') {
                Some((folders, _)) => folders.split('/').filter(|f| *f != ".").collect(),
                None => Vec::new(),
            };
            common = Some(match common {
                None => folders,
                Some(known) => {
                    let same = known
                        .iter()
                        .zip(&folders)
                        .take_while(|(a, b)| a == b)
                        .count();
                    known.into_iter().take(same).collect()
                }
            });
        }
        match common.unwrap_or_default().join("/") {
            folder if folder.is_empty() => Folder(folder),
            folder => Folder(folder + "/"),
        }
    }

    /// A place below it.
    pub(super) fn place(&self, p: &Place) -> Untrusted {
        let plain = |file: &str| file.strip_prefix("./").unwrap_or(file).to_owned();
        let file = plain(p.file.data());
        let below = file
            .strip_prefix(&self.0)
            .map_or_else(|| file.clone(), plain);
        sentence!("{below}:{}", p.line)
    }
}

fn about(a: &ObjectAudit) -> Untrusted {
    let license = match a.license.data() {
        "" => "no licence".to_owned(),
        l => format!("licence {l}"),
    };
    let btf = match &a.btf {
        BtfState::Absent => "no BTF".into(),
        BtfState::Present => "BTF".into(),
        BtfState::Refused(why) => sentence!("BTF that kernels refuse ({})", why),
    };
    sentence!(
        "{}, {}, {}, {}, {}",
        bytes(a.bytes as u64),
        license,
        btf,
        count(a.programs.len() + a.unlinked.len(), "program"),
        count(a.maps.len(), "map")
    )
}

/// `1 map`, `2 maps`.
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// The oldest kernel and what sets it.
pub(super) fn oldest(out: &mut String, indent: usize, o: &Oldest, folder: &Folder) {
    let Some(release) = o.release else {
        if let Some((by, reason)) = &o.verdict {
            let uses = o.by_use.map_or_else(String::new, |r| {
                format!("; what it uses is there from {r} on")
            });
            let text = sentence!("none that was asked takes it: {by}: {}{uses}", reason);
            row(out, indent, "oldest kernel", &text);
            return;
        }
        let missing = if o.missing.is_empty() {
            "no release has all of it at once".into()
        } else {
            sentence!("none has {}", some(&o.missing))
        };
        row(
            out,
            indent,
            "oldest kernel",
            &sentence!("no mainline release up to {}: {}", Release::NEWEST, missing),
        );
        return;
    };
    let mut text = sentence!("{release}");
    if let Some(certain) = o.certain.filter(|c| *c > release) {
        text.push(&format!(" (certain from {certain})"));
    }
    if o.certain.is_none() {
        text.push(" or later (nothing certain)");
    }
    let reasons: Vec<Untrusted> = match &o.verdict {
        Some((by, reason)) => vec![sentence!("{by} refuses it: {}", reason)],
        None => o.reasons.iter().map(|r| reason(r, folder)).collect(),
    };
    if !reasons.is_empty() {
        text.push(&sentence!(": {}", some(&reasons)));
    }
    row(out, indent, "oldest kernel", &text);
    let holes: Vec<String> = o
        .refused
        .iter()
        .filter(|r| **r > release && o.certain.is_some_and(|c| **r < c))
        .map(ToString::to_string)
        .collect();
    row(out, indent, "but not", &holes.join(", "));
    if let Some(attach) = o.attach {
        let reasons: Vec<Untrusted> = o.attach_reasons.iter().map(|r| reason(r, folder)).collect();
        let text = sentence!("can be attached since {attach}: {}", some(&reasons));
        row(out, indent, "", &text);
    }
}

fn reason(r: &Reason, folder: &Folder) -> Untrusted {
    let mut text = r.what.clone();
    if let Some(lacking) = r
        .known
        .lacking
        .filter(|_| r.known.release == r.known.certain)
        && lacking.after() != Some(r.known.release)
    {
        text.push(&format!(", which {lacking} lacks"));
    }
    match (&r.place, r.insn) {
        (Some(p), _) => {
            text.push(&sentence!(" at {}", folder.place(p)));
        }
        (None, Some(i)) => {
            text.push(&format!(" at instruction {i}"));
        }
        (None, None) => {}
    }
    text
}

/// A list, cut short.
pub(super) fn some<T: Foreign>(all: &[T]) -> Untrusted {
    let mut text = joined(all.iter().take(NAMES), ", ");
    if all.len() > NAMES {
        text.push(&format!(" and {} more", all.len() - NAMES));
    }
    text
}

/// From where on kernels refuse it.
pub(super) fn newest(out: &mut String, indent: usize, newest: Option<&Newest>) {
    if let Some(n) = newest {
        let text = sentence!("{}; from {} on refused: {}", n.release, n.refused, n.reason);
        row(out, indent, "newest kernel", &text);
    }
}

/// What it may do, what nobody knows, what it may not.
fn may(out: &mut String, a: &ObjectAudit) {
    let answers = answers(a);
    for (word, title) in [("yes", "may"), ("unknown", "unknown")] {
        let mut title = title;
        for answer in answers.iter().filter(|answer| answer.word() == word) {
            let text = sentence!("{}: {}", answer.question.asks(), effects::because(answer));
            row(out, 2, title, &text);
            title = "";
        }
    }
    let no = answers.iter().filter(|answer| answer.word() == "no");
    let no: Vec<&str> = no.map(|answer| answer.question.asks()).collect();
    row(out, 2, "may not", &no.join("; "));
}

fn capabilities(a: &ObjectAudit) -> String {
    let names: Vec<&str> = a.capabilities.iter().map(|c| c.name).collect();
    match (names.is_empty(), a.unknown.is_empty()) {
        (true, true) if a.programs.iter().any(|p| p.verified.verdict != "accept") => {
            "none by what it uses; it is not accepted, so this was not tried".to_owned()
        }
        (true, true) => "none, where unprivileged users may load programs".to_owned(),
        (true, false) => "unknown".to_owned(),
        (false, true) => format!("{} (before 5.8: CAP_SYS_ADMIN)", names.join(" ")),
        (false, false) => format!("{} at least (before 5.8: CAP_SYS_ADMIN)", names.join(" ")),
    }
}

fn memory(m: &Memory) -> String {
    let mut text = if m.now == m.full {
        bytes(m.full)
    } else {
        format!("{} at first, {} full", bytes(m.now), bytes(m.full))
    };
    if m.open_ended {
        text.push_str(" + what it is attached to");
    }
    text
}

fn maps(out: &mut String, a: &ObjectAudit) {
    if a.maps.is_empty() {
        return;
    }
    let per_cpu = if a.memory.per_cpu > 0 {
        format!(
            ", {} of it per CPU on {} (--cpus)",
            bytes(a.memory.per_cpu),
            count(a.cpus as usize, "CPU")
        )
    } else {
        String::new()
    };
    row(
        out,
        2,
        "map memory",
        &format!("{}{per_cpu}", memory(&a.memory)),
    );
    let width = |of: &dyn Fn(&MapNeed) -> usize| a.maps.iter().map(of).max().unwrap_or(0);
    let (name, ty) = (
        width(&|m| terminal(&m.name).chars().count()),
        width(&|m| m.type_name.len()),
    );
    for m in &a.maps {
        let since = |k: Option<Known>| k.map_or_else(|| "?".to_owned(), |k| k.release.to_string());
        let _ = write!(
            out,
            "    {:<name$}  {:<ty$}  key {:>3}  value {:>5}  entries {:>7}  since {:<5} {}",
            terminal(&m.name),
            m.type_name,
            m.key_size,
            m.value_size,
            m.max_entries,
            since(m.known),
            memory(&m.memory),
        );
        let extra = notes(m);
        if !extra.is_empty() {
            let _ = write!(out, "  ({})", terminal(&some(&extra)));
        }
        out.push('\n');
    }
}

/// What else there is to say of a map.
fn notes(m: &MapNeed) -> Vec<Untrusted> {
    let mut notes: Vec<Untrusted> = m.flags.iter().map(|f| (*f).into()).collect();
    notes.extend(m.fields.iter().map(|f| sentence!("holds {f}")));
    if m.pinned {
        notes.push("pinned".into());
    }
    if m.origin == "legacy" {
        notes.push("untyped definition".into());
    }
    if let Some(inner) = &m.inner {
        notes.push(sentence!(
            "of {} {}",
            inner.type_name,
            memory(&inner.memory)
        ));
    }
    for (i, holds) in &m.slots {
        notes.push(match holds {
            SlotHolds::Program(p) => sentence!("[{i}] = program {}", p),
            SlotHolds::Map(p) => sentence!("[{i}] = map {}", p),
        });
    }
    notes
}
