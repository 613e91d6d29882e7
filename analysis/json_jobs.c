// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_jobs.h"

#include <string.h>

#include "analysis/json_rows.h"
#include "storage/common_sql.h"

// Of one job what `epmt list` and `epmt show` say of it (the view), by the same names.
#define COLUMNS                                                                                 \
    "SELECT j.\"id\", j.\"uuid\", j.\"jobid\", j.\"jobname\", j.\"user\", v.\"start\", "        \
    "v.\"end\", v.\"duration_s\", j.\"exitcode\", j.\"reason\", j.\"failed\", j.\"complete\", " \
    "j.\"ended\", j.\"processes\", j.\"threads\", v.\"ranks\", v.\"ranks_expected\", "          \
    "j.\"hosts\", j.\"hostname\", j.\"cpus\", v.\"cpu_s\", "                                    \
    "round(CAST(j.\"usertime\" AS NUMERIC) / 1000000.0, 6) AS \"usertime_s\", "                 \
    "round(CAST(j.\"systemtime\" AS NUMERIC) / 1000000.0, 6) AS \"systemtime_s\", "             \
    "v.\"efficiency\" AS \"efficiency_share\", v.\"mpi_share\", "                               \
    "v.\"imbalance\" AS \"imbalance_share\", v.\"io_wait_s\", v.\"rssmax_mib\", "               \
    "v.\"read_mib\", v.\"written_mib\", j.\"tags\" "                                            \
    "FROM \"jobs\" j JOIN \"job_summary\" v ON v.\"id\" = j.\"id\""

// The columns by which one may order, and what they are in jobs.
static const struct {
    const char *name, *column;
} orders[] = {
    {"start", "start"},
    {"end", "end"},
    {"jobid", "jobid"},
    {"jobname", "jobname"},
    {"user", "user"},
    {"duration_s", "duration"},
    {"exitcode", "exitcode"},
    {"failed", "failed"},
    {"processes", "processes"},
    {"threads", "threads"},
    {"ranks", "ranks_reported"},
    {"hosts", "hosts"},
    {"hostname", "hostname"},
    {"cpus", "cpus"},
    {"cpu_s", "cpu_time"},
    {"usertime_s", "usertime"},
    {"systemtime_s", "systemtime"},
    {"efficiency_share", "efficiency"},
    {"mpi_share", "mpi_share"},
    {"imbalance_share", "imbalance"},
    {"io_wait_s", "delayacct_blkio_time"},
    {"rssmax_mib", "rssmax"},
    {"read_mib", "read_bytes"},
    {"written_mib", "write_bytes"},
    {"tags", "tags"},
};

#define WORDS_MAX 4

// A question under way: its condition, and the values of that.
struct question {
    struct epmt_strbuf where; // " WHERE ..."
    struct epmt_parameters parameters;
    struct epmt_strbuf patterns[WORDS_MAX];
};

// A word is looked for in whatever case; one of ASCII, for that is all that both databases fold.
static void add_word(struct question *question, struct epmt_strbuf *pattern, const char *word,
                     size_t len) {
    static const char *const columns[] = {"jobid", "jobname", "user", "tags", "hostname", "uuid"};

    epmt_strbuf_puts(pattern, "%");
    for (size_t i = 0; i < len; i++) {
        if (strchr("%_\\", word[i]))
            epmt_strbuf_puts(pattern, "\\");
        char c = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + ('a' - 'A') : word[i]);
        epmt_strbuf_add(pattern, &c, 1);
    }
    epmt_strbuf_puts(pattern, "%");
    question->where.failed |= pattern->failed;
    int number = epmt_parameters_add(&question->parameters,
                                     epmt_db_text(epmt_strbuf_text(pattern), pattern->len));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        epmt_strbuf_printf(&question->where, "%slower(j.\"%s\") LIKE $%d ESCAPE '\\'",
                           i ? " OR " : " AND (", columns[i], number);
    epmt_strbuf_puts(&question->where, ")");
}

static void add_words(struct question *question, const char *text) {
    for (int i = 0; i < WORDS_MAX; i++) {
        text += strspn(text, " ");
        // The last one is the rest.
        size_t len = i < WORDS_MAX - 1 ? strcspn(text, " ") : strlen(text);
        if (!len)
            return;
        add_word(question, &question->patterns[i], text, len);
        text += len;
    }
}

