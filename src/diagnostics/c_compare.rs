//! Comparisons in single lines of C: whether there is one, what it compares, what it is
//! turned round.
//!
//! As `c_text`, for names and edits only. `->` and shifts are made of the same signs.

use super::c_text::{assembler, left_of, uncast, word};
use crate::prelude::*;

/// A line of the same length without the signs that are none of comparisons.
fn bare(line: &str) -> String {
    line.replace("->", "__")
        .replace("<<", "__")
        .replace(">>", "__")
}

/// Whether a line compares by greater and less.
pub(super) fn orders(line: &str) -> bool {
    !assembler(line) && bare(line).contains(['<', '>'])
}

/// The side of a line's only comparison that is a variable or member as it is, where the
/// other is not.
pub(super) fn compared_with(line: &str) -> Option<&str> {
    let bare = bare(line);
    let mut found = bare.match_indices(['<', '>']);
    let (at, _) = found.next().filter(|_| found.next().is_none())?;
    if bare.contains("&&") || bare.contains("||") {
        return None;
    }
    let right = line.get(at + 1..)?.trim_start_matches('=');
    let open = line.get(..at)?.find('(')?;
    let left = line.get(open + 1..at)?;
    let right = right.get(..right.rfind(')')?)?;
    let plain = |side: &str| -> bool {
        let side = uncast(side);
        left_of(side) == Some(side)
    };
    match (plain(left), plain(right)) {
        (true, false) => Some(uncast(left)),
        (false, true) => Some(uncast(right)),
        _ => None,
    }
}

/// A line with the comparison in it turned round.
pub(super) fn turned(line: &str) -> Option<String> {
    let pairs = [
        (" <= ", " > "),
        (" >= ", " < "),
        (" < ", " >= "),
        (" > ", " <= "),
    ];
    let times: usize = pairs.iter().map(|(old, _)| line.matches(old).count()).sum();
    let (old, new) = pairs
        .iter()
        .find(|(old, _)| times == 1 && line.contains(old))?;
    Some(line.replacen(old, new, 1))
}

/// Whether a line compares a variable as it is with something.
pub(super) fn compares(line: &str, name: &str) -> bool {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find(name)) {
        let (start, end) = (from + at, from + at + name.len());
        let before = line.get(..start).unwrap_or("");
        let after = line.get(end..).unwrap_or("").trim_start();
        let whole = !before.ends_with(|c| word(c) || matches!(c, '>' | '.'))
            && !line.get(end..).unwrap_or("").starts_with(word);
        let less = after.starts_with('<') && !after.starts_with("<<");
        let greater = after.starts_with('>') && !after.starts_with(">>");
        if whole && !name.is_empty() && (less || greater) {
            return true;
        }
        from = end.max(from + 1);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_of_order_are_told_from_other_signs() {
        let check = |line: &str, expect| assert_eq!(orders(line), expect, "{line}");
        check("if (a + 1 > b)", true);
        check("if (a->b == c)", false);
        check("x = a >> 3 << 2;", false);
    }

    #[test]
    fn one_side_of_a_comparison_is_a_variable() {
        let check = |line: &str, expect| assert_eq!(compared_with(line), expect, "{line}");
        check("if (cur->pos + 4 > cur->end)", Some("cur->end"));
        check("if ((void *)(eth + 1) > (void *)end)", Some("end"));
        check("if (end < (void *)(eth + 1)) return 0;", Some("end"));
        check("if (a > b)", None);
        check("if (a + 1 > b && c)", None);
        check("x = a;", None);
    }

    #[test]
    fn lines_with_one_comparison_are_turned_round() {
        let check = |line: &str, expect: Option<&str>| assert_eq!(turned(line).as_deref(), expect);
        check("if (a + 1 > b)", Some("if (a + 1 <= b)"));
        check("if (a > b || c < d)", None);
    }

    #[test]
    fn comparisons_of_a_variable_as_it_is_are_found() {
        let check = |line, expect| assert_eq!(compares(line, "n"), expect, "{line}");
        check("if (n < 1 || n > 16)", true);
        check("if (n >= 4)", true);
        check("x = n << 3;", false);
        check("if (v->n > 16)", false);
        check("if (len > 16)", false);
        check("if (n + 1 > 16)", false);
    }
}
