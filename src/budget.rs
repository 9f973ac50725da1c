//! What a whole run may spend: time, memory, and patience.
//!
//! A run has one [`Budget`], shared by all threads. Each piece of work (one
//! verification, one program's smoke runs) opens an [`Account`] and reports to it
//! now and then how many bytes it holds; the answer is to go on, or why it is
//! [`Ended`]. Nothing here looks at a clock: who drives gives one.
//!
//! The rest of the run must not pay for one greedy program. So an account may
//! take a quarter of the time that is left when it opens: however many such
//! programs come one after another, some is left for the next, and the whole ends
//! in time. And when the bytes held by all exceed the limit, only those accounts
//! end that hold more than a fair share.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Microseconds since any fixed time.
pub type Clock = fn() -> u64;

/// The part of the time left that one account may take: one in so many.
const TIME_SHARE: u64 = 4;
/// An account's least slice in microseconds: small programs are decided even
/// late, unless all the time is gone.
const LEAST_SLICE: u64 = 50_000;

/// Why work ends before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    /// The time is up.
    Time,
    /// It holds too many bytes.
    Memory,
    /// It keeps too many states.
    States,
    /// Somebody asked for it.
    Stopped,
}

impl Ended {
    /// The stable name, as verdicts carry it.
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Time => "budget:time",
            Ended::Memory => "budget:memory",
            Ended::States => "budget:states",
            Ended::Stopped => "budget:stopped",
        }
    }
}

/// Whether a verdict's or a smoke run's reason is that a budget ended.
pub fn is_budget(name: &str) -> bool {
    name.starts_with("budget:")
}

/// What a run may spend, and has spent.
#[derive(Debug)]
pub struct Budget {
    clock: Option<Clock>,
    start: u64,
    /// Microseconds from the start.
    time: u64,
    /// Bytes held at one time, by our own count.
    memory: u64,
    /// States that one account may keep.
    states: u64,
    /// The accounts that may be open at one time.
    workers: u64,
    held: AtomicU64,
    /// The part of it that stays.
    kept: AtomicU64,
    peak: AtomicU64,
    stop: Arc<AtomicBool>,
}

impl Default for Budget {
    /// Without limits.
    fn default() -> Budget {
        Budget::new(u64::MAX, 1)
    }
}

impl Budget {
    /// So many bytes, shared by so many workers.
    pub fn new(memory: u64, workers: usize) -> Budget {
        Budget {
            clock: None,
            start: 0,
            time: u64::MAX,
            memory,
            states: u64::MAX,
            workers: workers.max(1) as u64,
            held: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            stop: Arc::default(),
        }
    }

    /// Also so many microseconds from now, by this clock.
    #[must_use]
    pub fn timed(self, clock: Clock, time: u64) -> Budget {
        Budget {
            start: clock(),
            clock: Some(clock),
            time,
            ..self
        }
    }

    /// Also so many states kept at one time by each verification.
    #[must_use]
    pub fn states(self, states: u64) -> Budget {
        Budget { states, ..self }
    }

    /// The same, ended by this flag.
    #[must_use]
    pub fn stopped_by(self, stop: Arc<AtomicBool>) -> Budget {
        Budget { stop, ..self }
    }

    /// Set, it ends all work that is left; a signal's handler may do so.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// The most bytes that may be held.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The most bytes held so far.
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Microseconds since the start.
    pub fn elapsed(&self) -> u64 {
        self.clock.map_or(0, |now| now().saturating_sub(self.start))
    }

    /// Whether nothing may begin any more, and why.
    pub fn ended(&self) -> Option<Ended> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(Ended::Stopped);
        }
        if self.clock.is_some() && self.elapsed() >= self.time {
            return Some(Ended::Time);
        }
        (self.kept.load(Ordering::Relaxed) > self.memory).then_some(Ended::Memory)
    }

    /// Counts bytes that stay until the end of the run: what is reported.
    pub fn keep(&self, bytes: u64) {
        self.kept.fetch_add(bytes, Ordering::Relaxed);
        self.add(bytes);
    }

    /// Opens an account for one piece of work.
    pub fn open(&self) -> Account<'_> {
        let now = self.elapsed();
        let left = self.time.saturating_sub(now);
        let slice = (left / TIME_SHARE).max(LEAST_SLICE).min(left);
        Account {
            budget: Some(self),
            until: now.saturating_add(slice),
            held: 0,
        }
    }

    /// Opens an account for all the work that there is: it may take all the time left.
    pub fn open_all(&self) -> Account<'_> {
        Account {
            budget: Some(self),
            until: self.time,
            held: 0,
        }
    }

    fn add(&self, bytes: u64) -> u64 {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed);
        let held = held.saturating_add(bytes);
        self.peak.fetch_max(held, Ordering::Relaxed);
        held
    }
}

