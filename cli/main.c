// SPDX-License-Identifier: Apache-2.0
// epmt: the one place that exits and that prints errors.
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/settings_files.h"
#include "cli/settings_show.h"
#include "storage/envfilter.h"

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

// Wrong settings are an error, but for what must go on all the same: a job's program, and the
// commands that explain. Returns 0 or the exit status.
static int load_settings(struct epmt_cli *cli, const struct epmt_command *command) {
    struct epmt_error err = {.code = EPMT_ERR_OK};
    int result = epmt_settings_load(&cli->settings, cli->envp, &err);

    epmt_env_filter_use(cli->settings.env_drop, cli->settings.env_hide, cli->settings.env_keep);
    if (!result)
        return 0;
    cli->settings_error = true;
    if (command && command->loads_settings)
        return 0;
    complain(command, &err);
    return !command || command->passes_arguments || command->needs_no_settings ? 0 : (int)err.code;
}

static void tell_settings(const struct epmt_cli *cli) {
    enum { CHANGED = 2, ALL };

    for (int i = 0; i < epmt_setting_count && cli->verbose >= CHANGED; i++) {
        const struct epmt_setting *setting = &epmt_setting_table[i];
        char value[EPMT_SETTING_SHOWN_MAX];
        const char *origin = epmt_setting_origin(setting);
        if (cli->verbose >= ALL || strcmp(origin, "default") != 0)
            fprintf(stderr, "epmt: setting %s = %s (%s)\n", setting->name,
                    epmt_setting_shown(&cli->settings, setting, value), origin);
    }
}

static int run(struct epmt_cli *cli, const struct epmt_parsed *parsed) {
    const struct epmt_command *command = parsed->command;
    struct epmt_error err = {.code = EPMT_ERR_OK};

    tell_settings(cli);
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
    if (!parsed.version && !(parsed.help && parsed.command))
        status = load_settings(&cli, parsed.help ? NULL : parsed.command);
    if (parsed.version)
        puts(EPMT_VERSION_LINE);
    else if (parsed.help && parsed.command)
        epmt_help_print(stdout, parsed.command);
    else if (parsed.help)
        epmt_help_print_all(stdout, &cli);
    else if (!parsed.command)
        epmt_help_print(stderr, NULL);
    else if (!status)
        status = run(&cli, &parsed);
    epmt_settings_files_free();
    // A command that failed to write has said so itself.
    if ((fflush(stdout) || ferror(stdout)) && !status) {
        epmt_errf_errno(&err, EPMT_ERR_IO, "cannot write the output");
        status = complain(parsed.command, &err);
    }
    return parsed.command || parsed.version || parsed.help ? status : EPMT_ERR_USAGE;
}
