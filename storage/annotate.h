// SPDX-License-Identifier: Apache-2.0
// Annotations: what somebody notes about a job, key and value, while it runs, in its job file or in
// the database. They are attributes with scope "annotation"; the key EPMT_JOB_TAGS makes the value
// the tags of the job too.
#ifndef EPMT_STORAGE_ANNOTATE_H
#define EPMT_STORAGE_ANNOTATE_H

#include "storage/db.h"

#define EPMT_ANNOTATION_SCOPE "annotation"
#define EPMT_ANNOTATION_TAGS "EPMT_JOB_TAGS"

struct epmt_annotation {
    char *key;
    const char *value;
};

struct epmt_annotations {
    struct epmt_annotation *items;
    int count;
    bool replace; // those that are there are dropped
};

// Takes words KEY=VALUE, of which neither may be empty, as they are; of two with one key the last
// stands. Returns 0 or -1 with err (USAGE, MEMORY).
int epmt_annotations_parse(struct epmt_annotations *annotations, char *const *words, int count,
                           struct epmt_error *err);
void epmt_annotations_free(struct epmt_annotations *annotations);

// Notes them in a job file, which is written anew. Returns 0, or -1 with err and the file as it
// was.
int epmt_annotate_jobfile(const char *path, const struct epmt_annotations *annotations,
                          struct epmt_error *err);

// Notes them in a job directory: in the metadata of a job that is not stopped, and in the job file
// where there is one; what a job left without either is folded first. Returns 0 or -1 with err.
int epmt_annotate_jobdir(const char *dir, const char *jobid,
                         const struct epmt_annotations *annotations, struct epmt_error *err);

// Notes them of the job with that id in the database, where they stand over those of its job file
// from now on. Returns 0, or -1 with err (NOT_FOUND) and nothing changed.
int epmt_db_annotate(struct epmt_db *db, int64_t id, const struct epmt_annotations *annotations,
                     struct epmt_error *err);

// Rows of job_attributes with these scopes say what was annotated in the database: they stay when a
// job is submitted again, and are no facts of the job file.
#define EPMT_ANNOTATED_SCOPE "annotated"
#define EPMT_UNANNOTATED_SCOPE "unannotated"

// Puts what was annotated in the database over what a job file has just brought. Within a
// transaction. Returns 0 or -1 with err.
int epmt_db_settle_annotations(struct epmt_db *db, int64_t id, struct epmt_error *err);

#endif
