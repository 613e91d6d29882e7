// SPDX-License-Identifier: Apache-2.0
// What processes waited for: a CPU, files, something else.
#include <stdio.h>

#include "analysis/findings_priv.h"

// At least so long a process neither computed, nor was in MPI, nor wanted a CPU, us: time in MPI
// may be CPU time too, so that it can be longer.
#define IDLE                                                                                 \
    "(CASE WHEN " EPMT_SQL_LIFE " > " EPMT_SQL_CPU " + coalesce(p.\"mpitime\", 0) / 1000 + " \
    "coalesce(p.\"time_waiting\", 0) / 1000 THEN " EPMT_SQL_LIFE " - " EPMT_SQL_CPU          \
    " - coalesce(p.\"mpitime\", 0) / 1000 - coalesce(p.\"time_waiting\", 0) / 1000 ELSE 0 END)"
#define MOVED "(coalesce(p.\"rchar\", 0) + coalesce(p.\"wchar\", 0))"

// A process, and what all of its kind have together.
struct wait {
    char host[EPMT_FINDING_NAME_MAX], program[EPMT_FINDING_NAME_MAX];
    int64_t rank, process_id, pid, threads, processes;
    double waited, beside, moved;         // of the process: s and bytes
    double waited_all, beside_all, blkio; // of all, s
    bool has_blkio;
};

static int take_wait(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct wait *wait = context;

    (void)columns, (void)names, (void)numeric;
    wait->process_id = epmt_value_int(values[0], -1);
    wait->rank = epmt_value_int(values[1], -1);
    epmt_value_text(wait->host, sizeof wait->host, values[2]);
    epmt_value_text(wait->program, sizeof wait->program, values[3]);
    wait->pid = epmt_value_int(values[4], -1);
    wait->threads = epmt_value_int(values[5], 1);
    wait->waited = epmt_value_real(values[6]) / 1e6;
    wait->beside = epmt_value_real(values[7]) / 1e6;
    wait->waited_all = epmt_value_real(values[8]) / 1e6;
    wait->beside_all = epmt_value_real(values[9]) / 1e6;
    wait->processes = epmt_value_int(values[10], 0);
    wait->moved = epmt_value_real(values[11]);
    wait->blkio = values[12] ? epmt_value_real(values[12]) / 1e6 : 0;
    return 0;
}

#define PROCESS                                                                  \
    "SELECT p.\"id\", p.\"mpirank\", p.\"hostname\", p.\"exename\", p.\"pid\", " \
    "coalesce(p.\"numtids\", 1), "

static void finish(struct epmt_finding *finding, const struct wait *wait, double share) {
    epmt_findings_name(finding, wait->process_id, wait->rank, wait->host, wait->program);
    if (!finding)
        return;
    finding->share = share;
    finding->seconds = wait->waited_all;
    finding->count = wait->processes;
}

// Time in the queue of a CPU, beside the time on one.
static int look_at_queue(struct finding_context *context) {
    static const char sql[] = PROCESS
        "coalesce(p.\"time_waiting\", 0) / 1000, coalesce(p.\"time_oncpu\", 0) / "
        "1000, " EPMT_SQL_SUM_REAL("p.\"time_waiting\" / 1000") " OVER (), " EPMT_SQL_SUM_REAL(
            "p.\"time_oncpu\" / 1000") " OVER (), "
                                       "count(*) OVER (), 0, NULL FROM \"processes\" p "
                                       "WHERE " EPMT_SQL_OF_JOB
                                       " AND p.\"time_waiting\" IS NOT NULL ORDER BY "
                                       "p.\"time_waiting\" DESC, p.\"id\" LIMIT 1";
    struct wait wait = {.processes = 0};
    char share_text[EPMT_WORD_MAX], waited[EPMT_WORD_MAX], most[EPMT_WORD_MAX],
        of_cpus[64] = "", who[3 * EPMT_FINDING_NAME_MAX];

    if (epmt_findings_ask(context, sql, take_wait, &wait))
        return -1;
    double wanted = wait.waited_all + wait.beside_all;
    double share = wanted > 0 ? wait.waited_all / wanted : 0;
    if (share < 0.1 || wait.waited_all < 0.1)
        return 0;
    if (context->job.cpus > 0)
        snprintf(of_cpus, sizeof of_cpus, " (the job had %ld)", (long)context->job.cpus);
    finish(epmt_findings_add(
               context, EPMT_FINDING_oversubscribed, share > 0.3 ? EPMT_WARNING : EPMT_NOTE,
               "More threads than CPUs%s: ready to run, they waited %s for a CPU, %s of the time "
               "they wanted one; longest %s, with %ld thread%s: %s.",
               of_cpus, epmt_words_seconds(waited, wait.waited_all),
               epmt_words_share(share_text, share),
               epmt_findings_who(who, sizeof who, wait.rank, wait.host, wait.program, wait.pid),
               (long)wait.threads, wait.threads == 1 ? "" : "s",
               epmt_words_seconds(most, wait.waited)),
           &wait, share);
    return 0;
}

