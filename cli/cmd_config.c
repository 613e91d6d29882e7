// SPDX-License-Identifier: Apache-2.0
// epmt config: the settings in force and where each comes from; --check finds what is wrong with
// them.
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/markdown.h"
#include "cli/say.h"
#include "cli/settings_files.h"
#include "cli/settings_show.h"
#include "cli/suggest.h"
#include "cli/table.h"

static enum epmt_format format;
static bool check_wanted;

static const struct epmt_option options[] = {
    {'c', "check", NULL, "say what is wrong in the files and in the environment, or in FILE"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter != 'c')
        return epmt_format_parse(argument, &format, err);
    check_wanted = true;
    return 0;
}

static struct epmt_db_value text_of(const char *text) {
    return epmt_db_text(text, strlen(text));
}

static int list(const struct epmt_cli *cli, struct epmt_error *err) {
    static const struct epmt_table_column columns[] = {
        {.name = "setting"}, {.name = "value"}, {.name = "from"}, {.name = "variable"}};
    struct epmt_output output;

    epmt_output_begin(&output, stdout, format);
    epmt_output_rows(&output, NULL, columns, 4);
    for (int i = 0; i < epmt_setting_count; i++) {
        const struct epmt_setting *setting = &epmt_setting_table[i];
        char value[EPMT_SETTING_SHOWN_MAX], variable[EPMT_VARIABLE_MAX];
        struct epmt_db_value values[] = {
            text_of(setting->name), text_of(epmt_setting_shown(&cli->settings, setting, value)),
            text_of(epmt_setting_origin(setting)),
            text_of(epmt_setting_variable(setting, variable))};
        epmt_output_row(&output, values);
    }
    return epmt_output_end(&output, err);
}

static int print_one(const struct epmt_cli *cli, const char *name, struct epmt_error *err) {
    const struct epmt_setting *setting = epmt_setting_find(name);
    char value[EPMT_SETTING_SHOWN_MAX];

    if (!setting)
        return epmt_settings_unknown(name, err);
    puts(epmt_setting_shown(&cli->settings, setting, value));
    return 0;
}

// A variable that is nearly one of a setting was meant to be it.
static int check_variable(const char *entry) {
    struct epmt_suggestion suggestion;
    char names[EPMT_SETTING_COUNT][EPMT_VARIABLE_MAX];
    size_t len = strcspn(entry, "=");

    epmt_suggest_init(&suggestion, entry, len);
    for (int i = 0; i < epmt_setting_count; i++) {
        epmt_suggest_try(&suggestion, epmt_setting_variable(&epmt_setting_table[i], names[i]));
        if (!strncmp(names[i], entry, len) && !names[i][len])
            return 0;
    }
    // EPMT_ itself is common to all.
    if (!epmt_suggest_best(&suggestion) || suggestion.distance > 2)
        return 0;
    epmt_say("config", "environment: there is no setting for the variable %.*s; did you mean %s?",
             (int)len, entry, suggestion.best);
    return 1;
}

static void complain(void *context, const struct epmt_error *err) {
    int *wrong = context;

    epmt_say("config", "%s", err->text);
    ++*wrong;
}

static int check_files(const struct epmt_cli *cli, int argc, char **argv) {
    struct epmt_settings settings;
    struct epmt_error err;
    int wrong = 0;

    epmt_settings_init(&settings);
    epmt_settings_on_error(complain, &wrong);
    for (int i = 0; i < argc; i++) {
        if (access(argv[i], F_OK)) {
            epmt_errf_errno(&err, EPMT_ERR_NOT_FOUND, "cannot read %s", argv[i]);
            complain(&wrong, &err);
        } else {
            (void)epmt_settings_file_read(&settings, argv[i], NULL);
        }
    }
    if (!argc) {
        (void)epmt_settings_load(&settings, cli->envp, NULL);
        for (char *const *entry = cli->envp; *entry; entry++)
            wrong += !strncmp(*entry, "EPMT_", 5) && check_variable(*entry);
    }
    epmt_settings_on_error(NULL, NULL);
    return wrong;
}

static int check(const struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    char user[PATH_MAX];
    const char *files[] = {EPMT_SETTINGS_SYSTEM_FILE,
                           epmt_settings_user_path(cli->envp, user, sizeof user)};
    int wrong = check_files(cli, argc, argv);

    for (unsigned i = 0; !argc && i < 2; i++)
        printf("%s: %s\n", files[i], access(files[i], F_OK) ? "not there" : "read");
    if (!wrong) {
        puts("The settings are right.");
        return 0;
    }
    return epmt_errf(err, EPMT_ERR_USAGE, "%d settings are wrong", wrong);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    int result;

    if (check_wanted)
        result = check(cli, argc, argv, err);
    else if (argc > 1)
        result = epmt_errf(err, EPMT_ERR_USAGE, "give one SETTING, or none for all");
    else
        result = argc ? print_one(cli, argv[0], err) : list(cli, err);
    if (!result && cli->settings_error)
        epmt_say("config", "some settings are wrong: see epmt config --check");
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_config = {
    .name = "config",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "[SETTING | --check [FILE ...]]",
    .summary = "Show the settings in force and where each comes from, or check them.",
    .examples = "epmt config                    # all of them\n"
                "epmt config output_prefix      # one value, for a script\n"
                "epmt config --check            # before a job stumbles over them\n",
    .options = options,
    .loads_settings = true,
    .option = option,
    .run = run,
};
