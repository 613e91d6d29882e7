// SPDX-License-Identifier: Apache-2.0
// The processes that submit: each gets the numbers of a few sources at a time and reports job by
// job. A worker that dies takes nothing along: what it had is given to another, one by one, until
// it is known which source it was.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/submit.h"
#include "common/fmt.h"

#define AHEAD 32
#define WORKERS_MAX 256

struct worker {
    pid_t pid;
    int fd; // -1: there is none
    uint32_t had[AHEAD];
    unsigned count;
};

struct pool {
    const struct epmt_submit_options *options;
    const struct epmt_sources *sources;
    epmt_job_report_f report;
    void *context;
    struct epmt_error *err;
    struct worker *workers;
    uint32_t next;   // source
    uint32_t *again; // sources of workers that died, to be given out one at a time
    size_t again_count;
    bool stopped, fatal;
    int lock;
};

static void become_worker(struct pool *pool, struct worker *worker, int fd) {
    for (unsigned i = 0; i < pool->options->workers; i++) {
        if (pool->workers[i].fd >= 0 && &pool->workers[i] != worker)
            close(pool->workers[i].fd);
    }
    _exit(epmt_submit_worker(pool->options, pool->sources, fd, pool->lock));
}

static int start_worker(struct pool *pool, struct worker *worker) {
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return epmt_errf_errno(pool->err, EPMT_ERR_FAIL, "cannot start a worker");
    worker->fd = ends[0];
    worker->count = 0;
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        become_worker(pool, worker, ends[1]);
    }
    close(ends[1]);
    if (worker->pid > 0)
        return 0;
    epmt_errf_errno(pool->err, EPMT_ERR_FAIL, "cannot start a worker");
    close(worker->fd);
    worker->fd = -1;
    return -1;
}

// Whether there is something to give out.
static bool has_more(const struct pool *pool) {
    return !pool->stopped && !epmt_submit_signal &&
           (pool->again_count || pool->next < pool->sources->count);
}

// How many sources a worker should have: several where there are plenty, so that it can make them
// durable together.
static unsigned wanted(const struct pool *pool) {
    size_t left = (pool->sources->count - pool->next) / (2 * (size_t)pool->options->workers) + 1;

    if (pool->options->stop || pool->again_count)
        return 1;
    return left < AHEAD ? (unsigned)left : AHEAD;
}

static void give(struct pool *pool, struct worker *worker) {
    while (has_more(pool) && worker->count < wanted(pool)) {
        uint32_t index = pool->again_count ? pool->again[pool->again_count - 1] : pool->next;
        if (send(worker->fd, &index, sizeof index, MSG_NOSIGNAL) != (ssize_t)sizeof index)
            return; // it has died: its end of the socket says so
        if (pool->again_count)
            pool->again_count--;
        else
            pool->next++;
        worker->had[worker->count++] = index;
    }
}

static void take_end(struct worker *worker, uint32_t source) {
    for (unsigned i = 0; i < worker->count; i++) {
        if (worker->had[i] != source)
            continue;
        worker->count--;
        memmove(worker->had + i, worker->had + i + 1, (worker->count - i) * sizeof *worker->had);
        return;
    }
}

static void take_report(struct pool *pool, struct worker *worker,
                        const struct epmt_job_report *report) {
    if (report->outcome == EPMT_JOB_FATAL) {
        if (!pool->fatal)
            epmt_errf(pool->err, report->code, "%s", report->text);
        pool->fatal = pool->stopped = true;
        return;
    }
    if (report->outcome == EPMT_JOB_END)
        take_end(worker, report->source);
    if (report->outcome == EPMT_JOB_FAILED && pool->options->stop)
        pool->stopped = true;
    if (pool->report(pool->context, report))
        pool->stopped = true;
}

static void say_died(struct pool *pool, uint32_t source, int status) {
    struct epmt_job_report report = {
        .source = source, .outcome = EPMT_JOB_FAILED, .code = EPMT_ERR_BAD_INPUT};
    const char *path = pool->sources->items[source].path;

    if (WIFSIGNALED(status))
        epmt_fmt(report.text, sizeof report.text, "%s: reading it ended the reader by signal %d",
                 path, WTERMSIG(status));
    else
        epmt_fmt(report.text, sizeof report.text, "%s: reading it ended the reader", path);
    if (pool->options->stop)
        pool->stopped = true;
    pool->report(pool->context, &report);
    report.outcome = EPMT_JOB_END;
    pool->report(pool->context, &report);
}

