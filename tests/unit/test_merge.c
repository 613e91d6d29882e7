// SPDX-License-Identifier: Apache-2.0
// Parts of a job: whichever way they are put together, the job file is the same to the byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>

#include "storage/annotate.h"
#include "storage/merge.h"
#include "tests/unit/jobfiles.h"
#include "tests/unit/rows.h"

#define PARTS 4
#define RANKS 16

// The rows of a part: some ranks, as they were early or late, some of the facts. Each row is in two
// parts, so that the parts overlap.
static void fill_part(struct epmt_jobfold *fold, int part) {
    struct epmt_record record;

    assert_int_equal(epmt_fold_set_attribute(fold, "job", "jobid", "77", &err), 0);
    assert_int_equal(epmt_fold_set_attribute(fold, "job", part % 2 ? "start" : "cluster",
                                             part % 2 ? "1700000000000000" : "gaea", &err),
                     0);
    // A stream need not say which job it is of; by itself it would get a UUID of its own.
    if (part != 3)
        assert_int_equal(epmt_fold_set_attribute(fold, "job", "uuid", "a-uuid", &err), 0);
    if (part == 2)
        assert_int_equal(epmt_fold_set_attribute(fold, "job", "ended", "1", &err), 0);
    for (uint64_t i = 0; i < RANKS; i++) {
        bool late = (int)(i % PARTS) == part;
        if (!late && (int)((i + 1) % PARTS) != part)
            continue;
        jobs_process(&record, i, RANKS);
        if (!late) { // it still ran, and knew less
            epmt_record_set_u(&record, EPMT_COL_revision, 1);
            epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_running);
            epmt_record_unset(&record, EPMT_COL_exitcode);
            epmt_record_unset(&record, EPMT_COL_end);
        } else if (i == 5) {
            epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_signaled);
            epmt_record_set_i(&record, EPMT_COL_exitsignal, 11);
            epmt_record_set_text(&record, EPMT_COL_crashstack, "/x+0x10 f+0x1\0/x+0x20\0", 22);
        }
        if (i == 3)
            epmt_record_set_text(&record, EPMT_COL_tags, rows_text(), 700);
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
        for (uint64_t t = 0; late && t < 3; t++) {
            jobs_thread(&record, i, t);
            assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_THREAD, &record, &err), 0);
        }
        for (int f = 0; f < 5; f++) {
            jobs_function(&record, i, f);
            if (!late)
                epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_calls, 1);
            assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_MPI_FUNCTION, &record, &err), 0);
        }
    }
    if (part == 3)
        assert_int_equal(jobs_fill_more(fold, 5), 0);
}

static char names[PARTS][PATH_MAX];

// Two parts are job files (one of them finished as if the job were over), two are streams.
static void make_parts(void) {
    for (int part = 0; part < PARTS; part++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        char name[32];

        snprintf(name, sizeof name, "part%d.%s", part, part < 2 ? "h5" : "stream");
        snprintf(names[part], sizeof names[part], "%s", tempdir_name(&dir, name));
        fill_part(fold, part);
        if (part < 2) {
            assert_int_equal(epmt_fold_finish(fold, part == 1, &err), 0);
            assert_int_equal(epmt_jobfile_write(fold, names[part], &err), 0);
        } else {
            int fd = open(names[part], O_WRONLY | O_CREAT | O_TRUNC, 0600);
            assert_true(fd >= 0);
            assert_int_equal(epmt_fold_save(fold, fd, &err), 0);
            close(fd);
        }
        epmt_fold_destroy(fold);
    }
}

static void merge_to(const char *const *paths, int count, const char *target) {
    struct epmt_merge merge;

    assert_int_equal(epmt_merge_init(&merge), 0);
    for (int i = 0; i < count; i++) {
        if (epmt_merge_add(&merge, paths[i], &err))
            fail_msg("%s", err.text);
    }
    if (epmt_merge_finish(&merge, NULL, false, &err) ||
        epmt_merge_check_target(&merge, target, &err) ||
        epmt_jobfile_write(merge.fold, target, &err))
        fail_msg("%s", err.text);
    assert_int_equal(merge.damage.gaps, 0);
    epmt_merge_fini(&merge);
}

