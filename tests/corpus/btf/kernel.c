// SPDX-License-Identifier: MIT OR Apache-2.0
// A kernel's types in miniature: the few hooks that the pages of the catalogue
// attach to. Its .BTF section stands for a vmlinux BTF.
#include "corpus.h"

struct file;
int bpf_lsm_file_open(struct file *file) { return 0; }
void bpf_lsm_task_free(struct task_struct *task) {}
