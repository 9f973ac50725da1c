//! `targets` as text and as JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use bpfassay_kernel_types::Series;

use super::known::{Change, Item, Known, SORTS};
use crate::target::profile::Status;
use crate::untrusted::{self, terminal};

/// What a sort of things is called.
fn title(sort: &str) -> &str {
    match sort {
        "map_types" => "map types",
        "prog_types" => "program types",
        "attach_types" => "attach types",
        "commands" => "commands of bpf(2)",
        "map_operations" => "operations of maps",
        "perf_events" => "perf events",
        other => other,
    }
}

/// One line per target.
pub(super) fn list_text(all: &[Known]) -> String {
    let mut out = format!(
        "{:<12} {:<8} {:<11} {:>8} {:>6} {:>6} {:>7} {:>7} {:>11}  from\n",
        "target", "kind", "rules of", "helpers", "maps", "progs", "attach", "kfuncs", "behaviours"
    );
    for k in all {
        let count = |sort: &str| match k.count(sort) {
            Some((yes, 0)) => yes.to_string(),
            Some((yes, part)) => format!("{yes}+{part}"),
            None => "-".to_owned(),
        };
        let on = k.behaviours.iter().filter(|s| s.value == "true").count();
        let from = match &k.source {
            Some((repo, commit, date)) => {
                let commit = commit.get(..12).unwrap_or(commit);
                let of = if date.is_empty() { "" } else { " of " };
                terminal(&format!("{repo}@{commit}{of}{date}")).into_owned()
            }
            None => {
                let types: Vec<&str> = k.types.iter().map(|s| s.release).collect();
                match types[..] {
                    [] => format!("release {}", k.release),
                    _ => format!("release {}, types of {}", k.release, types.join(" and ")),
                }
            }
        };
        let _ = writeln!(
            out,
            "{:<12} {:<8} {:<11} {:>8} {:>6} {:>6} {:>7} {:>7} {:>11}  {from}{}",
            terminal(&k.name),
            k.kind,
            terminal(&k.base),
            count("helpers"),
            count("map_types"),
            count("prog_types"),
            count("attach_types"),
            count("kfuncs"),
            format!("{on} of {}", k.behaviours.len()),
            if k.default { " (default)" } else { "" },
        );
    }
    out.push_str(
        "\nA number after + counts what is there in part. Besides these, `host` is the running kernel\n\
         and a file with a kernel's BTF is that kernel; `--profile FILE` adds a runtime.\n\
         `bpfassay targets TARGET` tells what a target has and how its verifier behaves;\n\
         `bpfassay targets --diff A B` what changes from A to B.\n",
    );
    out
}

/// Names in lines of bounded width.
fn wrap(out: &mut String, names: impl Iterator<Item = String>) {
    let mut line = String::from("  ");
    for name in names {
        let name = terminal(&name);
        if line.len() > 2 && line.len() + name.len() + 2 > 100 {
            out.push_str(line.trim_end());
            out.push('\n');
            line = String::from("  ");
        }
        line.push_str(&name);
        line.push_str(", ");
    }
    out.push_str(line.trim_end().trim_end_matches(','));
    out.push('\n');
}

/// A kernel build, in words.
fn built(s: &Series) -> String {
    format!("{} {} {}", s.distribution, s.package, s.version)
}

/// Everything known of one target.
pub(super) fn one_text(k: &Known) -> String {
    let mut out = format!(
        "{} ({}, rules of {}, release {})\n",
        terminal(&k.name),
        k.kind,
        terminal(&k.base),
        k.release
    );
    if let Some((repo, commit, date)) = &k.source {
        let _ = writeln!(out, "{}", terminal(&k.title));
        let from = format!("from {repo} at {commit}, {date}");
        let _ = writeln!(out, "{}", terminal(from.trim_end_matches(", ")));
    }
    let built: Vec<String> = k.types.iter().map(|s| built(s)).collect();
    if !built.is_empty() {
        let _ = writeln!(out, "types of {}", built.join(" where it agrees with "));
    }
    for (sort, items) in &k.has {
        let (yes, part) = k.count(sort).unwrap_or_default();
        let _ = write!(out, "\n{}: {yes}", title(sort));
        if part > 0 {
            let _ = write!(out, " and {part} in part");
        }
        out.push('\n');
        let of = |status: Status| items.iter().filter(move |i| i.status == status);
        if yes > 0 {
            wrap(&mut out, of(Status::Yes).map(|i| i.name.clone()));
        }
        for i in of(Status::Partial) {
            let _ = writeln!(
                out,
                "  {} in part: {}",
                terminal(&i.name),
                terminal(&i.note)
            );
        }
        for i in of(Status::Yes).filter(|i| !i.note.is_empty()) {
            let _ = writeln!(out, "  {}: {}", terminal(&i.name), terminal(&i.note));
        }
        // Commands fail in ways that matter to who calls them.
        if *sort == "commands" {
            let notes: BTreeSet<&str> = of(Status::No).map(|i| &*i.note).collect();
            for note in notes {
                let named = of(Status::No).filter(|i| i.note == note);
                let why = if note.is_empty() { "not there" } else { note };
                let _ = writeln!(out, "  {}:", terminal(why));
                wrap(&mut out, named.map(|i| i.name.clone()));
            }
            continue;
        }
        let missing = of(Status::No).count();
        if missing > 0 {
            let _ = writeln!(out, "  {missing} not there");
        }
        if matches!(*sort, "instructions" | "mechanisms" | "perf_events") {
            for i in of(Status::No) {
                let note = if i.note.is_empty() { "" } else { ": " };
                let _ = writeln!(out, "  no {}{note}{}", terminal(&i.name), terminal(&i.note));
            }
        }
    }
    if !k.unmodelled.is_empty() {
        out.push_str("\nlisted by its BTF, described by no facts:\n");
        wrap(&mut out, k.unmodelled.iter().cloned());
    }
    out.push_str("\nlimits:\n");
    for (name, value) in &k.limits {
        let _ = writeln!(out, "  {name} = {value}");
    }
    out.push_str("\nsettings of the kernel (--kernel KEY=VALUE, --kconfig FILE):\n");
    for (key, value) in &k.config {
        let _ = writeln!(out, "  {key} = {value}");
    }
    out.push_str("\nbehaviours of the verifier:\n");
    for s in &k.behaviours {
        let _ = writeln!(
            out,
            "  {} = {}\n      {} (Linux: {})",
            s.name, s.value, s.what, s.since
        );
    }
    out
}