static void expect_same_bytes(const char *a, const char *b) {
    size_t len[2];
    char *data[2] = {slurp(a, &len[0]), slurp(b, &len[1])};

    assert_int_equal(len[0], len[1]);
    assert_memory_equal(data[0], data[1], len[0]);
    free(data[0]);
    free(data[1]);
}

// All orders, each part once or twice, and step by step over files in between.
static void order_has_no_say(void **state) {
    char whole[PATH_MAX], other[PATH_MAX];
    const char *paths[2 * PARTS] = {names[0], names[1], names[2], names[3]};

    (void)state;
    make_parts();
    snprintf(whole, sizeof whole, "%s", tempdir_name(&dir, "whole.h5"));
    snprintf(other, sizeof other, "%s", tempdir_name(&dir, "other.h5"));
    merge_to(paths, PARTS, whole);
    for (int order = 0; order < 24; order++) {
        int left[PARTS] = {0, 1, 2, 3}, rest = order;
        for (int i = 0; i < PARTS; i++) {
            int pick = rest % (PARTS - i), part = left[pick];
            rest /= PARTS - i;
            memmove(left + pick, left + pick + 1, (size_t)(PARTS - 1 - pick) * sizeof *left);
            paths[i] = names[part];
        }
        paths[PARTS] = paths[order % PARTS];
        merge_to(paths, PARTS + order % 2, other);
        expect_same_bytes(whole, other);
        // Step by step: ((a + b) + c) + d, and the whole once more.
        unlink(other);
        merge_to(paths, 2, other);
        for (int i = 2; i < PARTS; i++)
            merge_to((const char *[]){paths[i], other}, 2, other);
        expect_same_bytes(whole, other);
        merge_to((const char *[]){other, whole, paths[0]}, 3, other);
        expect_same_bytes(whole, other);
    }
}

static void holds_all(void **state) {
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(&dir, "whole.h5"), &err);
    const struct epmt_jobfile_info *info = epmt_jobfile_info(file);

    (void)state;
    assert_int_equal(info->process_count, RANKS);
    assert_int_equal(info->thread_count, 3 * RANKS);
    assert_int_equal(info->ranks_reported, RANKS);
    assert_true(info->ended && info->complete);
    assert_string_equal(info->jobid, "77");
    assert_string_equal(info->uuid, "a-uuid");
    epmt_jobfile_close(file);
}

static int add(struct epmt_merge *merge, const char *path) {
    err.code = EPMT_ERR_OK;
    return epmt_merge_add(merge, path, &err);
}

static void make_job(const char *path, const char *jobid, const char *uuid) {
    struct epmt_jobfold *fold = filled(2, 1);

    epmt_fold_drop_attribute(fold, "job", "jobid");
    assert_int_equal(epmt_fold_set_attribute(fold, "job", "jobid", jobid, &err), 0);
    assert_int_equal(epmt_fold_set_attribute(fold, "job", "uuid", uuid, &err), 0);
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    epmt_fold_destroy(fold);
}

