// SPDX-License-Identifier: Apache-2.0
#include "cli/markdown.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"
#include "common/fmt.h"
#include "metadata/tables.h"
#include "storage/ddl.h"

const char *epmt_markdown_rows(const struct epmt_column *column) {
    bool process = epmt_column_in_process(column), thread = epmt_column_in_thread(column);

    return process && thread ? "both" : thread ? "thread" : "process";
}

char *epmt_setting_variable(const struct epmt_setting *setting, char variable[EPMT_VARIABLE_MAX]) {
    epmt_fmt(variable, EPMT_VARIABLE_MAX, "EPMT_%s", setting->name);
    for (char *p = variable; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return variable;
}

const char *epmt_setting_description(const struct epmt_setting *setting) {
    static const char *const descriptions[] = {
#define DESCRIPTION(name, type, def, who, description) description,
        EPMT_SETTINGS(DESCRIPTION)
#undef DESCRIPTION
    };

    return descriptions[setting - epmt_setting_table];
}

const char *epmt_markdown_default(const struct epmt_setting *setting, char *value, size_t cap) {
    struct epmt_settings defaults;
    const char *field = (const char *)&defaults + setting->offset;
    uint64_t number;
    const char *text;

    epmt_settings_init(&defaults);
    if (setting->type == EPMT_SETTING_TEXT) {
        memcpy(&text, field, sizeof text);
        return text;
    }
    memcpy(&number, field, sizeof number);
    epmt_fmt(value, cap, "%lu", (unsigned long)number);
    return value;
}

static const char *fold_name(const struct epmt_column *column) {
    static const char *const names[] = {"-", "sum", "min", "max"};

    return names[column->fold];
}

static const char *type_name(enum epmt_type type) {
    static const char *const names[] = {"text",     "list of texts", "integer",
                                        "unsigned", "state",         "real"};

    return names[type];
}

static void head(const char *title, const char *text) {
    printf("# %s\n\n%s\n\n", title, text);
}

static void print_column(int i) {
    const struct epmt_column *column = &epmt_columns[i];

    printf("| %s | %s | %s | %s | %s | %s | %s |\n", column->name, epmt_markdown_rows(column),
           type_name(column->type), column->unit, fold_name(column), column->source,
           column->description);
}

static void column_head(void) {
    puts("| column | in rows of | type | unit | fold | source | meaning |\n"
         "|---|---|---|---|---|---|---|");
}

// A column of an MPI table; those that are not stored are none for people.
static void print_mpi_column(const struct epmt_column *column) {
    if (column->scope == EPMT_SCOPE_WIRE)
        return;
    printf("| %s | %s | %s | %s | %s | %s |\n", column->name,
           column->scope == EPMT_SCOPE_KEY ? "yes" : "", type_name(column->type), column->unit,
           column->source, column->description);
}

static void print_mpi_tables(void) {
    static const char *const tables[][2] = {
#define NAME(list, kind, name, path, title) {#name, title},
        EPMT_FURTHER_TABLES(NAME)
#undef NAME
    };

    puts("\n## Tables of MPI and of counters\n\n"
         "In the database under these names, where `process_id` stands for `image`; in the job "
         "file\n"
         "`/mpi/<table>` (without `mpi_`) and `/counters`. docs/mpi.md and docs/counters.md "
         "explain\n"
         "them. Rows with the same keys are one row.");
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        const struct epmt_dictionary *dictionary = epmt_dictionary_of(EPMT_ROW_MPI_FUNCTION + i);
        printf("\n### %s: %s\n\n| column | key | type | unit | source | meaning |\n"
               "|---|---|---|---|---|---|\n",
               tables[i][0], tables[i][1]);
        for (int k = 0; k < dictionary->count; k++)
            print_mpi_column(&dictionary->columns[k]);
    }
}

static void print_metrics(void) {
    head("Metrics",
         "Written by `epmt help markdown metrics` from metadata/metrics.h, "
         "metadata/mpi_tables.h and metadata/counter_tables.h.\n\n"
         "Each process and each thread has a row. A column in the rows of both stands in the\n"
         "thread's row as measured; in the process's row it is the fold of its threads' values,\n"
         "or a value of its own where there is no fold. What was not observed is missing (NULL),\n"
         "never 0.\n\n"
         "## The 47 standard metrics\n");
    column_head();
    for (int i = 0; i < EPMT_METRIC_COUNT; i++)
        print_column(i);
    puts("\n## What a row carries besides\n");
    column_head();
    for (int i = EPMT_METRIC_COUNT; i < EPMT_COLUMN_COUNT; i++)
        print_column(i);
    puts("\n## States\n\n| state | number in the job file | meaning |\n|---|---|---|");
#define STATE(name, number, description) printf("| %s | %d | %s |\n", #name, number, description);
    EPMT_STATES(STATE)
#undef STATE
    print_mpi_tables();
}

