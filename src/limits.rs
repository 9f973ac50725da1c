//! Every budget of the tool itself, with its origin. Limits of a kernel belong
//! to `target`.

/// The largest input file read, in bytes. The largest BPF objects in use are a
/// few megabytes; a vmlinux with BTF stays below this too.
pub const MAX_INPUT_BYTES: u64 = 1 << 30;

/// The largest source file read for an explanation.
pub const MAX_SOURCE_BYTES: u64 = 16 << 20;

/// Stack of a worker thread. The engine keeps its own work lists; this leaves
/// room for deeply nested types.
pub const WORKER_STACK_BYTES: usize = 16 << 20;
