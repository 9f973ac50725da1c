//! Worker processes: each takes objects, one at a time, and answers per program.
//!
//! The parent sends a job as one JSON line; the worker answers `start` before
//! and the result after each program. When an answer is late, or the worker's
//! memory too large, the parent kills it, notes the program it was at as
//! `unknown`, and gives the rest of the job to a new worker.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bpfassay::abstract_interp::{self, Input, Verdict};
use bpfassay::diagnostics::kernel_words;
use bpfassay::helpers_spec::{self, MapType, ProgType};
use bpfassay::object::{Btf, Object};
use bpfassay::programs::{self, LinkOptions, LoadError, Manifest, MapSetting, Program};
use bpfassay::target::{self, Capability, Rights, Target};
use serde::{Deserialize, Serialize};

use crate::Args;
use crate::record::Recorded;

/// The first argument of a worker.
pub const FLAG: &str = "--worker";

/// One object's programs.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Job {
    object: String,
    wants: Vec<Want>,
}

/// One program, and where its answer goes.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Want {
    line: usize,
    program: String,
    section: String,
    nth: usize,
    legacy: bool,
    prog_type: String,
}

#[derive(Debug, Deserialize, Serialize)]
enum Answer {
    Start(usize),
    Done(usize, Box<Ours>),
    End,
}

/// What we say of one program.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Ours {
    /// `accept`, `reject`, `unknown`, `load-error`, `opened`, `missing`.
    pub verdict: String,
    /// Code name of a rejection.
    pub code: Option<String>,
    /// Message class of a rejection.
    pub class: Option<String>,
    /// Key words of a rejection, or the reason of a load error.
    pub words: Option<String>,
    /// Name of what is unknown, or the stage of a load error.
    pub name: Option<String>,
    /// Instruction slot.
    pub insn: Option<usize>,
    pub insns: Option<u64>,
    pub processed: Option<u64>,
    pub total_states: Option<u64>,
    pub peak_states: Option<u64>,
    pub stack_depth: Option<u32>,
    pub verify_us: Option<u64>,
}

impl Ours {
    fn of(verdict: &str) -> Ours {
        Ours {
            verdict: verdict.into(),
            ..Ours::default()
        }
    }

    fn unknown(name: &str, words: String) -> Ours {
        Ours {
            name: Some(name.into()),
            words: Some(words),
            ..Ours::of("unknown")
        }
    }

    fn load_error(stage: &str, reason: String) -> Ours {
        Ours {
            name: Some(stage.into()),
            words: Some(reason),
            ..Ours::of("load-error")
        }
    }
}

// ---- the parent's side ------------------------------------------------------

/// Runs all lines; the answers come back in the order of the lines.
pub fn run_all(args: &Args, lines: &[Recorded]) -> Result<Vec<Ours>, String> {
    // A worker that cannot start would look like a crash of every program.
    Server::open(
        args.objects.clone(),
        args.target.as_deref().unwrap_or(""),
        args.btf.as_deref(),
    )?;
    let mut jobs: Vec<Job> = Vec::new();
    let mut by_object: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for (line, r) in lines.iter().enumerate() {
        let at = *by_object.entry(&r.object).or_insert_with(|| {
            jobs.push(Job {
                object: r.object.clone(),
                wants: Vec::new(),
            });
            jobs.len() - 1
        });
        jobs[at].wants.push(Want {
            line,
            program: r.program.clone(),
            section: r.section.clone(),
            nth: r.nth,
            legacy: r.legacy(),
            prog_type: if r.legacy() {
                r.prog_type.clone()
            } else {
                String::new()
            },
        });
    }
    let total = jobs.len();
    let queue = Arc::new(Mutex::new(VecDeque::from(jobs)));
    let (tx, rx) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.min(total) {
            let (queue, tx) = (Arc::clone(&queue), tx.clone());
            scope.spawn(move || {
                let mut worker = None;
                while let Some(job) = { queue.lock().map_or(None, |mut q| q.pop_front()) } {
                    if let Err(e) = run_job(args, &mut worker, job, &tx) {
                        let _ = tx.send(Err(e));
                        return;
                    }
                }
            });
        }
        drop(tx);
        let mut answers = vec![Ours::of("missing"); lines.len()];
        for message in rx {
            let (line, ours): (usize, Ours) = message?;
            answers[line] = ours;
        }
        Ok(answers)
    })
}

