// SPDX-License-Identifier: Apache-2.0
// The composition root: what pmpi/ needs of this process, and the facts of the job that rank 0
// sends along with its records.
#include "preload/mpi_hooks.h"

#include <string.h>

#include "common/fmt.h"
#include "common/hot.h"
#include "common/prim.h"
#include "pmpi/hooks.h"
#include "preload/crash.h"
#include "preload/process.h"
#include "preload/threads.h"

#include "common/poison.h"

static bool mine(void) {
    return epmt_process_standing() == EPMT_MINE;
}

static void append(const void *fragment, size_t len) {
    uint64_t signals = epmt_prim_signals_block();

    epmt_process_append(EPMT_JOURNAL_CLOSED, fragment, len);
    epmt_prim_signals_restore(signals);
}

static void leaving(int code) {
    epmt_process_leaving(EPMT_STATE_exited, code & 0xff);
}

static struct epmt_fragment_header header(void) {
    return epmt_process_header(EPMT_FRAGMENT_RANK);
}

static struct epmt_bytes bytes(const char *text) {
    return (struct epmt_bytes){text, text ? strlen(text) : 0};
}

static void add(struct epmt_fragment *fragment, const char *scope, const char *key,
                const char *value) {
    if (value)
        epmt_fragment_add_attribute(fragment, bytes(scope), bytes(key), bytes(value));
}

static void add_number(struct epmt_fragment *fragment, const char *scope, const char *key,
                       uint64_t value) {
    char text[24];

    epmt_fmt(text, sizeof text, "%lu", value);
    add(fragment, scope, key, text);
}

static void add_environment(struct epmt_fragment *fragment) {
    for (char *const *at = epmt_self.envp; *at; at++) {
        const char *equals = strchr(*at, '=');
        if (equals)
            epmt_fragment_add_attribute(fragment, bytes("env"),
                                        (struct epmt_bytes){*at, (size_t)(equals - *at)},
                                        bytes(equals + 1));
    }
}

static const char *source_name(enum epmt_job_source source) {
    switch (source) {
    case EPMT_JOB_FROM_ENVIRONMENT:
        return "environment";
    case EPMT_JOB_FROM_SESSION:
        return "session";
    case EPMT_JOB_FROM_LAUNCHER:
        return "launcher";
    }
    return NULL;
}

static void add_job(struct epmt_fragment *fragment, const char *const *facts) {
    static const char variables[][2][20] = {
        {"jobname", "SLURM_JOB_NAME"},
        {"jobname", "PBS_JOBNAME"},
        {"jobname", "LSB_JOBNAME"},
        {"cluster", "SLURM_CLUSTER_NAME"},
        {"tags", "EPMT_JOB_TAGS"},
        {"account", "SLURM_JOB_ACCOUNT"},
        {"partition", "SLURM_JOB_PARTITION"},
    };
    char scope[EPMT_STEP_MAX + 8];

    add(fragment, "job", "jobid", epmt_self.jobid);
    add(fragment, "job", "dir", epmt_self.dir);
    add(fragment, "job", "user", epmt_self.user);
    add(fragment, "job", "source", source_name(epmt_self.source));
    add_number(fragment, "job", "start", epmt_self.start_us);
    for (unsigned i = 0; i < sizeof variables / sizeof *variables; i++)
        add(fragment, "job", variables[i][0],
            epmt_environment_get(epmt_self.envp, variables[i][1]));
    // A bare mpirun is the whole job: nobody will say `epmt stop`. Any other began somewhere else.
    if (epmt_self.source == EPMT_JOB_FROM_LAUNCHER) {
        add(fragment, "job", "hostname", epmt_self.hostname);
        add(fragment, "job", "ended", "1");
    }
    epmt_fmt(scope, sizeof scope, "step %s", epmt_self.step_key);
    add_number(fragment, scope, "ranks_expected", (uint64_t)epmt_self.size);
    for (; facts[0]; facts += 2)
        add(fragment, scope, facts[0], facts[1]);
}

static struct epmt_bytes job(const char *const *facts) {
    struct epmt_fragment_header about = epmt_process_header(0);
    struct epmt_fragment fragment;
    size_t len = 65536;

    for (char *const *at = epmt_self.envp; *at; at++)
        len += strlen(*at) + 32;
    void *memory = epmt_prim_map(len);
    if (!memory)
        return (struct epmt_bytes){NULL, 0};
    epmt_fragment_init(&fragment, memory, len, NULL, 0);
    add_job(&fragment, facts);
    add_environment(&fragment);
    return (struct epmt_bytes){memory, epmt_fragment_seal(&fragment, &about)};
}

static epmt_backtrace_f helper;

static bool backtrace_begin(void) {
    void *found;

    if (!helper) {
        found = epmt_crash_helper(EPMT_BACKTRACE_SYMBOL, epmt_process_prefix());
        memcpy(&helper, &found, sizeof found);
    }
    return helper != NULL;
}

static size_t backtrace(uintptr_t *calls, size_t cap) {
    int count = helper(calls, (int)cap);

    return count > 0 ? (size_t)count : 0;
}

void epmt_mpi_hooks_begin(void) {
    static EPMT_HOT(1) struct epmt_mpi_hooks hooks;

    // Set here: a ready-made value would be pointers for the loader to set, on a page of its own.
    hooks = (struct epmt_mpi_hooks){
        .mine = mine,
        .set_rank = epmt_process_set_rank,
        .leaving = leaving,
        .stayed = epmt_process_stayed,
        .freeze = epmt_process_freeze,
        .job = job,
        .append = append,
        .header = header,
        .watch_thread = epmt_thread_watch,
        .backtrace_begin = backtrace_begin,
        .backtrace = backtrace,
        .log = epmt_log,
        .settings = &epmt_self.settings,
        .envp = epmt_self.envp,
        .journal = epmt_self.journal,
        .step = epmt_self.step_key,
        .prefix = epmt_process_prefix,
    };
    epmt_mpi_hooks = &hooks;
}
