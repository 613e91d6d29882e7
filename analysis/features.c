// SPDX-License-Identifier: Apache-2.0
// The features are made from the dictionary: every metric of which a job has a sum, and what is
// computed from others. In SQL, j is the job, p a process, t a thread.
#include "analysis/features.h"

#include <stdio.h>
#include <string.h>

#include "analysis/process_sql.h"
#include "common/fmt.h"
#include "storage/ddl.h"
#include "storage/strbuf.h"

static const struct compared {
    const char *name, *defaults;
} compared_table[EPMT_COMPARED_COUNT] = {
#define COMPARED(number, name, defaults, group) {name, defaults},
    EPMT_COMPARED(COMPARED)
#undef COMPARED
};

#define LIFE "p.\"end\" - p.\"start\""

// Of a process of an operation: reached is the latest end of those that started before it.
#define ADDS EPMT_SQL_ADDS("p.\"start\"", "p.\"end\"", "p.\"reached\"")

struct computed {
    const char *name, *unit, *sql, *description;
};

static const struct computed of_jobs[] = {
    {"duration", "us", "j.\"duration\"", "end - start"},
    {"cpu_time", "us", "j.\"cpu_time\"", "usertime + systemtime of all processes"},
    {"processes", "count", "j.\"processes\"", "processes"},
    {"threads", "count", "j.\"threads\"", "threads"},
    {"hosts", "count", "j.\"hosts\"", "hosts"},
    {"failed", "count", "j.\"failed\"", "processes that failed"},
    {"efficiency", "share", "j.\"efficiency\"", "cpu_time / (duration * cpus)"},
    {"mpi_share", "share", "j.\"mpi_share\"", "time in MPI as a part of the ranks' run time"},
    {"imbalance", "share", "j.\"imbalance\"", "1 - mean / max over the ranks"},
    {0}};

static const struct computed of_operations[] = {
    {"duration", "us", "sum(" LIFE ")", "end - start, summed over its processes"},
    {"sum_minus_overlap", "us", "sum(" ADDS ")", "the same without what its processes overlap"},
    {"finish_minus_start", "us", "max(p.\"end\") - min(p.\"start\")",
     "from its first start to its last end"},
    {"cpu_time", "us", "sum(p.\"cpu_time\")", "usertime + systemtime of its processes"},
    {"processes", "count", "count(*)", "processes"},
    {0}};

static const struct computed of_processes[] = {
    {"duration", "us", LIFE, "end - start"},
    {"cpu_time", "us", "p.\"cpu_time\"", "usertime + systemtime"},
    {"inclusive_cpu_time", "us", "p.\"inclusive_cpu_time\"",
     "cpu_time with that of all processes below"},
    {"outside_mpi", "us", EPMT_SQL_OUTSIDE_MPI, "duration without mpitime"},
    {"numtids", "count", "p.\"numtids\"", "threads"},
    {0}};

static const struct computed of_threads[] = {
    {"duration", "us", "t.\"end\" - t.\"start\"", "end - start"},
    {"cpu_time", "us", "t.\"usertime\" + t.\"systemtime\"", "usertime + systemtime"},
    {0}};

static const struct {
    const struct computed *computed;
    const char *metric; // the SQL of a metric, of its name
} made[EPMT_COMPARED_COUNT] = {
    [EPMT_COMPARED_JOBS] = {of_jobs, "j.\"%s\""},
    [EPMT_COMPARED_OPERATIONS] = {of_operations, EPMT_SQL_SUM_REAL("p.\"%s\"")},
    [EPMT_COMPARED_PROCESSES] = {of_processes, "p.\"%s\""},
    [EPMT_COMPARED_THREADS] = {of_threads, "t.\"%s\""},
    [EPMT_COMPARED_RANKS] = {of_processes, "p.\"%s\""},
};

int epmt_compared_find(const char *name, enum epmt_compared *compared, struct epmt_error *err) {
    static const char *const others[][2] = {{"procs", "processes"}, {"ops", "operations"}};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!strcmp(others[i][0], name))
            name = others[i][1];
    }
    for (int i = 0; i < EPMT_COMPARED_COUNT; i++) {
        if (!strcmp(compared_table[i].name, name)) {
            *compared = (enum epmt_compared)i;
            return 0;
        }
    }
    return epmt_errf(err, EPMT_ERR_USAGE,
                     "%s is none of jobs, operations, processes, threads and ranks", name);
}

