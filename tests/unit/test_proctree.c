// SPDX-License-Identifier: Apache-2.0
// Parents by host, pid and time, never by pid alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "storage/proctree.h"

#define NONE EPMT_PROCTREE_NONE
#define SECOND INT64_C(1000000)

struct life {
    const char *host;
    int64_t pid, ppid;
    int64_t start, end; // us
    enum epmt_state state;
};

static void add(struct epmt_proctree *tree, uint64_t image, const struct life *life) {
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, image);
    epmt_record_set_text(&record, EPMT_COL_hostname, life->host, strlen(life->host));
    epmt_record_set_i(&record, EPMT_COL_pid, life->pid);
    epmt_record_set_i(&record, EPMT_COL_ppid, life->ppid);
    epmt_record_set_i(&record, EPMT_COL_start, life->start);
    epmt_record_set_i(&record, EPMT_COL_end, life->end);
    epmt_record_set_u(&record, EPMT_COL_imagestart, (uint64_t)life->start * 1000);
    epmt_record_set_i(&record, EPMT_COL_state, life->state);
    assert_int_equal(epmt_proctree_add(tree, &record), 0);
}

static void parents_are_found(void **state) {
    static const struct {
        struct life life;
        uint32_t parent;
    } rows[] = {
        {{"a", 10, 1, 1 * SECOND, 90 * SECOND, EPMT_STATE_exited}, NONE},
        {{"a", 11, 10, 2 * SECOND, 5 * SECOND, EPMT_STATE_exec}, 0},
        {{"a", 11, 10, 5 * SECOND, 9 * SECOND, EPMT_STATE_exited}, 0}, // the same pid after an exec
        {{"a", 12, 11, 3 * SECOND, 8 * SECOND, EPMT_STATE_exited}, 1}, // of the first image
        {{"a", 13, 11, 6 * SECOND, 8 * SECOND, EPMT_STATE_exited}, 2}, // of the second
        {{"b", 13, 11, 6 * SECOND, 8 * SECOND, EPMT_STATE_exited}, NONE},   // another host
        {{"a", 14, 11, 30 * SECOND, 31 * SECOND, EPMT_STATE_exited}, NONE}, // 11 was long gone
        {{"a", 15, 16, 40 * SECOND, 41 * SECOND, EPMT_STATE_exited}, NONE}, // 16 began later
        {{"a", 16, 15, 50 * SECOND, 50 * SECOND, EPMT_STATE_killed}, NONE},
        {{"a", 17, 16, 80 * SECOND, 81 * SECOND, EPMT_STATE_exited}, 8},    // nobody saw 16's end
        {{"a", 18, 18, 80 * SECOND, 81 * SECOND, EPMT_STATE_exited}, NONE}, // its own parent
    };
    struct epmt_proctree *tree = epmt_proctree_create();

    (void)state;
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add(tree, 100 + i, &rows[i].life);
    assert_int_equal(epmt_proctree_link(tree), 0);
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(epmt_proctree_parent(tree, i), rows[i].parent);
        assert_int_equal(epmt_proctree_find(tree, 100 + i), i);
    }
    assert_int_equal(epmt_proctree_find(tree, 99), NONE);
    epmt_proctree_destroy(tree);
}

static void many_images_are_found(void **state) {
    struct epmt_proctree *tree = epmt_proctree_create();
    const uint32_t count = 20000;

    (void)state;
    assert_int_equal(epmt_proctree_find(tree, 1), NONE);
    for (uint32_t i = 0; i < count; i++) {
        struct life life = {"a", 2 + i, 1 + i, i, i, EPMT_STATE_running};
        add(tree, (uint64_t)i << 40, &life); // a hostile choice for a plain hash
    }
    assert_int_equal(epmt_proctree_count(tree), count);
    assert_int_equal(epmt_proctree_link(tree), 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(epmt_proctree_find(tree, (uint64_t)i << 40), i);
        assert_int_equal(epmt_proctree_parent(tree, i), i ? i - 1 : NONE);
    }
    epmt_proctree_destroy(tree);
}

static void add_cpu(struct epmt_proctree *tree, uint64_t image, int64_t pid, int64_t ppid,
                    int64_t start, int64_t user, int64_t system) {
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, image);
    epmt_record_set_i(&record, EPMT_COL_pid, pid);
    epmt_record_set_i(&record, EPMT_COL_ppid, ppid);
    epmt_record_set_u(&record, EPMT_COL_imagestart, (uint64_t)start);
    if (user >= 0)
        epmt_record_set_u(&record, EPMT_COL_usertime, (uint64_t)user);
    if (system >= 0)
        epmt_record_set_u(&record, EPMT_COL_systemtime, (uint64_t)system);
    assert_int_equal(epmt_proctree_add(tree, &record), 0);
}

