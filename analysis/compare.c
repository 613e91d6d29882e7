// SPDX-License-Identifier: Apache-2.0
#include "analysis/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/process_sql.h"
#include "analysis/words.h"

static const struct {
    const char *name;
    enum epmt_compare_unit unit;
} metrics[] = {
#define METRIC(name, unit) {#name, EPMT_UNIT_##unit},
    EPMT_COMPARE_METRICS(METRIC)
#undef METRIC
};
#define METRIC_COUNT (sizeof metrics / sizeof *metrics)

_Static_assert(EPMT_COMPARE_SIDES_MAX <= EPMT_SELECTIONS_MAX, "all sides are in one query");

struct state {
    struct epmt_db *db;
    struct epmt_comparison *comparison;
    int side;
    enum epmt_compare_part part;
    struct epmt_difference differences[METRIC_COUNT];
    void (*each)(void *context, const struct epmt_difference *difference);
    void *context;
};

const char *epmt_compare_title(enum epmt_compare_part part) {
    static const char *const titles[] = {
#define TITLE(name, title) title,
        EPMT_COMPARE_PARTS(TITLE)
#undef TITLE
    };

    return titles[part];
}

static void set_change(struct epmt_difference *difference, int count) {
    double first = difference->values[0];

    difference->change = (double)NAN;
    if (isnan(first) || first == 0)
        return;
    for (int i = 1; i < count; i++) {
        double change = (difference->values[i] - first) / fabs(first);
        if (!isnan(change) &&
            (isnan(difference->change) || fabs(change) > fabs(difference->change)))
            difference->change = change;
    }
}

static bool differs(const struct epmt_difference *difference, int count) {
    for (int i = 1; i < count; i++) {
        double left = difference->values[0], right = difference->values[i];
        if (isnan(left) != isnan(right) || (!isnan(left) && left != right))
            return true;
    }
    return false;
}

static int take_metrics(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct state *state = context;

    (void)columns, (void)names, (void)numeric;
    state->comparison->jobs[state->side] = epmt_value_int(values[0], 0);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        state->differences[i].values[state->side] = epmt_value_real(values[i + 1]);
    return 1;
}

static int read_metrics(struct state *state, struct epmt_error *err) {
    struct epmt_parameters parameters = {.dialect = state->db->backend->dialect};
    struct epmt_strbuf sql = {0};

    epmt_strbuf_puts(&sql, "SELECT count(*)");
    for (size_t i = 0; i < METRIC_COUNT; i++)
        epmt_strbuf_printf(&sql, ", avg(\"%s\")", metrics[i].name);
    epmt_strbuf_puts(&sql, " FROM \"jobs\" WHERE \"id\" IN (");
    epmt_selection_add(&sql, &parameters, &state->comparison->sides[state->side]);
    epmt_strbuf_puts(&sql, ")");
    int status =
        epmt_selection_query(state->db, &sql, &parameters, false, take_metrics, state, err);
    epmt_parameters_free(&parameters);
    epmt_strbuf_free(&sql);
    if (!status && !state->comparison->jobs[state->side])
        status = epmt_errf(err, EPMT_ERR_NOT_FOUND, "side %d of the comparison has no jobs",
                           state->side + 1);
    return status;
}

// How many times the largest is the smallest; what one side has and another has not comes first.
static double ratio_of(const struct epmt_difference *difference, int count) {
    double low = INFINITY, high = 0;
    int known = 0;

    for (int i = 0; i < count; i++) {
        double value = fabs(difference->values[i]);
        if (isnan(value))
            continue;
        known++;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    if (known && known < count)
        return INFINITY;
    return high <= 0 ? 1 : high / low;
}

static int by_ratio(const void *a, const void *b) {
    const struct epmt_difference *first = a, *second = b;

    return first->ratio != second->ratio ? first->ratio > second->ratio ? -1 : 1
                                         : strcmp(first->name, second->name);
}

static int compare_metrics(struct state *state, struct epmt_error *err) {
    int count = state->comparison->count;

    for (size_t i = 0; i < METRIC_COUNT; i++) {
        struct epmt_difference *difference = &state->differences[i];
        *difference = (struct epmt_difference){.unit = metrics[i].unit};
        epmt_value_text(difference->name, sizeof difference->name, metrics[i].name);
        for (int side = 0; side < EPMT_COMPARE_SIDES_MAX; side++)
            difference->values[side] = (double)NAN;
    }
    for (state->side = 0; state->side < count; state->side++) {
        if (read_metrics(state, err))
            return -1;
    }
    for (size_t i = 0; i < METRIC_COUNT; i++)
        state->differences[i].ratio = ratio_of(&state->differences[i], count);
    qsort(state->differences, METRIC_COUNT, sizeof *state->differences, by_ratio);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        set_change(&state->differences[i], count);
        if (differs(&state->differences[i], count))
            state->each(state->context, &state->differences[i]);
    }
    return 0;
}

static void add_programs(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                         const struct epmt_selection *side, const char *key) {
    (void)key;
    epmt_strbuf_puts(sql, "SELECT p.\"exename\" AS name, sum(" EPMT_SQL_CPU ") AS v FROM "
                          "\"processes\" p WHERE coalesce(p.\"launcher\", 0) = 0 AND "
                          "p.\"exename\" IS NOT NULL AND p.\"job_id\" IN (");
    epmt_selection_add(sql, parameters, side);
    epmt_strbuf_puts(sql, ") GROUP BY p.\"exename\"");
}

