// SPDX-License-Identifier: Apache-2.0
// Every request comes through here: is it for us, is it one that reads, may it have an answer, and
// which. A connection has a thread; how many there are, how large a request is and how long it may
// take have limits.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analysis/dashboard/access.h"
#include "analysis/dashboard/api.h"
#include "analysis/dashboard/reply.h"
#include "analysis/dashboard/watch.h"
#include "analysis/json_rows.h"
#include "metadata/settings.h"
#include "storage/strbuf.h"

#define CONNECTIONS_MAX 100
#define CONNECTION_MEMORY (32 * 1024) // request line and headers must fit

struct request {
    struct epmt_dashboard *dashboard;
    struct MHD_Connection *connection;
    const char *path;
    struct epmt_arguments arguments;
};

static unsigned status_of(const struct epmt_error *err) {
    switch (err->code) {
    case EPMT_ERR_USAGE:
        return MHD_HTTP_BAD_REQUEST;
    case EPMT_ERR_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case EPMT_ERR_DATABASE:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static enum MHD_Result reply_json(struct request *request, unsigned status, json_t *json) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    if (!text)
        return epmt_reply_text(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
                               "out of memory\n");
    return epmt_reply(request->connection, &(struct epmt_reply){
                                               .status = status,
                                               .type = "application/json",
                                               .data = text,
                                               .len = strlen(text),
                                               .give = true,
                                           });
}

static enum MHD_Result reply_error(struct request *request, const struct epmt_error *err) {
    return reply_json(request, status_of(err),
                      json_pack("{s:o}", "error", epmt_json_text(err->text)));
}

static int ask(const struct request *request, int64_t since_ms, epmt_api_f answer, json_t **to,
               struct epmt_error *err) {
    const char *url = epmt_environment_get(environ, "EPMT_DB_URL");
    struct epmt_db *db = epmt_db_open(url ? url : "", EPMT_DB_READ, environ, err);

    if (!db)
        return -1;
    int result =
        epmt_db_limit(db, request->dashboard->timeout_s, since_ms, err) || epmt_db_snapshot(db, err)
            ? -1
            : answer(db, &request->arguments, to, err);
    epmt_db_close(db);
    return result;
}

static enum MHD_Result serve_api(struct request *request, epmt_api_f answer) {
    struct epmt_dashboard *dashboard = request->dashboard;
    struct epmt_error err = {.code = EPMT_ERR_FAIL, .text = "it failed"};
    // That others were first is part of the time it has.
    int64_t since_ms = epmt_db_clock_ms();
    struct timespec until;
    json_t *json = NULL;
    int waited;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += dashboard->timeout_s;
    while ((waited = sem_timedwait(&dashboard->asking, &until)) && errno == EINTR)
        continue;
    if (waited) {
        epmt_errf(&err, EPMT_ERR_DATABASE, "too many questions at a time: please try again");
        return reply_error(request, &err);
    }
    int result = ask(request, since_ms, answer, &json, &err);
    sem_post(&dashboard->asking);
    return result ? reply_error(request, &err) : reply_json(request, MHD_HTTP_OK, json);
}

static enum MHD_Result serve_asset(struct request *request, const struct epmt_asset *asset) {
    const char *known = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_IF_NONE_MATCH);
    bool same = known && !strcmp(known, asset->etag);

    return epmt_reply(request->connection, &(struct epmt_reply){
                                               .status = same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
                                               .type = asset->type,
                                               .data = asset->data,
                                               .len = same ? 0 : asset->len,
                                               .etag = asset->etag,
                                           });
}

static void add_escaped(struct epmt_strbuf *text, const char *value) {
    for (; *value; value++) {
        bool plain = (*value >= '0' && *value <= '9') || (*value >= 'a' && *value <= 'z') ||
                     (*value >= 'A' && *value <= 'Z') || strchr("-._~", *value);
        epmt_strbuf_printf(text, plain ? "%c" : "%%%02X", (unsigned char)*value);
    }
}

// The same page without the token, so that this stays out of the history and of what is copied. In
// its own folder: a proxy may have put the dashboard below another one.
static enum MHD_Result serve_entry(struct request *request, const char *page) {
    const struct epmt_dashboard *dashboard = request->dashboard;
    const struct epmt_arguments *arguments = &request->arguments;
    struct epmt_strbuf to = {0}, refresh = {0};
    char cookie[200], separator = '?';

