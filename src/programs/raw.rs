//! Raw programs: assembler text, hexadecimal or binary slots → [`Program`].
//!
//! A raw program has no BTF. Its lines are those of the assembler text, so that
//! a refusal points into it. `.option` lines set what an object's sections would
//! say: `attach_type NAME`, `attach_to NAME`, `sleepable`, `name NAME`, and per
//! map `rdonly NAME` (frozen and read-only).
#![warn(clippy::arithmetic_side_effects)]

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use super::asm::{self, AsmMap, AsmOutput};
use super::insn::{Endian, Insn};
use super::program::{
    F_SLEEPABLE, KfuncRef, LineInfo, Program, Subprog, license_is_gpl_compatible,
};
use crate::helpers_spec::{self, AttachType, MapType, ProgType};
use crate::object::{F_RDONLY_PROG, MapDef, MapOrigin};
use crate::prelude::*;

/// Bytes of a raw program.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Assembler text.
    Asm(&'a [u8]),
    /// Hexadecimal digits, spaces and line ends between them allowed; `#` and `//`
    /// begin comments.
    Hex(&'a [u8]),
    /// Slots, little endian.
    Slots(&'a [u8]),
}

/// A program type, or a section name, as text: its program and attach type.
pub fn type_by_name(word: &str) -> Option<(ProgType, Option<AttachType>)> {
    let by_section = || helpers_spec::section(word, true).map(|info| (info.prog_type, info.attach));
    ProgType::from_name(word)
        .map(|t| (t, None))
        .or_else(by_section)
}

/// Makes a program; `name` is the input's, `forced` overrides `.type`.
pub fn program(
    input: Input<'_>,
    name: &str,
    forced: Option<(ProgType, Option<AttachType>)>,
) -> Result<Program, String> {
    match input {
        Input::Asm(bytes) => {
            let text = core::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))?;
            let helpers = |name: &str| {
                let full = name.strip_prefix("bpf_").unwrap_or(name);
                helpers_spec::helper_id(full).and_then(|id| i32::try_from(id).ok())
            };
            let out = asm::assemble_with(text, &helpers).map_err(|e| e.to_string())?;
            assembled(out, text, name, forced)
        }
        Input::Hex(bytes) => slots(&hex(bytes)?, name, forced),
        Input::Slots(bytes) => slots(bytes, name, forced),
    }
}

fn hex(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = core::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))?;
    let mut digits = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line
            .split("//")
            .next()
            .unwrap_or("")
            .split('#')
            .next()
            .unwrap_or("");
        for word in code.split_whitespace() {
            let word = word.strip_prefix("0x").unwrap_or(word);
            for c in word.chars() {
                let digit = c.to_digit(16).ok_or_else(|| {
                    format!(
                        "line {}: `{c}` is no hexadecimal digit",
                        number.saturating_add(1)
                    )
                })?;
                digits.push(digit as u8);
            }
        }
    }
    if !digits.len().is_multiple_of(2) {
        return Err("an odd number of hexadecimal digits".into());
    }
    Ok(digits
        .chunks_exact(2)
        .map(|p| p.iter().fold(0, |byte, d| byte << 4 | d))
        .collect())
}

fn slots(
    bytes: &[u8],
    name: &str,
    forced: Option<(ProgType, Option<AttachType>)>,
) -> Result<Program, String> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(8) {
        return Err(format!(
            "{} bytes are not a whole number of 8-byte slots",
            bytes.len()
        ));
    }
    let (prog_type, attach_type) = forced.ok_or("a raw program needs --type")?;
    let insns = bytes
        .chunks_exact(8)
        .filter_map(|slot| slot.try_into().ok())
        .map(|slot| Insn::from_bytes(slot, Endian::Little))
        .collect();
    Ok(Program::raw(stem(name), prog_type, attach_type, insns))
}

/// A program's name from its file's.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

