//! Work beside the conversation: one thread, one piece of work at a time; what comes later
//! takes the place of what waits, and stops what is being done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Set when the work is not wanted any more.
pub(super) type Stop = Arc<AtomicBool>;

/// Does the work; tells what it finds by means of its own.
type Work = Box<dyn FnOnce(&Stop) + Send>;

#[derive(Default)]
struct Slot {
    next: Option<(Work, Stop)>,
    running: Option<Stop>,
    closed: bool,
}

/// Where work is put.
#[derive(Default)]
pub(super) struct Desk {
    shared: Arc<(Mutex<Slot>, Condvar)>,
}

impl Desk {
    /// With a thread that works until the desk is dropped.
    pub(super) fn open() -> Desk {
        let desk = Desk::default();
        let shared = Arc::clone(&desk.shared);
        std::thread::spawn(move || {
            while let Some((work, stop)) = wait(&shared) {
                // A panic ends this piece of work only: its answer stays away.
                let _ = catch_unwind(AssertUnwindSafe(|| work(&stop)));
            }
        });
        desk
    }

    /// Puts work in the place of all that is not done yet.
    pub(super) fn put(&self, work: impl FnOnce(&Stop) + Send + 'static) {
        self.clear();
        self.put_behind(work);
    }

    /// Puts work in the place of what waits, behind what is being done.
    pub(super) fn put_behind(&self, work: impl FnOnce(&Stop) + Send + 'static) {
        let (slot, bell) = &*self.shared;
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.next = Some((Box::new(work), Stop::default()));
        bell.notify_one();
    }

    /// Whether anything is being done, or waits.
    pub(super) fn busy(&self) -> bool {
        let (slot, _) = &*self.shared;
        let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.running.is_some() || slot.next.is_some()
    }

    /// Stops what is being done, and forgets what waits.
    pub(super) fn clear(&self) {
        let (slot, _) = &*self.shared;
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.next = None;
        if let Some(running) = &slot.running {
            running.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.clear();
        let (slot, bell) = &*self.shared;
        slot.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        bell.notify_one();
    }
}

fn wait(shared: &(Mutex<Slot>, Condvar)) -> Option<(Work, Stop)> {
    let (slot, bell) = shared;
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    slot.running = None;
    loop {
        if slot.closed {
            return None;
        }
        if let Some((work, stop)) = slot.next.take() {
            slot.running = Some(Arc::clone(&stop));
            return Some((work, stop));
        }
        slot = bell.wait(slot).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn what_comes_later_takes_the_place() {
        let (say, heard) = channel();
        let desk = Desk::open();
        let next = || heard.recv_timeout(Duration::from_secs(20)).unwrap();
        let (begun, goes_on) = (say.clone(), say.clone());
        desk.put(move |stop| {
            begun.send("begun").unwrap();
            while !stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            begun.send("stopped").unwrap();
        });
        assert_eq!(next(), "begun");
        desk.put(|_| panic!("of this piece of work only"));
        let last = say.clone();
        assert_eq!(next(), "stopped");
        desk.put(move |_| last.send("last").unwrap());
        assert_eq!(next(), "last");
        drop((desk, goes_on));
    }
}
