// SPDX-License-Identifier: Apache-2.0
// storage/fold.h: the MPI tables. Records of a process merge whichever came first, and the
// statistics over the ranks are the same whichever way the rows came.
#include "storage/fold.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "aggregator/stats.h"
#include "tests/unit/mpijobs.h"
#include "tests/unit/rows.h"

#define STEP "prterun-node0000-4242@1"

static struct epmt_error err;

static void add(struct epmt_jobfold *fold, enum epmt_row_kind kind,
                const struct epmt_record *record) {
    if (epmt_fold_add_record(fold, kind, record, &err))
        fail_msg("%s", err.text);
}

static void finish(struct epmt_jobfold *fold) {
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
}

static struct epmt_jobfold *make(uint64_t ranks, int functions) {
    struct epmt_jobfold *fold = epmt_fold_create();

    assert_non_null(fold);
    assert_int_equal(jobs_fill(fold, ranks, 1), 0);
    assert_int_equal(jobs_fill_functions(fold, ranks, functions), 0);
    return fold;
}

static void function_of(struct epmt_record *record, uint64_t calls, uint64_t least, uint64_t most) {
    jobs_function(record, 0, 0);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_calls, calls);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time, calls * 10);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time_min, least);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time_max, most);
}

// An early record, a later one and the same again, in every order.
static void records_of_a_process_merge(void **state) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint64_t digest = 0;

    (void)state;
    for (int order = 0; order < 6; order++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        struct epmt_record records[3], got;
        function_of(&records[0], 5, 30, 40);
        function_of(&records[1], 9, 20, 40);
        epmt_record_unset(&records[0], EPMT_MPI_FUNCTION_COL_bytes_in);
        records[2] = records[1];
        for (int i = 0; i < 3; i++)
            add(fold, EPMT_ROW_MPI_FUNCTION, &records[orders[order][i]]);
        finish(fold);
        assert_int_equal(epmt_fold_mpi_count(fold, EPMT_ROW_MPI_FUNCTION), 1);
        epmt_fold_mpi(fold, EPMT_ROW_MPI_FUNCTION, 0, &got);
        assert_true(rows_same_of(epmt_dictionary_of(EPMT_ROW_MPI_FUNCTION), &got, &records[1]));
        assert_true(!digest || epmt_fold_digest(fold) == digest);
        digest = epmt_fold_digest(fold);
        epmt_fold_destroy(fold);
    }
}

static void keys_keep_rows_apart(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;

    (void)state;
    for (int64_t peer = -1; peer < 3; peer++) {
        epmt_record_clear(&record);
        epmt_record_set_u(&record, EPMT_MPI_MESSAGE_COL_image, 1);
        if (peer >= 0) // missing is a key of its own, not 0
            epmt_record_set_i(&record, EPMT_MPI_MESSAGE_COL_peer, peer);
        epmt_record_set_u(&record, EPMT_MPI_MESSAGE_COL_messages, (uint64_t)peer + 5);
        add(fold, EPMT_ROW_MPI_MESSAGE, &record);
        add(fold, EPMT_ROW_MPI_MESSAGE, &record);
    }
    finish(fold);
    assert_int_equal(epmt_fold_mpi_count(fold, EPMT_ROW_MPI_MESSAGE), 4);
    for (uint64_t i = 0; i < 4; i++) {
        epmt_fold_mpi(fold, EPMT_ROW_MPI_MESSAGE, i, &record);
        assert_int_equal(epmt_record_has(&record, EPMT_MPI_MESSAGE_COL_peer), i > 0);
        assert_int_equal(record.value[EPMT_MPI_MESSAGE_COL_messages].u, i + 4);
    }
    // A process that left no row of its own has one now.
    assert_int_equal(epmt_fold_process_count(fold), 1);
    epmt_fold_destroy(fold);
}