static void refuses_another_job(void **state) {
    char a[PATH_MAX], b[PATH_MAX];
    struct epmt_merge merge;

    (void)state;
    snprintf(a, sizeof a, "%s", tempdir_name(&dir, "a.h5"));
    snprintf(b, sizeof b, "%s", tempdir_name(&dir, "b.h5"));
    make_job(a, "1", "uuid-one");
    make_job(b, "1", "uuid-two");
    for (int forced = 0; forced < 2; forced++) {
        for (int order = 0; order < 2; order++) {
            assert_int_equal(epmt_merge_init(&merge), 0);
            merge.any_job = forced;
            assert_int_equal(add(&merge, order ? a : b), 0);
            assert_int_equal(add(&merge, order ? b : a), forced ? 0 : -1);
            assert_int_equal(err.code, forced ? EPMT_ERR_OK : EPMT_ERR_EXISTS);
            if (forced) {
                assert_int_equal(epmt_merge_finish(&merge, NULL, false, &err), 0);
                assert_string_equal(merge.uuid, "uuid-two");
                assert_int_equal(epmt_merge_check_target(&merge, a, &err), -1);
                assert_int_equal(epmt_merge_check_target(&merge, b, &err), 0);
            } else {
                assert_non_null(strstr(err.text, "of another job: its uuid is uuid-"));
            }
            epmt_merge_fini(&merge);
        }
    }
    make_job(b, "2", "");
    make_job(a, "1", "");
    assert_int_equal(epmt_merge_init(&merge), 0);
    assert_int_equal(add(&merge, a), 0);
    assert_int_equal(add(&merge, b), -1);
    assert_non_null(strstr(err.text, "its jobid is 2, not 1"));
    epmt_merge_fini(&merge);
}

// What `epmt start` notes of a run. Numbers that are not known are INT64_MIN.
static const char *make_metadata(const char *name, const char *uuid, int64_t restart, int64_t stop,
                                 const char *annotation) {
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8], *copy = strdup(annotation);
    struct epmt_jobmeta meta;

    snprintf(path, PATH_MAX, "%s", tempdir_name(&dir, name));
    epmt_jobmeta_init(&meta);
    assert_int_equal(epmt_jobmeta_set_text(&meta.jobid, "77", &err), 0);
    assert_int_equal(epmt_jobmeta_set_text(&meta.uuid, uuid, &err), 0);
    meta.start = 1000000000;
    meta.restart = restart;
    meta.stop = stop;
    meta.annotations.entries = calloc(2, sizeof *meta.annotations.entries);
    meta.annotations.entries[0] = copy;
    assert_int_equal(epmt_jobmeta_write(&meta, path, &err), 0);
    epmt_jobmeta_fini(&meta);
    return path;
}

static void expect_attribute(const struct epmt_merge *merge, const char *scope, const char *key,
                             const char *wanted) {
    struct epmt_bytes value = epmt_fold_attribute(merge->fold, scope, key);

    assert_int_equal(value.len, strlen(wanted));
    assert_true(!value.len || !memcmp(value.data, wanted, value.len));
}

static void begin_merge(struct epmt_merge *merge, const char *const paths[], int count) {
    assert_int_equal(epmt_merge_init(merge), 0);
    for (int i = 0; i < count; i++) {
        if (add(merge, paths[i]))
            fail_msg("%s", err.text);
    }
    assert_int_equal(epmt_merge_finish(merge, NULL, false, &err), 0);
}

// A job that the scheduler started again: each run has a UUID of its own, the latest one decides.
static void joins_the_runs_of_a_job(void **state) {
    const char *runs[] = {
        make_metadata("r0.json", "uuid-x", INT64_MIN, 2000000000, "k=a"),
        make_metadata("r9.json", "uuid-y", 9, 3000000000, "k=c"),
        make_metadata("r10.json", "uuid-a", 10, INT64_MIN, "k=b"),
    };
    const char *other = make_metadata("other.json", "uuid-z", 0, INT64_MIN, "k=a");
    struct epmt_merge merge;

    (void)state;
    for (int order = 0; order < 3; order++) {
        const char *paths[] = {runs[order], runs[(order + 1) % 3], runs[(order + 2) % 3]};
        begin_merge(&merge, paths, 3);
        assert_string_equal(merge.uuid, "uuid-x");
        expect_attribute(&merge, "job", "uuid", "uuid-x");
        expect_attribute(&merge, "job", "restart", "10");
        expect_attribute(&merge, "job", "ended", "");
        expect_attribute(&merge, "job", "end", "");
        expect_attribute(&merge, EPMT_ANNOTATION_SCOPE, "k", "b");
        // One that is folded already: its UUID stays, whatever run it is of.
        assert_int_equal(epmt_jobfile_write(merge.fold, tempdir_name(&dir, "runs.h5"), &err), 0);
        epmt_merge_fini(&merge);
        paths[order] = tempdir_name(&dir, "runs.h5");
        begin_merge(&merge, paths, 3);
        assert_string_equal(merge.uuid, "uuid-x");
        expect_attribute(&merge, "job", "restart", "10");
        epmt_merge_fini(&merge);
    }
    for (int order = 0; order < 2; order++) {
        assert_int_equal(epmt_merge_init(&merge), 0);
        assert_int_equal(add(&merge, runs[2]), 0);
        assert_int_equal(add(&merge, order ? other : runs[0]), 0);
        assert_int_equal(add(&merge, order ? runs[0] : other), -1);
        assert_int_equal(err.code, EPMT_ERR_EXISTS);
        epmt_merge_fini(&merge);
    }
}