static void cpu_time_is_summed_up_the_tree(void **state) {
    static const struct {
        int64_t pid, ppid, user, system;
        int64_t cpu, inclusive;
        uint32_t depth;
    } rows[] = {
        // Children stand before and behind their parents.
        {13, 12, 5, 5, 10, 10, 2},
        {11, 1, 1, 2, 3, 1116, 0},
        {12, 11, 100, -1, 100, 113, 1},
        {14, 12, -1, 3, 3, 3, 2},
        {15, 11, -1, -1, -1, 1000, 1}, // not known, but what is below it
        {16, 15, 1000, 0, 1000, 1000, 2},
        {17, 15, -1, -1, -1, -1, 2},
        {18, 1, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 0},
        {19, 18, 7, 0, 7, 7, 1},
    };
    struct epmt_proctree *tree = epmt_proctree_create();

    (void)state;
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_cpu(tree, i, rows[i].pid, rows[i].ppid, rows[i].pid, rows[i].user, rows[i].system);
    assert_int_equal(epmt_proctree_link(tree), 0);
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(epmt_proctree_cpu(tree, i), rows[i].cpu);
        assert_int_equal(epmt_proctree_inclusive(tree, i), rows[i].inclusive);
        assert_int_equal(epmt_proctree_depth(tree, i), rows[i].depth);
    }
    epmt_proctree_destroy(tree);
}

// A chain of 100,000, and pids that come up again: no recursion, nothing quadratic.
static void a_deep_tree_is_one_pass(void **state) {
    struct epmt_proctree *tree = epmt_proctree_create();
    const uint32_t count = 100000;

    (void)state;
    for (uint32_t i = 0; i < count; i++)
        add_cpu(tree, i, 100 + i % 30000, i ? 100 + (i - 1) % 30000 : 1, i + 1, 1, 1);
    assert_int_equal(epmt_proctree_link(tree), 0);
    assert_int_equal(epmt_proctree_depth(tree, count - 1), count - 1);
    assert_int_equal(epmt_proctree_parent(tree, count - 1), count - 2);
    assert_int_equal(epmt_proctree_inclusive(tree, 0), 2 * count);
    epmt_proctree_destroy(tree);
}

static void the_first_of_two_equal_images_stands(void **state) {
    struct epmt_proctree *tree = epmt_proctree_create();
    struct life life = {"a", 2, 1, 1, 2, EPMT_STATE_exited};

    (void)state;
    add(tree, 7, &life);
    add(tree, 7, &life);
    assert_int_equal(epmt_proctree_find(tree, 7), 0);
    epmt_proctree_destroy(tree);
    epmt_proctree_destroy(NULL);
}

static void extreme_values_do_no_harm(void **state) {
    static const int64_t extremes[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    struct epmt_proctree *tree = epmt_proctree_create();
    struct epmt_record empty;

    (void)state;
    for (unsigned i = 0; i < 625; i++) {
        struct life life = {"a",
                            extremes[i % 5],
                            extremes[i / 5 % 5],
                            extremes[i / 25 % 5],
                            extremes[i / 125],
                            EPMT_STATE_exited};
        struct epmt_record record;
        epmt_record_clear(&record);
        epmt_record_set_i(&record, EPMT_COL_pid, life.pid);
        epmt_record_set_i(&record, EPMT_COL_ppid, life.ppid);
        epmt_record_set_i(&record, EPMT_COL_start, life.start);
        epmt_record_set_i(&record, EPMT_COL_end, life.end);
        epmt_record_set_i(&record, EPMT_COL_state, life.state);
        assert_int_equal(epmt_proctree_add(tree, &record), 0);
    }
    epmt_record_clear(&empty);
    assert_int_equal(epmt_proctree_add(tree, &empty), 0);
    assert_int_equal(epmt_proctree_link(tree), 0);
    epmt_proctree_destroy(tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_are_found),
        cmocka_unit_test(many_images_are_found),
        cmocka_unit_test(cpu_time_is_summed_up_the_tree),
        cmocka_unit_test(a_deep_tree_is_one_pass),
        cmocka_unit_test(the_first_of_two_equal_images_stands),
        cmocka_unit_test(extreme_values_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
