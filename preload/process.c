// SPDX-License-Identifier: Apache-2.0
#include "preload/process.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "aggregator/journal.h"
#include "aggregator/journal_aside.h"
#include "common/fmt.h"
#include "common/hash.h"
#include "common/hot.h"
#include "common/iox.h"
#include "common/links.h"
#include "common/prim.h"
#include "pmpi/profile.h"
#include "preload/collect.h"
#include "preload/counters.h"
#include "preload/crash.h"
#include "preload/forks.h"
#include "preload/mpi_hooks.h"
#include "preload/signals.h"
#include "preload/threads.h"

#include "common/poison.h"

EPMT_HOT(2) struct epmt_process epmt_self;

EPMT_HOT(3) struct epmt_scratch epmt_scratch;

// A write that failed has left its signal (a closed pipe, a limit on the size of files), blocked by
// us: the program never asked for that write.
static void take_signal_of(int status) {
    if (status == -EFBIG)
        epmt_prim_signal_take(SIGXFSZ);
    else if (status == -EPIPE)
        epmt_prim_signal_take(SIGPIPE);
}

static void write_log(int fd, const char *line, size_t len) {
    uint64_t signals = epmt_prim_signals_block();

    take_signal_of(epmt_write_all(fd, line, len));
    epmt_prim_signals_restore(signals);
}

void epmt_log(int level, const char *format, ...) {
    char line[512];
    struct epmt_text_buffer text;
    va_list args;
    const char *to = epmt_self.settings.log;

    if (!to || !*to || (uint64_t)level > epmt_self.settings.verbose)
        return;
    epmt_text_init(&text, line, sizeof line - 1);
    epmt_text_fmt(&text, "epmt[%d]: ", (int)epmt_self.pid);
    va_start(args, format);
    epmt_text_vfmt(&text, format, args);
    va_end(args);
    line[text.len++] = '\n';
    if (!strcmp(to, "stderr")) {
        write_log(2, line, text.len);
        return;
    }
    int fd = epmt_prim_open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        write_log(fd, line, text.len);
        epmt_prim_close(fd);
    }
}

// Memory of our own, or NULL where there is none.
static char *room_for(size_t len) {
    char *room = epmt_scratch.texts + epmt_self.texts_len;

    if (len > sizeof epmt_scratch.texts - epmt_self.texts_len)
        return epmt_prim_map(len);
    epmt_self.texts_len += len;
    return room;
}

// A copy, or NULL.
static const char *keep(const char *text, size_t len) {
    char *room = room_for(len + 1);

    if (!room)
        return NULL;
    memcpy(room, text, len);
    room[len] = '\0';
    return room;
}

// As keep, for what the program has: its own memory is better than none.
static const char *keep_of_program(const char *text, size_t len) {
    const char *kept = keep(text, len);

    return kept ? kept : text;
}

extern const char __ehdr_start __attribute__((visibility("hidden"))); // the linker's

static int find_own_file(struct dl_phdr_info *info, size_t size, void *file) {
    (void)size;
    if (info->dlpi_addr != (uintptr_t)&__ehdr_start)
        return 0;
    *(const char **)file = info->dlpi_name;
    return 1;
}

// <prefix> of <prefix>/lib/libepmt.so, this library's own file.
const char *epmt_process_prefix(void) {
    static char prefix[PATH_MAX];
    const char *file = "";

    if (*prefix)
        return prefix;
    dl_iterate_phdr(find_own_file, &file);
    size_t len = strlen(file);
    for (int slashes = 0; len && slashes < 2;)
        slashes += file[--len] == '/';
    epmt_fmt(prefix, sizeof prefix, "%.*s", (int)len, file);
    return prefix;
}

// Apart, so that its room on the stack is taken only where it is needed.
static __attribute__((noinline)) void find_exe_path(void) {
    char path[PATH_MAX];
    ssize_t len = epmt_prim_readlink("/proc/self/exe", path, sizeof path - 1);

    const char *kept = len > 0 ? keep(path, (size_t)len) : NULL;
    epmt_self.path = kept ? kept : "";
    epmt_self.path_len = kept ? (size_t)len : 0;
    epmt_self.texts_lost = len > 0 && !kept;
}