// Those that moved data and those that did not, apart. A process with children waits for these:
// only ranks and leaves of the tree are looked at. A join, because PostgreSQL may run a NOT EXISTS
// behind an OR over the whole table, once for each process.
#define WAITING(moved)                                                                      \
    PROCESS IDLE                                                                            \
        ", " EPMT_SQL_LIFE ", sum(" IDLE ") OVER (), sum(" EPMT_SQL_LIFE                    \
        ") OVER (), count(*) OVER (), " MOVED                                               \
        ", sum(p.\"delayacct_blkio_time\") OVER () FROM \"processes\" p LEFT JOIN (SELECT " \
        "DISTINCT \"parent_id\" FROM \"processes\" WHERE \"job_id\" = $1) c ON "            \
        "c.\"parent_id\" = p.\"id\" WHERE " EPMT_SQL_OF_JOB " AND " MOVED moved             \
        " AND (p.\"mpirank\" IS NOT NULL OR c.\"parent_id\" IS NULL) AND " IDLE " > 10000 " \
        "ORDER BY " IDLE " DESC, p.\"id\" LIMIT 1"

static bool counts(const struct finding_context *context, const struct wait *wait) {
    return wait->processes && wait->waited > 0.1 * context->job.duration / 1e6 &&
           wait->waited > 0.2 * wait->beside && wait->waited > 0.05;
}

static int look_at_files(struct finding_context *context) {
    static const char sql[] = WAITING(" >= 4194304");
    struct wait wait = {.processes = 0};
    char who[3 * EPMT_FINDING_NAME_MAX], waited[EPMT_WORD_MAX], share[EPMT_WORD_MAX],
        moved[EPMT_WORD_MAX], rate[EPMT_WORD_MAX], disk[EPMT_WORD_MAX], sure[96] = "";

    if (epmt_findings_ask(context, sql, take_wait, &wait))
        return -1;
    if (!counts(context, &wait))
        return 0;
    if (wait.blkio > 0.01)
        snprintf(sure, sizeof sure, " The kernel counted %s of waiting for disks.",
                 epmt_words_seconds(disk, wait.blkio));
    epmt_findings_who(who, sizeof who, wait.rank, wait.host, wait.program, wait.pid);
    who[0] = wait.rank >= 0 ? 'R' : who[0];
    finish(epmt_findings_add(context, EPMT_FINDING_io_wait,
                             wait.waited > 0.5 * wait.beside ? EPMT_WARNING : EPMT_NOTE,
                             "%s waited %s, %s of its time, while it moved %s (%s/s): for files, "
                             "or whoever wrote or read at the other end.%s",
                             who, epmt_words_seconds(waited, wait.waited),
                             epmt_words_share(share, wait.waited / wait.beside),
                             epmt_words_bytes(moved, wait.moved),
                             epmt_words_bytes(rate, wait.moved / wait.waited), sure),
           &wait, wait.waited / wait.beside);
    return 0;
}

static int look_at_idle(struct finding_context *context) {
    static const char sql[] = WAITING(" < 4194304");
    struct wait wait = {.processes = 0};
    char who[3 * EPMT_FINDING_NAME_MAX], waited[EPMT_WORD_MAX], share[EPMT_WORD_MAX];

    if (epmt_findings_ask(context, sql, take_wait, &wait))
        return -1;
    if (!counts(context, &wait))
        return 0;
    epmt_findings_who(who, sizeof who, wait.rank, wait.host, wait.program, wait.pid);
    who[0] = wait.rank >= 0 ? 'R' : who[0];
    finish(epmt_findings_add(context, EPMT_FINDING_idle, EPMT_NOTE,
                             "%s did nothing for %s, %s of its time: it neither computed, nor was "
                             "in MPI, nor moved data. It slept, or waited for another process.",
                             who, epmt_words_seconds(waited, wait.waited),
                             epmt_words_share(share, wait.waited / wait.beside)),
           &wait, wait.waited / wait.beside);
    return 0;
}

int epmt_findings_waits(struct finding_context *context) {
    return look_at_queue(context) || look_at_files(context) || look_at_idle(context) ? -1 : 0;
}
