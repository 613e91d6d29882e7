// SPDX-License-Identifier: Apache-2.0
// Taking jobs out of the database, one by one or those that are old; and finding jobs and processes
// by their tags.
#ifndef EPMT_STORAGE_RETIRE_H
#define EPMT_STORAGE_RETIRE_H

#include "storage/db.h"
#include "storage/strbuf.h"

// Takes a job out, with all that hangs on it, in one transaction; one that a reference model was
// made from only by `force` (the model keeps what it knows). Returns 0; or -1 with err (NOT_FOUND
// where there is no such job any more, EXISTS with the model's name) and nothing changed.
int epmt_db_delete_job(struct epmt_db *db, int64_t id, bool force, struct epmt_error *err);

// The name of a model that was made from the job, "" where there is none. Returns 0 or -1 with err.
int epmt_db_model_of(struct epmt_db *db, int64_t job, struct epmt_strbuf *name,
                     struct epmt_error *err);

// Told of each job (or model) that was taken out, or would be.
typedef void (*epmt_db_retired_f)(void *context, const char *jobid);

// Takes out all jobs that ended before `before` (us since epoch; without an end the start counts,
// without that when they were submitted here), `chunk` of them in one transaction, so that others
// are not kept waiting; but for those that reference models were made from. `dry`: only tells, as
// if the models made before `models_before` (INT64_MIN: none) were gone. Returns 0, or -1 with err;
// what was told of is gone then too.
int epmt_db_retire(struct epmt_db *db, int64_t before, int64_t models_before, unsigned chunk,
                   bool dry, epmt_db_retired_f retired, void *context, struct epmt_error *err);

// The same of reference models that were made before then, in one transaction.
int epmt_db_retire_models(struct epmt_db *db, int64_t before, bool dry, epmt_db_retired_f retired,
                          void *context, struct epmt_error *err);

enum epmt_tagged { EPMT_TAGGED_JOBS, EPMT_TAGGED_PROCESSES };

// Finds the ids of the jobs, or of the processes, that have all of the tags: each is "key:value",
// or "key" for any value. *ids (to be freed by free) are in ascending order, NULL where there are
// none. Returns 0 or -1 with err.
int epmt_db_find_tagged(struct epmt_db *db, enum epmt_tagged what, const char *const *tags,
                        int tag_count, int64_t **ids, size_t *count, struct epmt_error *err);

#endif
