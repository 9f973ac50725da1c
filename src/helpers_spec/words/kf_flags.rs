//! What a kernel function asks of its callers and does, as flags.

/// What a kfunc asks and does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KfFlags(pub u32);

macro_rules! kf_flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal;)*) => {
        impl KfFlags {
            $($(#[$doc])* pub const $name: KfFlags = KfFlags(1 << $bit);)*
            /// Every flag with its name.
            pub const ALL: &'static [(KfFlags, &'static str)] = &[$((KfFlags::$name, $word),)*];
        }
    };
}

kf_flags! {
    /// Returns a reference.
    ACQUIRE = 0, "acquire";
    /// Releases its argument's reference.
    RELEASE = 1, "release";
    /// May return NULL.
    RET_NULL = 2, "ret_null";
    /// Takes a kptr from a map (6.1).
    KPTR_GET = 3, "kptr_get";
    /// Wants trusted pointers.
    TRUSTED_ARGS = 4, "trusted_args";
    /// May sleep.
    SLEEPABLE = 5, "sleepable";
    /// May take the machine down; needs `CAP_SYS_BOOT`.
    DESTRUCTIVE = 6, "destructive";
    /// Takes pointers protected by RCU.
    RCU = 7, "rcu";
    /// Makes an iterator.
    ITER_NEW = 8, "iter_new";
    /// Advances it.
    ITER_NEXT = 9, "iter_next";
    /// Ends it.
    ITER_DESTROY = 10, "iter_destroy";
    /// Works inside an RCU section only.
    RCU_PROTECTED = 11, "rcu_protected";
    /// Keeps registers where it is inlined.
    FASTCALL = 12, "fastcall";
    /// Returns an arena pointer.
    ARENA_RET = 13, "arena_ret";
    /// Its first argument is an arena pointer.
    ARENA_ARG1 = 14, "arena_arg1";
    /// Its second argument is an arena pointer.
    ARENA_ARG2 = 15, "arena_arg2";
    /// The kernel fills in arguments.
    IMPLICIT_ARGS = 16, "implicit_args";
    /// May be called under a spin lock.
    SPINLOCK_SAFE = 17, "spinlock_safe";
    /// Needs `CAP_PERFMON`.
    PERFMON = 18, "perfmon";
}

impl KfFlags {
    /// No flag.
    pub const NONE: KfFlags = KfFlags(0);

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: KfFlags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether any of `flags` is set.
    pub const fn intersects(self, flags: KfFlags) -> bool {
        self.0 & flags.0 != 0
    }
}

impl core::ops::BitOr for KfFlags {
    type Output = KfFlags;
    fn bitor(self, other: KfFlags) -> KfFlags {
        KfFlags(self.0 | other.0)
    }
}
