// SPDX-License-Identifier: Apache-2.0
// The commands of `epmt`: one file cmd_<name>.c each, one descriptor each, one list.
#ifndef EPMT_CLI_CMD_H
#define EPMT_CLI_CMD_H

#include <stdbool.h>

#include "common/err.h"
#include "metadata/settings.h"

// X(name): descriptor epmt_command_<name> in cli/cmd_<name>.c. In the order of `epmt help`.
#define EPMT_COMMANDS(X) \
    X(start)             \
    X(run)               \
    X(stop)              \
    X(source)            \
    X(stage)             \
    X(submit)            \
    X(daemon)            \
    X(annotate)          \
    X(list)              \
    X(show)              \
    X(operations)        \
    X(outliers)          \
    X(models)            \
    X(report)            \
    X(dashboard)         \
    X(notebook)          \
    X(dump)              \
    X(delete)            \
    X(retire)            \
    X(events)            \
    X(check)             \
    X(merge)             \
    X(schema)            \
    X(migrate)           \
    X(dbsize)            \
    X(drop)              \
    X(config)            \
    X(help)              \
    X(version)

// One option of a command, or of epmt itself. From this row come parsing, `--help` and the
// complaint about a wrong one.
struct epmt_option {
    char letter;          // 0: long form only
    const char *name;     // without --
    const char *argument; // NULL: takes none; else its name in the help
    const char *help;
};

// What `epmt version` and -V print first, as scripts look for it.
#define EPMT_VERSION_LINE "EPMT " EPMT_VERSION

// What every command gets.
struct epmt_cli {
    struct epmt_settings settings;
    char *const *envp;
    int verbose;
    // Options that may also stand before the command's name (epmt -a run, epmt -n submit).
    bool automatic;      // -a
    bool dry_run;        // -n
    const char *prefix;  // of the installation: bin/epmt is <prefix>/bin/epmt
    bool settings_error; // some setting is wrong; settings holds what was right
};

// The sections of `epmt --help`, in their order. X(name, title)
#define EPMT_COMMAND_GROUPS(X)          \
    X(COLLECT, "measure a job")         \
    X(SUBMIT, "jobs into the database") \
    X(ANALYSE, "look at jobs")          \
    X(ADMIN, "look after the installation")

enum epmt_command_group {
#define EPMT_GROUP_ENUM(name, title) EPMT_GROUP_##name,
    EPMT_COMMAND_GROUPS(EPMT_GROUP_ENUM)
#undef EPMT_GROUP_ENUM
        EPMT_GROUP_COUNT,
};

struct epmt_command {
    const char *name;
    enum epmt_command_group group;
    const char *arguments;             // "[FILE|DIR ...]"
    const char *summary;               // one sentence
    const char *examples;              // lines, each `command   # what it does`; each ends in \n
    const struct epmt_option *options; // ends with a row whose name is NULL
    bool
        passes_arguments; // options after the first other argument belong to that (epmt run CMD -x)
    bool needs_no_settings; // runs where settings are wrong too, after the complaint
    bool loads_settings;    // as that, and complains itself
    // Called once per option met, with the row of the table and its argument. Returns 0 or -1 with
    // err.
    int (*option)(struct epmt_cli *cli, const struct epmt_option *option, const char *argument,
                  struct epmt_error *err);
    // Runs with the arguments that are left. Returns the exit status; a failure fills err (main
    // prints it as `epmt: <command>: <text>`) and returns err->code.
    int (*run)(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err);
};

#define EPMT_COMMAND_DECLARE(name) extern const struct epmt_command epmt_command_##name;
EPMT_COMMANDS(EPMT_COMMAND_DECLARE)
#undef EPMT_COMMAND_DECLARE

#endif
