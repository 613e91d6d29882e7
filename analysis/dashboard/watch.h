// SPDX-License-Identifier: Apache-2.0
// Connections that take too long. libmicrohttpd ends those on which nothing comes; one on which a
// byte comes now and then would last for ever.
#ifndef EPMT_ANALYSIS_DASHBOARD_WATCH_H
#define EPMT_ANALYSIS_DASHBOARD_WATCH_H

#include <microhttpd.h>

#include "analysis/dashboard/dashboard.h"

// For MHD_OPTION_NOTIFY_CONNECTION.
void epmt_watch_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                           enum MHD_ConnectionNotificationCode code);
// For MHD_OPTION_NOTIFY_COMPLETED.
void epmt_watch_completed(void *context, struct MHD_Connection *connection, void **request_context,
                          enum MHD_RequestTerminationCode code);
// A request is all there, the answer begins.
void epmt_watch_answering(struct MHD_Connection *connection);

// Ends those that have waited for a request, or are busy with an answer, for too long.
void epmt_watch_look(const struct epmt_dashboard *dashboard);

#endif
