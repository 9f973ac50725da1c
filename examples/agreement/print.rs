//! Totals and grouped disagreements, for people and for machines.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use crate::Args;
use crate::compare::{Group, Pair, Relation, Summary};

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "n/a".into();
    }
    format!("{:.2} %", 100.0 * part as f64 / whole as f64)
}

/// The text report.
pub fn text(s: &Summary, pairs: &[Pair], wall: Duration, args: &Args) -> String {
    let mut o = String::new();
    let of = |r| s.of(r);
    let d = s.decided();
    let _ = writeln!(
        o,
        "target {}: {} lines, {} decided by the kernel's verifier ({} accept, {} reject)",
        args.target.as_deref().unwrap_or("?"),
        s.lines,
        s.counted,
        s.kernel_accepts,
        s.kernel_rejects
    );
    let _ = writeln!(o, "decided        {d}");
    let _ = writeln!(
        o,
        "unknown        {} ({} of counted)",
        of(Relation::Unknown),
        percent(of(Relation::Unknown), s.counted)
    );
    let _ = writeln!(
        o,
        "agreement      {} of decided ({} accepts, {} rejects)",
        percent(s.agreed(), d),
        of(Relation::AgreeAccept),
        of(Relation::AgreeReject)
    );
    let _ = writeln!(
        o,
        "false accepts  {} ({} of decided, {} of kernel rejects)",
        of(Relation::FalseAccept),
        percent(of(Relation::FalseAccept), d),
        percent(of(Relation::FalseAccept), s.kernel_rejects)
    );
    let _ = writeln!(
        o,
        "false rejects  {} ({} of decided, {} of kernel accepts)",
        of(Relation::FalseReject),
        percent(of(Relation::FalseReject), d),
        percent(of(Relation::FalseReject), s.kernel_accepts)
    );
    let _ = writeln!(o, "wrong stage    {}", of(Relation::WrongStage));
    let _ = writeln!(o, "missing        {}", of(Relation::Missing));
    let _ = writeln!(
        o,
        "on agreed rejections: same instruction {} ({} of {}), same class {} ({} of {}), same processed {}",
        percent(s.insn_same, s.insn_known),
        s.insn_same,
        s.insn_known,
        percent(s.class_same, s.class_known),
        s.class_same,
        s.class_known,
        s.reject_processed_same
    );
    let n = s.ratios.len();
    let _ = writeln!(
        o,
        "on agreed accepts: processed ours/kernel median {:.3}, equal {}, within 10 % {}, states equal {}",
        s.median_ratio(),
        percent(s.processed_equal, n),
        percent(s.processed_near, n),
        percent(s.states_equal, n)
    );
    let _ = writeln!(
        o,
        "load failures: same stage {} ({} of {})",
        percent(s.stage_same, s.stage_total),
        s.stage_same,
        s.stage_total
    );
    if !s.insns_differ.is_empty() {
        let _ = writeln!(
            o,
            "linked instruction count differs for {}: {}",
            s.insns_differ.len(),
            names(&s.insns_differ, pairs, args.examples)
        );
    }
    let ratio = s.our_us as f64 / (s.kernel_us as f64).max(1.0);
    let _ = writeln!(
        o,
        "time: ours {:.3} s, kernel {:.3} s (ratio {ratio:.3}); wall {:.1} s",
        s.our_us as f64 / 1e6,
        s.kernel_us as f64 / 1e6,
        wall.as_secs_f64()
    );
    let mut kind = "";
    let mut groups: Vec<(&(&'static str, String), &Group)> = s.groups.iter().collect();
    groups.sort_by(|a, b| {
        (a.0.0, std::cmp::Reverse(a.1.count), &a.0.1).cmp(&(
            b.0.0,
            std::cmp::Reverse(b.1.count),
            &b.0.1,
        ))
    });
    for ((k, name), g) in groups {
        if *k != kind {
            kind = k;
            let _ = writeln!(o, "\n== {k}");
        }
        let _ = writeln!(
            o,
            "{:>6}  {name}: {}",
            g.count,
            names(&g.members, pairs, args.examples)
        );
    }
    if args.only.is_some() {
        for p in pairs {
            detail(&mut o, p);
        }
    } else {
        let _ = writeln!(o, "\n== slowest of ours");
        for &i in &s.slowest {
            if let Some(p) = pairs.get(i) {
                let _ = writeln!(
                    o,
                    "{:>9} us (kernel {:>8})  processed {:>8} (kernel {:>8})  {} {}",
                    number(p.ours.verify_us),
                    number(p.kernel.verif_us),
                    number(p.ours.processed),
                    number(p.kernel.processed),
                    p.ours.verdict,
                    p.name()
                );
            }
        }
    }
    o
}

fn number(n: Option<u64>) -> String {
    n.map_or_else(|| "-".into(), |n| n.to_string())
}

fn names(members: &[usize], pairs: &[Pair], most: usize) -> String {
    let mut list: Vec<String> = members
        .iter()
        .take(most)
        .filter_map(|&i| pairs.get(i))
        .map(Pair::name)
        .collect();
    if members.len() > most {
        list.push("...".into());
    }
    list.join(" ")
}

fn detail(o: &mut String, p: &Pair) {
    let _ = writeln!(o, "\n-- {} [{:?}]", p.name(), p.relation);
    let k = &p.kernel;
    let _ = writeln!(
        o,
        "   kernel: {} at {} {} insn {:?} class {:?} processed {} states {}/{} insns {} {} us",
        k.verdict,
        k.stage,
        k.errno_name,
        p.kernel_insn,
        p.kernel_class,
        number(k.processed),
        number(k.total_states),
        number(k.peak_states),
        number(k.insns),
        number(k.verif_us)
    );
    for line in k
        .message()
        .lines()
        .chain(k.libbpf.lines())
        .filter(|l| !l.is_empty())
    {
        let _ = writeln!(o, "           {line}");
    }
    let u = &p.ours;
    let _ = writeln!(
        o,
        "   ours:   {} {} insn {:?} class {:?} processed {} states {}/{} insns {} {} us",
        u.verdict,
        u.code.as_deref().or(u.name.as_deref()).unwrap_or(""),
        u.insn,
        u.class,
        number(u.processed),
        number(u.total_states),
        number(u.peak_states),
        number(u.insns),
        number(u.verify_us)
    );
    if let Some(words) = u.words.as_ref().filter(|w| !w.is_empty()) {
        let _ = writeln!(o, "           {words}");
    }
    for line in &k.log_tail {
        let _ = writeln!(o, "   tail    {line}");
    }
}

/// The machine report.
pub fn json(s: &Summary, pairs: &[Pair], wall: Duration) -> String {
    let d = s.decided();
    let share = |part: usize, whole: usize| {
        if whole == 0 {
            None
        } else {
            Some(part as f64 / whole as f64)
        }
    };
    let groups: Vec<_> = s
        .groups
        .iter()
        .map(|((kind, name), g)| {
            let members: Vec<String> = g
                .members
                .iter()
                .filter_map(|&i| pairs.get(i))
                .map(Pair::name)
                .collect();
            json!({ "kind": kind, "name": name, "count": g.count, "members": members })
        })
        .collect();
    let slowest: Vec<_> = s
        .slowest
        .iter()
        .filter_map(|&i| pairs.get(i))
        .map(|p| json!({ "program": p.name(), "verify_us": p.ours.verify_us, "kernel_us": p.kernel.verif_us }))
        .collect();
    json!({
        "lines": s.lines,
        "counted": s.counted,
        "decided": d,
        "unknown": s.of(Relation::Unknown),
        "unknown_share": share(s.of(Relation::Unknown), s.counted),
        "agree_accept": s.of(Relation::AgreeAccept),
        "agree_reject": s.of(Relation::AgreeReject),
        "agreement_share": share(s.agreed(), d),
        "false_accepts": s.of(Relation::FalseAccept),
        "false_accept_share": share(s.of(Relation::FalseAccept), d),
        "false_rejects": s.of(Relation::FalseReject),
        "false_reject_share": share(s.of(Relation::FalseReject), d),
        "wrong_stage": s.of(Relation::WrongStage),
        "missing": s.of(Relation::Missing),
        "same_insn": [s.insn_same, s.insn_known],
        "same_class": [s.class_same, s.class_known],
        "processed_equal": [s.processed_equal, s.ratios.len()],
        "processed_near": [s.processed_near, s.ratios.len()],
        "same_insn_share": share(s.insn_same, s.insn_known),
        "same_class_share": share(s.class_same, s.class_known),
        "processed_ratio_median": s.median_ratio(),
        "processed_equal_share": share(s.processed_equal, s.ratios.len()),
        "processed_near_share": share(s.processed_near, s.ratios.len()),
        "states_equal_share": share(s.states_equal, s.ratios.len()),
        "stage_same_share": share(s.stage_same, s.stage_total),
        "our_us": s.our_us,
        "kernel_us": s.kernel_us,
        "wall_s": wall.as_secs_f64(),
        "groups": groups,
        "slowest": slowest,
    })
    .to_string()
}
