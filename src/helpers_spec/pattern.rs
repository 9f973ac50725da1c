//! The regular expressions of `messages`, searched for without a library.
//!
//! What the table uses is known: letters, `.`, `\\S`, sets `[abc]`, groups with
//! alternatives, `^`, `$`, and each of these once, at most once (`?`), any number of
//! times (`*`) or at least once (`+`). A test holds the answers against a library's.
//!
//! Whether a part matches is asked together with what must follow it, given as a
//! function, so that a repetition or an alternative that leads nowhere is taken back.
//! Patterns are ours; messages hold names of others, so only their beginning is looked
//! at, and how deep this recurses is the pattern's affair alone.

/// Bytes of a message that are looked at: more than any that the table tells apart.
const MOST: usize = 512;

/// What follows a part of a pattern.
type Then<'t> = &'t dyn Fn(&[u8]) -> bool;

/// Whether the pattern matches somewhere in the text.
pub fn found(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let text = text.get(..MOST).unwrap_or(text);
    (0..=text.len()).any(|at| {
        let anchored = |p: &[u8], t: &[u8]| match p {
            [b'^', p @ ..] => at == 0 && sequence(p, t, &|_| true),
            _ => sequence(p, t, &|_| true),
        };
        alternatives(pattern).any(|p| anchored(p, &text[at..]))
    })
}

/// The alternatives of a pattern: what stands between bars outside of groups.
fn alternatives(pattern: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(pattern);
    core::iter::from_fn(move || {
        let all = rest?;
        let (mut at, mut depth) = (0, 0u32);
        while let Some(&c) = all.get(at) {
            match c {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                b'|' if depth == 0 => {
                    rest = Some(&all[at + 1..]);
                    return Some(&all[..at]);
                }
                _ => {}
            }
            at += 1;
        }
        rest = None;
        Some(all)
    })
}

/// The first part of a pattern and the rest.
fn split_part(pattern: &[u8]) -> (&[u8], &[u8]) {
    let len = match pattern.first() {
        Some(b'\\') => 2,
        Some(b'[') => pattern
            .iter()
            .position(|&c| c == b']')
            .map_or(1, |at| at + 1),
        Some(b'(') => group_len(pattern),
        _ => 1,
    };
    pattern.split_at(len.min(pattern.len()))
}

fn group_len(pattern: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0u32);
    while let Some(&c) = pattern.get(at) {
        match c {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1,
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    pattern.len()
}

fn sequence(pattern: &[u8], text: &[u8], then: Then<'_>) -> bool {
    if pattern.is_empty() {
        return then(text);
    }
    if pattern == b"$" {
        return text.is_empty() && then(text);
    }
    let (part, rest) = split_part(pattern);
    let (least, most, rest) = match rest.split_first() {
        Some((b'?', rest)) => (0, 1, rest),
        Some((b'*', rest)) => (0, usize::MAX, rest),
        Some((b'+', rest)) => (1, usize::MAX, rest),
        _ => (1, 1, rest),
    };
    repeat(part, least, most, text, &|text| sequence(rest, text, then))
}

/// As often as can be, and less often if what follows doesn't match then.
fn repeat(part: &[u8], least: usize, most: usize, text: &[u8], then: Then<'_>) -> bool {
    if let [b'(', inner @ .., b')'] = part {
        let again = |rest: &[u8]| {
            rest.len() < text.len() && repeat(part, least.saturating_sub(1), most - 1, rest, then)
        };
        let once = || alternatives(inner).any(|p| sequence(p, text, &again));
        return most > 0 && once() || least == 0 && then(text);
    }
    let fit = text.iter().take(most).take_while(|c| fits(part, **c));
    (least..=fit.count()).rev().any(|n| then(&text[n..]))
}

/// Whether a part that is no group matches a byte.
fn fits(part: &[u8], c: u8) -> bool {
    match part {
        [b'.'] => c != b'\n',
        [b'\\', b'S'] => !c.is_ascii_whitespace(),
        [b'[', set @ .., b']'] => set.contains(&c),
        [b'\\', letter] | [letter] => c == *letter,
        _ => false,
    }
}
