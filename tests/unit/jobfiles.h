// SPDX-License-Identifier: Apache-2.0
// Job files for unit tests: made from tests/unit/jobs.h, compared with the job they came from.
// To be included behind cmocka.h.
#ifndef EPMT_TESTS_UNIT_JOBFILES_H
#define EPMT_TESTS_UNIT_JOBFILES_H

#include "storage/jobfile.h"
#include "tests/unit/mpijobs.h"
#include "tests/unit/tempdir.h"

static struct epmt_error err;
static struct tempdir dir;

static inline int make_dir(void **state) {
    (void)state;
    return tempdir_make(&dir);
}

static inline int remove_dir(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

// A finished job; with two threads a rank or more, with rows in all tables of MPI.
static inline struct epmt_jobfold *filled(uint64_t ranks, uint64_t threads) {
    struct epmt_jobfold *fold = epmt_fold_create();

    assert_non_null(fold);
    if (ranks)
        assert_int_equal(jobs_fill(fold, ranks, threads), 0);
    if (threads >= 2) {
        assert_int_equal(jobs_fill_functions(fold, ranks, 4), 0);
        assert_int_equal(jobs_fill_more(fold, ranks), 0);
    }
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    return fold;
}

// The file holds what the fold does.
static inline void expect_same(const struct epmt_jobfold *fold, const char *path) {
    struct epmt_jobfold *again = epmt_fold_create();
    struct epmt_jobfile *file = epmt_jobfile_open(path, &err);

    assert_non_null(again);
    if (!file)
        fail_msg("%s", err.text);
    assert_int_equal(epmt_jobfile_info(file)->process_count, epmt_fold_process_count(fold));
    assert_int_equal(epmt_jobfile_info(file)->thread_count, epmt_fold_thread_count(fold));
    assert_int_equal(epmt_jobfile_info(file)->attribute_count, epmt_fold_attribute_count(fold));
    if (epmt_fold_add_jobfile(again, file, &err))
        fail_msg("%s", err.text);
    assert_int_equal(epmt_fold_finish(again, true, &err), 0);
    assert_int_equal(epmt_fold_digest(again), epmt_fold_digest(fold));
    assert_int_equal(epmt_jobfile_info(file)->digest, epmt_fold_digest(fold));
    epmt_jobfile_close(file);
    epmt_fold_destroy(again);
}

// All bytes of a file of less than 1 MiB.
static inline char *slurp(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    char *data = malloc(1 << 20);

    assert_non_null(file);
    assert_non_null(data);
    *len = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}

static inline void spill(const char *path, const char *data, size_t len) {
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

// The file is refused, with a text of one line that names it.
static inline void expect_refused(const char *path, enum epmt_err code) {
    struct epmt_jobfile *file;

    err.code = EPMT_ERR_OK;
    file = epmt_jobfile_open(path, &err);
    assert_null(file);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, path));
    assert_null(strchr(err.text, '\n'));
}

#endif
