//! The public bpf_conformance suite, through both engines, if it is at hand:
//! `BPFASSAY_CONFORMANCE` names a folder with its `tests/*.data` (or that folder
//! itself). Each file has a program, perhaps memory, and the r0 to expect.

mod asm;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bpfassay::helpers_spec::ProgType;
use bpfassay::programs::raw;
use bpfassay::report::values::{hex, unhex};
use bpfassay::smoke::plain;
use bpfassay::smoke::run::Engines;

/// One test of the suite.
#[derive(Default)]
struct Case {
    name: String,
    program: Vec<u8>,
    memory: Vec<u8>,
    result: u64,
}

fn parse(name: &str, text: &str) -> Result<Case, String> {
    let mut section = "";
    let (mut asm, mut memory, mut raw, mut result) =
        (String::new(), String::new(), Vec::new(), None);
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        if let Some(word) = line.strip_prefix("-- ") {
            section = word;
        } else if !line.is_empty() {
            match section {
                "asm" => asm.push_str(&format!("{line}\n")),
                "mem" => memory.push_str(line),
                "raw" => raw.extend(line.split_whitespace().map(str::to_owned)),
                "result" => result = Some(line.to_owned()),
                _ => {}
            }
        }
    }
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let result = result.ok_or("no result")?;
    let program = if raw.is_empty() {
        asm::assemble(&asm)?
    } else {
        let words: Result<Vec<u64>, _> = raw.iter().map(|w| number(w)).collect();
        let words = words.map_err(|e| e.to_string())?;
        words.iter().flat_map(|w| w.to_le_bytes()).collect()
    };
    Ok(Case {
        name: name.to_owned(),
        program,
        memory: unhex(&memory).ok_or("memory is not hexadecimal")?,
        result: number(&result).map_err(|e| format!("{result}: {e}"))?,
    })
}

fn suite() -> Vec<Case> {
    let dir = std::env::var_os("BPFASSAY_CONFORMANCE").map(PathBuf::from);
    let dir = dir.expect("BPFASSAY_CONFORMANCE names a copy of bpf_conformance");
    let dir = if dir.join("tests").is_dir() {
        dir.join("tests")
    } else {
        dir
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "data"))
        .collect();
    paths.sort();
    let cases = paths.iter().map(|p| {
        let name = p.file_stem().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(p).unwrap();
        parse(&name, &text).unwrap_or_else(|e| panic!("{name}: {e}"))
    });
    cases.collect()
}

fn result_of(case: &Case, engines: Engines) -> Result<u64, String> {
    let input = raw::Input::Slots(&case.program);
    let program = raw::program(input, &case.name, Some((ProgType::SocketFilter, None)))?;
    let outcome = plain::run(program, &case.memory, engines).map_err(|f| f.to_string())?;
    Ok(outcome.ret)
}

#[test]
#[ignore = "needs a copy of bpf_conformance: cargo xtask oracle"]
fn every_test_of_the_suite_passes_in_both_engines() {
    let cases = suite();
    assert!(cases.len() >= 250, "only {} tests found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        for engines in [Engines::Reference, Engines::Rbpf, Engines::Both] {
            let result = result_of(case, engines);
            if result != Ok(case.result) {
                wrong.push(format!(
                    "{} {engines:?}: {result:x?}, not {:#x}",
                    case.name, case.result
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    eprintln!("{} tests pass in both engines", cases.len());
}

/// What the suite's runner would read from the plugin.
fn plugin(program: &[u8], memory: &[u8], engine: &str) -> String {
    // As the runner does: each byte in digits and blanks, the memory in front.
    let spaced = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|b| format!("{b:02x}  "))
            .collect::<String>()
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpfassay"));
    if !memory.is_empty() {
        command.arg(spaced(memory));
    }
    let mut child = command
        .args(["run", "--plugin", "--engine", engine])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let digits = spaced(program);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(digits.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs a copy of bpf_conformance: cargo xtask oracle"]
fn the_plugin_speaks_the_suites_protocol() {
    let program = asm::assemble("ldxh %r0, [%r1+1]\nbe16 %r0\nadd %r0, %r2\nexit").unwrap();
    for engine in ["reference", "rbpf", "both"] {
        assert_eq!(plugin(&program, &[1, 2, 3, 4], engine), "207", "{engine}");
        let constant = asm::assemble("lddw %r0, 0xfedcba9876543210\nexit").unwrap();
        assert_eq!(
            plugin(&constant, &[], engine),
            "fedcba9876543210",
            "{engine}"
        );
    }
    let cases = suite();
    for case in cases.iter().step_by(25) {
        let got = u64::from_str_radix(&plugin(&case.program, &case.memory, "rbpf"), 16);
        assert_eq!(got, Ok(case.result), "{}", case.name);
    }
}

/// The assembler above, against slots that were worked out by hand.
#[test]
fn the_assembler_encodes_as_the_suite_means() {
    for (text, slots) in [
        ("mov %r0, -1", "b7 00 0000 ffffffff"),
        ("mov32 %r2, %r1", "bc 12 0000 00000000"),
        ("stxdw [%r10-8], %r0", "7b 0a f8ff 00000000"),
        ("lock fetch add32 [%r10-8], %r1", "c3 1a f8ff 01000000"),
        ("movsx1632 %r0, %r1", "bc 10 1000 00000000"),
        ("sdiv %r0, 2", "37 00 0100 02000000"),
        ("jsle32 %r1, 5, +3", "d6 01 0300 05000000"),
        ("be16 %r3", "dc 03 0000 10000000"),
        ("swap64 %r3", "d7 03 0000 40000000"),
        ("call %r2", "8d 02 0000 00000000"),
    ] {
        assert_eq!(
            hex(&asm::assemble(text).unwrap()),
            slots.replace(' ', ""),
            "{text}"
        );
    }
    let jumps = asm::assemble("ja32 exit\nmov %r0, 1\nexit").unwrap();
    assert_eq!(hex(&jumps[..8]), "0600000001000000");
}
