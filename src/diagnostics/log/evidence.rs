//! What a single line or instruction of a log tells: registers, numbers, names.

use super::LoggedInsn;
use crate::prelude::*;

/// Numbers that messages give: the names there, and those of a fault's fields.
const NUMBERS: &[(&str, &str)] = &[
    ("off", "off"),
    ("size", "size"),
    ("value_size", "limit"),
    ("key_size", "limit"),
    ("mem_size", "limit"),
    ("alloc_insn", "acquired"),
    ("id", "id"),
];

/// The evidence of a message: `off=14 size 2`, `off -16+4`, `in [0, 1]`.
pub(super) fn numbers(line: &str) -> Vec<(&'static str, i64)> {
    let mut found = Vec::new();
    let words = line.split(|c: char| c.is_whitespace() || ",=()".contains(c));
    let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
    for pair in words.windows(2) {
        let &[name, value] = pair else { continue };
        let Some((_, field)) = NUMBERS.iter().find(|(word, _)| *word == name) else {
            continue;
        };
        match value.split_once('+') {
            Some((off, byte)) => {
                found.extend(off.parse().map(|n| (*field, n)));
                found.extend(byte.parse().map(|n| ("byte", n)));
            }
            None => found.extend(value.parse().map(|n| (*field, n))),
        }
    }
    let range = line
        .split_once("should have been in ")
        .and_then(|(_, rest)| {
            let (min, max) = rest
                .trim()
                .strip_prefix('[')?
                .strip_suffix(']')?
                .split_once(',')?;
            Some((min.trim().parse().ok()?, max.trim().parse().ok()?))
        });
    if let Some((min, max)) = range {
        found.extend([("min", min), ("max", max)]);
    }
    found
}

/// The first register that the lines name: `R2`. States are no part of them.
pub(super) fn register_of(words: &[String]) -> Option<u8> {
    words.iter().find_map(|line| register(line))
}

fn register(line: &str) -> Option<u8> {
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|word| word.strip_prefix('R'))
        .find_map(|digits| digits.parse().ok())
        .filter(|reg| *reg <= 10)
}

/// The slot in `infinite loop detected at insn 7`, `unreachable insn 3`, ...
pub(super) fn named_insn(line: &str) -> Option<u32> {
    let (before, rest) = line.split_once("insn ")?;
    let names = ["detected at ", "unreachable ", "from ", "back-edge "];
    if !names.iter().any(|n| before.ends_with(n)) {
        return None;
    }
    number(rest)
}

/// Number and name in `Caller passes invalid args into func#1 ('foo')`.
pub(super) fn caller(line: &str) -> Option<(u32, Option<&str>)> {
    let rest = line.strip_prefix("Caller passes invalid args into func#")?;
    Some((number(rest)?, quoted(rest)))
}

/// A number at the beginning of a text.
pub(super) fn number(text: &str) -> Option<u32> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..end)?.parse().ok()
}

/// The words between the first pair of quotes.
pub(super) fn quoted(line: &str) -> Option<&str> {
    line.split('\'').nth(1).filter(|name| !name.is_empty())
}

/// The type, field or function that the lines name.
pub(super) fn named(words: &[String]) -> Option<String> {
    words.iter().find_map(|line| {
        let after = |word: &str| {
            let (_, rest) = line.split_once(word)?;
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')
                .next()
                .filter(|name| !name.is_empty())
        };
        let name = after(" struct ").or_else(|| after("kernel function "))?;
        Some(name.to_owned())
    })
}

/// The type of the register that the lines refuse: `R1 invalid mem access 'scalar'`.
pub(super) fn refused_type(words: &[String]) -> Option<&str> {
    words.iter().find_map(|line| {
        let (_, rest) = line.split_once("invalid mem access '")?;
        rest.strip_suffix('\'')
    })
}

/// Bytes of the packet that the lines call proven: `R2(id=0,off=12,r=13)`.
pub(super) fn proven(words: &[String]) -> Option<u32> {
    words.iter().find_map(|line| {
        let (before, rest) = line.rsplit_once(",r=")?;
        before.contains("access to packet").then_some(())?;
        number(rest)
    })
}

/// The helper or kernel function that an instruction calls: `call bpf_x#1`.
pub(super) fn callee(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("call ")?.split_once('#')?;
    (name != "unknown").then_some(name)
}

/// The register that an instruction of this opcode uses as an address.
pub(super) fn base(insn: &LoggedInsn) -> Option<u8> {
    access(insn.opcode)?;
    let (_, rest) = insn.text.split_once(")(r")?;
    number(rest).and_then(|reg| u8::try_from(reg).ok())
}

/// Both registers of `r0 += r1`.
pub(super) fn operands(insn: &LoggedInsn) -> Option<(u8, u8)> {
    let (left, right) = insn.text.split_once(" += ")?;
    let reg = |text: &str| text.strip_prefix('r')?.parse().ok();
    Some((reg(left)?, reg(right)?))
}

/// How an instruction sets a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// A constant is added to it.
    Added(i64),
    /// It becomes a copy.
    Copied(u8),
    /// It becomes a constant.
    To(i64),
    /// In another way, or a call may have.
    Other,
}

