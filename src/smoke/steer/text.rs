//! The text of a [`Steer`]: parts with a comma between, each `WHAT+OFFSET=BYTES`.
//!
//! | part | states |
//! |---|---|
//! | `c+16=0a00` | bytes of the context |
//! | `u+0=2f` | bytes of user memory |
//! | `t+0=6e67` | bytes of the task's name |
//! | `o:argument%201+8=01` | bytes of a kernel object |
//! | `m:2:07000000+0=01` | bytes of the value of a key in map 2; without `+` only that it is there |
//! | `c+112=*` | a pointer to a kernel object of its own |
//! | `r:45.0=-2`, `r:45.0=*` | the first result of the call at instruction 45 (`r:1.45.0`: of program 1) |
#![warn(clippy::arithmetic_side_effects)]

use std::fmt;
use std::str::FromStr;

use super::{Change, Forced, Steer, Thing};
use crate::smoke::engine::Site;

/// Most parts of a text.
const MAX_PARTS: usize = 1 << 14;

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(digits).collect()
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::Context => f.write_str("c"),
            Thing::User => f.write_str("u"),
            Thing::Comm => f.write_str("t"),
            Thing::Kernel(name) => {
                f.write_str("o:")?;
                name.bytes().try_for_each(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => {
                        write!(f, "{}", char::from(byte))
                    }
                    _ => write!(f, "%{byte:02x}"),
                })
            }
            Thing::Entry { map, key } => {
                write!(f, "m:{map}:")?;
                hex(f, key)
            }
        }
    }
}

impl FromStr for Thing {
    type Err = ();

    fn from_str(text: &str) -> Result<Thing, ()> {
        match text {
            "c" => return Ok(Thing::Context),
            "u" => return Ok(Thing::User),
            "t" => return Ok(Thing::Comm),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("o:") {
            return decoded(name).map(Thing::Kernel).ok_or(());
        }
        let (map, key) = text
            .strip_prefix("m:")
            .and_then(|t| t.split_once(':'))
            .ok_or(())?;
        Ok(Thing::Entry {
            map: map.parse().map_err(|_| ())?,
            key: unhex(key).ok_or(())?,
        })
    }
}

/// A name without its escapes.
fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut out = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        out.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(out).ok()
}

impl fmt::Display for Steer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        let mut part = |f: &mut fmt::Formatter<'_>| {
            f.write_str(between)?;
            between = ",";
            Ok::<(), fmt::Error>(())
        };
        for (map, key) in &self.entries {
            part(f)?;
            let (map, key) = (*map, key.clone());
            write!(f, "{}", Thing::Entry { map, key })?;
        }
        let mut last: Option<(&Thing, u32)> = None;
        for ((thing, off), byte) in &self.bytes {
            let before = off.checked_sub(1).map(|before| (thing, before));
            if before.is_none() || last != before {
                part(f)?;
                write!(f, "{thing}+{off}=")?;
            }
            hex(f, &[*byte])?;
            last = Some((thing, *off));
        }
        for (thing, off) in &self.pointers {
            part(f)?;
            write!(f, "{thing}+{off}=*")?;
        }
        for ((site, nth), forced) in &self.calls {
            part(f)?;
            f.write_str("r:")?;
            if site.program != 0 {
                write!(f, "{}.", site.program)?;
            }
            write!(f, "{}.{nth}=", site.insn)?;
            match forced {
                Forced::Value(value) => write!(f, "{}", *value as i64)?,
                Forced::Luck => f.write_str("*")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Steer {
    type Err = String;

    fn from_str(text: &str) -> Result<Steer, String> {
        let mut steer = Steer::default();
        for part in text.split(',').filter(|p| !p.is_empty()).take(MAX_PARTS) {
            let change = change(part).ok_or_else(|| format!("{part:?} states nothing"))?;
            steer.set(change);
        }
        Ok(steer)
    }
}

fn change(part: &str) -> Option<Change> {
    if let Some(call) = part.strip_prefix("r:") {
        let (at, value) = call.split_once('=')?;
        let numbers: Vec<u32> = at
            .split('.')
            .map(|n| n.parse().ok())
            .collect::<Option<_>>()?;
        let (program, insn, nth) = match numbers[..] {
            [insn, nth] => (0, insn, nth),
            [program, insn, nth] => (program, insn, nth),
            _ => return None,
        };
        let forced = match value {
            "*" => Forced::Luck,
            number => Forced::Value(number.parse::<i64>().ok()? as u64),
        };
        return Some(Change::Result((Site { program, insn }, nth), forced));
    }
    let Some((place, value)) = part.split_once('=') else {
        return match part.parse().ok()? {
            Thing::Entry { map, key } => Some(Change::Entry(map, key, Vec::new())),
            _ => None,
        };
    };
    let (thing, off) = place.rsplit_once('+')?;
    let (thing, off) = (thing.parse().ok()?, off.parse().ok()?);
    match value {
        "*" => Some(Change::Pointer(thing, off)),
        bytes => Some(Change::Bytes(thing, off, unhex(bytes)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_states_what_it_was_made_of() {
        let text = "m:2:07000000,c+16=0a00,t+0=6e67,o:argument%201+8=01,m:2:07000000+0=01,\
            c+112=*,r:45.0=-2,r:1.45.3=*";
        let steer: Steer = text.parse().unwrap();
        assert_eq!(steer.to_string(), text);
        assert_eq!(steer.to_string().parse::<Steer>().unwrap(), steer);
        assert!("".parse::<Steer>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        for text in [
            "x",
            "c+1",
            "c+1=0",
            "c=00",
            "r:1=2",
            "o:%2+0=00",
            "c+99999999999=00",
        ] {
            assert!(text.parse::<Steer>().is_err(), "{text}");
        }
    }
}