static void question_begin(struct question *question, const struct epmt_db *db,
                           const struct epmt_jobs_asked *asked) {
    *question = (struct question){.parameters.dialect = db->backend->dialect};
    epmt_strbuf_puts(&question->where, " WHERE ");
    if (epmt_selection_is_all(&asked->selection)) {
        epmt_strbuf_puts(&question->where, "j.\"id\" IS NOT NULL");
    } else {
        epmt_strbuf_puts(&question->where, "j.\"id\" IN (");
        epmt_selection_add(&question->where, &question->parameters, &asked->selection);
        epmt_strbuf_puts(&question->where, ")");
    }
    if (asked->search)
        add_words(question, asked->search);
}

static void question_end(struct question *question) {
    epmt_strbuf_free(&question->where);
    epmt_parameters_free(&question->parameters);
    for (int i = 0; i < WORDS_MAX; i++)
        epmt_strbuf_free(&question->patterns[i]);
}

static int add_order(struct epmt_strbuf *sql, struct question *question,
                     const struct epmt_jobs_asked *asked, struct epmt_error *err) {
    const char *name = asked->order ? asked->order : "start";
    size_t i = 0;

    epmt_strbuf_puts(sql, " ORDER BY ");
    if (!strncmp(name, "tag:", 4)) {
        epmt_strbuf_printf(
            sql,
            "(SELECT t.\"value\" FROM \"job_tags\" t WHERE t.\"job_id\" = j.\"id\" AND "
            "t.\"key\" = $%d)",
            epmt_parameters_add(&question->parameters, epmt_db_text(name + 4, strlen(name + 4))));
    } else {
        while (i < sizeof orders / sizeof *orders && strcmp(orders[i].name, name) != 0)
            i++;
        if (i == sizeof orders / sizeof *orders)
            return epmt_errf(err, EPMT_ERR_USAGE, "jobs have no order by %s", name);
        epmt_strbuf_printf(sql, "j.\"%s\"", orders[i].column);
    }
    // What is missing stands behind, and equals stand as they came, so that no page has one twice.
    epmt_strbuf_puts(sql, asked->descending ? " DESC NULLS LAST, j.\"id\" DESC"
                                            : " ASC NULLS LAST, j.\"id\"");
    return 0;
}

static int ask_page(struct epmt_db *db, const struct epmt_jobs_asked *asked,
                    struct question *question, json_t **to, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql, COLUMNS "%s", epmt_strbuf_text(&question->where));
    int result = add_order(&sql, question, asked, err);
    epmt_strbuf_printf(&sql, " LIMIT %lld OFFSET %lld", (long long)asked->limit,
                       (long long)asked->offset);
    if (!result)
        result = epmt_json_selected_table(db, &sql, &question->parameters, to, err);
    epmt_strbuf_free(&sql);
    return result;
}

// The tags of the jobs of a page, one by one.
static int ask_tags(struct epmt_db *db, const json_t *jobs, json_t **to, struct epmt_error *err) {
    const struct epmt_parameters none = {.count = 0};
    struct epmt_strbuf sql = {0};
    const json_t *row;
    size_t i;

    epmt_strbuf_puts(&sql, "SELECT \"job_id\", \"key\", \"value\" FROM \"job_tags\" WHERE "
                           "\"job_id\" IN (NULL");
    json_array_foreach(json_object_get(jobs, "rows"), i, row) {
        epmt_strbuf_printf(&sql, ", %lld", (long long)json_integer_value(json_array_get(row, 0)));
    }
    epmt_strbuf_puts(&sql, ") ORDER BY \"job_id\", \"key\"");
    int result = epmt_json_selected_table(db, &sql, &none, to, err);
    epmt_strbuf_free(&sql);
    return result;
}

static int ask_total(struct epmt_db *db, const struct question *question, json_t **to,
                     struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql, "SELECT count(*) AS \"jobs\" FROM \"jobs\" j%s",
                       epmt_strbuf_text(&question->where));
    sql.failed |= question->where.failed;
    int result = epmt_json_selected_record(db, &sql, &question->parameters, to, err);
    epmt_strbuf_free(&sql);
    return result;
}

