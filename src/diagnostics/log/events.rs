//! Where the value at fault came from, as far as a log shows the path: walked back
//! from the refusal by the disassembled text, through copies, spills and arithmetic.

use super::{LoggedInsn, LoggedRefusal, LoggedSource, evidence};
use crate::prelude::*;

/// Something that happened to the value at fault.
#[derive(Clone, Debug)]
pub struct LoggedLabel<'a> {
    /// Where.
    pub insn: &'a LoggedInsn,
    /// Its source line, where the log shows it.
    pub source: Option<&'a LoggedSource>,
    /// What happened.
    pub text: String,
}

/// The opcode of `exit`.
const EXIT: u8 = 0x95;

/// Changes of the value that are told, the last ones.
const MAX_CHANGES: usize = 3;

/// What instructions do to registers, as their text says.
enum Effect<'a> {
    /// `r1 = r2`, `w1 = w2`.
    Copies(u8),
    /// `r1 = *(u64 *)(r10 -8)`: of the stack.
    Fills(&'a str),
    /// `r1 += 13`.
    Changes,
    /// Made here.
    Makes,
}

/// The labels, oldest first; the refusal is the last.
pub(super) fn labels(refusal: &LoggedRefusal, reg: Option<u8>) -> Vec<LoggedLabel<'_>> {
    let mut found: Vec<(&LoggedInsn, String)> = Vec::new();
    if let Some(refused) = &refusal.insn {
        let text = match refusal.holds() {
            Some((reg, holds)) => format!("refused here; r{reg} is {holds}"),
            None => "refused here".into(),
        };
        found.push((refused, text));
    }
    if let Some(call) = refusal.voided_by() {
        found.push((call, "voided here: this call may move the packet".into()));
    }
    if let Some(reg) = reg.filter(|reg| *reg < 10) {
        history(refusal, reg, &mut found);
    }
    found
        .into_iter()
        .rev()
        .map(|(insn, text)| {
            let source = insn.source.and_then(|at| refusal.sources.get(at as usize));
            LoggedLabel { insn, source, text }
        })
        .collect()
}

/// Walks back from the refused instruction, which ends the path.
fn history<'a>(refusal: &'a LoggedRefusal, mut reg: u8, found: &mut Vec<(&'a LoggedInsn, String)>) {
    let mut changes = 0_usize;
    let mut slot: Option<&str> = None;
    let refused = refusal.insn.as_ref().map(|i| i.slot);
    // Functions of the program that returned on the way, and are skipped as a whole.
    let mut skipped = 0_u32;
    let mut before = refusal.path.iter().rev().peekable();
    before.next_if(|i| Some(i.slot) == refused);
    for insn in before {
        let local = insn.text.starts_with("call pc");
        if insn.opcode == EXIT {
            skipped = skipped.saturating_add(u32::from(skipped > 0 || reg != 0));
            continue;
        }
        if local && skipped > 0 {
            skipped = skipped.saturating_sub(1);
            continue;
        }
        if local && ((1..=5).contains(&reg) && slot.is_none()) {
            // An argument of the function that is refused.
            continue;
        }
        if local {
            return;
        }
        if skipped > 0 {
            continue;
        }
        if let Some(place) = slot {
            // The spill of the slot that was filled.
            let spilled = insn
                .text
                .strip_prefix(place)
                .and_then(|rest| rest.strip_prefix(" = "));
            if let Some(source) = spilled.and_then(register) {
                (reg, slot) = (source, None);
            }
            continue;
        }
        match effect(insn, reg) {
            None => {}
            Some(Effect::Copies(from)) => reg = from,
            Some(Effect::Fills(place)) => slot = Some(place),
            Some(Effect::Changes) if changes < MAX_CHANGES => {
                changes = changes.saturating_add(1);
                found.push((insn, format!("r{reg} is changed here")));
            }
            Some(Effect::Changes) => {}
            Some(Effect::Makes) => {
                found.push((insn, made(insn, reg)));
                return;
            }
        }
    }
}

fn made(insn: &LoggedInsn, reg: u8) -> String {
    match evidence::callee(&insn.text) {
        Some(callee) => format!("r{reg} comes from here: what `{callee}` returns"),
        None => {
            let value = insn.text.split_once(" = ").map_or("", |(_, value)| value);
            let read = value.starts_with('*');
            let verb = if read { "read" } else { "set" };
            format!("r{reg} is {verb} here")
        }
    }
}

