//! What loaders say by themselves: libbpf, cilium/ebpf, Aya, iproute2, bpftool.
//!
//! They prefix a kernel's log, cut it to one line, or fail before any program is
//! loaded: a map that is not created, a symbol that no kernel has, types that are
//! missing. Each such failure is a [`LoaderStep`], told with what it means; a bare
//! error number is told by what the call gives it for.

use alloc::borrow::Cow;

use super::evidence::{number, quoted};
use crate::prelude::*;
use crate::rules::{self, Rule};

/// What a loader could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoaderStep {
    /// Load a program; why, only an error number says.
    Load,
    /// Create a map.
    MapCreate,
    /// Find a kernel's function or variable of the type that the object declares.
    Extern,
    /// Find what the program attaches to.
    AttachTarget,
    /// Tell the program's type from its section.
    Section,
    /// Find the kernel's types.
    KernelTypes,
    /// Put a program into a map of programs of another type.
    ProgramMap,
    /// Load more instructions than the kernel takes.
    TooManyInsns,
}

/// A loader's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderFailure {
    /// What failed.
    pub step: LoaderStep,
    /// The map, symbol or program.
    pub subject: Option<String>,
    /// The error number, where one is given.
    pub errno: Option<u32>,
    /// The line.
    pub words: String,
}

/// What a line of words is.
pub(super) enum Said<'a> {
    /// A kernel's words.
    Kernel(&'a str),
    /// A failure of the loader.
    Failure(LoaderFailure),
    /// The whole of a refusal in one line.
    OneLine {
        program: Option<&'a str>,
        words: &'a str,
        omitted: Option<u64>,
    },
    /// Nothing that tells anything.
    Note,
}

/// Error numbers of bpf(2): number, name, text.
const ERRORS: &[(u32, &str, &str)] = &[
    (1, "EPERM", "operation not permitted"),
    (2, "ENOENT", "no such file or directory"),
    (3, "ESRCH", "no such process"),
    (7, "E2BIG", "argument list too long"),
    (9, "EBADF", "bad file descriptor"),
    (12, "ENOMEM", "cannot allocate memory"),
    (13, "EACCES", "permission denied"),
    (16, "EBUSY", "device or resource busy"),
    (17, "EEXIST", "file exists"),
    (22, "EINVAL", "invalid argument"),
    (28, "ENOSPC", "no space left on device"),
    (95, "EOPNOTSUPP", "operation not supported"),
    (524, "ENOTSUPP", "unknown error 524"),
];

/// How a step is recognised: words in a line, and where its subject stands.
const STEPS: &[(&str, LoaderStep)] = &[
    ("failed to create", LoaderStep::MapCreate),
    ("map create:", LoaderStep::MapCreate),
    ("Error in bpf_create_map_xattr(", LoaderStep::MapCreate),
    ("extern (", LoaderStep::Extern),
    (
        "failed to find kernel BTF type ID of",
        LoaderStep::AttachTarget,
    ),
    ("is not found in vmlinux BTF", LoaderStep::AttachTarget),
    ("missing BPF prog type", LoaderStep::Section),
    ("failed to guess program type", LoaderStep::Section),
    ("failed to find valid kernel BTF", LoaderStep::KernelTypes),
    ("Error loading vmlinux BTF", LoaderStep::KernelTypes),
    ("no BTF found for kernel version", LoaderStep::KernelTypes),
    ("Tail call map owned by prog type", LoaderStep::ProgramMap),
    ("Program  too large (", LoaderStep::TooManyInsns),
    ("BPF program load failed", LoaderStep::Load),
    ("Failed to load BPF program", LoaderStep::Load),
    ("load bpf program failed", LoaderStep::Load),
    ("BPF_PROG_LOAD", LoaderStep::Load),
    ("bpf_prog_load", LoaderStep::Load),
    ("load program:", LoaderStep::Load),
    ("failed to load", LoaderStep::Load),
    ("(os error ", LoaderStep::Load),
    ("Couldn't load trivial BPF program", LoaderStep::Load),
];

