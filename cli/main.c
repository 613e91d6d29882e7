// SPDX-License-Identifier: Apache-2.0
// epmt: the one place that exits and that prints errors.
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/say.h"
#include "cli/settings_files.h"

// The prefix of the installation: the program is <prefix>/bin/epmt.
static void find_prefix(char prefix[PATH_MAX]) {
    ssize_t len = readlink("/proc/self/exe", prefix, PATH_MAX - 1);

    prefix[len > 0 ? len : 0] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(prefix, '/');
        if (slash)
            *slash = '\0';
    }
}

static int complain(const struct epmt_command *command, const struct epmt_error *err) {
    epmt_say(command ? command->name : "", "%s", err->text);
    return err->code;
}

static int run(struct epmt_cli *cli, const struct epmt_parsed *parsed) {
    const struct epmt_command *command = parsed->command;
    struct epmt_error err = {.code = EPMT_ERR_OK};

    if (epmt_settings_load(&cli->settings, cli->envp, &err)) {
        complain(command, &err);
        // A wrong setting must not keep a job's program from running.
        if (!command->passes_arguments)
            return err.code;
        err.code = EPMT_ERR_OK;
    }
    int status = command->run(cli, parsed->argc, parsed->argv, &err);
    if (err.code != EPMT_ERR_OK)
        complain(command, &err);
    return status;
}

int main(int argc, char **argv) {
    char prefix[PATH_MAX];
    struct epmt_cli cli = {.envp = environ, .prefix = prefix};
    struct epmt_parsed parsed;
    struct epmt_error err = {.code = EPMT_ERR_OK};
    int status = 0;

    setlocale(LC_ALL, "");
    find_prefix(prefix);
    if (argc < 1)
        return EPMT_ERR_USAGE;
    if (epmt_options_parse(&cli, argc, argv, &parsed, &err))
        return complain(parsed.command, &err);
    if (parsed.version)
        puts("epmt " EPMT_VERSION);
    else if (parsed.help)
        epmt_help_print(stdout, parsed.command);
    else if (!parsed.command)
        epmt_help_print(stderr, NULL);
    else
        status = run(&cli, &parsed);
    epmt_settings_files_free();
    // A command that failed to write has said so itself.
    if ((fflush(stdout) || ferror(stdout)) && !status) {
        epmt_errf_errno(&err, EPMT_ERR_IO, "cannot write the output");
        status = complain(parsed.command, &err);
    }
    return parsed.command || parsed.version || parsed.help ? status : EPMT_ERR_USAGE;
}
