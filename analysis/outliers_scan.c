// SPDX-License-Identifier: Apache-2.0
// One query per scan, its rows by groups: what is kept of a group is bounded. Where it has more
// rows, every second of those kept is dropped, again and again: an evenly spread sample, the same
// in every database.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/outliers_priv.h"
#include "analysis/process_sql.h"

// What is listed, whose group and id; what must hold, with AND before it; how rows make one.
static const struct kind {
    const char *group, *id, *from, *holds, *by;
} kinds[EPMT_COMPARED_COUNT] = {
    [EPMT_COMPARED_JOBS] = {"''", "j.\"id\"", "\"jobs\" j", "", ""},
    [EPMT_COMPARED_OPERATIONS] = {"p.\"tags\"", "p.\"job_id\"", "\"processes\" p",
                                  " AND p.\"tags\" IS NOT NULL", " GROUP BY 1, 2"},
    [EPMT_COMPARED_PROCESSES] = {"p.\"exename\"", "p.\"id\"", "\"processes\" p",
                                 " AND coalesce(p.\"launcher\", 0) = 0", ""},
    [EPMT_COMPARED_THREADS] = {"t.\"process_id\"", "t.\"id\"",
                               "\"processes\" p JOIN \"threads\" t ON t.\"process_id\" = p.\"id\"",
                               "", ""},
    [EPMT_COMPARED_RANKS] = {"CAST(p.\"job_id\" AS TEXT) || ' ' || p.\"step\"", "p.\"id\"",
                             "\"processes\" p",
                             " AND p.\"step\" IS NOT NULL AND p.\"mpirank\" IS NOT NULL", ""},
};

static bool is_tagged(const struct epmt_scan *scan) {
    return scan->compared == EPMT_COMPARED_OPERATIONS && scan->operation && *scan->operation;
}

// Processes by one of their tags. Of some jobs these come first: CROSS JOIN keeps SQLite to it.
#define BY_TAG(from, holds) \
    { "g.\"value\"", "p.\"job_id\"", from, " AND g.\"key\" = $1" holds, " GROUP BY 1, 2" }

static const struct kind by_tag =
    BY_TAG("\"processes\" p JOIN \"process_tags\" g ON g.\"process_id\" = p.\"id\"", "");
static const struct kind by_tag_of_jobs =
    BY_TAG("\"processes\" p CROSS JOIN \"process_tags\" g", " AND g.\"process_id\" = p.\"id\"");

static const struct kind *kind_of(const struct epmt_scan *scan) {
    if (!is_tagged(scan))
        return &kinds[scan->compared];
    return scan->job_count ? &by_tag_of_jobs : &by_tag;
}

void epmt_jobs_add(struct epmt_strbuf *sql, const char *column, const int64_t *jobs, size_t count) {
    if (!count) {
        epmt_strbuf_puts(sql, " WHERE 1 = 1");
        return;
    }
    epmt_strbuf_printf(sql, " WHERE %s IN (", column);
    for (size_t i = 0; i < count; i++)
        epmt_strbuf_printf(sql, "%s%" PRId64, i ? ", " : "", jobs[i]);
    epmt_strbuf_puts(sql, ")");
}

static int add_text(struct epmt_db_value *values, int count, const char *text, size_t len) {
    values[count] = epmt_db_text(text, len);
    return count + 1;
}

// FROM and WHERE, with their values. Returns how many these are.
static int add_from(struct epmt_strbuf *sql, const struct epmt_scan *scan, const struct kind *kind,
                    struct epmt_db_value values[3]) {
    int count = 0;

    epmt_strbuf_printf(sql, " FROM %s", kind->from);
    epmt_jobs_add(sql, scan->compared == EPMT_COMPARED_JOBS ? "j.\"id\"" : "p.\"job_id\"",
                  scan->jobs, scan->job_count);
    epmt_strbuf_puts(sql, kind->holds);
    if (is_tagged(scan)) {
        const char *operation = scan->operation, *colon = strchr(operation, ':');
        count = add_text(values, count, operation,
                         colon ? (size_t)(colon - operation) : strlen(operation));
        if (colon) {
            count = add_text(values, count, colon + 1, strlen(colon + 1));
            epmt_strbuf_printf(sql, " AND %s = $%d", kind->group, count);
        }
    }
    if (scan->only) {
        count = add_text(values, count, scan->only, strlen(scan->only));
        epmt_strbuf_printf(sql, " AND CAST(%s AS TEXT) = $%d", kind->group, count);
    }
    return count;
}

static bool needs_overlap(const struct epmt_scan *scan) {
    for (int i = 0; i < scan->width; i++) {
        if (strstr(scan->features[i].sql, "\"reached\""))
            return true;
    }
    return false;
}