// As the operations of a job take when what overlaps counts once.
static void add_operations(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                           const struct epmt_selection *side, const char *key) {
    struct epmt_strbuf jobs = {0};

    epmt_selection_add(&jobs, parameters, side);
    epmt_strbuf_printf(
        sql,
        "SELECT name, sum(" EPMT_SQL_TAGGED_ADDS ") AS v FROM (SELECT o.*, " EPMT_SQL_TAGGED_REACHED
        " AS reached FROM (" EPMT_SQL_TAGGED("") ") o) r GROUP BY name",
        epmt_strbuf_text(&jobs), epmt_parameters_add(parameters, epmt_db_text(key, strlen(key))));
    sql->failed |= jobs.failed;
    epmt_strbuf_free(&jobs);
}

static void add_functions(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                          const struct epmt_selection *side, const char *key) {
    (void)key;
    epmt_strbuf_puts(sql, "SELECT \"function\" AS name, sum(\"mean\" * \"ranks\") AS v FROM "
                          "\"mpi_imbalance\" WHERE \"measure\" = 'time' AND \"function\" <> 'all' "
                          "AND \"job_id\" IN (");
    epmt_selection_add(sql, parameters, side);
    epmt_strbuf_puts(sql, ") GROUP BY \"function\"");
}

static void add_counters(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                         const struct epmt_selection *side, const char *key) {
    (void)key;
    epmt_strbuf_puts(sql, "SELECT c.\"event\" AS name, " EPMT_SQL_SUM_REAL(
                              "c.\"value\"") " AS v FROM \"processes\" p "
                                             "JOIN \"counters\" c ON c.\"process_id\" = p.\"id\" "
                                             "WHERE p.\"job_id\" IN (");
    epmt_selection_add(sql, parameters, side);
    epmt_strbuf_puts(sql, ") GROUP BY c.\"event\"");
}

static int take_row(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct state *state = context;
    struct epmt_difference difference = {
        .part = state->part,
        .unit = state->part == EPMT_COMPARE_functions  ? EPMT_UNIT_NS
                : state->part == EPMT_COMPARE_counters ? EPMT_UNIT_COUNT
                                                       : EPMT_UNIT_US};

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(difference.name, sizeof difference.name, values[0]);
    for (int i = 0; i < EPMT_COMPARE_SIDES_MAX; i++)
        difference.values[i] =
            i < state->comparison->count ? epmt_value_real(values[i + 1]) : (double)NAN;
    set_change(&difference, state->comparison->count);
    if (differs(&difference, state->comparison->count))
        state->each(state->context, &difference);
    return 0;
}

// All sides in one query, so that the database finds what differs most.
static int compare_part(struct state *state, enum epmt_compare_part part, struct epmt_error *err) {
    static void (*const adds[])(struct epmt_strbuf * sql, struct epmt_parameters * parameters,
                                const struct epmt_selection *side,
                                const char *key) = {[EPMT_COMPARE_programs] = add_programs,
                                                    [EPMT_COMPARE_operations] = add_operations,
                                                    [EPMT_COMPARE_functions] = add_functions,
                                                    [EPMT_COMPARE_counters] = add_counters};
    struct epmt_comparison *comparison = state->comparison;
    struct epmt_parameters parameters = {.dialect = state->db->backend->dialect};
    bool lite = parameters.dialect == EPMT_DIALECT_SQLITE;
    struct epmt_strbuf sql = {0};

    state->part = part;
    epmt_strbuf_puts(&sql, "SELECT * FROM (SELECT name");
    for (int i = 0; i < comparison->count; i++)
        epmt_strbuf_printf(&sql, ", sum(CASE WHEN side = %d THEN v / %" PRId64 ".0 END) AS v%d", i,
                           comparison->jobs[i], i);
    epmt_strbuf_puts(&sql, " FROM (");
    for (int i = 0; i < comparison->count; i++) {
        epmt_strbuf_printf(&sql, "%sSELECT %d AS side, name, v FROM (", i ? " UNION ALL " : "", i);
        adds[part](&sql, &parameters, &comparison->sides[i], comparison->key);
        epmt_strbuf_printf(&sql, ") s%d", i);
    }
    epmt_strbuf_puts(&sql, ") a GROUP BY name) b ORDER BY");
    for (int high = 1; high >= 0; high--) {
        epmt_strbuf_printf(&sql, " %s %s(", high ? "" : "-",
                           high ? (lite ? "max" : "greatest") : (lite ? "min" : "least"));
        for (int i = 0; i < comparison->count; i++)
            epmt_strbuf_printf(&sql, "%scoalesce(v%d, 0)", i ? ", " : "", i);
        epmt_strbuf_puts(&sql, ")");
    }
    epmt_strbuf_printf(&sql, " DESC, name LIMIT %d", EPMT_COMPARE_ROWS);
    int status = epmt_selection_query(state->db, &sql, &parameters, false, take_row, state, err);
    epmt_parameters_free(&parameters);
    epmt_strbuf_free(&sql);
    return status;
}

int epmt_compare(struct epmt_db *db, struct epmt_comparison *comparison,
                 void (*each)(void *context, const struct epmt_difference *difference),
                 void *context, struct epmt_error *err) {
    struct state *state = calloc(1, sizeof *state);

    if (!state)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    *state = (struct state){.db = db, .comparison = comparison, .each = each, .context = context};
    int status = compare_metrics(state, err);
    for (int part = EPMT_COMPARE_programs; part < EPMT_COMPARE_PART_COUNT && !status; part++)
        status = compare_part(state, (enum epmt_compare_part)part, err);
    free(state);
    return status;
}