// Of a run that was over in a job file, and goes on in another run.
static void goes_on_after_a_run(void **state) {
    struct epmt_jobfold *fold = filled(2, 1);
    struct epmt_merge merge;
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "over.h5"));
    assert_int_equal(epmt_fold_set_attribute(fold, "job", "uuid", "uuid-old", &err), 0);
    assert_int_equal(
        epmt_fold_set_attribute(fold, EPMT_ANNOTATION_SCOPE, EPMT_ANNOTATION_TAGS, "a:1", &err), 0);
    assert_int_equal(epmt_fold_set_attribute(fold, "job", "tags", "a:1", &err), 0);
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    epmt_fold_destroy(fold);
    const char *again = make_metadata("again.json", "uuid-new", 1, INT64_MIN, "EPMT_JOB_TAGS=b:2");
    for (int order = 0; order < 2; order++) {
        begin_merge(&merge, (const char *[]){order ? again : path, order ? path : again}, 2);
        assert_string_equal(merge.uuid, "uuid-old");
        expect_attribute(&merge, "job", "ended", "");
        expect_attribute(&merge, "job", "tags", "a:1");
        expect_attribute(&merge, EPMT_ANNOTATION_SCOPE, EPMT_ANNOTATION_TAGS, "a:1");
        epmt_merge_fini(&merge);
    }
}

static void annotations_have_no_order(void **state) {
    const char *a = make_metadata("a.json", "uuid-x", 0, INT64_MIN, "k=a");
    const char *b = make_metadata("b.json", "uuid-x", INT64_MIN, INT64_MIN, "k=b");
    const char *c = make_metadata("c.json", "uuid-x", 0, INT64_MIN, "l=c");
    struct epmt_merge merge;

    (void)state;
    for (int order = 0; order < 3; order++) {
        const char *paths[] = {a, b, c, a, b};
        begin_merge(&merge, paths + order, 3);
        expect_attribute(&merge, EPMT_ANNOTATION_SCOPE, "k", "b");
        expect_attribute(&merge, EPMT_ANNOTATION_SCOPE, "l", "c");
        epmt_merge_fini(&merge);
    }
}

static void refuses_what_is_no_part(void **state) {
    struct epmt_merge merge;
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "text"));
    spill(path, "no part of anything, but some text", 34);
    assert_int_equal(epmt_merge_init(&merge), 0);
    assert_int_equal(add(&merge, path), -1);
    assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
    assert_int_equal(add(&merge, tempdir_name(&dir, "nothing")), -1);
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
    assert_int_equal(epmt_merge_finish(&merge, NULL, false, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_USAGE);
    assert_int_equal(epmt_merge_check_target(&merge, path, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_EXISTS);
    epmt_merge_fini(&merge);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_has_no_say),        cmocka_unit_test(holds_all),
        cmocka_unit_test(refuses_another_job),     cmocka_unit_test(joins_the_runs_of_a_job),
        cmocka_unit_test(goes_on_after_a_run),     cmocka_unit_test(annotations_have_no_order),
        cmocka_unit_test(refuses_what_is_no_part),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
