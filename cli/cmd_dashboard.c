// SPDX-License-Identifier: Apache-2.0
// epmt dashboard: looks at what is asked for and becomes libexec/epmt/epmt-dashboard, which knows
// libmicrohttpd.
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "common/fmt.h"

#define NAMES_MAX 16

static const char *bind_to = "127.0.0.1";
static int64_t port = -1, timeout_s = 30;
static bool no_token;
static const char *names[NAMES_MAX];
static int name_count;

static const struct epmt_option options[] = {
    {'p', "port", "N", "listen on this port; 0: any that is free (default: 8050, else any)"},
    {0, "bind", "ADDRESS", "listen on this address (default: 127.0.0.1, this host alone)"},
    {0, "name", "HOST", "a further name it is called by, as behind a proxy; may be given again"},
    {0, "no-token", NULL, "let everybody on this host look"},
    {0, "timeout", "SECONDS", "limit for a request and for a question to the database (30)"},
    {0},
};

static int set_number(const char *what, const char *text, int64_t min, int64_t max, int64_t *number,
                      struct epmt_error *err) {
    if (epmt_parse_whole_i64(text, number) && *number >= min && *number <= max)
        return 0;
    return epmt_errf(err, EPMT_ERR_USAGE, "a %s is a number from %ld to %ld, not %s", what,
                     (long)min, (long)max, text);
}

static int add_name(const char *name, struct epmt_error *err) {
    if (!*name || strpbrk(name, ":/[]@ "))
        return epmt_errf(err, EPMT_ERR_USAGE, "a name is that of a host alone, not %s", name);
    if (name_count == NAMES_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "more than %d times --name", NAMES_MAX);
    names[name_count++] = name;
    return 0;
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!strcmp(row->name, "port"))
        return set_number("port", argument, 0, 65535, &port, err);
    if (!strcmp(row->name, "timeout"))
        return set_number("timeout", argument, 1, 3600, &timeout_s, err);
    if (!strcmp(row->name, "name"))
        return add_name(argument, err);
    if (!strcmp(row->name, "bind"))
        bind_to = argument;
    else
        no_token = true;
    return 0;
}

// The database's URL may hold a password: it goes in the environment, which others cannot read.
static void set_environment(const struct epmt_cli *cli) {
    unsetenv("LD_PRELOAD");
    if (cli->settings.db_url[0])
        setenv("EPMT_DB_URL", cli->settings.db_url, 1);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    char path[PATH_MAX];
    char texts[5 + NAMES_MAX][PATH_MAX];
    char *words[2 + 5 + NAMES_MAX] = {path};
    int count = 0;

    (void)argv;
    if (argc)
        return epmt_errf(err, EPMT_ERR_USAGE, "it takes options alone"), err->code;
    epmt_fmt(path, sizeof path, "%s/libexec/epmt/epmt-dashboard", cli->prefix);
    epmt_fmt(texts[count++], PATH_MAX, "web=%s/share/epmt/web", cli->prefix);
    epmt_fmt(texts[count++], PATH_MAX, "bind=%s", bind_to);
    epmt_fmt(texts[count++], PATH_MAX, "port=%d", (int)port);
    epmt_fmt(texts[count++], PATH_MAX, "timeout=%d", (int)timeout_s);
    epmt_fmt(texts[count++], PATH_MAX, "token=%d", !no_token);
    for (int i = 0; i < name_count; i++)
        epmt_fmt(texts[count++], PATH_MAX, "name=%s", names[i]);
    for (int i = 0; i < count; i++)
        words[1 + i] = texts[i];
    set_environment(cli);
    execv(path, words);
    epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot start %s", path);
    return err->code;
}

const struct epmt_command epmt_command_dashboard = {
    .name = "dashboard",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "",
    .summary = "Show the jobs of the database in a browser; prints the address to open.",
    .examples =
        "epmt dashboard                 # open the address that it prints; Ctrl-C ends it\n"
        "epmt dashboard --port 8050     # elsewhere first: ssh -L 8050:localhost:8050 HOST\n"
        "epmt dashboard --name jobs.example.org   # behind a proxy of that name\n",
    .options = options,
    .option = option,
    .run = run,
};
