#![no_main]
bpfassay_fuzz::harness!("audit", object);
