#![no_main]
bpfassay_fuzz::harness!("check", object);
