// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/reply.h"

#include <stdlib.h>
#include <string.h>

static const char *const headers[][2] = {
    // Nothing from elsewhere, nothing inline, and no text that becomes markup.
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
};

static enum MHD_Result add_headers(struct MHD_Response *response, const struct epmt_reply *reply) {
    enum MHD_Result added = MHD_YES;

    for (size_t i = 0; i < sizeof headers / sizeof *headers && added; i++)
        added = MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (added)
        added = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                        reply->type ? reply->type : "text/plain; charset=utf-8");
    // The browser may keep a file, and asks each time whether it is still the same.
    if (added)
        added = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                        reply->etag ? "private, no-cache" : "no-store");
    if (added && reply->etag)
        added = MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, reply->etag);
    for (size_t i = 0; i < sizeof reply->names / sizeof *reply->names && added; i++) {
        if (reply->names[i])
            added = MHD_add_response_header(response, reply->names[i], reply->values[i]);
    }
    return added;
}

enum MHD_Result epmt_reply(struct MHD_Connection *connection, const struct epmt_reply *reply) {
    // The library takes it as one that it may write to, and does not.
    void *data = (void *)(uintptr_t)reply->data;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->len, data, reply->give ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    enum MHD_Result queued = MHD_NO;

    if (!response) {
        if (reply->give)
            free(data);
        return MHD_NO;
    }
    if (add_headers(response, reply))
        queued = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

enum MHD_Result epmt_reply_text(struct MHD_Connection *connection, unsigned status,
                                const char *text) {
    char *copy = strdup(text);

    if (!copy)
        return MHD_NO;
    return epmt_reply(connection, &(struct epmt_reply){
                                      .status = status,
                                      .data = copy,
                                      .len = strlen(copy),
                                      .give = true,
                                  });
}
