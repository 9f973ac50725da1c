//! Every budget of the tool itself, with its origin. Limits of a kernel belong
//! to `target`.

/// Seconds of a whole run, over all inputs (`--max-time`). Two thousand objects
/// of kernel selftests take ten; a CI job is ended after many minutes, without its
/// report. What is left then is `unknown`.
pub const RUN_SECONDS: u64 = 300;

/// Bytes that a whole run holds at one time by our own count (`--max-memory`):
/// states, smoke runs, inputs, reports. The largest programs of the kernel's
/// selftests take a tenth; the smallest hosted runners have several times as much.
pub const RUN_BYTES: u64 = 1 << 30;

/// The most worker threads, whatever `--jobs` or the environment ask for: beyond
/// the processors of any machine, more threads only take room for stacks.
pub const MAX_JOBS: usize = 128;

/// The largest input file read, in bytes. The largest BPF objects in use are a
/// few megabytes; a vmlinux with BTF stays below this too.
pub const MAX_INPUT_BYTES: u64 = 1 << 30;

/// The most that is read from what is no regular file (a pipe, a device), which
/// does not tell its size.
pub const MAX_STREAM_BYTES: u64 = 64 << 20;

/// Seconds within which such an input has to end.
pub const STREAM_SECONDS: u64 = 30;

/// Objects that one directory may give, and how deep it is looked into: enough for
/// any build tree, not for a file system.
pub const MAX_DIR_OBJECTS: usize = 100_000;

/// See [`MAX_DIR_OBJECTS`].
pub const MAX_DIR_DEPTH: usize = 16;

/// Bytes that all objects of a run take that were found in other files, and what was
/// unpacked to find them: some hundred times what a distribution's packages embed.
pub const MAX_UNPACKED_BYTES: u64 = 512 << 20;

/// The most that one compressed file may stand for: larger than any program with
/// embedded objects, small enough to hold.
pub const MAX_UNPACKED_FILE: u64 = 256 << 20;

/// What a decoder may keep while it unpacks. The highest usual levels of xz and zstd ask
/// for 64 and 128 MiB.
pub const MAX_WINDOW_BYTES: u64 = 128 << 20;

/// Carriers in one another: a compressed archive of compressed programs is three.
pub const MAX_CARRIERS: usize = 4;

/// The largest source file read for an explanation: generated headers with every type of
/// a kernel take 3 MiB.
pub const MAX_SOURCE_BYTES: u64 = 8 << 20;

/// Bytes of steps, drawings and states in a report page: browsers open it at once, and
/// a CI job keeps it as an artefact.
pub const PAGE_VIEW_BYTES: usize = 24 << 20;

/// Steps of a verification that a page shows at the beginning, and at the end: more
/// than anybody steps through, and about 60 KB.
pub const PAGE_STEPS: usize = 600;

/// Inputs on which `check` runs an accepted program that is not about packets.
pub const SMOKE_INPUTS: usize = 8;

/// Inputs on which `check` runs one that is: a spread of the boundary packets.
pub const SMOKE_PACKETS: usize = 10;

/// Inputs that `check` tries on a program beside these, so that branches go where none
/// went.
pub const SMOKE_STEERED: usize = 32;

/// Instructions of one run in `check`: a few milliseconds.
pub const SMOKE_RUN_INSNS: u64 = 1 << 16;

/// Instructions of all runs of a program in `check`, before what verifying it
/// cost is added: programs that loop would run far longer than they are explored.
pub const SMOKE_BASE_INSNS: u64 = 1 << 14;

/// What is added for each instruction that the verifier processed.
pub const SMOKE_INSNS_PER_PROCESSED: u64 = 4;

/// Bytes that one run in `check` may make, copy and give out: four thousand records
/// of four kilobytes, and a few milliseconds.
pub const SMOKE_RUN_BYTES: u64 = 16 << 20;

/// Bytes of all runs of a program in `check`.
pub const SMOKE_BYTES: u64 = 32 << 20;

/// Bytes of a cache of results: those of some hundred thousand programs.
pub const CACHE_BYTES: u64 = 512 << 20;

/// Bytes of one result that is kept.
pub const CACHE_ENTRY_BYTES: u64 = 16 << 20;

/// Stack of a worker thread. The engine keeps its own work lists; this leaves
/// room for deeply nested types.
pub const WORKER_STACK_BYTES: usize = 16 << 20;

/// Bytes of one message that `mcp` takes: a kernel's log of a large program is the longest
/// that anybody sends.
pub const MCP_MESSAGE_BYTES: u64 = 16 << 20;

/// Messages that wait in `mcp` while a call is worked on.
pub const MCP_WAITING: usize = 256;

/// Bytes of all of them together.
pub const MCP_WAITING_BYTES: usize = 64 << 20;

/// Bytes of the text of one answer of `mcp`: some ten thousand words of a model.
pub const MCP_ANSWER_BYTES: usize = 40_000;

/// Lines before and after its own where `lsp` looks for a line that has moved.
pub const LSP_NEAR_LINES: u32 = 400;

/// Documents that `lsp` follows while they are edited.
pub const LSP_OPEN: usize = 1000;

/// Complaints of one object that `lsp` shows: more than anybody reads.
pub const LSP_NOTES: usize = 2000;

/// Characters of one text in a complaint of `lsp`.
pub const LSP_TEXT: usize = 2000;

/// Objects that `lsp` looks after.
pub const LSP_OBJECTS: usize = 2000;

/// Folders and files that `lsp` looks at to find objects: a large checkout has some ten
/// thousand.
pub const LSP_ENTRIES: usize = 200_000;

/// Seconds of a build command, unless the configuration says otherwise, and at most.
pub const LSP_BUILD_SECONDS: u64 = 120;

/// See [`LSP_BUILD_SECONDS`].
pub const LSP_BUILD_MOST_SECONDS: u64 = 3600;

/// Seconds that a server waits, when it ends, until its build is gone.
pub const LSP_BUILD_END_SECONDS: u64 = 5;

/// Bytes of a build's output that are told when it fails.
pub const LSP_BUILD_BYTES: usize = 4000;

/// Seconds that a hover may take.
pub const LSP_HOVER_SECONDS: u64 = 10;

/// Programs that a hover tells of.
pub const LSP_HOVER_PROGRAMS: usize = 3;

/// Folders and files that `check --watch` looks at below a folder.
pub const WATCHED_ENTRIES: usize = 200_000;

/// Milliseconds between looks at the objects that are known, and at the configuration.
pub const LSP_POLL_MILLIS: u64 = 1000;

/// After so many of them new objects are looked for, for clients that do not watch files.
pub const LSP_SEARCH_LOOKS: u64 = 15;

/// Variables that a hover tells of.
pub const LSP_HOVER_VARIABLES: usize = 24;

/// Instructions of one line that a hover looks at.
pub const LSP_HOVER_SLOTS: usize = 256;
