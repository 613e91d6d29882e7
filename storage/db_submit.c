// SPDX-License-Identifier: Apache-2.0
// One job into the database: one transaction, one pass over the file, memory bounded by the
// process tree (some 70 bytes per process).
#include "storage/db_backend.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fmt.h"
#include "storage/ddl.h"
#include "storage/flatten.h"
#include "storage/proctree.h"

static const char sql_find_job[] =
    "SELECT \"id\", \"digest\", \"processes\", \"threads\" FROM \"jobs\" WHERE \"uuid\" = $1";
static const char sql_insert_job[] =
    "INSERT INTO \"jobs\" (\"uuid\", \"digest\") VALUES ($1, $2) RETURNING \"id\"";
static const char sql_delete_attributes[] = "DELETE FROM \"job_attributes\" WHERE \"job_id\" = $1";
static const char sql_delete_steps[] = "DELETE FROM \"steps\" WHERE \"job_id\" = $1";
static const char sql_delete_imbalance[] = "DELETE FROM \"mpi_imbalance\" WHERE \"job_id\" = $1";
static const char sql_delete_variables[] = "DELETE FROM \"mpi_variables\" WHERE \"job_id\" = $1";
static const char sql_delete_processes[] = "DELETE FROM \"processes\" WHERE \"job_id\" = $1";
static const char sql_insert_attribute[] =
    "INSERT INTO \"job_attributes\" (\"job_id\", \"scope\", \"key\", \"value\") "
    "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
static const char sql_last_process[] = "SELECT coalesce(max(\"id\"), 0) FROM \"processes\"";
static const char sql_set_parent[] =
    "UPDATE \"processes\" SET \"parent_id\" = $2 WHERE \"id\" = $1";
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
    "FROM \"processes\" WHERE \"job_id\" = $1 AND \"step\" IS NOT NULL GROUP BY \"step\"";

struct submit {
    struct epmt_db *db;
    struct epmt_jobfile *file;
    const struct epmt_jobfile_info *info;
    struct epmt_error *err;
    struct epmt_flatten flatten;
    struct epmt_proctree *tree;
    struct epmt_strbuf job_text[EPMT_JOB_COLUMN_COUNT];
    struct epmt_db_value job[EPMT_JOB_COLUMN_COUNT];
    struct epmt_strbuf attribute[3];
    int64_t job_id;       // 0: new
    int64_t last_process; // greatest id before ours
    int64_t start, end;   // of all processes
    bool same;
    struct epmt_submit_result result;
};

static int out_of_memory(struct submit *submit) {
    return epmt_errf(submit->err, EPMT_ERR_MEMORY, "out of memory");
}

static int exec(struct submit *submit, const char *sql, const struct epmt_db_value *values,
                int count) {
    return submit->db->backend->exec(submit->db, sql, values, count, submit->err);
}

static int query(struct submit *submit, const char *sql, const struct epmt_db_value *values,
                 int count, epmt_db_row_f row) {
    return submit->db->backend->query(submit->db, sql, values, count, false, row, submit,
                                      submit->err);
}

static int64_t number_of(const char *value) {
    return value ? strtoll(value, NULL, 10) : 0;
}

static int take_job(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct submit *submit = context;

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
    ((struct submit *)context)->job_id = number_of(values[0]);
    return 0;
}

static int take_last_process(void *context, int columns, const char *const *names,
                             const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    ((struct submit *)context)->last_process = number_of(values[0]);
    return 0;
}

// Finds or makes the row of the job, with nothing below it. Sets `same` where nothing is to be
// done.
static int place_job(struct submit *submit) {
    static const char *const deletes[] = {sql_delete_attributes, sql_delete_steps,
                                          sql_delete_imbalance, sql_delete_variables,
                                          sql_delete_processes};
    const char *uuid = submit->info->uuid;
    struct epmt_db_value key[2] = {epmt_db_text(uuid, strlen(uuid)),
                                   epmt_db_int((int64_t)submit->info->digest)};

    if (query(submit, sql_find_job, key, 1, take_job))
        return -1;
    if (submit->same) {
        submit->result.outcome = EPMT_SUBMIT_SAME;
        return 0;
    }
    submit->result = (struct epmt_submit_result){.outcome = EPMT_SUBMIT_NEW};
    if (submit->job_id) {
        struct epmt_db_value id = epmt_db_int(submit->job_id);
        submit->result.outcome = EPMT_SUBMIT_GROWN;
        for (unsigned i = 0; i < sizeof deletes / sizeof *deletes; i++) {
            if (exec(submit, deletes[i], &id, 1))
                return -1;
        }
    } else if (query(submit, sql_insert_job, key, 2, take_id)) {
        return -1;
    }
    return query(submit, sql_last_process, NULL, 0, take_last_process);
}