    epmt_strbuf_printf(&to, ".%s", page);
    for (int i = 0; i < arguments->count; i++) {
        if (!strcmp(arguments->names[i], "token"))
            continue;
        epmt_strbuf_add(&to, &separator, 1);
        add_escaped(&to, arguments->names[i]);
        epmt_strbuf_puts(&to, "=");
        add_escaped(&to, arguments->values[i]);
        separator = '&';
    }
    epmt_strbuf_printf(&refresh, "0; url=%s", epmt_strbuf_text(&to));
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict", dashboard->cookie,
             dashboard->session);
    // Behind a link on another site the browser would not send the cookie along a redirection, for
    // it is that site's; it does where our own page leads on.
    bool foreign = epmt_access_is_foreign(request->connection);
    static const char text[] = "Welcome.\n";
    enum MHD_Result result =
        epmt_reply(request->connection,
                   &(struct epmt_reply){
                       .status = foreign ? MHD_HTTP_OK : MHD_HTTP_SEE_OTHER,
                       .data = text,
                       .len = sizeof text - 1,
                       .names = {foreign ? "Refresh" : MHD_HTTP_HEADER_LOCATION,
                                 dashboard->has_token ? MHD_HTTP_HEADER_SET_COOKIE : NULL},
                       .values = {epmt_strbuf_text(foreign ? &refresh : &to), cookie},
                   });
    epmt_strbuf_free(&to);
    epmt_strbuf_free(&refresh);
    return result;
}

// Of those who may ask.
static enum MHD_Result serve(struct request *request) {
    const struct epmt_asset *asset = epmt_assets_find(request->dashboard->assets, request->path);
    epmt_api_f answer =
        strncmp(request->path, "/api/", 5) ? NULL : epmt_api_find(request->path + 5);

    // Another site may lead here, but not have anything of it.
    if (epmt_access_is_foreign(request->connection) && !(asset && asset->is_page))
        return epmt_reply_text(request->connection, MHD_HTTP_FORBIDDEN,
                               "This is not for pages of other sites.\n");
    if (asset)
        return serve_asset(request, asset);
    if (answer)
        return serve_api(request, answer);
    return epmt_reply_text(request->connection, MHD_HTTP_NOT_FOUND, "There is no such page.\n");
}

static enum MHD_Result look(struct request *request) {
    struct epmt_dashboard *dashboard = request->dashboard;
    struct epmt_error err = {.code = EPMT_ERR_OK};
    const struct epmt_asset *asset;

    if (epmt_arguments_read(&request->arguments, request->connection, &err))
        return epmt_reply_text(request->connection, MHD_HTTP_BAD_REQUEST, err.text);
    switch (epmt_access_look(dashboard, request->connection, &request->arguments)) {
    case EPMT_ACCESS_OK:
        return serve(request);
    case EPMT_ACCESS_ENTER:
        asset = epmt_assets_find(dashboard->assets, request->path);
        return serve_entry(request, asset && asset->is_page ? asset->path : "/");
    case EPMT_ACCESS_NONE:
        break;
    }
    return epmt_reply_text(request->connection, MHD_HTTP_FORBIDDEN,
                           "Please open the address with the token that `epmt dashboard` printed "
                           "when it started.\n");
}

static bool has_body(struct MHD_Connection *connection) {
    const char *len =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return (len && strcmp(len, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

// What is no question at all; the library ends the connection then.
static bool refuse(const struct request *request, const char *method, enum MHD_Result *refused) {
    static const char text[] = "This server only reads: GET and HEAD.\n";

    if (!epmt_access_host(request->dashboard, request->connection))
        *refused =
            epmt_reply_text(request->connection, MHD_HTTP_MISDIRECTED_REQUEST,
                            "This server does not go by that name (epmt dashboard --name).\n");
    else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        *refused = epmt_reply(request->connection, &(struct epmt_reply){
                                                       .status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                                       .data = text,
                                                       .len = sizeof text - 1,
                                                       .names = {MHD_HTTP_HEADER_ALLOW},
                                                       .values = {"GET, HEAD"},
                                                   });
    else if (has_body(request->connection))
        *refused = epmt_reply_text(request->connection, MHD_HTTP_CONTENT_TOO_LARGE,
                                   "A question has no body.\n");
    else
        return false;
    return true;
}

// Called twice: an answer to the first call would end the connection.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **request_context) {
    struct request request = {
        .dashboard = context, .connection = connection, .path = url, .arguments = {.count = 0}};
    enum MHD_Result result = MHD_YES;

    (void)version, (void)upload, (void)upload_len;
    if (*request_context)
        return look(&request);
    epmt_watch_answering(connection);
    *request_context = context;
    refuse(&request, method, &result);
    return result;
}

// What the library has to say about bad requests is of no use to the user.
static void keep_quiet(void *context, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void keep_quiet(void *context, const char *format, va_list args) {
    (void)context, (void)format, (void)args;
}

struct MHD_Daemon *epmt_dashboard_start(struct epmt_dashboard *dashboard, struct epmt_error *err) {
    if (sem_init(&dashboard->asking, 0, EPMT_ASKING_MAX)) {
        epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot make a semaphore");
        return NULL;
    }
    struct MHD_Daemon *server = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC | MHD_USE_ERROR_LOG,
        0, NULL, NULL, handle, dashboard, MHD_OPTION_EXTERNAL_LOGGER, keep_quiet, NULL,
        MHD_OPTION_LISTEN_SOCKET, dashboard->fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)dashboard->timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_NOTIFY_CONNECTION, epmt_watch_connection, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        epmt_watch_completed, NULL, MHD_OPTION_END);
    if (!server)
        epmt_errf(err, EPMT_ERR_FAIL, "cannot start the server");
    return server;
}