static void print_settings(void) {
    head(
        "Settings",
        "Written by `epmt help markdown settings` from metadata/settings.h.\n\n"
        "A setting `x_y` is the environment variable `EPMT_X_Y`, and `x_y = value` in the section\n"
        "`[epmt]` of `/etc/epmt/epmt.conf` and of `epmt/epmt.conf` in the user's configuration\n"
        "directory (`$XDG_CONFIG_HOME`, or `~/.config`). The environment counts more than the\n"
        "user's file, and that more than the system's. The library in the measured program reads\n"
        "the environment only: `epmt run` and `epmt source` put there what the files say.\n"
        "Lines in a section `[host PATTERN]` count on hosts of such a name, those in\n"
        "`[cpu PATTERN]` on processors of such a `family/model/stepping` (`*` and `?`, several\n"
        "patterns separated by colons). `epmt config` shows what is in force and where it came\n"
        "from, `epmt config --check` what is wrong.");
    puts("| setting | environment | type | default | read by | meaning "
         "|\n|---|---|---|---|---|---|");
    for (int i = 0; i < epmt_setting_count; i++) {
        static const char *const types[] = {"text", "number", "0 or 1"};
        const struct epmt_setting *setting = &epmt_setting_table[i];
        char variable[EPMT_VARIABLE_MAX], value[64];
        const char *def = epmt_markdown_default(setting, value, sizeof value);
        printf("| %s | %s | %s | %s%s%s | %s | %s |\n", setting->name,
               epmt_setting_variable(setting, variable), types[setting->type], *def ? "`" : "", def,
               *def ? "`" : "", setting->guest ? "library and `epmt`" : "`epmt`",
               epmt_setting_description(setting));
    }
}

static void print_commands(void) {
    head("Commands", "Written by `epmt help markdown commands` from the tables in cli/.\n\n"
                     "A command may be shortened as long as it stays clear; so may long options.");
    puts("```");
    epmt_help_print(stdout, NULL);
    puts("```");
    for (int i = 0; epmt_command_table[i]; i++) {
        printf("\n## epmt %s\n\n```\n", epmt_command_table[i]->name);
        epmt_help_print(stdout, epmt_command_table[i]);
        puts("```");
    }
}

static void print_errors(void) {
    head("Exit statuses",
         "Written by `epmt help markdown errors` from common/err.h.\n\n"
         "`epmt run` returns the exit status of the program it ran (128 and the number of the\n"
         "signal where one ended it; 127 where the program is not found, 126 where it cannot be\n"
         "run). An error is one line on standard error: `epmt: COMMAND: text`.");
    puts("| status | meaning |\n|---|---|");
#define ROW(name, status, sentence) printf("| %d | %s |\n", status, sentence);
    EPMT_ERRORS(ROW)
#undef ROW
}

static void print_schema(void) {
    struct epmt_strbuf sql = {0};

    head("Database schema",
         "Written by `epmt help markdown schema` from metadata/*.h and storage/ddl*.[ch].\n"
         "docs/database.md explains it.");
    puts("| column of jobs | type | meaning |\n|---|---|---|");
    for (int i = 0; i < EPMT_JOB_COLUMN_COUNT; i++)
        printf("| %s | %s | %s |\n", epmt_job_columns[i].name, type_name(epmt_job_columns[i].type),
               epmt_job_columns[i].description);
    epmt_ddl_create(&sql, EPMT_DIALECT_SQLITE);
    printf("\n```sql\n%s```\n", epmt_strbuf_text(&sql));
    epmt_strbuf_free(&sql);
}

static const struct {
    const char *name;
    void (*print)(void);
} tables[] = {
    {"metrics", print_metrics}, {"settings", print_settings}, {"commands", print_commands},
    {"errors", print_errors},   {"schema", print_schema},
};

int epmt_markdown_print(const char *table, struct epmt_error *err) {
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (!strcmp(tables[i].name, table)) {
            tables[i].print();
            return 0;
        }
    }
    return epmt_errf(err, EPMT_ERR_USAGE, "there is no table %s: " EPMT_MARKDOWN_TABLES, table);
}
