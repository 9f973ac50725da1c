// SPDX-License-Identifier: MIT OR Apache-2.0
// Targets that kernels have, and that none has.
#include "corpus.h"
LICENSE("GPL");

SEC("kprobe/do_exit") int spelt(void *ctx)
{
	return 0;
}

SEC("kprobe/do_exitt") int misspelt(void *ctx)
{
	return 0;
}

SEC("tracepoint/sched/sched_switch") int event(void *ctx)
{
	return 0;
}

SEC("tracepoint/sched/sched_swich") int no_event(void *ctx)
{
	return 0;
}

SEC("raw_tracepoint/no_such_point") int no_point(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat") int system_call(void *ctx)
{
	return 0;
}
