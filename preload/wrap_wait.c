// SPDX-License-Identifier: Apache-2.0
// The waits. Where nothing can run in a process that dies (SIGKILL, a stack without room), its
// parent learns what nobody else can tell: the signal, and what the process used. That goes to the
// journal, and the fold gives it to the process that left no final record.
//
// A wait may run in a handler of SIGCHLD, in a child of vfork, and before our constructor: unless a
// signal ended the child, nothing of ours is touched but the cache of the real function.
#include <errno.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "aggregator/fragment.h"
#include "common/fmt.h"
#include "common/guard.h"
#include "common/hot.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/wait.h"

#include "common/poison.h"

// Names, numbers and the header: some 300 bytes.
#define FRAGMENT_MAX 1024

static uint64_t microseconds(const struct timeval *t) {
    return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec;
}

static void fill_usage(struct epmt_record *record, const struct rusage *usage) {
    epmt_record_set_u(record, EPMT_COL_usertime, microseconds(&usage->ru_utime));
    epmt_record_set_u(record, EPMT_COL_systemtime, microseconds(&usage->ru_stime));
    epmt_record_set_u(record, EPMT_COL_rssmax, (uint64_t)usage->ru_maxrss);
    epmt_record_set_u(record, EPMT_COL_minflt, (uint64_t)usage->ru_minflt);
    epmt_record_set_u(record, EPMT_COL_majflt, (uint64_t)usage->ru_majflt);
    epmt_record_set_u(record, EPMT_COL_inblock, (uint64_t)usage->ru_inblock);
    epmt_record_set_u(record, EPMT_COL_outblock, (uint64_t)usage->ru_oublock);
    epmt_record_set_u(record, EPMT_COL_vol_ctxsw, (uint64_t)usage->ru_nvcsw);
    epmt_record_set_u(record, EPMT_COL_invol_ctxsw, (uint64_t)usage->ru_nivcsw);
}

// Under epmt_self.lock, with signals blocked: so the memory need not be on the stack, which may be
// a handler's.
static void append(pid_t child, int number, const struct rusage *usage) {
    static struct epmt_record record;
    static _Alignas(8) uint8_t data[FRAGMENT_MAX];
    const struct epmt_fragment_header header = {.flags = EPMT_FRAGMENT_WAITED, .rank = -1};
    struct epmt_fragment fragment;

    epmt_record_clear(&record);
    epmt_record_set_i(&record, EPMT_COL_pid, child);
    epmt_record_set_i(&record, EPMT_COL_ppid, epmt_self.pid);
    epmt_record_set_i(&record, EPMT_COL_exitsignal, number);
    epmt_record_set_text(&record, EPMT_COL_hostname, epmt_self.hostname,
                         strlen(epmt_self.hostname));
    epmt_record_set_text(&record, EPMT_COL_bootid, epmt_self.host.bootid,
                         strlen(epmt_self.host.bootid));
    epmt_record_set_u(&record, EPMT_COL_pidns, epmt_self.host.pidns);
    // By the clock that tells the start of an image, and that nobody sets.
    epmt_record_set_u(&record, EPMT_COL_imagestart, epmt_prim_clock_ns(CLOCK_BOOTTIME));
    if (usage)
        fill_usage(&record, usage);
    epmt_fragment_init(&fragment, data, sizeof data, NULL, 0);
    if (epmt_fragment_add(&fragment, EPMT_ROW_WAITED, &record))
        return;
    epmt_process_append(EPMT_JOURNAL_CLOSED, data, epmt_fragment_seal(&fragment, &header));
}

// The journal has the child's identity record; where it is gone there is nobody to tell it of.
// Within MPI_Finalize this thread may hold the journal itself.
static __attribute__((noinline, cold)) void tell(pid_t child, int number,
                                                 const struct rusage *usage) {
    int saved = epmt_enter();

    if (!epmt_tls.in_mpi_life && epmt_process_standing() == EPMT_MINE &&
        !epmt_prim_access(epmt_self.journal)) {
        uint64_t signals = epmt_prim_signals_block();
        if (epmt_lock_take(&epmt_self.lock)) {
            append(child, number, usage);
            epmt_lock_release(&epmt_self.lock);
        }
        epmt_prim_signals_restore(signals);
    }
    epmt_leave(saved);
}

static inline pid_t look(pid_t child, const int *status, const struct rusage *usage) {
    if (__builtin_expect(child > 0 && WIFSIGNALED(*status), 0))
        tell(child, WTERMSIG(*status), usage);
    return child;
}

static int missing(void) {
    errno = ENOSYS;
    return -1;
}

typedef pid_t (*wait_f)(int *);
typedef pid_t (*waitpid_f)(pid_t, int *, int);
typedef pid_t (*wait4_f)(pid_t, int *, int, struct rusage *);

