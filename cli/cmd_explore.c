// SPDX-License-Identifier: Apache-2.0
// epmt explore: an experiment by component and time segment. The tables for people have the form
// that scripts know from the tool before.
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/explore.h"
#include "cli/cmd.h"
#include "cli/printable.h"
#include "cli/results.h"
#include "common/fmt.h"

static enum epmt_format format;
static struct epmt_explore_request request = {.metric = "duration", .limit = 10};

static const struct epmt_option options[] = {
    {'m', "metric", "COLUMN", "of jobs: duration (default), cpu_time, rssmax, read_bytes, ..."},
    {'l', "limit", "N", "the N components with the largest sum (10)"},
    {0, "segments", "FIRST:LAST:STEP",
     "the time segments there should be, for what is missing (default: from the first to the last, "
     "by their usual distance); of dates by the calendar: STEP 10000 is a year, 100 a month, 1 a "
     "day"},
    {0, "calendar", "NAME",
     "of these dates: standard, noleap, all_leap or 360_day, as CF has them (default: the one in "
     "which they are most regular)"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: the jobs)"},
    {0},
};

static int set_segments(const char *text, struct epmt_error *err) {
    int64_t *const to[] = {&request.first, &request.last, &request.step};
    char *end = NULL;

    for (int i = 0; i < 3; i++) {
        errno = 0;
        *to[i] = strtoll(text, &end, 10);
        if (errno || end == text || *end != (i < 2 ? ':' : '\0'))
            return epmt_errf(err, EPMT_ERR_USAGE, "segments are FIRST:LAST:STEP");
        text = end + 1;
    }
    return request.step > 0 && request.last >= request.first
               ? 0
               : epmt_errf(err, EPMT_ERR_USAGE, "segments go from the first up to the last");
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!strcmp(row->name, "format"))
        return epmt_format_parse(argument, &format, err);
    if (!strcmp(row->name, "segments"))
        return set_segments(argument, err);
    if (!strcmp(row->name, "calendar")) {
        request.has_calendar = epmt_calendar_find(argument, &request.calendar);
        return request.has_calendar
                   ? 0
                   : epmt_errf(err, EPMT_ERR_USAGE,
                               "a calendar is standard, noleap, all_leap or 360_day, not %s",
                               argument);
    }
    if (row->letter == 'm')
        request.metric = argument;
    else if (!epmt_parse_whole_i64(argument, &request.limit) || request.limit < 1)
        return epmt_errf(err, EPMT_ERR_USAGE, "a limit is a number of 1 or more, not %s", argument);
    return 0;
}

enum part { NONE, COMPONENTS, SEGMENTS, TOTALS, MISSING };

struct printing {
    struct epmt_output output;
    enum part part;
    char component[EPMT_EXPLORE_NAME_MAX]; // of the last row
};

// A star group for each method that calls it an outlier, as wide as three.
static const char *stars(int score) {
    static const char *const texts[] = {"", "**", "****", "******"};

    return texts[score];
}