/// One piece of work and the bytes it holds; it gives them back when it goes.
#[derive(Debug)]
pub struct Account<'a> {
    budget: Option<&'a Budget>,
    until: u64,
    held: u64,
}

impl Account<'_> {
    /// An account that never ends.
    pub const FREE: Account<'static> = Account {
        budget: None,
        until: u64::MAX,
        held: 0,
    };

    /// Says how many bytes the work holds now.
    ///
    /// # Errors
    ///
    /// Why it must end.
    pub fn hold(&mut self, bytes: u64) -> Result<(), Ended> {
        let Some(budget) = self.budget else {
            return Ok(());
        };
        let all = if bytes >= self.held {
            budget.add(bytes - self.held)
        } else {
            let less = self.held - bytes;
            budget
                .held
                .fetch_sub(less, Ordering::Relaxed)
                .saturating_sub(less)
        };
        self.held = bytes;
        if all > budget.memory && bytes > budget.memory / budget.workers.saturating_mul(2) {
            return Err(Ended::Memory);
        }
        self.go_on()
    }

    /// Says how many states the work keeps now.
    ///
    /// # Errors
    ///
    /// If they are too many.
    pub fn keep_states(&self, states: u64) -> Result<(), Ended> {
        match self.budget {
            Some(budget) if states > budget.states => Err(Ended::States),
            _ => Ok(()),
        }
    }

    /// What tells a part of the work when to end.
    pub fn deadline(&self) -> Option<Deadline> {
        let budget = self.budget?;
        Some(Deadline {
            clock: budget.clock,
            at: budget.start.saturating_add(self.until),
            stop: Arc::clone(&budget.stop),
        })
    }

    /// Whether the work may go on with what it holds.
    ///
    /// # Errors
    ///
    /// Why it must end.
    pub fn go_on(&self) -> Result<(), Ended> {
        let Some(budget) = self.budget else {
            return Ok(());
        };
        if budget.stop.load(Ordering::Relaxed) {
            return Err(Ended::Stopped);
        }
        if budget.clock.is_some() && budget.elapsed() >= self.until {
            return Err(Ended::Time);
        }
        Ok(())
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if let Some(budget) = self.budget {
            budget.held.fetch_sub(self.held, Ordering::Relaxed);
        }
    }
}

/// When an account ends, for those who don't hold it.
#[derive(Clone, Debug)]
pub struct Deadline {
    clock: Option<Clock>,
    at: u64,
    stop: Arc<AtomicBool>,
}

impl Deadline {
    /// Why work must end, if it must.
    pub fn passed(&self) -> Option<Ended> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(Ended::Stopped);
        }
        let passed = self.clock.is_some_and(|now| now() >= self.at);
        passed.then_some(Ended::Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> u64 {
        thread_local!(static NOW: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
        NOW.set(NOW.get() + 1_000);
        NOW.get()
    }

    #[test]
    fn greedy_work_ends_and_leaves_some_for_the_next() {
        let budget = Budget::new(u64::MAX, 1).timed(clock, 1_000_000);
        let (mut ended, mut small) = (0, 0);
        while budget.ended().is_none() {
            let greedy = budget.open();
            while greedy.go_on().is_ok() {}
            ended += 1;
            let modest = budget.open();
            small += usize::from((0..5).all(|_| modest.go_on().is_ok()));
        }
        assert!(ended >= 8 && small + 1 >= ended, "{ended} {small}");
        assert_eq!(budget.open().go_on(), Err(Ended::Time));
    }

    #[test]
    fn only_who_holds_much_ends_for_memory() {
        let budget = Budget::new(1_000, 2);
        let (mut big, mut small) = (budget.open(), budget.open());
        assert_eq!(big.hold(990), Ok(()));
        assert_eq!(small.hold(100), Ok(()));
        assert_eq!(big.hold(991), Err(Ended::Memory));
        drop(big);
        assert_eq!(small.hold(900), Ok(()));
        drop(small);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
        assert_eq!(budget.peak(), 1_091);
    }

    #[test]
    fn whoever_stops_it_stops_all() {
        let budget = Budget::default();
        let account = budget.open();
        assert_eq!(account.go_on(), Ok(()));
        budget.stop().store(true, Ordering::Relaxed);
        assert_eq!(account.go_on(), Err(Ended::Stopped));
        assert_eq!(Account::FREE.go_on(), Ok(()));
    }
}