/// The lines of a line: an error that was printed for developers has a whole log in one,
/// its line ends spelled out.
pub(super) fn unfolded(raw: &str) -> Vec<Cow<'_, str>> {
    if raw.matches("\\n").count() < 2 {
        return vec![Cow::Borrowed(raw)];
    }
    let plain = |line: &str| line.replace("\\t", " ").replace("\\\"", "\"");
    raw.split("\\n").map(|line| plain(line).into()).collect()
}

/// A line without what a loader or a journal puts before each, and whether a loader
/// did.
pub(super) fn unprefixed(line: &str) -> (&str, bool) {
    let mut rest = line;
    let mut loader = false;
    if let Some(stamped) = rest.strip_prefix('[')
        && let Some((stamp, behind)) = stamped.split_once("] ")
        && stamp.contains('.')
        && stamp
            .trim()
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
    {
        rest = behind;
    }
    for prefix in ["libbpf: ", "bpf: ", "Error: ", "error: "] {
        if let Some(behind) = rest.strip_prefix(prefix) {
            rest = behind;
            loader = true;
        }
    }
    // Aya tells where the log begins.
    if let Some((_, log)) = rest.split_once("erifier output: ") {
        rest = log;
    }
    (rest.trim_start(), loader)
}

/// What a line says.
pub(super) fn said(line: &str, from_loader: bool) -> Said<'_> {
    if let Some(one) = one_line(line) {
        return one;
    }
    // What is tried again without types is no failure.
    if line.contains("Retrying without BTF") {
        return Said::Note;
    }
    let found = STEPS.iter().find(|(words, _)| line.contains(words));
    match found {
        Some((_, LoaderStep::MapCreate)) if !line.to_ascii_lowercase().contains("map") => {
            Said::Kernel(line)
        }
        Some(&(_, step)) => Said::Failure(LoaderFailure {
            step,
            subject: subject(line, step).map(str::to_owned),
            errno: errno(line),
            words: line.to_owned(),
        }),
        None if line == "Caused by:" || (from_loader && line.starts_with("prog '")) => Said::Note,
        None => Said::Kernel(line),
    }
}

/// `program x: load program: permission denied: WORDS (13 line(s) omitted)`. Errors that
/// were wrapped several times hold the words behind the last of these: they are no
/// such line again.
fn one_line(line: &str) -> Option<Said<'_>> {
    let (head, rest) = line.rsplit_once("load program: ")?;
    let words = ERRORS.iter().find_map(|(.., text)| {
        let (error, words) = rest.split_at_checked(text.len())?;
        error.eq_ignore_ascii_case(text).then_some(words)
    })?;
    let words = words.strip_prefix(": ")?;
    let (words, omitted) = match words.rsplit_once(" (") {
        Some((before, more)) if more.ends_with("omitted)") => (before, number(more)),
        _ => (words, None),
    };
    // The last `program x:` is the one.
    let program = head.rsplit_once("program ").map(|(_, name)| name);
    let program = program.and_then(|name| name.split(':').next());
    Some(Said::OneLine {
        program: program.map(str::trim).filter(|name| !name.is_empty()),
        words,
        omitted: omitted.map(u64::from),
    })
}

/// The lines that one line was made of: the refused instruction, and the words.
pub(super) fn parts(words: &str) -> Vec<&str> {
    let insn = words.split_once(": (").and_then(|(slot, rest)| {
        slot.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        let end = rest.find(": ")?;
        let at = slot.len().checked_add(3)?.checked_add(end)?;
        Some((words.get(..at)?, words.get(at.checked_add(2)?..)?))
    });
    match insn {
        Some((insn, words)) => vec![insn, words],
        None => vec![words],
    }
}

