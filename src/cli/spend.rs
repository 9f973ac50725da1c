//! What a run may spend, and the threads it works with.

use std::sync::OnceLock;
use std::time::Instant;

use super::args::{LimitArgs, SpendArgs};
use super::{Failure, signals};
use crate::budget::Budget;
use crate::limits;

/// Microseconds since the first call.
pub(super) fn micros() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64
}

/// The run's budget and its workers.
pub(super) struct Spending {
    pub(super) budget: Budget,
    pub(super) pool: rayon::ThreadPool,
    args: SpendArgs,
}

impl Spending {
    /// Starts the clock and the workers.
    pub(super) fn new(args: &SpendArgs) -> Result<Spending, Failure> {
        let spending = Spending::serving(args)?;
        signals::stop_by(spending.budget.stop());
        Ok(spending)
    }

    /// For one of many runs of a process, each of which is stopped by itself.
    pub(super) fn serving(args: &SpendArgs) -> Result<Spending, Failure> {
        let pool = pool(jobs(args.jobs))?;
        let budget = budget(&args.limits, pool.current_num_threads());
        Ok(Spending {
            budget,
            pool,
            args: *args,
        })
    }

    /// The budget and what it was spent on, in a line.
    pub(super) fn line(&self) -> String {
        format!(
            "budget: {} s, {} MiB, {} thread(s); spent {:.1} s, at most {} MiB at one time\n",
            self.args.limits.max_time,
            self.args.limits.max_memory,
            self.pool.current_num_threads(),
            self.budget.elapsed() as f64 / 1e6,
            self.budget.peak() >> 20,
        )
    }
}

/// The budget of a run by so many workers, from now on.
pub(super) fn budget(args: &LimitArgs, workers: usize) -> Budget {
    let memory = args.max_memory.saturating_mul(1 << 20);
    let time = args.max_time.saturating_mul(1_000_000);
    Budget::new(memory, workers).timed(micros, time)
}

/// The budget of a verb that works alone and writes as it goes; signals end it, too.
pub(super) fn alone(args: &LimitArgs) -> Budget {
    let budget = budget(args, 1);
    signals::stop_by(budget.stop());
    budget
}

/// How many workers: what is asked for, else what the environment says, else the
/// processors.
fn jobs(asked: Option<usize>) -> usize {
    let environment = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok();
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = asked.or_else(environment).filter(|n| *n > 0);
    wanted.unwrap_or_else(processors).min(limits::MAX_JOBS)
}

/// So many workers, or fewer where the system gives no more.
fn pool(mut jobs: usize) -> Result<rayon::ThreadPool, Failure> {
    loop {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .stack_size(limits::WORKER_STACK_BYTES)
            .build();
        match pool {
            Ok(pool) => return Ok(pool),
            Err(_) if jobs > 1 => jobs /= 2,
            Err(e) => return Err(Failure::usage(format!("no worker thread: {e}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_few() {
        assert_eq!(jobs(Some(3)), 3);
        assert_eq!(jobs(Some(100_000)), limits::MAX_JOBS);
        assert!((1..=limits::MAX_JOBS).contains(&jobs(Some(0))));
    }
}