// Before glibc 2.31 wait4 was no point of cancellation, as wait and waitpid have to be.
static bool is_wait4_the_same(void) {
    EPMT_REAL(gnu_get_libc_version);
    const char *at = real ? real() : "", *end = at + strlen(at);
    uint64_t major, minor;

    return epmt_parse_u64(&at, end, &major) && at < end && *at++ == '.' &&
           epmt_parse_u64(&at, end, &minor) && (major > 2 || minor >= 31);
}

// Whether the next definition of a name is the C library's, which has it by another name too: its
// waitpid is its wait4 with one argument less, and the kernel the same.
enum next { NEXT_UNKNOWN, NEXT_PLAIN, NEXT_OTHER };

static __attribute__((noinline, cold)) enum next ask(const char *twin, void (*next)(void)) {
    void *cache = NULL;
    void (*plain)(void);

    epmt_real(twin, &cache, &plain);
    return plain && plain == next && is_wait4_the_same() ? NEXT_PLAIN : NEXT_OTHER;
}

static wait4_f find_wait4(void) {
    EPMT_REAL(wait4);

    return real;
}

// The next definition; *plain: wait4 where that does the same and tells more, else NULL: then it is
// another tool's, or something else of that name, and to be called as it is.
#define DEFINE_FIND(name)                                                                     \
    static name##_f find_##name(wait4_f *plain) {                                             \
        static EPMT_HOT(1) _Atomic int next;                                                  \
        EPMT_REAL(name);                                                                      \
        if (__builtin_expect(next == NEXT_UNKNOWN, 0) && real)                                \
            next = (int)ask("__" #name, (void (*)(void))real);                                \
        *plain = next == NEXT_PLAIN && epmt_self.life != EPMT_LIFE_OFF ? find_wait4() : NULL; \
        return real;                                                                          \
    }

DEFINE_FIND(wait)
DEFINE_FIND(waitpid)

void epmt_wait_find(void) {
    wait4_f plain;

    find_wait(&plain);
    find_waitpid(&plain);
}

static inline bool is_off(void) {
    return epmt_self.life == EPMT_LIFE_OFF;
}

static inline pid_t wait_and_look(wait4_f plain, pid_t pid, int *status, int options) {
    struct rusage usage;
    int own = 0;

    if (!status)
        status = &own;
    return look(plain(pid, status, options, &usage), status, &usage);
}

EPMT_EXPORT pid_t waitpid(pid_t pid, int *status, int options) {
    wait4_f plain;
    waitpid_f real = find_waitpid(&plain);
    int own = 0;

    if (plain)
        return wait_and_look(plain, pid, status, options);
    if (!real)
        return missing();
    if (is_off())
        return real(pid, status, options);
    if (!status)
        status = &own;
    return look(real(pid, status, options), status, NULL);
}

EPMT_EXPORT long epmt_wait(long a, long b, long c, long d, long e, long f) __asm__("wait");

// A library may have a function of that name which has nothing to do with processes.
EPMT_EXPORT long epmt_wait(long a, long b, long c, long d, long e, long f) {
    typedef long (*any_f)(long, long, long, long, long, long);
    wait4_f plain;
    wait_f real = find_wait(&plain);

    if (plain)
        return wait_and_look(plain, WAIT_ANY, (int *)a, 0);
    return real ? ((any_f)(void (*)(void))real)(a, b, c, d, e, f) : missing();
}

EPMT_EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
    struct rusage own_usage;
    int own = 0;

    EPMT_REAL(wait3);
    if (!real)
        return missing();
    if (is_off())
        return real(status, options, usage);
    if (!status)
        status = &own;
    if (!usage)
        usage = &own_usage;
    return look(real(status, options, usage), status, usage);
}

EPMT_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    struct rusage own_usage;
    wait4_f real = find_wait4();
    int own = 0;

    if (!real)
        return missing();
    if (is_off())
        return real(pid, status, options, usage);
    if (!status)
        status = &own;
    if (!usage)
        usage = &own_usage;
    return look(real(pid, status, options, usage), status, usage);
}

static bool by_signal(const siginfo_t *info) {
    return info->si_pid > 0 && (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED);
}

// What the child used stays unknown: the system call would tell, the C library's function, which is
// a point of cancellation, does not.
EPMT_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    siginfo_t own;

    EPMT_REAL(waitid);
    if (!real)
        return missing();
    if (is_off() || options & WNOWAIT)
        return real(type, id, info, options);
    own.si_pid = 0;
    if (!info)
        info = &own;
    int result = real(type, id, info, options);
    if (__builtin_expect(!result && by_signal(info), 0))
        tell(info->si_pid, info->si_status, NULL);
    return result;
}
