// SPDX-License-Identifier: Apache-2.0
// A worker of `epmt submit`: a process of its own, so that what makes libhdf5 crash takes no other
// job with it.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/submit_priv.h"
#include "storage/db_backend.h"

volatile int epmt_submit_signal;

bool epmt_submit_is_lost(const struct epmt_submit_worker *worker) {
    return worker->db && worker->db->lost;
}

// The next source: waits for it where nothing else is to be done. Returns 1, or 0 at the end: also
// where the connection is lost, as the pool starts another worker with one of its own for what is
// left, or is told that there is none to be had.
static int next_source(struct epmt_submit_worker *worker, uint32_t *index) {
    struct pollfd wait = {.fd = worker->fd, .events = POLLIN};
    ssize_t n;

    if (epmt_submit_signal || worker->deaf)
        return 0;
    // Before it gets dull for those who look on.
    if (worker->count && poll(&wait, 1, 0) <= 0)
        epmt_submit_flush(worker);
    if (epmt_submit_is_lost(worker))
        return 0;
    do
        n = recv(worker->fd, index, sizeof *index, 0);
    while (n < 0 && errno == EINTR && !epmt_submit_signal);
    return n == (ssize_t)sizeof *index && !epmt_submit_signal;
}

static int open_database(struct epmt_submit_worker *worker) {
    const struct epmt_cli *cli = worker->options->cli;
    struct epmt_job_report report = {.outcome = EPMT_JOB_FATAL};
    struct epmt_error err;

    if (cli->dry_run)
        return 0;
    worker->db = epmt_db_open(cli->settings.db_url, EPMT_DB_WRITE, cli->envp, &err);
    if (worker->db) {
        worker->one_writer = worker->db->backend == &epmt_db_sqlite;
        return 0;
    }
    report.code = err.code;
    for (size_t i = 0; i < sizeof report.text; i++)
        report.text[i] = err.text[i];
    send(worker->fd, &report, sizeof report, MSG_NOSIGNAL);
    return -1;
}

int epmt_submit_worker(const struct epmt_submit_options *options,
                       const struct epmt_sources *sources, int fd, int lock) {
    struct epmt_submit_worker *worker = calloc(1, sizeof *worker);
    uint32_t index;
    int status = EXIT_FAILURE;

    if (!worker)
        return status;
    worker->options = options;
    worker->sources = sources;
    worker->fd = fd;
    worker->lock = lock;
    worker->tempdir = EPMT_TEMPDIR_NONE;
    if (!open_database(worker)) {
        while (next_source(worker, &index)) {
            epmt_submit_source(worker, index);
            if (options->stop)
                epmt_submit_flush(worker);
        }
        epmt_submit_flush(worker);
        status = EXIT_SUCCESS;
    }
    epmt_tempdir_remove(&worker->tempdir);
    epmt_db_close(worker->db);
    free(worker);
    return status;
}
