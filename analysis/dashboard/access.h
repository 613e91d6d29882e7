// SPDX-License-Identifier: Apache-2.0
// Who may have an answer.
#ifndef EPMT_ANALYSIS_DASHBOARD_ACCESS_H
#define EPMT_ANALYSIS_DASHBOARD_ACCESS_H

#include <microhttpd.h>

#include "analysis/dashboard/arguments.h"
#include "analysis/dashboard/dashboard.h"

enum epmt_access {
    EPMT_ACCESS_OK,
    EPMT_ACCESS_ENTER, // the token was right: the cookie is to be set
    EPMT_ACCESS_NONE,  // no token, or a wrong one
};

// Whether the one Host header names this server.
bool epmt_access_host(const struct epmt_dashboard *dashboard, struct MHD_Connection *connection);

// Whether a browser says that a page of another site asks.
bool epmt_access_is_foreign(struct MHD_Connection *connection);

enum epmt_access epmt_access_look(const struct epmt_dashboard *dashboard,
                                  struct MHD_Connection *connection,
                                  const struct epmt_arguments *arguments);

// Whether the texts are the same, in a time that does not tell where they differ.
bool epmt_access_same(const char secret[EPMT_SECRET_LEN + 1], const char *text);

#endif
