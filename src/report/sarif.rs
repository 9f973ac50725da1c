//! SARIF 2.1.0, for code scanning.
//!
//! A result is a complaint over all its targets. Its fingerprint is made of the
//! rule, the program and the text of the source line, so that it survives lines
//! that move. A program without source has a logical location (its name) in the
//! object file. What can't be read is a notification of the invocation, not a
//! result.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Report;
use super::items::{Item, Kind, Region, UNPAGED, items, region, region_of};
use super::paths::{Paths, RepoPath};
use crate::diagnostics::story::EditPlace;
use crate::diagnostics::{Diagnostic, Help, remedy};
use crate::rules::{Confidence, Rule, Severity};
use crate::untrusted::{self, Foreign, Untrusted, markdown, text};

/// The base that relative paths are relative to.
const BASE: &str = "%SRCROOT%";

/// Where the format is described.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Name of the fingerprint, with the version of how it is made.
const FINGERPRINT: &str = "ruleProgramLine/v1";

/// Renders a report; `exit_code` is what the run will end with.
pub fn render(report: &Report, paths: &Paths<'_>, exit_code: u8) -> String {
    let document = document(report, paths, exit_code);
    untrusted::pretty(&document)
}

/// The document.
pub fn document(report: &Report, paths: &Paths<'_>, exit_code: u8) -> Value {
    let all = items(report);
    let mut ids: Vec<&str> = all.iter().map(|i| i.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rules: Vec<Value> = ids
        .iter()
        .filter_map(|id| all.iter().find(|i| i.id == **id))
        .map(descriptor)
        .collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = all
        .iter()
        .map(|item| {
            let mut fingerprint = item.fingerprint(paths);
            let count = seen.entry(fingerprint.clone()).or_default();
            *count += 1;
            fingerprint.push_str(&format!(":{count}"));
            let index = ids.iter().position(|id| *id == item.id);
            result(item, index.unwrap_or(0), &fingerprint, paths)
        })
        .collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "shortDescription": { "text": env!("CARGO_PKG_DESCRIPTION") },
            "rules": rules,
            "notifications": [{
                "id": "unreadable-input",
                "name": "UnreadableInput",
                "shortDescription": { "text": "An input is no BPF object, or is damaged" },
                "defaultConfiguration": { "level": "error" },
            }],
        } },
        "invocations": [invocation(report, paths, exit_code)],
        "artifacts": artifacts(report, paths),
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let (Some(run), Some(uri)) = (run.as_object_mut(), paths.root_uri()) {
        let base = json!({ BASE: {
            "uri": uri,
            "description": { "text": "The root of the repository." },
        } });
        run.insert("originalUriBaseIds".into(), base);
    }
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
}

fn invocation(report: &Report, paths: &Paths<'_>, exit_code: u8) -> Value {
    let unreadable = report.objects.iter().filter_map(|o| {
        let error = o.error.as_ref()?;
        Some(json!({
            "descriptor": { "id": "unreadable-input", "index": 0 },
            "level": "error",
            "message": { "text": message(&text!("{}: {}", o.object, error.text())) },
            "locations": [{ "physicalLocation": { "artifactLocation": artifact(&paths.input(&o.object)) } }],
        }))
    });
    json!({
        "executionSuccessful": matches!(exit_code, 0 | 1) && !report.partial(),
        "exitCode": exit_code,
        "exitCodeDescription": match exit_code {
            0 => "clean",
            1 => "findings",
            2 => "wrong usage or unreadable input",
            _ => "internal error",
        },
        "toolExecutionNotifications": unreadable.collect::<Vec<_>>(),
    })
}

/// The files that were looked at, each once.
fn artifacts(report: &Report, paths: &Paths<'_>) -> Vec<Value> {
    let mut seen: Vec<RepoPath> = Vec::new();
    for object in &report.objects {
        let place = paths.input(&object.object);
        if !seen.contains(&place) {
            seen.push(place);
        }
    }
    let describe =
        |place: &RepoPath| json!({ "location": artifact(place), "roles": ["analysisTarget"] });
    seen.iter().map(describe).collect()
}

fn artifact(place: &RepoPath) -> Value {
    match place {
        RepoPath::Inside(_) => json!({ "uri": place.uri(), "uriBaseId": BASE }),
        RepoPath::Outside(_) => json!({ "uri": place.uri() }),
    }
}

/// `packet-access-unchecked` as `PacketAccessUnchecked`.
fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('-') {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

fn level(severity: Severity) -> &'static str {
    // SARIF uses the same words.
    severity.name()
}