fn assembled(
    out: AsmOutput,
    text: &str,
    name: &str,
    forced: Option<(ProgType, Option<AttachType>)>,
) -> Result<Program, String> {
    let by_section = out
        .section
        .as_deref()
        .and_then(|s| helpers_spec::section(s, true))
        .map(|info| (info.prog_type, info.attach));
    let (prog_type, attach_type) = match (forced, out.prog_type.as_deref()) {
        (Some(forced), _) => forced,
        (None, Some(word)) => {
            type_by_name(word).ok_or_else(|| format!("unknown program type {word}"))?
        }
        (None, None) => by_section.ok_or("a raw program needs --type, .type or .section")?,
    };
    let mut program = Program::raw(stem(name), prog_type, attach_type, out.insns);
    let end = program.insns.len() as u32;
    if let Some(section) = out.section {
        program.section = section;
    }
    if let Some(license) = out.license {
        program.gpl_compatible = license_is_gpl_compatible(&license);
        program.license = license;
    }
    let lines: Vec<&str> = text.lines().collect();
    let file: Arc<str> = name.into();
    let infos: Vec<LineInfo> = (0u32..)
        .zip(&out.lines)
        .map(|(insn, &line)| {
            let text = (line as usize)
                .checked_sub(1)
                .and_then(|i| lines.get(i))
                .copied()
                .unwrap_or("");
            LineInfo {
                insn,
                file: file.clone(),
                line,
                col: 0,
                text: text.into(),
            }
        })
        .collect();
    program.line_info = infos.into();
    let mut starts: Vec<(u32, Arc<str>)> = out
        .funcs
        .iter()
        .map(|f| (f.start, f.name.as_str().into()))
        .collect();
    if starts.first().is_none_or(|(start, _)| *start != 0) {
        starts.insert(0, (0, program.name.as_str().into()));
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|(start, _)| *start)
        .chain([end])
        .collect::<Vec<_>>();
    let section: Arc<str> = program.section.as_str().into();
    program.subprogs = starts
        .into_iter()
        .zip(ends)
        .map(|((start, name), end)| Subprog {
            start,
            end,
            name,
            func_type: 0,
            global: false,
            exception_cb: false,
            section: section.clone(),
            section_offset: u64::from(start) * 8,
        })
        .collect();
    program.kfuncs = out
        .kfuncs
        .iter()
        .map(|name| KfuncRef {
            name: name.as_str().into(),
            weak: false,
            resolved: true,
            proto: 0,
            kernel_id: None,
        })
        .collect();
    let mut maps = out.maps.iter().map(map).collect::<Result<Vec<_>, _>>()?;
    let names: BTreeMap<String, usize> = (0..)
        .zip(&maps)
        .map(|(at, map)| (map.name.to_string(), at))
        .collect();
    for (key, value) in &out.options {
        option(&mut program, (&names, &mut maps), (key, value))?;
    }
    program.maps = maps.into();
    Ok(program)
}

fn map(m: &AsmMap) -> Result<MapDef, String> {
    let map_type = match m.map_type.parse() {
        Ok(number) => number,
        Err(_) => MapType::from_name(&m.map_type)
            .ok_or_else(|| format!("unknown map type {}", m.map_type))?
            .id(),
    };
    Ok(MapDef {
        name: m.name.as_str().into(),
        map_type,
        key_size: m.key_size,
        value_size: m.value_size,
        max_entries: m.max_entries,
        flags: m.flags,
        kind: MapOrigin::Synthetic,
        ..MapDef::default()
    })
}

fn option(
    program: &mut Program,
    (names, maps): (&BTreeMap<String, usize>, &mut [MapDef]),
    (key, value): (&str, &str),
) -> Result<(), String> {
    match key {
        "name" => program.name = value.into(),
        "attach_to" => program.attach_to = Some(value.into()),
        "attach_type" => {
            program.attach_type = Some(
                AttachType::from_name(value)
                    .ok_or_else(|| format!("unknown attach type {value}"))?,
            );
        }
        "sleepable" => {
            program.sleepable = true;
            program.prog_flags |= F_SLEEPABLE;
        }
        "rdonly" => {
            let place = names.get(value).and_then(|at| maps.get_mut(*at));
            let map = place.ok_or_else(|| format!("no map {value}"))?;
            map.flags |= F_RDONLY_PROG;
            map.frozen = true;
        }
        _ => return Err(format!("unknown option {key}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(text: &str) -> Result<Program, String> {
        program(Input::Asm(text.as_bytes()), "dir/case.bpfasm", None)
    }

    #[test]
    fn text_becomes_a_program_with_lines_and_maps() {
        let p = make(".type xdp\n.map m hash 4 8 16\n\nr1 = map[m] ll\nr0 = 2\nexit\n").unwrap();
        assert_eq!((&*p.name, p.prog_type), ("case", ProgType::Xdp));
        assert_eq!(p.maps[0].map_type, 1);
        assert_eq!(p.line_at(2).unwrap().line, 5);
        assert_eq!(p.subprogs.len(), 1);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        assert!(make("r0 = 0\nexit\n").unwrap_err().contains("--type"));
        assert!(
            make(".type nothing\nexit\n")
                .unwrap_err()
                .contains("nothing")
        );
        assert!(
            make(".type xdp\n.option frob 1\nexit\n")
                .unwrap_err()
                .contains("frob")
        );
    }

    #[test]
    fn hexadecimal_slots_may_be_spaced_and_commented() {
        let forced = Some((ProgType::Xdp, None));
        let text = b"b7 00 00 00 02000000 # r0 = 2\n95000000 00000000\n";
        let p = program(Input::Hex(text), "a.hex", forced).unwrap();
        assert_eq!(p.insns.len(), 2);
        assert!(program(Input::Hex(b"b7 0"), "a.hex", forced).is_err());
        assert!(program(Input::Slots(&[0; 9]), "a.bin", forced).is_err());
    }
}