/// What an instruction does to a register; none if nothing.
fn effect(insn: &LoggedInsn, reg: u8) -> Option<Effect<'_>> {
    let text = insn.text.as_str();
    if text.starts_with("call ") {
        return (reg <= 5).then_some(Effect::Makes);
    }
    let (target, rest) = text.split_once(' ')?;
    if register(target) != Some(reg) {
        return None;
    }
    let Some(value) = rest.strip_prefix("= ") else {
        // `r1 += 13`, `r1 <<= 2`.
        let (operator, _) = rest.split_once(' ')?;
        return operator.ends_with('=').then_some(Effect::Changes);
    };
    if let Some(from) = register(value) {
        return Some(Effect::Copies(from));
    }
    let stack = value.starts_with("*(u64 *)(r10 ");
    Some(match stack {
        true => Effect::Fills(value),
        false => Effect::Makes,
    })
}

/// What an instruction does to what registers are known to hold.
pub(super) enum Done {
    /// Registers are written, with what they hold then where the text tells.
    Writes(Vec<(u8, Option<String>)>),
    /// A function of the program is entered.
    Enters,
    /// A function is left.
    Leaves,
}

impl Default for Done {
    fn default() -> Done {
        Done::Writes(Vec::new())
    }
}

/// What an instruction does: a constant is set, what another register held is copied, or
/// something is written of which the text does not tell the value.
pub(super) fn done<'a>(insn: &LoggedInsn, held: impl Fn(u8) -> Option<&'a str>) -> Done {
    let text = insn.text.as_str();
    if text.starts_with("call pc") {
        return Done::Enters;
    }
    if insn.opcode == EXIT {
        return Done::Leaves;
    }
    if text.starts_with("call ") {
        return Done::Writes((0..=5).map(|reg| (reg, None)).collect());
    }
    let Some((target, rest)) = text.split_once(' ') else {
        return Done::default();
    };
    let Some(reg) = register(target).filter(|reg| effect(insn, *reg).is_some()) else {
        return Done::default();
    };
    let value = rest.strip_prefix("= ").unwrap_or("");
    let narrow = target.starts_with('w');
    let constant = || (!narrow && value.parse::<i64>().is_ok()).then_some(value);
    let copied = || held(register(value).filter(|_| !narrow)?);
    let holds = constant().or_else(copied);
    Done::Writes(vec![(reg, holds.map(str::to_owned))])
}

/// `r3` or `w3`.
fn register(text: &str) -> Option<u8> {
    let digits = text.strip_prefix(['r', 'w'])?;
    digits.parse().ok().filter(|reg| *reg <= 10)
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use crate::prelude::*;

    #[track_caller]
    fn check(log: &str, expected: &[(u32, &str)]) {
        let log = read(log);
        let labels = log.refusals[0].labels();
        let labels: Vec<(u32, &str)> = labels.iter().map(|l| (l.insn.slot, &*l.text)).collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn the_call_that_voids_a_pointer_is_named() {
        let text = "0: (61) r6 = *(u32 *)(r1 +76) ; R6_w=pkt(r=0)\n\
             1: (85) call bpf_skb_pull_data#39\n2: (71) r0 = *(u8 *)(r6 +0)\n\
             R6 invalid mem access 'scalar'\n";
        let log = read(text);
        assert_eq!(
            log.refusals[0].rule().unwrap().name,
            "stale-pointer-dereference"
        );
        check(
            text,
            &[
                (0, "r6 is read here"),
                (1, "voided here: this call may move the packet"),
                (2, "refused here; r6 is a number that may be anything"),
            ],
        );
    }

    #[test]
    fn functions_on_the_way_are_skipped() {
        check(
            "0: (b7) r6 = 7\n1: (85) call pc+3\n5: (b7) r6 = 1\n6: (95) exit\n\
             2: (79) r0 = *(u64 *)(r6 +0)\nR6 invalid mem access 'inv'\n",
            &[
                (0, "r6 is set here"),
                (2, "refused here; r6 is the number 7"),
            ],
        );
    }

    #[test]
    fn a_value_is_followed_through_copies_and_spills() {
        check(
            "4: (85) call bpf_map_lookup_elem#1\n5: (7b) *(u64 *)(r10 -8) = r0\n\
             6: (b7) r0 = 1\n7: (79) r7 = *(u64 *)(r10 -8)\n8: (bf) r6 = r7\n9: (07) r6 += 4\n\
             10: (61) r1 = *(u32 *)(r6 +0) ; R6=map_value_or_null(id=1,off=4,ks=4,vs=8)\n\
             R6 invalid mem access 'map_value_or_null'\n",
            &[
                (4, "r0 comes from here: what `bpf_map_lookup_elem` returns"),
                (9, "r6 is changed here"),
                (
                    10,
                    "refused here; r6 is a pointer to a value of a map (8 bytes), at offset 4, or NULL",
                ),
            ],
        );
    }
}