struct Worker {
    child: Child,
    answers: mpsc::Receiver<Answer>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(args: &Args) -> Result<Worker, String> {
    let exe = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(exe);
    command
        .arg(FLAG)
        .arg(&args.objects)
        .arg(args.target.as_deref().unwrap_or(""));
    command.args(args.btf.as_ref());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("worker: {e}"))?;
    let out = child.stdout.take().ok_or("worker has no output")?;
    let (tx, answers) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(answer) => {
                    if tx.send(answer).is_err() {
                        return;
                    }
                }
                Err(_) => eprintln!("{line}"),
            }
        }
    });
    Ok(Worker { child, answers })
}

type Out = mpsc::Sender<Result<(usize, Ours), String>>;

fn run_job(args: &Args, slot: &mut Option<Worker>, mut job: Job, out: &Out) -> Result<(), String> {
    let mut failures = 0;
    while !job.wants.is_empty() {
        let worker = match slot {
            Some(w) => w,
            None => slot.insert(spawn(args)?),
        };
        let text = serde_json::to_string(&job).map_err(|e| e.to_string())?;
        let pipe = worker.child.stdin.as_mut();
        let sent = pipe.map(|pipe| writeln!(pipe, "{text}").and_then(|()| pipe.flush()));
        if !matches!(sent, Some(Ok(()))) {
            // It died idle, or never came up.
            *slot = None;
            failures += 1;
            if failures > 2 {
                return Err("workers end before their first job".into());
            }
            continue;
        }
        match attend(args, worker, &mut job, out) {
            None => return Ok(()),
            Some(failure) => {
                *slot = None;
                let want = job.wants.remove(0);
                let _ = out.send(Ok((want.line, failure)));
            }
        }
    }
    Ok(())
}

/// Reads answers until the job ends (`None`) or the first program left in it
/// fails.
fn attend(args: &Args, worker: &mut Worker, job: &mut Job, out: &Out) -> Option<Ours> {
    let limit = Duration::from_secs(args.timeout_s);
    let mut since = Instant::now();
    loop {
        match worker.answers.recv_timeout(Duration::from_millis(200)) {
            Ok(Answer::Start(_)) => since = Instant::now(),
            Ok(Answer::Done(line, ours)) => {
                job.wants.retain(|w| w.line != line);
                let _ = out.send(Ok((line, *ours)));
                since = Instant::now();
            }
            Ok(Answer::End) => return None,
            Err(RecvTimeoutError::Disconnected) => {
                let status = worker
                    .child
                    .wait()
                    .map_or_else(|e| e.to_string(), |s| s.to_string());
                return Some(Ours::unknown("crash", status));
            }
            Err(RecvTimeoutError::Timeout) => {
                if since.elapsed() > limit {
                    return Some(Ours::unknown(
                        "budget:time",
                        format!("over {} s", args.timeout_s),
                    ));
                }
                if resident_mb(worker.child.id()).is_some_and(|mb| mb > args.memory_mb) {
                    return Some(Ours::unknown(
                        "budget:memory",
                        format!("over {} MB", args.memory_mb),
                    ));
                }
            }
        }
    }
}

fn resident_mb(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4 / 1024)
}

// ---- the worker's side ------------------------------------------------------

struct Server {
    root: PathBuf,
    target: Target,
    btf: Option<Btf>,
}

/// Serves jobs from standard input.
pub fn serve(args: Vec<String>) -> Result<(), String> {
    let handle = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || serve_here(args))
        .map_err(|e| e.to_string())?;
    handle.join().unwrap_or_else(|_| Err("worker died".into()))
}

