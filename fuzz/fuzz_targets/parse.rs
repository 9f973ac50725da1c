#![no_main]
bpfassay_fuzz::harness!("parse", object);
