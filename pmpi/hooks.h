// SPDX-License-Identifier: Apache-2.0
// What pmpi/ asks of the preload, which fills this in: pmpi never includes preload/.
#ifndef EPMT_PMPI_HOOKS_H
#define EPMT_PMPI_HOOKS_H

#include "aggregator/fragment.h"
#include "metadata/settings.h"

struct epmt_mpi_hooks {
    // Whether this process may be recorded (not off, no vfork child).
    bool (*mine)(void);
    // MPI has said which rank this is: a rank record goes to the journal.
    void (*set_rank)(int64_t rank, int64_t size);
    // The process is about to end with that code, and perhaps is not let come to its end: its final
    // record goes to the journal. stayed: it goes on after all.
    void (*leaving)(int code);
    void (*stayed)(void);
    // The records of this rank, final and sealed, also in the journal. Returns how many fragments.
    size_t (*freeze)(struct epmt_bytes **pieces);
    // Rank 0: one more sealed fragment, the attributes of the job and of this step. `facts` are
    // key, value, ... ended by NULL, of the scope of the step. Empty where it cannot be made.
    struct epmt_bytes (*job)(const char *const *facts);
    // Appends a sealed fragment to the journal.
    void (*append)(const void *fragment, size_t len);
    // Header of this rank's fragments.
    struct epmt_fragment_header (*header)(void);
    // Makes sure that epmt_mpi_thread_end is called when the calling thread ends.
    void (*watch_thread)(void);
    // Gets ready for backtraces, not in a signal handler. Returns whether they can be had.
    bool (*backtrace_begin)(void);
    // Addresses of the calls on this thread's stack, innermost first. Returns how many.
    size_t (*backtrace)(uintptr_t *calls, size_t cap);
    const char *(*prefix)(void); // of the installation
    void (*log)(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
    const struct epmt_settings *settings;
    char *const *envp;
    const char *journal; // path
    const char *step;    // launcher's key of the MPI world
};

// Set once, by the constructor. NULL: nothing is recorded.
extern const struct epmt_mpi_hooks *epmt_mpi_hooks;

#endif
