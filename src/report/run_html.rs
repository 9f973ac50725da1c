//! What `run` saw, as one HTML page that needs nothing else: no script, no network.
//!
//! Beside the runs it shows which lines of the source they came to, by the texts that the
//! object carries.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::audit::html::{STYLE, frame};
use super::run::{RunDocument, changes, map, map_name};
use super::values::hex;
use crate::programs::insn::Op;
use crate::programs::{Program, decode};
use crate::smoke::{RunReport, SmokeVerdict};
use crate::untrusted::{Foreign as _, element, html, joined};

/// What a page of a run adds to the common style.
const MORE: &str = "h1,h3{overflow-wrap:anywhere}pre{overflow-x:auto;margin:0}.all{background:#2a72}.part{background:#c922}.none{background:#c332}\
.n{opacity:.6;user-select:none}.good{color:#2a7}.bad{color:#c33;font-weight:bold}.warn{color:#b80}summary{cursor:pointer}";

/// Longest stretch of bytes, and most lines of a list, that are shown.
const MAX_BYTES: usize = 256;
const MAX_LINES: usize = 200;

/// Renders the document.
pub fn render(d: &RunDocument<'_>) -> String {
    let title = format!("{} of {}", d.program.name, d.object);
    let mut out = String::new();
    let _ = writeln!(out, "<h1>{}</h1>", html(&title));
    summary(&mut out, d);
    differs(&mut out, d);
    runs(&mut out, d);
    calls(&mut out, d);
    if d.engine != "rbpf" {
        coverage(&mut out, d);
    }
    frame(&title, &format!("{STYLE}{MORE}"), &out)
}

fn class(verdict: &SmokeVerdict) -> &'static str {
    match verdict {
        SmokeVerdict::Pass => "good",
        SmokeVerdict::Fault => "bad",
        SmokeVerdict::Skipped(_) => "warn",
    }
}

