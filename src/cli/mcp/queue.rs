//! Messages that wait while a call is worked on: few, and of bounded size together, as they
//! came. A cancellation overtakes them: it stops the call that is worked on, or takes out the
//! one that waits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use crate::limits;

/// A line, or what is wrong with it.
pub(super) type Line = Result<Vec<u8>, String>;

/// Set when an answer is not wanted any more.
pub(super) type Stop = Arc<AtomicBool>;

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Line>,
    bytes: usize,
    /// What is worked on.
    running: Option<(Value, Stop)>,
    closed: bool,
}

/// What tells messages apart; the rest is passed over, and not kept.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) id: Option<Value>,
    pub(super) method: Option<Value>,
}

impl Head {
    /// The head of a message, however it is written; none of what is no message.
    pub(super) fn of(line: &[u8]) -> Option<Head> {
        serde_json::from_slice(line).ok()
    }
}

/// The number of a request; none of anything else.
fn id_of(line: &Line) -> Option<Value> {
    Head::of(line.as_ref().ok()?)?.id
}

fn size(line: &Line) -> usize {
    line.as_ref().map_or_else(String::len, Vec::len)
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a line behind the others, once there is room.
    pub(super) fn put(&self, line: Line) {
        let size = size(&line);
        let full = |state: &mut State| {
            let bytes = state.bytes.saturating_add(size);
            let over = bytes > limits::MCP_WAITING_BYTES && !state.waiting.is_empty();
            over || state.waiting.len() >= limits::MCP_WAITING
        };
        let state = self.changed.wait_while(self.lock(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.bytes = state.bytes.saturating_add(size);
        state.waiting.push_back(line);
        self.changed.notify_all();
    }

    /// No more lines come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The next line, to be worked on from now on, and what stops that; none at the end.
    pub(super) fn next(&self) -> Option<(Line, Stop)> {
        let wait = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let state = self.changed.wait_while(self.lock(), wait);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.running = None;
        let line = state.waiting.pop_front()?;
        state.bytes = state.bytes.saturating_sub(size(&line));
        let stop = Stop::default();
        state.running = id_of(&line).map(|id| (id, Arc::clone(&stop)));
        self.changed.notify_all();
        Some((line, stop))
    }

    /// An answer is not wanted any more: there is none of a request that waits.
    pub(super) fn cancel(&self, id: &Value) {
        let mut state = self.lock();
        if let Some((running, stop)) = &state.running
            && running == id
        {
            stop.store(true, Ordering::Relaxed);
            return;
        }
        let waits = |line: &Line| id_of(line).as_ref() == Some(id);
        if let Some(at) = state.waiting.iter().position(waits)
            && let Some(line) = state.waiting.remove(at)
        {
            state.bytes = state.bytes.saturating_sub(size(&line));
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(id: u32) -> Line {
        Ok(json!({ "id": id, "method": "x" }).to_string().into_bytes())
    }

    #[test]
    fn what_waits_is_cancelled_and_what_runs_is_stopped() {
        let queue = Queue::default();
        (1..=3).for_each(|id| queue.put(line(id)));
        let (first, stop) = queue.next().unwrap();
        assert_eq!(first, line(1));
        queue.cancel(&json!(2));
        queue.cancel(&json!(9));
        assert!(!stop.load(Ordering::Relaxed));
        queue.cancel(&json!(1));
        assert!(stop.load(Ordering::Relaxed));
        queue.close();
        assert_eq!(queue.next().unwrap().0, line(3));
        assert!(queue.next().is_none());
        assert_eq!(queue.lock().bytes, 0);
    }

    #[test]
    fn what_waits_is_bounded() {
        let queue = Queue::default();
        let large = || Ok(vec![b' '; limits::MCP_WAITING_BYTES / 2 + 1]);
        queue.put(large());
        std::thread::scope(|scope| {
            let second = scope.spawn(|| queue.put(large()));
            assert!(queue.next().is_some());
            second.join().unwrap();
        });
        let state = queue.lock();
        assert_eq!(
            (state.waiting.len(), state.bytes),
            (1, limits::MCP_WAITING_BYTES / 2 + 1)
        );
    }
}
