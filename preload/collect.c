// SPDX-License-Identifier: Apache-2.0
// getrusage and /proc of a thread. Runs at the life cycle's events only, never per call.
#include "preload/collect.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "common/fmt.h"
#include "common/hot.h"
#include "common/iox.h"
#include "common/prim.h"
#include "metadata/procstat.h"
#include "preload/process.h"

#include "common/poison.h"

uint64_t epmt_collect_tsc(void) {
#ifdef __x86_64__
    return __rdtsc();
#elif defined __aarch64__
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return 0;
#endif
}

static uint64_t microseconds(const struct timeval *t) {
    return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec;
}

static uint64_t ticks_to_us(uint64_t ticks) {
    static EPMT_HOT(1) uint64_t us_per_tick;

    if (!us_per_tick)
        us_per_tick = 1000000u / getauxval(AT_CLKTCK);
    return ticks * us_per_tick;
}

static void from_rusage(struct epmt_record *row, struct epmt_record *process) {
    struct rusage usage;

    // The kernel brings the CPU time of a running thread up to date for its clock, and for the stat
    // of its process, and not for RUSAGE_THREAD, which else lacks up to a tick: all that a short
    // process used.
    if (!epmt_threads_alone())
        epmt_prim_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (epmt_prim_getrusage(RUSAGE_THREAD, &usage))
        return;
    epmt_record_set_u(row, EPMT_COL_usertime, microseconds(&usage.ru_utime));
    epmt_record_set_u(row, EPMT_COL_systemtime, microseconds(&usage.ru_stime));
    epmt_record_set_u(row, EPMT_COL_minflt, (uint64_t)usage.ru_minflt);
    epmt_record_set_u(row, EPMT_COL_majflt, (uint64_t)usage.ru_majflt);
    epmt_record_set_u(row, EPMT_COL_inblock, (uint64_t)usage.ru_inblock);
    epmt_record_set_u(row, EPMT_COL_outblock, (uint64_t)usage.ru_oublock);
    epmt_record_set_u(row, EPMT_COL_vol_ctxsw, (uint64_t)usage.ru_nvcsw);
    epmt_record_set_u(row, EPMT_COL_invol_ctxsw, (uint64_t)usage.ru_nivcsw);
    // Of the whole process, whoever is asked for.
    if (process)
        epmt_record_set_u(process, EPMT_COL_rssmax, (uint64_t)usage.ru_maxrss);
}

#define PROC_SELF "/proc/self/"

// Reads /proc/self/task/<tid>/<name>; path is PROC_SELF <name>, which is read where `whole` is the
// same, as where there was never another thread: the kernel has less to build and to take down.
static ssize_t read_task(pid_t tid, bool whole, const char *path, char *text, size_t cap) {
    char of_task[64];

    if (whole)
        return epmt_read_small(path, text, cap);
    epmt_fmt(of_task, sizeof of_task, PROC_SELF "task/%d/%s", (int)tid,
             path + sizeof PROC_SELF - 1);
    return epmt_read_small(of_task, text, cap);
}

// Returns whether the process may have waited for children.
static bool from_stat(pid_t tid, bool self, struct epmt_record *row, struct epmt_record *process) {
    char text[1024];
    struct epmt_procstat stat;

    if (read_task(tid, epmt_threads_alone(), PROC_SELF "stat", text, sizeof text) <= 0 ||
        !epmt_procstat_parse(text, &stat))
        return true;
    if (!self) { // what getrusage says better of the calling thread
        epmt_record_set_u(row, EPMT_COL_minflt, stat.field[10]);
        epmt_record_set_u(row, EPMT_COL_majflt, stat.field[12]);
        epmt_record_set_u(row, EPMT_COL_usertime, ticks_to_us(stat.field[14]));
        epmt_record_set_u(row, EPMT_COL_systemtime, ticks_to_us(stat.field[15]));
    }
    epmt_record_set_u(row, EPMT_COL_starttime, ticks_to_us(stat.field[22]));
    if (stat.last >= 39)
        epmt_record_set_u(row, EPMT_COL_processor, stat.field[39]);
    // The kernel prints 0 where delay accounting is off, which it is unless booted or told so.
    if (stat.last >= 42 && stat.field[42])
        epmt_record_set_u(row, EPMT_COL_delayacct_blkio_time, ticks_to_us(stat.field[42]));
    if (stat.last >= 43)
        epmt_record_set_u(row, EPMT_COL_guest_time, ticks_to_us(stat.field[43]));
    if (process) {
        epmt_record_set_i(process, EPMT_COL_pgid, (int64_t)stat.field[5]);
        epmt_record_set_i(process, EPMT_COL_sid, (int64_t)stat.field[6]);
        epmt_record_set_u(process, EPMT_COL_num_threads, stat.field[20]);
    }
    return stat.field[11] || stat.field[13];
}