const char *epmt_compared_name(enum epmt_compared compared) {
    return compared_table[compared].name;
}

static void add_computed(struct epmt_features *features, const struct computed *computed) {
    struct epmt_feature *feature = &features->list[features->count++];

    epmt_fmt(feature->name, sizeof feature->name, "%s", computed->name);
    epmt_fmt(feature->unit, sizeof feature->unit, "%s", computed->unit);
    epmt_fmt(feature->sql, sizeof feature->sql, "%s", computed->sql);
    epmt_fmt(feature->description, sizeof feature->description, "%s", computed->description);
}

static void add_metric(struct epmt_features *features, enum epmt_compared compared,
                       const struct epmt_column *column, bool greatest) {
    struct epmt_feature *feature = &features->list[features->count++];
    const char *at = strchr(made[compared].metric, '%');
    int before = (int)(at - made[compared].metric);

    if (greatest && compared == EPMT_COMPARED_OPERATIONS)
        epmt_fmt(feature->sql, sizeof feature->sql, "max(p.\"%s\")", column->name);
    else
        epmt_fmt(feature->sql, sizeof feature->sql, "%.*s%s%s", before, made[compared].metric,
                 column->name, at + 2);
    epmt_fmt(feature->name, sizeof feature->name, "%s", column->name);
    epmt_fmt(feature->unit, sizeof feature->unit, "%s", column->unit);
    epmt_fmt(feature->description, sizeof feature->description, "%s", column->description);
}

void epmt_features_all(enum epmt_compared compared, struct epmt_features *features) {
    features->count = 0;
    for (const struct computed *computed = made[compared].computed; computed->name; computed++)
        add_computed(features, computed);
    for (int i = 0; i < EPMT_COLUMN_COUNT && features->count < EPMT_FEATURES_MAX; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        enum epmt_fold fold = epmt_job_fold(i);
        if (fold != EPMT_FOLD_NONE &&
            (compared != EPMT_COMPARED_THREADS || epmt_column_in_thread(column)))
            add_metric(features, compared, column, fold == EPMT_FOLD_MAX);
    }
}

static const struct epmt_feature *find(const struct epmt_features *features, const char *name,
                                       size_t len) {
    // As the tool before called it.
    if (len == 9 && !memcmp(name, "num_procs", 9))
        return find(features, "processes", 9);
    for (int i = 0; i < features->count; i++) {
        if (strlen(features->list[i].name) == len && !memcmp(features->list[i].name, name, len))
            return &features->list[i];
    }
    return NULL;
}

static int unknown(enum epmt_compared compared, const struct epmt_features *all, const char *name,
                   size_t len, struct epmt_error *err) {
    struct epmt_text_buffer list;
    char text[EPMT_ERROR_TEXT_MAX];

    epmt_text_init(&list, text, sizeof text);
    for (int i = 0; i < all->count; i++)
        epmt_text_fmt(&list, "%s%s", i ? ", " : "", all->list[i].name);
    return epmt_errf(err, EPMT_ERR_USAGE, "%s have no feature %.*s: all, counter:EVENT, or of %s",
                     epmt_compared_name(compared), (int)len, name, text);
}

// The SQL of the counts of an event, of its name.
#define COUNTS \
    "(SELECT " EPMT_SQL_SUM_REAL("c.\"value\"") " FROM \"counters\" c WHERE c.\"process_id\" = "
