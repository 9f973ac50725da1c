//! Files beside the objects: configuration and baselines, logs, profiles,
//! captures, contents of maps and saved inputs.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use bpfassay::check::programs_of;
use bpfassay::config::{self, Baseline, Settings};
use bpfassay::diagnostics::{Context, describe, kernel_words, log};
use bpfassay::programs::{Program, decode};
use bpfassay::report::text::{Style, render_diagnostic};
use bpfassay::report::{Report, run as run_report};
use bpfassay::smoke::{Input, Preset, SmokeOptions, pcap, scenario};
use bpfassay::target::{Profile, Target};
use bpfassay::{Options, TargetChoice};

const REFUSED: &[u8] = include_bytes!("../../../tests/corpus/reject/registers.o");
const MAPS: &[u8] = include_bytes!("../../../tests/corpus/accept/collections.o");
const PACKETS: &[u8] = include_bytes!("../../../tests/corpus/accept/xdp_router.o");

/// Most packets or entries that are worth a run.
const MOST: usize = 2;
/// Instructions of all runs.
const FUEL: u64 = 1 << 12;

fn with_target<T>(then: impl FnOnce(&Options<'_>) -> T) -> T {
    let target = Target::default();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: None,
    }];
    then(&Options::new("fuzz.o", &targets))
}

fn programs(object: &[u8]) -> Vec<Arc<Program>> {
    let linked = with_target(|options| programs_of(object, options));
    let all = linked.unwrap_or_default().into_iter().flatten();
    all.map(Arc::new).collect()
}

/// A configuration, a baseline and a report, each as if the text were one; what is right
/// of the first two judges a report.
pub(super) fn config(bytes: &[u8]) {
    static REPORT: LazyLock<Report> = LazyLock::new(|| {
        with_target(|options| {
            bpfassay::check(
                REFUSED,
                &Options {
                    smoke: false,
                    ..*options
                },
            )
        })
    });
    if let Ok(report) = bpfassay::report::read::report(bytes) {
        super::draw(&report);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let parsed = config::parse(text);
    if let Err(e) = &parsed {
        e.line(text);
        if let Some(span) = &e.span {
            let _ = text.get(span.clone());
        }
    }
    let baseline = Baseline::parse(text);
    if let Err(e) = &baseline {
        e.line(text);
    }
    let (config, baseline) = (parsed.ok(), baseline.ok());
    if config.is_none() && baseline.is_none() {
        return;
    }
    let settings = Settings {
        config: config.unwrap_or_default(),
        ..Settings::default()
    };
    let mut report = REPORT.clone();
    let run = config::Run {
        file: Some(("bpfassay.toml", text)),
        baseline: baseline.as_ref(),
        name: &str::to_owned,
        only: None,
        others: &[],
        source: &|_, _| None,
    };
    config::judge(&mut report, &settings, &run);
    config::fails(&report, config::FailOn::default(), true);
    super::render(&report);
    if let Some(baseline) = &baseline {
        let again = Baseline::parse(&baseline.render());
        assert!(again.is_ok(), "a baseline that we wrote is refused");
    }
}

/// A kernel's log, told on programs that may or may not be its own.
pub(super) fn log(bytes: &[u8]) {
    static PROGRAMS: LazyLock<Vec<Arc<Program>>> = LazyLock::new(|| programs(REFUSED));
    let text = String::from_utf8_lossy(bytes);
    let log = log::read(&text);
    for failure in &log.failures {
        failure.what();
        failure.rule();
    }
    for refusal in &log.refusals {
        refusal.rule();
        refusal.what();
        refusal.labels();
        let Some(found) = refusal.refusal() else {
            continue;
        };
        let fits = PROGRAMS.iter().find(|p| refusal.fits(p));
        for program in fits.into_iter().chain(PROGRAMS.first()) {
            let context = Context {
                program,
                ops: &decode(&program.insns),
                target: "the kernel of the log",
                kernel: None,
                source_text: &|_| None,
            };
            let mut out = String::new();
            render_diagnostic(
                &mut out,
                &describe(&context, &found, kernel_words::NEWEST),
                Style::default(),
            );
        }
    }
}

/// A runtime's profile, asked about an object.
pub(super) fn profile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Profile::parse(text) {
        Err(e) => {
            let mut out = String::new();
            let _ = write!(out, "{e}");
        }
        Ok(profile) => {
            let target = Target::from_profile(profile);
            let targets = [TargetChoice {
                target: &target,
                kernel_btf: None,
            }];
            let options = Options {
                smoke: false,
                only: Some("count_by_key"),
                ..Options::new("fuzz.o", &targets)
            };
            super::render(&bpfassay::check(REFUSED, &options));
        }
    }
}