// Returns how many values are to be bound.
static int make_sql(struct epmt_strbuf *sql, const struct epmt_scan *scan,
                    struct epmt_db_value values[3]) {
    const struct kind *kind = kind_of(scan);
    bool overlap = needs_overlap(scan);
    int count;

    epmt_strbuf_printf(sql, "SELECT %s, %s", overlap ? "p.\"op\"" : kind->group, kind->id);
    for (int i = 0; i < scan->width; i++)
        epmt_strbuf_printf(sql, ", %s", scan->features[i].sql);
    if (overlap)
        epmt_strbuf_printf(
            sql,
            " FROM (SELECT p.*, %s AS \"op\", " EPMT_SQL_REACHED(
                "p.\"job_id\", %s", "p.\"start\"", "p.\"end\"", "p.\"id\"") " AS \"reached\"",
            kind->group, kind->group);
    count = add_from(sql, scan, kind, values);
    epmt_strbuf_printf(sql, "%s%s", overlap ? ") p" : "", kind->by);
    // The order tells where groups end, and which rows are a sample.
    if (!scan->only)
        epmt_strbuf_puts(sql, " ORDER BY 1, 2");
    return count;
}

struct scanning {
    struct epmt_scan *scan;
    struct epmt_group group;
    bool begun;
    struct epmt_error *err;
    int status;
};

static int make_room(struct epmt_group *group, struct epmt_error *err) {
    size_t cap = group->cap ? group->cap * 2 : 256, width = (size_t)group->width;

    if (cap > group->max)
        cap = group->max;
    int64_t *ids = realloc(group->ids, cap * sizeof *ids);
    if (ids)
        group->ids = ids;
    double *values = realloc(group->values, cap * width * sizeof *values);
    if (values)
        group->values = values;
    if (!ids || !values)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    group->cap = cap;
    return 0;
}

static void thin_out(struct epmt_group *group) {
    size_t width = (size_t)group->width, kept = 0;

    for (size_t i = 0; i < group->count; i += 2, kept++) {
        group->ids[kept] = group->ids[i];
        memmove(group->values + kept * width, group->values + i * width,
                width * sizeof *group->values);
    }
    group->count = kept;
    group->stride *= 2;
}

static int keep(struct epmt_group *group, int64_t id, const double *values,
                struct epmt_error *err) {
    if (group->seen++ % group->stride)
        return 0;
    if (group->count == group->max) {
        thin_out(group);
        if ((group->seen - 1) % group->stride)
            return 0;
    }
    if (group->count == group->cap && make_room(group, err))
        return -1;
    group->ids[group->count] = id;
    memcpy(group->values + group->count * (size_t)group->width, values,
           (size_t)group->width * sizeof *values);
    group->count++;
    return 0;
}

static int end_group(struct scanning *scanning) {
    struct epmt_group *group = &scanning->group;
    int status = 0;

    if (scanning->begun && group->count && scanning->scan->group)
        status = scanning->scan->group(scanning->scan->context, group, scanning->err);
    group->count = 0;
    group->seen = 0;
    group->stride = 1;
    return status;
}

static int begin_group(struct scanning *scanning, const char *name) {
    if (scanning->begun && !strcmp(epmt_strbuf_text(&scanning->group.name), name))
        return 0;
    if (end_group(scanning))
        return -1;
    scanning->begun = true;
    epmt_strbuf_reset(&scanning->group.name);
    epmt_strbuf_puts(&scanning->group.name, name);
    return scanning->group.name.failed ? epmt_errf(scanning->err, EPMT_ERR_MEMORY, "out of memory")
                                       : 0;
}

static int take_row(void *context, int columns, const char *const *names, const char *const *texts,
                    const bool *numeric) {
    struct scanning *scanning = context;
    struct epmt_scan *scan = scanning->scan;
    double values[EPMT_FEATURES_MAX];

    (void)columns, (void)names, (void)numeric;
    scanning->status = epmt_db_in_time(scan->db, scanning->err);
    if (scanning->status)
        return scanning->status;
    for (int i = 0; i < scan->width; i++) {
        if (!texts[2 + i]) {
            scan->missing++;
            return 0;
        }
        values[i] = strtod(texts[2 + i], NULL);
    }
    const char *group = texts[0] ? texts[0] : "";
    int64_t id = strtoll(texts[1], NULL, 10);
    if (scan->value)
        scanning->status = scan->value(scan->context, group, id, values, scanning->err);
    else if (begin_group(scanning, group) || keep(&scanning->group, id, values, scanning->err))
        scanning->status = -1;
    return scanning->status;
}

int epmt_scan(struct epmt_scan *scan, struct epmt_error *err) {
    struct scanning scanning = {
        .scan = scan, .err = err, .group = {.width = scan->width, .stride = 1, .max = scan->max}};
    struct epmt_db_value values[3];
    struct epmt_strbuf sql = {0};

    if (scan->job_count > EPMT_COMPARED_JOBS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "%zu jobs are too many to be compared at once: choose at most %d",
                         scan->job_count, EPMT_COMPARED_JOBS_MAX);
    scan->missing = 0;
    int count = make_sql(&sql, scan, values);
    const char *kept = sql.failed ? NULL : epmt_db_keep(scan->db, epmt_strbuf_text(&sql));
    int status = kept ? scan->db->backend->query(scan->db, kept, values, count, false, take_row,
                                                 &scanning, err)
                      : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (scanning.status)
        status = -1;
    if (!status)
        status = end_group(&scanning);
    epmt_strbuf_free(&sql);
    epmt_strbuf_free(&scanning.group.name);
    free(scanning.group.ids);
    free(scanning.group.values);
    return status;
}