// Of two values of a variable one stands, whichever came first; a number's greater one.
static void variables_take_the_greater_value(void **state) {
    static const char *const values[][3] = {{"9", "10", "10"}, {"a", "b", "b"}, {"", "x", "x"}};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        struct epmt_record record;
        for (size_t k = 0; k < 2; k++) {
            epmt_record_clear(&record);
            jobs_text(&record, EPMT_MPI_VARIABLE_COL_name, "pml");
            jobs_text(&record, EPMT_MPI_VARIABLE_COL_value, values[i / 2][(i + k) % 2]);
            add(fold, EPMT_ROW_MPI_VARIABLE, &record);
        }
        finish(fold);
        assert_int_equal(epmt_fold_mpi_count(fold, EPMT_ROW_MPI_VARIABLE), 1);
        epmt_fold_mpi(fold, EPMT_ROW_MPI_VARIABLE, 0, &record);
        struct epmt_bytes wanted = {values[i / 2][2], strlen(values[i / 2][2])};
        assert_true(rows_same_bytes(record.value[EPMT_MPI_VARIABLE_COL_value].text, wanted));
        assert_int_equal(epmt_fold_process_count(fold), 0);
        epmt_fold_destroy(fold);
    }
}

// The statistics of a function and measure; false where there are none.
static bool find(const struct epmt_jobfold *fold, const char *step, const char *function,
                 const char *measure, struct epmt_record *record) {
    const char *const keys[] = {step, function, measure};

    for (uint64_t i = 0; i < epmt_fold_mpi_count(fold, EPMT_ROW_MPI_IMBALANCE); i++) {
        bool same = true;
        epmt_fold_mpi(fold, EPMT_ROW_MPI_IMBALANCE, i, record);
        for (int k = 0; k < 3; k++)
            same &= rows_same_bytes(record->value[k].text,
                                    (struct epmt_bytes){keys[k], strlen(keys[k])});
        if (same)
            return true;
    }
    return false;
}

static void statistics_are_made_from_the_functions(void **state) {
    enum { ranks = 7 };
    struct epmt_jobfold *fold = make(ranks, 3);
    struct epmt_record record;
    double sum = 0, squares = 0;
    uint64_t least = UINT64_MAX, most = 0;

    (void)state;
    jobs_function(&record, 4, 9); // MPI_Waitall, by rank 4 alone
    add(fold, EPMT_ROW_MPI_FUNCTION, &record);
    uint64_t waits = record.value[EPMT_MPI_FUNCTION_COL_calls].u;
    finish(fold);
    for (uint64_t i = 0; i < ranks; i++) {
        jobs_function(&record, i, 1);
        uint64_t time = record.value[EPMT_MPI_FUNCTION_COL_time].u;
        least = time < least ? time : least;
        most = time > most ? time : most;
        sum += (double)time;
        squares += (double)time * (double)time;
    }
    assert_true(find(fold, STEP, "MPI_Barrier", "time", &record));
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_ranks].u, ranks);
    assert_true(record.value[EPMT_MPI_IMBALANCE_COL_min].u == least);
    assert_true(record.value[EPMT_MPI_IMBALANCE_COL_max].u == most);
    double mean = sum / ranks, stddev = sqrt(squares / ranks - mean * mean);
    assert_true(fabs(record.value[EPMT_MPI_IMBALANCE_COL_mean].r - mean) < mean * 1e-9);
    assert_true(fabs(record.value[EPMT_MPI_IMBALANCE_COL_stddev].r - stddev) < stddev * 1e-6);
    assert_false(epmt_record_has(&record, EPMT_MPI_IMBALANCE_COL_m2));

    assert_true(find(fold, STEP, "MPI_Waitall", "calls", &record));
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_ranks].u, ranks);
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_min].u, 0);
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_min_rank].i, 0);
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_max_rank].i, 4);
    assert_true(record.value[EPMT_MPI_IMBALANCE_COL_max].u == waits);
    assert_true(find(fold, STEP, "all", "calls", &record));
    assert_int_equal(epmt_fold_mpi_count(fold, EPMT_ROW_MPI_IMBALANCE), 5 * 4);
    epmt_fold_destroy(fold);
}