// Whether the name that the program was started by is that of its file: not where the kernel put an
// interpreter before it, which has the name as an argument, or where the loader was started.
static bool is_started_by_file(const char *name, int argc, char **argv) {
    for (int i = 1; i < argc && i <= 4; i++) {
        if (!strcmp(argv[i], name))
            return false;
    }
    return getauxval(AT_BASE) != 0;
}

// The file of the program, as /proc/self/exe has it, for which the kernel would have to make a file
// and take it down with the process: looking for links on the way to the program costs a third.
static void find_path(int argc, char **argv) {
    const char *name = (const char *)getauxval(AT_EXECFN);
    char *room = epmt_scratch.texts + epmt_self.texts_len;
    size_t left = sizeof epmt_scratch.texts - epmt_self.texts_len;

    if (!name || !is_started_by_file(name, argc, argv) || !epmt_follow_links(name, room, left)) {
        find_exe_path();
        return;
    }
    epmt_self.path = room;
    epmt_self.path_len = strlen(room);
    epmt_self.texts_len += epmt_self.path_len + 1;
}

// The programs of this installation.
static bool is_our_own_program(void) {
    const char *slash = strrchr(epmt_self.path, '/');

    if (!slash || strncmp(slash, "/epmt", 5) != 0) // who is not need not know where we are
        return false;
    size_t prefix = strlen(epmt_process_prefix());
    const char *behind = epmt_self.path + prefix;
    return prefix && !strncmp(epmt_self.path, epmt_process_prefix(), prefix) &&
           (!strcmp(behind, "/bin/epmt") || !strncmp(behind, "/libexec/epmt/epmt-", 19));
}

// A batch script hands the preload on to the task prolog of the steps that it starts.
static bool is_our_own_script(void) {
    return *epmt_self.exename == 's' && (!strcmp(epmt_self.exename, "slurm_task_prolog_epmt.sh") ||
                                         !strcmp(epmt_self.exename, "slurm_task_epilog_epmt.sh"));
}

// argv as the kernel gave it lies in one piece: items, each ended by NUL.
static void take_arguments(int argc, char **argv) {
    const char *file = (const char *)getauxval(AT_EXECFN);
    int first = 0;

    // A script: the kernel put the interpreter (and one argument of its) before the script's path.
    for (int i = 1; file && i <= 2 && i < argc; i++) {
        if (!strcmp(argv[i], file) && strcmp(argv[0], file)) {
            first = i;
            break;
        }
    }
    const char *name = argc > 0 ? argv[first] : "";
    const char *slash = strrchr(name, '/');
    if (slash && slash[1])
        name = slash + 1;
    epmt_self.exename = keep_of_program(name, strlen(name));
    if (first + 1 < argc) {
        const char *start = argv[first + 1];
        epmt_self.args_len = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) + 1 - start);
        epmt_self.args = keep_of_program(start, epmt_self.args_len);
    }
}

static void take_identity(void) {
    epmt_self.pid = epmt_prim_getpid();
    epmt_self.ppid = epmt_prim_getppid();
    epmt_self.start_us = epmt_prim_clock_ns_by_call(CLOCK_REALTIME) / 1000;
    epmt_self.imagestart = epmt_prim_clock_ns_by_call(CLOCK_BOOTTIME);
    epmt_self.start_tsc = epmt_collect_tsc();
    epmt_self.revision = 0;
    epmt_self.uninstrumented = 0;
    epmt_self.texts_told = epmt_self.texts_missed = false;
    epmt_self.rank = epmt_self.size = -1;
    epmt_self.step = 0;
    epmt_threads_begin();
}

static uint64_t image_of_identity(void) {
    uint64_t hash =
        epmt_hash_words(EPMT_HASH_START, epmt_self.host.bootid, sizeof epmt_self.host.bootid);

    hash = epmt_hash_u64(hash, epmt_self.host.pidns);
    hash = epmt_hash_u64(hash, (uint64_t)epmt_self.pid);
    return epmt_hash_finish(epmt_hash_u64(hash, epmt_self.imagestart));
}

