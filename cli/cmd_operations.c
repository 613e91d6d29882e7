// SPDX-License-Identifier: Apache-2.0
// epmt operations: what ran with the same tag, what it cost, how long it took.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/operations.h"
#include "analysis/words.h"
#include "cli/cmd.h"
#include "cli/results.h"
#include "cli/select.h"

static enum epmt_format format;
static struct epmt_operations_request request = {
    .key = "op", .by = EPMT_DURATION_union, .moving = EPMT_OPERATIONS_MOVING};

static const struct epmt_option options[] = {
    EPMT_SELECT_OPTIONS,
    {'k', "key", "KEY", "an operation is what has the same value of this tag of processes (op)"},
    {0, "method", "METHOD",
     "which duration counts for the order and the shares: sum, sum-minus-overlap (default) or "
     "finish-minus-start"},
    {'p', "per-job", NULL, "a line for each job and operation"},
    {0, "moving", "NAMES", "which operations move data (" EPMT_OPERATIONS_MOVING ")"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {0},
};

static int set_method(const char *text, struct epmt_error *err) {
    static const char *const words[] = {
#define WORD(name, word) word,
        EPMT_DURATIONS(WORD)
#undef WORD
    };

    for (int i = 0; i < EPMT_DURATION_COUNT; i++) {
        if (!strcmp(text, words[i])) {
            request.by = (enum epmt_duration)i;
            return 0;
        }
    }
    return epmt_errf(err, EPMT_ERR_USAGE,
                     "a duration is by sum, sum-minus-overlap or finish-minus-start, not %s", text);
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!strcmp(row->name, "format"))
        return epmt_format_parse(argument, &format, err);
    if (!strcmp(row->name, "method"))
        return set_method(argument, err);
    if (!strcmp(row->name, "key"))
        request.key = argument;
    else if (!strcmp(row->name, "moving"))
        request.moving = argument;
    else if (!strcmp(row->name, "per-job"))
        request.per_job = true;
    else
        return epmt_select_option(&request.selection, row->name, argument, err) < 0 ? -1 : 0;
    return 0;
}

// X(column, how it is shown: as_<how>, value)
#define COLUMNS(X)                                                         \
    X("operation", text, operation->name)                                  \
    X("jobid", text, operation->jobid)                                     \
    X("jobs", number, operation->jobs)                                     \
    X("processes", number, operation->processes)                           \
    X("runs", number, operation->runs)                                     \
    X("sum", time, operation->duration[EPMT_DURATION_sum])                 \
    X("sum-minus-overlap", time, operation->duration[EPMT_DURATION_union]) \
    X("finish-minus-start", time, operation->duration[EPMT_DURATION_span]) \
    X("of_jobs", share, operation->duration_share)                         \
    X("cpu_time", time, operation->cpu_time)                               \
    X("of_cpu", share, operation->cpu_share)                               \
    X("rssmax", kib, operation->rssmax)                                    \
    X("read_bytes", bytes, operation->read_bytes)                          \
    X("write_bytes", bytes, operation->write_bytes)                        \
    X("failed", number, operation->failed)                                 \
    X("moves_data", number, operation->moves)

#define COUNT 16

struct printing {
    struct epmt_output output;
    struct epmt_table_column columns[COUNT];
    char texts[COUNT][EPMT_WORD_MAX];
    bool begun;
};

static struct epmt_db_value as_number(struct printing *printing, int i, int64_t value) {
    (void)printing, (void)i;
    return value < 0 ? (struct epmt_db_value){.kind = EPMT_DB_NULL} : epmt_db_int(value);
}

static struct epmt_db_value word(struct printing *printing, int i) {
    return epmt_db_text(printing->texts[i], strlen(printing->texts[i]));
}

static struct epmt_db_value as_time(struct printing *printing, int i, int64_t value) {
    if (value < 0 || format != EPMT_FORMAT_TABLE)
        return as_number(printing, i, value);
    epmt_words_seconds(printing->texts[i], (double)value / 1e6);
    return word(printing, i);
}