/// What a failure is about.
fn subject(line: &str, step: LoaderStep) -> Option<&str> {
    let ticked = || line.split('`').nth(1).filter(|name| !name.is_empty());
    let between = |from: &str, to: char| {
        let (_, rest) = line.split_once(from)?;
        rest.split(to).next().filter(|name| !name.is_empty())
    };
    match step {
        LoaderStep::MapCreate => quoted(line)
            .or_else(ticked)
            .or_else(|| between("bpf_create_map_xattr(", ')'))
            .or_else(|| between("map ", ':').filter(|name| !name.contains(' '))),
        LoaderStep::AttachTarget => {
            // `prog 'x': failed to find ... of 'y'`.
            line.rsplit('\'').nth(1).filter(|name| !name.is_empty())
        }
        LoaderStep::ProgramMap | LoaderStep::TooManyInsns | LoaderStep::KernelTypes => None,
        _ => quoted(line).or_else(ticked),
    }
}

/// The error number of a line: `(-22)`, `: -22`, `(os error 524)`, `-EINVAL`, or the
/// words of one.
fn errno(line: &str) -> Option<u32> {
    for before in ["(os error ", "(-", ": -", "code -", "error: -"] {
        if let Some((_, rest)) = line.rsplit_once(before)
            && let Some(errno) = number(rest).filter(|n| (1..4096).contains(n))
        {
            return Some(errno);
        }
    }
    let lower = line.to_ascii_lowercase();
    let named = |(_, name, text): &&(u32, &str, &str)| line.contains(name) || lower.contains(text);
    ERRORS.iter().find(named).map(|(n, ..)| *n)
}

impl LoaderFailure {
    /// Whether it only says that the refused program was not loaded.
    pub(super) fn follows_refusal(&self) -> bool {
        self.step == LoaderStep::Load
    }

