//! What `run` saw, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::draw::Paint;
use super::run::{RunDocument, changes, map, map_name};
use super::text::Style;
use super::values::hex;
use crate::diagnostics::instruction;
use crate::programs::decode;
use crate::smoke::trace::Step;
use crate::smoke::{After, RunReport, SmokeVerdict};
use crate::untrusted::terminal;

/// Longest stretch of bytes printed.
const MAX_BYTES: usize = 64;

/// Renders the document.
pub fn render(d: &RunDocument<'_>, style: Style) -> String {
    let paint = Paint(style.color);
    let mut out = String::new();
    let r = d.report;
    let kind = match d.program.attach_type {
        Some(a) if a.name() != d.program.prog_type.name() => {
            format!("{}/{}", d.program.prog_type.name(), a.name())
        }
        _ => d.program.prog_type.name().to_owned(),
    };
    let _ = writeln!(
        out,
        "{} {} ({kind}, section {}) linked for {}, engine {}",
        terminal(d.object),
        paint.name(&terminal(&d.program.name)),
        terminal(&d.program.section),
        terminal(d.target),
        d.engine
    );
    table(&mut out, d, &paint);
    differs(&mut out, d, &paint);
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut order: Vec<(usize, String)> = Vec::new();
    for (i, run) in r.runs.iter().enumerate() {
        let deeds = if d.trace.get(i).is_some() {
            i.to_string()
        } else {
            deeds(d, run, &paint)
        };
        let alike = told.entry(deeds.clone()).or_default();
        if alike.is_empty() {
            order.push((i, deeds));
        }
        alike.push(&run.input.label);
    }
    for (i, deeds) in order {
        let Some(run) = r.runs.get(i) else { continue };
        one(&mut out, d, run, &paint);
        if let Some(steps) = d.trace.get(i) {
            trace(&mut out, d, steps);
        }
        if let Some([_, others @ ..]) = told.get(&deeds).map(|all| &all[..])
            && !others.is_empty()
        {
            let names = some(others);
            let _ = writeln!(out, "    and the same on {}: {names}", count(others.len()));
        }
    }
    if d.perf {
        perf(&mut out, d);
    }
    if !r.called.is_empty() {
        let calls: Vec<String> = r
            .called
            .iter()
            .map(|(name, count)| {
                let how = if r.modelled.contains(name) {
                    " (modelled)"
                } else {
                    ""
                };
                format!("{name} {count}{how}")
            })
            .collect();
        let _ = writeln!(out, "calls: {}", terminal(&calls.join(", ")));
    }
    if d.engine != "rbpf" {
        let _ = write!(
            out,
            "reached: {} of {} instructions",
            r.coverage.insns.0, r.coverage.insns.1
        );
        let (reached, blocks) = r.coverage.blocks;
        let _ = write!(out, ", {reached} of {blocks} blocks");
        out.push_str(if d.processed.is_some() {
            " that verification reached\n"
        } else {
            "\n"
        });
        for (file, lines) in super::run::unreached(d) {
            let file = terminal(&file);
            let _ = writeln!(out, "unreached: {file}: {}", stretches(&lines));
        }
    }
    let word = match &r.verdict {
        SmokeVerdict::Pass => paint.good("pass"),
        SmokeVerdict::Fault => paint.bad("fault"),
        SmokeVerdict::Skipped(_) => paint.warn(&r.verdict.to_string()),
    };
    let _ = writeln!(
        out,
        "{word}: {} runs, {} instructions",
        r.runs.len(),
        r.insns()
    );
    out
}

/// Labels that are printed of those that are alike.
const LABELS: usize = 4;

fn count(n: usize) -> String {
    match n {
        1 => "one input".into(),
        n => format!("{n} inputs"),
    }
}

/// The first few labels.
fn some(labels: &[&str]) -> String {
    let shown: Vec<String> = labels
        .iter()
        .take(LABELS)
        .map(|l| terminal(l).into_owned())
        .collect();
    let more = labels.len().saturating_sub(LABELS);
    match more {
        0 => shown.join("; "),
        n => format!("{}; {n} more", shown.join("; ")),
    }
}

/// What a run came to, but for the input.
fn deeds(d: &RunDocument<'_>, run: &RunReport, paint: &Paint) -> String {
    let mut text = ending(d, run, paint);
    packet(&mut text, run);
    let _ = write!(text, "{:?} {:?}", run.maps_changed, run.disagreement);
    output(&mut text, d, run);
    text
}