static void set_job_text(struct submit *submit, int column, struct epmt_bytes bytes) {
    struct epmt_strbuf *memory = &submit->job_text[column];

    epmt_strbuf_reset(memory);
    epmt_strbuf_add_clean(memory, bytes);
    if (!memory->failed)
        submit->job[column] = epmt_db_text(epmt_strbuf_text(memory), memory->len);
}

// Takes an attribute of the scope "job" over into the column of its name.
static void set_job_column(struct submit *submit, struct epmt_bytes key, struct epmt_bytes value) {
    for (int i = 0; i < EPMT_JOB_COLUMN_COUNT; i++) {
        const struct epmt_job_column *column = &epmt_job_columns[i];
        if (column->from != EPMT_JOB_COLUMN_ATTRIBUTE || strlen(column->name) != key.len ||
            memcmp(column->name, key.data, key.len))
            continue;
        set_job_text(submit, i, value);
        int64_t number;
        if (column->type == EPMT_TYPE_INT)
            submit->job[i] = epmt_parse_whole_i64(epmt_strbuf_text(&submit->job_text[i]), &number)
                                 ? epmt_db_int(number)
                                 : (struct epmt_db_value){.kind = EPMT_DB_NULL};
    }
}

static int add_attributes(struct submit *submit) {
    struct epmt_row row;
    int more;

    while ((more = epmt_jobfile_next_attribute(submit->file, &row, submit->err)) == 1) {
        struct epmt_db_value values[4] = {epmt_db_int(submit->job_id),
                                          epmt_flatten_text(&submit->attribute[0], row.scope),
                                          epmt_flatten_text(&submit->attribute[1], row.key),
                                          epmt_flatten_text(&submit->attribute[2], row.value)};
        if (row.scope.len == 3 && !memcmp(row.scope.data, "job", 3))
            set_job_column(submit, row.key, row.value);
        if (exec(submit, sql_insert_attribute, values, 4))
            return -1;
    }
    return more;
}

static void note_life(struct submit *submit, const struct epmt_record *process) {
    if (epmt_record_has(process, EPMT_COL_start) &&
        (!submit->start || process->value[EPMT_COL_start].i < submit->start))
        submit->start = process->value[EPMT_COL_start].i;
    if (epmt_record_has(process, EPMT_COL_end) && process->value[EPMT_COL_end].i > submit->end)
        submit->end = process->value[EPMT_COL_end].i;
}

static int add_processes(struct submit *submit) {
    struct epmt_db_value values[EPMT_COLUMN_COUNT + 2];
    struct epmt_record process;
    int more;

    while ((more = epmt_jobfile_next_process(submit->file, &process, submit->err)) == 1) {
        if (epmt_proctree_add(submit->tree, &process))
            return out_of_memory(submit);
        note_life(submit, &process);
        values[0] = epmt_db_int(submit->last_process + epmt_proctree_count(submit->tree));
        values[1] = epmt_db_int(submit->job_id);
        int count = epmt_flatten_row(&submit->flatten, EPMT_ROW_PROCESS, &process,
                                     epmt_column_in_process, values + 2);
        if (exec(submit, submit->db->insert_process.data, values, count + 2))
            return -1;
    }
    submit->result.processes = epmt_proctree_count(submit->tree);
    return more;
}

static int add_threads(struct submit *submit) {
    struct epmt_db_value values[EPMT_COLUMN_COUNT + 1];
    struct epmt_record thread;
    int more;

    while ((more = epmt_jobfile_next_thread(submit->file, &thread, submit->err)) == 1) {
        uint32_t process = EPMT_PROCTREE_NONE;
        if (epmt_record_has(&thread, EPMT_COL_image))
            process = epmt_proctree_find(submit->tree, thread.value[EPMT_COL_image].u);
        if (process == EPMT_PROCTREE_NONE) {
            submit->result.orphans++;
            continue;
        }
        values[0] = epmt_db_int(submit->last_process + 1 + process);
        int count = epmt_flatten_row(&submit->flatten, EPMT_ROW_THREAD, &thread,
                                     epmt_column_in_thread, values + 1);
        if (exec(submit, submit->db->insert_thread.data, values, count + 1))
            return -1;
        submit->result.threads++;
    }
    return more;
}

// The process of an image as a value: NULL where the file has no row of it.
static struct epmt_db_value process_of(const struct submit *submit,
                                       const struct epmt_record *record, int image) {
    uint32_t process = EPMT_PROCTREE_NONE;

    if (epmt_record_has(record, image))
        process = epmt_proctree_find(submit->tree, record->value[image].u);
    if (process == EPMT_PROCTREE_NONE)
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return epmt_db_int(submit->last_process + 1 + process);
}

