//! `bpfassay` predicts, offline, what the Linux verifier says of eBPF objects.
//!
//! # What does a verifier say?
//!
//! ```
//! use bpfassay::{Check, Object, Target, Verdict};
//!
//! # let bytes = include_bytes!("../tests/corpus/reject/memory.o");
//! let object = Object::parse("memory.o", bytes)?;
//! let report = Check::new()
//!     .target("linux-6.18".parse::<Target>()?)
//!     .program("packet_unchecked")
//!     .on(&object);
//! let Verdict::Reject(rejection) = &report.programs[0].verdict else {
//!     panic!("a packet is read without a check");
//! };
//! assert_eq!(rejection.code.name(), "packet-access-unchecked");
//! assert!(rejection.span.file.ends_with("memory.c"));
//! println!("{}: {}", rejection.span, rejection.what);
//! # assert!(rejection.span.line > 1 && rejection.span.column > 1);
//! # assert_eq!(rejection.refusal.code(), rejection.code);
//! # assert_eq!(rejection.insn, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What does an object need?
//!
//! ```
//! use bpfassay::{Audit, Object};
//!
//! # let bytes = include_bytes!("../tests/corpus/accept/xdp_l4lb.o");
//! let object = Object::parse("xdp_l4lb.o", bytes)?;
//! let report = Audit::new().on(&object);
//! let balancer = &report.programs[0];
//! assert_eq!(balancer.verdict, "accept");
//! assert!(balancer.calls.iter().any(|c| c.name == "bpf_map_lookup_elem"));
//! let oldest = report.oldest.ok_or("no known kernel loads it")?;
//! println!("runs from {oldest} on, with {:?}", report.capabilities);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
#![cfg_attr(
    feature = "smoke",
    doc = r##"# What does a program do?

With the feature `smoke`:

```
use bpfassay::{Object, Run};

# let bytes = include_bytes!("../tests/corpus/accept/xdp_l4lb.o");
let object = Object::parse("xdp_l4lb.o", bytes)?;
let report = Run::new().program("balancer").packet([0; 60]).on(&object)?;
assert!(report.passed());
let run = &report.runs[0];
assert_eq!(run.meaning, Some("XDP_PASS"));
assert!(run.insns > 0 && report.reached.0 > 0);
# Ok::<(), Box<dyn std::error::Error>>(())
```
"##
)]
//!
//! # Features
//!
//! `cli` (default) is the command, and implies `smoke`, `parallel` and `std`. `smoke` runs
//! what is accepted; `parallel` uses threads; `kernel` asks the running kernel. With `std`
//! alone an object is parsed, checked, audited and linted in the caller's thread, and no
//! file is touched. Without any, the library is `no_std` with `alloc`, for those who embed
//! a verifier: it links, verifies, explains, and knows what programs need; it makes no
//! reports, and no kernel's types come with it.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

// Data flows one way through the rooms below; a room imports only those before it
// (`helpers_spec`, `target`, `budget` and `untrusted` are read by all). Tests and
// examples look into them; nobody else should.
#[doc(hidden)]
pub mod abstract_interp;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod budget;
#[doc(hidden)]
pub mod cfg;
#[doc(hidden)]
#[cfg(feature = "std")]
pub mod check;
#[doc(hidden)]
#[cfg(feature = "cli")]
pub mod cli;
#[doc(hidden)]
#[cfg(feature = "std")]
pub mod config;
#[doc(hidden)]
pub mod diagnostics;
mod face;
#[doc(hidden)]
pub mod helpers_spec;
#[doc(hidden)]
#[cfg(feature = "kernel")]
pub mod kernel;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod object;
mod once;
mod prelude;
#[doc(hidden)]
pub mod programs;
#[doc(hidden)]
#[cfg(feature = "std")]
pub mod report;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
#[cfg(feature = "smoke")]
pub mod smoke;
#[doc(hidden)]
pub mod target;
#[doc(hidden)]
#[cfg(feature = "cli")]
pub mod unpack;
#[doc(hidden)]
pub mod untrusted;
#[doc(hidden)]
#[cfg(feature = "cli")]
pub mod view;

#[doc(hidden)]
#[cfg(feature = "std")]
pub use check::{InputKind, Options, TargetChoice, audit as audit_object, check};

pub use abstract_interp::{Code, Refusal};
pub use face::*;
pub use object::ObjectError;
pub use rules::Severity;

/// The typed facts of a [`Refusal`].
pub mod refusal {
    pub use crate::abstract_interp::refusal::*;
}
