// SPDX-License-Identifier: Apache-2.0
// What epmt submit computes, from rows that are in the database already.
#include <stdlib.h>
#include <string.h>

#include "storage/db_migrate.h"
#include "storage/db_submit.h"

static const char sql_jobs[] = "SELECT \"id\" FROM \"jobs\" ORDER BY \"id\"";
static const char sql_job[] =
    "SELECT \"start\", \"end\", \"ranks_expected\", \"tags\" FROM \"jobs\" WHERE \"id\" = $1";
static const char sql_attributes[] =
    "SELECT \"scope\", \"key\", \"value\" FROM \"job_attributes\" WHERE \"job_id\" = $1";
static const char sql_processes[] =
    "SELECT * FROM \"processes\" WHERE \"job_id\" = $1 ORDER BY \"id\"";
static const char sql_update_process[] =
    "UPDATE \"processes\" SET \"depth\" = $2, \"cpu_time\" = $3, \"inclusive_cpu_time\" = $4 "
    "WHERE \"id\" = $1";
static const char sql_delete_job_tags[] = "DELETE FROM \"job_tags\" WHERE \"job_id\" = $1";
static const char sql_delete_process_tags[] =
    "DELETE FROM \"process_tags\" WHERE \"process_id\" IN "
    "(SELECT \"id\" FROM \"processes\" WHERE \"job_id\" = $1)";

struct ids {
    int64_t *list;
    size_t count, cap;
};

static int ids_add(struct ids *ids, int64_t id) {
    if (ids->count == ids->cap) {
        size_t cap = ids->cap ? ids->cap * 2 : 64;
        int64_t *grown = realloc(ids->list, cap * sizeof *grown);
        if (!grown)
            return -1;
        ids->list = grown;
        ids->cap = cap;
    }
    ids->list[ids->count++] = id;
    return 0;
}

// A job under way.
struct job {
    struct epmt_submit submit; // tree, sum and tags, as when it is put in
    struct ids processes;
    int columns[EPMT_DDL_COLUMNS_MAX]; // of the result: the column of the dictionary, or -1
    int count, id;                     // of columns; the place of the id among them
    bool failed;
};

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    return values[0] && ids_add(context, strtoll(values[0], NULL, 10));
}

