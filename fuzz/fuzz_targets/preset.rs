#![no_main]
bpfassay_fuzz::harness!("preset");