// The statistics as the root of the reduction sends them, of ranks [0, ranks).
static void add_from_tree(struct epmt_jobfold *fold, uint64_t ranks, int functions) {
    struct epmt_stats *stats = epmt_stats_init(malloc(epmt_stats_memory(64)), 64);
    struct epmt_row row = {.kind = EPMT_ROW_MPI_FUNCTION};

    for (uint64_t i = ranks; i-- > 0;) { // not in the order of the fold
        struct epmt_row process = {.kind = EPMT_ROW_PROCESS};
        epmt_stats_set_rank(stats, jobs_mix(i + 1), (int32_t)i);
        jobs_process(&process.record, i, ranks);
        epmt_stats_take(stats, 0, &process);
        for (int f = 0; f < functions; f++) {
            row.kind = EPMT_ROW_MPI_FUNCTION;
            jobs_function(&row.record, i, f);
            epmt_stats_take(stats, 0, &row);
        }
        epmt_stats_close(stats);
    }
    while (epmt_stats_next(stats, &row)) {
        if (epmt_fold_add(fold, &row, &err))
            fail_msg("%s", err.text);
    }
    free(stats);
}

// Journal alone, tree alone, both, both twice, before and after: one job.
static void every_way_is_the_same_job(void **state) {
    struct epmt_jobfold *plain = make(13, 5);
    uint64_t digest;

    (void)state;
    finish(plain);
    digest = epmt_fold_digest(plain);
    epmt_fold_destroy(plain);
    for (int way = 0; way < 4; way++) {
        struct epmt_jobfold *fold = way & 1 ? epmt_fold_create() : make(13, 5);
        add_from_tree(fold, 13, 5);
        if (way & 2)
            finish(fold);
        assert_int_equal(jobs_fill(fold, 13, 1), 0);
        assert_int_equal(jobs_fill_functions(fold, 13, 5), 0);
        add_from_tree(fold, 13, 5);
        finish(fold);
        assert_true(epmt_fold_digest(fold) == digest);
        finish(fold);
        assert_true(epmt_fold_digest(fold) == digest);
        epmt_fold_destroy(fold);
    }
}

// Where rows of some ranks are missing, the reduction's statistics stand; where it did not see all,
// they are computed.
static void the_greater_number_of_ranks_stands(void **state) {
    struct epmt_record record;

    (void)state;
    for (uint64_t from_tree = 4; from_tree <= 10; from_tree += 3) {
        struct epmt_jobfold *fold = make(7, 2);
        add_from_tree(fold, from_tree, 2);
        finish(fold);
        assert_true(find(fold, STEP, "MPI_Barrier", "time", &record));
        assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_ranks].u,
                         from_tree < 7 ? 7 : from_tree);
        assert_true(epmt_record_has(&record, EPMT_MPI_IMBALANCE_COL_stddev));
        assert_int_equal(epmt_fold_mpi_count(fold, EPMT_ROW_MPI_IMBALANCE), 3 * 4);
        epmt_fold_destroy(fold);
    }
}

// A rank whose later record says more: the statistics follow.
static void a_grown_rank_changes_the_statistics(void **state) {
    struct epmt_jobfold *fold = make(5, 2);
    struct epmt_record record;

    (void)state;
    add_from_tree(fold, 5, 2);
    finish(fold);
    jobs_function(&record, 3, 1);
    epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_calls, 12345678);
    add(fold, EPMT_ROW_MPI_FUNCTION, &record);
    finish(fold);
    assert_true(find(fold, STEP, "MPI_Barrier", "calls", &record));
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_max].u, 12345678);
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_max_rank].i, 3);
    epmt_fold_destroy(fold);
}

