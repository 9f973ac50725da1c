//! Where the budget of a verification went: as text, as JSON, and as folded stacks,
//! which flame graphs are drawn from.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Report;
use super::draw::{Paint, paragraph};
use crate::programs::Place;
use crate::untrusted::terminal;
use crate::view::profile::{COUNTER, Counts, ProfileView};

/// Lines of each kind in the text.
const SHOWN: usize = 5;

/// How many of a hundred; numbers may be those of a report that anybody wrote.
fn percent(part: u64, of: u64) -> u64 {
    part.saturating_mul(100) / of.max(1)
}

/// For people.
pub(super) fn text(out: &mut String, p: &ProfileView, paint: &Paint, width: usize) {
    let share = |visits: u64| format!("{:3} %", percent(visits, p.processed));
    let used = percent(p.processed, p.limit);
    let _ = writeln!(
        out,
        "  where the budget went: {} of {} instructions ({used} %)",
        p.processed, p.limit
    );
    for f in p.functions.iter().take(SHOWN) {
        let _ = writeln!(out, "    {} in {}", share(f.visits), terminal(&*f.name));
    }
    for l in p.lines.iter().take(SHOWN) {
        let place = format!("{}:{}", terminal(&l.place.file), l.place.line);
        let _ = writeln!(
            out,
            "    {} {place}: {}",
            share(l.visits),
            terminal(&*l.text)
        );
    }
    for l in p.loops.iter().take(SHOWN) {
        let place = placed(l.place.as_ref(), l.insn);
        let mut said = format!(
            "{} of the budget, its head reached {} times",
            share(l.visits).trim(),
            l.turns
        );
        said.push_str(&states(&l.states));
        let _ = writeln!(out, "    loop at {place}: {}", terminal(&*l.text));
        paragraph(out, paint, "loop", &said, width);
        if let Some(help) = merging(&l.states) {
            paragraph(out, paint, "merge", &help, width);
        }
    }
    for point in p.points.iter().filter(|_| p.loops.is_empty()).take(SHOWN) {
        let place = placed(point.place.as_ref(), point.insn);
        let _ = writeln!(out, "    paths meet at {place}: {}", terminal(&*point.text));
        let said = states(&point.states);
        paragraph(out, paint, "states", said.trim_start_matches("; "), width);
        if let Some(help) = merging(&point.states) {
            paragraph(out, paint, "merge", &help, width);
        }
    }
}

fn placed(place: Option<&Place>, insn: u32) -> String {
    match place {
        Some(p) => format!("{}:{}", terminal(&p.file), p.line),
        None => format!("instruction {insn}"),
    }
}

/// What was counted, to follow other words.
fn states(counts: &Counts) -> String {
    let mut said = format!(
        "; {} states kept, {} comparisons found one that covers, {} did not",
        counts.kept, counts.hits, counts.misses
    );
    if let Some((name, times)) = counts.differs.first() {
        let share = percent(*times, counts.misses);
        let _ = write!(said, ": {name} differed in {share} % of these");
    }
    for (name, times) in counts.differs.iter().skip(1).take(2) {
        let share = percent(*times, counts.misses);
        let _ = write!(said, ", {name} in {share} %");
    }
    said
}

/// What would let states merge, where they mostly differ in one thing.
fn merging(counts: &Counts) -> Option<String> {
    let mut reasons = counts.differs.iter();
    let (name, times) = reasons.find(|(name, _)| !name.starts_with(COUNTER))?;
    if counts.misses < 8 || times.saturating_mul(2) < counts.misses {
        return None;
    }
    Some(format!(
        "states merge once {name} is the same on each way here: keep it in a map value or a global variable between turns, let it depend on less, or put the body into a `bpf_loop` callback or a function that is verified once"
    ))
}

/// One program's, for JSON.
pub(super) fn json(p: &ProfileView) -> Value {
    let place = |place: Option<&Place>| {
        json!({
            "file": place.map(|p| &p.file),
            "line": place.map(|p| p.line),
        })
    };
    let counts = |c: &Counts| {
        json!({
            "kept": c.kept,
            "hits": c.hits,
            "misses": c.misses,
            "differs": c.differs.iter()
                .map(|(what, times)| json!({ "what": what, "times": times }))
                .collect::<Vec<_>>(),
        })
    };
    json!({
        "processed": p.processed,
        "limit": p.limit,
        "functions": p.functions.iter()
            .map(|f| json!({ "name": &*f.name, "visits": f.visits }))
            .collect::<Vec<_>>(),
        "lines": p.lines.iter()
            .map(|l| json!({
                "file": l.place.file,
                "line": l.place.line,
                "text": &*l.text,
                "visits": l.visits,
            }))
            .collect::<Vec<_>>(),
        "loops": p.loops.iter()
            .map(|l| json!({
                "insn": l.insn,
                "place": place(l.place.as_ref()),
                "text": &*l.text,
                "turns": l.turns,
                "visits": l.visits,
                "states": counts(&l.states),
            }))
            .collect::<Vec<_>>(),
        "points": p.points.iter()
            .map(|l| json!({
                "insn": l.insn,
                "place": place(l.place.as_ref()),
                "text": &*l.text,
                "states": counts(&l.states),
            }))
            .collect::<Vec<_>>(),
    })
}

/// Folded stacks: `object;program;function;file:line COUNT`, one a line, for all
/// programs of a report.
pub fn folded(report: &Report) -> String {
    let mut out = String::new();
    for object in &report.objects {
        for p in &object.programs {
            let Some(profile) = &p.profile else { continue };
            let head = [object.object.data(), p.target.data(), p.program.data()];
            for (frames, count) in &profile.stacks {
                let names = head.iter().copied().chain(frames.iter().map(|f| &**f));
                let line: Vec<String> = names.map(frame).collect();
                let _ = writeln!(out, "{} {count}", line.join(";"));
            }
        }
    }
    out
}

/// A frame's name, without what parts frames and counts, or isn't seen.
fn frame(name: &str) -> String {
    let kept = |c: char| match c {
        ';' | ' ' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    terminal(name).chars().map(kept).collect()
}
