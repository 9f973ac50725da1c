//! What a program is fed with: packets, contexts, captures, maps.

use std::path::Path;
use std::sync::Arc;

use super::Replay;
use crate::cli::args::RunArgs;
use crate::cli::{Failure, inputs as files, output};
use crate::programs::{Manifest, Program};
use crate::report::run::{InputFile, read_entries, read_input_file};
use crate::report::values::unhex;
use crate::smoke::context::{has_link_header, has_packet};
use crate::smoke::inputs::seeds;
use crate::smoke::scenario::Scenario;
use crate::smoke::{Input, Preset, SmokeReport, pcap};

/// The file of `--replay`.
pub(super) fn replay(args: &RunArgs) -> Result<Replay, Failure> {
    let Some(path) = &args.replay else {
        return Ok(None);
    };
    let bytes = files::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let fail = |e: String| Failure::usage(format!("{}: {e}", path.display()));
    read_input_file(&text).map(Some).map_err(fail)
}

/// The file of `--scenario`.
pub(super) fn scenario(args: &RunArgs) -> Result<Option<Arc<Scenario>>, Failure> {
    let Some(path) = &args.scenario else {
        return Ok(None);
    };
    files::scenario(path).map(Some)
}

/// The inputs that the arguments name; none if inputs are to be made.
pub(super) fn chosen(
    args: &RunArgs,
    program: &Program,
    replay: Option<&InputFile>,
) -> Result<Vec<Input>, Failure> {
    if let Some(file) = replay {
        return Ok(vec![file.input.clone()]);
    }
    let context = match &args.ctx {
        Some(text) => {
            Some(unhex(text).ok_or_else(|| Failure::usage("--ctx: not hexadecimal digits"))?)
        }
        None => None,
    };
    let mut packets: Vec<(String, Vec<u8>)> = Vec::new();
    for text in &args.packet {
        packets.push(packet(text)?);
    }
    if let Some(path) = &args.pcap {
        packets.extend(captured(path, program)?);
    }
    let about_packets = has_packet(program.prog_type);
    if !packets.is_empty() && !about_packets {
        return Err(Failure::usage(format!(
            "a {} program has no packet",
            program.prog_type.name()
        )));
    }
    let stated = context.is_some() || args.input_seed.is_some() || args.steer.is_some();
    if packets.is_empty() && !stated {
        return Ok(Vec::new());
    }
    if packets.is_empty() {
        packets.push(("empty".into(), Vec::new()));
    }
    // One run per packet and seed: the seed named, or those drawn from --seed.
    let several: Vec<u64> = match args.input_seed {
        Some(seed) => vec![seed],
        None if packets.len() > 1 => seeds(args.seed).take(1).collect(),
        None => seeds(args.seed).take(args.inputs.max(1)).collect(),
    };
    let mut out = Vec::new();
    for (label, packet) in &packets {
        for seed in &several {
            let label = if about_packets {
                label.clone()
            } else {
                format!("seed {seed}")
            };
            out.push(Input {
                label,
                seed: *seed,
                packet: packet.clone(),
                context: context.clone(),
                populated: args.populated,
                steer: args.steer.clone().unwrap_or_default(),
            });
        }
    }
    Ok(out)
}

/// A packet from a file of that name or, if there is none, from digits.
fn packet(text: &str) -> Result<(String, Vec<u8>), Failure> {
    let path = Path::new(text);
    if path.is_file() {
        return Ok((text.to_owned(), files::read(path)?));
    }
    let bytes = unhex(text).ok_or_else(|| {
        Failure::usage(format!(
            "--packet {text}: neither a file nor hexadecimal digits"
        ))
    })?;
    Ok((format!("packet of {} bytes", bytes.len()), bytes))
}

/// Packets of a capture as the program's type sees them.
fn captured(path: &Path, program: &Program) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let fail = |e: String| Failure::usage(format!("{}: {e}", path.display()));
    let capture = pcap::read(&files::read(path)?).map_err(fail)?;
    let link = has_link_header(program.prog_type);
    let fit = |bytes: Vec<u8>| match (capture.link_type, link) {
        (pcap::ETHERNET, true) | (pcap::RAW_IP, false) => Ok(bytes),
        (pcap::ETHERNET, false) => Ok(bytes.get(14..).unwrap_or(&[]).to_vec()),
        (pcap::RAW_IP, true) => {
            let v6 = bytes.first().is_some_and(|b| b >> 4 == 6);
            let kind: [u8; 2] = if v6 { [0x86, 0xdd] } else { [8, 0] };
            let head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
            Ok([&head[..], &kind, &bytes].concat())
        }
        (other, _) => Err(format!("link type {other} is neither Ethernet nor IP")),
    };
    let mut out = Vec::new();
    for (i, bytes) in capture.packets.into_iter().enumerate() {
        out.push((format!("packet {}", i + 1), fit(bytes).map_err(fail)?));
    }
    if out.is_empty() {
        return Err(fail("no packets in it".into()));
    }
    Ok(out)
}

/// Writes the packets as the runs left them.
pub(super) fn write_pcap(
    path: &Path,
    program: &Program,
    report: &SmokeReport,
) -> Result<(), Failure> {
    let link = if has_link_header(program.prog_type) {
        pcap::ETHERNET
    } else {
        pcap::RAW_IP
    };
    let packets = report
        .runs
        .iter()
        .filter_map(|r| r.after.as_ref()?.packet.as_deref());
    let bytes = pcap::write(link, packets);
    output::write_bytes(&bytes, path)
}

/// The files of `--map`.
pub(super) fn presets(args: &RunArgs, program: &Program) -> Result<Vec<Preset>, Failure> {
    let mut out = Vec::new();
    let entries = args
        .open
        .stated
        .map
        .iter()
        .filter(|word| !Manifest::is_setting(word));
    for spec in entries {
        let usage = || Failure::usage(format!("--map {spec}: NAME=FILE is wanted"));
        let (name, file) = spec.split_once('=').ok_or_else(usage)?;
        let fail = |e: String| Failure::usage(format!("--map {name}: {e}"));
        let def = program.maps.iter().find(|m| &*m.name == name);
        let def = def.ok_or_else(|| {
            let names: Vec<&str> = program.maps.iter().map(|m| &*m.name).collect();
            fail(format!("no such map; there are: {}", names.join(", ")))
        })?;
        let bytes = files::read(Path::new(file))?;
        let entries = read_entries(program, def, &bytes).map_err(fail)?;
        out.push(Preset {
            map: name.to_owned(),
            entries,
        });
    }
    Ok(out)
}