thread_local! {
    static PANIC: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

fn serve_here(args: Vec<String>) -> Result<(), String> {
    let mut args = args.into_iter();
    let root = args.next().ok_or("worker: no directory")?.into();
    let name = args.next().unwrap_or_default();
    let btf = args.next().map(PathBuf::from);
    let server = Server::open(root, &name, btf.as_deref())?;
    std::panic::set_hook(Box::new(|info| {
        PANIC.with(|p| *p.borrow_mut() = info.to_string().replace('\n', " "))
    }));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| e.to_string())?;
        let job: Job = serde_json::from_str(&line).map_err(|e| e.to_string())?;
        server.run(&job);
        say(&Answer::End);
    }
    Ok(())
}

fn say(answer: &Answer) {
    let mut out = std::io::stdout().lock();
    if let Ok(text) = serde_json::to_string(answer) {
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

fn guarded<T>(f: impl FnOnce() -> T) -> Result<T, Box<Ours>> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|_| {
        Box::new(Ours::unknown(
            "internal-error",
            PANIC.with(|p| p.borrow().clone()),
        ))
    })
}

impl Server {
    fn open(root: PathBuf, target: &str, btf: Option<&Path>) -> Result<Server, String> {
        let (name, caps) = target.split_once('@').unwrap_or((target, "all"));
        let mut target = target::by_name(name).ok_or_else(|| format!("unknown target {name}"))?;
        target.rights = Rights::parse(caps).map_err(|word| format!("unknown capability {word}"))?;
        // Without CAP_BPF only where the recording kernel let such users load at all.
        target.config.unprivileged_bpf |= !target.rights.meets(Capability::Bpf);
        let btf = match btf {
            None => None,
            Some(path) => {
                let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
                let bytes = std::fs::read(path).map_err(|e| fail(&e))?;
                Some(Btf::parse(bytes.into()).map_err(|e| fail(&e))?)
            }
        };
        Ok(Server { root, target, btf })
    }

    /// The types that were given, or those that come with the tool.
    fn types(&self) -> Option<&Btf> {
        let built_in = || bpfassay::check::types::of_target(&self.target);
        self.btf.as_ref().or_else(built_in)
    }

    fn run(&self, job: &Job) {
        let Some(first) = job.wants.first() else {
            return;
        };
        say(&Answer::Start(first.line));
        let everything = |ours: Ours| {
            for want in &job.wants {
                say(&Answer::Done(want.line, Box::new(ours.clone())));
            }
        };
        let bytes = match std::fs::read(self.root.join(&job.object)) {
            Ok(bytes) => bytes,
            Err(e) => return everything(Ours::load_error("unreadable", e.to_string())),
        };
        let object = match guarded(|| Object::parse(&bytes)) {
            Err(ours) => return everything(*ours),
            Ok(Err(e)) => return everything(Ours::load_error("open", e.to_string())),
            Ok(Ok(object)) => object,
        };
        let linked = guarded(|| self.link(&object, job));
        for want in &job.wants {
            say(&Answer::Start(want.line));
            let ours = match &linked {
                Err(ours) => (**ours).clone(),
                Ok(linked) => self.answer(linked, want),
            };
            say(&Answer::Done(want.line, Box::new(ours)));
        }
    }

    /// Links as the recording loader did: types of sections it did not know were
    /// given by hand, and stand in the recorded lines.
    fn link(&self, object: &Object, job: &Job) -> programs::Linked {
        let kfunc_exists = |name: &str| helpers_spec::kfunc(name, self.target.spec).is_some();
        let legacy = job.wants.iter().any(|w| w.legacy);
        let type_of = |section: &str, program: &str| {
            let want = job
                .wants
                .iter()
                .find(|w| w.section == section && w.program == program)?;
            let prog_type =
                ProgType::from_name(&want.prog_type).filter(|t| *t != ProgType::Unspec)?;
            Some((prog_type, None))
        };
        programs::link(
            object,
            &LinkOptions {
                kernel_btf: self.types(),
                release: self.target.release,
                kfunc_exists: &kfunc_exists,
                type_of: &type_of,
                legacy_sections: legacy,
                legacy_maps: legacy,
                manifest: &mends(object),
                ..LinkOptions::default()
            },
        )
    }

