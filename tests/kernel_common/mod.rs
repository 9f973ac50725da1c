//! What the tests that ask the running kernel share.

use bpfassay::kernel::Kernel;
use bpfassay::target::{self, Target};

/// The kernel with the target of its series, or a printed reason why not.
pub fn kernel() -> Option<(Kernel, Target)> {
    let kernel = match Kernel::open() {
        Ok(kernel) => kernel,
        Err(why) => {
            eprintln!("skipped: {why}");
            return None;
        }
    };
    match target::by_name(&kernel.series()) {
        Some(mut target) => {
            target.release = kernel.version;
            Some((kernel, target))
        }
        None => {
            eprintln!("skipped: no target is of the series of {}", kernel.release);
            None
        }
    }
}
