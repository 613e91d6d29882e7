// SPDX-License-Identifier: Apache-2.0
// The socket, the names it may be called by, and the secrets.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analysis/dashboard/dashboard.h"

#define PORT 8050 // as the dashboard before

static bool is_loopback(const struct sockaddr *address) {
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;

    if (address->sa_family == AF_INET)
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static bool is_any(const struct sockaddr *address) {
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;

    if (address->sa_family == AF_INET)
        return four->sin_addr.s_addr == htonl(INADDR_ANY);
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

static void set_port(struct sockaddr *address, int port) {
    if (address->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
}

// Returns the socket or -1 with errno.
static int open_socket(struct addrinfo *address, int port) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        return -1;
    set_port(address->ai_addr, port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!bind(fd, address->ai_addr, address->ai_addrlen) && !listen(fd, 128))
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

// The usual port is only a habit: where it is taken, any other will do.
static int open_any(struct addrinfo *address, int port) {
    int fd = open_socket(address, port < 0 ? PORT : port);

    return fd < 0 && port < 0 && errno == EADDRINUSE ? open_socket(address, 0) : fd;
}

static void add_name(struct epmt_dashboard *dashboard, const char *name) {
    if (*name && dashboard->name_count < EPMT_NAMES_MAX)
        dashboard->names[dashboard->name_count++] = name;
}

// The host by its own name, and that with its domain.
static void add_host(struct epmt_dashboard *dashboard) {
    struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM}, *found = NULL;

    if (gethostname(dashboard->own_names[0], sizeof dashboard->own_names[0] - 1))
        return;
    add_name(dashboard, dashboard->own_names[0]);
    if (getaddrinfo(dashboard->own_names[0], NULL, &hints, &found) || !found)
        return;
    if (found->ai_canonname)
        snprintf(dashboard->own_names[1], sizeof dashboard->own_names[1], "%s",
                 found->ai_canonname);
    freeaddrinfo(found);
    add_name(dashboard, dashboard->own_names[1]);
}

static void set_names(struct epmt_dashboard *dashboard) {
    // By an ssh tunnel it is called so, whatever it is bound to.
    add_name(dashboard, "localhost");
    add_name(dashboard, "127.0.0.1");
    add_name(dashboard, "::1");
    add_name(dashboard, dashboard->address);
    add_name(dashboard, dashboard->bind);
    if (!dashboard->is_loopback)
        add_host(dashboard);
}

static int take_secret(char secret[EPMT_SECRET_LEN + 1], size_t digits, struct epmt_error *err) {
    unsigned char bytes[EPMT_SECRET_LEN / 2];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot make a token");
    for (size_t i = 0; i < digits / 2; i++)
        snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static int set_secrets(struct epmt_dashboard *dashboard, struct epmt_error *err) {
    char random[EPMT_SECRET_LEN + 1];

    if (take_secret(dashboard->token, EPMT_SECRET_LEN, err) ||
        take_secret(dashboard->session, EPMT_SECRET_LEN, err) || take_secret(random, 8, err))
        return -1;
    snprintf(dashboard->cookie, sizeof dashboard->cookie, "epmt_%.8s", random);
    return 0;
}

int epmt_dashboard_listen(struct epmt_dashboard *dashboard, struct epmt_error *err) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found = NULL;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char port[8];

    int code = getaddrinfo(dashboard->bind, NULL, &hints, &found);
    if (code || !found)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is no address of this host: %s", dashboard->bind,
                         gai_strerror(code));
    dashboard->is_loopback = is_loopback(found->ai_addr);
    dashboard->is_any = is_any(found->ai_addr);
    dashboard->fd = -1;
    if (dashboard->has_token || dashboard->is_loopback)
        dashboard->fd = open_any(found, dashboard->port);
    freeaddrinfo(found);
    if (!dashboard->has_token && !dashboard->is_loopback)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "without a token it may only listen on 127.0.0.1 or ::1, not on %s",
                         dashboard->bind);
    if (dashboard->fd < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot listen on %s, port %d", dashboard->bind,
                               dashboard->port < 0 ? PORT : dashboard->port);
    if (getsockname(dashboard->fd, (struct sockaddr *)&bound, &len) ||
        getnameinfo((struct sockaddr *)&bound, len, dashboard->address, sizeof dashboard->address,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot listen on %s", dashboard->bind);
    dashboard->port = (int)strtol(port, NULL, 10);
    set_names(dashboard);
    return set_secrets(dashboard, err);
}