// <dir>/<host>.journal
static const char *keep_journal(const char *dir) {
    size_t len = strlen(dir) + 1 + strlen(epmt_self.hostname) + sizeof EPMT_JOURNAL_SUFFIX;
    char *room = room_for(len);

    if (room)
        epmt_fmt(room, len, "%s/%s%s", dir, epmt_self.hostname, EPMT_JOURNAL_SUFFIX);
    return room;
}

static bool take_place(void) {
    struct epmt_job_place *place = &epmt_scratch.place;
    struct epmt_error err;
    struct utsname host = {.nodename = "", .release = ""};

    epmt_prim_uname(&host);
    epmt_forks_choose(host.release);
    epmt_fmt(epmt_self.hostname, sizeof epmt_self.hostname, "%s", host.nodename);
    if (epmt_job_place_find(place, &epmt_self.settings, epmt_self.envp, &err)) {
        epmt_log(0, "%s", err.text);
        return false;
    }
    epmt_fmt(epmt_self.step_key, sizeof epmt_self.step_key, "%s", place->step);
    epmt_self.journal = keep_journal(place->dir);
    epmt_self.jobid = keep(place->jobid, strlen(place->jobid));
    epmt_self.user = keep(place->user, strlen(place->user));
    epmt_self.dir = keep(place->dir, strlen(place->dir));
    epmt_self.shared = epmt_job_place_shared(place);
    epmt_self.source = place->source;
    epmt_self.rank_hint = place->rank_hint;
    return epmt_self.journal && epmt_self.jobid && epmt_self.user && epmt_self.dir;
}

struct epmt_fragment_header epmt_process_header(unsigned flags) {
    return (struct epmt_fragment_header){
        .flags = (uint16_t)flags,
        .step = epmt_self.step,
        .rank = epmt_self.step ? (int32_t)epmt_self.rank : -1,
        .image = epmt_self.image,
    };
}

static int open_journal(uint64_t *len) {
    int fd = epmt_journal_open(epmt_self.journal, epmt_self.shared, len);

    if (fd < 0 && fd != -EMFILE)
        epmt_log(0, "cannot open %s: error %d", epmt_self.journal, -fd);
    return fd;
}

static void log_append(int status) {
    if (status)
        epmt_log(0, "cannot append to %s: error %d", epmt_self.journal, -status);
}

// Apart: cold.
static __attribute__((noinline)) int append_aside(const void *fragment, size_t len) {
    return epmt_journal_append_aside(epmt_self.journal, epmt_self.shared, fragment, len);
}

static void append(int fd, const void *fragment, size_t len) {
    int status = epmt_write_all(fd, fragment, len);

    take_signal_of(status);
    log_append(status == -EFBIG ? append_aside(fragment, len) : status);
}

void epmt_process_append(int journal, const void *fragment, size_t len) {
    uint64_t before;
    int fd = journal == EPMT_JOURNAL_CLOSED ? open_journal(&before) : journal;

    if (fd == -EMFILE)
        log_append(append_aside(fragment, len));
    if (fd < 0)
        return;
    append(fd, fragment, len);
    if (journal == EPMT_JOURNAL_CLOSED)
        epmt_journal_close(fd, epmt_threads_alone());
}

// Who this process is, and its identity record. Who it is comes first: the journal may be in use,
// and the parent end meanwhile. Signals are blocked.
static void begin_record(void) {
    uint8_t front[EPMT_HOST_FRAGMENT_LEN];
    pid_t parent = epmt_self.pid; // in its child; else 0
    size_t front_len = 0;
    uint64_t len = 0;

    take_identity();
    epmt_forks_begin();
    int fd = open_journal(&len);
    int64_t boot =
        (int64_t)epmt_self.start_us / 1000000 - (int64_t)(epmt_self.imagestart / 1000000000);
    // What the parent knows of the host is true for the child; in another pid namespace the parent
    // has another number, or none.
    if (!parent || epmt_self.ppid != parent)
        front_len = epmt_journal_host_find(&epmt_self.host, epmt_self.pid, boot, fd, len, front);
    epmt_self.image = image_of_identity();
    epmt_self.life = EPMT_LIFE_READY;
    if (fd >= 0 || fd == -EMFILE)
        epmt_record_identity(fd >= 0 ? fd : EPMT_JOURNAL_CLOSED, front, front_len);
    if (fd >= 0)
        epmt_journal_close(fd, true);
}