    /// The page about it.
    pub fn rule(&self) -> Option<&'static Rule> {
        rules::find(match (self.step, self.errno) {
            (LoaderStep::MapCreate | LoaderStep::Load, Some(1)) => "privilege-missing",
            (LoaderStep::MapCreate, _) => "map-size-invalid",
            (LoaderStep::AttachTarget, _) => "attach-target-unknown",
            (LoaderStep::ProgramMap, _) => "program-map-shared",
            (LoaderStep::KernelTypes, _) => "no-kernel-btf",
            (LoaderStep::TooManyInsns, _) => "program-too-large",
            (LoaderStep::Extern, _) => "unknown-function",
            _ => return None,
        })
    }

    /// The name of the error number.
    fn error(&self) -> String {
        let Some(errno) = self.errno else {
            return String::new();
        };
        match ERRORS.iter().find(|(n, ..)| *n == errno) {
            Some((_, name, text)) => format!(": {name} ({text})"),
            None => format!(": error {errno}"),
        }
    }

    /// One sentence: what failed.
    pub fn what(&self) -> String {
        let subject = |what: &str| match &self.subject {
            Some(name) => format!("{what} `{name}`"),
            None => format!("a {what}"),
        };
        let error = self.error();
        match self.step {
            LoaderStep::Load => format!("{} was not loaded{error}", subject("program")),
            LoaderStep::MapCreate => format!("{} was not created{error}", subject("map")),
            LoaderStep::Extern if self.words.contains("incompatible") => {
                format!(
                    "{} is declared with another type than this kernel's",
                    subject("extern")
                )
            }
            LoaderStep::Extern => format!("{} is not in this kernel", subject("extern")),
            LoaderStep::AttachTarget => {
                format!(
                    "{} is not in this kernel's types{error}",
                    subject("attach target")
                )
            }
            LoaderStep::Section => format!("no program type belongs to {}", subject("section")),
            LoaderStep::KernelTypes => format!("the kernel's types were not found{error}"),
            LoaderStep::ProgramMap => {
                "a program is put into a map of programs that belongs to another type".into()
            }
            LoaderStep::TooManyInsns => format!("the program was not loaded{error}"),
        }
    }

    /// What it means, in a sentence or two.
    pub fn why(&self) -> &'static str {
        match (self.step, self.errno) {
            (LoaderStep::MapCreate, Some(1)) => {
                "Creating this map takes CAP_BPF (before 5.8 CAP_SYS_ADMIN), or, before 5.11, more locked memory than RLIMIT_MEMLOCK allows."
            }
            (LoaderStep::MapCreate, Some(7 | 12)) => {
                "The kernel does not give so much memory: the key, the value or the number of entries is too large."
            }
            (LoaderStep::MapCreate, Some(95 | 524)) => {
                "This kernel does not take a map of this type, or one of its flags or fields."
            }
            (LoaderStep::MapCreate, _) => {
                "The kernel does not take the map's type, sizes, number of entries or flags; a type or flag that is newer than the kernel is told the same way."
            }
            (LoaderStep::Load, Some(1)) => {
                "The load was refused before any verification: without CAP_BPF (and CAP_PERFMON or CAP_NET_ADMIN for some types), by lockdown, or, before 5.11, by RLIMIT_MEMLOCK."
            }
            (LoaderStep::Load, Some(7)) => {
                "There are more instructions than the kernel takes, or, on kernels before 5.2, verification took too many; else the loader passes something that is newer than the kernel."
            }
            (LoaderStep::Load, Some(95 | 524)) => {
                "The kernel has no such thing here: its JIT can't call kernel functions or attach this type on this processor, or this type of program can't attach so."
            }
            (LoaderStep::Load, Some(2 | 3)) => {
                "The program names a kernel function, a type or another program that is not there."
            }
            (LoaderStep::Load, Some(28)) => "The buffer for the log was too small.",
            (LoaderStep::Load, Some(13)) => {
                "The verifier refused the program; its log, which says why, is not part of this text."
            }
            (LoaderStep::Load, _) => {
                "Without a log the kernel refused an attribute of the load: a program type, attach type or flag that it does not know, or types (BTF) that it can't read."
            }
            (LoaderStep::Extern, _) => {
                "The loader looks the symbol up in the kernel's types and its modules' before the load; a kernel with another name or prototype can't run the program."
            }
            (LoaderStep::AttachTarget, _) => {
                "Where a program attaches is looked up before the load: functions are inlined, renamed, static or part of a module that isn't loaded."
            }
            (LoaderStep::Section, _) => {
                "Loaders tell the type of a program by the name of its section, and know a fixed list of names."
            }
            (LoaderStep::KernelTypes, _) => {
                "CO-RE relocations, typed tracing and kernel functions need the kernel's BTF (CONFIG_DEBUG_INFO_BTF)."
            }
            (LoaderStep::ProgramMap, _) => {
                "A map of programs takes programs of one type only: that of the first program that was put into it, or that uses it."
            }
            (LoaderStep::TooManyInsns, _) => {
                "The kernel gives this error for more instructions than it takes, and before 5.2 also where verification took too many; what is behind it, its log says."
            }
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match (self.step, self.errno) {
            (LoaderStep::MapCreate | LoaderStep::Load, Some(1)) => {
                "Load with the capabilities, or raise RLIMIT_MEMLOCK on kernels before 5.11; `bpfassay audit` states which capabilities each program needs."
            }
            (LoaderStep::MapCreate, _) => {
                "`bpfassay check` on the object names the flaw of each map for each kernel."
            }
            (LoaderStep::Load | LoaderStep::TooManyInsns, _) => {
                "Have the loader print the verifier's log (libbpf: a print callback; cilium/ebpf: `%+v` of the VerifierError; Aya: `{:#}`), or run `bpfassay check` on the object."
            }
            (LoaderStep::Extern, _) => {
                "Declare it as the target's `vmlinux.h` does, or mark it `__weak` and ask `bpf_ksym_exists` before the call."
            }
            (LoaderStep::AttachTarget, _) => {
                "Look the name up in the target's BTF; load the module first, or attach by kprobe."
            }
            (LoaderStep::Section, _) => {
                "Use a section name of libbpf's list, or set the type by `bpf_program__set_type` before the load."
            }
            (LoaderStep::KernelTypes, _) => {
                "Use a kernel with BTF, or give the loader types for it (BTFHub)."
            }
            (LoaderStep::ProgramMap, _) => {
                "Use a map of programs for each type; remove an old pinned one that another type owns."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[track_caller]
    fn check(text: &str, step: LoaderStep, subject: Option<&str>, errno: Option<u32>) {
        let log = read(text);
        assert!(log.refusals.is_empty(), "{log:?}");
        let [failure] = &*log.failures else {
            panic!("{log:?}")
        };
        let found = (failure.step, failure.subject.as_deref(), failure.errno);
        assert_eq!(found, (step, subject, errno), "{text}");
    }

    #[test]
    fn failures_of_loaders_are_told_apart() {
        use LoaderStep as S;
        check(
            "libbpf: map 'events': failed to create: Invalid argument(-22)\n\
             libbpf: failed to load object 'x.o'\n",
            S::MapCreate,
            Some("events"),
            Some(22),
        );
        check(
            "map error: failed to create map `EVENTS` with code -1",
            S::MapCreate,
            Some("EVENTS"),
            Some(1),
        );
        check(
            "map events: map create: operation not permitted (MEMLOCK may be too low)",
            S::MapCreate,
            Some("events"),
            Some(1),
        );
        check(
            "Error: Failed to load BPF program\nCaused by:\n    Unknown error 524 (os error 524)\n",
            S::Load,
            None,
            Some(524),
        );
        check(
            "libbpf: extern (func ksym) 'f': func_proto [1] incompatible with vmlinux [2]\n\
             libbpf: failed to load BPF skeleton 'x': -EINVAL\n",
            S::Extern,
            Some("f"),
            None,
        );
        check(
            "Tail call map owned by prog type 3, but prog type is 6!",
            S::ProgramMap,
            None,
            None,
        );
        check(
            "libbpf: prog 'p': failed to find kernel BTF type ID of 'tcp_x': -3",
            S::AttachTarget,
            Some("tcp_x"),
            Some(3),
        );
    }

    #[test]
    fn one_line_holds_a_refusal() {
        let log = read(
            "field P: program p: load program: permission denied: \
             12: (79) r0 = *(u64 *)(r1 +0): R1 invalid mem access 'scalar' (31 line(s) omitted)",
        );
        let refusal = &log.refusals[0];
        assert_eq!(refusal.program.as_deref(), Some("p"));
        assert_eq!(refusal.omitted, Some(31));
        assert_eq!(refusal.insn.as_ref().unwrap().slot, 12);
        assert_eq!(refusal.words, ["R1 invalid mem access 'scalar'"]);
    }

    #[test]
    fn errors_that_were_wrapped_hold_one_refusal() {
        let wrapped = "program p: load program: permission denied: ".repeat(100_000);
        let log = read(&format!(
            "{wrapped}12: (79) r0 = *(u64 *)(r1 +0): R1 !read_ok"
        ));
        let refusal = &log.refusals[0];
        assert_eq!(refusal.words, ["R1 !read_ok"]);
        assert_eq!(refusal.program.as_deref(), Some("p"));
    }

    #[test]
    fn an_error_with_its_log_spelled_out() {
        let log = read(
            "Err(LoadError { verifier_log: VerifierLog(\"0: R1=ctx() R10=fp0\\n\
             0: (bf) r0 = r2\\nR2 !read_ok\\nprocessed 1 insns (limit 1000000)\\n\") })",
        );
        assert_eq!(log.refusals[0].words, ["R2 !read_ok"]);
    }
}