fn summary(out: &mut String, d: &RunDocument<'_>) {
    let r = d.report;
    let _ = writeln!(
        out,
        "<p><strong class=\"{}\">{}</strong>: {} runs, {} instructions</p><ul>",
        class(&r.verdict),
        html(&r.verdict.to_string()),
        r.runs.len(),
        r.insns()
    );
    let _ = writeln!(
        out,
        "<li>{}, section {}</li><li>linked for {}, engine {}</li>",
        d.program.prog_type.name(),
        html(&d.program.section),
        html(d.target),
        d.engine
    );
    if d.engine != "rbpf" {
        let (insns, blocks) = (r.coverage.insns, r.coverage.blocks);
        let _ = write!(
            out,
            "<li>reached {} of {} instructions, {} of {} blocks",
            insns.0, insns.1, blocks.0, blocks.1
        );
        if d.processed.is_some() {
            out.push_str(" that verification reached");
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>\n");
}

/// Where another runtime differs from Linux.
fn differs(out: &mut String, d: &RunDocument<'_>) {
    let lines = super::run_differs::lines(d);
    let Some((head, rest)) = lines.split_first() else {
        return;
    };
    let _ = writeln!(out, "<p class=\"warn\">{}</p><ul>", html(head));
    for line in rest {
        let _ = writeln!(out, "<li>{}</li>", html(line));
    }
    out.push_str("</ul>\n");
}

fn runs(out: &mut String, d: &RunDocument<'_>) {
    out.push_str("<h2>Runs</h2><table><thead><tr><th>input</th><th>bytes</th><th>result</th><th>instructions</th>");
    out.push_str("<th>maps changed</th><th>what else</th></tr></thead><tbody>\n");
    for run in &d.report.runs {
        let seed = run.input.seed;
        let _ = write!(
            out,
            "<tr><td>{}<br/><span class=\"n\">seed {seed}</span></td><td>{}</td><td>",
            html(&run.input.label),
            run.input.packet.len()
        );
        result(out, d, run);
        let _ = write!(
            out,
            "</td><td>{}</td><td>{}</td><td>",
            run.insns,
            html(&joined(&run.maps_changed, ", "))
        );
        details(out, "packet", packet(run));
        details(out, "output", output(d, run));
        details(out, "maps", maps(d, run));
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

fn result(out: &mut String, d: &RunDocument<'_>, run: &RunReport) {
    match &run.result {
        Ok(outcome) => {
            let value = outcome.ret as i32;
            let _ = match run.meaning {
                Some(name) => write!(out, "{name} ({value})"),
                None if i64::from(value) as u64 == outcome.ret => write!(out, "{value}"),
                None => write!(out, "{:#x}", outcome.ret),
            };
            if outcome.thrown {
                out.push_str(" by an exception");
            }
        }
        Err(fault) => {
            let class = if fault.kind.is_inconclusive() {
                "warn"
            } else {
                "bad"
            };
            let _ = write!(
                out,
                "<span class=\"{class}\">{}</span>",
                html(&fault.to_string())
            );
            let own = fault.site.program == 0;
            if let Some(line) = d.program.line_at(fault.site.insn).filter(|_| own) {
                let _ = write!(out, " ({}:{})", html(&*line.file), line.line);
            }
        }
    }
    if let Some(what) = &run.disagreement {
        let _ = write!(
            out,
            "<br/><span class=\"bad\">the engines disagree: {}</span>",
            html(what)
        );
    }
}

/// A list that is shown when it is asked for; nothing if there is nothing.
fn details(out: &mut String, head: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<details><summary>{head} ({})</summary><pre>",
        lines.len()
    );
    for line in lines.iter().take(MAX_LINES) {
        let _ = writeln!(out, "{}", element(line));
    }
    if let Some(more) = lines.len().checked_sub(MAX_LINES).filter(|n| *n > 0) {
        let _ = writeln!(out, "and {more} more");
    }
    out.push_str("</pre></details>");
}

fn short(bytes: &[u8]) -> String {
    match bytes.get(..MAX_BYTES) {
        Some(head) if bytes.len() > MAX_BYTES => {
            format!("{}... ({} bytes)", hex(head), bytes.len())
        }
        _ => hex(bytes),
    }
}

fn packet(run: &RunReport) -> Vec<String> {
    let Some(after) = &run.packet else {
        return Vec::new();
    };
    let before = &run.input.packet;
    if before.len() != after.len() {
        return vec![format!(
            "{} bytes become {}: {}",
            before.len(),
            after.len(),
            short(after)
        )];
    }
    let all = changes(before, after).into_iter();
    all.map(|(at, old, new)| format!("at {at}: {} becomes {}", short(&old), short(&new)))
        .collect()
}

fn output(d: &RunDocument<'_>, run: &RunReport) -> Vec<String> {
    let o = &run.output;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        o.printk
            .iter()
            .map(|l| format!("trace_printk: {}", l.trim_end())),
    );
    for (what, records) in [("perf", &o.perf), ("ringbuf", &o.ringbuf)] {
        let one = |(m, bytes): &(u32, Vec<u8>)| {
            format!("{what} {}: {}", map_name(run, d.program, *m), short(bytes))
        };
        lines.extend(records.iter().map(one));
    }
    for (what, bytes) in [("seq", &o.seq), ("stream", &o.stream)] {
        let text = String::from_utf8_lossy(bytes);
        lines.extend(text.lines().map(|line| format!("{what}: {line}")));
    }
    lines.extend(o.redirects.iter().map(|(how, to)| {
        let name = super::run::target_name(d, how, *to);
        format!("redirect to {how} {to}{name}")
    }));
    lines.extend(o.signals.iter().map(|signal| format!("signal {signal}")));
    lines
}

fn maps(d: &RunDocument<'_>, run: &RunReport) -> Vec<String> {
    let after = run.after.as_ref().filter(|_| d.dump_maps);
    let maps = after.map_or(&[][..], |a| &a.maps).iter();
    let lines = maps.flat_map(|m| {
        let shown = map(d.program, m);
        let entries = shown["entries"].as_array().cloned().unwrap_or_default();
        let name = m.def.name.to_string();
        entries
            .into_iter()
            .map(move |e| format!("{name} {}: {}", e["key"], e["value"]))
    });
    lines.collect()
}

fn calls(out: &mut String, d: &RunDocument<'_>) {
    let r = d.report;
    if r.called.is_empty() {
        return;
    }
    out.push_str("<h2>Calls</h2><table><thead><tr><th>function</th><th>calls</th><th>how</th></tr></thead><tbody>\n");
    for (name, count) in &r.called {
        let how = if r.modelled.contains(name) {
            "modelled"
        } else {
            "emulated"
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{count}</td><td>{how}</td></tr>",
            html(name)
        );
    }
    out.push_str("</tbody></table>\n");
}

/// Instructions of a line that some run reached, and all of them; and its text.
type Reached<'a> = (usize, usize, &'a str);

fn lines<'a>(program: &'a Program, seen: &[bool]) -> BTreeMap<(&'a str, u32), Reached<'a>> {
    let mut all: BTreeMap<(&str, u32), Reached<'_>> = BTreeMap::new();
    let ops = decode(&program.insns);
    let is_first = |at: usize| ops.get(at).is_some_and(|op| *op != Op::Second);
    let mut records = program.line_info.iter().peekable();
    while let Some(line) = records.next() {
        let to = records
            .peek()
            .map_or(program.insns.len(), |l| l.insn as usize);
        let slots = (line.insn as usize..to).filter(|at| is_first(*at));
        let row = all.entry((&line.info.file, line.info.line)).or_default();
        for at in slots {
            row.0 += usize::from(seen.get(at).copied().unwrap_or(false));
            row.1 += 1;
        }
        if row.2.trim().is_empty() {
            row.2 = &line.info.text;
        }
    }
    all
}

fn coverage(out: &mut String, d: &RunDocument<'_>) {
    let all = lines(d.program, &d.report.seen);
    if all.is_empty() {
        return;
    }
    out.push_str("<h2>Lines reached</h2><p><span class=\"all\">wholly</span>, <span class=\"part\">in part</span>, ");
    out.push_str("<span class=\"none\">not</span>; the lines that have instructions, as the object carries them.</p>\n");
    let mut file = None;
    for ((name, number), (reached, insns, text)) in all {
        if file != Some(name) {
            if file.is_some() {
                out.push_str("</pre>\n");
            }
            let _ = writeln!(out, "<h3>{}</h3><pre>", html(name));
            file = Some(name);
        }
        let class = match reached {
            0 => "none",
            n if n == insns => "all",
            _ => "part",
        };
        let text = text.data().trim_end().replace('\t', "    ");
        let _ = writeln!(
            out,
            "<span class=\"n\">{number:>6} {reached:>4}/{insns:<4}</span> <span class=\"{class}\">{}</span>",
            element(&text)
        );
    }
    out.push_str("</pre>\n");
}
