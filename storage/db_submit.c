// SPDX-License-Identifier: Apache-2.0
// One job into the database: one transaction, two passes over its processes (the first finds the
// tree), memory bounded by that (some 100 bytes per process).
#include "storage/db_backend.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fmt.h"
#include "storage/annotate.h"
#include "storage/db_submit.h"
#include "storage/ddl.h"

static const char sql_find_job[] =
    "SELECT \"id\", \"digest\", \"processes\", \"threads\" FROM \"jobs\" WHERE \"uuid\" = $1";
static const char sql_insert_job[] =
    "INSERT INTO \"jobs\" (\"uuid\", \"digest\") VALUES ($1, $2) RETURNING \"id\"";
// As the job file has it: a rank has reported whose row says how it ended.
#define REPORTED \
    "count(DISTINCT CASE WHEN \"state\" NOT IN ('running', 'killed') THEN \"mpirank\" END)"
static const char sql_insert_steps[] =
    "INSERT INTO \"steps\" (\"job_id\", \"step\", \"numranks\", \"ranks_reported\", \"complete\", "
    "\"start\", \"end\") "
    "SELECT $1, \"step\", max(\"numranks\"), " REPORTED ", "
    "CASE WHEN max(\"numranks\") IS NULL THEN NULL "
    "WHEN max(\"numranks\") <= " REPORTED " THEN 1 ELSE 0 END, "
    "min(\"start\"), max(\"end\") "
    "FROM \"processes\" WHERE \"job_id\" = $1 AND \"step\" IS NOT NULL GROUP BY \"step\" "
    "ORDER BY \"step\"";

static int exec(struct epmt_submit *submit, const char *sql, const struct epmt_db_value *values,
                int count) {
    return submit->db->backend->exec(submit->db, sql, values, count, submit->err);
}

static int query(struct epmt_submit *submit, const char *sql, const struct epmt_db_value *values,
                 int count, epmt_db_row_f row) {
    return submit->db->backend->query(submit->db, sql, values, count, false, row, submit,
                                      submit->err);
}

static int64_t number_of(const char *value) {
    return value ? strtoll(value, NULL, 10) : 0;
}

static int take_job(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct epmt_submit *submit = context;

    (void)columns, (void)names, (void)numeric;
    submit->job_id = number_of(values[0]);
    submit->same = number_of(values[1]) == (int64_t)submit->info->digest;
    submit->result.processes = (uint64_t)number_of(values[2]);
    submit->result.threads = (uint64_t)number_of(values[3]);
    return 1;
}

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    ((struct epmt_submit *)context)->job_id = number_of(values[0]);
    return 0;
}

// Everything that hangs on the job, but not the job.
static int delete_rows(struct epmt_submit *submit) {
    struct epmt_db_value id = epmt_db_int(submit->job_id);

    for (int table = EPMT_DDL_TABLE_COUNT - 1; table > EPMT_TABLE_JOBS; table--) {
        if (exec(submit, submit->db->delete_rows[table].data, &id, 1))
            return -1;
    }
    return 0;
}

// Finds or makes the row of the job, with nothing below it. Sets `same` where nothing is to be
// done.
static int place_job(struct epmt_submit *submit) {
    const char *uuid = submit->info->uuid;
    struct epmt_db_value key[2] = {epmt_db_text(uuid, strlen(uuid)),
                                   epmt_db_int((int64_t)submit->info->digest)};

    if (submit->db->backend->lock(submit->db, uuid, submit->err) ||
        query(submit, sql_find_job, key, 1, take_job))
        return -1;
    if (submit->same) {
        submit->result.outcome = EPMT_SUBMIT_SAME;
        return 0;
    }
    submit->result = (struct epmt_submit_result){.outcome = EPMT_SUBMIT_NEW};
    if (submit->job_id) {
        submit->result.outcome = EPMT_SUBMIT_GROWN;
        return delete_rows(submit);
    }
    return query(submit, sql_insert_job, key, 2, take_id);
}

static void set_job_text(struct epmt_submit *submit, int column, struct epmt_bytes bytes) {
    struct epmt_strbuf *memory = &submit->job_text[column];

    epmt_strbuf_reset(memory);
    epmt_strbuf_add_clean(memory, bytes);
    if (!memory->failed)
        submit->job[column] = epmt_db_text(epmt_strbuf_text(memory), memory->len);
}

static struct epmt_db_value job_number(int column, const char *text) {
    bool moment =
        column == EPMT_JOB_COL_submit || column == EPMT_JOB_COL_start || column == EPMT_JOB_COL_end;
    int64_t number;

    if (!epmt_parse_whole_i64(text, &number) || (moment && !epmt_is_moment(number)))
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return epmt_db_int(number);
}

