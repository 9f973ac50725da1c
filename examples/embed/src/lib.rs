//! A small kernel-like host, without `std`: what a kernel in Rust needs around
//! `bpfassay` to verify programs when they are loaded, and then to run them unchecked.
//!
//! A request comes as it comes to `bpf(2)`: a command, a structure of attributes, and
//! addresses in the memory of whoever asks ([`UserMemory`]). A program is verified within
//! a budget of states and bytes. Only what is accepted is kept, lowered to what rbpf does
//! rightly, and run without any check of memory: as DragonOS runs rbpf, which has no
//! verifier of its own. Maps are the host's, behind a trait ([`Map`]).
//!
//! What the host offers is a profile, `host.toml`: programs that need more are refused
//! with the same words that `bpfassay check --profile host.toml` has for them.
//!
//! | file | holds |
//! |---|---|
//! | `host.rs` | the commands, descriptors, budget, log |
//! | `attr.rs` | reading the structures of attributes |
//! | `maps.rs` | the trait, an array and a hash |
//! | `lower.rs` | from verified instructions to rbpf's |
//! | `vm.rs` | contexts, helpers, running |
//! | `bin/kernel.rs` | all of it on a bare machine |

#![no_std]

extern crate alloc;

mod attr;
mod errno;
mod host;
mod lower;
mod maps;
mod vm;

pub use attr::UserMemory;
pub use errno::Errno;
pub use host::{Host, cmd};
pub use maps::Map;
pub use vm::XdpContext;