static struct epmt_db_value as_bytes(struct printing *printing, int i, int64_t value) {
    if (value < 0 || format != EPMT_FORMAT_TABLE)
        return as_number(printing, i, value);
    epmt_words_bytes(printing->texts[i], (double)value);
    return word(printing, i);
}

static struct epmt_db_value as_kib(struct printing *printing, int i, int64_t value) {
    return format != EPMT_FORMAT_TABLE ? as_number(printing, i, value)
                                       : as_bytes(printing, i, value < 0 ? value : value * 1024);
}

static struct epmt_db_value as_share(struct printing *printing, int i, double value) {
    if (isnan(value))
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    if (format != EPMT_FORMAT_TABLE)
        return (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = value};
    epmt_words_share(printing->texts[i], value);
    return word(printing, i);
}

static struct epmt_db_value as_text(struct printing *printing, int i, const char *value) {
    (void)printing, (void)i;
    return value[0] ? epmt_db_text(value, strlen(value))
                    : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static void begin(struct printing *printing) {
    int i = 0;

#define COLUMN(name, how, value) \
    printing->columns[i++] = (struct epmt_table_column){name, strcmp(#how, "text") != 0, false};
    COLUMNS(COLUMN)
#undef COLUMN
    epmt_output_rows(&printing->output, NULL, printing->columns, COUNT);
    printing->begun = true;
}

static int print_row(void *context, const struct epmt_operation *operation) {
    struct printing *printing = context;
    struct epmt_db_value values[COUNT];
    int i = 0;

    if (!printing->begun)
        begin(printing);
#define VALUE(name, how, value) values[i] = as_##how(printing, i, value), i++;
    COLUMNS(VALUE)
#undef VALUE
    epmt_output_row(&printing->output, values);
    return 0;
}

static void print_total(const struct epmt_operations_total *total) {
    char cpu[EPMT_WORD_MAX], of_cpu[EPMT_WORD_MAX], wall[EPMT_WORD_MAX], of_wall[EPMT_WORD_MAX];

    if (format != EPMT_FORMAT_TABLE || !total->any_moving)
        return;
    printf("\nMoving data (%s): %s of CPU time, %s of what these jobs used; %s, %s of their "
           "duration\n",
           request.moving, epmt_words_seconds(cpu, total->moving_cpu_time / 1e6),
           epmt_words_share(
               of_cpu, total->job_cpu_time > 0 ? total->moving_cpu_time / total->job_cpu_time : 0),
           epmt_words_seconds(wall, total->moving_duration / 1e6),
           epmt_words_share(of_wall, total->job_duration > 0
                                         ? total->moving_duration / total->job_duration
                                         : 0));
}

static int operations(struct epmt_db *db, int argc, char **argv, struct epmt_error *err) {
    struct epmt_operations_total total;
    struct printing printing = {.begun = false};
    int64_t *ids = NULL;

    if (epmt_results_find_jobs(db, argc, argv, &ids, err) ||
        epmt_select_resolve(&request.selection, db, err)) {
        free(ids);
        return -1;
    }
    request.selection.jobs = ids;
    request.selection.job_count = (size_t)argc;
    epmt_output_begin(&printing.output, stdout, format);
    int result = epmt_operations(db, &request, print_row, &printing, &total, err);
    if (epmt_output_end(&printing.output, result ? NULL : err))
        result = -1;
    if (!result)
        print_total(&total);
    free(ids);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);

    if (!db)
        return err->code;
    int result = operations(db, argc, argv, err);
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_operations = {
    .name = "operations",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "[JOB ...]",
    .summary = "Show what operations (processes with the same tag) cost, and how long they took.",
    .examples = "EPMT_TAGS=op:cp epmt run cp a b     # how a process gets its tag\n"
                "epmt operations 4711               # by the tag op\n"
                "epmt operations --key phase --tag exp_name:cm4\n"
                "epmt operations --per-job --method sum --after '7 days ago'\n",
    .options = options,
    .option = option,
    .run = run,
};