// What children did that were waited for is in the process's io, but not in its thread's.
static void from_io(pid_t tid, bool waited, struct epmt_record *row) {
    static const struct {
        char name[24];
        int column;
    } lines[] = {
        {"rchar:", EPMT_COL_rchar},
        {"wchar:", EPMT_COL_wchar},
        {"syscr:", EPMT_COL_syscr},
        {"syscw:", EPMT_COL_syscw},
        {"read_bytes:", EPMT_COL_read_bytes},
        {"write_bytes:", EPMT_COL_write_bytes},
        {"cancelled_write_bytes:", EPMT_COL_cancelled_write_bytes},
    };
    char text[512];
    ssize_t len =
        read_task(tid, !waited && epmt_threads_alone(), PROC_SELF "io", text, sizeof text);
    const char *at = text;

    for (unsigned i = 0; len > 0 && i < sizeof lines / sizeof *lines; i++) {
        size_t name = strlen(lines[i].name);
        const char *newline = strchr(at, '\n');
        const char *end = newline ? newline : at + strlen(at);
        uint64_t value;
        if (strncmp(at, lines[i].name, name))
            return;
        at += name;
        if (!epmt_parse_u64(&at, end, &value) || !newline)
            return;
        epmt_record_set_u(row, lines[i].column, value);
        at = newline + 1;
    }
}

static void from_schedstat(pid_t tid, struct epmt_record *row) {
    static const int columns[] = {EPMT_COL_time_oncpu, EPMT_COL_time_waiting, EPMT_COL_timeslices};
    char text[128];
    ssize_t len = read_task(tid, epmt_threads_alone(), PROC_SELF "schedstat", text, sizeof text);
    const char *at = text;
    uint64_t value;

    for (unsigned i = 0; len > 0 && i < 3 && epmt_parse_u64(&at, text + len, &value); i++)
        epmt_record_set_u(row, columns[i], value);
}

// Context switches of a thread that is not the calling one stand only in status. The caller holds
// the lock of a record, and its stack may be small.
static void from_status(pid_t tid, struct epmt_record *row) {
    static const struct {
        char name[32];
        int column;
    } lines[] = {
        {"\nvoluntary_ctxt_switches:", EPMT_COL_vol_ctxsw},
        {"\nnonvoluntary_ctxt_switches:", EPMT_COL_invol_ctxsw},
    };
    static char text[4096];
    ssize_t len = read_task(tid, epmt_threads_alone(), PROC_SELF "status", text, sizeof text);

    for (unsigned i = 0; len > 0 && i < 2; i++) {
        const char *at = strstr(text, lines[i].name);
        uint64_t value;
        if (!at)
            return;
        at += strlen(lines[i].name);
        if (epmt_parse_u64(&at, text + len, &value))
            epmt_record_set_u(row, lines[i].column, value);
    }
}

void epmt_collect_thread(const struct epmt_thread *thread, bool self, struct epmt_record *row,
                         struct epmt_record *process) {
    epmt_record_clear(row);
    epmt_record_set_u(row, EPMT_COL_image, epmt_self.image);
    if (epmt_self.rank >= 0)
        epmt_record_set_i(row, EPMT_COL_mpirank, epmt_self.rank);
    epmt_record_set_i(row, EPMT_COL_tid, thread->tid);
    bool waited = from_stat(thread->tid, self, row, process);
    if (self)
        from_rusage(row, process);
    else
        from_status(thread->tid, row);
    from_io(thread->tid, waited, row);
    from_schedstat(thread->tid, row);
    uint64_t now = epmt_threads_alone() ? epmt_prim_clock_ns_by_call(CLOCK_BOOTTIME)
                                        : epmt_prim_clock_ns(CLOCK_BOOTTIME);
    epmt_record_set_i(row, EPMT_COL_start, (int64_t)thread->start_us);
    epmt_record_set_i(row, EPMT_COL_end,
                      (int64_t)(thread->start_us + (now - thread->start_ns) / 1000));
    if (thread->start_tsc)
        epmt_record_set_u(row, EPMT_COL_rdtsc_duration, epmt_collect_tsc() - thread->start_tsc);
}

void epmt_collect_process(struct epmt_record *record) {
    struct rusage usage;

    if (!epmt_record_has(record, EPMT_COL_rssmax) && !epmt_prim_getrusage(RUSAGE_SELF, &usage))
        epmt_record_set_u(record, EPMT_COL_rssmax, (uint64_t)usage.ru_maxrss);
    if (epmt_prim_getrusage(RUSAGE_CHILDREN, &usage))
        return;
    epmt_record_set_u(record, EPMT_COL_cminflt, (uint64_t)usage.ru_minflt);
    epmt_record_set_u(record, EPMT_COL_cmajflt, (uint64_t)usage.ru_majflt);
    epmt_record_set_u(record, EPMT_COL_cutime, microseconds(&usage.ru_utime));
    epmt_record_set_u(record, EPMT_COL_cstime, microseconds(&usage.ru_stime));
}