// Two worlds at once do not mix, and what is no rank is in neither.
static void steps_are_apart(void **state) {
    struct epmt_jobfold *fold = make(3, 1);
    struct epmt_record record;

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        jobs_process(&record, i, 4);
        epmt_record_set_u(&record, EPMT_COL_image, 500 + i);
        epmt_record_set_i(&record, EPMT_COL_pid, 90 + (int64_t)i);
        jobs_text(&record, EPMT_COL_step, "another");
        if (i == 3)
            epmt_record_unset(&record, EPMT_COL_mpirank);
        add(fold, EPMT_ROW_PROCESS, &record);
        jobs_function(&record, i, 1);
        epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_image, 500 + i);
        add(fold, EPMT_ROW_MPI_FUNCTION, &record);
    }
    finish(fold);
    assert_true(find(fold, "another", "MPI_Barrier", "calls", &record));
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_ranks].u, 3);
    assert_false(find(fold, "another", "MPI_Allreduce", "calls", &record));
    assert_true(find(fold, STEP, "MPI_Allreduce", "calls", &record));
    assert_int_equal(record.value[EPMT_MPI_IMBALANCE_COL_ranks].u, 3);
    assert_false(find(fold, STEP, "MPI_Barrier", "calls", &record));
    epmt_fold_destroy(fold);
}

// Functions of a rank stand together, ranks in their order.
static void rows_have_an_order(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record, wanted;

    (void)state;
    for (int f = 4; f >= 0; f--) {
        for (uint64_t i = 0; i < 30; i++) {
            jobs_function(&record, i * 7 % 30, f);
            add(fold, EPMT_ROW_MPI_FUNCTION, &record);
        }
    }
    assert_int_equal(jobs_fill(fold, 30, 0), 0);
    finish(fold);
    for (uint64_t i = 0; i < 150; i++) {
        epmt_fold_mpi(fold, EPMT_ROW_MPI_FUNCTION, i, &record);
        jobs_function(&wanted, i / 5, (int)(i % 5)); // the first five names are in order
        assert_true(rows_same_of(epmt_dictionary_of(EPMT_ROW_MPI_FUNCTION), &record, &wanted));
    }
    epmt_fold_destroy(fold);
}

static void survives_the_way_through_a_stream(void **state) {
    struct epmt_jobfold *fold = make(6, 4), *again = epmt_fold_create();
    char name[] = "/tmp/epmt-fold-XXXXXX";
    struct epmt_fold_damage damage = {0};
    int fd = mkstemp(name);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(jobs_fill_more(fold, 6), 0);
    finish(fold);
    assert_int_equal(epmt_fold_save(fold, fd, &err), 0);
    off_t len = lseek(fd, 0, SEEK_END);
    void *data = malloc((size_t)len);
    assert_int_equal(pread(fd, data, (size_t)len, 0), len);
    assert_int_equal(epmt_fold_add_bytes(again, data, (size_t)len, &damage, &err), 0);
    assert_int_equal(damage.gaps, 0);
    finish(again);
    assert_true(epmt_fold_digest(again) == epmt_fold_digest(fold));
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind <= EPMT_ROW_COUNTER; kind++)
        assert_int_equal(epmt_fold_mpi_count(again, kind), epmt_fold_mpi_count(fold, kind));
    close(fd);
    unlink(name);
    free(data);
    epmt_fold_destroy(fold);
    epmt_fold_destroy(again);
}

static void rows_that_belong_to_nothing_are_refused(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind <= EPMT_ROW_COUNTER; kind++) {
        assert_int_equal(epmt_fold_add_record(fold, kind, &record, &err), -1);
        assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
        assert_int_equal(epmt_fold_mpi_count(fold, kind), 0);
    }
    finish(fold);
    epmt_fold_destroy(fold);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_a_process_merge),
        cmocka_unit_test(keys_keep_rows_apart),
        cmocka_unit_test(variables_take_the_greater_value),
        cmocka_unit_test(statistics_are_made_from_the_functions),
        cmocka_unit_test(every_way_is_the_same_job),
        cmocka_unit_test(the_greater_number_of_ranks_stands),
        cmocka_unit_test(a_grown_rank_changes_the_statistics),
        cmocka_unit_test(steps_are_apart),
        cmocka_unit_test(rows_have_an_order),
        cmocka_unit_test(survives_the_way_through_a_stream),
        cmocka_unit_test(rows_that_belong_to_nothing_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