    fn answer(&self, linked: &programs::Linked, want: &Want) -> Ours {
        if want.program.is_empty() {
            return match linked.object_errors.first() {
                Some(e) => load_error(e),
                None if linked.programs.is_empty() => Ours::load_error("empty", String::new()),
                // The loader gave up where we went on.
                None => Ours::of("opened"),
            };
        }
        let found = linked
            .programs
            .iter()
            .filter(|p| match p {
                Ok(p) => *p.name == *want.program && *p.section == *want.section,
                Err(e) => {
                    e.program.as_deref() == Some(&want.program)
                        && e.section.as_deref().is_none_or(|s| s == want.section)
                }
            })
            .nth(want.nth);
        match found {
            None => linked
                .object_errors
                .first()
                .map_or_else(|| Ours::of("missing"), load_error),
            Some(Err(e)) => load_error(e),
            Some(Ok(program)) => match linked.object_errors.first() {
                Some(e) => load_error(e),
                None => self.verify(program),
            },
        }
    }

    fn verify(&self, program: &Program) -> Ours {
        let input = Input {
            program,
            target: &self.target,
            kernel_btf: self.types(),
        };
        let start = Instant::now();
        let result = guarded(|| abstract_interp::verify(&input));
        let verify_us = Some(start.elapsed().as_micros() as u64);
        let insns = Some(program.insns.len() as u64);
        let v = match result {
            Err(ours) => {
                return Ours {
                    verify_us,
                    insns,
                    ..*ours
                };
            }
            Ok(v) => v,
        };
        let base = match v.verdict {
            Verdict::Accept => Ours::of("accept"),
            Verdict::Reject(v) => Ours {
                code: Some(v.code().name().into()),
                class: Some(kernel_words::class(&v, self.target.series()).into()),
                words: Some(kernel_words::of(&v, self.target.series())),
                insn: Some(v.insn),
                ..Ours::of("reject")
            },
            Verdict::Unknown(u) => Ours {
                insn: u.insn,
                ..Ours::unknown(&u.name, String::new())
            },
        };
        Ours {
            insns,
            processed: Some(v.stats.processed),
            total_states: Some(v.stats.total_states),
            peak_states: Some(v.stats.peak_states),
            stack_depth: Some(v.stats.stack_depth),
            verify_us,
            ..base
        }
    }
}

fn load_error(e: &LoadError) -> Ours {
    Ours::load_error(e.kind.stage(), e.reason.to_string())
}

/// What the recording loader sets of maps before it loads: entries where there are
/// none, the sizes of ring buffers and perf event arrays, small hash tables.
fn mends(object: &Object) -> Manifest {
    const HASH_ENTRIES: u32 = 1024;
    let mut manifest = Manifest::new();
    for map in &object.maps {
        let mut set = MapSetting::default();
        match MapType::from_id(map.map_type) {
            Some(MapType::Ringbuf | MapType::UserRingbuf) => {
                (set.key_size, set.value_size) = (Some(0), Some(0));
                set.max_entries = (map.max_entries == 0).then_some(4096);
            }
            Some(MapType::PerfEventArray) => (set.key_size, set.value_size) = (Some(4), Some(4)),
            Some(
                MapType::Hash | MapType::PercpuHash | MapType::LruHash | MapType::LruPercpuHash,
            ) => set.max_entries = Some(map.max_entries.clamp(1, HASH_ENTRIES)),
            Some(
                MapType::SkStorage
                | MapType::InodeStorage
                | MapType::TaskStorage
                | MapType::CgrpStorage
                | MapType::CgroupStorage
                | MapType::PercpuCgroupStorage
                | MapType::StructOps
                | MapType::BloomFilter,
            ) => {}
            _ => set.max_entries = (map.max_entries == 0).then_some(1),
        }
        manifest.put(&map.name, set);
    }
    manifest
}
