// SPDX-License-Identifier: Apache-2.0
// epmt events: which events can be counted here, and what a measurement of them gives.
#include <string.h>

#include "cli/cmd.h"
#include "cli/events_ask.h"
#include "cli/table.h"

static enum epmt_format format;
static bool test, all;

static const struct epmt_option options[] = {
    {'a', "all", NULL, "list those too that cannot be counted here, and why"},
    {'t', "test", NULL, "count the named events over a small piece of work"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter == 't')
        test = true;
    else if (row->letter == 'a')
        all = true;
    else
        return epmt_format_parse(argument, &format, err);
    return 0;
}

enum { FIELDS_MAX = 9 };

static const struct epmt_table_column list_columns[] = {
    {.name = "event"}, {.name = "source"}, {.name = "works"}, {.name = "description"}};
static const struct epmt_table_column test_columns[] = {{.name = "event"},
                                                        {.name = "source"},
                                                        {.name = "value", .numeric = true},
                                                        {.name = "unit"},
                                                        {.name = "enabled", .numeric = true},
                                                        {.name = "running", .numeric = true},
                                                        {.name = "excluded"},
                                                        {.name = "reason"},
                                                        {.name = "beside the others"}};

static struct epmt_db_value text(const char *field) {
    return *field ? epmt_db_text(field, strlen(field))
                  : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

// name, source, works, reason, description. For people only what works, unless asked for.
static void list_row(struct epmt_output *output, char **fields) {
    struct epmt_db_value values[4] = {text(fields[0]), text(fields[1]), text("yes"),
                                      text(fields[4])};
    bool works = !strcmp(fields[2], "1");

    if (!works && !all && output->format == EPMT_FORMAT_TABLE)
        return;
    if (!works)
        values[2] = text(fields[3]);
    epmt_output_row(output, values);
}

static void test_row(struct epmt_output *output, char **fields) {
    struct epmt_db_value values[FIELDS_MAX];

    for (int i = 0; i < FIELDS_MAX; i++) {
        values[i] = text(fields[i]);
        if (test_columns[i].numeric && *fields[i])
            values[i].kind = EPMT_DB_NUMBER;
    }
    epmt_output_row(output, values);
}

static int print(struct epmt_strbuf *answer, struct epmt_error *err) {
    struct epmt_output output;
    char *rest = answer->data;
    const int count = test ? FIELDS_MAX : 5;
    bool any = false;

    epmt_output_begin(&output, stdout, format);
    epmt_output_rows(&output, NULL, test ? test_columns : list_columns, test ? FIELDS_MAX : 4);
    for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
        char *fields[FIELDS_MAX];
        if (epmt_events_fields(line, fields, count) < count)
            continue;
        any = true;
        if (test)
            test_row(&output, fields);
        else
            list_row(&output, fields);
    }
    if (epmt_output_end(&output, err))
        return -1;
    return any ? 0 : epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no such event here");
}

// The names of all arguments, and where there are none those that the settings ask for.
static void add_names(const struct epmt_cli *cli, int argc, char **argv,
                      struct epmt_strbuf *names) {
    for (int i = 0; i < argc; i++)
        epmt_strbuf_printf(names, "%s%s", i ? "," : "", argv[i]);
    if (!argc)
        epmt_events_wanted(cli, names);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_strbuf names = {0}, answer = {0};
    int result = -1;

    if (test)
        add_names(cli, argc, argv, &names);
    else if (argc == 1)
        epmt_strbuf_puts(&names, argv[0]);
    if (!test && argc > 1)
        epmt_errf(err, EPMT_ERR_USAGE, "give one PATTERN, or --test before names");
    else if (test && !names.len)
        epmt_errf(err, EPMT_ERR_USAGE, "name events to test, or set EPMT_EVENTS");
    else if (!epmt_events_ask(cli, test ? "test" : "list", epmt_strbuf_text(&names), &answer, err))
        result = print(&answer, err);
    epmt_strbuf_free(&names);
    epmt_strbuf_free(&answer);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_events = {
    .name = "events",
    .group = EPMT_GROUP_COLLECT,
    .arguments = "[PATTERN] | --test [NAME ...]",
    .summary = "List the events that can be counted here, or test some of them.",
    .examples = "epmt events                    # what works here\n"
                "epmt events -a '*L1*MISS*'     # by name; also what does not work, and why\n"
                "epmt events branch             # with the word in name or description\n"
                "epmt events --test cycles,PAPI_TOT_INS\n",
    .options = options,
    .option = option,
    .run = run,
};
