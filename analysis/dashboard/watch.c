// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

// An answer has as many times the limit of a request: to wait for its turn, to be found, to be
// sent.
#define ANSWER_TIMES 4

struct watched {
    struct watched *next, **before;
    int fd;
    time_t since;
    bool answering;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct watched *all;

static time_t now_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static struct watched *begin(int fd) {
    struct watched *watched = calloc(1, sizeof *watched);

    if (!watched)
        return NULL;
    watched->fd = fd;
    watched->since = now_s();
    pthread_mutex_lock(&mutex);
    watched->before = &all;
    watched->next = all;
    if (all)
        all->before = &watched->next;
    all = watched;
    pthread_mutex_unlock(&mutex);
    return watched;
}

static void end(struct watched *watched) {
    if (!watched)
        return;
    pthread_mutex_lock(&mutex);
    *watched->before = watched->next;
    if (watched->next)
        watched->next->before = watched->before;
    pthread_mutex_unlock(&mutex);
    free(watched);
}

void epmt_watch_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                           enum MHD_ConnectionNotificationCode code) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        end(*socket_context);
    else
        *socket_context = info ? begin(info->connect_fd) : NULL;
}

static void set(struct MHD_Connection *connection, bool answering) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct watched *watched = info ? info->socket_context : NULL;

    if (!watched)
        return;
    pthread_mutex_lock(&mutex);
    watched->since = now_s();
    watched->answering = answering;
    pthread_mutex_unlock(&mutex);
}

void epmt_watch_answering(struct MHD_Connection *connection) {
    set(connection, true);
}

void epmt_watch_completed(void *context, struct MHD_Connection *connection, void **request_context,
                          enum MHD_RequestTerminationCode code) {
    (void)context, (void)request_context, (void)code;
    set(connection, false);
}

void epmt_watch_look(const struct epmt_dashboard *dashboard) {
    time_t now = now_s();

    pthread_mutex_lock(&mutex);
    for (const struct watched *watched = all; watched; watched = watched->next) {
        int limit = dashboard->timeout_s * (watched->answering ? ANSWER_TIMES : 1);
        // The thread of the connection finds it at its end, and closes it.
        if (now - watched->since > limit)
            shutdown(watched->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&mutex);
}
