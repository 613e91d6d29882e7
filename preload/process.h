// SPDX-License-Identifier: Apache-2.0
// This process as the preload sees it: who it is, where its records go, and its records.
#ifndef EPMT_PRELOAD_PROCESS_H
#define EPMT_PRELOAD_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "aggregator/fragment.h"
#include "aggregator/journal_host.h"
#include "common/guard.h"
#include "metadata/jobplace.h"

enum epmt_life {
    EPMT_LIFE_UNINIT, // before our constructor
    EPMT_LIFE_READY,
    EPMT_LIFE_FINALIZED, // MPI_Finalize has taken the records
    EPMT_LIFE_DONE,      // the final record is written
    EPMT_LIFE_OFF,       // disabled, or not to be recorded
};

// What every process uses stands first and together: each page touched is a page fault.
struct epmt_counters;

struct epmt_process {
    atomic_int life;       // enum epmt_life
    pid_t pid;             // that the state below is of; another pid here means fork or vfork
    struct epmt_lock lock; // of one record being built
    struct epmt_settings settings;
    struct epmt_counters *counters; // of events; NULL: none is asked for
    const char *journal;
    char *const *envp;
    char hostname[65];
    struct epmt_host host;
    uint64_t image;
    uint64_t imagestart;             // ns since boot
    uint64_t revision;               // of the last record made
    _Atomic uint64_t uninstrumented; // children and successors that get no preload
    uint64_t start_us;               // since the epoch
    uint64_t start_tsc;
    pid_t ppid;
    const char *path, *exename, *args, *tags; // our own memory: a program may overwrite its argv
    uint64_t texts_lost;                      // of these, before any record
    bool texts_told, texts_missed;            // a record had them all; the first ones lacked some
    size_t path_len, args_len;                // args: items, each ended by NUL
    int64_t rank, size;                       // from MPI itself, -1 before
    char step_key[EPMT_STEP_MAX];
    uint64_t step; // hash of the above, 0 outside MPI
    enum epmt_job_source source;
    const char *jobid, *user, *dir; // of the job
    size_t shared;                  // epmt_job_place_shared
    int64_t rank_hint;              // -1: none
    const char *crash;              // stack at the fatal signal, a list
    size_t crash_len, texts_len;
};

extern struct epmt_process epmt_self;

// Behind the texts one record at a time is built, under epmt_self.lock: exit may be called on a
// small stack.
struct epmt_scratch {
    char texts[1024];            // what pointers of epmt_self point to, as far as it goes
    struct epmt_job_place place; // while the process begins
    char more[16384 - sizeof(struct epmt_job_place)];
};
extern struct epmt_scratch epmt_scratch;

// Where epmt is installed; "" where the library lies elsewhere than in a lib/. Not in two threads
// at once for the first time.
const char *epmt_process_prefix(void);

// Begins: reads settings, finds the job, writes the identity record. Called by the constructor.
void epmt_process_begin(int argc, char **argv, char **envp);

// Where this process stands to epmt_self. MINE: go on. A child of fork that no wrapper saw is made
// a process of its own first. NOT_MINE: a vfork child (its memory is the parent's) or we are off:
// touch nothing.
enum epmt_standing { EPMT_MINE, EPMT_NOT_MINE };
enum epmt_standing epmt_process_standing(void);

// In the child of fork: makes it a process of its own, with a clean registry, if that has not been
// done (a handler of pthread_atfork may have called a wrapper already). image: epmt_self.image
// before the fork.
void epmt_process_forked(uint64_t image);

// Writes the identity record to the journal (as epmt_process_append), behind what is to stand in
// front of an empty one. Signals are blocked.
void epmt_record_identity(int journal, const void *front, size_t front_len);

// Writes the final record, once. status: as for exit(3), -1 where unknown; with the state signaled
// the number of the signal.
void epmt_process_end(enum epmt_state state, int status);

// The real _exit, or NULL.
void (*epmt_real_exit(void))(int);

// Before a call that this process does not come back from if all goes well (exec, daemon): a final
// record with this state and status. After it came back nevertheless: takes that back.
void epmt_process_leaving(enum epmt_state state, int status);
void epmt_process_stayed(void);

// Counts a call that hands on an environment without this library. Also in a vfork child: the
// memory is its parent's, and so is the record. Returns whether it was counted, for
// epmt_process_forget_environment where the call failed.
bool epmt_process_look_at_environment(char *const *envp);
void epmt_process_forget_environment(bool counted);

// After MPI_Init: the rank is known. Appends a rank record.
void epmt_process_set_rank(int64_t rank, int64_t size);

// At MPI_Finalize: makes the final record with the state finalized, appends it, and gives its
// sealed fragments in *pieces, memory that stays. Returns how many; 0 where there is nothing to
// send.
size_t epmt_process_freeze(struct epmt_bytes **pieces);

// Appends a sealed fragment to the journal, which is open or opened for it; a failure is logged and
// forgotten. Signals are blocked.
#define EPMT_JOURNAL_CLOSED (-1)
void epmt_process_append(int journal, const void *fragment, size_t len);

// Header of this process's fragments with these flags.
struct epmt_fragment_header epmt_process_header(unsigned flags);

// Says something to EPMT_LOG where EPMT_VERBOSE is at least level.
void epmt_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
