#![no_main]
bpfassay_fuzz::harness!("unpack");
