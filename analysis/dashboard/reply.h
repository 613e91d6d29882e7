// SPDX-License-Identifier: Apache-2.0
// Answers, each with the headers that keep a browser from doing more with it than it should.
#ifndef EPMT_ANALYSIS_DASHBOARD_REPLY_H
#define EPMT_ANALYSIS_DASHBOARD_REPLY_H

#include <microhttpd.h>
#include <stdbool.h>

struct epmt_reply {
    unsigned status;
    const char *type; // NULL: plain text
    const void *data;
    size_t len;
    bool give;            // data is malloc'ed, and goes with the answer
    const char *etag;     // NULL: it is not to be kept by the browser
    const char *names[3]; // further headers
    const char *values[3];
};

enum MHD_Result epmt_reply(struct MHD_Connection *connection, const struct epmt_reply *reply);

// A line of text.
enum MHD_Result epmt_reply_text(struct MHD_Connection *connection, unsigned status,
                                const char *text);

#endif