/// A capture: written again it holds the same packets, and they can be run on.
pub(super) fn pcap(bytes: &[u8]) {
    static PROGRAM: LazyLock<Option<Arc<Program>>> =
        LazyLock::new(|| programs(PACKETS).into_iter().next());
    let Ok(capture) = pcap::read(bytes) else {
        return;
    };
    let packets = capture.packets.iter().map(Vec::as_slice);
    let again = pcap::read(&pcap::write(capture.link_type, packets));
    let again = again.unwrap_or_else(|e| panic!("a capture that we wrote is refused: {e}"));
    assert_eq!(again.packets, capture.packets);
    let input = |packet: &Vec<u8>| Input {
        packet: packet.clone(),
        ..Input::default()
    };
    let inputs: Vec<Input> = capture.packets.iter().take(MOST).map(input).collect();
    if let (Some(program), false) = (&*PROGRAM, inputs.is_empty()) {
        run(program, &inputs, &[]);
    }
}

/// Contents of maps, and the file of a saved input.
pub(super) fn preset(bytes: &[u8]) {
    static PROGRAMS: LazyLock<Vec<Arc<Program>>> = LazyLock::new(|| programs(MAPS));
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(file) = run_report::read_input_file(text)
    {
        let written = run_report::input_file(&file.object, &file.program, &file.input, None);
        let again = run_report::read_input_file(&written);
        assert_eq!(again, Ok(file), "an input that we wrote");
    }
    let Some(program) = PROGRAMS.first() else {
        return;
    };
    for map in program.maps.iter() {
        let Ok(entries) = run_report::read_entries(program, map, bytes) else {
            continue;
        };
        let preset = Preset {
            map: map.name.to_string(),
            entries,
        };
        run(program, &[Input::default()], &[preset]);
    }
}

/// The world of a run: what is taken serves a router and a filter.
pub(super) fn scenario(bytes: &[u8]) {
    static PROGRAMS: LazyLock<Vec<Arc<Program>>> = LazyLock::new(|| programs(PACKETS));
    let Some(text) = std::str::from_utf8(bytes).ok() else {
        return;
    };
    let Ok(scenario) = scenario::read(text) else {
        return;
    };
    let scenario = Arc::new(scenario);
    for program in PROGRAMS.iter().take(MOST) {
        let smoke = SmokeOptions {
            fuel: FUEL,
            total_fuel: FUEL,
            most: MOST,
            keep: true,
            scenario: Some(Arc::clone(&scenario)),
            ..SmokeOptions::default()
        };
        let report = bpfassay::smoke::run(program, &smoke);
        super::render_run(program, &report, &[]);
    }
}

fn run(program: &Arc<Program>, inputs: &[Input], presets: &[Preset]) {
    let smoke = SmokeOptions {
        fuel: FUEL,
        total_fuel: FUEL,
        only: Some(inputs),
        presets,
        keep: true,
        ..SmokeOptions::default()
    };
    let report = bpfassay::smoke::run(program, &smoke);
    super::render_run(program, &report, &[]);
}
