// SPDX-License-Identifier: Apache-2.0
// epmt compare: jobs, or groups of jobs, side by side.
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/words.h"
#include "cli/cmd.h"
#include "cli/printable.h"
#include "cli/results.h"
#include "cli/select.h"

static enum epmt_format format;
static struct epmt_comparison comparison = {.key = "op"};
static const char *groups[EPMT_COMPARE_SIDES_MAX];
static int group_count;

static const struct epmt_option options[] = {
    {'g', "group", "NAME=VALUE,...",
     "a side of all jobs that are so: user, tag, name, host, program, exit, when, after, before"},
    {'k', "key", "KEY", "operations are by this tag of processes (op)"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: values as stored)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter == 'k') {
        comparison.key = argument;
        return 0;
    }
    if (row->letter != 'g')
        return epmt_format_parse(argument, &format, err);
    if (group_count == EPMT_COMPARE_SIDES_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "more than %d sides", EPMT_COMPARE_SIDES_MAX);
    groups[group_count++] = argument;
    return 0;
}

// A side: its name, its jobs, and the texts of its conditions.
static struct side {
    const char *label;
    char *words;
    int64_t *ids;
} sides[EPMT_COMPARE_SIDES_MAX];

static int add_condition(struct epmt_selection *selection, char *word, struct epmt_error *err) {
    char *equals = strchr(word, '=');

    if (!equals)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is no condition: NAME=VALUE", word);
    *equals = '\0';
    int taken = epmt_select_option(selection, word, equals + 1, err);
    if (!taken)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "a group is by user, tag, name, host, program, exit, when, after or "
                         "before, not by %s",
                         word);
    return taken < 0 ? -1 : 0;
}

static int add_group(struct epmt_db *db, struct side *side, struct epmt_selection *selection,
                     struct epmt_error *err) {
    side->words = strdup(side->label);
    if (!side->words)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    char *rest = side->words, *word;
    while ((word = strsep(&rest, ","))) {
        if (add_condition(selection, word, err))
            return -1;
    }
    return epmt_select_resolve(selection, db, err);
}

// A job, several that commas part, or conditions.
static int add_side(struct epmt_db *db, const char *text, struct epmt_error *err) {
    struct side *side = &sides[comparison.count];
    struct epmt_selection *selection = &comparison.sides[comparison.count];

    if (comparison.count == EPMT_COMPARE_SIDES_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "more than %d sides", EPMT_COMPARE_SIDES_MAX);
    comparison.count++;
    side->label = text;
    if (strchr(text, '='))
        return add_group(db, side, selection, err);
    char *names[64], *rest, *name;
    int count = 0;
    side->words = rest = strdup(text);
    if (!rest)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    while ((name = strsep(&rest, ","))) {
        if (count == 64)
            return epmt_errf(err, EPMT_ERR_USAGE, "more than 64 jobs on a side: use --group");
        names[count++] = name;
    }
    if (epmt_results_find_jobs(db, count, names, &side->ids, err))
        return -1;
    selection->jobs = side->ids;
    selection->job_count = (size_t)count;
    return 0;
}

// CSV is one section, of which each row says its part.
#define FIXED 2
#define COLUMNS (FIXED + EPMT_COMPARE_SIDES_MAX + 1)

struct printing {
    struct epmt_output output;
    struct epmt_table_column columns[COLUMNS];
    char words[COLUMNS][EPMT_WORD_MAX];
    int part; // that is open; -1: none
};

static struct epmt_db_value as_words(struct printing *printing, int at, enum epmt_compare_unit unit,
                                     double value) {
    char *text = printing->words[at];

    if (isnan(value))
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    if (format != EPMT_FORMAT_TABLE)
        return (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = value};
    switch (unit) {
    case EPMT_UNIT_US:
        epmt_words_seconds(text, value / 1e6);
        break;
    case EPMT_UNIT_NS:
        epmt_words_seconds(text, value / 1e9);
        break;
    case EPMT_UNIT_SHARE:
        epmt_words_share(text, value);
        break;
    case EPMT_UNIT_BYTES:
        epmt_words_bytes(text, value);
        break;
    case EPMT_UNIT_KIB:
        epmt_words_bytes(text, value * 1024);
        break;
    case EPMT_UNIT_COUNT:
        snprintf(text, EPMT_WORD_MAX, value == floor(value) ? "%.0f" : "%.1f", value);
        break;
    }
    return epmt_db_text(text, strlen(text));
}

