//! What is shown while a run goes on: progress on standard error, and JSON lines on
//! standard output as soon as they are known, in the order of the inputs.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::console::{self, complain};
use crate::report::{Report, jsonl};

/// How often the line of progress changes, and after how long it first shows.
const PAUSE: Duration = Duration::from_millis(200);
const FIRST: Duration = Duration::from_millis(700);

/// Who looks on.
pub(super) struct Seen {
    lines: Option<Mutex<Lines>>,
    progress: Option<Mutex<Instant>>,
    told: bool,
    started: Instant,
    total: AtomicUsize,
    objects: AtomicUsize,
    programs: AtomicUsize,
}

/// Lines that wait for those of an object before them.
#[derive(Default)]
struct Lines {
    next: usize,
    waiting: BTreeMap<usize, String>,
}

impl Seen {
    /// Nobody.
    pub(super) fn nobody() -> Seen {
        Seen {
            lines: None,
            progress: None,
            told: false,
            started: Instant::now(),
            total: AtomicUsize::new(0),
            objects: AtomicUsize::new(0),
            programs: AtomicUsize::new(0),
        }
    }

    /// Somebody at a terminal, unless `quiet`; `told` of every object.
    pub(super) fn progress(quiet: bool, told: bool) -> Seen {
        let terminal = std::io::stderr().is_terminal();
        let shown = terminal && !quiet && !told;
        Seen {
            progress: shown.then(|| Mutex::new(Instant::now())),
            told,
            ..Seen::nobody()
        }
    }

    /// A reader of lines, too.
    pub(super) fn lines(mut self) -> Seen {
        self.lines = Some(Mutex::default());
        self
    }

    /// Whether lines are written as they come.
    pub(super) fn streams(&self) -> bool {
        self.lines.is_some()
    }

    /// So many objects more there will be.
    pub(super) fn expect(&self, more: usize) {
        self.total.fetch_add(more, Ordering::Relaxed);
    }

    /// An object is done.
    pub(super) fn saw(&self, at: usize, report: &Report) {
        let programs = report.objects.iter().map(|o| o.programs.len()).sum();
        let programs = self.programs.fetch_add(programs, Ordering::Relaxed) + programs;
        let objects = self.objects.fetch_add(1, Ordering::Relaxed) + 1;
        if self.told {
            for object in &report.objects {
                complain!("{}: {} verdicts", object.object, object.programs.len());
            }
        }
        if let Some(lines) = &self.lines {
            let mut text = String::new();
            for object in &report.objects {
                jsonl::render_object(&mut text, object);
            }
            if let Ok(mut lines) = lines.lock() {
                lines.waiting.insert(at, text);
                lines.write();
            }
        }
        if let Some(last) = &self.progress
            && let Ok(mut last) = last.try_lock()
            && last.elapsed() >= PAUSE
            && self.started.elapsed() >= FIRST
        {
            *last = Instant::now();
            self.draw(objects, programs);
        }
    }

    /// One line, over the one before.
    fn draw(&self, objects: usize, programs: usize) {
        let total = self.total.load(Ordering::Relaxed);
        let passed = self.started.elapsed().as_secs_f64();
        let rate = objects as f64 / passed;
        let left = (total.saturating_sub(objects)) as f64 / rate.max(1e-9);
        console::over(&format!(
            "{objects}/{total} objects, {programs} verdicts, {rate:.0} objects/s, {left:.0} s left"
        ));
    }

    /// The run is over.
    pub(super) fn end(&self) {
        if self.progress.is_some() && self.started.elapsed() >= FIRST {
            console::over("");
        }
    }
}

impl Lines {
    /// Writes what nothing is missing before. A reader that went away is no failure: the
    /// exit code tells the rest.
    fn write(&mut self) {
        let mut out = std::io::stdout().lock();
        while let Some(text) = self.waiting.remove(&self.next) {
            let _ = out.write_all(text.as_bytes());
            self.next += 1;
        }
        let _ = out.flush();
    }
}