static struct epmt_db_value text_of(const char *text) {
    return text[0] ? epmt_db_text(text, strlen(text))
                   : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static struct epmt_db_value real_of(double value) {
    return isnan(value) ? (struct epmt_db_value){.kind = EPMT_DB_NULL}
                        : (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = value};
}

// Shares are small numbers, all else are large ones without a point.
static void print_value(double value, const char *after) {
    if (fabs(value) < 1000 && value != floor(value))
        printf("%16.6f%s", value, after);
    else
        printf("%16.0f%s", value, after);
}

static void begin(struct printing *printing, enum part part) {
    static const struct epmt_table_column components[] = {
        {.name = "component"}, {.name = "jobs"}, {.name = "sum"}, {.name = "share"},
        {.name = "min"},       {.name = "max"},  {.name = "cv"}};
    static const struct epmt_table_column segments[] = {{.name = "component"},
                                                        {.name = "exp_time"},
                                                        {.name = "jobid"},
                                                        {.name = "value"},
                                                        {.name = "outlier_score"}};

    printing->part = part;
    if (format == EPMT_FORMAT_CSV && part != SEGMENTS)
        return;
    if (part == COMPONENTS)
        epmt_output_rows(&printing->output, "components", components, 7);
    else if (part == SEGMENTS)
        epmt_output_rows(&printing->output, format == EPMT_FORMAT_CSV ? NULL : "jobs", segments, 5);
    else if (part == TOTALS)
        epmt_output_rows(&printing->output, "time_segments", segments + 1, 4);
    else
        epmt_output_rows(&printing->output, "missing", segments, 2);
}

// For people the titles of the old tool.
static void title(struct printing *printing, enum part part) {
    if (format != EPMT_FORMAT_TABLE) {
        begin(printing, part);
        return;
    }
    printing->part = part;
    if (part == COMPONENTS)
        printf("\ntop %" PRId64 " components by sum(%s):\n%16s  %12s         %12s %12s %4s\n",
               request.limit, request.metric, "component", "sum", "min", "max", "cv");
    else if (part == SEGMENTS)
        printf("\nvariations across time segments (by component):\n%16s %12s %12s %16s\n",
               "component", "exp_time", "jobid", request.metric);
    else if (part == TOTALS)
        printf("\n%s by time segment:\n", request.metric);
    else
        fputs("\nmissing time segments:\n", stdout);
}

static void print_component(void *context, const struct epmt_explore_component *component) {
    struct printing *printing = context;
    const struct epmt_db_value values[] = {text_of(component->name), epmt_db_int(component->jobs),
                                           real_of(component->sum),  real_of(component->share),
                                           real_of(component->min),  real_of(component->max),
                                           real_of(component->cv)};

    if (printing->part != COMPONENTS)
        title(printing, COMPONENTS);
    if (format == EPMT_FORMAT_TABLE)
        printf("%16.16s: %12.0f [%4.1f%%] %12.0f %12.0f %4.1f\n", epmt_printable(component->name),
               component->sum, component->share * 100, component->min, component->max,
               isnan(component->cv) ? 0 : component->cv);
    else if (format == EPMT_FORMAT_JSON)
        epmt_output_row(&printing->output, values);
}

static void print_segment(void *context, const struct epmt_explore_segment *segment) {
    struct printing *printing = context;
    const struct epmt_db_value values[] = {text_of(segment->component), text_of(segment->time),
                                           text_of(segment->jobid), real_of(segment->value),
                                           epmt_db_int(segment->score)};

    if (printing->part != SEGMENTS)
        title(printing, SEGMENTS);
    else if (format == EPMT_FORMAT_TABLE && strcmp(printing->component, segment->component) != 0)
        putchar('\n');
    memcpy(printing->component, segment->component, sizeof printing->component);
    if (format != EPMT_FORMAT_TABLE) {
        epmt_output_row(&printing->output, values);
        return;
    }
    printf("%16.16s %12s ", epmt_printable(segment->component), epmt_printable(segment->time));
    printf("%12s ", epmt_printable(segment->jobid));
    print_value(segment->value, " ");
    printf("%6s\n", stars(segment->score));
}

static void print_total(void *context, const struct epmt_explore_segment *segment) {
    struct printing *printing = context;
    const struct epmt_db_value values[] = {text_of(segment->time), text_of(""),
                                           real_of(segment->value), epmt_db_int(segment->score)};

    if (printing->part != TOTALS)
        title(printing, TOTALS);
    if (format == EPMT_FORMAT_JSON)
        epmt_output_row(&printing->output, values);
    if (format != EPMT_FORMAT_TABLE)
        return;
    printf("%12s ", epmt_printable(segment->time));
    print_value(segment->value, " ");
    printf("%6s\n", stars(segment->score));
}

static void print_missing(void *context, const struct epmt_explore_missing *missing) {
    struct printing *printing = context;
    const struct epmt_db_value values[] = {text_of(missing->component), epmt_db_int(missing->time)};

    if (printing->part != MISSING)
        title(printing, MISSING);
    if (format == EPMT_FORMAT_TABLE)
        printf("%16.16s %12.*" PRId64 "\n", epmt_printable(missing->component),
               missing->digits ? missing->digits : 1, missing->time);
    else if (format == EPMT_FORMAT_JSON)
        epmt_output_row(&printing->output, values);
}

static void print_too_many(void *context) {
    static const struct epmt_table_column column = {.name = "limit"};
    const struct epmt_db_value limit = epmt_db_int(EPMT_EXPLORE_SEGMENTS_MAX);
    struct printing *printing = context;

    if (format == EPMT_FORMAT_TABLE) {
        title(printing, MISSING);
        printf("too many to list: there should be more than %d\n", EPMT_EXPLORE_SEGMENTS_MAX);
    } else if (format == EPMT_FORMAT_JSON) {
        epmt_output_rows(&printing->output, "too_many_segments", &column, 1);
        epmt_output_row(&printing->output, &limit);
    }
}

static int explore(struct epmt_db *db, struct epmt_error *err) {
    struct printing printing = {.part = NONE};
    const struct epmt_explore_visitor visitor = {.component = print_component,
                                                 .segment = print_segment,
                                                 .total = print_total,
                                                 .missing = print_missing,
                                                 .too_many = print_too_many,
                                                 .context = &printing};

    epmt_output_begin(&printing.output, stdout, format);
    int result = epmt_explore(db, &request, &visitor, err);
    return epmt_output_end(&printing.output, result ? NULL : err) || result ? -1 : 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    if (argc != 1) {
        epmt_errf(err, EPMT_ERR_USAGE, "give one EXPERIMENT, the value of the tag exp_name");
        return err->code;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    request.experiment = argv[0];
    int result = explore(db, err);
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_explore = {
    .name = "explore",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "EXPERIMENT",
    .summary = "Show the jobs of an experiment by component and time segment, and what stands out.",
    .examples = "EPMT_JOB_TAGS='exp_name:cm4;exp_component:ocean;exp_time:18540101' epmt start\n"
                "epmt explore cm4               # ** for each method that finds an outlier\n"
                "epmt explore cm4 --metric cpu_time --limit 5\n"
                "epmt explore cm4 --segments 18540101:19490101:50000\n",
    .options = options,
    .option = option,
    .run = run,
};
