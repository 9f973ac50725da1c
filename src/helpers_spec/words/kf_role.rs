//! What a kernel function is to the program, where its flags and prototype don't say.

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// The part that a kfunc plays.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum KfRole { $($(#[$doc])* $name,)* }

        impl KfRole {
            /// Every role with its word.
            pub const ALL: &'static [(KfRole, &'static str)] = &[$((KfRole::$name, $word),)*];
        }
    };
}

roles! {
    /// Its flags and prototype tell all.
    #[default]
    Plain = "plain";
    /// Begins an RCU read section.
    RcuEnter = "rcu_enter";
    /// Ends it.
    RcuLeave = "rcu_leave";
    /// Begins a section without preemption.
    PreemptEnter = "preempt_enter";
    /// Ends it.
    PreemptLeave = "preempt_leave";
    /// Begins a section without interrupts.
    IrqEnter = "irq_enter";
    /// Ends it.
    IrqLeave = "irq_leave";
    /// Takes a resilient lock.
    LockTake = "lock_take";
    /// Lets it go.
    LockDrop = "lock_drop";
    /// Takes a resilient lock and begins a section without interrupts.
    LockTakeIrq = "lock_take_irq";
    /// Lets it go and ends the section.
    LockDropIrq = "lock_drop_irq";
    /// Puts a node into a list.
    ListInsert = "list_insert";
    /// Puts a node into a tree, by a callback that compares.
    TreeInsert = "tree_insert";
    /// Allocates an object.
    ObjectNew = "object_new";
    /// Frees it.
    ObjectDrop = "object_drop";
    /// Allocates an object for each CPU.
    PercpuNew = "percpu_new";
    /// Frees it.
    PercpuDrop = "percpu_drop";
    /// Takes another reference to a counted object.
    RefcountAcquire = "refcount_acquire";
    /// Makes a dynptr over a packet.
    DynptrOfSkb = "dynptr_of_skb";
    /// Makes a dynptr over a frame.
    DynptrOfXdp = "dynptr_of_xdp";
    /// Makes a dynptr over a packet's metadata.
    DynptrOfSkbMeta = "dynptr_of_skb_meta";
    /// Makes a dynptr over a file.
    DynptrOfFile = "dynptr_of_file";
    /// Gives such a dynptr back.
    DynptrFileDrop = "dynptr_file_drop";
    /// Copies a dynptr.
    DynptrClone = "dynptr_clone";
    /// Gives memory of a dynptr for reading.
    DynptrSlice = "dynptr_slice";
    /// Gives memory of a dynptr for writing.
    DynptrSliceWrite = "dynptr_slice_write";
    /// Makes of the context the kernel's own struct.
    CastContext = "cast_context";
    /// Makes of any pointer an untrusted one to a type.
    CastReadOnly = "cast_read_only";
    /// Gives a word that lasts from entry to return of the traced function.
    SessionCookie = "session_cookie";
    /// Tells entry from return of the traced function.
    SessionReturn = "session_return";
    /// Gives a kernel object that nothing keeps alive.
    LookUntrusted = "look_untrusted";
    /// Makes an iterator over the tasks of a cgroup's css.
    IterCssTask = "iter_css_task";
    /// Sets what a work queue calls.
    WqCallback = "wq_callback";
    /// Has a task call a function.
    TaskWork = "task_work";
    /// Reads metadata of a packet through the driver.
    DeviceMetadata = "device_metadata";
    /// Packet pointers are invalid after it.
    ChangesPacket = "changes_packet";
    /// Throws the program's exception.
    Throw = "throw";
    /// Is never reached: compilers put it where behaviour is undefined.
    Trap = "trap";
}
