// SPDX-License-Identifier: Apache-2.0
#include "analysis/operations.h"

#include <math.h>
#include <string.h>

#include "analysis/process_sql.h"
#include "analysis/words.h"

// The processes of operations; `reached` is how far those that began before came.
#define PROCESSES                                                                   \
    "WITH chosen AS (%s), o AS (" EPMT_SQL_TAGGED(                                  \
        ", coalesce(p.\"cpu_time\", 0) AS cpu, "                                    \
        "p.\"usertime\", p.\"systemtime\", "                                        \
        "p.\"rssmax\", "                                                            \
        "p.\"read_bytes\", p.\"write_bytes\", "                                     \
        "p.\"rchar\", p.\"wchar\", CASE WHEN "                                      \
        "p.\"state\" IN "                                                           \
        "('signaled', 'killed') OR p.\"exitcode\" <> 0 "                            \
        "THEN 1 ELSE 0 END AS bad") "), "                                           \
                                    "r AS (SELECT "                                 \
                                    "o.*,"                                          \
                                    " " EPMT_SQL_TAGGED_REACHED " AS reached FROM " \
                                    "o), "
// One row per job and operation.
#define JOBS                                                                                   \
    "j AS (SELECT \"job_id\", name AS op, count(*) AS n, sum(finish - \"start\") AS by_sum, "  \
    "sum(" EPMT_SQL_TAGGED_ADDS ") AS by_union, "                                              \
    "max(finish) - min(\"start\") AS by_span, "                                                \
    "sum(CASE WHEN \"start\" IS NOT NULL AND (reached IS NULL OR \"start\" > reached) THEN 1 " \
    "ELSE 0 END) AS runs, sum(cpu) AS cpu, sum(\"usertime\") AS u, sum(\"systemtime\") AS s, " \
    "max(\"rssmax\") AS rss, sum(\"read_bytes\") AS rb, sum(\"write_bytes\") AS wb, "          \
    "sum(\"rchar\") AS rc, sum(\"wchar\") AS wc, sum(bad) AS bad FROM r GROUP BY \"job_id\", " \
    "name) "

struct state {
    const struct epmt_operations_request *request;
    struct epmt_operations_total total;
    int (*each)(void *context, const struct epmt_operation *operation);
    void *context;
    bool any;
};

static bool is_listed(const char *list, const char *name) {
    size_t len = strlen(name);

    for (const char *at = list; at && *at; at += *at == ',') {
        size_t listed = strcspn(at, ",");
        if (listed == len && !strncmp(at, name, len))
            return true;
        at += listed;
    }
    return false;
}

static double share(double part, double whole) {
    return whole > 0 ? part / whole : (double)NAN;
}

