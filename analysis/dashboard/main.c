// SPDX-License-Identifier: Apache-2.0
// epmt-dashboard NAME=VALUE ...: started by `epmt dashboard`, which has looked at the values. The
// database is that of EPMT_DB_URL. Prints the URL, answers until SIGINT, SIGTERM or SIGHUP.
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/dashboard/dashboard.h"
#include "analysis/dashboard/watch.h"
#include "metadata/settings.h"
#include "storage/db.h"

// An answer that is under way at the end has so long; nothing is lost with it.
#define END_S 2

static int complain(const struct epmt_error *err) {
    fprintf(stderr, "epmt: dashboard: %s\n", err->text);
    return err->code;
}

static int take(struct epmt_dashboard *dashboard, const char *argument) {
    const char *value = strchr(argument, '=');
    size_t len = value ? (size_t)(value++ - argument) : 0;

    if (len == 4 && !strncmp(argument, "bind", len))
        dashboard->bind = value;
    else if (len == 4 && !strncmp(argument, "port", len))
        dashboard->port = (int)strtol(value, NULL, 10);
    else if (len == 5 && !strncmp(argument, "token", len))
        dashboard->has_token = *value != '0';
    else if (len == 7 && !strncmp(argument, "timeout", len))
        dashboard->timeout_s = (int)strtol(value, NULL, 10);
    else if (len == 3 && !strncmp(argument, "web", len))
        dashboard->web = value;
    else if (len == 4 && !strncmp(argument, "name", len) && dashboard->name_count < EPMT_NAMES_MAX)
        dashboard->names[dashboard->name_count++] = value;
    else
        return -1;
    return 0;
}

// Nobody waits longer for those who write to the database than for an answer.
static void limit_waiting(const struct epmt_dashboard *dashboard) {
    const char *asked = epmt_environment_get(environ, "EPMT_DB_TIMEOUT");
    char text[16];

    if (asked && *asked && strtol(asked, NULL, 10) <= dashboard->timeout_s)
        return;
    snprintf(text, sizeof text, "%d", dashboard->timeout_s);
    setenv("EPMT_DB_TIMEOUT", text, 1);
}

// A database that cannot be read is said now, not on every page.
static int try_database(struct epmt_error *err) {
    const char *url = epmt_environment_get(environ, "EPMT_DB_URL");
    struct epmt_db *db = epmt_db_open(url ? url : "", EPMT_DB_READ, environ, err);

    if (!db)
        return -1;
    fprintf(stderr, "epmt: dashboard: shows %s; Ctrl-C ends it\n", epmt_db_where(db));
    epmt_db_close(db);
    return 0;
}

static int print_url(const struct epmt_dashboard *dashboard, struct epmt_error *err) {
    bool bracketed = strchr(dashboard->address, ':');
    const char *host = dashboard->is_any && dashboard->own_names[0][0] ? dashboard->own_names[0]
                                                                       : dashboard->address;

    bracketed = bracketed && host == dashboard->address;
    printf("http://%s%s%s:%d/", bracketed ? "[" : "", host, bracketed ? "]" : "", dashboard->port);
    if (dashboard->has_token)
        printf("?token=%s", dashboard->token);
    putchar('\n');
    if (fflush(stdout))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot write the address");
    if (!dashboard->is_loopback)
        fprintf(stderr, "epmt: dashboard: what is shown, and the token, travel unencrypted: a "
                        "tunnel of ssh is better than --bind\n");
    if (!dashboard->has_token)
        fprintf(stderr, "epmt: dashboard: without a token everybody on this host may look\n");
    return 0;
}

static void *end_anyway(void *context) {
    (void)context;
    sleep(END_S);
    _exit(0);
}

static void wait_for_end(const struct epmt_dashboard *dashboard, const sigset_t *ends) {
    const struct timespec second = {.tv_sec = 1};

    while (sigtimedwait(ends, NULL, &second) < 0 && (errno == EAGAIN || errno == EINTR))
        epmt_watch_look(dashboard);
}

static int run(struct epmt_dashboard *dashboard, struct epmt_error *err) {
    struct MHD_Daemon *server;
    pthread_t thread;
    sigset_t ends;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    limit_waiting(dashboard);
    // Of this thread alone, for all others take the mask over.
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (epmt_assets_load(dashboard->assets, dashboard->web, err) || try_database(err) ||
        epmt_dashboard_listen(dashboard, err))
        return -1;
    server = epmt_dashboard_start(dashboard, err);
    if (!server)
        return -1;
    int result = print_url(dashboard, err);
    if (!result)
        wait_for_end(dashboard, &ends);
    pthread_create(&thread, NULL, end_anyway, NULL);
    MHD_stop_daemon(server);
    epmt_assets_free(dashboard->assets);
    return result;
}

int main(int argc, char **argv) {
    struct epmt_dashboard dashboard = {
        .bind = "127.0.0.1", .port = -1, .has_token = true, .timeout_s = 30, .fd = -1};
    struct epmt_error err = {.code = EPMT_ERR_OK};

    for (int i = 1; i < argc; i++) {
        if (take(&dashboard, argv[i])) {
            epmt_errf(&err, EPMT_ERR_USAGE, "%s is no argument of epmt-dashboard", argv[i]);
            return complain(&err);
        }
    }
    if (!dashboard.web)
        epmt_errf(&err, EPMT_ERR_USAGE, "please start it as `epmt dashboard`");
    else
        run(&dashboard, &err);
    return err.code == EPMT_ERR_OK ? 0 : complain(&err);
}
