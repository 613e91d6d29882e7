// SPDX-License-Identifier: Apache-2.0
// epmt outliers: what is unlike the others it is comparable with, and why.
#include <stdlib.h>
#include <string.h>

#include "cli/choose.h"
#include "cli/cmd.h"
#include "cli/outliers_print.h"
#include "cli/results.h"
#include "cli/say.h"
#include "common/fmt.h"

static enum epmt_format format;
static struct epmt_choice choice;
static struct epmt_outlier_question question = {.min_score = 1};
static const char *cause_of;

static const struct epmt_option options[] = {
    EPMT_SELECT_OPTIONS,
    {'f', "feature", "NAMES",
     "compare by these, separated by commas; all: by all that there are but "
     "counters, counter:EVENT, counter:* (default: duration, "
     "cpu_time and processes; of threads usertime and systemtime; of ranks cpu_time, mpitime and "
     "outside_mpi)"},
    {'m', "method", "NAMES",
     "iqr, z_score, modified_z_score (default: these three), distance (all features at once), all"},
    {0, "threshold", "METHOD=NUMBER",
     "another threshold than iqr=1.5, z_score=3, modified_z_score=3.5, distance=0.9973"},
    {'k', "key", "KEY[:VALUE]",
     "an operation is what has the same value of this tag of processes (op, or the model's); all: "
     "the same tags"},
    {'M', "model", "NAME", "compare with this reference model (see epmt models)"},
    {'r', "root-cause", "JOB",
     "rank the features by which this job stands out from the jobs, or the model"},
    {0, "min-score", "N", "only what N methods flag or more (default: 1; 0: everything)"},
    {'l', "limit", "N", "at most N rows, the most unusual (default: 1000)"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {0},
};

static int set_number(const char *text, const char *what, int64_t least, int64_t most, int64_t *to,
                      struct epmt_error *err) {
    if (epmt_parse_whole_i64(text, to) && *to >= least && *to <= most)
        return 0;
    return epmt_errf(err, EPMT_ERR_USAGE, "%s is a number from %ld to %ld, not %s", what,
                     (long)least, (long)most, text);
}

static int set_threshold(const char *text, struct epmt_error *err) {
    const char *equals = strchr(text, '=');

    for (int i = 0; equals && i < EPMT_METHOD_COUNT; i++) {
        const char *name = epmt_method_name(i);
        if (strlen(name) != (size_t)(equals - text) || strncmp(name, text, strlen(name)) != 0)
            continue;
        char *end;
        double number = strtod(equals + 1, &end);
        if (end == equals + 1 || *end || !(number > 0) || number > 1e300 ||
            (i == EPMT_METHOD_DISTANCE && number >= 1))
            break;
        question.threshold[i] = number;
        return 0;
    }
    return epmt_errf(err, EPMT_ERR_USAGE,
                     "a threshold is METHOD=NUMBER, more than 0 (of distance below 1), not %s",
                     text);
}

static int set_score(const char *text, struct epmt_error *err) {
    int64_t number;

    if (set_number(text, "a score", 0, EPMT_METHOD_COUNT, &number, err))
        return -1;
    question.min_score = (int)number;
    return 0;
}

static int set_limit(const char *text, struct epmt_error *err) {
    int64_t number;

    if (set_number(text, "a limit", 1, EPMT_OUTLIERS_MAX, &number, err))
        return -1;
    question.limit = (size_t)number;
    return 0;
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"feature", &question.features},
                 {"key", &question.operation},
                 {"model", &question.model},
                 {"root-cause", &cause_of}};

    (void)cli;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!strcmp(row->name, texts[i].name)) {
            *texts[i].to = argument;
            return 0;
        }
    }
    if (!strcmp(row->name, "threshold"))
        return set_threshold(argument, err);
    if (!strcmp(row->name, "method"))
        return epmt_methods_parse(argument, &question.methods, err);
    if (!strcmp(row->name, "format"))
        return epmt_format_parse(argument, &format, err);
    if (!strcmp(row->name, "min-score"))
        return set_score(argument, err);
    if (!strcmp(row->name, "limit"))
        return set_limit(argument, err);
    return epmt_select_option(&choice.selection, row->name, argument, err) < 0 ? -1 : 0;
}