static struct epmt_db_value number(const char *text) {
    return text ? epmt_db_int(strtoll(text, NULL, 10))
                : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static int take_job(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct job *job = context;
    struct epmt_submit *submit = &job->submit;

    (void)columns, (void)names, (void)numeric;
    submit->job[EPMT_JOB_COL_start] = number(values[0]);
    submit->job[EPMT_JOB_COL_end] = number(values[1]);
    submit->job[EPMT_JOB_COL_ranks_expected] = number(values[2]);
    if (values[3]) {
        struct epmt_strbuf *text = &submit->job_text[EPMT_JOB_COL_tags];
        epmt_strbuf_puts(text, values[3]);
        submit->job[EPMT_JOB_COL_tags] = epmt_db_text(epmt_strbuf_text(text), text->len);
        job->failed = job->failed || text->failed;
    }
    return 0;
}

static int take_attribute(void *context, int columns, const char *const *names,
                          const char *const *values, const bool *numeric) {
    struct job *job = context;

    (void)columns, (void)names, (void)numeric;
    epmt_jobsum_add_attribute(job->submit.sum, (struct epmt_bytes){values[0], strlen(values[0])},
                              (struct epmt_bytes){values[1], strlen(values[1])},
                              (struct epmt_bytes){values[2], strlen(values[2])});
    return 0;
}

static void set_value(struct epmt_record *record, int column, const char *text) {
    switch (epmt_columns[column].type) {
    case EPMT_TYPE_INT:
    case EPMT_TYPE_UINT:
        epmt_record_set_i(record, column, strtoll(text, NULL, 10));
        break;
    case EPMT_TYPE_STATE:
        for (int state = 0; state < EPMT_STATE_COUNT; state++) {
            if (!strcmp(epmt_state_name(state), text))
                epmt_record_set_i(record, column, state);
        }
        break;
    case EPMT_TYPE_TEXT:
        epmt_record_set_text(record, column, text, strlen(text));
        break;
    case EPMT_TYPE_REAL:
    case EPMT_TYPE_LIST:
        break;
    }
}

static void note_columns(struct job *job, int columns, const char *const *names) {
    job->count = columns < EPMT_DDL_COLUMNS_MAX ? columns : EPMT_DDL_COLUMNS_MAX;
    for (int i = 0; i < job->count; i++) {
        job->columns[i] = epmt_column_find(names[i]);
        if (!strcmp(names[i], "id"))
            job->id = i;
    }
}

static int take_process(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct job *job = context;
    struct epmt_record process;

    (void)numeric;
    if (!values) {
        note_columns(job, columns, names);
        return 0;
    }
    epmt_record_clear(&process);
    for (int i = 0; i < job->count; i++) {
        if (job->columns[i] >= 0 && values[i])
            set_value(&process, job->columns[i], values[i]);
    }
    int64_t id = strtoll(values[job->id], NULL, 10);
    job->failed = epmt_proctree_add(job->submit.tree, &process) ||
                  epmt_jobsum_add(job->submit.sum, &process) || ids_add(&job->processes, id);
    if (!job->failed && epmt_record_has(&process, EPMT_COL_tags)) {
        struct epmt_bytes tags = process.value[EPMT_COL_tags].text;
        struct epmt_db_value text = epmt_db_text(tags.data, tags.len);
        job->failed = epmt_submit_wait_with_tags(&job->submit, id, &text) != 0;
    }
    return job->failed;
}

static struct epmt_db_value known(int64_t value) {
    return value < 0 ? (struct epmt_db_value){.kind = EPMT_DB_NULL} : epmt_db_int(value);
}

static int update_processes(struct job *job) {
    const struct epmt_submit *submit = &job->submit;

    for (uint32_t i = 0; i < job->processes.count; i++) {
        struct epmt_db_value values[4] = {
            epmt_db_int(job->processes.list[i]),
            epmt_db_int(epmt_proctree_depth(submit->tree, i)),
            known(epmt_proctree_cpu(submit->tree, i)),
            known(epmt_proctree_inclusive(submit->tree, i)),
        };
        if (submit->db->backend->exec(submit->db, sql_update_process, values, 4, submit->err))
            return -1;
    }
    return 0;
}

static int update_job(struct job *job, const char *sql) {
    enum { COUNTED = EPMT_JOB_COLUMN_COUNT - EPMT_JOB_COL_duration };
    struct epmt_submit *submit = &job->submit;
    struct epmt_db_value values[1 + COUNTED + EPMT_COLUMN_COUNT];
    int sums = epmt_jobsum_finish(submit->sum, submit->job, values + 1 + COUNTED);

    values[0] = epmt_db_int(submit->job_id);
    memcpy(values + 1, submit->job + EPMT_JOB_COL_duration, COUNTED * sizeof *values);
    return submit->db->backend->exec(submit->db, sql, values, 1 + COUNTED + sums, submit->err);
}

static int read_job(struct job *job) {
    struct epmt_submit *submit = &job->submit;
    const struct epmt_db_backend *backend = submit->db->backend;
    struct epmt_db_value id = epmt_db_int(submit->job_id);

    if (backend->query(submit->db, sql_job, &id, 1, false, take_job, job, submit->err) ||
        backend->query(submit->db, sql_attributes, &id, 1, false, take_attribute, job,
                       submit->err) ||
        backend->query(submit->db, sql_processes, &id, 1, true, take_process, job, submit->err))
        return -1;
    if (job->failed || epmt_proctree_link(submit->tree))
        return epmt_errf(submit->err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

static int compute(struct job *job, const char *sql) {
    struct epmt_submit *submit = &job->submit;
    const struct epmt_db_backend *backend = submit->db->backend;
    struct epmt_db_value id = epmt_db_int(submit->job_id);

    submit->tree = epmt_proctree_create();
    submit->sum = epmt_jobsum_create();
    if (!submit->tree || !submit->sum)
        return epmt_errf(submit->err, EPMT_ERR_MEMORY, "out of memory");
    return read_job(job) || backend->exec(submit->db, sql_delete_job_tags, &id, 1, submit->err) ||
                   backend->exec(submit->db, sql_delete_process_tags, &id, 1, submit->err) ||
                   epmt_submit_job_tags(submit) || epmt_submit_process_tags(submit) ||
                   update_processes(job) || update_job(job, sql)
               ? -1
               : 0;
}

int epmt_db_compute_jobs(struct epmt_db *db, uint64_t *jobs, struct epmt_error *err) {
    struct epmt_strbuf *sql = &db->update_counted;
    struct ids ids = {0};
    int status = db->backend->query(db, sql_jobs, NULL, 0, false, take_id, &ids, err);

    for (*jobs = 0; !status && *jobs < ids.count; ++*jobs) {
        struct job *job = calloc(1, sizeof *job);
        if (!job) {
            status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
            break;
        }
        job->submit.db = db;
        job->submit.err = err;
        job->submit.job_id = ids.list[*jobs];
        status = compute(job, sql->data);
        epmt_submit_rows_free(&job->submit);
        epmt_strbuf_free(&job->submit.job_text[EPMT_JOB_COL_tags]);
        free(job->processes.list);
        free(job);
    }
    free(ids.list);
    return status;
}