static struct epmt_db_value change_of(struct printing *printing, int at, double change) {
    char *text = printing->words[at];

    if (format != EPMT_FORMAT_TABLE || isnan(change))
        return as_words(printing, at, EPMT_UNIT_SHARE, change);
    if (change >= 9)
        snprintf(text, EPMT_WORD_MAX, "x%.3g", change + 1);
    else
        snprintf(text, EPMT_WORD_MAX, "%+.*f %%", fabs(change) < 0.0995 ? 1 : 0, change * 100);
    return epmt_db_text(text, strlen(text));
}

static void begin_part(struct printing *printing, int part) {
    static const char *const names[] = {
#define NAME(name, title) #name,
        EPMT_COMPARE_PARTS(NAME)
#undef NAME
    };
    int count = 0;

    if (format == EPMT_FORMAT_CSV && printing->part >= 0)
        return;
    printing->part = part;
    if (format == EPMT_FORMAT_CSV)
        printing->columns[count++] = (struct epmt_table_column){.name = "part"};
    printing->columns[count++] = (struct epmt_table_column){.name = "name"};
    for (int i = 0; i < comparison.count; i++)
        printing->columns[count++] =
            (struct epmt_table_column){.name = sides[i].label, .numeric = true};
    printing->columns[count++] = (struct epmt_table_column){.name = "change", .numeric = true};
    const char *title = format == EPMT_FORMAT_TABLE ? epmt_compare_title(part) : names[part];
    epmt_output_rows(&printing->output, format == EPMT_FORMAT_CSV ? NULL : title, printing->columns,
                     count);
}

static void print_difference(void *context, const struct epmt_difference *difference) {
    static const char *const names[] = {
#define NAME(name, title) #name,
        EPMT_COMPARE_PARTS(NAME)
#undef NAME
    };
    struct printing *printing = context;
    struct epmt_db_value values[COLUMNS];
    const char *part = names[difference->part];
    int at = 0;

    if (printing->part != (int)difference->part)
        begin_part(printing, (int)difference->part);
    if (format == EPMT_FORMAT_CSV)
        values[at++] = epmt_db_text(part, strlen(part));
    values[at++] = epmt_db_text(difference->name, strlen(difference->name));
    for (int i = 0; i < comparison.count; i++, at++)
        values[at] = as_words(printing, at, difference->unit, difference->values[i]);
    values[at] = change_of(printing, at, difference->change);
    epmt_output_row(&printing->output, values);
}

static int compare(struct epmt_db *db, int argc, char **argv, struct epmt_error *err) {
    struct printing printing = {.part = -1};

    for (int i = 0; i < argc + group_count; i++) {
        if (add_side(db, i < argc ? argv[i] : groups[i - argc], err))
            return -1;
    }
    epmt_output_begin(&printing.output, stdout, format);
    int result = epmt_compare(db, &comparison, print_difference, &printing, err);
    epmt_output_close_section(&printing.output);
    if (!result && printing.part < 0) {
        if (format == EPMT_FORMAT_TABLE)
            puts("They do not differ.");
        else
            begin_part(&printing, EPMT_COMPARE_metrics);
    }
    for (int i = 0; !result && format == EPMT_FORMAT_TABLE && i < comparison.count; i++) {
        if (comparison.jobs[i] > 1)
            printf("%s%s: the mean of %" PRId64 " jobs\n", i ? "" : "\n",
                   epmt_printable(sides[i].label), comparison.jobs[i]);
    }
    return epmt_output_end(&printing.output, result ? NULL : err) || result ? -1 : 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    if (argc + group_count < 2) {
        epmt_errf(err, EPMT_ERR_USAGE, "give two JOBs or more, or groups of them (--group)");
        return err->code;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    int result = compare(db, argc, argv, err);
    epmt_db_close(db);
    for (int i = 0; i < EPMT_COMPARE_SIDES_MAX; i++) {
        free(sides[i].words);
        free(sides[i].ids);
    }
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_compare = {
    .name = "compare",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "JOB[,JOB ...]|NAME=VALUE[,...] ...",
    .summary = "Show jobs, or groups of jobs, side by side: what differs most comes first.",
    .examples = "epmt compare 4711 4712\n"
                "epmt compare 4711,4712 4713,4714       # the means of two and two\n"
                "epmt compare tag=exp:a tag=exp:b       # of all jobs with a tag\n"
                "epmt compare user=alice,after=yesterday user=alice,before=yesterday\n",
    .options = options,
    .option = option,
    .run = run,
};
