//! What a runtime lacks of what a program needs, as findings with spans.

use super::{Options, TargetChoice};
use crate::abstract_interp::Observed;
use crate::audit::portability::{Gap, Thing, gaps, uses};
use crate::diagnostics::{Context, Finding};
use crate::programs::{Op, Program, decode};
use crate::rules::{self, Rule};
use crate::target::Profile;
use crate::target::profile::Status;
use crate::untrusted::Untrusted;

/// Labels of one finding besides the primary one.
const MAX_LABELS: usize = 6;

/// What a runtime says of one program.
#[derive(Default)]
pub(super) struct Judgement {
    /// What it has not: each ends the program there.
    pub(super) lacks: Vec<Finding>,
    /// What it has in part, in one finding.
    pub(super) partial: Option<Finding>,
}

/// Numbers of the rules, by what is lacking.
fn rule(thing: Thing) -> &'static Rule {
    page(match thing {
        Thing::Helper(_) => 701,
        Thing::Map(_) => 702,
        Thing::Instruction(_) => 703,
        Thing::Mechanism(_) | Thing::Operation(_) | Thing::Event(_) | Thing::Command(_) => 704,
        Thing::Program(_) | Thing::Attach(_) => 705,
    })
}

/// A page of the family; the catalogue is built with them all.
#[expect(
    clippy::expect_used,
    reason = "the build checks that the page is there"
)]
fn page(number: u16) -> &'static Rule {
    rules::by_number(number).expect("a page for each rule of the family")
}

/// Holds a program against a target's profile, if it has one.
pub(super) fn judge(
    program: &Program,
    choice: &TargetChoice<'_>,
    observed: Option<&Observed>,
    options: &Options<'_>,
) -> Judgement {
    let Some(profile) = choice.target.profile() else {
        return Judgement::default();
    };
    let ops = decode(&program.insns);
    let uses = uses(program, &ops, observed);
    let context = Context {
        program,
        ops: &ops,
        target: &choice.target.name,
        kernel: Some(choice.target),
        source_text: options.source_text,
    };
    let (no, part): (Vec<Gap<'_>>, Vec<Gap<'_>>) = gaps(&uses, profile)
        .into_iter()
        .partition(|g| g.status == Status::No);
    let mut lacks: Vec<Finding> = no.iter().map(|g| lack(&context, profile, g)).collect();
    lacks.sort_by(|a, b| a.order().cmp(&b.order()));
    Judgement {
        lacks,
        partial: in_part(&context, profile, &part),
    }
}

/// The note of a profile, to follow a sentence.
fn aside(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!(": {note}")
    }
}

/// What an instruction does with a thing, for its label.
fn does(program: &Program, ops: &[Op], thing: Thing, insn: usize) -> String {
    match thing {
        Thing::Helper(_) => format!("calls {}", thing.name()),
        Thing::Map(ty) => {
            let map = match ops.get(insn) {
                Some(Op::LdImm64 { src, .. }) => match src {
                    crate::programs::insn::ImmRef::MapIdx(i) => program.maps.get(*i as usize),
                    _ => None,
                },
                _ => None,
            };
            match map {
                Some(map) => format!("uses map {}, of type {ty}", map.name),
                None => format!("uses a map of type {ty}"),
            }
        }
        Thing::Instruction(class) => class.title().to_owned(),
        Thing::Mechanism(mechanism) => mechanism.title().to_owned(),
        Thing::Operation(operation) => operation.title().to_owned(),
        Thing::Event(event) => event.title().to_owned(),
        Thing::Command(command) => format!("loading or attaching it takes {command}"),
        Thing::Program(ty) => format!("a program of type {ty}"),
        Thing::Attach(ty) => format!("attached to {ty}"),
    }
}

/// Primary slot and text, and the other places.
fn places(context: &Context<'_>, gap: &Gap<'_>) -> (usize, Untrusted, Vec<(usize, Untrusted)>) {
    let thing = gap.use_.thing;
    let text = |insn: usize| Untrusted::from(does(context.program, context.ops, thing, insn));
    let Some((&first, rest)) = gap.use_.insns.split_first() else {
        let what = if gap.use_.maps.is_empty() {
            does(context.program, context.ops, thing, 0)
        } else {
            // Loaders make every map of an object.
            let maps = gap.use_.maps.join(", ");
            format!("loaded together with {} ({maps})", thing.phrase())
        };
        return (0, what.into(), Vec::new());
    };
    let also = rest.iter().take(MAX_LABELS).map(|i| (*i, text(*i)));
    (first, text(first), also.collect())
}

fn lack(context: &Context<'_>, profile: &Profile, gap: &Gap<'_>) -> Finding {
    let (insn, label, also) = places(context, gap);
    let maps = match (gap.use_.thing, gap.use_.maps.as_slice()) {
        (Thing::Map(_), [_, ..]) => format!(" (map {})", gap.use_.maps.join(", ")),
        _ => String::new(),
    };
    let what = format!(
        "{} lacks {}{maps}{}",
        profile.name,
        gap.use_.thing.phrase(),
        aside(gap.note)
    );
    let rule = rule(gap.use_.thing);
    let mut finding = Finding::at(context, rule, what, insn, label, &also);
    finding.targets = vec![context.target.into()];
    finding
}

fn in_part(context: &Context<'_>, profile: &Profile, part: &[Gap<'_>]) -> Option<Finding> {
    let (first, rest) = part.split_first()?;
    let list: Vec<String> = part
        .iter()
        .map(|g| format!("{}{}", g.use_.thing.phrase(), aside(g.note)))
        .collect();
    let what = format!("{} has in part: {}", profile.name, list.join("; "));
    let (insn, label, _) = places(context, first);
    let also: Vec<(usize, Untrusted)> = rest
        .iter()
        .filter(|g| !g.use_.insns.is_empty())
        .take(MAX_LABELS)
        .map(|g| {
            let (insn, label, _) = places(context, g);
            (insn, label)
        })
        .collect();
    let mut finding = Finding::at(context, page(706), what, insn, label, &also);
    finding.targets = vec![context.target.into()];
    Some(finding)
}
