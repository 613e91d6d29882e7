// SPDX-License-Identifier: Apache-2.0
// Who the rows of an answer are: asked for those alone, row by row.
#include <stdlib.h>
#include <string.h>

#include "analysis/outliers_priv.h"

static const char sql_job[] =
    "SELECT j.\"id\", j.\"jobid\", j.\"hostname\", NULL, NULL, NULL, NULL "
    "FROM \"jobs\" j WHERE j.\"id\" = $1";
#define PROCESS \
    "SELECT p.\"job_id\", j.\"jobid\", p.\"hostname\", p.\"exename\", p.\"pid\", p.\"mpirank\""
static const char sql_process[] =
    PROCESS ", NULL FROM \"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\" "
            "WHERE p.\"id\" = $1";
static const char sql_thread[] =
    PROCESS ", t.\"tid\" FROM \"threads\" t JOIN \"processes\" p ON p.\"id\" = t.\"process_id\" "
            "JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\" WHERE t.\"id\" = $1";

static const char *const sql_of[EPMT_COMPARED_COUNT] = {
    [EPMT_COMPARED_JOBS] = sql_job,          [EPMT_COMPARED_OPERATIONS] = sql_job,
    [EPMT_COMPARED_PROCESSES] = sql_process, [EPMT_COMPARED_THREADS] = sql_thread,
    [EPMT_COMPARED_RANKS] = sql_process,
};

struct labelling {
    struct epmt_outlier *row;
    bool failed;
};

static char *copy(struct labelling *labelling, const char *text) {
    char *copied = text ? strdup(text) : NULL;

    labelling->failed = labelling->failed || (text && !copied);
    return copied;
}

static int64_t number(const char *text) {
    return text ? strtoll(text, NULL, 10) : -1;
}

static int take_label(void *context, int columns, const char *const *names,
                      const char *const *texts, const bool *numeric) {
    struct labelling *labelling = context;
    struct epmt_outlier *row = labelling->row;

    (void)columns, (void)names, (void)numeric;
    row->job_id = number(texts[0]);
    row->jobid = copy(labelling, texts[1]);
    row->hostname = copy(labelling, texts[2]);
    row->exename = copy(labelling, texts[3]);
    row->pid = number(texts[4]);
    row->mpirank = number(texts[5]);
    row->tid = number(texts[6]);
    return 1;
}

int epmt_outliers_label(struct epmt_db *db, enum epmt_compared compared, struct epmt_outlier *rows,
                        size_t count, struct epmt_error *err) {
    for (size_t i = 0; i < count; i++) {
        struct epmt_db_value id = epmt_db_int(rows[i].id);
        struct labelling labelling = {.row = &rows[i]};
        rows[i].pid = rows[i].mpirank = rows[i].tid = -1;
        if (db->backend->query(db, sql_of[compared], &id, 1, false, take_label, &labelling, err))
            return -1;
        if (labelling.failed)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    return 0;
}