fn descriptor(item: &Item<'_>) -> Value {
    match item.rule {
        Some(rule) => of_rule(rule),
        None => {
            let row = UNPAGED.iter().find(|(_, id, ..)| *id == item.id);
            let (title, text) = row.map_or(("", ""), |(_, _, title, text)| (*title, *text));
            let severity = match item.kind {
                Kind::Undecided => Severity::Warning,
                _ => Severity::Error,
            };
            json!({
                "id": item.id,
                "name": pascal(&item.id),
                "shortDescription": { "text": title },
                "fullDescription": { "text": text },
                "help": { "text": text, "markdown": text },
                "defaultConfiguration": { "level": level(severity) },
            })
        }
    }
}

fn of_rule(rule: &Rule) -> Value {
    let help = format!(
        "{}\n\n{}\n\nRemedy: {}",
        plain(rule.what),
        plain(rule.why),
        plain(rule.remedy)
    );
    let markdown = format!(
        "# {}\n\n{}\n\n## Why\n\n{}\n\n## Bad\n\n{}\n\n## Good\n\n{}\n\n## Remedy\n\n{}\n",
        rule.title, rule.what, rule.why, rule.bad, rule.good, rule.remedy
    );
    let mut tags = vec![rule.kind.name()];
    if rule.family != rule.kind.name() {
        tags.push(rule.family);
    }
    json!({
        "id": rule.id(),
        "name": pascal(rule.name),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": plain(rule.what) },
        "help": { "text": help, "markdown": markdown },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": tags,
            "precision": match rule.confidence {
                Confidence::High => "very-high",
                Confidence::Medium => "high",
                Confidence::Low => "medium",
            },
            "problem.severity": match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "recommendation",
            },
        },
    })
}

