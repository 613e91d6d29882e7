// SPDX-License-Identifier: Apache-2.0
#include "analysis/explore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/process_sql.h"
#include "analysis/segments.h"
#include "analysis/statistics.h"
#include "analysis/words.h"
#include "common/fmt.h"
#include "storage/db_backend.h"

// What a component, or the time segments, are judged by.
#define IQR_FACTOR 1.5
#define Z_MAX 3.0
#define MODIFIED_Z_MAX 3.5

// A list of segments: of one component, or of all together.
struct list {
    struct epmt_explore_segment *rows;
    size_t count, cap;
    bool failed;
};

struct components {
    struct epmt_explore_component *rows;
    size_t count, cap;
    bool failed;
};

struct state {
    struct epmt_db *db;
    const struct epmt_explore_request *request;
    const struct epmt_explore_visitor *visitor;
    const char *components_sql, *jobs_sql, *totals_sql;
    struct epmt_error *err;
};

static bool make_room(void **rows, size_t count, size_t *cap, size_t size) {
    if (count < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 64;
    void *grown = realloc(*rows, more * size);
    if (!grown)
        return false;
    *rows = grown;
    *cap = more;
    return true;
}

static int take_component(void *context, int columns, const char *const *names,
                          const char *const *values, const bool *numeric) {
    struct components *components = context;
    void *rows = components->rows;

    (void)columns, (void)names, (void)numeric;
    components->failed =
        !make_room(&rows, components->count, &components->cap, sizeof *components->rows);
    components->rows = rows;
    if (components->failed)
        return 1;
    struct epmt_explore_component *component = &components->rows[components->count++];
    *component = (struct epmt_explore_component){.jobs = epmt_value_int(values[1], 0)};
    epmt_value_text(component->name, sizeof component->name, values[0]);
    component->sum = epmt_value_real(values[2]);
    component->min = epmt_value_real(values[3]);
    component->max = epmt_value_real(values[4]);
    return 0;
}

static int take_segment(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct list *list = context;
    void *rows = list->rows;

    (void)columns, (void)names, (void)numeric;
    list->failed = !make_room(&rows, list->count, &list->cap, sizeof *list->rows);
    list->rows = rows;
    if (list->failed)
        return 1;
    struct epmt_explore_segment *segment = &list->rows[list->count++];
    *segment = (struct epmt_explore_segment){.value = epmt_value_real(values[2])};
    epmt_value_text(segment->time, sizeof segment->time, values[0] ? values[0] : "");
    epmt_value_text(segment->jobid, sizeof segment->jobid, values[1] ? values[1] : "");
    return 0;
}

// Asks with the experiment ($1) and, where there is one, the component or the limit ($2).
static int ask(const struct state *state, const char *sql, const struct epmt_db_value *second,
               epmt_db_row_f row, void *to, const bool *failed) {
    const char *experiment = state->request->experiment;
    struct epmt_db_value values[2] = {epmt_db_text(experiment, strlen(experiment))};

    if (second)
        values[1] = *second;
    if (state->db->backend->query(state->db, sql, values, second ? 2 : 1, false, row, to,
                                  state->err))
        return -1;
    return *failed ? epmt_errf(state->err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

// Scores every row against all of the list. Returns the coefficient of variation, or NAN where
// memory runs out or there is nothing.
static double judge(struct list *list) {
    double *values = calloc(2 * list->count + 1, sizeof *values), low, high;
    struct epmt_summary summary;
    double cv = (double)NAN;

    for (size_t i = 0; values && i < list->count; i++)
        values[i] = list->rows[i].value;
    if (values && list->count) {
        epmt_summary_make(&summary, values, values + list->count, list->count);
        epmt_iqr_limits(&summary, IQR_FACTOR, &low, &high);
        for (size_t i = 0; i < list->count; i++) {
            double value = list->rows[i].value;
            list->rows[i].score = (value < low || value > high) +
                                  (epmt_z_score(&summary, value) > Z_MAX) +
                                  (epmt_modified_z_score(&summary, value) > MODIFIED_Z_MAX);
        }
        cv = summary.mean != 0 ? summary.sd / summary.mean : (double)NAN;
    }
    free(values);
    return cv;
}

static int read_jobs(const struct state *state, const struct epmt_explore_component *component,
                     struct list *list) {
    struct epmt_db_value name = epmt_db_text(component->name, strlen(component->name));

    list->count = 0;
    return ask(state, state->jobs_sql, &name, take_segment, list, &list->failed);
}

static int visit_components(const struct state *state, struct components *components,
                            struct list *list) {
    double sum = 0;

    for (size_t i = 0; i < components->count; i++)
        sum += components->rows[i].sum;
    for (size_t i = 0; i < components->count; i++) {
        struct epmt_explore_component *component = &components->rows[i];
        if (read_jobs(state, component, list))
            return -1;
        component->cv = judge(list);
        component->share = sum > 0 ? component->sum / sum : 0;
        state->visitor->component(state->visitor->context, component);
    }
    for (size_t i = 0; i < components->count; i++) {
        if (read_jobs(state, &components->rows[i], list))
            return -1;
        judge(list);
        for (size_t at = 0; at < list->count; at++) {
            memcpy(list->rows[at].component, components->rows[i].name, EPMT_EXPLORE_NAME_MAX);
            state->visitor->segment(state->visitor->context, &list->rows[at]);
        }
    }
    return 0;
}

// What the sorted units, of one component, have not.
static void visit_gaps(const struct state *state, const struct epmt_segments *segments,
                       struct epmt_explore_missing *missing, const int64_t *units, size_t found) {
    uint64_t count = epmt_segments_count(segments);
    size_t at = 0;

    for (uint64_t i = 0; i < count; i++) {
        int64_t wanted = (int64_t)((uint64_t)segments->first + i * (uint64_t)segments->step);
        while (at < found && units[at] < wanted)
            at++;
        if (at < found && units[at] == wanted)
            continue;
        missing->time = epmt_segments_number(segments, wanted);
        state->visitor->missing(state->visitor->context, missing);
    }
}

static int visit_missing(const struct state *state, const struct components *components,
                         const struct list *totals, struct list *list) {
    struct epmt_explore_missing missing;
    struct epmt_segments segments;
    size_t found;

    if (!epmt_segments_make(&segments, state->request, totals->rows, totals->count))
        return epmt_errf(state->err, EPMT_ERR_MEMORY, "out of memory");
    if (epmt_segments_count(&segments) > EPMT_EXPLORE_SEGMENTS_MAX) {
        state->visitor->too_many(state->visitor->context);
        return 0;
    }
    missing.digits = segments.digits;
    for (size_t i = 0; i < components->count; i++) {
        if (read_jobs(state, &components->rows[i], list))
            return -1;
        int64_t *units = epmt_segments_units(&segments, list->rows, list->count, &found);
        if (!units)
            return epmt_errf(state->err, EPMT_ERR_MEMORY, "out of memory");
        memcpy(missing.component, components->rows[i].name, EPMT_EXPLORE_NAME_MAX);
        visit_gaps(state, &segments, &missing, units, found);
        free(units);
    }
    return 0;
}

static int explore(const struct state *state) {
    struct components components = {.count = 0};
    struct list list = {.count = 0}, totals = {.count = 0};
    struct epmt_db_value limit = epmt_db_int(state->request->limit);
    int status =
        ask(state, state->components_sql, &limit, take_component, &components, &components.failed);

    if (!status && !components.count)
        status = epmt_errf(state->err, EPMT_ERR_NOT_FOUND,
                           "no job has the tag exp_name:%s and a tag exp_component (and a value of "
                           "%s)",
                           state->request->experiment, state->request->metric);
    if (!status)
        status = visit_components(state, &components, &list);
    if (!status)
        status = ask(state, state->totals_sql, NULL, take_segment, &totals, &totals.failed);
    if (!status) {
        judge(&totals);
        for (size_t i = 0; i < totals.count; i++)
            state->visitor->total(state->visitor->context, &totals.rows[i]);
        status = visit_missing(state, &components, &totals, &list);
    }
    free(components.rows);
    free(list.rows);
    free(totals.rows);
    return status;
}

// Only a column of numbers may become part of the query.
static bool is_metric(const char *name) {
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX];
    int count = epmt_ddl_columns(EPMT_TABLE_JOBS, EPMT_DIALECT_SQLITE, columns);

    for (int i = 0; i < count; i++) {
        if (!strcmp(columns[i].name, name))
            return strncmp(columns[i].type, "TEXT", 4) != 0;
    }
    return false;
}

#define JOBS                                                                            \
    "\"job_tags\" e JOIN \"jobs\" j ON j.\"id\" = e.\"job_id\" JOIN \"job_tags\" c ON " \
    "c.\"job_id\" = j.\"id\" AND c.\"key\" = '%s'"
#define OF_EXPERIMENT " WHERE e.\"key\" = 'exp_name' AND e.\"value\" = $1 AND j.\"%s\" IS NOT NULL"

static const char *write_components(struct epmt_db *db, const char *metric) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(
        &sql,
        "SELECT c.\"value\", count(*), " EPMT_SQL_SUM_REAL(
            "j.\"%s\"") " AS s, min(j.\"%s\"), "
                        "max(j.\"%s\") FROM " JOBS OF_EXPERIMENT
                        " GROUP BY c.\"value\" ORDER BY s DESC, c.\"value\" LIMIT $2",
        metric, metric, metric, "exp_component", metric);
    const char *kept = sql.failed ? NULL : epmt_db_keep(db, epmt_strbuf_text(&sql));
    epmt_strbuf_free(&sql);
    return kept;
}

static const char *write_jobs(struct epmt_db *db, const char *metric) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql,
                       "SELECT t.\"value\", j.\"jobid\", j.\"%s\" FROM " JOBS
                       " LEFT JOIN \"job_tags\" t ON t.\"job_id\" = j.\"id\" AND t.\"key\" = "
                       "'exp_time'" OF_EXPERIMENT
                       " AND c.\"value\" = $2 ORDER BY coalesce(t.\"value\", ''), j.\"start\", "
                       "j.\"id\"",
                       metric, "exp_component", metric);
    const char *kept = sql.failed ? NULL : epmt_db_keep(db, epmt_strbuf_text(&sql));
    epmt_strbuf_free(&sql);
    return kept;
}

static const char *write_totals(struct epmt_db *db, const char *metric) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql,
                       "SELECT c.\"value\", NULL, " EPMT_SQL_SUM_REAL(
                           "j.\"%s\"") " FROM " JOBS OF_EXPERIMENT
                                       " GROUP BY c.\"value\" ORDER BY c.\"value\"",
                       metric, "exp_time", metric);
    const char *kept = sql.failed ? NULL : epmt_db_keep(db, epmt_strbuf_text(&sql));
    epmt_strbuf_free(&sql);
    return kept;
}

int epmt_explore(struct epmt_db *db, const struct epmt_explore_request *request,
                 const struct epmt_explore_visitor *visitor, struct epmt_error *err) {
    if (!is_metric(request->metric))
        return epmt_errf(err, EPMT_ERR_USAGE, "jobs have no number %s: see epmt schema --tables",
                         request->metric);
    struct state state = {.db = db,
                          .request = request,
                          .visitor = visitor,
                          .components_sql = write_components(db, request->metric),
                          .jobs_sql = write_jobs(db, request->metric),
                          .totals_sql = write_totals(db, request->metric),
                          .err = err};
    if (!state.components_sql || !state.jobs_sql || !state.totals_sql)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return explore(&state);
}
