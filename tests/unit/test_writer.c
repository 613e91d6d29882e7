// SPDX-License-Identifier: Apache-2.0
// aggregator/writer.h with writers that misbehave: the program gets no child, no descriptor and no
// long wait out of it.
#include "aggregator/writer.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "common/prim.h"
#include "tests/unit/tempdir.h"

#define SECOND UINT64_C(1000000000)

static struct tempdir dir;
static char path[PATH_MAX];
static int signals; // of children, as the program sees them

static void count_signal(int number) {
    (void)number;
    signals++;
}

static int setup(void **state) {
    (void)state;
    signals = 0;
    signal(SIGCHLD, count_signal);
    if (tempdir_make(&dir))
        return -1;
    snprintf(path, sizeof path, "%s/writer", dir.path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    signal(SIGCHLD, SIG_DFL);
    return tempdir_remove(&dir);
}

static uint64_t now(void) {
    return epmt_prim_clock_ns(CLOCK_MONOTONIC);
}

static int descriptors(void) {
    DIR *fds = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(fds))
        count++;
    closedir(fds);
    return count;
}

static void start(struct epmt_writer *writer, const char *script, uint64_t seconds) {
    FILE *file = fopen(path, "w");

    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    chmod(path, 0700);
    assert_int_equal(epmt_writer_start(writer, path, now() + seconds * SECOND), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // the program has no child
    assert_int_equal(errno, ECHILD);
}

// Ended, or a zombie that its new parent has not taken yet.
static bool is_gone(pid_t pid) {
    char name[64], state = 'Z';

    snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(name, "r");
    if (file && fscanf(file, "%*d %*s %c", &state) != 1)
        state = 'Z';
    if (file)
        fclose(file);
    return state == 'Z' || state == 'X';
}

// No child was waited for: not even the least page of it.
static void assert_no_usage(void) {
    static const struct rusage none;
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    assert_memory_equal(&usage, &none, sizeof usage);
}

static void assert_gone(const struct epmt_writer *writer) {
    uint64_t until = now() + 2 * SECOND;

    while (!is_gone(writer->pid))
        assert_true(now() < until);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(signals, 0);
    assert_no_usage();
}

static void a_verdict(void **state) {
    struct epmt_writer writer;
    int before = descriptors();

    (void)state;
    start(&writer, "cat >/dev/null; printf '\\000' >&0", 10);
    assert_int_equal(epmt_writer_put(&writer, "rows", 4), 0);
    assert_int_equal(epmt_writer_finish(&writer), 0);
    assert_gone(&writer);
    start(&writer, "cat >/dev/null; printf '\\005' >&0", 10);
    assert_int_equal(epmt_writer_finish(&writer), 5);
    assert_gone(&writer);
    assert_int_equal(descriptors(), before);
}

// It has answered, but does not end.
static void a_writer_that_lingers(void **state) {
    struct epmt_writer writer;
    uint64_t start_ns = now();

    (void)state;
    start(&writer, "cat >/dev/null; printf '\\000' >&0; exec sleep 30", 10);
    assert_int_equal(epmt_writer_finish(&writer), 0);
    assert_true(now() - start_ns < 5 * SECOND);
    assert_gone(&writer);
}

static void a_writer_that_says_nothing(void **state) {
    struct epmt_writer writer;

    (void)state;
    start(&writer, "exec sleep 30", 1);
    assert_int_equal(epmt_writer_finish(&writer), -ETIMEDOUT);
    assert_gone(&writer);
}

static void a_writer_that_is_abandoned(void **state) {
    static const char rows[1 << 16];
    struct epmt_writer writer;
    int before = descriptors(), status = 0;

    (void)state;
    start(&writer, "exec sleep 30", 1);
    while (!status) // nobody reads
        status = epmt_writer_put(&writer, rows, sizeof rows);
    assert_int_equal(status, -ETIMEDOUT);
    epmt_writer_abandon(&writer);
    assert_gone(&writer);
    assert_int_equal(descriptors(), before);
    epmt_writer_abandon(&writer); // nothing to do any more
}

static void no_writer(void **state) {
    struct epmt_writer writer;
    int before = descriptors();

    (void)state;
    assert_int_equal(epmt_writer_start(&writer, path, now() + SECOND), -ENOENT);
    epmt_writer_abandon(&writer);
    assert_int_equal(descriptors(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_verdict, setup, teardown),
        cmocka_unit_test_setup_teardown(a_writer_that_lingers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_writer_that_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_writer_that_is_abandoned, setup, teardown),
        cmocka_unit_test_setup_teardown(no_writer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
