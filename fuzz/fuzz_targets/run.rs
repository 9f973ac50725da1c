#![no_main]
bpfassay_fuzz::harness!("run", object);
