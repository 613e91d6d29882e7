// SPDX-License-Identifier: Apache-2.0
// A submission under way. For storage/db_submit*.c alone.
#ifndef EPMT_STORAGE_DB_SUBMIT_H
#define EPMT_STORAGE_DB_SUBMIT_H

#include "storage/db_backend.h"
#include "storage/flatten.h"
#include "storage/jobsum.h"
#include "storage/proctree.h"
#include "storage/slots.h"
#include "storage/tags.h"

// Tags that wait until the rows of their processes are in.
struct epmt_waiting_tags {
    struct epmt_strbuf text;
    struct epmt_waiting_tag {
        int64_t process;
        size_t key, key_len, value, value_len; // in text
    } * tags;
    size_t count, cap;
};

struct epmt_submit {
    struct epmt_db *db;
    struct epmt_jobfile *file;
    const struct epmt_jobfile_info *info;
    struct epmt_error *err;
    struct epmt_flatten flatten;
    struct epmt_proctree *tree;
    struct epmt_jobsum *sum;
    struct epmt_tags tags; // of one text
    struct epmt_waiting_tags waiting;
    struct epmt_slots attributes; // that were put in
    struct epmt_strbuf attribute[3];
    struct epmt_strbuf job_text[EPMT_JOB_COLUMN_COUNT];
    struct epmt_db_value job[EPMT_JOB_COLUMN_COUNT];
    struct epmt_found {
        bool valid;
        uint64_t image;
        uint32_t process;
    } last;         // the process that was looked for last
    int64_t job_id; // 0: new
    int64_t first;  // id of its first process
    bool same;
    struct epmt_submit_result result;
};

// Puts in all rows of the file but those of jobs and steps. Returns 0 or -1 with submit->err.
int epmt_submit_rows(struct epmt_submit *submit);
void epmt_submit_rows_free(struct epmt_submit *submit);

// Parts of it: the tags of the job; those of a process, which wait until its row is in; and those
// that wait. Return 0 or -1 with submit->err.
int epmt_submit_job_tags(struct epmt_submit *submit);
int epmt_submit_wait_with_tags(struct epmt_submit *submit, int64_t process,
                               const struct epmt_db_value *text);
int epmt_submit_process_tags(struct epmt_submit *submit);

// Takes an attribute of the scope "job" over into the column of its name.
void epmt_submit_job_column(struct epmt_submit *submit, struct epmt_bytes key,
                            struct epmt_bytes value);

#endif