/// How the runs ended, each way with its inputs.
fn table(out: &mut String, d: &RunDocument<'_>, paint: &Paint) {
    let runs = &d.report.runs;
    if runs.len() < 2 {
        return;
    }
    let mut ends: BTreeMap<String, Vec<&RunReport>> = BTreeMap::new();
    for run in runs {
        ends.entry(ending(d, run, paint)).or_default().push(run);
    }
    let mut ends: Vec<(String, Vec<&RunReport>)> = ends.into_iter().collect();
    ends.sort_by_key(|(_, runs)| std::cmp::Reverse(runs.len()));
    for (end, runs) in ends {
        let labels: Vec<&str> = runs.iter().map(|r| r.input.label.as_str()).collect();
        let insns = || runs.iter().map(|r| r.insns);
        let (least, most) = (insns().min().unwrap_or(0), insns().max().unwrap_or(0));
        let cost = match least == most {
            true => format!("{most}"),
            false => format!("{least} to {most}"),
        };
        let _ = writeln!(
            out,
            "{:>5} {end}, {cost} instructions: {}",
            runs.len(),
            some(&labels)
        );
    }
    out.push('\n');
}

/// Where another runtime differs from Linux.
fn differs(out: &mut String, d: &RunDocument<'_>, paint: &Paint) {
    let lines = super::run_differs::lines(d);
    let Some((head, rest)) = lines.split_first() else {
        return;
    };
    let _ = writeln!(out, "{}", paint.warn(&terminal(head)));
    for line in rest {
        let _ = writeln!(out, "    {}", terminal(line));
    }
    out.push('\n');
}

/// What inputs cost, beside what the verifier went through.
fn perf(out: &mut String, d: &RunDocument<'_>) {
    let mut costs: Vec<(u64, &str)> = d
        .report
        .runs
        .iter()
        .map(|r| (r.insns, r.input.label.as_str()))
        .collect();
    costs.sort_by_key(|(insns, _)| std::cmp::Reverse(*insns));
    out.push_str("instructions by input:\n");
    for (insns, label) in &costs {
        let _ = writeln!(out, "{insns:>9} {}", terminal(label));
    }
    let middle = costs.get(costs.len() / 2).map_or(0, |c| c.0);
    let _ = write!(out, "{middle:>9} median");
    match d.processed {
        Some(processed) => {
            let _ = writeln!(
                out,
                "; the verifier processed {processed} over all paths, of a program of {}",
                d.program.insns.len()
            );
        }
        None => out.push('\n'),
    }
}

/// How a run ended.
fn ending(d: &RunDocument<'_>, run: &RunReport, paint: &Paint) -> String {
    let mut text = String::new();
    ended(&mut text, d, run, paint);
    text
}

fn one(out: &mut String, d: &RunDocument<'_>, run: &RunReport, paint: &Paint) {
    let _ = write!(out, "[{}", terminal(&run.input.label));
    if !run.input.packet.is_empty() {
        let _ = write!(out, ", {} bytes", run.input.packet.len());
    }
    let _ = write!(out, "] ");
    ended(out, d, run, paint);
    let _ = writeln!(out, ", {} instructions, seed {}", run.insns, run.input.seed);
    if !run.input.steer.is_empty() {
        let _ = writeln!(
            out,
            "    --steer {}",
            terminal(&run.input.steer.to_string())
        );
    }
    if let Some(what) = &run.disagreement {
        let _ = writeln!(
            out,
            "    {} {}",
            paint.bad("the engines disagree:"),
            terminal(what)
        );
    }
    packet(out, run);
    if !run.maps_changed.is_empty() {
        let names: Vec<&str> = run.maps_changed.iter().map(String::as_str).collect();
        let _ = writeln!(out, "    maps changed: {}", terminal(&names.join(", ")));
    }
    output(out, d, run);
    if let Some(after) = run.after.as_ref().filter(|_| d.dump_maps) {
        maps(out, d, after);
    }
}