static const struct {
    const char *before, *behind;
} counts[EPMT_COMPARED_COUNT] = {
    [EPMT_COMPARED_JOBS] = {"(SELECT " EPMT_SQL_SUM_REAL(
                                "c.\"value\"") " FROM \"processes\" p JOIN \"counters\" c ON "
                                               "c.\"process_id\" = p.\"id\" WHERE p.\"job_id\" = "
                                               "j.\"id\" AND c.\"event\" = '",
                            "')"},
    [EPMT_COMPARED_OPERATIONS] = {"sum(" COUNTS "p.\"id\" AND c.\"event\" = '", "'))"},
    [EPMT_COMPARED_PROCESSES] = {COUNTS "p.\"id\" AND c.\"event\" = '", "')"},
    [EPMT_COMPARED_THREADS] = {COUNTS "t.\"process_id\" AND c.\"tid\" = t.\"tid\" AND "
                                      "c.\"start\" = t.\"start\" AND c.\"event\" = '",
                               "')"},
    [EPMT_COMPARED_RANKS] = {COUNTS "p.\"id\" AND c.\"event\" = '", "')"},
};

// A name is a text of SQL: its quotes are doubled.
static bool make_counter(struct epmt_feature *feature, enum epmt_compared compared,
                         const char *name, size_t len) {
    size_t prefix = strlen(EPMT_FEATURE_COUNTER), at;

    _Static_assert(sizeof feature->sql > 300 + 2 * sizeof feature->name, "the quotes of a name");

    if (len <= prefix || len >= sizeof feature->name || memcmp(name, EPMT_FEATURE_COUNTER, prefix))
        return false;
    epmt_fmt(feature->name, sizeof feature->name, "%.*s", (int)len, name);
    epmt_fmt(feature->unit, sizeof feature->unit, "count");
    epmt_fmt(feature->description, sizeof feature->description, "its counts, of all threads");
    epmt_fmt(feature->sql, sizeof feature->sql, "%s", counts[compared].before);
    at = strlen(feature->sql);
    for (const char *from = feature->name + prefix; *from; from++) {
        if (*from == '\'')
            feature->sql[at++] = '\'';
        feature->sql[at++] = *from;
    }
    epmt_fmt(feature->sql + at, sizeof feature->sql - at, "%s", counts[compared].behind);
    return true;
}

const struct epmt_feature *epmt_features_named(const struct epmt_features *all,
                                               enum epmt_compared compared, const char *name,
                                               size_t len, struct epmt_feature *counter) {
    const struct epmt_feature *feature = find(all, name, len);

    return feature || !make_counter(counter, compared, name, len) ? feature : counter;
}

static bool is_all(const char *name, size_t len) {
    return (len == 3 && !memcmp(name, "all", 3)) || (len == 1 && *name == '*');
}

static void add_once(struct epmt_features *features, const struct epmt_feature *feature) {
    if (features->count < EPMT_FEATURES_MAX &&
        !find(features, feature->name, strlen(feature->name)))
        features->list[features->count++] = *feature;
}

// Those of the names that there are, each once. Returns the first that there is not, or NULL.
static const char *choose(const struct epmt_features *all, enum epmt_compared compared,
                          const char *names, struct epmt_features *features) {
    const char *missing = NULL;
    struct epmt_feature counter;

    for (features->count = 0; *names;) {
        size_t len = strcspn(names, ",");
        const struct epmt_feature *feature =
            epmt_features_named(all, compared, names, len, &counter);
        for (int i = 0; is_all(names, len) && i < all->count; i++)
            add_once(features, &all->list[i]);
        if (feature)
            add_once(features, feature);
        else if (!is_all(names, len) && !missing)
            missing = names;
        names += len + (names[len] == ',');
    }
    return missing;
}

int epmt_features_find(enum epmt_compared compared, const char *names,
                       struct epmt_features *features, struct epmt_error *err) {
    struct epmt_features all;

    epmt_features_all(compared, &all);
    if (!names || !*names)
        names = compared_table[compared].defaults;
    const char *missing = choose(&all, compared, names, features);
    if (missing)
        return unknown(compared, &all, missing, strcspn(missing, ","), err);
    if (!features->count)
        return epmt_errf(err, EPMT_ERR_USAGE, "there is no feature to compare by");
    return 0;
}

void epmt_features_among(enum epmt_compared compared, const char *names,
                         struct epmt_features *features) {
    struct epmt_features all;

    epmt_features_all(compared, &all);
    (void)choose(&all, compared, *names ? names : compared_table[compared].defaults, features);
}
