//! Is every sentence about a refusal true? Over all rejections of recorded objects,
//! what headlines claim (bounds, NULL, voided, sizes) is compared with the refusal's
//! own fields. `BPFASSAY_SETS` names the folder of sets.

#[expect(dead_code, reason = "shared with tests over damaged objects")]
mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bpfassay::abstract_interp::refusal::{Fault, Held, Key};
use bpfassay::abstract_interp::value::Reg;
use bpfassay::check::types;
use bpfassay::diagnostics::{Claim, Diagnostic};
use bpfassay::report::Outcome;
use bpfassay::{Options, TargetChoice, check, target};
use rayon::prelude::*;

fn held(d: &Diagnostic) -> Option<&Reg> {
    let reg = d.refusal.reg?;
    let (_, held) = d.refusal.regs.iter().find(|(r, _)| *r == reg)?;
    match held {
        Held::Known(reg) => Some(reg),
        Held::Logged(_) => None,
    }
}

/// What is wrong with what a diagnostic claims; nothing if all of it holds.
fn wrong(d: &Diagnostic) -> Option<String> {
    let number = |name| d.refusal.number(name);
    let reg = held(d);
    let must = |holds: bool, what: &str| (!holds).then(|| what.to_owned());
    let null_key = matches!(
        d.refusal.key(),
        Some(Key::ArgumentNull | Key::ArgumentNullTrusted | Key::PointerMaybeNull)
    );
    match &d.claim {
        Claim::MayBeNull { .. } => must(
            null_key || reg.is_some_and(Reg::maybe_null),
            "it is not nullable",
        ),
        Claim::IsNull { .. } => must(
            reg.and_then(Reg::const_value).is_some_and(|c| c < 4096),
            "it is not NULL",
        ),
        Claim::Stale { .. } => must(!reg.is_some_and(Reg::maybe_null), "it may be NULL"),
        Claim::KernelAddress { .. } => must(
            reg.is_none_or(|r| r.is_scalar() && r.const_value().is_none()),
            "it is no unknown number",
        ),
        Claim::PlainNumber { .. } => must(reg.is_none_or(Reg::is_scalar), "it is a pointer"),
        Claim::Outside {
            room,
            first,
            access,
            ..
        } => {
            let limit = number("limit");
            let size = number("size");
            let off = number("off");
            let bad_room = limit.is_some_and(|l| l != *room as i64);
            let bad_size = size.is_some_and(|s| s != access.bytes as i64);
            let placed = off.is_none_or(|o| first.min <= o.into() && i128::from(o) <= first.max)
                || matches!(d.refusal.fault(), Some(Fault::StackOutsideVariable { .. }));
            let inside = *room != 512
                && first.min >= 0
                && first.max + i128::from(access.bytes) <= i128::from(*room)
                && access.bytes > 0;
            must(!bad_room, "the size is another")
                .or(must(!bad_size, "the access is another"))
                .or(must(placed, "the offset is another"))
                .or(must(!inside, "it lies inside"))
        }
        Claim::TooLong { room, len, .. } => must(len.max > (*room).into(), "it fits"),
        Claim::NegativeLength { len, .. } => must(len.min < 0, "it is not negative"),
        Claim::ZeroLength { len, .. } => must(len.min <= 0, "it is not zero"),
        Claim::Unbounded { number, room, .. } => {
            let bounded = number.min >= 0
                && number.max < 1 << 29
                && room.is_some_and(|r| number.max < r.into());
            must(!bounded, "it is bounded")
        }
        Claim::PacketShort {
            from,
            proven,
            access,
            ..
        } => must(
            number("off").is_none_or(|o| o == *from)
                && number("range").is_none_or(|r| r.max(0) == *proven)
                && number("size").is_none_or(|s| s == access.bytes as i64),
            "the numbers are others",
        ),
        Claim::PacketFar { offset, fixed, .. } => must(
            offset.max + i128::from(*fixed) > 0xffff,
            "the offset is small",
        ),
        Claim::Unwritten {
            byte,
            size,
            written,
            ..
        } => must(
            number("size").is_none_or(|s| s == *size as i64)
                && number("byte").is_none_or(|b| b == *byte as i64)
                && (*written < *size || *size == 0),
            "the bytes are others",
        ),
        Claim::Returns { value, taken, .. } => must(
            value.min < taken.min || value.max > taken.max,
            "the number is taken",
        ),
        Claim::Rule { rule, .. } => must(d.refusal.key() == Some(*rule), "the rule is another"),
        Claim::StackChain { bytes, .. } => must(
            number("bytes").is_none_or(|b| b == *bytes as i64),
            "the sum is another",
        ),
        _ => None,
    }
    .or_else(|| wording(d))
}

/// Words that contradict the facts.
fn wording(d: &Diagnostic) -> Option<String> {
    let text = format!("{} {}", d.what.data(), d.why.data());
    let nullable = matches!(
        d.claim,
        Claim::MayBeNull { .. } | Claim::IsNull { .. } | Claim::Plain(_) | Claim::Rule { .. }
    );
    if text.contains("may be NULL here") && !nullable {
        return Some("it speaks of NULL".into());
    }
    let upper = text.contains("upper bound is missing");
    if let (Claim::Unbounded { number, .. }, true) = (&d.claim, upper)
        && number.max < 1 << 29
    {
        return Some("the upper bound is there".into());
    }
    let noise = ["smin=", "var_off=", "umax", "`ptr_", " ptr_", "scalar("];
    let labels = d
        .secondary
        .iter()
        .chain([&d.primary])
        .map(|l| l.text.data());
    let all: Vec<&str> = [d.what.data(), d.why.data()]
        .into_iter()
        .chain(labels)
        .collect();
    let noisy = all.iter().find(|t| noise.iter().any(|n| t.contains(n)));
    noisy.map(|t| format!("noise: {t}"))
}