/// What `r1 += 24`, `r1 = r2` and others do to a register; none of those that leave it.
pub(super) fn set(text: &str, reg: u8) -> Option<Set> {
    let mut words = text.split_whitespace();
    let (left, operator) = (words.next()?, words.next().unwrap_or(""));
    if left == "call" {
        return (reg <= 5).then_some(Set::Other);
    }
    let own = |digits: Option<&str>| digits.and_then(|d| d.parse().ok()) == Some(reg);
    let wide = own(left.strip_prefix('r'));
    if !wide && !own(left.strip_prefix('w')) {
        return None;
    }
    let right = (words.next(), words.next());
    Some(match (operator, right) {
        ("+=", (Some(by), None)) if wide => by.parse().map_or(Set::Other, Set::Added),
        ("=", (Some(from), None)) => {
            let copied = from.strip_prefix('r').filter(|_| wide);
            let copied = copied.and_then(|d| d.parse().ok()).map(Set::Copied);
            let to = || from.parse().map(Set::To);
            copied.or_else(|| to().ok()).unwrap_or(Set::Other)
        }
        _ => Set::Other,
    })
}

/// Of a comparison with zero by `==` or `!=` whether it jumps where there is zero.
pub(super) fn zero_test(text: &str) -> Option<bool> {
    let mut words = text.split_whitespace();
    let (_if, _reg) = (words.next()?, words.next()?);
    let jumps = match words.next()? {
        "==" => true,
        "!=" => false,
        _ => return None,
    };
    matches!(words.next()?, "0" | "0x0").then_some(jumps)
}

/// The function that the lines name: `Arg#0 type PTR in f() is ...`.
pub(super) fn function(words: &[String]) -> Option<&str> {
    words.iter().find_map(|line| {
        let (before, _) = line.split_once("()")?;
        let name = before.rsplit(' ').next()?;
        (!name.is_empty()).then_some(name)
    })
}

/// Bytes that an instruction of this opcode accesses, and whether it writes.
pub(super) fn access(opcode: u8) -> Option<(u32, bool)> {
    let write = match opcode & 7 {
        1 => false,
        2 | 3 => true,
        _ => return None,
    };
    let bytes = match opcode & 0x18 {
        0x00 => 4,
        0x08 => 2,
        0x10 => 1,
        _ => 8,
    };
    Some((bytes, write))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, i64)]) {
        assert_eq!(numbers(line), expected, "{line}");
    }

    #[test]
    fn numbers_are_found_by_their_names() {
        check(
            "invalid access to map value, value_size=48 off=8 size=4",
            &[("limit", 48), ("off", 8), ("size", 4)],
        );
        check(
            "invalid read from stack off -40+0 size 8",
            &[("off", -40), ("byte", 0), ("size", 8)],
        );
        check("R0 should have been in [0, 1]", &[("min", 0), ("max", 1)]);
        check("size=99999999999999999999", &[]);
    }

    #[test]
    fn instructions_tell_how_they_set_a_register() {
        let check = |text, reg, expect| assert_eq!(set(text, reg), expect, "{text}");
        check("r1 += 24", 1, Some(Set::Added(24)));
        check("r1 += -8", 1, Some(Set::Added(-8)));
        check("r1 += r2", 1, Some(Set::Other));
        check("r1 = r2", 1, Some(Set::Copied(2)));
        check("w1 = w2", 1, Some(Set::Other));
        check("r1 = 16", 1, Some(Set::To(16)));
        check("w1 = 0", 1, Some(Set::To(0)));
        check("r1 = *(u64 *)(r2 +8)", 1, Some(Set::Other));
        check("*(u64 *)(r10 -8) = r1", 1, None);
        check("r11 = 3", 1, None);
        check("if r1 == 0x0 goto pc+3", 1, None);
        check("call bpf_ktime_get_ns#5", 1, Some(Set::Other));
        check("call bpf_ktime_get_ns#5", 6, None);
        check("exit", 1, None);
    }

    #[test]
    fn comparisons_with_zero_are_known() {
        let check = |text, expect| assert_eq!(zero_test(text), expect, "{text}");
        check("if r1 == 0x0 goto pc+3", Some(true));
        check("if r1 != 0x0 goto pc+3", Some(false));
        check("if r1 != 0 goto pc+3", Some(false));
        check("if r1 == 0x10 goto pc+3", None);
        check("if r1 > 0x0 goto pc+3", None);
    }

    #[test]
    fn names_and_places_are_found() {
        assert_eq!(register("R9 invalid mem access 'inv'"), Some(9));
        assert_eq!(register("R99 !read_ok"), None);
        assert_eq!(named_insn("back-edge from insn 40 to 12"), Some(40));
        assert_eq!(named_insn("processed 40 insns"), None);
        let line = "Caller passes invalid args into func#3 ('f3')";
        assert_eq!(caller(line), Some((3, Some("f3"))));
        assert_eq!(
            callee("call bpf_map_lookup_elem#1"),
            Some("bpf_map_lookup_elem")
        );
        assert_eq!(access(0x79), Some((8, false)));
        assert_eq!(access(0x73), Some((1, true)));
        assert_eq!(access(0x85), None);
    }
}