// What people should know of an answer beside its rows.
static void say_notes(const struct epmt_outliers *outliers) {
    if (outliers->found > outliers->count)
        epmt_say("outliers", "the %zu most unusual of %llu rows are shown (--limit)",
                 outliers->count, (unsigned long long)outliers->found);
    if (outliers->mixed[0])
        epmt_say("outliers",
                 "the jobs differ in the tag %s: they may not be comparable (--tag %s:VALUE)",
                 outliers->mixed, outliers->mixed);
    if (!outliers->groups && outliers->small)
        epmt_say("outliers", "there are no %d or more of anything that could be compared",
                 EPMT_COMPARED_ROWS_MIN);
    else if (!outliers->values && question.compared == EPMT_COMPARED_OPERATIONS)
        epmt_say("outliers", "no process there has such a tag (--key), or such a feature");
    else if (!outliers->values)
        epmt_say("outliers", "nothing there has such a feature");
}

static int find(struct epmt_db *db, struct epmt_output *output, struct epmt_error *err) {
    struct epmt_outliers outliers;

    if (epmt_outliers_find(db, &question, &outliers, err))
        return -1;
    int result = epmt_outliers_print(output, question.compared, &outliers, err);
    say_notes(&outliers);
    epmt_outliers_free(&outliers);
    return result;
}

static int find_cause(struct epmt_db *db, struct epmt_output *output, struct epmt_error *err) {
    struct epmt_causes causes;
    char id[EPMT_JOB_KEY_MAX];

    if (epmt_results_find_job(db, cause_of, id, err) ||
        epmt_root_cause(db, &question, strtoll(id, NULL, 10), &causes, err))
        return -1;
    size_t limit = question.limit ? question.limit : EPMT_OUTLIERS_LIMIT, count = causes.count;
    if (causes.count > limit)
        causes.count = limit;
    int result = epmt_causes_print(output, question.compared, &causes, err);
    causes.count = count;
    epmt_causes_free(&causes);
    return result;
}

static int ask(struct epmt_db *db, int argc, char **argv, struct epmt_output *output,
               struct epmt_error *err) {
    bool of_many =
        question.compared == EPMT_COMPARED_JOBS || question.compared == EPMT_COMPARED_OPERATIONS;

    if (epmt_choose_jobs(&choice, db, argc, argv, err))
        return -1;
    if (!choice.count && !of_many)
        return epmt_errf(err, EPMT_ERR_USAGE, "say of which jobs: JOB, --tag, ...");
    question.jobs = choice.ids;
    question.job_count = choice.count;
    return cause_of ? find_cause(db, output, err) : find(db, output, err);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_output output;

    if (argc && !epmt_compared_find(argv[0], &question.compared, NULL)) {
        argc--;
        argv++;
    }
    if (question.operation && !strcmp(question.operation, "all"))
        question.operation = "";
    else if (!question.operation && !question.model)
        question.operation = "op";
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    epmt_output_begin(&output, stdout, format);
    int result = ask(db, argc, argv, &output, err);
    if (epmt_output_end(&output, result ? NULL : err))
        result = -1;
    free(choice.ids);
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_outliers = {
    .name = "outliers",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "[jobs|operations|processes|threads|ranks] [JOB ...]",
    .summary = "Find what is unlike the others it is comparable with, and why.",
    .examples = "epmt outliers --tag exp:cm4                 # among the jobs with this tag\n"
                "epmt outliers jobs 4715 --model ocean       # against a reference model\n"
                "epmt outliers operations --tag exp:cm4\n"
                "epmt outliers ranks 4711                    # within the steps of a job\n"
                "epmt outliers processes 4711 -f rssmax,rchar -m modified_z_score\n"
                "epmt outliers --root-cause 4715 --model ocean\n"
                "epmt outliers operations --root-cause 4715 --tag exp:cm4\n",
    .options = options,
    .option = option,
    .run = run,
};