/// What changes, sort by sort.
pub(super) fn diff_text(a: &Known, b: &Known, changes: &[Change]) -> String {
    let mut out = format!("from {} to {}\n", terminal(&a.name), terminal(&b.name));
    for c in changes {
        let _ = writeln!(out, "\n{}:", title(c.sort));
        for (word, sign, names) in [("new", "+", &c.added), ("gone", "-", &c.removed)] {
            if !names.is_empty() {
                let _ = writeln!(out, "  {} {word}:", names.len());
                wrap(&mut out, names.iter().map(|n| format!("{sign}{n}")));
            }
        }
        for (name, before, after) in &c.changed {
            let line = match (before.as_str(), after.as_str()) {
                ("false", "true") => format!("{name}, from now on"),
                ("true", "false") => format!("{name}, no more"),
                _ => format!("{name}: {before}, now {after}"),
            };
            let _ = writeln!(out, "  {}", terminal(&line));
            if let Some(switch) = b.behaviours.iter().find(|s| s.name == *name) {
                let _ = writeln!(out, "      {}", switch.what);
            }
        }
    }
    if changes.is_empty() {
        out.push_str("nothing changes\n");
    }
    let unknown: Vec<&str> = SORTS
        .into_iter()
        .filter(|s| a.sort(s).is_some() != b.sort(s).is_some())
        .map(title)
        .collect();
    if !unknown.is_empty() {
        let _ = writeln!(
            out,
            "\nnot compared, known of one only: {}",
            unknown.join(", ")
        );
    }
    out
}

fn item(i: &Item) -> Value {
    json!({ "name": i.name, "status": i.status.name(), "note": i.note })
}

fn head(k: &Known) -> Value {
    json!({
        "name": k.name,
        "kind": k.kind,
        "base": k.base,
        "release": k.release,
        "default": k.default,
        "types": k.types.iter().map(|s| json!({
            "series": s.name,
            "release": s.release,
            "distribution": s.distribution,
            "package": s.package,
            "version": s.version,
        })).collect::<Vec<_>>(),
        "source": k.source.as_ref().map(|(repo, commit, date)| json!({
            "repo": repo, "commit": commit, "date": date,
        })),
        "counts": SORTS.iter().filter_map(|s| {
            let (yes, partial) = k.count(s)?;
            Some(((*s).to_owned(), json!({ "yes": yes, "partial": partial })))
        }).collect::<serde_json::Map<_, _>>(),
    })
}

fn pretty(value: &Value) -> String {
    untrusted::pretty(value)
}

/// The list as a document.
pub(super) fn list_json(all: &[Known]) -> String {
    pretty(&json!({
        "schema": "bpfassay-targets-v1",
        "targets": all.iter().map(head).collect::<Vec<_>>(),
    }))
}

/// One target as a document.
pub(super) fn one_json(k: &Known) -> String {
    let mut document = json!({ "schema": "bpfassay-target-v1", "target": head(k) });
    if let Some(map) = document.as_object_mut() {
        for (sort, items) in &k.has {
            map.insert((*sort).to_owned(), items.iter().map(item).collect());
        }
        map.insert("unmodelled".into(), json!(k.unmodelled));
        let limits = k.limits.iter().map(|(n, v)| ((*n).to_owned(), json!(v)));
        map.insert("limits".into(), Value::Object(limits.collect()));
        let switches = k
            .behaviours
            .iter()
            .map(|s| json!({ "name": s.name, "value": s.value, "what": s.what, "since": s.since }));
        map.insert("behaviours".into(), switches.collect());
        let settings = k
            .config
            .iter()
            .map(|(key, v)| ((*key).to_owned(), json!(v)));
        map.insert("settings".into(), settings.collect());
    }
    pretty(&document)
}

/// A difference as a document.
pub(super) fn diff_json(a: &Known, b: &Known, changes: &[Change]) -> String {
    let changes = changes.iter().map(|c| {
        let changed = c
            .changed
            .iter()
            .map(|(name, before, after)| json!({ "name": name, "before": before, "after": after }));
        let value = json!({
            "added": c.added,
            "removed": c.removed,
            "changed": changed.collect::<Vec<_>>(),
        });
        (c.sort.to_owned(), value)
    });
    pretty(&json!({
        "schema": "bpfassay-targets-diff-v1",
        "from": a.name,
        "to": b.name,
        "changes": changes.collect::<serde_json::Map<_, _>>(),
    }))
}
