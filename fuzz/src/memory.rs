//! An allocator with a limit: libFuzzer's own limit on allocations needs a
//! sanitizer, which needs a nightly compiler.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most that one allocation may ask for.
const MOST_AT_ONCE: usize = 256 << 20;
/// The most that may be allocated at a time.
const MOST: usize = 1 << 30;

/// The system's allocator, counting.
pub struct Bounded(AtomicUsize);

impl Bounded {
    /// Nothing allocated.
    #[expect(clippy::new_without_default, reason = "a static is made of it")]
    pub const fn new() -> Bounded {
        Bounded(AtomicUsize::new(0))
    }

    fn charge(&self, size: usize) {
        let before = self.0.fetch_add(size, Ordering::Relaxed);
        if size > MOST_AT_ONCE || before.saturating_add(size) > MOST {
            // What panicking allocates is not charged again.
            self.0.store(0, Ordering::Relaxed);
            panic!("{size} bytes asked for while {before} are allocated");
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.charge(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.charge(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                Some(n.saturating_sub(layout.size()))
            });
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        self.charge(new_size.saturating_sub(layout.size()));
        if new_size > MOST_AT_ONCE {
            panic!("{new_size} bytes asked for at once");
        }
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
