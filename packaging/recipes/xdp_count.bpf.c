// The smallest program that has something to check: it counts packets.
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))

struct {
	int (*type)[2]; // array
	int (*max_entries)[1];
	u32 *key;
	u64 *value;
} packets SEC(".maps");

static void *(*const lookup)(void *map, const void *key) = (void *)1;

SEC("xdp")
int count(void *ctx)
{
	u32 key = 0;
	u64 *n = lookup(&packets, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	return 2;
}

char _license[] SEC("license") = "MIT";
