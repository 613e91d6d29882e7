// SPDX-License-Identifier: Apache-2.0
// epmt help: commands, and the tables of the program: metrics, settings, errors. `help markdown
// TABLE` writes docs/TABLE.md, so that the documentation cannot differ from the program.
#include <stdio.h>
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/man.h"
#include "cli/markdown.h"
#include "cli/options.h"
#include "cli/table.h"

static enum epmt_format format;

static const struct epmt_option options[] = {
    {0, "format", "FORMAT", "of metrics and settings: table (for people), json or csv"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row;
    return epmt_format_parse(argument, &format, err);
}

static struct epmt_db_value text(const char *string) {
    return epmt_db_text(string, strlen(string));
}

static int help_metrics(struct epmt_error *err) {
    static const struct epmt_table_column columns[] = {
        {.name = "column"}, {.name = "row"}, {.name = "unit"}, {.name = "description"}};
    struct epmt_output output;

    epmt_output_begin(&output, stdout, format);
    epmt_output_rows(&output, NULL, columns, 4);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        struct epmt_db_value values[] = {text(column->name), text(epmt_markdown_rows(column)),
                                         text(column->unit), text(column->description)};
        epmt_output_row(&output, values);
    }
    return epmt_output_end(&output, err);
}

static int help_settings(struct epmt_error *err) {
    static const struct epmt_table_column columns[] = {
        {.name = "setting"}, {.name = "environment"}, {.name = "default"}, {.name = "description"}};
    struct epmt_output output;

    epmt_output_begin(&output, stdout, format);
    epmt_output_rows(&output, NULL, columns, 4);
    for (int i = 0; i < epmt_setting_count; i++) {
        char variable[EPMT_VARIABLE_MAX], value[64];
        const struct epmt_setting *setting = &epmt_setting_table[i];
        struct epmt_db_value values[] = {text(setting->name),
                                         text(epmt_setting_variable(setting, variable)),
                                         text(epmt_markdown_default(setting, value, sizeof value)),
                                         text(epmt_setting_description(setting))};
        epmt_output_row(&output, values);
    }
    return epmt_output_end(&output, err);
}

static int help_errors(struct epmt_error *err) {
    (void)err;
#define ROW(name, status, sentence) printf("%3d  %s\n", status, sentence);
    EPMT_ERRORS(ROW)
#undef ROW
    return 0;
}

static const struct topic {
    const char *name;
    int (*print)(struct epmt_error *err);
} topics[] = {
    {"metrics", help_metrics},
    {"settings", help_settings},
    {"errors", help_errors},
};

static int help_topic(const char *name, struct epmt_error *err) {
    for (unsigned i = 0; i < sizeof topics / sizeof *topics; i++) {
        if (!strcmp(topics[i].name, name))
            return topics[i].print(err);
    }
    const struct epmt_command *command = epmt_command_find(name, err);
    if (!command)
        return -1;
    epmt_help_print(stdout, command);
    return 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    int result = 0;

    if (!argc)
        epmt_help_print_all(stdout, cli);
    else if (argc == 2 && !strcmp(argv[0], "markdown"))
        result = epmt_markdown_print(argv[1], err);
    else if (argc == 2 && !strcmp(argv[0], "man"))
        result = epmt_man_print(argv[1], err);
    else if (argc == 2 && !strcmp(argv[0], "completion"))
        result = epmt_completion_print(argv[1], err);
    else if (argc == 1)
        result = help_topic(argv[0], err);
    else
        result = epmt_errf(err, EPMT_ERR_USAGE,
                           "give one COMMAND or topic, or markdown and one of " EPMT_MARKDOWN_TABLES
                           ", or man PAGE, or completion SHELL");
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_help = {
    .name = "help",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "[COMMAND|metrics|settings|errors|markdown TABLE|man PAGE|completion SHELL]",
    .summary = "Explain commands, metric columns, settings and exit statuses.",
    .examples = "epmt help run                  # one command\n"
                "epmt help settings             # what can be configured\n"
                "epmt help man list             # names of all manual pages\n"
                "epmt help completion bash      # code for the shell\n",
    .options = options,
    .option = option,
    .needs_no_settings = true,
    .run = run,
};