int epmt_json_jobs(struct epmt_db *db, const struct epmt_jobs_asked *asked, json_t **to,
                   struct epmt_error *err) {
    json_t *total = NULL, *jobs = NULL, *tags = NULL;
    struct question question;

    *to = NULL;
    question_begin(&question, db, asked);
    if (!ask_total(db, &question, &total, err) && !ask_page(db, asked, &question, &jobs, err) &&
        !ask_tags(db, jobs, &tags, err)) {
        *to = json_pack("{s:O, s:O, s:O}", "total", json_object_get(total, "jobs"), "jobs", jobs,
                        "tags", tags);
        if (!*to)
            epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(total);
    json_decref(jobs);
    json_decref(tags);
    question_end(&question);
    return *to ? 0 : -1;
}

static int ask_sums(struct epmt_db *db, const struct question *question, json_t **to,
                    struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql,
                       "SELECT count(*) AS \"jobs\", coalesce(sum(" EPMT_SELECTION_FAILED
                       "), 0) AS \"failed\", "
                       "round(CAST(" EPMT_SQL_SUM_REAL(
                           "j.\"cpu_time\"") " AS NUMERIC) / 1000000.0, 3) AS \"cpu_s\", "
                                             "count(DISTINCT j.\"user\") AS \"users\", "
                                             "sum(j.\"processes\") AS \"processes\", "
                                             "min(j.\"start\") AS \"first\", max(j.\"start\") AS "
                                             "\"last\" FROM \"jobs\" j%s",
                       epmt_strbuf_text(&question->where));
    sql.failed |= question->where.failed;
    int result = epmt_json_selected_record(db, &sql, &question->parameters, to, err);
    epmt_strbuf_free(&sql);
    return result;
}

#define BUCKETS 60

// Widths that people can read: a minute to months, and twice as much until they are few enough.
static int64_t bucket_width_s(int64_t range_s) {
    static const int64_t widths[] = {60,    300,   900,    3600,    10800,  21600,
                                     43200, 86400, 604800, 2592000, 7776000};
    size_t i = 0;

    while (i < sizeof widths / sizeof *widths - 1 && range_s / widths[i] >= BUCKETS)
        i++;
    int64_t width = widths[i];
    while (range_s / width >= BUCKETS)
        width *= 2;
    return width;
}

static int ask_buckets(struct epmt_db *db, const struct question *question, int64_t width_s,
                       json_t **to, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    long long us = (long long)width_s * 1000000;

    epmt_strbuf_printf(
        &sql,
        "SELECT j.\"start\" / %lld * %lld AS \"start_s\", count(*) AS \"jobs\", "
        "sum(" EPMT_SELECTION_FAILED ") AS \"failed\", "
        "round(CAST(" EPMT_SQL_SUM_REAL(
            "j.\"cpu_time\"") " AS NUMERIC) / 1000000.0, 3) AS \"cpu_s\" "
                              "FROM \"jobs\" j%s AND j.\"start\" IS NOT NULL GROUP BY 1 ORDER BY 1",
        us, (long long)width_s, epmt_strbuf_text(&question->where));
    int result = epmt_json_selected_table(db, &sql, &question->parameters, to, err);
    epmt_strbuf_free(&sql);
    return result;
}

int epmt_json_jobs_overview(struct epmt_db *db, const struct epmt_jobs_asked *asked, json_t **to,
                            struct epmt_error *err) {
    json_t *sums = NULL, *buckets = NULL;
    struct question question;

    *to = NULL;
    question_begin(&question, db, asked);
    if (!ask_sums(db, &question, &sums, err)) {
        int64_t first = json_integer_value(json_object_get(sums, "first"));
        int64_t last = json_integer_value(json_object_get(sums, "last"));
        int64_t width_s = bucket_width_s((last - first) / 1000000);
        if (!ask_buckets(db, &question, width_s, &buckets, err)) {
            *to = json_pack("{s:O, s:I, s:O}", "sums", sums, "bucket_s", (json_int_t)width_s,
                            "buckets", buckets);
            if (!*to)
                epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        }
    }
    json_decref(sums);
    json_decref(buckets);
    question_end(&question);
    return *to ? 0 : -1;
}

int epmt_json_jobs_choices(struct epmt_db *db, json_t **to, struct epmt_error *err) {
    static const char ask_users[] =
        "SELECT \"user\", count(*) AS \"jobs\" FROM \"jobs\" WHERE \"user\" IS NOT NULL "
        "GROUP BY \"user\" ORDER BY 2 DESC, 1 LIMIT 200";
    static const char ask_keys[] =
        "SELECT \"key\", \"value\", count(*) AS \"jobs\" FROM \"job_tags\" "
        "GROUP BY \"key\", \"value\" ORDER BY 3 DESC, 1, 2 LIMIT 200";
    json_t *users = NULL, *tags = NULL;

    *to = NULL;
    if (!epmt_json_table(db, ask_users, NULL, &users, err) &&
        !epmt_json_table(db, ask_keys, NULL, &tags, err)) {
        *to = json_pack("{s:O, s:O}", "users", users, "tags", tags);
        if (!*to)
            epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(users);
    json_decref(tags);
    return *to ? 0 : -1;
}
