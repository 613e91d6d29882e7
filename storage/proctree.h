// SPDX-License-Identifier: Apache-2.0
// The processes of one job in little memory: from an image to its row, from a row to its parent's,
// and what a process and all below it used. Some 100 bytes per process, no texts.
#ifndef EPMT_STORAGE_PROCTREE_H
#define EPMT_STORAGE_PROCTREE_H

#include "metadata/record.h"

struct epmt_proctree;

#define EPMT_PROCTREE_NONE UINT32_MAX

struct epmt_proctree *epmt_proctree_create(void); // NULL: out of memory
void epmt_proctree_destroy(struct epmt_proctree *tree);

// Adds the next process; the first is 0. Returns 0, or -1 where memory or numbers run out.
int epmt_proctree_add(struct epmt_proctree *tree, const struct epmt_record *process);

uint32_t epmt_proctree_count(const struct epmt_proctree *tree);

// The process with this image (the first one added), or EPMT_PROCTREE_NONE.
uint32_t epmt_proctree_find(const struct epmt_proctree *tree, uint64_t image);

// Finds all parents, once everything is added: the latest image in the pid that a process calls its
// parent, on the same host, boot and pid namespace, that began before the process and had not
// ended then. Then depths and sums, in one pass over the tree. Returns 0, or -1 where memory runs
// out.
int epmt_proctree_link(struct epmt_proctree *tree);

// The parent of process i, or EPMT_PROCTREE_NONE. Parents began earlier: there are no cycles.
uint32_t epmt_proctree_parent(const struct epmt_proctree *tree, uint32_t i);

// How many processes are above process i.
uint32_t epmt_proctree_depth(const struct epmt_proctree *tree, uint32_t i);

// CPU time (us) of process i, and of the process and all below it; -1: of none it is known.
int64_t epmt_proctree_cpu(const struct epmt_proctree *tree, uint32_t i);
int64_t epmt_proctree_inclusive(const struct epmt_proctree *tree, uint32_t i);

// usertime + systemtime of a process, us; -1: neither is known.
int64_t epmt_cpu_time(const struct epmt_record *process);

#endif