fn ended(out: &mut String, d: &RunDocument<'_>, run: &RunReport, paint: &Paint) {
    match &run.result {
        Ok(outcome) => {
            let value = outcome.ret as i32;
            match run.meaning {
                Some(name) => {
                    let _ = write!(out, "returns {} ({value})", paint.name(name));
                }
                None if i64::from(value) as u64 == outcome.ret => {
                    let _ = write!(out, "returns {value}");
                }
                None => {
                    let _ = write!(out, "returns {:#x}", outcome.ret);
                }
            }
            if outcome.thrown {
                out.push_str(" by an exception");
            }
        }
        Err(fault) => {
            let word = if fault.kind.is_inconclusive() {
                paint.warn("stopped")
            } else {
                paint.bad("fault")
            };
            let _ = write!(out, "{word}: {}", terminal(&fault.to_string()));
            let own = fault.site.program == 0;
            if let Some(line) = d.program.line_at(fault.site.insn).filter(|_| own) {
                let _ = write!(out, " ({}:{})", terminal(&line.file), line.line);
            }
        }
    }
}

fn maps(out: &mut String, d: &RunDocument<'_>, after: &After) {
    for m in after.maps.iter().filter(|m| !m.entries.is_empty()) {
        let _ = writeln!(out, "    map {}:", terminal(&m.def.name));
        let shown = map(d.program, m);
        let entries = shown.get("entries").and_then(|e| e.as_array());
        for entry in entries.into_iter().flatten() {
            let key = entry
                .get("key")
                .map(|k| format!("{k}: "))
                .unwrap_or_default();
            let value = entry.get("value").unwrap_or(&serde_json::Value::Null);
            let _ = writeln!(out, "        {}", terminal(&format!("{key}{value}")));
        }
    }
}

/// Line numbers, with those in a row as a stretch.
fn stretches(lines: &[u32]) -> String {
    let mut rows: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*line) => *last = *line,
            _ => rows.push((*line, *line)),
        }
    }
    let row = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

fn short(bytes: &[u8]) -> String {
    match bytes.get(..MAX_BYTES) {
        Some(head) if bytes.len() > MAX_BYTES => {
            format!("{}... ({} bytes)", hex(head), bytes.len())
        }
        _ => hex(bytes),
    }
}

fn packet(out: &mut String, run: &RunReport) {
    let Some(after) = &run.packet else { return };
    let before = &run.input.packet;
    if before.len() != after.len() {
        let _ = writeln!(
            out,
            "    packet: {} bytes become {}: {}",
            before.len(),
            after.len(),
            short(after)
        );
        return;
    }
    for (at, old, new) in changes(before, after) {
        let _ = writeln!(
            out,
            "    packet at {at}: {} becomes {}",
            short(&old),
            short(&new)
        );
    }
}

fn output(out: &mut String, d: &RunDocument<'_>, run: &RunReport) {
    let o = &run.output;
    for line in &o.printk {
        let _ = writeln!(out, "    trace_printk: {}", terminal(line.trim_end()));
    }
    for (what, records) in [("perf", &o.perf), ("ringbuf", &o.ringbuf)] {
        for (m, bytes) in records {
            let name = map_name(run, d.program, *m);
            let _ = writeln!(out, "    {what} {}: {}", terminal(&name), short(bytes));
        }
    }
    for (what, bytes) in [("seq", &o.seq), ("stream", &o.stream)] {
        for line in String::from_utf8_lossy(bytes).lines() {
            let _ = writeln!(out, "    {what}: {}", terminal(line));
        }
    }
    for (how, to) in &o.redirects {
        let name = super::run::target_name(d, how, *to);
        let _ = writeln!(out, "    redirect to {how} {to}{}", terminal(&name));
    }
    for signal in &o.signals {
        let _ = writeln!(out, "    signal {signal}");
    }
}

/// The steps of a run with the registers that changed since the step before.
fn trace(out: &mut String, d: &RunDocument<'_>, steps: &[Step]) {
    let ops = decode(&d.program.insns);
    let mut before: Option<&Step> = None;
    for step in steps {
        let at = step.site.insn as usize;
        let text = if step.site.program == 0 {
            instruction(d.program, &ops, at)
        } else {
            format!("(program {} of the object)", step.site.program)
        };
        let indent = "  ".repeat(step.depth.saturating_sub(1).min(8));
        let changed: Vec<String> = (0..11)
            .filter_map(|r| {
                let new = *step.regs.get(r)?;
                let old = before.and_then(|b| b.regs.get(r).copied());
                (old != Some(new) && (before.is_some() || new != 0))
                    .then(|| format!("r{r}={new:#x}"))
            })
            .collect();
        let _ = writeln!(
            out,
            "    {at:>6}: {indent}{:<44} ; {}",
            terminal(&text),
            changed.join(" ")
        );
        before = Some(step);
    }
}
