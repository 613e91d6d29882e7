// SPDX-License-Identifier: Apache-2.0
// epmt list: what is in the database, one line each.
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/results.h"
#include "cli/select.h"
#include "cli/suggest.h"
#include "common/fmt.h"

static enum epmt_format format;
static struct epmt_list_request request = {.limit = -1};

static const struct epmt_option options[] = {
    EPMT_SELECT_OPTIONS,
    {'o', "order", "COLUMNS",
     "by these columns, separated by commas; -COLUMN: the largest, or latest, first"},
    {'l', "limit", "N", "at most N of them"},
    {0, "offset", "N", "without the first N"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {0},
};

static int set_number(int64_t *to, const char *name, const char *text, struct epmt_error *err) {
    if (epmt_parse_whole_i64(text, to) && *to >= 0)
        return 1;
    return epmt_errf(err, EPMT_ERR_USAGE, "%s is a number of 0 or more, not %s", name, text);
}

// An option, or a word NAME=VALUE. Returns 1; 0: it is none; -1 with err.
static int set(const char *name, const char *value, struct epmt_error *err) {
    if (!strcmp(name, "limit"))
        return set_number(&request.limit, "a limit", value, err);
    if (!strcmp(name, "offset"))
        return set_number(&request.offset, "an offset", value, err);
    if (strcmp(name, "order") != 0)
        return epmt_select_option(&request.selection, name, value, err);
    request.order = value;
    return 1;
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!strcmp(row->name, "format"))
        return epmt_format_parse(argument, &format, err);
    return set(row->name, argument, err) < 0 ? -1 : 0;
}

// A word that is no job may be a kind that was mistyped.
static int no_job(const char *word, struct epmt_error *err) {
    struct epmt_suggestion suggestion;
    char more[EPMT_SUGGEST_MAX];
    char text[EPMT_ERROR_TEXT_MAX];

    epmt_suggest_init(&suggestion, word, strlen(word));
    for (int i = 0; epmt_listing_at(i); i++)
        epmt_suggest_try(&suggestion, epmt_listing_at(i)->name);
    epmt_suggest_text(&suggestion, "", more);
    epmt_fmt(text, sizeof text, "%s%s", err->text, more);
    return epmt_errf(err, err->code, "%s", text);
}

static int add_filter(const struct epmt_condition *filter, struct epmt_error *err) {
    int taken = filter->relation == EPMT_RELATION_IS ? set(filter->column, filter->value, err) : 0;

    if (taken)
        return taken < 0 ? -1 : 0;
    if (request.filter_count == EPMT_LIST_FILTERS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "more than %d times NAME=VALUE",
                         EPMT_LIST_FILTERS_MAX);
    request.filters[request.filter_count++] = *filter;
    return 0;
}

// Takes the arguments NAME=VALUE out: they narrow the listing. Returns how many are left, or -1.
static int take_filters(int argc, char **argv, struct epmt_error *err) {
    struct epmt_condition filter;
    int left = 0;

    for (int i = 0; i < argc; i++) {
        if (!epmt_condition_parse(argv[i], &filter))
            argv[left++] = argv[i];
        else if (add_filter(&filter, err))
            return -1;
    }
    return left;
}

static int list(struct epmt_db *db, int argc, char **argv, struct epmt_output *output,
                struct epmt_error *err) {
    int64_t *ids = NULL;

    if (epmt_results_find_jobs(db, argc, argv, &ids, err))
        return err->code == EPMT_ERR_NOT_FOUND ? no_job(argv[0], err) : -1;
    request.selection.jobs = ids;
    request.selection.job_count = (size_t)argc;
    int result = epmt_select_resolve(&request.selection, db, err) ||
                         epmt_results_print_list(output, db, &request, err)
                     ? -1
                     : 0;
    free(ids);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_output output;

    argc = take_filters(argc, argv, err);
    if (argc < 0)
        return err->code;
    request.listing = argc ? epmt_listing_find(argv[0]) : NULL;
    if (request.listing) {
        argc--;
        argv++;
    } else {
        request.listing = epmt_listing_find("jobs");
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    epmt_output_begin(&output, stdout, format);
    int result = list(db, argc, argv, &output, err);
    // Output that has begun is ended, whatever happened.
    if (epmt_output_end(&output, result ? NULL : err))
        result = -1;
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_list = {
    .name = "list",
    .group = EPMT_GROUP_ANALYSE,
    .arguments =
        "[jobs|steps|processes|threads|hosts|programs|tags|users] [JOB ...] [NAME=VALUE ...]",
    .summary = "List the jobs in the database, or what belongs to them.",
    .examples = "epmt list                      # jobs\n"
                "epmt list processes 4711       # of one job\n"
                "epmt list --after yesterday --exit failed\n"
                "epmt list --program cm4 --order -cpu_time --limit 10\n"
                "epmt list jobs user=alice      # any column; * and ? stand for others\n"
                "epmt list processes 'duration_s>60' 'exename!=sh' # also >= < <=\n"
                "epmt list --tag exp:a          # jobs with this tag\n"
                "epmt list hosts --when 2026-11-25\n"
                "epmt list --format csv         # for programs\n",
    .options = options,
    .option = option,
    .run = run,
};
