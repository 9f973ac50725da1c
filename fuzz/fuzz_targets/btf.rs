#![no_main]
bpfassay_fuzz::harness!("btf", types);
