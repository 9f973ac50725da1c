//! SIGINT and SIGTERM: the first ends the work that is left, so that what is there is
//! written, marked as partial; the second ends the tool at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The signal that came; 0 if none did.
static CAME: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Lets signals set `stop`, which whoever works looks at. What a system does not let us
/// handle keeps its usual effect.
pub(super) fn stop_by(stop: &Arc<AtomicBool>) {
    let came = CAME.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset.
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(stop));
        let _ = flag::register_usize(signal, Arc::clone(came), signal.unsigned_abs() as usize);
        let _ = flag::register(signal, Arc::clone(stop));
    }
}

/// What the tool ends with if a signal came, as shells number it.
pub(super) fn exit_code() -> Option<u8> {
    let signal = CAME.get()?.load(Ordering::Relaxed);
    u8::try_from(signal)
        .ok()
        .filter(|s| *s > 0)
        .map(|s| 128 + s)
}
