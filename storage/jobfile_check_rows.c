// SPDX-License-Identifier: Apache-2.0
// The rows of processes and threads: references, and values that cannot be.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/alive.h"
#include "storage/jobfile_check_priv.h"

#define SIGNAL_MAX 64
// By so much the clock of the day may be set while a process runs.
#define CLOCK_US 1000000

static bool has(const struct epmt_check *check, int column) {
    return epmt_record_has(&check->record, column);
}

static int64_t number(const struct epmt_check *check, int column) {
    return has(check, column) ? check->record.value[column].i : EPMT_MISSING_INT;
}

static void check_range(struct epmt_check *check, int column, int64_t least, int64_t most) {
    int64_t value = number(check, column);

    if (has(check, column) && (value < least || value > most))
        epmt_check_wrong(check, epmt_columns[column].name, "%" PRId64 " cannot be", value);
}

static void check_span(struct epmt_check *check) {
    int64_t start = number(check, EPMT_COL_start), end = number(check, EPMT_COL_end);

    check_range(check, EPMT_COL_start, 0, INT64_MAX);
    if (has(check, EPMT_COL_start) && has(check, EPMT_COL_end) && end < start)
        epmt_check_wrong(check, "end", "%" PRId64 " is before the start, %" PRId64, end, start);
}

// Time on a CPU, in the two ways that it is counted.
static void check_times(struct epmt_check *check, int64_t threads) {
    int64_t start = number(check, EPMT_COL_start), end = number(check, EPMT_COL_end);
    const union epmt_value *value = check->record.value;
    uint64_t user = has(check, EPMT_COL_usertime) ? value[EPMT_COL_usertime].u : 0;
    uint64_t system = has(check, EPMT_COL_systemtime) ? value[EPMT_COL_systemtime].u : 0;
    uint64_t both = user > UINT64_MAX - system ? UINT64_MAX : user + system;

    if (!epmt_check_fits(both, start, end, threads))
        epmt_check_wrong(check, "usertime",
                         "with systemtime %" PRIu64 " us, more than %" PRId64
                         " threads can take in %" PRId64 " us",
                         both, threads, end - start);
    if (has(check, EPMT_COL_time_oncpu) &&
        !epmt_check_fits(value[EPMT_COL_time_oncpu].u / 1000, start, end, threads))
        epmt_check_wrong(check, "time_oncpu",
                         "%" PRIu64 " ns, more than %" PRId64 " threads can take in %" PRId64 " us",
                         value[EPMT_COL_time_oncpu].u, threads, end - start);
}

static void check_end(struct epmt_check *check) {
    int64_t state = number(check, EPMT_COL_state), by = number(check, EPMT_COL_exitsignal);

    check_range(check, EPMT_COL_exitcode, 0, 255);
    check_range(check, EPMT_COL_exitsignal, 0, SIGNAL_MAX);
    if (state == EPMT_STATE_exited && by > 0)
        epmt_check_wrong(check, "exitsignal", "%" PRId64 " of a process that exited", by);
    if (state == EPMT_STATE_signaled && by <= 0)
        epmt_check_wrong(check, "exitsignal", "none of a process that a signal ended");
    if ((state == EPMT_STATE_signaled || state == EPMT_STATE_killed) &&
        has(check, EPMT_COL_exitcode))
        epmt_check_wrong(check, "exitcode", "of a process that did not exit");
}

static void check_rank(struct epmt_check *check) {
    int64_t rank = number(check, EPMT_COL_mpirank), ranks = number(check, EPMT_COL_numranks);

    check_range(check, EPMT_COL_numranks, 1, INT64_MAX);
    if (has(check, EPMT_COL_mpirank) &&
        (rank < 0 || (has(check, EPMT_COL_numranks) && rank >= ranks)))
        epmt_check_wrong(check, "mpirank", "%" PRId64 " in a world of %" PRId64, rank, ranks);
}

static void check_process(struct epmt_check *check) {
    int64_t numtids = number(check, EPMT_COL_numtids);

    check_span(check);
    check_end(check);
    check_rank(check);
    check_range(check, EPMT_COL_pid, 1, INT32_MAX);
    check_range(check, EPMT_COL_ppid, 0, INT32_MAX);
    check_range(check, EPMT_COL_generation, 0, INT64_MAX);
    check_range(check, EPMT_COL_numtids, 0, INT64_MAX);
    // Values that still hold what earlier images used say nothing of this one's span.
    // Of one that was killed nobody counted the threads.
    if ((!has(check, EPMT_COL_carried) || !check->record.value[EPMT_COL_carried].u) &&
        (has(check, EPMT_COL_numtids) || number(check, EPMT_COL_state) != EPMT_STATE_killed))
        check_times(check, numtids > 0 ? numtids : 1);
    if (has(check, EPMT_COL_mpitime) &&
        !epmt_check_fits(check->record.value[EPMT_COL_mpitime].u / 1000,
                         number(check, EPMT_COL_start), number(check, EPMT_COL_end), numtids))
        epmt_check_wrong(check, "mpitime", "%" PRIu64 " ns, more than its threads can take",
                         check->record.value[EPMT_COL_mpitime].u);
}

static struct epmt_bytes text(const struct epmt_check *check, int column) {
    return has(check, column) ? check->record.value[column].text : (struct epmt_bytes){"", 0};
}

