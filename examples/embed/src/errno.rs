//! Errors as `bpf(2)` gives them.

/// An error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Errno {
    /// No such entry.
    ENOENT = 2,
    /// More than the host takes, or than may be spent on it.
    E2BIG = 7,
    /// No such descriptor, or of another kind.
    EBADF = 9,
    /// Out of the memory that may be spent.
    ENOMEM = 12,
    /// The verifier refuses it.
    EACCES = 13,
    /// An address that the caller has not.
    EFAULT = 14,
    /// The entry is there.
    EEXIST = 17,
    /// A request that is none.
    EINVAL = 22,
    /// The log does not fit.
    ENOSPC = 28,
    /// Not offered here.
    EOPNOTSUPP = 95,
}

impl Errno {
    /// As a system call returns it.
    pub const fn negative(self) -> i64 {
        -(self as i64)
    }
}
