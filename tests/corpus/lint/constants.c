// SPDX-License-Identifier: MIT OR Apache-2.0
// Variables that a loader sets before the load, of every kind that can be written.
#include "corpus.h"
LICENSE("GPL");

enum mode { MODE_OFF, MODE_SLOW, MODE_FAST = 7 };
enum ports { PORT_WEB, PORT_DNS, PORTS };

struct rule { __u16 low, high; __u32 on : 1, level : 5; };
struct config {
	__u32 limit;
	struct rule ports[PORTS];
	union { __u64 word; struct { __u32 first, second; }; };
	char name[16];
	unsigned __int128 key;
	enum mode mode;
	enum ports first_port;
	signed char shift;
	_Bool strict;
};

const volatile int targ_tgid = 0;
const volatile struct config cfg = {};
volatile __u64 seen = 1;
volatile __u32 grid[2][3];

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");

static __always_inline void count(void)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&counts, &zero);

	if (value)
		*value += 1;
}

SEC("kprobe/do_exit") int filtered(void *ctx)
{
	int tgid = bpf_get_current_pid_tgid() >> 32;

	if (targ_tgid && targ_tgid != tgid)
		count();
	return 0;
}

SEC("kprobe/do_exit") int unfiltered(void *ctx)
{
	count();
	return 0;
}

// Every part decides a branch; what it switches on reads beyond the stack.
#define SWITCH(name, condition)                                                                              \
	SEC("?kprobe/do_exit") int name(void *ctx)                                                           \
	{                                                                                                    \
		if (condition) {                                                                             \
			asm volatile("r0 = *(u64 *)(r10 - 520)" ::: "r0");                                    \
		}                                                                                            \
		return 0;                                                                                    \
	}

SWITCH(by_index, cfg.ports[PORT_DNS].low == 53)
SWITCH(by_field, cfg.first == 2)
SWITCH(by_bits, cfg.ports[1].level == 9)
SWITCH(by_text, cfg.name[2] == 'x')
SWITCH(by_wide, (__u64)(cfg.key >> 64) == 5)
SWITCH(by_enum, cfg.mode == MODE_FAST)
SWITCH(by_sign, cfg.shift == -3)
SWITCH(by_truth, cfg.strict)

SEC("?xdp") int reads_data(struct xdp_md *ctx)
{
	return seen == 5 && grid[1][2] == 6 ? 2 : 1;
}
