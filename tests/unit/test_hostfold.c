// SPDX-License-Identifier: Apache-2.0
// aggregator/hostfold.h: what the leader of a host takes from its journal at MPI_Finalize and what
// it removes there. Only what is in the job file may go, whoever else shares the journal.
#include "aggregator/hostfold.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/prim.h"
#include "tests/unit/rows.h"
#include "tests/unit/tempdir.h"

enum {
    RANK = EPMT_FRAGMENT_RANK,
    FINAL = EPMT_FRAGMENT_FINAL,
    LEFT = EPMT_FRAGMENT_LEFT,
    TOLD = EPMT_FRAGMENT_WAITED
};

static struct tempdir dir;
static char path[PATH_MAX];
static size_t budget = 1 << 20;

static int setup(void **state) {
    (void)state;
    if (tempdir_make(&dir))
        return -1;
    snprintf(path, sizeof path, "%s/user/job/host.journal", dir.path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

static void append(unsigned flags, uint64_t step, int rank, uint64_t image) {
    struct epmt_fragment_header about = {
        .flags = (uint16_t)flags, .step = step, .rank = rank, .image = image};
    struct epmt_fragment fragment;
    struct epmt_record record;
    uint8_t data[4096];

    epmt_fragment_init(&fragment, data, sizeof data, NULL, 0);
    rows_make(&record, image * 10 + flags, 60);
    enum epmt_row_kind kind = flags & TOLD ? EPMT_ROW_WAITED : EPMT_ROW_PROCESS;
    assert_int_equal(epmt_fragment_add(&fragment, kind, &record), 0);
    size_t len = epmt_fragment_seal(&fragment, &about);
    assert_int_equal(epmt_journal_append(path, 0, data, len), 0);
}

// Folds the step and trims. Returns the sum of the images taken; *left is that of the fragments
// that stay.
static uint64_t fold(uint64_t step, uint64_t *left) {
    struct epmt_hostfold host;
    struct epmt_journal journal;
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    uint64_t taken = 0;

    assert_int_equal(epmt_hostfold_read(&host, path, step, 0), 0);
    assert_int_equal(epmt_hostfold_choose(&host, step, budget), 0);
    for (size_t i = 0; i < host.taken_count; i++) {
        assert_int_equal(epmt_fragment_check(host.taken[i].data, host.taken[i].len, &header, NULL),
                         0);
        taken += header.image;
    }
    assert_int_equal(epmt_hostfold_trim(&host, path, 1000), 0);
    epmt_hostfold_fini(&host);
    *left = 0;
    if (epmt_journal_take(&journal, path, 1000))
        return taken;
    epmt_journal_scan_init(&scan, journal.data, journal.len);
    while (epmt_journal_scan_next(&scan, &header))
        *left += header.image;
    assert_int_equal(epmt_journal_trim(&journal, path, NULL, NULL), 0);
    return taken;
}

static void one_step_leaves_nothing(void **state) {
    uint64_t left;

    (void)state;
    for (int rank = 0; rank < 2; rank++) {
        append(0, 0, -1, 1u << rank);
        append(RANK, 7, rank, 1u << rank);
    }
    append(0, 0, -1, 16); // a child
    append(FINAL, 0, -1, 16);
    append(RANK | FINAL, 7, 0, 1);
    append(RANK | FINAL, 7, 1, 2);
    assert_int_equal(fold(7, &left), 16);
    assert_int_equal(left, 0);
    assert_int_equal(epmt_prim_access(path), -ENOENT);
}

static void processes_that_run_stay(void **state) {
    uint64_t left;

    (void)state;
    append(RANK, 7, 0, 1);
    append(0, 0, -1, 16);
    append(RANK | FINAL, 7, 0, 1);
    assert_int_equal(fold(7, &left), 0);
    assert_int_equal(left, 16);
}

// Its reduction is under way, and counts the records of its ranks.
static void another_step_is_left_alone(void **state) {
    uint64_t left;

    (void)state;
    append(RANK, 7, 0, 1);
    append(RANK, 8, 0, 2);
    append(RANK, 8, 1, 4);
    append(RANK | FINAL, 8, 0, 2);
    append(RANK | FINAL, 7, 0, 1);
    assert_int_equal(fold(7, &left), 0);
    assert_int_equal(left, 2 + 2 + 4);
}

// Singletons that a launcher started together have one step and one rank: each sends its own, and
// must not remove what another has not sent.
static void worlds_that_share_a_step(void **state) {
    uint64_t left;

    (void)state;
    append(RANK, 7, 0, 1);
    append(RANK, 7, 0, 2); // runs
    append(RANK, 7, 0, 4);
    append(RANK | FINAL, 7, 0, 4); // perhaps its job file failed
    append(RANK | FINAL, 7, 0, 1);
    assert_int_equal(fold(7, &left), 4 + 1);
    assert_int_equal(left, 2);
}

// An exec that failed: the process goes on, its final record does not hold.
static void a_final_record_taken_back(void **state) {
    uint64_t left;

    (void)state;
    append(RANK, 7, 0, 1);
    append(FINAL, 0, -1, 16);
    append(0, 0, -1, 16);
    append(RANK | FINAL, 7, 0, 1);
    assert_int_equal(fold(7, &left), 0);
    assert_int_equal(left, 32);
}

static void a_rank_that_gave_up(void **state) {
    struct epmt_hostfold host;

    (void)state;
    append(RANK, 7, 0, 1);
    append(RANK | FINAL, 7, 0, 1);
    append(RANK | LEFT, 7, 0, 1);
    assert_int_equal(epmt_hostfold_read(&host, path, 7, 0), 0);
    assert_true(host.given_up);
    assert_true(host.own_rank);
    assert_int_equal(host.rank_count, 1);
    epmt_hostfold_fini(&host);
    assert_int_equal(epmt_hostfold_read(&host, path, 8, 0), 0);
    assert_false(host.given_up);
    epmt_hostfold_fini(&host);
}

static size_t length_of_journal(void) {
    struct stat st;

    return epmt_prim_stat(path, &st) ? 0 : (size_t)st.st_size;
}

// What a parent told of its child is for the row of that one, which stays as well. It is never
// sent: the job file has no place for it.
static void the_word_of_a_parent(void **state) {
    struct epmt_hostfold host;

    (void)state;
    for (int open = 0; open < 2; open++) {
        append(RANK, 7, 0, 1);
        append(0, 0, -1, 16);
        if (!open)
            append(FINAL, 0, -1, 16);
        append(TOLD, 0, -1, 0);
        append(RANK | FINAL, 7, 0, 1);
        assert_int_equal(epmt_hostfold_read(&host, path, 7, 0), 0);
        assert_int_equal(host.rank_count, 1);
        assert_int_equal(epmt_hostfold_choose(&host, 7, budget), 0);
        assert_int_equal(host.taken_count, open ? 0 : 1);
        assert_int_equal(epmt_hostfold_trim(&host, path, 1000), 0);
        epmt_hostfold_fini(&host);
        assert_int_equal(length_of_journal() > 0, open);
    }
    size_t both = length_of_journal();
    assert_int_equal(epmt_prim_unlink(path), 0);
    append(0, 0, -1, 16);
    append(TOLD, 0, -1, 0);
    assert_int_equal(length_of_journal(), both);
    epmt_prim_unlink(path);
}

static uint64_t taken_of(struct epmt_hostfold *host, uint64_t step) {
    struct epmt_fragment_header header;
    uint64_t taken = 0;

    assert_int_equal(epmt_hostfold_read(host, path, step, 0), 0);
    assert_int_equal(epmt_hostfold_choose(host, step, budget), 0);
    assert_true(host->memory_len <= budget);
    for (size_t i = 0; i < host->taken_count; i++) {
        epmt_hostfold_pass(host, host->taken[i].data);
        assert_int_equal(
            epmt_fragment_check(host->taken[i].data, host->taken[i].len, &header, NULL), 0);
        taken++;
    }
    assert_int_equal(epmt_hostfold_trim(host, path, 1000), 0);
    return taken;
}

// A journal that needs more memory than there may be: what fits is taken, the rest stays, and the
// next time goes on there.
static void a_journal_larger_than_the_memory(void **state) {
    enum { CHILDREN = 20000 };
    struct epmt_hostfold host;
    uint64_t taken, sum = 0;
    int rounds = 0;

    (void)state;
    append(RANK, 7, 0, 1);
    append(RANK | FINAL, 7, 0, 1);
    for (uint64_t i = 0; i < CHILDREN; i++)
        append(FINAL, 0, -1, 100 + i);
    budget = 256 << 10;
    do {
        taken = taken_of(&host, 7);
        assert_true(rounds ? taken <= CHILDREN : taken >= 1000);
        bool rest = host.window < host.fragments;
        epmt_hostfold_fini(&host);
        sum += taken;
        rounds++;
        if (!rest)
            break;
    } while (taken);
    budget = 1 << 20;
    assert_true(rounds > 3);
    // The rank's own final record came along, since not all could be looked at.
    assert_int_equal(sum, CHILDREN + 1);
    assert_int_equal(epmt_prim_access(path), -ENOENT);
}

static void no_memory_at_all(void **state) {
    struct epmt_hostfold host;

    (void)state;
    append(RANK, 7, 0, 1);
    append(FINAL, 0, -1, 100);
    assert_int_equal(epmt_hostfold_read(&host, path, 7, 0), 0);
    assert_int_equal(epmt_hostfold_choose(&host, 7, 512), -ENOMEM);
    epmt_hostfold_fini(&host);
}

static void ranks_of_the_host(void **state) {
    struct epmt_hostfold host;

    (void)state;
    for (int rank = 3; rank < 40; rank += 6)
        append(RANK, 7, rank, (uint64_t)rank + 1);
    assert_int_equal(epmt_hostfold_read(&host, path, 7, 9), 0);
    assert_int_equal(host.lowest_rank, 3);
    assert_int_equal(host.highest_rank, 39);
    assert_int_equal(host.rank_count, 7);
    assert_int_equal(host.stride, 6);
    epmt_hostfold_fini(&host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_step_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(processes_that_run_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(another_step_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(worlds_that_share_a_step, setup, teardown),
        cmocka_unit_test_setup_teardown(a_final_record_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rank_that_gave_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_word_of_a_parent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_larger_than_the_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(ranks_of_the_host, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