void epmt_process_begin(int argc, char **argv, char **envp) {
    epmt_settings_init(&epmt_self.settings);
    epmt_settings_from_environment(&epmt_self.settings, envp, NULL);
    epmt_self.life = EPMT_LIFE_OFF;
    if (epmt_self.settings.disable)
        return;
    epmt_self.envp = envp;
    if (*epmt_self.settings.log) // looked at later on: a program may write over its environment
        epmt_self.settings.log =
            keep_of_program(epmt_self.settings.log, strlen(epmt_self.settings.log));
    find_path(argc, argv);
    if (is_our_own_program())
        return;
    take_arguments(argc, argv);
    if (is_our_own_script() || epmt_matches_any(epmt_self.settings.exclude, epmt_self.exename))
        return;
    if (!take_place())
        return;
    const char *tags = epmt_environment_get(envp, "EPMT_TAGS");
    if (!tags)
        tags = epmt_environment_get(envp, "PAPIEX_TAGS");
    if (tags)
        epmt_self.tags = keep_of_program(tags, strlen(tags));
    uint64_t signals = epmt_prim_signals_block();
    begin_record();
    epmt_mpi_hooks_begin();
    epmt_signals_begin();
    if (*epmt_self.settings.events)
        epmt_counters_begin();
    epmt_prim_signals_restore(signals);
    if (epmt_self.settings.crash_stack == EPMT_CRASH_ALL)
        epmt_crash_begin(NULL);
}

// image: of the parent. A signal handler may have done it meanwhile.
static void become_child(uint64_t image) {
    uint64_t signals = epmt_prim_signals_block();

    if (epmt_self.image != image) {
        epmt_prim_signals_restore(signals);
        return;
    }
    epmt_lock_reset(&epmt_self.lock);
    if (epmt_mpi_clock != EPMT_MPI_OFF) // else there is nothing to forget, in pages never touched
        epmt_mpi_profile_forked();
    begin_record();
    if (epmt_self.counters)
        epmt_counters_forked();
    if (epmt_self.pid == 1)
        epmt_signals_end();
    epmt_prim_signals_restore(signals);
}

bool epmt_process_look_at_environment(char *const *envp) {
    if (epmt_self.life == EPMT_LIFE_UNINIT || epmt_self.life == EPMT_LIFE_OFF)
        return false;
    // A bad address is for the kernel to refuse.
    if (envp && envp != environ && !epmt_prim_is_readable(envp))
        return false;
    const char *value = epmt_environment_get(envp, "LD_PRELOAD");
    // Whatever path it is named by: the file's name is libepmt.so.
    bool counted = !value || !strstr(value, "libepmt.so");
    if (counted)
        epmt_self.uninstrumented++;
    return counted;
}

void epmt_process_forget_environment(bool counted) {
    if (counted)
        epmt_self.uninstrumented--;
}

void epmt_process_forked(uint64_t image) {
    if (epmt_self.life != EPMT_LIFE_UNINIT && epmt_self.life != EPMT_LIFE_OFF)
        become_child(image);
}

enum epmt_standing epmt_process_standing(void) {
    uint64_t image = epmt_self.image;

    if (epmt_self.life == EPMT_LIFE_UNINIT || epmt_self.life == EPMT_LIFE_OFF)
        return EPMT_NOT_MINE;
    // The page is asked first: in a new pid namespace the child may have its parent's number.
    if (epmt_forks_by_page())
        become_child(image);
    if (epmt_prim_getpid() == epmt_self.pid)
        return EPMT_MINE;
    if (!epmt_forks_by_rseq())
        return EPMT_NOT_MINE;
    become_child(image);
    return EPMT_MINE;
}