static int take_operation(void *context, int columns, const char *const *names,
                          const char *const *values, const bool *numeric) {
    struct state *state = context;
    struct epmt_operations_total *total = &state->total;
    struct epmt_operation operation = {.job = epmt_value_int(values[0], -1)};
    int64_t *const numbers[] = {&operation.jobs,
                                &operation.processes,
                                &operation.runs,
                                &operation.duration[EPMT_DURATION_sum],
                                &operation.duration[EPMT_DURATION_union],
                                &operation.duration[EPMT_DURATION_span],
                                &operation.cpu_time,
                                &operation.usertime,
                                &operation.systemtime,
                                &operation.rssmax,
                                &operation.read_bytes,
                                &operation.write_bytes,
                                &operation.rchar,
                                &operation.wchar,
                                &operation.failed};

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(operation.jobid, sizeof operation.jobid, values[1] ? values[1] : "");
    epmt_value_text(operation.name, sizeof operation.name, values[2]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = epmt_value_int(values[3 + i], -1);
    operation.moves = is_listed(state->request->moving, operation.name);
    double duration = (double)operation.duration[state->request->by];
    operation.cpu_share = share((double)operation.cpu_time, epmt_value_real(values[18]));
    operation.duration_share = share(duration, epmt_value_real(values[19]));
    if (operation.moves) {
        total->moving_cpu_time += (double)operation.cpu_time;
        total->moving_duration += duration;
        total->any_moving = true;
    }
    state->any = true;
    return state->each(state->context, &operation);
}

static int take_total(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    struct epmt_operations_total *total = context;

    (void)columns, (void)names, (void)numeric;
    total->jobs = epmt_value_int(values[0], 0);
    total->job_cpu_time = values[1] ? epmt_value_real(values[1]) : 0;
    total->job_duration = values[2] ? epmt_value_real(values[2]) : 0;
    return 1;
}

static int ask_total(struct epmt_db *db, const struct epmt_selection *selection,
                     struct epmt_operations_total *total, struct epmt_error *err) {
    struct epmt_parameters parameters = {.dialect = db->backend->dialect};
    struct epmt_strbuf sql = {0};

    epmt_strbuf_puts(&sql, "SELECT count(*), sum(\"cpu_time\"), sum(\"duration\") FROM \"jobs\" "
                           "WHERE \"id\" IN (");
    epmt_selection_add(&sql, &parameters, selection);
    epmt_strbuf_puts(&sql, ")");
    int status = epmt_selection_query(db, &sql, &parameters, false, take_total, total, err);
    epmt_parameters_free(&parameters);
    epmt_strbuf_free(&sql);
    return status;
}

static void write_query(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                        const struct epmt_operations_request *request) {
    static const char *const orders[] = {"by_sum", "by_union", "by_span"};
    struct epmt_strbuf jobs = {0};

    epmt_selection_add(&jobs, parameters, &request->selection);
    int key = epmt_parameters_add(parameters, epmt_db_text(request->key, strlen(request->key)));
    epmt_strbuf_printf(sql, PROCESSES JOBS, epmt_strbuf_text(&jobs), "SELECT \"id\" FROM chosen",
                       key);
    epmt_strbuf_free(&jobs);
    if (request->per_job)
        epmt_strbuf_puts(sql, "SELECT b.\"id\", b.\"jobid\", op, 1, n, runs, by_sum, by_union, "
                              "by_span, cpu, u, s, rss, rb, wb, rc, wc, bad, b.\"cpu_time\", "
                              "b.\"duration\" FROM j JOIN \"jobs\" b ON b.\"id\" = j.\"job_id\"");
    else
        epmt_strbuf_puts(
            sql,
            "SELECT NULL, NULL, op, count(*), sum(n), sum(runs), sum(by_sum) AS by_sum, "
            "sum(by_union) AS by_union, sum(by_span) AS by_span, sum(cpu), sum(u), sum(s), "
            "max(rss), sum(rb), sum(wb), sum(rc), sum(wc), sum(bad), "
            "(SELECT sum(\"cpu_time\") FROM \"jobs\" WHERE \"id\" IN (SELECT \"id\" FROM chosen)), "
            "(SELECT sum(\"duration\") FROM \"jobs\" WHERE \"id\" IN (SELECT \"id\" FROM chosen)) "
            "FROM j GROUP BY op");
    epmt_strbuf_printf(sql, " ORDER BY %s DESC, op%s", orders[request->by],
                       request->per_job ? ", b.\"id\"" : "");
}

// The keys there are, most frequent first.
static int take_key(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct epmt_strbuf *keys = context;

    (void)columns, (void)names, (void)numeric;
    if (values[0])
        epmt_strbuf_printf(keys, "%s%s", keys->len ? ", " : "", values[0]);
    return 0;
}

static int no_such_tag(struct epmt_db *db, const struct epmt_operations_request *request,
                       struct epmt_error *err) {
    struct epmt_parameters parameters = {.dialect = db->backend->dialect};
    struct epmt_strbuf sql = {0}, keys = {0};

    epmt_strbuf_puts(&sql, "SELECT t.\"key\" FROM \"process_tags\" t JOIN \"processes\" p ON "
                           "p.\"id\" = t.\"process_id\" WHERE p.\"job_id\" IN (");
    epmt_selection_add(&sql, &parameters, &request->selection);
    epmt_strbuf_puts(&sql, ") GROUP BY t.\"key\" ORDER BY count(*) DESC, t.\"key\" LIMIT 10");
    int status = epmt_selection_query(db, &sql, &parameters, false, take_key, &keys, err);
    if (!status)
        status = epmt_errf(err, EPMT_ERR_NOT_FOUND, "no process of these jobs has a tag %s%s%s",
                           request->key, keys.len ? "; there are " : ": none has any",
                           epmt_strbuf_text(&keys));
    epmt_parameters_free(&parameters);
    epmt_strbuf_free(&sql);
    epmt_strbuf_free(&keys);
    return status;
}

int epmt_operations(struct epmt_db *db, const struct epmt_operations_request *request,
                    int (*each)(void *context, const struct epmt_operation *operation),
                    void *context, struct epmt_operations_total *total, struct epmt_error *err) {
    struct epmt_parameters parameters = {.dialect = db->backend->dialect};
    struct state state = {.request = request, .each = each, .context = context};
    struct epmt_strbuf sql = {0};

    write_query(&sql, &parameters, request);
    int status =
        ask_total(db, &request->selection, &state.total, err) ||
                epmt_selection_query(db, &sql, &parameters, false, take_operation, &state, err)
            ? -1
            : 0;
    if (!status && !state.any)
        status = no_such_tag(db, request, err);
    if (total)
        *total = state.total;
    epmt_parameters_free(&parameters);
    epmt_strbuf_free(&sql);
    return status;
}
