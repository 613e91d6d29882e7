// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/access.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

struct host {
    const char *value;
    int count;
};

static enum MHD_Result take_host(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value) {
    struct host *host = context;

    (void)kind;
    if (!strcasecmp(name, MHD_HTTP_HEADER_HOST)) {
        host->value = value;
        host->count++;
    }
    return MHD_YES;
}

// NAME, NAME:PORT, [ADDRESS] or [ADDRESS]:PORT. Behind a tunnel the port is another one.
static bool split(const char *text, char *name, size_t cap) {
    bool bracketed = *text == '[';
    size_t len = bracketed ? strcspn(++text, "]") : strcspn(text, ":");
    const char *rest = text + len;

    if (!len || len >= cap || (bracketed && *rest++ != ']'))
        return false;
    memcpy(name, text, len);
    name[len] = '\0';
    if (!*rest)
        return true;
    return *rest == ':' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

static bool is_address(const char *name) {
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

bool epmt_access_host(const struct epmt_dashboard *dashboard, struct MHD_Connection *connection) {
    struct host host = {NULL, 0};
    char name[256];

    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_host, &host);
    if (host.count != 1 || !host.value || !split(host.value, name, sizeof name))
        return false;
    for (int i = 0; i < dashboard->name_count; i++) {
        if (!strcasecmp(name, dashboard->names[i]))
            return true;
    }
    // An address is no name that somebody could point elsewhere.
    return dashboard->is_any && is_address(name);
}

bool epmt_access_is_foreign(struct MHD_Connection *connection) {
    const char *site = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Sec-Fetch-Site");

    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

bool epmt_access_same(const char secret[EPMT_SECRET_LEN + 1], const char *text) {
    size_t len = text ? strlen(text) : 0;
    volatile unsigned char differ = len != EPMT_SECRET_LEN;

    for (size_t i = 0; i < EPMT_SECRET_LEN; i++)
        differ |= (unsigned char)(secret[i] ^ (len == EPMT_SECRET_LEN ? text[i] : 0));
    return !differ;
}

enum epmt_access epmt_access_look(const struct epmt_dashboard *dashboard,
                                  struct MHD_Connection *connection,
                                  const struct epmt_arguments *arguments) {
    const char *token = epmt_arguments_get(arguments, "token");

    if (token)
        return !dashboard->has_token || epmt_access_same(dashboard->token, token)
                   ? EPMT_ACCESS_ENTER
                   : EPMT_ACCESS_NONE;
    if (!dashboard->has_token)
        return EPMT_ACCESS_OK;
    const char *cookie =
        MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, dashboard->cookie);
    return epmt_access_same(dashboard->session, cookie) ? EPMT_ACCESS_OK : EPMT_ACCESS_NONE;
}