// The keys that stand before the columns. Returns how many; 0: the row belongs to nothing.
static int mpi_keys(const struct submit *submit, enum epmt_row_kind kind,
                    const struct epmt_record *record, struct epmt_db_value *keys) {
    keys[0] = epmt_db_int(submit->job_id);
    if (kind == EPMT_ROW_MPI_IMBALANCE)
        return 1;
    if (kind == EPMT_ROW_MPI_VARIABLE) {
        keys[1] = process_of(submit, record, EPMT_MPI_VARIABLE_COL_image);
        return 2;
    }
    keys[0] = process_of(submit, record, 0); // in all others image is the first column
    return keys[0].kind != EPMT_DB_NULL;
}

static int add_mpi(struct submit *submit) {
    struct epmt_db_value values[EPMT_COLUMN_COUNT + 2];
    struct epmt_record record;
    int more = 0;

    for (int i = 0; i < EPMT_MPI_TABLE_COUNT && !more; i++) {
        enum epmt_row_kind kind = EPMT_ROW_MPI_FUNCTION + i;
        while ((more = epmt_jobfile_next_mpi(submit->file, kind, &record, submit->err)) == 1) {
            int keys = mpi_keys(submit, kind, &record, values);
            submit->result.orphans += !keys;
            if (!keys)
                continue;
            int count = epmt_flatten_row(&submit->flatten, kind, &record, epmt_ddl_in_mpi_table,
                                         values + keys);
            if (exec(submit, submit->db->insert_mpi[i].data, values, keys + count))
                return -1;
        }
    }
    return more;
}

static int set_parents(struct submit *submit) {
    if (epmt_proctree_link(submit->tree))
        return out_of_memory(submit);
    for (uint32_t i = 0; i < epmt_proctree_count(submit->tree); i++) {
        uint32_t parent = epmt_proctree_parent(submit->tree, i);
        if (parent == EPMT_PROCTREE_NONE)
            continue;
        struct epmt_db_value values[2] = {epmt_db_int(submit->last_process + 1 + i),
                                          epmt_db_int(submit->last_process + 1 + parent)};
        if (exec(submit, sql_set_parent, values, 2))
            return -1;
    }
    return 0;
}

static void set_header_text(struct submit *submit, int column, const char *text) {
    if (text && *text)
        set_job_text(submit, column, (struct epmt_bytes){text, strlen(text)});
}

static int finish_job(struct submit *submit) {
    const struct epmt_jobfile_info *info = submit->info;
    struct epmt_db_value *job = submit->job;
    struct epmt_db_value values[EPMT_JOB_COLUMN_COUNT + 2];
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
    if (job[EPMT_JOB_COL_start].kind == EPMT_DB_NULL && submit->start)
        job[EPMT_JOB_COL_start] = epmt_db_int(submit->start);
    if (job[EPMT_JOB_COL_end].kind == EPMT_DB_NULL && submit->end)
        job[EPMT_JOB_COL_end] = epmt_db_int(submit->end);
    values[0] = epmt_db_int(submit->job_id);
    values[1] = epmt_db_int((int64_t)info->digest);
    memcpy(values + 2, job, sizeof submit->job);
    return exec(submit, submit->db->update_job.data, values, EPMT_JOB_COLUMN_COUNT + 2);
}

static int add_everything(struct submit *submit) {
    struct epmt_db_value id = epmt_db_int(submit->job_id);

    submit->tree = epmt_proctree_create();
    if (!submit->tree)
        return out_of_memory(submit);
    return add_attributes(submit) || add_processes(submit) || add_threads(submit) ||
                   add_mpi(submit) || set_parents(submit) ||
                   exec(submit, sql_insert_steps, &id, 1) || finish_job(submit)
               ? -1
               : 0;
}

static void submit_free(struct submit *submit) {
    epmt_proctree_destroy(submit->tree);
    epmt_flatten_free(&submit->flatten);
    for (int i = 0; i < EPMT_JOB_COLUMN_COUNT; i++)
        epmt_strbuf_free(&submit->job_text[i]);
    for (int i = 0; i < 3; i++)
        epmt_strbuf_free(&submit->attribute[i]);
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
    struct submit *submit = calloc(1, sizeof *submit);
    int status = -1;

    if (!submit)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    submit->db = db;
    submit->file = file;
    submit->info = epmt_jobfile_info(file);
    submit->err = err;
    if (!is_key(submit->info->uuid)) {
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "the job file has no uuid");
        goto out;
    }
    if (epmt_db_unit_begin(db, err))
        goto out;
    if (!place_job(submit)) {
        if (submit->same) {
            epmt_db_unit_rollback(db);
            status = 0;
        } else if (!add_everything(submit) && !epmt_db_unit_commit(db, err)) {
            status = 0;
        }
    }
    if (status)
        epmt_db_unit_rollback(db);
    else
        *result = submit->result;
out:
    submit_free(submit);
    return status;
}
