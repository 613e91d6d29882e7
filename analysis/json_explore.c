// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "analysis/json_build.h"
#include "analysis/json_compare.h"
#include "analysis/json_rows.h"
#include "storage/common_sql.h"

#define ROWS_MAX 5000

struct exploring {
    const char *component; // whose jobs are wanted
    struct epmt_json_build components, segments, totals, missing;
    size_t segment_count, total_count, missing_count;
    bool too_many; // that there should be
};

static void take_component(void *context, const struct epmt_explore_component *component) {
    struct epmt_json_build *build = &((struct exploring *)context)->components;

    epmt_json_build_row(build);
    epmt_json_build_text(build, component->name);
    epmt_json_build_int(build, component->jobs);
    epmt_json_build_real(build, component->sum);
    epmt_json_build_real(build, component->share);
    epmt_json_build_real(build, component->min);
    epmt_json_build_real(build, component->max);
    epmt_json_build_real(build, component->cv);
}

static void add_segment(struct epmt_json_build *build, const struct epmt_explore_segment *segment) {
    epmt_json_build_row(build);
    epmt_json_build_text(build, segment->time);
    epmt_json_build_text(build, segment->jobid);
    epmt_json_build_real(build, segment->value);
    epmt_json_build_int(build, segment->score);
}

static void take_segment(void *context, const struct epmt_explore_segment *segment) {
    struct exploring *exploring = context;

    if (exploring->component && !strcmp(exploring->component, segment->component) &&
        exploring->segment_count++ < ROWS_MAX)
        add_segment(&exploring->segments, segment);
}

static void take_total(void *context, const struct epmt_explore_segment *segment) {
    struct exploring *exploring = context;

    if (exploring->total_count++ < ROWS_MAX)
        add_segment(&exploring->totals, segment);
}

static void take_missing(void *context, const struct epmt_explore_missing *missing) {
    struct exploring *exploring = context;

    if ((exploring->component && strcmp(exploring->component, missing->component) != 0) ||
        exploring->missing_count++ >= ROWS_MAX)
        return;
    epmt_json_build_row(&exploring->missing);
    epmt_json_build_text(&exploring->missing, missing->component);
    epmt_json_build_int(&exploring->missing, missing->time);
}

static void take_too_many(void *context) {
    ((struct exploring *)context)->too_many = true;
}

static json_t *list_metrics(void) {
    static const char *const columns[] = {"name", "unit", NULL};
    static const struct {
        const char *name, *unit;
    } metrics[] = {
#define UNIT_US "us"
#define UNIT_NS "ns"
#define UNIT_SHARE "share"
#define UNIT_COUNT "count"
#define UNIT_BYTES "B"
#define UNIT_KIB "KiB"
#define METRIC(name, unit) {#name, UNIT_##unit},
        EPMT_COMPARE_METRICS(METRIC)
#undef METRIC
    };
    struct epmt_json_build build;

    epmt_json_build_begin(&build, columns);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        epmt_json_build_row(&build);
        epmt_json_build_text(&build, metrics[i].name);
        epmt_json_build_text(&build, metrics[i].unit);
    }
    return epmt_json_build_end(&build);
}

static void begin(struct exploring *exploring) {
    static const char *const components[] = {"component", "jobs", "sum", "share",
                                             "min",       "max",  "cv",  NULL};
    static const char *const segments[] = {"time", "jobid", "value", "score", NULL};
    static const char *const missing[] = {"component", "time", NULL};

    epmt_json_build_begin(&exploring->components, components);
    epmt_json_build_begin(&exploring->segments, segments);
    epmt_json_build_begin(&exploring->totals, segments);
    epmt_json_build_begin(&exploring->missing, missing);
}

int epmt_json_explore(struct epmt_db *db, const struct epmt_explore_request *request,
                      const char *component, json_t **to, struct epmt_error *err) {
    struct exploring exploring = {.component = component};
    const struct epmt_explore_visitor visitor = {
        .component = take_component,
        .segment = take_segment,
        .total = take_total,
        .missing = take_missing,
        .too_many = take_too_many,
        .context = &exploring,
    };

    *to = NULL;
    begin(&exploring);
    int result = epmt_explore(db, request, &visitor, err);
    json_t *components = epmt_json_build_end(&exploring.components);
    json_t *segments = epmt_json_build_end(&exploring.segments);
    json_t *totals = epmt_json_build_end(&exploring.totals);
    json_t *missing = epmt_json_build_end(&exploring.missing);
    if (!result) {
        *to = json_pack("{s:o, s:O, s:O, s:O, s:O, s:I, s:b}", "metrics", list_metrics(),
                        "components", components, "segments", segments, "totals", totals, "missing",
                        missing, "missing_count", (json_int_t)exploring.missing_count,
                        "too_many_segments", (int)exploring.too_many);
        if (!*to)
            result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(components);
    json_decref(segments);
    json_decref(totals);
    json_decref(missing);
    return result;
}

int epmt_json_experiments(struct epmt_db *db, json_t **to, struct epmt_error *err) {
    static const char sql[] =
        "SELECT t.\"value\" AS \"experiment\", count(*) AS \"jobs\", count(DISTINCT c.\"value\") "
        "AS \"components\", count(DISTINCT s.\"value\") AS \"time segments\", "
        "round(CAST(" EPMT_SQL_SUM_REAL(
            "j.\"duration\"") " AS NUMERIC) / 1000000.0, 6) AS \"duration_s\", "
                              "round(CAST(" EPMT_SQL_SUM_REAL(
                                  "j.\"cpu_time\"") " AS NUMERIC) / 1000000.0, 6) AS \"cpu_s\", "
                                                    "max(j.\"start\") AS \"latest\" FROM "
                                                    "\"job_tags\" t JOIN \"jobs\" j ON "
                                                    "j.\"id\" = t.\"job_id\" LEFT JOIN "
                                                    "\"job_tags\" c ON c.\"job_id\" = j.\"id\" AND "
                                                    "c.\"key\" = 'exp_component' LEFT JOIN "
                                                    "\"job_tags\" s ON s.\"job_id\" = j.\"id\" AND "
                                                    "s.\"key\" = 'exp_time' WHERE t.\"key\" = "
                                                    "'exp_name' GROUP BY t.\"value\" "
                                                    "ORDER BY max(j.\"start\") DESC, 1 LIMIT 500";
    json_t *experiments;

    *to = NULL;
    if (epmt_json_table(db, sql, NULL, &experiments, err))
        return -1;
    *to = json_pack("{s:o, s:o}", "experiments", experiments, "metrics", list_metrics());
    return *to ? 0 : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}
