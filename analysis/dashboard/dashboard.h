// SPDX-License-Identifier: Apache-2.0
// epmt-dashboard, the program behind `epmt dashboard`: a web server for one user, which only reads
// the database. What all its parts know.
#ifndef EPMT_ANALYSIS_DASHBOARD_DASHBOARD_H
#define EPMT_ANALYSIS_DASHBOARD_DASHBOARD_H

#include <semaphore.h>
#include <stdbool.h>

#include "analysis/dashboard/assets.h"
#include "common/err.h"

#define EPMT_SECRET_LEN 64 // hexadecimal digits
#define EPMT_NAMES_MAX 24

// Requests that ask the database at a time; others wait.
#define EPMT_ASKING_MAX 6

struct epmt_dashboard {
    // What was asked for.
    const char *bind;
    int port;       // -1: any, the usual one if it is free
    bool has_token; // else everybody who reaches it may look
    int timeout_s;  // for a request, its statements together, an answer
    const char *web;
    // The names that a request may call it by. Else a page from elsewhere, whose own name was made
    // to point here (DNS rebinding), could read what is the user's.
    const char *names[EPMT_NAMES_MAX];
    int name_count;
    // What came of it.
    int fd;
    bool is_loopback, is_any; // bound to this host alone, to all its addresses
    char address[64];         // as it stands in a URL
    char own_names[2][256];
    char token[EPMT_SECRET_LEN + 1];   // in the first URL
    char session[EPMT_SECRET_LEN + 1]; // in the cookie
    char cookie[24];                   // its name: browsers do not tell ports apart
    struct epmt_asset assets[EPMT_ASSET_COUNT];
    sem_t asking;
};

// Opens the socket and fills in what came of it, names and secrets too. Returns 0 or -1 with err.
int epmt_dashboard_listen(struct epmt_dashboard *dashboard, struct epmt_error *err);

// Starts answering in threads of its own. Returns the server, or NULL with err.
struct MHD_Daemon *epmt_dashboard_start(struct epmt_dashboard *dashboard, struct epmt_error *err);

#endif
