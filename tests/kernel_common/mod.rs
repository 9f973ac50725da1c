//! What the tests that ask the running kernel share.

use bpfassay::kernel::Kernel;
use bpfassay::target::{self, Target};

/// The kernel with the target of its series. The tests that ask are ignored unless
/// wanted (`cargo xtask oracle`), and fail where the kernel cannot be asked.
pub fn kernel() -> (Kernel, Target) {
    let kernel = Kernel::open().unwrap_or_else(|why| panic!("{why}"));
    let mut target = target::by_name(&kernel.series())
        .unwrap_or_else(|| panic!("no target is of the series of {}", kernel.release));
    target.release = kernel.version;
    (kernel, target)
}
