// SPDX-License-Identifier: Apache-2.0
// A job being put together in memory: rows and attributes from fragments, journals and older job
// files, merged by process image. Adding anything twice, or in another order, gives the same job.
#ifndef EPMT_STORAGE_FOLD_H
#define EPMT_STORAGE_FOLD_H

#include "aggregator/fragment.h"

struct epmt_jobfold;

// What adding bytes met.
struct epmt_fold_damage {
    uint64_t gaps; // damaged stretches
    uint64_t gap_bytes;
    struct epmt_error first; // why the first one is (code OK: none)
};

struct epmt_jobfold *epmt_fold_create(void); // NULL: out of memory
void epmt_fold_destroy(struct epmt_jobfold *fold);

// Adds one row; texts are copied. Returns 0, or -1 with err (BAD_INPUT for a row without an image,
// MEMORY).
int epmt_fold_add(struct epmt_jobfold *fold, const struct epmt_row *row, struct epmt_error *err);

// Adds a record of a kind that has a dictionary, or an attribute. As epmt_fold_add.
int epmt_fold_add_record(struct epmt_jobfold *fold, enum epmt_row_kind kind,
                         const struct epmt_record *record, struct epmt_error *err);
int epmt_fold_set_attribute(struct epmt_jobfold *fold, const char *scope, const char *key,
                            const char *value, struct epmt_error *err);

// The same with any bytes. Where the attribute is there with another value, one rule per key says
// which stands, whatever came first: the smaller number of `start` and `submit`, the greater
// number of `end`, `stop`, `exitcode`, `ended`, `complete`, `truncated`, `restart`,
// `ranks_reported` and `ranks_expected`; of all others the value that sorts later as bytes.
// Variables of the environment (scope "env") pass the filter of storage/envfilter.h.
int epmt_fold_add_attribute(struct epmt_jobfold *fold, struct epmt_bytes scope,
                            struct epmt_bytes key, struct epmt_bytes value, struct epmt_error *err);

// Takes an attribute away, where it is there.
void epmt_fold_drop_attribute(struct epmt_jobfold *fold, const char *scope, const char *key);

// Writes all that was added so far as fragments to fd: a stream that epmt_fold_add_bytes reads back
// to the same job. Returns 0 or -1 with err (IO, MEMORY).
int epmt_fold_save(const struct epmt_jobfold *fold, int fd, struct epmt_error *err);

// Adds the fragments in data[len] (a journal or a stream), passing over damaged stretches, which
// are counted in *damage (added to it). Returns 0, or -1 with err (MEMORY).
int epmt_fold_add_bytes(struct epmt_jobfold *fold, const void *data, size_t len,
                        struct epmt_fold_damage *damage, struct epmt_error *err);

// Says whether the process of a record in state running (or with none) is alive. epmt_fold_finish
// lets such a process keep its state.
typedef bool (*epmt_fold_alive_f)(void *context, const struct epmt_record *process);
void epmt_fold_set_alive(struct epmt_jobfold *fold, epmt_fold_alive_f alive, void *context);

// To be called once everything is added: counts generations (execs of one pid), gives every
// process with no final record what its parent's wait told of its end, or else the state killed
// where `ended` (the job is over), gives every thread
// a process and that one's rank, makes the statistics over the ranks, and sets the order: MPI
// processes by step and rank, then the others by start; threads by process, then by tid; rows of
// the MPI tables by their keys. Adding more and finishing again is fine.
// Returns 0 or -1 with err (MEMORY).
int epmt_fold_finish(struct epmt_jobfold *fold, bool ended, struct epmt_error *err);

// Where the row of that process stands, or UINT64_MAX.
uint64_t epmt_fold_find_process(const struct epmt_jobfold *fold, uint64_t image);

uint64_t epmt_fold_process_count(const struct epmt_jobfold *fold);
uint64_t epmt_fold_thread_count(const struct epmt_jobfold *fold);

// The i-th process, or thread (in the order of epmt_fold_finish). Texts live as long as the fold.
void epmt_fold_process(const struct epmt_jobfold *fold, uint64_t i, struct epmt_record *record);
void epmt_fold_thread(const struct epmt_jobfold *fold, uint64_t i, struct epmt_record *record);

// The i-th row of an MPI table.
uint64_t epmt_fold_mpi_count(const struct epmt_jobfold *fold, enum epmt_row_kind kind);
void epmt_fold_mpi(const struct epmt_jobfold *fold, enum epmt_row_kind kind, uint64_t i,
                   struct epmt_record *record);

// Attributes in the order of scope, then key. The value, or NULL data, of one.
uint64_t epmt_fold_attribute_count(const struct epmt_jobfold *fold);
void epmt_fold_attribute_at(const struct epmt_jobfold *fold, uint64_t i, struct epmt_bytes *scope,
                            struct epmt_bytes *key, struct epmt_bytes *value);
struct epmt_bytes epmt_fold_attribute(const struct epmt_jobfold *fold, const char *scope,
                                      const char *key);

// The value of an attribute as a number, or `otherwise` where it is missing or none.
int64_t epmt_fold_attribute_number(const struct epmt_jobfold *fold, const char *scope,
                                   const char *key, int64_t otherwise);

// A hash of all rows and attributes, whatever their order.
uint64_t epmt_fold_digest(const struct epmt_jobfold *fold);

// The parts that it is the sum of: of a row, and of an attribute.
uint64_t epmt_row_hash(enum epmt_row_kind kind, const struct epmt_record *record);
uint64_t epmt_attribute_hash(struct epmt_bytes scope, struct epmt_bytes key,
                             struct epmt_bytes value);

// The MPI worlds and launches of a finished fold, in the order of their keys: what the attributes
// of scope "step <key>" claim and what the rows show.
struct epmt_fold_step {
    struct epmt_bytes key;
    int64_t ranks_expected; // world size, the greatest that was seen; 0 where unknown
    int64_t ranks_reported; // different ranks whose row says how they ended
    bool complete;          // all expected ones reported
    int64_t start, end;     // us since epoch, INT64_MIN where unknown
};

// Returns the steps (to be freed by free) and their number, or NULL with *count 0 where there are
// none, or NULL with *count UINT64_MAX (out of memory).
struct epmt_fold_step *epmt_fold_steps(const struct epmt_jobfold *fold, uint64_t *count);

// The hosts of a job in the order of their names.
struct epmt_fold_host {
    struct epmt_bytes hostname, bootid; // data NULL: missing
    uint64_t processes;
};

// As epmt_fold_steps.
struct epmt_fold_host *epmt_fold_hosts(const struct epmt_jobfold *fold, uint64_t *count);

#endif
