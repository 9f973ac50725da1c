//! Abstract interpretation: the model of the verifier.
#[rustfmt::skip]
mod codes;
pub mod ahead;
pub mod asked;
pub mod btf_record;
pub mod checks;
pub mod domain;
pub mod env;
pub mod explore;
pub mod follow;
pub mod halt;
pub mod observe;
pub mod refusal;
pub mod setup;
pub mod stack;
pub mod state;
pub mod transfer;
pub mod value;
pub mod verdict;
pub mod verify;
pub mod vm;

pub use asked::Consulted;
pub use follow::{Candidate, Follower};
pub use observe::{Observed, Observer, Pointee, Reach, verify_observing};
pub use refusal::{Fault, Refusal};
pub use verdict::{Code, Stats, Unknown, Verdict, Verification};
pub use verify::{
    Input, Prepared, verify, verify_asking, verify_counting, verify_with, verify_within,
};
