//! Populated runs: what user space may have put into maps, and the choice of inputs.

use super::{image, program, run_with};
use crate::smoke::inputs::{Input, for_program};
use crate::smoke::run::{Preset, SmokeOptions, run};
use crate::smoke::runtime::Config;

const LOOKUP: &str = ".map m hash 4 16 8\n*(u32 *)(r10 - 4) = 7\nr1 = map[m] ll\nr2 = r10\n\
    r2 += -4\ncall bpf_map_lookup_elem\nif r0 == 0 goto out\nr0 = 1\nout:\nexit";

fn config(seed: u64, populate: bool) -> Config {
    Config {
        seed,
        populate,
        ..Config::default()
    }
}

#[test]
fn missing_keys_are_found_three_times_in_four() {
    let image = image(LOOKUP);
    let hits = |populate| -> u64 {
        let ret = |seed| {
            run_with(&image, &config(seed, populate), |_| 0)
                .0
                .unwrap()
                .ret
        };
        (1..=64).map(ret).sum()
    };
    assert_eq!(hits(false), 0);
    let hits = hits(true);
    assert!((32..64).contains(&hits), "{hits}");
}

#[test]
fn arrays_hold_numbers_but_for_what_the_kernel_keeps() {
    let text = ".map m array 4 8 4\n*(u32 *)(r10 - 4) = 2\nr1 = map[m] ll\nr2 = r10\n\
        r2 += -4\ncall bpf_map_lookup_elem\nif r0 == 0 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nexit";
    let image = image(text);
    let value = |seed| run_with(&image, &config(seed, true), |_| 0).0.unwrap().ret;
    let values: Vec<u64> = (1..=32).map(value).collect();
    assert!(values.contains(&0));
    assert!(values.iter().filter(|v| **v != 0).count() > 8, "{values:?}");
    // The seed decides.
    assert_eq!(values.get(4), Some(&value(5)));
}

#[test]
fn a_capped_choice_of_inputs_is_spread() {
    let p = program("r0 = 0\nexit");
    let all = for_program(&p, 8, usize::MAX, 1);
    let some = for_program(&p, 8, 10, 1);
    assert!(all.len() > 25);
    assert_eq!(some.len(), 10);
    assert!(some.iter().all(|i| all.contains(i)));
    assert_eq!(some.first(), all.first());
    let lengths: std::collections::BTreeSet<usize> = some.iter().map(|i| i.packet.len()).collect();
    assert!(lengths.len() >= 6, "{lengths:?}");
    assert!(some.iter().any(|i| i.populated) && some.iter().any(|i| !i.populated));
}

#[test]
fn presets_are_there_and_what_is_left_is_kept() {
    let p = program(LOOKUP);
    let presets = [Preset {
        map: "m".into(),
        entries: vec![(7u32.to_le_bytes().to_vec(), vec![9; 16])],
    }];
    let inputs = [Input {
        packet: vec![0; 20],
        ..Input::default()
    }];
    let with = |presets: &[Preset]| {
        run(
            &p,
            &SmokeOptions {
                only: Some(&inputs),
                presets,
                keep: true,
                ..SmokeOptions::default()
            },
        )
    };
    let report = with(&presets);
    let one = &report.runs[0];
    assert_eq!(one.result.as_ref().unwrap().ret, 1);
    let after = one.after.as_ref().unwrap();
    assert_eq!(after.packet.as_deref(), Some(&[0u8; 20][..]));
    assert_eq!(after.maps[0].entries, presets[0].entries);
    assert_eq!(with(&[]).runs[0].result.as_ref().unwrap().ret, 0);
    // A preset that cannot be is no fault of the program's.
    let wrong = [Preset {
        map: "m".into(),
        entries: vec![(vec![1, 2], vec![9; 16])],
    }];
    assert!(with(&wrong).runs.is_empty());
}
