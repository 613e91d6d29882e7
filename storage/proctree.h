// SPDX-License-Identifier: Apache-2.0
// The processes of one job in little memory: from an image to its row, and from a row to its
// parent's. Some 70 bytes per process, no texts.
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
// ended then. Returns 0, or -1 where memory runs out.
int epmt_proctree_link(struct epmt_proctree *tree);

// The parent of process i, or EPMT_PROCTREE_NONE. Parents began earlier: there are no cycles.
uint32_t epmt_proctree_parent(const struct epmt_proctree *tree, uint32_t i);

#endif