void epmt_submit_job_column(struct epmt_submit *submit, struct epmt_bytes key,
                            struct epmt_bytes value) {
    for (int i = 0; i < EPMT_JOB_COLUMN_COUNT; i++) {
        const struct epmt_job_column *column = &epmt_job_columns[i];
        if (column->from != EPMT_JOB_COLUMN_ATTRIBUTE || strlen(column->name) != key.len ||
            memcmp(column->name, key.data, key.len))
            continue;
        set_job_text(submit, i, value);
        if (column->type == EPMT_TYPE_INT)
            submit->job[i] = job_number(i, epmt_strbuf_text(&submit->job_text[i]));
    }
}

// Of an index's length.
static void set_header_text(struct epmt_submit *submit, int column, const char *text) {
    if (!text || !*text)
        return;
    set_job_text(submit, column, (struct epmt_bytes){text, strlen(text)});
    submit->job[column].text = epmt_text_cut(submit->job[column].text, EPMT_INDEXED_TEXT_MAX);
}

static int finish_job(struct epmt_submit *submit) {
    const struct epmt_jobfile_info *info = submit->info;
    struct epmt_db_value *job = submit->job;
    struct epmt_db_value values[2 + EPMT_JOB_COLUMN_COUNT + EPMT_COLUMN_COUNT];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    set_header_text(submit, EPMT_JOB_COL_jobid, info->jobid);
    set_header_text(submit, EPMT_JOB_COL_user, info->user);
    set_header_text(submit, EPMT_JOB_COL_creator, info->creator);
    job[EPMT_JOB_COL_ranks_reported] = epmt_db_int(info->ranks_reported);
    job[EPMT_JOB_COL_ranks_expected] = epmt_db_int(info->ranks_expected);
    job[EPMT_JOB_COL_complete] = epmt_db_int(info->complete);
    job[EPMT_JOB_COL_ended] = epmt_db_int(info->ended);
    job[EPMT_JOB_COL_processes] = epmt_db_int((int64_t)submit->result.processes);
    job[EPMT_JOB_COL_threads] = epmt_db_int((int64_t)submit->result.threads);
    job[EPMT_JOB_COL_submitted_at] =
        epmt_db_int((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    int sums = epmt_jobsum_finish(submit->sum, job, values + 2 + EPMT_JOB_COLUMN_COUNT);
    values[0] = epmt_db_int(submit->job_id);
    values[1] = epmt_db_int((int64_t)info->digest);
    memcpy(values + 2, job, sizeof submit->job);
    return exec(submit, submit->db->update_job.data, values, 2 + EPMT_JOB_COLUMN_COUNT + sums);
}

static int add_everything(struct epmt_submit *submit) {
    struct epmt_db_value id = epmt_db_int(submit->job_id);

    return epmt_submit_rows(submit) || exec(submit, sql_insert_steps, &id, 1) ||
                   finish_job(submit) ||
                   (submit->result.outcome == EPMT_SUBMIT_GROWN &&
                    epmt_db_settle_annotations(submit->db, submit->job_id, submit->err))
               ? -1
               : 0;
}

static void submit_free(struct epmt_submit *submit) {
    epmt_submit_rows_free(submit);
    for (int i = 0; i < EPMT_JOB_COLUMN_COUNT; i++)
        epmt_strbuf_free(&submit->job_text[i]);
    free(submit);
}

// A uuid is printable ASCII.
static bool is_key(const char *uuid) {
    if (!uuid || !*uuid)
        return false;
    while (*uuid > ' ' && *uuid < 0x7f)
        uuid++;
    return !*uuid;
}

int epmt_db_submit(struct epmt_db *db, struct epmt_jobfile *file, struct epmt_submit_result *result,
                   struct epmt_error *err) {
    struct epmt_submit *submit = calloc(1, sizeof *submit);
    int status = -1;

    if (!submit)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    submit->db = db;
    submit->file = file;
    submit->info = epmt_jobfile_info(file);
    submit->err = err;
    submit->flatten.indexed = true;
    if (!is_key(submit->info->uuid)) {
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "the job file has no uuid");
        goto out;
    }
    if (db->backend->trust(db, true, err))
        goto out;
    if (db->backend->begin(db, err)) {
        db->backend->trust(db, false, NULL);
        goto out;
    }
    if (!place_job(submit)) {
        if (submit->same) {
            db->backend->rollback(db);
            status = 0;
        } else if (!add_everything(submit) && !db->backend->commit(db, err)) {
            status = 0;
        }
    }
    if (status)
        db->backend->rollback(db);
    else
        *result = submit->result;
    db->backend->trust(db, false, NULL);
out:
    submit_free(submit);
    return status;
}