/// Whether a refusal comes of what happened on the path before. What a target or type
/// does not offer, what is asked before the first instruction, and instructions that
/// are wrong by themselves have no other place to tell of.
fn has_history(d: &Diagnostic) -> bool {
    let alone = matches!(
        d.refusal.key(),
        Some(
            Key::MapOfTracing
                | Key::MapOfTracingCollections
                | Key::MapOfSocketFilter
                | Key::MapOfSleepable
                | Key::ProgramNotSleepable
                | Key::AttachNotSleepable
                | Key::AttachUnknown
                | Key::AttachHookDisabled
                | Key::AttachMemberUnsupported
                | Key::AttachNotModifiable
                | Key::KfuncOfDevice
                | Key::Undecodable
                | Key::Unreachable
                | Key::FramePointer
                | Key::ZeroDivisor
                | Key::JumpOutside
                | Key::MapFd
                | Key::GlobalReturn
                | Key::HelperMightSleep
                | Key::KfuncNeedsSleepable
        )
    );
    let offered = matches!(
        d.claim,
        Claim::NotYet { .. } | Claim::NotForType { .. } | Claim::ContextField { .. }
    );
    !alone && !offered
}

/// All that is said, a rejection a line, for readers: `|` parts what was claimed, the
/// fault, the sentences, the primary label, the others, the helps.
fn dump(found: &[(String, Box<Diagnostic>)]) -> String {
    let lines = found.iter().map(|(name, d)| {
        let place = |l: &bpfassay::diagnostics::Label| format!("{}:{}", l.line, l.text.data());
        let others: Vec<String> = d.secondary.iter().map(place).collect();
        let helps = d
            .helps
            .iter()
            .map(|h| format!("{} [{:?}]", h.text.data(), h.tested));
        let helps: Vec<String> = helps.collect();
        let plain = match d.claim {
            Claim::Plain(_) => "plain",
            _ => "story",
        };
        format!(
            "{name} | {plain} | {} | {:?} {:?} | {} {} | {} | {} | {} | {}\n",
            d.code.name(),
            d.refusal.key(),
            d.refusal.reg,
            d.what.data(),
            d.why.data(),
            place(&d.primary),
            others.join(" // "),
            helps.join(" // "),
            d.insn_text.data(),
        )
    });
    lines.collect()
}

#[test]
#[ignore = "needs recorded objects: BPFASSAY_SETS"]
fn claims_hold() {
    let sets = std::env::var_os("BPFASSAY_SETS").map(PathBuf::from);
    let sets = sets.expect("BPFASSAY_SETS names no folder");
    let mut objects = Vec::new();
    common::objects(&sets, &mut objects).unwrap();
    let kernel = target::by_name("linux-6.18").unwrap();
    let choice = [TargetChoice {
        target: &kernel,
        kernel_btf: types::of_target(&kernel),
    }];
    let found: Vec<(String, Box<Diagnostic>)> = objects
        .par_iter()
        .flat_map_iter(|path| {
            let bytes = std::fs::read(path).unwrap();
            let options = Options {
                smoke: false,
                lints: false,
                ..Options::new("claims.o", &choice)
            };
            let report = check(&bytes, &options);
            let programs = report.objects.into_iter().flat_map(|o| o.programs);
            programs
                .filter_map(|p| match p.outcome {
                    Outcome::Reject(d) if d.place.is_some() => {
                        Some((format!("{} {}", path.display(), p.program.data()), d))
                    }
                    _ => None,
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.len() > 100, "{} rejections", found.len());
    // Only a label of its own is an event: sentences stacked into the primary do not count.
    let told = found
        .iter()
        .filter(|(_, d)| !d.secondary.is_empty())
        .count();
    let with_history = found.iter().filter(|(_, d)| has_history(d));
    let history = with_history.clone().count();
    let history_told = with_history
        .filter(|(_, d)| !d.secondary.is_empty())
        .count();
    let plain = found
        .iter()
        .filter(|(_, d)| matches!(d.claim, Claim::Plain(_)))
        .count();
    let helped = found.iter().filter(|(_, d)| !d.helps.is_empty()).count();
    let verified = found
        .iter()
        .filter(|(_, d)| d.helps.iter().any(|h| h.tested.holds()))
        .count();
    eprintln!(
        "{} rejections, {told} with a secondary event ({history_told} of {history} that come of a path), {plain} by the page's words, {helped} with help, {verified} of these verified",
        found.len()
    );
    if let Some(path) = std::env::var_os("BPFASSAY_CLAIMS_DUMP") {
        std::fs::write(path, dump(&found)).unwrap();
    }
    let mut unhelped: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, d) in found
        .iter()
        .filter(|(_, d)| matches!(d.claim, Claim::Plain(_)))
    {
        *unhelped.entry(d.code.name()).or_default() += 1;
    }
    let mut unhelped: Vec<_> = unhelped.into_iter().collect();
    unhelped.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    eprintln!(
        "by the page's words: {:?}",
        &unhelped[..unhelped.len().min(24)]
    );
    let faults: Vec<String> = found
        .iter()
        .filter_map(|(name, d)| {
            wrong(d).map(|w| format!("{name}: {w}: {} [{:?}]", d.what.data(), d.refusal.key()))
        })
        .collect();
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
    // Ratchets: raised as more stories tell their events.
    assert!(told * 100 >= found.len() * 50, "{told} of {}", found.len());
    assert!(
        history_told * 100 >= history * 70,
        "{history_told} of {history}"
    );
    assert!(plain * 100 < found.len() * 3, "{plain} of {}", found.len());
}
