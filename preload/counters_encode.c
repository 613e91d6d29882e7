// SPDX-License-Identifier: Apache-2.0
// How the events that are asked for are counted. Those of the kernel itself are known; the others'
// encodings come from `epmt run` or `epmt source` in the environment. Where a program was started
// without these, libexec/epmt/epmt-events is asked, once per job and host: its answer is kept in
// the job's directory. libpfm4 never enters this process.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "aggregator/writer.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"
#include "metadata/counter_tables.h"
#include "preload/counters_priv.h"
#include "preload/process.h"

#include "common/poison.h"

#define ANSWER_LEN 16384
#define ANSWER_NS UINT64_C(5000000000)

static bool find(struct epmt_counted *event, const char *encoded) {
    enum epmt_event_reason reason;

    if (!epmt_event_find_encoded(encoded, event->name, &event->perf, &reason))
        return false;
    event->reason = (uint8_t)reason;
    return true;
}

// Takes over what is in the text. Returns how many are left without an encoding.
static unsigned take(struct epmt_counters *all, const char *encoded) {
    unsigned left = 0;

    for (unsigned i = 0; i < all->count; i++) {
        struct epmt_counted *event = &all->events[i];
        if (event->reason == EPMT_REASON_NOT_ENCODED)
            left += !find(event, encoded);
    }
    return left;
}

static void put_names(const struct epmt_counters *all, struct epmt_text_buffer *names) {
    for (unsigned i = 0; i < all->count; i++) {
        const struct epmt_bytes *name = &all->events[i].name;
        if (all->events[i].reason == EPMT_REASON_NOT_ENCODED)
            epmt_text_fmt(names, "%.*s,", (int)name->len, name->data);
    }
}

// Asks the program. Returns the length of its answer, or -errno.
static ssize_t ask(const struct epmt_counters *all, char *answer, size_t cap) {
    char program[PATH_MAX], list[4096];
    struct epmt_text_buffer names;
    struct epmt_writer writer;

    if (!epmt_fmt(program, sizeof program, "%s/libexec/epmt/epmt-events", epmt_process_prefix()))
        return -ENAMETOOLONG;
    epmt_text_init(&names, list, sizeof list);
    put_names(all, &names);
    int status =
        epmt_writer_start(&writer, program, epmt_prim_clock_ns(CLOCK_MONOTONIC) + ANSWER_NS);
    if (status)
        return status;
    status = epmt_writer_put(&writer, names.data, names.len);
    if (status) {
        epmt_writer_abandon(&writer);
        return status;
    }
    return epmt_writer_answer(&writer, answer, cap);
}

static void keep_answer(const char *path, const char *answer, size_t len) {
    char fresh[PATH_MAX];

    if (!epmt_fmt(fresh, sizeof fresh, "%s/.%s.%d" EPMT_EVENTS_SUFFIX, epmt_self.dir,
                  epmt_self.hostname, (int)epmt_self.pid))
        return;
    int fd = epmt_prim_open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    int status = epmt_write_all(fd, answer, len);
    epmt_prim_close(fd);
    if (status || epmt_prim_rename(fresh, path))
        epmt_prim_unlink(fresh);
}

// What the job knows of this host, then what the program says.
static void look_up(struct epmt_counters *all) {
    char path[PATH_MAX];
    char *answer = epmt_prim_map(ANSWER_LEN);

    if (!answer)
        return;
    bool has_path =
        epmt_fmt(path, sizeof path, "%s/.%s" EPMT_EVENTS_SUFFIX, epmt_self.dir, epmt_self.hostname);
    ssize_t len = has_path ? epmt_read_small(path, answer, ANSWER_LEN) : -1;
    if (len <= 0 || take(all, answer)) {
        len = ask(all, answer, ANSWER_LEN - 1);
        if (len < 0)
            epmt_log(0, "cannot ask for the encodings of events: error %d", (int)-len);
        answer[len > 0 ? len : 0] = '\0';
        take(all, answer);
        if (len > 0 && has_path)
            keep_answer(path, answer, (size_t)len);
    }
    epmt_prim_unmap(answer, ANSWER_LEN);
}

void epmt_counters_encode(struct epmt_counters *all) {
    const char *encoded = epmt_environment_get(epmt_self.envp, EPMT_EVENTS_ENCODED);

    for (unsigned i = 0; i < all->count; i++) {
        struct epmt_counted *event = &all->events[i];
        if (!event->papi && !event->reason && !epmt_event_encode_known(event->name, &event->perf))
            event->reason = EPMT_REASON_NOT_ENCODED;
    }
    if (take(all, encoded))
        look_up(all);
}

void epmt_counters_link_papi(struct epmt_counters *all) {
    struct epmt_papi_link *papi = dlsym(RTLD_DEFAULT, EPMT_PAPI_LINK_SYMBOL);

    if (!papi || papi->version != EPMT_PAPI_LINK_VERSION)
        return;
    all->papi = papi;
    for (unsigned i = 0; i < all->count; i++) // of threads that begin before it is ready
        all->events[i].reason = all->events[i].papi ? EPMT_REASON_PAPI_LATE : all->events[i].reason;
    papi->ready = epmt_counters_papi_ready;
}

void epmt_counters_set_excluded(struct epmt_record *row, const struct epmt_perf_event *event,
                                uint32_t exclude) {
    static const char both[] = "user, kernel";
    bool user = exclude & EPMT_PERF_USER, kernel = exclude & EPMT_PERF_KERNEL;

    if ((!user && !kernel) || epmt_perf_is_clock(event))
        return;
    const char *text = user && kernel ? both : user ? "user" : "kernel";
    epmt_record_set_text(row, EPMT_COUNTER_COL_excluded, text, strlen(text));
}

void epmt_counters_set_reason(struct epmt_record *row, enum epmt_event_reason reason) {
    const char *text = epmt_event_reason_text(reason);

    if (*text)
        epmt_record_set_text(row, EPMT_COUNTER_COL_reason, text, strlen(text));
}
