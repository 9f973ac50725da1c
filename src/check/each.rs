//! Pieces of work that don't depend on one another, in parallel where the feature is.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// What `work` makes of each item, in the order of the items.
#[cfg(feature = "parallel")]
pub(super) fn each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    items.into_par_iter().map(work).collect()
}

/// What `work` makes of each item, in the order of the items.
#[cfg(not(feature = "parallel"))]
pub(super) fn each<T, R>(items: Vec<T>, work: impl Fn(T) -> R) -> Vec<R> {
    items.into_iter().map(work).collect()
}
