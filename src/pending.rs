//! The seam between the front end and the rooms it drives.

pub use crate::abstract_interp::{Input, verify};
pub use crate::helpers_spec::{MessageClass, helper_id, helper_name, message_classes};

use crate::helpers_spec::{self, SpecVersion};

/// Whether a kernel series has a kfunc.
pub fn kfunc_exists(name: &str, series: SpecVersion) -> bool {
    helpers_spec::kfunc(name, series).is_some()
}
