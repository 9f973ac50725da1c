#![no_main]
bpfassay_fuzz::harness!("scenario");
