//! Which rule a refusal's lines name, by the key words of the catalogue's pages.

use crate::abstract_interp::Code;
use crate::helpers_spec;
use crate::prelude::*;
use crate::rules::{self, Rule};

/// The rule whose key words a refusal's lines hold.
pub fn rule_of(words: &[String]) -> Option<&'static Rule> {
    worded(words).map(rules::of)
}

/// The code of a refusal's lines: that of their key words, where the evidence does not
/// tell another mistake of the same message.
pub(super) fn code_of(words: &[String], fields: &[(&'static str, i64)]) -> Option<Code> {
    let size = fields.iter().find(|(name, _)| *name == "size");
    let nothing = size.is_some_and(|(_, size)| *size == 0);
    Some(match worded(words)? {
        // Of no bytes, it is the length that is at fault.
        Code::MapValueOob | Code::MemRegionOob | Code::PacketOob if nothing => Code::MemLenPair,
        code => code,
    })
}

/// Whether a key word stands in a longer name: `dynptr` in `bpf_dynptr_from_skb`.
fn inside(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some((before, after)) = line.split_once(word).filter(|_| word.chars().all(part)) else {
        return false;
    };
    let longer = before.strip_suffix("bpf_").is_some() || after.starts_with('_');
    longer && line.starts_with("calling kernel function ")
}

/// Of several codes, the one whose class of messages is the most specific, then the
/// one with the most words.
fn worded(words: &[String]) -> Option<Code> {
    let classes = helpers_spec::message_classes();
    let rank = |code: Code| classes.iter().position(|c| c.id == code.class());
    let mut best: Option<(usize, usize, Code)> = None;
    for &code in Code::ALL {
        let rank = rank(code).unwrap_or(classes.len());
        for message in rules::of(code).messages {
            let apart = |line: &str| message.matches(line) && !inside(line, message.words);
            if !words.iter().any(|line| apart(line)) {
                continue;
            }
            let better = best.is_none_or(|(r, len, _)| {
                (rank, core::cmp::Reverse(message.words.len())) < (r, core::cmp::Reverse(len))
            });
            // Mistakes that the report alone tells apart share their message.
            if better && rules::of(code).reported_as.is_none() {
                best = Some((rank, message.words.len(), code));
            }
        }
    }
    best.map(|(_, _, code)| match code {
        Code::NullDereference | Code::StalePointer | Code::KernelAddress => Code::MemAccessType,
        code => code,
    })
}