/// Markdown as plain text: lines joined, code spans bare.
fn plain(markdown: &str) -> String {
    markdown
        .split("\n\n")
        .map(|p| p.lines().map(str::trim).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
        .replace('`', "")
}

/// A plain text; SARIF reads `[text](place)` in it as a link.
fn message<T: Foreign + ?Sized>(text: &T) -> String {
    text.data().replace("](", "\\](")
}

fn result(item: &Item<'_>, index: usize, fingerprint: &str, paths: &Paths<'_>) -> Value {
    let mut text = message(&item.what);
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    let mut properties = Map::new();
    properties.insert("object".into(), json!(item.object));
    if let Some(program) = item.program {
        properties.insert("program".into(), json!(program));
    }
    if let Some(insn) = item.insn {
        properties.insert("instruction".into(), json!(insn));
    }
    properties.insert("targets".into(), json!(item.targets));
    if !item.variants.is_empty() {
        properties.insert("variants".into(), json!(item.variants));
    }
    if let Some(d) = item.diagnostic {
        properties.insert("instructionText".into(), json!(d.insn_text));
        properties.insert("kernelWords".into(), json!(d.kernel_words));
        properties.insert("cause".into(), json!(d.cause.0.name()));
        properties.insert("causeConfidence".into(), json!(d.cause.1.name()));
    }
    let mut said = json!({ "text": text });
    if let (Some(remedy), Some(message)) = (&item.remedy, said.as_object_mut()) {
        let marked = markdown(&item.what);
        let marked = format!("{marked}\n\n**Remedy:** {}", markdown(remedy));
        message.insert("markdown".into(), json!(marked));
    }
    let mut result = json!({
        "ruleId": item.id,
        "ruleIndex": index,
        "level": level(item.severity),
        "message": said,
        "locations": [location(item, paths)],
        "partialFingerprints": { FINGERPRINT: fingerprint },
        "properties": properties,
    });
    let Some(map) = result.as_object_mut() else {
        return result;
    };
    let related = related(item, paths);
    if !related.is_empty() {
        map.insert("relatedLocations".into(), json!(related));
    }
    let fixes: Vec<Value> = item
        .diagnostic
        .iter()
        .flat_map(|d| &d.helps)
        .filter_map(|h| fix(item, h, paths))
        .collect();
    if !fixes.is_empty() {
        map.insert("fixes".into(), json!(fixes));
    }
    if let Some(flow) = item.diagnostic.and_then(|d| code_flow(item, d, paths)) {
        map.insert("codeFlows".into(), json!([flow]));
    }
    // An empty list says that suppressions were looked for and there are none.
    let suppressions: Vec<Value> = item
        .suppressed
        .iter()
        .map(|reason| {
            let kind = if item.in_source {
                "inSource"
            } else {
                "external"
            };
            json!({ "kind": kind, "status": "accepted", "justification": reason })
        })
        .collect();
    map.insert("suppressions".into(), json!(suppressions));
    result
}

/// The edit of a help, as lines that are deleted and put in.
fn fix(item: &Item<'_>, help: &Help, paths: &Paths<'_>) -> Option<Value> {
    let edit = help.edit.as_ref()?;
    let file = paths.source(&(&edit.file).into(), item.object);
    let (from, to) = match edit.place {
        EditPlace::Before => (edit.line, edit.line),
        EditPlace::After => (edit.line + 1, edit.line + 1),
        EditPlace::Instead => (edit.line, edit.line + 1),
    };
    let region = json!({ "startLine": from, "startColumn": 1, "endLine": to, "endColumn": 1 });
    Some(json!({
        "description": { "text": message(&text!("{} ({})", help.text, remedy::said(&help.tested))) },
        "artifactChanges": [{
            "artifactLocation": artifact(&file),
            "replacements": [{
                "deletedRegion": region,
                "insertedContent": { "text": edit.text() },
            }],
        }],
    }))
}

fn location(item: &Item<'_>, paths: &Paths<'_>) -> Value {
    let physical = match item.region(paths) {
        Some(region) => physical(&region),
        None => json!({ "artifactLocation": artifact(&paths.input(item.object)) }),
    };
    let mut location = json!({ "physicalLocation": physical });
    if let (Some(program), Some(map)) = (item.program, location.as_object_mut()) {
        map.insert("logicalLocations".into(), json!([logical(item, program)]));
    }
    location
}

fn logical(item: &Item<'_>, program: &Untrusted) -> Value {
    json!({
        "name": program,
        "fullyQualifiedName": text!("{}::{}", item.object, program),
        "kind": "function",
    })
}

fn physical(region: &Region) -> Value {
    let mut place = Map::new();
    place.insert("startLine".into(), json!(region.line));
    if let Some(column) = region.column {
        place.insert("startColumn".into(), json!(column));
    }
    if let Some(end) = region.end {
        place.insert("endLine".into(), json!(region.line));
        place.insert("endColumn".into(), json!(end));
    }
    let mut physical = json!({ "artifactLocation": artifact(&region.file), "region": place });
    if region.column.is_some()
        && !region.text.data().trim().is_empty()
        && let Some(map) = physical.as_object_mut()
    {
        let context = json!({ "startLine": region.line, "snippet": { "text": region.text } });
        map.insert("contextRegion".into(), context);
    }
    physical
}

/// A step without source is told by its program and instruction.
fn step(item: &Item<'_>, region: Option<Region>, insn: usize, text: &Untrusted) -> Value {
    match region {
        Some(region) => json!({
            "physicalLocation": physical(&region),
            "message": { "text": message(text) },
        }),
        None => json!({
            "logicalLocations": [logical(item, item.program.unwrap_or(&Untrusted::new()))],
            "message": { "text": message(&text!("instruction {insn}: {}", text)) },
        }),
    }
}

fn related(item: &Item<'_>, paths: &Paths<'_>) -> Vec<Value> {
    item.secondary
        .iter()
        .enumerate()
        .map(|(i, label)| {
            let region = region(item.sources, label, item.object, paths);
            let mut step = step(item, region, label.insn, &label.text);
            if let Some(map) = step.as_object_mut() {
                map.insert("id".into(), json!(i + 1));
            }
            step
        })
        .collect()
}

/// The branches of a path that is told whole, then the refusal.
fn code_flow(item: &Item<'_>, d: &Diagnostic, paths: &Paths<'_>) -> Option<Value> {
    if d.branches.is_empty() || d.branches_before > 0 {
        return None;
    }
    let mut steps: Vec<Value> = d
        .branches
        .iter()
        .map(|b| {
            let region = b.place.as_ref().map(|(place, text)| Region {
                text: text.data().trim_end().into(),
                ..region_of(place, item.object, paths)
            });
            let way = if b.taken { "jumps" } else { "goes on" };
            step(item, region, b.insn, &text!("`{}` {way}", b.text))
        })
        .collect();
    let refused = region(&d.sources, &d.primary, item.object, paths);
    steps.push(step(item, refused, d.insn, &d.primary.text));
    let locations: Vec<Value> = steps
        .into_iter()
        .map(|step| json!({ "location": step }))
        .collect();
    Some(json!({
        "message": { "text": "The refused path" },
        "threadFlows": [{ "locations": locations }],
    }))
}
