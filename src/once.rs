//! A value that is made when it is first looked at, and shared by threads.
//!
//! With `std` one thread makes it and the others wait. Without, nobody can wait: each
//! that comes while there is none makes one, and the first that is done is kept.

#[cfg(feature = "std")]
pub(crate) use std::sync::OnceLock as Once;

#[cfg(not(feature = "std"))]
pub(crate) use without_std::Once;

#[cfg(not(feature = "std"))]
mod without_std {
    use alloc::boxed::Box;

    use once_cell::race::OnceBox;

    #[derive(Debug)]
    pub(crate) struct Once<T>(OnceBox<T>);

    impl<T> Once<T> {
        pub(crate) const fn new() -> Once<T> {
            Once(OnceBox::new())
        }

        pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            self.0.get_or_init(|| Box::new(make()))
        }
    }

    impl<T> From<T> for Once<T> {
        fn from(value: T) -> Once<T> {
            Once(OnceBox::with_value(Box::new(value)))
        }
    }
}