// Takes care of what a worker had that is no more.
static void bury(struct pool *pool, struct worker *worker) {
    int status = 0;
    pid_t waited;

    close(worker->fd);
    worker->fd = -1;
    do
        waited = waitpid(worker->pid, &status, 0);
    while (waited < 0 && errno == EINTR);
    bool died = !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;
    if (worker->count == 1 && died && !epmt_submit_signal && !pool->fatal) {
        say_died(pool, worker->had[0], status);
    } else {
        for (unsigned i = 0; i < worker->count; i++)
            pool->again[pool->again_count++] = worker->had[i];
    }
    worker->count = 0;
}

static void listen_to(struct pool *pool, struct worker *worker) {
    static struct epmt_job_report report;
    ssize_t n = recv(worker->fd, &report, sizeof report, MSG_DONTWAIT);

    if (n == (ssize_t)sizeof report)
        take_report(pool, worker, &report);
    else if (n >= 0 || (errno != EINTR && errno != EAGAIN))
        bury(pool, worker);
}

// Gives workers what there is and ends those that have nothing more. Returns how many are left, or
// -1 with err.
static int provide(struct pool *pool) {
    int alive = 0;

    for (unsigned i = 0; i < pool->options->workers; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->fd < 0 && has_more(pool) && start_worker(pool, worker))
            return -1;
        if (worker->fd < 0)
            continue;
        give(pool, worker);
        if (!worker->count && !has_more(pool))
            shutdown(worker->fd, SHUT_WR);
        alive++;
    }
    return alive;
}

static void wait_for_news(struct pool *pool) {
    struct pollfd fds[WORKERS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < pool->options->workers; i++)
        fds[count++] = (struct pollfd){.fd = pool->workers[i].fd, .events = POLLIN};
    if (poll(fds, count, -1) < 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        if (pool->workers[i].fd >= 0 && fds[i].revents)
            listen_to(pool, &pool->workers[i]);
    }
}

static void note_signal(int signal) {
    epmt_submit_signal = signal;
}

// Not restarted: what waits is to look at the signal.
static void catch_signals(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction old;

    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

static void pass_signal_on(const struct pool *pool) {
    for (unsigned i = 0; i < pool->options->workers; i++) {
        if (pool->workers[i].fd >= 0)
            kill(pool->workers[i].pid, SIGTERM);
    }
}

static int work(struct pool *pool) {
    bool passed = false;
    int alive;

    while ((alive = provide(pool)) > 0) {
        wait_for_news(pool);
        if (epmt_submit_signal && !passed) {
            pass_signal_on(pool);
            passed = true;
        }
    }
    // Where no more workers can be had, those that there are come to their end.
    for (unsigned i = 0; alive < 0 && i < pool->options->workers; i++) {
        while (pool->workers[i].fd >= 0) {
            shutdown(pool->workers[i].fd, SHUT_WR);
            wait_for_news(pool);
        }
    }
    if (alive < 0 || pool->fatal)
        return -1;
    return epmt_submit_signal
               ? epmt_errf(pool->err, EPMT_ERR_FAIL,
                           "interrupted by signal %d; what was done stays", epmt_submit_signal)
               : 0;
}

int epmt_submit_all(const struct epmt_submit_options *options, const struct epmt_sources *sources,
                    epmt_job_report_f report, void *context, struct epmt_error *err) {
    struct pool pool = {
        .options = options, .sources = sources, .report = report, .context = context, .err = err};
    int status = -1;

    pool.workers = calloc(options->workers, sizeof *pool.workers);
    pool.again = calloc((size_t)options->workers * AHEAD + 1, sizeof *pool.again);
    pool.lock = memfd_create("epmt-submit", MFD_CLOEXEC);
    if (!pool.workers || !pool.again) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    } else {
        for (unsigned i = 0; i < options->workers; i++)
            pool.workers[i].fd = -1;
        catch_signals();
        status = work(&pool);
    }
    if (pool.lock >= 0)
        close(pool.lock);
    free(pool.workers);
    free(pool.again);
    return status;
}