// Names of the step and of the host (with its boot). Returns 0 or -1 (out of memory).
static int name_places(struct epmt_check *check, struct epmt_check_process *process) {
    struct epmt_bytes step = text(check, EPMT_COL_step), host = text(check, EPMT_COL_hostname),
                      boot = text(check, EPMT_COL_bootid);
    struct epmt_strbuf name = {0};

    process->step = process->host = EPMT_FOLD_NOWHERE;
    if (has(check, EPMT_COL_mpirank) &&
        (process->step = epmt_check_name(check, step.data, step.len)) == EPMT_FOLD_NOWHERE)
        return -1;
    epmt_strbuf_add(&name, host.data, host.len);
    epmt_strbuf_puts(&name, "\n");
    epmt_strbuf_add(&name, boot.data, boot.len);
    if (!name.failed)
        process->host = epmt_check_name(check, name.data, name.len);
    epmt_strbuf_free(&name);
    if (process->host == EPMT_FOLD_NOWHERE)
        return -1;
    check->host_counts[process->host]++;
    return 0;
}

// A rank has reported when a row of it says how it ended; its rows follow each other.
static void count_rank(struct epmt_check *check, const struct epmt_check_process *process,
                       const struct epmt_check_process **last) {
    if (process->step == EPMT_FOLD_NOWHERE || epmt_is_open(&check->record) ||
        number(check, EPMT_COL_state) == EPMT_STATE_killed)
        return;
    if (!*last || (*last)->step != process->step || (*last)->rank != process->rank)
        check->ranks[process->step]++;
    *last = process;
}

static void enter(struct epmt_check *check, uint64_t place) {
    uint64_t at = epmt_hash_finish(check->processes[place].image);

    while (check->slots[at & (check->slot_count - 1)])
        at++;
    check->slots[at & (check->slot_count - 1)] = place + 1;
}

static int take_process(struct epmt_check *check, const struct epmt_check_process **last) {
    struct epmt_check_process *process = &check->processes[check->process_count];

    *process = (struct epmt_check_process){
        .image = has(check, EPMT_COL_image) ? check->record.value[EPMT_COL_image].u : 0,
        .rank = number(check, EPMT_COL_mpirank),
        .ranks = number(check, EPMT_COL_numranks),
        .start = number(check, EPMT_COL_start),
        .end = number(check, EPMT_COL_end),
        .numtids = number(check, EPMT_COL_numtids),
        .crashed =
            has(check, EPMT_COL_crashstack) || number(check, EPMT_COL_state) == EPMT_STATE_signaled,
    };
    if (name_places(check, process))
        return -1;
    count_rank(check, process, last);
    if (!has(check, EPMT_COL_image))
        epmt_check_wrong(check, "image", "is missing");
    else if (epmt_check_find(check, process->image))
        epmt_check_wrong(check, "image", "is that of an earlier row");
    else
        enter(check, check->process_count);
    check->process_count++;
    return 0;
}

int epmt_check_processes(struct epmt_check *check, struct epmt_error *err) {
    uint64_t rows = epmt_jobfile_info(check->file)->process_count;
    const struct epmt_check_process *last = NULL;
    int more;

    check->table = "/processes";
    check->row = 0;
    for (check->slot_count = 64; check->slot_count / 2 < rows;)
        check->slot_count *= 2;
    check->slots = calloc(check->slot_count, sizeof *check->slots);
    check->processes = calloc(rows + 1, sizeof *check->processes);
    if (!check->slots || !check->processes)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the processes of a job");
    while ((more = epmt_jobfile_next_process(check->file, &check->record, err)) == 1) {
        epmt_check_row(check, EPMT_ROW_PROCESS);
        check_process(check);
        if (take_process(check, &last))
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the processes of a job");
        check->row++;
    }
    return more;
}

static void check_thread(struct epmt_check *check, struct epmt_check_process *process) {
    int64_t rank = number(check, EPMT_COL_mpirank);

    check_span(check);
    check_range(check, EPMT_COL_tid, 1, INT32_MAX);
    check_times(check, 1);
    if (!process) {
        epmt_check_wrong(check, "image", "no row of /processes has it");
        return;
    }
    process->threads++;
    if (rank != process->rank)
        epmt_check_wrong(check, "mpirank", "another one than its process has");
    if (has(check, EPMT_COL_start) && process->start != EPMT_MISSING_INT &&
        number(check, EPMT_COL_start) < process->start - CLOCK_US)
        epmt_check_wrong(check, "start", "before that of its process");
    if (has(check, EPMT_COL_end) && process->end != EPMT_MISSING_INT &&
        number(check, EPMT_COL_end) > process->end + CLOCK_US)
        epmt_check_wrong(check, "end", "after that of its process");
}

int epmt_check_threads(struct epmt_check *check, struct epmt_error *err) {
    int more;

    check->table = "/threads";
    check->row = 0;
    while ((more = epmt_jobfile_next_thread(check->file, &check->record, err)) == 1) {
        epmt_check_row(check, EPMT_ROW_THREAD);
        check_thread(check, has(check, EPMT_COL_image)
                                ? epmt_check_find(check, check->record.value[EPMT_COL_image].u)
                                : NULL);
        check->row++;
    }
    check->table = "/processes";
    for (check->row = 0; !more && check->row < check->process_count; check->row++) {
        const struct epmt_check_process *process = &check->processes[check->row];
        if (process->numtids >= 0 && process->threads > (uint64_t)process->numtids)
            epmt_check_wrong(check, "numtids",
                             "%" PRId64 ", but /threads has %" PRIu64 " rows of it",
                             process->numtids, process->threads);
    }
    return more;
}
