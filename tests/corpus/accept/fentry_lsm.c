// SPDX-License-Identifier: MIT OR Apache-2.0
// Trampoline programs: fentry, fexit, fmod_ret, LSM policies. The machine that
// measured the others refuses these unverified (`oracle=none`); it is built without error injection, which fmod_ret needs.
// EXPECT prog=open_entry target=linux-6.18 verdict=accept needs=btf oracle=none
// EXPECT prog=open_exit target=linux-6.18 verdict=accept needs=btf oracle=none
// EXPECT prog=deny_exec target=linux-6.18 verdict=reject code=attach-target-not-modifiable needs=btf oracle=none
// EXPECT prog=file_open target=linux-6.18 verdict=accept needs=btf oracle=none
// EXPECT prog=bprm_check target=linux-6.18 verdict=accept needs=btf oracle=none
// EXPECT prog=task_free target=linux-6.18 verdict=accept needs=btf oracle=none
#include "corpus.h"
LICENSE("GPL");

struct usage { __u64 opens, denied; };
struct policy { __u32 max_opens, deny; };

struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct usage); } usages SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_INODE_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct policy); } policies SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u32); __type(value, struct policy); } by_user SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
__u64 depth, last_error;

SEC("fentry/do_filp_open")
int open_entry(__u64 *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct usage *u = bpf_task_storage_get(&usages, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (u)
		u->opens++;
	depth = ctx[0] & 0xffff;
	return 0;
}

SEC("fexit/do_filp_open")
int open_exit(__u64 *ctx)
{
	struct file *file = (void *)ctx[3];

	if ((__u64)file > (__u64)-4096)
		last_error = -(__s64)file;
	else
		depth = file->f_flags;
	return 0;
}

// A syscall's entry may be replaced by an error.
SEC("fmod_ret/__x64_sys_getpgid")
int deny_exec(__u64 *ctx)
{
	__u32 user = bpf_get_current_uid_gid();
	struct policy *p = bpf_map_lookup_elem(&by_user, &user);

	return p && p->deny ? -EPERM : 0;
}

SEC("lsm/file_open")
int file_open(__u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct inode *inode = file->f_inode;
	struct policy *p;
	struct usage *u;
	__u32 *record;

	p = bpf_inode_storage_get(&policies, inode, 0, 0);
	if (!p)
		return 0;
	u = bpf_task_storage_get(&usages, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!u)
		return 0;
	if (p->deny || u->opens > p->max_opens) {
		u->denied++;
		record = bpf_ringbuf_reserve(&events, 4, 0);
		if (record) {
			*record = task->tgid;
			bpf_ringbuf_submit(record, 0);
		}
		return -EPERM;
	}
	return 0;
}

SEC("lsm.s/bprm_check_security")
int bprm_check(__u64 *ctx)
{
	struct linux_binprm *bprm = (void *)ctx[0];
	char path[64] = {};
	__u64 i_ino = bprm->file->f_inode->i_ino;

	if (bprm->argc > 100)
		return -EPERM;
	bpf_probe_read_kernel_str(path, sizeof(path), bprm->filename);
	if (path[0] == '/' && path[1] == 't' && path[2] == 'm' && path[3] == 'p' && i_ino)
		return -EPERM;
	return 0;
}

SEC("lsm/task_free")
int task_free(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	depth = task->pid;
	return 0;
}
