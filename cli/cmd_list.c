// SPDX-License-Identifier: Apache-2.0
// epmt list: what is in the database, one line each.
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/narrow.h"
#include "cli/results.h"
#include "cli/suggest.h"
#include "common/fmt.h"
#include "storage/retire.h"

static enum epmt_format format;
static struct epmt_filter filter = {.limit = -1};

#define TAGS_MAX 16
static const char *tags[TAGS_MAX]; // jobs must have them all
static int tag_count;

static const struct epmt_option options[] = {
    {0, "tag", "KEY:VALUE", "of jobs with this tag (KEY: whatever its value); may be given again"},
    {'l', "limit", "N", "at most N of them"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {0},
};

static int set_limit(const char *text, struct epmt_error *err) {
    if (epmt_parse_whole_i64(text, &filter.limit) && filter.limit >= 0)
        return 0;
    return epmt_errf(err, EPMT_ERR_USAGE, "a limit is a number of 0 or more, not %s", text);
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!strcmp(row->name, "tag")) {
        if (tag_count == TAGS_MAX)
            return epmt_errf(err, EPMT_ERR_USAGE, "more than %d times --tag", TAGS_MAX);
        tags[tag_count++] = argument;
        return 0;
    }
    return row->letter == 'l' ? set_limit(argument, err)
                              : epmt_format_parse(argument, &format, err);
}

// What can be listed; the first name of a query is the one of today.
static const struct kind {
    const char *name;
    const struct epmt_query *query;
} kinds[] = {
    {"jobs", &epmt_query_jobs},           {"steps", &epmt_query_steps},
    {"processes", &epmt_query_processes}, {"procs", &epmt_query_processes},
    {"threads", &epmt_query_threads},     {"thread_metrics", &epmt_query_threads},
    {"hosts", &epmt_query_hosts},         {"programs", &epmt_query_programs},
    {"tags", &epmt_query_tags},           {"job_proc_tags", &epmt_query_tags},
    {"users", &epmt_query_users},
};

static const struct epmt_query *find_query(const char *name) {
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(kinds[i].name, name))
            return kinds[i].query;
    }
    return NULL;
}

// A word that is no job may be a kind that was mistyped.
static int no_job(const char *word, struct epmt_error *err) {
    struct epmt_suggestion suggestion;
    char more[EPMT_SUGGEST_MAX];

    epmt_suggest_init(&suggestion, word, strlen(word));
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        epmt_suggest_try(&suggestion, kinds[i].name);
    epmt_suggest_text(&suggestion, "", more);
    char text[EPMT_ERROR_TEXT_MAX];
    epmt_fmt(text, sizeof text, "%s%s", err->text, more);
    return epmt_errf(err, err->code, "%s", text);
}

// Takes the arguments NAME=VALUE out: they narrow the listing. Returns how many are left, or -1.
static int take_filters(int argc, char **argv, struct epmt_error *err) {
    int left = 0;

    for (int i = 0; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals || equals == argv[i]) {
            argv[left++] = argv[i];
            continue;
        }
        *equals = '\0';
        if (!strcmp(argv[i], "limit")) {
            if (set_limit(equals + 1, err))
                return -1;
        } else if (filter.count == EPMT_FILTERS_MAX) {
            return epmt_errf(err, EPMT_ERR_USAGE, "more than %d times NAME=VALUE",
                             EPMT_FILTERS_MAX);
        } else {
            filter.columns[filter.count] = argv[i];
            filter.values[filter.count++] = equals + 1;
        }
    }
    return left;
}

static bool is_among(const char *id, char (*ids)[EPMT_JOB_KEY_MAX], int count) {
    for (int i = 0; ids && i < count; i++) {
        if (!strcmp(id, ids[i]))
            return true;
    }
    return false;
}

// What belongs to the jobs that have the tags: of those in ids, or (count 0) of all.
static int list_tagged(struct epmt_db *db, const struct epmt_query *query,
                       char (*ids)[EPMT_JOB_KEY_MAX], int count, struct epmt_output *output,
                       struct epmt_error *err) {
    int64_t *found;
    size_t found_count;
    int left = 0;

    if (epmt_db_find_tagged(db, EPMT_TAGGED_JOBS, tags, tag_count, &found, &found_count, err))
        return -1;
    char(*tagged)[EPMT_JOB_KEY_MAX] = calloc(found_count + 1, sizeof *tagged);
    int result = tagged ? 0 : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < found_count && tagged; i++) {
        epmt_fmt(tagged[left], sizeof tagged[left], "%ld", (long)found[i]);
        left += !count || is_among(tagged[left], ids, count);
    }
    if (!result)
        result = epmt_results_print_jobs(output, NULL, db, query, tagged, left, err);
    free(tagged);
    free(found);
    return result;
}

static int list(struct epmt_db *db, const struct epmt_query *query, int argc, char **argv,
                struct epmt_output *output, struct epmt_error *err) {
    if (!argc && tag_count)
        return list_tagged(db, query, NULL, 0, output, err);
    if (!argc)
        return epmt_results_print(output, NULL, db, query, NULL, false, err);
    char(*ids)[EPMT_JOB_KEY_MAX] = calloc((size_t)argc, sizeof *ids);
    int result = ids ? 0 : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (int i = 0; i < argc && !result; i++)
        if (epmt_results_find_job(db, argv[i], ids[i], err))
            result = err->code == EPMT_ERR_NOT_FOUND ? no_job(argv[i], err) : -1;
    if (!result)
        result = tag_count ? list_tagged(db, query, ids, argc, output, err)
                           : epmt_results_print_jobs(output, NULL, db, query, ids, argc, err);
    free(ids);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_output output;

    argc = take_filters(argc, argv, err);
    if (argc < 0)
        return err->code;
    const struct epmt_query *query = argc ? find_query(argv[0]) : NULL;

    if (query) {
        argc--;
        argv++;
    } else {
        query = &epmt_query_jobs;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    if (filter.count || filter.limit >= 0)
        epmt_filter_use(&filter);
    epmt_output_begin(&output, stdout, format);
    int result = list(db, query, argc, argv, &output, err);
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
                "epmt list jobs user=alice      # * and ? stand for others\n"
                "epmt list --tag exp:a          # jobs with this tag\n"
                "epmt list hosts                # what ran where\n"
                "epmt list --format csv         # for programs\n",
    .options = options,
    .option = option,
    .run = run,
};
